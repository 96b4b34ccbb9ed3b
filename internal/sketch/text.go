package sketch

import (
	"bytes"
	"math"
	"strconv"
)

// AppendFloat writes a number of 64 bits as a cast to STRING does, for values are hashed as their texts: the fewest digits that tell it from
// its neighbours, with an exponent below 1e-4 and from 1e16 on. The text of one of 32 bits follows other rules.
func AppendFloat(dst []byte, x float64) []byte {
	switch {
	case math.IsNaN(x):
		return append(dst, "NaN"...)
	case math.IsInf(x, 1):
		return append(dst, "inf"...)
	case math.IsInf(x, -1):
		return append(dst, "-inf"...)
	}
	if i := int64(x); float64(i) == x && i != 0 && i < 1e15 && i > -1e15 {
		return append(strconv.AppendInt(dst, i, 10), ".0"...) // as below, sooner
	}
	if a := math.Abs(x); a >= 1e-4 && a < 1e9 {
		// Of numbers of up to 15 digits no two have one float, so that the first of these quotients that is x has the fewest digits of all.
		for places, scale := 1, 10.0; places <= 6; places, scale = places+1, scale*10 {
			if n := math.Round(a * scale); n/scale == a {
				return appendFixed(dst, x < 0, uint64(n), places)
			}
		}
	}
	from := len(dst)
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	dst = strconv.AppendFloat(dst, x, 'f', -1, 64)
	if bytes.IndexByte(dst[from:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst
}

// appendFixed writes a number that has so many digits after the point.
func appendFixed(dst []byte, negative bool, n uint64, places int) []byte {
	var text [24]byte
	at := len(text)
	for ; places >= -1 || n > 0; places-- {
		at--
		if places == 0 {
			text[at] = '.'
			continue
		}
		text[at] = byte('0' + n%10)
		n /= 10
	}
	if negative {
		at--
		text[at] = '-'
	}
	return append(dst, text[at:]...)
}
