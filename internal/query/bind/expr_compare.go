package bind

import (
	"math"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func (b *binder) compareExprs(es *exprScope, op string, le, re sql.Expr) (plan.Expr, error) {
	l, err := b.expr(es, le)
	if err != nil {
		return nil, err
	}
	r, err := b.expr(es, re)
	if err != nil {
		return nil, err
	}
	return b.compare(op, l, r)
}

// compare puts a comparison operator between two operands, of one type after it.
func (b *binder) compare(op string, l, r plan.Expr) (plan.Expr, error) {
	if lt, ok := l.(*plan.List); ok && lt.Tuple {
		return b.compareTuples(op, lt, r)
	}
	l, r, err := spans(l, r)
	if err != nil {
		return nil, err
	}
	t, ok := comparable(l, r)
	if !ok {
		return nil, planError("Error during planning: Cannot infer common argument type for comparison operation %s %s %s", l.Type(), op, r.Type())
	}
	if x, ok := b.beyond(op, l, r, t); ok {
		return x, nil
	}
	if l, err = b.cast(l, t); err != nil {
		return nil, err
	}
	if r, err = b.cast(r, t); err != nil {
		return nil, err
	}
	if x, ok := foldIntervals(op, l, r); ok {
		return x, nil
	}
	return b.fold(&plan.Call{Fn: op, Args: []plan.Expr{l, r}, T: model.Bool}), nil
}

// beyond compares times of type t with a constant that t cannot hold, as nanoseconds cannot the year 3000: every time is before it, or
// after it.
func (b *binder) beyond(op string, l, r plan.Expr, t model.Type) (plan.Expr, bool) {
	if !t.IsTimestamp() {
		return nil, false
	}
	if _, ok := l.(*plan.Lit); ok {
		turned, ok := map[string]string{plan.Eq: plan.Eq, plan.Ne: plan.Ne, plan.Lt: plan.Gt, plan.Le: plan.Ge, plan.Gt: plan.Lt, plan.Ge: plan.Le}[op]
		if !ok {
			return nil, false
		}
		l, r, op = r, l, turned
	}
	c, ok := r.(*plan.Lit)
	if !ok || c.V.Null() {
		return nil, false
	}
	if _, ok := l.(*plan.Lit); ok {
		return nil, false
	}
	at, unit := c.V.Int, c.V.Type.Unit
	switch {
	case c.V.Type.IsTimestamp():
	case c.V.Type.Kind == model.KindString:
		n, err := ParseTime(strings.TrimSpace(c.V.Bytes), model.Second, b.env.Session.Timezone)
		if _, number := strconv.ParseInt(c.V.Bytes, 10, 64); err != nil || number == nil {
			return nil, false
		}
		at, unit = n, model.Second
	default:
		return nil, false
	}
	if _, ok := model.ConvertTime(at, unit, t.Unit); ok || unit >= t.Unit {
		return nil, false
	}
	last := int64(math.MaxInt64)
	never, always := plan.Gt, plan.Le
	if at < 0 {
		last, never, always = math.MinInt64, plan.Lt, plan.Ge
	}
	var as string
	switch op {
	case plan.Lt, plan.Le:
		if as = always; at < 0 {
			as = never
		}
	case plan.Gt, plan.Ge:
		if as = never; at < 0 {
			as = always
		}
	case plan.Eq:
		as = never
	case plan.Ne:
		as = always
	default:
		return nil, false
	}
	x, err := b.cast(l, t)
	if err != nil {
		return nil, false
	}
	return &plan.Call{Fn: as, Args: []plan.Expr{x, &plan.Lit{V: model.IntValue(t, last)}}, T: model.Bool}, true
}

// comparable is the type in which two operands are compared: the type common to both, except for BIGINT UNSIGNED and a signed integer,
// which no integer type holds both. A constant that is not negative is taken as unsigned, so that the comparison can still be pushed
// into a scan; anything else is compared as decimals.
func comparable(l, r plan.Expr) (model.Type, bool) {
	lt, rt := l.Type(), r.Type()
	if lt.Kind == model.KindUint64 && rt.Signed() {
		return besideUnsigned(r), true
	}
	if rt.Kind == model.KindUint64 && lt.Signed() {
		return besideUnsigned(l), true
	}
	return function.Common(lt, rt)
}

// besideUnsigned is the type in which signed integers x are compared with BIGINT UNSIGNED.
func besideUnsigned(x plan.Expr) model.Type {
	if l, ok := x.(*plan.Lit); ok && (l.V.Null() || l.V.Int >= 0) {
		return model.Uint64
	}
	return model.Decimal(20, 0)
}

func (b *binder) compareTuples(op string, l *plan.List, r plan.Expr) (plan.Expr, error) {
	rt, ok := r.(*plan.List)
	if !ok || len(rt.Elems) != len(l.Elems) || op != plan.Eq && op != plan.Ne {
		return nil, errs.New(errs.Unsupported, "Not supported: a comparison of rows by %s", op)
	}
	var conds []plan.Expr
	for i := range l.Elems {
		c, err := b.compare(plan.Eq, l.Elems[i], rt.Elems[i])
		if err != nil {
			return nil, err
		}
		conds = append(conds, c)
	}
	all := plan.Conj(conds)
	if op == plan.Ne {
		return b.callFn(plan.Not, all)
	}
	return all, nil
}

func (b *binder) between(es *exprScope, e *sql.Between) (plan.Expr, error) {
	x, err := b.repeated(es, e.X)
	if err != nil {
		return nil, err
	}
	bound := func(op string, e sql.Expr) (plan.Expr, error) {
		y, err := b.expr(es, e)
		if err != nil {
			return nil, err
		}
		return b.compare(op, x, y)
	}
	lo, err := bound(plan.Ge, e.Low)
	if err != nil {
		return nil, err
	}
	hi, err := bound(plan.Le, e.High)
	if err != nil {
		return nil, err
	}
	both := plan.Conj([]plan.Expr{lo, hi})
	if e.Not {
		return b.callFn(plan.Not, both)
	}
	return both, nil
}

func (b *binder) inList(es *exprScope, e *sql.InList) (plan.Expr, error) {
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	if l, ok := x.(*plan.List); ok && l.Tuple && plan.Size(x)*len(e.List) > plan.MaxSize {
		return nil, planError("Error during planning: the list of rows is too long")
	}
	list := make([]plan.Expr, len(e.List))
	t, tuple := x.Type(), false
	for i, le := range e.List {
		if list[i], err = b.expr(es, le); err != nil {
			return nil, err
		}
		if l, ok := list[i].(*plan.List); ok && l.Tuple {
			tuple = true
			continue
		}
		var ok bool
		switch lt := list[i].Type(); {
		case t.Kind == model.KindUint64 && lt.Signed():
			t, ok = besideUnsigned(list[i]), true
		case t.Signed() && lt.Kind == model.KindUint64:
			t, ok = model.Decimal(20, 0), true
		default:
			t, ok = function.Common(t, lt)
		}
		if !ok {
			return nil, planError("Error during planning: Can not find compatible types to compare %s with [%s]", x.Type(), list[i].Type())
		}
	}
	if tuple {
		return b.inTuples(x, list, e.Not)
	}
	if x, err = b.cast(x, t); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i], err = b.cast(list[i], t); err != nil {
			return nil, err
		}
	}
	return &plan.In{X: x, List: list, Not: e.Not}, nil
}

func (b *binder) inTuples(x plan.Expr, list []plan.Expr, not bool) (plan.Expr, error) {
	var any plan.Expr
	for _, l := range list {
		c, err := b.compare(plan.Eq, x, l)
		if err != nil {
			return nil, err
		}
		if any == nil {
			any = c
		} else {
			any = &plan.Call{Fn: plan.Or, Args: []plan.Expr{any, c}, T: model.Bool}
		}
	}
	if not {
		return b.callFn(plan.Not, any)
	}
	return any, nil
}

func (b *binder) like(es *exprScope, e *sql.Like) (plan.Expr, error) {
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	p, err := b.expr(es, e.Pattern)
	if err != nil {
		return nil, err
	}
	name := map[sql.LikeKind]string{sql.LikePlain: plan.Like, sql.LikeNoCase: plan.ILike, sql.LikeSimilar: "similar to", sql.LikeRegexp: plan.Match}[e.Kind]
	args := []plan.Expr{x, p}
	if e.Kind == sql.LikePlain || e.Kind == sql.LikeNoCase {
		escape := `\`
		if e.Escape != "" {
			escape = e.Escape
		}
		args = append(args, &plan.Lit{V: model.StringValue(escape)})
		if e.Not {
			return b.callFn("not "+name, args...)
		}
		return b.callFn(name, args...)
	}
	y, err := b.callFn(name, args...)
	if err != nil || !e.Not {
		return y, err
	}
	return b.callFn(plan.Not, y)
}
