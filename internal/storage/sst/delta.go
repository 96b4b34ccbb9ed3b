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

// alignedDelta writes DELTA_BINARY_PACKED with bit widths rounded up to whole bytes and, as far as it costs no width, one minimum
// for all blocks of the page. Before compression that is longer than the tightest packing. After it, it is shorter: equal deltas are
// equal bytes, so that the entropy coder sees their distribution, which bits packed across byte borders hide (a random walk of small
// steps takes 0.34 bytes a value, tightly packed 0.40). It is memory that is reused from page to page.
type alignedDelta struct {
	deltas []int64
	lows   []int64 // per miniblock
	highs  []int64
	sorted []int64
}

// append appends a page. With bits32 the values are those of an INT32 column and deltas wrap at 32 bits, as the format asks.
func (a *alignedDelta) append(dst []byte, vals []int64, bits32 bool) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaBlock/deltaMini)
	dst = binary.AppendUvarint(dst, uint64(len(vals)))
	if len(vals) == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, vals[0])
	a.take(vals, bits32)
	base := a.commonLow()
	const minis = deltaBlock / deltaMini
	for m := 0; m < len(a.lows); m += minis {
		end := min(m+minis, len(a.lows))
		lo, hi := slices.Min(a.lows[m:end]), slices.Max(a.highs[m:end])
		if base <= lo && byteWidth(uint64(hi)-uint64(base)) == byteWidth(uint64(hi)-uint64(lo)) {
			lo = base
		}
		dst = binary.AppendVarint(dst, lo)
		widths := len(dst)
		dst = append(dst, make([]byte, minis)...)
		for i := m; i < end; i++ {
			mini := a.deltas[i*deltaMini : min((i+1)*deltaMini, len(a.deltas))]
			w := byteWidth(uint64(a.highs[i]) - uint64(lo))
			dst[widths+i-m] = byte(8 * w)
			at := len(dst)
			dst = slices.Grow(dst, deltaMini*w)[:at+deltaMini*w]
			if len(mini) < deltaMini {
				clear(dst[at:])
			}
			putDeltas(dst[at:], mini, lo, w)
		}
	}
	return dst
}

// take computes the deltas, and the range of each miniblock of them.
func (a *alignedDelta) take(vals []int64, bits32 bool) {
	n := len(vals) - 1
	a.deltas = slices.Grow(a.deltas[:0], n)[:n]
	a.lows, a.highs = a.lows[:0], a.highs[:0]
	for i := 0; i < n; i += deltaMini {
		lo, hi := deltasOf(a.deltas[i:min(i+deltaMini, n)], vals[i:], bits32)
		a.lows, a.highs = append(a.lows, lo), append(a.highs, hi)
	}
}

// commonLow is a minimum for all blocks of a page: that of the page, if deltas over it are no wider than most blocks need by
// themselves, so that borders between series within the page cost nothing. Else a low one among the blocks' minima, but not the
// lowest few, which may be such borders.
func (a *alignedDelta) commonLow() int64 {
	if len(a.lows) == 0 {
		return 0
	}
	lo, hi := slices.Min(a.lows), slices.Max(a.highs)
	wide := byteWidth(uint64(hi) - uint64(lo))
	wider := 0 // miniblocks that the page's minimum would make wider
	for i, l := range a.lows {
		if byteWidth(uint64(a.highs[i])-uint64(l)) < wide {
			wider++
		}
	}
	if wider <= len(a.lows)/4 {
		return lo
	}
	a.sorted = append(a.sorted[:0], a.lows...)
	slices.Sort(a.sorted)
	return a.sorted[len(a.sorted)/8]
}

// putDeltas writes the low w bytes of each delta over lo.
func putDeltas(dst []byte, deltas []int64, lo int64, w int) {
	switch w {
	case 0:
	case 1:
		dst = dst[:len(deltas)]
		for i, x := range deltas {
			dst[i] = byte(uint64(x) - uint64(lo))
		}
	case 2:
		dst = dst[:2*len(deltas)]
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
	// Two ranges side by side: each comparison waits for the one before in its own only.
	lo2, hi2 := lo, hi
	i := 0
	for ; i+1 < len(vals); i += 2 {
		v, u := vals[i], vals[i+1]
		x, y := v-prev, u-v
		prev = u
		d[i], d[i+1] = x, y
		lo, hi = min(lo, x), max(hi, x)
		lo2, hi2 = min(lo2, y), max(hi2, y)
	}
	if i < len(vals) {
		x := vals[i] - prev
		d[i] = x
		lo, hi = min(lo, x), max(hi, x)
	}
	return min(lo, lo2), max(hi, hi2)
}
