package postgres

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/wire/calendar"
)

// DateStyle is how dates and timestamps are written.
type DateStyle uint8

// The styles of dates.
const (
	DateISO DateStyle = iota
	DateSQL
	DatePostgres
	DateGerman
)

func (s DateStyle) String() string { return [...]string{"ISO", "SQL", "Postgres", "German"}[s] }

// DateOrder is the order of the day and the month.
type DateOrder uint8

// The orders.
const (
	MDY DateOrder = iota
	DMY
	YMD
)

func (o DateOrder) String() string { return [...]string{"MDY", "DMY", "YMD"}[o] }

// IntervalStyle is how intervals are written.
type IntervalStyle uint8

// The styles of intervals.
const (
	IntervalPostgres IntervalStyle = iota
	IntervalVerbose
	IntervalSQL
	IntervalISO
)

func (s IntervalStyle) String() string {
	return [...]string{"postgres", "postgres_verbose", "sql_standard", "iso_8601"}[s]
}

// Style is what a session chose for the text of its results. The zero Style is PostgreSQL's default, in UTC.
type Style struct {
	Zone        *time.Location // nil: UTC
	Date        DateStyle
	Order       DateOrder
	Interval    IntervalStyle
	ByteaEscape bool // bytes as escape text; else as hex
}

// ParseDateStyle reads words of SET datestyle into s; what is not named stays.
func (s *Style) ParseDateStyle(words []string) bool {
	next := *s
	for _, w := range words {
		switch strings.ToLower(strings.TrimSpace(w)) {
		case "iso":
			next.Date = DateISO
		case "sql":
			next.Date = DateSQL
		case "postgres":
			next.Date = DatePostgres
		case "german":
			next.Date, next.Order = DateGerman, DMY
		case "mdy", "us", "noneuro", "noneuropean":
			next.Order = MDY
		case "dmy", "euro", "european":
			next.Order = DMY
		case "ymd":
			next.Order = YMD
		case "default":
			next.Date, next.Order = DateISO, MDY
		default:
			return false
		}
	}
	*s = next
	return true
}

// ParseIntervalStyle reads the name of a style of intervals.
func (s *Style) ParseIntervalStyle(name string) bool {
	for i := IntervalPostgres; i <= IntervalISO; i++ {
		if strings.EqualFold(name, i.String()) {
			s.Interval = i
			return true
		}
	}
	if strings.EqualFold(name, "default") {
		s.Interval = IntervalPostgres
		return true
	}
	return false
}

const (
	// epochDays and epochMicros lead from 1970, where our time begins, to 2000, where PostgreSQL's does.
	epochDays   = 10957
	epochMicros = epochDays * 86400 * 1000000

	forever    = math.MaxInt64 // binary infinity
	everBefore = math.MinInt64

	// Years of the Gregorian calendar that are written out; beyond is infinity.
	firstSecond = -9e12
	lastSecond  = 9e12
)

func two(dst []byte, n int) []byte { return append(dst, '0'+byte(n/10), '0'+byte(n%10)) }

func fourYears(dst []byte, y int) []byte {
	if y > 9999 {
		return strconv.AppendInt(dst, int64(y), 10)
	}
	return append(dst, '0'+byte(y/1000), '0'+byte(y/100%10), '0'+byte(y/10%10), '0'+byte(y%10))
}

// appendDay writes the date of a day since 1970; BC is for the caller to add, after the time.
func (s *Style) appendDay(dst []byte, n int64) (out []byte, bc bool) {
	y, m, d := calendar.Civil(n)
	if y <= 0 {
		y, bc = 1-y, true
	}
	sep := byte('/')
	switch s.Date {
	case DateISO:
		dst = append(fourYears(dst, y), '-')
		dst = append(two(dst, m), '-')
		return two(dst, d), bc
	case DateGerman:
		dst = append(two(dst, d), '.')
		dst = append(two(dst, m), '.')
		return fourYears(dst, y), bc
	case DatePostgres:
		sep = '-'
	}
	if s.Order == DMY {
		m, d = d, m
	}
	dst = append(two(dst, m), sep)
	dst = append(two(dst, d), sep)
	return fourYears(dst, y), bc
}

// AppendDate writes the date of a day since 1970-01-01.
func (s *Style) AppendDate(dst []byte, n int64) []byte {
	dst, bc := s.appendDay(dst, n)
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

func floorDiv(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	return q, r
}

// appendTimestamp writes a time of a unit since 1970, in microseconds at most, as PostgreSQL has no more.
func (s *Style) appendTimestamp(dst []byte, v int64, u model.TimeUnit, z *calendar.Zone) []byte {
	secs, rest := floorDiv(v, u.PerSecond())
	if secs >= lastSecond {
		return append(dst, "infinity"...)
	} else if secs <= firstSecond {
		return append(dst, "-infinity"...)
	}
	micros := rest * u.Nanos() / 1000
	day, clock := floorDiv(secs+z.Offset(secs), 86400)
	if s.Date == DatePostgres { // Tue Jan 02 03:04:05 2024
		y, m, d := calendar.Civil(day)
		bc := y <= 0
		if bc {
			y = 1 - y
		}
		_, weekday := floorDiv(day+4, 7) // 1970-01-01 was a Thursday
		dst = append(append(dst, "SunMonTueWedThuFriSat"[3*weekday:3*weekday+3]...), ' ')
		month := "JanFebMarAprMayJunJulAugSepOctNovDec"[3*m-3 : 3*m]
		if s.Order == DMY {
			dst = append(append(two(dst, d), ' '), month...)
		} else {
			dst = two(append(append(dst, month...), ' '), d)
		}
		dst = append(appendClock(append(dst, ' '), clock, micros), ' ')
		if dst = fourYears(dst, y); bc {
			dst = append(dst, " BC"...)
		}
		return dst
	}
	dst, bc := s.appendDay(dst, day)
	dst = appendClock(append(dst, ' '), clock, micros)
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

func appendClock(dst []byte, secs, micros int64) []byte {
	dst = append(two(dst, int(secs/3600)), ':')
	dst = append(two(dst, int(secs/60%60)), ':')
	return appendFraction(two(dst, int(secs%60)), micros)
}

// appendFraction writes microseconds without zeros at the end.
func appendFraction(dst []byte, micros int64) []byte {
	if micros == 0 {
		return dst
	}
	dst = append(dst, '.')
	for scale := int64(100000); micros > 0; scale /= 10 {
		dst = append(dst, '0'+byte(micros/scale))
		micros %= scale
	}
	return dst
}

// binaryTimestamp is a time in microseconds since 2000, local to the zone.
func binaryTimestamp(v int64, u model.TimeUnit, z *calendar.Zone) int64 {
	secs, rest := floorDiv(v, u.PerSecond())
	if secs >= lastSecond {
		return forever
	} else if secs <= firstSecond {
		return everBefore
	}
	return (secs+z.Offset(secs))*1000000 + rest*u.Nanos()/1000 - epochMicros
}

// AppendInterval writes an interval.
func (s *Style) AppendInterval(dst []byte, v model.MonthDayNano) []byte {
	years, months, days, micros := int64(v.Months/12), int64(v.Months%12), int64(v.Days), v.Nanos/1000
	switch s.Interval {
	case IntervalISO:
		return appendISOInterval(dst, years, months, days, micros)
	case IntervalVerbose:
		return appendVerboseInterval(dst, years, months, days, micros)
	case IntervalSQL:
		return appendSQLInterval(dst, years, months, days, micros)
	}
	empty, before := true, false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if !empty {
			dst = append(dst, ' ')
		}
		if before && n > 0 {
			dst = append(dst, '+')
		}
		dst = append(strconv.AppendInt(dst, n, 10), ' ')
		if dst = append(dst, unit...); n != 1 {
			dst = append(dst, 's')
		}
		empty, before = false, n < 0
	}
	part(years, "year")
	part(months, "mon")
	part(days, "day")
	if micros == 0 && !empty {
		return dst
	}
	if !empty {
		dst = append(dst, ' ')
	}
	switch {
	case micros < 0:
		dst = append(dst, '-')
	case before:
		dst = append(dst, '+')
	}
	return appendHours(dst, abs(micros), 2)
}

func abs(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// appendHours writes h:mm:ss.f with at least digits digits of hours.
func appendHours(dst []byte, micros uint64, digits int) []byte {
	h := micros / 3600e6
	if digits == 2 && h < 10 {
		dst = append(dst, '0')
	}
	dst = append(strconv.AppendUint(dst, h, 10), ':')
	dst = append(two(dst, int(micros/60e6%60)), ':')
	return appendFraction(two(dst, int(micros/1e6%60)), int64(micros%1e6))
}

// appendSeconds writes seconds with their fraction, and a sign of their own.
func appendSeconds(dst []byte, micros int64) []byte {
	if micros < 0 {
		dst = append(dst, '-')
	}
	n := abs(micros)
	return appendFraction(strconv.AppendUint(dst, n/1e6, 10), int64(n%1e6))
}

func appendISOInterval(dst []byte, years, months, days, micros int64) []byte {
	dst = append(dst, 'P')
	part := func(n int64, unit byte) {
		if n != 0 {
			dst = append(strconv.AppendInt(dst, n, 10), unit)
		}
	}
	part(years, 'Y')
	part(months, 'M')
	part(days, 'D')
	h, m, rest := micros/3600e6, micros/60e6%60, micros%60e6
	if micros != 0 {
		dst = append(dst, 'T')
		part(h, 'H')
		part(m, 'M')
		if rest != 0 {
			dst = append(appendSeconds(dst, rest), 'S')
		}
	}
	if dst[len(dst)-1] == 'P' {
		dst = append(dst, "T0S"...)
	}
	return dst
}

func appendVerboseInterval(dst []byte, years, months, days, micros int64) []byte {
	dst = append(dst, '@')
	empty, before := true, false
	shown := func(n int64) int64 {
		if empty {
			before = n < 0
		}
		empty = false
		if before {
			return -n
		}
		return n
	}
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		n = shown(n)
		dst = append(strconv.AppendInt(append(dst, ' '), n, 10), ' ')
		if dst = append(dst, unit...); n != 1 {
			dst = append(dst, 's')
		}
	}
	part(years, "year")
	part(months, "mon")
	part(days, "day")
	part(micros/3600e6, "hour")
	part(micros/60e6%60, "min")
	if rest := micros % 60e6; rest != 0 {
		n := shown(rest)
		dst = append(appendSeconds(append(dst, ' '), n), " sec"...)
		if n != 1e6 {
			dst = append(dst, 's')
		}
	}
	switch {
	case empty:
		dst = append(dst, " 0"...)
	case before:
		dst = append(dst, " ago"...)
	}
	return dst
}

func appendSQLInterval(dst []byte, years, months, days, micros int64) []byte {
	neg := years < 0 || months < 0 || days < 0 || micros < 0
	pos := years > 0 || months > 0 || days > 0 || micros > 0
	hasYM, hasD, hasT := years != 0 || months != 0, days != 0, micros != 0
	sign := func(n int64, always bool) {
		if n < 0 {
			dst = append(dst, '-')
		} else if always {
			dst = append(dst, '+')
		}
	}
	ym := func() {
		dst = append(strconv.AppendUint(dst, abs(years), 10), '-')
		dst = strconv.AppendUint(dst, abs(months), 10)
	}
	switch {
	case !neg && !pos:
		return append(dst, '0')
	case neg && pos || hasYM && (hasD || hasT): // not of the standard: every part with its sign
		sign(years|months, true)
		ym()
		sign(days, false)
		dst = append(dst, ' ')
		if days >= 0 {
			dst = append(dst, '+')
		}
		dst = append(strconv.AppendUint(dst, abs(days), 10), ' ')
		sign(micros, true)
		return appendHours(dst, abs(micros), 1)
	case hasYM:
		sign(years|months, false)
		ym()
		return dst
	case hasD:
		dst = append(strconv.AppendInt(dst, days, 10), ' ')
		return appendHours(dst, abs(micros), 1)
	}
	sign(micros, false)
	return appendHours(dst, abs(micros), 1)
}
