package kernel

import (
	"encoding/binary"
	"math"
)

// The loops of this file are over whole blocks, and the twins of those in blocks_amd64.s: of integers and floats eight values or more, a
// multiple of that many; of what looks for the least or greatest a multiple of sixteen; of comparisons 64 values for each word.

// comparison is what is asked of values: of integers =, >, <, of floats =, <=, <. The others are their opposites.
type comparison int

const (
	same comparison = iota
	greater
	less
	notAbove = greater // of floats: <=, which NaN is not
)

func sumIntsPlain(v []int64) int64 {
	var a, b int64
	for ; len(v) >= 2; v = v[2:] {
		a += v[0]
		b += v[1]
	}
	return a + b
}

// sumHalvesPlain adds the upper and the lower halves of v^flip, as unsigned numbers.
func sumHalvesPlain(v []int64, flip int64) (hi, lo int64) {
	for _, x := range v {
		x ^= flip
		hi += int64(uint64(x) >> 32)
		lo += x & math.MaxUint32
	}
	return hi, lo
}

func sumFloatsPlain(v []float64) float64 {
	var s [8]float64
	for ; len(v) >= 8; v = v[8:] {
		s[0] += v[0]
		s[1] += v[1]
		s[2] += v[2]
		s[3] += v[3]
		s[4] += v[4]
		s[5] += v[5]
		s[6] += v[6]
		s[7] += v[7]
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// minIntsPlain is the least of v^flip.
func minIntsPlain(v []int64, flip int64) int64 {
	m := int64(math.MaxInt64)
	for _, x := range v {
		m = min(m, x^flip)
	}
	return m
}

// maxIntsPlain is the greatest of v^flip.
func maxIntsPlain(v []int64, flip int64) int64 {
	m := int64(math.MinInt64)
	for _, x := range v {
		m = max(m, x^flip)
	}
	return m
}

// minFloatsPlain is the least of the values that are not NaN; infinity where there is none.
func minFloatsPlain(v []float64) float64 {
	m := math.Inf(1)
	for _, x := range v {
		if x < m {
			m = x
		}
	}
	return m
}

// maxFloatsPlain is the greatest of the values that are not NaN, minus infinity where there is none, and whether any is NaN.
func maxFloatsPlain(v []float64) (m float64, nan bool) {
	m = math.Inf(-1)
	for _, x := range v {
		if x > m {
			m = x
		}
		nan = nan || x != x
	}
	return m, nan
}

func selectIntsPlain(dst []uint64, v []int64, c, flip int64, op comparison) {
	for i := range dst {
		var w uint64
		b := v[64*i : 64*i+64]
		switch op {
		case same:
			for j, x := range b {
				w |= bit(x^flip == c) << (uint(j) & 63)
			}
		case greater:
			for j, x := range b {
				w |= bit(x^flip > c) << (uint(j) & 63)
			}
		default:
			for j, x := range b {
				w |= bit(x^flip < c) << (uint(j) & 63)
			}
		}
		dst[i] = w
	}
}

func selectFloatsPlain(dst []uint64, v []float64, c float64, op comparison) {
	for i := range dst {
		var w uint64
		b := v[64*i : 64*i+64]
		switch op {
		case same:
			for j, x := range b {
				w |= bit(x == c) << (uint(j) & 63)
			}
		case notAbove:
			for j, x := range b {
				w |= bit(x <= c) << (uint(j) & 63)
			}
		default:
			for j, x := range b {
				w |= bit(x < c) << (uint(j) & 63)
			}
		}
		dst[i] = w
	}
}

// AddDeltas sets each of dst to the one before, at first last, plus low and a byte of src, of which there are as many, and gives the last.
func AddDeltas(dst []int64, src []byte, low, last int64) int64 {
	src = src[:len(dst)]
	if n := len(dst) &^ 7; n > 0 {
		last = addByteBlocks(dst[:n], src[:n], low, last)
		dst, src = dst[n:], src[n:]
	}
	return addBytesPlain(dst, src, low, last)
}

func addBytesPlain(dst []int64, src []byte, low, last int64) int64 {
	for i, b := range src[:len(dst)] {
		last += low + int64(b)
		dst[i] = last
	}
	return last
}

// SumBytes adds bytes.
func SumBytes(v []byte) int64 {
	sum := int64(0)
	if n := len(v) &^ 31; n > 0 {
		sum = sumByteBlocks(v[:n])
		v = v[n:]
	}
	for _, b := range v {
		sum += int64(b)
	}
	return sum
}

// sumBytesPlain adds eight bytes at a time, in lanes of 16 bits, which hold 64 of such sums of two.
func sumBytesPlain(v []byte) int64 {
	const lanes, fold = 0x00ff00ff00ff00ff, 0x0001000100010001
	sum := int64(0)
	for len(v) >= 8 {
		var part uint64
		for n := min(len(v)&^7, 256); n > 0; n -= 8 {
			x := binary.LittleEndian.Uint64(v)
			part += x&lanes + x>>8&lanes
			v = v[8:]
		}
		sum += int64(part * fold >> 48)
	}
	return sum
}
