package finish

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
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
	if fn == "/" || fn == "%" {
		return quotientExpr(fn, t, result, x, y)
	}
	narrow := t.Kind != model.KindInt64 && t.Kind != model.KindUint64
	return func(b *model.Batch) (*model.Vector, error) {
		l, r, err := two(x, y, b)
		if err != nil {
			return nil, err
		}
		out := &model.Vector{Type: result, Len: b.Len, Ints: make([]int64, b.Len), Valid: both(l, r)}
		li, ri := l.Ints[:b.Len], r.Ints[:b.Len]
		switch fn {
		case "+":
			for i := range out.Ints {
				out.Ints[i] = li[i] + ri[i]
			}
		case "-":
			for i := range out.Ints {
				out.Ints[i] = li[i] - ri[i]
			}
		default:
			for i := range out.Ints {
				out.Ints[i] = li[i] * ri[i]
			}
		}
		if narrow {
			for i, v := range out.Ints {
				out.Ints[i] = function.WrapInt(v, t)
			}
		}
		return out, nil
	}
}

// quotientExpr divides. Only the least number by -1 has no quotient of its own; it wraps to itself.
func quotientExpr(fn string, t, result model.Type, x, y eval) eval {
	unsigned := t.Kind == model.KindUint64
	return func(b *model.Batch) (*model.Vector, error) {
		l, r, err := two(x, y, b)
		if err != nil {
			return nil, err
		}
		out := &model.Vector{Type: result, Len: b.Len, Ints: make([]int64, b.Len), Valid: both(l, r)}
		for i := range out.Ints {
			a, d := l.Ints[i], r.Ints[i]
			switch {
			case out.Null(i): // what NULLs hold says nothing
			case d == 0:
				return nil, rowError("Divide by zero error")
			case unsigned && fn == "/":
				out.Ints[i] = int64(uint64(a) / uint64(d))
			case unsigned:
				out.Ints[i] = int64(uint64(a) % uint64(d))
			case d == -1 && fn == "/":
				out.Ints[i] = function.WrapInt(-a, t)
			case d == -1:
			case fn == "/":
				out.Ints[i] = a / d
			default:
				out.Ints[i] = a % d
			}
		}
		return out, nil
	}
}
