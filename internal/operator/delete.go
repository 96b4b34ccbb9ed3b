package operator

import (
	"context"
	"errors"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query"
)

// manyKeys is the number of rows from which on a condition is recorded rather than a tombstone for each key: below, a few rows in the
// memtable cost less than a condition that every file has to be rewritten for.
const manyKeys = 8192

// deleteFrom removes the rows of a table for which the statement's condition is true. Rows of append tables have no key: there the
// condition goes to the regions. Elsewhere rows get tombstones, unless they are many and tags and time tell which.
func (o *Operator) deleteFrom(ctx context.Context, sess *model.Session, t *catalog.Table, s *sql.Delete, params []model.Value) (n uint64, err error) {
	if o.opts.Query == nil {
		return 0, errs.New(errs.Unsupported, "Not supported: DELETE")
	}
	cond, err := o.opts.Query.Condition(ctx, sess, s.Table, s.Where, params...)
	if err != nil {
		return 0, err
	}
	if t.Region.Merge == contract.MergeAppend {
		if !cond.Whole {
			return 0, errs.New(errs.Unsupported, "Not supported: DELETE from append table %s by a condition that is more than comparisons of columns with constants: %s", t.FullName(), sql.Format(s.Where))
		}
		return o.deleteWhere(ctx, t, cond)
	}
	batches, whole, err := o.keysToDelete(ctx, sess, t, s, params, cond.Whole && keysOnly(cond.Schema, cond.Predicate))
	if err != nil {
		return 0, err
	}
	if !whole {
		return o.deleteWhere(ctx, t, cond)
	}
	defer func() { err = errors.Join(err, batches.Close()) }()
	w := contract.RegionWrite{SchemaVersion: t.Schema.Version, Op: model.OpDelete}
	for _, c := range append(t.Schema.Tags(), t.Schema.Time()) {
		w.Columns = append(w.Columns, c.ID)
	}
	for {
		b, err := batches.Next(ctx)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		w.Rows = b
		writes, err := route(t, w)
		if err != nil {
			return n, err
		}
		done, err := o.regions.Write(ctx, contract.WriteRequest{Writes: writes})
		n += done
		if err != nil {
			return n, err
		}
	}
}

// deleteWhere hands a condition to all regions of a table.
func (o *Operator) deleteWhere(ctx context.Context, t *catalog.Table, c query.Condition) (n uint64, err error) {
	if c.Times.Empty() {
		return 0, nil
	}
	for _, id := range candidates(t, c) {
		done, err := o.regions.DeleteWhere(ctx, contract.DeleteRequest{Region: id, SchemaVersion: c.Schema.Version, TimeRange: c.Times, Predicate: c.Predicate, Count: true})
		n += done
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// candidates are the regions that may hold rows of which the condition is true.
func candidates(t *catalog.Table, c query.Condition) []model.RegionID {
	if t.Partition == nil {
		return t.Regions
	}
	var out []model.RegionID
	for _, i := range t.Partition.Candidates(c.Predicate) {
		out = append(out, t.Regions[i])
	}
	return out
}

// keysOnly reports that a predicate reads tags and the time index alone.
func keysOnly(s *model.Schema, e *model.Expr) bool {
	if e == nil {
		return true
	}
	for _, a := range e.Args {
		if !keysOnly(s, a) {
			return false
		}
	}
	if e.Op < model.OpEq {
		return true
	}
	c := s.Column(e.Column)
	return c != nil && c.Semantic != model.FieldColumn
}

// keysToDelete are the keys of the rows, which a scan of a snapshot gives: tombstones do not disturb it. bounded: at most manyKeys of them,
// else whole is false and there is nothing to close.
func (o *Operator) keysToDelete(ctx context.Context, sess *model.Session, t *catalog.Table, s *sql.Delete, params []model.Value, bounded bool) (keys model.RowStream, whole bool, err error) {
	r, err := o.query(ctx, sess, keysQuery(t, s), params)
	if err != nil || !bounded {
		return r, true, err
	}
	held := &heldRows{RowStream: r}
	rows := 0
	for {
		b, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return held, true, nil
		}
		if err != nil {
			return nil, false, errors.Join(err, r.Close())
		}
		if rows += b.Len; rows > manyKeys {
			return nil, false, r.Close()
		}
		c := &model.Batch{Len: b.Len}
		for _, v := range b.Cols {
			n := model.NewVector(v.Type, b.Len)
			n.AppendVector(v, 0, b.Len)
			c.Cols = append(c.Cols, n)
		}
		held.batches = append(held.batches, c)
	}
}

// heldRows are rows that were read already.
type heldRows struct {
	model.RowStream
	batches []*model.Batch
}

// Next implements model.RowStream.
func (h *heldRows) Next(context.Context) (*model.Batch, error) {
	if len(h.batches) == 0 {
		return nil, io.EOF
	}
	b := h.batches[0]
	h.batches = h.batches[1:]
	return b, nil
}
