package scan

import (
	"context"
	"errors"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// stream hands out what the workers put into the queues: one queue after another where series are ordered.
type stream struct {
	sc     *scan
	cur    int   // queue
	left   int64 // rows until the limit, if there is one
	closed bool
}

// Fields describe the columns of every batch.
func (s *stream) Fields() []model.Field { return s.sc.p.fields }

// Next gives the next batch.
func (s *stream) Next(ctx context.Context) (*model.Batch, error) {
	if s.closed {
		return nil, errs.New(errs.IllegalState, "scan: stream is closed")
	}
	if s.sc.p.limit > 0 && s.left == 0 {
		s.sc.cancel()
		<-s.sc.done
		return nil, io.EOF
	}
	b, err := s.next(ctx)
	if err != nil {
		if err != io.EOF && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
			err = errs.Wrap(errs.CodeOf(err), err, "scan")
		}
		return nil, err
	}
	if s.sc.p.limit > 0 {
		if int64(b.Len) > s.left {
			b = cutBatch(b, int(s.left))
		}
		s.left -= int64(b.Len)
	}
	s.sc.st.rowsOut.Add(int64(b.Len))
	return b, nil
}

func (s *stream) next(ctx context.Context) (*model.Batch, error) {
	if s.sc.inline != nil {
		s.sc.runInline(ctx)
	}
	if len(s.sc.ready) > 0 {
		b := s.sc.ready[0]
		s.sc.ready[0] = nil
		s.sc.ready = s.sc.ready[1:]
		return b, nil
	}
	for s.cur < len(s.sc.queues) {
		q := s.sc.queues[s.cur]
		select {
		case b, ok := <-q:
			if ok {
				return b, nil
			}
			s.cur++
			<-s.sc.window
			continue
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.sc.done:
		}
		// All workers have ended: what they left behind is all there is.
		select {
		case b, ok := <-q:
			if ok {
				return b, nil
			}
			s.cur++
		default:
			s.cur = len(s.sc.queues)
		}
	}
	<-s.sc.done
	if err := s.sc.failed(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

// cutBatch is the first n rows.
func cutBatch(b *model.Batch, n int) *model.Batch {
	out := b.Slice(0, n)
	for _, r := range b.Series {
		if r.Start >= n {
			break
		}
		r.End = min(r.End, n)
		out.Series = append(out.Series, r)
	}
	return out
}

// Close ends the scan and waits for its goroutines.
func (s *stream) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.sc.cancel()
	<-s.sc.done
	s.sc.mem.Release()
	if s.sc.release != nil {
		s.sc.release()
	}
	return nil
}

// Stats tells what the scan did so far.
func (s *stream) Stats() contract.ScanStats { return s.sc.st.snapshot() }
