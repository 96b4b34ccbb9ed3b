package window

import "math"

// Rate is rate(); Increase and Delta differ in what is a reset and by what is divided.
func Rate(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.slope(w, times, values, out, true, true)
}

// Increase is increase().
func Increase(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.slope(w, times, values, out, true, false)
}

// Delta is delta().
func Delta(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.slope(w, times, values, out, false, false)
}

// slope extends the difference of the first and the last value of a window to its bounds: all the way where samples come close to a
// bound, half of the distance of samples where they do not, and for counters never beyond where they would have been zero.
func (s *Scratch) slope(w *Windows, times []int64, values []float64, out []float64, counter, perSecond bool) {
	lo, hi, _ := s.bounds(w, times)
	resets := s.resets[:0]
	if counter {
		for i := 1; i < len(values); i++ {
			if values[i] < values[i-1] {
				resets = append(resets, int32(i))
			}
		}
		s.resets = resets
	}
	r := 0 // the first reset that may be within the window
	seconds := float64(w.Range) / 1000
	for k := range out {
		a, b := lo[k], hi[k]
		n := int(b-a) - 1
		if n < 1 {
			out[k] = Absent()
			continue
		}
		first := values[a]
		rise := values[b-1] - first
		for r < len(resets) && resets[r] <= a {
			r++
		}
		for _, i := range resets[r:] {
			if i >= b {
				break
			}
			rise += values[i-1]
		}
		end := w.End + int64(k)*w.Step
		before := float64(times[a]-(end-w.Range)) / 1000
		after := float64(end-times[b-1]) / 1000
		sampled := float64(times[b-1]-times[a]) / 1000
		apart := sampled / float64(n)
		far := apart * 1.1
		if before >= far {
			before = apart / 2
		}
		if counter && rise > 0 && first >= 0 {
			if zero := sampled * (first / rise); zero < before {
				before = zero
			}
		}
		if after >= far {
			after = apart / 2
		}
		factor := 1.0
		if sampled != 0 {
			factor = (sampled + before + after) / sampled
		}
		if perSecond {
			factor /= seconds
		}
		out[k] = rise * factor
	}
}

// Irate is irate().
func Irate(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.lastTwo(w, times, values, out, true)
}

// Idelta is idelta().
func Idelta(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.lastTwo(w, times, values, out, false)
}

func (s *Scratch) lastTwo(w *Windows, times []int64, values []float64, out []float64, rate bool) {
	s.windows(w, times, out, 2, func(_, b int32, _ int64) float64 {
		v := values[b-1]
		if !rate || !(v < values[b-2]) {
			v -= values[b-2]
		}
		if rate {
			v /= float64(times[b-1]-times[b-2]) / 1000
		}
		return v
	})
}

// Resets is resets().
func Resets(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.steps(w, times, values, out, func(before, v float64) bool { return v < before })
}

// Changes is changes(); from NaN to NaN is none.
func Changes(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.steps(w, times, values, out, func(before, v float64) bool { return v != before && !(math.IsNaN(v) && math.IsNaN(before)) })
}

// steps counts the values of a window that differ from the one before it, which is in the window too.
func (s *Scratch) steps(w *Windows, times []int64, values []float64, out []float64, differ func(before, v float64) bool) {
	lo, hi, _ := s.bounds(w, times)
	at := s.resets[:0]
	for i := 1; i < len(values); i++ {
		if differ(values[i-1], values[i]) {
			at = append(at, int32(i))
		}
	}
	s.resets = at
	from, to := 0, 0
	for k := range out {
		if hi[k] == lo[k] {
			out[k] = Absent()
			continue
		}
		for from < len(at) && at[from] <= lo[k] {
			from++
		}
		for to = max(to, from); to < len(at) && at[to] < hi[k]; {
			to++
		}
		out[k] = float64(to - from)
	}
}
