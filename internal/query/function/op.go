package function

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// divideByZero is DuckDB text that fails the statement.
const divideByZero = "error('Divide by zero error')"

// operators, apart from arithmetic, whose types the binder settles with Arithmetic. Comparisons come with operands of one type.
func operators() []def {
	return []def{
		{name: "and", sigs: "bb:b", sql: "($1 AND $2)"},
		{name: "or", sigs: "bb:b", sql: "($1 OR $2)"},
		{name: "xor", sigs: "bb:b", sql: "($1 != $2)"},
		{name: "not", sigs: "b:b", sql: "(NOT $1)"},
		{name: "=", sigs: "cc:b", fn: comparison("=")},
		{name: "!=", sigs: "cc:b", fn: comparison("!=")},
		{name: "<", sigs: "cc:b", fn: comparison("<")},
		{name: "<=", sigs: "cc:b", fn: comparison("<=")},
		{name: ">", sigs: "cc:b", fn: comparison(">")},
		{name: ">=", sigs: "cc:b", fn: comparison(">=")},
		{name: "is distinct from", sigs: "cc:b", fn: comparison("IS DISTINCT FROM")},
		{name: "is not distinct from", sigs: "cc:b", fn: comparison("IS NOT DISTINCT FROM")},
		{name: "is null", sigs: "a:b", sql: "($1 IS NULL)"},
		{name: "is not null", sigs: "a:b", sql: "($1 IS NOT NULL)"},
		{name: "is true", sigs: "b:b", sql: "($1 IS NOT DISTINCT FROM true)"},
		{name: "is false", sigs: "b:b", sql: "($1 IS NOT DISTINCT FROM false)"},
		{name: "is not true", sigs: "b:b", sql: "($1 IS DISTINCT FROM true)"},
		{name: "is not false", sigs: "b:b", sql: "($1 IS DISTINCT FROM false)"},
		{name: "like", sigs: "sss:b", fn: like("LIKE", false)},
		{name: "not like", sigs: "sss:b", fn: like("LIKE", true)},
		{name: "ilike", sigs: "sss:b", fn: like("ILIKE", false)},
		{name: "not ilike", sigs: "sss:b", fn: like("ILIKE", true)},
		{name: "similar to", sigs: "ss:b", sql: "regexp_full_match($1, gt_similar($2))"},
		{name: "~", sigs: "ss:b", sql: "gt_regexp_like2($1, $2)"},
		{name: "!~", sigs: "ss:b", sql: "(NOT gt_regexp_like2($1, $2))"},
		{name: "~*", sigs: "ss:b", sql: "gt_regexp_like3($1, $2, 'i')"},
		{name: "!~*", sigs: "ss:b", sql: "(NOT gt_regexp_like3($1, $2, 'i'))"},
		{name: "||", sigs: "ss:s", sql: "CAST($1 || $2 AS VARCHAR)"},
		{name: "neg", sigs: "n:1 v:1", fn: negate},
		{name: "bit not", sigs: "i:i", sql: "(~ $1)"},
		{name: "&", sigs: "ii:i", sql: "($1 & $2)"},
		{name: "|", sigs: "ii:i", sql: "($1 | $2)"},
		{name: "^", sigs: "ii:i", sql: "xor($1, $2)"},
		{name: "<<", sigs: "ii:i", sql: "gt_shl($1, $2)"},
		{name: ">>", sigs: "ii:i", sql: "gt_shr($1, $2)"},
		{name: "+", sigs: "cc:c", fn: arithmetic("+", "add")},
		{name: "-", sigs: "cc:c", fn: arithmetic("-", "sub")},
		{name: "*", sigs: "cc:c", fn: arithmetic("*", "mul")},
		{name: "/", sigs: "cc:c", fn: arithmetic("/", "div")},
		{name: "%", sigs: "cc:c", fn: arithmetic("%", "rem")},
		{name: "decimal +", sigs: "aa:1", fn: decimals("+")},
		{name: "decimal -", sigs: "aa:1", fn: decimals("-")},
		{name: "decimal *", sigs: "aa:1", fn: decimals("*")},
		{name: "decimal /", sigs: "aa:1", fn: decimals("/")},
		{name: "decimal %", sigs: "aa:1", fn: decimals("%")},
		{name: "time + interval", sigs: "av:1", fn: shift("+", 1)},
		{name: "time - interval", sigs: "av:1", fn: shift("-", -1)},
		{name: "interval + interval", sigs: "vv:v", sql: "($1 + $2)"},
		{name: "interval - interval", sigs: "vv:v", sql: "($1 - $2)"},
	}
}

// comparison writes l op r. Intervals are compared part by part, months first: the engine takes a month for 30 days.
func comparison(op string) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		l, r := a[0].SQL, a[1].SQL
		if a[0].Type.Kind == model.KindInterval {
			l, r = "gt_span("+l+")", "gt_span("+r+")"
		}
		return "(" + l + " " + op + " " + r + ")", nil
	}
}

// arithmetic writes l op r. Integers are computed by a function of ours, which wraps around where the engine would fail, and fails
// where a divisor is 0.
func arithmetic(op, name string) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		t := a[0].Type
		if t.Class() != model.ClassInt {
			return "(" + a[0].SQL + " " + op + " " + a[1].SQL + ")", nil
		}
		l, r := a[0].SQL, a[1].SQL
		switch {
		case t.Kind == model.KindUint64:
			return "gt_" + name + "u(" + l + ", " + r + ")", nil
		case EngineType(t) == "BIGINT":
			return "gt_" + name + "(" + l + ", " + r + ")", nil
		}
		wide := "gt_" + name + "(CAST(" + l + " AS BIGINT), CAST(" + r + " AS BIGINT))"
		return "CAST(gt_wrap(" + wide + ", " + itoa(int64(t.Kind)) + ") AS " + EngineType(t) + ")", nil
	}
}

func negate(a []Arg) (string, error) {
	t := a[0].Type
	switch {
	case EngineType(t) == "BIGINT":
		return "gt_neg(" + a[0].SQL + ")", nil
	case t.Signed():
		return "CAST(gt_wrap(-CAST(" + a[0].SQL + " AS BIGINT), " + itoa(int64(t.Kind)) + ") AS " + EngineType(t) + ")", nil
	}
	return "(- " + a[0].SQL + ")", nil
}

// unlessZero is a quotient by a divisor that fails the statement where it is zero.
func unlessZero(quotient string, divisor Arg) string {
	if l := divisor.Lit; l != nil && !l.Null() && (l.Int != 0 || l.Decimal != (model.Int128{})) {
		return quotient
	}
	return "(CASE WHEN " + divisor.SQL + " = 0 THEN " + divideByZero + " ELSE " + quotient + " END)"
}

// decimals writes arithmetic of two decimals. DuckDB has other rules for the scale of the result, and none for quotients, which it
// makes floats; the cast brings the value to the scale that decimalResult promised.
func decimals(op string) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		result, ok := decimalResult(op, a[0].Type, a[1].Type)
		if !ok {
			return "", NoMatch(op, []model.Type{a[0].Type, a[1].Type})
		}
		x := "CAST((" + a[0].SQL + " " + op + " " + a[1].SQL + ") AS " + EngineType(result) + ")"
		if op == "/" || op == "%" {
			x = unlessZero(x, a[1])
		}
		return x, nil
	}
}

// decimalResult is the type of l op r. Precisions stop at 38, where values that need more fail; ok is false where no digit before the
// point would be left.
func decimalResult(op string, l, r model.Type) (t model.Type, ok bool) {
	whole := func(t model.Type) int { return int(t.Precision) - int(t.Scale) }
	ls, rs := int(l.Scale), int(r.Scale)
	var precision, scale int
	switch op {
	case "*":
		precision, scale = int(l.Precision)+int(r.Precision)+1, ls+rs
	case "/":
		scale = min(38, ls+4)
		precision = int(l.Precision) + scale - ls + rs
	case "%":
		scale = max(ls, rs)
		precision = min(whole(l), whole(r)) + scale
	default:
		scale = max(ls, rs)
		precision = max(whole(l), whole(r)) + scale + 1
	}
	if scale > 38 {
		return model.Null, false
	}
	return model.Decimal(uint8(min(38, max(1, precision))), uint8(scale)), true
}

// asDecimal is the decimal type that holds every value of an integer type; other types are c.
func asDecimal(t, c model.Type) model.Type {
	switch t.Kind {
	case model.KindDecimal:
		return t
	case model.KindInt8, model.KindUint8:
		return model.Decimal(3, 0)
	case model.KindInt16, model.KindUint16:
		return model.Decimal(5, 0)
	case model.KindInt32, model.KindUint32:
		return model.Decimal(10, 0)
	case model.KindInt64, model.KindUint64:
		return model.Decimal(20, 0)
	}
	return c
}

func like(op string, not bool) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		s := a[0].SQL + " " + op + " " + a[1].SQL + " ESCAPE " + a[2].SQL
		if not {
			return "(NOT (" + s + "))", nil
		}
		return "(" + s + ")", nil
	}
}

// shift moves a time or date by an interval. An interval known to be of whole units without months is plain arithmetic.
func shift(op string, sign int64) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		x, iv := a[0], a[1]
		if !x.Type.IsTimestamp() {
			return unstamp("("+stamp(x.SQL, x.Type)+" "+op+" "+iv.SQL+")", x.Type), nil
		}
		if iv.Lit != nil && !iv.Lit.Null() {
			if w, ok := Span(iv.Lit.Interval, x.Type.Unit); ok {
				return "(" + x.SQL + " + " + itoa(sign*w) + ")", nil
			}
		}
		delta := iv.SQL
		if sign < 0 {
			delta = "-" + delta
		}
		out := "gt_add_" + suffix(x.Type.Unit) + "(" + x.SQL + ", " + delta + ")"
		if iv.Lit != nil && x.Type.Unit == model.Nanosecond && iv.Lit.Interval.Nanos%1000 != 0 { // which the engine's intervals do not hold
			out = "(" + out + " + " + itoa(sign*(iv.Lit.Interval.Nanos%1000)) + ")"
		}
		return out, nil
	}
}

// Span is the length of an interval in a unit; ok is false where it has months, is no whole number of units, or is too long.
func Span(i model.MonthDayNano, u model.TimeUnit) (int64, bool) {
	const day = int64(86400e9)
	if i.Months != 0 || i.Nanos%u.Nanos() != 0 || int64(i.Days) > 100_000 || int64(i.Days) < -100_000 {
		return 0, false
	}
	return int64(i.Days)*(day/u.Nanos()) + i.Nanos/u.Nanos(), true
}

// Arithmetic finds the function for l op r and what it takes and gives. An interval plus a time is for the caller to turn around.
func Arithmetic(op string, l, r model.Type) (fn string, want []model.Type, result model.Type, err error) {
	isTime := func(t model.Type) bool { return t.IsTimestamp() || t.Kind == model.KindDate }
	iv := func(t model.Type) bool { return t.Kind == model.KindInterval }
	switch {
	case isTime(l) && iv(r) && (op == "+" || op == "-"):
		return "time " + op + " interval", []model.Type{l, r}, l, nil
	case iv(l) && iv(r) && (op == "+" || op == "-"):
		return "interval " + op + " interval", []model.Type{l, r}, l, nil
	case l.IsTimestamp() && r.IsTimestamp() && op == "-":
		t := finer(l, r)
		return "-", []model.Type{t, t}, model.Duration(t.Unit), nil
	case l.Kind == model.KindDate && r.Kind == model.KindDate && op == "-":
		return "-", []model.Type{model.Int64, model.Int64}, model.Int64, nil
	}
	bad := func(t model.Type) bool {
		return !t.Numeric() && t.Kind != model.KindNull && t.Kind != model.KindString && t.Kind != model.KindDuration
	}
	c, ok := Common(l, r)
	if !ok || bad(l) || bad(r) {
		return "", nil, model.Null, errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: Cannot coerce arithmetic expression %s %s %s to valid types", l, op, r)
	}
	if c.Kind == model.KindString || c.Kind == model.KindNull {
		c = model.Int64
		if l.Kind == model.KindString || r.Kind == model.KindString {
			c = model.Float64
		}
	}
	if c.Kind == model.KindDecimal {
		a, b := asDecimal(l, c), asDecimal(r, c)
		t, ok := decimalResult(op, a, b)
		if !ok {
			return "", nil, model.Null, errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: the result of %s %s %s has more than 38 digits behind the point", l, op, r)
		}
		return "decimal " + op, []model.Type{a, b}, t, nil
	}
	return op, []model.Type{c, c}, c, nil
}
