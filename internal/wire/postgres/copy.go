package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/model"
)

// CopyFormat is a form of COPY.
type CopyFormat uint8

// The forms.
const (
	CopyText CopyFormat = iota
	CopyCSV
	CopyBinary
)

// CopyOptions are the options of COPY.
type CopyOptions struct {
	Format    CopyFormat
	Delimiter byte   // zero: a tab, in CSV a comma
	Null      string // as it is written
	NullGiven bool
	Header    bool
	Quote     byte // of CSV. Zero: "
	Escape    byte // of CSV. Zero: the quote
}

// Defaults fills in what was not given.
func (o *CopyOptions) Defaults() {
	if o.Delimiter == 0 {
		o.Delimiter = '\t'
		if o.Format == CopyCSV {
			o.Delimiter = ','
		}
	}
	if !o.NullGiven && o.Format == CopyText {
		o.Null = `\N`
	}
	if o.Quote == 0 {
		o.Quote = '"'
	}
	if o.Escape == 0 {
		o.Escape = o.Quote
	}
}

// ErrCopy is the error of malformed rows of COPY.
var ErrCopy = errors.New("malformed COPY data")

// MaxCopyRow bounds a row of COPY, in bytes.
const MaxCopyRow = 64 << 20

// CopyReader cuts what a client sends into rows. Messages may break anywhere.
type CopyReader struct {
	opt     CopyOptions
	buf     []byte
	row     [][]byte
	arena   []byte
	begun   bool // the header was read
	ended   bool // the end mark was read
	Line    int  // of the row that was read last, from 1
	scanned int  // bytes at the start of buf in which there is no end of a row, and whether they end within quotes
	inside  bool
}

// NewCopyReader reads rows of a form; the options have their defaults.
func NewCopyReader(opt CopyOptions) *CopyReader { return &CopyReader{opt: opt} }

// Write takes bytes of the client.
func (r *CopyReader) Write(b []byte) { r.buf = append(r.buf, b...) }

// Pending is how many bytes wait to be read.
func (r *CopyReader) Pending() int { return len(r.buf) }

// Next gives the values of the next row, nil for NULL, valid until the call after; ok is false where more bytes are needed. At the end of
// what the client sends, last is true: then a row without an end counts.
func (r *CopyReader) Next(last bool) (row [][]byte, ok bool, err error) {
	if r.opt.Format == CopyBinary {
		return r.nextBinary(last)
	}
	for {
		line, ok, err := r.line(last)
		if err != nil || !ok {
			return nil, false, err
		}
		r.Line++
		if r.ended {
			continue
		}
		if bytes.Equal(line, []byte(`\.`)) {
			r.ended = true
			continue
		}
		if !r.begun {
			r.begun = true
			if r.opt.Header {
				continue
			}
		}
		if r.opt.Format == CopyCSV {
			err = r.csv(line)
		} else {
			err = r.text(line)
		}
		return r.row, err == nil, err
	}
}

// line gives the next line without its end.
func (r *CopyReader) line(last bool) ([]byte, bool, error) {
	csv := r.opt.Format == CopyCSV
	for i := r.scanned; i < len(r.buf); i++ {
		switch c := r.buf[i]; {
		case csv && c == r.opt.Quote: // an escaped quote turns twice
			if !(r.inside && r.opt.Escape != r.opt.Quote && i > 0 && r.buf[i-1] == r.opt.Escape) {
				r.inside = !r.inside
			}
		case c == '\n' && !r.inside && (csv || !escaped(r.buf[:i])):
			line := r.buf[:i]
			r.buf, r.scanned = r.buf[i+1:], 0
			return bytes.TrimSuffix(line, []byte{'\r'}), true, nil
		}
	}
	r.scanned = len(r.buf)
	if len(r.buf) > MaxCopyRow {
		return nil, false, fmt.Errorf("%w: a row of more than %d bytes", ErrCopy, MaxCopyRow)
	}
	if !last || len(r.buf) == 0 {
		return nil, false, nil
	}
	if r.inside {
		return nil, false, fmt.Errorf("%w: line %d: unterminated CSV quoted field", ErrCopy, r.Line+1)
	}
	line := r.buf
	r.buf, r.scanned = nil, 0
	return bytes.TrimSuffix(line, []byte{'\r'}), true, nil
}

// escaped reports whether b ends in an odd number of backslashes.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// text cuts a line of the text form.
func (r *CopyReader) text(line []byte) error {
	r.row, r.arena = r.row[:0], r.arena[:0]
	if cap(r.arena) < len(line) {
		r.arena = make([]byte, 0, 2*len(line)) // it must not move while values point into it
	}
	for {
		end := 0
		for end < len(line) && line[end] != r.opt.Delimiter {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(line))
		raw := line[:end]
		if string(raw) == r.opt.Null {
			r.row = append(r.row, nil)
		} else {
			r.row = append(r.row, r.unescape(raw))
		}
		if end == len(line) {
			return nil
		}
		line = line[end+1:]
	}
}

func (r *CopyReader) unescape(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	at := len(r.arena)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '\\' || i+1 == len(raw) {
			r.arena = append(r.arena, c)
			continue
		}
		i++
		switch c = raw[i]; c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'v':
			c = '\v'
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n := 0
			for k := 0; k < 3 && i < len(raw) && raw[i] >= '0' && raw[i] <= '7'; k++ {
				n = n*8 + int(raw[i]-'0')
				i++
			}
			i--
			c = byte(n)
		case 'x':
			n, k := 0, 0
			for k < 2 && i+1 < len(raw) && hexDigit(raw[i+1]) >= 0 {
				n = n*16 + hexDigit(raw[i+1])
				i++
				k++
			}
			if k > 0 {
				c = byte(n)
			}
		}
		r.arena = append(r.arena, c)
	}
	return r.arena[at:len(r.arena):len(r.arena)]
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// csv cuts a line of CSV; what was quoted is never NULL.
func (r *CopyReader) csv(line []byte) error {
	r.row, r.arena = r.row[:0], r.arena[:0]
	if cap(r.arena) < len(line) {
		r.arena = make([]byte, 0, 2*len(line))
	}
	q, esc := r.opt.Quote, r.opt.Escape
	for i := 0; ; {
		at, quoted, inside := len(r.arena), false, false
		for ; i < len(line); i++ {
			c := line[i]
			switch {
			case inside && c == esc && i+1 < len(line) && (line[i+1] == q || line[i+1] == esc):
				i++
				r.arena = append(r.arena, line[i])
			case c == q:
				inside, quoted = !inside, true
			case c == r.opt.Delimiter && !inside:
				goto value
			default:
				r.arena = append(r.arena, c)
			}
		}
		if inside {
			return fmt.Errorf("%w: line %d: unterminated CSV quoted field", ErrCopy, r.Line)
		}
	value:
		v := r.arena[at:len(r.arena):len(r.arena)]
		if !quoted && string(v) == r.opt.Null {
			v = nil
		} else if v == nil {
			v = []byte{}
		}
		r.row = append(r.row, v)
		if i >= len(line) {
			return nil
		}
		i++
	}
}

// binarySignature begins the binary form.
var binarySignature = []byte("PGCOPY\n\xff\r\n\x00")

func (r *CopyReader) nextBinary(last bool) ([][]byte, bool, error) {
	if !r.begun {
		if len(r.buf) < len(binarySignature)+8 {
			return nil, false, r.short(last)
		}
		if !bytes.HasPrefix(r.buf, binarySignature) {
			return nil, false, fmt.Errorf("%w: COPY file signature not recognized", ErrCopy)
		}
		n := binary.BigEndian.Uint32(r.buf[len(binarySignature)+4:])
		if n > 1<<20 {
			return nil, false, fmt.Errorf("%w: the header is %d bytes long", ErrCopy, n)
		}
		if len(r.buf) < len(binarySignature)+8+int(n) {
			return nil, false, r.short(last)
		}
		r.buf, r.begun = r.buf[len(binarySignature)+8+int(n):], true
	}
	if r.ended {
		return nil, false, nil
	}
	if len(r.buf) < 2 {
		return nil, false, r.short(last)
	}
	n := int16(binary.BigEndian.Uint16(r.buf))
	if n == -1 {
		r.ended, r.buf = true, nil
		return nil, false, nil
	}
	if n < 0 {
		return nil, false, fmt.Errorf("%w: a row of %d values", ErrCopy, n)
	}
	r.row = r.row[:0]
	at := 2
	for range n {
		if len(r.buf) < at+4 {
			return nil, false, r.short(last)
		}
		size := int32(binary.BigEndian.Uint32(r.buf[at:]))
		at += 4
		if size == -1 {
			r.row = append(r.row, nil)
			continue
		}
		if size < 0 || size > MaxCopyRow {
			return nil, false, fmt.Errorf("%w: a value of %d bytes", ErrCopy, size)
		}
		if len(r.buf) < at+int(size) {
			return nil, false, r.short(last)
		}
		r.row = append(r.row, r.buf[at:at+int(size):at+int(size)])
		at += int(size)
	}
	r.buf = r.buf[at:]
	r.Line++
	return r.row, true, nil
}

func (r *CopyReader) short(last bool) error {
	if last && len(r.buf) > 0 {
		return fmt.Errorf("%w: unexpected end", ErrCopy)
	}
	if len(r.buf) > MaxCopyRow {
		return fmt.Errorf("%w: a row of more than %d bytes", ErrCopy, MaxCopyRow)
	}
	return nil
}

// CopyWriter writes rows of COPY.
type CopyWriter struct {
	opt   CopyOptions
	rows  *Rows
	small []byte
}

// NewCopyWriter writes rows of n columns; the options have their defaults.
func NewCopyWriter(n int, opt CopyOptions, style Style) *CopyWriter {
	var formats []int16
	if opt.Format == CopyBinary {
		formats = []int16{Binary}
	}
	return &CopyWriter{opt: opt, rows: NewRows(n, formats, style)}
}

// AppendHeader writes what comes before the rows.
func (w *CopyWriter) AppendHeader(dst []byte, names []string) []byte {
	if w.opt.Format == CopyBinary {
		return append(append(dst, binarySignature...), 0, 0, 0, 0, 0, 0, 0, 0)
	}
	if !w.opt.Header {
		return dst
	}
	for i, n := range names {
		if i > 0 {
			dst = append(dst, w.opt.Delimiter)
		}
		dst = w.appendValue(dst, []byte(n))
	}
	return append(dst, '\n')
}

// AppendRow writes row i of a batch.
func (w *CopyWriter) AppendRow(dst []byte, b *model.Batch, i int) []byte {
	if w.opt.Format == CopyBinary {
		dst = append(dst, byte(len(b.Cols)>>8), byte(len(b.Cols)))
		return w.rows.AppendFields(dst, b, i)
	}
	for j, v := range b.Cols {
		if j > 0 {
			dst = append(dst, w.opt.Delimiter)
		}
		if v.Null(i) {
			dst = append(dst, w.opt.Null...)
			continue
		}
		w.small = w.rows.AppendText(w.small[:0], v, i)
		dst = w.appendValue(dst, w.small)
	}
	return append(dst, '\n')
}

// AppendEnd writes what comes after the rows.
func (w *CopyWriter) AppendEnd(dst []byte) []byte {
	if w.opt.Format == CopyBinary {
		return append(dst, 0xff, 0xff)
	}
	return dst
}

func (w *CopyWriter) appendValue(dst, v []byte) []byte {
	if w.opt.Format == CopyText {
		for _, c := range v {
			switch c {
			case '\b':
				dst = append(dst, '\\', 'b')
			case '\f':
				dst = append(dst, '\\', 'f')
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			case '\v':
				dst = append(dst, '\\', 'v')
			case '\\', w.opt.Delimiter:
				dst = append(dst, '\\', c)
			default:
				dst = append(dst, c)
			}
		}
		return dst
	}
	quote := string(v) == w.opt.Null || string(v) == `\.`
	for _, c := range v {
		quote = quote || c == w.opt.Quote || c == w.opt.Delimiter || c == '\n' || c == '\r'
	}
	if !quote {
		return append(dst, v...)
	}
	dst = append(dst, w.opt.Quote)
	for _, c := range v {
		if c == w.opt.Quote || c == w.opt.Escape {
			dst = append(dst, w.opt.Escape)
		}
		dst = append(dst, c)
	}
	return append(dst, w.opt.Quote)
}
