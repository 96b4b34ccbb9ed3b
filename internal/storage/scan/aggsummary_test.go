package scan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// summaryOfColumn makes a random reduction that gives a summary into one that the world's columns have.
func (w *world) summaryOfColumn(g *model.Agg) {
	r := w.rng
	if g.Func == model.AggHLLMerge || g.Func == model.AggUDDMerge { // the world has no column of them, see TestStoredSketches
		g.Func = model.AggComoments
	}
	c := w.schema.Column(g.Column)
	switch g.Func {
	case model.AggHLL:
		if g.Arg == nil && !hasText(c.Type) {
			g.Column = colInt
		}
		return
	case model.AggDistinct:
		return
	case model.AggDigest:
		g.Size = int64(10 + r.IntN(200))
	case model.AggUDD:
		g.Size, g.Error = int64(4+r.IntN(100)), 0.01
	}
	if g.Arg == nil && !numeric(c.Type) {
		g.Column = colFloat
	}
	if g.Func == model.AggComoments || g.Func == model.AggDigest && r.IntN(2) == 0 {
		g.By = &model.Operand{Column: colInt}
		if r.IntN(2) == 0 {
			g.By = &model.Operand{Arg: w.scalar(2, model.Float64)}
		}
	}
}

func number(v model.Value) float64 {
	switch {
	case v.Type.Kind == model.KindUint64:
		return float64(uint64(v.Int))
	case v.Type.Floating():
		return v.Float
	}
	return float64(v.Int)
}

// acceptsSummary reports what is wrong with a printed summary of some rows.
func acceptsSummary(w *world, a model.Agg, rows []*row, got string) string {
	of := func(r *row, o model.Operand) model.Value {
		if o.Arg != nil {
			return scalarOf(w, o.Arg, r)
		}
		return r.value(w.schema, o.Column)
	}
	var vals []model.Value
	var xs, ys []float64
	for _, r := range rows {
		v := of(r, model.Operand{Column: a.Column, Arg: a.Arg})
		if v.Null() {
			continue
		}
		if a.By != nil {
			by := of(r, *a.By)
			if by.Null() || a.Func == model.AggDigest && !(number(by) > 0 && number(by) < 1e280) {
				continue
			}
			ys = append(ys, number(by))
		}
		vals = append(vals, v)
		xs = append(xs, number(v))
	}
	some := len(vals) > 0
	if a.Func == model.AggUDD {
		some = slices.ContainsFunc(xs, func(x float64) bool { return x == x })
	}
	if !some {
		if got != "NULL" {
			return "NULL"
		}
		return ""
	}
	text, err := strconv.Unquote(got)
	if err != nil {
		return "a summary"
	}
	switch a.Func {
	case model.AggHLL:
		if want := sketchText(vals); got != want {
			return want
		}
	case model.AggDistinct:
		var h sketch.HLL
		for _, v := range vals {
			switch v.Type.Class() {
			case model.ClassInt:
				h.Add(sketch.ItemOfInt(uint64(v.Int)))
			case model.ClassFloat:
				h.Add(sketch.ItemOfFloat(v.Float))
			default:
				h.Add(sketch.ItemOf(textOf(v)))
			}
		}
		if want := string(h.AppendTo(nil)); text != want {
			return strconv.Quote(want)
		}
	case model.AggUDD:
		u, _ := sketch.NewUDD(a.Size, a.Error)
		u.Add(xs...)
		if want := string(u.AppendTo(nil)); text != want {
			return strconv.Quote(want)
		}
	case model.AggDigest:
		return acceptsDigest(sketch.ReadDigest([]byte(text)), xs, ys, int(a.Size))
	case model.AggComoments:
		var one, c sketch.Comoments
		for i := range xs {
			one.Add(xs[i:i+1], ys[i:i+1])
		}
		if ok, _ := c.Take([]byte(text)); !ok {
			return "comoments"
		}
		for _, name := range []string{"regr_count", "covar_pop", "regr_avgx", "regr_avgy", "regr_sxx", "regr_syy"} {
			x, _ := c.Statistic(name)
			y, _ := one.Statistic(name)
			scale := math.Sqrt(one.XX*one.YY)/one.N + one.XX + one.YY
			if math.Abs(x-y) > 1e-9*(1+math.Abs(y)+scale) || (x != x) != (y != y) {
				return fmt.Sprint(name, " ", y, ", not ", x)
			}
		}
	}
	return ""
}

// acceptsDigest compares quantiles with what they are of all values.
func acceptsDigest(d *sketch.Digest, xs, ws []float64, size int) string {
	if d == nil {
		return "a digest"
	}
	order := make([]int, len(xs))
	total := 0.0
	for i := range xs {
		order[i] = i
		if ws == nil {
			total++
		} else {
			total += ws[i]
		}
	}
	slices.SortFunc(order, func(a, b int) int { return model.CompareFloat(xs[a], xs[b]) })
	for _, q := range []float64{0, 0.1, 0.5, 0.9, 1} {
		x, _ := d.Quantile(q)
		below, upTo := 0.0, 0.0 // weight of the values before x, and with x
		next := math.Inf(-1)    // what is between neighbours is where they meet
		for _, i := range order {
			w := 1.0
			if ws != nil {
				w = ws[i]
			}
			if c := model.CompareFloat(xs[i], x); c < 0 {
				below += w
			} else if c == 0 || next == math.Inf(-1) {
				next = xs[i]
			}
			if model.CompareFloat(xs[i], x) <= 0 {
				upTo += w
			}
		}
		slack := 0.5/float64(len(xs)) + 1e-9
		if len(xs) > size {
			slack = max(slack, 8/float64(size))
		}
		if ws != nil {
			slack = max(slack, slices.Max(ws)/total)
		}
		if below/total > q+slack || upTo/total < q-slack {
			return fmt.Sprintf("quantile %v has ranks %v to %v, not %v", q, below/total, upTo/total, x)
		}
	}
	return ""
}

// TestStoredSketches: sketches kept in a column are put together by scans; of what is none, some leave it out and some say so.
func TestStoredSketches(t *testing.T) {
	schema := &model.Schema{Columns: []model.Column{
		{ID: 1, Name: "host", Type: model.String, Semantic: model.TagColumn}, {ID: 2, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
		{ID: 3, Name: "h", Type: model.Binary, Nullable: true}, {ID: 4, Name: "u", Type: model.Binary, Nullable: true}}, PrimaryKey: []model.ColumnID{1}, TimeIndex: 2}
	state := func(from int, size int64) (string, string) {
		var h sketch.HLL
		u, err := sketch.NewUDD(size, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		for i := from; i < from+50; i++ {
			h.Add(sketch.ItemOf(strconv.AppendInt(nil, int64(i), 10)))
			u.Add(float64(i))
		}
		return string(h.AppendTo(nil)), string(u.AppendTo(nil))
	}
	run := func(rows []*row, a model.Agg) (string, error) {
		a.Column = map[model.AggFunc]model.ColumnID{model.AggHLLMerge: 3, model.AggUDDMerge: 4}[a.Func]
		o := Options{Schema: schema}
		if len(rows) > 0 {
			o.Sources = []source.Source{newPlainSource(t, "states", schema, rows, 4)}
		}
		st, err := Run(context.Background(), o, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Aggs: []model.Agg{a}, Partial: true}})
		if err != nil {
			return "", err
		}
		defer st.Close()
		b, err := st.Next(context.Background())
		if err != nil {
			return "", err
		}
		return b.Cols[0].At(0).String(), nil
	}
	rowOf := func(at int, h, u string) *row {
		r := &row{tags: []model.Value{model.StringValue("a")}, ts: int64(at), seq: uint64(at), op: model.OpPut, fields: []model.Value{model.NullOf(model.Binary), model.NullOf(model.Binary)}}
		for i, b := range []string{h, u} {
			if b != "" {
				r.fields[i] = model.Value{Type: model.Binary, Bytes: b}
			}
		}
		return r
	}
	var rows []*row
	var h sketch.HLL
	u, _ := sketch.NewUDD(20, 0.01)
	for i := range 9 {
		a, b := state(i*30, 20)
		rows = append(rows, rowOf(2*i, a, b), rowOf(2*i+1, "", ""))
		h.Merge([]byte(a))
		if _, err := u.Take([]byte(b)); err != nil {
			t.Fatal(err)
		}
	}
	merge := model.Agg{Func: model.AggUDDMerge, Size: 20, Error: 0.01}
	other := merge
	other.Error = 0.02
	_, wide := state(0, 21)
	for _, c := range []struct {
		name string
		rows []*row
		agg  model.Agg
		want string
	}{
		{"hll", rows, model.Agg{Func: model.AggHLLMerge}, strconv.Quote(string(h.AppendTo(nil)))},
		{"hll and what is none", append(slices.Clone(rows), rowOf(90, "no sketch", "")), model.Agg{Func: model.AggHLLMerge}, strconv.Quote(string(h.AppendTo(nil)))},
		{"only what is none", []*row{rowOf(1, "no sketch", "")}, model.Agg{Func: model.AggHLLMerge}, "NULL"},
		{"nothing", nil, model.Agg{Func: model.AggHLLMerge}, "NULL"},
		{"udd", rows, merge, strconv.Quote(string(u.AppendTo(nil)))},
		{"nothing", nil, merge, "NULL"},
		{"of other arguments", rows, other, "Execution error: Merging UDDSketch with different parameters: arguments=(20, 0.02) vs actual input=(20, 0.01)"},
		{"of other states", append(slices.Clone(rows), rowOf(90, "", wide)), merge, "Execution error: Merging UDDSketch with different parameters: arguments=(20, 0.01) vs actual input=(21, 0.01)"},
		{"of what is none", append(slices.Clone(rows), rowOf(90, "", "no sketch")), merge, "Execution error: Invalid UDDSketch state"},
	} {
		got, err := run(c.rows, c.agg)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %.200s, want %.200s", c.name, got, c.want)
		}
	}
}

// TestSummariesRefused: what no summary can be made of is refused before anything is read.
func TestSummariesRefused(t *testing.T) {
	w := newWorld(t, 1)
	for _, a := range []model.Agg{
		{Func: model.AggDigest, Column: colFloat}, {Func: model.AggDigest, Column: colFloat, Size: 1 << 30}, {Func: model.AggUDD, Column: colFloat, Size: 1, Error: 0.1},
		{Func: model.AggUDD, Column: colFloat, Size: 100, Error: 1}, {Func: model.AggComoments, Column: colFloat}, {Func: model.AggUDDMerge, Column: colInt, Size: 10, Error: 0.1},
		{Func: model.AggHLL, Column: colFloat, By: &model.Operand{Column: colInt}},
	} {
		if s, err := Run(context.Background(), w.options(), contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Aggs: []model.Agg{a}}}); err == nil {
			s.Close()
			t.Errorf("%s is not refused", a)
		}
	}
}
