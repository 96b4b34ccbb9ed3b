package model

import (
	"fmt"
	"math"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// TimeRange is Start <= t < End, in the unit of the time index it is used with. The zero TimeRange is empty; AllTime holds every
// time but the very last.
type TimeRange struct {
	Start int64 // inclusive
	End   int64 // exclusive
}

// AllTime holds every time (math.MaxInt64 itself excepted, which is no valid time in any unit; see ValidTimes).
var AllTime = TimeRange{math.MinInt64, math.MaxInt64}

// Empty reports that no time is inside.
func (r TimeRange) Empty() bool { return r.Start >= r.End }

// Contains reports Start <= t < End.
func (r TimeRange) Contains(t int64) bool { return r.Start <= t && t < r.End }

// Intersect is the times in both.
func (r TimeRange) Intersect(o TimeRange) TimeRange {
	return TimeRange{max(r.Start, o.Start), min(r.End, o.End)}
}

// Overlaps reports whether any time of the inclusive range [min, max] is inside.
func (r TimeRange) Overlaps(min, max int64) bool { return r.Start <= max && min < r.End }

// Covers reports whether all times of the inclusive range [min, max] are inside.
func (r TimeRange) Covers(min, max int64) bool { return r.Start <= min && max < r.End }

func (r TimeRange) String() string { return fmt.Sprintf("[%d,%d)", r.Start, r.End) }

// ConvertTime changes a time of unit from into unit to; finer to coarser floors. ok is false on overflow.
func ConvertTime(v int64, from, to TimeUnit) (int64, bool) {
	if from == to {
		return v, true
	}
	if from < to {
		m := to.PerSecond() / from.PerSecond()
		if v > math.MaxInt64/m || v < math.MinInt64/m {
			return 0, false
		}
		return v * m, true
	}
	d := from.PerSecond() / to.PerSecond()
	q := v / d
	if v%d < 0 {
		q--
	}
	return q, true
}

// ValidTimes is the times that rows may have in unit u: the years -262144 to 262143, or as far as 64 bits reach. The very last
// nanosecond is left out, since a range's end is exclusive.
func ValidTimes(u TimeUnit) TimeRange {
	if u == Nanosecond {
		return AllTime
	}
	const first, last = -8334601228800, 8210266876799 // seconds, both inclusive
	per := u.PerSecond()
	return TimeRange{first * per, last*per + per}
}

// CheckTimes refuses times that no row may have (see ValidTimes); column is the time index's name, for the error. v has times.
func CheckTimes(column string, v *Vector) error {
	if v.Len == 0 {
		return nil
	}
	times := v.Ints[:v.Len]
	valid := ValidTimes(v.Type.Unit)
	lo, hi := times[0], times[0]
	for _, t := range times {
		lo, hi = min(lo, t), max(hi, t)
	}
	if valid.Covers(lo, hi) {
		return nil
	}
	for i, t := range times {
		if !valid.Contains(t) && !v.Null(i) {
			return errs.New(errs.InvalidArguments, "Converting timestamp %d to unit %s overflow, column: %s, row: %d", t, v.Type.Unit, column, i+1)
		}
	}
	return nil
}

// FormatTime prints a time of unit u as RFC 3339 in UTC with the digits that it has, for people.
func FormatTime(v int64, u TimeUnit) string {
	per := u.PerSecond()
	sec, sub := v/per, v%per
	if sub < 0 {
		sec, sub = sec-1, sub+per
	}
	return time.Unix(sec, sub*u.Nanos()).UTC().Format(time.RFC3339Nano)
}
