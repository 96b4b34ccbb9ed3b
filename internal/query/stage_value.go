package query

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/rule"
)

// values replaces sub-queries that stand for one value, and read nothing of what is around them, by that value. Conditions made so go on
// towards the scans.
func (s *stager) values(ctx context.Context) error {
	changed, err := s.valuesBelow(ctx, s.q.Root)
	if changed && err == nil {
		rule.Repush(s.q)
	}
	return err
}

func (s *stager) valuesBelow(ctx context.Context, n plan.Node) (changed bool, err error) {
	for _, in := range n.Inputs() {
		c, err := s.valuesBelow(ctx, in)
		if err != nil {
			return false, err
		}
		changed = changed || c
	}
	do := func(e *plan.Expr) {
		if err != nil || !plan.HasSub(*e) {
			return
		}
		var x plan.Expr
		if x, err = s.valuesIn(ctx, *e); err == nil && x != *e {
			*e, changed = s.folded(ctx, x), true
		}
	}
	switch n := n.(type) {
	case *plan.Filter:
		do(&n.Cond)
	case *plan.Project:
		for i := range n.Items {
			do(&n.Items[i].X)
		}
	}
	return changed, err
}

// valuesIn is e with the sub-queries replaced that can be; e itself where there is none.
func (s *stager) valuesIn(ctx context.Context, e plan.Expr) (plan.Expr, error) {
	var failed error
	found := false
	out := plan.Rewrite(e, func(x plan.Expr) plan.Expr {
		sub, ok := x.(*plan.Sub)
		if !ok || sub.Kind != plan.SubScalar || failed != nil {
			return nil
		}
		if rule.ReadsOutside(sub.Query) || sub.T.Nested() { // lists are text once they have been read
			return sub
		}
		v, ok, err := s.value(ctx, sub)
		if err != nil {
			failed = err
		}
		if !ok || err != nil {
			return sub
		}
		found = true
		return &plan.Lit{V: v}
	})
	if failed != nil {
		return nil, failed
	}
	if !found {
		return e, nil
	}
	return out, nil
}

// value asks a sub-query; false where it has more than one row, of which the relational half tells the user.
func (s *stager) value(ctx context.Context, sub *plan.Sub) (v model.Value, ok bool, err error) {
	q, err := s.part(ctx, sub.Query)
	if err != nil {
		return v, false, err
	}
	b, err := s.read(ctx, q, 1, s.r.engine.opts.KeepBytes)
	if err != nil || b == nil {
		return v, false, err
	}
	s.q.First = append(s.q.First, plan.First{Label: "a value", Root: q.Root, Rows: int64(b.Len)})
	if b.Len == 0 {
		return model.NullOf(sub.T), true, nil
	}
	v = b.Cols[0].At(0)
	return v, v.Type == sub.T, nil
}

// folded computes the parts of an expression that have become constant. One that fails is left to fail where rows are.
func (s *stager) folded(ctx context.Context, e plan.Expr) plan.Expr {
	return plan.Rewrite(e, func(x plan.Expr) plan.Expr {
		switch x.(type) {
		case *plan.Lit, *plan.Col:
			return x
		case *plan.Call, *plan.Cast, *plan.Case:
			if !rule.Constant(x) {
				return nil
			}
			v, err := s.r.engine.constant(ctx, x)
			if err != nil || v.Type != x.Type() {
				return x
			}
			return &plan.Lit{V: v}
		}
		return nil
	})
}
