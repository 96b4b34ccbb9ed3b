package query

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/rule"
)

// spilling is the plan of a query of which some groups did not fit into memory where its regions grouped: the regions give their rows, and
// the relational half groups them, which writes to disk what it cannot hold. ok is false where no region grouped, and of range queries,
// which hold as many groups again.
func (r *runner) spilling(ctx context.Context, sess *model.Session, q *sql.Query, params []model.Value) (p *plan.Query, ok bool) {
	p, err := r.engine.plan(ctx, sess, q, params)
	if err != nil {
		return nil, false
	}
	grouped, windows := false, false
	plan.Walk(p.Root, func(n plan.Node) {
		switch n := n.(type) {
		case *plan.Scan:
			grouped = grouped || n.Request.Aggregate != nil
		case *plan.Range:
			windows = true
		}
	})
	if !grouped || windows {
		return nil, false
	}
	p, err = bind.Query(ctx, r.engine.env(sess, params), q)
	return p, err == nil && rule.Spread(p) == nil
}
