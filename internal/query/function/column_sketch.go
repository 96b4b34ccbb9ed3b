package function

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"sort"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// histogram reads {"key":count}, into which the engine counts.
func histogram(text []byte) (map[int64]uint64, error) {
	raw := map[string]uint64{}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, failure("Invalid histogram: %v", err)
	}
	out := make(map[int64]uint64, len(raw))
	for k, n := range raw {
		key, err := strconv.ParseInt(k, 10, 64)
		if err != nil {
			return nil, failure("Invalid histogram: %v", err)
		}
		out[key] = n
	}
	return out, nil
}

func sketchColumns() []column {
	return []column{
		{name: "hll_item", sig: "y:i", row: func(c *cells, out *model.Vector) error { out.AppendInt(int64(sketch.ItemOf(c.bytes(0)))); return nil }},
		{name: "hll", sig: "s:y", row: func(c *cells, out *model.Vector) error {
			items, err := histogram(c.bytes(0))
			if err != nil {
				return err
			}
			var s sketch.HLL
			for k := range items {
				if k > 0 && k <= math.MaxUint32 {
					s.Add(sketch.Item(k))
				}
			}
			out.AppendBytes(s.AppendTo(nil))
			return nil
		}},
		{name: "hll_merge", sig: "Y:y", row: func(c *cells, out *model.Vector) error {
			var states [][]byte
			if err := json.Unmarshal(c.bytes(0), &states); err != nil {
				return failure("Invalid list of states: %v", err)
			}
			var s sketch.HLL
			any := false
			for _, b := range states {
				any = s.Merge(b) || any
			}
			if !any {
				out.AppendNull()
				return nil
			}
			out.AppendBytes(s.AppendTo(nil))
			return nil
		}},
		{name: "hll_count", sig: "y:u", row: func(c *cells, out *model.Vector) error {
			var s sketch.HLL
			if !s.Merge(c.bytes(0)) {
				out.AppendNull()
				return nil
			}
			out.AppendInt(int64(s.Count()))
			return nil
		}},
		{name: "udd_key", sig: "ff:i", row: func(c *cells, out *model.Vector) error {
			if math.IsNaN(c.float(1)) {
				out.AppendNull()
				return nil
			}
			if _, err := sketch.NewUDD(2, c.float(0)); err != nil {
				return err
			}
			out.AppendInt(sketch.UDDKey(c.float(1), c.float(0)))
			return nil
		}},
		{name: "udd", sig: "ifs:y", row: func(c *cells, out *model.Vector) error {
			s, err := sketch.NewUDD(c.int(0), c.float(1))
			if err != nil {
				return err
			}
			buckets, err := histogram(c.bytes(2))
			if err != nil {
				return err
			}
			for key, n := range buckets {
				s.Put(key, n)
			}
			s.Shrink()
			out.AppendBytes(s.AppendTo(nil))
			return nil
		}},
		{name: "udd_merge", sig: "ifY:y", row: func(c *cells, out *model.Vector) error {
			var texts []string
			if err := json.Unmarshal(c.bytes(2), &texts); err != nil {
				return failure("Invalid list of states: %v", err)
			}
			s, err := sketch.NewUDD(c.int(0), c.float(1))
			if err != nil {
				return err
			}
			for _, t := range texts {
				b, err := base64.StdEncoding.DecodeString(t)
				if err != nil {
					return failure("Invalid list of states: %v", err)
				}
				o := sketch.ReadUDD(b)
				if o == nil {
					return failure("Invalid UDDSketch state")
				}
				if !o.Same(c.int(0), c.float(1)) {
					return failure("Merging UDDSketch with different parameters: arguments=(%d, %v) vs actual input=(%s)", c.int(0), c.float(1), o)
				}
				s.Merge(o)
			}
			out.AppendBytes(s.AppendTo(nil))
			return nil
		}},
		{name: "udd_calc", sig: "fy:f", row: func(c *cells, out *model.Vector) error {
			var v float64
			s, ok := sketch.ReadUDD(c.bytes(1)), false
			if s != nil {
				v, ok = s.Quantile(c.float(0))
			}
			if !ok {
				out.AppendNull()
				return nil
			}
			out.AppendFloat(v)
			return nil
		}},
		{name: "weighted", sig: "fFF:f", row: weightedQuantile},
	}
}

// weightedQuantile is the value at which a share of the weights lies below, by a line between neighbours.
func weightedQuantile(c *cells, out *model.Vector) error {
	var xs, ws []*float64
	if json.Unmarshal(c.bytes(1), &xs) != nil || json.Unmarshal(c.bytes(2), &ws) != nil || len(xs) != len(ws) {
		return failure("Invalid values or weights")
	}
	p := c.float(0)
	if !(p >= 0 && p <= 1) {
		return failure("Percentile value must be between 0.0 and 1.0 inclusive, %v is invalid", p)
	}
	type point struct{ x, w float64 }
	var all []point
	total := 0.0
	for i := range xs {
		if xs[i] != nil && ws[i] != nil && *ws[i] > 0 {
			all = append(all, point{*xs[i], *ws[i]})
			total += *ws[i]
		}
	}
	if len(all) == 0 {
		out.AppendNull()
		return nil
	}
	sort.Slice(all, func(i, j int) bool { return all[i].x < all[j].x })
	want, before := p*total, 0.0
	for i, pt := range all {
		middle := before + pt.w/2
		if want <= middle {
			if i == 0 {
				out.AppendFloat(pt.x)
				return nil
			}
			last := before - all[i-1].w/2
			out.AppendFloat(all[i-1].x + (pt.x-all[i-1].x)*(want-last)/(middle-last))
			return nil
		}
		before += pt.w
	}
	out.AppendFloat(all[len(all)-1].x)
	return nil
}
