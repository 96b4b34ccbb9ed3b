package logentry

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
)

// reader walks a payload; after the first fault every read gives zero and err stays.
type reader struct {
	mem *Decoder
	b   []byte
	pos int
	err error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.b)-r.pos) {
		r.err = fmt.Errorf("log entry is cut short at byte %d: %d more bytes wanted, %d there", r.pos, n, len(r.b)-r.pos)
	}
	if r.err != nil {
		return nil
	}
	p := r.b[r.pos : r.pos+n]
	r.pos += n
	return p
}

func (r *reader) u8() byte {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if p := r.take(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("log entry, byte %d: %s", r.pos, fmt.Sprintf(format, args...))
	}
}

// Decode reads a payload with a Decoder of its own.
func Decode(payload []byte) (*Entry, error) { return new(Decoder).Decode(payload) }

// Decoder decodes entries one after another into memory that it uses again. The zero value is ready for use.
type Decoder struct {
	entry   Entry
	rows    model.Batch
	columns []*column
	lens    []uint32
	ints    []int64
}

// column is the memory of one column of the entries.
type column struct {
	v    model.Vector
	full model.Vector // what v had of memory in any entry, so that an entry's kind of column does not lose that of another
	dict model.Dict
}

// Decode reads a payload; the entry shares no memory with it, and is good until the next call. Damaged or foreign bytes give an error,
// never a panic.
func (d *Decoder) Decode(payload []byte) (*Entry, error) {
	r := &reader{b: payload, mem: d}
	if v := r.u8(); r.err == nil && v != Version {
		return nil, fmt.Errorf("log entry has format version %d, this program reads %d", v, Version)
	}
	e := &d.entry
	*e = Entry{Op: model.OpType(r.u8()), SchemaVersion: r.u64(), FirstSequence: model.Sequence(r.u64()), Columns: e.Columns[:0]}
	rows, cols := int(r.u32()), int(r.u16())
	if e.Op > model.OpPut {
		r.fail("operation %d", e.Op)
	}
	// Even a constant column takes more than 20 bytes, and rows are at most what one request may carry.
	if rows > MaxRows || cols > len(payload)/20 {
		r.fail("%d rows of %d columns", rows, cols)
	}
	d.rows = model.Batch{Len: rows, Cols: d.rows.Cols[:0]}
	e.Rows = &d.rows
	for i := range cols {
		if r.err != nil {
			break
		}
		if i == len(d.columns) {
			d.columns = append(d.columns, &column{})
		}
		id, v := r.column(d.columns[i], rows)
		e.Columns = append(e.Columns, id)
		e.Rows.Cols = append(e.Rows.Cols, v)
	}
	if r.err == nil && r.pos != len(payload) {
		r.fail("%d bytes left over", len(payload)-r.pos)
	}
	if r.err != nil {
		return nil, r.err
	}
	return e, nil
}

func (r *reader) column(c *column, rows int) (model.ColumnID, *model.Vector) {
	id := model.ColumnID(r.u32())
	t := model.Type{Kind: model.Kind(r.u8()), Unit: model.TimeUnit(r.u8()), Precision: r.u8(), Scale: r.u8()}
	t.Dim = r.u32()
	if t.Kind > model.KindStruct || t.Unit > model.Nanosecond {
		r.fail("data type %d", t.Kind)
		return id, nil
	}
	v, full := &c.v, &c.full
	*v = model.Vector{Type: t, Len: rows}
	if r.u8() == 1 {
		words := (rows + 63) / 64
		p := r.take(words * 8)
		if r.err != nil {
			return id, nil
		}
		full.Valid = sized(full.Valid, words)
		v.Valid = full.Valid
		for i := range v.Valid {
			v.Valid[i] = binary.LittleEndian.Uint64(p[8*i:])
		}
	}
	if t.Class() == model.ClassNull {
		return id, v
	}
	enc := r.u8()
	switch class := t.Class(); {
	case class == model.ClassBool && enc == encPlain:
		p := r.take(rows)
		full.Bools = sized(full.Bools, len(p))
		v.Bools = full.Bools
		for i, b := range p {
			v.Bools[i] = b != 0
		}
	case class == model.ClassInt && enc == encFrame:
		full.Ints = readFrame(r, full.Ints, rows)
		v.Ints = full.Ints
	case class == model.ClassFloat && enc == encFloat:
		r.mem.ints = readFrame(r, r.mem.ints, rows)
		full.Floats = sized(full.Floats, len(r.mem.ints))
		v.Floats = full.Floats
		for i, x := range r.mem.ints {
			v.Floats[i] = float64(x)
		}
	case class == model.ClassFloat && enc == encPlain:
		p := r.take(8 * rows)
		full.Floats = sized(full.Floats, len(p)/8)
		v.Floats = full.Floats
		for i := range v.Floats {
			v.Floats[i] = math.Float64frombits(binary.LittleEndian.Uint64(p[8*i:]))
		}
	case class == model.ClassBytes && enc == encPlain:
		full.Offsets, full.Data = r.strings(full.Offsets, full.Data)
		v.Offsets, v.Data = full.Offsets, full.Data
		if r.err == nil && len(v.Offsets) != rows+1 {
			r.fail("%d values for %d rows", len(v.Offsets)-1, rows)
		}
	case class == model.ClassBytes && enc == encDict:
		v.Dict = &c.dict
		v.Dict.Offsets, v.Dict.Data = r.strings(v.Dict.Offsets, v.Dict.Data)
		full.Codes = readFrame(r, full.Codes, rows)
		v.Codes = full.Codes
		for i, code := range v.Codes {
			if int(code) >= v.Dict.Len() && (v.Dict.Len() > 0 || !v.Null(i)) {
				r.fail("code %d of a dictionary of %d", code, v.Dict.Len())
				break
			}
		}
	case class == model.ClassDecimal && enc == encPlain:
		p := r.take(16 * rows)
		full.Decimals = sized(full.Decimals, len(p)/16)
		v.Decimals = full.Decimals
		for i := range v.Decimals {
			v.Decimals[i] = model.Int128{Lo: binary.LittleEndian.Uint64(p[16*i:]), Hi: int64(binary.LittleEndian.Uint64(p[16*i+8:]))}
		}
	case class == model.ClassInterval && enc == encPlain:
		p := r.take(16 * rows)
		full.Intervals = sized(full.Intervals, len(p)/16)
		v.Intervals = full.Intervals
		for i := range v.Intervals {
			v.Intervals[i] = model.MonthDayNano{Months: int32(binary.LittleEndian.Uint32(p[16*i:])),
				Days: int32(binary.LittleEndian.Uint32(p[16*i+4:])), Nanos: int64(binary.LittleEndian.Uint64(p[16*i+8:]))}
		}
	default:
		r.fail("encoding %d of %s", enc, t)
	}
	return id, v
}

// sized is s with n values, whatever they are, in its own memory if that suffices.
func sized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// readFrame reads n numbers into the memory of buf.
func readFrame[T int64 | uint32](r *reader, buf []T, n int) []T {
	base := T(r.u64())
	width := int(r.u8())
	if r.err == nil && width != 0 && width != 1 && width != 2 && width != 4 && width != 8 {
		r.fail("width %d", width)
	}
	p := r.take(width * n)
	if r.err != nil {
		return buf[:0]
	}
	out := sized(buf, n)
	switch width {
	case 0:
		for i := range out {
			out[i] = base
		}
	case 1:
		for i, b := range p {
			out[i] = base + T(b)
		}
	case 2:
		for i := range out {
			out[i] = base + T(binary.LittleEndian.Uint16(p[2*i:]))
		}
	case 4:
		for i := range out {
			out[i] = base + T(binary.LittleEndian.Uint32(p[4*i:]))
		}
	case 8:
		for i := range out {
			out[i] = base + T(binary.LittleEndian.Uint64(p[8*i:]))
		}
	}
	return out
}

// strings reads offsets and bytes of strings into the memory of the two slices.
func (r *reader) strings(offsets []uint32, data []byte) ([]uint32, []byte) {
	n, total := int(r.u32()), int(r.u32())
	if r.err == nil && n > MaxRows {
		r.fail("%d strings", n)
	}
	if r.err != nil {
		return nil, nil
	}
	r.mem.lens = readFrame(r, r.mem.lens, n)
	if r.err != nil {
		return nil, nil
	}
	offsets = sized(offsets, n+1)
	offsets[0] = 0
	sum := uint64(0)
	for i, l := range r.mem.lens {
		sum += uint64(l)
		if sum > uint64(total) {
			r.fail("strings are longer than the %d bytes of them", total)
			return nil, nil
		}
		offsets[i+1] = uint32(sum)
	}
	if sum != uint64(total) {
		r.fail("strings are %d bytes, not %d", sum, total)
		return nil, nil
	}
	return offsets, append(data[:0], r.take(total)...)
}
