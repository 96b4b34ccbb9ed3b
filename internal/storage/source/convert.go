package source

import (
	"math"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Missing is n rows of a column that a run was written without: its constant default, else NULL.
func Missing(c *model.Column, n int) *model.Vector {
	if c.Default != nil && c.Default.Func == "" && c.Default.Value.Type == c.Type {
		return model.ConstVector(c.Default.Value, n)
	}
	return model.ConstVector(model.NullOf(c.Type), n)
}

// Convert is v as values of another type, for a column whose type was changed after v was written. Values that the new type cannot hold
// become NULL. The result may share memory with v. Errors: Unsupported for types that do not convert into one another.
func Convert(v *model.Vector, to model.Type) (*model.Vector, error) {
	from := v.Type
	if from == to {
		return v, nil
	}
	w := *v
	w.Type = to
	switch {
	case from.Class() == model.ClassBytes && to.Class() == model.ClassBytes && from.Kind != model.KindVector && to.Kind != model.KindVector:
		return &w, nil
	case from.Class() == model.ClassFloat && to.Class() == model.ClassFloat:
		if to.Kind == model.KindFloat32 {
			w.Floats = make([]float64, v.Len)
			for i, f := range v.Floats[:v.Len] {
				w.Floats[i] = float64(float32(f))
			}
		}
		return &w, nil
	case from.Class() == model.ClassInt && to.Class() == model.ClassInt && fits(from, to):
		return &w, nil
	case from.IsTimestamp() != to.IsTimestamp() && from.Kind != model.KindInt64 && to.Kind != model.KindInt64 && to.Class() != model.ClassBytes && from.Class() != model.ClassBytes,
		!convertible(from) || !convertible(to):
		return nil, errs.New(errs.Unsupported, "values of type %s cannot be read as %s", from, to)
	}
	out := model.NewVector(to, v.Len)
	for i := range v.Len {
		if v.Null(i) {
			out.AppendNull()
			continue
		}
		appendConverted(out, v, i)
	}
	return out, nil
}

func convertible(t model.Type) bool {
	return t.Integer() || t.Floating() || t.IsTimestamp() || t.Kind == model.KindBool || t.Kind == model.KindDate || t.Kind == model.KindString
}

// fits reports that every value of from is the same int64 in to.
func fits(from, to model.Type) bool {
	a, b, ok := from.IntRange()
	if !ok || !(to.Integer()) {
		return false
	}
	if to.Kind == model.KindUint64 {
		return a >= 0
	}
	c, d, ok := to.IntRange()
	return ok && c <= a && b <= d
}

func appendConverted(out, v *model.Vector, i int) {
	from, to := v.Type, out.Type
	switch from.Class() {
	case model.ClassBool:
		b := v.Bools[i]
		switch to.Class() {
		case model.ClassBytes:
			out.AppendString(strconv.FormatBool(b))
		case model.ClassInt:
			n := int64(0)
			if b {
				n = 1
			}
			out.AppendInt(n)
		default:
			out.AppendNull()
		}
	case model.ClassInt:
		appendInt(out, from, v.Ints[i])
	case model.ClassFloat:
		f := v.Floats[i]
		switch to.Class() {
		case model.ClassBytes:
			bits := 64
			if from.Kind == model.KindFloat32 {
				bits = 32
			}
			out.AppendString(strconv.FormatFloat(f, 'g', -1, bits))
		case model.ClassBool:
			out.AppendBool(f != 0)
		case model.ClassInt:
			appendTruncated(out, f)
		default:
			out.AppendNull()
		}
	case model.ClassBytes:
		appendParsed(out, string(v.BytesAt(i)))
	}
}

// appendTruncated appends the whole part of f, or NULL if the type does not reach it.
func appendTruncated(out *model.Vector, f float64) {
	f = math.Trunc(f)
	switch {
	case out.Type.Kind == model.KindUint64 && f >= 0 && f < 1<<64:
		out.AppendInt(int64(uint64(f)))
	case out.Type.Kind != model.KindUint64 && f >= -1<<63 && f < 1<<63:
		appendInt(out, model.Int64, int64(f))
	default:
		out.AppendNull()
	}
}

func appendInt(out *model.Vector, from model.Type, n int64) {
	to := out.Type
	switch {
	case to.Class() == model.ClassBytes && from.Kind == model.KindUint64:
		out.AppendString(strconv.FormatUint(uint64(n), 10))
	case to.Class() == model.ClassBytes:
		out.AppendString(strconv.FormatInt(n, 10))
	case to.Class() == model.ClassFloat && from.Kind == model.KindUint64:
		out.AppendFloat(float64(uint64(n)))
	case to.Class() == model.ClassFloat:
		out.AppendFloat(float64(n))
	case to.Class() == model.ClassBool:
		out.AppendBool(n != 0)
	case from.IsTimestamp() && to.IsTimestamp():
		if m, ok := model.ConvertTime(n, from.Unit, to.Unit); ok {
			out.AppendInt(m)
		} else {
			out.AppendNull()
		}
	case to.Kind == model.KindUint64 || from.Kind == model.KindUint64:
		if n < 0 && from.Kind != to.Kind { // beyond what a signed integer holds, or below zero
			out.AppendNull()
			return
		}
		fallthrough
	default:
		if a, b, ok := to.IntRange(); ok && (n < a || n > b) {
			out.AppendNull()
		} else {
			out.AppendInt(n)
		}
	}
}

func appendParsed(out *model.Vector, s string) {
	switch out.Type.Class() {
	case model.ClassBool:
		if b, err := strconv.ParseBool(s); err == nil {
			out.AppendBool(b)
			return
		}
	case model.ClassFloat:
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			if out.Type.Kind == model.KindFloat32 {
				f = float64(float32(f))
			}
			out.AppendFloat(f)
			return
		}
	case model.ClassInt:
		if out.Type.Kind == model.KindUint64 {
			if n, err := strconv.ParseUint(s, 10, 64); err == nil {
				out.AppendInt(int64(n))
				return
			}
		} else if n, err := strconv.ParseInt(s, 10, 64); err == nil && out.Type.Integer() {
			appendInt(out, model.Int64, n)
			return
		}
	}
	out.AppendNull()
}
