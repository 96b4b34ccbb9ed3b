package bind

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func typeName(x any) string { return fmt.Sprintf("%T", x) }

// convert is a conversion that always works, as between the types of one family.
func convert(x plan.Expr, t model.Type) plan.Expr {
	if x.Type() == t {
		return x
	}
	return &plan.Cast{X: x, T: t}
}

// cast converts x to t, at once where x is a constant.
func (b *binder) cast(x plan.Expr, t model.Type) (plan.Expr, error) { return b.castAs(x, t, false) }

func (b *binder) castAs(x plan.Expr, t model.Type, try bool) (plan.Expr, error) {
	from := x.Type()
	if from == t {
		return x, nil
	}
	if !function.CanCast(from, t) {
		return nil, planError("Error during planning: Unsupported CAST from %s to %s", from, t)
	}
	if l, ok := x.(*plan.Lit); ok {
		if l.V.Null() {
			return &plan.Lit{V: model.NullOf(t)}, nil
		}
		v, done, err := castValue(l.V, t, b.env.Session.Timezone)
		switch {
		case err != nil && try:
			return &plan.Lit{V: model.NullOf(t)}, nil
		case err != nil:
			return nil, err
		case done:
			return &plan.Lit{V: v}, nil
		}
	}
	if t.Kind == model.KindInterval && from.Kind == model.KindString {
		return nil, errs.New(errs.Unsupported, "Not supported: an INTERVAL that is not a constant")
	}
	if t.IsTimestamp() && from.Kind == model.KindString {
		return &plan.Call{Fn: function.ParseTimeName(t.Unit, try), Args: []plan.Expr{x, b.zone()}, T: t}, nil
	}
	return &plan.Cast{X: x, T: t, Try: try}, nil
}

// zone is the session's time zone as an argument of functions.
func (b *binder) zone() plan.Expr {
	return &plan.Lit{V: model.StringValue(function.ZoneName(b.env.Session.Timezone))}
}

func castError(v model.Value, t model.Type) error {
	if v.Type.Kind == model.KindString {
		return errs.New(errs.EngineExecuteQuery, "Cast error: Cannot cast string '%s' to value of %s type", v.Bytes, t)
	}
	return errs.New(errs.EngineExecuteQuery, "Cast error: Can't cast value %s to type %s", v, t)
}

// castValue converts a constant; done is false where that is left to the engine.
func castValue(v model.Value, t model.Type, zone *time.Location) (out model.Value, done bool, err error) {
	if out, ok, err := function.CastClock(v, t); ok || err != nil {
		return out, ok, err
	}
	out.Type = t
	switch {
	case v.Type.Kind == model.KindString:
		return castString(v, t, zone)
	case v.Type.Integer() && t.Integer():
		out.Int = v.Int
		if !fits(v, t) {
			return out, false, castError(v, t)
		}
		return out, true, nil
	case v.Type.Integer() && t.Floating():
		out.Float = float64(v.Int)
		if v.Type.Kind == model.KindUint64 {
			out.Float = float64(uint64(v.Int))
		}
		return out, true, nil
	case v.Type.Floating() && t.Floating():
		out.Float = v.Float
		if t.Kind == model.KindFloat32 {
			out.Float = float64(float32(v.Float))
		}
		return out, true, nil
	case v.Type.Floating() && t.Signed():
		lo, hi, _ := t.IntRange()
		f := math.Trunc(v.Float)
		if math.IsNaN(f) || f < float64(lo) || f >= float64(hi)+1 {
			return out, false, castError(v, t)
		}
		out.Int = int64(f)
		return out, true, nil
	case v.Type.Integer() && (t.IsTimestamp() || t.Kind == model.KindDuration):
		out.Int = v.Int
		return out, true, nil
	case (v.Type.IsTimestamp() || v.Type.Kind == model.KindDuration) && t.Kind == model.KindInt64:
		out.Int = v.Int
		return out, true, nil
	case v.Type.IsTimestamp() && t.IsTimestamp():
		n, ok := model.ConvertTime(v.Int, v.Type.Unit, t.Unit)
		if !ok {
			return out, false, castError(v, t)
		}
		out.Int = n
		return out, true, nil
	case v.Type.Kind == model.KindDate && t.IsTimestamp():
		n, ok := model.ConvertTime(v.Int*86400, model.Second, t.Unit)
		if !ok {
			return out, false, castError(v, t)
		}
		out.Int = n
		return out, true, nil
	case v.Type.IsTimestamp() && t.Kind == model.KindDate:
		s, _ := model.ConvertTime(v.Int, v.Type.Unit, model.Second)
		out.Int = floorDiv(s, 86400)
		return out, true, nil
	}
	return out, false, nil
}

func fits(v model.Value, t model.Type) bool {
	if v.Type.Kind == model.KindUint64 && v.Int < 0 {
		return t.Kind == model.KindUint64
	}
	if t.Kind == model.KindUint64 {
		return v.Int >= 0
	}
	lo, hi, _ := t.IntRange()
	return lo <= v.Int && v.Int <= hi
}

func castString(v model.Value, t model.Type, zone *time.Location) (out model.Value, done bool, err error) {
	out.Type = t
	s := strings.TrimSpace(v.Bytes)
	switch {
	case t.IsTimestamp():
		n, err := ParseTime(s, t.Unit, zone)
		out.Int = n
		return out, err == nil, err
	case t.Kind == model.KindDate:
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			n, err := ParseTime(s, model.Second, time.UTC)
			out.Int = floorDiv(n, 86400)
			return out, err == nil, err
		}
		out.Int = floorDiv(d.Unix(), 86400)
		return out, true, nil
	case t.Kind == model.KindInterval:
		iv, err := sql.ParseInterval(v.Bytes, "")
		out.Interval = model.MonthDayNano(iv)
		return out, err == nil, err
	case t.Kind == model.KindUint64:
		u, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return out, false, castError(v, t)
		}
		out.Int = int64(u)
		return out, true, nil
	case t.Integer():
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || !fits(model.IntValue(model.Int64, n), t) {
			return out, false, castError(v, t)
		}
		out.Int = n
		return out, true, nil
	case t.Floating():
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return out, false, castError(v, t)
		}
		out.Float = f
		return out, true, nil
	case t.Kind == model.KindBool:
		switch strings.ToLower(s) {
		case "true", "t", "yes", "y", "1", "on":
			return model.BoolValue(true), true, nil
		case "false", "f", "no", "n", "0", "off":
			return model.BoolValue(false), true, nil
		}
		return out, false, castError(v, t)
	case t.Kind == model.KindBinary, t.Kind == model.KindJSON:
		out.Bytes = v.Bytes
		return out, true, nil
	}
	return out, false, nil
}

// ParseTime is function.ParseTime.
func ParseTime(s string, unit model.TimeUnit, zone *time.Location) (int64, error) {
	return function.ParseTime(s, unit, zone)
}

// fold computes a call of constants, where that is worth knowing while planning: signs, and times moved by intervals.
func (b *binder) fold(c *plan.Call) plan.Expr {
	lits := make([]model.Value, len(c.Args))
	for i, a := range c.Args {
		l, ok := a.(*plan.Lit)
		if !ok || l.V.Null() {
			return c
		}
		lits[i] = l.V
	}
	switch c.Fn {
	case "neg":
		return foldNeg(c, lits[0])
	case "time + interval", "date_add":
		return foldShift(c, lits[0], lits[1].Interval, 1)
	case "time - interval", "date_sub":
		return foldShift(c, lits[0], lits[1].Interval, -1)
	case "+", "-", "*":
		return foldArithmetic(c, lits)
	case "interval + interval", "interval - interval":
		sign := int64(1)
		if c.Fn == "interval - interval" {
			sign = -1
		}
		l, r := lits[0].Interval, lits[1].Interval
		return &plan.Lit{V: model.Value{Type: model.Interval, Interval: model.MonthDayNano{
			Months: l.Months + int32(sign)*r.Months, Days: l.Days + int32(sign)*r.Days, Nanos: l.Nanos + sign*r.Nanos}}}
	case "date_trunc":
		return foldTrunc(c, lits)
	case "to_timestamp_seconds", "to_timestamp_millis", "to_timestamp_micros", "to_timestamp_nanos":
		if lits[0].Type == model.Int64 {
			return &plan.Lit{V: model.IntValue(c.T, lits[0].Int)}
		}
	}
	return c
}

func foldNeg(c *plan.Call, v model.Value) plan.Expr {
	switch {
	case v.Type.Floating():
		v.Float = -v.Float
	case v.Type.Signed() && v.Int != math.MinInt64:
		v.Int = -v.Int
	case v.Type.Kind == model.KindInterval:
		v.Interval = model.MonthDayNano{Months: -v.Interval.Months, Days: -v.Interval.Days, Nanos: -v.Interval.Nanos}
	default:
		return c
	}
	return &plan.Lit{V: v}
}

func foldArithmetic(c *plan.Call, v []model.Value) plan.Expr {
	t := c.Args[0].Type()
	out := model.Value{Type: c.T}
	switch {
	case t.Floating() && c.T.Floating():
		out.Float = map[string]float64{"+": v[0].Float + v[1].Float, "-": v[0].Float - v[1].Float, "*": v[0].Float * v[1].Float}[c.Fn]
	case t.Kind == model.KindInt64 && c.T.Kind == model.KindInt64, t.IsTimestamp() && c.T.Kind == model.KindDuration: // wraps around
		out.Int = map[string]int64{"+": v[0].Int + v[1].Int, "-": v[0].Int - v[1].Int, "*": v[0].Int * v[1].Int}[c.Fn]
	default:
		return c
	}
	return &plan.Lit{V: out}
}

// foldIntervals compares two constant intervals, by months, then days, then nanoseconds: none counts as some of another.
func foldIntervals(op string, l, r plan.Expr) (plan.Expr, bool) {
	a, ok := l.(*plan.Lit)
	b, ok2 := r.(*plan.Lit)
	if !ok || !ok2 || a.V.Null() || b.V.Null() || a.V.Type.Kind != model.KindInterval || b.V.Type.Kind != model.KindInterval {
		return nil, false
	}
	x, y := a.V.Interval, b.V.Interval
	c := cmp.Or(cmp.Compare(x.Months, y.Months), cmp.Compare(x.Days, y.Days), cmp.Compare(x.Nanos, y.Nanos))
	holds, ok := map[string]bool{plan.Eq: c == 0, plan.Ne: c != 0, plan.Lt: c < 0, plan.Le: c <= 0, plan.Gt: c > 0, plan.Ge: c >= 0,
		"is distinct from": c != 0, "is not distinct from": c == 0}[op]
	return &plan.Lit{V: model.BoolValue(holds)}, ok
}

func foldShift(c *plan.Call, at model.Value, iv model.MonthDayNano, sign int64) plan.Expr {
	if !at.Type.IsTimestamp() {
		return c
	}
	v, ok := function.Shift(at.Int, at.Type.Unit, iv, sign)
	if !ok {
		return c
	}
	return &plan.Lit{V: model.IntValue(at.Type, v)}
}

func foldTrunc(c *plan.Call, v []model.Value) plan.Expr {
	width, origin, ok := function.FixedUnit(v[0].Bytes)
	t := v[1].Type
	if !ok || !t.IsTimestamp() || width < t.Unit.Nanos() {
		return c
	}
	bucket := model.TimeBucket{Width: width / t.Unit.Nanos(), Origin: origin / t.Unit.Nanos()}
	return &plan.Lit{V: model.IntValue(t, bucket.Start(v[1].Int))}
}
