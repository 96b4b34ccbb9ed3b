package prom

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
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
			times, values = rising(times, values)
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

// TestManyRegionsAtOnce reads many tables at once, of which some give one label set more than once.
func TestManyRegionsAtOnce(t *testing.T) {
	n := newNode(t, Options{})
	for _, as := range []model.InsertOptions{n.insertAs, {Kind: model.MetricTable, AutoTime: true, AutoValue: true, PhysicalTable: "phy"}} {
		n.insertAs = as
		sess := n.database()
		var samples []sample
		for m := range 60 {
			for s := range 5 {
				samples = append(samples, sample{labels.FromStrings(nameLabel, fmt.Sprintf("m_%d", m), "host", fmt.Sprint(s)), 1000, float64(m)},
					sample{labels.FromStrings(nameLabel, fmt.Sprintf("m_%d", m), "host", fmt.Sprint(s)), 2000, float64(m + 1)})
			}
		}
		if err := n.insert(t.Context(), sess, samples); err != nil {
			t.Fatal(err)
		}
		q, _ := n.Queryable(sess).Querier(0, 5000)
		for _, sorted := range []bool{false, true} {
			set := q.Select(t.Context(), sorted, nil, labels.MustNewMatcher(labels.MatchRegexp, nameLabel, "m_.*"), labels.MustNewMatcher(labels.MatchNotEqual, "host", "4"))
			series := 0
			for set.Next() {
				series++
				s := set.At()
				it := s.Iterator(nil)
				for i := range 2 {
					it.Next()
					at, v := it.At()
					if want := fmt.Sprintf("m_%v", v-float64(i)); at != int64(1000*(i+1)) || s.Labels().Get(nameLabel) != want {
						t.Fatalf("%s has %v at %d", s.Labels(), v, at)
					}
				}
			}
			if set.Err() != nil || series != 60*4 {
				t.Fatalf("%d series, %v", series, set.Err())
			}
		}
		all := lang.Selection{Start: time.UnixMilli(0), End: time.UnixMilli(5000), Matchers: [][]*labels.Matcher{{labels.MustNewMatcher(labels.MatchNotEqual, "host", "4")}}}
		sets, _, err := n.Series(t.Context(), sess, all)
		if err != nil || len(sets) != 60*4 {
			t.Fatalf("%d label sets, %v", len(sets), err)
		}
		if hosts, _, err := n.LabelValues(t.Context(), sess, "host", all); err != nil || !slices.Equal(hosts, []string{"0", "1", "2", "3"}) {
			t.Fatalf("hosts %v, %v", hosts, err)
		}
		if names, _, err := n.LabelValues(t.Context(), sess, nameLabel, all); err != nil || len(names) != 60 {
			t.Fatalf("%d names, %v", len(names), err)
		}
	}
}

func TestTakeCollections(t *testing.T) {
	a, b := newCollection(), newCollection()
	x, y := labels.FromStrings("l", "x"), labels.FromStrings("l", "y")
	a.add(x, []int64{1, 2}, []float64{1, 2})
	b.add(y, []int64{1}, []float64{5})
	b.add(x, []int64{2, 3}, []float64{7, 8})
	all := newCollection()
	all.take(a)
	all.take(b)
	if len(all.series) != 2 || !slices.Equal(all.series[0].times, []int64{1, 2, 3}) || !slices.Equal(all.series[0].values, []float64{1, 7, 8}) {
		t.Fatalf("%+v", all.series)
	}
	all.add(y, []int64{9}, []float64{9})
	if len(all.series) != 2 || len(all.series[1].times) != 2 {
		t.Fatalf("%+v", all.series[1])
	}
}
