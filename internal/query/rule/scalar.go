package rule

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

var arithmetic = map[string]model.ScalarOp{"+": model.ScalarAdd, "-": model.ScalarSub, "*": model.ScalarMul, "/": model.ScalarDiv}

// maxScalar is how many parts an expression has at most that regions compute.
const maxScalar = 64

// scalar turns a number computed of the scan's fields into an expression that regions compute, with the same results and failures.
func scalar(s *plan.Scan, e plan.Expr) (*model.Scalar, bool) {
	if plan.Size(e) > maxScalar {
		return nil, false
	}
	x, ok := scalarOf(s, e)
	return x, ok && x.Op != model.ScalarConst
}

func scalarOf(s *plan.Scan, e plan.Expr) (*model.Scalar, bool) {
	t := e.Type()
	if !t.Integer() && t.Kind != model.KindFloat64 {
		c, ok := e.(*plan.Col)
		if !ok || t.Kind != model.KindFloat32 {
			return nil, false
		}
		return scalarColumn(s, c)
	}
	switch e := e.(type) {
	case *plan.Col:
		return scalarColumn(s, e)
	case *plan.Lit:
		return &model.Scalar{Op: model.ScalarConst, Type: t, Value: e.V}, e.V.Type == t
	case *plan.Cast:
		x, ok := scalarOf(s, e.X)
		if !ok || e.Try || x.Type.Floating() && t.Integer() || x.Type.Kind == model.KindUint64 && t.Integer() || t.Kind == model.KindUint64 {
			return nil, false
		}
		if x.Type == t {
			return x, true
		}
		return &model.Scalar{Op: model.ScalarCast, Type: t, Args: []*model.Scalar{x}}, true
	case *plan.Call:
		op, ok := arithmetic[e.Fn]
		if !ok || len(e.Args) != 2 || op == model.ScalarDiv && t.Integer() || t.Kind == model.KindUint64 {
			return nil, false
		}
		return scalarArgs(s, &model.Scalar{Op: op, Type: t}, e.Args...)
	case *plan.Case:
		if len(e.Whens) != 1 {
			return nil, false
		}
		cond, ok := predicate(s, e.Whens[0].Cond, false)
		if !ok {
			return nil, false
		}
		otherwise := e.Else
		if otherwise == nil {
			otherwise = &plan.Lit{V: model.NullOf(t)}
		}
		return scalarArgs(s, &model.Scalar{Op: model.ScalarIf, Type: t, Cond: cond}, e.Whens[0].Then, otherwise)
	}
	return nil, false
}

// scalarColumn is for fields: a tag is looked at once a series, and a time is no number.
func scalarColumn(s *plan.Scan, c *plan.Col) (*model.Scalar, bool) {
	col := s.ColumnOf(c.ID)
	if col == nil || col.Semantic != model.FieldColumn {
		return nil, false
	}
	return &model.Scalar{Op: model.ScalarColumn, Type: col.Type, Column: col.ID}, true
}

func scalarArgs(s *plan.Scan, out *model.Scalar, args ...plan.Expr) (*model.Scalar, bool) {
	for _, a := range args {
		x, ok := scalarOf(s, a)
		if !ok || x.Type != out.Type {
			return nil, false
		}
		out.Args = append(out.Args, x)
	}
	return out, true
}
