package mysql

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// run does the statements of a text and answers each in the text or the binary protocol. The first that fails ends the text: its error
// is returned, for the caller to answer after what the statements before it gave.
func (c *conn) run(ctx context.Context, text string, binary bool) error {
	// Fast path: rows to insert go to the engine as they are. They can be megabytes, and nothing about them is ours to say.
	if many := c.caps&wire.MultiResults != 0; many && (startsWith(text, "INSERT") || startsWith(text, "REPLACE")) {
		c.warnings = nil
		return c.engine(ctx, text, binary, false)
	}
	stmts, err := sql.ParseMost(text, sql.MySQL, c.s.opt.MaxInText)
	if err != nil {
		if out, ok := answerByWords(text); ok {
			return c.result(ctx, out, binary, false)
		}
		one := strings.TrimRight(text, "; \t\r\n")
		if startsWith(text, "USE") && !strings.Contains(one, ";") && len(strings.TrimSpace(one)) > len("USE") { // a name with its catalog: USE catalog-schema
			if err := c.useDatabase(ctx, strings.TrimSpace(text)[len("USE"):]); err != nil {
				return err
			}
			return c.ok()
		}
		return err
	}
	if len(stmts) == 0 {
		if strings.Trim(text, "; \t\r\n") == "" {
			return &numbered{errorNumber{1065, "42000"}, "Query was empty"}
		}
		return c.ok() // a comment, such as /*!40101 SET … */
	}
	if len(stmts) > 1 && c.caps&wire.MultiResults == 0 {
		return errs.New(errs.Unsupported, "several statements for a client that takes one result")
	}
	for i, st := range stmts {
		if err := c.statement(ctx, st, binary, i < len(stmts)-1); err != nil {
			return err
		}
	}
	return nil
}

// statement does one statement: here if it can be, else in the engine.
func (c *conn) statement(ctx context.Context, st sql.Statement, binary, more bool) error {
	if show, ok := st.(*sql.Show); !ok || show.Kind != sql.ShowWarnings {
		c.warnings = nil
	}
	start := time.Now()
	text, out, err := c.front(ctx, st)
	switch {
	case err != nil:
		return err
	case out != nil:
		c.s.asked.Add(1)
		if err := c.result(ctx, *out, binary, more); err != nil {
			return err
		}
		c.s.m.Observe(subprotocol(binary), c.sess.Database, start)
		return nil
	case text == "":
		text = st.Source()
	}
	return c.engine(ctx, text, binary, more)
}

// engine has a text done and answers what it gave.
func (c *conn) engine(ctx context.Context, text string, binary, more bool) error {
	start := time.Now()
	c.s.asked.Add(1)
	ctx, done := c.statementContext(ctx)
	defer done()
	if c.sess.Timeout > 0 && readsOnly(text) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.sess.Timeout,
			errs.New(errs.DeadlineExceeded, "Query execution was interrupted, maximum statement execution time exceeded"))
		defer cancel()
	}
	outs, err := c.s.opt.SQL.Execute(ctx, c.sess, text)
	defer c.closeAll(outs)
	for i, out := range outs {
		if err == nil {
			err = c.result(ctx, out, binary, more || i < len(outs)-1)
		}
	}
	if err != nil {
		return reason(ctx, err)
	}
	if len(outs) == 0 {
		err = c.okAffected(0, more)
	}
	c.s.m.Observe(subprotocol(binary), c.sess.Database, start)
	return err
}

// closeAll closes the rows of outputs.
func (c *conn) closeAll(outs []model.Output) {
	for _, out := range outs {
		if out.Rows == nil {
			continue
		}
		if err := out.Rows.Close(); err != nil {
			c.s.opt.Log.Warn("close result", "protocol", "mysql", "connection", c.id, "err", err)
		}
	}
}

// flushAfter is how old rows may get here while a stream is slow to give more.
const flushAfter = 200 * time.Millisecond

// result answers one output. It does not close its rows.
func (c *conn) result(ctx context.Context, out model.Output, binary, more bool) error {
	if out.Rows == nil {
		return c.okAffected(out.Affected, more)
	}
	fields := out.Rows.Fields()
	b, err := out.Rows.Next(ctx) // before anything is sent: most errors show here, and clients cope better with one instead of columns
	if err != nil && err != io.EOF {
		return err
	}
	if len(fields) == 0 {
		return c.okAffected(0, more)
	}
	if err := c.w.End(wire.AppendLenEnc(c.w.Begin(), uint64(len(fields)))); err != nil {
		return err
	}
	if err := c.columns(fields); err != nil {
		return err
	}
	rows := wire.NewRows(fields, c.sess.Timezone)
	flushed := time.Now()
	for err == nil {
		if werr := c.rows(rows, b, binary); werr != nil {
			return werr
		}
		if b, err = out.Rows.Next(ctx); err == nil && time.Since(flushed) > flushAfter {
			if werr := c.w.Flush(); werr != nil {
				return werr
			}
			flushed = time.Now()
		}
	}
	if err != io.EOF {
		return err
	}
	return c.w.End(wire.AppendEOF(c.w.Begin(), c.caps, status(more), uint16(min(len(c.warnings), 0xffff))))
}

// columns sends definitions and, to clients that expect one, what ends them.
func (c *conn) columns(fields []model.Field) error {
	for _, f := range fields {
		if err := c.w.End(wire.AppendColumn(c.w.Begin(), f)); err != nil {
			return err
		}
	}
	if c.caps&wire.DeprecateEOF != 0 {
		return nil
	}
	return c.w.End(wire.AppendEOF(c.w.Begin(), c.caps, wire.StatusAutocommit, 0))
}

// rows sends the rows of a batch.
func (c *conn) rows(rows *wire.Rows, b *model.Batch, binary bool) error {
	if err := rows.Check(b); err != nil && binary {
		return err
	}
	for i := range b.Len {
		var row []byte
		var err error
		if binary {
			row, err = rows.AppendBinary(c.w.Begin(), b, i)
		} else {
			row, err = rows.AppendText(c.w.Begin(), b, i)
		}
		if err != nil {
			return err
		}
		if err := c.w.End(row); err != nil {
			return err
		}
	}
	return nil
}

// startsWith reports whether text begins with a word, whatever its case.
func startsWith(text, word string) bool {
	text = strings.TrimLeft(text, " \t\r\n(")
	return len(text) > len(word) && strings.EqualFold(text[:len(word)], word) && !isWord(text[len(word)])
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

// readsOnly reports whether max_execution_time bounds a text.
func readsOnly(text string) bool {
	for _, w := range []string{"SELECT", "WITH", "TQL", "SHOW", "VALUES"} {
		if startsWith(text, w) {
			return true
		}
	}
	return false
}

// subprotocol is what statements are counted under: those in text, and prepared ones, whose rows are binary.
func subprotocol(binary bool) string {
	if binary {
		return "binquery"
	}
	return "textquery"
}
