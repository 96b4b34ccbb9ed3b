package finish

import (
	"fmt"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// endSpec is how first_value and last_value choose a row: that of the least or the greatest time, and of several such, the first or the
// last that comes.
type endSpec struct {
	at     eval
	newest bool
	later  bool // of equals, the later one
}

// endOf is for calls ordered by one column of timestamps. NULLs are values like any other.
func endOf(a *plan.Agg, l layout) (endSpec, bool) {
	if a.IgnoreNulls || len(a.OrderBy) != 1 || !a.OrderBy[0].X.Type().IsTimestamp() || a.Col.Type.Class() != model.ClassInt && !comparable(a.Col.Type) {
		return endSpec{}, false
	}
	k := a.OrderBy[0]
	last := a.Fn == "last_value"
	e := endSpec{at: compileExpr(k.X, l), newest: last != k.Desc, later: last}
	return e, e.at != nil
}

// addEnds folds in a column whose rows have times.
func (s *aggState) addEnds(a *aggSpec, v, at *model.Vector, ids []uint32, groups int) error {
	if at.NullCount() > 0 {
		return fmt.Errorf("%w: an order by times that may be NULL", ErrRelational)
	}
	s.grow(a, groups)
	for i, g := range ids {
		t := at.Ints[i]
		if s.n[g] > 0 {
			old := s.at[g]
			if t == old && !a.end.later || t != old && (t > old) != a.end.newest {
				continue
			}
		}
		s.n[g]++
		s.at[g], s.null[g] = t, v.Null(i)
		if s.null[g] {
			continue
		}
		switch {
		case s.ints != nil:
			s.ints[g] = v.Ints[i]
		case s.floats != nil:
			s.floats[g] = v.Floats[i]
		default:
			s.vals[g] = v.At(i)
		}
	}
	return nil
}
