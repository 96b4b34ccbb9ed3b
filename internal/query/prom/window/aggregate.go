package window

import (
	"math"
	"slices"
)

// Op is an aggregation over series.
type Op uint8

// The aggregations.
const (
	OpSum Op = iota
	OpAvg
	OpCount
	OpMin
	OpMax
	OpGroup
	OpStddev
	OpStdvar
	OpQuantile
)

// Group is the state of an aggregation of one group of series: a few numbers for each moment.
type Group struct {
	op   Op
	a    []float64   // the sum, count, extreme or mean; absent where no series had a value yet
	b    []float64   // of sums what rounding took, of deviations the sum of squares
	n    []float64   // how many values
	q    float64     // of OpQuantile, whose state is all values:
	rows [][]float64 // of each series
	// Overflow is set if a sum of OpAvg became infinite: the average, which need not be, has to be computed otherwise.
	Overflow bool
}

// Width is how many numbers the state has for each moment; OpQuantile has one more for each series.
func (o Op) Width() int {
	switch o {
	case OpSum:
		return 2
	case OpAvg, OpStddev, OpStdvar:
		return 3
	}
	return 1
}

// NewGroup makes the state of a group without series, for n moments. q is the quantile, from 0 to 1, of OpQuantile.
func NewGroup(o Op, q float64, n int) *Group {
	all := make([]float64, n*o.Width())
	g := &Group{op: o, q: q, a: all[:n:n]}
	for i := range g.a {
		g.a[i] = Absent()
	}
	if o.Width() > 1 {
		g.b = all[n : 2*n : 2*n]
	}
	if o.Width() > 2 {
		g.n = all[2*n:]
	}
	return g
}

// Add takes the values of a series.
func (g *Group) Add(values []float64) {
	a := g.a[:len(values)]
	switch g.op {
	case OpQuantile:
		g.rows = append(g.rows, slices.Clone(values))
	case OpSum:
		b := g.b[:len(values)]
		for i, v := range values {
			switch {
			case math.Float64bits(v) == absentBits:
			case math.Float64bits(a[i]) == absentBits:
				a[i] = v
			default:
				p := pair{a[i], b[i]}
				p.add(v)
				a[i], b[i] = p.sum, p.lost
			}
		}
	case OpAvg:
		g.addMean(values, g.b[:len(values)], g.n[:len(values)])
	case OpCount:
		for i, v := range values {
			switch {
			case math.Float64bits(v) == absentBits:
			case math.Float64bits(a[i]) == absentBits:
				a[i] = 1
			default:
				a[i]++
			}
		}
	case OpGroup:
		for i, v := range values {
			if math.Float64bits(v) != absentBits {
				a[i] = 1
			}
		}
	case OpMin:
		for i, v := range values {
			if math.Float64bits(v) != absentBits && (a[i] != a[i] || v < a[i]) { // what is absent is a NaN
				a[i] = v
			}
		}
	case OpMax:
		for i, v := range values {
			if math.Float64bits(v) != absentBits && (a[i] != a[i] || v > a[i]) {
				a[i] = v
			}
		}
	case OpStddev, OpStdvar:
		g.addSquares(values, g.b[:len(values)], g.n[:len(values)])
	}
}

func (g *Group) addMean(values, b, n []float64) {
	a := g.a[:len(values)]
	for i, v := range values {
		switch {
		case math.Float64bits(v) == absentBits:
		case math.Float64bits(a[i]) == absentBits:
			a[i], n[i] = v, 1
		default:
			p := pair{a[i], b[i]}
			p.add(v)
			if math.IsInf(p.sum, 0) {
				g.Overflow = true
			}
			a[i], b[i] = p.sum, p.lost
			n[i]++
		}
	}
}

func (g *Group) addSquares(values, b, n []float64) {
	a := g.a[:len(values)]
	for i, v := range values {
		switch {
		case math.Float64bits(v) == absentBits:
		case math.Float64bits(a[i]) == absentBits:
			a[i], n[i] = v, 1
			if math.IsNaN(v) || math.IsInf(v, 0) {
				b[i] = math.NaN()
			}
		default:
			n[i]++
			d := v - a[i]
			a[i] += d / n[i]
			b[i] += d * (v - a[i])
		}
	}
}

// Merge takes the state of other series of the group, of the same aggregation and moments.
func (g *Group) Merge(o *Group) {
	g.Overflow = g.Overflow || o.Overflow
	switch g.op {
	case OpMin, OpMax, OpGroup:
		g.Add(o.a)
		return
	case OpQuantile:
		g.rows = append(g.rows, o.rows...)
		return
	}
	for i, v := range o.a {
		if math.Float64bits(v) == absentBits {
			continue
		}
		if math.Float64bits(g.a[i]) == absentBits {
			g.a[i] = v
			if g.b != nil {
				g.b[i] = o.b[i]
			}
			if g.n != nil {
				g.n[i] = o.n[i]
			}
			continue
		}
		switch g.op {
		case OpCount:
			g.a[i] += v
		case OpStddev, OpStdvar:
			n := g.n[i] + o.n[i]
			d := v - g.a[i]
			g.b[i] += o.b[i] + d*d*g.n[i]*o.n[i]/n
			g.a[i] += d * o.n[i] / n
			g.n[i] = n
		default:
			p := pair{g.a[i], g.b[i]}
			p.add(v)
			if g.a[i], g.b[i] = p.sum, p.lost; !math.IsInf(p.sum, 0) {
				g.b[i] += o.b[i]
			} else if g.op == OpAvg {
				g.Overflow = true
			}
			if g.n != nil {
				g.n[i] += o.n[i]
			}
		}
	}
}

// Values gives the results, in the state's own memory: the group is of no use afterwards.
func (g *Group) Values(scratch *Scratch) []float64 {
	if g.op == OpQuantile {
		g.quantiles(scratch)
		return g.a
	}
	for i, v := range g.a {
		if math.Float64bits(v) == absentBits {
			continue
		}
		switch g.op {
		case OpSum:
			g.a[i] = v + g.b[i]
		case OpAvg:
			g.a[i] = v/g.n[i] + g.b[i]/g.n[i]
		case OpStdvar:
			g.a[i] = g.b[i] / g.n[i]
		case OpStddev:
			g.a[i] = math.Sqrt(g.b[i] / g.n[i])
		}
	}
	return g.a
}

func (g *Group) quantiles(scratch *Scratch) {
	for i := range g.a {
		all := scratch.values[:0]
		for _, row := range g.rows {
			if v := row[i]; math.Float64bits(v) != absentBits {
				all = append(all, v)
			}
		}
		if scratch.values = all; len(all) > 0 {
			g.a[i] = quantileOf(g.q, all)
		}
	}
}
