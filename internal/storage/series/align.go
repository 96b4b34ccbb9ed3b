package series

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Alignment is the common order of the series of several sorted runs: each distinct tuple ("global series") once, in order. It is immutable;
// any number of goroutines may use it.
//
//	table 0: a c      table 1: b c      →   global: a b c      Numbers(0): 0 2      Numbers(1): 1 2
type Alignment struct {
	Tags  []model.ColumnID
	Types []model.Type
	Dicts []*model.Dict // per tag: the values of all tables, sorted; what Code counts in

	n        int
	selected [][]uint32 // per table: its selected series; nil: all
	numbers  [][]uint32 // per table, by place among its selected series: the global number; nil: the same

	// One of two forms: all tables have the same series selected, those of base; else keys.
	base *Table
	pack packing
	keys [][]uint64 // per word of pack, then per global series
}

// Align orders the selected series of tables, which have the same tags (see Extend). sels is nil for all series of all tables, else has a
// selection per table. What is not selected costs nothing but, where much is selected, a look at its values; tables with the same series
// selected cost as much as one.
func Align(tables []*Table, sels []Selection) (*Alignment, error) {
	if len(tables) == 0 {
		return &Alignment{}, nil
	}
	t0 := tables[0]
	a := &Alignment{Tags: t0.Tags, Types: t0.Types, selected: make([][]uint32, len(tables)), numbers: make([][]uint32, len(tables))}
	var parts []part
	partOf := make([]int, len(tables))
	for i, t := range tables {
		if !slices.Equal(t.Tags, t0.Tags) {
			return nil, errs.New(errs.Internal, "tables to align have tags %v and %v", t0.Tags, t.Tags)
		}
		sel := t.All()
		if sels != nil {
			if sel = sels[i]; sel.To > t.Len() {
				return nil, errs.New(errs.Internal, "selection ends at series %d of %d", sel.To, t.Len())
			}
		}
		at := slices.IndexFunc(parts, func(p part) bool { return p.sel.same(sel) && p.t.Alike(t) })
		if at < 0 {
			at = len(parts)
			p := part{t: t, sel: sel, n: t.Len()}
			if !sel.Whole(t.Len()) {
				p.ordinals = sel.Ordinals()
				p.n = len(p.ordinals)
			}
			parts = append(parts, p)
		}
		partOf[i] = at
	}
	if len(parts) == 1 {
		a.base, a.Dicts, a.n = t0, t0.Dicts, parts[0].n
	} else {
		a.merge(parts)
	}
	for i, at := range partOf {
		a.selected[i], a.numbers[i] = parts[at].ordinals, parts[at].numbers
	}
	return a, nil
}

// part is what one table, and all others with the same series, bring to a merge.
type part struct {
	t        *Table
	sel      Selection
	ordinals []uint32 // nil: all
	n        int
	words    [][]uint64
	numbers  []uint32 // global, by place; made by the merge
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
	widest := 0
	for i := range parts {
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
	a.mergeKeys(parts, widest)
}

// mergeKeys is a merge of sorted lists of keys by a heap of their heads.
func (a *Alignment) mergeKeys(parts []part, widest int) {
	w := a.pack.words
	a.keys = make([][]uint64, w)
	for i := range a.keys {
		a.keys[i] = make([]uint64, 0, widest+widest/8)
	}
	h := keyHeap{parts: parts, at: make([]int, len(parts)), words: w}
	for i := range parts {
		parts[i].numbers = make([]uint32, 0, parts[i].n)
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
		if a.n == 0 || top.key != a.keys[0][a.n-1] || w > 1 && !a.lastIs(p.words, i) {
			a.n++
			for j := range a.keys {
				a.keys[j] = append(a.keys[j], p.words[j][i])
			}
		}
		p.numbers = append(p.numbers, uint32(a.n-1))
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
