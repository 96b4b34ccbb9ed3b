package kernel

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

var comparisons = []model.Op{model.OpEq, model.OpNe, model.OpLt, model.OpLe, model.OpGt, model.OpGe}

func bitsOf(b model.Bitmap, n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = b.Get(i)
	}
	return out
}

func checkSelection(t *testing.T, what string, got model.Bitmap, n int, want func(i int) bool) {
	t.Helper()
	for i := range len(got) * 64 {
		if got.Get(i) != (i < n && want(i)) {
			t.Fatalf("%s: bit %d of %d is %v", what, i, n, got.Get(i))
		}
	}
}

func TestSelect(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	floats := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1, 2}
	for n := range 200 {
		dst := model.NewBitmap(n)
		fill := func() {
			for i := range dst {
				dst[i] = r.Uint64() // what was there does not matter
			}
		}
		ints, fs, bs, codes := make([]int64, n), make([]float64, n), make([]bool, n), make([]uint32, n)
		offsets, data := []uint32{0}, []byte{}
		for i := range n {
			ints[i] = []int64{-1, 0, 1, math.MinInt64, math.MaxInt64}[r.IntN(5)]
			fs[i] = floats[r.IntN(len(floats))]
			bs[i] = r.IntN(2) == 0
			codes[i] = uint32(r.IntN(5))
			data = append(data, []string{"", "a", "b", "ab"}[r.IntN(4)]...)
			offsets = append(offsets, uint32(len(data)))
		}
		for _, op := range comparisons {
			c := ints[max(0, n-1):]
			for _, c := range append(slices.Clone(c), 0) {
				fill()
				SelectInt(dst, ints, op, c, false)
				checkSelection(t, "int", dst, n, func(i int) bool { return Compared(op, cmp.Compare(ints[i], c)) })
				fill()
				SelectInt(dst, ints, op, c, true)
				checkSelection(t, "uint", dst, n, func(i int) bool { return Compared(op, cmp.Compare(uint64(ints[i]), uint64(c))) })
			}
			for _, c := range floats {
				fill()
				SelectFloat(dst, fs, op, c)
				checkSelection(t, "float "+op.String(), dst, n, func(i int) bool { return Compared(op, model.CompareFloat(fs[i], c)) })
			}
			for _, c := range []bool{false, true} {
				fill()
				SelectBool(dst, bs, op, c)
				checkSelection(t, "bool", dst, n, func(i int) bool { return Compared(op, int(bit(bs[i]))-int(bit(c))) })
			}
			fill()
			SelectBytes(dst, offsets, data, op, []byte("ab"))
			checkSelection(t, "bytes", dst, n, func(i int) bool { return Compared(op, cmp.Compare(string(data[offsets[i]:offsets[i+1]]), "ab")) })
		}
		fill()
		SelectCodes(dst, codes, []bool{true, false, true})
		checkSelection(t, "codes", dst, n, func(i int) bool { return codes[i] == 0 || codes[i] == 2 })
	}
}

func TestBitmaps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 200 {
		off := r.IntN(130)
		src := model.NewBitmap(off + n)
		for i := range off + n {
			if r.IntN(3) > 0 {
				src.Set(i)
			}
		}
		dst := model.NewBitmap(n)
		CopyFrom(dst, src, off, n)
		checkSelection(t, "copy", dst, n, func(i int) bool { return src.Get(off + i) })
		Not(dst, n)
		checkSelection(t, "not", dst, n, func(i int) bool { return !src.Get(off + i) })
		var idx []int32
		for i, b := range bitsOf(dst, n) {
			if b {
				idx = append(idx, int32(i))
			}
		}
		if got := Indices(nil, dst); !slices.Equal(got, idx) {
			t.Fatalf("indices %v, want %v", got, idx)
		}
		Fill(dst, n)
		AndFrom(dst, src, off, n)
		checkSelection(t, "and from", dst, n, func(i int) bool { return src.Get(off + i) })
		if got := CountRange(src, off, off+n); got != dst.Count(n) {
			t.Fatalf("count %d, want %d", got, dst.Count(n))
		}
	}
}

func TestTimes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	strictly := func(n int) []int64 {
		out := make([]int64, n)
		at := r.Int64N(20) - 10
		for i := range out {
			out[i] = at
			at += 1 + r.Int64N(3)*r.Int64N(20)
		}
		return out
	}
	for range 3000 {
		a, b := strictly(r.IntN(60)), strictly(r.IntN(60))
		for x := int64(-12); x < 40; x += 5 {
			want, _ := slices.BinarySearch(a, x)
			if got := LowerBound(a, x); got != want {
				t.Fatalf("lower bound of %d in %v: %d", x, a, got)
			}
			if got := Gallop(a, x); got != want {
				t.Fatalf("gallop to %d in %v: %d", x, a, got)
			}
		}
		var got, want []int64
		for _, run := range MergeNewest(nil, a, b) {
			from := a
			if run.Second {
				from = b
			}
			for _, x := range from[run.Start:run.End] {
				if slices.Contains(a, x) == run.Second {
					t.Fatalf("time %d comes from the wrong input", x)
				}
				got = append(got, x)
			}
		}
		want = append(slices.Clone(a), b...)
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(got, want) {
			t.Fatalf("merged %v, want %v", got, want)
		}
		dup := append(slices.Clone(a), a...)
		slices.Sort(dup)
		dup = dup[:max(0, len(dup)-1)]
		if at := AdjacentEqual(a); at != -1 {
			t.Fatalf("%d and its next are equal in %v", at, a)
		}
		if at := AdjacentEqual(dup); len(dup) > 1 && at != 0 {
			t.Fatalf("first equal neighbours of %v at %d", dup, at)
		}
		width := 1 + r.Int64N(30)
		at := 0
		for _, x := range Buckets(nil, a, 100, -10, width, 7) {
			if int(x.Start) != 100+at || x.End <= x.Start {
				t.Fatalf("range %v at %d", x, at)
			}
			for ; at < int(x.End)-100; at++ {
				if uint32((a[at]+10)/width)+7 != x.Slot {
					t.Fatalf("time %d in slot %d", a[at], x.Slot)
				}
			}
		}
		if at != len(a) {
			t.Fatalf("%d of %d times in ranges", at, len(a))
		}
	}
}

func TestReduce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		n, off := r.IntN(200), r.IntN(70)
		ints, floats := make([]int64, off+n), make([]float64, off+n)
		times := make([]int64, n)
		var valid model.Bitmap
		if r.IntN(3) > 0 {
			valid = model.NewBitmap(off + n)
			for i := range off + n {
				if r.IntN(4) > 0 {
					valid.Set(i)
				}
			}
		}
		for i := range off + n {
			ints[i] = int64(r.Uint64())
			floats[i] = []float64{math.NaN(), math.Inf(-1), 1, 2, 3, -4}[r.IntN(6)]
			if valid == nil && floats[i] != floats[i] && r.IntN(2) == 0 {
				floats[i] = 9
			}
		}
		for i := range times {
			times[i] = int64(i)
		}
		var ranges []Range
		for at := 0; at < n; {
			end := at + 1 + r.IntN(n-at)
			ranges = append(ranges, Range{uint32(r.IntN(2)), int32(at), int32(end)})
			at = end
		}
		rows := map[uint32][]int{}
		for _, x := range ranges {
			for i := int(x.Start); i < int(x.End); i++ {
				if valid == nil || valid.Get(off+i) {
					rows[x.Slot] = append(rows[x.Slot], i)
				}
			}
		}
		count, sumI := make([]int64, 2), make([]int64, 2)
		minI, maxI := []int64{math.MaxInt64, math.MaxInt64}, []int64{math.MinInt64, math.MinInt64}
		minU, maxU := []int64{-1, -1}, []int64{0, 0}
		minF, maxF := []float64{math.NaN(), math.NaN()}, []float64{math.Inf(-1), math.Inf(-1)}
		first, last := make([]int64, 2), make([]int64, 2)
		firstAt, lastAt := []int64{math.MaxInt64, math.MaxInt64}, []int64{math.MinInt64, math.MinInt64}
		sumF := make([]float64, 2)
		CountValid(count, valid, off, ranges)
		SumInts(sumI, ints, valid, off, ranges)
		SumFloats(sumF, floats, valid, off, ranges)
		MinInts(minI, ints, false, valid, off, ranges)
		MaxInts(maxI, ints, false, valid, off, ranges)
		MinInts(minU, ints, true, valid, off, ranges)
		MaxInts(maxU, ints, true, valid, off, ranges)
		MinFloats(minF, floats, valid, off, ranges)
		MaxFloats(maxF, floats, valid, off, ranges)
		First(first, firstAt, ints, valid, off, times, ranges)
		Last(last, lastAt, ints, valid, off, times, ranges)
		for s, is := range rows {
			var wi []int64
			var wf []float64
			si, sf := int64(0), 0.0
			for _, i := range is {
				wi, wf = append(wi, ints[off+i]), append(wf, floats[off+i])
				si, sf = si+ints[off+i], sf+floats[off+i]
			}
			u := func(a, b int64) int { return cmp.Compare(uint64(a), uint64(b)) }
			if count[s] != int64(len(is)) || sumI[s] != si || minI[s] != slices.Min(wi) || maxI[s] != slices.Max(wi) ||
				minU[s] != slices.MinFunc(wi, u) || maxU[s] != slices.MaxFunc(wi, u) ||
				model.CompareFloat(sumF[s], sf) != 0 || model.CompareFloat(minF[s], slices.MinFunc(wf, model.CompareFloat)) != 0 ||
				model.CompareFloat(maxF[s], slices.MaxFunc(wf, model.CompareFloat)) != 0 ||
				first[s] != wi[0] || last[s] != wi[len(wi)-1] || firstAt[s] != times[is[0]] || lastAt[s] != times[is[len(is)-1]] {
				t.Fatalf("slot %d of %v: count %d, sums %d %v, min %v, max %v", s, ranges, count[s], sumI[s], sumF[s], minF[s], maxF[s])
			}
		}
	}
}

// TestSumIntsFloat adds numbers at the edges of 64 bits; the float nearest to the exact sum is known.
func TestSumIntsFloat(t *testing.T) {
	f := func(unsigned bool, want float64, v ...int64) {
		t.Helper()
		sum := []float64{0}
		SumIntsFloat(sum, v, unsigned, nil, 0, []Range{{0, 0, int32(len(v))}})
		if sum[0] != want {
			t.Errorf("sum of %d (unsigned %v) is %v, want %v", v, unsigned, sum[0], want)
		}
	}
	f(false, 0)
	f(false, 6, 1, 2, 3)
	f(false, -6, -1, -2, -3)
	f(false, -1, math.MaxInt64, math.MinInt64)
	f(false, 3*math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64)
	f(false, 2*math.MinInt64, math.MinInt64, math.MinInt64)
	f(true, 2*math.MaxUint64, -1, -1)
	f(true, math.MaxUint64, -1)
	f(true, 1<<63, math.MinInt64)
	f(false, 1<<53+2, 1<<53, 1, 1)

	valid := model.NewBitmap(4)
	valid.Set(1)
	valid.Set(3)
	sum := []float64{0}
	SumIntsFloat(sum, []int64{5, math.MaxInt64, 5, math.MaxInt64}, false, valid, 0, []Range{{0, 0, 4}})
	if sum[0] != 2*math.MaxInt64 {
		t.Errorf("sum beside NULLs is %v", sum[0])
	}
}

// TestWordsPastTheEnd reads bits up to the border of a word while others write the next word; the race detector tells who looks there.
func TestWordsPastTheEnd(t *testing.T) {
	src := model.NewBitmap(256)
	src.SetRange(0, 256)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 1000 {
			src[2] = uint64(i)
		}
	}()
	dst := model.NewBitmap(128)
	for off := range 128 {
		n := 128 - off
		CopyFrom(dst, src, off, n)
		if got := dst.Count(n); got != n {
			t.Errorf("copied %d bits of %d from %d on", got, n, off)
		}
		Fill(dst, n)
		AndFrom(dst, src, off, n)
		if got := CountRange(src, off, 128); got != n || dst.Count(n) != n {
			t.Errorf("counted %d, kept %d of %d bits from %d on", got, dst.Count(n), n, off)
		}
		if i := FirstValid(src, off, 0, n); i != 0 {
			t.Errorf("first of bits from %d on is %d", off, i)
		}
		sum := []int64{0}
		SumInts(sum, make([]int64, 128), src, off, []Range{{0, 0, int32(n)}})
	}
	<-done
}
