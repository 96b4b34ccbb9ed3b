package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// sketchAgg is for hll and approx_distinct: regions make sketches of their rows, which are merged above. As sketches may be large, a region
// gives a group in parts rather than hold many. A value counts by its text, so that one that is converted first is not the column's.
func (p *pushedAggregate) sketchAgg(a *plan.Agg, r model.Agg) bool {
	if a.Distinct || len(a.OrderBy) > 0 || len(a.Args) != 1 {
		return false
	}
	p.caseFilter(a, &r)
	x := a.Args[0]
	if c, ok := x.(*plan.Case); ok && r.Filter != nil && a.Filter == nil {
		x = c.Whens[0].Then
	}
	t := x.Type()
	if !t.Integer() && t.Kind != model.KindFloat64 && t.Kind != model.KindBool && t.Kind != model.KindString {
		return false
	}
	if col, seen := operand(p.scan, x); col != nil && seen == col.Type && seen == t {
		r.Column = col.ID
	} else if s, ok := scalar(p.scan, x); ok && s.Type == t && (t.Integer() || t.Kind == model.KindFloat64) {
		r.Arg = s
	} else {
		return false
	}
	r.Func = model.AggHLL
	p.finer, p.req.Partial = true, true
	out := plan.Expr(p.add(r, model.Binary)[0].Ref())
	if a.Fn == "approx_distinct" {
		n := &plan.Call{Fn: "hll_count", Args: []plan.Expr{out}, T: model.Uint64}
		out = convert(&plan.Call{Fn: "coalesce", Args: []plan.Expr{n, &plan.Lit{V: model.IntValue(model.Uint64, 0)}}, T: model.Uint64}, a.Col.Type)
	}
	p.item(a, out)
	return true
}
