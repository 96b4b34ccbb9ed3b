package files

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/model"
)

// clip shortens text for an error.
func clip(b []byte) string {
	if len(b) > 64 {
		return strconv.Quote(string(b[:64])) + "…"
	}
	return strconv.Quote(string(b))
}

func cannot(b []byte, t model.Type) error { return fmt.Errorf("cannot read %s as %s", clip(b), t) }

// appendText reads a value of v's type from its text and appends it. Nothing is appended on an error.
func appendText(v *model.Vector, b []byte, zone *time.Location) error {
	t := v.Type
	switch t.Kind {
	case model.KindString:
		if !utf8.Valid(b) {
			return fmt.Errorf("%s is not UTF-8", clip(b))
		}
		v.AppendBytes(b)
		return nil
	case model.KindFloat32, model.KindFloat64:
		bits := 64
		if t.Kind == model.KindFloat32 {
			bits = 32
		}
		if n, ok := wholeNumber(b); ok && bits == 64 {
			v.AppendFloat(n)
			return nil
		}
		f, err := strconv.ParseFloat(text(b), bits)
		if err != nil {
			return cannot(b, t)
		}
		v.AppendFloat(f)
		return nil
	case model.KindBool:
		switch string(b) {
		case "true", "TRUE", "True", "t", "1":
			v.AppendBool(true)
		case "false", "FALSE", "False", "f", "0":
			v.AppendBool(false)
		default:
			return cannot(b, t)
		}
		return nil
	case model.KindUint64:
		n, err := strconv.ParseUint(text(b), 10, 64)
		if err != nil {
			return cannot(b, t)
		}
		v.AppendInt(int64(n))
		return nil
	case model.KindTimestamp:
		n, ok := parseTime(b, t.Unit, zone)
		if !ok {
			return cannot(b, t)
		}
		v.AppendInt(n)
		return nil
	case model.KindDate:
		if d, err := time.Parse(time.DateOnly, text(b)); err == nil {
			v.AppendInt(floorDiv(d.Unix(), 86400))
			return nil
		}
		n, err := strconv.ParseInt(text(b), 10, 32)
		if err != nil {
			return cannot(b, t)
		}
		v.AppendInt(n)
		return nil
	case model.KindDecimal:
		d, ok := parseDecimal(text(b), t)
		if !ok {
			return cannot(b, t)
		}
		v.AppendValue(model.Value{Type: t, Decimal: d})
		return nil
	case model.KindBinary:
		raw := make([]byte, hex.DecodedLen(len(b)))
		if _, err := hex.Decode(raw, b); err != nil {
			return cannot(b, t)
		}
		v.AppendBytes(raw)
		return nil
	case model.KindJSON, model.KindList, model.KindStruct, model.KindMap:
		if !json.Valid(b) {
			return cannot(b, t)
		}
		v.AppendBytes(b)
		return nil
	case model.KindVector:
		var f []float32
		if err := json.Unmarshal(b, &f); err != nil || len(f) != int(t.Dim) {
			return cannot(b, t)
		}
		raw := make([]byte, 0, 4*len(f))
		for _, x := range f {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		v.AppendBytes(raw)
		return nil
	case model.KindNull:
		v.AppendNull()
		return nil
	}
	if t.Class() != model.ClassInt {
		return fmt.Errorf("columns of type %s cannot be read from files", t)
	}
	n, err := strconv.ParseInt(text(b), 10, 64)
	if err != nil {
		return cannot(b, t)
	}
	if lo, hi, ok := t.IntRange(); ok && (n < lo || n > hi) {
		return cannot(b, t)
	}
	v.AppendInt(n)
	return nil
}

// wholeNumber reads a number without a sign, point or exponent that a float holds exactly.
func wholeNumber(b []byte) (float64, bool) {
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	n, ok := digits(b)
	return float64(n), ok
}

// appendFloat writes a float with as few digits as give it back.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if n := int64(f); float64(n) == f && n != 0 && -1e6 < f && f < 1e6 { // fast path, with the same result
		return strconv.AppendInt(dst, n, 10)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func digits(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// parseTime reads "2006-01-02T15:04:05.999999999" with 'T' or a blank, with a zone, 'Z' or neither, a day alone, or a number of units.
func parseTime(b []byte, u model.TimeUnit, zone *time.Location) (int64, bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		n, err := strconv.ParseInt(text(b), 10, 64)
		if err != nil || !model.ValidTimes(u).Contains(n) {
			return 0, false
		}
		return n, true
	}
	y, ok1 := digits(b[:4])
	mo, ok2 := digits(b[5:7])
	d, ok3 := digits(b[8:10])
	if !ok1 || !ok2 || !ok3 || mo < 1 || mo > 12 || d < 1 || d > 31 {
		return 0, false
	}
	var h, mi, s, nanos int
	rest := b[10:]
	if len(rest) > 0 {
		if len(rest) < 9 || rest[0] != 'T' && rest[0] != ' ' || rest[3] != ':' || rest[6] != ':' {
			return 0, false
		}
		h, ok1 = digits(rest[1:3])
		mi, ok2 = digits(rest[4:6])
		s, ok3 = digits(rest[7:9])
		if !ok1 || !ok2 || !ok3 || h > 23 || mi > 59 || s > 59 {
			return 0, false
		}
		rest = rest[9:]
		if len(rest) > 1 && rest[0] == '.' {
			i, scale := 1, 100_000_000
			for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
				nanos += int(rest[i]-'0') * scale
				scale /= 10
			}
			if i == 1 {
				return 0, false
			}
			rest = rest[i:]
		}
	}
	switch {
	case len(rest) == 0:
	case len(rest) == 1 && (rest[0] == 'Z' || rest[0] == 'z'):
		zone = time.UTC
	default:
		if rest[0] == ' ' {
			rest = rest[1:]
		}
		if string(rest) == "UTC" {
			zone = time.UTC
			break
		}
		if len(rest) != 6 && len(rest) != 5 || rest[0] != '+' && rest[0] != '-' {
			return 0, false
		}
		oh, ok1 := digits(rest[1:3])
		om, ok2 := digits(rest[len(rest)-2:])
		if !ok1 || !ok2 || len(rest) == 6 && rest[3] != ':' || oh > 23 || om > 59 {
			return 0, false
		}
		off := oh*3600 + om*60
		if rest[0] == '-' {
			off = -off
		}
		t := time.Date(y, time.Month(mo), d, h, mi, s, nanos, time.UTC)
		if t.Day() != d {
			return 0, false
		}
		return timeIn(t.Unix()-int64(off), nanos, u)
	}
	t := time.Date(y, time.Month(mo), d, h, mi, s, nanos, zone)
	if t.Day() != d {
		return 0, false
	}
	return timeIn(t.Unix(), nanos, u)
}

func timeIn(sec int64, nanos int, u model.TimeUnit) (int64, bool) {
	n, ok := model.ConvertTime(sec, model.Second, u)
	if !ok && u == model.Nanosecond && sec < 0 { // the first second of 64 bits
		if n, ok = model.ConvertTime(sec+1, model.Second, u); ok {
			n, ok = n-1_000_000_000, n <= 0 && nanos >= 145_224_192
		}
	}
	return n + int64(nanos)/u.Nanos(), ok
}

func parseDecimal(s string, t model.Type) (model.Int128, bool) {
	if len(s) == 0 || len(s) > 80 {
		return model.Int128{}, false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' {
			return model.Int128{}, false
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return model.Int128{}, false
	}
	return decimalOf(r, t)
}

// decimalOf rounds half away from zero to the type's scale; false if there are too many digits.
func decimalOf(r *big.Rat, t model.Type) (model.Int128, bool) {
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)))
	half := big.NewRat(1, 2)
	if r.Sign() < 0 {
		half.Neg(half)
	}
	r.Add(r, half)
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Precision)), nil); n.CmpAbs(limit) >= 0 {
		return model.Int128{}, false
	}
	return fromBig(n), true
}

func fromBig(n *big.Int) model.Int128 {
	lo := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64))
	return model.Int128{Hi: new(big.Int).Rsh(n, 64).Int64(), Lo: lo.Uint64()}
}

func toBig(d model.Int128) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(d.Hi), 64)
	return n.Add(n, new(big.Int).SetUint64(d.Lo))
}

func appendDecimal(dst []byte, d model.Int128, scale int) []byte {
	n := toBig(d)
	if n.Sign() < 0 {
		dst = append(dst, '-')
		n.Neg(n)
	}
	s := n.String()
	for len(s) <= scale {
		s = "0" + s
	}
	dst = append(dst, s[:len(s)-scale]...)
	if scale > 0 {
		dst = append(append(dst, '.'), s[len(s)-scale:]...)
	}
	return dst
}

// appendTime writes a timestamp as RFC 3339 without a zone, in UTC, with the digits of its unit; as a number where the year has not four
// digits.
func appendTime(dst []byte, n int64, u model.TimeUnit) []byte {
	t := timeOf(n, u)
	y, mo, d := t.Date()
	if y < 0 || y > 9999 {
		return strconv.AppendInt(dst, n, 10)
	}
	if u == model.Millisecond { // fast path
		h, mi, s := t.Clock()
		ms := t.Nanosecond() / 1e6
		two := func(x int, after byte) { dst = append(dst, byte('0'+x/10), byte('0'+x%10), after) }
		dst = append(dst, byte('0'+y/1000), byte('0'+y/100%10))
		two(y%100, '-')
		two(int(mo), '-')
		two(d, 'T')
		two(h, ':')
		two(mi, ':')
		two(s, '.')
		return append(dst, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return t.AppendFormat(dst, [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04:05.000", "2006-01-02T15:04:05.000000",
		"2006-01-02T15:04:05.000000000"}[u])
}

func timeOf(n int64, u model.TimeUnit) time.Time {
	per := u.PerSecond()
	sec := floorDiv(n, per)
	return time.Unix(sec, (n-sec*per)*u.Nanos()).UTC()
}

// textOf appends row i of a vector as text; the row is not NULL. quote says that JSON would put it in quotes.
func (o *Options) textOf(dst []byte, v *model.Vector, i int) (out []byte, quote bool) {
	t := v.Type
	switch t.Kind {
	case model.KindTimestamp:
		if o.Time != nil {
			return o.Time(dst, timeOf(v.Ints[i], t.Unit)), true
		}
		return appendTime(dst, v.Ints[i], t.Unit), true
	case model.KindDate:
		if d := time.Unix(v.Ints[i]*86400, 0).UTC(); o.Date != nil {
			return o.Date(dst, d), true
		} else if d.Year() >= 0 && d.Year() <= 9999 {
			return d.AppendFormat(dst, time.DateOnly), true
		}
		return strconv.AppendInt(dst, v.Ints[i], 10), true
	case model.KindTime:
		return timeOf(v.Ints[i], t.Unit).AppendFormat(dst, "15:04:05.999999999"), true
	case model.KindBinary:
		return hex.AppendEncode(dst, v.BytesAt(i)), true
	case model.KindVector:
		b := v.BytesAt(i)
		dst = append(dst, '[')
		for j := 0; j+4 <= len(b); j += 4 {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendFloat(dst, float64(math.Float32frombits(binary.LittleEndian.Uint32(b[j:]))), 'g', -1, 32)
		}
		return append(dst, ']'), false
	case model.KindUint64:
		return strconv.AppendUint(dst, uint64(v.Ints[i]), 10), false
	case model.KindDecimal:
		return appendDecimal(dst, v.Decimals[i], int(t.Scale)), true
	case model.KindString:
		return append(dst, v.BytesAt(i)...), true
	}
	switch t.Class() {
	case model.ClassBool:
		return strconv.AppendBool(dst, v.Bools[i]), false
	case model.ClassInt:
		return strconv.AppendInt(dst, v.Ints[i], 10), false
	case model.ClassFloat:
		f := v.Floats[i]
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return strconv.AppendFloat(dst, f, 'g', -1, 64), true
		}
		if t.Kind == model.KindFloat32 {
			return appendFloat(dst, f, 32), false
		}
		return appendFloat(dst, f, 64), false
	case model.ClassBytes:
		return append(dst, v.BytesAt(i)...), false
	case model.ClassInterval:
		x := v.Intervals[i]
		return fmt.Appendf(dst, "P%dM%dDT%dN", x.Months, x.Days, x.Nanos), true
	}
	return dst, true
}
