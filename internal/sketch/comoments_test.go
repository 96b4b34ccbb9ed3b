package sketch

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestComoments: parts put together give what the definitions do, also far from 0.
func TestComoments(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		n := 2 + r.IntN(300)
		far := math.Pow10(r.IntN(7))
		xs, ys := make([]float64, n), make([]float64, n)
		var mx, my float64
		for i := range xs {
			xs[i] = far + r.NormFloat64()
			ys[i] = 3 - 2*xs[i] + r.NormFloat64()
			mx, my = mx+xs[i]/float64(n), my+ys[i]/float64(n)
		}
		var sxx, syy, sxy float64
		for i := range xs {
			sxx, syy, sxy = sxx+(xs[i]-mx)*(xs[i]-mx), syy+(ys[i]-my)*(ys[i]-my), sxy+(xs[i]-mx)*(ys[i]-my)
		}
		var c Comoments
		for from := 0; from < n; {
			to := min(n, from+r.IntN(40))
			var part Comoments
			part.Add(xs[from:to], ys[from:to])
			if ok, _ := c.Take(part.AppendTo(nil)); ok != (from < to) {
				t.Fatal("a state is refused, or none is taken for one")
			}
			from = to
		}
		for name, want := range map[string]float64{"covar_samp": sxy / float64(n-1), "covar_pop": sxy / float64(n), "corr": sxy / math.Sqrt(sxx*syy), "regr_count": float64(n),
			"regr_avgx": mx, "regr_avgy": my, "regr_sxx": sxx, "regr_syy": syy, "regr_sxy": sxy, "regr_slope": sxy / sxx, "regr_intercept": my - sxy/sxx*mx, "regr_r2": sxy * sxy / sxx / syy} {
			if got, ok := c.Statistic(name); !ok || math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
				t.Errorf("%s of %d pairs is %v, want %v", name, n, got, want)
			}
		}
	}
}

// TestFewComoments: too few pairs, equal values, and what is no number.
func TestFewComoments(t *testing.T) {
	all := []string{"covar_samp", "covar_pop", "corr", "regr_avgx", "regr_avgy", "regr_sxx", "regr_syy", "regr_sxy", "regr_slope", "regr_intercept", "regr_r2"}
	inf := math.Inf(1)
	for _, c := range []struct {
		x, y []float64
		null map[string]bool
		nan  bool
	}{
		{null: map[string]bool{"covar_samp": true, "covar_pop": true, "corr": true, "regr_avgx": true, "regr_avgy": true, "regr_sxx": true, "regr_syy": true, "regr_sxy": true,
			"regr_slope": true, "regr_intercept": true, "regr_r2": true}},
		{x: []float64{1}, y: []float64{2}, null: map[string]bool{"covar_samp": true, "corr": true, "regr_slope": true, "regr_intercept": true, "regr_r2": true}},
		{x: []float64{.1, .1, .1}, y: []float64{1, 2, 4}, null: map[string]bool{"corr": true, "regr_slope": true, "regr_intercept": true, "regr_r2": true}},
		{x: []float64{1, 2, 4}, y: []float64{.1, .1, .1}, null: map[string]bool{"corr": true}},
		{x: []float64{1, 2, inf}, y: []float64{1, 2, 3}, nan: true},
		{x: []float64{1, 2, 3}, y: []float64{1, math.NaN(), 3}, nan: true},
	} {
		var whole, parts Comoments
		whole.Add(c.x, c.y)
		for i := range c.x {
			parts.Add(c.x[i:i+1], c.y[i:i+1])
		}
		for _, m := range []Comoments{whole, parts} {
			for _, name := range all {
				if v, ok := m.Statistic(name); ok == c.null[name] || ok && (v != v) != c.nan {
					t.Errorf("%s of %v, %v is %v, %v", name, c.x, c.y, v, ok)
				}
			}
		}
	}
}
