package mysql

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/model"
)

// appendFloat writes a float so that it reads back the same, without an exponent where people would not write one.
func appendFloat(dst []byte, x float64, bits int) []byte {
	switch a := math.Abs(x); {
	case x == 0 || a >= 1e-5 && a < 1e16:
		return strconv.AppendFloat(dst, x, 'f', -1, bits)
	case math.IsInf(x, 1):
		return append(dst, "inf"...)
	case math.IsInf(x, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, x, 'e', -1, bits)
}

// appendClock writes the second of a day and a fraction: none, or 3, 6 or 9 digits, as few as tell it whole.
func appendClock(dst []byte, clock, nanos int64) []byte {
	dst = append(appendTwo(dst, clock/3600), ':')
	dst = append(appendTwo(dst, clock/60%60), ':')
	return appendFraction(appendTwo(dst, clock%60), nanos)
}

func appendTwo(dst []byte, n int64) []byte { return append(dst, '0'+byte(n/10), '0'+byte(n%10)) }

func appendFraction(dst []byte, nanos int64) []byte {
	digits := 9
	switch {
	case nanos == 0:
		return dst
	case nanos%1e6 == 0:
		digits, nanos = 3, nanos/1e6
	case nanos%1e3 == 0:
		digits, nanos = 6, nanos/1e3
	}
	dst = append(dst, ".000000000"[:digits+1]...)
	for i := len(dst) - 1; nanos > 0; i-- {
		dst[i] = '0' + byte(nanos%10)
		nanos /= 10
	}
	return dst
}

// splitDuration gives the sign, whole seconds and nanoseconds.
func splitDuration(v int64, u model.TimeUnit) (negative bool, secs uint64, nanos int64) {
	m := uint64(v)
	if v < 0 {
		negative, m = true, -m
	}
	per := uint64(u.PerSecond())
	return negative, m / per, int64(m%per) * u.Nanos()
}

func appendDuration(dst []byte, v int64, u model.TimeUnit) []byte {
	negative, secs, nanos := splitDuration(v, u)
	if negative {
		dst = append(dst, '-')
	}
	if hours := secs / 3600; hours < 10 {
		dst = append(dst, '0', '0'+byte(hours))
	} else {
		dst = strconv.AppendUint(dst, hours, 10)
	}
	dst = append(appendTwo(append(dst, ':'), int64(secs/60%60)), ':')
	return appendFraction(appendTwo(dst, int64(secs%60)), nanos)
}

func appendBinaryDuration(dst []byte, v int64, u model.TimeUnit) []byte {
	negative, secs, nanos := splitDuration(v, u)
	micros := nanos / 1000
	if secs == 0 && micros == 0 {
		return append(dst, 0)
	}
	days := min(secs/86400, math.MaxUint32)
	n, sign := byte(8), byte(0)
	if micros != 0 {
		n = 12
	}
	if negative {
		sign = 1
	}
	dst = binary.LittleEndian.AppendUint32(append(dst, n, sign), uint32(days))
	dst = append(dst, byte(secs/3600%24), byte(secs/60%60), byte(secs%60))
	if micros != 0 {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(micros))
	}
	return dst
}

// appendInterval writes an interval as ISO 8601: P1Y2M3DT4H5M6.5S.
func appendInterval(dst []byte, v model.MonthDayNano) []byte {
	if v == (model.MonthDayNano{}) {
		return append(dst, "PT0S"...)
	}
	part := func(n int64, unit byte) { dst = append(strconv.AppendInt(dst, n, 10), unit) }
	dst = append(dst, 'P')
	part(int64(v.Months/12), 'Y')
	part(int64(v.Months%12), 'M')
	part(int64(v.Days), 'D')
	dst = append(dst, 'T')
	const second, minute, hour = 1e9, 60e9, 3600e9
	part(v.Nanos/hour, 'H')
	part(v.Nanos%hour/minute, 'M')
	rest := v.Nanos % minute
	if rest < 0 && rest > -second {
		dst = append(dst, '-')
	}
	dst = strconv.AppendInt(dst, rest/second, 10)
	nanos := rest % second
	if nanos < 0 {
		nanos = -nanos
	}
	return append(appendFraction(dst, nanos), 'S')
}

// appendDecimal writes all digits of the scale.
func appendDecimal(dst []byte, d model.Int128, scale uint8) []byte {
	var small [48]byte
	var digits []byte
	if d.Hi == int64(d.Lo)>>63 { // fast path: the value fits 64 bits
		m := d.Lo
		if d.Hi < 0 {
			dst = append(dst, '-')
			m = -m
		}
		digits = strconv.AppendUint(small[:0], m, 10)
	} else {
		n := new(big.Int).Lsh(big.NewInt(d.Hi), 64)
		n.Or(n, new(big.Int).SetUint64(d.Lo))
		if n.Sign() < 0 {
			dst = append(dst, '-')
			n.Neg(n)
		}
		digits = n.Append(small[:0], 10)
	}
	point := len(digits) - int(scale)
	if point <= 0 {
		dst = append(dst, '0')
	} else {
		dst = append(dst, digits[:point]...)
		digits = digits[point:]
	}
	if scale > 0 {
		dst = append(dst, '.')
		for range -point {
			dst = append(dst, '0')
		}
		dst = append(dst, digits...)
	}
	return dst
}
