package scan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
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
		g := model.Agg{Func: model.AggFunc(r.IntN(8)), Column: w.column().ID}
		if c := w.schema.Column(g.Column); (g.Func == model.AggSum || g.Func == model.AggSumFloat) && !c.Type.Numeric() {
			g.Column = colFloat
		}
		a.Aggs = append(a.Aggs, g)
	}
	req.Aggregate = a
	return req
}

// plainGroup is a group of the plain model.
type plainGroup struct{ rows []*row }

// accepts reports what is wrong with the printed result of one reduction.
func (g *plainGroup) accepts(w *world, a model.Agg, got []string) string {
	if a.Func == model.AggCountRows {
		if want := fmt.Sprint(len(g.rows)); got[0] != want {
			return want
		}
		return ""
	}
	var vals []model.Value
	var times []int64
	for _, r := range g.rows {
		if v := r.value(w.schema, a.Column); !v.Null() {
			vals, times = append(vals, v), append(times, r.ts)
		}
	}
	want := func(s string) string {
		if got[0] != s {
			return s
		}
		return ""
	}
	if a.Func == model.AggCount {
		return want(fmt.Sprint(len(vals)))
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
	if a.Func == model.AggLast {
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
