package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/goptimedb/goptimedb/internal/model"
)

// jsonReader reads an object a line.
type jsonReader struct {
	l       *lines
	o       Options
	columns []Column
	index   map[string]int
	seen    []bool
	parser  fastjson.Parser
	scratch []byte
	row     int64
	skipped int64
	end     bool
}

func newJSONReader(src Source, o Options, columns []Column) (Reader, error) {
	l, err := openLines(src, &o)
	if err != nil {
		return nil, err
	}
	r := &jsonReader{l: l, o: o, columns: columns, index: make(map[string]int, len(columns)), seen: make([]bool, len(columns))}
	for i, c := range columns {
		r.index[c.Name] = i
	}
	return r, nil
}

// Next implements Reader.
func (r *jsonReader) Next() (*model.Batch, error) {
	b := newBatch(r.columns)
	for !r.end && b.Len < BatchRows {
		line, err := r.l.next(0)
		if errors.Is(err, io.EOF) {
			r.end = true
			break
		}
		if err != nil {
			return nil, dataError(r.l.name, r.row+1, "", err)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		r.row++
		column, err := r.append(b, line)
		if err != nil {
			for _, v := range b.Cols {
				if v.Len > b.Len {
					shrink(v, b.Len)
				}
			}
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

func (r *jsonReader) append(b *model.Batch, line []byte) (column string, err error) {
	x, err := r.parser.ParseBytes(line)
	if err != nil {
		return "", fmt.Errorf("%s is not JSON", clip(line))
	}
	object, err := x.Object()
	if err != nil {
		return "", fmt.Errorf("%s is not an object", clip(line))
	}
	clear(r.seen)
	object.Visit(func(key []byte, x *fastjson.Value) {
		i, ok := r.index[string(key)]
		if !ok || err != nil {
			return
		}
		if r.seen[i] {
			column, err = r.columns[i].Name, errors.New("is there twice")
			return
		}
		r.seen[i] = true
		if err = r.value(b.Cols[i], x); err != nil {
			column = r.columns[i].Name
		}
	})
	if err != nil {
		return column, err
	}
	for i, ok := range r.seen {
		if ok {
			continue
		}
		m := r.columns[i].Missing
		if m == nil {
			return r.columns[i].Name, errors.New("is missing")
		}
		b.Cols[i].AppendValue(*m)
	}
	return "", nil
}

// value appends a value of JSON to a column.
func (r *jsonReader) value(v *model.Vector, x *fastjson.Value) error {
	switch t := x.Type(); {
	case t == fastjson.TypeNull:
		v.AppendNull()
		return nil
	case v.Type.Kind == model.KindJSON:
		if t == fastjson.TypeString {
			if s := x.GetStringBytes(); fastjson.ValidateBytes(s) == nil { // a document in a string
				v.AppendBytes(s)
				return nil
			}
		}
		r.scratch = x.MarshalTo(r.scratch[:0])
		v.AppendBytes(r.scratch)
		return nil
	case t == fastjson.TypeNumber && v.Type.Kind == model.KindFloat64:
		r.scratch = x.MarshalTo(r.scratch[:0])
		return appendText(v, r.scratch, nil)
	case t == fastjson.TypeString:
		return appendText(v, x.GetStringBytes(), r.o.zone())
	case t == fastjson.TypeNumber && (v.Type.Integer() || v.Type.IsTimestamp() || v.Type.Kind == model.KindDate):
		r.scratch = x.MarshalTo(r.scratch[:0])
		if f, err := strconv.ParseFloat(text(r.scratch), 64); err == nil && bytes.ContainsAny(r.scratch, ".eE") && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			r.scratch = strconv.AppendInt(r.scratch[:0], int64(f), 10)
		}
		return appendText(v, r.scratch, r.o.zone())
	}
	r.scratch = x.MarshalTo(r.scratch[:0])
	return appendText(v, r.scratch, r.o.zone())
}

func (r *jsonReader) Skipped() int64 { return r.skipped }
func (r *jsonReader) Offset() int64  { return r.l.offset() }
func (r *jsonReader) Close() error   { r.l.close(); return nil }

// jsonWriter writes an object a line; NULLs are left out of it as null.
type jsonWriter struct {
	out  io.WriteCloser
	o    Options
	keys [][]byte // `"name":`
	buf  []byte
	cell []byte
}

func newJSONWriter(w io.Writer, o Options, fields []model.Field) (Writer, error) {
	out, err := compress(o.Compression, w)
	if err != nil {
		return nil, err
	}
	j := &jsonWriter{out: out, o: o}
	for _, f := range fields {
		j.keys = append(j.keys, append(appendJSONString(nil, []byte(f.Name)), ':'))
	}
	return j, nil
}

func (j *jsonWriter) Write(b *model.Batch) error {
	for i := range b.Len {
		j.buf = append(j.buf, '{')
		for c, v := range b.Cols {
			if c > 0 {
				j.buf = append(j.buf, ',')
			}
			j.buf = append(j.buf, j.keys[c]...)
			if v.Null(i) {
				j.buf = append(j.buf, "null"...)
				continue
			}
			if v.Type.Kind == model.KindString { // fast path
				j.buf = appendJSONString(j.buf, v.BytesAt(i))
				continue
			}
			at := len(j.buf)
			var quote bool
			j.buf, quote = j.o.textOf(j.buf, v, i)
			if quote {
				j.cell = append(j.cell[:0], j.buf[at:]...)
				j.buf = appendJSONString(j.buf[:at], j.cell)
			} else if v.Type.Class() == model.ClassBytes { // a document must stay in its line
				for k := at; k < len(j.buf); k++ {
					if j.buf[k] == '\n' || j.buf[k] == '\r' {
						j.buf[k] = ' '
					}
				}
			}
		}
		j.buf = append(j.buf, "}\n"...)
		if len(j.buf) >= lineBuffer {
			if err := j.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *jsonWriter) flush() error {
	_, err := j.out.Write(j.buf)
	j.buf = j.buf[:0]
	return err
}

func (j *jsonWriter) Close() error {
	if err := j.flush(); err != nil {
		return err
	}
	return j.out.Close()
}

const hexDigits = "0123456789abcdef"

// appendJSONString writes a string of JSON; bytes that are no UTF-8 become U+FFFD.
func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	plain := 0 // fast path: what needs no care is copied as one
	for plain < len(s) && s[plain] >= 0x20 && s[plain] < utf8.RuneSelf && s[plain] != '"' && s[plain] != '\\' {
		plain++
	}
	dst = append(dst, s[:plain]...)
	for i := plain; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c < 0x20:
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}
