package series

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Span is global series [From, To).
type Span struct{ From, To int }

// Len is the number of global series.
func (a *Alignment) Len() int { return a.n }

// Tables are the aligned tables; Member.Table counts in them.
func (a *Alignment) Tables() []*Table { return a.tables }

// Members gives the tables' series that make up global series g, by rising table number; at least one. The result is valid until buf is
// used again; it may be memory of the Alignment, and is read-only.
func (a *Alignment) Members(g int, buf []Member) []Member {
	switch a.kind {
	case alignSingle:
		if a.ordinals != nil {
			g = int(a.ordinals[g])
		}
		return append(buf[:0], Member{0, uint32(g)})
	case alignSame:
		buf = buf[:0]
		for i := range a.tables {
			buf = append(buf, Member{uint32(i), uint32(g)})
		}
		return buf
	}
	return a.members[a.first[g]:a.first[g+1]]
}

// Code is the code of global series g's value of a tag: 0 is NULL, k is value k-1 of Dicts[tag].
func (a *Alignment) Code(tag, g int) uint32 {
	switch a.kind {
	case alignSingle:
		if a.ordinals != nil {
			g = int(a.ordinals[g])
		}
		return a.tables[0].Codes[tag][g]
	case alignSame:
		return a.tables[0].Codes[tag][g]
	}
	return a.pack.code(a.keys, tag, g)
}

// Codes appends the codes of global series [from, to) for a tag.
func (a *Alignment) Codes(dst []uint32, tag, from, to int) []uint32 {
	switch {
	case a.kind == alignMerged:
		dst = slices.Grow(dst, to-from)
		for _, w := range a.keys[a.pack.word[tag]][from:to] {
			dst = append(dst, uint32(w>>(a.pack.shift[tag]&63)&a.pack.mask[tag]))
		}
	case a.ordinals != nil:
		c := a.tables[0].Codes[tag]
		for _, o := range a.ordinals[from:to] {
			dst = append(dst, c[o])
		}
	default:
		dst = append(dst, a.tables[0].Codes[tag][from:to]...)
	}
	return dst
}

// TagCodes is the codes of all global series for a tag: read-only, where possible a table's own memory.
func (a *Alignment) TagCodes(tag int) []uint32 {
	if a.n == 0 {
		return nil
	}
	if a.Identity() {
		return a.tables[0].Codes[tag]
	}
	return a.Codes(nil, tag, 0, a.n)
}

// Identity reports that every table's series g is global series g.
func (a *Alignment) Identity() bool {
	return a.kind == alignSame || a.kind == alignSingle && a.ordinals == nil
}

// Rows is the number of rows that the tables hold of global series g, versions of a row counted singly.
func (a *Alignment) Rows(g int) int {
	n := 0
	if a.kind == alignMerged {
		for _, m := range a.members[a.first[g]:a.first[g+1]] {
			s := a.tables[m.Table].Start
			n += int(s[m.Ordinal+1] - s[m.Ordinal])
		}
		return n
	}
	if a.ordinals != nil {
		g = int(a.ordinals[g])
	}
	for _, t := range a.tables {
		n += int(t.Start[g+1] - t.Start[g])
	}
	return n
}

// Split cuts the global series into at most parts spans of about equal numbers of rows, none empty, for as many goroutines.
func (a *Alignment) Split(parts int) []Span {
	if a.n == 0 {
		return nil
	}
	parts = max(1, min(parts, a.n))
	if parts == 1 {
		return []Span{{0, a.n}}
	}
	total := 0
	for g := range a.n {
		total += a.Rows(g)
	}
	spans := make([]Span, 0, parts)
	from, sum := 0, 0
	for g := range a.n {
		sum += a.Rows(g)
		if sum*parts >= total*(len(spans)+1) && len(spans) < parts-1 {
			spans = append(spans, Span{from, g + 1})
			from = g + 1
		}
	}
	if from < a.n {
		spans = append(spans, Span{from, a.n})
	}
	return spans
}

// Bytes is about how much memory the Alignment holds beside the tables.
func (a *Alignment) Bytes() int64 {
	n := int64(len(a.members))*8 + int64(len(a.first)+len(a.ordinals))*4
	for _, w := range a.keys {
		n += int64(len(w)) * 8
	}
	if a.kind == alignMerged {
		for _, d := range a.Dicts {
			n += int64(len(d.Data)) + int64(len(d.Offsets))*4
		}
	}
	return n
}

// Build makes the table of a run that holds rows[i] rows of global series from+i: what a flush or compaction wrote of a span. Series of no
// rows and values that nothing uses any more are left out.
func (a *Alignment) Build(from int, rows []uint32) *Table {
	t := &Table{Tags: a.Tags, Types: a.Types, Dicts: make([]*model.Dict, len(a.Tags)), Codes: make([][]uint32, len(a.Tags)), Start: []uint32{0}}
	kept := 0
	for _, r := range rows {
		if r > 0 {
			kept++
		}
	}
	t.Start = make([]uint32, 1, kept+1)
	for _, r := range rows {
		if r > 0 {
			t.Start = append(t.Start, t.Start[len(t.Start)-1]+r)
		}
	}
	for k := range a.Tags {
		c := a.Codes(make([]uint32, 0, len(rows)), k, from, from+len(rows))
		if kept < len(rows) {
			n := 0
			for i, r := range rows {
				if r > 0 {
					c[n] = c[i]
					n++
				}
			}
			c = c[:n]
		}
		t.Codes[k] = c
		t.Dicts[k] = compactDict(a.Dicts[k], c)
	}
	return t
}

// compactDict is d without the values that no code uses; codes are changed in place.
func compactDict(d *model.Dict, codes []uint32) *model.Dict {
	used := model.NewBitmap(d.Len() + 1)
	for _, c := range codes {
		used.Set(int(c))
	}
	used.Set(0)
	n := used.Count(d.Len()+1) - 1
	if n == d.Len() {
		return d
	}
	out := &model.Dict{Offsets: make([]uint32, 1, n+1)}
	to := make([]uint32, d.Len()+1)
	for c := 1; c <= d.Len(); c++ {
		if used.Get(c) {
			out.Append(d.At(uint32(c - 1)))
			to[c] = uint32(out.Len())
		}
	}
	for i, c := range codes {
		codes[i] = to[c]
	}
	return out
}
