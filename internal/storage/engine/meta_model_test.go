package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// record is a row of the plain model: its values by column, what is missing being NULL. It is never changed once made.
type record map[model.ColumnID]model.Value

// world is the plain model of a region: its schema and options, and its rows by key. All ways to change it make a new one.
type world struct {
	schema  *model.Schema
	options contract.RegionOptions
	rows    map[string][]record // one a key, but of append regions
}

func (w *world) clone() *world {
	c := *w
	c.rows = maps.Clone(w.rows)
	return &c
}

func (w *world) value(r record, id model.ColumnID) model.Value {
	if v, ok := r[id]; ok {
		return v
	}
	return model.NullOf(w.schema.Column(id).Type)
}

// key is the text by which rows are the same: tags and time.
func (w *world) key(r record) string {
	var b strings.Builder
	for _, id := range w.schema.PrimaryKey {
		b.WriteString(w.value(r, id).String())
		b.WriteByte(0)
	}
	b.WriteString(w.value(r, w.schema.TimeIndex).String())
	return b.String()
}

// series is key without the time.
func (w *world) series(r record) string { k := w.key(r); return k[:strings.LastIndexByte(k, 0)+1] }

// put writes rows, in order.
func (w *world) put(rows []record) *world {
	n := w.clone()
	for _, r := range rows {
		k := n.key(r)
		switch old := n.rows[k]; {
		case n.options.Merge == contract.MergeAppend:
			n.rows[k] = append(slices.Clip(old), r)
		case n.options.Merge == contract.MergeLastNonNull && len(old) == 1:
			m := maps.Clone(old[0])
			for id, v := range r {
				if !v.Null() {
					m[id] = v
				}
			}
			n.rows[k] = []record{m}
		default:
			n.rows[k] = []record{r}
		}
	}
	return n
}

// remove deletes rows by key.
func (w *world) remove(rows []record) *world {
	n := w.clone()
	for _, r := range rows {
		delete(n.rows, n.key(r))
	}
	return n
}

// keep leaves the rows for which f is true and tells how many others there were.
func (w *world) keep(f func(r record) bool) (n *world, gone uint64) {
	n = w.clone()
	for k, rs := range n.rows {
		left := slices.DeleteFunc(slices.Clone(rs), func(r record) bool { return !f(r) })
		gone += uint64(len(rs) - len(left))
		if n.rows[k] = left; len(left) == 0 {
			delete(n.rows, k)
		}
	}
	return n, gone
}

// expire leaves out what the TTL ends.
func (w *world) expire(now time.Time) *world {
	if w.options.TTL <= 0 {
		return w
	}
	n, _ := w.keep(func(r record) bool { return r[w.schema.TimeIndex].Int >= now.Add(-w.options.TTL).UnixMilli() })
	return n
}

// alter changes the schema; the rows follow.
func (w *world) alter(to *model.Schema) *world {
	from := w.schema
	n := &world{schema: to, options: w.options, rows: map[string][]record{}}
	for _, rs := range w.rows {
		for _, r := range rs {
			x := record{}
			for i := range to.Columns {
				c := &to.Columns[i]
				old := from.Column(c.ID)
				v, ok := r[c.ID]
				switch {
				case old == nil && c.Fill != nil:
					x[c.ID] = *c.Fill
				case !ok:
				case v.Null():
					x[c.ID] = model.NullOf(c.Type)
				case v.Type != c.Type:
					y, err := source.Convert(model.ConstVector(v, 1), c.Type)
					if err != nil {
						panic(err)
					}
					x[c.ID] = y.At(0)
				default:
					x[c.ID] = v
				}
			}
			k := n.key(x)
			n.rows[k] = append(n.rows[k], x)
		}
	}
	return n
}

// asked tells the rows of a time range that a predicate holds of; nil holds of all.
func (w *world) asked(times model.TimeRange, pred *model.Expr) func(record) bool {
	holds := func(valueOf) bool { return true }
	if pred != nil {
		holds = meaning(pred)
	}
	return func(r record) bool {
		return times.Contains(r[w.schema.TimeIndex].Int) && holds(func(id model.ColumnID) model.Value { return w.value(r, id) })
	}
}

// all are the rows that a scan reads before anything reduces them.
func (w *world) all(req *contract.ScanRequest) (out []record) {
	asked := w.asked(req.TimeRange, req.Predicate)
	for _, rs := range w.rows {
		for _, r := range rs {
			if asked(r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// text is what a scan shows of a row.
func (w *world) text(r record, cols []model.ColumnID) string {
	out := make([]string, len(cols))
	for i, id := range cols {
		out[i] = w.value(r, id).String()
	}
	return strings.Join(out, " | ")
}

// order is the place of a row in an order; rows of equal places may come in any order.
func (w *world) order(o contract.Order) func(a, b record) int {
	at := func(r record) int64 { return r[w.schema.TimeIndex].Int }
	switch o {
	case contract.OrderTimeAsc:
		return func(a, b record) int { return cmp.Compare(at(a), at(b)) }
	case contract.OrderTimeDesc:
		return func(a, b record) int { return cmp.Compare(at(b), at(a)) }
	}
	return func(a, b record) int {
		for _, id := range w.schema.PrimaryKey {
			x, y := w.value(a, id), w.value(b, id)
			switch {
			case x.Null() && y.Null():
			case x.Null():
				return -1
			case y.Null():
				return 1
			default:
				if c := x.Compare(y); c != 0 {
					return c
				}
			}
		}
		return cmp.Compare(at(a), at(b))
	}
}

// explain tells what is wrong with the answer to a scan, or "". got are the rows that came, in order.
func (w *world) explain(req *contract.ScanRequest, got [][]model.Value) string {
	if req.Aggregate != nil {
		return w.explainGroups(req, got)
	}
	rows := w.all(req)
	ambiguous := false
	if req.LastRow {
		newest := map[string][]record{}
		for _, r := range rows {
			k := w.series(r)
			if n := newest[k]; len(n) == 0 || r[w.schema.TimeIndex].Int > n[0][w.schema.TimeIndex].Int {
				newest[k] = []record{r}
			} else if r[w.schema.TimeIndex].Int == n[0][w.schema.TimeIndex].Int {
				newest[k] = append(n, r)
			}
		}
		rows = rows[:0]
		for _, n := range newest {
			ambiguous = ambiguous || len(n) > 1
			rows = append(rows, n[0])
		}
	}
	want := len(rows)
	if req.Limit > 0 {
		want = min(want, int(req.Limit))
	}
	if len(got) != want {
		return fmt.Sprintf("%d rows, want %d", len(got), want)
	}
	texts := map[string]int{}
	cols := req.Projection
	if ambiguous { // of rows of one key and time any may be the newest: only these are compared
		cols = append(slices.Clone(w.schema.PrimaryKey), w.schema.TimeIndex)
		for _, id := range cols {
			if !slices.Contains(req.Projection, id) {
				return ""
			}
		}
	}
	for _, r := range rows {
		texts[w.text(r, cols)]++
	}
	asRecord := func(row []model.Value) record {
		r := record{}
		for i, id := range req.Projection {
			r[id] = row[i]
		}
		return r
	}
	for _, row := range got {
		t := w.text(asRecord(row), cols)
		if texts[t]--; texts[t] < 0 {
			return fmt.Sprintf("row %s is too many; %d rows", t, len(got))
		}
	}
	if req.Order == contract.OrderNone {
		return ""
	}
	if !slices.Contains(req.Projection, w.schema.TimeIndex) {
		return ""
	}
	if req.Order == contract.OrderSeries {
		for _, id := range w.schema.PrimaryKey {
			if !slices.Contains(req.Projection, id) {
				return ""
			}
		}
	}
	compare := w.order(req.Order)
	slices.SortFunc(rows, compare)
	for i, row := range got {
		if c := compare(asRecord(row), rows[i]); c != 0 {
			return fmt.Sprintf("row %d is %s, want the place of %s", i, w.text(asRecord(row), req.Projection), w.text(rows[i], req.Projection))
		}
	}
	return ""
}

// group is some rows and their common keys.
type group struct {
	rows []record
	keys []model.Value
}

func (w *world) explainGroups(req *contract.ScanRequest, got [][]model.Value) string {
	a := req.Aggregate
	groups := map[string]*group{}
	text := func(keys []model.Value) string {
		s := ""
		for _, k := range keys {
			s += k.String() + " | "
		}
		return s
	}
	if len(a.Keys) == 0 {
		groups[""] = &group{}
	}
	for _, r := range w.all(req) {
		var keys []model.Value
		for _, k := range a.Keys {
			v := w.value(r, k.Column)
			if k.Bucket != nil {
				v.Int = k.Bucket.Start(v.Int)
			}
			keys = append(keys, v)
		}
		g := groups[text(keys)]
		if g == nil {
			g = &group{keys: keys}
			groups[text(keys)] = g
		}
		g.rows = append(g.rows, r)
	}
	if len(got) != len(groups) {
		return fmt.Sprintf("%d groups, want %d", len(got), len(groups))
	}
	for _, row := range got {
		k := text(row[:len(a.Keys)])
		g := groups[k]
		if g == nil {
			return "group " + k + " is not there, or there twice"
		}
		delete(groups, k)
		at := len(a.Keys)
		for _, agg := range a.Aggs {
			right := w.reduce(agg, g.rows)
			var is string
			for _, v := range row[at : at+agg.Width()] {
				is += v.String() + " "
			}
			if at += agg.Width(); !slices.Contains(right, is) {
				return fmt.Sprintf("%s of group %q of %d rows is %s, want one of %v", agg, k, len(g.rows), is, right)
			}
		}
	}
	return ""
}

// reduce gives the right results of a reduction.
func (w *world) reduce(a model.Agg, rows []record) []string {
	var vals []model.Value
	times := []int64{}
	for _, r := range rows {
		if a.Func == model.AggCountRows {
			continue
		}
		if v := w.value(r, a.Column); !v.Null() {
			vals, times = append(vals, v), append(times, r[w.schema.TimeIndex].Int)
		}
	}
	switch a.Func {
	case model.AggCountRows:
		return []string{fmt.Sprint(len(rows), " ")}
	case model.AggCount:
		return []string{fmt.Sprint(len(vals), " ")}
	}
	if len(vals) == 0 {
		return []string{strings.Repeat("NULL ", a.Width())}
	}
	switch a.Func {
	case model.AggSum, model.AggSumFloat:
		var n int64
		var f float64
		for _, v := range vals {
			n += v.Int
			f += v.Float
		}
		if vals[0].Type.Class() == model.ClassInt && a.Func == model.AggSum {
			return []string{fmt.Sprint(n, " ")}
		}
		return []string{model.FloatValue(f+float64(n)).String() + " "}
	case model.AggMin, model.AggMax:
		sign := 1
		if a.Func == model.AggMax {
			sign = -1
		}
		return []string{slices.MinFunc(vals, func(a, b model.Value) int { return sign * a.Compare(b) }).String() + " "}
	}
	at := slices.Min(times)
	if a.Func == model.AggLast {
		at = slices.Max(times)
	}
	var out []string
	for i, v := range vals {
		if times[i] == at {
			out = append(out, fmt.Sprint(v.String(), " ", at, " "))
		}
	}
	return out
}
