package prom

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// Explain tells how a query is computed: a line for every node of its tree, indented below the one that it feeds by two blanks. A
// selector names the table that it scans, the matchers that go into the scan, and how far back it looks.
func (e *Engine) Explain(query string) (string, error) {
	expr, err := e.parser.ParseExpr(query)
	if err != nil {
		return "", parseError(err)
	}
	var sb strings.Builder
	explain(&sb, expr, 0)
	return strings.TrimSuffix(sb.String(), "\n"), nil
}

func explain(sb *strings.Builder, n parser.Node, depth int) {
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
		line = "Scan: " + n.String()
	case *parser.SubqueryExpr:
		line = fmt.Sprintf("Subquery: range: %s, step: %s", n.Range, n.Step)
	case *parser.UnaryExpr:
		line = "Unary: " + n.Op.String()
	case *parser.NumberLiteral, *parser.StringLiteral:
		line = "Literal: " + n.String()
	case *parser.ParenExpr:
		explain(sb, n.Expr, depth)
		return
	case *parser.StepInvariantExpr:
		explain(sb, n.Expr, depth)
		return
	default:
		line = strings.TrimPrefix(fmt.Sprintf("%T", n), "*parser.")
	}
	sb.WriteString(strings.Repeat("  ", depth) + line + "\n")
	for _, k := range kids {
		explain(sb, k, depth+1)
	}
}
