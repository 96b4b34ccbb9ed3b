package bind

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// maxWindows bounds of how many windows a row may be part, where each has to see the row itself.
const maxWindows = 10_000

// parts groups the rows. Aggregates whose partial results can be put together share one part, of the longest slots of which all
// windows consist; the others have one for each length of window, in which a row stands once for each window that it is in.
func (r *rangeBinder) parts(n *plan.Range, calls []rangeCall) error {
	grain := r.align
	for _, c := range calls {
		n.Filled = n.Filled || c.fill != plan.FillNone
		if mergeable(&c.agg, r.time) {
			grain = gcd(grain, c.width)
		}
	}
	at := map[int64]int{} // part of a width; 0: of mergeable ones
	aggs := map[int]*plan.Aggregate{}
	for _, c := range calls {
		merges := mergeable(&c.agg, r.time)
		key := c.width
		if merges {
			key = 0
		}
		p, ok := at[key]
		if !ok {
			p = len(n.Parts)
			at[key] = p
			part, agg, err := r.part(c.width, grain, merges)
			if err != nil {
				return err
			}
			n.Parts = append(n.Parts, part)
			aggs[p] = agg
		}
		it := plan.RangeItem{Col: c.agg.Col, Part: p, Fn: "value", Width: c.width, Fill: c.fill, Value: c.value}
		r.item(&it, aggs[p], c.agg, merges)
		n.Items = append(n.Items, it)
	}
	return nil
}

// part begins a part; aggregates are added to it later.
func (r *rangeBinder) part(width, grain int64, merges bool) (plan.RangePart, *plan.Aggregate, error) {
	b := r.b
	agg := &plan.Aggregate{Input: plan.Clone(r.sb.node)}
	p := plan.RangePart{Input: agg}
	for _, k := range r.keys {
		c := b.out.NewColumn(k.Col.Name, k.Col.Type)
		agg.Keys = append(agg.Keys, plan.Item{Col: c, X: k.X})
		p.By = append(p.By, c.ID)
	}
	var slot plan.Expr
	switch {
	case merges:
		p.Grain = grain
		slot = r.bin(grain)
	case width == r.align:
		slot = r.bin(width)
	default:
		var err error
		if agg.Input, slot, err = r.everyWindow(width); err != nil {
			return p, nil, err
		}
	}
	c := b.out.NewColumn("slot", slot.Type())
	agg.Keys = append(agg.Keys, plan.Item{Col: c, X: slot})
	p.Slot = c.ID
	return p, agg, nil
}

// everyWindow gives the rows once for each window of a width that they are in, and that window's start.
func (r *rangeBinder) everyWindow(width int64) (plan.Node, plan.Expr, error) {
	n := (width + r.align - 1) / r.align
	if n > maxWindows {
		return nil, nil, rangeError("a window %d times as long as ALIGN is too long for this aggregate; at most %d times", n, maxWindows)
	}
	call := func(fn string, t model.Type, args ...plan.Expr) plan.Expr {
		return &plan.Call{Fn: fn, Args: args, T: t}
	}
	lit := func(v int64) plan.Expr { return &plan.Lit{V: model.IntValue(model.Int64, v)} }
	var start plan.Expr = &plan.Cast{X: r.bin(r.align), T: model.Int64}
	node := plan.Clone(r.sb.node)
	if n > 1 {
		k := r.b.out.NewColumn("window", model.Int64)
		node = &plan.Join{Kind: plan.Inner, L: node, R: &plan.TableFunc{Fn: "generate_series", Args: []plan.Expr{lit(0), lit(n - 1)}, Out: []plan.Column{k}}}
		start = call("-", model.Int64, start, call("*", model.Int64, k.Ref(), lit(r.align)))
	}
	end := call("+", model.Int64, start, lit(width))
	inside := call(plan.Lt, model.Bool, &plan.Cast{X: r.millis, T: model.Int64}, end)
	return &plan.Filter{Input: node, Cond: inside}, start, nil
}

// item asks the part for what the item is put together of.
func (r *rangeBinder) item(it *plan.RangeItem, part *plan.Aggregate, a plan.Agg, merges bool) {
	it.Zero = a.Fn == "count" || a.Fn == "approx_distinct" || a.Fn == "count_hash" || a.Fn == "regr_count"
	ask := func(fn string, t model.Type, args []plan.Expr) {
		inner := a
		inner.Fn, inner.Args = fn, args
		for i := range part.Aggs {
			if part.Aggs[i].Key() == inner.Key() {
				it.Args = append(it.Args, part.Aggs[i].Col.ID)
				return
			}
		}
		inner.Col = r.b.out.NewColumn(it.Col.Name, t)
		part.Aggs = append(part.Aggs, inner)
		it.Args = append(it.Args, inner.Col.ID)
	}
	natural := it.Col.Type
	if it.Fill == plan.FillLinear { // the fill makes Float64 of it
		natural = linearInput(&a)
	}
	if !merges {
		ask(a.Fn, natural, a.Args)
		return
	}
	switch a.Fn {
	case "avg":
		it.Fn = "avg"
		ask("sum", model.Float64, []plan.Expr{convert(a.Args[0], model.Float64)})
		ask("count", model.Int64, a.Args)
	case "first_value", "last_value":
		it.Fn = strings.TrimSuffix(a.Fn, "_value")
		ask(a.Fn, natural, a.Args)
	default:
		it.Fn = a.Fn
		ask(a.Fn, natural, a.Args)
	}
}

// linearInput is the type of an aggregate over numbers before a fill made it Float64.
func linearInput(a *plan.Agg) model.Type {
	f, ok := function.LookupAggregate(a.Fn)
	if !ok {
		return model.Float64
	}
	_, t, err := f.Resolve(types(a.Args))
	if err != nil {
		return model.Float64
	}
	return t
}

// mergeable reports an aggregate whose value over a window follows from its values over the window's slots.
func mergeable(a *plan.Agg, time plan.Expr) bool {
	if a.Distinct && a.Fn != "min" && a.Fn != "max" || a.IgnoreNulls || len(a.Args) > 1 {
		return false
	}
	class := model.ClassInt
	if len(a.Args) == 1 {
		class = a.Args[0].Type().Class()
	}
	number := class == model.ClassInt || class == model.ClassFloat
	switch a.Fn {
	case "count":
		return len(a.OrderBy) == 0
	case "sum", "avg":
		return number && len(a.OrderBy) == 0
	case "min", "max":
		return (number || class == model.ClassBytes) && len(a.OrderBy) == 0
	case "first_value", "last_value":
		return len(a.OrderBy) == 1 && !a.OrderBy[0].Desc && plan.Key(a.OrderBy[0].X) == plan.Key(time)
	}
	return false
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
