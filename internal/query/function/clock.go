package function

import (
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// clockLayouts are the ways to write a time of day. Fractions of a second may follow the seconds in each.
var clockLayouts = []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00"}

// ParseClock reads a time of day as a number of a unit since midnight. Digits finer than the unit are cut off.
func ParseClock(s string, unit model.TimeUnit) (int64, error) {
	for _, layout := range clockLayouts {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return (int64(t.Hour()*3600+t.Minute()*60+t.Second())*1e9 + int64(t.Nanosecond())) / unit.Nanos(), nil
		}
	}
	return 0, errs.New(errs.EngineExecuteQuery, "Cast error: Cannot cast string '%s' to value of %s type", s, model.TimeOf(unit))
}

// AppendClock writes a time of day: 13:14:15, and 3, 6 or 9 digits of what there is of a second.
func AppendClock(dst []byte, v int64, unit model.TimeUnit) []byte {
	out, err := AppendTime(dst, TimeOf(v, unit), "%H:%M:%S%.f")
	if err != nil {
		return dst
	}
	return out
}

// clockColumns are the functions over columns of times of day; the unit is the second argument.
func clockColumns() []column {
	return []column{
		{name: "clock_parse", sig: "sib:i", row: func(c *cells, out *model.Vector) error { // whether to be lenient is last
			v, err := ParseClock(c.str(0), c.unit(1))
			switch {
			case err != nil && c.bool(2):
				out.AppendNull()
			case err != nil:
				return err
			default:
				out.AppendInt(v)
			}
			return nil
		}},
		{name: "clock_text", sig: "ii:s", row: func(c *cells, out *model.Vector) error {
			out.AppendBytes(AppendClock(nil, c.int(0), c.unit(1)))
			return nil
		}},
		{name: "make_time", sig: "iii:i", row: func(c *cells, out *model.Vector) error {
			h, m, s := c.int(0), c.int(1), c.int(2)
			if h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 59 {
				return failure("Unable to parse time from %d, %d, %d", h, m, s)
			}
			out.AppendInt(h*3600 + m*60 + s)
			return nil
		}},
	}
}

// canCastClock reports conversions of times of day.
func canCastClock(from, to model.Type) bool {
	switch {
	case from.Kind == model.KindTime:
		return to.Kind == model.KindTime || to == model.Int64
	case to.Kind == model.KindTime:
		return from.IsTimestamp() || from == model.Int64
	}
	return false
}

// castClock writes a conversion from or to a time of day; ok is false where it is none.
func castClock(x string, from, to model.Type, try bool) (sql string, ok bool) {
	switch {
	case to.Kind == model.KindTime && from.Kind == model.KindString:
		lenient := "false"
		if try {
			lenient = "true"
		}
		return "gt_clock_parse(" + x + ", " + itoa(int64(to.Unit)) + ", " + lenient + ")", true
	case from.Kind == model.KindTime && (to.Kind == model.KindString || to.Kind == model.KindJSON):
		return "gt_clock_text(" + x + ", " + itoa(int64(from.Unit)) + ")", true
	case from.Kind == model.KindTime && to.Kind == model.KindTime:
		return scale(x, from.Unit, to.Unit), true
	case from.IsTimestamp() && to.Kind == model.KindTime:
		day := itoa(86400 * from.Unit.PerSecond())
		return scale("("+x+" - gt_floordiv("+x+", "+day+") * "+day+")", from.Unit, to.Unit), true
	case to.Kind == model.KindTime, from.Kind == model.KindTime:
		return x, true
	}
	return "", false
}

// CastClock converts constants; ok is false where that is not a conversion from or to a time of day.
func CastClock(v model.Value, t model.Type) (out model.Value, ok bool, err error) {
	out.Type = t
	switch {
	case v.Type.Kind == model.KindString && t.Kind == model.KindTime:
		out.Int, err = ParseClock(v.Bytes, t.Unit)
	case v.Type.Kind == model.KindTime && t.Kind == model.KindString:
		out.Bytes = string(AppendClock(nil, v.Int, v.Type.Unit))
	case v.Type.Kind == model.KindTime && t.Kind == model.KindTime:
		out.Int, _ = model.ConvertTime(v.Int, v.Type.Unit, t.Unit)
	case v.Type.IsTimestamp() && t.Kind == model.KindTime:
		day := 86400 * v.Type.Unit.PerSecond()
		out.Int, _ = model.ConvertTime(floorMod(v.Int, day), v.Type.Unit, t.Unit)
	default:
		return out, false, nil
	}
	return out, true, err
}

// clockFunction is a function that gives times of day of a unit.
func clockFunction(name, params string, sql func([]Arg) (string, error), unit model.TimeUnit) *Scalar {
	m := map[string]*Scalar{}
	def{name: name, sigs: params + ":i", fn: sql}.add(m)
	f, resolve := m[name], m[name].Resolve
	f.Resolve = func(args []model.Type) ([]model.Type, model.Type, error) {
		want, _, err := resolve(args)
		return want, model.TimeOf(unit), err
	}
	return f
}
