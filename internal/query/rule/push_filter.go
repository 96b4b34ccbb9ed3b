package rule

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func volatile(fn string) bool {
	f, ok := function.Lookup(fn)
	return !ok || f.Volatile
}

// pushFilters takes every condition as far down as it can go.
func pushFilters(n plan.Node) plan.Node { return pushInto(n, nil) }

// pushInto gives n with only the rows for which all conditions hold.
func pushInto(n plan.Node, conds []plan.Expr) plan.Node {
	for _, e := range plan.Exprs(n) {
		pushSubs(e)
	}
	switch n := n.(type) {
	case *plan.Filter:
		return pushInto(n.Input, append(plan.Conjuncts(n.Cond), conds...))
	case *plan.Project:
		down, up := split(conds, func(c plan.Expr) bool { return mergeable(c, n.Items) })
		n.Input = pushInto(n.Input, substituteAll(down, n.Items))
		return filter(n, up)
	case *plan.Aggregate:
		keys := map[plan.ColID]bool{}
		for _, k := range n.Keys {
			keys[k.Col.ID] = true
		}
		down, up := split(conds, func(c plan.Expr) bool {
			return n.Sets == nil && len(keys) > 0 && plan.UsesOnly(c, keys) && mergeable(c, n.Keys)
		})
		n.Input = pushInto(n.Input, substituteAll(down, n.Keys))
		return filter(n, up)
	case *plan.Join:
		return pushJoin(n, conds)
	case *plan.Sort:
		n.Input = pushInto(n.Input, conds)
		return n
	case *plan.Distinct:
		if len(n.On) == 0 {
			n.Input = pushInto(n.Input, conds)
			return n
		}
		on := map[plan.ColID]bool{}
		for _, e := range n.On {
			if c, ok := e.(*plan.Col); ok {
				on[c.ID] = true
			}
		}
		down, up := split(conds, func(c plan.Expr) bool { return len(on) > 0 && plan.UsesOnly(c, on) && pure(c) })
		n.Input = pushInto(n.Input, down)
		return filter(n, up)
	case *plan.SetOp:
		down, up := split(conds, pure)
		n.L = pushInto(n.L, renamed(down, n.Out, n.L.Cols()))
		n.R = pushInto(n.R, renamed(down, n.Out, n.R.Cols()))
		return filter(n, up)
	case *plan.Window:
		down, up := split(conds, func(c plan.Expr) bool { return plan.UsesOnly(c, partitionColumns(n)) })
		n.Input = pushInto(n.Input, down)
		return filter(n, up)
	case *plan.Range:
		return pushRange(n, conds)
	case *plan.Scan:
		return pushScan(n, conds)
	}
	for i, in := range n.Inputs() {
		n.SetInput(i, pushInto(in, nil))
	}
	return filter(n, conds)
}

// pushRange lets only groups in that are asked for.
func pushRange(n *plan.Range, conds []plan.Expr) plan.Node {
	by := map[plan.ColID]bool{}
	for _, c := range n.By {
		by[c.ID] = true
	}
	down, up := split(conds, func(c plan.Expr) bool { return len(by) > 0 && plan.UsesOnly(c, by) && pure(c) })
	for i := range n.Parts {
		p := &n.Parts[i]
		items := make([]plan.Item, len(n.By))
		for j, c := range n.By {
			items[j] = plan.Item{Col: c, X: &plan.Col{ID: p.By[j], Name: c.Name, T: c.Type}}
		}
		p.Input = pushInto(p.Input, substituteAll(down, items))
	}
	return filter(n, up)
}

func pushSubs(e plan.Expr) {
	if s, ok := e.(*plan.Sub); ok {
		s.Query = pushInto(s.Query, nil)
	}
	for _, c := range plan.Children(e) {
		pushSubs(c)
	}
}

func split(conds []plan.Expr, ok func(plan.Expr) bool) (yes, no []plan.Expr) {
	for _, c := range conds {
		if ok(c) {
			yes = append(yes, c)
		} else {
			no = append(no, c)
		}
	}
	return yes, no
}

func filter(n plan.Node, conds []plan.Expr) plan.Node {
	if c := plan.Conj(conds); c != nil {
		return &plan.Filter{Input: n, Cond: c}
	}
	return n
}

func substituteAll(es []plan.Expr, items []plan.Item) []plan.Expr {
	out := make([]plan.Expr, len(es))
	for i, e := range es {
		out[i] = substitute(e, items)
	}
	return out
}

func renamed(es []plan.Expr, from, to []plan.Column) []plan.Expr {
	return substituteAll(es, renaming(from, to))
}

// renaming is the columns of from as those of to.
func renaming(from, to []plan.Column) []plan.Item {
	items := make([]plan.Item, len(from))
	for i := range from {
		items[i] = plan.Item{Col: from[i], X: to[i].Ref()}
	}
	return items
}

// partitionColumns are the columns by which every window of n parts its rows: leaving out whole partitions changes no other one.
func partitionColumns(n *plan.Window) map[plan.ColID]bool {
	var all map[plan.ColID]bool
	for _, c := range n.Calls {
		set := map[plan.ColID]bool{}
		for _, p := range c.PartitionBy {
			if col, ok := p.(*plan.Col); ok && (all == nil || all[col.ID]) {
				set[col.ID] = true
			}
		}
		all = set
	}
	return all
}

// pushJoin sends conditions to the side that they read. Of the side that an outer join may fill up with NULLs, only the join's own
// condition may be judged before.
func pushJoin(n *plan.Join, conds []plan.Expr) plan.Node {
	l, r := columnSet(n.L), columnSet(n.R)
	simplifyOuter(n, conds, l, r)
	ofL := func(c plan.Expr) bool { return plan.UsesOnly(c, l) && !plan.Const(c) }
	ofR := func(c plan.Expr) bool { return plan.UsesOnly(c, r) && !plan.Const(c) && !n.Lateral }
	var toL, toR, none []plan.Expr
	on := plan.Conjuncts(n.On)
	keepL := n.Kind == plan.Inner || n.Kind == plan.Left || n.Kind == plan.Semi || n.Kind == plan.Anti
	keepR := n.Kind == plan.Inner || n.Kind == plan.Right
	if keepL {
		toL, conds = split(conds, ofL)
	}
	if keepR {
		toR, conds = split(conds, ofR)
	}
	if reducesL(n.Kind) {
		none, on = split(on, ofL)
		toL = append(toL, none...)
	}
	if reducesR(n.Kind) {
		none, on = split(on, ofR)
		toR = append(toR, none...)
	}
	if n.Kind == plan.Inner { // what reads both sides joins them
		var both []plan.Expr
		both, conds = split(conds, func(c plan.Expr) bool { return !plan.HasSub(c) && !plan.Const(c) })
		on = append(on, both...)
	}
	pairs := equalities(on, l, r)
	ofLeft, ofRight := toL, toR
	if reducesR(n.Kind) && !n.Lateral {
		toR = append(slices.Clone(toR), transferred(ofLeft, pairs, true)...)
	}
	if reducesL(n.Kind) {
		toL = append(slices.Clone(toL), transferred(ofRight, pairs, false)...)
	}
	n.On = plan.Conj(on)
	n.L, n.R = pushInto(n.L, toL), pushInto(n.R, toR)
	return filter(n, conds)
}

// reducesL reports a join of whose left side only the rows matter that match one of the right side; reducesR the same with sides exchanged.
func reducesL(k plan.JoinKind) bool { return k == plan.Inner || k == plan.Right || k == plan.Semi }

func reducesR(k plan.JoinKind) bool {
	return k == plan.Inner || k == plan.Left || k == plan.Semi || k == plan.Anti
}

// pushScan makes conditions part of the request, and keeps those that a region cannot judge.
func pushScan(s *plan.Scan, conds []plan.Expr) plan.Node {
	if s.Table.Rows != nil {
		if s.Table.RowsOf != nil { // told what is wanted, but all rows are judged here
			preds := []*model.Expr{s.Request.Predicate}
			for _, c := range conds {
				if p, ok := predicate(s, c, false); ok {
					preds = append(preds, p)
				}
			}
			s.Request.Predicate = model.And(preds...)
		}
		return filter(s, conds)
	}
	if plainScan(s) == nil { // what it has become is no longer its rows
		return filter(s, conds)
	}
	var left []plan.Expr
	preds := []*model.Expr{s.Request.Predicate}
	time := s.Table.Schema.TimeIndex
	for _, c := range conds {
		p, ok := predicate(s, c, false)
		if !ok {
			left = append(left, c)
			continue
		}
		for _, leaf := range conjuncts(p) {
			if leaf.Op >= model.OpEq && leaf.Column == time && narrowRange(&s.Request.TimeRange, leaf) {
				continue
			}
			preds = append(preds, leaf)
		}
	}
	s.Request.Predicate = model.And(preds...)
	return filter(s, left)
}

func conjuncts(p *model.Expr) []*model.Expr {
	if p == nil || p.Op != model.OpAnd {
		return []*model.Expr{p}
	}
	var out []*model.Expr
	for _, a := range p.Args {
		out = append(out, conjuncts(a)...)
	}
	return out
}

// narrowRange takes a comparison of the time index into the time range.
func narrowRange(r *model.TimeRange, leaf *model.Expr) bool {
	if leaf.Op > model.OpGe || leaf.Op == model.OpNe {
		return false
	}
	v := leaf.Values[0].Int
	after := model.TimeRange{Start: v, End: model.AllTime.End}
	before := model.TimeRange{Start: model.AllTime.Start, End: v}
	switch last := v == model.AllTime.End; leaf.Op {
	case model.OpGe:
		*r = r.Intersect(after)
	case model.OpLt:
		*r = r.Intersect(before)
	case model.OpGt, model.OpLe, model.OpEq:
		if last {
			return false
		}
		if leaf.Op == model.OpGt {
			after.Start++
			*r = r.Intersect(after)
			return true
		}
		before.End++
		*r = r.Intersect(before)
		if leaf.Op == model.OpEq {
			*r = r.Intersect(after)
		}
	}
	return true
}
