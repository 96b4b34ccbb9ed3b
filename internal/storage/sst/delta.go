package sst

import (
	"encoding/binary"
	"math"
	"slices"
)

// Blocks of deltas are longer than the usual 128 values: their headers would be a tenth of a page of small deltas.
const (
	deltaBlock = 1024
	deltaMini  = 256
)

// appendAlignedDelta is DELTA_BINARY_PACKED with bit widths rounded up to whole bytes and, as far as it costs no width, one minimum
// for all blocks of the page. Before compression that is longer than the tightest packing. After it, it is shorter: equal deltas are
// equal bytes, so that the entropy coder sees their distribution, which bits packed across byte borders hide (a random walk of small
// steps takes 0.34 bytes a value, tightly packed 0.40).
//
// With bits32 the values are those of an INT32 column and deltas wrap at 32 bits, as the format asks.
func appendAlignedDelta(dst []byte, vals []int64, bits32 bool) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaBlock/deltaMini)
	dst = binary.AppendUvarint(dst, uint64(len(vals)))
	if len(vals) == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, vals[0])
	base := commonMinDelta(vals, bits32)
	var deltas [deltaBlock]int64
	for i := 1; i < len(vals); i += deltaBlock {
		d := deltas[:min(deltaBlock, len(vals)-i)]
		lo, hi := deltasOf(d, vals[i-1:], bits32)
		if base <= lo && byteWidth(uint64(hi)-uint64(base)) == byteWidth(uint64(hi)-uint64(lo)) {
			lo = base
		}
		dst = binary.AppendVarint(dst, lo)
		widths := len(dst)
		dst = append(dst, make([]byte, deltaBlock/deltaMini)...)
		for m := 0; m*deltaMini < len(d); m++ {
			mini := d[m*deltaMini : min((m+1)*deltaMini, len(d))]
			top := uint64(0)
			for _, x := range mini {
				top |= uint64(x) - uint64(lo)
			}
			w := byteWidth(top)
			dst[widths+m] = byte(8 * w)
			at := len(dst)
			dst = slices.Grow(dst, deltaMini*w)[:at+deltaMini*w]
			clear(dst[at:])
			putDeltas(dst[at:], mini, lo, w)
		}
	}
	return dst
}

// putDeltas writes the low w bytes of each delta over lo.
func putDeltas(dst []byte, deltas []int64, lo int64, w int) {
	switch w {
	case 0:
	case 1:
		for i, x := range deltas {
			dst[i] = byte(uint64(x) - uint64(lo))
		}
	case 2:
		for i, x := range deltas {
			binary.LittleEndian.PutUint16(dst[2*i:], uint16(uint64(x)-uint64(lo)))
		}
	case 4:
		for i, x := range deltas {
			binary.LittleEndian.PutUint32(dst[4*i:], uint32(uint64(x)-uint64(lo)))
		}
	default:
		for i, x := range deltas {
			u := uint64(x) - uint64(lo)
			for k := range w {
				dst[i*w+k] = byte(u >> (8 * k))
			}
		}
	}
}

func byteWidth(x uint64) int {
	n := 0
	for ; x != 0; x >>= 8 {
		n++
	}
	return n
}

// deltasOf fills d with vals[i+1]-vals[i] and gives their range.
func deltasOf(d []int64, vals []int64, bits32 bool) (lo, hi int64) {
	lo, hi = math.MaxInt64, math.MinInt64
	prev := vals[0]
	vals = vals[1 : 1+len(d)]
	if bits32 {
		for i, v := range vals {
			x := int64(int32(v - prev))
			prev = v
			d[i] = x
			lo, hi = min(lo, x), max(hi, x)
		}
		return lo, hi
	}
	for i, v := range vals {
		x := v - prev
		prev = v
		d[i] = x
		lo, hi = min(lo, x), max(hi, x)
	}
	return lo, hi
}

// commonMinDelta is a minimum for all blocks of a page: that of the page, if deltas over it are no wider than most blocks need by
// themselves, so that borders between series within the page cost nothing. Else a low one among the blocks' minima, but not the
// lowest few, which may be such borders.
func commonMinDelta(vals []int64, bits32 bool) int64 {
	var d [deltaMini]int64
	var mins []int64
	var widths [9]int
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for i := 1; i < len(vals); i += len(d) {
		l, h := deltasOf(d[:min(len(d), len(vals)-i)], vals[i-1:], bits32)
		lo, hi = min(lo, l), max(hi, h)
		mins = append(mins, l)
		widths[byteWidth(uint64(h)-uint64(l))]++
	}
	if len(mins) == 0 {
		return 0
	}
	wider := 0 // blocks that the page's minimum would make wider
	for w := range byteWidth(uint64(hi) - uint64(lo)) {
		wider += widths[w]
	}
	if wider <= len(mins)/4 {
		return lo
	}
	slices.Sort(mins)
	return mins[len(mins)/8]
}
