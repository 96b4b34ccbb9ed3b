package postgres

import (
	"context"
	"io"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// front does statements that are about the session or the connection. It gives nil for others.
func (c *conn) front(ctx context.Context, st sql.Statement, params []model.Value) (*result, error) {
	switch st := st.(type) {
	case *sql.Transaction:
		return c.transaction(st)
	case *sql.SetTransaction:
		return &result{tag: "SET"}, nil
	case *sql.Set:
		return c.set(ctx, st)
	case *sql.Reset:
		return c.reset(ctx, st)
	case *sql.Discard:
		return c.discard(ctx, st)
	case *sql.ShowVariable:
		return c.showVariable(st)
	case *sql.Show:
		switch st.Kind {
		case sql.ShowSearchPath:
			return c.showOne("search_path")
		case sql.ShowVariables:
			return c.showAll(st), nil
		}
	case *sql.Prepare:
		return c.prepareNamed(ctx, st)
	case *sql.Execute:
		return c.executeNamed(ctx, st)
	case *sql.Deallocate:
		return c.deallocate(st)
	case *sql.DeclareCursor:
		return c.declare(ctx, st, params)
	case *sql.FetchCursor:
		return c.fetch(st)
	case *sql.CloseCursor:
		if st.Name.Name == "" {
			for name := range c.cursors {
				c.closeCursor(name)
			}
			return &result{tag: "CLOSE CURSOR ALL"}, nil
		}
		if c.cursors[st.Name.Name] == nil {
			return nil, unknownCursor(st.Name.Name)
		}
		c.closeCursor(st.Name.Name)
		return &result{tag: "CLOSE CURSOR"}, nil
	case *sql.CopyStream:
		if st.From {
			return c.copyIn(ctx, st)
		}
		return c.copyOutTable(ctx, st)
	case *sql.CopyQuery:
		if st.Stdout {
			return c.copyOut(ctx, st.Body, st.With)
		}
	}
	return nil, nil
}

// transaction changes what the client is told of its transaction. There is none: every statement stands on its own.
func (c *conn) transaction(st *sql.Transaction) (*result, error) {
	switch st.Kind {
	case sql.Begin:
		if c.tx == txOpen {
			c.notice("25001", "there is already a transaction in progress")
		}
		c.tx = txOpen
		if !c.warned {
			c.warned = true
			c.notice("01000", "Please note transaction is not supported in "+c.s.opt.Product+".")
		}
		return &result{tag: "BEGIN"}, nil
	case sql.Savepoint, sql.ReleaseSavepoint, sql.RollbackTo:
		if c.tx == txIdle {
			return nil, state("25P01", "savepoints can only be used in transaction blocks")
		}
		if st.Kind == sql.RollbackTo {
			c.tx = txOpen
		}
		return &result{tag: map[sql.TransactionKind]string{sql.Savepoint: "SAVEPOINT", sql.ReleaseSavepoint: "RELEASE", sql.RollbackTo: "ROLLBACK"}[st.Kind]}, nil
	}
	tag := "COMMIT"
	if st.Kind == sql.Rollback || c.tx == txFailed {
		tag = "ROLLBACK"
	}
	if c.tx == txIdle {
		c.notice("25P01", "there is no transaction in progress")
	}
	c.tx = txIdle
	return &result{tag: tag}, nil
}

func (c *conn) discard(ctx context.Context, st *sql.Discard) (*result, error) {
	switch st.What {
	case "unlisten":
		return &result{tag: "UNLISTEN"}, nil
	case "all":
		for name := range c.cursors {
			c.closeCursor(name)
		}
		c.s.m.Prepared.Sub(float64(len(c.named)))
		clear(c.named)
		if _, err := c.reset(ctx, &sql.Reset{Name: "all"}); err != nil {
			return nil, err
		}
		return &result{tag: "DISCARD ALL"}, nil
	case "plans", "sequences", "temp", "temporary":
		return &result{tag: "DISCARD " + map[string]string{"plans": "PLANS", "sequences": "SEQUENCES", "temp": "TEMP", "temporary": "TEMP"}[st.What]}, nil
	}
	return nil, state("42601", "DISCARD %s is not known", st.What)
}

// prepareNamed is PREPARE name AS statement. The statement's text is kept.
func (c *conn) prepareNamed(ctx context.Context, st *sql.Prepare) (*result, error) {
	if c.named[st.Name.Name] != nil {
		return nil, state("42P05", "prepared statement %q already exists", st.Name.Name)
	}
	if len(c.named) >= c.s.opt.MaxStatements {
		return nil, state("53400", "more than %d prepared statements", c.s.opt.MaxStatements)
	}
	text := st.Text
	if st.Body != nil {
		text = st.Body.Source()
	}
	oids := make([]uint32, len(st.Types))
	for i, t := range st.Types {
		oids[i] = castOID(t)
	}
	p, err := c.newPrepared(ctx, text, oids)
	if err != nil {
		return nil, err
	}
	switch p.st.(type) {
	case nil, *sql.Prepare, *sql.Execute, *sql.Deallocate, *sql.Transaction, *sql.CopyStream:
		return nil, state("42601", "such a statement cannot be prepared")
	}
	c.named[st.Name.Name] = p
	c.s.m.Prepared.Inc()
	return &result{tag: "PREPARE"}, nil
}

// executeNamed is EXECUTE name(…). Arguments are constants.
func (c *conn) executeNamed(ctx context.Context, st *sql.Execute) (*result, error) {
	p := c.named[st.Name.Name]
	if p == nil {
		return nil, unknownStatement(st.Name.Name)
	}
	if len(st.Args) != len(p.oids) {
		return nil, state("42601", "wrong number of parameters for prepared statement %q: %d expected, %d given", st.Name.Name, len(p.oids), len(st.Args))
	}
	params := make([]wire.Param, len(st.Args))
	for i, a := range st.Args {
		if cast, ok := a.(*sql.Cast); ok {
			a = cast.X
		}
		var raw []byte
		switch x := a.(type) {
		case *sql.Literal:
			if x.Kind == sql.LitBytes {
				params[i] = wire.Param{Value: model.Value{Type: model.Binary, Bytes: x.Text}}
				continue
			}
			if x.Kind != sql.LitNull {
				raw = []byte(x.Text)
			}
		case *sql.TypedLit:
			raw = []byte(x.Text)
		default:
			return nil, state("0A000", "arguments of EXECUTE are constants, not %s", sql.FormatFor(a, sql.Postgres))
		}
		v, err := wire.ParseParam(p.oids[i], wire.Text, raw, c.sess.Timezone)
		if err != nil {
			return nil, err
		}
		params[i] = v
	}
	inner, values, err := c.bound(p, params)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, inner, values)
}

func (c *conn) deallocate(st *sql.Deallocate) (*result, error) {
	if st.Name.Name == "" {
		c.s.m.Prepared.Sub(float64(len(c.named) + len(c.stmts)))
		clear(c.named)
		clear(c.stmts)
		return &result{tag: "DEALLOCATE ALL"}, nil
	}
	if c.named[st.Name.Name] == nil {
		if c.stmts[st.Name.Name] == nil { // those of the protocol and of SQL have the same names
			return nil, unknownStatement(st.Name.Name)
		}
		c.closeStatement(st.Name.Name)
		return &result{tag: "DEALLOCATE"}, nil
	}
	delete(c.named, st.Name.Name)
	c.s.m.Prepared.Dec()
	return &result{tag: "DEALLOCATE"}, nil
}

func unknownCursor(name string) error { return state("34000", "Cursor %s is not found", name) }

// declare starts a cursor's query. It lives until it is closed, in a transaction or not.
func (c *conn) declare(ctx context.Context, st *sql.DeclareCursor, params []model.Value) (*result, error) {
	if c.cursors[st.Name.Name] != nil {
		return nil, state("42P03", "A cursor named %s already exists", st.Name.Name)
	}
	if len(c.cursors) >= c.s.opt.MaxStatements {
		return nil, state("53400", "more than %d cursors", c.s.opt.MaxStatements)
	}
	run, cancel := context.WithCancelCause(context.WithoutCancel(ctx)) // of the connection: it ends the statement's context
	stop := context.AfterFunc(c.s.conns.Context(), func() { cancel(errTerminated) })
	q := &portal{stmt: &prepared{text: st.Source(), st: st}, ctx: run, cancel: func(err error) { stop(); cancel(err) }}
	done := c.watch(cancel, false)
	res, err := c.do(run, st.Body, params)
	done()
	if err != nil {
		err = reason(run, err)
		q.cancel(nil)
		return nil, err
	}
	q.res = res
	if res.rows == nil {
		q.close(c)
		return nil, state("42P11", "Expect select query in cursor statement")
	}
	q.fields = res.rows.Fields()
	c.cursors[st.Name.Name] = q
	return &result{tag: "DECLARE CURSOR"}, nil
}

func (c *conn) closeCursor(name string) {
	if q := c.cursors[name]; q != nil {
		q.close(c)
		delete(c.cursors, name)
	}
}

// fetch gives rows of a cursor.
func (c *conn) fetch(st *sql.FetchCursor) (*result, error) {
	q := c.cursors[st.Name.Name]
	if q == nil {
		return nil, unknownCursor(st.Name.Name)
	}
	f := &fetched{c: c, q: q, left: st.Count}
	if st.All {
		f.left = 1<<64 - 1
	}
	return &result{rows: f, tag: "FETCH %d"}, nil
}

// fetched is the next rows of a cursor, as a stream of their own. Closing it leaves the cursor open.
type fetched struct {
	c    *conn
	q    *portal
	left uint64
}

func (f *fetched) Fields() []model.Field { return f.q.fields }

func (f *fetched) Next(context.Context) (*model.Batch, error) {
	if f.left == 0 {
		return nil, io.EOF
	}
	done := f.c.watch(f.q.cancel, false)
	err := f.q.ahead(f.q.ctx)
	done()
	if err != nil {
		return nil, reason(f.q.ctx, err)
	}
	if f.q.done {
		return nil, io.EOF
	}
	n := f.q.batch.Len - f.q.at
	if uint64(n) > f.left {
		n = int(f.left)
	}
	b := f.q.batch.Slice(f.q.at, f.q.at+n)
	f.q.at += n
	f.left -= uint64(n)
	return b, nil
}

func (f *fetched) Close() error { return nil }

// frontFields are the columns of a statement that front does; ok is false for others.
func (c *conn) frontFields(ctx context.Context, st sql.Statement) (f []model.Field, ok bool, err error) {
	switch st := st.(type) {
	case *sql.Transaction, *sql.SetTransaction, *sql.Set, *sql.Reset, *sql.Discard, *sql.Prepare, *sql.Deallocate, *sql.DeclareCursor,
		*sql.CloseCursor, *sql.CopyStream, *sql.CopyQuery:
		return nil, true, nil
	case *sql.ShowVariable:
		return []model.Field{{Name: showName(st.Name), Type: model.String}}, true, nil
	case *sql.Show:
		if st.Kind == sql.ShowSearchPath {
			return []model.Field{{Name: "search_path", Type: model.String}}, true, nil
		}
	case *sql.FetchCursor:
		q := c.cursors[st.Name.Name]
		if q == nil {
			return nil, true, unknownCursor(st.Name.Name)
		}
		return q.fields, true, nil
	case *sql.Execute:
		p := c.named[st.Name.Name]
		if p == nil {
			return nil, true, unknownStatement(st.Name.Name)
		}
		f, err := c.fieldsOf(ctx, p)
		return f, true, err
	}
	return nil, false, nil
}

// table is a small result of strings made here. It is its own stream.
type table struct {
	fields []model.Field
	batch  *model.Batch
}

func newTable(columns ...string) *table {
	t := &table{fields: make([]model.Field, len(columns))}
	for i, name := range columns {
		t.fields[i] = model.Field{Name: name, Type: model.String}
	}
	t.batch = model.NewBatch(t.fields, 1)
	return t
}

func (t *table) row(values ...string) {
	for i, v := range values {
		t.batch.Cols[i].AppendString(v)
	}
	t.batch.Len++
}

// Fields implements model.RowStream.
func (t *table) Fields() []model.Field { return t.fields }

// Next implements model.RowStream.
func (t *table) Next(context.Context) (*model.Batch, error) {
	b := t.batch
	t.batch = nil
	if b == nil || b.Len == 0 {
		return nil, io.EOF
	}
	return b, nil
}

// Close implements model.RowStream.
func (t *table) Close() error { return nil }
