// Package calendar turns times into dates and clocks as wire protocols print them, without allocating and for many rows at once.
package calendar

import (
	"math"
	"time"
)

// Zone knows how far a place is off UTC, and remembers the stretch of time for which it looked last. It serves one
// goroutine.
type Zone struct {
	loc      *time.Location // nil: UTC
	from, to int64          // seconds, [from, to)
	off      int64
}

// NewZone is the zone of a place; nil is UTC.
func NewZone(loc *time.Location) Zone {
	if loc == nil || loc == time.UTC {
		return Zone{}
	}
	return Zone{loc: loc}
}

// Offset is how many seconds the place is ahead of UTC at a time in seconds since 1970.
func (z *Zone) Offset(secs int64) int64 {
	if z.loc == nil {
		return 0
	}
	if secs >= z.from && secs < z.to {
		return z.off
	}
	t := time.Unix(secs, 0).In(z.loc)
	_, off := t.Zone()
	z.off = int64(off)
	from, to := t.ZoneBounds()
	z.from, z.to = math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		z.from = from.Unix()
	}
	if !to.IsZero() {
		z.to = to.Unix()
	}
	return z.off
}

// Civil is the date of the day that is n days after 1970-01-01, in the Gregorian calendar stretched back. It counts in eras of 400
// years that begin in March, so that the leap day is the last of a year.
func Civil(n int64) (year, month, day int) {
	n += 719468
	era := n / 146097
	if n < 0 {
		era = (n - 146096) / 146097
	}
	doe := n - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp) + 3
	year = int(yoe + era*400)
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// Days is the number of a day of the Gregorian calendar stretched back, from 1970-01-01; it undoes Civil.
func Days(year, month, day int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
		month += 12
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	doy := int64((153*(month-3)+2)/5 + day - 1)
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}
