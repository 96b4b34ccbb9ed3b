package bind

import (
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// exprScope is where an expression stands.
type exprScope struct {
	scope   *scope
	with    *ctes
	alias   func(name string) plan.Expr // finds an item of the select list, for names that no column has; may be nil
	aliases bool                        // items of the select list come before columns
	aggs    *aggCalls                   // nil: no aggregates here
	wins    *windowCalls                // nil: no window functions here
	unnests *unnestCalls                // nil: no unnest here
	ranges  *rangeCalls                 // of a range query, instead of aggs and wins
	inRange bool                        // within an aggregate of a range query
}

func (s *scope) namedWindow(name string) *sql.WindowSpec {
	for _, w := range s.windows {
		if w.Name.Name == name {
			return w.Spec
		}
	}
	return nil
}

var opNames = map[sql.Op]string{
	sql.OpEq: plan.Eq, sql.OpNe: plan.Ne, sql.OpLt: plan.Lt, sql.OpLe: plan.Le, sql.OpGt: plan.Gt, sql.OpGe: plan.Ge,
	sql.OpRegex: plan.Match, sql.OpNotRegex: plan.NoMatch, sql.OpRegexI: "~*", sql.OpNotRegexI: "!~*",
	sql.OpAdd: "+", sql.OpSub: "-", sql.OpMul: "*", sql.OpDiv: "/", sql.OpMod: "%", sql.OpIntDiv: "/",
	sql.OpBitAnd: "&", sql.OpBitOr: "|", sql.OpCaret: "^", sql.OpHash: "^", sql.OpShiftLeft: "<<", sql.OpShiftRight: ">>",
	sql.OpAnd: plan.And, sql.OpOr: plan.Or, sql.OpXor: "xor",
}

// expr binds an expression.
func (b *binder) expr(es *exprScope, e sql.Expr) (plan.Expr, error) {
	switch e := e.(type) {
	case *sql.Literal:
		return literal(e)
	case *sql.IntervalLit:
		return b.interval(es, e)
	case *sql.TypedLit:
		t, err := TypeOf(e.Type)
		if err != nil {
			return nil, err
		}
		return b.cast(&plan.Lit{V: model.StringValue(e.Text)}, t)
	case *sql.ColumnRef:
		return b.column(es, e)
	case *sql.Placeholder:
		if e.Index < 1 || e.Index > len(b.env.Params) {
			return nil, planError("Error during planning: Placeholder $%d has no value", e.Index)
		}
		return &plan.Lit{V: b.env.Params[e.Index-1]}, nil
	case *sql.Unary:
		return b.unary(es, e)
	case *sql.Binary:
		return b.binary(es, e)
	case *sql.IsTest:
		return b.isTest(es, e)
	case *sql.IsDistinct:
		fn := "is distinct from"
		if e.Not {
			fn = "is not distinct from"
		}
		return b.compareExprs(es, fn, e.L, e.R)
	case *sql.Between:
		return b.between(es, e)
	case *sql.InList:
		return b.inList(es, e)
	case *sql.Like:
		return b.like(es, e)
	case *sql.Case:
		return b.caseExpr(es, e)
	case *sql.Cast:
		return b.castExpr(es, e)
	case *sql.Extract:
		return b.call(es, &sql.FuncCall{Name: sql.ObjectName{{Name: "date_part"}}, Args: []sql.Arg{
			{Expr: &sql.Literal{Kind: sql.LitString, Text: strings.ToLower(e.Field)}}, {Expr: e.X}}})
	case *sql.AtTimeZone:
		return b.atTimeZone(es, e.X, e.Zone)
	case *sql.Collate:
		return b.expr(es, e.X)
	case *sql.FuncCall:
		return b.call(es, e)
	case *sql.InQuery, *sql.Exists, *sql.Subquery, *sql.Quantified:
		return b.subquery(es, e)
	case *sql.ArrayLit, *sql.StructLit, *sql.Row:
		return b.composite(es, e)
	case *sql.Index:
		return b.index(es, e)
	case *sql.Slice:
		return b.slice(es, e)
	case *sql.Field:
		return b.field(es, e)
	case *sql.MapLit:
		return b.mapLit(es, e)
	case *sql.RangeExpr:
		return b.rangeExpr(es, e)
	case *sql.Star:
		return nil, planError("Error during planning: * is not an expression")
	}
	return nil, errs.New(errs.Unsupported, "Not supported: %s in a query", strings.TrimPrefix(typeName(e), "*sql."))
}

// literal types a constant: whole numbers are Int64, or UInt64 where too large; others Float64.
func literal(l *sql.Literal) (plan.Expr, error) {
	switch l.Kind {
	case sql.LitNull:
		return &plan.Lit{V: model.Value{IsNull: true}}, nil
	case sql.LitBool:
		return &plan.Lit{V: model.BoolValue(strings.EqualFold(l.Text, "true"))}, nil
	case sql.LitInt:
		if v, ok := l.Int64(); ok {
			return &plan.Lit{V: model.IntValue(model.Int64, v)}, nil
		}
		if v, ok := l.Uint64(); ok {
			return &plan.Lit{V: model.IntValue(model.Uint64, int64(v))}, nil
		}
	case sql.LitString:
		return &plan.Lit{V: model.StringValue(l.Text)}, nil
	case sql.LitBytes:
		return &plan.Lit{V: model.Value{Type: model.Binary, Bytes: l.Text}}, nil
	}
	v, ok := l.Float64()
	if !ok {
		return nil, planError("SQL error: ParserError(\"Cannot parse %s as f64\")", l.Text)
	}
	return &plan.Lit{V: model.FloatValue(v)}, nil
}

func (b *binder) interval(es *exprScope, e *sql.IntervalLit) (plan.Expr, error) {
	v, ok := e.Value.(*sql.Literal)
	if !ok || e.To != "" {
		return nil, errs.New(errs.Unsupported, "Not supported: an INTERVAL that is not a constant")
	}
	iv, err := sql.ParseInterval(v.Text, e.Unit)
	if err != nil {
		return nil, err
	}
	return &plan.Lit{V: model.Value{Type: model.Interval, Interval: model.MonthDayNano(iv)}}, nil
}

func (b *binder) column(es *exprScope, e *sql.ColumnRef) (plan.Expr, error) {
	var item plan.Expr
	if es.alias != nil && len(e.Name) == 1 {
		item = es.alias(e.Name[0].Name)
	}
	if item != nil && es.aliases {
		return item, nil
	}
	c, err := es.scope.find(e.Name)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return c.ref(len(e.Name) == 1), nil
	}
	if item != nil {
		return item, nil
	}
	if x, err := b.memberColumn(es, e.Name); x != nil || err != nil {
		return x, err
	}
	return nil, es.scope.unknown(e.Name)
}

func (b *binder) unary(es *exprScope, e *sql.Unary) (plan.Expr, error) {
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case sql.OpNot:
		return b.callFn(plan.Not, x)
	case sql.OpPos:
		return x, nil
	case sql.OpBitNot:
		return b.callFn("bit not", x)
	}
	if x.Type().Unsigned() { // which has no negative values
		if x, err = b.cast(x, model.Int64); err != nil {
			return nil, err
		}
	}
	if k := x.Type().Kind; k == model.KindInterval || x.Type().Numeric() {
		return b.fold(&plan.Call{Fn: "neg", Args: []plan.Expr{x}, T: x.Type()}), nil
	}
	return b.callFn("neg", x)
}

// callFn calls a function of package function by its name.
func (b *binder) callFn(name string, args ...plan.Expr) (plan.Expr, error) {
	fn, ok := function.Lookup(name)
	if !ok {
		return nil, errs.New(errs.Internal, "no function %s", name)
	}
	return b.apply(fn, args)
}

func (b *binder) binary(es *exprScope, e *sql.Binary) (plan.Expr, error) {
	if e.Op.Comparison() {
		return b.compareExprs(es, opNames[e.Op], e.L, e.R)
	}
	l, err := b.expr(es, e.L)
	if err != nil {
		return nil, err
	}
	r, err := b.expr(es, e.R)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case sql.OpAdd, sql.OpSub, sql.OpMul, sql.OpDiv, sql.OpMod, sql.OpIntDiv:
		return b.arithmetic(opNames[e.Op], l, r)
	case sql.OpConcat:
		switch left, right := l.Type().Kind, r.Type().Kind; {
		case left == model.KindList && (right == model.KindList || right == model.KindNull), left == model.KindNull && right == model.KindList:
			return b.callFn("array_concat", l, r)
		case left == model.KindList:
			return b.callFn("array_append", l, r)
		case right == model.KindList:
			return b.callFn("array_prepend", l, r)
		}
		return b.callFn("||", l, r)
	case sql.OpMatches:
		return b.callFn("matches_term", l, r)
	case sql.OpAnd, sql.OpOr, sql.OpXor:
		for _, x := range []plan.Expr{l, r} {
			if k := x.Type().Kind; k != model.KindBool && k != model.KindNull {
				return nil, planError("Error during planning: Cannot infer common argument type for logical boolean operation %s %s %s", l.Type(), strings.ToUpper(opNames[e.Op]), r.Type())
			}
		}
	}
	name, ok := opNames[e.Op]
	if !ok {
		return nil, unknownOperator(e.Op)
	}
	return b.callFn(name, l, r)
}

// unknownOperator says what to write in place of an operator of another database.
func unknownOperator(op sql.Op) error {
	instead := ""
	if strings.HasPrefix(op.String(), "->") || strings.HasPrefix(op.String(), "#>") {
		instead = "; members of JSON are read by json_get, json_get_string, json_get_int and the like"
	}
	return errs.New(errs.Unsupported, "Not supported: operator %s%s", op, instead)
}

func (b *binder) arithmetic(op string, l, r plan.Expr) (plan.Expr, error) {
	lt, rt := l.Type(), r.Type()
	if op == "+" && lt.Kind == model.KindInterval && rt.Kind != model.KindInterval {
		l, r, lt, rt = r, l, rt, lt
	}
	if rt.Kind == model.KindInterval && lt.Kind == model.KindString { // a time in quotes
		x, err := b.cast(l, model.Timestamp(model.Millisecond))
		if err != nil {
			return nil, err
		}
		l, lt = x, x.Type()
	}
	fn, want, result, err := function.Arithmetic(op, lt, rt)
	if err != nil {
		return nil, err
	}
	if l, err = b.cast(l, want[0]); err != nil {
		return nil, err
	}
	if r, err = b.cast(r, want[1]); err != nil {
		return nil, err
	}
	return b.fold(&plan.Call{Fn: fn, Args: []plan.Expr{l, r}, T: result}), nil
}

func (b *binder) isTest(es *exprScope, e *sql.IsTest) (plan.Expr, error) {
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	name := "is "
	if e.Not {
		name = "is not "
	}
	switch e.What {
	case sql.IsTrue:
		return b.callFn(name+"true", x)
	case sql.IsFalse:
		return b.callFn(name+"false", x)
	}
	return b.callFn(name+"null", x)
}

// repeated binds an expression that will stand in several places.
func (b *binder) repeated(es *exprScope, e sql.Expr) (plan.Expr, error) {
	x, err := b.expr(es, e)
	if err == nil && plan.Size(x) > plan.MaxSize/10 {
		return nil, planError("Error during planning: the expression is nested too deep")
	}
	return x, err
}

func (b *binder) caseExpr(es *exprScope, e *sql.Case) (plan.Expr, error) {
	out := &plan.Case{}
	var operand plan.Expr
	var err error
	if e.Operand != nil {
		if operand, err = b.repeated(es, e.Operand); err != nil {
			return nil, err
		}
	}
	for _, w := range e.Whens {
		var cond plan.Expr
		if operand != nil {
			x, err := b.expr(es, w.Cond)
			if err != nil {
				return nil, err
			}
			if cond, err = b.compare(plan.Eq, operand, x); err != nil {
				return nil, err
			}
		} else if cond, err = b.condition(es, w.Cond); err != nil {
			return nil, err
		}
		then, err := b.expr(es, w.Then)
		if err != nil {
			return nil, err
		}
		out.Whens = append(out.Whens, plan.When{Cond: cond, Then: then})
	}
	if e.Else != nil {
		if out.Else, err = b.expr(es, e.Else); err != nil {
			return nil, err
		}
	}
	return b.unify(out)
}

// unify gives all branches of a CASE one type.
func (b *binder) unify(c *plan.Case) (plan.Expr, error) {
	ts := []model.Type{}
	for _, w := range c.Whens {
		ts = append(ts, w.Then.Type())
	}
	if c.Else != nil {
		ts = append(ts, c.Else.Type())
	}
	t, ok := function.UnionOf(ts)
	if !ok {
		return nil, planError("Error during planning: Failed to coerce then (%v) to a common type in CASE", ts)
	}
	c.T = t
	var err error
	for i := range c.Whens {
		if c.Whens[i].Then, err = b.cast(c.Whens[i].Then, t); err != nil {
			return nil, err
		}
	}
	if c.Else != nil {
		c.Else, err = b.cast(c.Else, t)
	}
	return c, err
}

func (b *binder) castExpr(es *exprScope, e *sql.Cast) (plan.Expr, error) {
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	t, err := TypeOf(e.Type)
	if err != nil {
		return nil, err
	}
	return b.castAs(x, t, e.Try)
}

// TypeOf is the type that a type's name in SQL stands for.
func TypeOf(n *sql.TypeName) (model.Type, error) {
	switch {
	case n.Elem != nil: // INT[]
		e, err := TypeOf(n.Elem)
		return model.ListOf(e), err
	case n.Name == "TIME" && n.Zone != "WITH TIME ZONE":
		return timeType(n)
	}
	t, err := n.Resolve()
	if err != nil {
		return model.Null, err
	}
	switch t.Kind {
	case sql.KindInterval:
		return model.Interval, nil
	case sql.KindDecimal:
		return model.Decimal(uint8(t.P), uint8(t.S)), nil
	case sql.KindVector:
		return model.VectorOf(uint32(t.P)), nil
	case sql.KindJSON2:
		return model.Null, errs.New(errs.Unsupported, "Not supported: type JSON2")
	}
	return model.ParseType(string(t.Kind))
}

// timeType is the type of TIME[(p)]; nanoseconds where no precision is given.
func timeType(n *sql.TypeName) (model.Type, error) {
	unit, ok := model.Nanosecond, len(n.Args) == 0
	if len(n.Args) == 1 {
		unit, ok = map[string]model.TimeUnit{"0": model.Second, "3": model.Millisecond, "6": model.Microsecond, "9": model.Nanosecond}[n.Args[0]]
	}
	if !ok {
		return model.Null, errs.New(errs.InvalidSyntax, "SQL data type not supported yet: %s", n)
	}
	return model.TimeOf(unit), nil
}

func quoteString(s string) string { return strconv.Quote(s) }
