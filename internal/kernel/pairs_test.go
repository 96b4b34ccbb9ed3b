package kernel

import (
	"fmt"
	"math"
	"math/rand"
	"testing"
)

// Pairs numbers as a map does, however many there are and however alike they are.
func TestPairs(t *testing.T) {
	type pair struct {
		id    uint32
		value uint64
	}
	for seed := range 60 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		var p Pairs
		want := map[pair]uint32{}
		few, shape := uint64(1+rnd.Intn(1<<rnd.Intn(16))), rnd.Intn(4)
		for range 1 + rnd.Intn(5) {
			n := rnd.Intn(5000)
			ids, values := make([]uint32, n), make([]uint64, n)
			for i := range ids {
				ids[i] = uint32(rnd.Intn(3))
				switch values[i] = rnd.Uint64() % few; shape {
				case 1:
					values[i] = math.Float64bits(float64(values[i]))
				case 2:
					values[i] <<= 40
				case 3:
					values[i], ids[i] = values[i]/7, ids[i]|uint32(rnd.Intn(2))*NullID
				}
			}
			got := append([]uint32(nil), ids...)
			p.Number(got, values)
			for i := range ids {
				k := pair{ids[i], values[i]}
				if _, ok := want[k]; !ok {
					want[k] = uint32(len(want))
				}
				if got[i] != want[k] {
					t.Fatalf("seed %d: pair %v is %d, not %d", seed, k, got[i], want[k])
				}
			}
		}
		if p.Len() != len(want) {
			t.Fatalf("seed %d: %d pairs, not %d", seed, p.Len(), len(want))
		}
	}
}

func BenchmarkPairs(b *testing.B) {
	const n = 32 << 10
	for _, distinct := range []int{100, 100_000} {
		rnd := rand.New(rand.NewSource(1))
		ids, values := make([]uint32, n), make([]uint64, n)
		for i := range values {
			values[i] = uint64(rnd.Intn(distinct))
		}
		b.Run(fmt.Sprintf("pairs/%d", distinct), func(b *testing.B) {
			b.SetBytes(n)
			var p Pairs
			for b.Loop() {
				clear(ids)
				p.Number(ids, values)
			}
		})
		b.Run(fmt.Sprintf("map/%d", distinct), func(b *testing.B) {
			b.SetBytes(n)
			type pair struct {
				id    uint32
				value uint64
			}
			m := map[pair]uint32{}
			for b.Loop() {
				clear(ids)
				for i, v := range values {
					k := pair{ids[i], v}
					id, ok := m[k]
					if !ok {
						id = uint32(len(m))
						m[k] = id
					}
					ids[i] = id
				}
			}
		})
	}
}
