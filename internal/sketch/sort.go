package sketch

import (
	"math"
	"slices"
)

// radixLen is how many numbers are sorted by their bytes, in memory of the stack; fewer than radixLeast, and more than that, by comparing.
const (
	radixLen   = 1280
	radixLeast = 64
)

// sortFloats sorts numbers, of which none is NaN. By bytes it takes a pass for each in which some differ: half the time of comparing, and less
// for numbers of few digits, as most measurements are.
func sortFloats(xs []float64) {
	if len(xs) < radixLeast || len(xs) > radixLen {
		slices.Sort(xs)
		return
	}
	var a, b [radixLen]uint64
	var counts [8][256]uint16
	from, to := a[:len(xs)], b[:len(xs)]
	for i, x := range xs {
		k := math.Float64bits(x)
		k ^= uint64(int64(k)>>63) | 1<<63 // in the order of the numbers: those below 0 with all bits turned
		from[i] = k
		for p := range counts {
			counts[p][byte(k>>(8*p))]++
		}
	}
	for p := range counts {
		count, shift := &counts[p], 8*p
		if int(count[byte(from[0]>>shift)]) == len(xs) {
			continue
		}
		at := uint16(0)
		for i, n := range count {
			count[i] = at
			at += n
		}
		for _, k := range from {
			c := &count[byte(k>>shift)]
			to[*c] = k
			*c++
		}
		from, to = to, from
	}
	for i, k := range from {
		if k>>63 != 0 {
			k ^= 1 << 63
		} else {
			k = ^k
		}
		xs[i] = math.Float64frombits(k)
	}
}
