package function

import (
	"strconv"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// castColumns are conversions to text that the engine cannot do for all values.
func castColumns() []column {
	return []column{
		{name: "time_text", sig: "ii:s", row: func(c *cells, out *model.Vector) error {
			var b [40]byte
			out.AppendBytes(appendClock(b[:0], c.int(0), c.unit(1)))
			return nil
		}},
		// bin_text reads bytes as text; with true for the second argument, what is none is NULL.
		{name: "bin_text", sig: "yb:s", row: func(c *cells, out *model.Vector) error {
			switch b := c.bytes(0); {
			case utf8.Valid(b):
				out.AppendBytes(b)
			case c.bool(1):
				out.AppendNull()
			default:
				return errs.New(errs.EngineExecuteQuery, "Cast error: Cannot cast binary to String: the bytes are no UTF-8")
			}
			return nil
		}},
	}
}

// appendClock prints a time of a unit as 2024-01-31T12:00:00.123: with 3, 6 or 9 digits of a second, none where there is nothing to show.
// Years of more than four digits have their sign.
func appendClock(dst []byte, v int64, unit model.TimeUnit) []byte {
	t := TimeOf(v, unit)
	year, month, day := t.Date()
	switch {
	case year > 9999:
		dst = strconv.AppendInt(append(dst, '+'), int64(year), 10)
	case year < 0:
		dst = appendPadded(append(dst, '-'), -year, 4)
	default:
		dst = appendPadded(dst, year, 4)
	}
	dst = appendPadded(append(dst, '-'), int(month), 2)
	dst = appendPadded(append(dst, '-'), day, 2)
	hour, minute, second := t.Clock()
	dst = appendPadded(append(dst, 'T'), hour, 2)
	dst = appendPadded(append(dst, ':'), minute, 2)
	dst = appendPadded(append(dst, ':'), second, 2)
	switch n := t.Nanosecond(); {
	case n == 0:
	case n%1e6 == 0:
		dst = appendPadded(append(dst, '.'), n/1e6, 3)
	case n%1e3 == 0:
		dst = appendPadded(append(dst, '.'), n/1e3, 6)
	default:
		dst = appendPadded(append(dst, '.'), n, 9)
	}
	return dst
}

// appendPadded prints a number that is not negative with width digits or more.
func appendPadded(dst []byte, n, width int) []byte {
	for limit := 10; width > 1; width-- {
		if n < limit {
			dst = append(dst, '0')
		}
		limit *= 10
	}
	return strconv.AppendInt(dst, int64(n), 10)
}
