package series

import (
	"slices"
)

// Len is the number of global series.
func (a *Alignment) Len() int { return a.n }

// Selected lists the selected series of a table, by its number in the list given to Align, ascending; nil stands for all.
func (a *Alignment) Selected(table int) []uint32 { return a.selected[table] }

// Numbers gives the global numbers of a table's selected series, ascending; nil stands for 0, 1, … Tables with the same series share it.
func (a *Alignment) Numbers(table int) []uint32 { return a.numbers[table] }

// Code is the code of global series g's value of a tag: 0 is NULL, k is value k-1 of Dicts[tag].
func (a *Alignment) Code(tag, g int) uint32 {
	switch {
	case a.base == nil:
		return a.pack.code(a.keys, tag, g)
	case a.selected[0] != nil:
		g = int(a.selected[0][g])
	}
	return a.base.Codes[tag][g]
}

// Codes appends the codes of global series [from, to) for a tag.
func (a *Alignment) Codes(dst []uint32, tag, from, to int) []uint32 {
	switch {
	case a.n == 0:
	case a.base == nil:
		dst = slices.Grow(dst, to-from)
		for _, w := range a.keys[a.pack.word[tag]][from:to] {
			dst = append(dst, uint32(w>>(a.pack.shift[tag]&63)&a.pack.mask[tag]))
		}
	case a.selected[0] != nil:
		c := a.base.Codes[tag]
		for _, o := range a.selected[0][from:to] {
			dst = append(dst, c[o])
		}
	default:
		dst = append(dst, a.base.Codes[tag][from:to]...)
	}
	return dst
}

// TagCodes is the codes of all global series for a tag: read-only, where possible a table's own memory.
func (a *Alignment) TagCodes(tag int) []uint32 {
	if a.base != nil && a.selected[0] == nil {
		return a.base.Codes[tag]
	}
	return a.Codes(nil, tag, 0, a.n)
}

// Bytes is about how much memory the Alignment holds beside the tables, at most.
func (a *Alignment) Bytes() int64 {
	n := int64(0)
	for i := range a.selected {
		n += int64(len(a.selected[i])+len(a.numbers[i])) * 4
	}
	for _, w := range a.keys {
		n += int64(len(w)) * 8
	}
	if a.base == nil {
		for _, d := range a.Dicts {
			n += int64(len(d.Data)) + int64(len(d.Offsets))*4
		}
	}
	return n
}

// Table is the global series as a table, of one row each. It may share memory with the aligned ones.
func (a *Alignment) Table() *Table {
	t := &Table{Tags: a.Tags, Types: a.Types, Dicts: a.Dicts, Codes: make([][]uint32, len(a.Tags)), Start: make([]uint32, a.n+1)}
	for k := range t.Codes {
		t.Codes[k] = a.TagCodes(k)
	}
	for i := range t.Start {
		t.Start[i] = uint32(i)
	}
	return t
}
