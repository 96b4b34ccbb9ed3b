package function

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/model"
)

// maxElements is how many elements the lists that are made for some thousand rows at once have together: lists are not part of the
// memory that the engine accounts for.
const maxElements = 1 << 20

// rangeFunctions make lists that are as long as a number says.
func rangeFunctions() []*Scalar {
	series := func(name string, inclusive bool) *Scalar {
		return &Scalar{Name: name, Resolve: func(args []model.Type) ([]model.Type, model.Type, error) { return resolveSeries(name, args) },
			SQL: func(a []Arg) (string, error) { return seriesSQL(name, inclusive, a), nil }}
	}
	return []*Scalar{series("range", false), series("generate_series", true)}
}

// resolveSeries takes numbers (stop), (start, stop) and (start, stop, step), or times or dates with an interval for a step.
func resolveSeries(name string, args []model.Type) ([]model.Type, model.Type, error) {
	if want, result, ok := resolve("i[ii:li", args); ok {
		return want, result, nil
	}
	if len(args) != 3 || args[2].Kind != model.KindInterval && args[2].Kind != model.KindString && args[2].Kind != model.KindNull {
		return nil, model.Null, NoMatch(name, args)
	}
	t, ok := Common(args[0], args[1])
	if t.Kind == model.KindString || t.Kind == model.KindNull {
		t = model.Timestamp(model.Nanosecond)
	}
	if !ok || !t.IsTimestamp() && t.Kind != model.KindDate {
		return nil, model.Null, NoMatch(name, args)
	}
	return []model.Type{t, t, model.Interval}, model.ListOf(t), nil
}

func seriesSQL(name string, inclusive bool, a []Arg) string {
	end := strconv.FormatBool(inclusive)
	switch t := a[0].Type; {
	case len(a) == 3 && t.IsTimestamp():
		return listOf("BIGINT", "gt_series("+joined(a)+", "+unitOf(t)+", "+end+")")
	case len(a) == 3 && t.Kind == model.KindDate:
		days := func(x Arg) string { return "CAST(" + x.SQL + " - DATE '1970-01-01' AS BIGINT)" }
		list := listOf("BIGINT", "gt_series("+days(a[0])+", "+days(a[1])+", "+a[2].SQL+", -1, "+end+")")
		return "list_transform(" + list + ", lambda e: DATE '1970-01-01' + CAST(e AS INTEGER))"
	}
	start, stop, step := "0", a[0].SQL, "1"
	if len(a) > 1 {
		start, stop = a[0].SQL, a[1].SQL
	}
	if len(a) > 2 {
		step = a[2].SQL
	}
	return name + "(" + start + ", gt_upto(" + start + ", " + stop + ", " + step + "), " + step + ")"
}

// elements is how many numbers there are from start to stop by step, both included, but at most the largest number.
func elements(start, stop, step int64) uint64 {
	if step > 0 && stop < start || step < 0 && stop > start {
		return 0
	}
	n := magnitudeOfDifference(stop, start) / magnitude(step)
	if n == math.MaxUint64 {
		return n
	}
	return n + 1
}

func magnitudeOfDifference(a, b int64) uint64 {
	if a < b {
		a, b = b, a
	}
	return uint64(a) - uint64(b)
}

func tooMany() error {
	return failure("a list would be too long: at most %d elements are made at once", maxElements)
}

func rangeColumns() []column {
	return []column{
		// upto gives back where a list of numbers ends, unless the lists for all rows are too long together. It is volatile, lest the
		// engine makes such a list, at ten times the cost, while it plans.
		{name: "upto", sig: "iii:i", vol: true, cols: func(args []*model.Vector, n int) (*model.Vector, error) {
			out := &model.Vector{Type: model.Int64, Len: n, Ints: make([]int64, n)}
			valid := validity(args, n)
			var total uint64
			for i := range n {
				out.Ints[i] = args[1].Ints[i]
				if valid != nil && !valid.Get(i) {
					continue
				}
				if args[2].Ints[i] == 0 {
					return nil, failure("step can't be 0 for function range(start [, stop, step])")
				}
				sum, carry := bits.Add64(total, elements(args[0].Ints[i], args[1].Ints[i], args[2].Ints[i]), 0)
				if total = sum; carry != 0 || total > maxElements {
					return nil, tooMany()
				}
			}
			return out, nil
		}},
		// series lists times from start to stop by an interval; of unit -1 they are days.
		{name: "series", sig: "iivib:s", row: func(c *cells, out *model.Vector) error {
			at, stop, step := c.int(0), c.int(1), c.args[2].Intervals[c.i]
			next := func(v int64) (int64, bool) { return Shift(v, c.unit(3), step, 1) }
			if c.int(3) < 0 {
				next = func(v int64) (int64, bool) {
					moved, ok := Shift(v*86400, model.Second, step, 1)
					return floorDiv(moved, 86400), ok
				}
			}
			if step == (model.MonthDayNano{}) {
				return failure("step can't be 0 for function range(start [, stop, step])")
			}
			first, ok := next(at)
			down := ok && first < at
			b := []byte{'['}
			for at < stop && !down || at > stop && down || at == stop && c.bool(4) {
				if len(out.Data)+len(b) > 8*maxElements {
					return tooMany()
				}
				if len(b) > 1 {
					b = append(b, ',')
				}
				b = strconv.AppendInt(b, at, 10)
				then, ok := next(at)
				if !ok || then == at || then < at != down {
					break
				}
				at = then
			}
			out.AppendBytes(append(b, ']'))
			return nil
		}},
	}
}
