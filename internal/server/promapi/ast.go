package promapi

import (
	"strconv"

	"github.com/prometheus/prometheus/promql/parser"
)

// node is an object of the tree that parse_query answers; its members are those that Prometheus' own page reads.
type node map[string]any

func tree(e parser.Expr) any {
	switch e := e.(type) {
	case *parser.AggregateExpr:
		return node{"type": "aggregation", "op": e.Op.String(), "expr": tree(e.Expr), "param": tree(e.Param), "grouping": names(e.Grouping),
			"without": e.Without}
	case *parser.BinaryExpr:
		var matching any
		if m := e.VectorMatching; m != nil {
			matching = node{"card": m.Card.String(), "labels": names(m.MatchingLabels), "on": m.On, "include": names(m.Include),
				"fillValues": node{"lhs": m.FillValues.LHS, "rhs": m.FillValues.RHS}}
		}
		return node{"type": "binaryExpr", "op": e.Op.String(), "lhs": tree(e.LHS), "rhs": tree(e.RHS), "matching": matching,
			"bool": e.ReturnBool}
	case *parser.Call:
		args := []any{}
		for _, a := range e.Args {
			args = append(args, tree(a))
		}
		return node{"type": "call", "args": args, "func": node{"name": e.Func.Name, "argTypes": e.Func.ArgTypes, "variadic": e.Func.Variadic,
			"returnType": e.Func.ReturnType}}
	case *parser.MatrixSelector:
		n := node{}
		if vs, ok := e.VectorSelector.(*parser.VectorSelector); ok {
			n = selector(vs)
		}
		n["type"], n["range"], n["rangeExpr"] = "matrixSelector", e.Range.Milliseconds(), duration(e.RangeExpr)
		return n
	case *parser.SubqueryExpr:
		return node{"type": "subquery", "expr": tree(e.Expr), "range": e.Range.Milliseconds(), "rangeExpr": duration(e.RangeExpr),
			"offset": e.OriginalOffset.Milliseconds(), "offsetExpr": duration(e.OriginalOffsetExpr), "step": e.Step.Milliseconds(),
			"stepExpr": duration(e.StepExpr), "timestamp": e.Timestamp, "startOrEnd": startOrEnd(e.StartOrEnd)}
	case *parser.NumberLiteral:
		return node{"type": "numberLiteral", "val": strconv.FormatFloat(e.Val, 'f', -1, 64)}
	case *parser.StringLiteral:
		return node{"type": "stringLiteral", "val": e.Val}
	case *parser.ParenExpr:
		return node{"type": "parenExpr", "expr": tree(e.Expr)}
	case *parser.UnaryExpr:
		return node{"type": "unaryExpr", "op": e.Op.String(), "expr": tree(e.Expr)}
	case *parser.StepInvariantExpr:
		return tree(e.Expr)
	case *parser.VectorSelector:
		return selector(e)
	}
	return nil // no expression here, such as an aggregation's absent parameter
}

func selector(e *parser.VectorSelector) node {
	ms := []node{}
	for _, m := range e.LabelMatchers {
		ms = append(ms, node{"name": m.Name, "value": m.Value, "type": m.Type.String()})
	}
	return node{"type": "vectorSelector", "name": e.Name, "offset": e.OriginalOffset.Milliseconds(), "offsetExpr": duration(e.OriginalOffsetExpr),
		"matchers": ms, "timestamp": e.Timestamp, "startOrEnd": startOrEnd(e.StartOrEnd), "anchored": e.Anchored, "smoothed": e.Smoothed}
}

// duration is a duration that is computed, or nil.
func duration(e parser.Expr) any {
	switch e := e.(type) {
	case *parser.DurationExpr:
		if e != nil {
			return node{"type": "durationExpr", "op": e.Op.String(), "lhs": duration(e.LHS), "rhs": duration(e.RHS), "wrapped": e.Wrapped}
		}
	case *parser.NumberLiteral:
		if e != nil {
			return node{"type": "numberLiteral", "val": strconv.FormatFloat(e.Val, 'f', -1, 64), "duration": e.Duration}
		}
	}
	return nil
}

func startOrEnd(t parser.ItemType) any {
	if t == 0 {
		return nil
	}
	return t.String()
}

func names(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}
