package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// Loading writes rows of one table that come in columns. It is used by one goroutine, but that Append may be called during Write.
type Loading interface {
	// Columns are those that a row gives, in order.
	Columns() []model.Column
	// Append appends a constant to a vector of column i by the rules of INSERT.
	Append(v *model.Vector, i int, x *sql.Literal) error
	// Write writes rows, which are durable when it returns. It keeps nothing of b.
	Write(ctx context.Context, b *model.Batch) (uint64, error)
	// End is called once, when no more rows come.
	End()
}

// COPY writes rows in batches of so many, and of about so many bytes of text. More make fewer and larger writes to the log; two batches of
// one COPY are in memory at a time.
const (
	copyRows  = 8192
	copyBytes = 4 << 20
)

// copyIn writes the rows that the client sends. Those before an error stay written: there are no transactions.
func (c *conn) copyIn(ctx context.Context, st *sql.CopyStream) (*result, error) {
	if c.s.opt.Load == nil {
		return nil, state("0A000", "COPY FROM STDIN is not supported")
	}
	opt, err := copyOptionsIn(st.With)
	if err != nil {
		return nil, err
	}
	load, err := c.s.opt.Load(ctx, c.sess, st)
	if err != nil {
		return nil, err
	}
	defer load.End()
	in := &copying{ctx: ctx, load: load, table: st.Table.Base(), opt: opt, cols: load.Columns()}
	if err := in.begin(c.sess); err != nil {
		return nil, err
	}
	head := &pgproto3.CopyInResponse{ColumnFormatCodes: make([]uint16, len(in.cols))}
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
	defer in.wait()
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
			failed = in.take(last)
		}
		if last {
			if failed != nil {
				return nil, failed
			}
			if in.skipped > 0 {
				c.notice("00000", fmt.Sprintf("%d %s skipped due to data type incompatibility", in.skipped, plural(in.skipped, "row was", "rows were")))
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

func plural(n uint64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// copying is a COPY FROM STDIN that runs.
//
//	messages → CopyReader: rows of values → vectors of a batch → Write, while the next batch is filled
type copying struct {
	ctx   context.Context
	load  Loading
	table string
	opt   copyInOptions
	cols  []model.Column
	forms []wire.CopyColumn
	zone  *time.Location // of times without one; nil: UTC
	r     *wire.CopyReader

	batch   *model.Batch
	spare   *model.Batch // the one that was written before; nil: none yet
	bytes   int          // of batch, as they came
	writing chan error   // gives the end of the write of spare; nil: none runs
	n       uint64       // rows that were written
	bad     []int        // rows of batch that ON_ERROR leaves out
	skipped uint64       // that it left out
	checked bool         // the header
}

// begin makes what depends on the columns.
func (in *copying) begin(sess *model.Session) error {
	in.zone = sess.Timezone
	utc := sess.Timezone == nil || sess.Timezone.String() == "UTC"
	for _, col := range in.cols {
		in.forms = append(in.forms, wire.CopyColumn{Type: col.Type, Binary: in.opt.Format == wire.CopyBinary, UTC: utc})
	}
	for _, f := range []struct {
		names string
		to    *[]bool
		word  string
	}{{in.opt.forceNull, &in.opt.ForceNull, "FORCE_NULL"}, {in.opt.forceNotNull, &in.opt.ForceNotNull, "FORCE_NOT_NULL"}} {
		list, err := columnBits(f.word, f.names, len(in.cols), func(i int) string { return in.cols[i].Name })
		if err != nil {
			return err
		}
		*f.to = list
	}
	in.r = wire.NewCopyReader(in.opt.CopyOptions)
	in.batch = in.newBatch()
	return nil
}

// columnBits tells the columns that a list of names, or *, stands for; nil where nothing is listed.
func columnBits(word, names string, n int, name func(i int) string) ([]bool, error) {
	if names == "" {
		return nil, nil
	}
	out := make([]bool, n)
	if names == "*" {
		for i := range out {
			out[i] = true
		}
		return out, nil
	}
	for _, want := range strings.Split(names, ",") {
		found := false
		for i := range out {
			if name(i) == want {
				out[i], found = true, true
			}
		}
		if !found {
			return nil, state("42703", "%s column %q not referenced by COPY", word, want)
		}
	}
	return out, nil
}

func (in *copying) newBatch() *model.Batch {
	b := &model.Batch{}
	for _, col := range in.cols {
		b.Cols = append(b.Cols, model.NewVector(col.Type, copyRows))
	}
	return b
}

// take reads the rows that have come, and writes many at once.
func (in *copying) take(last bool) error {
	for {
		row, ok, err := in.r.Next(last)
		if errors.Is(err, wire.ErrCopy) {
			return &stated{state: "22P04", msg: err.Error(), where: in.where("", nil)}
		}
		if err != nil {
			return err
		}
		if err := in.header(); err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := in.row(row); err != nil {
			return err
		}
		if in.batch.Len >= copyRows || in.bytes >= copyBytes {
			if err := in.write(); err != nil {
				return err
			}
		}
	}
	if !last {
		return nil
	}
	if err := in.write(); err != nil {
		return err
	}
	return in.wait()
}

// header compares the first line with the columns, if it is to match them.
func (in *copying) header() error {
	names := in.r.Header()
	if in.checked || !in.opt.match || names == nil {
		return nil
	}
	in.checked = true
	if len(names) != len(in.cols) {
		return &stated{state: "22P04", msg: fmt.Sprintf("wrong number of fields in header line: got %d, expected %d", len(names), len(in.cols)), where: "COPY " + in.table + ", line 1"}
	}
	for i, name := range names {
		if name != in.cols[i].Name {
			return &stated{state: "22P04", msg: fmt.Sprintf("column name mismatch in header line field %d: got %q, expected %q", i+1, name, in.cols[i].Name),
				where: "COPY " + in.table + ", line 1"}
		}
	}
	return nil
}

// row appends a row to the batch.
func (in *copying) row(row [][]byte) error {
	if len(row) != len(in.cols) {
		msg := "extra data after last expected column"
		if len(row) < len(in.cols) {
			msg = "missing data for column \"" + in.cols[len(row)].Name + "\""
		}
		return &stated{state: "22P04", msg: msg, where: in.where("", nil)}
	}
	for i, raw := range row {
		v := in.batch.Cols[i]
		if in.forms[i].Append(v, raw) {
			in.bytes += len(raw) + 1
			continue
		}
		if err := in.other(v, i, raw); err != nil {
			if !in.opt.ignore {
				return err
			}
			for _, v := range in.batch.Cols[i:] { // the row is left out when the batch is written
				v.AppendNull()
			}
			in.bad = append(in.bad, in.batch.Len)
			break
		}
		in.bytes += len(raw) + 1
	}
	in.batch.Len++
	return nil
}

// other appends a value in a form that is not the usual one: by the rules of INSERT.
func (in *copying) other(v *model.Vector, i int, raw []byte) error {
	var l sql.Literal
	col := &in.cols[i]
	err := in.literal(&l, col, raw)
	if err == nil {
		err = in.load.Append(v, i, &l)
	}
	if err == nil {
		return nil
	}
	out := &stated{state: "22P02", msg: fmt.Sprintf("invalid input for column %q of type %s: %s", col.Name, col.Type.SQL(), err), where: in.where(col.Name, raw)}
	if in.opt.Format == wire.CopyBinary {
		out.state = "22P03"
	}
	if s := (*stated)(nil); errors.As(err, &s) {
		out.state, out.msg = s.state, s.msg
	}
	return out
}

// where tells a person the place of an error: COPY t, line 3, column a: "x".
func (in *copying) where(column string, raw []byte) string {
	s := "COPY " + in.table + ", line " + strconv.Itoa(max(in.r.Line, 1))
	if column == "" {
		return s
	}
	s += ", column " + column
	if in.opt.Format == wire.CopyBinary || !utf8.Valid(raw) {
		return s
	}
	text := string(raw)
	if len(text) > 100 {
		text = strings.ToValidUTF8(text[:100], "") + "..."
	}
	return s + ": " + strconv.Quote(text)
}

// write has the batch written, and begins another. An error is that of the write before.
func (in *copying) write() error {
	if err := in.wait(); err != nil || in.batch.Len == 0 {
		return err
	}
	b := in.batch
	if in.batch = in.spare; in.batch == nil {
		in.batch = in.newBatch()
	}
	in.spare, in.bytes = b, 0
	if len(in.bad) > 0 {
		b = without(b, in.bad)
		in.skipped += uint64(len(in.bad))
		in.bad = in.bad[:0]
	}
	done := make(chan error, 1)
	in.writing = done
	go func() { // wait waits for it
		n, err := in.load.Write(in.ctx, b)
		in.n += n
		done <- err
	}()
	return nil
}

// without is a batch less some rows, which are in order.
func without(b *model.Batch, rows []int) *model.Batch {
	keep := make([]uint32, 0, b.Len-len(rows))
	for i := range b.Len {
		if len(rows) > 0 && rows[0] == i {
			rows = rows[1:]
			continue
		}
		keep = append(keep, uint32(i))
	}
	out := &model.Batch{Len: len(keep)}
	for _, v := range b.Cols {
		out.Cols = append(out.Cols, v.Take(keep))
	}
	return out
}

// wait waits for the write that runs.
func (in *copying) wait() error {
	if in.writing == nil {
		return nil
	}
	err := <-in.writing
	in.writing = nil
	for i, v := range in.spare.Cols {
		v.Reset(in.cols[i].Type)
	}
	in.spare.Len = 0
	return err
}

// literal makes a constant of a value as its column's type writes it.
func (in *copying) literal(l *sql.Literal, col *model.Column, raw []byte) error {
	t := col.Type
	if in.opt.Format == wire.CopyBinary {
		oid, _, _ := wire.TypeOf(t)
		if t.Kind == model.KindJSON {
			oid = wire.OIDText
		}
		p, err := wire.ParseParam(oid, wire.Binary, raw, in.zone)
		if err != nil {
			return state("22P03", "invalid binary value for column %q of type %s: %s", col.Name, t.SQL(), err)
		}
		return binaryLiteral(l, col, p.Value)
	}
	if !utf8.Valid(raw) && t.Kind != model.KindBinary {
		return state("22021", "invalid byte sequence for encoding \"UTF8\" in column %q", col.Name)
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
		p, err := wire.ParseParam(wire.OIDBool, wire.Text, raw, nil)
		if err != nil {
			return state("22P02", "invalid input syntax for type boolean: %q", text)
		}
		l.Kind, l.Text = sql.LitBool, map[bool]string{true: "true", false: "false"}[p.Value.Bool]
	case t.Kind == model.KindBinary:
		p, err := wire.ParseParam(wire.OIDBytea, wire.Text, raw, nil)
		if err != nil {
			return state("22P02", "invalid input syntax for type bytea")
		}
		l.Kind, l.Text = sql.LitBytes, p.Value.Bytes
	case t.IsTimestamp():
		if l.Text = wire.FullZone(strings.TrimSpace(text)); len(l.Text) == len("2006-01-02") && strings.Count(l.Text, "-") == 2 {
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
			return state("22008", "timestamp out of range in column %q", col.Name)
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
