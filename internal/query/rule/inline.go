package rule

import "github.com/goptimedb/goptimedb/internal/query/plan"

// inline merges a projection into the projection or grouping above it, so that this stands on the scan itself.
func inline(_ *plan.Query, n plan.Node) (plan.Node, error) {
	in := n.Inputs()
	if len(in) != 1 {
		return n, nil
	}
	p, ok := in[0].(*plan.Project)
	if !ok {
		return n, nil
	}
	for _, e := range plan.Exprs(n) {
		if !mergeable(e, p.Items) {
			return n, nil
		}
	}
	sub := func(e plan.Expr) plan.Expr { return substitute(e, p.Items) }
	switch n := n.(type) {
	case *plan.Project:
		if !cheap(n, p) {
			return n, nil
		}
		for i := range n.Items {
			n.Items[i].X = sub(n.Items[i].X)
		}
	case *plan.Aggregate:
		for i := range n.Keys {
			n.Keys[i].X = sub(n.Keys[i].X)
		}
		for i := range n.Aggs {
			n.Aggs[i].Rewrite(sub)
		}
	default:
		return n, nil
	}
	n.SetInput(0, p.Input)
	return n, nil
}

// cheap reports that merging p into n computes nothing twice.
func cheap(n, p *plan.Project) bool {
	times := map[plan.ColID]int{}
	for _, it := range n.Items {
		plan.Uses(it.X, func(id plan.ColID) { times[id]++ })
	}
	for _, it := range p.Items {
		switch it.X.(type) {
		case *plan.Col, *plan.Lit:
		default:
			if times[it.Col.ID] > 1 {
				return false
			}
		}
	}
	return true
}
