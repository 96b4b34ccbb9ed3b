package finish

import (
	"math"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// eval computes an expression for the rows of a batch. What it gives may share the batch's memory and is valid as long.
type eval func(b *model.Batch) (*model.Vector, error)

// rowError is a value that an expression cannot be computed of. It is ErrRelational, for relational knows how to say it, and brings a
// text of its own for when that is too late.
func rowError(format string, args ...any) error {
	return &failedRow{errs.New(errs.EngineExecuteQuery, format, args...)}
}

type failedRow struct{ err error }

func (e *failedRow) Error() string        { return e.err.Error() }
func (e *failedRow) Unwrap() error        { return e.err }
func (e *failedRow) Is(target error) bool { return target == ErrRelational }

// compileExpr makes a function of an expression over columns laid out as l; nil where the expression has a part that is not known here.
func compileExpr(e plan.Expr, l layout) eval {
	if lazy(e) && fails(e) {
		return nil
	}
	switch e := e.(type) {
	case *plan.Col:
		at, ok := l[e.ID]
		if !ok {
			return nil
		}
		return func(b *model.Batch) (*model.Vector, error) { return b.Cols[at], nil }
	case *plan.Lit:
		return func(b *model.Batch) (*model.Vector, error) { return model.ConstVector(e.V, b.Len), nil }
	case *plan.Cast:
		x := compileExpr(e.X, l)
		if x == nil {
			return nil
		}
		return castExpr(x, e.X.Type(), e.T, e.Try)
	case *plan.Case:
		return caseExpr(e, l)
	case *plan.In:
		return inExpr(e, l)
	case *plan.Call:
		return callExpr(e, l)
	}
	return nil
}

// lazy reports an expression of which relational may leave parts uncomputed for some rows. Here all parts are, so that one which could
// fail would fail for rows where it is not wanted.
func lazy(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Case, *plan.In:
		return true
	case *plan.Call:
		return e.Fn == plan.And || e.Fn == plan.Or || e.Fn == "coalesce" || e.Fn == "ifnull"
	}
	return false
}

// fails reports an expression that may fail for some values: quotients of integers, and casts that not every value survives.
func fails(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Call:
		switch e.Fn {
		case "/", "%":
			if !e.T.Floating() {
				return true
			}
		case "sqrt":
			return true
		}
	case *plan.Cast:
		from, wide := e.X.Type(), e.T.Kind == model.KindFloat64
		if !e.Try && from != e.T && !wide && !(from.Integer() && e.T == model.Int64 && from.Kind != model.KindUint64) {
			return true
		}
	}
	for _, c := range plan.Children(e) {
		if fails(c) {
			return true
		}
	}
	return false
}

// compileAll compiles all or gives nil.
func compileAll(es []plan.Expr, l layout) []eval {
	out := make([]eval, len(es))
	for i, e := range es {
		if out[i] = compileExpr(e, l); out[i] == nil {
			return nil
		}
	}
	return out
}

func callExpr(e *plan.Call, l layout) eval {
	args := compileAll(e.Args, l)
	if len(args) == 0 {
		return nil
	}
	t := e.Args[0].Type()
	same := len(args) == 2 && t == e.Args[1].Type()
	switch e.Fn {
	case plan.And, plan.Or, plan.Not, "is true", "is false", "is not true", "is not false":
		for _, a := range e.Args {
			if a.Type() != model.Bool {
				return nil
			}
		}
		return logicExpr(e.Fn, args)
	case plan.IsNull, plan.NotNull, "isnull":
		return nullTest(args[0], e.Fn != plan.NotNull)
	case plan.Eq, plan.Ne, plan.Lt, plan.Le, plan.Gt, plan.Ge, "is distinct from", "is not distinct from":
		if !same || !comparable(t) {
			return nil
		}
		return compareExpr(e.Fn, t, args[0], args[1])
	case "+", "-", "*", "/", "%":
		if !same {
			return nil
		}
		return arithExpr(e.Fn, t, e.T, args[0], args[1])
	case "sqrt":
		if t != model.Float64 || e.T != t || len(args) != 1 {
			return nil
		}
		return sqrtExpr(args[0])
	case function.CountHLL, function.CountPairs, function.ReadComoments, function.ReadUDD, function.ReadDigest, function.ReadDigestInt, function.ReadDigestUint:
		return summaryExpr(e, args)
	case "coalesce", "ifnull":
		for _, a := range e.Args {
			if a.Type() != e.T {
				return nil
			}
		}
		return coalesceExpr(e.T, args)
	}
	return nil
}

// sqrtExpr is NaN for what is less than zero.
func sqrtExpr(x eval) eval {
	return func(b *model.Batch) (*model.Vector, error) {
		v, err := x(b)
		if err != nil {
			return nil, err
		}
		out := &model.Vector{Type: v.Type, Len: b.Len, Floats: make([]float64, b.Len), Valid: v.Valid}
		for i, f := range v.Floats[:b.Len] {
			out.Floats[i] = math.Sqrt(f)
		}
		return out, nil
	}
}

// both is the validity of rows in which neither side is NULL.
func both(x, y *model.Vector) model.Bitmap {
	switch {
	case x.Valid == nil:
		return y.Valid
	case y.Valid == nil:
		return x.Valid
	}
	out := model.NewBitmap(x.Len)
	for i := range out {
		out[i] = x.Valid[i] & y.Valid[i]
	}
	return out
}

// two evaluates both sides.
func two(x, y eval, b *model.Batch) (*model.Vector, *model.Vector, error) {
	l, err := x(b)
	if err != nil {
		return nil, nil, err
	}
	r, err := y(b)
	return l, r, err
}

// coalesceExpr gives each row's first value that is not NULL.
func coalesceExpr(t model.Type, args []eval) eval {
	return func(b *model.Batch) (*model.Vector, error) {
		vs := make([]*model.Vector, len(args))
		for i, f := range args {
			v, err := f(b)
			if err != nil {
				return nil, err
			}
			if i == 0 && v.NullCount() == 0 {
				return v, nil
			}
			vs[i] = v
		}
		out := model.NewVector(t, b.Len)
		for i := range b.Len {
			from := vs[0]
			for _, v := range vs {
				if !v.Null(i) {
					from = v
					break
				}
			}
			out.AppendVector(from, i, i+1)
		}
		return out, nil
	}
}

// caseExpr gives each row the value of its first branch whose condition is true. All branches are computed for all rows.
func caseExpr(e *plan.Case, l layout) eval {
	type branch struct{ cond, then eval }
	var branches []branch
	for _, w := range e.Whens {
		br := branch{compileExpr(w.Cond, l), compileExpr(w.Then, l)}
		if br.cond == nil || br.then == nil || w.Cond.Type() != model.Bool || w.Then.Type() != e.T {
			return nil
		}
		branches = append(branches, br)
	}
	otherwise := e.Else
	if otherwise == nil {
		otherwise = &plan.Lit{V: model.NullOf(e.T)}
	}
	last := compileExpr(otherwise, l)
	if last == nil || otherwise.Type() != e.T || e.T.Kind == model.KindNull {
		return nil
	}
	return func(b *model.Batch) (*model.Vector, error) {
		conds, thens := make([]*model.Vector, len(branches)), make([]*model.Vector, len(branches)+1)
		var err error
		for i, br := range branches {
			if conds[i], thens[i], err = two(br.cond, br.then, b); err != nil {
				return nil, err
			}
		}
		if thens[len(branches)], err = last(b); err != nil {
			return nil, err
		}
		out := model.NewVector(e.T, b.Len)
		for i := range b.Len {
			at := 0
			for at < len(conds) && (conds[at].Null(i) || !conds[at].Bools[i]) {
				at++
			}
			out.AppendVector(thens[at], i, i+1)
		}
		return out, nil
	}
}

// maxList is how long lists may be that are gone through for each row.
const maxList = 64

func inExpr(e *plan.In, l layout) eval {
	t := e.X.Type()
	if len(e.List) == 0 || len(e.List) > maxList || !comparable(t) {
		return nil
	}
	x := compileExpr(e.X, l)
	list := compileAll(e.List, l)
	if x == nil || list == nil {
		return nil
	}
	var any eval
	for i, f := range list {
		if e.List[i].Type() != t {
			return nil
		}
		eq := compareExpr(plan.Eq, t, x, f)
		if any == nil {
			any = eq
		} else {
			any = logicExpr(plan.Or, []eval{any, eq})
		}
	}
	if e.Not {
		return logicExpr(plan.Not, []eval{any})
	}
	return any
}
