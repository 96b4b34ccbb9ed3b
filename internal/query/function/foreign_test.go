package function

import (
	"math"
	"math/rand/v2"
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
