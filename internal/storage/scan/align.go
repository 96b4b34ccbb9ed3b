package scan

import (
	"slices"
	"sync"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// aligned is one numbering ("g") of the surviving series of several inputs, in key order, with dictionaries common to all. Each input's
// own numbering is mapped by its global. Workers share it.
type aligned struct {
	*series.Alignment
	n int // series

	mu      sync.Mutex
	codes   [][]uint32            // guarded by mu: per tag that was asked for, the codes of all series
	decided map[*node][]bool      // guarded by mu
	vectors map[int]*model.Vector // guarded by mu: per tag that is not bytes, the value of each code
}

// align numbers the surviving series of the inputs and sets each one's selected and global.
func align(ins []*input) (*aligned, error) {
	tables, sels := make([]*series.Table, len(ins)), make([]series.Selection, len(ins))
	for i, in := range ins {
		tables[i], sels[i] = in.table, in.sel
	}
	a, err := series.Align(tables, sels)
	if err != nil {
		return nil, err
	}
	al := &aligned{Alignment: a, n: a.Len(), codes: make([][]uint32, len(a.Tags))}
	for i, in := range ins {
		in.selected, in.global, in.count = a.Selected(i), a.Numbers(i), in.table.Len()
		if in.selected != nil {
			in.count = len(in.selected)
		}
	}
	return al, nil
}

// tagCodes is the code of each series for a tag: 0 is NULL, k is value k-1 of Dicts[k].
func (al *aligned) tagCodes(k int) []uint32 {
	al.mu.Lock()
	defer al.mu.Unlock()
	if al.codes[k] == nil {
		al.codes[k] = al.TagCodes(k)
	}
	return al.codes[k]
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
		m = decideCodes(al.Dicts[n.ref.tag()], n)
		al.decided[n] = m
	}
	return m
}

// decideCodes decides a leaf for each code of a tag: 0 is NULL, k is value k-1.
func decideCodes(d *model.Dict, n *node) []bool {
	match := make([]bool, d.Len()+1)
	match[0] = n.op == model.OpIsNull
	plain := n.typ.Class() == model.ClassBytes
	for i := range d.Len() {
		if b := d.At(uint32(i)); plain {
			match[i+1] = n.matchBytes(b)
		} else {
			match[i+1] = n.matchValue(series.FromSortable(n.typ, b))
		}
	}
	return match
}

// values is, for a tag that is not bytes, a vector with the value of each code; row 0 is NULL.
func (al *aligned) values(k int) *model.Vector {
	al.mu.Lock()
	defer al.mu.Unlock()
	if v := al.vectors[k]; v != nil {
		return v
	}
	d := al.Dicts[k]
	v := model.NewVector(al.Types[k], d.Len()+1)
	v.AppendNull()
	for i := range d.Len() {
		v.AppendValue(series.FromSortable(al.Types[k], d.At(uint32(i))))
	}
	if al.vectors == nil {
		al.vectors = map[int]*model.Vector{}
	}
	al.vectors[k] = v
	return v
}

// appendTag appends a tag of bytes for each row of runs to v, which is coded by the tag's dictionary. It reports false, having done
// nothing, where v or the tag has NULLs, or v is coded otherwise.
func (al *aligned) appendTag(v *model.Vector, k int, runs []run) bool {
	if v.Dict == nil || v.Dict != al.Dicts[k] || v.Valid != nil {
		return false
	}
	codes := al.tagCodes(k)
	for _, r := range runs {
		if codes[r.g] == 0 {
			return false
		}
	}
	for _, r := range runs {
		n := len(v.Codes)
		v.Codes = slices.Grow(v.Codes, int(r.end-r.start))[:n+int(r.end-r.start)]
		fill(v.Codes[n:], codes[r.g]-1)
		v.Len += int(r.end - r.start)
	}
	return true
}

// tagVector builds the vector of tag k from the codes of runs of rows, which cover rows 0 to n.
func (al *aligned) tagVector(k int, runs []run, n int) *model.Vector {
	codes := al.tagCodes(k)
	if al.Types[k].Class() == model.ClassBytes {
		v := &model.Vector{Type: al.Types[k], Len: n, Codes: make([]uint32, n), Dict: al.Dicts[k]}
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
	v := model.NewVector(al.Types[k], n)
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
