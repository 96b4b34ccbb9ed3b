package bind

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func (b *binder) subquery(es *exprScope, e sql.Expr) (plan.Expr, error) {
	switch e := e.(type) {
	case *sql.Exists:
		rel, err := b.query(e.Query, es.scope, es.with)
		if err != nil {
			return nil, err
		}
		return &plan.Sub{Kind: plan.SubExists, Query: rel.node, T: model.Bool}, nil
	case *sql.Subquery:
		node, t, err := b.oneColumn(es, e.Query)
		if err != nil {
			return nil, err
		}
		return &plan.Sub{Kind: plan.SubScalar, Query: node, T: t}, nil
	case *sql.InQuery:
		return b.quantified(es, plan.SubIn, e.X, e.Query, "", e.Not)
	case *sql.Quantified:
		if e.Query == nil {
			return b.anyOfArray(es, e)
		}
		kind := plan.SubAny
		if e.All {
			kind = plan.SubAll
		}
		return b.quantified(es, kind, e.X, e.Query, opNames[e.Op], false)
	}
	return nil, errs.New(errs.Internal, "sub-query %T", e)
}

// oneColumn binds a sub-query that stands for values.
func (b *binder) oneColumn(es *exprScope, q *sql.Query) (plan.Node, model.Type, error) {
	rel, err := b.query(q, es.scope, es.with)
	if err != nil {
		return nil, model.Null, err
	}
	if len(rel.cols) != 1 {
		return nil, model.Null, planError("Error during planning: Too many columns! The subquery should only return one column")
	}
	return b.converted(rel, []model.Type{rel.cols[0].col.Type}), rel.cols[0].col.Type, nil
}

func (b *binder) quantified(es *exprScope, kind plan.SubKind, xe sql.Expr, q *sql.Query, op string, not bool) (plan.Expr, error) {
	x, err := b.expr(es, xe)
	if err != nil {
		return nil, err
	}
	rel, err := b.query(q, es.scope, es.with)
	if err != nil {
		return nil, err
	}
	return b.compareRows(kind, x, rel, op, not)
}

// compareRows compares x with the rows of a relation of one column.
func (b *binder) compareRows(kind plan.SubKind, x plan.Expr, rel *relation, op string, not bool) (plan.Expr, error) {
	if len(rel.cols) != 1 {
		return nil, planError("Error during planning: Too many columns! The subquery should only return one column")
	}
	t, ok := function.Common(x.Type(), rel.cols[0].col.Type)
	if !ok {
		return nil, planError("Error during planning: expr type %s can't cast to %s in InSubquery", x.Type(), rel.cols[0].col.Type)
	}
	x, err := b.cast(x, t)
	if err != nil {
		return nil, err
	}
	return &plan.Sub{Kind: kind, Not: not, X: x, Op: op, Query: b.converted(rel, []model.Type{t}), T: model.Bool}, nil
}
