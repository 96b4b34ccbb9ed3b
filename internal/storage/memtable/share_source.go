package memtable

import (
	"context"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// shareSource is a share read through a schema.
type shareSource struct {
	p      *share
	schema *model.Schema
	key    *tagKey // of schema
	id     uint64  // of the memtable
	number int     // of the first run in it
	chunks [2]int
}

func (s *shareSource) Name() string {
	return fmt.Sprintf("memtable %d.%d+%d", s.id, s.number, len(s.p.runs))
}
func (s *shareSource) Rows() int                   { return s.p.n }
func (s *shareSource) TimeRange() (min, max int64) { return s.p.minT, s.p.maxT }
func (s *shareSource) Unique() bool                { return s.p.sort().unique }
func (s *shareSource) Chunks() []int               { return s.chunks[:] }

// Sequences is the range of all rows of the runs, those of other values too.
func (s *shareSource) Sequences() (min, max model.Sequence) {
	min, _ = s.p.runs[0].sequences()
	_, max = s.p.runs[len(s.p.runs)-1].sequences()
	return min, max
}

func (s *shareSource) HasDeletes() bool {
	for _, r := range s.p.runs {
		if r.deletes {
			return true
		}
	}
	return false
}

func (s *shareSource) Series(context.Context) (*series.Table, error) {
	return series.Extend(s.p.sort().table, s.key.ids, s.key.types)
}

func (s *shareSource) Prune(ctx context.Context, pred *model.Expr, times model.TimeRange) ([]source.RowRange, error) {
	t, err := s.Series(ctx)
	if err != nil {
		return nil, err
	}
	return prune(t, pred, times, s.schema.TimeIndex, s.p.minT, s.p.maxT)
}

func (s *shareSource) Chunk(ctx context.Context, col model.ColumnID, _, _, _ int) (*model.Vector, error) {
	if col.Internal() {
		return s.p.internal(col), nil
	}
	c := s.schema.Column(col)
	switch {
	case c == nil:
		return nil, errs.New(errs.Internal, "%s: column %d is not in the schema", s.Name(), col)
	case c.Semantic == model.TimeColumn:
		return &model.Vector{Type: c.Type, Len: s.p.n, Ints: s.p.sort().times}, nil
	case c.Semantic == model.TagColumn:
		t, err := s.Series(ctx)
		if err != nil {
			return nil, err
		}
		return t.TagRows(t.Tag(col), 0, s.p.n), nil
	}
	v, err := s.p.column(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name(), err)
	}
	return v, nil
}

// internal is the sorted sequences or operations.
func (p *share) internal(col model.ColumnID) *model.Vector {
	view := p.sort()
	v := &model.Vector{Type: model.Uint64, Len: p.n, Ints: make([]int64, p.n)}
	if col == model.ColumnOpType {
		v.Type = model.Uint8
	}
	for i, x := range view.perm {
		r, row := p.runs[x>>maxChunkBits], x&rowMask
		switch {
		case col == model.ColumnSequence:
			v.Ints[i] = int64(seqAt(r.seqs, r.seqFrom+row))
		case r.raw.ops == nil:
			v.Ints[i] = int64(model.OpPut)
		default:
			v.Ints[i] = int64(r.raw.ops[row])
		}
	}
	return v
}

// column is the sorted column of a field, as c wants it. It is kept if it is of the type in which it was written.
func (p *share) column(c *model.Column) (*model.Vector, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.cols {
		if x.id == c.ID && x.v.Type == c.Type {
			return x.v, nil
		}
	}
	view := p.sortLocked()
	cols, kept := make([]*column, len(p.runs)), true
	for i, r := range p.runs {
		x, plain, err := r.written(c)
		if err != nil {
			return nil, err
		}
		cols[i], kept = x, kept && plain
	}
	v := gather(c.Type, p.n, cols, view.perm, maxChunkBits)
	if kept {
		p.cols = append(p.cols, sortedColumn{c.ID, v})
	}
	return v, nil
}

// written is a field in the order of writing, as c wants it. plain: it is what was written, so that it serves every schema.
func (r *run) written(c *model.Column) (x *column, plain bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var v *model.Vector
	for _, s := range r.cols {
		if s.id == c.ID {
			v = s.v
		}
	}
	if v != nil && r.whole { // what was written is gone; undo the sort
		undo := make([]uint32, r.rows)
		for i, p := range r.view.perm {
			undo[p] = uint32(i)
		}
		v = gather(v.Type, r.rows, []*column{ofVector(c, v)}, undo, 0)
	} else {
		v = nil
		for i := range r.raw.cols {
			if y := &r.raw.cols[i]; y.id == c.ID {
				if y.typ == c.Type {
					z := *y              // a later sort replaces it
					return &z, true, nil // fast path
				}
				same := make([]uint32, r.rows)
				for i := range same {
					same[i] = uint32(i)
				}
				v = gather(y.typ, r.rows, []*column{y}, same, 0)
			}
		}
	}
	plain = v != nil && v.Type == c.Type
	if v, err = as(v, c, r.rows, r.schema); err != nil {
		return nil, false, err
	}
	return ofVector(c, v), plain, nil
}
