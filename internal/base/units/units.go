// Package units reads and prints sizes and durations as people write them in configuration and table options.
package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Size is a number of bytes. Text: "512MB", "1GiB", "8388608"; KB, MB, GB … are powers of 1024, as KiB, MiB, GiB are.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"PiB", 1 << 50}, {"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"PB", 1 << 50}, {"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10},
	{"P", 1 << 50}, {"T", 1 << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"B", 1}}

// ParseSize reads a size.
func ParseSize(s string) (Size, error) {
	t := strings.TrimSpace(s)
	mult := int64(1)
	for _, u := range sizeUnits {
		if len(t) > len(u.name) && strings.EqualFold(t[len(t)-len(u.name):], u.name) {
			t, mult = strings.TrimSpace(t[:len(t)-len(u.name)]), u.bytes
			break
		}
	}
	if n, err := strconv.ParseInt(t, 10, 64); err == nil {
		if n < 0 || n > math.MaxInt64/mult {
			return 0, fmt.Errorf("size %q is out of range", s)
		}
		return Size(n * mult), nil
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil || f < 0 || f*float64(mult) > math.MaxInt64/2 {
		return 0, fmt.Errorf("size %q: want a number with a unit such as 64MB", s)
	}
	return Size(f * float64(mult)), nil
}

// String prints the largest unit that divides the size.
func (s Size) String() string {
	for _, u := range sizeUnits[:5] {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText is String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseSize.
func (s *Size) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSize(string(b))
	return err
}

// Duration is a time.Duration whose text takes the long units too: "1day 2h", "7d", "30s", "500ms".
type Duration time.Duration

const (
	day  = 24 * time.Hour
	year = time.Duration(365.25 * float64(day))
)

var durationUnits = map[string]time.Duration{
	"nsec": 1, "ns": 1, "usec": time.Microsecond, "us": time.Microsecond, "msec": time.Millisecond, "ms": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second, "seconds": time.Second, "secs": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute, "mins": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "hours": time.Hour, "hrs": time.Hour,
	"d": day, "day": day, "days": day, "w": 7 * day, "week": 7 * day, "weeks": 7 * day,
	"M": time.Duration(30.44 * float64(day)), "month": time.Duration(30.44 * float64(day)), "months": time.Duration(30.44 * float64(day)),
	"y": year, "year": year, "years": year,
}

// ParseDuration reads integers with units, joined with or without blanks. There are no fractions and no signs; "0" alone is zero.
func ParseDuration(s string) (time.Duration, error) {
	t := strings.TrimSpace(s)
	if t == "0" {
		return 0, nil
	}
	if t == "" {
		return 0, fmt.Errorf("duration is empty")
	}
	var sum time.Duration
	for t != "" {
		i := strings.IndexFunc(t, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 {
			return 0, fmt.Errorf("duration %q: want numbers with units such as 1h30m", s)
		}
		n, err := strconv.ParseInt(t[:i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("duration %q is out of range", s)
		}
		t = strings.TrimLeft(t[i:], " ")
		j := strings.IndexFunc(t, func(r rune) bool { return !unicode.IsLetter(r) })
		if j < 0 {
			j = len(t)
		}
		u, ok := durationUnits[t[:j]]
		if !ok {
			return 0, fmt.Errorf("duration %q: unknown unit %q", s, t[:j])
		}
		if n > int64(math.MaxInt64-sum)/int64(u) {
			return 0, fmt.Errorf("duration %q is out of range", s)
		}
		sum += time.Duration(n) * u
		t = strings.TrimLeft(t[j:], " ")
	}
	return sum, nil
}

var printUnits = []struct {
	d            time.Duration
	one, several string
}{{year, "year", "years"}, {time.Duration(30.44 * float64(day)), "month", "months"}, {day, "day", "days"}, {time.Hour, "h", "h"},
	{time.Minute, "m", "m"}, {time.Second, "s", "s"}, {time.Millisecond, "ms", "ms"}, {time.Microsecond, "us", "us"}, {1, "ns", "ns"}}

// FormatDuration prints the form that tables show: "7days", "1year 2months", "1h 30m", "0s".
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var parts []string
	for _, u := range printUnits {
		n := d / u.d
		if n == 0 {
			continue
		}
		d -= n * u.d
		name := u.several
		if n == 1 {
			name = u.one
		}
		parts = append(parts, strconv.FormatInt(int64(n), 10)+name)
	}
	return strings.Join(parts, " ")
}

// String is FormatDuration without blanks, so that it reads back.
func (d Duration) String() string {
	return strings.ReplaceAll(FormatDuration(time.Duration(d)), " ", "")
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDuration.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Std is the standard library's duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }
