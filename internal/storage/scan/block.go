package scan

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// slice is rows [from, to) of a reader that follow one another in the merged order. multi, where not negative, makes it one row that
// comes of several versions: lane.multis[multi].
type slice struct {
	rd       int32
	need     int32
	from, to int32
	multi    int32
}

// version is one stored row.
type version struct{ rd, row int32 }

// run is rows [start, end) of a block, all of series g.
type run struct {
	g          uint32
	start, end int32
}

// block is some merged and filtered rows as sinks see them. Columns are fetched when asked for: straight from the source's vector where
// the rows lie together there, else gathered. A block is valid until its worker makes the next one.
type block struct {
	w    *worker
	al   *aligned
	n    int
	runs []run

	lane   *lane
	slices []slice
	rows   int     // before the selection
	sel    []int32 // rows that passed the predicate; nil: all

	full []colVec // per loaded column and the time index: before the selection
	kept []colVec // likewise, after it
}

// colVec is a column's rows, from off on.
type colVec struct {
	vec *model.Vector
	off int
}

func (b *block) reset(w *worker, ln *lane) {
	b.w, b.al, b.lane, b.n, b.rows, b.slices, b.runs, b.sel = w, w.al, ln, ln.n, ln.n, ln.slices, ln.runs, nil
	if len(b.full) != len(w.p.cols)+1 {
		b.full, b.kept = make([]colVec, len(w.p.cols)+1), make([]colVec, len(w.p.cols)+1)
	}
	clear(b.full)
	clear(b.kept)
}

// keep keeps the rows of idx only, which it overwrites and refers to.
func (b *block) keep(idx []int32) {
	clear(b.kept)
	b.runs = cutRuns(b.runs[:0], b.runs, idx)
	b.sel, b.n = selected(b.sel, idx), len(idx)
}

// only makes s the rows idx of b; idx is overwritten, and s refers to it. Nobody asks b for columns any more: of what s fetches, b may lack rows.
func (s *block) only(b *block, idx []int32) *block {
	kept, runs := s.kept, s.runs[:0]
	*s = *b
	if s.kept = kept; len(s.kept) != len(b.kept) {
		s.kept = make([]colVec, len(b.kept))
	}
	clear(s.kept)
	s.runs = cutRuns(runs, b.runs, idx)
	s.sel, s.n = selected(b.sel, idx), len(idx)
	return s
}

// cutRuns appends the runs' rows of idx, in runs of their own; dst may be the start of runs.
func cutRuns(dst, runs []run, idx []int32) []run {
	i := 0
	for _, r := range runs {
		from := i
		for i < len(idx) && idx[i] < r.end {
			i++
		}
		if from < i {
			dst = append(dst, run{r.g, int32(from), int32(i)})
		}
	}
	return dst
}

// selected makes idx, of rows that were selected before (nil: all), one of the rows before that.
func selected(sel, idx []int32) []int32 {
	if sel != nil {
		for i, x := range idx {
			idx[i] = sel[x]
		}
	}
	return idx
}

// col is a loaded column: its rows are off, off+1, …
func (b *block) col(ctx context.Context, ci int) (*model.Vector, int, error) {
	c, err := b.fetch(ctx, ci)
	return c.vec, c.off, err
}

// times is the time index.
func (b *block) times(ctx context.Context) ([]int64, error) {
	c, err := b.fetch(ctx, len(b.full)-1)
	if err != nil {
		return nil, err
	}
	return c.vec.Ints[c.off : c.off+b.n], nil
}

// vector is a column of the block as a vector of its own, for output.
func (b *block) vector(ctx context.Context, ref colRef) (*model.Vector, error) {
	if ref.isTag() {
		return b.al.tagVector(ref.tag(), b.runs, b.n), nil
	}
	if ref == refTime {
		ref = colRef(len(b.full) - 1)
	}
	c, err := b.fetch(ctx, int(ref))
	if err != nil {
		return nil, err
	}
	if c.off == 0 && c.vec.Len == b.n {
		return c.vec, nil
	}
	return c.vec.Slice(c.off, c.off+b.n), nil
}

// appendTo appends a column of the block to v, which has its type and, for a tag of bytes, the dictionary of the alignment.
func (b *block) appendTo(ctx context.Context, v *model.Vector, ref colRef) error {
	if ref.isTag() {
		if b.al.appendTag(v, ref.tag(), b.runs) {
			return nil
		}
		w := b.al.tagVector(ref.tag(), b.runs, b.n)
		v.AppendVector(w, 0, b.n)
		return nil
	}
	if ref == refTime {
		ref = colRef(len(b.full) - 1)
	}
	if b.sel != nil && v.Type.Class() != model.ClassBytes && b.kept[ref].vec == nil { // Fast path: one copy, not two.
		c, err := b.all(ctx, int(ref))
		if err != nil {
			return err
		}
		if c.vec.Type.Kind == model.KindNull {
			v.AppendNulls(b.n)
		} else {
			kernel.GatherVector(v, c.vec, c.off, b.sel)
		}
		return nil
	}
	c, err := b.fetch(ctx, int(ref))
	if err != nil {
		return err
	}
	appendRows(v, c.vec, c.off, c.off+b.n)
	return nil
}

// output is the block's output columns.
func (b *block) output(ctx context.Context) (*model.Batch, error) {
	out := &model.Batch{Len: b.n, Cols: make([]*model.Vector, len(b.w.p.out))}
	for i, ref := range b.w.p.out {
		v, err := b.vector(ctx, ref)
		if err != nil {
			return nil, err
		}
		out.Cols[i] = v
	}
	return out, nil
}

func (b *block) fetch(ctx context.Context, ci int) (colVec, error) {
	if b.sel == nil {
		return b.all(ctx, ci)
	}
	if c := b.kept[ci]; c.vec != nil {
		return c, nil
	}
	c, err := b.all(ctx, ci)
	if err != nil {
		return c, err
	}
	v := model.NewVector(b.typeOf(ci), b.n)
	if c.vec.Coded() {
		v = &model.Vector{Type: v.Type, Dict: c.vec.Dict}
	}
	kernel.GatherVector(v, c.vec, c.off, b.sel)
	b.kept[ci] = colVec{v, 0}
	return b.kept[ci], nil
}

func (b *block) typeOf(ci int) model.Type {
	if ci == len(b.full)-1 {
		return b.w.p.schema.Time().Type
	}
	return b.w.p.cols[ci].typ
}

func (b *block) refOf(ci int) colRef {
	if ci == len(b.full)-1 {
		return refTime
	}
	return colRef(ci)
}

// all is a column before the selection.
func (b *block) all(ctx context.Context, ci int) (colVec, error) {
	if c := b.full[ci]; c.vec != nil {
		return c, nil
	}
	c := &b.full[ci]
	if len(b.slices) == 1 && b.slices[0].multi < 0 {
		s := b.slices[0]
		var win *window
		var err error
		if b.sel != nil && b.w.sparse() {
			win, err = b.w.readers[s.rd].columnOf(ctx, b.refOf(ci), int(s.from+b.sel[0]), int(s.from+b.sel[b.n-1])+1)
		} else {
			win, err = b.w.readers[s.rd].column(ctx, b.refOf(ci), int(s.from))
		}
		if err != nil {
			return *c, err
		}
		*c = colVec{win.vec, int(s.from) - win.base}
		return *c, nil
	}
	v, err := b.gather(ctx, ci)
	*c = colVec{v, 0}
	return *c, err
}

// gather copies a column's slices together.
func (b *block) gather(ctx context.Context, ci int) (*model.Vector, error) {
	ref := b.refOf(ci)
	v := model.NewVector(b.typeOf(ci), b.rows)
	for _, s := range b.slices {
		if s.multi >= 0 && ref != refTime && ci != b.w.p.seqCol && ci != b.w.p.opCol {
			if err := b.newest(ctx, v, ref, b.lane.multis[s.multi]); err != nil {
				return nil, err
			}
			continue
		}
		win, err := b.w.readers[s.rd].column(ctx, ref, int(s.from))
		if err != nil {
			return nil, err
		}
		appendRows(v, win.vec, int(s.from)-win.base, int(s.to)-win.base)
	}
	return v, nil
}

// newest appends the newest value that is not NULL of the versions of a row.
func (b *block) newest(ctx context.Context, v *model.Vector, ref colRef, versions []version) error {
	for _, x := range versions {
		win, err := b.w.readers[x.rd].column(ctx, ref, int(x.row))
		if err != nil {
			return err
		}
		if at := int(x.row) - win.base; !win.vec.Null(at) {
			appendRows(v, win.vec, at, at+1)
			return nil
		}
	}
	v.AppendNull()
	return nil
}

// appendRows appends rows of src. Strings keep their dictionary while all of a vector's rows have the same one.
func appendRows(v, src *model.Vector, from, to int) {
	if src.Type.Kind == model.KindNull {
		v.AppendNulls(to - from)
		return
	}
	if v.Type.Class() == model.ClassBytes && v.Dict != src.Dict {
		switch {
		case v.Len == 0 && src.Coded():
			*v = model.Vector{Type: v.Type, Dict: src.Dict}
		case v.Coded():
			plain := model.NewVector(v.Type, v.Len+to-from)
			plain.AppendVector(v, 0, v.Len)
			*v = *plain
		}
	}
	if to == from+1 && !src.Null(from) && v.Valid == nil { // Fast path for rows that alternate between sources.
		switch v.Type.Class() {
		case model.ClassInt:
			v.Ints = append(v.Ints, src.Ints[from])
			v.Len++
			return
		case model.ClassFloat:
			v.Floats = append(v.Floats, src.Floats[from])
			v.Len++
			return
		}
	}
	v.AppendVector(src, from, to)
}
