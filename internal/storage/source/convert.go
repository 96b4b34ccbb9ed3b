package source

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Missing is n rows of a column that a run was written without: what was fixed when the column was added, else NULL. Schemas that do not
// tell when a column was added are of a time when the default of the moment counted.
func Missing(c *model.Column, n int) *model.Vector {
	if c.Added > 0 {
		if c.Fill == nil {
			return model.ConstVector(model.NullOf(c.Type), n)
		}
		v := model.ConstVector(*c.Fill, n)
		if c.Fill.Type != c.Type { // the type was changed since
			if out, err := Convert(v, c.Type); err == nil {
				return out
			}
			return model.ConstVector(model.NullOf(c.Type), n)
		}
		return v
	}
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
	case !model.Convertible(from, to):
		return nil, errs.New(errs.Unsupported, "values of type %s cannot be read as %s", from, to)
	}
	out := model.NewVector(to, v.Len)
	for i := range v.Len {
		if x, ok := castValue(v.At(i), to); ok {
			out.AppendValue(x)
		} else {
			out.AppendNull()
		}
	}
	return out, nil
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
