package query

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// Condition is a WHERE clause over one table as its regions judge it.
type Condition struct {
	Schema *model.Schema // by which it was bound
	Times  model.TimeRange
	// Predicate, with Times, is what regions judge; nil: nothing more than Times.
	Predicate *model.Expr
	// Whole tells that this is the clause. If not, something is left that only a query can judge.
	Whole bool
}

// Condition finds out what of a condition on the rows of a table its regions can judge. A nil where is true.
func (e *Engine) Condition(ctx context.Context, sess *model.Session, table sql.ObjectName, where sql.Expr, params ...model.Value) (Condition, error) {
	q := &sql.Query{Body: &sql.Select{From: []sql.TableExpr{&sql.TableRef{Name: table}}, Where: where,
		Items: []sql.SelectItem{{Expr: &sql.Literal{Kind: sql.LitInt, Text: "1"}}}}}
	p, err := e.plan(ctx, sess, q, params)
	if err != nil {
		return Condition{}, err
	}
	c := Condition{Whole: true}
	for n := p.Root; ; {
		switch x := n.(type) {
		case *plan.Project:
			n = x.Input
		case *plan.Filter:
			n, c.Whole = x.Input, false
		case *plan.Scan:
			c.Schema, c.Times, c.Predicate = x.Table.Schema, x.Request.TimeRange, x.Request.Predicate
			c.Whole = c.Whole && x.Request.Aggregate == nil && !x.Request.LastRow && x.Request.Limit == 0
			return c, nil
		default:
			return Condition{}, nil
		}
	}
}
