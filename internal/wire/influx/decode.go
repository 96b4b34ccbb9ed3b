package influx

import (
	"bytes"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Options say how to read a body.
type Options struct {
	Precision  Precision // of timestamps; zero: nanoseconds
	Now        int64     // nanoseconds since 1970: the time of lines without one
	TimeColumn string    // name of the time index; empty: "greptime_timestamp"

	MaxLine    int // bytes of one line; zero: 1 MiB
	MaxColumns int // columns of one table; zero: 4096
	MaxTables  int // measurements in one body; zero: 65536

	// MaxCells bounds rows × columns over all tables, because columns that lines leave out cost memory too: one wide line and
	// millions of narrow ones would be gigabytes of NULLs. Zero: 32 Mi, several times what a dense body of 64 MB holds.
	MaxCells int
}

func (o Options) withDefaults() Options {
	if o.Precision == 0 {
		o.Precision = 1
	}
	if o.TimeColumn == "" {
		o.TimeColumn = "greptime_timestamp"
	}
	if o.MaxLine == 0 {
		o.MaxLine = 1 << 20
	}
	if o.MaxColumns == 0 {
		o.MaxColumns = 4096
	}
	if o.MaxTables == 0 {
		o.MaxTables = 1 << 16
	}
	if o.MaxCells == 0 {
		o.MaxCells = 32 << 20
	}
	return o
}

// maxFaults is where reading a hopeless body ends.
const maxFaults = 1000

// maxBody keeps every offset into a column's bytes below 2^32.
const maxBody = 1 << 31

// Decode replaces what dst holds by the lines of src, which it does not keep. The error, if any, is a *DecodeError; then dst holds
// nothing to be used.
func Decode(dst *RowSet, src []byte, opt Options) error {
	dst.Reset()
	if len(src) > maxBody {
		return errs.New(errs.InvalidArguments, "line protocol body of %d bytes, at most %d are read", len(src), maxBody)
	}
	d := decoder{set: dst, src: src, opt: opt.withDefaults(), checkUTF8: !utf8.Valid(src)}
	var fails DecodeError
	for i, line := 0, 1; i < len(src); line++ {
		for i < len(src) && src[i] == ' ' {
			i++
		}
		if i == len(src) {
			break
		}
		switch src[i] {
		case '\n':
			i++
			continue
		case '\r', '#':
			if src[i] == '#' || i+1 == len(src) || src[i+1] == '\n' {
				i = nextLine(src, i)
				continue
			}
		}
		end, f := d.line(i)
		if f == nil && end-i > d.opt.MaxLine {
			f = bad("", "longer than %d bytes", d.opt.MaxLine)
		}
		if d.cells > d.opt.MaxCells {
			f = bad("", "rows times columns of the request exceed %d: send smaller requests", d.opt.MaxCells)
		}
		if f != nil {
			fails.add(line, f)
			if d.cells > d.opt.MaxCells || fails.Total == maxFaults {
				break
			}
			if d.last != nil {
				d.last.rollback()
			}
			i = nextLine(src, i)
			continue
		}
		if d.multiline {
			line += bytes.Count(src[i:end-1], []byte{'\n'})
			d.multiline = false
		}
		i = end
	}
	if fails.Total > 0 {
		return &fails
	}
	dst.finish()
	return nil
}

func nextLine(src []byte, i int) int {
	n := bytes.IndexByte(src[i:], '\n')
	if n < 0 {
		return len(src)
	}
	return i + n + 1
}

type decoder struct {
	set       *RowSet
	src       []byte
	opt       Options
	last      *table // of the previous line
	checkUTF8 bool   // the body holds a bad sequence somewhere
	multiline bool   // the line read last holds a line end in a string
	cells     int    // rows × columns so far
}

// line reads the line that starts at i and appends it to its table. It gives the offset behind the line's end.
func (d *decoder) line(i int) (int, *fault) {
	src := d.src
	t, i, f := d.measurement(i)
	if f != nil {
		return 0, f
	}
	row := t.n

	for step := 0; i < len(src) && src[i] == ','; step++ {
		i++
		var c *column
		if step < len(t.tagPlan) { // fast path: the key that the previous line had here
			if p := &t.tagPlan[step]; len(src)-i > len(p.raw) && string(src[i:i+len(p.raw)]) == string(p.raw) {
				c, i = p.col, i+len(p.raw)
			}
		}
		if c == nil {
			if c, i, f = d.tagKey(t, i, step); f != nil {
				return 0, f
			}
		}
		start := i
		i = scanTagValue(src, i)
		v := src[start:i]
		if i < len(src) && src[i] == '\\' {
			v, i = d.escaped(start, ", =")
		}
		if len(v) == 0 {
			return 0, bad(c.name, "tag value is empty")
		}
		if i == len(src) || src[i] != ',' && src[i] != ' ' {
			return 0, d.unexpected(i, c.name, "in tag value")
		}
		if d.checkUTF8 && !utf8.Valid(v) {
			return 0, bad(c.name, "tag value is not valid UTF-8")
		}
		if c.vec.Len != row {
			if c.vec.Len > row {
				return 0, bad(c.name, "tag is given twice")
			}
			c.padTo(row)
		}
		c.vec.AppendCode(c.code(v))
	}
	if i == len(src) || src[i] != ' ' {
		return 0, d.unexpected(i, "", "where fields should begin")
	}
	for i < len(src) && src[i] == ' ' {
		i++
	}

	for step := 0; ; step++ {
		var c *column
		if step < len(t.fieldPlan) {
			if p := &t.fieldPlan[step]; len(src)-i > len(p.raw) && string(src[i:i+len(p.raw)]) == string(p.raw) {
				c, i = p.col, i+len(p.raw)
			}
		}
		if c == nil {
			if c, i, f = d.fieldKey(t, i, step); f != nil {
				return 0, f
			}
		}
		if i, f = d.field(t, c, row, i); f != nil {
			return 0, f
		}
		if i == len(src) || src[i] != ',' {
			break
		}
		i++
	}

	ts := d.opt.Now
	if i < len(src) && src[i] == ' ' {
		for i < len(src) && src[i] == ' ' {
			i++
		}
		if i < len(src) && src[i] != '\n' && src[i] != '\r' {
			if ts, i, f = d.timestamp(i); f != nil {
				return 0, f
			}
			for i < len(src) && src[i] == ' ' {
				i++
			}
		}
	}
	if i < len(src) && src[i] == '\r' && (i+1 == len(src) || src[i+1] == '\n') {
		i++
	}
	if i < len(src) {
		if src[i] != '\n' {
			return 0, d.unexpected(i, "", "behind the line")
		}
		i++
	}
	if t.time == nil {
		if t.byName[d.opt.TimeColumn] != nil {
			return 0, bad(d.opt.TimeColumn, "a tag or field has the name of the time index")
		}
		t.time = d.set.newColumn(d.opt.TimeColumn, kindTime)
		t.byName[d.opt.TimeColumn] = t.time
		t.cols = append(t.cols, t.time)
	}
	t.time.vec.AppendInt(ts)
	t.n++
	d.cells += len(t.cols)
	return i, nil
}
