package scan

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// aggregateRequest makes a random aggregate.
func (w *world) aggregateRequest() contract.ScanRequest {
	r := w.rng
	req := w.request()
	req.Order, req.Limit, req.LastRow, req.Projection = contract.OrderNone, 0, false, nil
	a := &model.Aggregate{}
	for range r.IntN(4) {
		k := model.GroupKey{Column: w.column().ID}
		if n := len(w.schema.PrimaryKey); n > 0 && r.IntN(2) == 0 {
			k.Column = w.schema.PrimaryKey[r.IntN(n)]
		}
		if k.Column == w.schema.TimeIndex || r.IntN(4) == 0 {
			k.Column = w.schema.TimeIndex
			if r.IntN(3) > 0 {
				k.Bucket = &model.TimeBucket{Width: 7, Origin: 3}
			}
		}
		a.Keys = append(a.Keys, k)
	}
	for range r.IntN(5) {
		g := model.Agg{Func: model.AggFunc(r.IntN(int(model.AggComoments) + 1)), Column: w.column().ID}
		if r.IntN(3) == 0 {
			g.Filter = w.expr(1)
		}
		if g.Func != model.AggCountRows && r.IntN(3) == 0 {
			g.Column, g.Arg = 0, w.scalar(2, model.Float64)
			if r.IntN(2) == 0 {
				g.Arg = w.scalar(2, model.Int64)
			}
			if g.Func.Summarizes() {
				w.summaryOfColumn(&g)
			}
			a.Aggs = append(a.Aggs, g)
			continue
		}
		if c := w.schema.Column(g.Column); (g.Func == model.AggSum || g.Func == model.AggSumFloat || g.Func == model.AggMoments) && !c.Type.Numeric() {
			g.Column = colFloat
		}
		if g.Func.Summarizes() {
			w.summaryOfColumn(&g)
		}
		a.Aggs = append(a.Aggs, g)
	}
	req.Aggregate = a
	return req
}

// scalar makes a random expression whose values stay small.
func (w *world) scalar(depth int, t model.Type) *model.Scalar {
	r := w.rng
	if depth == 0 || r.IntN(4) == 0 {
		c := colInt
		if t == model.Float64 {
			c = colFloat
		}
		switch r.IntN(5) {
		case 0:
			return &model.Scalar{Op: model.ScalarConst, Type: t, Value: w.small(t)}
		case 1:
			return &model.Scalar{Op: model.ScalarConst, Type: t, Value: model.NullOf(t)}
		case 2:
			if t == model.Float64 {
				return &model.Scalar{Op: model.ScalarCast, Type: t, Args: []*model.Scalar{w.scalar(0, model.Int64)}}
			}
		}
		return &model.Scalar{Op: model.ScalarColumn, Type: t, Column: c}
	}
	s := &model.Scalar{Op: []model.ScalarOp{model.ScalarAdd, model.ScalarSub, model.ScalarIf}[r.IntN(3)], Type: t, Args: []*model.Scalar{w.scalar(depth-1, t), w.scalar(depth-1, t)}}
	if s.Op == model.ScalarIf {
		s.Cond = w.expr(1)
	}
	return s
}

func (w *world) small(t model.Type) model.Value {
	if t == model.Int64 {
		return model.IntValue(t, 3)
	}
	return model.FloatValue(0.5)
}

// scalarOf is what an expression is for a row.
func scalarOf(w *world, s *model.Scalar, r *row) model.Value {
	null := model.NullOf(s.Type)
	switch s.Op {
	case model.ScalarColumn:
		return r.value(w.schema, s.Column)
	case model.ScalarConst:
		return s.Value
	case model.ScalarCast:
		if v := scalarOf(w, s.Args[0], r); !v.Null() {
			return model.FloatValue(float64(v.Int))
		}
		return null
	}
	x, y := scalarOf(w, s.Args[0], r), scalarOf(w, s.Args[1], r)
	switch {
	case s.Op == model.ScalarIf && holds(s.Cond, func(c model.ColumnID) model.Value { return r.value(w.schema, c) }):
		return x
	case s.Op == model.ScalarIf:
		return y
	case x.Null() || y.Null():
		return null
	case s.Op == model.ScalarAdd:
		return model.Value{Type: s.Type, Int: x.Int + y.Int, Float: x.Float + y.Float}
	}
	return model.Value{Type: s.Type, Int: x.Int - y.Int, Float: x.Float - y.Float}
}

// near reports whether two printed numbers are the same but for rounding.
func near(a, b string) bool {
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return a == b || err1 == nil && err2 == nil && math.Abs(x-y) <= 1e-9*(1+math.Abs(x)+math.Abs(y)) || x != x && y != y && err1 == nil
}

// plainGroup is a group of the plain model.
type plainGroup struct{ rows []*row }

// accepts reports what is wrong with the printed result of one reduction.
func (g *plainGroup) accepts(w *world, a model.Agg, got []string) string {
	if a.Filter != nil {
		part := &plainGroup{}
		for _, r := range g.rows {
			if holds(a.Filter, func(c model.ColumnID) model.Value { return r.value(w.schema, c) }) {
				part.rows = append(part.rows, r)
			}
		}
		a.Filter = nil
		return part.accepts(w, a, got)
	}
	if a.Func == model.AggCountRows {
		if want := fmt.Sprint(len(g.rows)); got[0] != want {
			return want
		}
		return ""
	}
	var vals []model.Value
	var times []int64
	byRow := a.Func == model.AggFirstRow || a.Func == model.AggLastRow
	for _, r := range g.rows {
		v := model.Value{}
		if a.Arg != nil {
			v = scalarOf(w, a.Arg, r)
		} else {
			v = r.value(w.schema, a.Column)
		}
		if !v.Null() || byRow {
			vals, times = append(vals, v), append(times, r.ts)
		}
	}
	want := func(s string) string {
		if got[0] != s && !(a.Func == model.AggSum || a.Func == model.AggSumFloat) || !near(got[0], s) {
			return s
		}
		return ""
	}
	if a.Func == model.AggCount {
		return want(fmt.Sprint(len(vals)))
	}
	if a.Func.Summarizes() {
		return acceptsSummary(w, a, g.rows, got[0])
	}
	if a.Func == model.AggMoments {
		n, mean, m2 := float64(len(vals)), 0.0, 0.0
		float := func(v model.Value) float64 {
			if v.Type.Kind == model.KindUint64 {
				return float64(uint64(v.Int))
			}
			return v.Float + float64(v.Int)
		}
		for _, v := range vals {
			mean += float(v) / n
		}
		for _, v := range vals {
			m2 += (float(v) - mean) * (float(v) - mean)
		}
		should := []string{fmt.Sprint(len(vals)), model.FloatValue(mean).String(), model.FloatValue(m2).String()}
		if n == 0 {
			should = []string{"0", "NULL", "NULL"}
		}
		for i := range should {
			if n > 0 && m2 != m2 && i > 0 { // the mean of what has infinities may be either
				break
			}
			if !near(got[i], should[i]) {
				return fmt.Sprint(should)
			}
		}
		return ""
	}
	if len(vals) == 0 {
		if a.Width() == 2 && got[1] != "NULL" {
			return "NULL time"
		}
		return want("NULL")
	}
	switch a.Func {
	case model.AggSum:
		switch t := vals[0].Type; {
		case t.Floating():
			sum := 0.0
			for _, v := range vals {
				sum += v.Float
			}
			return want(model.FloatValue(sum).String())
		default:
			sum := int64(0)
			for _, v := range vals {
				sum += v.Int
			}
			return want(model.IntValue(t, sum).String())
		}
	case model.AggSumFloat:
		sum := 0.0
		for _, v := range vals {
			if v.Type.Kind == model.KindUint64 {
				sum += float64(uint64(v.Int))
			} else {
				sum += v.Float + float64(v.Int)
			}
		}
		return want(model.FloatValue(sum).String())
	case model.AggMin:
		return want(slices.MinFunc(vals, model.Value.Compare).String())
	case model.AggMax:
		return want(slices.MaxFunc(vals, model.Value.Compare).String())
	}
	at := slices.Min(times)
	if a.Func == model.AggLast || a.Func == model.AggLastRow {
		at = slices.Max(times)
	}
	var some []string
	for i, v := range vals {
		if times[i] == at {
			some = append(some, v.String())
		}
	}
	if !slices.Contains(some, got[0]) || got[1] != fmt.Sprint(at) {
		return fmt.Sprint("one of ", some, " at ", at)
	}
	return ""
}

func TestAggregatesAgainstModel(t *testing.T) {
	for seed := range uint64(cases) {
		w := newWorld(t, seed)
		for range 3 {
			checkAggregate(t, seed, w, w.aggregateRequest())
		}
		checkAggregate(t, seed, w, w.countRequest())
		checkSlots(t, seed, w)
		if t.Failed() {
			return
		}
	}
}

func checkAggregate(t *testing.T, seed uint64, w *world, req contract.ScanRequest) {
	t.Helper()
	checkAggregateOf(t, seed, w, w.options(), req)
}

func checkAggregateOf(t *testing.T, seed uint64, w *world, o Options, req contract.ScanRequest) {
	t.Helper()
	a := req.Aggregate
	where := fmt.Sprintf("seed %d, %s, %d sources, %d rows, times %s, where %s, keys %v, aggs %v", seed, w.mode, len(w.sources), len(w.rows),
		req.TimeRange, req.Predicate, a.Keys, a.Aggs)
	s, err := Run(context.Background(), o, req)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	lines := read(t, s)
	groups := map[string]*plainGroup{}
	if len(a.Keys) == 0 {
		groups[""] = &plainGroup{}
	}
	for _, r := range w.filtered(&req) {
		var key []string
		for _, k := range a.Keys {
			v := r.value(w.schema, k.Column)
			if k.Bucket != nil {
				v.Int = k.Bucket.Start(v.Int)
			}
			key = append(key, v.String())
		}
		k := strings.Join(key, " ")
		if groups[k] == nil {
			groups[k] = &plainGroup{}
		}
		groups[k].rows = append(groups[k].rows, r)
	}
	if len(lines) != len(groups) {
		t.Errorf("%s: %d groups, want %d", where, len(lines), len(groups))
		return
	}
	for _, l := range lines {
		key := strings.Join(l[:len(a.Keys)], " ")
		g := groups[key]
		if g == nil {
			t.Errorf("%s: group %q twice, or should not be there", where, key)
			return
		}
		delete(groups, key)
		at := len(a.Keys)
		for _, x := range a.Aggs {
			if wrong := g.accepts(w, x, l[at:at+x.Width()]); wrong != "" {
				t.Errorf("%s: group %q, %s is %v, want %s", where, key, x, l[at:at+x.Width()], wrong)
			}
			at += x.Width()
		}
	}
}

// countRequest makes an aggregate that statistics may answer.
func (w *world) countRequest() contract.ScanRequest {
	r := w.rng
	req := contract.ScanRequest{TimeRange: model.AllTime, Parallelism: 1 + r.IntN(3), Aggregate: &model.Aggregate{}}
	a := req.Aggregate
	tags := w.schema.PrimaryKey
	if len(tags) > 0 && r.IntN(2) == 0 {
		a.Keys = append(a.Keys, model.GroupKey{Column: tags[r.IntN(len(tags))]})
	}
	if len(tags) > 0 && r.IntN(2) == 0 {
		req.Predicate = &model.Expr{Op: model.OpNotNull, Column: tags[r.IntN(len(tags))]}
	}
	a.Aggs = append(a.Aggs, model.Agg{Func: model.AggCountRows})
	for _, f := range []model.AggFunc{model.AggMin, model.AggMax, model.AggCount} {
		if r.IntN(2) == 0 {
			a.Aggs = append(a.Aggs, model.Agg{Func: f, Column: colTime})
		}
	}
	return req
}

// checkSlots asks for the newest or oldest slots only: they must be there, and be those of the whole answer.
func checkSlots(t *testing.T, seed uint64, w *world) {
	t.Helper()
	r := w.rng
	req := w.request()
	req.Order, req.Limit, req.LastRow, req.Projection = contract.OrderNone, 0, false, nil
	req.Aggregate = &model.Aggregate{Keys: []model.GroupKey{{Column: colTime, Bucket: &model.TimeBucket{Width: 1 + r.Int64N(40), Origin: r.Int64N(9)}}},
		Aggs: []model.Agg{{Func: model.AggCountRows}, {Func: model.AggMax, Column: colInt}}}
	ask := func(slots int) [][]string {
		req.Aggregate.Slots = slots
		s, err := Run(context.Background(), w.options(), req)
		if err != nil {
			t.Fatal(err)
		}
		lines := read(t, s)
		slices.SortFunc(lines, func(a, b []string) int {
			x, _ := strconv.ParseInt(a[0], 10, 64)
			y, _ := strconv.ParseInt(b[0], 10, 64)
			return cmp.Compare(x, y)
		})
		return lines
	}
	all := ask(0)
	n := 1 + r.IntN(5)
	newest, oldest := ask(n), ask(-n)
	n = min(n, len(all))
	if len(newest) < n || len(oldest) < n || !slices.Equal(joined(newest), joined(all[len(all)-len(newest):])) || !slices.Equal(joined(oldest), joined(all[:len(oldest)])) {
		t.Errorf("seed %d, times %s, where %s, width %d: of %d slots, the newest %d are %d, the oldest %d: or they are others", seed, req.TimeRange,
			req.Predicate, req.Aggregate.Keys[0].Bucket.Width, len(all), n, len(newest), len(oldest))
	}
}

// TestPartialGroups lets groups come in parts, which together are the groups.
func TestPartialGroups(t *testing.T) {
	s := testSchema(1)
	var rows []*row
	for i := range 3 * partialGroups {
		r := &row{ts: int64(i), seq: uint64(i), op: model.OpPut, tags: []model.Value{model.IntValue(model.Int32, 1)}}
		for _, f := range s.Fields() {
			v := model.NullOf(f.Type)
			if f.ID == colInt {
				v = model.IntValue(f.Type, int64(i%(2*partialGroups)))
			}
			r.fields = append(r.fields, v)
		}
		rows = append(rows, r)
	}
	o := Options{Sources: []source.Source{newPlainSource(t, "one", s, rows, 100_000)}, Schema: s}
	st, err := Run(context.Background(), o, contract.ScanRequest{TimeRange: model.AllTime, Parallelism: 1, Aggregate: &model.Aggregate{
		Keys: []model.GroupKey{{Column: colInt}}, Aggs: []model.Agg{{Func: model.AggCountRows}}, Partial: true}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	lines := read(t, st)
	for _, l := range lines {
		n, _ := strconv.Atoi(l[1])
		seen[l[0]] += n
	}
	total := 0
	for _, n := range seen {
		total += n
	}
	if len(seen) != 2*partialGroups || total != len(rows) || len(lines) <= len(seen) {
		t.Errorf("%d groups in %d parts of %d rows; want %d groups of %d rows, in more parts", len(seen), len(lines), total, 2*partialGroups, len(rows))
	}
}

// TestWideBuckets has times so far apart that slots cannot be tabled.
func TestWideBuckets(t *testing.T) {
	s := testSchema(1)
	var rows []*row
	for i, ts := range []int64{math.MinInt64, -1, 0, 5, math.MaxInt64 - 1} {
		r := &row{ts: ts, seq: uint64(i), op: model.OpPut, tags: []model.Value{model.IntValue(model.Int32, 1)}}
		for _, f := range s.Fields() {
			r.fields = append(r.fields, model.NullOf(f.Type))
		}
		rows = append(rows, r)
	}
	w := &world{schema: s, rows: rows}
	w.sources = append(w.sources, newPlainSource(t, "one", s, rows, 100))
	st, err := Run(context.Background(), Options{Sources: w.sources, Schema: s}, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{
		Keys: []model.GroupKey{{Column: colTime, Bucket: &model.TimeBucket{Width: 4}}}, Aggs: []model.Agg{{Func: model.AggCountRows}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := joined(read(t, st)); len(got) != 5 {
		t.Errorf("groups %q, want 5", got)
	}
}
