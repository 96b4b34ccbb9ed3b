package operator

import (
	"context"
	"io"
	"reflect"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Execute runs the statements of a text; see server.SQL.
func (o *Operator) Execute(ctx context.Context, sess *model.Session, text string) ([]model.Output, error) {
	if err := o.checkDatabase(sess); err != nil {
		return nil, err
	}
	if most := o.opts.MaxStatementBytes; most > 0 && len(text) > most {
		return nil, errs.New(errs.InvalidArguments, "a request of %d bytes is longer than %d (query.max_statement_size)", len(text), most)
	}
	stmts, err := sql.ParseMost(text, dialect(sess), o.opts.MaxStatements)
	if err != nil {
		return nil, err
	}
	outs := make([]model.Output, 0, len(stmts))
	for _, st := range stmts {
		out, err := o.Statement(ctx, sess, st)
		if err != nil {
			for _, done := range outs {
				if done.Rows != nil {
					_ = done.Rows.Close()
				}
			}
			return nil, err
		}
		outs = append(outs, out)
	}
	return outs, nil
}

// checkDatabase refuses a request that names a database that is not there. Connections of the wire protocols were asked when they chose
// theirs, and must be able to leave one that is gone.
func (o *Operator) checkDatabase(sess *model.Session) error {
	if sess.Dialect != model.DialectGreptime || sess.Catalog == model.DefaultCatalog && (sess.Database == informationSchema || sess.Database == pgCatalog) {
		return nil
	}
	if sess.Catalog != model.DefaultCatalog {
		return errs.New(errs.DatabaseNotFound, "Database not found: %s-%s", sess.Catalog, sess.Database)
	}
	_, err := o.catalog.Database(sess.Database)
	return err
}

func dialect(sess *model.Session) sql.Dialect {
	switch sess.Dialect {
	case model.DialectMySQL:
		return sql.MySQL
	case model.DialectPostgres:
		return sql.Postgres
	}
	return sql.Greptime
}

// Statement runs one statement. params are the values of its placeholders. Rows that it gives end with the session's timeout.
func (o *Operator) Statement(ctx context.Context, sess *model.Session, st sql.Statement, params ...model.Value) (model.Output, error) {
	if err := allow(sess, st); err != nil {
		return model.Output{}, err
	}
	r := o.begin(ctx, sess, st)
	streams := false
	defer func() {
		if !streams { // a panic on its way to the connection, which answers it, ends the statement as well
			r.end()
		}
	}()
	out, err := o.statement(r.ctx, sess, st, params)
	if err != nil || out.Rows == nil {
		return out, r.why(err)
	}
	streams = true
	out.Rows = &runningRows{RowStream: out.Rows, r: r}
	return out, nil
}

func (o *Operator) statement(ctx context.Context, sess *model.Session, st sql.Statement, params []model.Value) (out model.Output, err error) {
	switch s := st.(type) {
	case *sql.QueryStmt:
		return o.rows(o.query(ctx, sess, s.Query, params))
	case *sql.Insert:
		out.Affected, err = o.insert(ctx, sess, s, params)
	case *sql.Delete:
		out.Affected, err = o.delete(ctx, sess, s, params)
	case *sql.CopyTable:
		out.Affected, err = o.copyTable(ctx, sess, s, params)
	case *sql.CopyQuery:
		out.Affected, err = o.copyQuery(ctx, sess, s, params)
	case *sql.CopyDatabase:
		out.Affected, err = o.copyDatabase(ctx, sess, s)
	case *sql.CreateDatabase:
		out.Affected, err = 1, o.createDatabase(ctx, s)
	case *sql.AlterDatabase:
		err = o.alterDatabase(ctx, s)
	case *sql.CreateTable:
		err = o.createTable(ctx, sess, s)
	case *sql.CreateView:
		err = o.createView(ctx, sess, s)
	case *sql.CreateTableLike:
		err = o.createTableLike(ctx, sess, s)
	case *sql.Drop:
		err = o.drop(ctx, sess, s)
	case *sql.Truncate:
		err = o.truncate(ctx, sess, s)
	case *sql.AlterTable:
		err = o.alter(ctx, sess, s)
	case *sql.CommentOn:
		err = o.commentOn(ctx, sess, s)
	case *sql.Use:
		err = o.use(sess, s)
	case *sql.Set:
		err = o.set(ctx, sess, s)
	case *sql.Transaction, *sql.SetTransaction: // there are none; clients send these anyway
	case *sql.Show:
		return o.rows(o.show(ctx, sess, s))
	case *sql.ShowCreate:
		return o.rows(o.showCreate(sess, s))
	case *sql.ShowVariable:
		return o.rows(o.showVariable(sess, s))
	case *sql.Describe:
		return o.rows(o.describe(ctx, sess, s))
	case *sql.Explain:
		return o.rows(o.explain(ctx, sess, s, params))
	case *sql.TQL:
		return o.rows(o.tql(ctx, sess, s))
	case *sql.Admin:
		return o.rows(o.admin(ctx, sess, s, params))
	case *sql.Kill:
		out.Affected, err = o.kill(s)
	default:
		err = unsupported(st)
	}
	return out, err
}

// rows makes an output of a stream.
func (o *Operator) rows(r model.RowStream, err error) (model.Output, error) {
	if err != nil {
		return model.Output{}, err
	}
	return model.Output{Rows: r}, nil
}

// unsupported names the statement that nobody does: "COPY TABLE" for *sql.CopyTable.
func unsupported(st sql.Statement) error {
	var words strings.Builder
	for i, r := range reflect.TypeOf(st).Elem().Name() {
		if i > 0 && r >= 'A' && r <= 'Z' {
			words.WriteByte(' ')
		}
		words.WriteRune(r)
	}
	return errs.New(errs.Unsupported, "Not supported: %s", strings.ToUpper(words.String()))
}

func (o *Operator) query(ctx context.Context, sess *model.Session, q *sql.Query, params []model.Value) (model.RowStream, error) {
	if o.opts.Query == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: queries")
	}
	q, err := o.adminValues(ctx, sess, q, false, params)
	if err != nil {
		return nil, err
	}
	return o.opts.Query.Query(ctx, sess, q, params...)
}

// Describe tells the columns of a query without running it, to users who may read. params have the types of its placeholders; their values do not matter.
func (o *Operator) Describe(ctx context.Context, sess *model.Session, q *sql.Query, params []model.Value) ([]model.Field, error) {
	if o.opts.Query == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: queries")
	}
	if !sess.Rights.CanRead() {
		return nil, denied(sess, "read")
	}
	q, err := o.adminValues(ctx, sess, q, true, params)
	if err != nil {
		return nil, err
	}
	return o.opts.Query.Fields(ctx, sess, q, params...)
}

// tableName gives the database and table that a name means in a session. A catalog other than ours is not found.
func tableName(sess *model.Session, n sql.ObjectName) (database, table string, err error) {
	c, database, table := n.Split()
	if table == "" {
		return "", "", errs.New(errs.InvalidSyntax, "expect table name to be <catalog>.<schema>.<table>, <schema>.<table> or <table>, actual: %s", objectText(n))
	}
	if database == "" {
		database = sess.Database
	}
	if c != "" && c != model.DefaultCatalog {
		return "", "", errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", c, database, table)
	}
	return database, table, nil
}

func databaseName(n sql.ObjectName) (string, error) {
	switch {
	case len(n) == 1, len(n) == 2 && n[0].Name == model.DefaultCatalog:
		return n.Base(), nil
	}
	return "", errs.New(errs.InvalidSyntax, "expect database name to be <catalog>.<schema> or <schema>, actual: %s", objectText(n))
}

func objectText(n sql.ObjectName) string {
	parts := make([]string, len(n))
	for i, p := range n {
		parts[i] = p.Name
	}
	return strings.Join(parts, ".")
}

// memoryRows is a small result.
type memoryRows struct {
	fields []model.Field
	batch  *model.Batch // nil after it was given
}

// textRows makes rows of strings; nil is NULL.
func textRows(columns []string, rows ...[]any) *memoryRows {
	m := &memoryRows{fields: make([]model.Field, len(columns))}
	for i, c := range columns {
		m.fields[i] = model.Field{Name: c, Type: model.String}
	}
	m.batch = model.NewBatch(m.fields, len(rows))
	for _, r := range rows {
		for i, v := range m.batch.Cols {
			if s, ok := r[i].(string); ok {
				v.AppendString(s)
			} else {
				v.AppendNull()
			}
		}
		m.batch.Len++
	}
	return m
}

func (m *memoryRows) Fields() []model.Field { return m.fields }

func (m *memoryRows) Next(context.Context) (*model.Batch, error) {
	b := m.batch
	m.batch = nil
	if b == nil || b.Len == 0 {
		return nil, io.EOF
	}
	return b, nil
}

func (m *memoryRows) Close() error { m.batch = nil; return nil }
