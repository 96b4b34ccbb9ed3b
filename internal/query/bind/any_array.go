package bind

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// maxWrittenOut bounds the elements of a list whose comparisons are written out one by one.
const maxWrittenOut = 64

// anyOfArray binds x op ANY(array) and x op ALL(array). x = ANY(array) and x <> ALL(array) are IN for a written list, and look into any other
// array. Other operators are written out for the elements of a short list; else they compare with the rows that the list makes.
func (b *binder) anyOfArray(es *exprScope, e *sql.Quantified) (plan.Expr, error) {
	if !e.Op.Comparison() {
		return nil, errs.New(errs.Unsupported, "Not supported: operator %s with ANY or ALL", e.Op)
	}
	a, literal := e.Array.(*sql.ArrayLit)
	in := e.Op == sql.OpEq && !e.All || e.Op == sql.OpNe && e.All
	switch {
	case literal && len(a.Elems) == 0:
		return &plan.Lit{V: model.BoolValue(e.All)}, nil
	case literal && in:
		return b.inList(es, &sql.InList{X: e.X, List: a.Elems, Not: e.All})
	case literal && len(a.Elems) <= maxWrittenOut:
		return b.eachElement(es, e, opNames[e.Op], a.Elems)
	case !in:
		return b.anyOfRows(es, e)
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

// anyOfRows compares with the rows that an array makes.
func (b *binder) anyOfRows(es *exprScope, e *sql.Quantified) (plan.Expr, error) {
	kind := plan.SubAny
	if e.All {
		kind = plan.SubAll
	}
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	if a, ok := e.Array.(*sql.ArrayLit); ok {
		v := &sql.Values{Pos: a.Pos}
		for _, el := range a.Elems {
			v.Rows = append(v.Rows, []sql.Expr{el})
		}
		rel, err := b.values(v, es.scope, es.with)
		if err != nil {
			return nil, err
		}
		return b.compareRows(kind, x, rel, opNames[e.Op], false)
	}
	list, err := b.expr(es, e.Array)
	if err != nil {
		return nil, err
	}
	if list.Type().Kind != model.KindList {
		return nil, planError("Error during planning: ANY and ALL take an array or a query, not %s", list.Type())
	}
	if list, err = b.unnestable(list); err != nil {
		return nil, err
	}
	out := b.out.NewColumn("element", list.Type().ElemType())
	rows := &relation{&plan.TableFunc{Fn: "unnest", Args: []plan.Expr{list}, Out: []plan.Column{out}}, []shown{{"element", out}}}
	return b.compareRows(kind, x, rows, opNames[e.Op], false)
}

func (b *binder) eachElement(es *exprScope, e *sql.Quantified, op string, elems []sql.Expr) (plan.Expr, error) {
	x, err := b.repeated(es, e.X)
	if err != nil {
		return nil, err
	}
	var all plan.Expr
	for _, el := range elems {
		y, err := b.expr(es, el)
		if err != nil {
			return nil, err
		}
		c, err := b.compare(op, x, y)
		if err != nil {
			return nil, err
		}
		join := plan.Or
		if e.All {
			join = plan.And
		}
		if all == nil {
			all = c
		} else {
			all = &plan.Call{Fn: join, Args: []plan.Expr{all, c}, T: model.Bool}
		}
	}
	return all, nil
}
