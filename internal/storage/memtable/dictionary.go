package memtable

import (
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// dictionary numbers tag tuples. A tuple is stored as one code per tag (0: NULL, k: value k-1 of the tag), side by side, and found by a hash over
// the codes; the values stand once per tag. There is no pointer per series.
//
//	values   host: [a b]  dc: [x]
//	tuples   1 1 | 2 1 | 2 0          → series 0 = (a,x), 1 = (b,x), 2 = (b,NULL)
//
// It is used by the writer only; readers get a copy of the headers, see tagState.
type dictionary struct {
	tags   []model.ColumnID
	types  []model.Type
	values []*series.Interner
	tuples []uint32 // len(tags) codes a series
	hashes []uint32 // per series
	slots  []uint32 // open addressing, a power of two long, at most 3/4 full; 0 is free, else number+1
	seed   uint64   // random, so that nobody can prepare tuples that collide
}

// tagState is the dictionary at one moment: what readers need. It stays as it is while the dictionary grows.
type tagState struct {
	tags   []model.ColumnID
	types  []model.Type
	dicts  []*model.Dict
	tuples []uint32
	n      int // series
}

func newDictionary(tags []model.ColumnID, types []model.Type) *dictionary {
	d := &dictionary{slots: make([]uint32, 64), seed: rand.Uint64() | 1}
	d.addTags(tags, types)
	return d
}

// len is the number of series.
func (d *dictionary) len() int { return len(d.hashes) }

// addTags makes the tags of the dictionary those given, which begin with those it has; the series so far are NULL in new ones.
func (d *dictionary) addTags(tags []model.ColumnID, types []model.Type) {
	old, width := len(d.tags), len(tags)
	d.tags, d.types = tags, types
	for len(d.values) < width {
		d.values = append(d.values, series.NewInterner())
	}
	if d.len() == 0 {
		return
	}
	tuples := make([]uint32, d.len()*width)
	for s := range d.len() {
		copy(tuples[s*width:], d.tuples[s*old:(s+1)*old])
		d.hashes[s] = d.hash(tuples[s*width : (s+1)*width])
	}
	d.tuples = tuples
	d.rehash(len(d.slots))
}

// hash mixes two codes at a time by a 128-bit product.
func (d *dictionary) hash(t []uint32) uint32 {
	h := d.seed
	for len(t) >= 2 {
		hi, lo := bits.Mul64(h^uint64(t[0])^uint64(t[1])<<32, 0x9fb21c651e98df25^d.seed)
		h = hi ^ lo
		t = t[2:]
	}
	if len(t) > 0 {
		hi, lo := bits.Mul64(h^uint64(t[0]), 0xd6e8feb86659fd93^d.seed)
		h = hi ^ lo
	}
	h ^= h >> 32
	return uint32(h * 0x9e3779b97f4a7c15 >> 32)
}

// number is the series of a tuple, which is added if new.
func (d *dictionary) number(t []uint32) uint32 {
	h := d.hash(t)
	mask := uint32(len(d.slots) - 1)
	i := h & mask
	for {
		s := d.slots[i]
		if s == 0 {
			break
		}
		if d.hashes[s-1] == h && slices.Equal(d.tuples[int(s-1)*len(t):int(s)*len(t)], t) {
			return s - 1
		}
		i = (i + 1) & mask
	}
	n := uint32(len(d.hashes))
	d.hashes = append(d.hashes, h)
	d.tuples = append(d.tuples, t...)
	d.slots[i] = n + 1
	if len(d.hashes)*4 > len(d.slots)*3 {
		d.rehash(len(d.slots) * 2)
	}
	return n
}

func (d *dictionary) rehash(size int) {
	slots := make([]uint32, size)
	mask := uint32(size - 1)
	for n, h := range d.hashes {
		i := h & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = uint32(n) + 1
	}
	d.slots = slots
}

// state is what readers may hold.
func (d *dictionary) state() *tagState {
	s := &tagState{tags: d.tags, types: d.types, dicts: make([]*model.Dict, len(d.tags)), tuples: d.tuples, n: d.len()}
	for k, v := range d.values {
		s.dicts[k] = v.Dict()
	}
	return s
}

func (d *dictionary) bytes() int64 {
	n := 4 * int64(cap(d.tuples)+cap(d.hashes)+cap(d.slots))
	for _, v := range d.values {
		n += v.Bytes()
	}
	return n
}

// codes fills column k of a matrix of tuples, width codes a row, with rows [from, to) of v; nil is NULL. It reports false if the values
// of the tag outgrow the dictionary. known is the memo of v's dictionary, or nil.
func (d *dictionary) codes(out []uint32, k int, v *model.Vector, from, to int, known []uint32) bool {
	width := len(d.tags)
	if v == nil {
		for i := k; i < (to-from)*width; i += width {
			out[i] = 0
		}
		return true
	}
	in := d.values[k]
	at := k
	bytesClass := v.Type.Class() == model.ClassBytes
	if known != nil {
		for i, c := range v.Codes[from:to] {
			if v.Valid != nil && !v.Valid.Get(from+i) {
				out[at] = 0
				at += width
				continue
			}
			x := known[c]
			if x == 0 {
				if x = in.Code(v.Dict.At(c)) + 1; x == 0 {
					return false
				}
				known[c] = x
			}
			out[at] = x
			at += width
		}
		return true
	}
	var last, fixed []byte
	code := uint32(0)
	for i := from; i < to; i++ {
		if v.Null(i) {
			out[at] = 0
			at += width
			continue
		}
		var b []byte
		if bytesClass {
			b = v.BytesAt(i)
		} else {
			fixed = series.AppendSortable(fixed[:0], v, i)
			b = fixed
		}
		if code == 0 || string(b) != string(last) {
			if code = in.Code(b) + 1; code == 0 {
				return false
			}
			last = in.At(code - 1)
		}
		out[at] = code
		at += width
	}
	return true
}

// memo remembers, for the dictionary of one vector of one write, which of its codes are which of ours plus one; 0 is not yet known.
type memo struct {
	dict  *model.Dict
	write uint64 // senders reuse dictionaries, so what is known ends with the write
	known []uint32
}

// use makes the memo that of d; rows is how many rows the write has. nil: so many values that it does not pay.
func (m *memo) use(d *model.Dict, write uint64, rows int) []uint32 {
	if d.Len() > 8*rows+1024 {
		return nil
	}
	if m.dict != d || m.write != write {
		m.dict, m.write = d, write
		m.known = slices.Grow(m.known[:0], d.Len())[:d.Len()]
		clear(m.known)
	}
	return m.known
}
