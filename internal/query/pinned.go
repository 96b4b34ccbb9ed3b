package query

import (
	"context"
	"errors"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/relational"
)

// pins are the scans of a relational statement, with the snapshots of their regions taken before the first of them is read: the statement
// sees all of its tables as they were at once, and does not fail for a schema that changes while it runs. Whichever the relational half
// opens is handed to it; the others are closed with the statement.
type pins struct {
	mu     sync.Mutex
	held   map[*plan.Scan]scanSource // not handed out yet
	closed bool
}

// pin takes the snapshots of scans. A single region needs none taken: its first batch is read before rows are given out.
func (r *runner) pin(ctx context.Context, nodes []plan.Node) (*pins, error) {
	p := &pins{held: map[*plan.Scan]scanSource{}}
	regions := 0
	for _, n := range nodes {
		if s, ok := n.(*plan.Scan); ok && s.Table.Rows == nil {
			regions += len(s.Table.Regions)
		}
	}
	if regions < 2 {
		return p, nil
	}
	for _, n := range nodes {
		s, ok := n.(*plan.Scan)
		if !ok || s.Table.Rows != nil || p.held[s] != nil {
			continue
		}
		cols := make([]int, len(s.Out))
		for i := range cols {
			cols[i] = i
		}
		st := r.open(ctx, s, cols)
		p.held[s] = st
		if err := st.pin(ctx); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

// source makes a relational source use the snapshot of its scan, the first time that it is opened.
func (p *pins) source(n plan.Node, src relational.Source) relational.Source {
	s, ok := n.(*plan.Scan)
	if !ok || p.held[s] == nil {
		return src
	}
	open := src.Open
	src.Open = func(ctx context.Context, cols []int) (relational.Stream, error) {
		p.mu.Lock()
		st := p.held[s]
		delete(p.held, s)
		closed := p.closed
		p.mu.Unlock()
		switch {
		case closed:
			return nil, errs.New(errs.Cancelled, "rows are closed")
		case st == nil:
			return open(ctx, cols)
		case len(s.Out) == 0:
			return &countStream{st}, nil
		}
		return &pickedSource{rowSource: st, cols: cols}, nil
	}
	return src
}

func (p *pins) close() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for s, st := range p.held {
		err = errors.Join(err, st.Close())
		delete(p.held, s)
	}
	return err
}

// pickedSource is some columns of a source.
type pickedSource struct {
	rowSource
	cols []int
	out  model.Batch
}

func (p *pickedSource) Next(ctx context.Context) (*model.Batch, error) {
	b, err := p.rowSource.Next(ctx)
	if err != nil {
		return nil, err
	}
	p.out.Len, p.out.Cols = b.Len, p.out.Cols[:0]
	for _, c := range p.cols {
		p.out.Cols = append(p.out.Cols, b.Cols[c])
	}
	return &p.out, nil
}
