package finish

import (
	"math"
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/model"
)

// arithExpr is l fn r of type t each, which gives result.
func arithExpr(fn string, t, result model.Type, x, y eval) eval {
	switch {
	case t.Floating() && result == t && fn != "%":
		return floatExpr(fn, t, x, y)
	case t.Integer() && result == t:
		return intExpr(fn, t, result, x, y)
	case fn == "-" && t.IsTimestamp() && result.Kind == model.KindDuration: // both travel as numbers of 64 bits
		return intExpr(fn, model.Int64, result, x, y)
	}
	return nil
}

func floatExpr(fn string, t model.Type, x, y eval) eval {
	return func(b *model.Batch) (*model.Vector, error) {
		l, r, err := two(x, y, b)
		if err != nil {
			return nil, err
		}
		out := &model.Vector{Type: t, Len: b.Len, Floats: make([]float64, b.Len), Valid: both(l, r)}
		lf, rf := l.Floats[:b.Len], r.Floats[:b.Len]
		switch fn {
		case "+":
			for i := range out.Floats {
				out.Floats[i] = lf[i] + rf[i]
			}
		case "-":
			for i := range out.Floats {
				out.Floats[i] = lf[i] - rf[i]
			}
		case "*":
			for i := range out.Floats {
				out.Floats[i] = lf[i] * rf[i]
			}
		default:
			for i := range out.Floats {
				out.Floats[i] = lf[i] / rf[i]
			}
		}
		if t.Kind == model.KindFloat32 { // rounding twice is rounding once here: a double has more than twice the digits
			for i, f := range out.Floats {
				out.Floats[i] = float64(float32(f))
			}
		}
		return out, nil
	}
}

func intExpr(fn string, t, result model.Type, x, y eval) eval {
	op := signedOp(fn)
	lo, hi, ok := t.IntRange()
	if t.Kind == model.KindUint64 {
		op, lo, hi = unsignedOp(fn), math.MinInt64, math.MaxInt64
	} else if !ok {
		return nil
	}
	return func(b *model.Batch) (*model.Vector, error) {
		l, r, err := two(x, y, b)
		if err != nil {
			return nil, err
		}
		out := &model.Vector{Type: result, Len: b.Len, Ints: make([]int64, b.Len), Valid: both(l, r)}
		for i := range out.Ints {
			v, ok := op(l.Ints[i], r.Ints[i])
			if (!ok || v < lo || v > hi) && !out.Null(i) { // what NULLs hold says nothing
				if r.Ints[i] == 0 && (fn == "/" || fn == "%") {
					return nil, rowError("Divide by zero error")
				}
				return nil, rowError("Overflow: %s %s of %s", result, fn, t)
			}
			out.Ints[i] = v
		}
		return out, nil
	}
}

// signedOp computes in 64 bits; false where the result does not fit, or there is none.
func signedOp(fn string) func(a, b int64) (int64, bool) {
	switch fn {
	case "+":
		return func(a, b int64) (int64, bool) { return a + b, !overflows(a, b, a+b, false) }
	case "-":
		return func(a, b int64) (int64, bool) { d := a - b; return d, (a >= 0) == (b >= 0) || (d >= 0) == (a >= 0) }
	case "*":
		return func(a, b int64) (int64, bool) {
			if a == 0 || b == 0 {
				return 0, true
			}
			p := a * b
			return p, p/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
		}
	case "/":
		return func(a, b int64) (int64, bool) {
			if b == 0 || a == math.MinInt64 && b == -1 {
				return 0, false
			}
			return a / b, true
		}
	}
	return func(a, b int64) (int64, bool) {
		if b == 0 || a == math.MinInt64 && b == -1 {
			return 0, false
		}
		return a % b, true
	}
}

func unsignedOp(fn string) func(a, b int64) (int64, bool) {
	switch fn {
	case "+":
		return func(a, b int64) (int64, bool) { return a + b, !overflows(a, b, a+b, true) }
	case "-":
		return func(a, b int64) (int64, bool) { return a - b, uint64(a) >= uint64(b) }
	case "*":
		return func(a, b int64) (int64, bool) {
			hi, lo := bits.Mul64(uint64(a), uint64(b))
			return int64(lo), hi == 0
		}
	case "/":
		return func(a, b int64) (int64, bool) {
			if b == 0 {
				return 0, false
			}
			return int64(uint64(a) / uint64(b)), true
		}
	}
	return func(a, b int64) (int64, bool) {
		if b == 0 {
			return 0, false
		}
		return int64(uint64(a) % uint64(b)), true
	}
}
