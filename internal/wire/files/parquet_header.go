package files

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/parquet-go/format"
)

// pageHeader is what readers need of the header before a page. Headers come from strangers: all numbers in it are claims.
type pageHeader struct {
	kind         format.PageType
	uncompressed int // bytes of the page
	compressed   int // bytes that follow the header
	crc          uint32
	checked      bool // crc is set
	values       int  // NULLs included
	encoding     format.Encoding
	levels       format.Encoding // of definition levels, in a data page of version 1
	nulls        int             // in a data page of version 2, as are the following
	defBytes     int
	repBytes     int
	plain        bool // values are not compressed whatever the chunk says
}

var (
	errHeader      = errors.New("a page header is damaged")
	errHeaderShort = errors.New("a page header is cut off")
)

// compact reads thrift's compact protocol. After a fault all reads give zero.
type compact struct {
	b   []byte
	at  int
	err error
}

func (c *compact) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *compact) byte() byte {
	if c.at >= len(c.b) {
		c.fail(errHeaderShort)
	}
	if c.err != nil {
		return 0
	}
	c.at++
	return c.b[c.at-1]
}

func (c *compact) uvarint() uint64 {
	if c.err != nil {
		return 0
	}
	v, n := binary.Uvarint(c.b[c.at:])
	if n == 0 {
		c.fail(errHeaderShort)
	} else if n < 0 {
		c.fail(errHeader)
	}
	if c.err != nil {
		return 0
	}
	c.at += n
	return v
}

func (c *compact) varint() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// The wire types of the compact protocol.
const (
	thriftStop = iota
	thriftTrue
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

// maxNesting bounds the structs within structs that are skipped.
const maxNesting = 16

// fields calls f for each field of a struct; f must read the field, or give false to have it passed over.
func (c *compact) fields(depth int, f func(id int, typ byte) bool) {
	if depth > maxNesting {
		c.fail(errHeader)
	}
	id := 0
	for c.err == nil {
		h := c.byte()
		typ := h & 15
		if h == 0 || c.err != nil {
			return
		}
		if d := int(h >> 4); d > 0 {
			id += d
		} else {
			id = int(int16(c.varint()))
		}
		if f == nil || !f(id, typ) {
			c.skip(typ, depth+1)
		}
	}
}

// skip passes over a value. Every element costs at least a byte, so that the input bounds the work.
func (c *compact) skip(typ byte, depth int) {
	if depth > maxNesting {
		c.fail(errHeader)
	}
	switch typ {
	case thriftTrue, thriftFalse:
	case thriftByte:
		c.byte()
	case thriftI16, thriftI32, thriftI64:
		c.uvarint()
	case thriftDouble:
		c.jump(8)
	case thriftBinary:
		c.jump(c.uvarint())
	case thriftList, thriftSet:
		h := c.byte()
		n := uint64(h >> 4)
		if n == 15 {
			n = c.uvarint()
		}
		if n > uint64(len(c.b)-c.at) {
			c.fail(errHeaderShort)
		}
		from := c.at
		for i := n; i > 0 && c.err == nil; i-- {
			c.element(h&15, depth)
		}
		if h&15 == thriftStruct && uint64(c.at-from) < 3*n { // no struct of the format is smaller
			c.fail(errHeader)
		}
	case thriftMap:
		n := c.uvarint()
		if n == 0 {
			return
		}
		h := c.byte()
		for ; n > 0 && c.err == nil; n-- {
			c.element(h>>4, depth)
			c.element(h&15, depth)
		}
	case thriftStruct:
		c.fields(depth+1, nil)
	default:
		c.fail(errHeader)
	}
}

// element passes over an element of a list or map, where a bool is a byte.
func (c *compact) element(typ byte, depth int) {
	if typ == thriftTrue || typ == thriftFalse {
		c.byte()
		return
	}
	c.skip(typ, depth+1)
}

func (c *compact) jump(n uint64) {
	if n > uint64(len(c.b)-c.at) {
		if n > maxHeader {
			c.fail(errHeader)
		}
		c.fail(errHeaderShort)
		return
	}
	c.at += int(n)
}

// parsePageHeader reads a header and gives the number of its bytes. errHeaderShort asks for more bytes.
func parsePageHeader(b []byte) (h pageHeader, n int, err error) {
	c := &compact{b: b}
	known := uint(0)
	num := func(typ byte, dst *int) bool {
		if typ != thriftI32 {
			c.fail(errHeader)
			return false
		}
		v := c.varint()
		if v < 0 || v > 1<<31-1 {
			c.fail(errHeader)
		}
		*dst = int(v)
		return true
	}
	enc := func(typ byte, dst *format.Encoding) bool {
		var v int
		ok := num(typ, &v)
		*dst = format.Encoding(v)
		return ok
	}
	c.fields(0, func(id int, typ byte) bool {
		switch id {
		case 1:
			var v int
			known |= 1
			ok := num(typ, &v)
			h.kind = format.PageType(v)
			return ok
		case 2:
			known |= 2
			return num(typ, &h.uncompressed)
		case 3:
			known |= 4
			return num(typ, &h.compressed)
		case 4:
			if typ != thriftI32 {
				return false
			}
			h.crc, h.checked = uint32(c.varint()), true
			return true
		case 5, 7, 8:
			if typ != thriftStruct {
				return false
			}
			known |= 8
			c.fields(1, func(f int, typ byte) bool {
				switch {
				case f == 1:
					return num(typ, &h.values)
				case f == 2 && id == 8:
					return num(typ, &h.nulls)
				case f == 2 && id != 8, f == 4 && id == 8:
					return enc(typ, &h.encoding)
				case f == 3 && id == 5:
					return enc(typ, &h.levels)
				case f == 5 && id == 8:
					return num(typ, &h.defBytes)
				case f == 6 && id == 8:
					return num(typ, &h.repBytes)
				case f == 7 && id == 8 && typ == thriftFalse:
					h.plain = true
				}
				return false
			})
			return true
		}
		return false
	})
	if c.err == nil && known&7 != 7 {
		c.err = errHeader
	}
	return h, c.at, c.err
}
