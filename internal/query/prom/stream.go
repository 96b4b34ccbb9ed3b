package prom

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"github.com/goptimedb/goptimedb/internal/query/prom/window"
)

// streamed is a part of an expression that is computed while its series are read: one selector, instant or below a range function, then
// functions and operators that look at one value, range functions over subqueries of all that, and so on, then at most one aggregation. The
// rest of the expression is the engine's. What is streamed holds no samples, and costs for a series what its values at the moments of the
// query cost.
type streamed struct {
	expr     parser.Expr
	selector *parser.VectorSelector
	inner    *streamed   // what stands in the subquery that value looks at; nil where that is the selector
	value    window.Func // of the samples of selector, or of the values of inner
	span     int64       // of the range, in ms; 0 of an instant selector
	step     int64       // of the subquery, in ms
	shift    shift       // of the selector or subquery
	each     []window.Each
	named    bool // results keep the metric's name
	rate     bool // rate or increase, of which the engine warns where a name is not a counter's
	at       posrange.PositionRange
	agg      *aggregation // nil: each series is a result
	key      int          // of what stands in for it in the engine's tree
	within   []subquery   // around it in the engine's tree, outermost first
}

// shift is what modifiers say of the times that a selector or subquery looks at.
type shift struct {
	offset     int64  // in ms
	timestamp  *int64 // in ms
	startOrEnd parser.ItemType
}

// fixed reports one time whatever the moment.
func (s shift) fixed() bool { return s.timestamp != nil || s.startOrEnd != 0 }

// subquery is the moments at which something is evaluated: all multiples of step in (t-span-offset, t-offset], in ms.
type subquery struct{ span, step, offset int64 }

// subqueryOf gives the moments of a subquery whose range, step and offset are numbers.
func subqueryOf(e *parser.SubqueryExpr) (s subquery, ok bool) {
	if e.RangeExpr != nil || e.StepExpr != nil || e.OriginalOffsetExpr != nil || e.Range <= 0 {
		return s, false
	}
	s = subquery{e.Range.Milliseconds(), e.Step.Milliseconds(), e.OriginalOffset.Milliseconds()}
	if s.step == 0 {
		s.step = defaultStep.Milliseconds()
	}
	return s, true
}

// aggregation is the last step of a streamed part.
type aggregation struct {
	op      window.Op
	q       float64 // of window.OpQuantile
	k       int     // > 0: topk, or with least bottomk, in place of op
	least   bool
	by      []string // sorted
	without bool
}

// mostRanked is the greatest k of topk and bottomk that is streamed: there is a place for each at each moment.
const mostRanked = 1000

// parameterOf reads the parameter of an aggregation. ok is false where the engine has to compute it.
func (a *aggregation) parameterOf(e *parser.AggregateExpr) (ok bool) {
	if e.Param == nil {
		return true
	}
	x, ok := number(e.Param)
	switch {
	case !ok:
		return false
	case a.op == window.OpQuantile:
		a.q = x
		return x >= 0 && x <= 1
	}
	if !(x >= 1 && x < mostRanked+1) {
		return false
	}
	a.k, a.least = int(x), e.Op == parser.BOTTOMK
	return true
}

// aggregationOf gives the aggregations that can be streamed: those that need not hold the samples of all series.
func aggregationOf(t parser.ItemType) (window.Op, bool) {
	switch t {
	case parser.SUM:
		return window.OpSum, true
	case parser.AVG:
		return window.OpAvg, true
	case parser.COUNT:
		return window.OpCount, true
	case parser.MIN:
		return window.OpMin, true
	case parser.MAX:
		return window.OpMax, true
	case parser.GROUP:
		return window.OpGroup, true
	case parser.STDDEV:
		return window.OpStddev, true
	case parser.STDVAR:
		return window.OpStdvar, true
	case parser.QUANTILE:
		return window.OpQuantile, true
	case parser.TOPK, parser.BOTTOMK:
		return 0, true
	}
	return 0, false
}

// rangeFunc is a function of a range of samples; args are its other arguments. ok is false where the engine has to compute it.
func rangeFunc(name string, at shift, args []parser.Expr) (f window.Func, ok bool) {
	if len(args) > 0 {
		x, ok := number(args[0])
		switch {
		case !ok:
			return nil, false
		case name == "quantile_over_time" && x >= 0 && x <= 1:
			return window.Quantile(x), true
		case name == "predict_linear" && !at.fixed():
			return window.PredictLinear(x, at.offset), true
		}
		return nil, false
	}
	switch name {
	case "rate":
		return window.Rate, true
	case "increase":
		return window.Increase, true
	case "delta":
		return window.Delta, true
	case "irate":
		return window.Irate, true
	case "idelta":
		return window.Idelta, true
	case "resets":
		return window.Resets, true
	case "changes":
		return window.Changes, true
	case "deriv":
		return window.Deriv, true
	case "sum_over_time":
		return window.Sum, true
	case "avg_over_time":
		return window.Avg, true
	case "min_over_time":
		return window.Min, true
	case "max_over_time":
		return window.Max, true
	case "count_over_time":
		return window.Count, true
	case "present_over_time":
		return window.Present, true
	case "first_over_time":
		return window.First, true
	case "last_over_time":
		return window.Last, true
	case "stddev_over_time":
		return window.Stddev, true
	case "stdvar_over_time":
		return window.Stdvar, true
	}
	return nil, false
}

// number is the value of a literal.
func number(e parser.Expr) (float64, bool) {
	n, ok := unwrap(e).(*parser.NumberLiteral)
	if !ok || n.Duration && math.IsNaN(n.Val) {
		return 0, false
	}
	return n.Val, true
}

// streamable gives the streamed part that an expression is as a whole, or nil.
func streamable(e parser.Expr) *streamed {
	if p, ok := e.(*parser.ParenExpr); ok {
		return streamable(p.Expr)
	}
	if a, ok := e.(*parser.AggregateExpr); ok {
		op, ok := aggregationOf(a.Op)
		if !ok || slices.Contains(a.Grouping, nameLabel) {
			return nil
		}
		agg := &aggregation{op: op, by: slices.Compact(slices.Sorted(slices.Values(a.Grouping))), without: a.Without}
		if !agg.parameterOf(a) {
			return nil
		}
		s := perSeries(a.Expr)
		if s == nil || agg.k > 0 && !s.named && !oneMetric(s.selector) {
			return nil
		}
		s.expr, s.agg, s.named = e, agg, s.named && agg.k > 0
		return s
	}
	s := perSeries(e)
	if s == nil || !s.named && !oneMetric(s.selector) {
		return nil // series that differ in their names only are not to be mistaken for one another
	}
	s.expr = e
	return s
}

// oneMetric reports a selector that can match one table only.
func oneMetric(s *parser.VectorSelector) bool {
	return slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == nameLabel && m.Type == labels.MatchEqual })
}

// perSeries is streamable for what comes before an aggregation.
func perSeries(e parser.Expr) *streamed {
	switch e := e.(type) {
	case *parser.ParenExpr:
		return perSeries(e.Expr)
	case *parser.VectorSelector:
		if !plainSelector(e) {
			return nil
		}
		return &streamed{selector: e, value: window.Instant, shift: shiftOf(e), named: true}
	case *parser.UnaryExpr:
		s := perSeries(e.Expr)
		if s != nil && e.Op == parser.SUB {
			s.each, s.named = append(s.each, window.Apply(func(v float64) float64 { return -v })), false
		}
		return s
	case *parser.BinaryExpr:
		return scalarOperator(e)
	case *parser.Call:
		return call(e)
	}
	return nil
}

// plainSelector reports a selector that has no modifier but @ and offset, and those as constants.
func plainSelector(s *parser.VectorSelector) bool {
	return !s.Anchored && !s.Smoothed && s.OriginalOffsetExpr == nil && s.UnexpandedSeriesSet == nil
}

func shiftOf(s *parser.VectorSelector) shift {
	return shift{s.OriginalOffset.Milliseconds(), s.Timestamp, s.StartOrEnd}
}

// overSubquery is a range function of a subquery; args are its other arguments.
func overSubquery(e *parser.Call, sub *parser.SubqueryExpr, args []parser.Expr) *streamed {
	name := e.Func.Name
	moments, ok := subqueryOf(sub)
	if !ok || name == "rate" || name == "increase" || name == "predict_linear" { // of which the engine says more, or looks at the time
		return nil
	}
	at := shift{moments.offset, sub.Timestamp, sub.StartOrEnd}
	f, ok := rangeFunc(name, at, args)
	if !ok {
		return nil
	}
	inner := perSeries(sub.Expr)
	if inner == nil || inner.shift.fixed() {
		return nil
	}
	return &streamed{selector: inner.selector, inner: inner, value: f, span: moments.span, step: moments.step, shift: at,
		named: inner.named && keepsName(name), rate: inner.rate, at: inner.at}
}

// keepsName reports range functions that give samples as they are.
func keepsName(function string) bool {
	return function == "first_over_time" || function == "last_over_time"
}

func call(e *parser.Call) *streamed {
	name := e.Func.Name
	rest := slices.Clone(e.Args)
	for i, a := range e.Args {
		if sub, ok := unwrap(a).(*parser.SubqueryExpr); ok {
			return overSubquery(e, sub, slices.Delete(rest, i, i+1))
		}
		m, ok := unwrap(a).(*parser.MatrixSelector)
		if !ok {
			continue
		}
		sel, ok := m.VectorSelector.(*parser.VectorSelector)
		if !ok || !plainSelector(sel) || m.RangeExpr != nil || m.Range <= 0 {
			return nil
		}
		f, ok := rangeFunc(name, shiftOf(sel), slices.Delete(rest, i, i+1))
		if !ok {
			return nil
		}
		return &streamed{selector: sel, value: f, span: m.Range.Milliseconds(), shift: shiftOf(sel), named: keepsName(name),
			rate: name == "rate" || name == "increase", at: e.Args[0].PositionRange()}
	}
	if len(e.Args) == 0 {
		return nil
	}
	var each window.Each
	var x []float64
	for _, a := range e.Args[1:] {
		v, ok := number(a)
		if !ok {
			return nil
		}
		x = append(x, v)
	}
	switch f := window.Simple(name); {
	case f != nil && len(x) == 0:
		each = window.Apply(f)
	case name == "round" && len(x) == 0:
		each = window.Round(1)
	case name == "round":
		each = window.Round(x[0])
	case name == "clamp" && len(x) == 2:
		each = window.Clamp(x[0], x[1])
	case name == "clamp_min" && len(x) == 1:
		each = window.Clamp(x[0], math.Inf(1))
	case name == "clamp_max" && len(x) == 1:
		each = window.Clamp(math.Inf(-1), x[0])
	default:
		return nil
	}
	s := perSeries(e.Args[0])
	if s != nil {
		s.each, s.named = append(s.each, each), false
	}
	return s
}

// scalarOperator is an operator between series and a number.
func scalarOperator(e *parser.BinaryExpr) *streamed {
	side, swapped := e.LHS, false
	x, ok := number(e.RHS)
	if !ok {
		if x, ok = number(e.LHS); !ok {
			return nil
		}
		side, swapped = e.RHS, true
	}
	var f func(a, b float64) float64
	var holds func(a, b float64) bool
	switch e.Op {
	case parser.ADD:
		f = func(a, b float64) float64 { return a + b }
	case parser.SUB:
		f = func(a, b float64) float64 { return a - b }
	case parser.MUL:
		f = func(a, b float64) float64 { return a * b }
	case parser.DIV:
		f = func(a, b float64) float64 { return a / b }
	case parser.POW:
		f = math.Pow
	case parser.MOD:
		f = math.Mod
	case parser.ATAN2:
		f = math.Atan2
	case parser.EQLC:
		holds = func(a, b float64) bool { return a == b }
	case parser.NEQ:
		holds = func(a, b float64) bool { return a != b }
	case parser.GTR:
		holds = func(a, b float64) bool { return a > b }
	case parser.LSS:
		holds = func(a, b float64) bool { return a < b }
	case parser.GTE:
		holds = func(a, b float64) bool { return a >= b }
	case parser.LTE:
		holds = func(a, b float64) bool { return a <= b }
	default:
		return nil
	}
	s := perSeries(side)
	if s == nil {
		return nil
	}
	if holds != nil && !e.ReturnBool {
		s.each = append(s.each, window.Keep(func(v float64) bool {
			if swapped {
				return holds(x, v)
			}
			return holds(v, x)
		}))
		return s
	}
	if holds != nil {
		f = func(a, b float64) float64 {
			if holds(a, b) {
				return 1
			}
			return 0
		}
	}
	s.named = false
	s.each = append(s.each, window.Apply(func(v float64) float64 {
		if swapped {
			return f(x, v)
		}
		return f(v, x)
	}))
	return s
}
