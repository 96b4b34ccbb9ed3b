package postgres

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// prepared is a statement that was parsed.
type prepared struct {
	text string
	st   sql.Statement // nil: the text was empty. It is read only: what has to change it parses the text again.
	oids []uint32      // of the parameters
	told []model.Field // columns that Describe announced; nil: none
}

// portal is a statement that runs, or will when it is executed.
type portal struct {
	stmt    *prepared
	params  []wire.Param
	formats []int16

	res    *result // nil before the first Execute
	ctx    context.Context
	cancel context.CancelCauseFunc
	fields []model.Field
	told   []model.Field // columns that were announced; nil: none, or as they are
	out    *wire.Rows
	batch  *model.Batch
	at     int // rows of batch that were sent
	sent   uint64
	done   bool
}

// maxParams is what the protocol can count.
const maxParams = 1<<16 - 1

// newPrepared parses a text of one statement; oids are the client's types of parameters, 0 where it leaves them to us.
func (c *conn) newPrepared(ctx context.Context, text string, oids []uint32) (*prepared, error) {
	stmts, err := sql.Parse(text, sql.Postgres)
	if err != nil {
		return nil, err
	}
	p := &prepared{text: text}
	switch len(stmts) {
	case 0:
		return p, nil
	case 1:
	default:
		return nil, state("42601", "cannot insert multiple commands into a prepared statement")
	}
	p.st = stmts[0]
	if prep, ok := p.st.(*sql.Prepare); ok && prep.Body != nil {
		return p, nil // parameters are the inner statement's
	}
	n := len(oids)
	sql.Walk(p.st, func(x sql.Node) bool {
		if ph, ok := x.(*sql.Placeholder); ok {
			n = max(n, ph.Index)
		}
		return true
	})
	if n > maxParams {
		return nil, state("54023", "a statement has %d parameters, more than %d", n, maxParams)
	}
	p.oids = make([]uint32, n)
	copy(p.oids, oids)
	if slices.Contains(p.oids, 0) {
		c.infer(ctx, p)
	}
	return p, nil
}

// parse is the message Parse.
func (c *conn) parse(ctx context.Context, m *pgproto3.Parse) error {
	if m.Name != "" && c.stmts[m.Name] != nil {
		return state("42P05", "prepared statement %q already exists", m.Name)
	}
	if len(c.stmts) >= c.s.opt.MaxStatements {
		return state("53400", "more than %d prepared statements", c.s.opt.MaxStatements)
	}
	p, err := c.newPrepared(ctx, m.Query, m.ParameterOIDs)
	if err != nil {
		return err
	}
	if c.tx == txFailed && p.st != nil && !endsTransaction(p.st) {
		return state("25P02", "current transaction is aborted, commands ignored until end of transaction block")
	}
	c.closeStatement(m.Name)
	c.stmts[m.Name] = p
	c.s.m.Prepared.Inc()
	return c.w.send(&pgproto3.ParseComplete{})
}

func (c *conn) closeStatement(name string) {
	if c.stmts[name] != nil {
		delete(c.stmts, name)
		c.s.m.Prepared.Dec()
	}
}

func unknownStatement(name string) error {
	if name == "" {
		return state("26000", "unnamed prepared statement does not exist")
	}
	return state("26000", "prepared statement %q does not exist", name)
}

func unknownPortal(name string) error { return state("34000", "portal %q does not exist", name) }

// portal finds a portal; a cursor of DECLARE is one too.
func (c *conn) portal(name string) *portal {
	if q := c.portals[name]; q != nil {
		return q
	}
	return c.cursors[name]
}

// bind is the message Bind.
func (c *conn) bind(_ context.Context, m *pgproto3.Bind) error {
	p := c.stmts[m.PreparedStatement]
	if p == nil {
		return unknownStatement(m.PreparedStatement)
	}
	if m.DestinationPortal != "" && c.portals[m.DestinationPortal] != nil {
		return state("42P03", "portal %q already exists", m.DestinationPortal)
	}
	if len(m.Parameters) != len(p.oids) {
		return state("08P01", "bind message supplies %d parameters, but prepared statement %q requires %d", len(m.Parameters), m.PreparedStatement, len(p.oids))
	}
	if n := len(m.ParameterFormatCodes); n > 1 && n != len(m.Parameters) {
		return state("08P01", "bind message has %d parameter formats but %d parameters", n, len(m.Parameters))
	}
	if len(c.portals) >= c.s.opt.MaxStatements {
		return state("53400", "more than %d portals", c.s.opt.MaxStatements)
	}
	for _, f := range slices.Concat(m.ParameterFormatCodes, m.ResultFormatCodes) {
		if f != wire.Text && f != wire.Binary {
			return state("22023", "unsupported format code: %d", f)
		}
	}
	q := &portal{stmt: p, told: p.told, formats: slices.Clone(m.ResultFormatCodes), params: make([]wire.Param, len(m.Parameters))}
	for i, raw := range m.Parameters {
		v, err := wire.ParseParam(p.oids[i], wire.FormatOf(m.ParameterFormatCodes, i), raw, c.sess.Timezone)
		if err != nil {
			return err
		}
		q.params[i] = v
	}
	c.closePortal(m.DestinationPortal)
	c.portals[m.DestinationPortal] = q
	return c.w.send(&pgproto3.BindComplete{})
}

// describe is the message Describe. The text is the statement's, for the place of an error.
func (c *conn) describe(ctx context.Context, m *pgproto3.Describe) (string, error) {
	if m.ObjectType == 'S' {
		p := c.stmts[m.Name]
		if p == nil {
			return "", unknownStatement(m.Name)
		}
		fields, err := c.fieldsOf(ctx, p)
		if err != nil {
			return p.text, err
		}
		p.told = fields
		c.w.send(&pgproto3.ParameterDescription{ParameterOIDs: p.oids})
		return p.text, c.describeFields(p.st, fields, nil)
	}
	q := c.portal(m.Name)
	if q == nil {
		return "", unknownPortal(m.Name)
	}
	if q.fields == nil && q.res == nil && q.stmt.st != nil && runToDescribe(q.stmt.st) {
		if err := c.start(ctx, q); err != nil { // its rows are kept for Execute
			return q.stmt.text, err
		}
		if q.res.rows != nil {
			q.fields = q.res.rows.Fields()
			q.told = q.fields
		}
	} else if q.fields == nil {
		var err error
		if q.fields, err = c.fieldsOf(ctx, q.stmt); err != nil {
			return q.stmt.text, err
		}
		q.told = q.fields
	}
	return q.stmt.text, c.describeFields(q.stmt.st, q.fields, q.formats)
}

func (c *conn) describeFields(st sql.Statement, fields []model.Field, formats []int16) error {
	if len(fields) == 0 {
		return c.w.send(&pgproto3.NoData{})
	}
	return c.w.send(rowDescription(fields, formats, catalogTypes(st, fields)))
}

// runToDescribe tells statements whose columns are known only when they run, and which change nothing.
func runToDescribe(st sql.Statement) bool {
	switch s := st.(type) {
	case *sql.Show, *sql.ShowCreate, *sql.Describe, *sql.TQL, *sql.Admin:
		return true
	case *sql.Explain:
		return true
	case *sql.QueryStmt:
		return false
	default:
		_ = s
	}
	return false
}

// fieldsOf are the columns that a statement will give; none where it gives no rows.
func (c *conn) fieldsOf(ctx context.Context, p *prepared) ([]model.Field, error) {
	st := p.st
	if st == nil {
		return nil, nil
	}
	if f, ok, err := c.frontFields(ctx, st); ok || err != nil {
		return f, err
	}
	run, done := c.running(ctx)
	defer done()
	if a, ok := st.(*sql.Admin); ok { // it does something: only Execute may
		return c.adminFields(run, a)
	}
	params := make([]wire.Param, len(p.oids))
	for i, oid := range p.oids {
		if elem := wire.ElementOf(oid); elem != 0 {
			t, _ := wire.ModelType(elem)
			params[i] = wire.Param{IsArray: true, Array: []model.Value{model.NullOf(t)}}
			continue
		}
		t, _ := wire.ModelType(oid)
		params[i].Value = model.NullOf(t)
	}
	st, values, err := c.bound(p, params)
	if err != nil {
		return nil, err
	}
	if q, ok := st.(*sql.QueryStmt); ok && c.s.opt.Describe != nil {
		if err := c.adaptFor(run, st, true); err != nil {
			return nil, err
		}
		f, err := c.s.opt.Describe(run, c.sess, q.Query, values)
		return f, reason(run, err)
	}
	switch st.(type) {
	case *sql.QueryStmt, *sql.Show, *sql.ShowCreate, *sql.Describe, *sql.TQL, *sql.Explain:
	default:
		return nil, nil
	}
	res, err := c.do(run, st, values)
	if err != nil {
		return nil, reason(run, err)
	}
	defer res.close(c)
	if res.rows == nil {
		return nil, nil
	}
	return res.rows.Fields(), nil
}

// bound gives the statement with what cannot be a parameter's value written into it, and the values of the parameters.
func (c *conn) bound(p *prepared, params []wire.Param) (sql.Statement, []model.Value, error) {
	values := make([]model.Value, len(params))
	arrays := false
	for i, v := range params {
		values[i] = v.Value
		arrays = arrays || v.IsArray
	}
	if !arrays && !adapts(p.text) {
		return p.st, values, nil
	}
	st, err := sql.ParseOne(p.text, sql.Postgres)
	if err != nil || !arrays {
		return st, values, err
	}
	err = sql.Rewrite(st, func(x sql.Expr) (sql.Expr, error) {
		switch x := x.(type) {
		case *sql.Placeholder:
			if x.Index > len(params) || !params[x.Index-1].IsArray {
				return x, nil
			}
			list := &sql.ArrayLit{Pos: x.Pos}
			for _, v := range params[x.Index-1].Array {
				values = append(values, v)
				list.Elems = append(list.Elems, &sql.Placeholder{Pos: x.Pos, Index: len(values), Named: true})
			}
			return list, nil
		case *sql.Quantified:
			array := x.Array
			if cast, ok := array.(*sql.Cast); ok {
				array = cast.X
			}
			list, ok := array.(*sql.ArrayLit)
			if !ok || x.All != (x.Op == sql.OpNe) || x.Op != sql.OpEq && x.Op != sql.OpNe {
				return x, nil
			}
			if len(list.Elems) == 0 {
				return &sql.Literal{Pos: x.Pos, Kind: sql.LitBool, Text: map[bool]string{true: "true", false: "false"}[x.All]}, nil
			}
			return &sql.InList{Pos: x.Pos, X: x.X, Not: x.All, List: list.Elems}, nil
		}
		return x, nil
	}, nil)
	return st, values, err
}

// start runs a portal's statement.
func (c *conn) start(ctx context.Context, q *portal) error {
	run, cancel := context.WithCancelCause(ctx)
	defer c.watch(cancel, false)()
	st, values, err := c.bound(q.stmt, q.params)
	if err == nil {
		q.res, err = c.do(run, st, values)
	}
	if err != nil {
		err = reason(run, err)
		cancel(nil)
		return err
	}
	q.ctx, q.cancel = run, cancel
	return nil
}

// execute is the message Execute.
func (c *conn) execute(ctx context.Context, m *pgproto3.Execute) (string, error) {
	q := c.portal(m.Portal)
	if q == nil {
		return "", unknownPortal(m.Portal)
	}
	if q.stmt.st == nil {
		return "", c.w.send(&pgproto3.EmptyQueryResponse{})
	}
	begun := time.Now()
	if q.res == nil {
		if err := c.start(ctx, q); err != nil {
			return q.stmt.text, err
		}
	}
	defer c.watch(q.cancel, false)()
	if q.res.rows == nil {
		c.complete(q.res, 0)
		c.s.m.Observe("extended", c.sess.Database, begun)
		return q.stmt.text, nil
	}
	before := q.sent
	if err := q.ahead(q.ctx); err != nil {
		return q.stmt.text, reason(q.ctx, err)
	}
	more, err := c.send(q.ctx, q, q.formats, m.MaxRows)
	if err != nil {
		return q.stmt.text, reason(q.ctx, err)
	}
	c.s.m.Observe("extended", c.sess.Database, begun)
	if more {
		return q.stmt.text, c.w.send(&pgproto3.PortalSuspended{})
	}
	c.complete(q.res, q.sent-before)
	return q.stmt.text, nil
}

// close is the message Close. What does not exist is closed already.
func (c *conn) close(m *pgproto3.Close) error {
	if m.ObjectType == 'S' {
		c.closeStatement(m.Name)
	} else {
		c.closePortal(m.Name)
		c.closeCursor(m.Name)
	}
	return c.w.send(&pgproto3.CloseComplete{})
}

func (c *conn) closePortal(name string) {
	if q := c.portals[name]; q != nil {
		q.close(c)
		delete(c.portals, name)
	}
}

// closePortals ends what a transaction would.
func (c *conn) closePortals() {
	for name := range c.portals {
		c.closePortal(name)
	}
}

func (q *portal) close(c *conn) {
	q.res.close(c)
	if q.cancel != nil {
		q.cancel(nil)
	}
}

// endsTransaction tells the statements that a failed transaction takes.
func endsTransaction(st sql.Statement) bool {
	t, ok := st.(*sql.Transaction)
	return ok && t.Kind != sql.Begin && t.Kind != sql.Savepoint && t.Kind != sql.ReleaseSavepoint
}

// trimQuotes is a name of SET without quotes.
func trimQuotes(s string) string { return strings.Trim(strings.TrimSpace(s), `'"`) }

// adminFields are the columns of a call of ADMIN: those of the same call in a query, where it can be made there.
func (c *conn) adminFields(ctx context.Context, st *sql.Admin) ([]model.Field, error) {
	f := model.Field{Name: st.Source(), Type: model.Uint64}
	if c.s.opt.Describe != nil {
		call := &sql.Query{Body: &sql.Select{Items: []sql.SelectItem{{Expr: st.Call}}}}
		if as, err := c.s.opt.Describe(ctx, c.sess, call, nil); err == nil && len(as) == 1 {
			f.Type = as[0].Type
		}
	}
	return []model.Field{f}, nil
}
