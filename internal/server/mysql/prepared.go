package mysql

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// prepared is a statement with holes for parameters. Values are written into the text as literals, so that whatever can be said as text
// can be prepared.
//
//	SELECT * FROM t WHERE a = ? AND b > ?   pieces: "SELECT * FROM t WHERE a = ", " AND b > ", ""
type prepared struct {
	pieces []string // one more than there are parameters
	types  []wire.ParamType
	long   [][]byte // what came as long data for the next execution; nil: nothing
	held   int      // bytes of long
	err    error    // of long data: told when the statement is executed
	cursor *cursor  // of the last execution; nil: none
}

func (p *prepared) params() int { return len(p.pieces) - 1 }

func (p *prepared) forgetLong() { p.long, p.held, p.err = nil, 0, nil }

// maxParams is what the protocol can count.
const maxParams = 1<<16 - 1

// newPrepared cuts a text at its placeholders.
func newPrepared(text string) (*prepared, error) {
	st, err := sql.ParseOne(text, sql.MySQL)
	if err != nil {
		if _, ok := answerByWords(text); ok {
			return &prepared{pieces: []string{text}}, nil
		}
		return nil, err
	}
	var holes []int
	sql.Walk(st, func(x sql.Node) bool {
		if ph, ok := x.(*sql.Placeholder); ok {
			if ph.Named {
				err = errs.New(errs.InvalidSyntax, "parameters of prepared statements are written as ?")
			}
			holes = append(holes, ph.Position())
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(holes) // the tree has some in another order than the text: LIMIT ?, ?
	holes = slices.Compact(holes)
	if len(holes) > maxParams {
		return nil, &numbered{errorNumber{1390, "HY000"}, "Prepared statement contains too many placeholders"}
	}
	p := &prepared{pieces: make([]string, 0, len(holes)+1)}
	from := 0
	for _, at := range holes {
		p.pieces = append(p.pieces, text[from:at])
		from = at + 1
	}
	p.pieces = append(p.pieces, text[from:])
	return p, nil
}

// bind writes literals into the holes.
func (p *prepared) bind(literals []string) string {
	n := 0
	for i, s := range p.pieces {
		n += len(s)
		if i < len(literals) {
			n += len(literals[i])
		}
	}
	b := make([]byte, 0, n)
	for i, s := range p.pieces {
		b = append(b, s...)
		if i < len(literals) {
			b = append(b, literals[i]...)
		}
	}
	return string(b)
}

// literal spells a value as SQL.
func literal(v wire.Param) string {
	switch v.Kind {
	case wire.ParamNull:
		return "NULL"
	case wire.ParamNumber:
		if v.Text[0] == '-' || v.Text[0] == '+' {
			return " " + string(v.Text) // a-? must not become a comment
		}
		return string(v.Text)
	}
	if !utf8.Valid(v.Text) {
		return fmt.Sprintf("X'%x'", v.Text)
	}
	p := sql.Printer{Dialect: sql.MySQL}
	return p.Quote(string(v.Text)).String()
}

// prepare is COM_STMT_PREPARE.
func (c *conn) prepare(ctx context.Context, text string) error {
	c.warnings = nil
	if len(c.stmts) >= c.s.opt.MaxStatements {
		return &numbered{errorNumber{1461, "42000"}, fmt.Sprintf("Prepared statement cache is full, max capacity: %d", c.s.opt.MaxStatements)}
	}
	p, err := newPrepared(text)
	if err != nil {
		return err
	}
	fields := c.describe(ctx, p)
	c.lastStmt++
	c.stmts[c.lastStmt] = p
	c.s.m.Prepared.Inc()
	if err := c.w.End(wire.AppendPrepared(c.w.Begin(), c.lastStmt, uint16(len(fields)), uint16(p.params()), 0)); err != nil {
		return err
	}
	if n := p.params(); n > 0 {
		for range n {
			if err := c.w.End(wire.AppendParam(c.w.Begin())); err != nil {
				return err
			}
		}
		if err := c.columns(nil); err != nil {
			return err
		}
	}
	if len(fields) > 0 {
		return c.columns(fields)
	}
	return nil
}

// describe tells the columns that a prepared query will give; none where nobody knows: clients learn them when they execute.
func (c *conn) describe(ctx context.Context, p *prepared) []model.Field {
	if c.s.opt.Describe == nil || !readsOnly(p.pieces[0]) {
		return nil
	}
	ctx, done := c.statementContext(ctx)
	defer done()
	literals := make([]string, p.params())
	for _, guess := range []string{"NULL", "1", "'1'"} { // LIMIT takes numbers only, some functions text
		for i := range literals {
			literals[i] = guess
		}
		fields, err := c.columnsOf(ctx, p.bind(literals))
		if err == nil && len(fields) <= maxParams {
			return fields
		}
		if len(literals) == 0 {
			break
		}
	}
	return nil
}

// columnsOf are the columns of a text without placeholders.
func (c *conn) columnsOf(ctx context.Context, text string) ([]model.Field, error) {
	st, err := sql.ParseOne(text, sql.MySQL)
	if err != nil {
		return nil, err
	}
	if q, ok := st.(*sql.QueryStmt); ok { // variables stand in it as their values, or it is answered here
		over, out, err := c.query(q)
		if err != nil {
			return nil, err
		}
		if out != nil {
			return out.Rows.Fields(), nil
		}
		if over != "" {
			text = over
		}
	}
	return c.s.opt.Describe(ctx, c.sess, text)
}

// preparedOf finds the statement whose number a body starts with.
func (c *conn) preparedOf(body []byte) (*prepared, error) {
	id, err := wire.ParseID(body)
	if err != nil {
		return nil, errs.New(errs.InvalidArguments, "%s", err)
	}
	if p := c.stmts[id]; p != nil {
		return p, nil
	}
	return nil, &numbered{errorNumber{1243, "HY000"}, fmt.Sprintf("Unknown prepared statement handler (%d) given to EXECUTE", id)}
}

// execute is COM_STMT_EXECUTE. A cursor that the client asks for is opened where the statement is a query.
func (c *conn) execute(ctx context.Context, body []byte) error {
	p, err := c.preparedOf(body)
	if err != nil {
		return err
	}
	defer p.forgetLong()
	p.closeCursor(c)
	if p.err != nil {
		return p.err
	}
	e, err := wire.ParseExecute(body)
	if err != nil {
		return errs.New(errs.InvalidArguments, "execute: %s", err)
	}
	values, types, err := e.Params(p.params(), p.types, p.long)
	if err != nil {
		return errs.New(errs.InvalidArguments, "execute: %s", err)
	}
	p.types = types
	literals := make([]string, len(values))
	for i, v := range values {
		literals[i] = literal(v)
	}
	text := p.bind(literals)
	if e.Flags&cursorReadOnly != 0 && readsOnly(text) {
		return c.openCursor(ctx, p, text)
	}
	return c.run(ctx, text, true)
}

// longData is COM_STMT_SEND_LONG_DATA. It is never answered, so that errors wait for the execution.
func (c *conn) longData(body []byte) {
	d, err := wire.ParseLongData(body)
	if err != nil {
		return
	}
	p := c.stmts[d.Statement]
	switch {
	case p == nil || p.err != nil:
		return
	case int(d.Param) >= p.params():
		p.err = errs.New(errs.InvalidArguments, "long data for parameter %d of a statement with %d", d.Param+1, p.params())
		return
	case p.held+len(d.Data) > c.s.opt.MaxPacket:
		p.forgetLong()
		p.err = &numbered{errorNumber{1153, "08S01"}, "Parameters are bigger than 'max_allowed_packet' bytes"}
		return
	}
	if p.long == nil {
		p.long = make([][]byte, p.params())
	}
	if p.long[d.Param] == nil {
		p.long[d.Param] = []byte{} // something came, if only nothing
	}
	p.long[d.Param] = append(p.long[d.Param], d.Data...)
	p.held += len(d.Data)
}
