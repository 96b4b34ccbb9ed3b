package sst

import (
	"encoding/binary"

	"github.com/klauspost/compress/huff0"
)

// entropyCoder makes zstd frames that look for no repetitions: each block is entropy coded as it stands, kept as it is, or one repeated
// byte. Differences of neighbours, and single bytes of numbers, have a skewed distribution but no structure beyond it: what a match finder
// finds there is chance, costs more bits than the literals do, and slows writing and reading. Any zstd reader reads the frames.
type entropyCoder struct {
	huff huff0.Scratch
}

const (
	zstdMagic = 0xfd2fb528
	// zstdBlock is the most bytes of a block, by the format.
	zstdBlock = 128 << 10

	blockRaw        = 0
	blockRepeat     = 1
	blockCompressed = 2

	// literalsCoded is the type of a literals section that begins with its own table.
	literalsCoded = 2
	// fewBytes is a block so short that it is not worth a table.
	fewBytes = 64
	// oneStream is the length below which literals are one stream: the format's four cost six bytes more.
	oneStream = 1 << 10
)

// append appends a frame of body, whose first lead bytes are of another nature than the rest, and whose rest is planes of plane bytes
// that differ in nature; plane 0 means that all is alike.
func (c *entropyCoder) append(dst, body []byte, lead, plane int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, zstdMagic)
	const single = 1 << 5 // one segment: no window but the content
	switch n := len(body); {
	case n < 256:
		dst = append(dst, single, byte(n))
	case n < 256+1<<16:
		dst = binary.LittleEndian.AppendUint16(append(dst, single|1<<6), uint16(n-256))
	default:
		dst = binary.LittleEndian.AppendUint32(append(dst, single|2<<6), uint32(n))
	}
	if len(body) == 0 {
		return appendBlockHeader(dst, blockRaw, 0, true)
	}
	if plane <= 0 {
		lead, plane = 0, len(body)
	}
	raw := 0 // bytes in front of body[at:] that wait to be written as they are
	for at := 0; at < len(body); {
		n := plane
		if at < lead {
			n = lead - at
		}
		n = min(n, zstdBlock, len(body)-at)
		last := at+n == len(body)
		block := body[at : at+n]
		at += n
		typ, out, single := c.encode(block)
		if typ == blockRaw && raw+n <= zstdBlock {
			if raw += n; !last {
				continue
			}
			dst = appendRaw(dst, body[at-raw:at], true)
			break
		}
		if raw > 0 {
			dst = appendRaw(dst, body[at-n-raw:at-n], false)
			raw = 0
		}
		switch typ {
		case blockRaw: // raw before it was full
			if raw = n; last {
				dst = appendRaw(dst, block, true)
			}
		case blockRepeat:
			dst = append(appendBlockHeader(dst, blockRepeat, n, last), block[0])
		default:
			dst = appendLiterals(dst, n, out, single, last)
		}
	}
	return dst
}

// encode codes a block if that makes it shorter.
func (c *entropyCoder) encode(block []byte) (typ int, out []byte, single bool) {
	if len(block) < fewBytes {
		return blockRaw, nil, false
	}
	c.huff.Reuse = huff0.ReusePolicyNone
	var err error
	if single = len(block) < oneStream; single {
		out, _, err = huff0.Compress1X(block, &c.huff)
	} else {
		out, _, err = huff0.Compress4X(block, &c.huff)
	}
	switch {
	case err == huff0.ErrUseRLE:
		return blockRepeat, nil, false
	case err != nil || len(out)+6 >= len(block): // incompressible
		return blockRaw, nil, false
	}
	return blockCompressed, out, single
}

func appendBlockHeader(dst []byte, typ, n int, last bool) []byte {
	h := uint32(n)<<3 | uint32(typ)<<1
	if last {
		h |= 1
	}
	return append(dst, byte(h), byte(h>>8), byte(h>>16))
}

func appendRaw(dst, b []byte, last bool) []byte {
	return append(appendBlockHeader(dst, blockRaw, len(b), last), b...)
}

// appendLiterals appends a block of literals only.
//
//	block header, 3 │ type 2 bits, size format 2, length of the literals, length of coded │ coded: table and streams │ 00: no sequences
func appendLiterals(dst []byte, n int, coded []byte, single, last bool) []byte {
	format, width, size := uint64(3), uint(18), 5
	switch {
	case single && n < 1<<10:
		format, width, size = 0, 10, 3
	case n < 1<<10:
		format, width, size = 1, 10, 3
	case n < 1<<14:
		format, width, size = 2, 14, 4
	}
	dst = appendBlockHeader(dst, blockCompressed, size+len(coded)+1, last)
	h := literalsCoded | format<<2 | uint64(n)<<4 | uint64(len(coded))<<(4+width)
	for range size {
		dst = append(dst, byte(h))
		h >>= 8
	}
	return append(append(dst, coded...), 0)
}
