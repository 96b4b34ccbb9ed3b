package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/model"
)

// cursor reads the values of one column chunk, page by page.
type cursor struct {
	pages    *chunk
	kind     parquet.Kind
	optional bool
	uuid     bool
	unsigned bool // 32-bit integers have no sign
	width    int  // of fixed-length values

	levels  []byte // validity of the page's rows; nil: no NULLs
	memory  []byte // of levels
	rows    int    // of the page
	row     int    // next one
	value   int    // next one of the page's values, NULLs left out
	vals    values
	codes   []uint32 // of coded pages
	coded   bool     // the values are dict[codes[i]]
	dict    values
	dictLen int         // -1: no dictionary yet
	shared  *model.Dict // dict's strings
	scratch scratch
}

// values are values as a page holds them; one member is set.
type values struct {
	bools  []byte // bits
	ints   []int64
	floats []float64
	data   []byte // bytes: offsets into data
	offs   []uint32
	own    []byte // data's memory, if it is not the page's
	decs   []model.Int128
}

func newCursor(src Source, l *parquet.Column, m *format.ColumnMetaData, t model.Type, u *unpackers, held *int64) (*cursor, error) {
	pages, err := newChunk(src, m, u, held)
	if err != nil {
		return nil, err
	}
	c := &cursor{pages: pages, kind: l.Type().Kind(), optional: l.MaxDefinitionLevel() > 0, uuid: isUUID(l), unsigned: t.Kind == model.KindUint32, dictLen: -1}
	if c.kind == parquet.FixedLenByteArray {
		c.width = l.Type().Length()
	}
	if int(m.Type) != int(c.kind) {
		return nil, errors.New("the column chunk is of another type than the column")
	}
	return c, nil
}

var errPage = errors.New("a page is damaged")

func (c *cursor) close() { c.pages.close() }

// load makes the next page that has rows the current one.
func (c *cursor) load(t model.Type) error {
	for {
		h, levels, body, err := c.pages.next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the column has fewer rows than its row group: %w", io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		switch {
		case h.kind == format.DictionaryPage:
			if err := c.dictionary(h, body, t); err != nil {
				return err
			}
		case h.values > 0 && (h.kind == format.DataPage || h.kind == format.DataPageV2):
			return c.data(h, levels, body, t)
		}
	}
}

// plainDictionary is the encoding of dictionary codes in pages of version 1; old files have it.
const plainDictionary = format.Encoding(2)

func (c *cursor) dictionary(h pageHeader, body []byte, t model.Type) error {
	if c.dictLen >= 0 || c.kind == parquet.Boolean || h.encoding != format.Plain && h.encoding != plainDictionary {
		return errPage
	}
	if err := c.pages.hold(2*len(body) + 8*h.values); err != nil {
		return err
	}
	if c.kind == parquet.FixedLenByteArray { // the values would lie in the page
		body = bytes.Clone(body)
	}
	if err := c.decode(&c.dict, body, format.Plain, t, h.values); err != nil {
		return err
	}
	c.dictLen = h.values
	return nil
}

func (c *cursor) data(h pageHeader, levels, body []byte, t model.Type) (err error) {
	c.rows, c.row, c.value = h.values, 0, 0
	had := cap(c.memory) + 8*cap(c.codes) + 8*cap(c.vals.ints) + 8*cap(c.vals.floats) + 4*cap(c.vals.offs)
	if err := c.pages.hold(max(0, 9*h.values-had)); err != nil {
		return err
	}
	var count int
	if c.levels, count, body, err = pageLevels(h, levels, body, c.optional, c.memory); err != nil {
		return err
	}
	if c.levels != nil {
		c.memory = c.levels
	}
	if count == c.rows {
		c.levels = nil
	}
	if count == 0 {
		return nil
	}
	if c.coded = h.encoding == format.RLEDictionary || h.encoding == plainDictionary; c.coded {
		if c.dictLen < 0 {
			return errPage
		}
		c.codes = resize(c.codes, count)
		return unpackCodes(c.codes, body, c.dictLen)
	}
	return c.decode(&c.vals, body, h.encoding, t, count)
}

// decode turns n values as the file has them into values of our classes. Memory of dst is used again; bytes lie in the page's.
func (c *cursor) decode(dst *values, body []byte, enc format.Encoding, t model.Type, n int) error {
	if err := c.decodePage(dst, body, enc, n); err != nil {
		return err
	}
	if c.uuid {
		text := make([]byte, 0, 36*n)
		offs := append(make([]uint32, 0, n+1), 0)
		for i := range n {
			u := dst.data[dst.offs[i]:dst.offs[i+1]]
			if len(u) != 16 {
				return errPage
			}
			text = fmt.Appendf(text, "%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
			offs = append(offs, uint32(len(text)))
		}
		dst.data, dst.offs = text, offs
	}
	if t.Class() != model.ClassDecimal {
		return nil
	}
	dst.decs = make([]model.Int128, n)
	for i := range n {
		if dst.offs == nil {
			dst.decs[i] = model.Int128{Hi: dst.ints[i] >> 63, Lo: uint64(dst.ints[i])}
			continue
		}
		b := dst.data[dst.offs[i]:dst.offs[i+1]]
		for len(b) > 16 && (b[0] == 0 && b[1]&0x80 == 0 || b[0] == 0xff && b[1]&0x80 != 0) {
			b = b[1:]
		}
		if len(b) > 16 || len(b) == 0 {
			return fmt.Errorf("a decimal of %d bytes", len(b))
		}
		var full [16]byte
		if b[0]&0x80 != 0 {
			for j := range full {
				full[j] = 0xff
			}
		}
		copy(full[16-len(b):], b)
		dst.decs[i] = model.Int128{Hi: int64(binary.BigEndian.Uint64(full[:8])), Lo: binary.BigEndian.Uint64(full[8:])}
	}
	return nil
}

// read gives the next n rows as a vector of type t.
func (c *cursor) read(t model.Type, n int) (*model.Vector, error) {
	v := model.NewVector(t, n)
	for v.Len < n {
		if c.row == c.rows {
			if err := c.load(t); err != nil {
				return nil, err
			}
		}
		if len(v.Data) > maxHeld {
			return nil, fmt.Errorf("%d rows have more than %d bytes", n, maxHeld)
		}
		take := min(n-v.Len, c.rows-c.row)
		if c.levels == nil {
			c.append(v, take)
			c.row += take
			continue
		}
		for end := c.row + take; c.row < end; { // runs of NULLs and of values
			from := c.row
			valid := c.levels[from] == 1
			for c.row < end && (c.levels[c.row] == 1) == valid {
				c.row++
			}
			if valid {
				c.append(v, c.row-from)
			} else {
				v.AppendNulls(c.row - from)
			}
		}
	}
	return v, nil
}

// strings is the dictionary as one of ours.
func (c *cursor) strings() *model.Dict {
	if c.shared == nil {
		c.shared = &model.Dict{Offsets: append([]uint32(nil), c.dict.offs...), Data: append([]byte(nil), c.dict.data...)}
		if len(c.shared.Offsets) == 0 {
			c.shared.Offsets = []uint32{0}
		}
		if base := c.shared.Offsets[0]; base != 0 {
			for i := range c.shared.Offsets {
				c.shared.Offsets[i] -= base
			}
			c.shared.Data = c.shared.Data[base:]
		}
	}
	return c.shared
}

// append appends the next n values, none of them NULL.
func (c *cursor) append(v *model.Vector, n int) {
	from, to := c.value, c.value+n
	c.value = to
	class := v.Type.Class()
	if class == model.ClassBytes {
		c.appendBytes(v, from, to)
		return
	}
	src := &c.vals
	var codes []uint32
	if c.coded {
		src, codes = &c.dict, c.codes[from:to]
	}
	switch class {
	case model.ClassBool:
		for i := from; i < to; i++ {
			j := i
			if codes != nil {
				j = int(codes[i-from])
			}
			v.Bools = append(v.Bools, src.bools[j>>3]>>(j&7)&1 == 1)
		}
	case model.ClassInt:
		v.Ints = take(v.Ints, src.ints, codes, from, to)
	case model.ClassFloat:
		v.Floats = take(v.Floats, src.floats, codes, from, to)
	case model.ClassDecimal:
		v.Decimals = take(v.Decimals, src.decs, codes, from, to)
	}
	grow(v, n)
}

func take[T any](dst, src []T, codes []uint32, from, to int) []T {
	if codes == nil {
		return append(dst, src[from:to]...)
	}
	for _, x := range codes {
		dst = append(dst, src[x])
	}
	return dst
}

// grow counts n values that were put into v's slices.
func grow(v *model.Vector, n int) {
	if v.Valid != nil {
		v.Valid = v.Valid.Grow(v.Len + n)
		v.Valid.SetRange(v.Len, v.Len+n)
	}
	v.Len += n
}

// appendBytes keeps codes as long as all values of the vector come from one dictionary, which is not larger than the vector.
func (c *cursor) appendBytes(v *model.Vector, from, to int) {
	if c.coded {
		d := c.strings()
		if v.Len == 0 && d.Len() <= BatchRows/4 {
			v.Dict, v.Offsets = d, nil
		}
		if v.Dict == d {
			v.Codes = append(v.Codes, c.codes[from:to]...)
			grow(v, to-from)
			return
		}
	}
	if v.Dict != nil {
		*v = *plain(v)
	}
	if c.coded {
		for _, x := range c.codes[from:to] {
			v.AppendBytes(c.shared.At(x))
		}
		return
	}
	first := c.vals.offs[from]
	base := uint32(len(v.Data)) - first // may wrap, and back below
	v.Data = append(v.Data, c.vals.data[first:c.vals.offs[to]]...)
	if len(v.Offsets) == 0 {
		v.Offsets = append(v.Offsets, 0)
	}
	for _, o := range c.vals.offs[from+1 : to+1] {
		v.Offsets = append(v.Offsets, base+o)
	}
	grow(v, to-from)
}

// plain is a coded vector without its dictionary.
func plain(v *model.Vector) *model.Vector {
	out := model.NewVector(v.Type, v.Len)
	out.AppendVector(v, 0, v.Len)
	return out
}

// ratOf is a decimal as a number.
func ratOf(d model.Int128, scale uint8) *big.Rat {
	return new(big.Rat).SetFrac(toBig(d), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}
