package bind

import (
	"fmt"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// maxWindows bounds of how many windows a row may be part, where each has to see the row itself.
const maxWindows = 10_000

// rangeCalls collects the aggregates of a range query, each different one once.
type rangeCalls struct {
	time  plan.Expr // time index of the rows
	fill  *sql.Fill // of the items without one
	spec  *rangeSpec
	calls []rangeCall
	ids   map[string]int
}

// rangeSpec is what RANGE and FILL say of the aggregates within.
type rangeSpec struct {
	width int64 // ms
	fill  *sql.Fill
}

type rangeCall struct {
	agg   plan.Agg // Col is the item's, not what a region gives
	width int64
	fill  plan.RangeFill
	value model.Value
}

func rangeError(format string, args ...any) error {
	return planError("Error during planning: Range Query: "+format, args...)
}

// selectRange binds a range query: rows are grouped by slots of time, windows are put together of slots, the items read windows.
func (b *binder) selectRange(sb *selectBinder, order []sql.OrderItem) (*relation, error) {
	s := sb.s
	if len(s.GroupBy) > 0 || s.GroupAll || s.Having != nil || s.Qualify != nil {
		return nil, errs.New(errs.Unsupported, "Not supported: GROUP BY, HAVING and QUALIFY in a range query; its groups are those of BY")
	}
	timeCol, err := b.rangeTime(sb)
	if err != nil {
		return nil, err
	}
	r := &rangeBinder{b: b, sb: sb, timeName: timeCol.name}
	if err := r.alignment(s.Align); err != nil {
		return nil, err
	}
	ms := model.Timestamp(model.Millisecond)
	r.time = timeCol.col.Ref()
	r.millis = convert(r.time, ms)
	es := &exprScope{scope: sb.scope, with: sb.es.with, ranges: &rangeCalls{time: r.time, fill: s.Align.Fill}}
	sb.es = es
	if err := r.by(s.Align); err != nil {
		return nil, err
	}
	outer := b.fill
	b.fill = s.Align.Fill
	defer func() { b.fill = outer }()
	if err := sb.selectList(); err != nil {
		return nil, err
	}
	es.alias = sb.alias
	if err := sb.orderKeys(order); err != nil {
		return nil, err
	}
	if err := r.build(es.ranges.calls); err != nil {
		return nil, err
	}
	return sb.project()
}

// rangeTime is the time index of the rows: that of the table, however deep it lies.
func (b *binder) rangeTime(sb *selectBinder) (*scopeCol, error) {
	index := map[plan.ColID]bool{}
	timeColumns(sb.node, index)
	for i := range sb.scope.cols {
		if c := &sb.scope.cols[i]; index[c.col.ID] {
			return c, nil
		}
	}
	return nil, rangeError("Cannot find the time index column in the input")
}

// timeColumns marks the columns of n that are the time index of a table, or the slots of a range query.
func timeColumns(n plan.Node, index map[plan.ColID]bool) {
	for _, in := range n.Inputs() {
		timeColumns(in, index)
	}
	through := func(items []plan.Item) {
		for _, it := range items {
			x := uncast(it.X)
			if c, ok := x.(*plan.Call); ok && c.Fn == "date_bin" && len(c.Args) > 1 { // the slots of a range query, or of GROUP BY
				x = uncast(c.Args[1])
			}
			if c, ok := x.(*plan.Col); ok && index[c.ID] {
				index[it.Col.ID] = true
			}
		}
	}
	switch n := n.(type) {
	case *plan.Scan:
		for i, c := range n.Out {
			if n.Source[i] == n.Table.Schema.TimeIndex && c.Type.IsTimestamp() {
				index[c.ID] = true
			}
		}
	case *plan.Project:
		through(n.Items)
	case *plan.Aggregate:
		through(n.Keys)
	case *plan.Range:
		index[n.Time.ID] = true
	case *plan.SetOp:
		for i, c := range n.L.Cols() {
			if index[c.ID] {
				index[n.Out[i].ID] = true
			}
		}
	}
}

// uncast is x without a conversion to a timestamp.
func uncast(x plan.Expr) plan.Expr {
	if c, ok := x.(*plan.Cast); ok && c.T.IsTimestamp() {
		return c.X
	}
	return x
}

// rangeBinder makes the plan of one range query.
type rangeBinder struct {
	b            *binder
	sb           *selectBinder
	time, millis plan.Expr // the time index, and it in milliseconds
	timeName     string
	align        int64 // ms
	origin       int64
	keys         []plan.Item // of BY; columns are those of the windows
}

func (r *rangeBinder) alignment(a *sql.Align) (err error) {
	if r.align, err = r.b.millis(a.Every, "align"); err != nil {
		return err
	}
	r.origin, err = r.b.rangeOrigin(a.To)
	return err
}

// millis is the length of a duration of a range query.
func (b *binder) millis(d sql.Duration, what string) (int64, error) {
	if d.Expr == nil {
		return d.Millis, nil
	}
	x, err := b.expr(&exprScope{scope: &scope{}}, d.Expr)
	if err != nil {
		return 0, err
	}
	l, ok := x.(*plan.Lit)
	if !ok || l.V.Null() || l.V.Type.Kind != model.KindInterval {
		return 0, planError("Error during planning: Illegal argument `%s` in range select query: it must be a duration or a constant interval in parentheses", sql.Format(d.Expr))
	}
	iv := l.V.Interval
	if iv.Months != 0 {
		return 0, planError("Error during planning: Year or month interval is not allowed in range query: %s", sql.Format(d.Expr))
	}
	ms := int64(iv.Days)*86400_000 + iv.Nanos/1e6
	switch {
	case ms > 0:
		return ms, nil
	case what == "align":
		return 0, rangeError("Can't use 0 as align in Range Query")
	}
	return 0, rangeError("Invalid Range expr `%s`: duration must be greater than 0", sql.Format(d.Expr))
}

// rangeOrigin is where slots begin, in milliseconds. Without TO it is the epoch on the clock of the session: with +08:00, 08:00 UTC.
func (b *binder) rangeOrigin(to sql.Expr) (int64, error) {
	zone := b.env.Session.Timezone
	word := ""
	switch to := to.(type) {
	case nil:
		word = "CALENDAR"
	case *sql.ColumnRef:
		word = to.Name.Base()
	case *sql.Literal:
		word = to.Text
	default:
		x, err := b.expr(&exprScope{scope: &scope{}}, to)
		if err != nil {
			return 0, err
		}
		if x, err = b.cast(x, model.Timestamp(model.Millisecond)); err != nil {
			return 0, err
		}
		l, ok := x.(*plan.Lit)
		if !ok || l.V.Null() {
			return 0, planError("Error during planning: Illegal argument `%s` in range select query: TO takes a constant time", sql.Format(to))
		}
		return l.V.Int, nil
	}
	switch strings.ToUpper(word) {
	case "NOW":
		return b.env.Now.UnixMilli(), nil
	case "", "CALENDAR":
		_, offset := b.env.Now.In(zone).Zone()
		return int64(offset) * 1000, nil
	}
	at, err := ParseTime(word, model.Millisecond, zone)
	if err != nil {
		return 0, planError("Error during planning: Illegal `align to` argument `%s` in range select query, can't be parse as NOW/CALENDAR/Timestamp, error: %s", word, err)
	}
	return at, nil
}

// by binds the groups: BY, else the tags of the table.
func (r *rangeBinder) by(a *sql.Align) error {
	add := func(name string, x plan.Expr) {
		for _, k := range r.keys {
			if plan.Key(k.X) == plan.Key(x) {
				return
			}
		}
		r.keys = append(r.keys, plan.Item{Col: r.b.out.NewColumn(name, x.Type()), X: x})
	}
	if a.HasBy {
		plain := &exprScope{scope: r.sb.scope, with: r.sb.es.with}
		for _, e := range a.By {
			x, err := r.b.expr(plain, e)
			if err != nil {
				return err
			}
			if _, constant := x.(*plan.Lit); !constant {
				add(r.b.header(r.sb.scope, e), x)
			}
		}
		return nil
	}
	n := r.sb.node
	for {
		f, ok := n.(*plan.Filter)
		if !ok {
			break
		}
		n = f.Input
	}
	s, ok := n.(*plan.Scan)
	if !ok {
		return rangeError("Cannot infer default BY columns from derived range query input")
	}
	for _, id := range s.Table.Schema.PrimaryKey {
		for i, c := range s.Out {
			if s.Source[i] == id {
				add(c.Name, c.Ref())
			}
		}
	}
	return nil
}

// rangeExpr binds x RANGE d: every aggregate within ranges over d.
func (b *binder) rangeExpr(es *exprScope, e *sql.RangeExpr) (plan.Expr, error) {
	rc := es.ranges
	switch {
	case es.inRange:
		return nil, rangeError("Nest Range Query is not allowed")
	case rc == nil:
		return nil, errs.New(errs.InvalidSyntax, "Invalid SQL syntax: sql parser error: ALIGN argument cannot be omitted in the range select query")
	case rc.spec != nil:
		return nil, rangeError("Nest Range Query is not allowed")
	}
	width, err := b.millis(e.Dur, "range")
	if err != nil {
		return nil, err
	}
	fill := e.Fill
	if fill == nil {
		fill = rc.fill
	}
	rc.spec = &rangeSpec{width, fill}
	defer func() { rc.spec = nil }()
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	found := false
	plan.Uses(x, func(id plan.ColID) {
		for i := range rc.calls {
			found = found || rc.calls[i].agg.Col.ID == id
		}
	})
	if !found {
		return nil, planError("Error during planning: Can't use the RANGE keyword in Expr %s without an aggregate function", b.display(es.scope, e.X))
	}
	return x, nil
}

// rangeAggregate adds an aggregate call that stands within RANGE.
func (b *binder) rangeAggregate(es *exprScope, call plan.Agg, result model.Type, name string) (plan.Expr, error) {
	rc := es.ranges
	if rc.spec == nil {
		return nil, rangeError("%s must be followed by RANGE", name)
	}
	if call.Filter != nil {
		return nil, errs.New(errs.Unsupported, "Not supported: FILTER of an aggregate in a range query")
	}
	if (call.Fn == "first_value" || call.Fn == "last_value") && len(call.OrderBy) == 0 {
		call.OrderBy = []plan.SortKey{{X: rc.time}}
	}
	c := rangeCall{agg: call, width: rc.spec.width}
	if f := rc.spec.fill; f != nil {
		name += " FILL " + fillText(f)
		switch f.Kind {
		case sql.FillNull:
			c.fill = plan.FillNull
		case sql.FillPrev:
			c.fill = plan.FillPrev
		case sql.FillLinear:
			if !result.Numeric() {
				return nil, rangeError("Use FILL LINEAR on Non-numeric DataType %s", result)
			}
			if result.Kind == model.KindDecimal && len(call.Args) > 0 { // lines are drawn through doubles
				call.Args = append([]plan.Expr{convert(call.Args[0], model.Float64)}, call.Args[1:]...)
				c.agg = call
			}
			c.fill, result = plan.FillLinear, model.Float64
		case sql.FillConst:
			v, err := b.fillValue(f.Const, result)
			if err != nil {
				return nil, err
			}
			c.fill, c.value = plan.FillValue, v
		}
	}
	key := fmt.Sprintf("%s %d %s", call.Key(), c.width, name)
	if i, ok := rc.ids[key]; ok {
		return rc.calls[i].agg.Col.Ref(), nil
	}
	c.agg.Col = b.out.NewColumn(name, result)
	if rc.ids == nil {
		rc.ids = map[string]int{}
	}
	rc.ids[key] = len(rc.calls)
	rc.calls = append(rc.calls, c)
	return c.agg.Col.Ref(), nil
}

func fillText(f *sql.Fill) string {
	if f.Kind == sql.FillConst {
		return f.Const.Text
	}
	return [...]string{"NULL", "PREV", "LINEAR"}[f.Kind]
}

// build puts the windows into the plan, and makes the items read them.
func (r *rangeBinder) build(calls []rangeCall) error {
	b, sb := r.b, r.sb
	slot := b.out.NewColumn(r.timeName, model.Timestamp(model.Millisecond))
	if simple(calls, r.align) {
		aggs := make([]plan.Agg, len(calls))
		for i, c := range calls {
			aggs[i] = c.agg
		}
		keys := append(append([]plan.Item(nil), r.keys...), plan.Item{Col: slot, X: r.bin(r.align)})
		sb.node = &plan.Aggregate{Input: sb.node, Keys: keys, Aggs: aggs}
	} else {
		n := &plan.Range{Time: slot, Align: r.align, Origin: r.origin}
		for _, k := range r.keys {
			n.By = append(n.By, k.Col)
		}
		if err := r.parts(n, calls); err != nil {
			return err
		}
		sb.node = n
	}
	return r.rewrite(slot, sb)
}

// simple reports that every row is part of one window, and windows without rows do not show.
func simple(calls []rangeCall, align int64) bool {
	for _, c := range calls {
		if c.width != align || c.fill != plan.FillNone {
			return false
		}
	}
	return true
}

// bin is the start of the slot of so many milliseconds that holds a row.
func (r *rangeBinder) bin(width int64) plan.Expr {
	ms := model.Timestamp(model.Millisecond)
	return &plan.Call{Fn: "date_bin", T: ms, Args: []plan.Expr{
		&plan.Lit{V: model.Value{Type: model.Interval, Interval: model.MonthDayNano{Days: int32(width / 86400_000), Nanos: width % 86400_000 * 1e6}}},
		r.millis, &plan.Lit{V: model.IntValue(ms, r.origin)}}}
}

// rewrite makes the items and the order read the windows instead of rows.
func (r *rangeBinder) rewrite(slot plan.Column, sb *selectBinder) error {
	byKey := map[string]plan.Expr{}
	for _, k := range r.keys {
		byKey[plan.Key(k.X)] = k.Col.Ref()
	}
	byKey[plan.Key(r.time)] = convert(slot.Ref(), r.time.Type())
	input := map[plan.ColID]string{}
	for _, c := range sb.input {
		input[c.ID] = c.Name
	}
	var lost string
	reads := func(x plan.Expr) plan.Expr {
		y := plan.Rewrite(x, func(e plan.Expr) plan.Expr { return byKey[plan.Key(e)] })
		plan.Uses(y, func(c plan.ColID) {
			if n, ok := input[c]; ok && lost == "" {
				lost = n
			}
		})
		return y
	}
	for i := range sb.items {
		sb.items[i].x = reads(sb.items[i].x)
	}
	for i := range sb.order {
		sb.order[i].X = reads(sb.order[i].X)
	}
	for i := range sb.on {
		sb.on[i] = reads(sb.on[i])
	}
	if lost != "" {
		return rangeError("column %s is neither in BY nor within an aggregate that has a RANGE", quoteName(lost))
	}
	return nil
}

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
