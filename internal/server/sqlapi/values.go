package sqlapi

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/model"
)

// appendJSON appends row i of v as JSON.
func appendJSON(dst []byte, v *model.Vector, i int) []byte {
	if v.Valid != nil && !v.Valid.Get(i) {
		return append(dst, "null"...)
	}
	switch v.Type.Kind {
	case model.KindNull:
		return append(dst, "null"...)
	case model.KindBool:
		return strconv.AppendBool(dst, v.Bools[i])
	case model.KindUint64:
		return strconv.AppendUint(dst, uint64(v.Ints[i]), 10)
	case model.KindFloat64:
		return appendFloat(dst, v.Floats[i], 64)
	case model.KindFloat32:
		return appendFloat(dst, v.Floats[i], 32)
	case model.KindString:
		return appendString(dst, v.BytesAt(i))
	case model.KindBinary, model.KindVector:
		dst = append(dst, '[')
		for j, b := range v.BytesAt(i) {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendUint(dst, uint64(b), 10)
		}
		return append(dst, ']')
	case model.KindJSON, model.KindList, model.KindStruct, model.KindMap:
		if b := v.BytesAt(i); json.Valid(b) {
			return append(dst, b...)
		}
		return appendString(dst, v.BytesAt(i))
	case model.KindDecimal:
		dst = append(dst, '"')
		dst = appendDecimal(dst, v.Decimals[i], v.Type.Scale)
		return append(dst, '"')
	case model.KindInterval:
		return appendInterval(dst, v.Intervals[i])
	}
	return strconv.AppendInt(dst, v.Ints[i], 10)
}

// appendFloat spells floats so that they stay floats for typed readers: 1 is 1.0. What JSON cannot spell is null.
func appendFloat(dst []byte, x float64, bits int) []byte {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 { // fast path: whole numbers
		if x == 0 && math.Signbit(x) {
			return append(dst, "-0.0"...)
		}
		return append(strconv.AppendInt(dst, int64(x), 10), '.', '0')
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(dst, "null"...)
	}
	if a := math.Abs(x); a >= 1e-5 && a < 1e16 {
		start := len(dst)
		dst = strconv.AppendFloat(dst, x, 'f', -1, bits)
		for _, b := range dst[start:] {
			if b == '.' {
				return dst
			}
		}
		return append(dst, '.', '0')
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, x, 'e', -1, bits)
	// 1e-07 and 1e+21 are spelled 1e-7 and 1e21.
	for i := start; i < len(dst); i++ {
		if dst[i] != 'e' {
			continue
		}
		j := i + 1
		k := j
		if dst[k] == '-' {
			j++
		}
		k++
		for k < len(dst)-1 && dst[k] == '0' {
			k++
		}
		return append(dst[:j], dst[k:]...)
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// plainByte marks the bytes that stand for themselves in a JSON string.
var plainByte = func() (t [256]bool) {
	for b := ' '; b < utf8.RuneSelf; b++ {
		t[b] = b != '"' && b != '\\'
	}
	return t
}()

func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if plainByte[b] {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError || n != 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			if b >= utf8.RuneSelf {
				dst = append(dst, "\uFFFD"...)
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
			}
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// wide is a 128-bit integer from its halves.
func wide(hi int64, lo uint64) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(hi), 64)
	return n.Or(n, new(big.Int).SetUint64(lo))
}

func appendDecimal(dst []byte, d model.Int128, scale uint8) []byte {
	n := wide(d.Hi, d.Lo)
	if n.Sign() < 0 {
		dst = append(dst, '-')
		n.Neg(n)
	}
	digits := n.Append(nil, 10)
	for len(digits) <= int(scale) {
		digits = append([]byte{'0'}, digits...)
	}
	point := len(digits) - int(scale)
	dst = append(dst, digits[:point]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[point:]...)
	}
	return dst
}

// appendInterval writes months, days and nanoseconds as one number of 32, 32 and 64 bits.
func appendInterval(dst []byte, v model.MonthDayNano) []byte {
	return wide(int64(v.Months)<<32|int64(uint32(v.Days)), uint64(v.Nanos)).Append(dst, 10)
}
