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

	// Of CSV, by column; what the slices do not reach is false. ForceNull reads quoted values that look like Null as NULL, ForceNotNull
	// unquoted ones as they are; ForceQuote quotes what is written.
	ForceNull, ForceNotNull, ForceQuote []bool
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
	at      int // bytes of buf that were read
	row     [][]byte
	arena   []byte
	begun   bool // the header was read
	ended   bool // the end mark was read
	header  []string
	Line    int // of the row that was read last, from 1
	scanned int // bytes after at in which there is no end of a row, and whether they end within quotes
	inside  bool
}

// NewCopyReader reads rows of a form; the options have their defaults.
func NewCopyReader(opt CopyOptions) *CopyReader { return &CopyReader{opt: opt} }

// Write takes bytes of the client. Rows that Next gave are not valid any more.
func (r *CopyReader) Write(b []byte) {
	if r.at > 0 { // what was not read yet is little
		r.buf = r.buf[:copy(r.buf, r.buf[r.at:])]
		r.at = 0
	}
	r.buf = append(r.buf, b...)
}

// Pending is how many bytes wait to be read.
func (r *CopyReader) Pending() int { return len(r.buf) - r.at }

// Header gives the names of the first line, with the option Header and once Next has given a row or found none.
func (r *CopyReader) Header() []string { return r.header }

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
		if len(line) == 2 && line[0] == '\\' && line[1] == '.' {
			r.ended = true
			continue
		}
		if r.opt.Format == CopyCSV {
			err = r.csv(line)
		} else {
			r.text(line)
		}
		if !r.begun {
			r.begun = true
			if r.opt.Header {
				for _, name := range r.row {
					r.header = append(r.header, string(name))
				}
				if err != nil {
					return nil, false, err
				}
				continue
			}
		}
		return r.row, err == nil, err
	}
}

// line gives the next line without its end.
func (r *CopyReader) line(last bool) ([]byte, bool, error) {
	csv := r.opt.Format == CopyCSV
	rest := r.buf[r.at:]
	if csv && !r.inside && r.scanned == 0 { // fast path: there is no quote before the next end of a line
		if end := bytes.IndexByte(rest, '\n'); end >= 0 && bytes.IndexByte(rest[:end], r.opt.Quote) < 0 {
			return r.cut(end), true, nil
		}
	}
	for i := r.scanned; i < len(rest); {
		if !csv { // fast path: only ends of lines matter
			end := bytes.IndexByte(rest[i:], '\n')
			if end < 0 {
				break
			}
			if i += end; !escaped(rest[:i]) {
				return r.cut(i), true, nil
			}
			i++
			continue
		}
		switch c := rest[i]; {
		case c == r.opt.Quote: // an escaped quote turns twice
			if !(r.inside && r.opt.Escape != r.opt.Quote && i > 0 && rest[i-1] == r.opt.Escape) {
				r.inside = !r.inside
			}
		case c == '\n' && !r.inside:
			return r.cut(i), true, nil
		}
		i++
	}
	r.scanned = len(rest)
	if len(rest) > MaxCopyRow {
		return nil, false, fmt.Errorf("%w: a row of more than %d bytes", ErrCopy, MaxCopyRow)
	}
	if !last || len(rest) == 0 {
		return nil, false, nil
	}
	if r.inside {
		return nil, false, fmt.Errorf("%w: line %d: unterminated CSV quoted field", ErrCopy, r.Line+1)
	}
	r.at, r.scanned = len(r.buf), 0
	return bytes.TrimSuffix(rest, []byte{'\r'}), true, nil
}

// cut takes the line that ends after n bytes.
func (r *CopyReader) cut(n int) []byte {
	line := r.buf[r.at : r.at+n]
	r.at, r.scanned = r.at+n+1, 0
	if n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
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
func (r *CopyReader) text(line []byte) {
	r.row, r.arena = r.row[:0], r.arena[:0]
	if bytes.IndexByte(line, '\\') < 0 { // fast path: nothing is escaped, and with the usual mark there is no NULL
		r.plain(line, nil)
		return
	}
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
			return
		}
		line = line[end+1:]
	}
}

// plain cuts a line in which nothing is escaped or quoted. Columns of notNull have no NULLs.
func (r *CopyReader) plain(line []byte, notNull []bool) {
	for {
		end := bytes.IndexByte(line, r.opt.Delimiter)
		raw := line
		if end >= 0 {
			raw = line[:end:end]
		}
		if string(raw) == r.opt.Null && !has(notNull, len(r.row)) {
			raw = nil
		} else if raw == nil {
			raw = []byte{}
		}
		r.row = append(r.row, raw)
		if end < 0 {
			return
		}
		line = line[end+1:]
	}
}

// has reports a bit of a list that may be too short.
func has(list []bool, i int) bool { return i < len(list) && list[i] }

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

// csv cuts a line of CSV; what was quoted is NULL only where that is forced.
func (r *CopyReader) csv(line []byte) error {
	r.row, r.arena = r.row[:0], r.arena[:0]
	if bytes.IndexByte(line, r.opt.Quote) < 0 { // fast path
		r.plain(line, r.opt.ForceNotNull)
		return nil
	}
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
		null := !quoted && !has(r.opt.ForceNotNull, len(r.row)) || quoted && has(r.opt.ForceNull, len(r.row))
		if null && string(v) == r.opt.Null {
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
	rest := r.buf[r.at:]
	if !r.begun {
		if len(rest) < len(binarySignature)+8 {
			return nil, false, r.short(last)
		}
		if !bytes.HasPrefix(rest, binarySignature) {
			return nil, false, fmt.Errorf("%w: COPY file signature not recognized", ErrCopy)
		}
		n := binary.BigEndian.Uint32(rest[len(binarySignature)+4:])
		if n > 1<<20 {
			return nil, false, fmt.Errorf("%w: the header is %d bytes long", ErrCopy, n)
		}
		size := len(binarySignature) + 8 + int(n)
		if len(rest) < size {
			return nil, false, r.short(last)
		}
		r.at, r.begun = r.at+size, true
		rest = rest[size:]
	}
	if r.ended {
		return nil, false, nil
	}
	if len(rest) < 2 {
		return nil, false, r.short(last)
	}
	n := int16(binary.BigEndian.Uint16(rest))
	if n == -1 {
		r.ended, r.at = true, len(r.buf)
		return nil, false, nil
	}
	if n < 0 {
		return nil, false, fmt.Errorf("%w: a row of %d values", ErrCopy, n)
	}
	r.row = r.row[:0]
	at := 2
	for range n {
		if len(rest) < at+4 {
			return nil, false, r.short(last)
		}
		size := int32(binary.BigEndian.Uint32(rest[at:]))
		at += 4
		if size == -1 {
			r.row = append(r.row, nil)
			continue
		}
		if size < 0 || size > MaxCopyRow {
			return nil, false, fmt.Errorf("%w: a value of %d bytes", ErrCopy, size)
		}
		if len(rest) < at+int(size) {
			return nil, false, r.short(last)
		}
		r.row = append(r.row, rest[at:at+int(size):at+int(size)])
		at += int(size)
	}
	r.at += at
	r.Line++
	return r.row, true, nil
}

func (r *CopyReader) short(last bool) error {
	if last && r.Pending() > 0 {
		return fmt.Errorf("%w: unexpected end", ErrCopy)
	}
	if r.Pending() > MaxCopyRow {
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
		dst = w.appendValue(dst, []byte(n), false)
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
		dst = w.appendValue(dst, w.small, has(w.opt.ForceQuote, j))
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

func (w *CopyWriter) appendValue(dst, v []byte, quote bool) []byte {
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
	quote = quote || string(v) == w.opt.Null || string(v) == `\.`
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
