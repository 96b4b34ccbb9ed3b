package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

func timeFunctions() []*Scalar {
	sig := func(name, sigs string, fn func([]Arg) (string, error)) *Scalar {
		m := map[string]*Scalar{}
		def{name: name, sigs: sigs, fn: fn}.add(m)
		return m[name]
	}
	out := []*Scalar{
		sig("date_bin", "vt:2 vtt:2", dateBin),
		sig("date_trunc", "sd:2 st:2", dateTrunc),
		{Name: "date_part", Resolve: resolveDatePart, SQL: datePart},
		{Name: "date_add", Resolve: resolveShift("date_add"), SQL: shift("+", 1)},
		{Name: "date_sub", Resolve: resolveShift("date_sub"), SQL: shift("-", -1)},
		sig("date_format", "dss:s tss:s", dateFormat),
		toChar(sig("to_char", "ds:s ts:s", dateFormat)),
		clockFunction("to_time", "s", template("gt_clock_parse($1, 3, false)"), model.Nanosecond),
		clockFunction("make_time", "iii", template("gt_make_time($1, $2, $3)"), model.Second),
		{Name: "to_local_time", Resolve: resolveLocal, SQL: func(a []Arg) (string, error) {
			return "gt_local(" + a[0].SQL + ", " + unitOf(a[0].Type) + ", " + a[1].SQL + ")", nil
		}},
		sig("make_date", "iii:d", template("make_date($1, $2, $3)")),
		{Name: "to_unixtime", Resolve: resolveUnix, SQL: toUnix},
		sig("from_unixtime", "i[s:z", template("$1")),
		{Name: "to_date", Resolve: resolveToDate, SQL: toDate},
	}
	for u, name := range []string{"to_timestamp_seconds", "to_timestamp_millis", "to_timestamp_micros", "to_timestamp_nanos"} {
		out = append(out, toTimestampFunction(name, model.TimeUnit(u), model.TimeUnit(u)))
	}
	for u := model.Second; u <= model.Nanosecond; u++ {
		for _, try := range []bool{false, true} {
			out = append(out, &Scalar{Name: ParseTimeName(u, try),
				SQL: func(a []Arg) (string, error) {
					lenient := "false"
					if try {
						lenient = "true"
					}
					return "gt_time_parse(" + a[0].SQL + ", " + itoa(int64(u)) + ", " + a[1].SQL + ", " + lenient + ")", nil
				}})
		}
	}
	return append(append(out, zoneFunctions()...), toTimestampFunction("to_timestamp", model.Nanosecond, model.Second))
}

// toChar lets to_char print times of day too: those of the first day.
func toChar(f *Scalar) *Scalar {
	plain := f.Resolve
	f.Resolve = func(args []model.Type) ([]model.Type, model.Type, error) {
		if len(args) != 2 || args[0].Kind != model.KindTime {
			return plain(args)
		}
		want, result, err := plain([]model.Type{model.Timestamp(args[0].Unit), args[1]})
		if err == nil {
			want[0] = args[0]
		}
		return want, result, err
	}
	return f
}

// ParseTimeName is the function that a cast of text to a timestamp becomes, which takes the text and the name of the session's zone. With
// try, what is no time is NULL. The blanks in it keep it from being called by users.
func ParseTimeName(u model.TimeUnit, try bool) string {
	if try {
		return "try parse time " + suffix(u)
	}
	return "parse time " + suffix(u)
}

// Zoned are the functions that take the name of the session's zone after the arguments that users give them; see ZoneName.
func Zoned(name string) bool {
	switch name {
	case "date_format", "to_unixtime", "to_local_time", "to_timestamp", "to_timestamp_seconds", "to_timestamp_millis", "to_timestamp_micros", "to_timestamp_nanos":
		return true
	}
	return false
}

func unitOf(t model.Type) string { return itoa(int64(t.Unit)) }

func resolveLocal(args []model.Type) ([]model.Type, model.Type, error) {
	if len(args) == 2 {
		if t, ok := accept('t', args[0], model.Null); ok {
			return []model.Type{t, model.String}, t, nil
		}
	}
	return nil, model.Null, NoMatch("to_local_time", args[:max(0, len(args)-1)])
}

func resolveToDate(args []model.Type) ([]model.Type, model.Type, error) {
	if len(args) == 0 || len(args) > 1 && args[0].Kind != model.KindString && args[0].Kind != model.KindNull {
		return nil, model.Null, NoMatch("to_date", args)
	}
	want := append([]model.Type(nil), args...)
	switch t := args[0]; {
	case t.Kind == model.KindNull && len(args) > 1:
		want[0] = model.String
	case t.Integer():
		want[0] = model.Int64
	case t.Kind == model.KindString, t.Kind == model.KindDate, t.IsTimestamp():
	case t.Kind == model.KindNull:
		want[0] = model.Date
	default:
		return nil, model.Null, NoMatch("to_date", args)
	}
	for i := range want[1:] {
		want[1+i] = model.String
	}
	return want, model.Date, nil
}

func toDate(a []Arg) (string, error) {
	switch t := a[0].Type; {
	case len(a) > 1:
		return "(DATE '1970-01-01' + CAST(gt_floordiv(gt_time_scan(0, '+0', " + joined(a) + "), 86400) AS INTEGER))", nil
	case t.Kind == model.KindInt64:
		return "(DATE '1970-01-01' + CAST(" + a[0].SQL + " AS INTEGER))", nil
	default:
		return CastSQL(a[0].SQL, t, model.Date, false)
	}
}

func joined(a []Arg) string {
	parts := make([]string, len(a))
	for i, x := range a {
		parts[i] = x.SQL
	}
	return strings.Join(parts, ", ")
}

// FixedUnit is the length in nanoseconds of a date_trunc unit and its origin, both in nanoseconds; ok is false for units whose lengths
// differ, as months do, and for words that are no unit.
func FixedUnit(unit string) (width, origin int64, ok bool) {
	const day = int64(86400e9)
	switch strings.ToLower(unit) {
	case "week":
		return 7 * day, 4 * day, true // 1970-01-05 was a Monday
	case "day":
		return day, 0, true
	case "hour":
		return 3600e9, 0, true
	case "minute":
		return 60e9, 0, true
	case "second":
		return 1e9, 0, true
	case "millisecond":
		return 1e6, 0, true
	case "microsecond":
		return 1e3, 0, true
	}
	return 0, 0, false
}

func dateTrunc(a []Arg) (string, error) {
	if a[0].Lit == nil || a[0].Lit.Null() {
		return "", errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: date_trunc needs a constant unit")
	}
	unit, t := strings.ToLower(a[0].Lit.Bytes), a[1].Type
	if width, origin, ok := FixedUnit(unit); ok && t.IsTimestamp() {
		n := t.Unit.Nanos()
		if width <= n {
			return a[1].SQL, nil
		}
		return bin(a[1].SQL, t, width/n, origin/n), nil
	}
	switch unit {
	case "year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond":
		return unstamp("date_trunc('"+unit+"', "+stamp(a[1].SQL, t)+")", t), nil
	}
	return "", errs.New(errs.EngineExecuteQuery, "Execution error: Unsupported date_trunc granularity: %s", unit)
}

// bin writes the start of a slot. Times of units other than nanoseconds are far from the ends of 64 bits.
func bin(x string, t model.Type, width, origin int64) string {
	if t.Unit == model.Nanosecond {
		return "gt_bin(" + x + ", " + itoa(width) + ", " + itoa(origin) + ")"
	}
	return "gt_quick_bin(" + x + ", " + itoa(width) + ", " + itoa(origin) + ")"
}

func dateBin(a []Arg) (string, error) {
	t := a[1].Type
	iv := a[0].Lit
	if iv == nil || iv.Null() {
		return "", errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: DATE_BIN expects a constant stride")
	}
	origin := "0"
	if len(a) == 3 {
		o, err := CastSQL(a[2].SQL, a[2].Type, t, false)
		if err != nil {
			return "", err
		}
		origin = o
	}
	if w, ok := Span(iv.Interval, t.Unit); ok {
		if w <= 0 {
			return "", errs.New(errs.EngineExecuteQuery, "Execution error: DATE_BIN stride must be non-zero and positive")
		}
		if len(a) < 3 {
			return bin(a[1].SQL, t, w, 0), nil
		}
		return "gt_bin(" + a[1].SQL + ", " + itoa(w) + ", " + origin + ")", nil
	}
	if iv.Interval.Months > 0 && iv.Interval.Days == 0 && iv.Interval.Nanos == 0 {
		return unstamp("time_bucket(to_months("+itoa(int64(iv.Interval.Months))+"), "+stamp(a[1].SQL, t)+", "+stamp(origin, t)+")", t), nil
	}
	if iv.Interval.Months != 0 {
		return "", errs.New(errs.Unsupported, "DATE_BIN stride does not support combination of month, day and nanosecond intervals")
	}
	return a[1].SQL, nil // shorter than the unit: every time is a slot of its own
}

func resolveDatePart(args []model.Type) ([]model.Type, model.Type, error) {
	if len(args) != 2 || args[0].Kind != model.KindString {
		return nil, model.Null, NoMatch("date_part", args)
	}
	switch t := args[1]; {
	case t.IsTimestamp(), t.Kind == model.KindDate, t.Kind == model.KindInterval, t.Kind == model.KindTime, t.Kind == model.KindDuration:
		return args, model.Int32, nil
	case t.Kind == model.KindString || t.Kind == model.KindNull:
		return []model.Type{args[0], model.Timestamp(model.Nanosecond)}, model.Int32, nil
	}
	return nil, model.Null, NoMatch("date_part", args)
}

// DatePartType is the result's type for a unit.
func DatePartType(unit string) model.Type {
	if strings.EqualFold(unit, "epoch") {
		return model.Float64
	}
	return model.Int32
}

func datePart(a []Arg) (string, error) {
	if a[0].Lit == nil || a[0].Lit.Null() {
		return "", errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: date_part needs a constant unit")
	}
	unit, t := strings.ToLower(a[0].Lit.Bytes), a[1].Type
	x := a[1].SQL
	if t.Kind == model.KindDuration {
		return durationPart(unit, x, t)
	}
	if t.Kind == model.KindTime { // the same time of the first day
		t = model.Timestamp(t.Unit)
	}
	if t.IsTimestamp() {
		switch unit {
		case "epoch":
			return "(CAST(" + x + " AS DOUBLE) / " + itoa(t.Unit.PerSecond()) + ")", nil
		case "nanosecond":
			per := t.Unit.PerSecond()
			return "CAST((" + x + " - gt_floordiv(" + x + ", " + itoa(per) + ") * " + itoa(per) + ") * " + itoa(t.Unit.Nanos()) + " AS INTEGER)", nil
		}
	}
	if t.Kind != model.KindInterval {
		x = stamp(x, t)
	}
	switch unit {
	case "year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond", "dow", "doy", "isodow":
		return "CAST(date_part('" + unit + "', " + x + ") AS INTEGER)", nil
	case "epoch":
		return "CAST(epoch(" + x + ") AS DOUBLE)", nil
	}
	return "", errs.New(errs.EngineExecuteQuery, "Execution error: Date part '%s' not supported", unit)
}

// durationPart writes how many whole units a duration is long; of epoch, how many seconds, with what is left.
func durationPart(unit, x string, t model.Type) (string, error) {
	if unit == "epoch" {
		return "(CAST(" + x + " AS DOUBLE) / " + itoa(t.Unit.PerSecond()) + ")", nil
	}
	width := int64(1)
	if unit != "nanosecond" {
		w, _, ok := FixedUnit(unit)
		if !ok {
			return "", errs.New(errs.EngineExecuteQuery, "Execution error: Date part '%s' not supported of a duration", unit)
		}
		width = w
	}
	if n := t.Unit.Nanos(); width < n {
		return "CAST(" + x + " * " + itoa(n/width) + " AS INTEGER)", nil
	}
	return "CAST(" + x + " // " + itoa(width/t.Unit.Nanos()) + " AS INTEGER)", nil
}

func resolveShift(name string) func([]model.Type) ([]model.Type, model.Type, error) {
	return func(args []model.Type) ([]model.Type, model.Type, error) {
		if len(args) != 2 || args[1].Kind != model.KindInterval && args[1].Kind != model.KindString && args[1].Kind != model.KindNull {
			return nil, model.Null, NoMatch(name, args)
		}
		switch t := args[0]; {
		case t.IsTimestamp(), t.Kind == model.KindDate:
			return []model.Type{t, model.Interval}, t, nil
		case t.Kind == model.KindString, t.Kind == model.KindNull:
			ms := model.Timestamp(model.Millisecond)
			return []model.Type{ms, model.Interval}, ms, nil
		}
		return nil, model.Null, NoMatch(name, args)
	}
}

// dateFormat prints a time in the zone of the last argument, or in UTC; a date has none.
func dateFormat(a []Arg) (string, error) {
	zone := "'UTC'"
	if len(a) == 3 && a[0].Type.IsTimestamp() {
		zone = a[2].SQL
	}
	if a[0].Type.Kind == model.KindDate {
		return "gt_time_format(CAST(" + a[0].SQL + " - DATE '1970-01-01' AS BIGINT) * 86400, 0, " + a[1].SQL + ", " + zone + ")", nil
	}
	return "gt_time_format(" + a[0].SQL + ", " + unitOf(a[0].Type) + ", " + a[1].SQL + ", " + zone + ")", nil
}

func resolveUnix(args []model.Type) ([]model.Type, model.Type, error) {
	if len(args) != 2 {
		return nil, model.Null, NoMatch("to_unixtime", args[:max(0, len(args)-1)])
	}
	switch t := args[0]; {
	case t.Integer(), t.Kind == model.KindNull:
		return []model.Type{model.Int64, model.String}, model.Int64, nil
	case t.IsTimestamp(), t.Kind == model.KindDate, t.Kind == model.KindString:
		return args, model.Int64, nil
	}
	return nil, model.Null, NoMatch("to_unixtime", args[:1])
}

func toUnix(a []Arg) (string, error) {
	switch t := a[0].Type; {
	case t.IsTimestamp():
		return scale(a[0].SQL, t.Unit, model.Second), nil
	case t.Kind == model.KindDate:
		return "(CAST(" + a[0].SQL + " - DATE '1970-01-01' AS BIGINT) * 86400)", nil
	case t.Kind == model.KindString:
		return "gt_time_parse(" + a[0].SQL + ", 0, " + a[1].SQL + ", true)", nil
	}
	return a[0].SQL, nil
}

// toTimestampFunction makes timestamps of a unit; numbers count in another.
func toTimestampFunction(name string, unit, numbers model.TimeUnit) *Scalar {
	t := model.Timestamp(unit)
	return &Scalar{Name: name,
		Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
			if len(args) < 2 || !CanCast(args[0], t) || len(args) > 2 && args[0].Kind != model.KindString && args[0].Kind != model.KindNull {
				return nil, model.Null, NoMatch(name, args[:max(0, len(args)-1)])
			}
			want := append([]model.Type(nil), args...)
			switch {
			case want[0].Integer():
				want[0] = model.Int64
			case want[0].Floating():
				want[0] = model.Float64
			case want[0].Kind == model.KindNull && len(args) > 2:
				want[0] = model.String
			case want[0].Kind == model.KindNull:
				want[0] = t
			}
			for i := range want[1:] {
				want[1+i] = model.String
			}
			return want, t, nil
		},
		SQL: func(a []Arg) (string, error) {
			zone := a[len(a)-1].SQL
			switch {
			case a[0].Type == model.Int64:
				return scale(a[0].SQL, numbers, unit), nil
			case a[0].Type == model.Float64:
				return "CAST(floor(" + a[0].SQL + " * " + itoa(unit.PerSecond()/numbers.PerSecond()) + ") AS BIGINT)", nil
			case len(a) > 2:
				return "gt_time_scan(" + itoa(int64(unit)) + ", " + zone + ", " + joined(a[:len(a)-1]) + ")", nil
			case a[0].Type.Kind == model.KindString:
				return "gt_time_parse(" + a[0].SQL + ", " + itoa(int64(unit)) + ", " + zone + ", false)", nil
			}
			return CastSQL(a[0].SQL, a[0].Type, t, false)
		}}
}
