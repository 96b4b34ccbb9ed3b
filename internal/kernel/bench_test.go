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

// BenchmarkBlocks measures the loops of this processor beside their twins, over rows that are in the processor's cache and over 64 MB that
// are not.
func BenchmarkBlocks(b *testing.B) {
	big := make([]int64, 8<<20)
	for i := range big {
		big[i] = int64(i*7919) % 1000
	}
	ints, floats, bytes := benchInts(), benchFloats(), make([]byte, benchRows)
	dst, words := make([]int64, benchRows), make([]uint64, benchRows/64)
	var n int64
	var x float64
	run(b, "sum-int", func() { n += sumIntBlocks(ints) })
	run(b, "sum-int/plain", func() { n += sumIntsPlain(ints) })
	run(b, "sum-halves", func() { hi, lo := sumHalfBlocks(ints, -1<<63); n += hi + lo })
	run(b, "sum-halves/plain", func() { hi, lo := sumHalvesPlain(ints, -1<<63); n += hi + lo })
	run(b, "sum-float", func() { x += sumFloatBlocks(floats) })
	run(b, "sum-float/plain", func() { x += sumFloatsPlain(floats) })
	run(b, "max-int", func() { n += maxIntBlocks(ints, 0) })
	run(b, "max-int/plain", func() { n += maxIntsPlain(ints, 0) })
	run(b, "min-float", func() { x += minFloatBlocks(floats) })
	run(b, "min-float/plain", func() { x += minFloatsPlain(floats) })
	run(b, "max-float", func() { m, _ := maxFloatBlocks(floats); x += m })
	run(b, "max-float/plain", func() { m, _ := maxFloatsPlain(floats); x += m })
	run(b, "select-int", func() { selectIntBlocks(words, ints, 500, 0, greater) })
	run(b, "select-int/plain", func() { selectIntsPlain(words, ints, 500, 0, greater) })
	run(b, "select-float", func() { selectFloatBlocks(words, floats, 500, less) })
	run(b, "select-float/plain", func() { selectFloatsPlain(words, floats, 500, less) })
	run(b, "add-deltas", func() { n += addByteBlocks(dst, bytes, -3, 7) })
	run(b, "add-deltas/plain", func() { n += addBytesPlain(dst, bytes, -3, 7) })
	run(b, "sum-bytes", func() { n += sumByteBlocks(bytes) })
	run(b, "sum-bytes/plain", func() { n += sumBytesPlain(bytes) })
	far := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(8 * len(big)))
			for b.Loop() {
				f()
			}
		})
	}
	far("far/sum-halves", func() { hi, lo := sumHalfBlocks(big, -1<<63); n += hi + lo })
	far("far/sum-halves/plain", func() { hi, lo := sumHalvesPlain(big, -1<<63); n += hi + lo })
	far("far/max-int", func() { n += maxIntBlocks(big, 0) })
	far("far/max-int/plain", func() { n += maxIntsPlain(big, 0) })
}
