package function

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

func FuzzPath(f *testing.F) {
	for _, s := range []string{"a.b", "$.a[*]", `$["x"][0, last - 1]`, "$[1 to last]", "$[*]?(@.price < 10)", `$.a == 1 && exists(@.b)`, "!(a", "$[-1]", "a:b.*"} {
		f.Add(s, `{"a":{"b":[1,2,{"price":3}]}}`)
	}
	f.Fuzz(func(t *testing.T, path, text string) {
		p, ok := parsePath(path)
		doc, err := parseJSON(text)
		if !ok || err != nil {
			return
		}
		if p.pred != nil {
			p.pred.holds(doc, doc)
			return
		}
		for _, v := range p.find(doc, doc) {
			if _, err := parseJSON(string(appendJSONValue(nil, v))); err != nil {
				t.Fatalf("%q of %q gives no JSON: %v", path, text, err)
			}
		}
	})
}

func FuzzSketch(f *testing.F) {
	s, _ := newUDD(16, 0.01)
	for i := range 100 {
		s.buckets[uddKey(float64(i-50), 0.01)]++
		s.count++
	}
	s.shrink()
	f.Add(s.append(nil))
	var h hll
	h.add(hllItem([]byte("a")))
	f.Add(h.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := readUDD(b); s != nil {
			s.quantile(0.5)
			if again := readUDD(s.append(nil)); again == nil || len(again.buckets) != len(s.buckets) {
				t.Fatal("a sketch does not survive writing")
			}
		}
		var h hll
		if h.merge(b) {
			h.count()
		}
	})
}

func FuzzTimeFormat(f *testing.F) {
	f.Add(int64(0), "%Y-%m-%dT%H:%M:%S%.f%:z")
	f.Add(int64(-1), "%3f %j %U %G %e %_d %-I %p %+ %s %c")
	f.Fuzz(func(t *testing.T, nanos int64, format string) {
		at := time.Unix(0, nanos).UTC()
		text, err := AppendTime(nil, at, format)
		if err == nil {
			_, _ = ScanTime(string(text), format, time.UTC)
		}
	})
}

// TestScanTime reads what AppendTime prints.
func TestScanTime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		at := time.Unix(r.Int64N(1<<34)-1<<33, r.Int64N(1e9)).UTC()
		for _, format := range []string{"%Y-%m-%d %H:%M:%S%.f", "%d %b %Y %I:%M:%S.%f %p", "%Y-%jT%T.%9f%z", "%s.%f", "%+"} {
			text, err := AppendTime(nil, at, format)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := ScanTime(string(text), format, time.UTC); err != nil || !back.Equal(at) {
				t.Fatalf("%s of %s is %s, read as %s (%v)", format, at, text, back, err)
			}
		}
	}
}

// TestHLL: estimates are near, of the same bytes whatever the order, and merge to what one sketch would be.
func TestHLL(t *testing.T) {
	for _, n := range []int{0, 1, 10, 1000, 100_000, 1_000_000} {
		var all hll
		parts := make([]hll, 3)
		for i := range n {
			item := hllItem(itoaBytes(i))
			all.add(item)
			parts[i%3].add(item)
		}
		var merged hll
		for i := range parts {
			if !merged.merge(parts[i].append(nil)) {
				t.Fatal("a state is refused")
			}
		}
		if merged != all {
			t.Fatalf("%d values: merged states differ from one", n)
		}
		if got := float64(all.count()); math.Abs(got-float64(n)) > 0.03*float64(n) {
			t.Errorf("%d values are counted as %v", n, got)
		}
	}
}

func itoaBytes(i int) []byte { return []byte(itoa(int64(i))) }

// TestUDD: quantiles are as near as the error asked for, while buckets suffice, and merging is as good as one sketch.
func TestUDD(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n, e = 20_000, 0.01
	var xs []float64
	all, _ := newUDD(4096, e)
	a, _ := newUDD(4096, e)
	b, _ := newUDD(4096, e)
	for i := range n {
		x := math.Exp(r.NormFloat64())
		if i%5 == 0 {
			x = -x
		}
		xs = append(xs, x)
		part := a
		if i%2 == 0 {
			part = b
		}
		for _, s := range []*udd{all, part} {
			s.buckets[uddKey(x, e)]++
			s.count++
		}
	}
	a.merge(readUDD(b.append(nil)))
	sort.Float64s(xs)
	for _, q := range []float64{0, 0.01, 0.2, 0.5, 0.9, 0.99, 1} {
		want := xs[min(n-1, int(q*n))]
		for name, s := range map[string]*udd{"one": all, "merged": readUDD(a.append(nil))} {
			if got, ok := s.quantile(q); !ok || math.Abs(got-want) > 1.01*e*math.Abs(want) {
				t.Errorf("%s: quantile %v is %v, want %v", name, q, got, want)
			}
		}
	}
	small := readUDD(all.append(nil))
	small.size = 64
	small.shrink()
	if got, _ := small.quantile(0.5); len(small.buckets) > 64 || math.Abs(got-xs[n/2]) > 0.5*math.Abs(xs[n/2]) {
		t.Errorf("%d buckets: median %v, want %v", len(small.buckets), got, xs[n/2])
	}
}

func TestSlot(t *testing.T) {
	for _, c := range []struct{ t, w, o, want int64 }{
		{12, 5, 0, 10}, {-1, 5, 0, -5}, {-5, 5, 0, -5}, {12, 5, 1, 11}, {math.MinInt64, 7, 0, math.MinInt64},
		{math.MaxInt64, 10, math.MinInt64, math.MaxInt64 - 5}, {math.MinInt64 + 3, 10, math.MaxInt64, math.MinInt64}, {0, 10, math.MaxInt64, -3},
	} {
		if got := slot(c.t, c.w, c.o); got != c.want {
			t.Errorf("slot(%d, %d, %d) = %d, want %d", c.t, c.w, c.o, got, c.want)
		}
		if c.o == 0 {
			if got := (model.TimeBucket{Width: c.w}).Start(c.t); got != c.want {
				t.Errorf("Start(%d, %d) = %d, want %d", c.t, c.w, got, c.want)
			}
		}
	}
}
