package influx

import (
	"math"
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Precision is how many nanoseconds one of a line's timestamp units is. Zero means nanoseconds.
type Precision int64

// ParsePrecision reads the precision parameter of a write request; empty is nanoseconds.
func ParsePrecision(s string) (Precision, error) {
	switch s {
	case "", "n", "ns":
		return 1, nil
	case "u", "us", "µ", "µs":
		return 1e3, nil
	case "ms":
		return 1e6, nil
	case "s":
		return 1e9, nil
	case "m":
		return 60e9, nil
	case "h":
		return 3600e9, nil
	}
	return 0, errs.New(errs.InvalidArguments, "unknown precision %q: use n, ns, u, us, ms, s, m or h", clip(s))
}

// timestamp reads a line's time at i. It gives nanoseconds and the offset behind it.
func (d *decoder) timestamp(i int) (int64, int, *fault) {
	src, start := d.src, i
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
	if i == first || i < len(src) && src[i] > ' ' {
		return 0, 0, bad(d.opt.TimeColumn, "%q is not a timestamp", clip(string(src[start:valueEnd(src, start)])))
	}
	hi, ns := bits.Mul64(m, uint64(d.opt.Precision))
	limit := uint64(math.MaxInt64)
	if neg {
		limit++
	}
	if i-first > 19 || hi != 0 || ns > limit { // 19 digits never overflow m
		return 0, 0, bad(d.opt.TimeColumn, "timestamp %s is out of range: nanoseconds since 1970 must fit 64 bits (is the precision right?)",
			clip(string(src[start:i])))
	}
	if neg {
		return -int64(ns), i, nil
	}
	return int64(ns), i, nil
}
