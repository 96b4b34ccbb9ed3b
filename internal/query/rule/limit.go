package rule

import (
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// maxPushedLimit keeps a scan from collecting a large limit in memory, where an order by time needs that.
const maxPushedLimit = 1 << 20

// limit lets regions stop early: after so many rows, or with the newest or oldest so many. The limit stays above as it was, for
// several regions, and so does the order.
func limit(_ *plan.Query, n plan.Node) (plan.Node, error) {
	if l, ok := n.(*plan.Limit); ok {
		pushLimit(l)
	}
	return n, nil
}

func pushLimit(l *plan.Limit) {
	if l.Count < 0 || l.Count+l.Offset > maxPushedLimit || l.Count+l.Offset <= 0 {
		return
	}
	below := l.Input
	for {
		p, ok := below.(*plan.Project)
		if !ok {
			break
		}
		below = p.Input
	}
	if limitParts(below, l.Count+l.Offset) {
		return
	}
	order := contract.OrderNone
	sort, sorted := below.(*plan.Sort)
	if sorted {
		below = sort.Input
		limitSlots(sort, l.Count+l.Offset)
	}
	s, items := scanBelow(below)
	if s == nil {
		return
	}
	if sorted {
		if len(sort.Keys) != 1 || !timeColumn(s, substitute(sort.Keys[0].X, items)) {
			return
		}
		order = contract.OrderTimeAsc
		if sort.Keys[0].Desc {
			order = contract.OrderTimeDesc
		}
	}
	s.Request.Order, s.Request.Limit = order, l.Count+l.Offset
}

// limitParts cuts off what is put together below a limit of n rows, in an order or none: each part of a UNION ALL, and the side of a join
// of which every row is kept, gives n rows at most. It reports whether the node is of such parts, and is safe because the limit stays above.
func limitParts(below plan.Node, n int64) bool {
	var keys []plan.SortKey
	if s, ok := below.(*plan.Sort); ok {
		keys, below = s.Keys, s.Input
	}
	for {
		p, ok := below.(*plan.Project)
		if !ok {
			break
		}
		moved := make([]plan.SortKey, len(keys))
		for i, k := range keys {
			if !mergeable(k.X, p.Items) {
				return false
			}
			k.X = substitute(k.X, p.Items)
			moved[i] = k
		}
		keys, below = moved, p.Input
	}
	part := func(in plan.Node, rename []plan.Item) plan.Node {
		if len(keys) > 0 {
			own := make([]plan.SortKey, len(keys))
			for i, k := range keys {
				k.X = substitute(k.X, rename)
				own[i] = k
			}
			in = &plan.Sort{Input: in, Keys: own}
		}
		l := &plan.Limit{Input: in, Count: n}
		pushLimit(l)
		return l
	}
	switch b := below.(type) {
	case *plan.SetOp:
		if b.Kind != "UNION" || !b.All {
			return false
		}
		for _, k := range keys {
			if !pure(k.X) {
				return false
			}
		}
		for i, in := range b.Inputs() {
			b.SetInput(i, part(in, renaming(b.Out, in.Cols())))
		}
		return true
	case *plan.Join:
		kept, side := b.Kind == plan.Left || b.Kind == plan.Right, 0
		if b.Kind == plan.Right {
			side = 1
		}
		in := b.Inputs()[side]
		set := columnSet(in)
		for _, k := range keys {
			kept = kept && pure(k.X) && plan.UsesOnly(k.X, set)
		}
		if kept && !b.Lateral {
			b.SetInput(side, part(in, nil))
		}
		return true
	}
	return false
}

// maxSlots keeps limits that are hardly any from making regions look again and again.
const maxSlots = 10_000

// limitSlots lets regions look at the newest or oldest slots of time only, where groups are put in that order and the first so many are
// kept. A group that several regions have part of is safe: a region leaves out slots only if it has enough groups before them, which are as
// many groups of the result.
func limitSlots(sort *plan.Sort, n int64) {
	if n > maxSlots {
		return
	}
	x := sort.Keys[0].X
	below := sort.Input
	for {
		switch b := below.(type) {
		case *plan.Project:
			if !mergeable(x, b.Items) {
				return
			}
			x, below = substitute(x, b.Items), b.Input
			continue
		case *plan.Aggregate: // which merges the groups of regions
			for _, k := range b.Keys {
				if _, ok := k.X.(*plan.Col); !ok {
					return
				}
			}
			if s, ok := b.Input.(*plan.Scan); !ok || s.Request.Aggregate == nil || len(s.Request.Aggregate.Keys) != len(b.Keys) {
				return
			}
			x, below = substitute(x, b.Keys), b.Input
			continue
		}
		break
	}
	s, ok := below.(*plan.Scan)
	if !ok || s.Request.Aggregate == nil || s.Request.Aggregate.Partial {
		return
	}
	if c, ok := x.(*plan.Cast); ok && !c.Try && (c.T.IsTimestamp() || c.T.Kind == model.KindDate) {
		x = c.X
	}
	c, ok := x.(*plan.Col)
	if !ok {
		return
	}
	for i, k := range s.Request.Aggregate.Keys {
		if s.Out[i].ID == c.ID && k.Bucket != nil {
			a := *s.Request.Aggregate
			if a.Slots = int(n); !sort.Keys[0].Desc {
				a.Slots = -a.Slots
			}
			s.Request.Aggregate = &a
		}
	}
}
