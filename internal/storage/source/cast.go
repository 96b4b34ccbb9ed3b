package source

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

// castValue is a value in another type; false where that has no counterpart (too large, not a number).
func castValue(x model.Value, to model.Type) (model.Value, bool) {
	if x.Null() {
		return x, false
	}
	out := x
	out.Type = to
	switch to.Class() {
	case model.ClassBytes:
		out = model.Value{Type: to, Bytes: Text(x)}
		return out, to.Kind != model.KindVector
	case model.ClassInt:
		n, ok := castInt(x, to)
		return model.IntValue(to, n), ok
	case model.ClassFloat:
		f, ok := castFloat(x)
		if to.Kind == model.KindFloat32 {
			f = float64(float32(f))
		}
		return model.Value{Type: to, Float: f}, ok
	case model.ClassBool:
		switch x.Type.Class() {
		case model.ClassBool:
			return out, true
		case model.ClassInt:
			return model.Value{Type: to, Bool: x.Int != 0}, true
		case model.ClassBytes:
			b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(x.Bytes)))
			return model.Value{Type: to, Bool: b}, err == nil
		}
	case model.ClassDecimal:
		return castDecimal(x, to)
	}
	return x, false
}

func castInt(x model.Value, to model.Type) (int64, bool) {
	var n int64
	unsigned := false // n is the bits of a uint64
	switch x.Type.Class() {
	case model.ClassBool:
		if x.Bool {
			n = 1
		}
	case model.ClassInt:
		n, unsigned = x.Int, x.Type.Kind == model.KindUint64
		if x.Type.IsTimestamp() && to.IsTimestamp() {
			return model.ConvertTime(n, x.Type.Unit, to.Unit)
		}
		if x.Type.IsTimestamp() && to.Kind == model.KindDate {
			day := 86400 * x.Type.Unit.PerSecond()
			q := n / day
			if n%day < 0 {
				q--
			}
			n = q
		} else if x.Type.Kind == model.KindDate && to.IsTimestamp() {
			return model.ConvertTime(n*86400, model.Second, to.Unit)
		}
	case model.ClassFloat:
		f := math.Trunc(x.Float)
		if to.Kind == model.KindUint64 {
			if !(f >= 0 && f < 1<<64) {
				return 0, false
			}
			return int64(uint64(f)), true
		}
		if !(f >= -1<<63 && f < 1<<63) {
			return 0, false
		}
		n = int64(f)
	case model.ClassBytes:
		s := strings.TrimSpace(x.Bytes)
		if to.Kind == model.KindUint64 {
			u, err := strconv.ParseUint(s, 10, 64)
			return int64(u), err == nil
		}
		if !to.Integer() {
			return 0, false
		}
		var err error
		if n, err = strconv.ParseInt(s, 10, 64); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	if to.Kind == model.KindUint64 {
		return n, unsigned || n >= 0
	}
	if unsigned && n < 0 {
		return 0, false
	}
	lo, hi, ok := to.IntRange()
	return n, !ok || n >= lo && n <= hi
}

func castFloat(x model.Value) (float64, bool) {
	switch x.Type.Class() {
	case model.ClassBool:
		if x.Bool {
			return 1, true
		}
		return 0, true
	case model.ClassInt:
		if x.Type.Kind == model.KindUint64 {
			return float64(uint64(x.Int)), true
		}
		return float64(x.Int), true
	case model.ClassFloat:
		return x.Float, true
	case model.ClassBytes:
		f, err := strconv.ParseFloat(strings.TrimSpace(x.Bytes), 64)
		return f, err == nil
	case model.ClassDecimal:
		d := float64(x.Decimal.Hi)*(1<<64) + float64(x.Decimal.Lo)
		return d / math.Pow10(int(x.Type.Scale)), true
	}
	return 0, false
}

// castDecimal takes integers, and decimals of no greater scale, that stay within 64 bits.
func castDecimal(x model.Value, to model.Type) (model.Value, bool) {
	var n int64
	scale := int(to.Scale)
	switch x.Type.Class() {
	case model.ClassInt:
		if n = x.Int; x.Type.Kind == model.KindUint64 && n < 0 {
			return x, false
		}
	case model.ClassDecimal:
		n, scale = int64(x.Decimal.Lo), scale-int(x.Type.Scale)
		if x.Decimal.Hi != n>>63 || scale < 0 {
			return x, false
		}
	default:
		return x, false
	}
	for range scale {
		if n > math.MaxInt64/10 || n < math.MinInt64/10 {
			return x, false
		}
		n *= 10
	}
	return model.Value{Type: to, Decimal: model.Int128{Hi: n >> 63, Lo: uint64(n)}}, true
}

// Text is a value as conversions to strings write it.
func Text(x model.Value) string {
	switch x.Type.Class() {
	case model.ClassBytes:
		return x.Bytes
	case model.ClassInt:
		switch {
		case x.Type.Kind == model.KindDate:
			return time.Unix(x.Int*86400, 0).UTC().Format(time.DateOnly)
		case x.Type.IsTimestamp():
			per := x.Type.Unit.PerSecond()
			s, r := x.Int/per, x.Int%per
			if r < 0 {
				s, r = s-1, r+per
			}
			return time.Unix(s, r*x.Type.Unit.Nanos()).UTC().Format("2006-01-02 15:04:05.999999999")
		case x.Type.Kind == model.KindUint64:
			return strconv.FormatUint(uint64(x.Int), 10)
		}
		return strconv.FormatInt(x.Int, 10)
	case model.ClassFloat:
		bits := 64
		if x.Type.Kind == model.KindFloat32 {
			bits = 32
		}
		return strconv.FormatFloat(x.Float, 'g', -1, bits)
	case model.ClassBool:
		return strconv.FormatBool(x.Bool)
	case model.ClassDecimal:
		return decimalText(x.Decimal, int(x.Type.Scale))
	}
	return x.String()
}

func decimalText(d model.Int128, scale int) string {
	neg := d.Hi < 0
	hi, lo := uint64(d.Hi), d.Lo
	if neg {
		lo = -lo
		hi = ^hi
		if lo == 0 {
			hi++
		}
	}
	var digits []byte
	for hi != 0 || lo != 0 || len(digits) <= scale {
		// 128 by 10, a 32-bit limb at a time
		limbs := [4]uint64{hi >> 32, hi & math.MaxUint32, lo >> 32, lo & math.MaxUint32}
		rem := uint64(0)
		for i := range limbs {
			cur := rem<<32 | limbs[i]
			limbs[i], rem = cur/10, cur%10
		}
		hi, lo = limbs[0]<<32|limbs[1], limbs[2]<<32|limbs[3]
		digits = append(digits, byte('0'+rem))
	}
	for i, j := 0, len(digits)-1; i < j; i, j = i+1, j-1 {
		digits[i], digits[j] = digits[j], digits[i]
	}
	s := string(digits)
	if scale > 0 {
		s = fmt.Sprintf("%s.%s", s[:len(s)-scale], s[len(s)-scale:])
	}
	if neg {
		s = "-" + s
	}
	return s
}
