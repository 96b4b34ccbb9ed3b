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
	batch, err := b.output(ctx)
	if err != nil {
		return err
	}
	return s.add(ctx, batch, nil, b.runs)
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
	if s.acc == nil {
		s.acc = model.NewBatch(p.fields, p.batch)
		for i, ref := range p.out {
			if ref.isTag() && b.Cols[i].Coded() {
				s.acc.Cols[i] = &model.Vector{Type: b.Cols[i].Type, Dict: b.Cols[i].Dict}
			}
		}
	}
	for i, v := range b.Cols {
		s.acc.Cols[i].AppendVector(v, 0, b.Len)
	}
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
	s.acc.Len += b.Len
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
	select {
	case s.queue <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
