package function

import (
	"math"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Shift moves a time of a unit by an interval, forwards or, with sign -1, back: first by its months, keeping the day of the month or
// taking the month's last, then by days, then by the rest, of which less than a unit is cut off. ok is false where there is no such time.
func Shift(v int64, unit model.TimeUnit, iv model.MonthDayNano, sign int64) (moved int64, ok bool) {
	if w, ok := Span(iv, unit); ok {
		w *= sign
		moved := v + w
		return moved, (moved > v) == (w > 0) || w == 0
	}
	const years = 200_000_000 // more is no calendar
	if iv.Nanos == math.MinInt64 || unit < model.Microsecond && (v/unit.PerSecond() > years*31_556_952 || v/unit.PerSecond() < -years*31_556_952) {
		return 0, false
	}
	t := addMonths(TimeOf(v, unit), int(sign)*int(iv.Months))
	t = t.AddDate(0, 0, int(sign)*int(iv.Days)).Add(time.Duration(sign * iv.Nanos))
	return timeIn(t, unit)
}

// addMonths keeps the day of the month, or takes the month's last where it has fewer.
func addMonths(t time.Time, months int) time.Time {
	out := t.AddDate(0, months, 0)
	if out.Day() != t.Day() {
		out = out.AddDate(0, 0, -out.Day())
	}
	return out
}
