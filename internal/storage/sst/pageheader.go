package sst

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/parquet-go/format"
)

// pageHeader is what this room writes before a page, and all it accepts there. It is thrift's compact protocol spelled out by hand:
//
//	15 type  15 uncompressed  15 compressed  15 crc  1c {15 values 15 encoding 15 rle 15 rle 00} 00     data page
//	                                                 3c {15 values 15 encoding 00} 00                    dictionary page
//
// 0x15 is "the next field, a 32-bit integer", which is a zigzag varint. The library's header type is not used for writing because it
// always adds statistics, and with them a wrong count of NULLs.
type pageHeader struct {
	dict         bool
	uncompressed int // bytes of the page before compression
	compressed   int // bytes that follow the header
	crc          uint32
	values       int // NULLs included
	encoding     format.Encoding
}

const (
	thriftI32       = 0x15
	thriftDataPage  = 0x1c
	thriftDictPage  = 0x3c
	maxHeaderLength = 64
)

func (h pageHeader) append(dst []byte) []byte {
	num := func(v int32) {
		dst = append(dst, thriftI32)
		dst = binary.AppendVarint(dst, int64(v))
	}
	kind := format.DataPage
	if h.dict {
		kind = format.DictionaryPage
	}
	num(int32(kind))
	num(int32(h.uncompressed))
	num(int32(h.compressed))
	num(int32(h.crc))
	if h.dict {
		dst = append(dst, thriftDictPage)
		num(int32(h.values))
		num(int32(h.encoding))
	} else {
		dst = append(dst, thriftDataPage)
		num(int32(h.values))
		num(int32(h.encoding))
		num(int32(format.RLE))
		num(int32(format.RLE))
	}
	return append(dst, 0, 0)
}

var errPageHeader = errors.New("page header is damaged")

// parsePageHeader reads a header and gives the number of its bytes.
func parsePageHeader(src []byte) (h pageHeader, n int, err error) {
	num := func() int32 {
		if n >= len(src) || src[n] != thriftI32 {
			err = errPageHeader
			return 0
		}
		v, k := binary.Varint(src[n+1:])
		if k <= 0 || v != int64(int32(v)) {
			err = errPageHeader
			return 0
		}
		n += 1 + k
		return int32(v)
	}
	expect := func(b byte) {
		if err == nil && (n >= len(src) || src[n] != b) {
			err = errPageHeader
		}
		n++
	}
	kind := format.PageType(num())
	h.uncompressed, h.compressed, h.crc = int(num()), int(num()), uint32(num())
	switch kind {
	case format.DataPage:
		expect(thriftDataPage)
		h.values, h.encoding = int(num()), format.Encoding(num())
		if def, rep := num(), num(); def != int32(format.RLE) || rep != int32(format.RLE) {
			err = errPageHeader
		}
	case format.DictionaryPage:
		h.dict = true
		expect(thriftDictPage)
		h.values, h.encoding = int(num()), format.Encoding(num())
	default:
		err = errPageHeader
	}
	expect(0)
	expect(0)
	if h.uncompressed < 0 || h.compressed < 0 || h.values < 0 {
		err = errPageHeader
	}
	return h, n, err
}
