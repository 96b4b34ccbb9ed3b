package prom

import (
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"
)

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
	within       []subquery // around what is looked at
	parts        []*streamed
}

// expr is e, or what stands in for it.
func (p *planner) expr(e parser.Expr) parser.Expr {
	if s := streamable(e); s != nil && p.worth(s) {
		s.key, s.within = len(p.parts), p.within
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
		case "rate", "increase": // of a subquery; these say whose name is not a counter's
			defer func(before bool) { p.looksAtNames = before }(p.looksAtNames)
			p.looksAtNames = true
		}
		for i := range e.Args {
			e.Args[i] = p.expr(e.Args[i])
		}
	case *parser.SubqueryExpr:
		if sub, ok := subqueryOf(e); ok && e.Timestamp == nil && e.StartOrEnd == 0 {
			around := p.within
			p.within = append(slices.Clone(around), sub)
			e.Expr = p.expr(e.Expr)
			p.within = around
		}
	}
	return e
}

// worth reports a part that is better streamed than left to the engine, and may be.
func (p *planner) worth(s *streamed) bool {
	switch {
	case s.agg == nil:
		return s.span > 0 && !p.looksAtNames
	case s.agg.k > 0: // series as they are
		return s.named || !p.looksAtNames
	}
	return true
}

// standInLabel is a label that no query can name: it is not UTF-8.
const standInLabel = "\xffstreamed"

func standIn(key int, at posrange.PositionRange) parser.Expr {
	m := &labels.Matcher{Type: labels.MatchEqual, Name: standInLabel, Value: strconv.Itoa(key)}
	return &parser.VectorSelector{LabelMatchers: []*labels.Matcher{m}, PosRange: at}
}

// standsIn reports which part matchers stand in for.
func standsIn(ms []*labels.Matcher) (key int, ok bool) {
	if len(ms) != 1 || ms[0].Name != standInLabel {
		return 0, false
	}
	key, err := strconv.Atoi(ms[0].Value)
	return key, err == nil
}
