package sst

import "encoding/binary"

// readAligned decodes a page of DELTA_BINARY_PACKED whose bit widths are whole bytes, as alignedDelta writes them, into dst, in one pass and
// without memory between. It reports false, leaving dst in any state, for every other page, damaged ones included: what reads all pages
// decodes those, or tells what is wrong.
func readAligned(dst []int64, src []byte, bits32 bool) bool {
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
	all := dst
	dst[0] = last
	for dst = dst[1:]; len(dst) > 0; {
		low, n := binary.Varint(src)
		if n <= 0 || len(src) < n+deltaBlock/deltaMini {
			return false
		}
		widths := src[n : n+deltaBlock/deltaMini]
		src = src[n+deltaBlock/deltaMini:]
		for _, bits := range widths {
			if len(dst) == 0 {
				break
			}
			w := int(bits) / 8
			if bits%8 != 0 || w > 8 || len(src) < w*deltaMini {
				return false
			}
			out := dst[:min(deltaMini, len(dst))]
			last = addDeltas(out, src[:w*deltaMini], w, low, last)
			src, dst = src[w*deltaMini:], dst[len(out):]
		}
	}
	if bits32 { // deltas wrap at 32 bits: the low halves of the sums are the values
		for i, x := range all {
			all[i] = int64(int32(x))
		}
	}
	return true
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
		src = src[:len(out)]
		for i, b := range src {
			last += low + int64(b)
			out[i] = last
		}
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
