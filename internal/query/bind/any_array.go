package bind

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// anyOfArray binds x = ANY(array) and x <> ALL(array): of a written list as IN does, of any other array by looking into it.
func (b *binder) anyOfArray(es *exprScope, e *sql.Quantified) (plan.Expr, error) {
	if e.All != (e.Op == sql.OpNe) || e.Op != sql.OpEq && e.Op != sql.OpNe {
		return nil, errs.New(errs.Unsupported, "%s of an array: = ANY and <> ALL are supported", e.Op)
	}
	if a, ok := e.Array.(*sql.ArrayLit); ok && len(a.Elems) > 0 {
		return b.inList(es, &sql.InList{X: e.X, List: a.Elems, Not: e.All})
	}
	list, err := b.expr(es, e.Array)
	if err != nil {
		return nil, err
	}
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	t := list.Type()
	if t.Kind != model.KindList {
		return nil, planError("Error during planning: ANY and ALL take an array or a query, not %s", t)
	}
	if elem := t.ElemType(); elem.Kind != model.KindNull && elem != x.Type() {
		common, ok := function.Common(x.Type(), elem)
		if !ok {
			return nil, planError("Error during planning: expr type %s can't be compared with elements of %s", x.Type(), t)
		}
		if x, err = b.cast(x, common); err != nil {
			return nil, err
		}
		if list, err = b.cast(list, model.ListOf(common)); err != nil {
			return nil, err
		}
	}
	has, err := b.callFn("array_has", list, x)
	if err != nil || !e.All {
		return has, err
	}
	return b.callFn(plan.Not, has)
}
