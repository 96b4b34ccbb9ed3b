package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// slotComparison compares the start of a slot of time with a value, as date_trunc('hour', ts) >= '2024-01-01' does, by the time itself:
// a slot starts at or after v exactly if its times are at or after the first start that is not before v.
func slotComparison(s *plan.Scan, op model.Op, e plan.Expr, v model.Value) (*model.Expr, bool) {
	const far = 1 << 61 // from where starts of slots might not be 64 bits
	t := s.Table.Schema.Time()
	bucket, ok := timeBucket(s, e)
	if !ok {
		return nil, false
	}
	if v.Null() {
		return never, true
	}
	at := v.Int
	switch typ := e.Type(); {
	case v.Type != typ:
		return nil, false
	case typ.Kind == model.KindDate:
		day := 86400e9 / t.Type.Unit.Nanos()
		if at > far/day || at < -far/day {
			return nil, false
		}
		at *= day
	case typ != t.Type:
		return nil, false
	}
	if at >= far || at <= -far || bucket.Width >= far {
		return nil, false
	}
	first := bucket.Start(at) // the first start that is not before v
	if first < at {
		first += bucket.Width
	}
	next := first // the first start after v
	if next == at {
		next += bucket.Width
	}
	from := func(at int64) *model.Expr { return model.Compare(model.OpGe, t.ID, model.IntValue(t.Type, at)) }
	before := func(at int64) *model.Expr { return model.Compare(model.OpLt, t.ID, model.IntValue(t.Type, at)) }
	switch op {
	case model.OpGe:
		return from(first), true
	case model.OpGt:
		return from(next), true
	case model.OpLt:
		return before(first), true
	case model.OpLe:
		return before(next), true
	case model.OpEq:
		if first != at {
			return never, true
		}
		return model.And(from(first), before(next)), true
	case model.OpNe:
		if first != at {
			return always, true
		}
		return model.Or(before(first), from(next)), true
	}
	return nil, false
}
