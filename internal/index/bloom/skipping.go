package bloom

import (
	"context"
	"encoding/binary"
	"io"

	"github.com/zeebo/xxh3"

	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/index/rowset"
	"github.com/goptimedb/goptimedb/internal/index/values"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Kind is that of skipping indexes in their blobs.
const Kind = 2

// Builder makes a skipping index: filters of the values of a column, hashed in the form of package values.
type Builder struct {
	w       *Writer
	t       model.Type
	size    int // rows of a segment
	max     int64
	rows    int
	segment uint32 // number+1 of the present one
	dict    *model.Dict
	hashes  []uint64 // by code of dict, where stamp is not 0
	stamp   []uint32 // the segment that a code was last seen in
	buf     []byte
}

// NewBuilder makes a builder of a column of type t. Above max bytes of memory it gives up.
func NewBuilder(t model.Type, size int, rate float64, max int64) *Builder {
	return &Builder{w: NewWriter(rate), t: t, size: size, max: max, segment: 1}
}

// Add takes the next rows.
func (b *Builder) Add(v *model.Vector) error {
	for from := 0; from < v.Len; {
		to := min(v.Len, from+b.size-b.rows%b.size)
		b.part(v, from, to)
		b.rows += to - from
		from = to
		if b.rows%b.size == 0 {
			b.w.EndSegment()
			b.segment++
			if b.MemoryBytes() > b.max {
				return blob.ErrTooLarge
			}
		}
	}
	return nil
}

// part takes rows that are in one segment.
func (b *Builder) part(v *model.Vector, from, to int) {
	if v.Coded() && v.Dict.Len() > 0 {
		b.coded(v, from, to)
		return
	}
	last := -1
	for i := from; i < to; i++ {
		if v.Null(i) {
			b.w.Null()
			continue
		}
		if last >= 0 && values.Same(v, i, last) {
			continue
		}
		last = i
		if v.Type.Class() == model.ClassBytes {
			b.w.Add(xxh3.Hash(v.BytesAt(i)))
			continue
		}
		b.buf = values.Append(b.buf[:0], v, i)
		b.w.Add(xxh3.Hash(b.buf))
	}
}

func (b *Builder) coded(v *model.Vector, from, to int) {
	if b.dict != v.Dict || len(b.hashes) != v.Dict.Len() {
		b.dict = v.Dict
		b.hashes = make([]uint64, v.Dict.Len())
		b.stamp = make([]uint32, v.Dict.Len())
	}
	for i := from; i < to; i++ {
		if v.Null(i) {
			b.w.Null()
			continue
		}
		c := v.Codes[i]
		if b.stamp[c] == b.segment {
			continue
		}
		if b.stamp[c] == 0 {
			b.hashes[c] = xxh3.Hash(v.Dict.At(c))
		}
		b.stamp[c] = b.segment
		b.w.Add(b.hashes[c])
	}
}

// MemoryBytes is about how much memory the builder holds.
func (b *Builder) MemoryBytes() int64 { return b.w.MemoryBytes() + int64(len(b.hashes))*12 }

// Finish writes the blob.
func (b *Builder) Finish(out io.Writer) error {
	if b.rows%b.size != 0 {
		b.w.EndSegment()
	}
	return b.w.Finish(out, Kind, values.AppendType(AppendShape(nil, b.rows, b.size), b.t))
}

// Close releases memory.
func (b *Builder) Close() error {
	*b = Builder{w: NewWriter(1), size: 1}
	return nil
}

// AppendShape writes how many rows there are, and how many a segment has.
func AppendShape(dst []byte, rows, size int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(rows)), uint64(size))
}

// ReadShape reads what AppendShape wrote for a number of segments.
func ReadShape(d *blob.Decoder, segments int) (rows, size int) {
	rows, size = int(d.Upto(1<<40, "number of rows")), int(d.Upto(1<<24, "rows of a segment"))
	if d.Err() == nil && (size == 0 || (rows+size-1)/size != segments) {
		d.Fail("%d rows in %d segments of %d", rows, segments, size)
	}
	return rows, size
}

// Index is a skipping index. It is immutable and safe for concurrent use.
type Index struct {
	r    *Reader
	t    model.Type
	rows int
	size int
}

// OpenIndex opens a blob that a Builder wrote.
func OpenIndex(ctx context.Context, src blob.Source) (*Index, error) {
	r, meta, err := Open(ctx, src, Kind)
	if err != nil {
		return nil, err
	}
	x := &Index{r: r}
	x.rows, x.size = ReadShape(meta, r.Segments())
	x.t = values.ReadType(meta)
	return x, meta.End()
}

// Rows is how many rows the index covers.
func (x *Index) Rows() int { return x.rows }

// MemoryBytes is about how much memory the index holds.
func (x *Index) MemoryBytes() int64 { return x.r.MemoryBytes() + 64 }

// Search answers equality, IN, patterns that stand for a few values, and whether there are NULLs.
func (x *Index) Search(ctx context.Context, leaf *model.Expr) (rows []model.RowRange, exact, ok bool, err error) {
	hit := model.NewBitmap(x.r.Segments() + 1)
	switch leaf.Op {
	case model.OpEq, model.OpIn:
		p := x.r.Probe(len(leaf.Values))
		var key []byte
		for _, v := range leaf.Values {
			if v.Null() {
				continue
			}
			if !values.Comparable(x.t, v.Type) {
				return nil, false, false, nil
			}
			key = values.AppendValue(key[:0], v)
			if err := p.May(ctx, xxh3.Hash(key), hit); err != nil {
				return nil, false, false, err
			}
		}
	case model.OpRegex:
		words, few := analyze.Literals(leaf.Pattern, analyze.FewLiterals)
		if !few || x.t.Class() != model.ClassBytes {
			return nil, false, false, nil
		}
		p := x.r.Probe(len(words))
		for _, w := range words {
			if err := p.May(ctx, xxh3.HashString(w), hit); err != nil {
				return nil, false, false, err
			}
		}
	case model.OpIsNull:
		x.r.Nulls(hit)
	case model.OpNotNull:
		x.r.Values(hit)
	default:
		return nil, false, false, nil
	}
	rows = rowset.Of(hit, x.size, x.rows)
	return rows, len(rows) == 0, true, nil
}
