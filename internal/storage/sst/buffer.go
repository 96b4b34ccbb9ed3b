package sst

import (
	"hash/maphash"

	"github.com/goptimedb/goptimedb/internal/model"
)

// fieldBuffer gathers one field column of the row group being filled.
//
// Byte columns begin coded: equal values share an entry of dict, found by hash, or by the batch's own code where it is coded itself.
// When a column turns out to have hardly any equal values it goes plain for the rest of the row group.
type fieldBuffer struct {
	v     model.Vector // rows so far; of byte columns only Len and Valid while coded
	nulls int

	codes []uint32 // coded: a row's value; NULL's is unspecified
	dict  byteDict // coded: values in order of first appearance
	plain bool

	from  *model.Dict // dictionary of the coded vectors last seen
	remap []uint32    // code in from → code in dict, plus 1; 0 is not known yet

	groups int // row groups finished; a plain column is tried coded again every plainRetry of them
}

// A byte column goes plain when it has more than dictMin distinct values and they are more than half of the rows; a plain one is tried
// coded again every plainRetry row groups, because data changes.
const (
	dictMin    = 4096
	plainRetry = 8
)

func (b *fieldBuffer) reset(t model.Type) {
	wasPlain := b.plain
	b.v.Reset(t)
	b.v.Offsets = b.v.Offsets[:0]
	if t.Class() == model.ClassBytes {
		b.v.Offsets = append(b.v.Offsets, 0)
	}
	b.nulls = 0
	b.codes = b.codes[:0]
	b.dict.reset()
	b.from = nil
	b.groups++
	b.plain = wasPlain && b.groups%plainRetry != 0
}

// bytes is how much the buffered values take.
func (b *fieldBuffer) bytes() int {
	return len(b.v.Data) + len(b.dict.Data) + 8*b.v.Len
}

// append adds rows [from, to) of src; nil is NULLs.
func (b *fieldBuffer) append(seed maphash.Seed, src *model.Vector, from, to int) {
	n := to - from
	if src == nil || src.Type.Kind == model.KindNull {
		b.nulls += n
		b.appendNulls(n)
		return
	}
	if src.Valid != nil {
		b.nulls += n - (src.Valid.Count(to) - src.Valid.Count(from))
	}
	if b.v.Type.Class() != model.ClassBytes {
		b.v.AppendVector(src, from, to)
		return
	}
	if b.plain {
		b.v.AppendVector(src, from, to)
		return
	}
	b.appendCoded(seed, src, from, to)
	if d := b.dict.Len(); d > dictMin && d > len(b.codes)/2 {
		b.goPlain()
	}
}

func (b *fieldBuffer) appendNulls(n int) {
	if b.v.Type.Class() == model.ClassBytes && !b.plain {
		for range n {
			b.codes = append(b.codes, 0)
		}
		b.appendValid(nil, 0, n)
		return
	}
	b.v.AppendNulls(n)
}

// appendValid extends the validity of a coded column; src nil with all NULL.
func (b *fieldBuffer) appendValid(src *model.Vector, from, to int) {
	n := to - from
	v := &b.v
	if src != nil && src.Valid == nil && v.Valid == nil {
		v.Len += n
		return
	}
	if v.Valid == nil {
		v.Valid = model.NewBitmap(v.Len + n)
		v.Valid.SetRange(0, v.Len)
	}
	v.Valid = v.Valid.Grow(v.Len + n)
	for i := range n {
		if src != nil && !src.Null(from+i) {
			v.Valid.Set(v.Len + i)
		} else {
			v.Valid.Clear(v.Len + i)
		}
	}
	v.Len += n
}

func (b *fieldBuffer) appendCoded(seed maphash.Seed, src *model.Vector, from, to int) {
	b.appendValid(src, from, to)
	if !src.Coded() {
		for i := from; i < to; i++ {
			if src.Null(i) {
				b.codes = append(b.codes, 0)
				continue
			}
			b.codes = append(b.codes, b.dict.code(seed, src.Data[src.Offsets[i]:src.Offsets[i+1]]))
		}
		return
	}
	if src.Dict != b.from || src.Dict.Len() != len(b.remap) {
		b.from = src.Dict
		if n := src.Dict.Len(); n <= cap(b.remap) {
			b.remap = b.remap[:n]
			clear(b.remap)
		} else {
			b.remap = make([]uint32, n)
		}
	}
	for i := from; i < to; i++ {
		if src.Null(i) {
			b.codes = append(b.codes, 0)
			continue
		}
		c := src.Codes[i]
		m := b.remap[c]
		if m == 0 {
			m = b.dict.code(seed, src.Dict.At(c)) + 1
			b.remap[c] = m
		}
		b.codes = append(b.codes, m-1)
	}
}

// goPlain spells out the rows gathered so far.
func (b *fieldBuffer) goPlain() {
	b.plain = true
	b.v.Offsets = append(b.v.Offsets[:0], 0)
	for i, c := range b.codes {
		if !b.v.Null(i) {
			b.v.Data = append(b.v.Data, b.dict.At(c)...)
		}
		b.v.Offsets = append(b.v.Offsets, uint32(len(b.v.Data)))
	}
	b.codes = b.codes[:0]
}
