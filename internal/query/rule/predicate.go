package rule

import (
	"math"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

var (
	always = &model.Expr{Op: model.OpTrue}
	never  = &model.Expr{Op: model.OpFalse}
)

var comparisons = map[string]model.Op{plan.Eq: model.OpEq, plan.Ne: model.OpNe, plan.Lt: model.OpLt, plan.Le: model.OpLe, plan.Gt: model.OpGt, plan.Ge: model.OpGe}

// mirrored is the operator with its operands exchanged, negated the one that is true where op is false.
var (
	mirrored = map[model.Op]model.Op{model.OpEq: model.OpEq, model.OpNe: model.OpNe, model.OpLt: model.OpGt, model.OpLe: model.OpGe, model.OpGt: model.OpLt, model.OpGe: model.OpLe}
	negated  = map[model.Op]model.Op{model.OpEq: model.OpNe, model.OpNe: model.OpEq, model.OpLt: model.OpGe, model.OpLe: model.OpGt, model.OpGt: model.OpLe, model.OpGe: model.OpLt}
)

// predicate turns a condition over the scan's columns into one that a region can judge, exactly: true for the rows for which e is true,
// or with not, false. Negation moves down to the comparisons, so that NULL, which is neither, needs no third value.
func predicate(s *plan.Scan, e plan.Expr, not bool) (*model.Expr, bool) {
	switch e := e.(type) {
	case *plan.Lit:
		if e.V.Type.Kind != model.KindBool {
			return nil, false
		}
		if !e.V.Null() && e.V.Bool != not {
			return always, true
		}
		return never, true
	case *plan.Col:
		if c := s.ColumnOf(e.ID); c != nil && c.Type.Kind == model.KindBool {
			return model.Compare(model.OpEq, c.ID, model.BoolValue(!not)), true
		}
	case *plan.In:
		return predicateIn(s, e, not)
	case *plan.InSet:
		return predicateSet(s, e, not)
	case *plan.Call:
		return predicateCall(s, e, not)
	}
	return nil, false
}

func predicateCall(s *plan.Scan, e *plan.Call, not bool) (*model.Expr, bool) {
	if op, ok := comparisons[e.Fn]; ok {
		return comparison(s, op, e.Args[0], e.Args[1], not)
	}
	switch e.Fn {
	case plan.Not:
		return predicate(s, e.Args[0], !not)
	case plan.And, plan.Or:
		return predicateChain(s, e, not)
	case plan.IsNull, plan.NotNull:
		c, ok := e.Args[0].(*plan.Col)
		if !ok {
			return nil, false
		}
		col := s.ColumnOf(c.ID)
		if col == nil {
			return nil, false
		}
		if (e.Fn == plan.IsNull) != not {
			return &model.Expr{Op: model.OpIsNull, Column: col.ID}, true
		}
		return &model.Expr{Op: model.OpNotNull, Column: col.ID}, true
	}
	return predicateText(s, e, not)
}

// predicateChain is for AND and OR, which negation exchanges.
func predicateChain(s *plan.Scan, e *plan.Call, not bool) (*model.Expr, bool) {
	var parts []*model.Expr
	for _, x := range plan.Operands(nil, e.Fn, e) {
		p, ok := predicate(s, x, not)
		if !ok {
			return nil, false
		}
		parts = append(parts, p)
	}
	if (e.Fn == plan.And) != not {
		if all := model.And(parts...); all != nil {
			return all, true
		}
		return always, true
	}
	if parts = gathered(parts); len(parts) == 1 {
		return parts[0], true
	}
	return model.Or(parts...), true
}

// gathered makes one IN of the alternatives that ask a column for equality, which regions judge faster than each alone.
func gathered(parts []*model.Expr) []*model.Expr {
	out := parts[:0:0]
	in := map[model.ColumnID]*model.Expr{}
	for _, p := range parts {
		if p.Op != model.OpEq && p.Op != model.OpIn {
			out = append(out, p)
			continue
		}
		if all := in[p.Column]; all != nil {
			all.Values = append(all.Values, p.Values...)
			continue
		}
		all := &model.Expr{Op: model.OpIn, Column: p.Column, Values: append([]model.Value(nil), p.Values...)}
		in[p.Column] = all
		out = append(out, all)
	}
	return out
}

// operand is a column, or one converted to a wider type.
func operand(s *plan.Scan, e plan.Expr) (col *model.Column, as model.Type) {
	if c, ok := e.(*plan.Cast); ok && !c.Try {
		if inner, ok := c.X.(*plan.Col); ok {
			return s.ColumnOf(inner.ID), c.T
		}
		return nil, model.Null
	}
	if c, ok := e.(*plan.Col); ok {
		return s.ColumnOf(c.ID), c.T
	}
	return nil, model.Null
}

func comparison(s *plan.Scan, op model.Op, l, r plan.Expr, not bool) (*model.Expr, bool) {
	if _, ok := l.(*plan.Lit); ok {
		l, r, op = r, l, mirrored[op]
	}
	lit, ok := r.(*plan.Lit)
	if !ok {
		return nil, false
	}
	if not {
		op = negated[op]
	}
	col, as := operand(s, l)
	if col == nil {
		return slotComparison(s, op, l, lit.V)
	}
	if lit.V.Null() {
		return never, true
	}
	return narrow(col, as, op, lit.V)
}

// constant is a comparison with a value outside of the column's range: all values that are not NULL compare the same.
func constant(col *model.Column, holds bool) (*model.Expr, bool) {
	if !holds {
		return never, true
	}
	return &model.Expr{Op: model.OpNotNull, Column: col.ID}, true
}

// narrow compares a column, of which as is a wider type, with a value of that type, by a value of the column's own type.
func narrow(col *model.Column, as model.Type, op model.Op, v model.Value) (*model.Expr, bool) {
	t := col.Type
	switch {
	case t.Class() == model.ClassBytes && t.Kind != model.KindString, t.Class() == model.ClassDecimal, t.Class() == model.ClassInterval:
		return nil, false
	case t == as:
		return model.Compare(op, col.ID, v), true
	case t.Integer() && as.Integer():
		return narrowInt(col, op, v)
	case t.Integer() && as.Kind == model.KindFloat64 && t.Kind != model.KindUint64:
		return narrowFloat(col, op, v.Float)
	case t.Kind == model.KindFloat32 && as.Kind == model.KindFloat64:
		return model.Compare(op, col.ID, model.Value{Type: t, Float: v.Float}), true
	case t.IsTimestamp() && as.IsTimestamp() && t.Unit < as.Unit:
		return narrowTime(col, op, v.Int, as.Unit)
	}
	return nil, false
}

func narrowInt(col *model.Column, op model.Op, v model.Value) (*model.Expr, bool) {
	if v.Type.Kind == model.KindUint64 || col.Type.Kind == model.KindUint64 {
		return nil, false
	}
	lo, hi, _ := col.Type.IntRange()
	switch {
	case v.Int < lo:
		return constant(col, op == model.OpNe || op == model.OpGt || op == model.OpGe)
	case v.Int > hi:
		return constant(col, op == model.OpNe || op == model.OpLt || op == model.OpLe)
	}
	return model.Compare(op, col.ID, model.IntValue(col.Type, v.Int)), true
}

// narrowFloat compares whole numbers with one that may have a fraction: > 90.5 is >= 91.
func narrowFloat(col *model.Column, op model.Op, f float64) (*model.Expr, bool) {
	const exact = 1 << 53 // above it, several whole numbers are one float
	if math.IsNaN(f) || math.Abs(f) >= exact {
		return nil, false
	}
	lo := math.Floor(f)
	v := model.IntValue(model.Int64, int64(lo))
	if lo != f {
		switch op {
		case model.OpEq, model.OpNe:
			return constant(col, op == model.OpNe)
		case model.OpLt:
			op = model.OpLe
		case model.OpGe:
			op = model.OpGt
		}
	}
	return narrowInt(col, op, v)
}

// narrowTime compares times of a coarse unit with one of a finer unit.
func narrowTime(col *model.Column, op model.Op, v int64, unit model.TimeUnit) (*model.Expr, bool) {
	lo, _ := model.ConvertTime(v, unit, col.Type.Unit)
	if back, ok := model.ConvertTime(lo, col.Type.Unit, unit); !ok || back != v {
		switch op {
		case model.OpEq, model.OpNe:
			return constant(col, op == model.OpNe)
		case model.OpLt:
			op = model.OpLe
		case model.OpGe:
			op = model.OpGt
		}
	}
	return model.Compare(op, col.ID, model.IntValue(col.Type, lo)), true
}

func predicateIn(s *plan.Scan, e *plan.In, not bool) (*model.Expr, bool) {
	not = not != e.Not
	col, as := operand(s, e.X)
	if col == nil {
		return nil, false
	}
	op := model.OpIn
	if not {
		op = model.OpNotIn
	}
	out := &model.Expr{Op: op, Column: col.ID}
	for _, x := range e.List {
		lit, ok := x.(*plan.Lit)
		if !ok {
			return nil, false
		}
		if lit.V.Null() {
			if not { // neither in nor not in: NULL for all values
				return never, true
			}
			continue
		}
		leaf, ok := narrow(col, as, model.OpEq, lit.V)
		if !ok {
			return nil, false
		}
		if leaf.Op == model.OpEq {
			out.Values = append(out.Values, leaf.Values[0])
		}
	}
	if len(out.Values) == 0 {
		return constant(col, not)
	}
	return out, true
}

// predicateText is for the operators on strings whose pattern is constant.
func predicateText(s *plan.Scan, e *plan.Call, not bool) (*model.Expr, bool) {
	if len(e.Args) < 2 {
		return nil, false
	}
	c, ok := e.Args[0].(*plan.Col)
	lit, ok2 := e.Args[1].(*plan.Lit)
	if !ok || !ok2 {
		return nil, false
	}
	col := s.ColumnOf(c.ID)
	if col == nil || col.Type.Kind != model.KindString {
		return nil, false
	}
	if lit.V.Null() {
		return never, true
	}
	leaf := &model.Expr{Op: model.OpContains, Column: col.ID}
	switch e.Fn {
	case plan.Match, plan.NoMatch:
		var err error
		if leaf.Pattern, err = function.RE2(lit.V.Bytes); err != nil {
			return nil, false
		}
		not = not != (e.Fn == plan.NoMatch)
	case "~*", "!~*":
		re, err := function.RE2(lit.V.Bytes)
		if err != nil {
			return nil, false
		}
		leaf.Pattern = "(?i)" + re
		not = not != (e.Fn == "!~*")
	case plan.Like, plan.NotLike, plan.ILike, plan.NotILik:
		esc, ok := e.Args[2].(*plan.Lit)
		if !ok {
			return nil, false
		}
		p, ok := likePattern(lit.V.Bytes, esc.V.Bytes)
		if !ok {
			return nil, false
		}
		leaf.Op, leaf.Pattern = model.OpRegex, p
		if e.Fn == plan.ILike || e.Fn == plan.NotILik {
			leaf.Pattern = "(?i)" + p
		}
		not = not != (e.Fn == plan.NotLike || e.Fn == plan.NotILik)
	case "matches_term":
		leaf.Op, leaf.Pattern = model.OpMatchesTerm, lit.V.Bytes
	case "matches":
		leaf.Op, leaf.Pattern = model.OpMatches, lit.V.Bytes
	case "contains":
		leaf.Pattern = regexp.QuoteMeta(lit.V.Bytes)
	case "starts_with":
		leaf.Pattern = "^" + regexp.QuoteMeta(lit.V.Bytes)
	case "regexp_like":
		if len(e.Args) > 2 {
			return nil, false
		}
		leaf.Pattern = lit.V.Bytes
	default:
		return nil, false
	}
	switch leaf.Op {
	case model.OpRegex, model.OpContains:
		if _, err := syntax.Parse(leaf.Pattern, syntax.Perl); err != nil {
			return nil, false // the engine says what is wrong with it
		}
	case model.OpMatches:
		if _, err := analyze.ParseQuery(leaf.Pattern); err != nil {
			return nil, false // likewise
		}
	}
	if not {
		leaf.Op++ // each is followed by its negation
	}
	return leaf, true
}

// likePattern is a LIKE pattern as a regular expression of the whole value.
func likePattern(p, escape string) (string, bool) {
	if len(escape) > 1 {
		return "", false
	}
	var sb strings.Builder
	sb.WriteString("(?s)")
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case escape != "" && c == escape[0]:
			i++
			if i == len(p) {
				return "", false
			}
			sb.WriteString(regexp.QuoteMeta(p[i : i+1]))
		case c == '%':
			sb.WriteString(".*")
		case c == '_':
			sb.WriteByte('.')
		case c >= 0x80: // a byte of a longer character: as it is
			sb.WriteByte(c)
		default:
			sb.WriteString(regexp.QuoteMeta(p[i : i+1]))
		}
	}
	return sb.String(), true
}
