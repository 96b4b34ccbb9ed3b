package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// lastRow lets a scan give only the newest row of each series, where that is all that the grouping above looks at: the last values by
// time, or DISTINCT ON newest first, of groups that are made of whole series.
func lastRow(_ *plan.Query, n plan.Node) (plan.Node, error) {
	switch n := n.(type) {
	case *plan.Aggregate:
		if s := plainScan(n.Input); s != nil && n.Sets == nil && len(n.Aggs) > 0 && lastOnly(s, n) {
			s.Request.LastRow = true
		}
	case *plan.Distinct:
		s, items := scanBelow(n.Input)
		if s == nil || len(n.On) == 0 || len(n.Order) != len(n.On)+1 {
			return n, nil
		}
		for _, e := range n.On {
			if !isTag(s, substitute(e, items)) {
				return n, nil
			}
		}
		k := n.Order[len(n.On)]
		if c := timeColumn(s, substitute(k.X, items)); c && k.Desc {
			s.Request.LastRow = true
		}
	}
	return n, nil
}

// scanBelow is the plain scan under any number of projections, and what those compute of it.
func scanBelow(n plan.Node) (*plan.Scan, []plan.Item) {
	switch n := n.(type) {
	case *plan.Scan:
		return plainScan(n), nil
	case *plan.Project:
		s, below := scanBelow(n.Input)
		items := make([]plan.Item, len(n.Items))
		for i, it := range n.Items {
			items[i] = plan.Item{Col: it.Col, X: substitute(it.X, below)}
		}
		return s, items
	}
	return nil, nil
}

func lastOnly(s *plan.Scan, a *plan.Aggregate) bool {
	for _, k := range a.Keys {
		if !isTag(s, k.X) {
			return false
		}
	}
	for i := range a.Aggs {
		c := &a.Aggs[i]
		switch {
		case c.Distinct || c.Filter != nil || c.IgnoreNulls || len(c.Args) != 1:
			return false
		case c.Fn == "last_value" && len(c.OrderBy) == 1 && !c.OrderBy[0].Desc && timeColumn(s, c.OrderBy[0].X):
		case c.Fn == "first_value" && len(c.OrderBy) == 1 && c.OrderBy[0].Desc && timeColumn(s, c.OrderBy[0].X):
		case c.Fn == "max" && timeColumn(s, c.Args[0]):
		default:
			return false
		}
	}
	return true
}

func isTag(s *plan.Scan, e plan.Expr) bool {
	c, ok := e.(*plan.Col)
	if !ok {
		return false
	}
	col := s.ColumnOf(c.ID)
	return col != nil && col.Semantic == model.TagColumn
}

func timeColumn(s *plan.Scan, e plan.Expr) bool {
	c, ok := e.(*plan.Col)
	if !ok {
		return false
	}
	col := s.ColumnOf(c.ID)
	return col != nil && col.ID == s.Table.Schema.TimeIndex
}
