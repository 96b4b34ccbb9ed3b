package metric

import (
	"context"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Scan implements contract.RegionServer: a scan of a logical region is one of its data region, narrowed to its number, which leads the key.
func (s *Server) Scan(ctx context.Context, req contract.ScanRequest) (contract.Stream, error) {
	l := s.logical(req.Region)
	if l == nil {
		return s.inner.Scan(ctx, req)
	}
	req, err := l.request(req)
	if err != nil {
		return nil, err
	}
	st, err := s.inner.Scan(ctx, req)
	if err != nil {
		return nil, err
	}
	return &stream{Stream: st, fields: l.fields(st.Fields(), req.Aggregate)}, nil
}

// request is what a scan of the logical region asks of the data region.
func (l *logical) request(req contract.ScanRequest) (contract.ScanRequest, error) {
	var err error
	column := func(id model.ColumnID) model.ColumnID {
		to, ok := l.columns[id]
		if !ok && err == nil {
			err = errs.New(errs.TableColumnNotFound, "logical region %s has no column %d", l.id, id)
		}
		return to
	}
	req.Region = l.data
	req.Bound = 0 // of the logical region's schema, of which nothing is ever dropped or given another type
	if req.Projection != nil {
		p := make([]model.ColumnID, len(req.Projection))
		for i, id := range req.Projection {
			p[i] = column(id)
		}
		req.Projection = p
	}
	if a := req.Aggregate; a != nil {
		to := &model.Aggregate{Keys: make([]model.GroupKey, len(a.Keys)), Aggs: make([]model.Agg, len(a.Aggs)), Partial: a.Partial, Slots: a.Slots}
		predicate := func(e *model.Expr) *model.Expr { return translate(e, column) }
		for i, k := range a.Keys {
			to.Keys[i] = k
			to.Keys[i].Column = column(k.Column)
		}
		for i, g := range a.Aggs {
			to.Aggs[i] = g
			if g.Func != model.AggCountRows && g.Arg == nil {
				to.Aggs[i].Column = column(g.Column)
			}
			to.Aggs[i].Arg = g.Arg.Map(column, predicate)
			if g.By != nil {
				by := model.Operand{Arg: g.By.Arg.Map(column, predicate)}
				if by.Arg == nil {
					by.Column = column(g.By.Column)
				}
				to.Aggs[i].By = &by
			}
			to.Aggs[i].Filter = predicate(g.Filter)
		}
		req.Aggregate = to
	}
	req.Predicate = model.And(l.only, translate(req.Predicate, column))
	return req, err
}

// translate is a copy of e over other columns.
func translate(e *model.Expr, column func(model.ColumnID) model.ColumnID) *model.Expr {
	if e == nil {
		return nil
	}
	to := *e
	if len(e.Args) > 0 {
		to.Args = make([]*model.Expr, len(e.Args))
		for i, a := range e.Args {
			to.Args[i] = translate(a, column)
		}
	} else if e.Column != 0 {
		to.Column = column(e.Column)
	}
	return &to
}

// fields gives the data region's fields the logical region's names; a is the data region's aggregate, or nil.
func (l *logical) fields(of []model.Field, a *model.Aggregate) []model.Field {
	out := make([]model.Field, len(of))
	for i, f := range of {
		if c := l.names[f.ID]; c != nil && f.ID != 0 {
			f.Name, f.ID = c.Name, c.ID
		}
		out[i] = f
	}
	if a == nil {
		return out
	}
	at := 0
	rename := func(id model.ColumnID, width int) {
		for ; width > 0 && at < len(out); width-- {
			if c := l.names[id]; c != nil {
				out[at].Name = strings.Replace(out[at].Name, dataName(id), c.Name, 1)
			}
			at++
		}
	}
	for _, k := range a.Keys {
		rename(k.Column, 1)
	}
	for _, g := range a.Aggs {
		rename(g.Column, g.Width())
	}
	return out
}

// stream is a data region's stream under other names.
type stream struct {
	contract.Stream
	fields []model.Field
}

// Fields implements contract.Stream.
func (s *stream) Fields() []model.Field { return s.fields }
