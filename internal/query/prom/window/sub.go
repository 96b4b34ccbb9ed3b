package window

// Sub is what stands in a subquery: a Func over samples, and what is done with its values.
type Sub struct {
	Value  Func
	Each   []Each
	Range  int64 // of the windows of Value; > 0
	Offset int64 // by which they are earlier than the subquery's moments
	Step   int64 // of the moments, which are multiples of it; > 0
}

// Moments are the times at which the subquery of windows w is evaluated; N is 0 where there are none.
func Moments(w *Windows, step int64) (m Windows) {
	before := w.End - w.Range
	first := step * (before / step)
	if first <= before {
		first += step
	}
	if last := w.Last(); first <= last {
		m.N = int((last-first)/step) + 1
	}
	m.End, m.Step = first, step
	return m
}

// Windows are those of what stands in the subquery of windows w; N is 0 where there are none.
func (s *Sub) Windows(w *Windows) Windows {
	m := Moments(w, s.Step)
	m.End -= s.Offset
	m.Range = s.Range
	return m
}

// Over gives a Func that computes outer of what the subquery has.
func (s *Sub) Over(outer Func) Func {
	return func(scratch *Scratch, w *Windows, times []int64, values []float64, out []float64) {
		inner := s.Windows(w)
		scratch.Found = false
		if inner.N == 0 {
			for k := range out {
				out[k] = Absent()
			}
			return
		}
		if scratch.below == nil {
			scratch.below = &Scratch{}
		}
		if cap(scratch.results) < inner.N {
			scratch.results, scratch.moments = make([]float64, inner.N), make([]int64, inner.N)
		}
		results, moments := scratch.results[:inner.N], scratch.moments[:inner.N]
		s.Value(scratch.below, &inner, times, values, results)
		scratch.Found = scratch.below.Found
		for _, v := range results {
			if !IsAbsent(v) {
				scratch.Found = true
				break
			}
		}
		for _, f := range s.Each {
			f(results)
		}
		n, at := 0, inner.End+s.Offset
		for _, v := range results {
			if !IsAbsent(v) {
				moments[n], results[n] = at, v
				n++
			}
			at += s.Step
		}
		outer(scratch, w, moments[:n], results[:n], out)
	}
}
