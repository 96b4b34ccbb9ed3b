package scan

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// defaultBatchRows is the size of output batches: large enough that a batch's fixed cost does not matter, small enough for its columns to
// stay in the processor's cache.
const defaultBatchRows = 8192

// rowSink outputs rows. Small blocks are copied together, large ones go out as they are, sharing the sources' memory.
type rowSink struct {
	sc    *scan
	al    *aligned
	queue chan<- *model.Batch

	acc  *model.Batch // what was copied together, nil: nothing
	runs []run        // of acc
}

func (s *rowSink) begin(ctx context.Context, t *task) error {
	if s.al != t.c.al || s.sc.ordered() { // tags of acc are coded by another dictionary, or go to another queue
		if err := s.send(ctx); err != nil {
			return err
		}
	}
	s.al, s.queue = t.c.al, s.sc.queue(t)
	return nil
}

func (s *rowSink) end(ctx context.Context) error {
	if s.sc.ordered() {
		return s.send(ctx)
	}
	return nil
}

func (s *rowSink) finish(ctx context.Context) error { return s.send(ctx) }

func (s *rowSink) block(ctx context.Context, b *block) error {
	if b.n < s.sc.p.batch/4 {
		s.room(b.n)
		for i, ref := range s.sc.p.out {
			if err := b.appendTo(ctx, s.acc.Cols[i], ref); err != nil {
				return err
			}
		}
		return s.added(ctx, b.n, b.runs)
	}
	batch, err := b.output(ctx)
	if err != nil {
		return err
	}
	return s.add(ctx, batch, nil, b.runs)
}

// room makes the batch that rows are copied to, where there is none; n rows come first.
func (s *rowSink) room(n int) {
	if s.acc != nil {
		return
	}
	p := s.sc.p
	n = min(4*n, p.batch/2+p.batch/4) // it is sent when half full, by less than another fourth
	s.acc = &model.Batch{Cols: make([]*model.Vector, len(p.out))}
	for i, ref := range p.out {
		if t := p.fields[i].Type; ref.isTag() && t.Class() == model.ClassBytes {
			s.acc.Cols[i] = &model.Vector{Type: t, Dict: s.al.Dicts[ref.tag()], Codes: make([]uint32, 0, n)}
		} else {
			s.acc.Cols[i] = model.NewVector(t, n)
		}
	}
}

// add outputs a batch, now or copied together with what follows.
func (s *rowSink) add(ctx context.Context, b *model.Batch, _ []int64, runs []run) error {
	p := s.sc.p
	if b.Len >= p.batch/4 {
		if err := s.send(ctx); err != nil {
			return err
		}
		return s.put(ctx, b, runs)
	}
	s.room(b.Len)
	for i, v := range b.Cols {
		s.acc.Cols[i].AppendVector(v, 0, b.Len)
	}
	return s.added(ctx, b.Len, runs)
}

// added takes note of n rows that were copied to acc.
func (s *rowSink) added(ctx context.Context, n int, runs []run) error {
	p := s.sc.p
	if p.order == contract.OrderSeries {
		at := int32(s.acc.Len)
		for _, r := range runs {
			if n := len(s.runs); n > 0 && s.runs[n-1].g == r.g {
				s.runs[n-1].end = at + r.end
			} else {
				s.runs = append(s.runs, run{r.g, at + r.start, at + r.end})
			}
		}
	}
	s.acc.Len += n
	if s.acc.Len >= p.batch/2 {
		return s.send(ctx)
	}
	return nil
}

// send outputs what was copied together.
func (s *rowSink) send(ctx context.Context) error {
	if s.acc == nil {
		return nil
	}
	b, runs := s.acc, s.runs
	s.acc, s.runs = nil, s.runs[:0]
	return s.put(ctx, b, runs)
}

func (s *rowSink) put(ctx context.Context, b *model.Batch, runs []run) error {
	if s.sc.p.order == contract.OrderSeries {
		b.Series = make([]model.SeriesRun, len(runs))
		for i, r := range runs {
			b.Series[i] = model.SeriesRun{Ordinal: uint64(r.g), Start: int(r.start), End: int(r.end)}
		}
	}
	return s.sc.send(ctx, s.queue, b)
}
