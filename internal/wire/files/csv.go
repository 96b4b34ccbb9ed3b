package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
)

// records reads CSV as RFC 4180 has it, quotes doubled inside quotes, line ends of either kind. A field without quotes that is empty is
// NULL, a quoted empty one is the empty string.
type records struct {
	l      *lines
	delim  byte
	body   []byte  // of the record: its fields, unquoted
	cells  []field // into body
	width  int     // fields of the header; 0: not known
	ending []byte  // of the line
}

type field struct {
	from, to uint32
	quoted   bool
}

func (r *records) cell(i int) []byte { return r.body[r.cells[i].from:r.cells[i].to] }

// next reads a record; blank lines are none. Its cells are valid until the following call.
func (r *records) next() error {
	for {
		full, err := r.l.next(0)
		if err != nil {
			return err
		}
		b := trimEnd(full)
		if len(b) == 0 && r.width != 1 { // a blank line is a NULL where there is one column only
			continue
		}
		r.cells = r.cells[:0]
		if bytes.IndexByte(b, '"') < 0 { // fast path: fields are parts of the line
			r.body = b
			from := 0
			for {
				n := bytes.IndexByte(b[from:], r.delim)
				if n < 0 {
					r.cells = append(r.cells, field{uint32(from), uint32(len(b)), false})
					return nil
				}
				r.cells = append(r.cells, field{uint32(from), uint32(from + n), false})
				from += n + 1
			}
		}
		return r.quoted(full)
	}
}

var errQuote = errors.New("a quote is not closed")

// quoted reads a record with quotes, over several lines if need be.
func (r *records) quoted(line []byte) error {
	body := r.l.record[:0]
	defer func() { r.l.record = body[:0] }()
	b := r.line(line)
	for {
		f := field{from: uint32(len(body))}
		if len(b) > 0 && b[0] == '"' {
			f.quoted = true
			b = b[1:]
			for {
				n := bytes.IndexByte(b, '"')
				if n < 0 { // the field goes on in the next line
					body = append(body, b...)
					body = append(body, r.ending...)
					more, err := r.l.next(len(body))
					if errors.Is(err, io.EOF) {
						return errQuote
					}
					if err != nil {
						return err
					}
					b = r.line(more)
					continue
				}
				body = append(body, b[:n]...)
				b = b[n+1:]
				if len(b) > 0 && b[0] == '"' {
					body = append(body, '"')
					b = b[1:]
					continue
				}
				break
			}
			if len(b) > 0 && b[0] != r.delim {
				return badRecord(clip(b[:1]) + " follows a closing quote")
			}
		} else {
			n := bytes.IndexByte(b, r.delim)
			if n < 0 {
				n = len(b)
			}
			body = append(body, b[:n]...)
			b = b[n:]
		}
		f.to = uint32(len(body))
		r.cells = append(r.cells, f)
		if len(b) == 0 {
			r.body = body
			return nil
		}
		b = b[1:]
	}
}

// line copies a line without its end, which it keeps for a field that goes on in the next line.
func (r *records) line(b []byte) []byte {
	t := trimEnd(b)
	r.ending = append(r.ending[:0], b[len(t):]...)
	return append([]byte(nil), t...)
}

// csvReader reads the columns that it was asked for.
type csvReader struct {
	records
	o       Options
	columns []Column
	at      []int // the field of each column; -1: the file has none
	fields  int   // of each record
	row     int64
	skipped int64
	end     bool
}

// Header reads the names in a CSV file's first record.
func Header(src Source, o Options) ([]string, error) {
	l, err := openLines(src, &o)
	if err != nil {
		return nil, err
	}
	defer l.close()
	r := records{l: l, delim: o.delimiter()}
	if err := r.next(); err != nil && !errors.Is(err, io.EOF) {
		return nil, dataError(src.Name, 1, "", err)
	}
	return r.names(), nil
}

func (r *records) names() []string {
	out := make([]string, len(r.cells))
	for i := range out {
		out[i] = string(r.cell(i))
	}
	return out
}

func newCSVReader(src Source, o Options, columns []Column) (Reader, error) {
	l, err := openLines(src, &o)
	if err != nil {
		return nil, err
	}
	r := &csvReader{records: records{l: l, delim: o.delimiter()}, o: o, columns: columns, at: make([]int, len(columns)), fields: -1}
	if o.NoHeader {
		r.width = len(columns)
		for i := range columns {
			r.at[i] = i
		}
		return r, nil
	}
	if err := r.next(); errors.Is(err, io.EOF) {
		r.end = true
		return r, nil
	} else if err != nil {
		l.close()
		return nil, dataError(src.Name, 0, "", fmt.Errorf("header: %w", err))
	}
	names := r.names()
	if len(names) > maxColumns {
		l.close()
		return nil, dataError(src.Name, 0, "", fmt.Errorf("%d columns; at most %d are read", len(names), maxColumns))
	}
	r.fields, r.width = len(names), len(names)
	for i, c := range columns {
		if r.at[i] = slices.Index(names, c.Name); r.at[i] < 0 && c.Missing == nil {
			l.close()
			return nil, dataError(src.Name, 0, c.Name, errors.New("the file has no such column"))
		}
	}
	return r, nil
}

// Next implements Reader.
func (r *csvReader) Next() (*model.Batch, error) {
	b := newBatch(r.columns)
	for !r.end && b.Len < BatchRows {
		err := r.records.next()
		if errors.Is(err, io.EOF) {
			r.end = true
			break
		}
		r.row++
		if err != nil {
			if bad := badRecord(""); r.o.SkipBad && errors.As(err, &bad) {
				r.skipped++
				continue
			}
			return nil, dataError(r.l.name, r.row, "", err)
		}
		column, err := r.append(b)
		if err != nil {
			if r.o.SkipBad {
				r.skipped++
				continue
			}
			return nil, dataError(r.l.name, r.row, column, err)
		}
		if b.Len++; b.Len%256 == 0 && b.Bytes() > batchBytes {
			break
		}
	}
	if b.Len == 0 {
		return nil, io.EOF
	}
	return b, nil
}

// badRecord is a fault after which the next line can be read.
type badRecord string

func (e badRecord) Error() string { return string(e) }

// append adds the record; after an error the batch is as before.
func (r *csvReader) append(b *model.Batch) (column string, err error) {
	if r.fields < 0 {
		r.fields = len(r.cells)
	}
	if len(r.cells) != r.fields {
		return "", fmt.Errorf("%d fields, expected %d", len(r.cells), r.fields)
	}
	zone := r.o.zone()
	for i := range r.columns {
		v, at := b.Cols[i], r.at[i]
		switch {
		case at < 0 || at >= len(r.cells):
			if r.columns[i].Missing == nil {
				err = errors.New("the file has no such column")
				break
			}
			v.AppendValue(*r.columns[i].Missing)
		case r.cells[at].from == r.cells[at].to && !r.cells[at].quoted:
			v.AppendNull()
		default:
			err = appendText(v, r.cell(at), zone)
		}
		if err != nil {
			for j := range i {
				shrink(b.Cols[j], b.Len)
			}
			return r.columns[i].Name, err
		}
	}
	return "", nil
}

func (r *csvReader) Skipped() int64 { return r.skipped }
func (r *csvReader) Offset() int64  { return r.l.offset() }
func (r *csvReader) Close() error   { r.l.close(); return nil }

// newBatch makes an empty batch for the columns.
func newBatch(columns []Column) *model.Batch {
	b := &model.Batch{Cols: make([]*model.Vector, len(columns))}
	for i, c := range columns {
		b.Cols[i] = model.NewVector(c.Type, 0)
	}
	return b
}

// shrink takes the last rows of a vector away, so that n are left.
func shrink(v *model.Vector, n int) {
	v.Len = n
	switch v.Type.Class() {
	case model.ClassBool:
		v.Bools = v.Bools[:n]
	case model.ClassInt:
		v.Ints = v.Ints[:n]
	case model.ClassFloat:
		v.Floats = v.Floats[:n]
	case model.ClassBytes:
		v.Offsets = v.Offsets[:n+1]
		v.Data = v.Data[:v.Offsets[n]]
	case model.ClassDecimal:
		v.Decimals = v.Decimals[:n]
	}
}

// csvWriter writes records.
type csvWriter struct {
	out    io.WriteCloser
	o      Options
	fields []model.Field
	buf    []byte
	cell   []byte
}

func newCSVWriter(w io.Writer, o Options, fields []model.Field) (Writer, error) {
	out, err := compress(o.Compression, w)
	if err != nil {
		return nil, err
	}
	c := &csvWriter{out: out, o: o, fields: fields}
	if !o.NoHeader {
		for i, f := range fields {
			if i > 0 {
				c.buf = append(c.buf, o.delimiter())
			}
			c.buf = c.quote(c.buf, []byte(f.Name), len(fields) == 1)
		}
		c.buf = append(c.buf, '\n')
	}
	return c, nil
}

// quote writes a cell, in quotes where it needs them.
func (c *csvWriter) quote(dst, cell []byte, force bool) []byte {
	need := force && len(cell) == 0
	for _, x := range cell {
		if x == '"' || x == '\n' || x == '\r' || x == c.o.delimiter() {
			need = true
			break
		}
	}
	if !need {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for _, x := range cell {
		if x == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, x)
	}
	return append(dst, '"')
}

func (c *csvWriter) Write(b *model.Batch) error {
	for i := range b.Len {
		for j, v := range b.Cols {
			if j > 0 {
				c.buf = append(c.buf, c.o.delimiter())
			}
			if v.Null(i) {
				continue
			}
			if v.Type.Kind == model.KindString { // fast path
				c.buf = c.quote(c.buf, v.BytesAt(i), true)
				continue
			}
			at := len(c.buf)
			var text bool
			c.buf, text = c.o.textOf(c.buf, v, i)
			if text || v.Type.Class() == model.ClassBytes {
				c.cell = append(c.cell[:0], c.buf[at:]...)
				c.buf = c.quote(c.buf[:at], c.cell, true)
			}
		}
		c.buf = append(c.buf, '\n')
		if len(c.buf) >= lineBuffer {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *csvWriter) flush() error {
	_, err := c.out.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

func (c *csvWriter) Close() error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.out.Close()
}
