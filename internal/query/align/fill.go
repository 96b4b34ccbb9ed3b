package align

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// fill replaces NULLs of out's rows from row from on, which are one group's windows at equal distances, as the item says.
func fill(out *model.Vector, from int, it *plan.RangeItem) {
	if out.Valid == nil {
		return
	}
	if out.Type.Class() == model.ClassBytes && (it.Fill == plan.FillPrev || it.Fill == plan.FillValue) {
		fillBytes(out, from, it)
		return
	}
	switch it.Fill {
	case plan.FillPrev:
		for i := from + 1; i < out.Len; i++ {
			if out.Null(i) && !out.Null(i-1) {
				set(out, i, out.At(i-1))
			}
		}
	case plan.FillValue:
		for i := from; i < out.Len; i++ {
			if out.Null(i) {
				set(out, i, it.Value)
			}
		}
	case plan.FillLinear:
		linear(out, from)
	}
}

// linear draws lines between the values on both sides of a gap, and beyond the first and the last through the two next to them.
func linear(out *model.Vector, from int) {
	var at []int
	for i := from; i < out.Len; i++ {
		if !out.Null(i) {
			at = append(at, i)
		}
	}
	if len(at) < 2 {
		return
	}
	line := func(i, a, b int) {
		ya, yb := out.Floats[a], out.Floats[b]
		out.Floats[i] = ya + (yb-ya)*float64(i-a)/float64(b-a)
		out.Valid.Set(i)
	}
	for i := from; i < at[0]; i++ {
		line(i, at[0], at[1])
	}
	for k := 1; k < len(at); k++ {
		for i := at[k-1] + 1; i < at[k]; i++ {
			line(i, at[k-1], at[k])
		}
	}
	n := len(at)
	for i := at[n-1] + 1; i < out.Len; i++ {
		line(i, at[n-2], at[n-1])
	}
}

// set puts a value in the place of a NULL.
func set(out *model.Vector, i int, x model.Value) {
	switch out.Type.Class() {
	case model.ClassBool:
		out.Bools[i] = x.Bool
	case model.ClassInt:
		out.Ints[i] = x.Int
	case model.ClassFloat:
		out.Floats[i] = x.Float
	case model.ClassDecimal:
		out.Decimals[i] = x.Decimal
	case model.ClassInterval:
		out.Intervals[i] = x.Interval
	}
	out.Valid.Set(i)
}

// fillBytes is fill for values of different lengths: the rows are written anew.
func fillBytes(out *model.Vector, from int, it *plan.RangeItem) {
	old := model.NewVector(out.Type, out.Len-from)
	old.AppendVector(out, from, out.Len)
	out.Len = from
	out.Data = out.Data[:out.Offsets[from]]
	out.Offsets = out.Offsets[:from+1]
	last := -1
	for i := range old.Len {
		switch {
		case !old.Null(i):
			last = i
			out.AppendBytes(old.BytesAt(i))
		case it.Fill == plan.FillValue:
			out.AppendString(it.Value.Bytes)
		case last >= 0:
			out.AppendBytes(old.BytesAt(last))
		default:
			out.AppendNull()
		}
	}
}
