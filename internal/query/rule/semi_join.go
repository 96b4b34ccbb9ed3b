package rule

import "github.com/goptimedb/goptimedb/internal/query/plan"

// semiJoins makes joins of the sub-queries in conditions that ask whether a row exists: x IN (SELECT …), EXISTS (SELECT … WHERE inner =
// outer) and NOT EXISTS. A join can be done by its keys, from either side.
func semiJoins(n plan.Node) (plan.Node, error) {
	f, ok := n.(*plan.Filter)
	if !ok {
		return n, nil
	}
	var left []plan.Expr
	in := f.Input
	for _, c := range plan.Conjuncts(f.Cond) {
		if j := semiJoin(in, c); j != nil {
			in = j
		} else {
			left = append(left, c)
		}
	}
	if in == f.Input {
		return n, nil
	}
	return filter(in, left), nil
}

// semiJoin is the join of in that a condition stands for, or nil.
func semiJoin(in plan.Node, cond plan.Expr) plan.Node {
	not := false
	if c, ok := cond.(*plan.Call); ok && c.Fn == plan.Not {
		cond, not = c.Args[0], true
	}
	s, ok := cond.(*plan.Sub)
	if !ok {
		return nil
	}
	kind := plan.Semi
	if s.Not != not {
		kind = plan.Anti
	}
	var on []plan.Expr
	right := s.Query
	switch s.Kind {
	case plan.SubIn:
		col := right.Cols()[0]
		if kind == plan.Anti || plan.HasSub(s.X) || plan.Const(s.X) || s.X.Type() != col.Type { // NOT IN is no join: NULLs
			return nil
		}
		on = append(on, &plan.Call{Fn: plan.Eq, Args: []plan.Expr{s.X, col.Ref()}, T: s.T})
	case plan.SubExists:
	default:
		return nil
	}
	if right, on = lifted(right, on); right == nil || len(on) == 0 {
		return nil
	}
	return &plan.Join{Kind: kind, L: in, R: right, On: plan.Conj(on)}
}

// lifted takes the conditions of a sub-query that read the query around it out of it. on is the conditions so far; nil where the sub-query
// reads what is around in another place.
func lifted(n plan.Node, on []plan.Expr) (plan.Node, []plan.Expr) {
	if !readsOutside(n) {
		return n, on
	}
	switch x := n.(type) {
	case *plan.Project:
		for _, c := range on {
			if !mergeable(c, x.Items) {
				return nil, nil
			}
		}
		for _, it := range x.Items {
			if !pure(it.X) {
				return nil, nil
			}
		}
		return lifted(x.Input, substituteAll(on, x.Items))
	case *plan.Filter:
		inside := columnSet(x.Input)
		down, up := split(plan.Conjuncts(x.Cond), func(c plan.Expr) bool { return plan.UsesOnly(c, inside) && !plan.HasSub(c) })
		for _, c := range up {
			if plan.HasSub(c) {
				return nil, nil
			}
		}
		below, on := lifted(x.Input, append(on, up...))
		if below == nil {
			return nil, nil
		}
		return filter(below, down), on
	}
	return nil, nil
}

// readsOutside reports a plan that reads columns which none of its operators makes, or the rows of a recursive query around it.
func readsOutside(n plan.Node) bool {
	made := map[plan.ColID]bool{}
	recursions := map[int]bool{}
	plan.Walk(n, func(x plan.Node) {
		if r, ok := x.(*plan.Recursive); ok {
			recursions[r.ID] = true
		}
		for _, c := range x.Cols() {
			made[c.ID] = true
		}
	})
	outside := false
	plan.Walk(n, func(x plan.Node) {
		if w, ok := x.(*plan.Working); ok && !recursions[w.ID] {
			outside = true
		}
		for _, e := range plan.Exprs(x) {
			plan.Uses(e, func(id plan.ColID) { outside = outside || !made[id] })
		}
	})
	return outside
}
