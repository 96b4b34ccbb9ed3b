package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// partitions leaves out the regions of which the partition rules say that they hold none of the rows that a scan asks for.
func partitions(n plan.Node) {
	plan.Walk(n, func(n plan.Node) {
		s, ok := n.(*plan.Scan)
		if !ok || s.Table.Partition == nil {
			return
		}
		pred := model.And(s.Request.Predicate, timePredicate(s.Table.Schema, s.Request.TimeRange))
		if pred == nil {
			return
		}
		keep := s.Table.Partition.Candidates(pred)
		if len(keep) == 0 { // one region says that there is nothing
			keep = []int{0}
		}
		if len(keep) == len(s.Table.Regions) {
			return
		}
		t := *s.Table
		t.Regions, t.Partition = nil, nil // the rules' numbers are not places in Regions any more
		for _, i := range keep {
			t.Regions = append(t.Regions, s.Table.Regions[i])
		}
		s.Pruned += len(s.Table.Regions) - len(t.Regions)
		s.Table = &t
	})
}

// timePredicate is a range of time as conditions on the time index; nil where there is none.
func timePredicate(s *model.Schema, r model.TimeRange) *model.Expr {
	var start, end *model.Expr
	t := s.Time()
	if r.Start != model.AllTime.Start {
		start = model.Compare(model.OpGe, t.ID, model.IntValue(t.Type, r.Start))
	}
	if r.End != model.AllTime.End {
		end = model.Compare(model.OpLt, t.ID, model.IntValue(t.Type, r.End))
	}
	return model.And(start, end)
}
