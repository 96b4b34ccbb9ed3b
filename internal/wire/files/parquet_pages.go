package files

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/goptimedb/goptimedb/internal/model"
)

// cursor reads the values of one column chunk, page by page.
type cursor struct {
	pages    parquet.Pages
	kind     parquet.Kind
	optional bool
	uuid     bool
	width    int // of fixed-length values

	page   parquet.Page
	levels []byte // definition levels of the page's rows; nil: no NULLs
	rows   int    // of the page
	row    int    // next one
	value  int    // next one of the page's values, NULLs left out
	vals   values
	codes  []int32 // set: the values are dict[codes[i]]
	dict   values
	of     parquet.Dictionary // what dict was made of
	shared *model.Dict        // dict's strings
}

// values are values as a page holds them; one member is set.
type values struct {
	bools  []byte // bits
	ints   []int64
	floats []float64
	data   []byte // bytes: offsets into data
	offs   []uint32
	decs   []model.Int128
}

var errPage = errors.New("a page is damaged")

func (c *cursor) close() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	_ = c.pages.Close()
}

// load makes the next page that has rows the current one.
func (c *cursor) load(t model.Type) error {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	for {
		p, err := c.pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the column has fewer rows than its row group: %w", io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		if p.NumValues() == 0 {
			parquet.Release(p)
			continue
		}
		c.page = p
		break
	}
	c.rows, c.row, c.value = int(c.page.NumValues()), 0, 0
	c.levels = nil
	count := c.rows
	if c.optional {
		c.levels = c.page.DefinitionLevels()
		if len(c.levels) != c.rows {
			return errPage
		}
		count = 0
		for _, l := range c.levels {
			count += int(l & 1)
		}
		if count == c.rows {
			c.levels = nil
		}
	}
	data := c.page.Data()
	if d := c.page.Dictionary(); d != nil {
		if d != c.of {
			c.of, c.shared = d, nil
			if err := c.decode(&c.dict, d.Page().Data(), t, int(d.Len())); err != nil {
				return err
			}
		}
		c.codes = data.Int32()
		if len(c.codes) != count {
			return errPage
		}
		for _, x := range c.codes {
			if uint32(x) >= uint32(d.Len()) {
				return errPage
			}
		}
		return nil
	}
	c.codes = nil
	return c.decode(&c.vals, data, t, count)
}

// decode turns n values as the file has them into values of our classes. Memory of dst is used again; bytes lie in the page's.
func (c *cursor) decode(dst *values, v encoding.Values, t model.Type, n int) error {
	got := n
	switch c.kind {
	case parquet.Boolean:
		dst.bools = v.Boolean()
		if len(dst.bools) < (n+7)/8 {
			return errPage
		}
		return nil
	case parquet.Int32:
		x := v.Int32()
		got = len(x)
		dst.ints = dst.ints[:0]
		if t.Kind == model.KindUint32 {
			for _, i := range x {
				dst.ints = append(dst.ints, int64(uint32(i)))
			}
		} else {
			for _, i := range x {
				dst.ints = append(dst.ints, int64(i))
			}
		}
	case parquet.Int64:
		dst.ints = v.Int64()
		got = len(dst.ints)
	case parquet.Int96:
		x := v.Int96()
		got = len(x)
		dst.ints = make([]int64, 0, len(x))
		for _, i := range x {
			const julian = 2440588 // the day of 1970-01-01
			days := int64(i[2]) - julian
			if days < -106751 || days > 106750 {
				return fmt.Errorf("a time %d days from 1970-01-01 does not fit nanoseconds", days)
			}
			dst.ints = append(dst.ints, days*86400e9+int64(i[1])<<32|int64(i[0]))
		}
	case parquet.Float:
		x := v.Float()
		got = len(x)
		dst.floats = dst.floats[:0]
		for _, f := range x {
			dst.floats = append(dst.floats, float64(f))
		}
	case parquet.Double:
		dst.floats = v.Double()
		got = len(dst.floats)
	case parquet.ByteArray:
		dst.data, dst.offs = v.ByteArray()
		got = len(dst.offs) - 1
		if got < 0 && n == 0 {
			got = 0
		}
	case parquet.FixedLenByteArray:
		data, size := v.FixedLenByteArray()
		if size <= 0 || size != c.width {
			return errPage
		}
		got = len(data) / size
		dst.data, dst.offs = data, make([]uint32, 0, got+1)
		for i := 0; i <= got; i++ {
			dst.offs = append(dst.offs, uint32(i*size))
		}
	default:
		return errPage
	}
	if got != n {
		return errPage
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
		if c.page == nil || c.row == c.rows {
			if err := c.load(t); err != nil {
				return nil, err
			}
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
	var codes []int32
	if c.codes != nil {
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

func take[T any](dst, src []T, codes []int32, from, to int) []T {
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
	if c.codes != nil {
		d := c.strings()
		if v.Len == 0 && d.Len() <= BatchRows/4 {
			v.Dict, v.Offsets = d, nil
		}
		if v.Dict == d {
			for _, x := range c.codes[from:to] {
				v.Codes = append(v.Codes, uint32(x))
			}
			grow(v, to-from)
			return
		}
	}
	if v.Dict != nil {
		*v = *plain(v)
	}
	for i := from; i < to; i++ {
		if c.codes != nil {
			v.AppendBytes(c.shared.At(uint32(c.codes[i])))
		} else {
			v.AppendBytes(c.vals.data[c.vals.offs[i]:c.vals.offs[i+1]])
		}
	}
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
