// Package inverted is the value index: the distinct values of a column in order, each with the segments of rows that hold it, and which
// segments hold NULLs.
package inverted

import (
	"encoding/binary"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/index/terms"
	"github.com/goptimedb/goptimedb/internal/index/values"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Kind is that of inverted indexes in their blobs.
const Kind = 1

// checkRows is how many rows go by between looks at the memory.
const checkRows = 4096

// Builder makes an inverted index. Values longer than terms.MaxTerm are cut.
type Builder struct {
	c         *terms.Collector
	t         model.Type
	size      int // rows of a segment
	rows      int
	nulls     []uint32 // segments with NULLs
	values    []uint32 // segments with others
	dict      *model.Dict
	ids       []uint32 // by code of dict: number of the term +1, 0 for not known
	buf       []byte
	unchecked int
}

// NewBuilder makes a builder of a column of type t that spills to dir above max bytes, or without fsys gives up.
func NewBuilder(t model.Type, size int, fsys vfs.FS, dir string, max int64) *Builder {
	return &Builder{c: terms.NewCollector(fsys, dir, max), t: t, size: size}
}

// Add takes the next rows.
func (b *Builder) Add(v *model.Vector) error {
	for from := 0; from < v.Len; {
		to := min(v.Len, from+b.size-b.rows%b.size, from+checkRows)
		b.part(v, from, to)
		b.rows += to - from
		b.unchecked += to - from
		from = to
		if b.unchecked >= checkRows {
			b.unchecked = 0
			spilled, err := b.c.Check()
			if err != nil {
				return err
			}
			if spilled {
				b.dict = nil
			}
		}
	}
	return nil
}

func note(list []uint32, seg uint32) []uint32 {
	if n := len(list); n > 0 && list[n-1] == seg {
		return list
	}
	return append(list, seg)
}

// part takes rows that are in one segment.
func (b *Builder) part(v *model.Vector, from, to int) {
	seg := uint32(b.rows / b.size)
	coded := v.Coded() && v.Dict.Len() > 0
	if coded && (b.dict != v.Dict || len(b.ids) != v.Dict.Len()) {
		b.dict = v.Dict
		b.ids = make([]uint32, v.Dict.Len())
	}
	last := -1
	for i := from; i < to; i++ {
		if v.Null(i) {
			b.nulls = note(b.nulls, seg)
			continue
		}
		if last >= 0 && values.Same(v, i, last) {
			continue
		}
		last = i
		switch {
		case coded:
			c := v.Codes[i]
			if b.ids[c] == 0 {
				b.ids[c] = b.c.Term(terms.Clip(v.Dict.At(c))) + 1
			}
			b.c.Post(b.ids[c]-1, seg)
		case v.Type.Class() == model.ClassBytes:
			b.c.Post(b.c.Term(terms.Clip(v.BytesAt(i))), seg)
		default:
			b.buf = values.Append(b.buf[:0], v, i)
			b.c.Post(b.c.Term(b.buf), seg)
		}
	}
	if last >= 0 {
		b.values = note(b.values, seg)
	}
}

// MemoryBytes is about how much memory the builder holds.
func (b *Builder) MemoryBytes() int64 {
	return b.c.MemoryBytes() + int64(cap(b.nulls)+cap(b.values)+cap(b.ids))*4
}

// Finish writes the blob.
func (b *Builder) Finish(out io.Writer) error {
	w := terms.NewWriter(out, Kind)
	if err := b.c.WriteTo(w); err != nil {
		return err
	}
	meta := binary.AppendUvarint(nil, uint64(b.rows))
	meta = binary.AppendUvarint(meta, uint64(b.size))
	meta = values.AppendType(meta, b.t)
	meta = terms.AppendSet(meta, b.nulls)
	meta = terms.AppendSet(meta, b.values)
	return w.Finish(meta)
}

// Close releases memory and spilled files.
func (b *Builder) Close() error { return b.c.Close() }
