package postgres

import (
	"context"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// copyInOptions are the options of COPY, with those that need names of columns as they are written: a list, *, or nothing.
type copyInOptions struct {
	wire.CopyOptions
	forceNull, forceNotNull, forceQuote string
	match                               bool // the header must have the columns' names
	ignore                              bool // rows with values that cannot be read are left out
}

// copyOptionsIn reads the options of COPY FROM, copyOptionsOut those of COPY TO.
func copyOptionsIn(with sql.Options) (copyInOptions, error) {
	o, err := copyOptions(with)
	if err == nil && o.forceQuote != "" {
		err = state("22023", "COPY FORCE_QUOTE cannot be used with COPY FROM")
	}
	return o, err
}

func copyOptionsOut(with sql.Options) (copyInOptions, error) {
	o, err := copyOptions(with)
	if err == nil && (o.forceNull != "" || o.forceNotNull != "" || o.match || o.ignore) {
		err = state("22023", "COPY FORCE_NULL, FORCE_NOT_NULL, HEADER MATCH and ON_ERROR cannot be used with COPY TO")
	}
	return o, err
}

// copyOptions reads the options of COPY.
func copyOptions(with sql.Options) (o copyInOptions, err error) {
	one := func(opt sql.Option) (byte, error) {
		if len(opt.Value) != 1 || opt.Value == "\n" || opt.Value == "\r" {
			return 0, state("22023", "COPY %s must be a single one-byte character", opt.Key)
		}
		return opt.Value[0], nil
	}
	given := map[string]bool{}
	for _, opt := range with {
		if given[opt.Key] {
			return o, state("42601", "conflicting or redundant options: COPY %s is given twice", opt.Key)
		}
		given[opt.Key] = true
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
			if strings.ContainsAny(o.Null, "\r\n") {
				err = state("22023", "COPY null representation cannot use newline or carriage return")
			}
		case "header":
			switch strings.ToLower(opt.Value) {
			case "match":
				o.Header, o.match = true, true
			case "true", "on", "1":
				o.Header = true
			case "false", "off", "0":
			default:
				err = state("22023", "COPY header %q not recognized", opt.Value)
			}
		case "quote":
			o.Quote, err = one(opt)
		case "escape":
			o.Escape, err = one(opt)
		case "force_null":
			o.forceNull = opt.Value
		case "force_not_null":
			o.forceNotNull = opt.Value
		case "force_quote":
			o.forceQuote = opt.Value
		case "on_error":
			switch strings.ToLower(opt.Value) {
			case "stop":
			case "ignore":
				o.ignore = true
			default:
				err = state("22023", "COPY ON_ERROR %q not recognized", opt.Value)
			}
		case "encoding":
			if e := strings.ToLower(strings.ReplaceAll(opt.Value, "-", "")); e != "utf8" {
				err = state("22023", "COPY encoding %q is not supported, UTF8 is", opt.Value)
			}
		case "freeze", "log_verbosity":
		default:
			err = state("42601", "option %q of COPY not recognized", opt.Key)
		}
		if err != nil {
			return o, err
		}
	}
	return o, o.check(given)
}

// check refuses options that do not go together, as PostgreSQL does.
func (o *copyInOptions) check(given map[string]bool) error {
	for _, key := range []string{"quote", "escape", "force_null", "force_not_null", "force_quote"} {
		if given[key] && o.Format != wire.CopyCSV {
			return state("22023", "COPY %s requires CSV mode", strings.ToUpper(key))
		}
	}
	for _, key := range []string{"delimiter", "null", "header"} {
		if given[key] && o.Format == wire.CopyBinary {
			return state("42601", "cannot specify %s in BINARY mode", strings.ToUpper(key))
		}
	}
	if o.ignore && o.Format == wire.CopyBinary {
		return state("42601", "only ON_ERROR STOP is allowed in BINARY mode")
	}
	o.Defaults()
	switch {
	case o.Format == wire.CopyCSV && o.Delimiter == o.Quote:
		return state("22023", "COPY delimiter and quote must be different")
	case o.Format == wire.CopyCSV && strings.IndexByte(o.Null, o.Quote) >= 0:
		return state("22023", "CSV quote character must not appear in the NULL specification")
	case o.Format == wire.CopyText && strings.IndexByte("\\.abcdefghijklmnopqrstuvwxyz0123456789", o.Delimiter) >= 0:
		return state("22023", "COPY delimiter cannot be %q", string(o.Delimiter))
	case o.Format != wire.CopyBinary && strings.IndexByte(o.Null, o.Delimiter) >= 0:
		return state("22023", "COPY delimiter character must not appear in the NULL specification")
	}
	return nil
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
	opt, err := copyOptionsOut(with)
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
	if opt.ForceQuote, err = columnBits("FORCE_QUOTE", opt.forceQuote, len(fields), func(i int) string { return fields[i].Name }); err != nil {
		return nil, err
	}
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
	w := wire.NewCopyWriter(len(fields), opt.CopyOptions, c.textStyle())
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
