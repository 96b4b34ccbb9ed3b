package rule

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// prune drops columns that nothing above reads. As every column has an id of its own, "read anywhere" is enough to know; what reads
// a column may itself be dropped, so it is done until nothing more falls.
func prune(q *plan.Query) {
	for dropUnused(q) {
	}
}

func dropUnused(q *plan.Query) bool {
	used := map[plan.ColID]bool{}
	for _, c := range q.Root.Cols() {
		used[c.ID] = true
	}
	plan.Walk(q.Root, func(n plan.Node) {
		for _, e := range plan.Exprs(n) {
			plan.Uses(e, func(c plan.ColID) { used[c] = true })
		}
		for _, e := range plan.Exprs(n) {
			useSubColumns(e, used)
		}
		switch n := n.(type) {
		case *plan.Recursive: // columns correspond by position, and to those of Working nodes
			for _, in := range n.Inputs() {
				for _, c := range in.Cols() {
					used[c.ID] = true
				}
			}
		case *plan.SetOp: // columns correspond by position
			if narrowable(n) {
				return // narrowed below, once it is known what is read of it
			}
			for _, in := range n.Inputs() {
				for _, c := range in.Cols() {
					used[c.ID] = true
				}
			}
		case *plan.Range:
			for _, p := range n.Parts {
				used[p.Slot] = true
				for _, c := range p.By {
					used[c] = true
				}
			}
			for _, it := range n.Items {
				for _, c := range it.Args {
					used[c] = true
				}
			}
		case *plan.Distinct:
			if len(n.On) == 0 { // every column counts
				for _, c := range n.Input.Cols() {
					used[c.ID] = true
				}
			}
		}
	})
	changed := false
	plan.Walk(q.Root, func(n plan.Node) {
		switch n := n.(type) {
		case *plan.SetOp:
			if narrowable(n) {
				changed = narrowUnion(n, used) || changed
			}
		case *plan.Project:
			kept := slices.DeleteFunc(slices.Clone(n.Items), func(it plan.Item) bool { return !used[it.Col.ID] })
			changed = changed || len(kept) < len(n.Items)
			n.Items = kept
		case *plan.Aggregate:
			kept := slices.DeleteFunc(slices.Clone(n.Aggs), func(a plan.Agg) bool { return !used[a.Col.ID] })
			changed = changed || len(kept) < len(n.Aggs)
			n.Aggs = kept
		case *plan.Window:
			kept := slices.DeleteFunc(slices.Clone(n.Calls), func(c plan.WindowCall) bool { return !used[c.Col.ID] })
			changed = changed || len(kept) < len(n.Calls)
			n.Calls = kept
		case *plan.Scan:
			changed = pruneScan(n, used) || changed
		}
	})
	return changed
}

// narrowable reports a set operation that gives its inputs' rows as they are: whether a column is there makes no difference to the others.
func narrowable(n *plan.SetOp) bool { return n.Kind == "UNION" && n.All }

// narrowUnion drops the columns of a UNION ALL that nobody reads, and marks those of its inputs that stay. It is met before its inputs are.
func narrowUnion(n *plan.SetOp, used map[plan.ColID]bool) bool {
	var out []plan.Column
	var keep []int
	for i, c := range n.Out {
		if used[c.ID] || i == len(n.Out)-1 && len(keep) == 0 { // one stays: a SELECT has a column
			out, keep = append(out, c), append(keep, i)
		}
	}
	changed := len(out) < len(n.Out)
	n.Out = out
	for side, in := range n.Inputs() {
		cols := in.Cols()
		p := &plan.Project{Input: in}
		below, computes := in.(*plan.Project)
		if computes {
			p.Input = below.Input
		}
		for _, i := range keep {
			used[cols[i].ID] = true
			it := plan.Item{Col: cols[i], X: cols[i].Ref()}
			if computes {
				it = below.Items[i]
			}
			p.Items = append(p.Items, it)
		}
		if changed {
			n.SetInput(side, p)
		}
	}
	return changed
}

// useSubColumns marks the result columns of sub-queries.
func useSubColumns(e plan.Expr, used map[plan.ColID]bool) {
	if s, ok := e.(*plan.Sub); ok {
		for _, c := range s.Query.Cols() {
			used[c.ID] = true
		}
	}
	for _, c := range plan.Children(e) {
		useSubColumns(c, used)
	}
}

func pruneScan(s *plan.Scan, used map[plan.ColID]bool) bool {
	if s.Request.Aggregate != nil { // its keys stay: they make the groups
		return pruneAggregates(s, used)
	}
	var out []plan.Column
	var source []model.ColumnID
	for i, c := range s.Out {
		if used[c.ID] {
			out = append(out, c)
			source = append(source, s.Source[i])
		}
	}
	changed := len(out) < len(s.Out)
	s.Out, s.Source = out, source
	return changed
}

func pruneAggregates(s *plan.Scan, used map[plan.ColID]bool) bool {
	a := s.Request.Aggregate
	out := slices.Clone(s.Out[:len(a.Keys)])
	var aggs []model.Agg
	at := len(a.Keys)
	for _, g := range a.Aggs {
		cols := s.Out[at : at+g.Width()]
		at += g.Width()
		if slices.ContainsFunc(cols, func(c plan.Column) bool { return used[c.ID] }) { // all of a reduction's columns or none
			out = append(out, cols...)
			aggs = append(aggs, g)
		}
	}
	if len(out) == 0 { // a group of all rows is asked for by a reduction, whichever
		return false
	}
	changed := len(out) < len(s.Out)
	s.Out = out
	s.Request.Aggregate = &model.Aggregate{Keys: a.Keys, Aggs: aggs, Partial: a.Partial, Slots: a.Slots}
	return changed
}
