package kernel

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

const benchRows = 32 << 10

func benchInts() []int64 {
	v := make([]int64, benchRows)
	for i := range v {
		v[i] = int64(i*7919) % 1000
	}
	return v
}

func benchFloats() []float64 {
	v := make([]float64, benchRows)
	for i, x := range benchInts() {
		v[i] = float64(x)
	}
	return v
}

// run measures f over benchRows rows of 8 bytes.
func run(b *testing.B, name string, f func()) {
	b.Run(name, func(b *testing.B) {
		b.SetBytes(benchRows * 8)
		for b.Loop() {
			f()
		}
	})
}

func BenchmarkSelect(b *testing.B) {
	ints, floats, dst := benchInts(), benchFloats(), model.NewBitmap(benchRows)
	var idx []int32
	var out []float64
	run(b, "int", func() { SelectInt(dst, ints, model.OpLt, 500, false) })
	run(b, "float", func() { SelectFloat(dst, floats, model.OpGt, 500) })
	run(b, "float/plain", func() {
		clear(dst)
		for i, x := range floats {
			if x > 500 {
				dst.Set(i)
			}
		}
	})
	run(b, "indices", func() { idx = Indices(idx[:0], dst) })
	run(b, "gather", func() { out = Gather(out[:0], floats, 0, idx) })
}

func BenchmarkReduce(b *testing.B) {
	ints, floats := benchInts(), benchFloats()
	var ranges []Range
	for i := 0; i < benchRows; i += 360 {
		ranges = append(ranges, Range{uint32(i / 360), int32(i), int32(min(i+360, benchRows))})
	}
	full, holes := model.NewBitmap(benchRows), model.NewBitmap(benchRows)
	for i := range benchRows {
		full.Set(i)
		if i%16 != 0 {
			holes.Set(i)
		}
	}
	si, sf, n := make([]int64, len(ranges)), make([]float64, len(ranges)), make([]int64, len(ranges))
	run(b, "sum-float", func() { SumFloats(sf, floats, nil, 0, ranges) })
	run(b, "sum-float/plain", func() {
		for _, r := range ranges {
			for i := r.Start; i < r.End; i++ {
				sf[r.Slot] += floats[i]
			}
		}
	})
	run(b, "sum-float/all-valid", func() { SumFloats(sf, floats, full, 0, ranges) })
	run(b, "sum-float/holes", func() { SumFloats(sf, floats, holes, 0, ranges) })
	run(b, "sum-int", func() { SumInts(si, ints, nil, 0, ranges) })
	run(b, "min-float", func() { MinFloats(sf, floats, nil, 0, ranges) })
	run(b, "max-float", func() { MaxFloats(sf, floats, nil, 0, ranges) })
	run(b, "max-int", func() { MaxInts(si, ints, false, nil, 0, ranges) })
	run(b, "count-valid", func() { CountValid(n, holes, 0, ranges) })
}

func BenchmarkArithmetic(b *testing.B) {
	x, y, dst := benchInts(), benchInts(), make([]int64, benchRows)
	f, g := benchFloats(), make([]float64, benchRows)
	run(b, "add-int", func() { AddInts(dst, x, y) })
	run(b, "mul-int", func() { MulInts(dst, x, y) })
	run(b, "wrap-int", func() { WrapInts(dst, model.Int32) })
	run(b, "mul-float", func() { MulFloats(g, f, f) })
	var ranges, kept []Range
	for i := 0; i < benchRows; i += 360 {
		ranges = append(ranges, Range{uint32(i / 360), int32(i), int32(min(i+360, benchRows))})
	}
	n, mean, m2 := make([]float64, len(ranges)), make([]float64, len(ranges)), make([]float64, len(ranges))
	run(b, "moments", func() { Moments(n, mean, m2, f, false, nil, 0, ranges) })
	run(b, "moments/plain", func() {
		for _, r := range ranges {
			for _, v := range f[r.Start:r.End] {
				n[r.Slot]++
				d := v - mean[r.Slot]
				mean[r.Slot] += d / n[r.Slot]
				m2[r.Slot] += d * (v - mean[r.Slot])
			}
		}
	})
	half := model.NewBitmap(benchRows)
	for i := range benchRows {
		if i>>3&1 == 0 {
			half.Set(i)
		}
	}
	run(b, "keep-ranges", func() { kept = KeepRanges(kept[:0], ranges, half) })
}

func BenchmarkTimes(b *testing.B) {
	a, c := make([]int64, benchRows), make([]int64, benchRows)
	for i := range a {
		a[i], c[i] = int64(i)*10, int64(i)*10+int64(i&1)
	}
	var ranges []Range
	run(b, "buckets/360", func() { ranges = Buckets(ranges[:0], a, 0, 0, 3600, 0) })
	run(b, "buckets/6", func() { ranges = Buckets(ranges[:0], a, 0, 0, 60, 0) })
	run(b, "adjacent-equal", func() { AdjacentEqual(a) })
	var runs []Run
	run(b, "merge-newest/same", func() { runs = MergeNewest(runs[:0], a, a) })
	run(b, "merge-newest/half", func() { runs = MergeNewest(runs[:0], a, c) })
}
