package engine

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// adapt makes rows that were made by an older schema fit s. Both ways into a memtable come through here, the apply stage and the replay
// of the log, with the same rows and the same version: so what is read before a restart is what is read after it.
//
//	column dropped since         its values are left out
//	type changed since           its values are converted, to NULL where the new type cannot hold them
//	column added since           the rows have what rows of before the change have (Column.Fill)
//
// In one memtable with newer rows a column that a write lacks is NULL, which is why the last must be written out. The batch that w points
// to is not changed; w gets another one.
func adapt(s *model.Schema, w *contract.RegionWrite) error {
	if w.SchemaVersion >= s.Version && fitsExactly(s, w) {
		return nil
	}
	rows := &model.Batch{Len: w.Rows.Len}
	ids := make([]model.ColumnID, 0, len(w.Columns))
	for i, id := range w.Columns {
		c := s.Column(id)
		if c == nil {
			if id >= s.NextColumn {
				return errs.New(errs.TableColumnNotFound, "no column %d in schema version %d", id, s.Version)
			}
			continue
		}
		v, err := source.Convert(w.Rows.Cols[i], c.Type)
		if err != nil {
			return err
		}
		ids, rows.Cols = append(ids, id), append(rows.Cols, v)
	}
	if w.Op == model.OpPut {
		for i := range s.Columns {
			c := &s.Columns[i]
			if c.Added > w.SchemaVersion && c.Fill != nil && !slices.Contains(ids, c.ID) {
				ids, rows.Cols = append(ids, c.ID), append(rows.Cols, source.Missing(c, w.Rows.Len))
			}
		}
	}
	w.Columns, w.Rows = ids, rows
	return nil
}

// fitsExactly reports that the columns are the schema's.
func fitsExactly(s *model.Schema, w *contract.RegionWrite) bool {
	for i, id := range w.Columns {
		if c := s.Column(id); c == nil || c.Type != w.Rows.Cols[i].Type {
			return false
		}
	}
	return true
}

// bound refuses a scan that was made by an older schema whose columns are not what they were: its caller would take the wrong columns, or
// values of another type than it planned with.
func bound(s *model.Schema, req *contract.ScanRequest) error {
	if req.Bound == 0 || req.Bound > s.Version {
		return nil
	}
	check := func(id model.ColumnID) error {
		if id.Internal() || id == 0 {
			return nil
		}
		if c := s.Column(id); c == nil {
			return errs.New(errs.RequestOutdated, "column %d of region %s was dropped: bind the statement again", id, req.Region)
		} else if c.Changed >= req.Bound {
			return errs.New(errs.RequestOutdated, "column %s of region %s is %s by now: bind the statement again", c.Name, req.Region, c.Type)
		}
		return nil
	}
	var all func(e *model.Expr) error
	all = func(e *model.Expr) error {
		if e == nil {
			return nil
		}
		for _, a := range e.Args {
			if err := all(a); err != nil {
				return err
			}
		}
		return check(e.Column)
	}
	for _, id := range req.Projection {
		if err := check(id); err != nil {
			return err
		}
	}
	if req.Aggregate != nil {
		for _, k := range req.Aggregate.Keys {
			if err := check(k.Column); err != nil {
				return err
			}
		}
		for _, a := range req.Aggregate.Aggs {
			if err := check(a.Column); err != nil {
				return err
			}
			if err := all(a.Filter); err != nil {
				return err
			}
			read := map[model.ColumnID]bool{}
			a.Arg.Columns(read)
			if a.By != nil {
				a.By.Columns(read)
			}
			for id := range read {
				if err := check(id); err != nil {
					return err
				}
			}
		}
	}
	return all(req.Predicate)
}
