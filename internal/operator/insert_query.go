package operator

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

const (
	// insertHold is about a million rows of seven numbers: most statements that copy rows within the database.
	insertHold = 64 << 20
	// insertPiece is what a longer statement writes at once: fewer syncs of the log than one for each batch of the query.
	insertPiece = 4 << 20
)

// insertQuery writes the rows of a query, cast to the columns by position. Rows are held until the query has ended, so that nothing is
// written if it fails, as long as they fit into Options.InsertHold and the memory of queries. What is longer is written in pieces from
// then on, and an error tells how much of it is there.
func (o *Operator) insertQuery(ctx context.Context, sess *model.Session, t *catalog.Table, cols []*model.Column, q *sql.Query, params []model.Value) (n uint64, err error) {
	r, err := o.castRows(ctx, sess, cols, q, params)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	mem := o.opts.Memory.Lease(insertPiece / 4)
	defer mem.Release()
	rows := newGatheredRows(cols)
	most := o.opts.InsertHold
	for {
		b, err := r.Next(ctx)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return n, afterSome(n, err)
		}
		if !end {
			rows.add(b)
			held := rows.Bytes()
			if room := mem.Reserve(held-mem.Used()) == nil; room && held < most {
				continue
			}
			most = min(most, insertPiece)
		}
		done, err := o.writeColumns(ctx, t, cols, &rows.Batch)
		n += done
		if end || err != nil {
			return n, afterSome(n, err)
		}
		rows = newGatheredRows(cols) // of their size, not of what was held first
		mem.Release()
	}
}

// afterSome says that an error came after rows had been written.
func afterSome(n uint64, err error) error {
	if n == 0 {
		return err
	}
	return errs.Wrap(errs.CodeOf(err), err, "%d rows were written before this", n)
}

// gatheredRows are the rows of several batches, in memory of their own.
type gatheredRows struct{ model.Batch }

func newGatheredRows(cols []*model.Column) *gatheredRows {
	h := &gatheredRows{}
	for _, c := range cols {
		h.Cols = append(h.Cols, model.NewVector(c.Type, 0))
	}
	return h
}

func (h *gatheredRows) add(b *model.Batch) {
	for i, v := range b.Cols {
		h.Cols[i].AppendVector(v, 0, b.Len)
	}
	h.Len += b.Len
}

// castRows are the rows of a query with the types of the columns.
func (o *Operator) castRows(ctx context.Context, sess *model.Session, cols []*model.Column, q *sql.Query, params []model.Value) (model.RowStream, error) {
	r, err := o.query(ctx, sess, q, params)
	if err != nil {
		return nil, err
	}
	fields := r.Fields()
	same := len(fields) == len(cols)
	for i := 0; same && i < len(cols); i++ {
		same = fields[i].Type == cols[i].Type
	}
	if same {
		return r, nil
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	if len(fields) != len(cols) {
		return nil, errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: Column count doesn't match insert query!")
	}
	return o.query(ctx, sess, castQuery(q, cols), params)
}

// castQuery is SELECT CAST(c0 AS …), … FROM (q) AS q(c0, …).
func castQuery(q *sql.Query, cols []*model.Column) *sql.Query {
	alias := &sql.Alias{Name: sql.Ident{Name: "q"}}
	sel := &sql.Select{From: []sql.TableExpr{&sql.Derived{Query: q, Alias: alias}}}
	for i, c := range cols {
		name := sql.Ident{Name: "c" + strconv.Itoa(i)}
		alias.Columns = append(alias.Columns, name)
		sel.Items = append(sel.Items, sql.SelectItem{Alias: name, Expr: &sql.Cast{X: &sql.ColumnRef{Name: sql.ObjectName{name}}, Type: typeName(c.Type)}})
	}
	return &sql.Query{Body: sel}
}
