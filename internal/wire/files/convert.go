package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

// rowError is an error of row (0 is the first) of a vector.
type rowError struct {
	row int
	err error
}

func (e *rowError) Error() string { return e.err.Error() }
func (e *rowError) Unwrap() error { return e.err }

// Convertible reports whether values of one type can be tried as another.
func Convertible(from, to model.Type) bool { return convertible(from, to) }

// convertible reports whether convert can try.
func convertible(from, to model.Type) bool {
	if from == to || from.Kind == model.KindNull {
		return true
	}
	text := func(t model.Type) bool { return t.Kind == model.KindString || t.Kind == model.KindJSON }
	number := func(t model.Type) bool { return t.Numeric() || t.Kind == model.KindBool }
	timed := func(t model.Type) bool { return t.IsTimestamp() || t.Kind == model.KindDate }
	switch {
	case text(from) || text(to):
		return true
	case number(from) && number(to), timed(from) && timed(to):
		return true
	case from.Integer() && timed(to), timed(from) && to.Integer():
		return true
	case from.Kind == model.KindBinary && (to.Kind == model.KindVector || to.Kind == model.KindBinary):
		return true
	}
	return false
}

// convert gives v as a vector of another type. The result may share v's memory.
func convert(v *model.Vector, to model.Type) (*model.Vector, error) {
	from := v.Type
	if from == to {
		if to.IsTimestamp() {
			return v, model.CheckTimes("", v)
		}
		return v, nil
	}
	if from.Kind == model.KindNull {
		return model.ConstVector(model.NullOf(to), v.Len), nil
	}
	same := *v
	same.Type = to
	lo, hi, bounded := to.IntRange()
	switch {
	case from.Class() == model.ClassInt && to.IsTimestamp() && from.IsTimestamp():
		return convertTimes(v, to)
	case from.Kind == model.KindDate && to.IsTimestamp():
		return convertInts(v, to, func(x int64) (int64, bool) { return model.ConvertTime(x*86400, model.Second, to.Unit) })
	case from.IsTimestamp() && to.Kind == model.KindDate:
		return convertInts(v, to, func(x int64) (int64, bool) { return floorDiv(x, from.Unit.PerSecond()*86400), true })
	case from.Class() == model.ClassInt && to.IsTimestamp(): // a number of units
		if from.Kind == model.KindUint64 {
			return convertInts(v, to, func(x int64) (int64, bool) { return x, x >= 0 })
		}
		return &same, model.CheckTimes("", &same)
	case from.Class() == model.ClassInt && to.Class() == model.ClassInt:
		switch {
		case from.Kind == model.KindUint64:
			return convertInts(v, to, func(x int64) (int64, bool) { return x, x >= 0 && x <= hi })
		case to.Kind == model.KindUint64:
			return convertInts(v, to, func(x int64) (int64, bool) { return x, x >= 0 })
		case bounded:
			return convertInts(v, to, func(x int64) (int64, bool) { return x, x >= lo && x <= hi })
		}
	case from.Class() == model.ClassFloat && to.Class() == model.ClassFloat:
		if to.Kind == model.KindFloat64 {
			return &same, nil
		}
		same.Floats = make([]float64, v.Len)
		for i, x := range v.Floats[:v.Len] {
			same.Floats[i] = float64(float32(x))
		}
		return &same, nil
	case from.Integer() && to.Floating():
		same.Ints, same.Floats = nil, make([]float64, v.Len)
		for i, x := range v.Ints[:v.Len] {
			if same.Floats[i] = float64(x); from.Kind == model.KindUint64 {
				same.Floats[i] = float64(uint64(x))
			}
			if to.Kind == model.KindFloat32 {
				same.Floats[i] = float64(float32(same.Floats[i]))
			}
		}
		return &same, nil
	case from.Floating() && to.Integer():
		out := model.NewVector(to, v.Len)
		for i, x := range v.Floats[:v.Len] {
			switch {
			case v.Null(i):
				out.AppendNull()
			case x != math.Trunc(x) || math.Abs(x) > 1<<53 || bounded && (x < float64(lo) || x > float64(hi)) || to.Unsigned() && x < 0:
				return nil, &rowError{i, fmt.Errorf("cannot convert %v to %s", x, to)}
			default:
				out.AppendInt(int64(x))
			}
		}
		return out, nil
	case to.Kind == model.KindVector && from.Kind == model.KindBinary:
		for i := range v.Len {
			if !v.Null(i) && len(v.BytesAt(i)) != 4*int(to.Dim) {
				return nil, &rowError{i, fmt.Errorf("%d bytes are no %s", len(v.BytesAt(i)), to)}
			}
		}
		return &same, nil
	case from.Class() == model.ClassBytes && to.Kind == model.KindBinary:
		return &same, nil
	case from.Class() == model.ClassBytes && to.Kind == model.KindJSON:
		for i := range v.Len {
			if !v.Null(i) && !json.Valid(v.BytesAt(i)) {
				return nil, &rowError{i, cannot(v.BytesAt(i), to)}
			}
		}
		return &same, nil
	case from.Kind == model.KindDecimal && to.Kind == model.KindDecimal:
		return perRow(v, to, func(out *model.Vector, i int) error {
			d, ok := decimalOf(ratOf(v.Decimals[i], from.Scale), to)
			if !ok {
				return fmt.Errorf("%s has too many digits for %s", appendDecimal(nil, v.Decimals[i], int(from.Scale)), to)
			}
			out.AppendValue(model.Value{Type: to, Decimal: d})
			return nil
		})
	}
	var o Options
	var buf []byte
	return perRow(v, to, func(out *model.Vector, i int) error { // slow path: through text
		buf, _ = o.textOf(buf[:0], v, i)
		return appendText(out, buf, time.UTC)
	})
}

func perRow(v *model.Vector, to model.Type, value func(out *model.Vector, i int) error) (*model.Vector, error) {
	out := model.NewVector(to, v.Len)
	for i := range v.Len {
		if v.Null(i) {
			out.AppendNull()
		} else if err := value(out, i); err != nil {
			return nil, &rowError{i, err}
		}
	}
	return out, nil
}

func convertInts(v *model.Vector, to model.Type, f func(int64) (int64, bool)) (*model.Vector, error) {
	out := *v
	out.Type, out.Ints = to, make([]int64, v.Len)
	for i, x := range v.Ints[:v.Len] {
		y, ok := f(x)
		if !ok {
			if v.Null(i) {
				continue
			}
			return nil, &rowError{i, fmt.Errorf("%d does not fit %s", x, to)}
		}
		out.Ints[i] = y
	}
	if to.IsTimestamp() {
		return &out, model.CheckTimes("", &out)
	}
	return &out, nil
}

func convertTimes(v *model.Vector, to model.Type) (*model.Vector, error) {
	return convertInts(v, to, func(x int64) (int64, bool) { return model.ConvertTime(x, v.Type.Unit, to.Unit) })
}

var errNothing = errors.New("the file has no rows to infer columns from; declare them")
