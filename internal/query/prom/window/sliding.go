package window

import "math"

// worthSliding is how often a value has to be looked at, were each window computed by itself, before that costs more than to keep sums
// of the older part of a window for each of its beginnings.
const worthSliding = 4

// slides reports whether windows overlap so much that they are better computed from one another. Values that are not finite, or so large
// that a sum of some of them may not be, are computed window by window: there the order of additions matters.
func (s *Scratch) slides(values []float64, total int) bool {
	if total < worthSliding*len(values) {
		return false
	}
	limit := math.MaxFloat64 / 2 / float64(len(values)+1)
	for _, v := range values {
		if !(math.Abs(v) < limit) {
			return false
		}
	}
	return true
}

// slideSum sums windows [lo[k], hi[k]), whose bounds never fall. A window is cut in two: for the part up to a border there is a sum from
// each value to the border, for the part behind it a running sum. When a window begins behind the border, the border moves to its end. So
// each value is added twice, however many windows it is in, and never taken away again, which would leave rounding errors behind.
func (s *Scratch) slideSum(values []float64, lo, hi []int32, give func(k int, p pair, n float64), out []float64) {
	if cap(s.sum) < len(values) {
		s.sum = make([]pair, len(values))
	}
	tail := s.sum[:cap(s.sum)]
	border, end := int32(0), int32(0)
	var running pair
	for k := range lo {
		a, b := lo[k], hi[k]
		if a == b {
			out[k] = Absent()
			continue
		}
		if a >= border {
			border, end = b, b
			var p pair
			for i := b - 1; i >= a; i-- {
				p.add(values[i])
				tail[i] = p
			}
			running = pair{}
		}
		for ; end < b; end++ {
			running.add(values[end])
		}
		p := tail[a]
		p.add(running.sum)
		p.lost += running.lost
		give(k, p, float64(b-a))
	}
}

// extreme folds windows with better, which is associative.
func (s *Scratch) extreme(w *Windows, times []int64, values []float64, out []float64, better func(a, b float64) float64) {
	lo, hi, total := s.bounds(w, times)
	if total < worthSliding*len(values) {
		for k := range out {
			if lo[k] == hi[k] {
				out[k] = Absent()
				continue
			}
			best := values[lo[k]]
			for _, v := range values[lo[k]+1 : hi[k]] {
				best = better(best, v)
			}
			out[k] = best
		}
		return
	}
	if cap(s.best) < len(values) {
		s.best = make([]float64, len(values))
	}
	tail := s.best[:cap(s.best)]
	border, end := int32(0), int32(0)
	var running float64
	for k := range out { // as slideSum does
		a, b := lo[k], hi[k]
		if a == b {
			out[k] = Absent()
			continue
		}
		if a >= border {
			border, end = b, b
			best := values[b-1]
			tail[b-1] = best
			for i := b - 2; i >= a; i-- {
				best = better(values[i], best)
				tail[i] = best
			}
		}
		if end < b && end == border {
			running = values[end]
			end++
		}
		for ; end < b; end++ {
			running = better(running, values[end])
		}
		if out[k] = tail[a]; end > border {
			out[k] = better(tail[a], running)
		}
	}
}
