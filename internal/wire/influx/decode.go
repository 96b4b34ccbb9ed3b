package influx

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
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

// measurement finds the table of a line and the offset behind its name.
func (d *decoder) measurement(i int) (*table, int, *fault) {
	src := d.src
	if t := d.last; t != nil {
		if n := i + len(t.raw); n < len(src) && (src[n] == ',' || src[n] == ' ') && string(src[i:n]) == string(t.raw) {
			return t, n, nil
		}
	}
	start := i
	for i < len(src) && src[i] != ',' && src[i] >= 0x21 && src[i] != '\\' {
		i++
	}
	name := src[start:i]
	if i < len(src) && src[i] == '\\' {
		name, i = d.escaped(start, ", ")
	}
	if len(name) == 0 {
		return nil, 0, bad("", "measurement is missing")
	}
	if i == len(src) || src[i] != ',' && src[i] != ' ' {
		return nil, 0, d.unexpected(i, "", "behind the measurement")
	}
	if d.checkUTF8 && !utf8.Valid(name) {
		return nil, 0, bad("", "measurement is not valid UTF-8")
	}
	t := d.set.byName[string(name)]
	if t == nil {
		if len(d.set.tables) >= d.opt.MaxTables {
			return nil, 0, bad("", "more than %d measurements in one request", d.opt.MaxTables)
		}
		t = d.set.newTable(d.set.intern(name), src[start:i])
	} else {
		t.raw = append(t.raw[:0], src[start:i]...)
	}
	d.last = t
	return t, i, nil
}

// key reads a key and its '='. It gives the column of that name, or nil; the unescaped name stays in d.set.scratch, and the raw
// key in front of the offset it gives.
func (d *decoder) key(t *table, i int, what string) (*column, int, *fault) {
	src := d.src
	start := i
	for i < len(src) && src[i] >= 0x21 && src[i] != ',' && src[i] != '=' && src[i] != '\\' {
		i++
	}
	name := src[start:i]
	if i < len(src) && src[i] == '\\' {
		name, i = d.escaped(start, ", =")
	}
	if len(name) == 0 {
		return nil, 0, d.unexpected(i, "", "where a "+what+" key should be")
	}
	if d.checkUTF8 && !utf8.Valid(name) {
		return nil, 0, bad(string(name), "%s key is not valid UTF-8", what)
	}
	if i == len(src) || src[i] != '=' {
		return nil, 0, d.unexpected(i, string(name), "where '=' should follow the "+what+" key")
	}
	d.set.scratch = append(d.set.scratch[:0], name...)
	return t.byName[string(name)], i + 1, nil
}

// tagKey reads a tag's key, adding the column if it is new, and notes it in the plan.
func (d *decoder) tagKey(t *table, start, step int) (*column, int, *fault) {
	c, i, f := d.key(t, start, "tag")
	switch {
	case f != nil:
	case c == nil:
		c, f = d.addColumn(t, d.set.scratch, kindTag)
	case c.kind != kindTag:
		f = bad(c.name, "given as a tag, but it is %s in this request", c.kind.what())
	}
	if f != nil {
		return nil, 0, f
	}
	remember(&t.tagPlan, step, d.src[start:i], c)
	return c, i, nil
}

// fieldKey reads a field's key. A new column takes its kind from the value behind the key.
func (d *decoder) fieldKey(t *table, start, step int) (*column, int, *fault) {
	c, i, f := d.key(t, start, "field")
	switch {
	case f != nil:
	case c == nil:
		var k kind
		if k, f = d.kindAt(i, string(d.set.scratch)); f == nil {
			c, f = d.addColumn(t, d.set.scratch, k)
		}
	case c.kind == kindTag || c.kind == kindTime:
		f = bad(c.name, "given as a field, but it is %s in this request", c.kind.what())
	}
	if f != nil {
		return nil, 0, f
	}
	remember(&t.fieldPlan, step, d.src[start:i], c)
	return c, i, nil
}

func (d *decoder) addColumn(t *table, key []byte, k kind) (*column, *fault) {
	name := d.set.intern(key)
	if len(t.cols) >= d.opt.MaxColumns {
		return nil, bad(name, "more than %d columns in table %q", d.opt.MaxColumns, clip(t.rows.Table))
	}
	if name == d.opt.TimeColumn {
		return nil, bad(name, "a tag or field has the name of the time index")
	}
	c := d.set.newColumn(name, k)
	t.byName[name] = c
	t.cols = append(t.cols, c)
	d.cells += t.n
	return c, nil
}

// escaped reads a token again from its start, undoing "\x" where x is one of set; other backslashes stand for themselves. The text
// is valid until the next call.
func (d *decoder) escaped(i int, set string) ([]byte, int) {
	src := d.src
	out := d.set.scratch[:0]
loop:
	for i < len(src) {
		b := src[i]
		switch {
		case b == '\\' && i+1 < len(src) && isOneOf(src[i+1], set):
			out = append(out, src[i+1])
			i += 2
			continue
		case b <= ' ' || isOneOf(b, set):
			break loop
		}
		out = append(out, b)
		i++
	}
	d.set.scratch = out
	return out, i
}

func isOneOf(b byte, set string) bool {
	for j := range len(set) {
		if b == set[j] {
			return true
		}
	}
	return false
}

const (
	low  = 0x0101010101010101
	high = 0x8080808080808080
)

// scanTagValue finds the first byte at or after i that ends a plain tag value: ',', '=', '\\', a blank or a control character.
func scanTagValue(src []byte, i int) int {
	for i+8 <= len(src) {
		w := binary.LittleEndian.Uint64(src[i:])
		comma, equal, slash := w^(low*','), w^(low*'='), w^(low*'\\')
		hit := (comma-low)&^comma | (equal-low)&^equal | (slash-low)&^slash | (w-low*0x21)&^w
		// Bits above the lowest one set may be false (a borrow), the lowest never is.
		if hit &= high; hit != 0 {
			return i + bits.TrailingZeros64(hit)>>3
		}
		i += 8
	}
	for i < len(src) && src[i] > ' ' && src[i] != ',' && src[i] != '=' && src[i] != '\\' {
		i++
	}
	return i
}

// kindAt tells a field's kind from how its value at i is spelled.
func (d *decoder) kindAt(i int, name string) (kind, *fault) {
	src := d.src
	if i == len(src) {
		return 0, bad(name, "field value is missing")
	}
	switch b := src[i]; {
	case b == '"':
		return kindString, nil
	case b == 't' || b == 'T' || b == 'f' || b == 'F':
		return kindBool, nil
	case b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.':
		switch end := valueEnd(src, i); src[end-1] {
		case 'i':
			return kindInt, nil
		case 'u':
			return kindUint, nil
		}
		return kindFloat, nil
	}
	return 0, d.unexpected(i, name, "where a field value should be")
}

// valueEnd is the end of an unquoted value.
func valueEnd(src []byte, i int) int {
	for i < len(src) && src[i] > ' ' && src[i] != ',' {
		i++
	}
	return i
}

// field reads one value into row of c.
func (d *decoder) field(t *table, c *column, row, i int) (int, *fault) {
	src := d.src
	if i == len(src) {
		return 0, bad(c.name, "field value is missing")
	}
	if c.vec.Len != row {
		if c.vec.Len > row { // the key came before in this line: the later value counts
			c.dropLast()
		} else {
			c.padTo(row)
		}
	}
	switch b := src[i]; {
	case b >= '0' && b <= '9' || b == '-' || b == '.' || b == '+':
		return d.number(c, i)
	case b == '"':
		if c.kind != kindString {
			return 0, c.clash(kindString)
		}
		return d.text(c, i)
	case b == 't' || b == 'T' || b == 'f' || b == 'F':
		if c.kind != kindBool {
			return 0, c.clash(kindBool)
		}
		end := valueEnd(src, i)
		switch string(src[i:end]) {
		case "t", "T", "true", "True", "TRUE":
			c.vec.AppendBool(true)
		case "f", "F", "false", "False", "FALSE":
			c.vec.AppendBool(false)
		default:
			return 0, bad(c.name, "%q is not a boolean", clip(string(src[i:end])))
		}
		return end, nil
	}
	return 0, d.unexpected(i, c.name, "where a field value should be")
}

// number reads 12i, 12u or a float. Fast path: at most 18 digits, and for floats a mantissa and a power of ten that are both
// exact as float64, so that one multiplication or division rounds correctly.
func (d *decoder) number(c *column, start int) (int, *fault) {
	src, i := d.src, start
	neg := src[i] == '-'
	if neg {
		i++
	}
	var m uint64
	first := i
	for i < len(src) && src[i]-'0' <= 9 {
		m = m*10 + uint64(src[i]-'0')
		i++
	}
	digits := i - first
	if digits > 0 && digits <= 18 {
		var b byte = '\n'
		if i < len(src) {
			b = src[i]
		}
		switch {
		case b == 'i':
			if c.kind != kindInt {
				return 0, c.clash(kindInt)
			}
			x := int64(m)
			if neg {
				x = -x
			}
			c.vec.AppendInt(x)
			return i + 1, nil
		case b == 'u' && !neg:
			if c.kind != kindUint {
				return 0, c.clash(kindUint)
			}
			c.vec.AppendInt(int64(m))
			return i + 1, nil
		case b == '.' || b == ',' || b <= ' ':
			exp := 0
			if b == '.' {
				i++
				point := i
				for i < len(src) && src[i]-'0' <= 9 && digits < 19 {
					m = m*10 + uint64(src[i]-'0')
					i++
					digits++
				}
				exp = i - point
			}
			if m < 1<<53 && exp <= 22 && (i == len(src) || src[i] == ',' || src[i] <= ' ') {
				if c.kind != kindFloat {
					return 0, c.clash(kindFloat)
				}
				x := float64(m) / pow10[exp]
				if neg {
					x = -x
				}
				c.vec.AppendFloat(x)
				return i, nil
			}
		}
	}
	return d.longNumber(c, start)
}

var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
	1e20, 1e21, 1e22}

func (d *decoder) longNumber(c *column, i int) (int, *fault) {
	end := valueEnd(d.src, i)
	v := d.src[i:end]
	k := kindFloat
	switch v[len(v)-1] {
	case 'i':
		k, v = kindInt, v[:len(v)-1]
	case 'u':
		k, v = kindUint, v[:len(v)-1]
	}
	if c.kind != k {
		return 0, c.clash(k)
	}
	var err error
	switch {
	case !plainNumber(v, k):
		err = strconv.ErrSyntax
	case k == kindInt:
		var x int64
		x, err = strconv.ParseInt(viewText(v), 10, 64)
		c.vec.AppendInt(x)
	case k == kindUint:
		var x uint64
		x, err = strconv.ParseUint(viewText(v), 10, 64)
		c.vec.AppendInt(int64(x))
	default:
		var x float64
		x, err = strconv.ParseFloat(viewText(v), 64)
		c.vec.AppendFloat(x)
	}
	if err != nil {
		reason := "is not " + k.what()
		if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange {
			reason = "is outside of the range of " + k.what()
		}
		return 0, bad(c.name, "%q %s", clip(string(v)), reason)
	}
	return end, nil
}

// plainNumber keeps out what strconv reads and line protocol does not know: hexadecimal, underscores, Inf and NaN.
func plainNumber(v []byte, k kind) bool {
	digit := false
	for _, b := range v {
		switch {
		case b >= '0' && b <= '9':
			digit = true
		case b == '-' && k != kindUint, k == kindFloat && (b == '.' || b == 'e' || b == 'E' || b == '+'):
		default:
			return false
		}
	}
	return digit && v[0] != '+'
}

// text reads a quoted string.
func (d *decoder) text(c *column, i int) (int, *fault) {
	src := d.src
	v := &c.vec
	i++
	start, begin := i, len(v.Data)
	for {
		n := bytes.IndexByte(src[i:], '"')
		if n < 0 {
			return 0, bad(c.name, "closing quote is missing")
		}
		if slash := bytes.IndexByte(src[i:i+n], '\\'); slash >= 0 { // slow path: undo \" and \\
			i += slash
			v.Data = append(v.Data, src[start:i]...)
			if i+1 < len(src) && (src[i+1] == '"' || src[i+1] == '\\') {
				i++
			}
			start = i // the byte behind the backslash, or the backslash itself, is text
			i++
			continue
		}
		i += n
		break
	}
	v.Data = append(v.Data, src[start:i]...)
	text := v.Data[begin:]
	if d.checkUTF8 && !utf8.Valid(text) {
		return 0, bad(c.name, "string is not valid UTF-8")
	}
	if !d.multiline && bytes.IndexByte(text, '\n') >= 0 {
		d.multiline = true
	}
	v.Offsets = append(v.Offsets, uint32(len(v.Data)))
	if v.Valid != nil {
		v.Valid = v.Valid.Grow(v.Len + 1)
		v.Valid.Set(v.Len)
	}
	v.Len++
	i++
	if i < len(src) && src[i] != ',' && src[i] > ' ' {
		return 0, d.unexpected(i, c.name, "behind a string")
	}
	return i, nil
}

func (d *decoder) timestamp(i int) (int64, int, *fault) {
	src, start := d.src, i
	neg := src[i] == '-'
	if neg {
		i++
	}
	var m uint64
	first := i
	for i < len(src) && src[i]-'0' <= 9 {
		m = m*10 + uint64(src[i]-'0')
		i++
	}
	if i == first || i < len(src) && src[i] > ' ' {
		return 0, 0, bad(d.opt.TimeColumn, "%q is not a timestamp", clip(string(src[start:valueEnd(src, start)])))
	}
	hi, ns := bits.Mul64(m, uint64(d.opt.Precision))
	limit := uint64(math.MaxInt64)
	if neg {
		limit++
	}
	if i-first > 19 || hi != 0 || ns > limit { // 19 digits never overflow m
		return 0, 0, bad(d.opt.TimeColumn, "timestamp %s is out of range: nanoseconds since 1970 must fit 64 bits (is the precision right?)",
			clip(string(src[start:i])))
	}
	if neg {
		return -int64(ns), i, nil
	}
	return int64(ns), i, nil
}

// rollback takes back what a bad line left in its table's columns, so that the lines behind it are judged on their own.
func (t *table) rollback() {
	for _, c := range t.cols {
		if c.vec.Len > t.n {
			c.dropLast()
		}
	}
}

// dropLast takes back the newest value.
func (c *column) dropLast() {
	v := &c.vec
	v.Len--
	switch c.kind {
	case kindTag:
		v.Codes = v.Codes[:v.Len]
	case kindInt, kindUint, kindTime:
		v.Ints = v.Ints[:v.Len]
	case kindFloat:
		v.Floats = v.Floats[:v.Len]
	case kindBool:
		v.Bools = v.Bools[:v.Len]
	case kindString:
		v.Offsets = v.Offsets[:v.Len+1]
		v.Data = v.Data[:v.Offsets[v.Len]]
	}
}

func (k kind) what() string {
	return [...]string{"a tag", "the time index", "an integer (BIGINT)", "an unsigned integer (BIGINT UNSIGNED)", "a float (DOUBLE)",
		"a string (STRING)", "a boolean (BOOLEAN)"}[k]
}

func (c *column) clash(got kind) *fault {
	return bad(c.name, "two types in one request: %s here, %s before", got.what(), c.kind.what())
}

func (d *decoder) unexpected(i int, column, where string) *fault {
	if i >= len(d.src) {
		return bad(column, "end of input %s", where)
	}
	if d.src[i] == '\n' {
		return bad(column, "end of line %s", where)
	}
	r, n := utf8.DecodeRune(d.src[i:])
	if r == utf8.RuneError && n <= 1 {
		return bad(column, "byte 0x%02x %s", d.src[i], where)
	}
	return bad(column, "unexpected %q %s", r, where)
}
