package window

import "math"

// Each changes the values of a result, one by one; what is absent stays so.
type Each func(out []float64)

// Apply makes an Each of a function of one value.
func Apply(f func(float64) float64) Each {
	return func(out []float64) {
		for i, v := range out {
			if math.Float64bits(v) != absentBits {
				out[i] = f(v)
			}
		}
	}
}

// Keep makes an Each that takes values away for which ok is not true.
func Keep(ok func(float64) bool) Each {
	return func(out []float64) {
		for i, v := range out {
			if math.Float64bits(v) != absentBits && !ok(v) {
				out[i] = Absent()
			}
		}
	}
}

// Simple is the function of one value that PromQL calls name; nil: there is none. A value that a function leaves as it is may be the
// argument.
func Simple(name string) func(float64) float64 {
	switch name {
	case "abs":
		return math.Abs
	case "ceil":
		return math.Ceil
	case "floor":
		return math.Floor
	case "exp":
		return math.Exp
	case "sqrt":
		return math.Sqrt
	case "ln":
		return math.Log
	case "log2":
		return math.Log2
	case "log10":
		return math.Log10
	case "sin":
		return math.Sin
	case "cos":
		return math.Cos
	case "tan":
		return math.Tan
	case "asin":
		return math.Asin
	case "acos":
		return math.Acos
	case "atan":
		return math.Atan
	case "sinh":
		return math.Sinh
	case "cosh":
		return math.Cosh
	case "tanh":
		return math.Tanh
	case "asinh":
		return math.Asinh
	case "acosh":
		return math.Acosh
	case "atanh":
		return math.Atanh
	case "rad":
		return func(v float64) float64 { return v * math.Pi / 180 }
	case "deg":
		return func(v float64) float64 { return v * 180 / math.Pi }
	case "sgn":
		return func(v float64) float64 {
			switch {
			case v < 0:
				return -1
			case v > 0:
				return 1
			}
			return v
		}
	}
	return nil
}

// Round is round() to multiples of to.
func Round(to float64) Each {
	inverse := 1 / to
	return Apply(func(v float64) float64 { return math.Floor(v*inverse+0.5) / inverse })
}

// Clamp is clamp().
func Clamp(least, most float64) Each {
	if most < least {
		return Keep(func(float64) bool { return false })
	}
	return Apply(func(v float64) float64 { return math.Max(least, math.Min(most, v)) })
}
