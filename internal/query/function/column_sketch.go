package function

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/bits"
	"sort"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Sketches are bytes that users keep in tables: docs/formats/sketches.md says what they are made of.
const (
	hllMagic     = 'H'
	hllVersion   = 1
	hllPrecision = 14
	hllRegisters = 1 << hllPrecision
	hllSparse    = 0
	hllDense     = 1

	uddMagic   = 'U'
	uddVersion = 1
)

// hllItem is the register that a value belongs to, and the rank it brings there, in the lowest byte.
func hllItem(value []byte) int64 {
	h := xxhash.Sum64(value)
	rank := min(bits.LeadingZeros64(h<<hllPrecision), 64-hllPrecision) + 1
	return int64(h>>(64-hllPrecision))<<8 | int64(rank)
}

// hll is the registers of a sketch that counts different values.
type hll [hllRegisters]uint8

func (s *hll) add(item int64) {
	if r := item >> 8; r >= 0 && r < hllRegisters {
		s[r] = max(s[r], uint8(item))
	}
}

func (s *hll) append(dst []byte) []byte {
	used := 0
	for _, r := range s {
		if r > 0 {
			used++
		}
	}
	if used*3 >= hllRegisters {
		return append(append(dst, hllMagic, hllVersion, hllPrecision, hllDense), s[:]...)
	}
	dst = append(dst, hllMagic, hllVersion, hllPrecision, hllSparse)
	for i, r := range s {
		if r > 0 {
			dst = append(binary.LittleEndian.AppendUint16(dst, uint16(i)), r)
		}
	}
	return dst
}

// merge adds the registers of a state; false where the bytes are none.
func (s *hll) merge(b []byte) bool {
	if len(b) < 4 || b[0] != hllMagic || b[1] != hllVersion || b[2] != hllPrecision {
		return false
	}
	body := b[4:]
	switch {
	case b[3] == hllDense && len(body) == hllRegisters:
		for i, r := range body {
			if r > 64-hllPrecision+1 {
				return false
			}
			s[i] = max(s[i], r)
		}
		return true
	case b[3] == hllSparse && len(body)%3 == 0:
		for ; len(body) > 0; body = body[3:] {
			i, r := binary.LittleEndian.Uint16(body), body[2]
			if i >= hllRegisters || r > 64-hllPrecision+1 {
				return false
			}
			s[i] = max(s[i], r)
		}
		return true
	}
	return false
}

// count estimates, by how many registers have each rank, without tables of corrections: the estimator of O. Ertl, "New cardinality
// estimation algorithms for HyperLogLog sketches".
func (s *hll) count() uint64 {
	const q = 64 - hllPrecision
	var of [q + 2]float64
	for _, r := range s {
		of[r]++
	}
	m := float64(hllRegisters)
	z := m * tau(1-of[q+1]/m)
	for k := q; k >= 1; k-- {
		z = 0.5 * (z + of[k])
	}
	z += m * sigma(of[0]/m)
	if math.IsInf(z, 1) {
		return 0
	}
	return uint64(math.Round(m * m / (2 * math.Ln2 * z)))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	z, y := x, 1.0
	for {
		x *= x
		before := z
		z += x * y
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	z, y := 1-x, 1.0
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= (1 - x) * (1 - x) * y
		if z == before {
			return z / 3
		}
	}
}

// udd is a sketch of quantiles with buckets whose bounds grow by a factor. When there are more than size, neighbours are put together,
// which squares the factor: collapses tells how often.
type udd struct {
	size      int64
	err       float64 // relative error asked for
	collapses int
	count     uint64
	buckets   map[int64]uint64 // by key, see uddKey
}

// Bounds of the parameters: a sketch of more buckets costs more than exact quantiles.
const maxUDDBuckets = 1 << 20

func newUDD(size int64, e float64) (*udd, error) {
	if size < 2 || size > maxUDDBuckets {
		return nil, failure("Invalid UDDSketch: the number of buckets must be between 2 and %d, got: %d", maxUDDBuckets, size)
	}
	if !(e >= 1e-9 && e < 1) {
		return nil, failure("Invalid UDDSketch: the error must be between 0 and 1, got: %v", e)
	}
	return &udd{size: size, err: e, buckets: map[int64]uint64{}}, nil
}

// uddKey is the bucket of a value before any collapse: its index above, and below whether it is 0 (0), positive (1) or negative (2).
func uddKey(x, e float64) int64 {
	if x == 0 {
		return 0
	}
	a := min(math.Abs(x), math.MaxFloat64)
	i := int64(math.Ceil(math.Log(a) / math.Log((1+e)/(1-e))))
	if x < 0 {
		return i<<2 | 2
	}
	return i<<2 | 1
}

func (s *udd) collapse() {
	next := make(map[int64]uint64, len(s.buckets)/2+1)
	for k, n := range s.buckets {
		if k != 0 {
			k = ((k>>2)+1)>>1<<2 | k&3
		}
		next[k] += n
	}
	s.buckets = next
	s.collapses++
}

func (s *udd) shrink() {
	for int64(len(s.buckets)) > s.size && s.collapses < 40 {
		s.collapse()
	}
}

func (s *udd) merge(o *udd) {
	for s.collapses < o.collapses {
		s.collapse()
	}
	for o.collapses < s.collapses {
		o.collapse()
	}
	for k, n := range o.buckets {
		s.buckets[k] += n
	}
	s.count += o.count
	s.shrink()
}

func (s *udd) append(dst []byte) []byte {
	dst = append(dst, uddMagic, uddVersion, uint8(s.collapses))
	dst = binary.AppendUvarint(dst, uint64(s.size))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(s.err))
	keys := s.keys()
	dst = binary.AppendUvarint(dst, uint64(len(keys)))
	last := int64(0)
	for _, k := range keys {
		dst = binary.AppendVarint(dst, k-last)
		dst = binary.AppendUvarint(dst, s.buckets[k])
		last = k
	}
	return dst
}

func (s *udd) keys() []int64 {
	keys := make([]int64, 0, len(s.buckets))
	for k := range s.buckets {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	return keys
}

// readUDD reads what append wrote; nil where the bytes are something else.
func readUDD(b []byte) *udd {
	if len(b) < 4 || b[0] != uddMagic || b[1] != uddVersion || b[2] > 63 {
		return nil
	}
	collapses := int(b[2])
	b = b[3:]
	size, n := binary.Uvarint(b)
	if n <= 0 || len(b) < n+8 || size > maxUDDBuckets {
		return nil
	}
	s, err := newUDD(int64(size), math.Float64frombits(binary.LittleEndian.Uint64(b[n:])))
	if err != nil {
		return nil
	}
	s.collapses = collapses
	b = b[n+8:]
	many, n := binary.Uvarint(b)
	if n <= 0 || many > size {
		return nil
	}
	b = b[n:]
	key := int64(0)
	for range many {
		d, n := binary.Varint(b)
		if n <= 0 {
			return nil
		}
		c, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return nil
		}
		key += d
		s.buckets[key] += c
		s.count += c
		b = b[n+m:]
	}
	if len(b) > 0 {
		return nil
	}
	return s
}

// quantile is the middle of the bucket that holds the value at q; ok is false where there is none.
func (s *udd) quantile(q float64) (float64, bool) {
	if s.count == 0 || !(q >= 0 && q <= 1) {
		return 0, false
	}
	keys := s.keys()
	order := func(k int64) (int, int64) { // of values: negative ones with the greatest index first
		switch k & 3 {
		case 2:
			return 0, -(k >> 2)
		case 1:
			return 2, k >> 2
		}
		return 1, 0
	}
	sort.Slice(keys, func(i, j int) bool {
		a, x := order(keys[i])
		b, y := order(keys[j])
		return a < b || a == b && x < y
	})
	left := min(uint64(float64(s.count)*q)+1, s.count)
	for _, k := range keys {
		if n := s.buckets[k]; left > n {
			left -= n
			continue
		}
		return s.value(k), true
	}
	return s.value(keys[len(keys)-1]), true
}

func (s *udd) value(k int64) float64 {
	if k == 0 {
		return 0
	}
	e := s.err
	for range s.collapses {
		e = 2 * e / (1 + e*e)
	}
	// gamma^i (1 - e), by logarithms of the factor before collapses, which are exact
	log := math.Log((1+s.err)/(1-s.err)) * math.Exp2(float64(s.collapses)) * float64(k>>2)
	v := math.Exp(log) * (1 - e)
	if k&3 == 2 {
		return -v
	}
	return v
}

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
		{name: "hll_item", sig: "y:i", row: func(c *cells, out *model.Vector) error { out.AppendInt(hllItem(c.bytes(0))); return nil }},
		{name: "hll", sig: "s:y", row: func(c *cells, out *model.Vector) error {
			items, err := histogram(c.bytes(0))
			if err != nil {
				return err
			}
			var s hll
			for k := range items {
				s.add(k)
			}
			out.AppendBytes(s.append(nil))
			return nil
		}},
		{name: "hll_merge", sig: "Y:y", row: func(c *cells, out *model.Vector) error {
			var states [][]byte
			if err := json.Unmarshal(c.bytes(0), &states); err != nil {
				return failure("Invalid list of states: %v", err)
			}
			var s hll
			any := false
			for _, b := range states {
				any = s.merge(b) || any
			}
			if !any {
				out.AppendNull()
				return nil
			}
			out.AppendBytes(s.append(nil))
			return nil
		}},
		{name: "hll_count", sig: "y:u", row: func(c *cells, out *model.Vector) error {
			var s hll
			if !s.merge(c.bytes(0)) {
				out.AppendNull()
				return nil
			}
			out.AppendInt(int64(s.count()))
			return nil
		}},
		{name: "udd_key", sig: "ff:i", row: func(c *cells, out *model.Vector) error {
			if math.IsNaN(c.float(1)) {
				out.AppendNull()
				return nil
			}
			if _, err := newUDD(2, c.float(0)); err != nil {
				return err
			}
			out.AppendInt(uddKey(c.float(1), c.float(0)))
			return nil
		}},
		{name: "udd", sig: "ifs:y", row: func(c *cells, out *model.Vector) error {
			s, err := newUDD(c.int(0), c.float(1))
			if err != nil {
				return err
			}
			if s.buckets, err = histogram(c.bytes(2)); err != nil {
				return err
			}
			for _, n := range s.buckets {
				s.count += n
			}
			s.shrink()
			out.AppendBytes(s.append(nil))
			return nil
		}},
		{name: "udd_merge", sig: "ifY:y", row: func(c *cells, out *model.Vector) error {
			var texts []string
			if err := json.Unmarshal(c.bytes(2), &texts); err != nil {
				return failure("Invalid list of states: %v", err)
			}
			s, err := newUDD(c.int(0), c.float(1))
			if err != nil {
				return err
			}
			for _, t := range texts {
				b, err := base64.StdEncoding.DecodeString(t)
				if err != nil {
					return failure("Invalid list of states: %v", err)
				}
				o := readUDD(b)
				if o == nil {
					return failure("Invalid UDDSketch state")
				}
				if o.size != s.size || o.err != s.err {
					return failure("Merging UDDSketch with different parameters: arguments=(%d, %v) vs actual input=(%d, %v)", s.size, s.err, o.size, o.err)
				}
				s.merge(o)
			}
			out.AppendBytes(s.append(nil))
			return nil
		}},
		{name: "udd_calc", sig: "fy:f", row: func(c *cells, out *model.Vector) error {
			var v float64
			s, ok := readUDD(c.bytes(1)), false
			if s != nil {
				v, ok = s.quantile(c.float(0))
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
