package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// Narrow sends key sets towards the scans below n. all tells that every set has become part of the request of each scan that its column
// comes from, so that rows with other keys are gone; any, that one of them is of use in some scan. Where a set could not go further it is
// left out.
func Narrow(n plan.Node, sets []*plan.InSet) (out plan.Node, all, any bool) {
	conds := make([]plan.Expr, len(sets))
	mine := map[*plan.KeySet]bool{}
	for i, s := range sets {
		conds[i] = s
		mine[s.Set] = true
	}
	all = true
	out = withoutSets(pushInto(n, conds), &all)
	plan.Walk(out, func(n plan.Node) {
		if s, ok := n.(*plan.Scan); ok {
			for _, f := range s.Sets {
				any = any || mine[f.Set]
			}
		}
	})
	return out, all, any
}

// withoutSets drops the key sets in filters; whole becomes false if there was one.
func withoutSets(n plan.Node, whole *bool) plan.Node {
	for i, in := range n.Inputs() {
		n.SetInput(i, withoutSets(in, whole))
	}
	f, ok := n.(*plan.Filter)
	if !ok {
		return n
	}
	conds := plan.Conjuncts(f.Cond)
	kept, sets := split(conds, func(c plan.Expr) bool {
		_, is := c.(*plan.InSet)
		return !is
	})
	if len(sets) == 0 {
		return n
	}
	*whole = false
	return filter(f.Input, kept)
}

// predicateSet is a key set as a list of values, where there are not too many, and as a range of times.
func predicateSet(s *plan.Scan, e *plan.InSet, not bool) (*model.Expr, bool) {
	col, as := operand(s, e.X)
	if col == nil || not {
		return nil, false
	}
	if !e.Set.Known {
		s.Sets = append(s.Sets, plan.SetFilter{Column: col.Name, Set: e.Set})
		return always, true
	}
	if e.Set.Count == 0 {
		s.Sets = append(s.Sets, plan.SetFilter{Column: col.Name, Set: e.Set})
		return never, true
	}
	var all []*model.Expr
	if e.Set.Values != nil {
		in := &model.Expr{Op: model.OpIn, Column: col.ID, Values: make([]model.Value, 0, len(e.Set.Values))}
		for _, v := range e.Set.Values {
			leaf, ok := narrow(col, as, model.OpEq, v)
			if !ok {
				return nil, false
			}
			if leaf.Op == model.OpEq {
				in.Values = append(in.Values, leaf.Values[0])
			}
		}
		if len(in.Values) == 0 {
			in = never
		}
		all = append(all, in)
	}
	if e.Set.Ranged && (e.Set.Values == nil || col.ID == s.Table.Schema.TimeIndex) {
		from, ok1 := narrow(col, as, model.OpGe, e.Set.Min)
		to, ok2 := narrow(col, as, model.OpLe, e.Set.Max)
		if ok1 && ok2 {
			all = append(all, from, to)
		}
	}
	if len(all) == 0 {
		return nil, false
	}
	s.Sets = append(s.Sets, plan.SetFilter{Column: col.Name, Set: e.Set})
	return model.And(all...), true
}

// JoinKeys are the pairs of expressions that a join asks to be equal, one of each side. Other conditions are left aside, so that rest tells
// whether there are any.
func JoinKeys(n *plan.Join) (l, r []plan.Expr, rest bool) {
	left, right := columnSet(n.L), columnSet(n.R)
	of := func(e plan.Expr, set map[plan.ColID]bool) bool {
		return plan.UsesOnly(e, set) && !plan.Const(e) && pure(e)
	}
	for _, c := range plan.Conjuncts(n.On) {
		call, ok := c.(*plan.Call)
		if !ok || call.Fn != plan.Eq {
			rest = true
			continue
		}
		x, y := call.Args[0], call.Args[1]
		switch {
		case of(x, left) && of(y, right):
		case of(y, left) && of(x, right):
			x, y = y, x
		default:
			rest = true
			continue
		}
		l, r = append(l, x), append(r, y)
	}
	return l, r, rest
}

// ReducesLeft reports a join of whose left side only the rows matter that match one of the right side.
func ReducesLeft(k plan.JoinKind) bool { return reducesL(k) }

// ReducesRight is ReducesLeft with the sides exchanged.
func ReducesRight(k plan.JoinKind) bool { return reducesR(k) }

// ReadsOutside reports a plan that reads columns which none of its operators makes: those of a query around it.
func ReadsOutside(n plan.Node) bool { return readsOutside(n) }

// Repush takes the conditions of the whole query as far down as they go, once more.
func Repush(q *plan.Query) { q.Root = pushFilters(q.Root) }

// Constant reports an expression that reads nothing and gives the same each time.
func Constant(e plan.Expr) bool { return plan.Const(e) && pure(e) }
