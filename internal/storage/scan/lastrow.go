package scan

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// planTails decides whether the last row of a series can be found by looking at the end of its rows in each input alone, and if so cuts the
// inputs down to these ends. It cannot where the last row may be a tombstone, fail a predicate, or be after the times.
func planTails(p *plan, ins []*input) {
	if !p.lastRow || len(p.rowPred) > 0 {
		return
	}
	for _, in := range ins {
		if in.deletes || in.hidden != nil || in.max >= p.times.End {
			return
		}
	}
	p.tails = true
	for _, in := range ins {
		if in.file && !in.compare { // of a memtable all is decoded, so that nothing is won
			in.ranges = intersect(in.ranges, in.lastRows())
		}
	}
}

// lastRows is the last row of each surviving series.
func (in *input) lastRows() []source.RowRange {
	var out []source.RowRange
	for from, to := range in.sel.Runs() {
		for l := from; l < to; l++ {
			if e := int(in.table.Start[l+1]); e > int(in.table.Start[l]) {
				out = append(out, source.RowRange{Start: e - 1, End: e})
			}
		}
	}
	return out
}

// collectTails gathers the ends of series g from the newest inputs on, and stops at inputs that are older than what it has: their chunks are
// not touched. Of the pieces, only those that reach the newest time stay.
func (w *worker) collectTails(ctx context.Context, g uint32) (err error) {
	w.pieces = w.pieces[:0]
	best := int64(math.MinInt64)
	for _, i := range w.byMax {
		r := w.readers[i]
		if r.local >= r.end || r.in.globalOf(r.local) != g {
			continue
		}
		l := r.local
		r.local++
		if r.in.max < best {
			continue
		}
		from := len(w.pieces)
		if w.pieces, err = r.pieces(ctx, i, l, w.pieces); err != nil {
			return err
		}
		if len(w.pieces) == from {
			continue
		}
		last := w.pieces[len(w.pieces)-1]
		ts, err := r.timesOf(ctx, int(last.need), int(last.from), int(last.to))
		if err != nil {
			return err
		}
		t := ts[len(ts)-1]
		if t < best {
			w.pieces = w.pieces[:from]
			continue
		}
		if t > best {
			best = t
			w.pieces = w.pieces[:copy(w.pieces, w.pieces[from:])]
		}
	}
	if len(w.pieces) > 1 {
		slices.SortStableFunc(w.pieces, func(a, b piece) int { return cmp.Compare(a.rd, b.rd) })
	}
	return nil
}

// sortByMax orders the readers for collectTails.
func (w *worker) sortByMax() {
	w.byMax = w.byMax[:0]
	for i := range w.readers {
		w.byMax = append(w.byMax, int32(i))
	}
	slices.SortStableFunc(w.byMax, func(a, b int32) int { return cmp.Compare(w.readers[b].in.max, w.readers[a].in.max) })
}

// lastRowSink keeps the last row of each series (in append mode, any one of the rows at the newest time). Tasks hold whole series, but a
// series may come in several blocks, so the last row of a block waits for the next block to tell whether its series goes on.
type lastRowSink struct {
	out  rowTaker
	g    uint32
	held *model.Batch // the newest row so far of series g; nil: none
	at   []int64      // its time
	idx  []int32
	sub  block
}

// rowTaker is a sink that takes finished rows, too.
type rowTaker interface {
	sink
	finisher
	// add takes a batch of output columns, the rows' times and their series.
	add(ctx context.Context, b *model.Batch, times []int64, runs []run) error
}

func (s *lastRowSink) finish(ctx context.Context) error { return s.out.finish(ctx) }

func (s *lastRowSink) begin(ctx context.Context, t *task) error { return s.out.begin(ctx, t) }

func (s *lastRowSink) end(ctx context.Context) error {
	if err := s.release(ctx); err != nil {
		return err
	}
	return s.out.end(ctx)
}

// release outputs the held row.
func (s *lastRowSink) release(ctx context.Context) error {
	if s.held == nil {
		return nil
	}
	b := s.held
	s.held = nil
	return s.out.add(ctx, b, s.at, []run{{s.g, 0, 1}})
}

func (s *lastRowSink) block(ctx context.Context, b *block) error {
	if s.held != nil && b.runs[0].g == s.g {
		s.held = nil // the series goes on, so there is a newer row
	}
	if err := s.release(ctx); err != nil {
		return err
	}
	s.idx = s.idx[:0]
	for _, r := range b.runs {
		s.idx = append(s.idx, r.end-1)
	}
	last := b
	if len(s.idx) < b.n {
		last = s.sub.only(b, s.idx)
	}
	batch, err := last.output(ctx)
	if err != nil {
		return err
	}
	times, err := last.times(ctx)
	if err != nil {
		return err
	}
	n := last.n
	s.at = append(s.at[:0], times[n-1])
	s.g, s.held = last.runs[n-1].g, batch.Slice(n-1, n)
	if n == 1 {
		return nil
	}
	return s.out.add(ctx, batch.Slice(0, n-1), times[:n-1], last.runs[:n-1])
}
