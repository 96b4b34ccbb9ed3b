package kernel

import (
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/model"
)

// IntSet is a set of integers that is asked for each row of a column: a table of twice as many slots as values, or more, searched from the
// place that a value's hash names. It is immutable.
type IntSet struct {
	slots    []int64
	shift    uint8
	zero     bool // 0 marks a free slot, so it stands here
	min, max int64
}

// NewIntSet makes a set. Values may repeat.
func NewIntSet(values []int64) *IntSet {
	n := max(bits.Len(uint(2*len(values))), 1)
	s := &IntSet{slots: make([]int64, 1<<n), shift: uint8(64 - n), min: 1, max: 0}
	for i, v := range values {
		if i == 0 {
			s.min, s.max = v, v
		}
		s.min, s.max = min(s.min, v), max(s.max, v)
		if v == 0 {
			s.zero = true
			continue
		}
		at := s.home(v)
		for s.slots[at] != 0 && s.slots[at] != v {
			at = (at + 1) & (len(s.slots) - 1)
		}
		s.slots[at] = v
	}
	return s
}

func (s *IntSet) home(v int64) int { return int(uint64(v) * 0x9E3779B97F4A7C15 >> s.shift) }

// Has reports a member.
func (s *IntSet) Has(v int64) bool {
	if v < s.min || v > s.max {
		return false
	}
	if v == 0 {
		return s.zero
	}
	for at := s.home(v); s.slots[at] != 0; at = (at + 1) & (len(s.slots) - 1) {
		if s.slots[at] == v {
			return true
		}
	}
	return false
}

// SelectIntSet writes to dst which of v are in the set. Neighbours that are equal are looked up once.
func SelectIntSet(dst model.Bitmap, v []int64, s *IntSet) {
	var last int64
	var in uint64 // 1: last is a member
	for i := 0; i < len(v); i += 64 {
		b := v[i:min(i+64, len(v))]
		var w uint64
		for j, x := range b {
			if x != last || i+j == 0 {
				last, in = x, bit(s.Has(x))
			}
			w |= in << (uint(j) & 63)
		}
		dst[i>>6] = w
	}
}
