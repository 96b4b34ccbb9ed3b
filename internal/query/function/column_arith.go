package function

import (
	"errors"
	"math"
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/model"
)

// errDivideByZero is a row whose divisor is 0.
//
//lint:ignore ST1005 the text is part of the interface
var errDivideByZero = errors.New("Divide by zero error")

// WrapInt brings the result of integer arithmetic back into the range of a type, by its lowest bits: sums, differences and products
// that do not fit wrap around.
func WrapInt(v int64, t model.Type) int64 {
	switch t.Kind {
	case model.KindInt8:
		return int64(int8(v))
	case model.KindInt16:
		return int64(int16(v))
	case model.KindInt32, model.KindDate:
		return int64(int32(v))
	case model.KindUint8:
		return int64(uint8(v))
	case model.KindUint16:
		return int64(uint16(v))
	case model.KindUint32:
		return int64(uint32(v))
	}
	return v
}

func arithColumns() []column {
	type binary = func(a, b []int64, out []int64)
	loop := func(f binary) func([]*model.Vector, int) (*model.Vector, error) {
		return func(args []*model.Vector, n int) (*model.Vector, error) {
			out := &model.Vector{Type: model.Int64, Len: n, Ints: make([]int64, n)}
			f(args[0].Ints[:n], args[1].Ints[:n], out.Ints)
			return out, nil
		}
	}
	add := loop(func(a, b, out []int64) {
		for i := range out {
			out[i] = a[i] + b[i]
		}
	})
	sub := loop(func(a, b, out []int64) {
		for i := range out {
			out[i] = a[i] - b[i]
		}
	})
	mul := loop(func(a, b, out []int64) {
		for i := range out {
			out[i] = a[i] * b[i]
		}
	})
	return []column{
		{name: "add", sig: "ii:i", cols: add}, {name: "addu", sig: "uu:u", cols: add},
		{name: "sub", sig: "ii:i", cols: sub}, {name: "subu", sig: "uu:u", cols: sub},
		{name: "mul", sig: "ii:i", cols: mul}, {name: "mulu", sig: "uu:u", cols: mul},
		{name: "div", sig: "ii:i", row: quotient(func(a, b int64) int64 { return a / b })},
		{name: "divu", sig: "uu:u", row: quotient(func(a, b int64) int64 { return int64(uint64(a) / uint64(b)) })},
		{name: "rem", sig: "ii:i", row: quotient(func(a, b int64) int64 {
			if b == -1 {
				return 0
			}
			return a % b
		})},
		{name: "remu", sig: "uu:u", row: quotient(func(a, b int64) int64 { return int64(uint64(a) % uint64(b)) })},
		{name: "neg", sig: "i:i", row: func(c *cells, out *model.Vector) error { out.AppendInt(-c.int(0)); return nil }},
		{name: "shl", sig: "ii:i", row: func(c *cells, out *model.Vector) error { out.AppendInt(c.int(0) << (uint(c.int(1)) & 63)); return nil }},
		{name: "shr", sig: "ii:i", row: func(c *cells, out *model.Vector) error { out.AppendInt(c.int(0) >> (uint(c.int(1)) & 63)); return nil }},
		{name: "wrap", sig: "ii:i", row: func(c *cells, out *model.Vector) error {
			out.AppendInt(WrapInt(c.int(0), model.Type{Kind: model.Kind(c.int(1))}))
			return nil
		}},
		// slot is the start of the slot of a time; one that begins before the first time there is begins there.
		{name: "bin", sig: "iii:i", row: func(c *cells, out *model.Vector) error { out.AppendInt(slot(c.int(0), c.int(1), c.int(2))); return nil }},
	}
}

// quotient divides; only the least number by -1 overflows, and wraps to itself.
func quotient(f func(a, b int64) int64) func(*cells, *model.Vector) error {
	return func(c *cells, out *model.Vector) error {
		if c.int(1) == 0 {
			return errDivideByZero
		}
		out.AppendInt(f(c.int(0), c.int(1)))
		return nil
	}
}

// slot is the start of the slot of width w, counted from o, that t is in.
func slot(t, w, o int64) int64 {
	d := t - o
	if (t < o) != (d < 0) { // far apart: take the remainder of each on its own
		d = floorMod(t, w) - floorMod(o, w)
	}
	r := floorMod(d, w)
	if t < math.MinInt64+r {
		return math.MinInt64
	}
	return t - r
}

func floorMod(a, w int64) int64 {
	if r := a % w; r < 0 {
		return r + w
	} else {
		return r
	}
}

func floorDiv(a, w int64) int64 {
	q := a / w
	if a%w < 0 {
		q--
	}
	return q
}

// mulFits multiplies; ok is false where the product needs more than 64 bits.
func mulFits(a, b int64) (int64, bool) {
	neg := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	switch {
	case hi != 0, !neg && lo > math.MaxInt64, neg && lo > 1<<63:
		return 0, false
	case neg:
		return -int64(lo), true
	}
	return int64(lo), true
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}
