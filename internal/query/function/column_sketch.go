package function

import (
	"math"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// sketchColumns read what summaries say, which Reductions and regions make.
func sketchColumns() []column {
	read := func(name, sig string, f func(c *cells) (float64, bool), put func(out *model.Vector, x float64)) column {
		return column{name: name, sig: sig, row: func(c *cells, out *model.Vector) error {
			if x, ok := f(c); ok {
				put(out, x)
			} else {
				out.AppendNull()
			}
			return nil
		}}
	}
	float := func(out *model.Vector, x float64) { out.AppendFloat(x) }
	digest := func(c *cells) (float64, bool) { return DigestQuantile(c.float(0), c.bytes(1)) }
	return []column{
		{name: "hll_count", sig: "y:u", row: func(c *cells, out *model.Vector) error {
			var s sketch.HLL
			if !s.Merge(c.bytes(0)) {
				out.AppendNull()
				return nil
			}
			out.AppendInt(int64(s.Count()))
			return nil
		}},
		read("udd_calc", "fy:f", func(c *cells) (float64, bool) { return UDDQuantile(c.float(0), c.bytes(1)) }, float),
		read("digest_quantile", "fy:f", digest, float),
		read("digest_quantile_i", "fy:i", digest, func(out *model.Vector, x float64) { out.AppendInt(TruncInt(x, false)) }),
		read("digest_quantile_u", "fy:u", digest, func(out *model.Vector, x float64) { out.AppendInt(TruncInt(x, true)) }),
		read("comoments", "sy:f", func(c *cells) (float64, bool) { return PairStatistic(c.str(0), c.bytes(1)) }, float),
	}
}

// DigestQuantile is the quantile q that a written digest knows; false where the bytes are none, or of no value.
func DigestQuantile(q float64, state []byte) (float64, bool) {
	d := sketch.ReadDigest(state)
	if d == nil {
		return 0, false
	}
	return d.Quantile(q)
}

// UDDQuantile is DigestQuantile of sketches with buckets.
func UDDQuantile(q float64, state []byte) (float64, bool) {
	s := sketch.ReadUDD(state)
	if s == nil {
		return 0, false
	}
	return s.Quantile(q)
}

// PairStatistic is a statistic, by its name in SQL, that written co-moments know.
func PairStatistic(name string, state []byte) (float64, bool) {
	var c sketch.Comoments
	if ok, _ := c.Take(state); !ok {
		return 0, false
	}
	return c.Statistic(name)
}

// TruncInt is a number without its fraction; those that are too large are the greatest there is.
func TruncInt(x float64, unsigned bool) int64 {
	switch {
	case unsigned && x >= 1<<64:
		return -1
	case unsigned && x > 0:
		return int64(uint64(x))
	case unsigned:
		return 0
	case x >= 1<<63:
		return math.MaxInt64
	case x < -1<<63:
		return math.MinInt64
	}
	return int64(x)
}
