package finish

import (
	"math"

	"github.com/goptimedb/goptimedb/internal/model"
)

// castExpr converts x. Values that do not fit fail, or become NULL with try.
func castExpr(x eval, from, to model.Type, try bool) eval {
	if from == to {
		return x
	}
	if try && !from.Numeric() {
		return nil
	}
	var ints func(int64) (int64, bool)
	var toFloat func(int64) float64
	switch {
	case from.Integer() && to.Integer():
		ints = intToInt(from, to)
	case from.Integer() && to.Floating():
		toFloat = intToFloat(from, to)
	case from.IsTimestamp() && to.IsTimestamp():
		ints = rescale(from.Unit, to.Unit)
	case from.IsTimestamp() && to == model.Int64, to.IsTimestamp() && from.Signed():
		ints = func(v int64) (int64, bool) { return v, true }
	case from.IsTimestamp() && to == model.Date:
		day := 86400 * from.Unit.PerSecond()
		ints = func(v int64) (int64, bool) { d := floorDiv(v, day); return d, d >= -maxDay && d <= maxDay }
	case from.Floating() && to.Floating():
		return floatCast(x, to, try)
	default:
		return nil
	}
	return func(b *model.Batch) (*model.Vector, error) {
		v, err := x(b)
		if err != nil {
			return nil, err
		}
		if toFloat != nil {
			out := &model.Vector{Type: to, Len: b.Len, Floats: make([]float64, b.Len), Valid: v.Valid}
			for i, n := range v.Ints[:b.Len] {
				out.Floats[i] = toFloat(n)
			}
			return out, nil
		}
		out := &model.Vector{Type: to, Len: b.Len, Ints: make([]int64, b.Len), Valid: v.Valid}
		for i, n := range v.Ints[:b.Len] {
			var ok bool
			if out.Ints[i], ok = ints(n); !ok && !v.Null(i) {
				if err := miss(out, v, i, try); err != nil {
					return nil, err
				}
			}
		}
		return out, nil
	}
}

// maxDay bounds the days that both halves agree on, some 27,000 years around 1970.
const maxDay = 10_000_000

func intToInt(from, to model.Type) func(int64) (int64, bool) {
	lo, hi, _ := to.IntRange()
	switch {
	case to.Kind == model.KindUint64:
		unsigned := from.Unsigned()
		return func(v int64) (int64, bool) { return v, unsigned || v >= 0 }
	case from.Kind == model.KindUint64:
		return func(v int64) (int64, bool) { return v, v >= 0 && v <= hi }
	}
	return func(v int64) (int64, bool) { return v, v >= lo && v <= hi }
}

func intToFloat(from, to model.Type) func(int64) float64 {
	switch unsigned := from.Kind == model.KindUint64; {
	case unsigned && to.Kind == model.KindFloat32:
		return func(v int64) float64 { return float64(float32(uint64(v))) }
	case unsigned:
		return func(v int64) float64 { return float64(uint64(v)) }
	case to.Kind == model.KindFloat32:
		return func(v int64) float64 { return float64(float32(v)) }
	}
	return func(v int64) float64 { return float64(v) }
}

func rescale(from, to model.TimeUnit) func(int64) (int64, bool) {
	if from > to {
		n := from.PerSecond() / to.PerSecond()
		return func(v int64) (int64, bool) { return floorDiv(v, n), true }
	}
	n := to.PerSecond() / from.PerSecond()
	return func(v int64) (int64, bool) { return v * n, v <= math.MaxInt64/n && v >= math.MinInt64/n }
}

func floorDiv(v, n int64) int64 {
	q := v / n
	if v%n < 0 {
		q--
	}
	return q
}

// floatCast changes the width.
func floatCast(x eval, to model.Type, try bool) eval {
	return func(b *model.Batch) (*model.Vector, error) {
		v, err := x(b)
		if err != nil {
			return nil, err
		}
		out := &model.Vector{Type: to, Len: b.Len, Floats: v.Floats, Valid: v.Valid}
		if to.Kind != model.KindFloat32 {
			return out, nil
		}
		out.Floats = make([]float64, b.Len)
		for i, f := range v.Floats[:b.Len] {
			out.Floats[i] = float64(float32(f))
			if math.IsInf(out.Floats[i], 0) && !math.IsInf(f, 0) && !v.Null(i) {
				if err := miss(out, v, i, try); err != nil {
					return nil, err
				}
			}
		}
		return out, nil
	}
}

// miss is what becomes of a row whose value cannot be converted. out begins with the validity of v, which it must not change.
func miss(out, v *model.Vector, i int, try bool) error {
	if !try {
		return rowError("Cast error: a value cannot be converted to %s", out.Type)
	}
	if out.Valid == nil || v.Valid != nil && &out.Valid[0] == &v.Valid[0] {
		out.Valid = model.NewBitmap(v.Len)
		if v.Valid == nil {
			out.Valid.SetRange(0, v.Len)
		} else {
			copy(out.Valid, v.Valid)
		}
	}
	out.Valid.Clear(i)
	return nil
}
