package plan

import "slices"

// Clone copies a plan so that rules may change the copy. Columns keep their ids: the copy makes the same columns as n does.
func Clone(n Node) Node {
	items := func(in []Item) []Item {
		out := slices.Clone(in)
		for i := range out {
			out[i].X = cloneExpr(out[i].X)
		}
		return out
	}
	keys := func(in []SortKey) []SortKey {
		out := slices.Clone(in)
		for i := range out {
			out[i].X = cloneExpr(out[i].X)
		}
		return out
	}
	exprs := func(in []Expr) []Expr {
		out := slices.Clone(in)
		for i := range out {
			out[i] = cloneExpr(out[i])
		}
		return out
	}
	agg := func(a Agg) Agg {
		a.Args, a.OrderBy = exprs(a.Args), keys(a.OrderBy)
		a.Filter = cloneExpr(a.Filter)
		return a
	}
	var out Node
	switch n := n.(type) {
	case *Scan:
		c := *n
		c.Out, c.Source = slices.Clone(n.Out), slices.Clone(n.Source)
		out = &c
	case *Filter:
		out = &Filter{n.Input, cloneExpr(n.Cond)}
	case *Project:
		out = &Project{n.Input, items(n.Items)}
	case *Aggregate:
		c := *n
		c.Keys, c.Aggs = items(n.Keys), slices.Clone(n.Aggs)
		for i := range c.Aggs {
			c.Aggs[i] = agg(c.Aggs[i])
		}
		out = &c
	case *Window:
		c := *n
		c.Calls = slices.Clone(n.Calls)
		for i := range c.Calls {
			w := &c.Calls[i]
			w.Agg, w.PartitionBy, w.Order = agg(w.Agg), exprs(w.PartitionBy), keys(w.Order)
		}
		out = &c
	case *Join:
		c := *n
		c.On = cloneExpr(n.On)
		out = &c
	case *SetOp:
		c := *n
		out = &c
	case *Sort:
		out = &Sort{n.Input, keys(n.Keys)}
	case *Limit:
		c := *n
		out = &c
	case *Distinct:
		out = &Distinct{n.Input, exprs(n.On), keys(n.Order)}
	case *Values:
		c := &Values{Out: n.Out}
		for _, r := range n.Rows {
			c.Rows = append(c.Rows, exprs(r))
		}
		out = c
	case *TableFunc:
		out = &TableFunc{n.Fn, exprs(n.Args), n.Out, n.Ordinal}
	case *Recursive:
		c := *n
		out = &c
	case *Working:
		c := *n
		out = &c
	case *Unnest:
		out = &Unnest{n.Input, items(n.Items)}
	case *Range:
		c := *n
		c.Parts = slices.Clone(n.Parts)
		out = &c
	}
	for i, in := range out.Inputs() {
		out.SetInput(i, Clone(in))
	}
	return out
}

// cloneExpr copies the plans of sub-queries; everything else of an expression never changes.
func cloneExpr(e Expr) Expr {
	if e == nil || !HasSub(e) {
		return e
	}
	return Rewrite(e, func(x Expr) Expr {
		s, ok := x.(*Sub)
		if !ok {
			return nil
		}
		c := *s
		if c.X != nil {
			c.X = cloneExpr(c.X)
		}
		c.Query = Clone(c.Query)
		return &c
	})
}
