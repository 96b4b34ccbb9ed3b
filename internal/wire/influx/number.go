package influx

import "strconv"

// number reads 12i, 12u or a float. Fast path: at most 18 digits, and for floats a mantissa and a power of ten that are both
// exact as float64, so that one multiplication or division rounds correctly.
func (d *decoder) number(c *column, start int) (int, *fault) {
	src, i := d.src, start
	neg := src[i] == '-'
	if neg {
		i++
	}
	var m uint64
	first := i
	for i < len(src) && src[i]-'0' <= 9 {
		m = m*10 + uint64(src[i]-'0')
		i++
	}
	digits := i - first
	if digits > 0 && digits <= 18 {
		var b byte = '\n'
		if i < len(src) {
			b = src[i]
		}
		switch {
		case b == 'i':
			if c.kind != kindInt {
				return 0, c.clash(kindInt)
			}
			x := int64(m)
			if neg {
				x = -x
			}
			c.vec.AppendInt(x)
			return i + 1, nil
		case b == 'u' && !neg:
			if c.kind != kindUint {
				return 0, c.clash(kindUint)
			}
			c.vec.AppendInt(int64(m))
			return i + 1, nil
		case b == '.' || b == ',' || b <= ' ':
			exp := 0
			if b == '.' {
				i++
				point := i
				for i < len(src) && src[i]-'0' <= 9 && digits < 19 {
					m = m*10 + uint64(src[i]-'0')
					i++
					digits++
				}
				exp = i - point
			}
			if m < 1<<53 && exp <= 22 && (i == len(src) || src[i] == ',' || src[i] <= ' ') {
				if c.kind != kindFloat {
					return 0, c.clash(kindFloat)
				}
				x := float64(m) / pow10[exp]
				if neg {
					x = -x
				}
				c.vec.AppendFloat(x)
				return i, nil
			}
		}
	}
	return d.longNumber(c, start)
}

var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
	1e20, 1e21, 1e22}

func (d *decoder) longNumber(c *column, i int) (int, *fault) {
	end := valueEnd(d.src, i)
	v := d.src[i:end]
	k := kindFloat
	switch v[len(v)-1] {
	case 'i':
		k, v = kindInt, v[:len(v)-1]
	case 'u':
		k, v = kindUint, v[:len(v)-1]
	}
	if c.kind != k {
		return 0, c.clash(k)
	}
	var err error
	switch {
	case !plainNumber(v, k):
		err = strconv.ErrSyntax
	case k == kindInt:
		var x int64
		x, err = strconv.ParseInt(viewText(v), 10, 64)
		c.vec.AppendInt(x)
	case k == kindUint:
		var x uint64
		x, err = strconv.ParseUint(viewText(v), 10, 64)
		c.vec.AppendInt(int64(x))
	default:
		var x float64
		x, err = strconv.ParseFloat(viewText(v), 64)
		c.vec.AppendFloat(x)
	}
	if err != nil {
		reason := "is not " + k.what()
		if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange {
			reason = "is outside of the range of " + k.what()
		}
		return 0, bad(c.name, "%q %s", clip(string(v)), reason)
	}
	return end, nil
}

// plainNumber keeps out what strconv reads and line protocol does not know: hexadecimal, underscores, Inf and NaN.
func plainNumber(v []byte, k kind) bool {
	digit := false
	for _, b := range v {
		switch {
		case b >= '0' && b <= '9':
			digit = true
		case b == '-' && k != kindUint, k == kindFloat && (b == '.' || b == 'e' || b == 'E' || b == '+'):
		default:
			return false
		}
	}
	return digit && v[0] != '+'
}
