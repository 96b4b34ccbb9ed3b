// Package fulltext is the two full-text indexes of string columns. Filters of tokens per segment (Bloom) are small, and tell of whole tokens
// only. Posting lists (Postings) name the rows of every token, and look for parts of tokens among all of them.
package fulltext

import (
	"context"
	"io"

	"github.com/zeebo/xxh3"

	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/index/bloom"
	"github.com/goptimedb/goptimedb/internal/index/rowset"
	"github.com/goptimedb/goptimedb/internal/model"
)

// The kinds, as blobs have them.
const (
	BloomKind    = 3
	PostingsKind = 4
)

// checkRows is how many rows go by between looks at the memory.
const checkRows = 1024

// BloomBuilder makes filters of the tokens of each segment.
type BloomBuilder struct {
	w    *bloom.Writer
	tok  analyze.Tokenizer
	add  func(token []byte)
	size int
	max  int64
	rows int
	seen []uint32 // by code of dict: the segment+1 that had it last
	dict *model.Dict
}

// NewBloomBuilder makes a builder. With fold, tokens are kept in lower case. Above max bytes of memory it gives up.
func NewBloomBuilder(a analyze.Analyzer, fold bool, size int, rate float64, max int64) *BloomBuilder {
	b := &BloomBuilder{w: bloom.NewWriter(rate), tok: analyze.Tokenizer{Analyzer: a, Fold: fold}, size: size, max: max}
	b.add = func(token []byte) { b.w.Add(xxh3.Hash(token)) }
	return b
}

// Add takes the next rows.
func (b *BloomBuilder) Add(v *model.Vector) error {
	for from := 0; from < v.Len; {
		to := min(v.Len, from+b.size-b.rows%b.size, from+checkRows)
		b.part(v, from, to)
		b.rows += to - from
		from = to
		if b.rows%b.size == 0 {
			b.w.EndSegment()
		}
		if b.MemoryBytes() > b.max {
			return blob.ErrTooLarge
		}
	}
	return nil
}

func (b *BloomBuilder) part(v *model.Vector, from, to int) {
	coded := v.Coded() && v.Dict.Len() > 0
	if coded && (b.dict != v.Dict || len(b.seen) != v.Dict.Len()) {
		b.dict = v.Dict
		b.seen = make([]uint32, v.Dict.Len())
	}
	segment := uint32(b.rows/b.size) + 1
	for i := from; i < to; i++ {
		switch {
		case v.Null(i):
			b.w.Null()
			continue
		case coded:
			c := v.Codes[i]
			if b.seen[c] == segment {
				continue
			}
			b.seen[c] = segment
		}
		b.tok.Each(v.BytesAt(i), b.add)
	}
}

// MemoryBytes is about how much memory the builder holds.
func (b *BloomBuilder) MemoryBytes() int64 { return b.w.MemoryBytes() + int64(len(b.seen))*4 }

// Finish writes the blob.
func (b *BloomBuilder) Finish(out io.Writer) error {
	if b.rows%b.size != 0 {
		b.w.EndSegment()
	}
	meta := append(bloom.AppendShape(nil, b.rows, b.size), byte(b.tok.Analyzer), flag(b.tok.Fold))
	return b.w.Finish(out, BloomKind, meta)
}

// Close releases memory.
func (b *BloomBuilder) Close() error {
	b.w, b.seen, b.dict = bloom.NewWriter(1), nil, nil
	return nil
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func readAnalyzer(d *blob.Decoder) analyze.Analyzer {
	a := analyze.Analyzer(d.Byte())
	if a > analyze.Chinese {
		d.Fail("analyzer %d", a)
	}
	return a
}

func readFlag(d *blob.Decoder) bool {
	c := d.Byte()
	if c > 1 {
		d.Fail("flag %d", c)
	}
	return c == 1
}

// Bloom is an index of filters. It is immutable and safe for concurrent use.
type Bloom struct {
	r        *bloom.Reader
	analyzer analyze.Analyzer
	fold     bool
	rows     int
	size     int
}

// OpenBloom opens a blob that a BloomBuilder wrote.
func OpenBloom(ctx context.Context, src blob.Source) (*Bloom, error) {
	r, meta, err := bloom.Open(ctx, src, BloomKind)
	if err != nil {
		return nil, err
	}
	x := &Bloom{r: r}
	x.rows, x.size = bloom.ReadShape(meta, r.Segments())
	x.analyzer, x.fold = readAnalyzer(meta), readFlag(meta)
	return x, meta.End()
}

// Rows is how many rows the index covers.
func (x *Bloom) Rows() int { return x.rows }

// MemoryBytes is about how much memory the index holds.
func (x *Bloom) MemoryBytes() int64 { return x.r.MemoryBytes() + 64 }

// Search answers conditions that ask for whole tokens.
func (x *Bloom) Search(ctx context.Context, leaf *model.Expr) (rows []model.RowRange, exact, ok bool, err error) {
	if leaf.Op == model.OpIsNull {
		hit := model.NewBitmap(x.r.Segments())
		x.r.Nulls(hit)
		rows = rowset.Of(hit, x.size, x.rows)
		return rows, len(rows) == 0, true, nil
	}
	hit, err := x.need(ctx, analyze.Needs(leaf, x.analyzer), x.r.Probe(8))
	if err != nil || hit == nil {
		return nil, false, false, err
	}
	rows = rowset.Of(hit, x.size, x.rows)
	return rows, len(rows) == 0, true, nil
}

// need gives the segments that may have what is needed; nil says that the filters cannot tell.
func (x *Bloom) need(ctx context.Context, n *analyze.Need, p *bloom.Probe) (model.Bitmap, error) {
	switch {
	case n == nil:
		return nil, nil
	case n.Part != nil:
		if !n.Begins || !n.Ends || n.Fold && !x.fold {
			return nil, nil
		}
		part := n.Part
		if x.fold {
			t := analyze.Tokenizer{Analyzer: x.analyzer, Fold: true}
			part = t.FoldToken(part)
		}
		hit := model.NewBitmap(x.r.Segments() + 1)
		return hit, p.May(ctx, xxh3.Hash(part), hit)
	}
	var out model.Bitmap
	for _, a := range n.Args {
		hit, err := x.need(ctx, a, p)
		switch {
		case err != nil:
			return nil, err
		case hit == nil && n.Any:
			return nil, nil
		case hit == nil:
		case out == nil:
			out = hit
		default:
			for i, w := range hit {
				if n.Any {
					out[i] |= w
				} else {
					out[i] &= w
				}
			}
		}
		if out != nil && !n.Any && out.Count(x.r.Segments()) == 0 {
			return out, nil
		}
	}
	return out, nil
}
