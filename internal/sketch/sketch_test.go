package sketch

import (
	"math"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
	"testing"
)

func FuzzSketch(f *testing.F) {
	s, _ := NewUDD(16, 0.01)
	for i := range 100 {
		s.Add(float64(i - 50))
	}
	f.Add(s.AppendTo(nil))
	var h HLL
	h.Add(ItemOf([]byte("a")))
	f.Add(h.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := ReadUDD(b); s != nil {
			s.Quantile(0.5)
			if again := ReadUDD(s.AppendTo(nil)); again == nil || len(again.buckets) != len(s.buckets) {
				t.Fatal("a sketch does not survive writing")
			}
		}
		var h HLL
		if h.Merge(b) {
			h.Count()
		}
	})
}

// TestHLL: estimates are near, of the same bytes whatever the order, and merge to what one sketch would be.
func TestHLL(t *testing.T) {
	for _, n := range []int{0, 1, 10, 1000, 100_000, 1_000_000} {
		var all HLL
		parts := make([]HLL, 3)
		for i := range n {
			item := ItemOf(strconv.AppendInt(nil, int64(i), 10))
			all.Add(item)
			parts[i%3].Add(item)
		}
		var merged HLL
		for i := range parts {
			if !merged.Merge(parts[i].AppendTo(nil)) {
				t.Fatal("a state is refused")
			}
		}
		if string(merged.AppendTo(nil)) != string(all.AppendTo(nil)) {
			t.Fatalf("%d values: merged states differ from one", n)
		}
		if got := float64(all.Count()); math.Abs(got-float64(n)) > 0.03*float64(n) {
			t.Errorf("%d values are counted as %v", n, got)
		}
	}
}

// TestUDD: quantiles are as near as the error asked for, while buckets suffice, and merging is as good as one sketch.
func TestUDD(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n, e = 20_000, 0.01
	var xs []float64
	all, _ := NewUDD(4096, e)
	a, _ := NewUDD(4096, e)
	b, _ := NewUDD(4096, e)
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
		all.Add(x)
		part.Add(x)
	}
	if ok, err := a.Take(b.AppendTo(nil)); !ok || err != nil {
		t.Fatal("a state is refused", err)
	}
	sort.Float64s(xs)
	for _, q := range []float64{0, 0.01, 0.2, 0.5, 0.9, 0.99, 1} {
		want := xs[min(n-1, int(q*n))]
		for name, s := range map[string]*UDD{"one": all, "merged": ReadUDD(a.AppendTo(nil))} {
			if got, ok := s.Quantile(q); !ok || math.Abs(got-want) > 1.01*e*math.Abs(want) {
				t.Errorf("%s: quantile %v is %v, want %v", name, q, got, want)
			}
		}
	}
	small := ReadUDD(all.AppendTo(nil))
	small.size = 64
	small.shrink()
	if got, _ := small.Quantile(0.5); len(small.buckets) > 64 || math.Abs(got-xs[n/2]) > 0.5*math.Abs(xs[n/2]) {
		t.Errorf("%d buckets: median %v, want %v", len(small.buckets), got, xs[n/2])
	}
}

// TestJoin: sketches in memory join to what one would be, few values or many, and stay within 16 KiB.
func TestJoin(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		var all HLL
		parts := make([]HLL, 1+r.IntN(4))
		for range 1 << r.IntN(15) {
			item := ItemOf(strconv.AppendInt(nil, r.Int64N(20_000), 10))
			all.Add(item)
			parts[r.IntN(len(parts))].Add(item)
		}
		var joined HLL
		for i := range parts {
			joined.Join(&parts[i])
		}
		if string(joined.AppendTo(nil)) != string(all.AppendTo(nil)) || joined.Count() != all.Count() {
			t.Fatal("joined sketches differ from one")
		}
		if all.Bytes() > hllRegisters {
			t.Fatalf("a sketch of %d bytes", all.Bytes())
		}
	}
	var s HLL
	bad := s.AppendTo(nil)
	bad = append(bad, 1, 0, 3, 0xff, 0xff, 1)
	if s.Merge(bad) || s.Count() != 0 {
		t.Error("a part of a broken state is taken in")
	}
}

// plainFloat is AppendFloat without its short ways.
func plainFloat(x float64) string {
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// TestAppendFloat: short ways lead to the same text.
func TestAppendFloat(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 400_000 {
		x := math.Float64frombits(r.Uint64())
		switch r.IntN(6) {
		case 0:
			x = float64(r.Int64N(1e6)-5e5) / math.Pow10(r.IntN(9))
		case 1:
			x = float64(r.Int64N(1e15)) / math.Pow10(r.IntN(16))
		case 2:
			x = math.Nextafter(float64(r.Int64N(1e9))/math.Pow10(r.IntN(8)), float64(r.IntN(2))*1e9)
		case 3:
			x = float64(r.Int64N(2000)-1000) / 10
		case 4:
			x = r.NormFloat64() * math.Pow10(r.IntN(12)-4)
		}
		if x-x != 0 {
			continue
		}
		if got, want := string(AppendFloat(nil, x)), plainFloat(x); got != want {
			t.Fatalf("%b is %s, want %s", x, got, want)
		}
	}
}

func BenchmarkAppendFloat(b *testing.B) {
	xs := make([]float64, 1<<12)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range xs {
		xs[i] = float64(r.Int64N(100_000)) / 100
	}
	for name, f := range map[string]func(dst []byte, x float64) []byte{"ours": AppendFloat, "strconv": func(dst []byte, x float64) []byte { return strconv.AppendFloat(dst, x, 'f', -1, 64) }} {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			for b.Loop() {
				for _, x := range xs {
					dst = f(dst[:0], x)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(xs)), "ns/value")
		})
	}
}
