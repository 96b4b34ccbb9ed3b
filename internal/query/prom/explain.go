package prom

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// Explain tells how a query is computed: a line for every node of its tree, indented below the one that it feeds by two blanks. A
// selector names the table that it scans, the matchers that go into the scan, and how far back it looks. logical is the query as it was
// read; in physical what stands below "Stream" is computed while series are read, and the rest by Prometheus' engine.
func (e *Engine) Explain(query string) (logical, physical string, err error) {
	expr, err := e.parser.ParseExpr(query)
	if err != nil {
		return "", "", parseError(err)
	}
	x := &explainer{}
	x.node(expr, 0)
	logical = x.text()
	x = &explainer{}
	x.sb.WriteString("PromQL\n")
	tree, parts, whole := plan(expr)
	if x.parts = parts; whole != nil {
		x.sb.WriteString("Stream\n")
		x.node(whole.expr, 1)
	} else {
		x.node(tree, 0)
	}
	return logical, x.text(), nil
}

type explainer struct {
	sb    strings.Builder
	parts []*streamed
}

func (x *explainer) text() string { return strings.TrimSuffix(x.sb.String(), "\n") }

func (x *explainer) node(n parser.Node, depth int) {
	kids := parser.Children(n)
	line := ""
	switch n := n.(type) {
	case *parser.AggregateExpr:
		line = "Aggregate: " + n.Op.String()
		if len(n.Grouping) > 0 || n.Without {
			line += map[bool]string{false: " by (", true: " without ("}[n.Without] + strings.Join(n.Grouping, ", ") + ")"
		}
		kids = []parser.Node{n.Expr}
		if n.Param != nil {
			kids = append(kids, n.Param)
		}
	case *parser.BinaryExpr:
		line = "Binary: " + n.Op.String()
		if m := n.VectorMatching; m != nil && n.LHS.Type() == parser.ValueTypeVector && n.RHS.Type() == parser.ValueTypeVector {
			line += map[bool]string{false: " ignoring (", true: " on ("}[m.On] + strings.Join(m.MatchingLabels, ", ") + "), " + m.Card.String()
		}
		kids = []parser.Node{n.LHS, n.RHS}
	case *parser.Call:
		line = "Call: " + n.Func.Name
		kids = nil
		for _, a := range n.Args {
			kids = append(kids, a)
		}
	case *parser.MatrixSelector:
		line = fmt.Sprintf("RangeScan: %s, range: %s", n.VectorSelector, n.Range)
		kids = nil
	case *parser.VectorSelector:
		if key, ok := standsIn(n.LabelMatchers); ok {
			x.sb.WriteString(strings.Repeat("  ", depth) + "Stream\n")
			x.node(x.parts[key].expr, depth+1)
			return
		}
		line = "Scan: " + n.String()
	case *parser.SubqueryExpr:
		line = fmt.Sprintf("Subquery: range: %s, step: %s", n.Range, n.Step)
	case *parser.UnaryExpr:
		line = "Unary: " + n.Op.String()
	case *parser.NumberLiteral, *parser.StringLiteral:
		line = "Literal: " + n.String()
	case *parser.ParenExpr:
		x.node(n.Expr, depth)
		return
	case *parser.StepInvariantExpr:
		x.node(n.Expr, depth)
		return
	default:
		line = strings.TrimPrefix(fmt.Sprintf("%T", n), "*parser.")
	}
	x.sb.WriteString(strings.Repeat("  ", depth) + line + "\n")
	for _, k := range kids {
		x.node(k, depth+1)
	}
}
