package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// belowJoin looks for a scan below a join that keeps, or joins, all of the scan's rows of a series alike, as it is with the series' tags that
// the other side is asked for them. Then the rows can be grouped by these tags before they are joined:
//
//	avg(cpu.usage) BY dim.team                       sum(s) / sum(n) BY dim.team
//	  cpu JOIN dim ON cpu.host = dim.name     →        (sum(usage) s, count(usage) n BY host) JOIN dim ON host = dim.name
//
// A group that joins several rows counts several times, as its rows would have.
func (p *pushedAggregate) belowJoin(n plan.Node) bool {
	j, ok := n.(*plan.Join)
	if !ok || j.Lateral || j.On == nil {
		return false
	}
	in := j.Inputs()
	for side := range 2 {
		s := plainScan(in[side])
		kept := j.Kind == plan.Inner || j.Kind == plan.Left && side == 0 || j.Kind == plan.Right && side == 1
		if s == nil || !kept || !pure(j.On) || readsOutside(in[1-side]) {
			continue
		}
		tags := true
		mine := columnSet(s)
		plan.Uses(j.On, func(id plan.ColID) {
			if mine[id] {
				tags = tags && s.ColumnOf(id).Semantic == model.TagColumn
			}
		})
		if tags && !(side == 0 && largerRight(j)) {
			p.scan, p.join, p.other, p.finer = s, j, columnSet(in[1-side]), true
			return true
		}
	}
	return false
}

// largerRight reports that the right side could be grouped as well, and has more rows.
func largerRight(j *plan.Join) bool {
	l, r := plainScan(j.L), plainScan(j.R)
	return j.Kind == plan.Inner && l != nil && r != nil && r.Rows > l.Rows
}

// joinKeys makes keys of the scan's tags in the join's condition, by which the groups are joined.
func (p *pushedAggregate) joinKeys() {
	made := map[plan.ColID]plan.Expr{}
	p.join.On = plan.Rewrite(p.join.On, func(e plan.Expr) plan.Expr {
		c, ok := e.(*plan.Col)
		if !ok || p.other[c.ID] {
			return nil
		}
		if made[c.ID] == nil {
			col := p.scan.ColumnOf(c.ID)
			made[c.ID] = p.addKey(model.GroupKey{Column: col.ID}, col.Name, col.Type).Ref()
		}
		return made[c.ID]
	})
}
