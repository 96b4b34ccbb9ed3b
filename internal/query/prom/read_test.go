package prom

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/goptimedb/goptimedb/internal/model"
)

// TestMerge adds the samples of one label set in parts, as regions give them, and compares with a map.
func TestMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	lset := labels.FromStrings(nameLabel, "m")
	for range 200 {
		c := &collection{byHash: map[uint64]int32{}}
		want := map[int64]float64{}
		for part := range 1 + rng.IntN(3) {
			var times []int64
			var values []float64
			at := int64(0)
			for i := range 1 + rng.IntN(20) {
				at += rng.Int64N(3) // times repeat
				v := float64(part*100 + i)
				times, values = append(times, at), append(values, v)
				want[at] = v
			}
			c.add(lset, times, values)
		}
		if len(c.series) != 1 {
			t.Fatalf("%d series", len(c.series))
		}
		s := c.series[0]
		if !slices.Equal(s.times, slices.Sorted(maps.Keys(want))) {
			t.Fatalf("times %v, want those of %v", s.times, want)
		}
		for i, at := range s.times {
			if s.values[i] != want[at] {
				t.Fatalf("at %d: %v, want %v", at, s.values[i], want[at])
			}
		}
	}
}

func TestTimeRange(t *testing.T) {
	f := func(mint, maxt int64, u model.TimeUnit, want string) {
		t.Helper()
		if got := fmt.Sprint(timeRange(mint, maxt, u)); got != want {
			t.Errorf("[%d, %d] in %ss: %s, want %s", mint, maxt, u, got, want)
		}
	}
	f(1, 1999, model.Second, "[1,2)")
	f(-1500, 2000, model.Second, "[-1,3)")
	f(1001, 1999, model.Second, "[2,2)")
	f(-5, 5, model.Millisecond, "[-5,6)")
	f(-5, 5, model.Nanosecond, "[-5000000,6000000)")
	f(math.MinInt64, math.MaxInt64, model.Nanosecond, fmt.Sprint(model.AllTime))
	f(math.MinInt64, math.MaxInt64, model.Millisecond, fmt.Sprint(model.AllTime))
	f(math.MinInt64, math.MaxInt64, model.Second, "[-9223372036854775,9223372036854776)")
	f(math.MaxInt64-1, math.MaxInt64, model.Microsecond, "[0,0)")
	f(2, 1, model.Millisecond, "[0,0)")
}

func TestDecimal(t *testing.T) {
	d := model.Int128{Hi: -1, Lo: math.MaxUint64 - 149} // -150
	if f := decimalFloat(d, 2); f != -1.5 {
		t.Error(f)
	}
	if s := decimalText(d, 2); s != "-1.50" {
		t.Error(s)
	}
}
