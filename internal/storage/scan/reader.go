package scan

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// need is rows [from, to) of one chunk that a task looks at, with small holes between series closed. Once its times were read and cut
// down to the task's, sub holds what is left: no other column is decoded outside of it. nil: everything.
type need struct {
	chunk, from, to int
	sub             []source.RowRange
}

// needGap is the largest hole, in rows, that is decoded rather than skipped: a page is rarely smaller, so skipping would save nothing.
const needGap = 1024

// window is the part of a column that was read last: rows [from, to) are vec's rows from-base and on.
type window struct {
	vec            *model.Vector
	base, from, to int
	need           int // where it was found last
}

// reader is one input as one task reads it. Columns are decoded when first asked for and kept until the task moves past them.
type reader struct {
	in     *input
	p      *plan
	times  model.TimeRange
	narrow bool // some rows are outside of times
	rows   source.RowRange
	needs  []need
	cur    int      // no later call asks for series before this need; only pieces moves it
	local  int      // position of the next series; only the worker moves it
	end    int      // position at which the task's series end
	wins   []window // per loaded column, and last the time index

	lender source.Lender // nil: columns come from the cache, because they may outlive the task
	loans  []loan        // ascending in need
}

// loan is a column of a need that was lent.
type loan struct {
	ref  colRef // index of wins
	need int
	lent source.Lent // nil: it comes from the cache
}

// piece is rows [from, to) of one series, within one need.
type piece struct {
	rd       int32 // index of the reader
	need     int32
	from, to int32
}

// newReader finds out what a task needs of an input.
func newReader(ctx context.Context, p *plan, in *input, t *task, times model.TimeRange) (*reader, error) {
	r := &reader{in: in, p: p, times: times, rows: source.RowRange{End: in.src.Rows()}, wins: make([]window, len(p.cols)+1)}
	if !times.Overlaps(in.min, in.max) {
		return r, nil
	}
	r.narrow = !times.Covers(in.min, in.max)
	if p.agg != nil && in.file { // what is reduced does not outlive its block
		r.lender, _ = in.src.(source.Lender)
	}
	if t.rows.End > 0 {
		r.rows = t.rows
		r.local, r.end = in.positionOf(t.rows.Start), in.count
		if at := in.positionOf(t.rows.End - 1); at < in.count {
			r.end = at + 1
		}
	} else if r.local, r.end = in.positionFrom(t.g0), in.positionFrom(t.g1); r.local < r.end {
		r.rows.Start, _ = in.rowsAt(r.local)
		_, r.rows.End = in.rowsAt(r.end - 1)
	} else {
		return r, nil
	}
	ranges := in.ranges
	if times != p.times && r.narrow {
		var err error
		if ranges, err = in.prunedOf(ctx, nil, times, ranges); err != nil {
			return nil, fmt.Errorf("prune %s: %w", in.src.Name(), err)
		}
	}
	r.plan(ranges)
	return r, nil
}

// plan turns ranges of rows into needs.
func (r *reader) plan(ranges []source.RowRange) {
	chunks := r.in.chunks
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i].End > r.rows.Start })
	chunk := 0
	if i < len(ranges) {
		at := max(ranges[i].Start, r.rows.Start)
		chunk = sort.Search(len(chunks), func(c int) bool { return chunks[c] > at }) - 1
	}
	for ; i < len(ranges) && ranges[i].Start < r.rows.End; i++ {
		end := min(ranges[i].End, r.rows.End)
		for a := max(ranges[i].Start, r.rows.Start); a < end; {
			for chunks[chunk+1] <= a {
				chunk++
			}
			b := min(end, chunks[chunk+1])
			if n := len(r.needs); n > 0 && r.needs[n-1].chunk == chunk && a-r.needs[n-1].to <= needGap {
				r.needs[n-1].to = b
			} else {
				r.needs = append(r.needs, need{chunk: chunk, from: a, to: b})
			}
			a = b
		}
	}
}

// pieces appends the rows of the series at a position that are within the needs and the times. Series are asked for in ascending order.
func (r *reader) pieces(ctx context.Context, rd int32, at int, out []piece) ([]piece, error) {
	s, e := r.in.rowsAt(at)
	s, e = max(s, r.rows.Start), min(e, r.rows.End)
	for r.cur < len(r.needs) && r.needs[r.cur].to <= s {
		r.cur++
	}
	for i := r.cur; i < len(r.needs) && r.needs[i].from < e; i++ {
		a, b := max(s, r.needs[i].from), min(e, r.needs[i].to)
		if r.narrow {
			ts, err := r.timesOf(ctx, i, a, b)
			if err != nil {
				return out, err
			}
			lo := kernel.LowerBound(ts, r.times.Start)
			b = a + lo + kernel.LowerBound(ts[lo:], r.times.End)
			a += lo
		}
		switch {
		case !r.p.tails || a >= b:
		case !r.in.compare:
			a = b - 1
		default:
			ts, err := r.timesOf(ctx, i, a, b)
			if err != nil {
				return out, err
			}
			a += kernel.LowerBound(ts, ts[len(ts)-1]) // all versions of the last row
		}
		if r.in.hidden != nil {
			out = r.visible(rd, i, a, b, out)
		} else if a < b {
			out = append(out, piece{rd, int32(i), int32(a), int32(b)})
		}
	}
	return out, nil
}

// needOf is the number of the need that holds a row.
func (r *reader) needOf(row int) int32 {
	return int32(sort.Search(len(r.needs), func(i int) bool { return r.needs[i].to > row }))
}

// timesOf is the times of rows [a, b) of need i; they stay valid.
func (r *reader) timesOf(ctx context.Context, i, a, b int) ([]int64, error) {
	w := &r.wins[len(r.p.cols)]
	if w.vec == nil || a < w.from || b > w.to {
		n := &r.needs[i]
		if err := r.read(ctx, colRef(len(r.p.cols)), i, n.from, n.to); err != nil {
			return nil, err
		}
		if r.narrow && n.sub == nil && r.in.file {
			r.narrowNeed(n, w)
		}
	}
	return w.vec.Ints[a-w.base : b-w.base], nil
}

// narrowNeed finds which rows of a need are within the times, series by series.
func (r *reader) narrowNeed(n *need, w *window) {
	n.sub = []source.RowRange{}
	for at := r.in.positionOf(n.from); at < r.in.count; at++ {
		a, b := r.in.rowsAt(at)
		if a >= n.to {
			break
		}
		a, b = max(a, n.from), min(b, n.to)
		ts := w.vec.Ints[a-w.base : b-w.base]
		lo := kernel.LowerBound(ts, r.times.Start)
		hi := lo + kernel.LowerBound(ts[lo:], r.times.End)
		if lo == hi {
			continue
		}
		if k := len(n.sub); k > 0 && a+lo-n.sub[k-1].End <= needGap {
			n.sub[k-1].End = a + hi
		} else {
			n.sub = append(n.sub, source.RowRange{Start: a + lo, End: a + hi})
		}
	}
}

// column is the window of a loaded column (or, by ref refTime, of the time index) that holds row. All rows of a piece are in one window.
func (r *reader) column(ctx context.Context, ref colRef, row int) (*window, error) {
	id := r.p.schema.TimeIndex
	if ref == refTime {
		ref = colRef(len(r.p.cols))
	} else {
		id = r.p.cols[ref].id
	}
	w := &r.wins[ref]
	if w.vec != nil && w.from <= row && row < w.to {
		return w, nil
	}
	if w.need >= len(r.needs) || row < r.needs[w.need].from || row >= r.needs[w.need].to {
		if w.need++; w.need >= len(r.needs) || row < r.needs[w.need].from || row >= r.needs[w.need].to { // mostly it is the next
			w.need = int(r.needOf(row))
		}
	}
	n := &r.needs[w.need]
	from, to := n.from, n.to
	if n.sub != nil && id != r.p.schema.TimeIndex {
		k := sort.Search(len(n.sub), func(k int) bool { return n.sub[k].End > row })
		from, to = n.sub[k].Start, n.sub[k].End
	}
	return w, r.read(ctx, ref, w.need, from, to)
}

// columnOf is column for who wants rows [lo, hi) alone, all of one piece: where few rows are wanted, no more pages are decoded than hold them.
func (r *reader) columnOf(ctx context.Context, ref colRef, lo, hi int) (*window, error) {
	if ref == refTime {
		ref = colRef(len(r.p.cols))
	}
	w := &r.wins[ref]
	if w.vec != nil && w.from <= lo && hi <= w.to {
		return w, nil
	}
	if w.need >= len(r.needs) || lo < r.needs[w.need].from || lo >= r.needs[w.need].to {
		w.need = int(r.needOf(lo))
	}
	return w, r.read(ctx, ref, w.need, lo, hi)
}

// read fills the window of a column with rows [from, to) of a need.
func (r *reader) read(ctx context.Context, ref colRef, need, from, to int) error {
	w, n, id := &r.wins[ref], &r.needs[need], r.p.schema.TimeIndex
	if int(ref) < len(r.p.cols) {
		id = r.p.cols[ref].id
	}
	base := r.in.chunks[n.chunk]
	var v *model.Vector
	var err error
	if l := r.borrow(ref, id, need, from); l != nil {
		first := 0
		v, first, err = l.Rows(ctx, from-base, to-base)
		base += first
	} else {
		v, err = r.in.src.Chunk(ctx, id, n.chunk, from-base, to-base)
	}
	if err != nil {
		return fmt.Errorf("read %s, column %d, chunk %d: %w", r.in.src.Name(), id, n.chunk, err)
	}
	*w = window{v, base, from, to, w.need}
	return nil
}

// borrow gives a column of a need, read from row at on, on loan; nil: it comes from the cache.
func (r *reader) borrow(ref colRef, id model.ColumnID, need, at int) source.Lent {
	if r.lender == nil {
		return nil
	}
	i := len(r.loans)
	for ; i > 0 && r.loans[i-1].need >= need; i-- {
		if l := &r.loans[i-1]; l.need == need && l.ref == ref {
			return l.lent
		}
	}
	n := &r.needs[need]
	base := r.in.chunks[n.chunk]
	l := loan{ref, need, r.lender.Lend(id, n.chunk, n.from-base, n.to-base, at-base)}
	r.loans = slices.Insert(r.loans, i, l)
	return l.lent
}

// giveBack returns the loans of needs before one.
func (r *reader) giveBack(need int) {
	i := 0
	for ; i < len(r.loans) && r.loans[i].need < need; i++ {
		l := &r.loans[i]
		if l.lent == nil {
			continue
		}
		l.lent.Return()
		if w := &r.wins[l.ref]; w.vec != nil && w.from >= r.needs[l.need].from && w.to <= r.needs[l.need].to {
			w.vec, w.from, w.to = nil, 0, 0
		}
	}
	if i > 0 {
		r.loans = slices.Delete(r.loans, 0, i)
	}
}
