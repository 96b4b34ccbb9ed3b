package rule

import (
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

const day = 24 * time.Hour

// wholeSlots are slots of time in which units of the calendar and parts of it do not change.
var wholeSlots = map[string]map[string]time.Duration{
	"date_trunc": {"month": day, "quarter": day, "year": day},
	"date_part": {"minute": time.Minute, "hour": time.Hour, "day": day, "dow": day, "isodow": day, "doy": day, "week": day, "month": day,
		"quarter": day, "year": day},
}

// finerKey is a key that regions cannot compute, but whose groups consist of whole groups that they can make: what is computed of tags
// alone, and calendar units of time, whose days are theirs.
func (p *pushedAggregate) finerKey(k plan.Item) bool {
	if !pure(k.X) {
		return false
	}
	if c, ok := k.X.(*plan.Call); ok && (c.Fn == "date_trunc" || c.Fn == "date_part") && isTime(p.scan, c.Args[1]) {
		l, ok := c.Args[0].(*plan.Lit)
		if !ok {
			return false
		}
		slot, ok := wholeSlots[c.Fn][strings.ToLower(l.V.Bytes)]
		if !ok {
			return false
		}
		bucket, ok := bucketOf(slot.Nanoseconds(), 0, p.scan.Table.Schema.TimeUnit())
		if !ok || !p.oneBucket(bucket) {
			return false
		}
		name := "day"
		if slot != day {
			name = slot.String()
		}
		at := p.scan.Table.Schema.Time()
		p.finerItem(k, func(plan.ColID) plan.Expr {
			return p.addKey(model.GroupKey{Column: at.ID, Bucket: &bucket}, name, at.Type).Ref()
		})
		return true
	}
	tags := 0
	ok := true
	plan.Uses(k.X, func(id plan.ColID) {
		col := p.scan.ColumnOf(id)
		ok = ok && col != nil && col.Semantic == model.TagColumn
		tags++
	})
	if !ok || tags == 0 {
		return false
	}
	made := map[plan.ColID]plan.Expr{}
	p.finerItem(k, func(id plan.ColID) plan.Expr {
		if made[id] == nil {
			col := p.scan.ColumnOf(id)
			made[id] = p.addKey(model.GroupKey{Column: col.ID}, col.Name, col.Type).Ref()
		}
		return made[id]
	})
	return true
}

func (p *pushedAggregate) finerItem(k plan.Item, f func(plan.ColID) plan.Expr) {
	p.finer = true
	x := plan.Rewrite(k.X, func(e plan.Expr) plan.Expr {
		if c, ok := e.(*plan.Col); ok {
			return f(c.ID)
		}
		return nil
	})
	p.items = append(p.items, plan.Item{Col: k.Col, X: x})
}
