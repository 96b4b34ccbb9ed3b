package memtable

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// flushChunkRows is how many rows of a column are put in order at a time: the price is memory, of 1 MiB a column of numbers being read.
const flushChunkRows = 1 << 17

// FlushSources gives, in time order, one sorted source per window with all its rows, older versions and tombstones included, read through schema.
// The sort happens when a source is first asked for its series. Columns are put in order piece by piece and not kept, so read chunks
// front to back. REQUIRES: frozen.
func (m *Memtable) FlushSources(schema *model.Schema) ([]source.Source, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.frozen {
		return nil, errs.New(errs.IllegalState, "memtable %d is to be flushed but not frozen", m.id)
	}
	var out []source.Source
	for _, w := range m.sortedWindows() {
		runs := w.full
		if len(runs) == 1 && runs[0].rows <= flushChunkRows {
			out = append(out, newRunSource(runs[0], schema, keyOf(schema), m.id, 0))
			continue
		}
		for len(runs) > 0 {
			n, rows := 0, 0
			for n < len(runs) && n < 1<<(32-maxChunkBits) && rows+runs[n].rows <= math.MaxUint32 {
				rows += runs[n].rows
				n++
			}
			f := &flushSource{m: m, runs: runs[:n], rows: rows, schema: schema, name: fmt.Sprintf("memtable %d window %d", m.id, w.slot),
				minT: math.MaxInt64, maxT: math.MinInt64, last: map[model.ColumnID]flushed{}}
			for _, r := range f.runs {
				f.minT, f.maxT = min(f.minT, r.minT), max(f.maxT, r.maxT)
				f.deletes = f.deletes || r.deletes
			}
			for at := 0; at < rows; at += flushChunkRows {
				f.chunks = append(f.chunks, at)
			}
			f.chunks = append(f.chunks, rows)
			out = append(out, f)
			runs = runs[n:]
		}
	}
	return out, nil
}

// flushSource is all runs of a window as one.
type flushSource struct {
	m          *Memtable
	name       string
	runs       []*run
	rows       int
	schema     *model.Schema
	minT, maxT int64
	deletes    bool
	chunks     []int

	once   sync.Once
	pieces []piece // per run
	view   *sorted // perm: run<<maxChunkBits | row of the piece

	mu   sync.Mutex
	last map[model.ColumnID]flushed // per column the chunk put in order last
}

type flushed struct {
	chunk int
	v     *model.Vector
}

// piece is what a run had when the flush began: queries may sort runs meanwhile. Its rows count in sorted order if perm is not nil.
type piece struct {
	perm []uint32 // by row of the piece: row as written; nil: the same
	raw  rawRows
	cols []sortedColumn // in the piece's order
	done []*column      // what column gave
}

func (r *run) piece() piece {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := piece{raw: r.raw, cols: slices.Clone(r.cols)}
	p.raw.cols = slices.Clone(r.raw.cols)
	if r.view != nil {
		p.perm = r.view.perm
		p.raw.times = r.view.times
		p.raw.series = make([]uint32, r.rows)
		for i, n := range r.view.numbers {
			fill(p.raw.series[r.view.table.Start[i]:r.view.table.Start[i+1]], n)
		}
	}
	return p
}

// written is the row as written, for a row of the piece.
func (p *piece) written(row uint32) uint32 {
	if p.perm != nil {
		return p.perm[row]
	}
	return row
}

const rowMask = 1<<maxChunkBits - 1

// sort makes the view. Rows are first taken one piece after the other, then the permutation is written in terms of pieces.
func (s *flushSource) sort() *sorted {
	s.once.Do(func() {
		numbers, times := make([]uint32, 0, s.rows), make([]int64, 0, s.rows)
		where := make([]uint32, 0, s.rows)
		s.pieces = make([]piece, len(s.runs))
		tags := s.runs[0].tags
		for i, r := range s.runs {
			s.pieces[i] = r.piece()
			numbers = append(numbers, s.pieces[i].raw.series...)
			times = append(times, s.pieces[i].raw.times...)
			for row := range r.rows {
				where = append(where, uint32(i)<<maxChunkBits|uint32(row))
			}
			s.pieces[i].raw.series, s.pieces[i].raw.times = nil, nil
			if r.tags.n > tags.n || len(r.tags.tags) > len(tags.tags) {
				tags = r.tags
			}
		}
		s.view = sortRows(numbers, times, tags, s.m.orderingFor(tags, s.rows), func(a, b uint32) bool {
			x, y := where[a], where[b]
			if x>>maxChunkBits != y>>maxChunkBits {
				return x > y
			}
			p := &s.pieces[x>>maxChunkBits]
			return p.written(x&rowMask) > p.written(y&rowMask)
		})
		for i, p := range s.view.perm {
			s.view.perm[i] = where[p]
		}
	})
	return s.view
}

func (s *flushSource) Name() string                { return s.name }
func (s *flushSource) Rows() int                   { return s.rows }
func (s *flushSource) TimeRange() (min, max int64) { return s.minT, s.maxT }
func (s *flushSource) HasDeletes() bool            { return s.deletes }
func (s *flushSource) Unique() bool                { return s.sort().unique }
func (s *flushSource) Chunks() []int               { return s.chunks }

func (s *flushSource) Sequences() (min, max model.Sequence) {
	min, _ = s.runs[0].sequences()
	_, max = s.runs[len(s.runs)-1].sequences()
	return min, max
}

func (s *flushSource) Series(context.Context) (*series.Table, error) {
	tags, types := series.TagsOf(s.schema)
	return series.Extend(s.sort().table, tags, types)
}

func (s *flushSource) Prune(ctx context.Context, pred *model.Expr, times model.TimeRange) ([]source.RowRange, error) {
	t, err := s.Series(ctx)
	if err != nil {
		return nil, err
	}
	return prune(t, pred, times, s.schema.TimeIndex, s.minT, s.maxT)
}

func (s *flushSource) Chunk(ctx context.Context, col model.ColumnID, chunk, _, _ int) (*model.Vector, error) {
	view := s.sort()
	from, to := s.chunks[chunk], s.chunks[chunk+1]
	if c := s.schema.Column(col); c != nil && c.Semantic == model.TimeColumn {
		return &model.Vector{Type: c.Type, Len: to - from, Ints: view.times[from:to]}, nil
	} else if c != nil && c.Semantic == model.TagColumn {
		t, err := s.Series(ctx)
		if err != nil {
			return nil, err
		}
		return t.TagRows(t.Tag(col), from, to), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.last[col]; ok && l.chunk == chunk {
		return l.v, nil
	}
	v, err := s.gather(col, view.perm[from:to])
	if err != nil {
		return nil, err
	}
	s.last[col] = flushed{chunk, v}
	return v, nil
}

// gather puts rows of a field or internal column in order.
func (s *flushSource) gather(col model.ColumnID, perm []uint32) (*model.Vector, error) {
	if col.Internal() {
		v := &model.Vector{Type: model.Uint64, Len: len(perm), Ints: make([]int64, len(perm))}
		if col == model.ColumnOpType {
			v.Type = model.Uint8
		}
		for i, p := range perm {
			x, row := &s.pieces[p>>maxChunkBits], p&rowMask
			switch {
			case col == model.ColumnSequence:
				r := s.runs[p>>maxChunkBits]
				v.Ints[i] = int64(seqAt(r.seqs, r.seqFrom+x.written(row)))
			case x.raw.ops == nil:
				v.Ints[i] = int64(model.OpPut)
			default:
				v.Ints[i] = int64(x.raw.ops[x.written(row)])
			}
		}
		return v, nil
	}
	c := s.schema.Column(col)
	if c == nil {
		return nil, errs.New(errs.Internal, "%s: column %d is not in the schema", s.name, col)
	}
	cols := make([]*column, len(s.pieces))
	for i := range s.pieces {
		x, err := s.pieces[i].column(c, s.runs[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		cols[i] = x
	}
	if c.Type.Class() == model.ClassBytes {
		size := uint64(0)
		for _, p := range perm {
			size += uint64(cols[p>>maxChunkBits].lenAt(int(p & rowMask)))
		}
		if size > math.MaxUint32 {
			return nil, errs.New(errs.Unsupported, "%s: %d rows of column %q hold %d bytes", s.name, len(perm), c.Name, size)
		}
	}
	return gather(c.Type, len(perm), cols, perm, maxChunkBits), nil
}

// column is a field of the piece, in its order, as c wants it. What has to be put in order or converted first is kept for later chunks.
func (p *piece) column(c *model.Column, r *run) (*column, error) {
	for _, x := range p.done {
		if x.id == c.ID {
			return x, nil
		}
	}
	var v *model.Vector
	for _, x := range p.cols {
		if x.id == c.ID {
			v = x.v
		}
	}
	for i := range p.raw.cols {
		x := &p.raw.cols[i]
		if v != nil || x.id != c.ID {
			continue
		}
		if x.typ == c.Type && p.perm == nil {
			return x, nil // fast path: as written
		}
		perm := p.perm
		if perm == nil {
			perm = make([]uint32, r.rows)
			for i := range perm {
				perm[i] = uint32(i)
			}
		}
		v = gather(x.typ, r.rows, []*column{x}, perm, 0)
	}
	v, err := as(v, c, r.rows, r.schema)
	if err != nil {
		return nil, err
	}
	x := ofVector(c, v)
	p.done = append(p.done, x)
	return x, nil
}

// ofVector is a vector in the form of a column.
func ofVector(c *model.Column, v *model.Vector) *column {
	x := &column{id: c.ID, typ: v.Type, n: v.Len, full: true, ints: v.Ints, floats: v.Floats, bools: v.Bools, decimals: v.Decimals,
		intervals: v.Intervals, dict: v.Dict, codes: v.Codes, offsets: v.Offsets, data: v.Data}
	if v.Valid != nil {
		x.valid = make([]bool, v.Len)
		for i := range x.valid {
			x.valid[i] = v.Valid.Get(i)
		}
	}
	return x
}
