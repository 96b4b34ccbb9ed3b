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
	if !ok || a.Sets != nil {
		return n, nil
	}
	s := plainScan(a.Input)
	if s == nil {
		return n, nil
	}
	p := &pushedAggregate{q: q, scan: s, made: map[model.Agg]plan.Column{}}
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
	return p.build(len(a.Keys)), nil
}

// pushedAggregate is a grouping on its way into a scan.
type pushedAggregate struct {
	q     *plan.Query
	scan  *plan.Scan
	req   model.Aggregate
	keys  []plan.Column // of the scan's output, before aggs
	aggs  []plan.Column
	made  map[model.Agg]plan.Column
	items []plan.Item // what stands for the Aggregate's columns
	// finer: the regions' groups are parts of those asked for, by more values or shorter slots, and are merged into them above.
	finer bool
}

func (p *pushedAggregate) key(k plan.Item) bool {
	if c, ok := k.X.(*plan.Col); ok {
		col := p.scan.ColumnOf(c.ID)
		if col == nil {
			return false
		}
		out := p.addKey(model.GroupKey{Column: col.ID}, col.Name, col.Type)
		p.items = append(p.items, plan.Item{Col: k.Col, X: out.Ref()})
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

// finerKey is a key that regions cannot compute, but whose groups consist of whole groups that they can make: what is computed of tags
// alone, and calendar units of time, whose days are theirs.
func (p *pushedAggregate) finerKey(k plan.Item) bool {
	if !pure(k.X) {
		return false
	}
	if c, ok := k.X.(*plan.Call); ok && c.Fn == "date_trunc" && isTime(p.scan, c.Args[1]) {
		l, ok := c.Args[0].(*plan.Lit)
		if !ok || !slices.Contains([]string{"month", "quarter", "year"}, strings.ToLower(l.V.Bytes)) {
			return false
		}
		day, ok := bucketOf(86400e9, 0, p.scan.Table.Schema.TimeUnit())
		if !ok || !p.oneBucket(day) {
			return false
		}
		time := p.scan.Table.Schema.Time()
		p.finerItem(k, func(plan.ColID) plan.Expr {
			return p.addKey(model.GroupKey{Column: time.ID, Bucket: &day}, "day", time.Type).Ref()
		})
		return true
	}
	tags := 0
	ok := true
	plan.Uses(k.X, func(id plan.ColID) {
		col := p.scan.ColumnOf(id)
		ok = ok && col != nil && col.Semantic == model.TagColumn
		tags++
	})
	if !ok || tags == 0 {
		return false
	}
	made := map[plan.ColID]plan.Expr{}
	p.finerItem(k, func(id plan.ColID) plan.Expr {
		if made[id] == nil {
			col := p.scan.ColumnOf(id)
			made[id] = p.addKey(model.GroupKey{Column: col.ID}, col.Name, col.Type).Ref()
		}
		return made[id]
	})
	return true
}

func (p *pushedAggregate) finerItem(k plan.Item, f func(plan.ColID) plan.Expr) {
	p.finer = true
	x := plan.Rewrite(k.X, func(e plan.Expr) plan.Expr {
		if c, ok := e.(*plan.Col); ok {
			return f(c.ID)
		}
		return nil
	})
	p.items = append(p.items, plan.Item{Col: k.Col, X: x})
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
	if a.Distinct && a.Fn != "min" && a.Fn != "max" || a.Filter != nil || len(a.OrderBy) > 0 {
		return false
	}
	if a.Fn == "count" && len(a.Args) == 0 {
		p.item(a, p.add(model.Agg{Func: model.AggCountRows}, model.Int64).Ref())
		return true
	}
	if len(a.Args) != 1 {
		return false
	}
	col, as := operand(p.scan, a.Args[0])
	if col == nil {
		return false
	}
	direct := as == col.Type
	widened := direct || as.Kind == model.KindFloat64 && col.Type.Numeric() && col.Type.Kind != model.KindDecimal
	switch a.Fn {
	case "count":
		if !direct {
			return false
		}
		p.item(a, p.add(model.Agg{Func: model.AggCount, Column: col.ID}, model.Int64).Ref())
	case "sum":
		t, ok := sumType(col.Type)
		if !ok || !widened {
			return false
		}
		sum := p.add(model.Agg{Func: model.AggSum, Column: col.ID}, t)
		p.item(a, convert(sum.Ref(), a.Col.Type))
	case "avg", "mean":
		t, ok := sumType(col.Type)
		if !ok || !widened {
			return false
		}
		fn := model.AggSum
		if col.Type.Kind == model.KindInt64 || col.Type.Kind == model.KindUint64 { // sums of narrower ones do not get past 63 bits
			fn, t = model.AggSumFloat, model.Float64
		}
		sum := p.add(model.Agg{Func: fn, Column: col.ID}, t)
		n := p.add(model.Agg{Func: model.AggCount, Column: col.ID}, model.Int64)
		p.item(a, &plan.Call{Fn: "/", Args: []plan.Expr{convert(sum.Ref(), model.Float64), convert(n.Ref(), model.Float64)}, T: model.Float64})
	case "min", "max":
		if !direct || col.Type.Class() == model.ClassDecimal || col.Type.Class() == model.ClassBytes && col.Type.Kind != model.KindString {
			return false
		}
		f := model.AggMin
		if a.Fn == "max" {
			f = model.AggMax
		}
		p.item(a, p.add(model.Agg{Func: f, Column: col.ID}, col.Type).Ref())
	default:
		return false
	}
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

// add asks for a reduction, once.
func (p *pushedAggregate) add(a model.Agg, t model.Type) plan.Column {
	if c, ok := p.made[a]; ok {
		return c
	}
	name := a.Func.String()
	if c := p.scan.Table.Schema.Column(a.Column); c != nil {
		name += "(" + c.Name + ")"
	}
	c := p.q.NewColumn(name, t)
	p.made[a] = c
	p.req.Aggs = append(p.req.Aggs, a)
	p.aggs = append(p.aggs, c)
	return c
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
	merge := &plan.Aggregate{Input: s}
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
	for i, a := range p.req.Aggs {
		fn := "sum"
		switch a.Func {
		case model.AggMin:
			fn = "min"
		case model.AggMax:
			fn = "max"
		}
		c := p.q.NewColumn(p.aggs[i].Name, p.aggs[i].Type)
		merge.Aggs = append(merge.Aggs, plan.Agg{Col: c, Fn: fn, Args: []plan.Expr{p.aggs[i].Ref()}})
		renames = append(renames, plan.Item{Col: p.aggs[i], X: c.Ref()})
	}
	for i := range p.items {
		p.items[i].X = substitute(p.items[i].X, renames)
	}
	return &plan.Project{Input: merge, Items: p.items}
}
