package rule

import "github.com/goptimedb/goptimedb/internal/query/plan"

// empty replaces what certainly has no rows, because a table that never has any is read for it, by no rows: nothing else is then read, and
// no sub-query asked, for rows that do not come. PostgreSQL's clients ask much about things that there are none of.
func empty(n plan.Node) (plan.Node, error) {
	none := false
	switch n := n.(type) {
	case *plan.Scan:
		none = n.Table.Empty && n.Request.Aggregate == nil
	case *plan.Filter, *plan.Project, *plan.Sort, *plan.Limit, *plan.Distinct:
		none = isEmpty(n.Inputs()[0])
	case *plan.Aggregate:
		none = len(n.Keys) > 0 && n.Sets == nil && isEmpty(n.Input)
	case *plan.Join:
		l, r := isEmpty(n.L), isEmpty(n.R)
		switch n.Kind {
		case plan.Inner, plan.Semi:
			none = l || r
		case plan.Left, plan.Anti:
			none = l
		case plan.Right:
			none = r
		case plan.Full:
			none = l && r
		}
	case *plan.SetOp:
		none = n.Kind == "UNION" && isEmpty(n.L) && isEmpty(n.R)
	}
	if none {
		return &plan.Values{Out: n.Cols()}, nil
	}
	return n, nil
}

func isEmpty(n plan.Node) bool {
	v, ok := n.(*plan.Values)
	return ok && len(v.Rows) == 0 && len(v.Out) > 0
}
