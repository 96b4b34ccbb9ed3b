package operator

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// copyQuery writes the rows of a query into a file.
func (o *Operator) copyQuery(ctx context.Context, sess *model.Session, s *sql.CopyQuery, params []model.Value) (n uint64, err error) {
	if s.Stdout {
		return 0, errs.New(errs.Unsupported, "Not supported: COPY … TO STDOUT on this protocol; name a location")
	}
	opts, err := readCopyOptions(sess, s.With, false)
	if err != nil {
		return 0, err
	}
	if opts.ranged() {
		return 0, errs.New(errs.InvalidArguments, "start_time and end_time are for tables; put a condition into the query")
	}
	loc, err := o.opts.Places.Open(ctx, s.Location, connection(s.Connection))
	if err != nil {
		return 0, err
	}
	defer loc.Close()
	if loc.IsDir() {
		return 0, errs.New(errs.InvalidArguments, "location '%s' of a query must name a file", loc)
	}
	p := o.startCopy("to", "COPY (query) TO %s", loc)
	defer func() { p.end(err) }()
	out, err := o.statement(ctx, sess, s.Body, params)
	if err != nil {
		return 0, err
	}
	return o.export(ctx, p, out.Rows, loc, loc.Path(), opts.files)
}

// copyAsQuery is the query that exports what has no rows of its own, such as a view; nil for other statements.
func (o *Operator) copyAsQuery(sess *model.Session, s *sql.CopyTable) (*sql.CopyQuery, error) {
	database, name, err := tableName(sess, s.Table)
	if err != nil || s.From {
		return nil, err
	}
	if !systemDatabase(database) && o.catalog.View(database, name) == nil {
		return nil, nil
	}
	rows := &sql.Select{Items: []sql.SelectItem{{Expr: &sql.Star{}}}, From: []sql.TableExpr{&sql.TableRef{Name: s.Table}}}
	return &sql.CopyQuery{Stmt: s.Stmt, Body: &sql.QueryStmt{Stmt: s.Stmt, Query: &sql.Query{Body: rows}}, Location: s.Location, With: s.With, Connection: s.Connection}, nil
}
