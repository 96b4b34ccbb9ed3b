package scan

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// lazy is a scan that holds its snapshot and begins with the first Next.
type lazy struct {
	ctx    context.Context // of Run
	o      Options
	req    contract.ScanRequest
	fields []model.Field
	st     contract.Stream // nil: not begun
	closed bool
}

// newLazy checks the request.
func newLazy(ctx context.Context, o Options, req contract.ScanRequest) (*lazy, error) {
	p, err := newPlan(&o, &req)
	if err != nil {
		return nil, err
	}
	return &lazy{ctx: ctx, o: o, req: req, fields: p.fields}, nil
}

func (l *lazy) Fields() []model.Field { return l.fields }

func (l *lazy) Next(ctx context.Context) (*model.Batch, error) {
	if l.closed {
		return nil, errs.New(errs.IllegalState, "scan: stream is closed")
	}
	if l.st == nil {
		st, err := Run(l.ctx, l.o, l.req)
		if err != nil {
			l.closed = true // and what it held is released
			return nil, err
		}
		l.st = st
	}
	return l.st.Next(ctx)
}

func (l *lazy) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	if l.st != nil {
		return l.st.Close()
	}
	if l.o.Release != nil {
		l.o.Release()
	}
	return nil
}

func (l *lazy) Stats() contract.ScanStats {
	if l.st == nil {
		return contract.ScanStats{}
	}
	return l.st.Stats()
}
