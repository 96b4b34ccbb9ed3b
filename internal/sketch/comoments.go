package sketch

import (
	"encoding/binary"
	"math"
)

const (
	comomentsMagic   = 'C'
	comomentsVersion = 1
	comomentsLen     = 2 + 6*8
)

// Comoments are what covariances, correlations and lines through points are made of: of pairs (x, y), their number, the means, the sums of
// squared distances from these, and the sum of the distances' products. Sums lose no digits where means are large and distances small.
// Once a value was infinite or no number, all but N are NaN.
type Comoments struct {
	N, MeanX, MeanY, XX, YY, XY float64
}

// Add takes in pairs; the slices have one length. Sums are of distances from the first pair, so that values which are all equal
// have no distance from their mean.
func (c *Comoments) Add(x, y []float64) {
	if len(x) == 0 {
		return
	}
	y = y[:len(x)]
	n := float64(len(x))
	x0, y0 := x[0], y[0]
	var sx, sy float64
	for i := range x {
		sx += x[i] - x0
		sy += y[i] - y0
	}
	o := Comoments{N: n, MeanX: shifted(x0, sx, n), MeanY: shifted(y0, sy, n)}
	for i := range x {
		dx, dy := x[i]-o.MeanX, y[i]-o.MeanY
		o.XX += dx * dx
		o.YY += dy * dy
		o.XY += dx * dy
	}
	if odd := (o.MeanX - o.MeanX) + (o.MeanY - o.MeanY); odd != 0 { // NaN
		o.MeanX, o.MeanY, o.XX, o.YY, o.XY = odd, odd, odd, odd, odd
	}
	c.Join(&o)
}

// shifted is the mean of n values whose distances from one of them have a sum.
func shifted(x, sum, n float64) float64 {
	if sum == 0 { // n*x/n is not always x
		return x
	}
	return (n*x + sum) / n
}

// Join takes in the pairs of another.
func (c *Comoments) Join(o *Comoments) {
	switch {
	case o.N == 0:
		return
	case c.N == 0:
		*c = *o
		return
	}
	n := c.N + o.N
	dx, dy := o.MeanX-c.MeanX, o.MeanY-c.MeanY
	share := c.N * (o.N / n)
	c.XX += o.XX + dx*dx*share
	c.YY += o.YY + dy*dy*share
	c.XY += o.XY + dx*dy*share
	c.MeanX += dx * (o.N / n)
	c.MeanY += dy * (o.N / n)
	c.N = n
}

// AppendTo writes them.
func (c *Comoments) AppendTo(dst []byte) []byte {
	dst = append(dst, comomentsMagic, comomentsVersion)
	for _, x := range [...]float64{c.N, c.MeanX, c.MeanY, c.XX, c.YY, c.XY} {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
	}
	return dst
}

// Take takes in written ones; false where the bytes are something else.
func (c *Comoments) Take(b []byte) (bool, error) {
	if len(b) != comomentsLen || b[0] != comomentsMagic || b[1] != comomentsVersion {
		return false, nil
	}
	var x [6]float64
	for i := range x {
		x[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[2+8*i:]))
	}
	if n := x[0]; !(n >= 1) || n > 1<<63 {
		return false, nil
	}
	c.Join(&Comoments{x[0], x[1], x[2], x[3], x[4], x[5]})
	return true, nil
}

// Bytes is the memory that they take.
func (c *Comoments) Bytes() int64 { return 48 }

// Statistic computes one of the functions of pairs (y, x) by its name in SQL: corr, covar_samp, covar_pop, or regr_ and what follows it. ok is
// false where it is NULL: there are too few pairs, or those that matter are all equal.
func (c *Comoments) Statistic(name string) (v float64, ok bool) {
	switch name {
	case "covar_samp":
		return c.XY / (c.N - 1), c.N > 1
	case "covar_pop":
		return c.XY / c.N, c.N > 0
	case "corr":
		d := math.Sqrt(c.XX * c.YY)
		if d == 0 || math.IsInf(d, 1) { // the product is out of range, its root is not
			d = math.Sqrt(c.XX) * math.Sqrt(c.YY)
		}
		r := c.XY / d
		if r > 1 || r < -1 { // by rounding
			r = math.Copysign(1, r)
		}
		return r, c.N > 0 && c.XX != 0 && c.YY != 0
	case "regr_avgx":
		return c.MeanX, c.N > 0
	case "regr_avgy":
		return c.MeanY, c.N > 0
	case "regr_sxx":
		return c.XX, c.N > 0
	case "regr_syy":
		return c.YY, c.N > 0
	case "regr_sxy":
		return c.XY, c.N > 0
	case "regr_slope":
		return c.XY / c.XX, c.N > 0 && c.XX != 0
	case "regr_intercept":
		return c.MeanY - c.XY/c.XX*c.MeanX, c.N > 0 && c.XX != 0
	case "regr_r2":
		if c.YY == 0 {
			return 1, c.N > 0 && c.XX != 0
		}
		return c.XY / c.XX * (c.XY / c.YY), c.N > 0 && c.XX != 0
	case "regr_count":
		return c.N, true
	}
	return 0, false
}
