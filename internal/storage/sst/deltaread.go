package sst

import (
	"encoding/binary"

	"github.com/goptimedb/goptimedb/internal/kernel"
)

// readAligned decodes a page of DELTA_BINARY_PACKED whose bit widths are whole bytes, as alignedDelta writes them, into dst, in one pass and
// without memory between. It reports false, leaving dst in any state, for every other page, damaged ones included: what reads all pages
// decodes those, or tells what is wrong.
func readAligned(dst []int64, src []byte, bits32 bool) bool {
	return readAlignedPart(dst, src, bits32, 0, len(dst))
}

// readAlignedPart is readAligned for who wants rows [lo, hi) of the page alone: the deltas before are added up, nothing else of dst is
// written, and what follows is not looked at.
func readAlignedPart(dst []int64, src []byte, bits32 bool, lo, hi int) bool {
	block, n1 := binary.Uvarint(src)
	if n1 <= 0 {
		return false
	}
	minis, n2 := binary.Uvarint(src[n1:])
	if n2 <= 0 {
		return false
	}
	total, n3 := binary.Uvarint(src[n1+n2:])
	if n3 <= 0 || total != uint64(len(dst)) || total == 0 || block != deltaBlock || minis != deltaBlock/deltaMini {
		return false
	}
	src = src[n1+n2+n3:]
	last, n := binary.Varint(src)
	if n <= 0 {
		return false
	}
	src = src[n:]
	if lo == 0 && hi > 0 {
		dst[0] = last
	}
	for at := 1; at < hi; {
		low, n := binary.Varint(src)
		if n <= 0 || len(src) < n+deltaBlock/deltaMini {
			return false
		}
		widths := src[n : n+deltaBlock/deltaMini]
		src = src[n+deltaBlock/deltaMini:]
		for _, bits := range widths {
			if at >= hi {
				break
			}
			w := int(bits) / 8
			if bits%8 != 0 || w > 8 || len(src) < w*deltaMini {
				return false
			}
			end := min(at+deltaMini, hi)
			if end <= lo {
				last = sumDeltas(src[:w*deltaMini], w, low, last)
			} else {
				last = addDeltas(dst[at:end], src[:w*deltaMini], w, low, last)
			}
			src, at = src[w*deltaMini:], end
		}
	}
	if bits32 { // deltas wrap at 32 bits: the low halves of the sums are the values
		for i, x := range dst[lo:hi] {
			dst[lo+i] = int64(int32(x))
		}
	}
	return true
}

// sumDeltas is addDeltas of a whole miniblock of which nothing but the last value is wanted.
func sumDeltas(src []byte, w int, low, last int64) int64 {
	last += deltaMini * low
	switch w {
	case 0:
	case 1:
		last += kernel.SumBytes(src[:deltaMini])
	case 2:
		for src = src[:2*deltaMini]; len(src) >= 2; src = src[2:] {
			last += int64(binary.LittleEndian.Uint16(src))
		}
	default:
		for i := range deltaMini {
			var u uint64
			for k := w - 1; k >= 0; k-- {
				u = u<<8 | uint64(src[i*w+k])
			}
			last += int64(u)
		}
	}
	return last
}

// addDeltas decodes a miniblock of deltas of w bytes and gives the last value.
func addDeltas(out []int64, src []byte, w int, low, last int64) int64 {
	switch w {
	case 0:
		for i := range out {
			last += low
			out[i] = last
		}
	case 1:
		last = kernel.AddDeltas(out, src[:len(out)], low, last)
	case 2:
		src = src[:2*len(out)]
		for i := range out {
			last += low + int64(binary.LittleEndian.Uint16(src[2*i:]))
			out[i] = last
		}
	case 4:
		src = src[:4*len(out)]
		for i := range out {
			last += low + int64(binary.LittleEndian.Uint32(src[4*i:]))
			out[i] = last
		}
	case 8:
		src = src[:8*len(out)]
		for i := range out {
			last += low + int64(binary.LittleEndian.Uint64(src[8*i:]))
			out[i] = last
		}
	default:
		for i := range out {
			var u uint64
			for k := w - 1; k >= 0; k-- {
				u = u<<8 | uint64(src[i*w+k])
			}
			last += low + int64(u)
			out[i] = last
		}
	}
	return last
}
