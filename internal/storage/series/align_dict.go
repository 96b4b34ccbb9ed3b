package series

import (
	"bytes"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
)

// dictCursor walks the values of a dictionary that a merge needs.
type dictCursor struct {
	d    *model.Dict
	used []uint32 // codes of Table.Codes, ascending, without 0; nil: all values
	at   int
	to   []uint32 // by code, or where used is set by place in it: the merged code; nil stands for "unchanged"
}

func (c *dictCursor) len() int {
	if c.used != nil {
		return len(c.used)
	}
	return c.d.Len()
}

// code is the Table code at place i of the walk.
func (c *dictCursor) code(i int) uint32 {
	if c.used != nil {
		return c.used[i]
	}
	return uint32(i) + 1
}

func (c *dictCursor) value() []byte { return c.d.At(c.code(c.at) - 1) }

// set records the merged code of the value at the cursor.
func (c *dictCursor) set(merged uint32) {
	if c.used != nil {
		c.to[c.at] = merged
	} else {
		c.to[c.at+1] = merged
	}
}

// mergeDicts merges the dictionaries of tag k of all parts, and gives for each part the cursor that knows the change of its codes.
func mergeDicts(parts []part, k int, room []uint32) (*model.Dict, []*dictCursor) {
	remap := make([]*dictCursor, len(parts))
	owner := make([]int, len(parts)) // the part whose cursor does the work for this one
	var cursors []*dictCursor
	cursorOf := make([]int, len(parts))
	for i := range parts {
		p := &parts[i]
		used := p.used(k, room)
		owner[i] = i
		if used == nil { // fast path: the same dictionary again
			for j := range i {
				if c := cursors[cursorOf[j]]; owner[j] == j && c.used == nil && sameDict(c.d, p.t.Dicts[k]) {
					owner[i] = j
					break
				}
			}
		}
		if owner[i] == i {
			cursorOf[i] = len(cursors)
			cursors = append(cursors, &dictCursor{d: p.t.Dicts[k], used: used})
		} else {
			cursorOf[i] = cursorOf[owner[i]]
		}
	}
	merged := mergeCursors(cursors)
	for i := range parts {
		remap[i] = cursors[cursorOf[i]]
	}
	return merged, remap
}

// used lists the codes of tag k that a part's series have, or nil if that is not worth knowing.
func (p *part) used(k int, room []uint32) []uint32 {
	if p.ordinals == nil || p.n > p.t.Dicts[k].Len()/2 {
		return nil
	}
	u := slices.Clone(p.codes(k, room))
	if !slices.IsSorted(u) {
		slices.Sort(u)
	}
	u = slices.Compact(u)
	if len(u) > 0 && u[0] == 0 {
		u = u[1:]
	}
	if u == nil {
		u = []uint32{}
	}
	return u
}

func mergeCursors(cursors []*dictCursor) *model.Dict {
	if len(cursors) == 1 && cursors[0].used == nil {
		return cursors[0].d
	}
	size, data := 0, 0
	for _, c := range cursors {
		size = max(size, c.len())
		if c.used == nil {
			data = max(data, len(c.d.Data))
		}
		if c.used != nil {
			c.to = make([]uint32, len(c.used))
		} else {
			c.to = make([]uint32, c.d.Len()+1)
		}
	}
	m := &model.Dict{Offsets: make([]uint32, 1, size+size/8+1), Data: make([]byte, 0, data+data/8)}
	live := make([]*dictCursor, 0, len(cursors))
	heads := make([][]byte, 0, len(cursors))
	for _, c := range cursors {
		if c.len() > 0 {
			live, heads = append(live, c), append(heads, c.value())
		}
	}
	h := valueHeap{live, heads}
	for i := len(live)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
	for len(h.live) > 0 {
		v, c := h.heads[0], h.live[0]
		if n := m.Len(); n == 0 || !bytes.Equal(m.At(uint32(n-1)), v) {
			m.Append(v)
		}
		c.set(uint32(m.Len()))
		c.at++
		if c.at < c.len() {
			h.heads[0] = c.value()
		} else {
			n := len(h.live) - 1
			h.live[0], h.heads[0] = h.live[n], h.heads[n]
			h.live, h.heads = h.live[:n], h.heads[:n]
		}
		h.down(0)
	}
	return m
}

// valueHeap orders cursors by their next value.
type valueHeap struct {
	live  []*dictCursor
	heads [][]byte
}

func (h *valueHeap) down(i int) {
	n := len(h.live)
	if i >= n {
		return
	}
	c, v := h.live[i], h.heads[i]
	for {
		j := 2*i + 1
		if j >= n {
			break
		}
		if j+1 < n && bytes.Compare(h.heads[j+1], h.heads[j]) < 0 {
			j++
		}
		if bytes.Compare(h.heads[j], v) >= 0 {
			break
		}
		h.live[i], h.heads[i] = h.live[j], h.heads[j]
		i = j
	}
	h.live[i], h.heads[i] = c, v
}
