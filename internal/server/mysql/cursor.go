package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// cursorReadOnly is the flag of COM_STMT_EXECUTE by which clients ask for a cursor.
const cursorReadOnly = 1

// maxCursors is how many cursors of one connection may be open: each holds a query that runs.
const maxCursors = 64

// cursor is a query whose rows COM_STMT_FETCH takes. It runs until it is closed, executed again, or read to its end.
type cursor struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	out    []model.Output
	rows   *wire.Rows
	batch  *model.Batch // with rows from at on that were not sent; nil: none was read
	at     int
	done   bool // the last row was sent
}

// openCursor executes a query and answers with its columns alone.
func (c *conn) openCursor(ctx context.Context, p *prepared, text string) error {
	open := 0
	for _, other := range c.stmts {
		if other.cursor != nil {
			open++
		}
	}
	if open >= maxCursors {
		return errs.New(errs.RuntimeResourcesExhausted, "more than %d open cursors", maxCursors)
	}
	start := time.Now()
	c.warnings = nil
	c.s.asked.Add(1)
	run, cancel := context.WithCancelCause(ctx)
	defer c.watch(cancel)()
	cur := &cursor{ctx: run, cancel: cancel}
	var err error
	if cur.out, err = c.outputs(run, text); err == nil && (len(cur.out) != 1 || cur.out[0].Rows == nil) {
		err = errs.New(errs.Unsupported, "a cursor needs a query")
	}
	if err != nil {
		err = reason(run, err)
		cur.close(c)
		return err
	}
	fields := cur.out[0].Rows.Fields()
	cur.rows = wire.NewRows(fields, c.sess.Timezone)
	p.cursor = cur
	if err := c.w.End(wire.AppendLenEnc(c.w.Begin(), uint64(len(fields)))); err != nil {
		return err
	}
	for _, f := range fields {
		if err := c.w.End(wire.AppendColumn(c.w.Begin(), f)); err != nil {
			return err
		}
	}
	c.s.m.Observe(subprotocol(true), c.sess.Database, start)
	return c.w.End(wire.AppendEOF(c.w.Begin(), c.caps, wire.StatusAutocommit|wire.StatusCursorExists, 0))
}

// outputs does a text of one statement, here if it can be, else in the engine.
func (c *conn) outputs(ctx context.Context, text string) ([]model.Output, error) {
	st, err := sql.ParseOne(text, sql.MySQL)
	if err != nil {
		return nil, err
	}
	over, out, err := c.front(ctx, st)
	switch {
	case err != nil:
		return nil, err
	case out != nil:
		return []model.Output{*out}, nil
	case over != "":
		text = over
	}
	return c.s.opt.SQL.Execute(ctx, c.sess, text)
}

// fetch is COM_STMT_FETCH.
func (c *conn) fetch(body []byte) error {
	p, err := c.preparedOf(body)
	if err != nil {
		return err
	}
	n, err := wire.ParseID(body[4:])
	if err != nil {
		return errs.New(errs.InvalidArguments, "fetch: %s", err)
	}
	cur := p.cursor
	if cur == nil {
		return &numbered{errorNumber{1421, "HY000"}, fmt.Sprintf("The statement (%d) has no open cursor.", c.idOf(p))}
	}
	defer c.watch(cur.cancel)()
	for left := int(min(n, 1<<31-1)); left > 0 && !cur.done; {
		if err := cur.ahead(); err != nil {
			err = reason(cur.ctx, err)
			p.closeCursor(c)
			return err
		}
		if cur.done {
			break
		}
		k := min(left, cur.batch.Len-cur.at)
		if err := c.rows(cur.rows, cur.batch.Slice(cur.at, cur.at+k), true); err != nil {
			return err
		}
		cur.at += k
		left -= k
	}
	// A client that has the last row is told so at once, and need not ask once more.
	if err := cur.ahead(); err != nil {
		err = reason(cur.ctx, err)
		p.closeCursor(c)
		return err
	}
	status := wire.StatusAutocommit | wire.StatusCursorExists
	if cur.done {
		status = wire.StatusAutocommit | wire.StatusLastRowSent
		p.closeCursor(c)
	}
	return c.w.End(wire.AppendEOF(c.w.Begin(), c.caps, status, 0))
}

// idOf is the number of a statement.
func (c *conn) idOf(p *prepared) uint32 {
	for id, q := range c.stmts {
		if q == p {
			return id
		}
	}
	return 0
}

// ahead makes sure that there are rows to send, or that the cursor is done.
func (cur *cursor) ahead() error {
	for !cur.done && (cur.batch == nil || cur.at == cur.batch.Len) {
		b, err := cur.out[0].Rows.Next(cur.ctx)
		switch {
		case errors.Is(err, io.EOF):
			cur.done, cur.batch = true, nil
		case err != nil:
			return err
		default:
			cur.batch, cur.at = b, 0
		}
	}
	return nil
}

func (cur *cursor) close(c *conn) {
	c.closeAll(cur.out)
	cur.cancel(nil)
}

func (p *prepared) closeCursor(c *conn) {
	if p.cursor != nil {
		p.cursor.close(c)
		p.cursor = nil
	}
}
