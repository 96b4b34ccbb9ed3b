package scan

import (
	"unsafe"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

const (
	// memoryStep is how much a scan takes of its account at once.
	memoryStep = 1 << 20
	// smallTable is a table, or rows, that nobody accounts for: most queries have no larger ones.
	smallTable = 64 << 10
	// pairBytes is what a pair of an id and a value takes, with its places of the hash table.
	pairBytes = 12 + 16
)

// charge accounts for a table that may have grown: once a block, by capacity, so that most calls find nothing to do.
func (sc *scan) charge(t *table) error {
	return sc.grow(&t.charged, t.bytes(), "the groups of an aggregation: ask for fewer groups or a shorter time, or raise memory.limit")
}

// grow accounts for n bytes where charged were accounted for before; advice is for the user whose query does not get them.
func (sc *scan) grow(charged *int64, n int64, advice string) error {
	if n <= *charged || n < smallTable {
		return nil
	}
	if err := sc.mem.Reserve(n - *charged); err != nil {
		return errs.Wrap(errs.CodeOf(err), err, "%s", advice)
	}
	*charged = n
	return nil
}

// discharge gives back what a table was accounted for, which is not used any more.
func (sc *scan) discharge(t *table) {
	sc.mem.GiveBack(t.charged)
	t.charged = 0
}

// bytes is about what the table takes.
func (t *table) bytes() int64 {
	n := int64(cap(t.rows))*t.slotBytes + t.summaryBytes()
	for i := range t.others {
		n += t.others[i].textBytes
	}
	return n
}

// slotBytes is what a slot takes: its number of rows, the states and, where it is looked up, its keys.
func (g *grouping) slotBytes() int64 {
	n := int64(8)
	for i := range g.a.states {
		n += g.a.states[i].slotBytes()
	}
	if g.dense {
		return n
	}
	n += int64(unsafe.Sizeof(slotKey{})) + pairBytes
	for range g.a.others {
		n += pairBytes + 16 // and its value
	}
	return n
}

// slotBytes is what the state of a slot takes, but for summaries.
func (s *stateSpec) slotBytes() int64 {
	width := int64(8)
	if c := s.typ.Class(); c != model.ClassInt && c != model.ClassFloat {
		width = int64(unsafe.Sizeof(model.Value{}))
	}
	n := int64(8) // the number of values
	add := func(has bool, bytes int64) {
		if has {
			n += bytes
		}
	}
	add(s.sum, 8)
	add(s.sumFloat, 8)
	add(s.moments, 3*8)
	add(s.summary != nil, 8)
	add(s.min, width)
	add(s.max, width)
	add(s.first, width+8)
	add(s.last, width+8)
	return n
}
