package kernel

// LowerBound is the first position in the ascending times at which t <= times[i]; len(times) if there is none.
func LowerBound(times []int64, t int64) int {
	lo, hi := 0, len(times)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if times[m] < t {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// Gallop is LowerBound for an answer that is expected near the start: its cost grows with the answer, not with the slice.
func Gallop(times []int64, t int64) int {
	step, lo := 1, 0
	for lo+step <= len(times) && times[lo+step-1] < t {
		lo += step
		step <<= 1
	}
	hi := min(lo+step, len(times))
	return lo + LowerBound(times[lo:hi], t)
}

// AdjacentEqual is the first position whose time equals the next one's, or -1.
func AdjacentEqual(times []int64) int {
	i := 0
	for ; i+4 < len(times); i += 4 { // four at once: a rare hit is found again below
		a, b, c, d, e := times[i], times[i+1], times[i+2], times[i+3], times[i+4]
		if a == b || b == c || c == d || d == e {
			break
		}
	}
	for ; i+1 < len(times); i++ {
		if times[i] == times[i+1] {
			return i
		}
	}
	return -1
}

// Range is rows [Start, End) that belong to one slot of a grouping.
type Range struct {
	Slot       uint32
	Start, End int32
}

// Buckets cuts the ascending times, which start at row base, into ranges of equal bucket floor((t-origin)/width). The slot of the bucket
// that starts at time first is slot, of the next slot+1, and so on; no time is before first. A range that continues the last one
// of dst is joined with it.
func Buckets(dst []Range, times []int64, base int, first, width int64, slot uint32) []Range {
	for i := 0; i < len(times); {
		// Distances are unsigned: first <= t, but the difference may exceed the signed range.
		k := uint64(times[i]-first) / uint64(width)
		end := len(times)
		if room := uint64(times[len(times)-1] - first); room/uint64(width) != k {
			end = i + Gallop(times[i:], first+int64((k+1)*uint64(width)))
		}
		dst = AppendRange(dst, slot+uint32(k), base+i, base+end)
		i = end
	}
	return dst
}

// AppendRange appends rows [start, end) of a slot, joined with the last range if that is the slot's too and ends at start.
func AppendRange(dst []Range, slot uint32, start, end int) []Range {
	if n := len(dst); n > 0 && dst[n-1].Slot == slot && int(dst[n-1].End) == start {
		dst[n-1].End = int32(end)
		return dst
	}
	return append(dst, Range{slot, int32(start), int32(end)})
}

// Run is rows [Start, End) of the first or the second of two inputs.
type Run struct {
	Second     bool
	Start, End int32
}

// MergeNewest merges two strictly ascending lists of times. Of equal times only a's row stays.
func MergeNewest(dst []Run, a, b []int64) []Run {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		if n := Gallop(b[j:], a[i]); n > 0 {
			dst = append(dst, Run{true, int32(j), int32(j + n)})
			if j += n; j == len(b) {
				break
			}
		}
		from := i
		for i < len(a) && j < len(b) && a[i] <= b[j] {
			if a[i] == b[j] {
				j++
			}
			i++
		}
		dst = append(dst, Run{false, int32(from), int32(i)})
	}
	if i < len(a) {
		if n := len(dst); n > 0 && !dst[n-1].Second && int(dst[n-1].End) == i {
			dst[n-1].End = int32(len(a))
		} else {
			dst = append(dst, Run{false, int32(i), int32(len(a))})
		}
	}
	if j < len(b) {
		dst = append(dst, Run{true, int32(j), int32(len(b))})
	}
	return dst
}
