package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// TestArithmeticAgainstBig compares integer arithmetic with the lowest bits of numbers that do not overflow.
func TestArithmeticAgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	value := func() int64 {
		switch r.IntN(4) {
		case 0:
			return []int64{math.MinInt64, math.MaxInt64, 0, 1, -1, math.MinInt64 + 1}[r.IntN(6)]
		case 1:
			return int64(r.Uint64()) >> r.IntN(64)
		}
		return r.Int64N(9) - 4
	}
	low := func(z *big.Int) int64 { // of two's complement
		return int64(new(big.Int).And(z, new(big.Int).SetUint64(math.MaxUint64)).Uint64())
	}
	for _, c := range []struct {
		name string
		f    func(dst, a, b []int64)
		big  func(z, x, y *big.Int) *big.Int
	}{{"add", AddInts, (*big.Int).Add}, {"sub", SubInts, (*big.Int).Sub}, {"mul", MulInts, (*big.Int).Mul}} {
		for n := range 300 {
			a, b, dst := make([]int64, n), make([]int64, n), make([]int64, n)
			for i := range n {
				a[i], b[i] = value(), value()
			}
			c.f(dst, a, b)
			for i := range n {
				if z := c.big(new(big.Int), big.NewInt(a[i]), big.NewInt(b[i])); dst[i] != low(z) {
					t.Fatalf("%s of %d and %d is %d, want the lowest bits of %s", c.name, a[i], b[i], dst[i], z)
				}
			}
		}
	}
}

// TestWrapInts has numbers at the ends of each type and beyond.
func TestWrapInts(t *testing.T) {
	for _, c := range []struct {
		typ      model.Type
		in, want []int64
	}{
		{model.Int8, []int64{127, 128, -129, 300}, []int64{127, -128, 127, 44}},
		{model.Int16, []int64{32768, -32769}, []int64{-32768, 32767}},
		{model.Int32, []int64{1 << 31, 1<<40 + 5}, []int64{-1 << 31, 5}},
		{model.Uint8, []int64{256, -1}, []int64{0, 255}},
		{model.Uint16, []int64{-1, 65537}, []int64{65535, 1}},
		{model.Uint32, []int64{-1, 1 << 32}, []int64{1<<32 - 1, 0}},
		{model.Int64, []int64{math.MinInt64, math.MaxInt64}, []int64{math.MinInt64, math.MaxInt64}},
		{model.Uint64, []int64{-1}, []int64{-1}},
	} {
		if WrapInts(c.in, c.typ); !slices.Equal(c.in, c.want) {
			t.Errorf("%s: %v, want %v", c.typ, c.in, c.want)
		}
	}
}

// TestMoments has a spread that is small beside the mean, in parts.
func TestMoments(t *testing.T) {
	const rows = 1000
	v := make([]float64, rows)
	valid := model.NewBitmap(rows)
	r := rand.New(rand.NewPCG(3, 4))
	var n, mean float64
	for i := range v {
		v[i] = 1e9 + r.Float64()
		if r.IntN(5) > 0 {
			valid.Set(i)
			n++
			mean += v[i] - 1e9
		}
	}
	mean = 1e9 + mean/n
	want := 0.0
	for i, x := range v {
		if valid.Get(i) {
			want += (x - mean) * (x - mean)
		}
	}
	var ranges []Range
	for i := 0; i < rows; i += 37 {
		ranges = append(ranges, Range{0, int32(i), int32(min(i+37, rows))})
	}
	gotN, gotMean, gotM2 := make([]float64, 1), make([]float64, 1), make([]float64, 1)
	Moments(gotN, gotMean, gotM2, v, false, valid, 0, ranges)
	if gotN[0] != n || math.Abs(gotMean[0]-mean) > 1e-6 || math.Abs(gotM2[0]-want) > 1e-6*want {
		t.Errorf("moments %v %v %v, want %v %v %v", gotN[0], gotMean[0], gotM2[0], n, mean, want)
	}
}

// TestMomentsOfEqualValues: they have no spread, also where their sum is not exact.
func TestMomentsOfEqualValues(t *testing.T) {
	v := make([]float64, 1001)
	for i := range v {
		v[i] = 0.1
	}
	n, mean, m2 := make([]float64, 1), make([]float64, 1), make([]float64, 1)
	Moments(n, mean, m2, v, false, nil, 0, []Range{{0, 0, 10}, {0, 10, 1001}})
	if n[0] != 1001 || mean[0] != 0.1 || m2[0] != 0 {
		t.Errorf("moments %v %v %v", n[0], mean[0], m2[0])
	}
}

func TestKeepRanges(t *testing.T) {
	keep := model.NewBitmap(200)
	for i := range 200 {
		if i%7 != 0 {
			keep.Set(i)
		}
	}
	got := KeepRanges(nil, []Range{{1, 0, 10}, {2, 10, 10}, {3, 100, 180}}, keep)
	seen := map[int]uint32{}
	for _, r := range got {
		for i := r.Start; i < r.End; i++ {
			seen[int(i)] = r.Slot
		}
	}
	for i := range 200 {
		want := uint32(0)
		switch {
		case i%7 == 0:
		case i < 10:
			want = 1
		case i >= 100 && i < 180:
			want = 3
		}
		if seen[i] != want {
			t.Errorf("row %d is in slot %d, want %d", i, seen[i], want)
		}
	}
}
