package bind

import (
	"fmt"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

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
