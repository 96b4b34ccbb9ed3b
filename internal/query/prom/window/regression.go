package window

import "math"

// Deriv is deriv(): the slope of the line through the samples.
func Deriv(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
	s.windows(w, times, out, 2, func(a, b int32, _ int64) float64 {
		slope, _ := line(times[a:b], values[a:b], times[a])
		return slope
	})
}

// PredictLinear is predict_linear() of so many seconds after each moment; moments are the ends of windows plus offset milliseconds.
func PredictLinear(seconds float64, offset int64) Func {
	return func(s *Scratch, w *Windows, times []int64, values []float64, out []float64) {
		s.windows(w, times, out, 2, func(a, b int32, end int64) float64 {
			slope, at := line(times[a:b], values[a:b], end+offset)
			return slope*seconds + at
		})
	}
}

// line is the line of least squares: its slope in seconds, and its value at a time.
func line(times []int64, values []float64, origin int64) (slope, at float64) {
	var x, y, xy, xx pair
	constant := true
	for i, v := range values {
		constant = constant && v == values[0]
		t := float64(times[i]-origin) / 1e3
		x.add(t)
		y.add(v)
		xy.add(t * v)
		xx.add(t * t)
	}
	if constant || len(values) == 1 {
		if math.IsInf(values[0], 0) {
			return math.NaN(), math.NaN()
		}
		return 0, values[0]
	}
	n := float64(len(values))
	sx, sy := x.sum+x.lost, y.sum+y.lost
	slope = (xy.sum + xy.lost - sx*sy/n) / (xx.sum + xx.lost - sx*sx/n)
	return slope, sy/n - slope*sx/n
}
