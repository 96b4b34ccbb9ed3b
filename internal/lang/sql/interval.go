package sql

import (
	"math"
	"math/bits"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Interval is the value of an INTERVAL literal. Its parts have signs of their own and are never folded into each other.
type Interval struct {
	Months int32
	Days   int32
	Nanos  int64
}

// ParseInterval reads interval text in any of its forms:
//
//	1 day 2 hours    1.5 year    1 year 2 months 04:05:06    units in words
//	3y2mon4h  -1h5m                                          short, without blanks; a sign holds for one number
//	P1Y2M3DT4H                                               ISO 8601, reduced to milliseconds of elapsed time
//
// A number without a unit counts in unit (any spelling), or in seconds if that is "". Failures are InvalidArguments.
func ParseInterval(text, unit string) (Interval, error) {
	s := strings.ToLower(strings.TrimSpace(text))
	p := intervalParser{s: s, unit: strings.ToUpper(unit)}
	if p.unit == "" {
		p.unit = "SECOND"
	}
	ok := s != ""
	if iso := strings.TrimPrefix(s, "-"); strings.HasPrefix(iso, "p") {
		ok = p.iso(iso[1:], iso != s)
	} else {
		for ok && p.s != "" {
			ok = p.part()
			p.s = strings.TrimLeft(p.s, " \t\n\r,")
		}
	}
	if !ok || p.months != int64(int32(p.months)) || p.days != int64(int32(p.days)) {
		return Interval{}, errs.New(errs.InvalidArguments, "Invalid interval provided: %s", text)
	}
	return Interval{int32(p.months), int32(p.days), p.nanos}, nil
}

// field says what one of a unit is made of.
type field struct {
	months, days, nanos int64
}

const (
	second = int64(1e9)
	dayNs  = 86400 * second
)

// intervalUnit identifies an upper-case unit word by a letter, or gives 0 for any other word.
func intervalUnit(w string) byte {
	switch w {
	case "YEAR", "YEARS":
		return 'Y'
	case "QUARTER":
		return 'Q'
	case "MONTH", "MONTHS":
		return 'M'
	case "WEEK", "WEEKS":
		return 'W'
	case "DAY", "DAYS":
		return 'D'
	case "HOUR", "HOURS":
		return 'h'
	case "MINUTE", "MINUTES":
		return 'm'
	case "SECOND", "SECONDS":
		return 's'
	case "MILLISECOND", "MILLISECONDS":
		return 'l'
	case "MICROSECOND", "MICROSECONDS":
		return 'u'
	case "NANOSECOND", "NANOSECONDS":
		return 'n'
	case "DECADE", "DECADES":
		return 'E'
	case "CENTURY", "CENTURIES":
		return 'C'
	}
	return 0
}

// shortUnit adds the abbreviations that interval text may use.
func shortUnit(w string) byte {
	if u := intervalUnit(w); u != 0 {
		return u
	}
	switch w {
	case "Y", "YR", "YRS":
		return 'Y'
	case "MON", "MONS":
		return 'M'
	case "W":
		return 'W'
	case "D":
		return 'D'
	case "H", "HR", "HRS":
		return 'h'
	case "M", "MIN", "MINS":
		return 'm'
	case "S", "SEC", "SECS":
		return 's'
	case "MS", "MSEC", "MSECS", "MILLIS":
		return 'l'
	case "US", "USEC", "USECS", "MICROS":
		return 'u'
	case "NS", "NSEC", "NSECS", "NANOS":
		return 'n'
	case "C", "CENT", "CENTS":
		return 'C'
	case "DEC", "DECS":
		return 'E'
	case "QUARTERS":
		return 'Q'
	}
	return 0
}

func unitField(u byte) field {
	switch u {
	case 'Y':
		return field{months: 12}
	case 'Q':
		return field{months: 3}
	case 'M':
		return field{months: 1}
	case 'E':
		return field{months: 120}
	case 'C':
		return field{months: 1200}
	case 'W':
		return field{days: 7}
	case 'D':
		return field{days: 1}
	case 'h':
		return field{nanos: 3600 * second}
	case 'm':
		return field{nanos: 60 * second}
	case 's':
		return field{nanos: second}
	case 'l':
		return field{nanos: 1e6}
	case 'u':
		return field{nanos: 1e3}
	}
	return field{nanos: 1}
}

type intervalParser struct {
	s                   string // rest of the text, lower-case
	unit                string
	months, days, nanos int64
}

// number takes [sign] digits [. digits]; frac is in billionths.
func (p *intervalParser) number() (neg bool, whole, frac int64, ok bool) {
	s := p.s
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = strings.TrimLeft(s[1:], " ")
	}
	i := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if whole > (math.MaxInt64-9)/10 {
			return
		}
		whole = whole*10 + int64(s[i]-'0')
	}
	ok = i > 0
	if i < len(s) && s[i] == '.' {
		i++
		scale := int64(1e8)
		for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			frac += int64(s[i]-'0') * scale
			scale /= 10
			ok = true
		}
	}
	p.s = s[i:]
	return
}

// part takes one number with its unit, or a time of day.
func (p *intervalParser) part() bool {
	start := p.s
	neg, whole, frac, ok := p.number()
	if !ok {
		return false
	}
	if strings.HasPrefix(p.s, ":") {
		p.s = start
		return p.clock()
	}
	rest := strings.TrimLeft(p.s, " \t")
	n := 0
	for n < len(rest) && rest[n] >= 'a' && rest[n] <= 'z' {
		n++
	}
	var u byte
	switch {
	case n > 0:
		u = shortUnit(strings.ToUpper(rest[:n]))
	case rest == "":
		u = intervalUnit(p.unit)
	}
	p.s = rest[n:]
	return u != 0 && p.add(neg, whole, frac, unitField(u))
}

// clock takes hh:mm[:ss[.f]].
func (p *intervalParser) clock() bool {
	neg, h, frac, ok := p.number()
	if !ok || frac != 0 {
		return false
	}
	for i, unit := range []int64{3600 * second, 60 * second, second} {
		if i > 0 {
			if !strings.HasPrefix(p.s, ":") {
				return i == 2
			}
			p.s = p.s[1:]
			var sign bool
			if sign, h, frac, ok = p.number(); !ok || sign || h > 59 || i == 1 && frac != 0 {
				return false
			}
		}
		if !p.add(neg, h, frac, field{nanos: unit}) {
			return false
		}
	}
	return true
}

// iso takes what follows the P of ISO 8601 text.
func (p *intervalParser) iso(s string, neg bool) bool {
	p.s = s
	timePart, any := false, false
	for p.s != "" {
		if p.s[0] == 't' && !timePart {
			timePart, p.s = true, p.s[1:]
			continue
		}
		sign, whole, frac, ok := p.number()
		if !ok || p.s == "" {
			return false
		}
		var ns int64
		switch u := p.s[0]; {
		case u == 'y' && !timePart:
			ns = 365 * dayNs
		case u == 'm' && !timePart:
			ns = 30 * dayNs
		case u == 'w' && !timePart:
			ns = 7 * dayNs
		case u == 'd' && !timePart:
			ns = dayNs
		case u == 'h' && timePart:
			ns = 3600 * second
		case u == 'm' && timePart:
			ns = 60 * second
		case u == 's' && timePart:
			ns = second
		default:
			return false
		}
		p.s, any = p.s[1:], true
		if !p.add(sign != neg, whole, frac, field{nanos: ns}) {
			return false
		}
	}
	p.nanos -= p.nanos % 1e6
	return any
}

// add counts whole.frac units of f. What is left of a fraction goes to the next smaller part: months to days of which a
// month has 30, days to time.
func (p *intervalParser) add(neg bool, whole, frac int64, f field) bool {
	sign := int64(1)
	if neg {
		sign = -1
	}
	mul := func(n, unit int64) (int64, bool) {
		hi, lo := bits.Mul64(uint64(n), uint64(unit))
		return int64(lo), hi == 0 && lo <= math.MaxInt64
	}
	// part of a fraction that is whole units, and what remains, in billionths
	cut := func(frac, unit int64) (int64, int64) {
		hi, lo := bits.Mul64(uint64(frac), uint64(unit))
		q, r := bits.Div64(hi, lo, 1e9)
		return int64(q), int64(r)
	}
	sum := func(to *int64, n int64) bool {
		v := *to + sign*n
		ok := (v > *to) == (sign*n > 0) || n == 0
		*to = v
		return ok
	}
	switch {
	case f.months > 0:
		n, ok := mul(whole, f.months)
		q, r := cut(frac, f.months)
		d, r := cut(r, 30)
		t, _ := cut(r, dayNs)
		return ok && n <= math.MaxInt64-q && sum(&p.months, n+q) && sum(&p.days, d) && sum(&p.nanos, t)
	case f.days > 0:
		n, ok := mul(whole, f.days)
		q, r := cut(frac, f.days)
		t, _ := cut(r, dayNs)
		return ok && n <= math.MaxInt64-q && sum(&p.days, n+q) && sum(&p.nanos, t)
	}
	n, ok := mul(whole, f.nanos)
	q, _ := cut(frac, f.nanos)
	return ok && n <= math.MaxInt64-q && sum(&p.nanos, n+q)
}
