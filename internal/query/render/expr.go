package render

import (
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func (w *writer) args(es []plan.Expr) ([]function.Arg, error) {
	out := make([]function.Arg, len(es))
	for i, e := range es {
		s, err := w.expr(e)
		if err != nil {
			return nil, err
		}
		out[i] = function.Arg{SQL: s, Type: e.Type()}
		if l, ok := e.(*plan.Lit); ok {
			out[i].Lit = &l.V
		}
	}
	return out, nil
}

// maxDepth is how deep operators of one expression may nest: DuckDB takes no more.
const maxDepth = 1000

func (w *writer) expr(e plan.Expr) (string, error) {
	if w.depth++; w.depth > maxDepth {
		return "", errs.New(errs.InvalidSyntax, "Invalid SQL syntax: recursion limit exceeded: an expression holds a chain of more than %d operators, each on the result of the one before", maxDepth)
	}
	defer func() { w.depth-- }()
	switch e := e.(type) {
	case *plan.Col:
		return name(e.ID), nil
	case *plan.Lit:
		return function.Literal(e.V), nil
	case *plan.Call:
		if e.Fn == plan.And || e.Fn == plan.Or {
			return w.chain(e)
		}
		f, ok := function.Lookup(e.Fn)
		if !ok {
			return "", errs.New(errs.Internal, "no function %s", e.Fn)
		}
		args, err := w.args(e.Args)
		if err != nil {
			return "", err
		}
		return f.SQL(args)
	case *plan.Cast:
		x, err := w.expr(e.X)
		if err != nil {
			return "", err
		}
		return function.CastSQL(x, e.X.Type(), e.T, e.Try)
	case *plan.Case:
		return w.caseExpr(e)
	case *plan.In:
		return w.in(e)
	case *plan.Sub:
		return w.sub(e)
	case *plan.List:
		return w.list(e)
	}
	return "", errs.New(errs.Internal, "expression %T", e)
}

// chain writes a AND b AND c without nesting, of which DuckDB takes only so much.
func (w *writer) chain(e *plan.Call) (string, error) {
	args, err := w.args(plan.Operands(nil, e.Fn, e))
	if err != nil {
		return "", err
	}
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.SQL
	}
	return "(" + strings.Join(parts, map[string]string{plan.And: " AND ", plan.Or: " OR "}[e.Fn]) + ")", nil
}

func (w *writer) caseExpr(e *plan.Case) (string, error) {
	var sb strings.Builder
	sb.WriteString("(CASE")
	for _, when := range e.Whens {
		c, err := w.expr(when.Cond)
		if err != nil {
			return "", err
		}
		t, err := w.expr(when.Then)
		if err != nil {
			return "", err
		}
		sb.WriteString(" WHEN " + c + " THEN " + t)
	}
	if e.Else != nil {
		x, err := w.expr(e.Else)
		if err != nil {
			return "", err
		}
		sb.WriteString(" ELSE " + x)
	}
	sb.WriteString(" END)")
	return sb.String(), nil
}

func (w *writer) in(e *plan.In) (string, error) {
	x, err := w.expr(e.X)
	if err != nil {
		return "", err
	}
	list, err := w.args(e.List)
	if err != nil {
		return "", err
	}
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = a.SQL
	}
	op := " IN ("
	if e.Not {
		op = " NOT IN ("
	}
	return "(" + x + op + strings.Join(parts, ", ") + "))", nil
}

func (w *writer) sub(e *plan.Sub) (string, error) {
	q, err := w.query(e.Query)
	if err != nil {
		return "", err
	}
	not := ""
	if e.Not {
		not = "NOT "
	}
	switch e.Kind {
	case plan.SubScalar:
		return "(" + q + ")", nil
	case plan.SubExists:
		return "(" + not + "EXISTS (" + q + "))", nil
	}
	x, err := w.expr(e.X)
	if err != nil {
		return "", err
	}
	switch e.Kind {
	case plan.SubIn:
		return "(" + x + " " + not + "IN (" + q + "))", nil
	case plan.SubAny:
		return "(" + x + " " + e.Op + " ANY (" + q + "))", nil
	}
	return "(" + x + " " + e.Op + " ALL (" + q + "))", nil
}

func (w *writer) list(e *plan.List) (string, error) {
	args, err := w.args(e.Elems)
	if err != nil {
		return "", err
	}
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.SQL
		switch {
		case e.Tuple:
			parts[i] = "c" + strconv.Itoa(i) + ": " + a.SQL
		case len(e.Names) > 0:
			parts[i] = function.QuoteName(e.Names[i]) + ": " + a.SQL
		}
	}
	switch {
	case e.T.Kind == model.KindStruct:
		return "{" + strings.Join(parts, ", ") + "}", nil
	}
	return "[" + strings.Join(parts, ", ") + "]", nil
}
