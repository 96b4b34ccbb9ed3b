package finish

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// truth is a boolean that may be unknown.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

func truthAt(v *model.Vector, i int) truth {
	switch {
	case v.Valid != nil && !v.Valid.Get(i):
		return unknown
	case v.Bools[i]:
		return yes
	}
	return no
}

// truths makes a vector of what f says of each row.
func truths(n int, f func(i int) truth) *model.Vector {
	v := &model.Vector{Type: model.Bool, Len: n, Bools: make([]bool, n)}
	for i := range n {
		switch f(i) {
		case yes:
			v.Bools[i] = true
		case unknown:
			if v.Valid == nil {
				v.Valid = model.NewBitmap(n)
				v.Valid.SetRange(0, n)
			}
			v.Valid.Clear(i)
		}
	}
	return v
}

// logicExpr is an operator of booleans.
func logicExpr(fn string, args []eval) eval {
	if len(args) == 2 {
		return func(b *model.Batch) (*model.Vector, error) {
			x, y, err := two(args[0], args[1], b)
			if err != nil {
				return nil, err
			}
			if fn == plan.And {
				return truths(b.Len, func(i int) truth { return min(truthAt(x, i), truthAt(y, i)) }), nil
			}
			return truths(b.Len, func(i int) truth { return max(truthAt(x, i), truthAt(y, i)) }), nil
		}
	}
	// What becomes of no, unknown and yes.
	to := map[string][3]truth{
		plan.Not:       {yes, unknown, no},
		"is true":      {no, no, yes},
		"is not true":  {yes, yes, no},
		"is false":     {yes, no, no},
		"is not false": {no, yes, yes},
	}[fn]
	return func(b *model.Batch) (*model.Vector, error) {
		x, err := args[0](b)
		if err != nil {
			return nil, err
		}
		return truths(b.Len, func(i int) truth { return to[truthAt(x, i)] }), nil
	}
}

// nullTest is IS NULL, or IS NOT NULL.
func nullTest(x eval, null bool) eval {
	return func(b *model.Batch) (*model.Vector, error) {
		v, err := x(b)
		if err != nil {
			return nil, err
		}
		out := &model.Vector{Type: model.Bool, Len: b.Len, Bools: make([]bool, b.Len)}
		for i := range out.Bools {
			out.Bools[i] = v.Null(i) == null
		}
		return out, nil
	}
}
