package mysql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// command runs one command and answers it. An error ends the connection.
func (c *conn) command(ctx context.Context, cmd wire.Command, body []byte) error {
	if cmd == wire.ComQuit {
		return errQuit
	}
	if err := c.stillThere(ctx, cmd); err != nil {
		return err
	}
	err := c.do(ctx, cmd, body)
	if ctx.Err() != nil {
		return context.Cause(ctx) // the client is gone, or the server ends
	}
	if err != nil {
		return c.answer(err) // fails, too, if err is that of a lost connection
	}
	return nil
}

// stillThere looks up what the user may do by now. A user who was taken away since the login is told so, and the connection ends.
func (c *conn) stillThere(ctx context.Context, cmd wire.Command) error {
	if c.s.opt.Auth == nil || cmd == wire.ComChangeUser { // which logs in again
		return nil
	}
	rights, err := c.s.opt.Auth.Rights(ctx, c.sess.User)
	if err != nil {
		if cmd != wire.ComStmtSendLongData && cmd != wire.ComStmtClose { // never answered
			c.answer(err)
		}
		return err
	}
	c.sess.Rights = rights
	return nil
}

// do runs a command. It answers a success itself; an error is for the caller to answer.
func (c *conn) do(ctx context.Context, cmd wire.Command, body []byte) error {
	switch cmd {
	case wire.ComQuery:
		return c.run(ctx, plainIntroducers(string(body)), false)
	case wire.ComStmtPrepare:
		return c.prepare(ctx, plainIntroducers(string(body)))
	case wire.ComStmtExecute:
		return c.execute(ctx, body)
	case wire.ComStmtSendLongData:
		c.longData(body)
		return nil // never answered
	case wire.ComStmtClose:
		if id, err := wire.ParseID(body); err == nil && c.stmts[id] != nil {
			c.stmts[id].closeCursor(c)
			delete(c.stmts, id)
			c.s.m.Prepared.Dec()
		}
		return nil // never answered
	case wire.ComStmtReset:
		p, err := c.preparedOf(body)
		if err != nil {
			return err
		}
		p.forgetLong()
		p.closeCursor(c)
		return c.ok()
	case wire.ComInitDB:
		if err := c.useDatabase(ctx, string(body)); err != nil {
			return err
		}
		return c.ok()
	case wire.ComPing, wire.ComRefresh:
		return c.ok()
	case wire.ComResetConnection:
		c.resetSession()
		return c.ok()
	case wire.ComChangeUser:
		return c.changeUser(ctx, body)
	case wire.ComFieldList, wire.ComDebug, wire.ComSetOption:
		return c.w.End(wire.AppendEOF(c.w.Begin(), c.caps, wire.StatusAutocommit, 0))
	case wire.ComStatistics:
		up := time.Since(c.s.start).Truncate(time.Second) / time.Second
		return c.w.End(fmt.Appendf(c.w.Begin(), "Uptime: %d  Threads: %d  Questions: %d", up, c.s.conns.Len(), c.s.asked.Load()))
	case wire.ComProcessInfo:
		return c.run(ctx, "SHOW PROCESSLIST", false)
	case wire.ComProcessKill:
		id, err := wire.ParseID(body)
		if err != nil {
			return errs.New(errs.InvalidArguments, "kill: %s", err)
		}
		victim := c.s.find(id)
		if victim == nil {
			return &numbered{errorNumber{1094, "HY000"}, fmt.Sprintf("Unknown thread id: %d", id)}
		}
		if err := c.mayKill(victim); err != nil {
			return err
		}
		victim.kill(false)
		return c.ok()
	case wire.ComStmtFetch:
		return c.fetch(body)
	}
	return &numbered{errorNumber{1047, "08S01"}, fmt.Sprintf("Unknown command 0x%02x", byte(cmd))}
}

func (c *conn) ok() error { return c.okAffected(0, false) }

func (c *conn) okAffected(n uint64, more bool) error {
	return c.w.End(wire.AppendOK(c.w.Begin(), 0, n, status(more), uint16(min(len(c.warnings), 0xffff))))
}

func status(more bool) wire.Status {
	if more {
		return wire.StatusAutocommit | wire.StatusMoreResults
	}
	return wire.StatusAutocommit
}

// useDatabase turns the session to a database written as [catalog-]schema.
func (c *conn) useDatabase(ctx context.Context, name string) error {
	name = strings.Trim(strings.TrimSpace(name), "`; ")
	if catalog, schema, ok := strings.Cut(name, "-"); ok && catalog == c.sess.Catalog && schema != "" {
		name = schema
	}
	p := sql.Printer{Dialect: sql.MySQL}
	p.Text("USE ").Ident(sql.Ident{Name: name, Quoted: true})
	outs, err := c.s.opt.SQL.Execute(ctx, c.sess, p.String())
	c.closeAll(outs)
	if errs.Is(err, errs.DatabaseNotFound) || errs.Is(err, errs.InvalidArguments) { // USE has nothing else to be wrong
		return errs.New(errs.DatabaseNotFound, "Unknown database '%s'", name)
	}
	return err
}

// changeUser is a login on a connection that had one.
func (c *conn) changeUser(ctx context.Context, body []byte) error {
	l, err := wire.ParseChangeUser(body, c.caps)
	if err != nil {
		return errs.New(errs.InvalidArguments, "change user: %s", err)
	}
	c.sess.User, c.sess.Catalog, c.sess.Database = "", "greptime", "public"
	c.resetSession()
	if err := c.enter(ctx, l); err != nil { // answered; the connection is nobody's now
		c.w.Flush()
		c.raw.Close()
		return nil
	}
	return c.ok()
}
