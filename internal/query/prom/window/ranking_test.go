package window

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRanking compares rankings, also such that were merged, with sorting.
func TestRanking(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		k, n, series, least := 1+rng.IntN(6), 1+rng.IntN(4), rng.IntN(20), rng.IntN(2) == 0
		all := make([][]float64, series)
		held := make([]int32, series)
		var lost []int32
		a, b := NewRanking(k, least, n), NewRanking(k, least, n)
		other := make([]int32, series)
		for id := range all {
			for range n {
				v := math.Floor(rng.Float64() * 8)
				switch rng.IntN(8) {
				case 0:
					v = Absent()
				case 1:
					v = math.NaN()
				case 2:
					v = math.Inf(1 - 2*rng.IntN(2))
				}
				all[id] = append(all[id], v)
			}
			if id < series/2 {
				lost = a.Add(int32(id), all[id], held, lost)
			} else {
				lost = b.Add(int32(id), all[id], other, lost)
			}
		}
		lost = a.Merge(b, func(id int32) int32 { return id }, func() []int32 { return held }, lost)
		counted := make([]int32, series)
		for i := range n {
			var want []float64
			for id := range all {
				if v := all[id][i]; !IsAbsent(v) {
					want = append(want, v)
				}
			}
			slices.SortFunc(want, func(x, y float64) int {
				switch {
				case math.IsNaN(x) || math.IsNaN(y):
					return cmp.Compare(y, x) // NaN is last both ways
				case least:
					return cmp.Compare(x, y)
				}
				return cmp.Compare(y, x)
			})
			want = want[:min(k, len(want))]
			got := a.Places(nil, i, func(x, y int32) int { return cmp.Compare(x, y) })
			if len(got) != len(want) {
				t.Fatalf("%d places of %v, want %v", len(got), got, want)
			}
			for j, x := range got {
				if x.Value != want[j] && !(math.IsNaN(x.Value) && math.IsNaN(want[j])) {
					t.Fatalf("places %v, want %v", got, want)
				}
				if v := all[x.ID][i]; v != x.Value && !math.IsNaN(v) {
					t.Fatalf("series %d has %v, not %v", x.ID, v, x.Value)
				}
				counted[x.ID]++
			}
		}
		if !slices.Equal(counted, held) {
			t.Fatalf("places held %v, want %v", held, counted)
		}
		for id, c := range held {
			if was := slices.Contains(lost, int32(id)); was && c > 0 && id < series/2 {
				t.Fatalf("series %d was let go with %d places", id, c)
			}
		}
	}
}

// TestQuantileOf compares with sorting.
func TestQuantileOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 2000 {
		values := make([]float64, 1+rng.IntN(30))
		for i := range values {
			values[i] = math.Floor(rng.NormFloat64() * 4)
			if rng.IntN(10) == 0 {
				values[i] = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[rng.IntN(3)]
			}
		}
		q := []float64{0, 1, 0.5, rng.Float64()}[rng.IntN(4)]
		sorted := slices.Clone(values)
		slices.Sort(sorted)
		rank := q * float64(len(sorted)-1)
		below := int(rank)
		weight := rank - math.Floor(rank)
		want := sorted[below]*(1-weight) + sorted[min(below+1, len(sorted)-1)]*weight
		if got := quantileOf(q, slices.Clone(values)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("quantile %v of %v: %v, want %v", q, values, got, want)
		}
	}
}

func BenchmarkRanking(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, series = 360, 1000
	all := make([][]float64, series)
	for i := range all {
		for range n {
			all[i] = append(all[i], rng.Float64())
		}
	}
	held := make([]int32, series)
	var out []int32
	b.SetBytes(8 * n * series)
	for b.Loop() {
		r := NewRanking(10, false, n)
		clear(held)
		for id, values := range all {
			out = r.Add(int32(id), values, held, out[:0])
		}
	}
}
