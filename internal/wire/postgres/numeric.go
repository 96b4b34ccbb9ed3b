package postgres

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/model"
)

// appendDecimal writes a decimal with scale digits after the point.
func appendDecimal(dst []byte, d model.Int128, scale int) []byte {
	hi, lo := uint64(d.Hi), d.Lo
	if d.Hi < 0 {
		dst = append(dst, '-')
		var carry uint64
		lo, carry = bits.Add64(^lo, 1, 0)
		hi = ^hi + carry
	}
	var buf [40]byte // an unsigned 128-bit integer has 39 digits
	i := len(buf)
	for hi != 0 || lo != 0 || len(buf)-i <= scale {
		var r uint64
		q := hi / 10
		hi, r = q, hi-q*10
		lo, r = bits.Div64(r, lo, 10)
		i--
		buf[i] = '0' + byte(r)
	}
	digits := buf[i:]
	dst = append(dst, digits[:len(digits)-scale]...)
	if scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[len(digits)-scale:]...)
	}
	return dst
}

// appendNumeric writes a number given as plain text in numeric's binary form: digits of base 10000, the first of weight 10000^weight.
func appendNumeric(dst []byte, text []byte) []byte {
	sign := uint16(0)
	if len(text) > 0 && text[0] == '-' {
		sign, text = 0x4000, text[1:]
	}
	whole, frac := text, []byte(nil)
	for i, c := range text {
		if c == '.' {
			whole, frac = text[:i], text[i+1:]
			break
		}
	}
	var groups []uint16
	for n := len(whole) % 4; len(whole) > 0; n = 0 {
		if n == 0 {
			n = 4
		}
		v := uint16(0)
		for _, c := range whole[:n] {
			v = v*10 + uint16(c-'0')
		}
		groups, whole = append(groups, v), whole[n:]
	}
	weight := len(groups) - 1
	for rest := frac; len(rest) > 0; {
		v := uint16(0)
		for k := range 4 {
			v *= 10
			if k < len(rest) {
				v += uint16(rest[k] - '0')
			}
		}
		groups, rest = append(groups, v), rest[min(4, len(rest)):]
	}
	for len(groups) > 0 && groups[0] == 0 {
		groups = groups[1:]
		weight--
	}
	for len(groups) > 0 && groups[len(groups)-1] == 0 {
		groups = groups[:len(groups)-1]
	}
	if len(groups) == 0 {
		weight, sign = 0, 0
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(groups)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(int16(weight)))
	dst = binary.BigEndian.AppendUint16(dst, sign)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(frac)))
	for _, g := range groups {
		dst = binary.BigEndian.AppendUint16(dst, g)
	}
	return dst
}

var errNumeric = errors.New("malformed numeric value")

// parseNumeric reads numeric's binary form as plain text, or "NaN".
func parseNumeric(b []byte) (string, error) {
	if len(b) < 8 {
		return "", errNumeric
	}
	n := int(binary.BigEndian.Uint16(b))
	weight := int(int16(binary.BigEndian.Uint16(b[2:])))
	sign := binary.BigEndian.Uint16(b[4:])
	scale := int(binary.BigEndian.Uint16(b[6:]))
	if len(b) != 8+2*n || scale > 16383 {
		return "", errNumeric
	}
	var out []byte
	switch sign {
	case 0:
	case 0x4000:
		out = append(out, '-')
	case 0xc000:
		return "NaN", nil
	case 0xd000:
		return "Infinity", nil
	case 0xf000:
		return "-Infinity", nil
	default:
		return "", errNumeric
	}
	digit := func(i int) (int, error) { // of weight weight-i
		if i < 0 || i >= n {
			return 0, nil
		}
		d := int(binary.BigEndian.Uint16(b[8+2*i:]))
		if d > 9999 {
			return 0, errNumeric
		}
		return d, nil
	}
	if weight < 0 {
		out = append(out, '0')
	}
	for w := weight; w >= 0; w-- {
		d, err := digit(weight - w)
		if err != nil {
			return "", err
		}
		if w == weight {
			out = strconv.AppendInt(out, int64(d), 10)
			continue
		}
		out = append(out, byte('0'+d/1000), byte('0'+d/100%10), byte('0'+d/10%10), byte('0'+d%10))
	}
	if scale == 0 {
		return string(out), nil
	}
	out = append(out, '.')
	at := len(out)
	for w := -1; len(out)-at < scale; w-- {
		d, err := digit(weight - w)
		if err != nil {
			return "", err
		}
		out = append(out, byte('0'+d/1000), byte('0'+d/100%10), byte('0'+d/10%10), byte('0'+d%10))
	}
	return string(out[:at+scale]), nil
}

// DecimalText is a decimal with scale digits after the point.
func DecimalText(d model.Int128, scale uint8) string {
	return string(appendDecimal(nil, d, int(scale)))
}
