package rule

import (
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// maxPushedLimit keeps a scan from collecting a large limit in memory, where an order by time needs that.
const maxPushedLimit = 1 << 20

// limit lets regions stop early: after so many rows, or with the newest or oldest so many. The limit stays above as it was, for
// several regions, and so does the order.
func limit(_ *plan.Query, n plan.Node) (plan.Node, error) {
	l, ok := n.(*plan.Limit)
	if !ok || l.Count < 0 || l.Count+l.Offset > maxPushedLimit || l.Count+l.Offset <= 0 {
		return n, nil
	}
	below := l.Input
	for {
		p, ok := below.(*plan.Project)
		if !ok {
			break
		}
		below = p.Input
	}
	order := contract.OrderNone
	sort, sorted := below.(*plan.Sort)
	if sorted {
		below = sort.Input
	}
	s, items := scanBelow(below)
	if s == nil {
		return n, nil
	}
	if sorted {
		if len(sort.Keys) != 1 || !timeColumn(s, substitute(sort.Keys[0].X, items)) {
			return n, nil
		}
		order = contract.OrderTimeAsc
		if sort.Keys[0].Desc {
			order = contract.OrderTimeDesc
		}
	}
	s.Request.Order, s.Request.Limit = order, l.Count+l.Offset
	return n, nil
}
