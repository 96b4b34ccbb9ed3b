package postgres

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// result is what a statement gave.
type result struct {
	rows model.RowStream // nil: none; whoever has the result closes them
	tag  string          // with %d for the number of rows, or complete
	// params are told to the client after the result: variables that it follows.
	params []pgproto3.ParameterStatus
}

func (r *result) close(c *conn) {
	if r == nil || r.rows == nil {
		return
	}
	if err := r.rows.Close(); err != nil {
		c.s.opt.Log.Warn("close result", "protocol", "postgres", "connection", c.id, "err", err)
	}
	r.rows = nil
}

// finish is the tag for n rows.
func (r *result) finish(n uint64) string {
	return strings.Replace(r.tag, "%d", strconv.FormatUint(n, 10), 1)
}

// simple does the statements of a text, each answered by its rows, and then says that it is ready. The first that fails ends the text.
func (c *conn) simple(ctx context.Context, text string) error {
	c.closeStatement("")
	c.closePortal("")
	stmts, err := sql.ParseMost(text, sql.Postgres, c.s.opt.MaxInText)
	if err != nil {
		c.fail(err, text)
		return c.ready()
	}
	if len(stmts) == 0 {
		c.w.send(&pgproto3.EmptyQueryResponse{})
		return c.ready()
	}
	for _, st := range stmts {
		if err := c.statement(ctx, st); err != nil {
			if c.w.err != nil {
				return c.w.err
			}
			c.fail(err, text)
			break
		}
	}
	if c.tx == txIdle {
		c.closePortals()
	}
	return c.ready()
}

// statement does one statement and sends what it gives.
func (c *conn) statement(ctx context.Context, st sql.Statement) error {
	start := time.Now()
	run, done := c.running(ctx)
	defer done()
	res, err := c.do(run, st, nil)
	if err != nil {
		return reason(run, err)
	}
	defer res.close(c)
	if res.rows != nil {
		// Before anything is sent: most errors show with the first rows, and clients cope better with one instead of columns.
		p := &portal{res: res, stmt: &prepared{st: st}}
		if err := p.ahead(run); err != nil {
			return reason(run, err)
		}
		c.w.send(rowDescription(p.fields, nil, catalogTypes(st, p.fields)))
		if _, err := c.send(run, p, nil, 0); err != nil {
			return reason(run, err)
		}
		c.complete(res, p.sent)
	} else {
		c.complete(res, 0)
	}
	c.s.m.Observe("simple", c.sess.Database, start)
	return c.w.err
}

// complete ends a result.
func (c *conn) complete(res *result, n uint64) {
	c.tell()
	for i := range res.params {
		c.w.send(&res.params[i])
	}
	c.w.send(&pgproto3.CommandComplete{CommandTag: []byte(res.finish(n))})
}

// rowDescription tells the columns of a result; as are the types that catalogTypes gives.
func rowDescription(fields []model.Field, formats []int16, as []uint32) *pgproto3.RowDescription {
	d := &pgproto3.RowDescription{Fields: make([]pgproto3.FieldDescription, len(fields))}
	for i, f := range fields {
		oid, size, modifier := wire.TypeOf(f.Type)
		if as != nil && as[i] != 0 {
			oid, size = as[i], wire.SizeOf(as[i])
		}
		d.Fields[i] = pgproto3.FieldDescription{Name: []byte(f.Name), DataTypeOID: oid, DataTypeSize: size, TypeModifier: modifier,
			Format: wire.FormatOf(formats, i)}
	}
	return d
}

// flushAfter is how old rows may get here while a stream is slow to give more.
const flushAfter = 200 * time.Millisecond

// send sends rows of a portal, at most limit of them if limit is not 0; more tells that there may be others.
func (c *conn) send(ctx context.Context, p *portal, formats []int16, limit uint32) (more bool, err error) {
	if p.out == nil {
		have := p.res.rows.Fields()
		p.out = wire.NewRows(len(have), formats, c.textStyle())
		if p.told != nil {
			if len(p.told) != len(have) { // the table changed since the statement was described
				return false, state("0A000", "cached plan must not change result type")
			}
			p.out.Announce(p.told, have)
		}
		p.out.System(catalogTypes(p.stmt.st, have))
	}
	left := uint64(limit)
	flushed := time.Now()
	for !p.done {
		if err := p.ahead(ctx); err != nil {
			return false, err
		}
		if p.done {
			break
		}
		n := p.batch.Len - p.at
		if limit > 0 {
			n = min(n, int(left))
		}
		for i := p.at; i < p.at+n; i++ {
			c.w.buf = p.out.AppendDataRow(c.w.buf, p.batch, i)
			if len(c.w.buf) >= flushAt {
				if err := c.w.flush(); err != nil {
					return false, err
				}
				flushed = time.Now()
			}
		}
		if err := p.out.Err(); err != nil {
			return false, err
		}
		p.at += n
		p.sent += uint64(n)
		left -= uint64(n)
		if limit > 0 && left == 0 {
			return p.at < p.batch.Len || p.ahead(ctx) == nil && !p.done, nil
		}
		if time.Since(flushed) > flushAfter {
			if err := c.w.flush(); err != nil {
				return false, err
			}
			flushed = time.Now()
		}
	}
	return false, nil
}

// ahead makes sure that there is a batch with rows that were not sent, or that the portal is done.
func (p *portal) ahead(ctx context.Context) error {
	if p.fields == nil {
		p.fields = p.res.rows.Fields()
		if p.fields == nil {
			p.fields = []model.Field{}
		}
	}
	if p.done || p.batch != nil && p.at < p.batch.Len {
		return nil
	}
	b, err := p.res.rows.Next(ctx)
	if err == io.EOF {
		p.done, p.batch = true, nil
		return nil
	}
	if err != nil {
		return err
	}
	p.batch, p.at = b, 0
	return nil
}

// do does one statement: here if it is about the session, else in the engine.
func (c *conn) do(ctx context.Context, st sql.Statement, params []model.Value) (*result, error) {
	if c.tx == txFailed && !endsTransaction(st) {
		return nil, state("25P02", "current transaction is aborted, commands ignored until end of transaction block")
	}
	if res, err := c.front(ctx, st, params); res != nil || err != nil {
		return res, err
	}
	if err := c.adapt(ctx, st); err != nil {
		return nil, err
	}
	out, err := c.s.opt.SQL.Statement(ctx, c.sess, st, params...)
	if err != nil {
		return nil, err
	}
	res := &result{rows: out.Rows, tag: tagOf(st)}
	if out.Rows == nil {
		res.tag = res.finish(out.Affected)
	}
	return res, nil
}

// tagOf is what PostgreSQL calls a statement that was done; %d stands for the number of rows.
func tagOf(st sql.Statement) string {
	switch s := st.(type) {
	case *sql.Insert:
		return "INSERT 0 %d"
	case *sql.Delete:
		return "DELETE %d"
	case *sql.CopyTable, *sql.CopyQuery, *sql.CopyDatabase:
		return "COPY %d"
	case *sql.CreateDatabase:
		return "CREATE DATABASE"
	case *sql.CreateTable, *sql.CreateTableLike:
		return "CREATE TABLE"
	case *sql.CreateView:
		return "CREATE VIEW"
	case *sql.CreateFlow:
		return "CREATE FLOW"
	case *sql.AlterTable:
		return "ALTER TABLE"
	case *sql.AlterDatabase:
		return "ALTER DATABASE"
	case *sql.Drop:
		return "DROP " + s.Kind.String()
	case *sql.Truncate:
		return "TRUNCATE TABLE"
	case *sql.CommentOn:
		return "COMMENT"
	case *sql.Use:
		return "USE"
	case *sql.Kill:
		return "KILL %d"
	case *sql.Show, *sql.ShowCreate, *sql.ShowVariable, *sql.Describe:
		return "SHOW"
	case *sql.Explain:
		return "EXPLAIN"
	case *sql.Set:
		return "SET"
	}
	return "SELECT %d"
}
