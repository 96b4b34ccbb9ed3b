package align

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// window puts the rows of windows together, with memory that is used again.
type window struct{ from, to []int }

// bounds finds the rows of every window: rows[from[i]:to[i]] have slots within [slots[i], slots[i]+width).
func (w *window) bounds(p *part, rows []uint32, slots []int64, width int64) {
	w.from, w.to = w.from[:0], w.to[:0]
	if p.grain == 0 {
		width = 1
	}
	lo, hi := 0, 0
	for _, s := range slots {
		for lo < len(rows) && p.slot[rows[lo]] < s {
			lo++
		}
		hi = max(hi, lo)
		for hi < len(rows) && p.slot[rows[hi]] < s+width {
			hi++
		}
		w.from, w.to = append(w.from, lo), append(w.to, hi)
	}
}

// append adds the values of an item in the windows of group g that start at slots.
func (w *window) append(out *model.Vector, it *plan.RangeItem, p *part, g int, slots []int64) {
	var rows []uint32
	if p.rows(g) > 0 {
		rows = p.of(g)
	}
	w.bounds(p, rows, slots, it.Width)
	v := p.cols[it.Args[0]]
	if v == nil { // the part gave no batch
		v = model.NewVector(out.Type, 0)
	}
	at := &combiner{v: v, rows: rows, toFloat: out.Type == model.Float64 && v.Type.Class() == model.ClassInt, unsigned: v.Type.Unsigned()}
	if len(it.Args) > 1 {
		at.n = p.cols[it.Args[1]]
	}
	one := at.fn(it.Fn)
	for i := range slots {
		if w.from[i] == w.to[i] || !one(out, w.from[i], w.to[i]) {
			if it.Zero && w.from[i] == w.to[i] {
				out.AppendValue(zero(out.Type))
			} else {
				out.AppendNull()
			}
		}
	}
}

func zero(t model.Type) model.Value { return model.Value{Type: t} }

// combiner makes one value of several rows of a column.
type combiner struct {
	v, n     *model.Vector
	rows     []uint32
	toFloat  bool // out is Float64, v is of integers: LINEAR
	unsigned bool
}

// fn is a function that appends the value of rows[from:to], not empty, or reports that it is NULL.
func (c *combiner) fn(name string) func(out *model.Vector, from, to int) bool {
	class := c.v.Type.Class()
	switch name {
	case "avg":
		return c.avg
	case "count", "sum":
		if class == model.ClassFloat {
			return c.sumFloats
		}
		return c.sumInts
	case "min", "max":
		sign := 1
		if name == "max" {
			sign = -1
		}
		switch {
		case class == model.ClassInt && !c.unsigned:
			return func(out *model.Vector, from, to int) bool { return c.extremeInt(out, from, to, sign) }
		case class == model.ClassFloat:
			return func(out *model.Vector, from, to int) bool { return c.extremeFloat(out, from, to, sign) }
		}
		return func(out *model.Vector, from, to int) bool { return c.extreme(out, from, to, sign) }
	case "last":
		return func(out *model.Vector, _, to int) bool { return c.value(out, to-1, to) }
	}
	return c.value // first, and the only one
}

func (c *combiner) putInt(out *model.Vector, x int64) {
	switch {
	case !c.toFloat:
		out.AppendInt(x)
	case c.unsigned:
		out.AppendFloat(float64(uint64(x)))
	default:
		out.AppendFloat(float64(x))
	}
}

func (c *combiner) value(out *model.Vector, from, _ int) bool {
	r := int(c.rows[from])
	if c.v.Null(r) {
		return false
	}
	switch c.v.Type.Class() {
	case model.ClassInt:
		c.putInt(out, c.v.Ints[r])
	case model.ClassFloat:
		out.AppendFloat(c.v.Floats[r])
	default:
		out.AppendVector(c.v, r, r+1)
	}
	return true
}

func (c *combiner) sumInts(out *model.Vector, from, to int) bool {
	var sum int64
	some := false
	for _, r := range c.rows[from:to] {
		if !c.v.Null(int(r)) {
			sum += c.v.Ints[r]
			some = true
		}
	}
	if some {
		c.putInt(out, sum)
	}
	return some
}

func (c *combiner) sumFloats(out *model.Vector, from, to int) bool {
	sum, some := c.floats(from, to)
	if some {
		out.AppendFloat(sum)
	}
	return some
}

func (c *combiner) floats(from, to int) (sum float64, some bool) {
	for _, r := range c.rows[from:to] {
		if !c.v.Null(int(r)) {
			sum += c.v.Floats[r]
			some = true
		}
	}
	return sum, some
}

func (c *combiner) avg(out *model.Vector, from, to int) bool {
	sum, _ := c.floats(from, to)
	var n int64
	for _, r := range c.rows[from:to] {
		n += c.n.Ints[r]
	}
	if n > 0 {
		out.AppendFloat(sum / float64(n))
	}
	return n > 0
}

func (c *combiner) extremeInt(out *model.Vector, from, to, sign int) bool {
	var best int64
	some := false
	for _, r := range c.rows[from:to] {
		if x := c.v.Ints[r]; !c.v.Null(int(r)) && (!some || sign > 0 && x < best || sign < 0 && x > best) {
			best, some = x, true
		}
	}
	if some {
		c.putInt(out, best)
	}
	return some
}

func (c *combiner) extremeFloat(out *model.Vector, from, to, sign int) bool {
	var best float64
	some := false
	for _, r := range c.rows[from:to] {
		if x := c.v.Floats[r]; !c.v.Null(int(r)) && (!some || sign*model.CompareFloat(x, best) < 0) {
			best, some = x, true
		}
	}
	if some {
		out.AppendFloat(best)
	}
	return some
}

func (c *combiner) extreme(out *model.Vector, from, to, sign int) bool {
	best := -1
	for _, r := range c.rows[from:to] {
		if !c.v.Null(int(r)) && (best < 0 || sign*c.v.At(int(r)).Compare(c.v.At(best)) < 0) {
			best = int(r)
		}
	}
	if best < 0 {
		return false
	}
	if c.v.Type.Class() == model.ClassInt {
		c.putInt(out, c.v.Ints[best])
	} else {
		out.AppendVector(c.v, best, best+1)
	}
	return true
}
