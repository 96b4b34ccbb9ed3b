package metric

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// DeleteWhere implements contract.RegionServer.
func (s *Server) DeleteWhere(ctx context.Context, req contract.DeleteRequest) (uint64, error) {
	l := s.logical(req.Region)
	if l == nil {
		return s.inner.DeleteWhere(ctx, req)
	}
	if req.SchemaVersion > l.schema.Version {
		return 0, errs.New(errs.RequestOutdated, "logical region %s has schema version %d, the deletion was made for %d", l.id, l.schema.Version, req.SchemaVersion)
	}
	scan, err := l.request(contract.ScanRequest{Predicate: req.Predicate})
	if err != nil {
		return 0, err
	}
	req.Region, req.Predicate, req.SchemaVersion = l.data, scan.Predicate, s.snap.Load().data[l.data].schema.Version
	return s.inner.DeleteWhere(ctx, req)
}

// Retire removes the rows of numbers that no logical region has any more, or ever will, from a data region: one log entry, which compaction
// makes real. It may be done again.
func (s *Server) Retire(ctx context.Context, data model.RegionID, numbers ...uint32) error {
	in := &model.Expr{Op: model.OpIn, Column: colTable}
	for _, n := range numbers {
		in.Values = append(in.Values, model.IntValue(model.Uint32, int64(n)))
	}
	m, err := s.inner.Meta(ctx, data)
	if err != nil {
		return err
	}
	_, err = s.inner.DeleteWhere(ctx, contract.DeleteRequest{Region: data, SchemaVersion: m.Schema.Version, TimeRange: model.AllTime, Predicate: in})
	return err
}
