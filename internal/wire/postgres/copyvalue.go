package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/wire/calendar"
)

// CopyColumn turns what COPY sends for one column into values of the column's type. It knows the forms that programs write; where a value
// has another one, or is wrong, whoever calls has to judge it by the rules of the dialect.
type CopyColumn struct {
	Type   model.Type
	Binary bool // the format
	UTC    bool // times without a zone are in UTC; else in a zone that is not known here
}

// Append appends a value, nil for NULL, to a vector of the column's type. known is false where the value has none of the forms known here:
// then nothing was appended.
func (c *CopyColumn) Append(v *model.Vector, raw []byte) (known bool) {
	switch {
	case raw == nil:
		v.AppendNull()
		return true
	case c.Binary:
		return c.binary(v, raw)
	}
	switch t := c.Type; {
	case t.Kind == model.KindString:
		if !utf8.Valid(raw) {
			return false
		}
		v.AppendBytes(raw)
	case t.Integer():
		n, ok := plainInt(raw)
		if lo, hi, bounded := t.IntRange(); !ok || bounded && (n < lo || n > hi) || t.Kind == model.KindUint64 && n < 0 {
			return false
		}
		v.AppendInt(n)
	case t.Kind == model.KindFloat64:
		f, ok := plainFloat(raw)
		if !ok {
			return false
		}
		v.AppendFloat(f)
	case t.Kind == model.KindFloat32:
		f, err := strconv.ParseFloat(string(raw), 32)
		if err != nil {
			return false
		}
		v.AppendFloat(f)
	case t.Kind == model.KindBool:
		if len(raw) != 1 || raw[0] != 't' && raw[0] != 'f' {
			return false
		}
		v.AppendBool(raw[0] == 't')
	case t.IsTimestamp():
		n, ok := c.plainTime(raw)
		if !ok {
			return false
		}
		v.AppendInt(n)
	case t.Kind == model.KindDate:
		days, rest, ok := plainDay(raw)
		if !ok || len(rest) > 0 {
			return false
		}
		v.AppendInt(days)
	case t.Kind == model.KindBinary:
		if len(raw) < 2 || raw[0] != '\\' || raw[1] != 'x' {
			return false
		}
		b := make([]byte, hex.DecodedLen(len(raw)-2))
		if _, err := hex.Decode(b, raw[2:]); err != nil {
			return false
		}
		v.AppendBytes(b)
	default:
		return false
	}
	return true
}

// binary reads values in the form of the type that TypeOf names for the column's.
func (c *CopyColumn) binary(v *model.Vector, raw []byte) bool {
	switch t := c.Type; {
	case t.Kind == model.KindString:
		if !utf8.Valid(raw) {
			return false
		}
		v.AppendBytes(raw)
	case t.Kind == model.KindBinary:
		v.AppendBytes(raw)
	case t.Kind == model.KindFloat64 && len(raw) == 8:
		v.AppendFloat(math.Float64frombits(binary.BigEndian.Uint64(raw)))
	case t.Kind == model.KindFloat32 && len(raw) == 4:
		v.AppendFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(raw))))
	case t.Kind == model.KindBool && len(raw) == 1 && raw[0] < 2:
		v.AppendBool(raw[0] == 1)
	case t.Integer() && t.Kind != model.KindUint64:
		oid, size, _ := TypeOf(t)
		if oid != OIDInt2 && oid != OIDInt4 && oid != OIDInt8 || len(raw) != int(size) {
			return false
		}
		n := int64(0)
		switch size {
		case 2:
			n = int64(int16(binary.BigEndian.Uint16(raw)))
		case 4:
			n = int64(int32(binary.BigEndian.Uint32(raw)))
		case 8:
			n = int64(binary.BigEndian.Uint64(raw))
		}
		if lo, hi, bounded := t.IntRange(); bounded && (n < lo || n > hi) {
			return false
		}
		v.AppendInt(n)
	case t.IsTimestamp() && len(raw) == 8 && c.UTC:
		micros := int64(binary.BigEndian.Uint64(raw))
		if micros == forever || micros == everBefore || micros > math.MaxInt64-epochMicros {
			return false
		}
		n, ok := model.ConvertTime(micros+epochMicros, model.Microsecond, t.Unit)
		if !ok || t.Unit != model.Nanosecond && !model.ValidTimes(t.Unit).Contains(n) {
			return false
		}
		v.AppendInt(n)
	default:
		return false
	}
	return true
}

// plainInt reads digits with or without a sign, of up to 18.
func plainInt(b []byte) (n int64, ok bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}

// tens are the powers of ten that a double holds exactly.
var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// plainFloat reads a finite number. Fast path: digits with a point, few enough that both they and the power of ten are exact, so that one
// division rounds as it should.
func plainFloat(b []byte) (float64, bool) {
	rest, neg := b, false
	if len(rest) > 0 && rest[0] == '-' {
		rest, neg = rest[1:], true
	}
	digits, point := int64(0), -1
	if len(rest) > 0 && len(rest) <= 16 {
		for i, c := range rest {
			switch {
			case c >= '0' && c <= '9':
				digits = digits*10 + int64(c-'0')
			case c == '.' && point < 0 && i > 0:
				point = i
			default:
				return slowFloat(b)
			}
		}
		if n := len(rest); digits < 1<<53 && point != n-1 {
			f := float64(digits)
			if point >= 0 {
				f /= tens[n-1-point]
			}
			if neg {
				f = -f
			}
			return f, true
		}
	}
	return slowFloat(b)
}

func slowFloat(b []byte) (float64, bool) {
	for _, c := range b {
		if !(c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c|0x20 == 'e') { // of what strconv reads more is not SQL's
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	return f, err == nil
}

// plainDay reads YYYY-MM-DD, and gives what follows it.
func plainDay(b []byte) (days int64, rest []byte, ok bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return 0, nil, false
	}
	year, ok1 := number(b[:4])
	month, ok2 := number(b[5:7])
	day, ok3 := number(b[8:10])
	if !ok1 || !ok2 || !ok3 || year < 1 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(year, month) {
		return 0, nil, false
	}
	return calendar.Days(year, month, day), b[10:], true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// number reads digits and nothing else.
func number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0
}

// plainTime reads YYYY-MM-DD hh:mm:ss[.fraction][zone] as a number of the column's unit; zone is Z, +hh, +hh:mm or +hhmm.
func (c *CopyColumn) plainTime(b []byte) (int64, bool) {
	days, b, ok := plainDay(b)
	if !ok || len(b) < 9 || b[0] != ' ' && b[0] != 'T' || b[3] != ':' || b[6] != ':' {
		return 0, false
	}
	hour, ok1 := number(b[1:3])
	minute, ok2 := number(b[4:6])
	second, ok3 := number(b[7:9])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	secs := days*86400 + int64(hour)*3600 + int64(minute)*60 + int64(second)
	b = b[9:]
	nanos := int64(0)
	if len(b) > 0 && b[0] == '.' {
		n := 1
		for scale := int64(1e8); n < len(b) && b[n] >= '0' && b[n] <= '9'; n++ {
			nanos += int64(b[n]-'0') * scale
			scale /= 10
		}
		if n == 1 || n > 10 {
			return 0, false
		}
		b = b[n:]
	}
	switch {
	case len(b) == 0:
		if !c.UTC {
			return 0, false
		}
	case len(b) == 1 && b[0] == 'Z':
	case b[0] == '+' || b[0] == '-':
		z := b[1:]
		if len(z) == 5 && z[2] == ':' {
			z = []byte{z[0], z[1], z[3], z[4]}
		}
		if len(z) != 2 && len(z) != 4 {
			return 0, false
		}
		h, ok1 := number(z[:2])
		m, ok2 := 0, true
		if len(z) == 4 {
			m, ok2 = number(z[2:])
		}
		if !ok1 || !ok2 || h > 15 || m > 59 {
			return 0, false
		}
		off := int64(h)*3600 + int64(m)*60
		if b[0] == '-' {
			off = -off
		}
		secs -= off
	default:
		return 0, false
	}
	unit := c.Type.Unit
	whole, ok := model.ConvertTime(secs, model.Second, unit)
	if !ok || unit == model.Nanosecond && (secs > math.MaxInt64/int64(1e9)-1 || secs < math.MinInt64/int64(1e9)+1) {
		return 0, false
	}
	n := whole + nanos/unit.Nanos() // a fraction counts upwards, also before 1970
	if unit != model.Nanosecond && !model.ValidTimes(unit).Contains(n) {
		return 0, false
	}
	return n, true
}
