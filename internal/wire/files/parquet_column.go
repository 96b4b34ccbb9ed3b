package files

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

const (
	pageRows = 16 << 10 // rows of a page, and
	pageSize = 1 << 20  // bytes of its strings, about

	// A column of strings that has more different ones, or more bytes of them, in a row group is written without a dictionary.
	maxTextDict      = 32 << 10
	maxTextDictBytes = 1 << 20
	// A column of numbers with at most so many different ones in a row group gets a dictionary.
	maxNumberDict = 2048
	// maxBound is the longest string that statistics hold.
	maxBound = 64
)

// columnOut is a column of the row group being written: its values without the NULLs, in the member of their class.
type columnOut struct {
	name string
	t    model.Type
	phys format.Type
	o    *Options

	rows   int
	valid  model.Bitmap // nil: no NULLs
	bools  []bool
	ints   []int64
	floats []float64
	data   []byte // decimals, 16 bytes each; or strings, if there is no dictionary
	offs   []uint32
	codes  []int32   // of strings with a dictionary
	dict   *textDict // nil: without one

	// What encode made.
	out      []byte
	dictSize int // bytes of the dictionary page, at the beginning of out
	meta     format.ColumnMetaData
	err      error
}

// textDict is a dictionary of strings in the order of their first appearance.
type textDict struct {
	index map[string]int32
	offs  []uint32
	data  []byte
	of    *model.Dict // the dictionary that remap is of
	remap []int32     // its codes as ours, plus 1; 0: not known yet
}

func (d *textDict) len() int { return len(d.offs) - 1 }

func (d *textDict) at(i int32) []byte { return d.data[d.offs[i]:d.offs[i+1]] }

func (d *textDict) code(b []byte) int32 {
	if c, ok := d.index[string(b)]; ok {
		return c
	}
	c := int32(d.len())
	d.data = append(d.data, b...)
	d.offs = append(d.offs, uint32(len(d.data)))
	d.index[string(b)] = c
	return c
}

func (d *textDict) full() bool { return d.len() > maxTextDict || len(d.data) > maxTextDictBytes }

func newColumnOut(f model.Field, o *Options) *columnOut {
	c := &columnOut{name: f.Name, t: f.Type, o: o}
	switch t := f.Type; {
	case t.Kind == model.KindBool:
		c.phys = format.Boolean
	case t.Kind == model.KindFloat32:
		c.phys = format.Float
	case t.Kind == model.KindFloat64:
		c.phys = format.Double
	case t.Kind == model.KindDate, t.Integer() && t.Kind != model.KindInt64 && t.Kind != model.KindUint64:
		c.phys = format.Int32
	case t.Class() == model.ClassInt:
		c.phys = format.Int64
	case t.Kind == model.KindDecimal:
		c.phys = format.FixedLenByteArray
	default:
		c.phys = format.ByteArray
	}
	c.reset()
	return c
}

func (c *columnOut) reset() {
	c.rows, c.valid = 0, nil
	c.bools, c.ints, c.floats, c.codes = c.bools[:0], c.ints[:0], c.floats[:0], c.codes[:0]
	c.data, c.offs = c.data[:0], append(c.offs[:0], 0)
	c.dict = nil
	if c.phys == format.ByteArray {
		c.dict = &textDict{index: map[string]int32{}, offs: []uint32{0}}
	}
	c.out, c.dictSize, c.meta, c.err = c.out[:0], 0, format.ColumnMetaData{}, nil
}

// append adds rows of a vector.
func (c *columnOut) append(v *model.Vector, from, to int) error {
	n := to - from
	class := v.Type.Class()
	if class == model.ClassNull || v.Valid != nil {
		if c.valid == nil {
			c.valid = model.NewBitmap(c.rows + n)
			c.valid.SetRange(0, c.rows)
		}
		c.valid = c.valid.Grow(c.rows + n)
		for i := range n {
			if class != model.ClassNull && v.Valid.Get(from+i) {
				c.valid.Set(c.rows + i)
			} else {
				c.valid.Clear(c.rows + i)
			}
		}
	} else if c.valid != nil {
		c.valid = c.valid.Grow(c.rows + n)
		c.valid.SetRange(c.rows, c.rows+n)
	}
	c.rows += n
	if class == model.ClassNull {
		return nil
	}
	switch want := c.t.Class(); {
	case c.phys == format.ByteArray && (class != model.ClassBytes || want != model.ClassBytes):
		var cell []byte
		for i := from; i < to; i++ {
			if !v.Null(i) {
				cell, _ = c.o.textOf(cell[:0], v, i)
				c.text(cell)
			}
		}
		return nil
	case class != want:
		return errs.New(errs.Internal, "values of type %s in a column of type %s", v.Type, c.t)
	}
	switch class {
	case model.ClassBool:
		c.bools = compacted(c.bools, v.Bools, v.Valid, from, to)
	case model.ClassInt:
		c.ints = compacted(c.ints, v.Ints, v.Valid, from, to)
	case model.ClassFloat:
		c.floats = compacted(c.floats, v.Floats, v.Valid, from, to)
	case model.ClassDecimal:
		for i := from; i < to; i++ {
			if !v.Null(i) {
				c.data = binary.BigEndian.AppendUint64(c.data, uint64(v.Decimals[i].Hi))
				c.data = binary.BigEndian.AppendUint64(c.data, v.Decimals[i].Lo)
			}
		}
	case model.ClassBytes:
		if v.Dict != nil && c.dict != nil && v.Dict.Len() <= 4*n {
			c.coded(v, from, to)
			return nil
		}
		for i := from; i < to; i++ {
			if !v.Null(i) {
				c.text(v.BytesAt(i))
			}
		}
	}
	return nil
}

// compacted appends the values of rows [from, to) that are not NULL.
func compacted[T any](dst, src []T, valid model.Bitmap, from, to int) []T {
	if valid == nil {
		return append(dst, src[from:to]...)
	}
	for i := from; i < to; i++ {
		if valid.Get(i) {
			dst = append(dst, src[i])
		}
	}
	return dst
}

// coded adds rows of a vector with a dictionary, whose entries are looked up once each.
func (c *columnOut) coded(v *model.Vector, from, to int) {
	d := c.dict
	if d.of != v.Dict || len(d.remap) < v.Dict.Len() {
		d.of, d.remap = v.Dict, resize(d.remap, v.Dict.Len())
		clear(d.remap)
	}
	for i := from; i < to; i++ {
		if v.Null(i) {
			continue
		}
		x := d.remap[v.Codes[i]]
		if x == 0 {
			x = d.code(v.Dict.At(v.Codes[i])) + 1
			d.remap[v.Codes[i]] = x
		}
		c.codes = append(c.codes, x-1)
	}
	if d.full() {
		c.expand()
	}
}

func (c *columnOut) text(b []byte) {
	if c.dict == nil {
		c.data = append(c.data, b...)
		c.offs = append(c.offs, uint32(len(c.data)))
		return
	}
	c.codes = append(c.codes, c.dict.code(b))
	if n := c.dict.len(); c.dict.full() || n > 1024 && n > len(c.codes)/4*3 {
		c.expand()
	}
}

// expand gives the dictionary up.
func (c *columnOut) expand() {
	d := c.dict
	for _, x := range c.codes {
		c.data = append(c.data, d.at(x)...)
		c.offs = append(c.offs, uint32(len(c.data)))
	}
	c.dict, c.codes = nil, c.codes[:0]
}

// pageEncoder is what encoding pages needs; it belongs to one goroutine at a time.
type pageEncoder struct {
	zstd   *zstd.Encoder
	body   []byte
	tmp    []byte
	packed []byte
	i32    []int32
	codes  []int32
	values []uint64
	slots  []int32
	delta  delta.BinaryPackedEncoding
}

func newPageEncoder() (*pageEncoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	return &pageEncoder{zstd: z}, err
}

// encode makes the column chunk out of the values.
func (c *columnOut) encode(e *pageEncoder) {
	m := format.ColumnMetaData{Type: c.phys, PathInSchema: []string{c.name}, Codec: format.Zstd, NumValues: int64(c.rows)}
	enc, codes := format.Plain, []int32(nil)
	switch {
	case c.phys == format.ByteArray && c.dict != nil && len(c.codes) > 0:
		enc, codes = format.RLEDictionary, c.codes
		e.body = e.body[:0]
		for i := range c.dict.len() {
			e.body = appendPlainText(e.body, c.dict.at(int32(i)))
		}
		c.page(e, &m, c.dict.len(), format.Plain, true)
	case len(c.ints) > 0, len(c.floats) > 0:
		if e.number(c) {
			enc, codes = format.RLEDictionary, e.codes
			e.body = e.body[:0]
			for _, x := range e.values {
				e.body = c.appendNumber(e.body, x)
			}
			c.page(e, &m, len(e.values), format.Plain, true)
		} else if len(c.ints) > 0 {
			enc = format.DeltaBinaryPacked
		}
	}
	m.DataPageOffset = int64(c.dictSize) // from the chunk's beginning, as yet
	width := 0
	for _, x := range codes {
		width = max(width, bits.Len32(uint32(x)))
	}
	value := 0
	for from := 0; from < c.rows && c.err == nil; {
		to, end := c.cut(from, value)
		e.body = e.body[:0]
		c.levels(e, from, to)
		if codes != nil {
			e.tmp, c.err = (&rle.Encoding{BitWidth: max(1, width)}).EncodeInt32(e.tmp[:0], codes[value:end])
			e.body = append(append(e.body, byte(max(1, width))), e.tmp...)
		} else {
			c.values(e, value, end, enc)
		}
		c.page(e, &m, to-from, enc, false)
		from, value = to, end
	}
	m.Encoding = []format.Encoding{enc, format.RLE}
	if codes != nil {
		m.Encoding = append(m.Encoding, format.Plain)
	}
	m.Statistics.MinValue, m.Statistics.MaxValue = c.bounds()
	m.Statistics.NullCount = int64(c.rows - value)
	c.meta = m
}

// cut tells where a page ends that begins with a row and a value.
func (c *columnOut) cut(from, value int) (to, end int) {
	limit := min(from+pageRows, c.rows)
	if c.valid == nil && len(c.offs) < 2 { // fast path: no NULLs, no long values
		return limit, value + limit - from
	}
	size := 0
	for to, end = from, value; to < limit; to++ {
		if c.valid != nil && !c.valid.Get(to) {
			continue
		}
		if len(c.offs) > 1 {
			if size += int(c.offs[end+1] - c.offs[end]); size > pageSize && to > from {
				break
			}
		}
		end++
	}
	return to, end
}

// levels appends which rows are not NULL: their length, then a run.
func (c *columnOut) levels(e *pageEncoder, from, to int) {
	at, n := len(e.body), to-from
	e.body = append(e.body, 0, 0, 0, 0)
	if c.valid == nil {
		e.body = append(binary.AppendUvarint(e.body, uint64(n)<<1), 1)
	} else {
		e.body = binary.AppendUvarint(e.body, uint64((n+7)/8)<<1|1)
		for i := from; i < to; i += 8 {
			b := byte(0)
			for k := range min(8, to-i) {
				if c.valid.Get(i + k) {
					b |= 1 << k
				}
			}
			e.body = append(e.body, b)
		}
	}
	binary.LittleEndian.PutUint32(e.body[at:], uint32(len(e.body)-at-4))
}

// values appends values [from, to).
func (c *columnOut) values(e *pageEncoder, from, to int, enc format.Encoding) {
	switch c.phys {
	case format.Boolean:
		for i := from; i < to; i += 8 {
			b := byte(0)
			for k, x := range c.bools[i:min(i+8, to)] {
				if x {
					b |= 1 << k
				}
			}
			e.body = append(e.body, b)
		}
	case format.Int32:
		e.i32 = e.i32[:0]
		for _, x := range c.ints[from:to] {
			e.i32 = append(e.i32, int32(x))
		}
		e.tmp, c.err = e.delta.EncodeInt32(e.tmp[:0], e.i32)
		e.body = append(e.body, e.tmp...)
	case format.Int64:
		src := c.ints[from:to]
		if c.t.IsTimestamp() && c.t.Unit == model.Second {
			src = make([]int64, to-from)
			for i, x := range c.ints[from:to] {
				src[i] = 1000 * x // valid times fit, see model.ValidTimes
			}
		}
		e.tmp, c.err = e.delta.EncodeInt64(e.tmp[:0], src)
		e.body = append(e.body, e.tmp...)
	case format.Float, format.Double:
		for _, x := range c.floats[from:to] {
			e.body = c.appendNumber(e.body, math.Float64bits(x))
		}
	case format.FixedLenByteArray:
		e.body = append(e.body, c.data[16*from:16*to]...)
	case format.ByteArray:
		for i := from; i < to; i++ {
			e.body = appendPlainText(e.body, c.data[c.offs[i]:c.offs[i+1]])
		}
	}
}

func appendPlainText(dst, b []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(b))), b...)
}

// appendNumber appends a number, given by its bits as the vector has it, in the file's form.
func (c *columnOut) appendNumber(dst []byte, x uint64) []byte {
	switch c.phys {
	case format.Int32:
		return binary.LittleEndian.AppendUint32(dst, uint32(x))
	case format.Float:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(math.Float64frombits(x))))
	}
	if c.t.IsTimestamp() && c.t.Unit == model.Second {
		x *= 1000
	}
	return binary.LittleEndian.AppendUint64(dst, x)
}

// number makes codes of the column's numbers; false if too many are different.
func (e *pageEncoder) number(c *columnOut) bool {
	const size = 4 * maxNumberDict
	limit := min(maxNumberDict, (len(c.ints)+len(c.floats))/4)
	if e.slots == nil {
		e.slots = make([]int32, size)
	}
	clear(e.slots)
	e.values, e.codes = e.values[:0], e.codes[:0]
	code := func(x uint64) (int32, bool) {
		for i := x * 0x9e3779b97f4a7c15 >> (64 - 13); ; i = (i + 1) & (size - 1) {
			k := e.slots[i]
			switch {
			case k == 0:
				if len(e.values) >= limit {
					return 0, false
				}
				e.values = append(e.values, x)
				e.slots[i] = int32(len(e.values))
				return int32(len(e.values)) - 1, true
			case e.values[k-1] == x:
				return k - 1, true
			}
		}
	}
	for _, x := range c.ints {
		k, ok := code(uint64(x))
		if !ok {
			return false
		}
		e.codes = append(e.codes, k)
	}
	for _, x := range c.floats {
		k, ok := code(math.Float64bits(x))
		if !ok {
			return false
		}
		e.codes = append(e.codes, k)
	}
	return true
}

// page compresses e.body and appends it to the chunk.
func (c *columnOut) page(e *pageEncoder, m *format.ColumnMetaData, values int, enc format.Encoding, dict bool) {
	e.packed = e.zstd.EncodeAll(e.body, e.packed[:0])
	at := len(c.out)
	c.out = appendPageHeader(c.out, len(e.body), e.packed, values, enc, dict)
	head := len(c.out) - at
	c.out = append(c.out, e.packed...)
	m.TotalUncompressedSize += int64(head + len(e.body))
	m.TotalCompressedSize += int64(head + len(e.packed))
	if dict {
		c.dictSize = len(c.out)
	}
}

// appendPageHeader spells a header out in thrift's compact protocol: 0x15 is "the next field, a 32-bit integer".
func appendPageHeader(dst []byte, uncompressed int, packed []byte, values int, enc format.Encoding, dict bool) []byte {
	num := func(v int32) {
		dst = binary.AppendVarint(append(dst, 1<<4|thriftI32), int64(v))
	}
	kind, body, rest := format.DataPage, byte(1<<4|thriftStruct), []int32{int32(values), int32(enc), int32(format.RLE), int32(format.RLE)}
	if dict {
		kind, body, rest = format.DictionaryPage, 3<<4|thriftStruct, rest[:2]
	}
	num(int32(kind))
	num(int32(uncompressed))
	num(int32(len(packed)))
	num(int32(crc32.ChecksumIEEE(packed)))
	dst = append(dst, body)
	for _, v := range rest {
		num(v)
	}
	return append(dst, 0, 0)
}

// bounds are the least and the greatest value in the form of statistics; nil where they would not help or have no order.
func (c *columnOut) bounds() (lo, hi []byte) {
	switch {
	case len(c.ints) > 0:
		least, most := c.ints[0], c.ints[0]
		flip := int64(0)
		if c.t.Kind == model.KindUint64 {
			flip = math.MinInt64 // so that signed order is that of unsigned numbers
		}
		least, most = least^flip, most^flip
		for _, x := range c.ints {
			least, most = min(least, x^flip), max(most, x^flip)
		}
		return c.appendNumber(nil, uint64(least^flip)), c.appendNumber(nil, uint64(most^flip))
	case len(c.floats) > 0:
		least, most := c.floats[0], c.floats[0]
		for _, x := range c.floats {
			if math.IsNaN(x) {
				return nil, nil
			}
			least, most = min(least, x), max(most, x)
		}
		if least == 0 {
			least = math.Copysign(0, -1)
		}
		return c.appendNumber(nil, math.Float64bits(least)), c.appendNumber(nil, math.Float64bits(most+0)) // +0, never -0
	case c.phys == format.ByteArray && c.dict != nil && c.dict.len() > 0:
		return boundsOfText(c.dict.offs, c.dict.data)
	case c.phys == format.ByteArray && c.dict == nil && len(c.offs) > 1:
		return boundsOfText(c.offs, c.data)
	}
	return nil, nil
}

func boundsOfText(offs []uint32, data []byte) (lo, hi []byte) {
	lo, hi = data[offs[0]:offs[1]], data[offs[0]:offs[1]]
	for i := range len(offs) - 1 {
		b := data[offs[i]:offs[i+1]]
		if bytes.Compare(b, lo) < 0 {
			lo = b
		} else if bytes.Compare(b, hi) > 0 {
			hi = b
		}
	}
	if len(lo) > maxBound || len(hi) > maxBound || len(hi) == 0 { // an empty bound would read as none
		return nil, nil
	}
	return bytes.Clone(lo), bytes.Clone(hi)
}
