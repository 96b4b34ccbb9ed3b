package rule

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// distinct makes a grouping of SELECT DISTINCT where regions can do that: over tags there are then as many rows as series at most. The
// time is left alone, of which there are as many values as rows.
func distinct(q *plan.Query, n plan.Node) (plan.Node, error) {
	d, ok := n.(*plan.Distinct)
	if !ok || len(d.On) > 0 {
		return n, nil
	}
	s, items := scanBelow(d.Input)
	if s == nil {
		return n, nil
	}
	g := &plan.Aggregate{Input: s}
	out := &plan.Project{Input: g}
	for _, c := range d.Cols() {
		x := substitute(c.Ref(), items)
		if !pure(x) || isTime(s, x) || !slices.Contains([]model.Class{model.ClassBool, model.ClassInt, model.ClassFloat, model.ClassBytes}, x.Type().Class()) {
			return n, nil
		}
		key := q.NewColumn(c.Name, c.Type)
		g.Keys = append(g.Keys, plan.Item{Col: key, X: x})
		out.Items = append(out.Items, plan.Item{Col: c, X: key.Ref()})
	}
	if len(g.Keys) == 0 {
		return n, nil
	}
	pushed, err := aggregate(q, g)
	if err != nil || pushed == plan.Node(g) {
		return n, err
	}
	out.Input = pushed
	return out, nil
}
