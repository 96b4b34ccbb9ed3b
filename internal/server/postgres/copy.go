package postgres

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// copyOptions reads the options of COPY.
func copyOptions(with sql.Options) (wire.CopyOptions, error) {
	var o wire.CopyOptions
	one := func(opt sql.Option) (byte, error) {
		if len(opt.Value) != 1 || opt.Value == "\n" || opt.Value == "\r" {
			return 0, state("22023", "COPY %s must be a single one-byte character", opt.Key)
		}
		return opt.Value[0], nil
	}
	for _, opt := range with {
		var err error
		switch opt.Key {
		case "format":
			switch strings.ToLower(opt.Value) {
			case "text":
			case "csv":
				o.Format = wire.CopyCSV
			case "binary":
				o.Format = wire.CopyBinary
			default:
				err = state("22023", "COPY format %q not recognized", opt.Value)
			}
		case "delimiter":
			o.Delimiter, err = one(opt)
		case "null":
			o.Null, o.NullGiven = opt.Value, true
		case "header":
			switch strings.ToLower(opt.Value) {
			case "true", "on", "1", "match":
				o.Header = true
			case "false", "off", "0":
			default:
				err = state("22023", "COPY header %q not recognized", opt.Value)
			}
		case "quote":
			o.Quote, err = one(opt)
		case "escape":
			o.Escape, err = one(opt)
		case "encoding":
			if e := strings.ToLower(strings.ReplaceAll(opt.Value, "-", "")); e != "utf8" {
				err = state("22023", "COPY encoding %q is not supported, UTF8 is", opt.Value)
			}
		case "freeze":
		default:
			err = state("42601", "option %q of COPY not recognized", opt.Key)
		}
		if err != nil {
			return o, err
		}
	}
	o.Defaults()
	if o.Format != wire.CopyBinary && o.Delimiter == o.Quote && o.Format == wire.CopyCSV {
		return o, state("22023", "COPY delimiter and quote must be different")
	}
	return o, nil
}

// copyOutTable is COPY table TO STDOUT: a query for its columns.
func (c *conn) copyOutTable(ctx context.Context, st *sql.CopyStream) (*result, error) {
	sel := &sql.Select{From: []sql.TableExpr{&sql.TableRef{Name: st.Table}}}
	for _, id := range st.Columns {
		sel.Items = append(sel.Items, sql.SelectItem{Expr: &sql.ColumnRef{Name: sql.ObjectName{id}}})
	}
	if st.Columns == nil {
		sel.Items = []sql.SelectItem{{Expr: &sql.Star{}}}
	}
	return c.copyOut(ctx, &sql.QueryStmt{Stmt: sql.Stmt{Src: st.Source()}, Query: &sql.Query{Body: sel}}, st.With)
}

// copyOut sends the rows of a query.
func (c *conn) copyOut(ctx context.Context, body sql.Statement, with sql.Options) (*result, error) {
	opt, err := copyOptions(with)
	if err != nil {
		return nil, err
	}
	res, err := c.do(ctx, body, nil)
	if err != nil {
		return nil, err
	}
	defer res.close(c)
	if res.rows == nil {
		return nil, state("42601", "COPY needs a query")
	}
	fields := res.rows.Fields()
	b, err := res.rows.Next(ctx) // before anything is sent: most errors show here
	if err != nil && err != io.EOF {
		return nil, err
	}
	head := &pgproto3.CopyOutResponse{ColumnFormatCodes: make([]uint16, len(fields))}
	if opt.Format == wire.CopyBinary {
		head.OverallFormat = 1
		for i := range head.ColumnFormatCodes {
			head.ColumnFormatCodes[i] = 1
		}
	}
	c.w.send(head)
	w := wire.NewCopyWriter(len(fields), opt, c.textStyle())
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	var row []byte
	n := uint64(0)
	if row = w.AppendHeader(row, names); len(row) > 0 {
		c.w.send(&pgproto3.CopyData{Data: row})
	}
	for ; err == nil; b, err = res.rows.Next(ctx) {
		for i := range b.Len {
			row = w.AppendRow(row[:0], b, i)
			if err := c.w.send(&pgproto3.CopyData{Data: row}); err != nil {
				return nil, err
			}
		}
		n += uint64(b.Len)
	}
	if err != io.EOF {
		return nil, err
	}
	if row = w.AppendEnd(row[:0]); len(row) > 0 {
		c.w.send(&pgproto3.CopyData{Data: row})
	}
	c.w.send(&pgproto3.CopyDone{})
	r := &result{tag: "COPY %d"}
	r.tag = r.finish(n)
	return r, nil
}

// copyRows is how many rows of COPY are written at once. More make fewer and larger writes to the log; each row is held as literals.
const copyRows = 4096

// copyIn writes the rows that the client sends. Those before an error stay written: there are no transactions.
func (c *conn) copyIn(ctx context.Context, st *sql.CopyStream) (*result, error) {
	opt, err := copyOptions(st.With)
	if err != nil {
		return nil, err
	}
	if c.s.opt.Columns == nil {
		return nil, state("0A000", "COPY FROM STDIN is not supported")
	}
	if !c.sess.Rights.CanWrite() {
		return nil, errs.New(errs.PermissionDenied, "Permission denied: user %s is not allowed to write", c.sess.User)
	}
	all, err := c.s.opt.Columns(ctx, c.sess, st.Table)
	if err != nil {
		return nil, err
	}
	cols, err := copyColumns(all, st.Columns)
	if err != nil {
		return nil, err
	}
	head := &pgproto3.CopyInResponse{ColumnFormatCodes: make([]uint16, len(cols))}
	if opt.Format == wire.CopyBinary {
		head.OverallFormat = 1
		for i := range head.ColumnFormatCodes {
			head.ColumnFormatCodes[i] = 1
		}
	}
	c.tell()
	c.w.send(head)
	if err := c.w.flush(); err != nil {
		return nil, err
	}
	in := &copying{c: c, st: st, opt: opt, cols: cols, r: wire.NewCopyReader(opt)}
	in.into.Stmt.Src, in.into.Table = st.Source(), st.Table
	for _, col := range cols {
		in.into.Columns = append(in.into.Columns, sql.Ident{Name: col.Name, Quoted: true})
	}
	// The rows are taken to their end even after an error: clients look for answers only when they have sent all.
	var failed error
	for {
		m, err := c.next()
		if err != nil {
			return nil, err
		}
		last := false
		switch m := m.(type) {
		case *pgproto3.CopyData:
			if failed == nil {
				in.r.Write(m.Data)
			}
		case *pgproto3.CopyDone:
			last = true
		case *pgproto3.CopyFail:
			return nil, state("57014", "COPY from stdin failed: %s", m.Message)
		case *pgproto3.Flush, *pgproto3.Sync:
			continue
		default:
			return nil, state("08P01", "unexpected message %T during COPY", m)
		}
		if failed == nil {
			failed = in.take(ctx, last)
		}
		if last {
			if failed != nil {
				return nil, failed
			}
			r := &result{tag: "COPY %d"}
			r.tag = r.finish(in.n)
			return r, nil
		}
		if failed != nil && context.Cause(ctx) != nil {
			return nil, context.Cause(ctx)
		}
	}
}

func copyColumns(all []model.Column, names []sql.Ident) ([]model.Column, error) {
	if names == nil {
		return all, nil
	}
	var out []model.Column
	for _, id := range names {
		found := false
		for _, col := range all {
			if col.Name == id.Name {
				out, found = append(out, col), true
			}
		}
		if !found {
			return nil, errs.New(errs.TableColumnNotFound, "No field named %s", id.Name)
		}
	}
	return out, nil
}

// copying is a COPY FROM STDIN that runs.
type copying struct {
	c    *conn
	st   *sql.CopyStream
	opt  wire.CopyOptions
	cols []model.Column
	r    *wire.CopyReader
	into sql.Insert
	n    uint64
}

// take reads the rows that have come, and writes many at once.
func (in *copying) take(ctx context.Context, last bool) error {
	for {
		row, ok, err := in.r.Next(last)
		if errors.Is(err, wire.ErrCopy) {
			return state("22P04", "%s", err)
		}
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if len(row) != len(in.cols) {
			word := "extra data after last expected column"
			if len(row) < len(in.cols) {
				word = "missing data for column \"" + in.cols[len(row)].Name + "\""
			}
			return &stated{state: "22P04", msg: word, detail: in.where()}
		}
		exprs := make([]sql.Expr, len(row))
		lits := make([]sql.Literal, len(row))
		for i, raw := range row {
			if err := in.literal(&lits[i], &in.cols[i], raw); err != nil {
				return err
			}
			exprs[i] = &lits[i]
		}
		if in.into.Rows = append(in.into.Rows, exprs); len(in.into.Rows) == copyRows {
			if err := in.write(ctx); err != nil {
				return err
			}
		}
	}
	if last {
		return in.write(ctx)
	}
	return nil
}

func (in *copying) where() string {
	return "COPY " + in.st.Table.Base() + ", line " + strconv.Itoa(in.r.Line)
}

func (in *copying) write(ctx context.Context) error {
	if len(in.into.Rows) == 0 {
		return nil
	}
	out, err := in.c.s.opt.SQL.Statement(ctx, in.c.sess, &in.into)
	if err != nil {
		return err
	}
	in.n += out.Affected
	in.into.Rows = nil // the engine may keep what it was given
	return nil
}

// literal makes a constant of a value as its column's type writes it.
func (in *copying) literal(l *sql.Literal, col *model.Column, raw []byte) error {
	if raw == nil {
		return nil // NULL
	}
	t := col.Type
	if in.opt.Format == wire.CopyBinary {
		oid, _, _ := wire.TypeOf(t)
		if t.Kind == model.KindJSON {
			oid = wire.OIDText
		}
		p, err := wire.ParseParam(oid, wire.Binary, raw)
		if err != nil {
			return state("22P03", "column %s: %s", col.Name, err)
		}
		return binaryLiteral(l, col, p.Value)
	}
	text := string(raw)
	l.Kind, l.Text = sql.LitString, text
	switch {
	case t.Numeric():
		l.Kind = sql.LitFloat
		if t.Integer() {
			l.Kind = sql.LitInt
		}
		switch l.Text = strings.TrimSpace(text); strings.ToLower(l.Text) {
		case "infinity":
			l.Text = "inf"
		case "-infinity":
			l.Text = "-inf"
		}
	case t.Kind == model.KindBool:
		p, err := wire.ParseParam(wire.OIDBool, wire.Text, raw)
		if err != nil {
			return &stated{state: "22P02", msg: "invalid input syntax for type boolean: " + text, detail: in.where()}
		}
		l.Kind, l.Text = sql.LitBool, map[bool]string{true: "true", false: "false"}[p.Value.Bool]
	case t.Kind == model.KindBinary:
		p, err := wire.ParseParam(wire.OIDBytea, wire.Text, raw)
		if err != nil {
			return &stated{state: "22P02", msg: "invalid input syntax for type bytea", detail: in.where()}
		}
		l.Kind, l.Text = sql.LitBytes, p.Value.Bytes
	case t.IsTimestamp():
		p, err := wire.ParseParam(wire.OIDTimestamptz, wire.Text, raw)
		if err != nil {
			return err
		}
		if l.Text = p.Value.Bytes; len(l.Text) == len("2006-01-02") && strings.Count(l.Text, "-") == 2 {
			l.Text += " 00:00:00"
		}
	}
	return nil
}

// binaryLiteral makes a constant of a value that came in binary form.
func binaryLiteral(l *sql.Literal, col *model.Column, v model.Value) error {
	switch {
	case v.Type.Kind == model.KindBool:
		l.Kind, l.Text = sql.LitBool, v.String()
	case v.Type.Kind == model.KindDate:
		s := wire.Style{}
		l.Kind, l.Text = sql.LitString, string(s.AppendDate(nil, v.Int))
	case v.Type.IsTimestamp():
		n, ok := model.ConvertTime(v.Int, v.Type.Unit, col.Type.Unit)
		if !ok {
			return state("22008", "column %s: timestamp out of range", col.Name)
		}
		l.Kind, l.Text = sql.LitInt, model.IntValue(model.Int64, n).String()
	case v.Type.Integer():
		l.Kind, l.Text = sql.LitInt, v.String()
	case v.Type.Floating():
		l.Kind, l.Text = sql.LitFloat, v.String()
	case v.Type.Kind == model.KindDecimal:
		l.Kind, l.Text = sql.LitFloat, wire.DecimalText(v.Decimal, v.Type.Scale)
	case v.Type.Kind == model.KindBinary:
		l.Kind, l.Text = sql.LitBytes, v.Bytes
	default:
		l.Kind, l.Text = sql.LitString, v.Bytes
	}
	return nil
}
