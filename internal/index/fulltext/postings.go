package fulltext

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/index/rowset"
	"github.com/goptimedb/goptimedb/internal/index/terms"
	"github.com/goptimedb/goptimedb/internal/model"
)

// PostingsBuilder makes posting lists: of every token, as it is written, the rows that have it.
type PostingsBuilder struct {
	c     *terms.Collector
	tok   analyze.Tokenizer
	post  func(token []byte)
	rows  int
	nulls []uint32
	extra bool // some rows have tokens of a second reading
	since int
}

// NewPostingsBuilder makes a builder that spills to dir above max bytes, or without fsys gives up.
func NewPostingsBuilder(a analyze.Analyzer, fsys vfs.FS, dir string, max int64) *PostingsBuilder {
	b := &PostingsBuilder{c: terms.NewCollector(fsys, dir, max), tok: analyze.Tokenizer{Analyzer: a}}
	b.post = func(token []byte) { b.c.Post(b.c.Term(terms.Clip(token)), uint32(b.rows)) }
	return b
}

// Add takes the next rows.
func (b *PostingsBuilder) Add(v *model.Vector) error {
	for i := range v.Len {
		if v.Null(i) {
			b.nulls = append(b.nulls, uint32(b.rows))
		} else {
			text := v.BytesAt(i)
			if b.tok.Each(text, b.post); analyze.FoldsToASCII(text) {
				b.extra = true
				b.tok.Each(analyze.Unsign(text), b.post)
			}
			b.since += len(text)
		}
		b.rows++
		if b.since += 16; b.since > 256<<10 {
			b.since = 0
			if _, err := b.c.Check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// MemoryBytes is about how much memory the builder holds.
func (b *PostingsBuilder) MemoryBytes() int64 { return b.c.MemoryBytes() + int64(cap(b.nulls))*4 }

// Finish writes the blob.
func (b *PostingsBuilder) Finish(out io.Writer) error {
	w := terms.NewWriter(out, PostingsKind)
	if err := b.c.WriteTo(w); err != nil {
		return err
	}
	meta := binary.AppendUvarint(nil, uint64(b.rows))
	meta = append(meta, byte(b.tok.Analyzer), flag(b.extra))
	return w.Finish(terms.AppendSet(meta, b.nulls))
}

// Close releases memory and spilled files.
func (b *PostingsBuilder) Close() error { return b.c.Close() }

const (
	// maxScan is how many tokens a search for parts of tokens looks through before it gives up: some 10 ms of work.
	maxScan = 1 << 18
	// maxFound is how many tokens with the part it takes.
	maxFound = 4096
	maxRows  = 1 << 28
	// maxRanges is how many ranges an answer has before those that are close are joined: readers of columns take whole pages anyway, and
	// lists of single rows would cost more than they save.
	maxRanges = 1 << 15
	rangeGap  = 256
)

// Postings is an index of posting lists. It is immutable and safe for concurrent use.
type Postings struct {
	r        *terms.Reader
	analyzer analyze.Analyzer
	extra    bool
	rows     int
	nulls    model.Bitmap
}

// OpenPostings opens a blob that a PostingsBuilder wrote.
func OpenPostings(ctx context.Context, src blob.Source) (*Postings, error) {
	r, meta, err := terms.Open(ctx, src, PostingsKind)
	if err != nil {
		return nil, err
	}
	x := &Postings{r: r, rows: int(meta.Upto(maxRows, "number of rows"))}
	x.analyzer, x.extra = readAnalyzer(meta), readFlag(meta)
	if err := meta.Err(); err != nil {
		return nil, err
	}
	nulls := terms.ReadSet(meta, x.rows)
	if nulls.Count(x.rows) > 0 {
		x.nulls = nulls
	}
	return x, meta.End()
}

// Rows is how many rows the index covers.
func (x *Postings) Rows() int { return x.rows }

// MemoryBytes is about how much memory the index holds.
func (x *Postings) MemoryBytes() int64 { return x.r.MemoryBytes() + int64(len(x.nulls))*8 + 64 }

// Search answers text conditions, by the row. It is exact for matches_term of a term that is one token of ASCII, its negation, and tests for
// NULL.
func (x *Postings) Search(ctx context.Context, leaf *model.Expr) (rows []model.RowRange, exact, ok bool, err error) {
	var hit model.Bitmap
	switch leaf.Op {
	case model.OpIsNull, model.OpNotNull:
		hit = model.NewBitmap(x.rows)
		copy(hit, x.nulls)
		rows := rowset.Of(hit, 1, x.rows)
		if leaf.Op == model.OpNotNull {
			rows = rows.Not(x.rows)
		}
		return rows, true, true, nil
	case model.OpNotMatchesTerm:
		if !x.exact(leaf.Pattern) {
			return nil, false, false, nil
		}
		if hit, err = x.token(ctx, []byte(leaf.Pattern)); err != nil {
			return nil, false, false, err
		}
		for i, w := range x.nulls {
			hit[i] |= w
		}
		rows, exact = answer(rowset.Of(hit, 1, x.rows).Not(x.rows), true)
		return rows, exact, true, nil
	}
	hit, err = x.need(ctx, analyze.Needs(leaf, x.analyzer))
	if err != nil || hit == nil {
		return nil, false, false, err
	}
	rows, exact = answer(rowset.Of(hit, 1, x.rows), leaf.Op == model.OpMatchesTerm && x.exact(leaf.Pattern))
	return rows, exact, true, nil
}

// answer makes of very many ranges fewer that are not exact.
func answer(rows rowset.Rows, exact bool) (rowset.Rows, bool) {
	if len(rows) > maxRanges {
		return rows.Coarsen(rangeGap), false
	}
	return rows, exact || len(rows) == 0
}

// exact reports a term whose rows are those of one token.
func (x *Postings) exact(term string) bool {
	return !x.extra && len(term) < terms.MaxTerm && analyze.ExactTerm(term)
}

func (x *Postings) token(ctx context.Context, token []byte) (model.Bitmap, error) {
	hit := model.NewBitmap(x.rows)
	p, found, err := x.r.Get(ctx, terms.Clip(token))
	if err == nil && found {
		err = x.r.Or(ctx, hit, x.rows, p)
	}
	return hit, err
}

// need gives the rows that may have what is needed; nil says that the index cannot tell, or not soon.
func (x *Postings) need(ctx context.Context, n *analyze.Need) (model.Bitmap, error) {
	switch {
	case n == nil:
		return nil, nil
	case n.Part != nil && n.Begins && n.Ends && !n.Fold:
		return x.token(ctx, n.Part)
	case n.Part != nil:
		return x.part(ctx, n)
	}
	// Whole tokens first: where they leave no row, the parts need no scan.
	args := slices.Clone(n.Args)
	slices.SortStableFunc(args, func(a, b *analyze.Need) int { return cost(a) - cost(b) })
	var out model.Bitmap
	for _, a := range args {
		hit, err := x.need(ctx, a)
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
		if out != nil && !n.Any && out.Count(x.rows) == 0 {
			return out, nil
		}
	}
	return out, nil
}

func cost(n *analyze.Need) int {
	switch {
	case n.Part == nil:
		return 3
	case n.Fold || !n.Begins:
		return 2
	case !n.Ends:
		return 1
	}
	return 0
}

// part looks through the tokens for a part of one. A token that was cut may go on with anything.
func (x *Postings) part(ctx context.Context, n *analyze.Need) (model.Bitmap, error) {
	hit := model.NewBitmap(x.rows)
	part := terms.Clip(n.Part)
	seen, found := 0, 0
	visit := func(token []byte, p terms.Posting) (bool, error) {
		if seen++; seen > maxScan {
			return false, nil
		}
		if !has(token, part, n) && len(token) < terms.MaxTerm {
			return true, nil
		}
		if found++; found > maxFound {
			return false, nil
		}
		return true, x.r.Or(ctx, hit, x.rows, p)
	}
	var err error
	if n.Begins && !n.Fold {
		err = x.r.ScanPrefix(ctx, part, visit)
	} else {
		err = x.r.Scan(ctx, nil, nil, visit)
	}
	if err != nil || seen > maxScan || found > maxFound {
		return nil, err
	}
	return hit, nil
}

func has(token, part []byte, n *analyze.Need) bool {
	if !n.Fold {
		switch {
		case n.Begins:
			return bytes.HasPrefix(token, part)
		case n.Ends:
			return bytes.HasSuffix(token, part)
		}
		return bytes.Contains(token, part)
	}
	last := len(token) - len(part)
	if last < 0 || n.Begins && n.Ends && last > 0 {
		return false
	}
	from := 0
	if n.Ends {
		from = last
	}
	if n.Begins {
		last = 0
	}
	for ; from <= last; from++ {
		if bytes.EqualFold(token[from:from+len(part)], part) {
			return true
		}
	}
	return false
}
