package query

import (
	"context"
	"math"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// guess is about how many rows a plan has, and how many are read for them.
type guess struct{ rows, read float64 }

// less reports the side of a join that is asked first: that for which less is read, unless it has too many rows to keep.
func (g guess) less(o guess) bool { return g.rows <= maxKept && g.read < o.read }

// guess needs to be no better than to tell which side of a join is the smaller one. Where a table's size is not known there are many rows.
func (s *stager) guess(ctx context.Context, n plan.Node) (g guess) {
	for _, x := range n.Inputs() {
		in := s.guess(ctx, x)
		g.read += in.read
		g.rows = max(g.rows, in.rows)
	}
	switch n := n.(type) {
	case *plan.Scan:
		g.rows = s.scanRows(ctx, n)
		g.read = g.rows
	case *plan.Values:
		g.rows = float64(len(n.Rows))
	case *plan.TableFunc:
		g.rows = 1000
	case *plan.Filter:
		g.rows /= 3
	case *plan.Aggregate:
		if g.rows /= 10; len(n.Keys) == 0 {
			g.rows = 1
		}
	case *plan.Distinct:
		g.rows /= 10
	case *plan.Limit:
		if n.Count >= 0 {
			g.rows = min(g.rows, float64(n.Count))
		}
	case *plan.SetOp:
		g.rows = s.guess(ctx, n.L).rows + s.guess(ctx, n.R).rows
	}
	return g
}

// made reports a plan that reads nothing but rows that are made as they are read.
func made(n plan.Node) bool {
	if sc, ok := n.(*plan.Scan); ok {
		return sc.Table.Rows != nil
	}
	for _, in := range n.Inputs() {
		if !made(in) {
			return false
		}
	}
	return true
}

func (s *stager) scanRows(ctx context.Context, n *plan.Scan) float64 {
	if n.Table.About > 0 {
		return max(1, reduced(float64(n.Table.About), n.Request.Predicate))
	}
	if n.Table.Rows != nil {
		return float64(max(n.Rows, 100))
	}
	rows := 0.0
	for _, id := range n.Table.Regions {
		st := s.statistics(ctx, id)
		if st == nil {
			return math.Inf(1)
		}
		rows += float64(st.Rows) * part(n.Request.TimeRange, st.MinTime, st.MaxTime)
	}
	rows = reduced(rows, n.Request.Predicate)
	n.Rows = int64(rows)
	return rows
}

// reduced is how many of the rows a predicate leaves.
func reduced(rows float64, pred *model.Expr) float64 {
	for _, e := range pred.Conjuncts() {
		switch e.Op {
		case model.OpFalse:
			return 0
		case model.OpEq:
			rows *= 0.05
		case model.OpIn:
			rows *= min(1, 0.05*float64(len(e.Values)))
		case model.OpNe, model.OpNotIn, model.OpNotNull:
		default:
			rows *= 0.4
		}
	}
	return rows
}

// part is how much of the times [lo, hi] is within r.
func part(r model.TimeRange, lo, hi int64) float64 {
	if lo > hi {
		return 1
	}
	from, to := max(float64(r.Start), float64(lo)), min(float64(r.End), float64(hi)+1)
	return max(0, to-from) / (float64(hi) - float64(lo) + 1)
}

func (s *stager) statistics(ctx context.Context, id model.RegionID) *contract.RegionStatistics {
	st, known := s.size[id]
	if !known {
		if all, err := s.r.engine.opts.Regions.Statistics(ctx, []model.RegionID{id}); err == nil && len(all) == 1 {
			st = &all[0]
		}
		s.size[id] = st
	}
	return st
}
