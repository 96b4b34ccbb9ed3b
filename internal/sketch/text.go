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
