package window

import "math"

// Sum is sum_over_time().
func Sum(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	lo, hi, total := s.bounds(w, times)
	if s.slides(values, total) {
		s.slideSum(values, lo, hi, func(k int, p pair, n float64) { out[k] = p.total() }, out)
		return
	}
	for k := range out {
		if lo[k] == hi[k] {
			out[k] = Absent()
			continue
		}
		var p pair
		for _, v := range values[lo[k]:hi[k]] {
			p.add(v)
		}
		out[k] = p.total()
	}
}

// Avg is avg_over_time().
func Avg(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	lo, hi, total := s.bounds(w, times)
	if s.slides(values, total) {
		s.slideSum(values, lo, hi, func(k int, p pair, n float64) { out[k] = p.sum/n + p.lost/n }, out)
		return
	}
	for k := range out {
		if lo[k] == hi[k] {
			out[k] = Absent()
			continue
		}
		out[k] = mean(values[lo[k]:hi[k]])
	}
}

// mean is the sum divided, or where the sum would be infinite a mean that is kept from value to value.
func mean(values []float64) float64 {
	p := pair{sum: values[0]}
	for i, v := range values[1:] {
		next := p
		next.add(v)
		if math.IsInf(next.sum, 0) {
			n := float64(i + 1)
			m := pair{p.sum / n, p.lost / n}
			for j, v := range values[1+i:] {
				n := float64(i + j + 2)
				q := (n - 1) / n
				m = pair{float64(q * m.sum), float64(q * m.lost)}
				m.add(v / n)
			}
			return m.sum + m.lost
		}
		p = next
	}
	n := float64(len(values))
	return p.sum/n + p.lost/n
}

// Min is min_over_time(): NaN where there is nothing else.
func Min(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.extreme(w, times, values, out, func(a, b float64) float64 {
		if b < a || math.IsNaN(a) {
			return b
		}
		return a
	})
}

// Max is max_over_time(): NaN where there is nothing else.
func Max(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.extreme(w, times, values, out, func(a, b float64) float64 {
		if b > a || math.IsNaN(a) {
			return b
		}
		return a
	})
}

// Count is count_over_time().
func Count(s *Scratch, w *Windows, times []int64, _ []float64, out []float64) {
	s.windows(w, times, out, 1, func(a, b int32, _ int64) float64 { return float64(b - a) })
}

// Present is present_over_time().
func Present(s *Scratch, w *Windows, times []int64, _ []float64, out []float64) {
	s.windows(w, times, out, 1, func(int32, int32, int64) float64 { return 1 })
}

// First is first_over_time().
func First(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.windows(w, times, out, 1, func(a, _ int32, _ int64) float64 { return values[a] })
}

// Last is last_over_time().
func Last(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.windows(w, times, out, 1, func(_, b int32, _ int64) float64 { return values[b-1] })
}

// Stddev is stddev_over_time().
func Stddev(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	Stdvar(s, w, times, values, out)
	for k, v := range out {
		if !IsAbsent(v) {
			out[k] = math.Sqrt(v)
		}
	}
}

// Stdvar is stdvar_over_time(), by Welford's way.
func Stdvar(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.windows(w, times, out, 1, func(a, b int32, _ int64) float64 {
		var n float64
		var mean, squares pair
		for _, v := range values[a:b] {
			n++
			d := v - (mean.sum + mean.lost)
			mean.add(d / n)
			squares.add(d * (v - (mean.sum + mean.lost)))
		}
		return (squares.sum + squares.lost) / n
	})
}

// Quantile is quantile_over_time() of q, from 0 to 1.
func Quantile(q float64) Func {
	return func(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
		s.windows(w, times, out, 1, func(a, b int32, _ int64) float64 {
			s.values = append(s.values[:0], values[a:b]...)
			return quantileOf(q, s.values)
		})
	}
}
