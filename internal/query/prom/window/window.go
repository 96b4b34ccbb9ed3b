// Package window computes what PromQL's selectors, range functions and aggregations say of series, at many moments at once, over columns
// of samples: no sample is an object, and a window costs what is new in it. It does no I/O and starts no goroutines.
//
//	window.go      the moments, what is seen at them, instant selectors
//	counter.go     rate, increase, delta, irate, idelta, resets, changes
//	overtime.go    min_over_time, sum_over_time …;  sliding.go  the same where windows overlap much
//	regression.go  deriv, predict_linear
//	each.go        functions and operators that look at one value
//	sub.go         subqueries
//	aggregate.go   sum, avg … of many series;  quantile.go, ranking.go  quantiles and topk, which keep values of series
package window

import (
	"math"

	"github.com/prometheus/prometheus/model/value"
)

// absentBits is Prometheus' stale marker: no sample that is seen has it, and no operation on floats gives it.
const absentBits = value.StaleNaN

// Absent is what a result holds for a moment at which there is none.
func Absent() float64 { return math.Float64frombits(absentBits) }

// IsAbsent reports whether a result has no value at a moment.
func IsAbsent(v float64) bool { return math.Float64bits(v) == absentBits }

// Windows are the windows of a selector at the moments of a query: the k-th is (End+k*Step-Range, End+k*Step], in milliseconds.
type Windows struct {
	End   int64
	Step  int64 // > 0
	N     int   // > 0
	Range int64 // > 0; of an instant selector, its lookback
}

// First is the earliest time that a window holds, inclusive, and Last the latest.
func (w *Windows) First() int64 { return w.End - w.Range + 1 }

// Last is the latest time that a window holds, inclusive.
func (w *Windows) Last() int64 { return w.End + int64(w.N-1)*w.Step }

// Func gives its value at each window of a series, or Absent. times rise strictly, and values are as many; out has room for one value a
// window. It may keep values that are not stale markers only, see Clean, unless it says otherwise. It is used by one goroutine.
type Func func(s *Scratch, w *Windows, times []int64, values []float64, out []float64)

// Scratch is memory that Funcs use. The zero Scratch is ready; it serves one goroutine.
type Scratch struct {
	lo, hi  []int32
	resets  []int32
	sum     []pair
	best    []float64
	times   []int64
	cleaned []float64
	values  []float64 // of one moment

	// Of subqueries: the memory of what stands in them, and its values.
	below   *Scratch
	results []float64
	moments []int64
	// Found is set by what stands in a subquery if it had a value at some moment, before functions and operators looked at it.
	Found bool
}

// bounds gives for each window the rows [lo, hi) that are in it, and how many those are in all.
func (s *Scratch) bounds(w *Windows, times []int64) (lo, hi []int32, total int) {
	if cap(s.lo) < w.N {
		s.lo, s.hi = make([]int32, w.N), make([]int32, w.N)
	}
	lo, hi = s.lo[:w.N], s.hi[:w.N]
	a, b, end := 0, 0, w.End
	for k := range lo {
		for b < len(times) && times[b] <= end {
			b++
		}
		for a < b && times[a] <= end-w.Range {
			a++
		}
		lo[k], hi[k] = int32(a), int32(b)
		total += b - a
		end += w.Step
	}
	return lo, hi, total
}

// windows calls f with the rows [a, b) of each window that has at least some, for its value, and with the window's end.
func (s *Scratch) windows(w *Windows, times []int64, out []float64, least int32, f func(a, b int32, end int64) float64) {
	lo, hi, _ := s.bounds(w, times)
	for k := range out {
		if hi[k]-lo[k] < least {
			out[k] = Absent()
			continue
		}
		out[k] = f(lo[k], hi[k], w.End+int64(k)*w.Step)
	}
}

// Clean leaves out stale markers, which end a series for instant selectors and are nothing to range functions. The slices it gives are
// its arguments, or valid until its next call.
func (s *Scratch) Clean(times []int64, values []float64) ([]int64, []float64) {
	for i, v := range values {
		if math.Float64bits(v) == absentBits {
			s.times, s.cleaned = append(s.times[:0], times[:i]...), append(s.cleaned[:0], values[:i]...)
			for j := i + 1; j < len(values); j++ {
				if math.Float64bits(values[j]) != absentBits {
					s.times, s.cleaned = append(s.times, times[j]), append(s.cleaned, values[j])
				}
			}
			return s.times, s.cleaned
		}
	}
	return times, values
}

// Instant is the newest value of each window. A stale marker, which is of the same bits as Absent, stays one.
func Instant(_ *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	b, end := 0, w.End
	for k := range out {
		for b < len(times) && times[b] <= end {
			b++
		}
		if b == 0 || times[b-1] <= end-w.Range {
			out[k] = Absent()
		} else {
			out[k] = values[b-1]
		}
		end += w.Step
	}
}

// pair is a sum and what rounding has taken from it.
type pair struct{ sum, lost float64 }

// add adds a value by Neumaier's way of summing. The conversions keep the compiler from fusing operations, which would round otherwise.
func (p *pair) add(v float64) {
	t := float64(p.sum + v)
	switch {
	case t > math.MaxFloat64 || t < -math.MaxFloat64:
		p.lost = 0
	case math.Abs(p.sum) >= math.Abs(v):
		p.lost = float64(p.lost + float64(float64(p.sum-t)+v))
	default:
		p.lost = float64(p.lost + float64(float64(v-t)+p.sum))
	}
	p.sum = t
}

// total is the sum, an infinite one as it is.
func (p *pair) total() float64 {
	if math.IsInf(p.sum, 0) {
		return p.sum
	}
	return p.sum + p.lost
}
