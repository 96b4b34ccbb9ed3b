package kernel

import "math/bits"

// Pairs numbers the different pairs of an id and a value, in the order in which they first come: 0, 1, … Columns that are grouped by are
// looked at one after the other, each by a Pairs of its own: what it makes of the ids of the columns before is the ids for the next, and the
// last one's are the groups.
//
//	ids     0 0 0 0    first column   a b a b   →   0 1 0 1
//	ids     0 1 0 1    second column  x x x y   →   0 1 0 2
//
// The zero Pairs is ready for use. It is a table searched from the place that the pair's hash names, never more than half full.
type Pairs struct {
	slots  []uint32 // number of a pair plus 1; zero: free
	ids    []uint32 // of each pair
	values []uint64
	shift  uint8
}

// NullID is set in the id of a row whose value is NULL, and which has the value 0: it makes another pair than a zero does.
const NullID = 1 << 31

// Len is how many pairs there are.
func (p *Pairs) Len() int { return len(p.ids) }

// Number replaces each id by the number of its pair.
func (p *Pairs) Number(ids []uint32, values []uint64) {
	if len(ids) == 0 {
		return
	}
	values = values[:len(ids)]
	id, value := ids[0], values[0]
	n := p.One(id, value)
	for i, v := range values {
		if v != value || ids[i] != id { // rows that follow one another are often alike
			id, value = ids[i], v
			n = p.One(id, value)
		}
		ids[i] = n
	}
}

// One is the number of a pair.
func (p *Pairs) One(id uint32, value uint64) uint32 {
	if 2*len(p.ids) >= len(p.slots) {
		p.grow()
	}
	mask := len(p.slots) - 1
	for at := p.home(id, value); ; at = (at + 1) & mask {
		n := p.slots[at&mask]
		if n == 0 {
			p.ids, p.values = append(p.ids, id), append(p.values, value)
			p.slots[at] = uint32(len(p.ids))
			return uint32(len(p.ids) - 1)
		}
		if p.values[n-1] == value && p.ids[n-1] == id {
			return n - 1
		}
	}
}

func (p *Pairs) home(id uint32, value uint64) int {
	h := (value ^ value>>32 + uint64(id)*0xBF58476D1CE4E5B9) * 0x9E3779B97F4A7C15
	return int(h >> p.shift)
}

func (p *Pairs) grow() {
	n := max(64, 4*len(p.slots))
	p.slots = make([]uint32, n)
	p.shift = uint8(64 - bits.Len(uint(n-1)))
	for i, id := range p.ids {
		at := p.home(id, p.values[i])
		for p.slots[at] != 0 {
			at = (at + 1) & (n - 1)
		}
		p.slots[at] = uint32(i + 1)
	}
}
