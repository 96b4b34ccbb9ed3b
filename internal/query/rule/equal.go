package rule

import "github.com/goptimedb/goptimedb/internal/query/plan"

// equality is a condition l = r of a join, of a column of its left side and one of its right.
type equality struct{ l, r *plan.Col }

// equalities are those of a join's condition that compare columns of the same type, one of each side.
func equalities(on []plan.Expr, l, r map[plan.ColID]bool) []equality {
	var out []equality
	for _, c := range on {
		call, ok := c.(*plan.Call)
		if !ok || call.Fn != plan.Eq {
			continue
		}
		x, ok1 := call.Args[0].(*plan.Col)
		y, ok2 := call.Args[1].(*plan.Col)
		if !ok1 || !ok2 || x.T != y.T || x.T.Floating() { // 0 and -0 are equal, and 1/x tells them apart
			continue
		}
		switch {
		case l[x.ID] && r[y.ID]:
			out = append(out, equality{x, y})
		case l[y.ID] && r[x.ID]:
			out = append(out, equality{y, x})
		}
	}
	return out
}

// transferred are the conditions that, of what is known of one side of a join, follow for the other: a.host = b.host AND a.host = 'x' says
// that b.host = 'x', too. Only conditions of one such column each are looked at.
func transferred(conds []plan.Expr, pairs []equality, left bool) []plan.Expr {
	var out []plan.Expr
	for _, p := range pairs {
		from, to := p.l, p.r
		if !left {
			from, to = p.r, p.l
		}
		only := map[plan.ColID]bool{from.ID: true}
		for _, c := range conds {
			if pure(c) && !plan.Const(c) && plan.UsesOnly(c, only) {
				out = append(out, substitute(c, []plan.Item{{Col: plan.Column{ID: from.ID}, X: to}}))
			}
		}
	}
	return out
}
