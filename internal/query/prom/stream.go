package prom

import (
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"github.com/goptimedb/goptimedb/internal/query/prom/window"
)

// streamed is a part of an expression that is computed while its series are read: one selector, instant or below a range function, then
// functions and operators that look at one value, then at most one aggregation. The rest of the expression is the engine's. What is
// streamed holds no samples, and costs for a series what its values at the moments of the query cost.
type streamed struct {
	expr     parser.Expr
	selector *parser.VectorSelector
	fn       string // the range function; "" of an instant selector
	value    window.Func
	span     int64 // of the range, in ms; 0 of an instant selector
	each     []window.Each
	named    bool // results keep the metric's name
	rate     bool // rate or increase, of which the engine warns where a name is not a counter's
	at       posrange.PositionRange
	agg      *aggregation // nil: each series is a result
	key      int          // of what stands in for it in the engine's tree
}

// aggregation is the last step of a streamed part.
type aggregation struct {
	op      window.Op
	by      []string // sorted
	without bool
}

// aggregationOf gives the aggregations that can be streamed: those that need not hold the values of all series.
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
	}
	return 0, false
}

// rangeFunc is a function of a range of samples; args are its other arguments. ok is false where the engine has to compute it.
func rangeFunc(name string, sel *parser.VectorSelector, args []parser.Expr) (f window.Func, ok bool) {
	if len(args) > 0 {
		x, ok := number(args[0])
		switch {
		case !ok:
			return nil, false
		case name == "quantile_over_time" && x >= 0 && x <= 1:
			return window.Quantile(x), true
		case name == "predict_linear" && sel.Timestamp == nil && sel.StartOrEnd == 0:
			return window.PredictLinear(x, sel.OriginalOffset.Milliseconds()), true
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
		s := perSeries(a.Expr)
		if s == nil {
			return nil
		}
		s.expr, s.named = e, false
		s.agg = &aggregation{op: op, by: slices.Compact(slices.Sorted(slices.Values(a.Grouping))), without: a.Without}
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
		return &streamed{selector: e, value: window.Instant, named: true}
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

func call(e *parser.Call) *streamed {
	name := e.Func.Name
	rest := slices.Clone(e.Args)
	for i, a := range e.Args {
		m, ok := unwrap(a).(*parser.MatrixSelector)
		if !ok {
			continue
		}
		sel, ok := m.VectorSelector.(*parser.VectorSelector)
		if !ok || !plainSelector(sel) || m.RangeExpr != nil || m.Range <= 0 {
			return nil
		}
		f, ok := rangeFunc(name, sel, slices.Delete(rest, i, i+1))
		if !ok {
			return nil
		}
		return &streamed{selector: sel, fn: name, value: f, span: m.Range.Milliseconds(), named: name == "first_over_time" || name == "last_over_time",
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

// plan finds the parts of an expression that can be streamed, and gives the tree in which a selector that only this package can make
// stands in for each. whole is set where that is all of the expression.
func plan(root parser.Expr) (tree parser.Expr, parts []*streamed, whole *streamed) {
	if s := streamable(root); s != nil {
		return root, nil, s
	}
	p := planner{looksAtNames: looksAtNames(root)}
	return p.expr(root), p.parts, nil
}

// looksAtNames reports an expression in which the name of a metric may matter above its selectors: results of functions lose theirs, but
// the engine takes it away at the end only.
func looksAtNames(root parser.Expr) (found bool) {
	parser.Inspect(root, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.AggregateExpr:
			found = found || slices.Contains(n.Grouping, nameLabel)
		case *parser.BinaryExpr:
			if m := n.VectorMatching; m != nil {
				found = found || slices.Contains(m.MatchingLabels, nameLabel) || slices.Contains(m.Include, nameLabel)
			}
		case *parser.StringLiteral:
			found = found || strings.Contains(n.Val, nameLabel)
		case *parser.Call:
			switch n.Func.Name {
			case "info", "label_replace", "label_join":
				found = true
			}
		}
		return nil
	})
	return found
}

type planner struct {
	looksAtNames bool
	parts        []*streamed
}

// expr is e, or what stands in for it.
func (p *planner) expr(e parser.Expr) parser.Expr {
	if s := streamable(e); s != nil && (s.agg != nil || s.span > 0 && !p.looksAtNames) {
		s.key = len(p.parts)
		p.parts = append(p.parts, s)
		return standIn(s.key, e.PositionRange())
	}
	switch e := e.(type) {
	case *parser.ParenExpr:
		e.Expr = p.expr(e.Expr)
	case *parser.UnaryExpr:
		e.Expr = p.expr(e.Expr)
	case *parser.AggregateExpr:
		e.Expr = p.expr(e.Expr)
	case *parser.BinaryExpr:
		e.LHS, e.RHS = p.expr(e.LHS), p.expr(e.RHS)
	case *parser.Call:
		switch e.Func.Name {
		case "info", "absent", "absent_over_time", "timestamp", "start_timestamp": // look at the selector itself
			return e
		}
		for i := range e.Args {
			e.Args[i] = p.expr(e.Args[i])
		}
	}
	// A subquery has moments of its own.
	return e
}

// standInLabel is a label that no query can name: it is not UTF-8.
const standInLabel = "\xffstreamed"

func standIn(key int, at posrange.PositionRange) parser.Expr {
	m := &labels.Matcher{Type: labels.MatchEqual, Name: standInLabel, Value: string(rune(key))}
	return &parser.VectorSelector{LabelMatchers: []*labels.Matcher{m}, PosRange: at}
}

// standsIn reports which part matchers stand in for.
func standsIn(ms []*labels.Matcher) (key int, ok bool) {
	if len(ms) != 1 || ms[0].Name != standInLabel {
		return 0, false
	}
	for _, r := range ms[0].Value {
		return int(r), true
	}
	return 0, false
}
