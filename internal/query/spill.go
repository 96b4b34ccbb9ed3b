package query

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/rule"
)

// holdTables accounts for the tables that were made for the query alone.
func holdTables(mem *budget.Lease, p *plan.Query) error {
	held := map[*plan.Table]int64{}
	plan.Walk(p.Root, func(n plan.Node) {
		if s, ok := n.(*plan.Scan); ok {
			held[s.Table] = s.Table.Held
		}
	})
	var all int64
	for _, n := range held {
		all += n
	}
	if err := mem.Reserve(all); err != nil {
		return errs.Wrap(errs.CodeOf(err), err, "the rows of TQL within a query do not fit into memory: ask for fewer series or a shorter time, or raise memory.limit")
	}
	return nil
}

// spilling is the plan of a query of which some groups did not fit into memory where its regions grouped: the regions give their rows, and
// the relational half groups them, which writes to disk what it cannot hold. ok is false of range queries, which hold as many groups again.
func (r *runner) spilling(ctx context.Context, sess *model.Session, q *sql.Query, params []model.Value) (p *plan.Query, ok bool) {
	p, err := bind.Query(ctx, r.engine.env(sess, params), q)
	if err != nil || rule.Spread(p) != nil {
		return nil, false
	}
	ok = true
	plan.Walk(p.Root, func(n plan.Node) {
		if _, windows := n.(*plan.Range); windows {
			ok = false
		}
	})
	return p, ok
}
