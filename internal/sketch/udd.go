package sketch

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

const (
	uddMagic   = 'U'
	uddVersion = 1
)

// UDD is a sketch of quantiles with buckets whose bounds grow by a factor. When there are more than size, neighbours are put together,
// which squares the factor: collapses tells how often.
type UDD struct {
	size      int64
	err       float64 // relative error asked for
	log       float64 // of the factor, before any collapse
	collapses int
	count     uint64
	buckets   map[int64]uint64 // by key, see key
}

// Bounds of the parameters: a sketch of more buckets costs more than exact quantiles.
const maxUDDBuckets = 1 << 20

// maxCollapses leaves no more than a bucket for each sign, whatever the error.
const maxCollapses = 40

// NewUDD makes an empty sketch of at most so many buckets, with a relative error.
func NewUDD(size int64, e float64) (*UDD, error) {
	if size < 2 || size > maxUDDBuckets {
		return nil, errs.New(errs.EngineExecuteQuery, "Execution error: Invalid UDDSketch: the number of buckets must be between 2 and %d, got: %d", maxUDDBuckets, size)
	}
	if !(e >= 1e-9 && e < 1) {
		return nil, errs.New(errs.EngineExecuteQuery, "Execution error: Invalid UDDSketch: the error must be between 0 and 1, got: %v", e)
	}
	return &UDD{size: size, err: e, log: math.Log((1 + e) / (1 - e)), buckets: map[int64]uint64{}}, nil
}

// Init gives the zero UDD its parameters, see NewUDD; one that has others fails.
func (s *UDD) Init(size int64, e float64) error {
	if s.buckets != nil && s.Same(size, e) {
		return nil
	}
	o, err := NewUDD(size, e)
	if err != nil {
		return err
	}
	if s.buckets != nil {
		return o.Check(s)
	}
	*s = *o
	return nil
}

// Empty is a sketch of the same parameters that has seen nothing.
func (s *UDD) Empty() *UDD {
	return &UDD{size: s.size, err: s.err, log: s.log, buckets: map[int64]uint64{}}
}

// Add takes in values; NaN is left out.
func (s *UDD) Add(xs ...float64) {
	last, n := int64(0), uint64(0) // the bucket of the values before, which many have in common, and how many are still to be put into it
	for _, x := range xs {
		if x != x {
			continue
		}
		if k := s.key(x); k != last {
			s.put(last, n)
			last, n = s.key(x), 0 // of what may have collapsed just now
		}
		n++
	}
	s.put(last, n)
}

func (s *UDD) put(key int64, n uint64) {
	if n == 0 {
		return
	}
	s.count += n
	s.buckets[key] += n
	s.shrink()
}

// Bytes is the memory that the sketch holds, near enough: maps say nothing of their size.
func (s *UDD) Bytes() int64 { return 64 + 40*int64(len(s.buckets)) }

// key is the bucket of a value: its index above, and below whether it is 0 (0), positive (1) or negative (2). A collapse puts two
// neighbours of an even upper index together.
func (s *UDD) key(x float64) int64 {
	if x == 0 {
		return 0
	}
	a := min(math.Abs(x), math.MaxFloat64)
	i := int64(math.Ceil(math.Log(a) / s.log))
	i = (i + 1<<s.collapses - 1) >> s.collapses
	if x < 0 {
		return i<<2 | 2
	}
	return i<<2 | 1
}

func (s *UDD) collapse() {
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

// shrink puts neighbours together while there are too many buckets. How often that is depends on the values alone, not on their order.
func (s *UDD) shrink() {
	for int64(len(s.buckets)) > s.size && s.collapses < maxCollapses {
		s.collapse()
	}
}

// Same reports a sketch of the same parameters: others do not merge.
func (s *UDD) Same(size int64, e float64) bool { return s.size == size && s.err == e }

// String is the parameters.
func (s *UDD) String() string { return fmt.Sprintf("%d, %v", s.size, s.err) }

// Check reports sketches of other parameters than the arguments as what the user is told. The zero UDD merges with all.
func (s *UDD) Check(o *UDD) error {
	if s.buckets != nil && o.buckets != nil && !s.Same(o.size, o.err) {
		return errs.New(errs.EngineExecuteQuery, "Execution error: Merging UDDSketch with different parameters: arguments=(%s) vs actual input=(%s)", s, o)
	}
	return nil
}

// Join takes in another sketch of the same parameters, which stays as it is. The zero UDD gets those of the other.
func (s *UDD) Join(o *UDD) {
	if o.buckets == nil {
		return
	}
	if s.buckets == nil {
		*s = *o.Empty()
	}
	for s.collapses < o.collapses {
		s.collapse()
	}
	more := s.collapses - o.collapses
	for k, n := range o.buckets {
		if k != 0 {
			k = ((k>>2)+1<<more-1)>>more<<2 | k&3
		}
		s.buckets[k] += n
	}
	s.count += o.count
	s.shrink()
}

// AppendTo writes the sketch.
func (s *UDD) AppendTo(dst []byte) []byte {
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

func (s *UDD) keys() []int64 {
	keys := make([]int64, 0, len(s.buckets))
	for k := range s.buckets {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	return keys
}

// ReadUDD reads what AppendTo wrote; nil where the bytes are something else.
func ReadUDD(b []byte) *UDD {
	if len(b) < 4 || b[0] != uddMagic || b[1] != uddVersion || b[2] > maxCollapses {
		return nil
	}
	collapses := int(b[2])
	b = b[3:]
	size, n := binary.Uvarint(b)
	if n <= 0 || len(b) < n+8 || size > maxUDDBuckets {
		return nil
	}
	s, err := NewUDD(int64(size), math.Float64frombits(binary.LittleEndian.Uint64(b[n:])))
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

// Quantile is the middle of the bucket that holds the value at q; ok is false where there is none.
func (s *UDD) Quantile(q float64) (float64, bool) {
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

func (s *UDD) value(k int64) float64 {
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
