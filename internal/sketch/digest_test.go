package sketch

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// distributions are what digests are tried on.
func distributions(r *rand.Rand) map[string]func(int) float64 {
	return map[string]func(int) float64{
		"uniform":    func(int) float64 { return r.Float64() },
		"normal":     func(int) float64 { return r.NormFloat64() * 1e6 },
		"log-normal": func(int) float64 { return math.Exp(3 * r.NormFloat64()) },
		"ascending":  func(i int) float64 { return float64(i) },
		"descending": func(i int) float64 { return -float64(i) },
		"few":        func(int) float64 { return float64(r.IntN(5)) },
		"equal":      func(int) float64 { return 0.1 },
		"two peaks":  func(i int) float64 { return float64(i%2)*1e9 + r.NormFloat64() },
	}
}

// rankError is how far a value is from being the quantile q: the share of values between those that are less and q.
func rankError(sorted []float64, x, q float64) float64 {
	n := float64(len(sorted))
	below, _ := slices.BinarySearch(sorted, x)
	upTo, _ := slices.BinarySearch(sorted, math.Nextafter(x, math.Inf(1)))
	return max(0, float64(below)/n-q, q-float64(upTo)/n)
}

func newDigest(t testing.TB, size int64) *Digest {
	d, err := NewDigest(size)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDigestAccuracy: a quantile's rank is near, the nearer the further out, of one digest as of many parts put together in any way.
func TestDigestAccuracy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, next := range distributions(r) {
		const n = 50_000
		all := make([]float64, n)
		one := newDigest(t, DigestSize)
		parts := make([]*Digest, 7)
		for i := range parts {
			parts[i] = newDigest(t, DigestSize)
		}
		for i := range all {
			all[i] = next(i)
			one.Add(all[i])
			parts[r.IntN(len(parts))].Add(all[i])
		}
		merged := new(Digest)
		for _, p := range parts {
			if ok, err := merged.Take(p.AppendTo(nil)); !ok || err != nil {
				t.Fatal("a state is refused", err)
			}
		}
		chained := newDigest(t, DigestSize)
		for _, p := range parts {
			next := newDigest(t, DigestSize)
			next.Join(p)
			next.Join(chained)
			chained = next
		}
		slices.Sort(all)
		for _, q := range []float64{0, 0.0001, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1} {
			allowed := 0.0005 + 0.02*math.Sqrt(q*(1-q))
			for kind, d := range map[string]*Digest{"one": one, "merged": merged, "chained": chained} {
				x, ok := d.Quantile(q)
				if e := rankError(all, x, q); !ok || e > allowed && name != "two peaks" || e > 2*allowed {
					t.Errorf("%s, %s: quantile %v is %v, %v away", name, kind, q, x, e)
				}
			}
		}
		for kind, d := range map[string]*Digest{"one": one, "merged": merged} {
			if lo, _ := d.Quantile(0); lo != all[0] {
				t.Errorf("%s, %s: the least is %v, want %v", name, kind, lo, all[0])
			}
			if hi, _ := d.Quantile(1); hi != all[n-1] {
				t.Errorf("%s, %s: the greatest is %v, want %v", name, kind, hi, all[n-1])
			}
			if len(d.AppendTo(nil)) > 3000 || len(d.means) > DigestSize {
				t.Errorf("%s, %s: %d centroids", name, kind, len(d.means))
			}
			if d.total != n {
				t.Errorf("%s, %s: a weight of %v", name, kind, d.total)
			}
		}
	}
}

// exactQuantile is on lines between the middles of values.
func exactQuantile(sorted []float64, q float64) float64 {
	at := q*float64(len(sorted)) - 0.5
	if at <= 0 {
		return sorted[0]
	}
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return between(sorted[i], sorted[i+1], at-float64(i))
}

// TestDigestOfFew: of no more values than centroids, quantiles are exact, however they came together.
func TestDigestOfFew(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		n := 1 + r.IntN(DigestSize)
		all := make([]float64, n)
		d := new(Digest)
		part := newDigest(t, DigestSize)
		for i := range all {
			all[i] = math.Round(r.NormFloat64()*8) / 4
			if part.Add(all[i]); r.IntN(10) == 0 || i == n-1 {
				if ok, _ := d.Take(part.AppendTo(nil)); !ok {
					t.Fatal("a state is refused")
				}
				part = newDigest(t, DigestSize)
			}
		}
		slices.Sort(all)
		for _, q := range []float64{0, 0.01, 0.1, 1.0 / 3, 0.5, 0.9, 0.999, 1} {
			x, _ := d.Quantile(q)
			if want := exactQuantile(all, q); math.Abs(x-want) > 1e-12 {
				t.Fatalf("quantile %v of %v is %v, want %v", q, all, x, want)
			}
		}
	}
}

// TestDigestOdd: infinite values and NaN have their places at the ends of the order, and none is no quantile.
func TestDigestOdd(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		xs   []float64
		q    float64
		want float64
	}{
		{[]float64{7}, 0, 7}, {[]float64{7}, 0.3, 7}, {[]float64{7}, 1, 7},
		{[]float64{1, 2}, 0.5, 1.5},
		{[]float64{nan, 1, -inf}, 0.5, 1}, {[]float64{nan, 1, -inf}, 0, -inf}, {[]float64{nan, 1, -inf}, 1, nan},
		{[]float64{inf, inf, 3}, 0.1, 3}, {[]float64{inf, inf, 3}, 0.9, inf},
		{[]float64{nan}, 0, nan}, {[]float64{-inf}, 1, -inf}, {[]float64{inf}, 0, inf},
		{[]float64{math.MaxFloat64, -math.MaxFloat64}, 0.5, 0},
	} {
		d := newDigest(t, DigestSize)
		d.Add(c.xs...)
		for range 2 {
			if x, ok := d.Quantile(c.q); !ok || x != c.want && !(x != x && c.want != c.want) {
				t.Errorf("quantile %v of %v is %v, want %v", c.q, c.xs, x, c.want)
			}
			d = ReadDigest(d.AppendTo(nil))
		}
	}
	d := newDigest(t, DigestSize)
	if _, ok := d.Quantile(0.5); ok {
		t.Error("nothing has a median")
	}
	if d = ReadDigest(d.AppendTo(nil)); d == nil {
		t.Error("an empty digest is refused")
	}
}

// TestDigestWeights: a value of weight w is as good as w values.
func TestDigestWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	d := newDigest(t, DigestSize)
	var all []float64
	for range 5000 {
		x, w := r.NormFloat64(), 1+r.IntN(9)
		d.AddWeighted(x, float64(w))
		for range w {
			all = append(all, x)
		}
	}
	d.AddWeighted(1e9, 0)
	d.AddWeighted(1e9, -1)
	d.AddWeighted(1e9, math.NaN())
	d.AddWeighted(1e9, math.Inf(1))
	slices.Sort(all)
	read := ReadDigest(d.AppendTo(nil))
	for _, q := range []float64{0, 0.01, 0.3, 0.5, 0.99, 1} {
		for _, s := range []*Digest{d, read} {
			if x, _ := s.Quantile(q); rankError(all, x, q) > 0.0005+0.02*math.Sqrt(q*(1-q)) {
				t.Errorf("quantile %v is %v, %v away", q, x, rankError(all, x, q))
			}
		}
	}
	half := newDigest(t, DigestSize)
	half.AddWeighted(1, 0.25)
	half.AddWeighted(2, 0.5)
	half.AddWeighted(3, 0.25)
	if x, _ := ReadDigest(half.AppendTo(nil)).Quantile(0.5); x != 2 {
		t.Errorf("the median of weights is %v", x)
	}
}

// TestDigestDamaged: bytes whose bounds or weights are no numbers to reckon with are no digest; to join them would spoil another.
func TestDigestDamaged(t *testing.T) {
	weighted := newDigest(t, DigestSize)
	weighted.AddWeighted(5, 0.5)
	whole := weighted.AppendTo(nil)
	odd := newDigest(t, DigestSize)
	odd.AddWeighted(math.Inf(1), 0.5)
	none := odd.AppendTo(nil)
	floats := func(b []byte, xs ...float64) []byte {
		for _, x := range xs {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		return b
	}
	head, inf := whole[:5], math.Inf(1)
	for name, b := range map[string][]byte{
		"a lower bound of -inf": floats(slices.Clone(head), 5, 0.5, -inf, 5),
		"an upper bound of inf": floats(slices.Clone(head), 5, 0.5, 5, inf),
		"bounds of no values":   floats(append([]byte{digestMagic, digestVersion, digestWeighted | digestOdd}, none[3:5]...), math.NaN(), math.NaN(), 0, 1, 0),
		"weights too great":     floats(slices.Clone(head), 5, 1e308, 5, 5),
		"an odd weight as much": floats(slices.Clone(none[:5]), 0, 1e308, 0),
	} {
		d := newDigest(t, DigestSize)
		d.Add(1, 2, 3)
		if o := ReadDigest(b); o != nil {
			t.Errorf("%s: is read", name)
			d.Join(o)
			d.Join(o)
		}
		if x, ok := d.Quantile(0.5); !ok || x-x != 0 {
			t.Errorf("%s: the median is %v", name, x)
		}
	}
}

func FuzzDigest(f *testing.F) {
	for _, n := range []int{0, 1, 50, 5000} {
		d := newDigest(f, 20)
		for i := range n {
			d.AddWeighted(float64(i), 1+float64(i%3)/2)
		}
		f.Add(d.AppendTo(nil))
		d = newDigest(f, 100)
		for i := range n {
			d.Add(float64(i))
		}
		d.Add(math.NaN())
		f.Add(d.AppendTo(nil))
	}
	var c Comoments
	c.Add([]float64{1, 2}, []float64{3, 5})
	f.Add(c.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c := new(Comoments); true {
			if ok, _ := c.Take(b); ok {
				c.Statistic("corr")
			}
		}
		d := ReadDigest(b)
		if d == nil {
			return
		}
		lo, some := d.Quantile(0)
		hi, _ := d.Quantile(1)
		if mid, _ := d.Quantile(0.5); some && (mid < lo || mid > hi) {
			t.Fatalf("quantiles %v, %v, %v", lo, mid, hi)
		}
		again := ReadDigest(d.AppendTo(nil))
		if again == nil || again.total != d.total || len(again.means) != len(d.means) {
			t.Fatal("a digest does not survive writing")
		}
		again.Join(d)
		again.AppendTo(nil)
	})
}

func BenchmarkDigestAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	xs := make([]float64, 1<<16)
	for i := range xs {
		xs[i] = math.Round(r.NormFloat64()*1000) / 10
	}
	for b.Loop() {
		d := newDigest(b, DigestSize)
		d.Add(xs...)
		d.Quantile(0.99)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(xs)), "ns/value")
}
