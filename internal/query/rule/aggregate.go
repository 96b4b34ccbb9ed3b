package rule

import (
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// plainScan is the scan that n is, if nothing but conditions has been pushed into it so far.
func plainScan(n plan.Node) *plan.Scan {
	s, ok := n.(*plan.Scan)
	if !ok || s.Table.Rows != nil {
		return nil
	}
	if r := &s.Request; r.Aggregate != nil || r.LastRow || r.Limit > 0 || r.Order != contract.OrderNone {
		return nil
	}
	return s
}

// aggregate hands a grouping to the regions. Where there are several, their results are merged above the scan; a projection then
// computes what the regions cannot, as an average of a sum and a count.
func aggregate(q *plan.Query, n plan.Node) (plan.Node, error) {
	a, ok := n.(*plan.Aggregate)
	if !ok {
		return n, nil
	}
	p := &pushedAggregate{q: q, scan: plainScan(a.Input), sets: a.Sets, finer: a.Sets != nil, made: map[string][]plan.Column{}}
	if p.scan == nil && !p.belowJoin(a.Input) {
		return n, nil
	}
	for _, k := range a.Keys {
		if !p.key(k) {
			return n, nil
		}
	}
	for i := range a.Aggs {
		if !p.agg(&a.Aggs[i]) {
			return n, nil
		}
	}
	if p.join != nil {
		p.joinKeys()
	}
	return p.build(len(a.Keys)), nil
}

// pushedAggregate is a grouping on its way into a scan.
type pushedAggregate struct {
	q    *plan.Query
	scan *plan.Scan
	req  model.Aggregate
	keys []plan.Column // of the scan's output, before aggs
	aggs []plan.Column
	made map[string][]plan.Column // of reductions in words
	// distinct is the column whose distinct values are counted or added up: a key of the regions', for that.
	distinct *plan.Column
	counted  []plan.Agg  // what is made of distinct, above
	items    []plan.Item // what stands for the Aggregate's columns
	// finer: the regions' groups are parts of those asked for, by more values or shorter slots, and are merged into them above.
	finer bool
	// join, if not nil, is between the scan and the grouping, and other is the columns of its other side.
	join  *plan.Join
	other map[plan.ColID]bool
	sets  [][]int // of the grouping; nil: one of all keys
}

func (p *pushedAggregate) key(k plan.Item) bool {
	if p.join != nil && plan.UsesOnly(k.X, p.other) && pure(k.X) { // grouped by above the join
		p.items = append(p.items, plan.Item{Col: k.Col, X: k.X})
		return true
	}
	if c, ok := k.X.(*plan.Col); ok {
		col := p.scan.ColumnOf(c.ID)
		if col == nil {
			return false
		}
		out := p.addKey(model.GroupKey{Column: col.ID}, col.Name, col.Type)
		p.items = append(p.items, plan.Item{Col: k.Col, X: out.Ref()})
		if col.Semantic != model.TagColumn { // there may be as many groups as rows
			p.finer, p.req.Partial = true, true
		}
		return true
	}
	bucket, ok := timeBucket(p.scan, k.X)
	if !ok {
		return p.finerKey(k)
	}
	if !p.oneBucket(bucket) {
		return false
	}
	time := p.scan.Table.Schema.Time()
	out := p.addKey(model.GroupKey{Column: time.ID, Bucket: &bucket}, k.Col.Name, time.Type)
	var x plan.Expr = out.Ref()
	if k.Col.Type != time.Type {
		x = &plan.Cast{X: x, T: k.Col.Type}
	}
	p.items = append(p.items, plan.Item{Col: k.Col, X: x})
	return true
}

// oneBucket reports whether the time may be cut so: a region cuts it in one way at once.
func (p *pushedAggregate) oneBucket(bucket model.TimeBucket) bool {
	for _, o := range p.req.Keys {
		if o.Bucket != nil && *o.Bucket != bucket {
			return false
		}
	}
	return true
}

func (p *pushedAggregate) addKey(k model.GroupKey, name string, t model.Type) plan.Column {
	c := p.q.NewColumn(name, t)
	p.req.Keys = append(p.req.Keys, k)
	p.keys = append(p.keys, c)
	return c
}

// timeBucket is the slot of the time index that an expression computes.
func timeBucket(s *plan.Scan, e plan.Expr) (model.TimeBucket, bool) {
	if s.Table.Schema.Time() == nil { // a system table
		return model.TimeBucket{}, false
	}
	unit := s.Table.Schema.TimeUnit()
	switch e := e.(type) {
	case *plan.Cast: // to a date: a day
		if e.T.Kind == model.KindDate && isTime(s, e.X) {
			return bucketOf(86400e9, 0, unit)
		}
	case *plan.Call:
		switch e.Fn {
		case "date_trunc":
			l, ok := e.Args[0].(*plan.Lit)
			if !ok || !isTime(s, e.Args[1]) {
				return model.TimeBucket{}, false
			}
			width, origin, ok := function.FixedUnit(strings.ToLower(l.V.Bytes))
			if !ok || width < e.T.Unit.Nanos() {
				return model.TimeBucket{}, false
			}
			return bucketOf(width, origin, unit)
		case "date_bin":
			return dateBinBucket(s, e, unit)
		}
	}
	return model.TimeBucket{}, false
}

func dateBinBucket(s *plan.Scan, e *plan.Call, unit model.TimeUnit) (none model.TimeBucket, ok bool) {
	l, ok := e.Args[0].(*plan.Lit)
	if !ok || l.V.Null() || !isTime(s, e.Args[1]) {
		return none, false
	}
	width, ok := function.Span(l.V.Interval, model.Nanosecond)
	if !ok || width < e.T.Unit.Nanos() || width%e.T.Unit.Nanos() != 0 {
		return none, false
	}
	var origin int64
	if len(e.Args) == 3 {
		o, isLit := e.Args[2].(*plan.Lit)
		if !isLit || o.V.Null() || !o.V.Type.IsTimestamp() {
			return none, false
		}
		if origin, ok = model.ConvertTime(o.V.Int, o.V.Type.Unit, model.Nanosecond); !ok {
			return none, false
		}
		if cut, _ := model.ConvertTime(origin, model.Nanosecond, e.T.Unit); cut*e.T.Unit.Nanos() != origin {
			return none, false
		}
	}
	return bucketOf(width, origin, unit)
}

// bucketOf has width and origin in nanoseconds; they must be whole in the unit.
func bucketOf(width, origin int64, unit model.TimeUnit) (model.TimeBucket, bool) {
	n := unit.Nanos()
	if width <= 0 || width%n != 0 || origin%n != 0 {
		return model.TimeBucket{}, false
	}
	return model.TimeBucket{Width: width / n, Origin: origin / n}, true
}

// isTime reports the time index, in its own unit or another: a slot that is whole in both units holds the same rows in both.
func isTime(s *plan.Scan, e plan.Expr) bool {
	if c, ok := e.(*plan.Cast); ok && c.T.IsTimestamp() && !c.Try {
		e = c.X
	}
	c, ok := e.(*plan.Col)
	if !ok {
		return false
	}
	col := s.ColumnOf(c.ID)
	return col != nil && col.ID == s.Table.Schema.TimeIndex
}

func (p *pushedAggregate) agg(a *plan.Agg) bool {
	var r model.Agg // what all reductions of the call have in common
	if a.Filter != nil {
		cond, ok := predicate(p.scan, a.Filter, false)
		if !ok {
			return false
		}
		r.Filter = cond
	}
	extreme := a.Fn == "min" || a.Fn == "max"
	if a.Fn == "approx_distinct" && a.Filter == nil && p.distinctAgg(a) {
		return true
	}
	if pushed, known := p.summaryAgg(a, r); known {
		return pushed
	}
	if a.Distinct && !extreme || a.Fn == "count_hash" {
		return a.Filter == nil && len(a.OrderBy) == 0 && slices.Contains([]string{"count", "count_hash"}, a.Fn) && p.distinctAgg(a)
	}
	if a.Fn == "first_value" || a.Fn == "last_value" {
		return p.endAgg(a, r)
	}
	if len(a.OrderBy) > 0 {
		return false
	}
	one := func(fn model.AggFunc, t model.Type) plan.Expr {
		r := r
		if r.Func = fn; fn == model.AggCountRows {
			r.Column, r.Arg = 0, nil
		}
		return p.add(r, t)[0].Ref()
	}
	if a.Fn == "count" && len(a.Args) == 0 {
		p.item(a, one(model.AggCountRows, model.Int64))
		return true
	}
	if len(a.Args) != 1 {
		return false
	}
	if l, ok := a.Args[0].(*plan.Lit); ok && a.Fn == "count" && !l.V.Null() {
		p.item(a, one(model.AggCountRows, model.Int64))
		return true
	}
	p.caseFilter(a, &r)
	x := a.Args[0]
	if c, ok := x.(*plan.Case); ok && r.Filter != nil && a.Filter == nil && len(c.Whens) == 1 && c.Else == nil {
		x = c.Whens[0].Then // the rows it is computed for are those of the filter
	}
	if l, ok := x.(*plan.Lit); ok && a.Fn == "count" && !l.V.Null() {
		p.item(a, one(model.AggCountRows, model.Int64))
		return true
	}
	var t, as model.Type // of what regions look at, and as the call sees it
	if col, seen := operand(p.scan, x); col != nil {
		r.Column, t, as = col.ID, col.Type, seen
	} else if s, ok := scalar(p.scan, x); ok {
		r.Arg, t, as = s, s.Type, s.Type
	} else {
		return false
	}
	direct := as == t
	widened := direct || as.Kind == model.KindFloat64 && t.Numeric() && t.Kind != model.KindDecimal
	switch a.Fn {
	case "count":
		if !direct {
			return false
		}
		p.item(a, one(model.AggCount, model.Int64))
	case "sum":
		st, ok := sumType(t)
		if !ok || !widened {
			return false
		}
		p.item(a, convert(one(model.AggSum, st), a.Col.Type))
	case "avg", "mean":
		st, ok := sumType(t)
		if !ok || !widened {
			return false
		}
		fn := model.AggSum
		if t.Kind == model.KindInt64 || t.Kind == model.KindUint64 { // sums of narrower ones do not get past 63 bits
			fn, st = model.AggSumFloat, model.Float64
		}
		sum, n := one(fn, st), one(model.AggCount, model.Int64)
		p.item(a, &plan.Call{Fn: "/", Args: []plan.Expr{convert(sum, model.Float64), convert(n, model.Float64)}, T: model.Float64})
	case "min", "max":
		if !direct || t.Class() == model.ClassDecimal || t.Class() == model.ClassBytes && t.Kind != model.KindString {
			return false
		}
		f := model.AggMin
		if a.Fn == "max" {
			f = model.AggMax
		}
		p.item(a, one(f, t))
	case "stddev", "stddev_pop", "var", "var_pop":
		if _, ok := sumType(t); !ok || !widened {
			return false
		}
		r.Func = model.AggMoments
		p.item(a, spread(a.Fn, p.add(r, model.Int64, model.Float64, model.Float64)))
	default:
		return false
	}
	return true
}

// spread is a variance or its root of a set's moments: NULL where it has too few values.
func spread(fn string, moments []plan.Column) plan.Expr {
	n, m2 := moments[0].Ref(), moments[2].Ref()
	least, by := int64(0), plan.Expr(&plan.Cast{X: n, T: model.Float64})
	if fn == "stddev" || fn == "var" {
		least, by = 1, &plan.Call{Fn: "-", Args: []plan.Expr{by, &plan.Lit{V: model.FloatValue(1)}}, T: model.Float64}
	}
	x := plan.Expr(&plan.Case{T: model.Float64, Whens: []plan.When{{
		Cond: &plan.Call{Fn: plan.Gt, Args: []plan.Expr{n, &plan.Lit{V: model.IntValue(model.Int64, least)}}, T: model.Bool},
		Then: &plan.Call{Fn: "/", Args: []plan.Expr{m2, by}, T: model.Float64}}}})
	if fn == "stddev" || fn == "stddev_pop" {
		x = &plan.Call{Fn: "sqrt", Args: []plan.Expr{x}, T: model.Float64}
	}
	return x
}

// caseFilter turns f(CASE WHEN c THEN x END), of a function that skips NULLs, into f(x) of the rows for which c is true.
func (p *pushedAggregate) caseFilter(a *plan.Agg, r *model.Agg) {
	c, ok := a.Args[0].(*plan.Case)
	if !ok || r.Filter != nil || len(c.Whens) != 1 || c.Else != nil || c.Whens[0].Then.Type() != c.T {
		return
	}
	if cond, ok := predicate(p.scan, c.Whens[0].Cond, false); ok {
		r.Filter = cond
	}
}

// endAgg is for the value of the first or the last row by time.
func (p *pushedAggregate) endAgg(a *plan.Agg, r model.Agg) bool {
	if len(a.Args) != 1 || len(a.OrderBy) != 1 || !timeColumn(p.scan, a.OrderBy[0].X) {
		return false
	}
	col, as := operand(p.scan, a.Args[0])
	if col == nil || as != col.Type {
		return false
	}
	r.Column = col.ID
	switch last := (a.Fn == "last_value") != a.OrderBy[0].Desc; {
	case last && a.IgnoreNulls:
		r.Func = model.AggLast
	case last:
		r.Func = model.AggLastRow
	case a.IgnoreNulls:
		r.Func = model.AggFirst
	default:
		r.Func = model.AggFirstRow
	}
	p.item(a, p.add(r, col.Type, p.scan.Table.Schema.Time().Type)[0].Ref())
	return true
}

// distinctAgg is for count(DISTINCT column): regions group by the column too, and what is above counts the groups.
func (p *pushedAggregate) distinctAgg(a *plan.Agg) bool {
	if len(a.Args) != 1 {
		return false
	}
	c, ok := a.Args[0].(*plan.Col)
	if !ok {
		return false
	}
	col := p.scan.ColumnOf(c.ID)
	if col == nil || col.Semantic == model.TimeColumn || a.Fn == "approx_distinct" && col.Semantic != model.TagColumn {
		return false
	}
	if p.distinct == nil {
		k := p.addKey(model.GroupKey{Column: col.ID}, col.Name, col.Type)
		p.distinct, p.finer = &k, true
		p.req.Partial = p.req.Partial || col.Semantic != model.TagColumn
	} else if p.req.Keys[len(p.req.Keys)-1].Column != col.ID {
		return false
	}
	out := p.q.NewColumn("count(distinct)", model.Int64)
	p.counted = append(p.counted, plan.Agg{Col: out, Fn: "count", Distinct: true, Args: []plan.Expr{p.distinct.Ref()}})
	p.item(a, convert(out.Ref(), a.Col.Type))
	return true
}

// sumType is the type of a region's sum.
func sumType(t model.Type) (model.Type, bool) {
	switch {
	case t.Signed():
		return model.Int64, true
	case t.Unsigned():
		return model.Uint64, true
	case t.Floating():
		return model.Float64, true
	}
	return model.Null, false
}

func convert(x plan.Expr, t model.Type) plan.Expr {
	if x.Type() == t {
		return x
	}
	return &plan.Cast{X: x, T: t}
}

func (p *pushedAggregate) item(a *plan.Agg, x plan.Expr) {
	p.items = append(p.items, plan.Item{Col: a.Col, X: x})
}

// add asks for a reduction, once; types are those of its columns.
func (p *pushedAggregate) add(a model.Agg, types ...model.Type) []plan.Column {
	key := a.String()
	if c, ok := p.made[key]; ok {
		return c
	}
	name := a.Text(func(id model.ColumnID) string { return p.scan.Table.Schema.Column(id).Name })
	out := make([]plan.Column, len(types))
	for i, t := range types {
		out[i] = p.q.NewColumn(name+[...]string{"", ".1", ".2"}[i], t)
	}
	p.made[key] = out
	p.req.Aggs = append(p.req.Aggs, a)
	p.aggs = append(p.aggs, out...)
	return out
}

// build puts the parts together; the Aggregate has so many keys.
func (p *pushedAggregate) build(keys int) plan.Node {
	s := p.scan
	s.Request.Aggregate = &p.req
	s.Source = nil
	s.Out = append(append([]plan.Column(nil), p.keys...), p.aggs...)
	if len(s.Table.Regions) <= 1 && !p.finer {
		return &plan.Project{Input: s, Items: p.items}
	}
	merge := &plan.Aggregate{Input: s, Sets: p.sets}
	if p.join != nil {
		merge.Input = p.join
	}
	// A grouping with an empty set of keys has a group even where regions, which have keys, have none: there nothing is counted.
	empty := p.finer && (keys == 0 || slices.ContainsFunc(p.sets, func(set []int) bool { return len(set) == 0 }))
	var renames []plan.Item
	if p.finer { // by what is computed of the regions' keys; the keys' items come first
		for i := range keys {
			it := &p.items[i]
			c := p.q.NewColumn(it.Col.Name, it.Col.Type)
			merge.Keys = append(merge.Keys, plan.Item{Col: c, X: it.X})
			it.X = c.Ref()
		}
	} else {
		for _, k := range p.keys {
			c := p.q.NewColumn(k.Name, k.Type)
			merge.Keys = append(merge.Keys, plan.Item{Col: c, X: k.Ref()})
			renames = append(renames, plan.Item{Col: k, X: c.Ref()})
		}
	}
	at := 0
	for _, a := range p.req.Aggs {
		fn := "sum"
		if a.Func.Summarizes() {
			fn = mergesAs(a.Func)
		}
		switch a.Func {
		case model.AggMin:
			fn = "min"
		case model.AggMax:
			fn = "max"
		case model.AggFirst, model.AggFirstRow, model.AggLast, model.AggLastRow:
			// The part with the first or the last time has the value; parts without a row have neither.
			val, time := p.aggs[at], p.aggs[at+1]
			end := plan.Agg{Col: p.q.NewColumn(val.Name, val.Type), Fn: "first_value", Args: []plan.Expr{val.Ref()}, OrderBy: []plan.SortKey{{X: time.Ref()}},
				Filter: &plan.Call{Fn: plan.NotNull, Args: []plan.Expr{time.Ref()}, T: model.Bool}}
			if a.Func == model.AggLast || a.Func == model.AggLastRow {
				end.Fn = "last_value"
			}
			merge.Aggs = append(merge.Aggs, end)
			renames = append(renames, plan.Item{Col: val, X: end.Col.Ref()})
			at += 2
			continue
		}
		merged := func(col plan.Column, fn string, args ...plan.Expr) {
			c := p.q.NewColumn(col.Name, col.Type)
			merge.Aggs = append(merge.Aggs, plan.Agg{Col: c, Fn: fn, Args: args})
			x := plan.Expr(c.Ref())
			if empty && (a.Func == model.AggCount || a.Func == model.AggCountRows) {
				x = &plan.Case{T: c.Type, Whens: []plan.When{{Cond: &plan.Call{Fn: plan.NotNull, Args: []plan.Expr{x}, T: model.Bool}, Then: x}},
					Else: &plan.Lit{V: model.IntValue(c.Type, 0)}}
			}
			renames = append(renames, plan.Item{Col: col, X: x})
		}
		if a.Func == model.AggMoments {
			n, mean, m2 := p.aggs[at], p.aggs[at+1], p.aggs[at+2]
			merged(n, "sum", n.Ref())
			merged(mean, function.MergeMean, n.Ref(), mean.Ref())
			merged(m2, function.MergeM2, n.Ref(), mean.Ref(), m2.Ref())
			at += 3
			continue
		}
		merged(p.aggs[at], fn, p.aggs[at].Ref())
		at++
	}
	merge.Aggs = append(merge.Aggs, p.counted...)
	for i := range p.items {
		p.items[i].X = substitute(p.items[i].X, renames)
	}
	return &plan.Project{Input: merge, Items: p.items}
}
