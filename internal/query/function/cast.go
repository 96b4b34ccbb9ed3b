package function

import (
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// CanCast reports whether values of from can be converted to to, as far as types tell.
func CanCast(from, to model.Type) bool {
	switch {
	case from == to, from.Kind == model.KindNull, from.Kind == model.KindString:
		return true
	case to.Kind == model.KindString, to.Kind == model.KindJSON:
		return true
	case from.Nested(), to.Nested():
		return canCastNested(from, to)
	case from.Kind == model.KindTime, to.Kind == model.KindTime:
		return canCastClock(from, to)
	case from.Kind == model.KindBool:
		return to.Integer() || to.Floating()
	case from.Numeric():
		return to.Numeric() || to.Kind == model.KindBool || to.Integer() || (to.IsTimestamp() || to.Kind == model.KindDuration) && from.Kind != model.KindDecimal
	case from.IsTimestamp():
		return to.IsTimestamp() || to.Kind == model.KindDate || to.Integer()
	case from.Kind == model.KindDate:
		return to.IsTimestamp() || to.Integer()
	case from.Kind == model.KindDuration:
		return to.Kind == model.KindDuration || to.Integer() || to.Kind == model.KindInterval
	case from.Kind == model.KindBinary, from.Kind == model.KindVector, from.Kind == model.KindJSON:
		return to.Class() == model.ClassBytes
	}
	return false
}

// CastSQL writes the conversion of x.
func CastSQL(x string, from, to model.Type, try bool) (string, error) {
	if from == to {
		return x, nil
	}
	if !CanCast(from, to) {
		return "", errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: Cannot cast %s to %s", from, to)
	}
	cast := func(x, as string) string {
		if try {
			return "TRY_CAST(" + x + " AS " + as + ")"
		}
		return "CAST(" + x + " AS " + as + ")"
	}
	if clock, ok := castClock(x, from, to, try); ok && from.Kind != model.KindNull {
		return clock, nil
	}
	switch {
	case from.Kind == model.KindNull:
		if to.Kind == model.KindList && EngineType(to) == "" {
			return "CAST(" + x + " AS INTEGER[])", nil
		}
		return "CAST(" + x + " AS " + EngineType(to) + ")", nil
	case to.IsTimestamp():
		return toTimestamp(x, from, to, cast), nil
	case from.IsTimestamp():
		switch to.Kind {
		case model.KindString, model.KindJSON:
			return "gt_time_text(" + x + ", " + unitOf(from) + ")", nil
		case model.KindDate:
			return "CAST(" + stamp(x, from) + " AS DATE)", nil
		}
	case from.Kind == model.KindDate && to.Integer():
		return cast("("+x+" - DATE '1970-01-01')", EngineType(to)), nil
	case from.Kind == model.KindDuration:
		switch to.Kind {
		case model.KindDuration:
			return scale(x, from.Unit, to.Unit), nil
		case model.KindInterval:
			return "to_microseconds(" + scale(x, from.Unit, model.Microsecond) + ")", nil
		}
	case from.Floating() && to.Integer():
		return cast("trunc("+x+")", EngineType(to)), nil
	case from.Kind == model.KindBinary && to.Kind == model.KindString:
		return "gt_bin_text(" + x + ", " + strconv.FormatBool(try) + ")", nil
	case to.Kind == model.KindBinary && from.Kind == model.KindString:
		return "encode(" + x + ")", nil
	case from.Class() == model.ClassBytes && to.Class() == model.ClassBytes && !to.Nested() && EngineType(from) == EngineType(to):
		return x, nil
	case from.Nested() && to.Nested():
		return castNested(x, from, to, try, 0)
	case from.Nested() && to.Kind == model.KindString:
		return cast("to_json("+x+")", "VARCHAR"), nil
	case from.Kind == model.KindString && to.Kind == model.KindBool:
		return cast(x, "BOOLEAN"), nil
	case from.Kind == model.KindString && to.Kind == model.KindVector:
		return "gt_parse_vec(" + x + ")", nil
	case from.Floating() && to.Kind == model.KindString:
		return "replace(replace(CAST(" + x + " AS VARCHAR), '-nan', 'NaN'), 'nan', 'NaN')", nil
	case from.Kind == model.KindVector && to.Kind == model.KindString:
		return "gt_vec_to_string(" + x + ")", nil
	case to.Nested() && EngineType(to) == "":
		return x, nil
	}
	return cast(x, EngineType(to)), nil
}

func toTimestamp(x string, from, to model.Type, cast func(x, as string) string) string {
	switch {
	case from.IsTimestamp():
		return scale(x, from.Unit, to.Unit)
	case from.Kind == model.KindDate:
		return unstamp(stamp(x, from), to)
	case from.Kind == model.KindString: // without a session at hand; the binder writes what knows its zone
		lenient := "false"
		if strings.HasPrefix(cast("", ""), "TRY") {
			lenient = "true"
		}
		return "gt_time_parse(" + x + ", " + itoa(int64(to.Unit)) + ", 'UTC', " + lenient + ")"
	case from.Floating():
		return cast("trunc("+x+")", "BIGINT")
	}
	return cast(x, "BIGINT")
}

// scale counts a time in another unit. To a finer one it may not fit, which is an error.
func scale(x string, from, to model.TimeUnit) string {
	switch {
	case from == to:
		return x
	case from < to:
		return "gt_time_scale(" + x + ", " + itoa(int64(from)) + ", " + itoa(int64(to)) + ")"
	}
	return "gt_floordiv(" + x + ", " + itoa(from.PerSecond()/to.PerSecond()) + ")"
}
