package sst

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/parquet-go/format"
)

// pageIndexes decodes the page index of one column chunk after another into the same memory. A file has thousands of them, and opening it
// waits for all: by reflection, with memory for each, they would take most of the time.
type pageIndexes struct {
	columns format.ColumnIndex // its bounds lie in the bytes that were decoded
	offsets format.OffsetIndex
	stats   []pageStat // memory of chunkMeta.fill
}

// Types of fields in thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftInt16  = 4
	thriftInt32  = 5
	thriftInt64  = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftStruct = 12
)

var errPageIndex = errors.New("page index is damaged")

// decode reads the index of columns' bounds and that of pages' places.
func (x *pageIndexes) decode(columns, offsets []byte) error {
	c := &x.columns
	*c = format.ColumnIndex{NullPages: c.NullPages[:0], MinValues: c.MinValues[:0], MaxValues: c.MaxValues[:0], NullCounts: c.NullCounts[:0]}
	r := compactReader{b: columns}
	r.fields(func(id int, typ byte) {
		switch {
		case id == 1 && typ == thriftList:
			for n := r.list(thriftTrue); n > 0; n-- {
				c.NullPages = append(c.NullPages, r.byte() == 1)
			}
		case id == 2 && typ == thriftList:
			c.MinValues = r.texts(c.MinValues)
		case id == 3 && typ == thriftList:
			c.MaxValues = r.texts(c.MaxValues)
		case id == 5 && typ == thriftList:
			c.NullCounts = r.ints(c.NullCounts)
		default:
			r.skip(typ, 0)
		}
	})
	if r.bad {
		return errPageIndex
	}
	o := &x.offsets
	*o = format.OffsetIndex{PageLocations: o.PageLocations[:0], UnencodedByteArrayDataBytes: o.UnencodedByteArrayDataBytes[:0]}
	r = compactReader{b: offsets}
	r.fields(func(id int, typ byte) {
		switch {
		case id == 1 && typ == thriftList:
			for n := r.list(thriftStruct); n > 0 && !r.bad; n-- {
				o.PageLocations = append(o.PageLocations, r.location())
			}
		case id == 2 && typ == thriftList:
			o.UnencodedByteArrayDataBytes = r.ints(o.UnencodedByteArrayDataBytes)
		default:
			r.skip(typ, 0)
		}
	})
	if r.bad {
		return errPageIndex
	}
	return nil
}

// compactReader reads thrift's compact protocol. Once bad, whatever it gives means nothing; it never reads past the end.
type compactReader struct {
	b   []byte
	bad bool
}

func (r *compactReader) fail() {
	r.b, r.bad = nil, true
}

func (r *compactReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	x := r.b[0]
	r.b = r.b[1:]
	return x
}

func (r *compactReader) uint() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *compactReader) int() int64 {
	x := r.uint()
	return int64(x>>1) ^ -int64(x&1)
}

func (r *compactReader) int32() int32 {
	x := r.int()
	if x != int64(int32(x)) {
		r.fail()
	}
	return int32(x)
}

// fields calls f for each field of a structure; f reads it.
func (r *compactReader) fields(f func(id int, typ byte)) {
	id := 0
	for !r.bad {
		h := r.byte()
		if h == 0 {
			return
		}
		if d := int(h >> 4); d > 0 {
			id += d
		} else {
			id = int(r.int32())
		}
		f(id, h&15)
	}
}

// list reads the head of a list of elements of a type, and gives how many there are: no more than there are bytes.
func (r *compactReader) list(typ byte) int {
	h := r.byte()
	n := uint64(h >> 4)
	if n == 15 {
		n = r.uint()
	}
	if t := h & 15; n > uint64(len(r.b)) || n > 0 && t != typ && !(typ == thriftTrue && t == thriftFalse) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *compactReader) ints(dst []int64) []int64 {
	for n := r.list(thriftInt64); n > 0; n-- {
		dst = append(dst, r.int())
	}
	return dst
}

// texts gives byte strings where they lie.
func (r *compactReader) texts(dst [][]byte) [][]byte {
	for n := r.list(thriftBinary); n > 0; n-- {
		dst = append(dst, r.text())
	}
	return dst
}

func (r *compactReader) text() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	x := r.b[:n:n]
	r.b = r.b[n:]
	return x
}

func (r *compactReader) location() (l format.PageLocation) {
	r.fields(func(id int, typ byte) {
		switch {
		case id == 1 && typ == thriftInt64:
			l.Offset = r.int()
		case id == 2 && typ == thriftInt32:
			l.CompressedPageSize = r.int32()
		case id == 3 && typ == thriftInt64:
			l.FirstRowIndex = r.int()
		default:
			r.skip(typ, 0)
		}
	})
	return l
}

// maxThriftDepth bounds the nesting of what is skipped.
const maxThriftDepth = 8

// skip reads over a field that this version does not know.
func (r *compactReader) skip(typ byte, depth int) {
	if depth > maxThriftDepth {
		r.fail()
		return
	}
	switch typ {
	case thriftTrue, thriftFalse: // the value is in the type
	case thriftByte:
		r.byte()
	case thriftInt16, thriftInt32, thriftInt64:
		r.uint()
	case thriftDouble:
		for range 8 {
			r.byte()
		}
	case thriftBinary:
		r.text()
	case thriftList, thriftSet:
		h := r.byte()
		n := uint64(h >> 4)
		if n == 15 {
			n = r.uint()
		}
		if n > uint64(len(r.b)) {
			r.fail()
			return
		}
		for ; n > 0 && !r.bad; n-- {
			if t := h & 15; t == thriftTrue || t == thriftFalse {
				r.byte()
			} else {
				r.skip(t, depth+1)
			}
		}
	case thriftStruct:
		r.fields(func(_ int, t byte) { r.skip(t, depth+1) })
	default: // maps, which no page index has
		r.fail()
	}
}
