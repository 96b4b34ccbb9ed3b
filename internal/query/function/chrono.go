package function

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// AppendTime prints a time after a format of chrono's specifiers: those of strftime, %3f %6f %9f (digits of the fraction), %.3f (with the
// point before), %f (nanoseconds, nine digits), %+ (RFC 3339) and the flags - _ 0. One that is unknown is an error.
func AppendTime(dst []byte, t time.Time, format string) ([]byte, error) {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			dst = append(dst, format[i])
			continue
		}
		start := i
		i++
		flag := byte(0)
		if i < len(format) && (format[i] == '-' || format[i] == '_' || format[i] == '0') {
			flag = format[i]
			i++
		}
		dot := i < len(format) && format[i] == '.'
		if dot {
			i++
		}
		digits := 0
		if i < len(format) && strings.IndexByte("369", format[i]) >= 0 {
			digits = int(format[i] - '0')
			i++
		}
		colons := 0
		for i < len(format) && format[i] == ':' {
			colons++
			i++
		}
		if i >= len(format) {
			return dst, badFormat(format, start)
		}
		c := format[i]
		if (dot || digits > 0) && c != 'f' || colons > 0 && c != 'z' {
			return dst, badFormat(format, start)
		}
		if c == 'f' {
			dst = appendFraction(dst, t.Nanosecond(), dot, digits)
			continue
		}
		var ok bool
		if dst, ok = appendField(dst, t, c, flag, colons); !ok {
			return dst, badFormat(format, start)
		}
	}
	return dst, nil
}

func badFormat(format string, at int) error {
	return failure("Invalid format: unknown specifier in '%s' at byte %d", format, at)
}

func appendFraction(dst []byte, nanos int, dot bool, digits int) []byte {
	if dot && digits == 0 { // as many digits as are needed, in threes
		if nanos == 0 {
			return dst
		}
		digits = 9
		for n := nanos; digits > 3 && n%1000 == 0; n /= 1000 {
			digits -= 3
		}
	}
	if digits == 0 {
		digits = 9
	}
	if dot {
		dst = append(dst, '.')
	}
	return append(dst, fmt.Sprintf("%09d", nanos)[:digits]...)
}

func appendField(dst []byte, t time.Time, c, flag byte, colons int) ([]byte, bool) {
	num := func(n, width int, fill byte) []byte {
		switch flag {
		case '-':
			width = 0
		case '_':
			fill = ' '
		case '0':
			fill = '0'
		}
		s := strconv.Itoa(n)
		for k := len(s); k < width; k++ {
			dst = append(dst, fill)
		}
		return append(dst, s...)
	}
	more := func(format string) []byte {
		dst, _ = AppendTime(dst, t, format)
		return dst
	}
	hour12 := (t.Hour()+11)%12 + 1
	switch c {
	case 'Y':
		return num(t.Year(), 4, '0'), true
	case 'C':
		return num(int(floorDiv(int64(t.Year()), 100)), 2, '0'), true
	case 'y':
		return num(int(floorMod(int64(t.Year()), 100)), 2, '0'), true
	case 'm':
		return num(int(t.Month()), 2, '0'), true
	case 'b', 'h':
		return append(dst, t.Month().String()[:3]...), true
	case 'B':
		return append(dst, t.Month().String()...), true
	case 'd':
		return num(t.Day(), 2, '0'), true
	case 'e':
		return num(t.Day(), 2, ' '), true
	case 'a':
		return append(dst, t.Weekday().String()[:3]...), true
	case 'A':
		return append(dst, t.Weekday().String()...), true
	case 'w':
		return num(int(t.Weekday()), 0, '0'), true
	case 'u':
		return num((int(t.Weekday())+6)%7+1, 0, '0'), true
	case 'U':
		return num((t.YearDay()+6-int(t.Weekday()))/7, 2, '0'), true
	case 'W':
		return num((t.YearDay()+6-(int(t.Weekday())+6)%7)/7, 2, '0'), true
	case 'G', 'g', 'V':
		y, w := t.ISOWeek()
		switch c {
		case 'G':
			return num(y, 4, '0'), true
		case 'g':
			return num(int(floorMod(int64(y), 100)), 2, '0'), true
		}
		return num(w, 2, '0'), true
	case 'j':
		return num(t.YearDay(), 3, '0'), true
	case 'q':
		return num((int(t.Month())+2)/3, 0, '0'), true
	case 'H':
		return num(t.Hour(), 2, '0'), true
	case 'k':
		return num(t.Hour(), 2, ' '), true
	case 'I':
		return num(hour12, 2, '0'), true
	case 'l':
		return num(hour12, 2, ' '), true
	case 'P', 'p':
		s := "AM"
		if t.Hour() >= 12 {
			s = "PM"
		}
		if c == 'P' {
			s = strings.ToLower(s)
		}
		return append(dst, s...), true
	case 'M':
		return num(t.Minute(), 2, '0'), true
	case 'S':
		return num(t.Second(), 2, '0'), true
	case 's':
		return strconv.AppendInt(dst, t.Unix(), 10), true
	case 'Z':
		return append(dst, t.Format("-07:00")...), true
	case 'z':
		return append(dst, t.Format([...]string{"-0700", "-07:00", "-07:00:00", "-07"}[min(colons, 3)])...), true
	case '+':
		return more("%Y-%m-%dT%H:%M:%S%.f%:z"), true
	case 'D', 'x':
		return more("%m/%d/%y"), true
	case 'F':
		return more("%Y-%m-%d"), true
	case 'v':
		return more("%e-%b-%Y"), true
	case 'R':
		return more("%H:%M"), true
	case 'T', 'X':
		return more("%H:%M:%S"), true
	case 'r':
		return more("%I:%M:%S %p"), true
	case 'c':
		return more("%a %b %e %H:%M:%S %Y"), true
	case 't':
		return append(dst, '\t'), true
	case 'n':
		return append(dst, '\n'), true
	case '%':
		return append(dst, '%'), true
	}
	return dst, false
}

// ScanTime reads a time that AppendTime would have printed, in a zone where the text names none. Names of weekdays are read past.
func ScanTime(s, format string, zone *time.Location) (time.Time, error) {
	p := &timeScanner{text: s, year: 1970, month: 1, day: 1, zone: zone}
	if !p.scan(format) || p.text != "" {
		return time.Time{}, failure("Error parsing timestamp from '%s' using format '%s': input contains invalid characters", s, format)
	}
	if p.unix != nil {
		return time.Unix(*p.unix, int64(p.nanos)).In(p.zone), nil
	}
	if p.pm != nil {
		p.hour = p.hour%12 + *p.pm
	}
	t := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.nanos, p.zone)
	if p.yearDay > 0 {
		t = time.Date(p.year, 1, p.yearDay, p.hour, p.minute, p.second, p.nanos, p.zone)
	} else if u := time.Date(p.year, time.Month(p.month), p.day, 0, 0, 0, 0, time.UTC); u.Day() != p.day || p.month < 1 || p.month > 12 || p.hour > 23 || p.minute > 59 || p.second > 60 {
		return time.Time{}, failure("Error parsing timestamp from '%s' using format '%s': input is out of range", s, format)
	}
	return t, nil
}

type timeScanner struct {
	text                                            string
	year, month, day, yearDay, hour, minute, second int
	nanos                                           int
	pm                                              *int // 0 or 12
	unix                                            *int64
	zone                                            *time.Location
}

// number reads up to max digits.
func (p *timeScanner) number(max int) (int, bool) {
	n := 0
	for n < len(p.text) && n < max && p.text[n] >= '0' && p.text[n] <= '9' {
		n++
	}
	v, err := strconv.Atoi(p.text[:n])
	p.text = p.text[n:]
	return v, err == nil
}

func (p *timeScanner) word(names func(i int) string, n int) (int, bool) {
	for i := range n {
		for _, w := range []string{names(i), names(i)[:3]} {
			if len(p.text) >= len(w) && strings.EqualFold(p.text[:len(w)], w) {
				p.text = p.text[len(w):]
				return i, true
			}
		}
	}
	return 0, false
}

func (p *timeScanner) scan(format string) bool {
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c == ' ' || c == '\t' || c == '\n' {
			p.text = strings.TrimLeft(p.text, " \t\n")
			continue
		}
		if c != '%' {
			if p.text == "" || p.text[0] != c {
				return false
			}
			p.text = p.text[1:]
			continue
		}
		for i++; i < len(format) && strings.IndexByte("-_0.369:", format[i]) >= 0; i++ {
			if format[i] == '.' && strings.HasPrefix(p.text, ".") {
				p.text = p.text[1:]
			}
		}
		if i >= len(format) || !p.field(format[i]) {
			return false
		}
	}
	return true
}

func (p *timeScanner) field(c byte) (ok bool) {
	switch c {
	case 'Y', 'G':
		sign := 1
		if strings.HasPrefix(p.text, "-") || strings.HasPrefix(p.text, "+") {
			if p.text[0] == '-' {
				sign = -1
			}
			p.text = p.text[1:]
		}
		p.year, ok = p.number(6)
		p.year *= sign
	case 'y':
		if p.year, ok = p.number(2); p.year < 70 {
			p.year += 100
		}
		p.year += 1900
	case 'm':
		p.month, ok = p.number(2)
	case 'b', 'h', 'B':
		p.month, ok = p.word(func(i int) string { return time.Month(i + 1).String() }, 12)
		p.month++
	case 'a', 'A':
		_, ok = p.word(func(i int) string { return time.Weekday(i).String() }, 7)
	case 'd', 'e':
		p.text = strings.TrimLeft(p.text, " ")
		p.day, ok = p.number(2)
	case 'j':
		p.yearDay, ok = p.number(3)
	case 'H', 'k', 'I', 'l':
		p.text = strings.TrimLeft(p.text, " ")
		p.hour, ok = p.number(2)
	case 'M':
		p.minute, ok = p.number(2)
	case 'S':
		p.second, ok = p.number(2)
	case 'f':
		before := len(p.text)
		p.nanos, ok = p.number(9)
		if !ok {
			return before == 0 || p.text != "" // %.f of a time without a fraction
		}
		for n := before - len(p.text); n < 9; n++ {
			p.nanos *= 10
		}
	case 'p', 'P':
		if len(p.text) < 2 {
			return false
		}
		half, known := map[string]int{"AM": 0, "PM": 12}[strings.ToUpper(p.text[:2])]
		p.pm, ok, p.text = &half, known, p.text[2:]
	case 's':
		end := strings.IndexFunc(p.text[min(1, len(p.text)):], func(r rune) bool { return r < '0' || r > '9' })
		n := len(p.text)
		if end >= 0 {
			n = end + 1
		}
		v, err := strconv.ParseInt(p.text[:n], 10, 64)
		p.unix, ok, p.text = &v, err == nil, p.text[n:]
	case 'z', 'Z':
		return p.offset()
	case '+':
		return p.scan("%Y-%m-%dT%H:%M:%S%.f%z")
	case 'F':
		return p.scan("%Y-%m-%d")
	case 'D', 'x':
		return p.scan("%m/%d/%y")
	case 'R':
		return p.scan("%H:%M")
	case 'T', 'X':
		return p.scan("%H:%M:%S")
	case 'r':
		return p.scan("%I:%M:%S %p")
	case 'c':
		return p.scan("%a %b %e %H:%M:%S %Y")
	case '%':
		if ok = strings.HasPrefix(p.text, "%"); ok {
			p.text = p.text[1:]
		}
	}
	return ok
}

func (p *timeScanner) offset() bool {
	if rest, ok := strings.CutPrefix(p.text, "Z"); ok {
		p.text, p.zone = rest, time.UTC
		return true
	}
	if p.text == "" || p.text[0] != '+' && p.text[0] != '-' {
		return false
	}
	sign := map[byte]int{'+': 1, '-': -1}[p.text[0]]
	p.text = p.text[1:]
	h, ok := p.number(2)
	if !ok {
		return false
	}
	p.text = strings.TrimPrefix(p.text, ":")
	m := 0
	if p.text != "" && p.text[0] >= '0' && p.text[0] <= '9' {
		if m, ok = p.number(2); !ok {
			return false
		}
	}
	p.zone = time.FixedZone("", sign*(h*3600+m*60))
	return true
}
