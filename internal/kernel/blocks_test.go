package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// TestBlocksAgree compares the loops that this processor runs with their twins.
func TestBlocksAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, 5e-324}
	for range 5000 {
		n, shift := 64*(1+rng.IntN(4)), rng.IntN(3)
		ints, floats, bytes := make([]int64, n+shift), make([]float64, n+shift), make([]byte, n+shift)
		bits := uint(rng.IntN(64))
		specials := rng.IntN(3)
		for i := range ints {
			ints[i], floats[i], bytes[i] = int64(rng.Uint64())>>bits, rng.NormFloat64(), byte(rng.Uint32())
			if specials == 2 || specials == 1 && rng.IntN(20) == 0 {
				floats[i] = special[rng.IntN(len(special))]
			}
		}
		ints, floats, bytes = ints[shift:], floats[shift:], bytes[shift:] // in any place
		part := n
		if rng.IntN(2) == 0 {
			part = 16 * (1 + rng.IntN(n/16))
		}
		flip := []int64{0, math.MinInt64}[rng.IntN(2)]
		equal := func(name string, got, want any) {
			t.Helper()
			if got != want {
				t.Fatalf("%s of %d values, flip %x: %v, want %v", name, part, flip, got, want)
			}
		}
		v, f := ints[:part], floats[:part]
		equal("sum of integers", sumIntBlocks(v), sumIntsPlain(v))
		hi, lo := sumHalfBlocks(v, flip)
		wantHi, wantLo := sumHalvesPlain(v, flip)
		equal("upper halves", hi, wantHi)
		equal("lower halves", lo, wantLo)
		got, want := sumFloatBlocks(f), sumFloatsPlain(f)
		if got != want && (got == got || want == want) {
			t.Fatalf("sum of %v: %v, want %v", f, got, want)
		}
		equal("least integer", minIntBlocks(v, flip), minIntsPlain(v, flip))
		equal("greatest integer", maxIntBlocks(v, flip), maxIntsPlain(v, flip))
		equal("least float", minFloatBlocks(f), minFloatsPlain(f))
		m, nan := maxFloatBlocks(f)
		wantM, wantNaN := maxFloatsPlain(f)
		equal("greatest float", m, wantM)
		equal("NaN", nan, wantNaN)
		words, wantWords := make([]uint64, n/64), make([]uint64, n/64)
		for _, op := range []comparison{same, greater, less} {
			c := ints[rng.IntN(n)] ^ flip
			selectIntBlocks(words, ints, c, flip, op)
			selectIntsPlain(wantWords, ints, c, flip, op)
			equal("selected integers", slices.Compare(words, wantWords), 0)
			x := floats[rng.IntN(n)]
			selectFloatBlocks(words, floats, x, op)
			selectFloatsPlain(wantWords, floats, x, op)
			equal("selected floats", slices.Compare(words, wantWords), 0)
		}
		sums, wantSums := make([]int64, part), make([]int64, part)
		low, last := rng.Int64N(1000)-500, int64(rng.Uint64())
		equal("last of sums", addByteBlocks(sums, bytes[:part], low, last), addBytesPlain(wantSums, bytes, low, last))
		equal("sums", slices.Compare(sums, wantSums), 0)
		equal("sum of bytes", sumByteBlocks(bytes), sumBytesPlain(bytes))
	}
}

// TestAnyLength asks for numbers of values that are no blocks, and none.
func TestAnyLength(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 200 {
		ints, floats, bytes := make([]int64, n), make([]float64, n), make([]byte, n)
		least, most := int64(math.MaxInt64), int64(math.MinInt64)
		sum, byteSum, x := int64(0), int64(0), int64(-7)
		sums, wantSums := make([]int64, n), make([]int64, n)
		for i := range n {
			ints[i], bytes[i] = rng.Int64N(1000)-500, byte(rng.Uint32())
			floats[i] = float64(ints[i])
			least, most = min(least, ints[i]), max(most, ints[i])
			sum, byteSum = sum+ints[i], byteSum+int64(bytes[i])
			x += 3 + int64(bytes[i])
			wantSums[i] = x
		}
		if n > 0 && (minInt(math.MaxInt64, ints, 0) != least || maxInt(math.MinInt64, ints, 0) != most) {
			t.Errorf("%d integers: %d to %d, want %d to %d", n, minInt(math.MaxInt64, ints, 0), maxInt(math.MinInt64, ints, 0), least, most)
		}
		if n > 0 && (minFloat(math.NaN(), floats) != float64(least) || maxFloat(math.Inf(-1), floats) != float64(most)) {
			t.Errorf("%d floats: not %d to %d", n, least, most)
		}
		if sumInt(ints) != sum || sumFloat(floats) != float64(sum) || sumHalves(ints, false) != float64(sum) || SumBytes(bytes) != byteSum {
			t.Errorf("sum of %d values is not %d", n, sum)
		}
		if got := AddDeltas(sums, bytes, 3, -7); got != x || !slices.Equal(sums, wantSums) {
			t.Errorf("%d deltas: %v, want %v", n, sums, wantSums)
		}
		for _, op := range []model.Op{model.OpEq, model.OpNe, model.OpLt, model.OpLe, model.OpGt, model.OpGe} {
			a, b := model.NewBitmap(n), model.NewBitmap(n)
			SelectInt(a, ints, op, 5, false)
			SelectFloat(b, floats, op, 5)
			for i, x := range ints {
				if want := compared(op, int(max(-1, min(1, x-5)))); a.Get(i) != want || b.Get(i) != want {
					t.Fatalf("%d %v 5: %v and %v, want %v", x, op, a.Get(i), b.Get(i), want)
				}
			}
			if a.Count(n) > n || len(a) > 0 && a[len(a)-1]&^tail(n) != 0 {
				t.Fatalf("%v sets bits past the last of %d", op, n)
			}
		}
		if n > 0 {
			floats[rng.IntN(n)] = math.NaN()
			if x := maxFloat(0, floats); x == x {
				t.Errorf("the greatest of %v is %v", floats, x)
			}
			if x := minFloat(math.NaN(), floats); n > 1 && x != x || n == 1 && x == x {
				t.Errorf("the least of %v is %v", floats, x)
			}
		}
	}
}
