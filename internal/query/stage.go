package query

import (
	"context"
	"errors"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/relational"
	"github.com/goptimedb/goptimedb/internal/query/render"
	"github.com/goptimedb/goptimedb/internal/query/rule"
)

// stager asks the parts of a plan whose answers make conditions for the rest, between rule.Spread and rule.Reduce:
//
//	stage_value.go   sub-queries that stand for one value: ts > (SELECT max(ts) FROM …) becomes a comparison with a constant
//	stage_join.go    the smaller side of a join: its keys go into the scans of the other side
//
// What has been read of a part is kept, and stands in the plan in its place.
type stager struct {
	r *runner
	q *plan.Query
	// dry: nothing is read; EXPLAIN shows what would be.
	dry  bool
	size map[model.RegionID]*contract.RegionStatistics // of the regions asked about so far; nil: not known
}

// stage does that to the query, and applies the rules before and after.
func (r *runner) stage(ctx context.Context, q *plan.Query, dry bool) error {
	if err := rule.Spread(q); err != nil {
		return err
	}
	s := &stager{r: r, q: q, dry: dry, size: map[model.RegionID]*contract.RegionStatistics{}}
	if err := s.stage(ctx); err != nil {
		return err
	}
	return rule.Reduce(q)
}

func (s *stager) stage(ctx context.Context) error {
	if !s.dry {
		if err := s.values(ctx); err != nil {
			return err
		}
	}
	root, err := s.joins(ctx, s.q.Root)
	s.q.Root = root
	return err
}

// part stages a part of the plan, and makes it ready to run. It is a copy: the plan itself stays as it is.
func (s *stager) part(ctx context.Context, n plan.Node) (*plan.Query, error) {
	q := s.q.Part(plan.Clone(n))
	in := *s
	in.q = q
	if err := in.stage(ctx); err != nil {
		return nil, err
	}
	if err := rule.Reduce(q); err != nil {
		return nil, err
	}
	s.q.First = append(s.q.First, q.First...)
	return q, nil
}

// read runs a part and gives all its rows; nil where there are more than maxRows or they are too large.
func (s *stager) read(ctx context.Context, q *plan.Query, maxRows int, maxBytes int64) (*model.Batch, error) {
	rows, err := s.r.run(ctx, q)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := model.NewBatch(rows.Fields(), 0)
	held := int64(0)
	for {
		b, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			s.r.mem.GiveBack(held)
			return nil, err
		}
		for i, c := range b.Cols {
			all.Cols[i].AppendVector(c, 0, b.Len)
		}
		all.Len += b.Len
		size := all.Bytes()
		if all.Len > maxRows || size > maxBytes || s.r.mem.Reserve(size-held) != nil {
			s.r.mem.GiveBack(held)
			return nil, nil
		}
		held = max(held, size)
	}
}

// kept is rows that are there, as a scan of the plan.
func kept(name string, cols []plan.Column, rows *model.Batch) *plan.Scan {
	sc := &plan.Scan{Out: cols, Rows: int64(rows.Len), Table: &plan.Table{Name: name, Schema: &model.Schema{}}}
	sc.Request.TimeRange = model.AllTime
	for i, c := range cols {
		id := model.ColumnID(i + 1)
		sc.Source = append(sc.Source, id)
		sc.Table.Schema.Columns = append(sc.Table.Schema.Columns, model.Column{ID: id, Name: c.Name, Type: c.Type, Nullable: true})
	}
	var fields []model.Field
	for _, c := range sc.Table.Schema.Columns {
		fields = append(fields, model.Field{Name: c.Name, Type: c.Type, ID: c.ID})
	}
	held := &model.Batch{Cols: rows.Cols[:len(cols)], Len: rows.Len}
	sc.Table.Rows = func(context.Context, *model.Session) (model.RowStream, error) {
		return &memoryRows{fields: fields, rows: held}, nil
	}
	return sc
}

// constant computes an expression without columns.
func (e *Engine) constant(ctx context.Context, x plan.Expr) (model.Value, error) {
	text, err := render.Expr(x)
	if err != nil {
		return model.Value{}, err
	}
	_, b, err := e.db.All(ctx, relational.Statement{SQL: "SELECT " + text, Types: []model.Type{x.Type()}})
	if err != nil {
		return model.Value{}, err
	}
	if b.Len != 1 {
		return model.Value{}, errs.New(errs.Internal, "an expression gave %d rows", b.Len)
	}
	return b.Cols[0].At(0), nil
}
