package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func TestIntSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 7, 64, 1000} {
		for _, spread := range []int64{3, 1000, math.MaxInt64} {
			vals := make([]int64, n)
			want := map[int64]bool{}
			for i := range vals {
				vals[i] = r.Int64N(spread) - spread/2
				if i%50 == 49 {
					vals[i] = []int64{0, math.MinInt64, math.MaxInt64}[r.IntN(3)]
				}
				want[vals[i]] = true
			}
			s := NewIntSet(vals)
			rows := append([]int64{0, 0, math.MinInt64, math.MaxInt64}, vals...)
			for range 200 {
				rows = append(rows, r.Int64N(spread)-spread/2)
			}
			dst := model.NewBitmap(len(rows))
			SelectIntSet(dst, rows, s)
			for i, x := range rows {
				if dst.Get(i) != want[x] || s.Has(x) != want[x] {
					t.Fatalf("%d values: %d is in the set: %v, want %v", n, x, dst.Get(i), want[x])
				}
			}
		}
	}
}

func BenchmarkSelectIntSet(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	rows := make([]int64, 8192)
	for i := range rows {
		rows[i] = r.Int64N(1 << 20)
	}
	dst := model.NewBitmap(len(rows))
	for _, n := range []int{16, 1024, 65536} {
		vals := make([]int64, n)
		for i := range vals {
			vals[i] = r.Int64N(1 << 20)
		}
		s := NewIntSet(vals)
		b.Run(map[int]string{16: "16", 1024: "1k", 65536: "64k"}[n], func(b *testing.B) {
			b.SetBytes(int64(8 * len(rows)))
			for b.Loop() {
				SelectIntSet(dst, rows, s)
			}
		})
	}
}
