package finish

import (
	"bytes"
	"cmp"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// accepts says which of less, equal and greater make a comparison true.
var accepts = map[string][3]bool{
	plan.Eq: {false, true, false},
	plan.Ne: {true, false, true},
	plan.Lt: {true, false, false},
	plan.Le: {true, true, false},
	plan.Gt: {false, false, true},
	plan.Ge: {false, true, true},
	// These two know NULL as a value.
	"is distinct from":     {true, false, true},
	"is not distinct from": {false, true, false},
}

// compareExpr compares values of type t, which is comparable.
func compareExpr(fn string, t model.Type, x, y eval) eval {
	ok := accepts[fn]
	total := fn == "is distinct from" || fn == "is not distinct from"
	return func(b *model.Batch) (*model.Vector, error) {
		l, r, err := two(x, y, b)
		if err != nil {
			return nil, err
		}
		out := &model.Vector{Type: model.Bool, Len: b.Len, Bools: make([]bool, b.Len), Valid: both(l, r)}
		switch t.Class() {
		case model.ClassBool:
			for i := range out.Bools {
				out.Bools[i] = ok[1+cmp.Compare(bit(l.Bools[i]), bit(r.Bools[i]))]
			}
		case model.ClassInt:
			if t.Kind == model.KindUint64 {
				for i := range out.Bools {
					out.Bools[i] = ok[1+cmp.Compare(uint64(l.Ints[i]), uint64(r.Ints[i]))]
				}
				break
			}
			for i := range out.Bools {
				out.Bools[i] = ok[1+cmp.Compare(l.Ints[i], r.Ints[i])]
			}
		case model.ClassFloat:
			for i := range out.Bools {
				out.Bools[i] = ok[1+model.CompareFloat(l.Floats[i], r.Floats[i])]
			}
		default:
			for i := range out.Bools {
				out.Bools[i] = ok[1+bytes.Compare(l.BytesAt(i), r.BytesAt(i))]
			}
		}
		if total && out.Valid != nil {
			for i := range out.Bools {
				if ln, rn := l.Null(i), r.Null(i); ln || rn {
					out.Bools[i] = (ln != rn) == (fn == "is distinct from")
				}
			}
			out.Valid = nil
		}
		return out, nil
	}
}
