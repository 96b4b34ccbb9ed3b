package scan

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// sink takes the blocks of one worker.
type sink interface {
	// begin starts a task; end is called after the last block of the task.
	begin(ctx context.Context, t *task) error
	block(ctx context.Context, b *block) error
	end(ctx context.Context) error
}

// worker does tasks one after another: for each series it collects the pieces of all inputs, resolves them to merged rows, and hands these
// on in blocks.
type worker struct {
	p    *plan
	sc   *scan
	sink sink
	st   counters
	ev   evaluator

	maxBlock int // rows
	direct   int // rows from which on a piece is a block of its own
	al       *aligned
	readers  []*reader
	pieces   []piece
	byMax    []int32 // of collectTails: readers, those with the newest rows first
	merge    merger

	// free: the sink does not mind in which order series come. Then each reader has a lane of its own, where its slices of one series
	// after another join to one, however many readers take turns at each series.
	free  bool
	lanes []lane // per reader, and last one for what comes of several of them, or, if not free, for everything
	blk   block
	idx   [2][]int32 // of filter

	filtered, passed int // blocks that a predicate looked at, and those of which it left a row
}

// sparse reports that so few blocks have rows left that columns are better read for each of them than for all.
func (w *worker) sparse() bool { return w.passed <= 2 || 2*w.passed <= w.filtered }

// lane is merged rows that are not handed on yet.
type lane struct {
	slices   []slice
	runs     []run
	n        int
	multis   [][]version // of the slices above
	versions []version   // memory of multis
}

// common is the lane that readers share.
func (w *worker) common() *lane { return &w.lanes[len(w.readers)] }

// directRows is the length from which an aggregate is handed a piece where it lies rather than copied together with others: below, the
// fixed cost of a block outweighs copying. (Where rows are output, small blocks would have to be copied together later anyway.)
const directRows = 128

// run does one task.
func (w *worker) run(ctx context.Context, t *task) error {
	times := t.times
	if w.sc.cut != nil {
		if times = w.sc.cut(times); times.Empty() {
			return nil
		}
	}
	w.al = t.c.al
	w.readers = w.readers[:0]
	for _, in := range t.c.ins {
		r, err := newReader(ctx, w.p, in, t, times)
		if err != nil {
			return err
		}
		if len(r.needs) > 0 {
			w.readers = append(w.readers, r)
		}
	}
	for len(w.lanes) <= len(w.readers) {
		w.lanes = append(w.lanes, lane{})
	}
	if err := w.sink.begin(ctx, t); err != nil {
		return err
	}
	var err error
	if len(w.readers) == 1 {
		err = w.runOne(ctx)
	} else if len(w.readers) > 1 {
		err = w.runMany(ctx, t)
	}
	for i := range w.lanes {
		if err == nil {
			err = w.flush(ctx, &w.lanes[i])
		}
	}
	if err == nil {
		err = w.sink.end(ctx)
	}
	for _, r := range w.readers {
		r.giveBack(len(r.needs))
	}
	return err
}

// runOne does a task of one input.
func (w *worker) runOne(ctx context.Context) (err error) {
	r := w.readers[0]
	for l := r.local; l < r.end; l++ {
		if w.pieces, err = r.pieces(ctx, 0, l, w.pieces[:0]); err != nil {
			return err
		}
		if r.cur == len(r.needs) {
			break
		}
		if err := w.resolve(ctx, r.in.globalOf(l)); err != nil {
			return err
		}
		if l&255 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// runMany does a task of several inputs, series by series.
func (w *worker) runMany(ctx context.Context, t *task) (err error) {
	if w.p.tails {
		w.sortByMax()
	}
	for {
		g := t.g1
		for _, r := range w.readers {
			if r.local < r.end {
				g = min(g, r.in.globalOf(r.local))
			}
		}
		if g >= t.g1 {
			return nil
		}
		if w.p.tails {
			err = w.collectTails(ctx, g)
		} else {
			err = w.collect(ctx, g)
		}
		if err != nil {
			return err
		}
		if err := w.resolve(ctx, g); err != nil {
			return err
		}
		if g&255 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// collect gathers the pieces of series g.
func (w *worker) collect(ctx context.Context, g uint32) (err error) {
	w.pieces = w.pieces[:0]
	for i, r := range w.readers {
		if r.local < r.end && r.in.globalOf(r.local) == g {
			if w.pieces, err = r.pieces(ctx, int32(i), r.local, w.pieces); err != nil {
				return err
			}
			r.local++
		}
	}
	return nil
}

// resolve turns the pieces of series g, which are ordered by reader and so by group in time, into merged rows.
func (w *worker) resolve(ctx context.Context, g uint32) error {
	for i := 0; i < len(w.pieces); {
		first := w.readers[w.pieces[i].rd].in
		j, one := i+1, true
		for j < len(w.pieces) {
			in := w.readers[w.pieces[j].rd].in
			if in.group != first.group {
				break
			}
			one = one && w.pieces[j].rd == w.pieces[i].rd
			j++
		}
		group := w.pieces[i:j]
		i = j
		if one && !first.compare { // Fast path: nobody else has rows at these times, and its own differ.
			for _, pc := range group {
				if err := w.plain(ctx, pc, g); err != nil {
					return err
				}
			}
			continue
		}
		if !w.p.dedup() && w.p.order != contract.OrderSeries && !w.p.lastRow && !w.p.exactSeq {
			for _, pc := range group {
				if err := w.plain(ctx, pc, g); err != nil {
					return err
				}
			}
			continue
		}
		if err := w.merge.resolve(ctx, w, group, g); err != nil {
			return err
		}
	}
	return nil
}

// plain hands on a piece whose rows need no comparing, its tombstones left out.
func (w *worker) plain(ctx context.Context, pc piece, g uint32) error {
	r := w.readers[pc.rd]
	if !r.in.deletes || w.p.keepDels {
		return w.emit(ctx, slice{pc.rd, pc.need, pc.from, pc.to, -1}, g)
	}
	win, err := r.column(ctx, colRef(w.p.opCol), int(pc.from))
	if err != nil {
		return err
	}
	ops := win.vec.Ints[int(pc.from)-win.base : int(pc.to)-win.base] // for the window may move while rows are handed on
	deleted := func(row int) bool { return ops[row-int(pc.from)] == int64(model.OpDelete) }
	for a := int(pc.from); a < int(pc.to); {
		for a < int(pc.to) && deleted(a) {
			a++
		}
		b := a
		for b < int(pc.to) && !deleted(b) {
			b++
		}
		if a < b {
			if err := w.emit(ctx, slice{pc.rd, pc.need, int32(a), int32(b), -1}, g); err != nil {
				return err
			}
		}
		a = b
	}
	return nil
}

// emit adds merged rows of series g to what is handed on next.
func (w *worker) emit(ctx context.Context, s slice, g uint32) error {
	ln := w.common()
	if w.free && s.multi < 0 {
		ln = &w.lanes[s.rd]
	}
	for {
		n := int(s.to - s.from)
		joins := false
		if k := len(ln.slices); k > 0 {
			last := &ln.slices[k-1]
			joins = s.multi < 0 && last.multi < 0 && last.rd == s.rd && last.need == s.need && last.to == s.from
			if !joins && (n >= w.direct || k == 1 && ln.n >= w.direct || ln.n >= gatherRows) {
				if err := w.flush(ctx, ln); err != nil {
					return err
				}
			}
		}
		if room := w.maxBlock - ln.n; n > room {
			n = room
		}
		part := s
		part.to = s.from + int32(n)
		if joins {
			ln.slices[len(ln.slices)-1].to = part.to
		} else {
			ln.slices = append(ln.slices, part)
		}
		if k := len(ln.runs); k > 0 && ln.runs[k-1].g == g {
			ln.runs[k-1].end += int32(n)
		} else {
			ln.runs = append(ln.runs, run{g, int32(ln.n), int32(ln.n + n)})
		}
		ln.n += n
		if ln.n >= w.maxBlock {
			if err := w.flush(ctx, ln); err != nil {
				return err
			}
		}
		if s.from = part.to; s.from >= s.to {
			return nil
		}
	}
}

// gatherRows is the size of a block that is copied together.
const gatherRows = 8192

// flush hands on the rows of a lane: filters them and calls the sink.
func (w *worker) flush(ctx context.Context, ln *lane) error {
	if ln.n == 0 {
		return nil
	}
	w.st.rowsScanned += int64(ln.n)
	b := &w.blk
	b.reset(w, ln)
	some, err := w.filter(ctx, b)
	if err != nil {
		return err
	}
	if some {
		if err := w.sink.block(ctx, b); err != nil {
			return err
		}
	}
	ln.slices, ln.runs, ln.n = ln.slices[:0], ln.runs[:0], 0
	ln.multis, ln.versions = ln.multis[:0], ln.versions[:0]
	w.giveBack()
	return nil
}

// fewer is how many times fewer rows must be left for the conjuncts to come to be asked about those alone: only their columns' pages are
// decoded then, where few blocks have any, and only their texts looked at.
const fewer = 4

// filter keeps the rows of a block that the predicate is true for, and reports whether there are any.
func (w *worker) filter(ctx context.Context, b *block) (bool, error) {
	left := w.p.rowPred
	if len(left) == 0 {
		return true, nil
	}
	w.filtered++
	for len(left) > 0 {
		sel := w.ev.get(b.n)
		n, k, err := w.conjuncts(ctx, b, left, sel)
		if err == nil && n > 0 && n < b.n {
			w.idx[0] = kernel.Indices(w.idx[0][:0], sel)
			b.keep(w.idx[0])
			w.idx[0], w.idx[1] = w.idx[1], w.idx[0] // the block refers to it
		}
		w.ev.put(sel)
		if err != nil || n == 0 {
			return false, err
		}
		left = left[k:]
	}
	w.passed++
	return true, nil
}

// conjuncts asks conjuncts, one or more, until few rows are left. It gives the number of these and of the conjuncts.
func (w *worker) conjuncts(ctx context.Context, b *block, left []*node, sel model.Bitmap) (n, k int, err error) {
	if err := w.ev.eval(ctx, b, left[0], sel); err != nil {
		return 0, 0, err
	}
	n = sel.Count(b.n)
	for k = 1; k < len(left) && n*fewer > b.n; k++ {
		more := w.ev.get(b.n)
		err := w.ev.eval(ctx, b, left[k], more)
		kernel.And(sel, more)
		w.ev.put(more)
		if err != nil {
			return 0, 0, err
		}
		n = sel.Count(b.n)
	}
	return n, k, nil
}

// giveBack returns what was lent and no row refers to any more: of the needs that all series to come lie behind, once no lane holds rows.
func (w *worker) giveBack() {
	for _, r := range w.readers {
		if len(r.loans) == 0 || r.loans[0].need >= r.cur {
			continue
		}
		for i := range w.lanes {
			if w.lanes[i].n > 0 {
				return
			}
		}
		r.giveBack(r.cur)
	}
}
