package bind

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// frameBounds checks the bounds of a frame and gives both of them one kind.
func (b *binder) frameBounds(f *plan.Frame, order []plan.SortKey) error {
	ends := []*plan.Bound{&f.Start, &f.End}
	months := false
	for _, e := range ends {
		l, ok := e.N.(*plan.Lit)
		if e.N != nil && (!ok || l.V.Null()) {
			return planError("Error during planning: a bound of a window frame must be a constant")
		}
		if ok && f.Unit == "RANGE" && len(order) == 1 && (order[0].X.Type().IsTimestamp() || order[0].X.Type().Kind == model.KindDate) {
			x, err := b.cast(l, model.Interval)
			if err != nil {
				return err
			}
			e.N = x
			months = months || intervalOf(x).Months != 0
		}
	}
	for _, e := range ends {
		switch {
		case e.N == nil:
		case months:
			if iv := intervalOf(e.N); iv.Months < 0 || iv.Days < 0 || iv.Nanos < 0 || iv.Nanos%1000 != 0 {
				return errs.New(errs.Unsupported, "Not supported: a RANGE frame of months with a negative part or parts of a microsecond")
			}
		default:
			x, err := b.frameBound(f.Unit, e.N.(*plan.Lit), order)
			if err != nil {
				return err
			}
			e.N = x
		}
	}
	return nil
}

// intervalOf is the value of a constant interval.
func intervalOf(x plan.Expr) model.MonthDayNano { return x.(*plan.Lit).V.Interval }

// frameBound is how far a frame reaches, in what its unit counts: rows or groups, or of RANGE, values of the order. Times count in their
// own unit, and dates in days, however the interval was written.
func (b *binder) frameBound(unit string, l *plan.Lit, order []plan.SortKey) (plan.Expr, error) {
	if unit != "RANGE" {
		if !l.V.Type.Integer() || l.V.Int < 0 {
			return nil, planError("Error during planning: a window frame of %s is bounded by whole numbers from 0 on, not by %s", unit, l.V)
		}
		return l, nil
	}
	if len(order) != 1 {
		return nil, planError("Error during planning: With window frame of type RANGE, the ORDER BY expression must be of length 1, got %d", len(order))
	}
	t := order[0].X.Type()
	if !t.IsTimestamp() && t.Kind != model.KindDate {
		if x, err := b.cast(l, t); err == nil && t.Numeric() {
			return x, nil
		}
		return nil, planError("Error during planning: a window frame of RANGE over %s cannot be bounded by %s", t, l.V)
	}
	per := t.Unit
	if t.Kind == model.KindDate {
		per = model.Second
	}
	span, ok := function.Span(intervalOf(l), per)
	if t.Kind == model.KindDate {
		ok = ok && span%86400 == 0
		return dayBound(span/86400, ok)
	}
	if !ok || span < 0 {
		return nil, errs.New(errs.Unsupported, "Not supported: a RANGE frame over %s takes intervals of whole units, and no negative ones", t)
	}
	return &plan.Lit{V: model.IntValue(model.Int64, span)}, nil
}

func dayBound(days int64, ok bool) (plan.Expr, error) {
	if !ok || days < 0 || days > 1<<31-1 {
		return nil, errs.New(errs.Unsupported, "Not supported: a window frame over dates that is not bounded by whole days")
	}
	return &plan.Lit{V: model.IntValue(model.Int32, days)}, nil
}
