package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// summaryAgg is for calls of which regions make summaries of their rows, which are merged above; known is false where the call is of another
// kind. As most summaries may be large, a region gives a group of them in parts rather than hold many.
func (p *pushedAggregate) summaryAgg(a *plan.Agg, r model.Agg) (pushed, known bool) {
	make, ok := summaryCalls[a.Fn]
	if !ok {
		return false, false
	}
	if a.Distinct || len(a.OrderBy) > 0 {
		return false, true
	}
	x := make(p, a, &r)
	if x == nil {
		return false, true
	}
	if r.Func != model.AggComoments {
		p.finer, p.req.Partial = true, true
	}
	p.item(a, convert(x(p.add(r, model.Binary)[0].Ref()), a.Col.Type))
	return true, true
}

// summaryCall fills in the reduction that a call needs, and gives what reads the call's result of the summary; nil where regions cannot
// make it.
type summaryCall func(p *pushedAggregate, a *plan.Agg, r *model.Agg) (read func(plan.Expr) plan.Expr)

var summaryCalls = map[string]summaryCall{
	"hll":                                hllCall,
	"approx_distinct":                    distinctCall,
	"hll_merge":                          hllMergeCall,
	"approx_median":                      quantileCall(-1, -1, 1),
	"approx_percentile_cont":             quantileCall(-1, 1, 2),
	"approx_percentile_cont_with_weight": quantileCall(1, 2, 3),
	"uddsketch_state":                    bucketsCall,
	"uddsketch_merge":                    bucketsCall,
	"corr":                               pairCall("corr"),
	"covar_samp":                         pairCall("covar_samp"),
	"covar_pop":                          pairCall("covar_pop"),
	"regr_count":                         pairCall("regr_count"),
	"regr_avgx":                          pairCall("regr_avgx"),
	"regr_avgy":                          pairCall("regr_avgy"),
	"regr_sxx":                           pairCall("regr_sxx"),
	"regr_syy":                           pairCall("regr_syy"),
	"regr_sxy":                           pairCall("regr_sxy"),
	"regr_slope":                         pairCall("regr_slope"),
	"regr_intercept":                     pairCall("regr_intercept"),
	"regr_r2":                            pairCall("regr_r2"),
}

func itself(x plan.Expr) plan.Expr { return x }

// kept is the one argument of a call that skips NULLs; where it is a CASE, its condition becomes the reduction's filter.
func (p *pushedAggregate) kept(a *plan.Agg, r *model.Agg) plan.Expr {
	p.caseFilter(a, r)
	x := a.Args[0]
	if c, ok := x.(*plan.Case); ok && r.Filter != nil && a.Filter == nil {
		x = c.Whens[0].Then
	}
	return x
}

// hllCall: a value counts by its text, so that one that is converted first is not the column's.
func hllCall(p *pushedAggregate, a *plan.Agg, r *model.Agg) func(plan.Expr) plan.Expr {
	x := p.kept(a, r)
	t := x.Type()
	if !t.Integer() && t.Kind != model.KindFloat64 && t.Kind != model.KindBool && t.Kind != model.KindString {
		return nil
	}
	r.Func = model.AggHLL
	return p.exactly(x, r, itself)
}

// distinctCall counts by the values themselves, in a sketch that nobody keeps.
func distinctCall(p *pushedAggregate, a *plan.Agg, r *model.Agg) func(plan.Expr) plan.Expr {
	x := p.kept(a, r)
	t := x.Type()
	if !t.Integer() && !t.Floating() && t.Kind != model.KindBool && t.Kind != model.KindString {
		return nil
	}
	r.Func = model.AggDistinct
	return p.exactly(x, r, func(s plan.Expr) plan.Expr {
		n := &plan.Call{Fn: function.CountHLL, Args: []plan.Expr{s}, T: model.Uint64}
		return &plan.Call{Fn: "coalesce", Args: []plan.Expr{n, &plan.Lit{V: model.IntValue(model.Uint64, 0)}}, T: model.Uint64}
	})
}

func hllMergeCall(p *pushedAggregate, a *plan.Agg, r *model.Agg) func(plan.Expr) plan.Expr {
	if a.Args[0].Type().Kind != model.KindBinary {
		return nil
	}
	r.Func = model.AggHLLMerge
	return p.exactly(a.Args[0], r, itself)
}

// exactly fills in the operand x, seen as its own type; nil: it is none.
func (p *pushedAggregate) exactly(x plan.Expr, r *model.Agg, read func(plan.Expr) plan.Expr) func(plan.Expr) plan.Expr {
	t := x.Type()
	if col, seen := operand(p.scan, x); col != nil && seen == col.Type && seen == t {
		r.Column = col.ID
	} else if s, ok := scalar(p.scan, x); ok && s.Type == t && (t.Integer() || t.Kind == model.KindFloat64) {
		r.Arg = s
	} else {
		return nil
	}
	return read
}

// number is the operand of a summary of numbers, whatever their type: they are taken as floats.
func (p *pushedAggregate) number(x plan.Expr) (model.Operand, bool) {
	if col, as := operand(p.scan, x); col != nil {
		plain := col.Type.Integer() || col.Type.Floating()
		return model.Operand{Column: col.ID}, plain && (as == col.Type || as.Kind == model.KindFloat64)
	}
	if s, ok := scalar(p.scan, x); ok && (s.Type.Integer() || s.Type.Floating()) {
		return model.Operand{Arg: s}, true
	}
	return model.Operand{}, false
}

// literal is argument at of a call, if it is a constant.
func literal(a *plan.Agg, at int) *model.Value {
	if l, ok := a.Args[at].(*plan.Lit); ok && !l.V.Null() {
		return &l.V
	}
	return nil
}

// quantileCall is for quantiles by digests, with the places of the weight, the rank and the number of centroids among the arguments.
func quantileCall(weight, rank, size int) summaryCall {
	return func(p *pushedAggregate, a *plan.Agg, r *model.Agg) func(plan.Expr) plan.Expr {
		q := model.FloatValue(0.5)
		if rank >= 0 {
			l := literal(a, rank)
			if l == nil || function.CheckRank(a.Fn, l) != nil {
				return nil
			}
			q = *l
		}
		r.Func, r.Size = model.AggDigest, sketch.DigestSize
		if size < len(a.Args) {
			l := literal(a, size)
			if l == nil {
				return nil
			}
			r.Size = l.Int
		}
		if _, err := sketch.NewDigest(r.Size); err != nil {
			return nil
		}
		x := a.Args[0]
		if weight < 0 {
			x = p.kept(a, r)
		} else {
			by, ok := p.number(a.Args[weight])
			if !ok {
				return nil
			}
			r.By = &by
		}
		o, ok := p.number(x)
		if !ok {
			return nil
		}
		r.Column, r.Arg = o.Column, o.Arg
		reader, t := function.DigestReader(x.Type())
		return func(s plan.Expr) plan.Expr {
			return &plan.Call{Fn: reader, Args: []plan.Expr{&plan.Lit{V: q}, s}, T: t}
		}
	}
}

// bucketsCall is for uddsketch_state and uddsketch_merge (buckets, error, x).
func bucketsCall(p *pushedAggregate, a *plan.Agg, r *model.Agg) func(plan.Expr) plan.Expr {
	size, e := literal(a, 0), literal(a, 1)
	if size == nil || e == nil {
		return nil
	}
	if _, err := sketch.NewUDD(size.Int, e.Float); err != nil { // an error only if there are rows
		return nil
	}
	r.Size, r.Error = size.Int, e.Float
	if a.Fn == "uddsketch_merge" {
		if a.Args[2].Type().Kind != model.KindBinary {
			return nil
		}
		r.Func = model.AggUDDMerge
		return p.exactly(a.Args[2], r, itself)
	}
	o, ok := p.number(a.Args[2])
	if !ok {
		return nil
	}
	r.Func, r.Column, r.Arg = model.AggUDD, o.Column, o.Arg
	return itself
}

// pairCall is for statistics of pairs (y, x).
func pairCall(name string) summaryCall {
	return func(p *pushedAggregate, a *plan.Agg, r *model.Agg) func(plan.Expr) plan.Expr {
		y, ok := p.number(a.Args[0])
		if !ok {
			return nil
		}
		x, ok := p.number(a.Args[1])
		if !ok {
			return nil
		}
		r.Func, r.Column, r.Arg, r.By = model.AggComoments, x.Column, x.Arg, &y
		return func(s plan.Expr) plan.Expr {
			if name == "regr_count" {
				return &plan.Call{Fn: function.CountPairs, Args: []plan.Expr{s}, T: model.Uint64}
			}
			return &plan.Call{Fn: function.ReadComoments, Args: []plan.Expr{&plan.Lit{V: model.StringValue(name)}, s}, T: model.Float64}
		}
	}
}

// mergesAs is the function that puts parts of a summary together.
func mergesAs(f model.AggFunc) string {
	switch f {
	case model.AggDigest:
		return function.MergeDigest
	case model.AggUDD, model.AggUDDMerge:
		return function.MergeUDD
	case model.AggComoments:
		return function.MergeComoments
	}
	return function.MergeHLL
}
