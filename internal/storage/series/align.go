package series

import (
	"bytes"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Member is a series of one of the aligned tables.
type Member struct {
	Table   uint32 // its number in the list given to Align
	Ordinal uint32 // the series' place in that table
}

// Alignment is the common order of the series of several sorted runs: each distinct tuple ("global series") once, in order, with the
// tables that have it. It is immutable; any number of goroutines may walk spans of it.
//
//	table 0: a c      table 1: b c      →   global 0: a {0,0}   1: b {1,0}   2: c {0,1} {1,1}
type Alignment struct {
	Tags  []model.ColumnID
	Types []model.Type
	Dicts []*model.Dict // per tag: the values of all tables, sorted; what Code counts in

	tables []*Table
	n      int

	// One of three forms. single: there is one table. same: all tables have the same series and all are selected. Else keys and members.
	kind     alignKind
	ordinals []uint32 // single: selected series; nil: all
	pack     packing
	keys     [][]uint64 // per word of pack, then per global series
	first    []uint32   // n+1: the members of g are members[first[g]:first[g+1]]
	members  []Member
}

type alignKind uint8

const (
	alignSingle alignKind = iota
	alignSame
	alignMerged
)

// Align orders the selected series of tables, which have the same tags (see Extend). sels is nil for all series of all tables, else has a
// selection per table. What is not selected costs nothing but, where much is selected, a look at its values.
func Align(tables []*Table, sels []Selection) (*Alignment, error) {
	if len(tables) == 0 {
		return &Alignment{kind: alignMerged, first: []uint32{0}}, nil
	}
	t0 := tables[0]
	for i, t := range tables {
		if !slices.Equal(t.Tags, t0.Tags) {
			return nil, errs.New(errs.Internal, "tables to align have tags %v and %v", t0.Tags, t.Tags)
		}
		if sels != nil && sels[i].To > t.Len() {
			return nil, errs.New(errs.Internal, "selection ends at series %d of %d", sels[i].To, t.Len())
		}
	}
	a := &Alignment{Tags: t0.Tags, Types: t0.Types, tables: tables}
	whole := func(i int) bool { return sels == nil || sels[i].Whole(tables[i].Len()) }
	if len(tables) == 1 {
		a.kind, a.Dicts, a.n = alignSingle, t0.Dicts, t0.Len()
		if !whole(0) {
			a.ordinals = sels[0].Ordinals()
			a.n = len(a.ordinals)
		}
		return a, nil
	}
	if same := alikeAll(tables); same && !slices.ContainsFunc(seq(len(tables)), func(i int) bool { return !whole(i) }) {
		a.kind, a.Dicts, a.n = alignSame, t0.Dicts, t0.Len()
		return a, nil
	}
	a.kind = alignMerged
	parts := make([]part, len(tables))
	for i, t := range tables {
		parts[i] = part{t: t, n: t.Len()}
		if !whole(i) {
			parts[i].ordinals = sels[i].Ordinals()
			parts[i].n = len(parts[i].ordinals)
		}
	}
	a.merge(parts)
	return a, nil
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// alikeAll reports tables with exactly the same series.
func alikeAll(tables []*Table) bool {
	for _, t := range tables[1:] {
		if t.Len() != tables[0].Len() {
			return false
		}
	}
	for _, t := range tables[1:] {
		for k := range t.Tags {
			if !sameDict(t.Dicts[k], tables[0].Dicts[k]) || !sameCodes(t.Codes[k], tables[0].Codes[k]) {
				return false
			}
		}
	}
	return true
}

func sameCodes(a, b []uint32) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b))
}

func sameDict(a, b *model.Dict) bool {
	return a == b || a.Len() == b.Len() && (a.Len() == 0 || slices.Equal(a.Offsets, b.Offsets) && bytes.Equal(a.Data, b.Data))
}

// part is what one table brings to a merge.
type part struct {
	t        *Table
	ordinals []uint32 // nil: all
	n        int
	words    [][]uint64
}

func (p *part) ordinal(i int) uint32 {
	if p.ordinals == nil {
		return uint32(i)
	}
	return p.ordinals[i]
}

// codes of tag k in the part's order.
func (p *part) codes(k int, room []uint32) []uint32 {
	if p.ordinals == nil {
		return p.t.Codes[k]
	}
	room = room[:p.n]
	c := p.t.Codes[k]
	for i, o := range p.ordinals {
		room[i] = c[o]
	}
	return room
}

// merge brings the codes of each part into the merged dictionaries, packs them, and merges the packed keys.
func (a *Alignment) merge(parts []part) {
	total, widest := 0, 0
	for i := range parts {
		total += parts[i].n
		widest = max(widest, parts[i].n)
	}
	room := make([]uint32, widest)
	a.Dicts = make([]*model.Dict, len(a.Tags))
	remap := make([][]*dictCursor, len(a.Tags))
	cards := make([]int, len(a.Tags))
	for k := range a.Tags {
		a.Dicts[k], remap[k] = mergeDicts(parts, k, room)
		cards[k] = a.Dicts[k].Len()
	}
	a.pack = newPacking(cards)
	for i := range parts {
		p := &parts[i]
		p.words = a.pack.make(p.n)
		for k := range a.Tags {
			codes, c := p.codes(k, room), remap[k][i]
			if c.used == nil {
				a.pack.add(p.words, k, codes, c.to)
				continue
			}
			for j, x := range codes { // codes is in room here: only parts with ordinals have a list of used codes
				if x > 0 {
					at, _ := slices.BinarySearch(c.used, x)
					codes[j] = c.to[at]
				}
			}
			a.pack.add(p.words, k, codes, nil)
		}
	}
	a.mergeKeys(parts, total, widest)
}

// mergeKeys is a merge of sorted lists of keys by a heap of their heads.
func (a *Alignment) mergeKeys(parts []part, total, widest int) {
	w := a.pack.words
	a.keys = make([][]uint64, w)
	for i := range a.keys {
		a.keys[i] = make([]uint64, 0, widest+widest/8)
	}
	a.first = make([]uint32, 0, widest+widest/8+1)
	a.members = make([]Member, 0, total)
	h := keyHeap{parts: parts, at: make([]int, len(parts)), words: w}
	for i := range parts {
		if parts[i].n > 0 {
			h.heads = append(h.heads, head{parts[i].words[0][0], uint32(i)})
		}
	}
	for i := len(h.heads)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
	for len(h.heads) > 0 {
		top := h.heads[0]
		p, i := &parts[top.part], h.at[top.part]
		if n := len(a.first); n == 0 || top.key != a.keys[0][n-1] || w > 1 && !a.lastIs(p.words, i) {
			a.first = append(a.first, uint32(len(a.members)))
			for j := range a.keys {
				a.keys[j] = append(a.keys[j], p.words[j][i])
			}
		}
		a.members = append(a.members, Member{top.part, p.ordinal(i)})
		i++
		h.at[top.part] = i
		if i < p.n {
			h.heads[0].key = p.words[0][i]
		} else {
			last := len(h.heads) - 1
			h.heads[0] = h.heads[last]
			h.heads = h.heads[:last]
		}
		h.down(0)
	}
	a.n = len(a.first)
	a.first = append(a.first, uint32(len(a.members)))
}

// lastIs reports that the global series added last has the key at i of words.
func (a *Alignment) lastIs(words [][]uint64, i int) bool {
	for j := range a.keys {
		if a.keys[j][len(a.keys[j])-1] != words[j][i] {
			return false
		}
	}
	return true
}

type head struct {
	key  uint64 // first word
	part uint32
}

// keyHeap orders the parts by their next key, equal ones by their number.
type keyHeap struct {
	heads []head
	parts []part
	at    []int // per part: its next key
	words int
}

func (h *keyHeap) less(x, y head) bool {
	if x.key != y.key {
		return x.key < y.key
	}
	for w := 1; w < h.words; w++ {
		a, b := h.parts[x.part].words[w][h.at[x.part]], h.parts[y.part].words[w][h.at[y.part]]
		if a != b {
			return a < b
		}
	}
	return x.part < y.part
}

func (h *keyHeap) down(i int) {
	n := len(h.heads)
	if i >= n {
		return
	}
	x := h.heads[i]
	for {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && h.less(h.heads[c+1], h.heads[c]) {
			c++
		}
		if !h.less(h.heads[c], x) {
			break
		}
		h.heads[i] = h.heads[c]
		i = c
	}
	h.heads[i] = x
}
