package scan

import (
	"math/bits"
	"sync"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// aligned is one numbering ("g") of the surviving series of several inputs, in key order, with dictionaries common to all. Each input's
// own numbering is mapped by input.to.
type aligned struct {
	types []model.Type
	dicts []*model.Dict // per tag: sorted; unused values are left out
	codes [][]uint32    // per tag, then per series: 0 is NULL, k is value k-1
	n     int           // series
	rows  []uint64      // rows of the series before g, over all inputs; n+1

	mu      sync.Mutex
	decided map[*node][]bool      // guarded by mu
	vectors map[int]*model.Vector // guarded by mu: per tag that is not bytes, the value of each code
}

// align numbers the surviving series of the inputs and sets each one's to.
func align(p *plan, ins []*input) *aligned {
	al := &aligned{}
	for _, t := range p.tags {
		al.types = append(al.types, t.Type)
	}
	if len(ins) == 1 && ins[0].live == nil { // Fast path: the table's own numbering, copied nowhere.
		t := ins[0].table
		al.codes, al.n = t.Codes, t.Len()
		for k := range p.tags {
			al.dicts = append(al.dicts, sameDict(ins, k))
		}
		ins[0].to = nil
		al.rows = make([]uint64, al.n+1)
		for i, s := range t.Start {
			al.rows[i] = uint64(s)
		}
		return al
	}
	lives := make([][]uint32, len(ins))
	for i, in := range ins {
		lives[i] = in.liveSeries()
	}
	// Tags' codes become comparable across inputs, then tuples become numbers, tag by tag, packed into one word while they fit and
	// renumbered (which keeps order and takes at most as many bits as there are series) where they do not.
	keys := make([][]uint64, len(ins))
	for i := range ins {
		keys[i] = make([]uint64, len(lives[i]))
	}
	used := uint(0)
	global := make([][][]uint32, len(p.tags)) // per tag, per input: common code of each surviving series
	for k := range p.tags {
		dict, codes := alignDict(ins, lives, k)
		al.dicts = append(al.dicts, dict)
		global[k] = codes
		width := uint(bits.Len32(uint32(dict.Len())))
		if used+width > 64 {
			all := kernel.MergeUnique(keys)
			ranks := make([]uint32, 0)
			for i := range keys {
				ranks = append(ranks[:0], make([]uint32, len(keys[i]))...)
				kernel.Ranks(ranks, keys[i], all)
				for j, r := range ranks {
					keys[i][j] = uint64(r)
				}
			}
			used = uint(bits.Len(uint(len(all))))
		}
		for i := range keys {
			for j, c := range codes[i] {
				keys[i][j] = keys[i][j]<<width | uint64(c)
			}
		}
		used += width
	}
	all := kernel.MergeUnique(keys)
	al.n = len(all)
	al.codes = make([][]uint32, len(p.tags))
	for k := range al.codes {
		al.codes[k] = make([]uint32, al.n)
	}
	al.rows = make([]uint64, al.n+1)
	for i, in := range ins {
		ranks := make([]uint32, len(keys[i]))
		kernel.Ranks(ranks, keys[i], all)
		for k := range al.codes {
			for j, c := range global[k][i] {
				al.codes[k][ranks[j]] = c
			}
		}
		for j, l := range lives[i] {
			al.rows[ranks[j]+1] += uint64(in.table.Start[l+1] - in.table.Start[l])
		}
		in.to = spread(ranks, lives[i], in.table.Len(), al.n)
	}
	for g := range al.n {
		al.rows[g+1] += al.rows[g]
	}
	return al
}

// spread maps every local series to its common number; one that did not survive gets that of the next survivor, so that the map
// ascends and can be searched.
func spread(ranks, live []uint32, n, all int) []uint32 {
	to := make([]uint32, n)
	j := 0
	for l := range to {
		for j < len(live) && int(live[j]) < l {
			j++
		}
		if j < len(live) {
			to[l] = ranks[j]
		} else {
			to[l] = uint32(all)
		}
	}
	return to
}

// alignDict merges the values of one tag that surviving series use, and gives each such series its code in the merged dictionary.
func alignDict(ins []*input, lives [][]uint32, k int) (*model.Dict, [][]uint32) {
	out := make([][]uint32, len(ins))
	if same := sameDict(ins, k); same != nil {
		for i, in := range ins {
			out[i] = gatherCodes(in.table.Codes[k], lives[i], nil)
		}
		return same, out
	}
	type cursor struct {
		d     *model.Dict
		codes []uint32 // used codes, ascending, NULL left out
		remap []uint32
	}
	cs := make([]*cursor, len(ins))
	for i, in := range ins {
		d := in.table.Dicts[k]
		used := model.NewBitmap(d.Len() + 1)
		for _, l := range lives[i] {
			used.Set(int(in.table.Codes[k][l]))
		}
		used.Clear(0)
		c := &cursor{d: d, remap: make([]uint32, d.Len()+1)}
		for _, code := range kernel.Indices(nil, used) {
			c.codes = append(c.codes, uint32(code))
		}
		cs[i] = c
	}
	merged := &model.Dict{}
	for {
		var least []byte
		found := false
		for _, c := range cs {
			if len(c.codes) == 0 {
				continue
			}
			if v := c.d.At(c.codes[0] - 1); !found || string(v) < string(least) {
				least, found = v, true
			}
		}
		if !found {
			break
		}
		code := merged.Append(least) + 1
		least = merged.At(code - 1)
		for _, c := range cs {
			if len(c.codes) > 0 && string(c.d.At(c.codes[0]-1)) == string(least) {
				c.remap[c.codes[0]] = code
				c.codes = c.codes[1:]
			}
		}
	}
	for i, in := range ins {
		out[i] = gatherCodes(in.table.Codes[k], lives[i], cs[i].remap)
	}
	return merged, out
}

// sameDict is the dictionary that all inputs share, or nil.
func sameDict(ins []*input, k int) *model.Dict {
	d := ins[0].table.Dicts[k]
	for _, in := range ins[1:] {
		if in.table.Dicts[k] != d {
			return nil
		}
	}
	if d == nil {
		d = &model.Dict{}
	}
	return d
}

func gatherCodes(codes, live, remap []uint32) []uint32 {
	out := make([]uint32, len(live))
	for j, l := range live {
		out[j] = codes[l]
	}
	if remap != nil {
		for j, c := range out {
			out[j] = remap[c]
		}
	}
	return out
}

// decide gives a leaf over a tag, for each code.
func (al *aligned) decide(n *node) []bool {
	al.mu.Lock()
	defer al.mu.Unlock()
	m, ok := al.decided[n]
	if !ok {
		if al.decided == nil {
			al.decided = map[*node][]bool{}
		}
		m = decideCodes(al.dicts[n.ref.tag()], n)
		al.decided[n] = m
	}
	return m
}

// values is, for a tag that is not bytes, a vector with the value of each code; row 0 is NULL.
func (al *aligned) values(k int) *model.Vector {
	al.mu.Lock()
	defer al.mu.Unlock()
	if v := al.vectors[k]; v != nil {
		return v
	}
	d := al.dicts[k]
	v := model.NewVector(al.types[k], d.Len()+1)
	v.AppendNull()
	for i := range d.Len() {
		v.AppendValue(series.FromSortable(al.types[k], d.At(uint32(i))))
	}
	if al.vectors == nil {
		al.vectors = map[int]*model.Vector{}
	}
	al.vectors[k] = v
	return v
}

// tagVector builds the vector of tag k from the codes of runs of rows, which cover rows 0 to n.
func (al *aligned) tagVector(k int, runs []run, n int) *model.Vector {
	codes := al.codes[k]
	if al.types[k].Class() == model.ClassBytes {
		v := &model.Vector{Type: al.types[k], Len: n, Codes: make([]uint32, n), Dict: al.dicts[k]}
		for _, r := range runs {
			c := codes[r.g]
			if c == 0 {
				if v.Valid == nil {
					v.Valid = model.NewBitmap(n)
					v.Valid.SetRange(0, n)
				}
				for i := r.start; i < r.end; i++ {
					v.Valid.Clear(int(i))
				}
				continue
			}
			fill(v.Codes[r.start:r.end], c-1)
		}
		return v
	}
	vals := al.values(k)
	idx := make([]int32, n)
	for _, r := range runs {
		fill(idx[r.start:r.end], int32(codes[r.g]))
	}
	v := model.NewVector(al.types[k], n)
	kernel.GatherVector(v, vals, 0, idx)
	if v.NullCount() == 0 {
		v.Valid = nil
	}
	return v
}

func fill[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}
