package query

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/goptimedb/goptimedb/internal/model"
)

// parallelStream is the rows of several regions, read at once. Every reader has one batch out at a time and goes on when that has been
// used, so what is held is a batch a reader, and what the scans hold themselves.
//
//	reader 1: region 0, region 2 …  ─┐
//	                                 ├─ batches ─ Next
//	reader 2: region 1, region 3 …  ─┘      ◄──── used, when Next is called again
type parallelStream struct {
	ctx     context.Context // of the readers
	cancel  context.CancelFunc
	readers []*regionReader
	wg      sync.WaitGroup

	batches chan regionBatch // closed when all readers have ended
	closing chan struct{}    // closed by Close: batches given out are used no more
	started bool
	first   *regionBatch // received by start
	used    chan<- struct{}
	err     error // sticky
}

type regionBatch struct {
	b    *model.Batch
	err  error
	used chan<- struct{}
}

// regionReader reads some of the regions, one after the other.
type regionReader struct {
	rows scanStream
	used chan struct{}
}

// newParallelStream deals the regions of s out to n readers, which start with the first call of start or Next.
func newParallelStream(ctx context.Context, s scanStream, n int) *parallelStream {
	p := &parallelStream{batches: make(chan regionBatch), closing: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(ctx)
	for i := range n {
		r := &regionReader{rows: s, used: make(chan struct{}, 1)}
		r.rows.regions = nil
		for at := i; at < len(s.regions); at += n {
			r.rows.regions = append(r.rows.regions, s.regions[at])
		}
		p.readers = append(p.readers, r)
	}
	return p
}

func (p *parallelStream) run() {
	p.started = true
	for _, r := range p.readers {
		p.wg.Add(1)
		go func() {
			defer p.wg.Done()
			r.read(p)
		}()
	}
	go func() { // waited for by Close, which reads batches to their end
		p.wg.Wait()
		close(p.batches)
	}()
}

func (r *regionReader) read(p *parallelStream) {
	send := func(b *model.Batch, err error) bool {
		select {
		case p.batches <- regionBatch{b, err, r.used}:
			return true
		case <-p.ctx.Done():
			return false
		}
	}
	defer func() {
		if err := r.rows.Close(); err != nil {
			send(nil, err)
		}
	}()
	for {
		b, err := r.rows.Next(p.ctx)
		if err == io.EOF {
			return
		}
		if !send(b, err) || err != nil {
			return
		}
		select {
		case <-r.used: // not the end of ctx: closing the scan would pull the batch from under its user
		case <-p.closing:
			return
		}
	}
}

// pin implements scanSource.
func (p *parallelStream) pin(context.Context) error {
	for _, r := range p.readers {
		if err := r.rows.pin(p.ctx); err != nil {
			p.err = err
			return err
		}
	}
	return nil
}

func (p *parallelStream) start(ctx context.Context) error {
	rb, err := p.receive(ctx)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	p.first = rb
	return nil
}

func (p *parallelStream) receive(ctx context.Context) (*regionBatch, error) {
	if p.err != nil {
		return nil, p.err
	}
	if !p.started {
		if err := p.pin(ctx); err != nil {
			return nil, err
		}
		p.run()
	}
	select {
	case rb, ok := <-p.batches:
		switch {
		case ok && rb.err == nil:
			return &rb, nil
		case ok:
			p.err = rb.err
		case p.ctx.Err() != nil: // readers end without a word when their context does
			p.err = context.Cause(p.ctx)
		default:
			p.err = io.EOF
		}
	case <-ctx.Done():
		p.err = context.Cause(ctx)
	}
	return nil, p.err
}

// Next implements relational.Stream.
func (p *parallelStream) Next(ctx context.Context) (*model.Batch, error) {
	rb := p.first
	if p.first = nil; rb == nil {
		if p.used != nil {
			p.used <- struct{}{} // has room: its reader waits for it
			p.used = nil
		}
		var err error
		if rb, err = p.receive(ctx); err != nil {
			return nil, err
		}
	}
	p.used = rb.used
	return rb.b, nil
}

// Close implements relational.Stream. It waits for the readers.
func (p *parallelStream) Close() error {
	p.cancel()
	close(p.closing)
	if !p.started {
		var err error
		for _, r := range p.readers {
			err = errors.Join(err, r.rows.Close())
		}
		return err
	}
	for rb := range p.batches {
		if rb.err != nil && p.err == nil && !errors.Is(rb.err, context.Canceled) {
			p.err = rb.err
		}
	}
	if p.err == nil || p.err == io.EOF {
		p.err = io.EOF
		return nil
	}
	return p.err
}
