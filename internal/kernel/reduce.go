package kernel

import (
	"math"
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/model"
)

// The reductions below fold ranges of rows into the states of the ranges' slots. Row r of a range is v[off+r]; NULLs, by the validity of
// the whole vector, are skipped. States start out as the reduction's identity, and one slot may come in any number of ranges:
//
//	count, sum  0
//	min         MaxInt64, MaxUint64 (as bits), NaN
//	max         MinInt64, 0, -Inf
//	first       at = MaxInt64
//	last        at = MinInt64

// CountRows adds the lengths of the ranges.
func CountRows(n []int64, ranges []Range) {
	for _, r := range ranges {
		n[r.Slot] += int64(r.End - r.Start)
	}
}

// CountValid adds the numbers of non-NULL rows.
func CountValid(n []int64, valid model.Bitmap, off int, ranges []Range) {
	if valid == nil {
		CountRows(n, ranges)
		return
	}
	for _, r := range ranges {
		n[r.Slot] += int64(CountRange(valid, off+int(r.Start), off+int(r.End)))
	}
}

// spans calls f for each longest run [a, b) of set bits within [from, to). It is what keeps the loops below free of a test per row:
// NULLs tend to come in runs, or not at all.
func spans(valid model.Bitmap, from, to int, f func(a, b int)) {
	for from < to {
		w := word(valid, from, to)
		if w == 0 {
			from += 64
			continue
		}
		from += bits.TrailingZeros64(w)
		a := from
		for from < to {
			ones := bits.TrailingZeros64(^word(valid, from, to))
			from += ones
			if ones < 64 {
				break
			}
		}
		if b := min(from, to); a < b {
			f(a, b)
		}
	}
}

// SumInts adds integers, wrapping.
func SumInts(sum, v []int64, valid model.Bitmap, off int, ranges []Range) {
	for _, r := range ranges {
		a, b := off+int(r.Start), off+int(r.End)
		if valid == nil {
			sum[r.Slot] += sumInt(v[a:b])
			continue
		}
		spans(valid, a, b, func(a, b int) { sum[r.Slot] += sumInt(v[a:b]) })
	}
}

// fewValues is the number of values from which on loops over blocks are worth while.
const fewValues = 16

func sumInt(v []int64) int64 {
	var a, b int64
	if len(v) >= fewValues {
		n := len(v) &^ 7
		a = sumIntBlocks(v[:n])
		v = v[n:]
	}
	for ; len(v) >= 2; v = v[2:] {
		a += v[0]
		b += v[1]
	}
	if len(v) > 0 {
		a += v[0]
	}
	return a + b
}

// SumIntsFloat adds integers, unsigned ones as such, to float sums. Each stretch of rows is added exactly, as the sum of the upper halves
// and that of the lower ones, and rounded once.
func SumIntsFloat(sum []float64, v []int64, unsigned bool, valid model.Bitmap, off int, ranges []Range) {
	for _, r := range ranges {
		a, b := off+int(r.Start), off+int(r.End)
		if valid == nil {
			sum[r.Slot] += sumHalves(v[a:b], unsigned)
			continue
		}
		spans(valid, a, b, func(a, b int) { sum[r.Slot] += sumHalves(v[a:b], unsigned) })
	}
}

// sumHalves cannot overflow: a range has fewer than 2^31 rows.
func sumHalves(v []int64, unsigned bool) float64 {
	var hi, lo int64
	if len(v) >= fewValues {
		n := len(v) &^ 7
		if unsigned {
			hi, lo = sumHalfBlocks(v[:n], 0)
		} else { // as unsigned numbers that are 2^63 too great
			hi, lo = sumHalfBlocks(v[:n], math.MinInt64)
			hi -= int64(n) << 31
		}
		v = v[n:]
	}
	if unsigned {
		for _, x := range v {
			hi += int64(uint64(x) >> 32)
			lo += x & math.MaxUint32
		}
	} else {
		for _, x := range v {
			hi += x >> 32
			lo += x & math.MaxUint32
		}
	}
	hi, lo = hi+lo>>32, lo&math.MaxUint32
	if hi >= math.MinInt32 && hi <= math.MaxInt32 { // Fast path, and the exact one: the sum fits into an int64.
		return float64(hi<<32 | lo)
	}
	return float64(hi)*(1<<32) + float64(lo)
}

// SumFloats adds floats. Several sums run side by side, so the rounding may differ from that of adding in row order.
func SumFloats(sum, v []float64, valid model.Bitmap, off int, ranges []Range) {
	for _, r := range ranges {
		a, b := off+int(r.Start), off+int(r.End)
		if valid == nil {
			sum[r.Slot] += sumFloat(v[a:b])
			continue
		}
		spans(valid, a, b, func(a, b int) { sum[r.Slot] += sumFloat(v[a:b]) })
	}
}

func sumFloat(v []float64) float64 {
	var a, b, c, d float64
	if len(v) >= fewValues {
		n := len(v) &^ 7
		a = sumFloatBlocks(v[:n])
		v = v[n:]
	}
	for ; len(v) >= 4; v = v[4:] {
		a += v[0]
		b += v[1]
		c += v[2]
		d += v[3]
	}
	for _, x := range v {
		a += x
	}
	return (a + b) + (c + d)
}

// MinInts keeps the least value; unsigned columns' bits are compared as unsigned numbers.
func MinInts(state, v []int64, unsigned bool, valid model.Bitmap, off int, ranges []Range) {
	flip := flipOf(unsigned)
	for _, r := range ranges {
		m := state[r.Slot] ^ flip
		a, b := off+int(r.Start), off+int(r.End)
		if valid == nil {
			m = minInt(m, v[a:b], flip)
		} else {
			spans(valid, a, b, func(a, b int) { m = minInt(m, v[a:b], flip) })
		}
		state[r.Slot] = m ^ flip
	}
}

// MaxInts keeps the greatest value; unsigned columns' bits are compared as unsigned numbers.
func MaxInts(state, v []int64, unsigned bool, valid model.Bitmap, off int, ranges []Range) {
	flip := flipOf(unsigned)
	for _, r := range ranges {
		m := state[r.Slot] ^ flip
		a, b := off+int(r.Start), off+int(r.End)
		if valid == nil {
			m = maxInt(m, v[a:b], flip)
		} else {
			spans(valid, a, b, func(a, b int) { m = maxInt(m, v[a:b], flip) })
		}
		state[r.Slot] = m ^ flip
	}
}

func flipOf(unsigned bool) int64 {
	if unsigned {
		return math.MinInt64
	}
	return 0
}

func minInt(m int64, v []int64, flip int64) int64 {
	if n := len(v) &^ 15; n > 0 {
		m = min(m, minIntBlocks(v[:n], flip))
		v = v[n:]
	}
	for _, x := range v {
		m = min(m, x^flip)
	}
	return m
}

func maxInt(m int64, v []int64, flip int64) int64 {
	if n := len(v) &^ 15; n > 0 {
		m = max(m, maxIntBlocks(v[:n], flip))
		v = v[n:]
	}
	for _, x := range v {
		m = max(m, x^flip)
	}
	return m
}

// MinFloats keeps the least value; NaN is the greatest, so it stays only where there is nothing else.
func MinFloats(state, v []float64, valid model.Bitmap, off int, ranges []Range) {
	for _, r := range ranges {
		m := state[r.Slot]
		a, b := off+int(r.Start), off+int(r.End)
		if valid == nil {
			m = minFloat(m, v[a:b])
		} else {
			spans(valid, a, b, func(a, b int) { m = minFloat(m, v[a:b]) })
		}
		state[r.Slot] = m
	}
}

func minFloat(m float64, v []float64) float64 {
	if n := len(v) &^ 15; n > 0 {
		if x := minFloatBlocks(v[:n]); !math.IsInf(x, 1) { // else there may be nothing but NaN
			if x < m || m != m {
				m = x
			}
			v = v[n:]
		}
	}
	for _, x := range v {
		if x < m || m != m {
			m = x
		}
	}
	return m
}

// MaxFloats keeps the greatest value; NaN is greater than any number.
func MaxFloats(state, v []float64, valid model.Bitmap, off int, ranges []Range) {
	for _, r := range ranges {
		m := state[r.Slot]
		a, b := off+int(r.Start), off+int(r.End)
		if valid == nil {
			m = maxFloat(m, v[a:b])
		} else {
			spans(valid, a, b, func(a, b int) { m = maxFloat(m, v[a:b]) })
		}
		state[r.Slot] = m
	}
}

func maxFloat(m float64, v []float64) float64 {
	if n := len(v) &^ 15; n > 0 {
		x, nan := maxFloatBlocks(v[:n])
		if nan {
			return math.NaN()
		}
		if x > m {
			m = x
		}
		v = v[n:]
	}
	for _, x := range v {
		if x > m || x != x {
			m = x
		}
	}
	return m
}

// First keeps the value of the earliest row that is not NULL; times (row r at times[r]) ascend within each range.
func First[T any](state []T, at []int64, v []T, valid model.Bitmap, off int, times []int64, ranges []Range) {
	for _, r := range ranges {
		if i := FirstValid(valid, off, int(r.Start), int(r.End)); i >= 0 && times[i] < at[r.Slot] {
			at[r.Slot] = times[i]
			state[r.Slot] = v[off+i]
		}
	}
}

// Last keeps the value of the latest row that is not NULL.
func Last[T any](state []T, at []int64, v []T, valid model.Bitmap, off int, times []int64, ranges []Range) {
	for _, r := range ranges {
		if i := LastValid(valid, off, int(r.Start), int(r.End)); i >= 0 && times[i] >= at[r.Slot] {
			at[r.Slot] = times[i]
			state[r.Slot] = v[off+i]
		}
	}
}

// FirstValid is the first row of [start, end) whose bit off+row is set, or -1. A nil bitmap is all set.
func FirstValid(valid model.Bitmap, off, start, end int) int {
	if valid == nil {
		if start < end {
			return start
		}
		return -1
	}
	for ; start < end; start += 64 {
		if w := word(valid, off+start, off+end); w != 0 {
			if i := start + bits.TrailingZeros64(w); i < end {
				return i
			}
			return -1
		}
	}
	return -1
}

// LastValid is the last row of [start, end) whose bit off+row is set, or -1.
func LastValid(valid model.Bitmap, off, start, end int) int {
	if valid == nil {
		if start < end {
			return end - 1
		}
		return -1
	}
	for end--; end >= start; end-- {
		if valid.Get(off + end) {
			return end
		}
	}
	return -1
}
