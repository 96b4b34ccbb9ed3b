package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// firstOfRank lets a scan give only the newest row of each series, where rows are numbered newest first within groups of whole series,
// and only number one is asked for: WHERE row_number() OVER (PARTITION BY tags ORDER BY ts DESC) = 1.
func firstOfRank(_ *plan.Query, n plan.Node) (plan.Node, error) {
	f, ok := n.(*plan.Filter)
	if !ok {
		return n, nil
	}
	w, ok := f.Input.(*plan.Window)
	if !ok || len(w.Calls) != 1 {
		return n, nil
	}
	call := &w.Calls[0]
	s, items := scanBelow(w.Input)
	if s == nil || call.Fn != "row_number" || call.Filter != nil || len(call.Order) != 1 || !call.Order[0].Desc ||
		!timeColumn(s, substitute(call.Order[0].X, items)) {
		return n, nil
	}
	for _, p := range call.PartitionBy {
		if !isTag(s, substitute(p, items)) {
			return n, nil
		}
	}
	for _, c := range plan.Conjuncts(f.Cond) {
		if onlyFirst(c, call.Col.ID) {
			s.Request.LastRow = true
		}
	}
	return n, nil
}

// onlyFirst reports the conditions id = 1, id <= 1 and id < 2.
func onlyFirst(e plan.Expr, id plan.ColID) bool {
	c, ok := e.(*plan.Call)
	if !ok || len(c.Args) != 2 {
		return false
	}
	op, ok := comparisons[c.Fn]
	x := c.Args[0]
	lit, isLit := c.Args[1].(*plan.Lit)
	if !isLit {
		if lit, isLit = x.(*plan.Lit); !isLit {
			return false
		}
		x, op = c.Args[1], mirrored[op]
	}
	if cast, isCast := x.(*plan.Cast); isCast && cast.T.Integer() {
		x = cast.X
	}
	col, isCol := x.(*plan.Col)
	if !ok || !isCol || col.ID != id || lit.V.Null() || !lit.V.Type.Integer() {
		return false
	}
	switch op {
	case model.OpEq, model.OpLe:
		return lit.V.Int == 1
	case model.OpLt:
		return lit.V.Int == 2
	}
	return false
}
