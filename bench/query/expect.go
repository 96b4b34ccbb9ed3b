package query

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// Expected is the answer to a query, computed from the data set.
type Expected struct {
	Columns []string
	Rows    [][]any // int64 for times, string, float64
	Keys    int     // so many leading columns tell rows apart
	// Order is the direction of the first column: 1 ascending, -1 descending, 0 any.
	Order int
}

// Count is the number of rows of the answer to q; false where that takes a look at every row of the data set.
func Count(d *tsbs.Dataset, q Query) (int, bool) {
	if q.Kind.Shape == HighCPU && len(q.Hosts) == 0 {
		return 0, false
	}
	switch q.Kind.Shape {
	case LastPoint:
		return d.Scale(), true
	case HighCPU:
		return CountHigh(d, q), true
	}
	first, end := d.TicksBetween(q.From, q.To)
	groups, last := 0, int64(math.MinInt64)
	for t := first; t < end; t++ {
		if b := d.Time(t) / q.Kind.Shape.bucket(); b != last {
			last = b
			groups++
		}
	}
	switch q.Kind.Shape {
	case MeanPerHostHour:
		return groups * d.Scale(), true
	case NewestMinutes:
		return min(groups, NewestLimit), true
	}
	return groups, true
}

// Expect computes the answer to q by walking through its hosts.
func Expect(d *tsbs.Dataset, q Query) Expected {
	hosts := q.Hosts
	if len(hosts) == 0 {
		hosts = make([]int, d.Scale())
		for i := range hosts {
			hosts[i] = i
		}
	}
	switch q.Kind.Shape {
	case HighCPU, LastPoint:
		return expectRows(d, q, hosts)
	}
	return expectGroups(d, q, hosts)
}

type group struct {
	bucket int64
	host   int // -1: any
}

type reduced struct {
	n        int
	max, sum [tsbs.FieldCount]float64
}

func expectGroups(d *tsbs.Dataset, q Query, hosts []int) Expected {
	perHost := q.Kind.Shape == MeanPerHostHour
	first, end := d.TicksBetween(q.From, q.To)
	size := q.Kind.Shape.bucket()
	groups := map[group]*reduced{}
	var v tsbs.Values
	for _, h := range hosts {
		key := group{math.MinInt64, -1}
		if perHost {
			key.host = h
		}
		var r *reduced
		w := d.Walk(h)
		for t := range end {
			if w.Next(&v); t < first {
				continue
			}
			if b := d.Time(t) / size * size; b != key.bucket {
				key.bucket = b
				if r = groups[key]; r == nil {
					r = &reduced{}
					groups[key] = r
				}
			}
			r.n++
			for f, x := range v {
				r.max[f] = max(r.max[f], float64(x))
				r.sum[f] += float64(x)
			}
		}
	}
	e := Expected{Keys: 1, Order: 1}
	prefix := "max_"
	switch q.Kind.Shape {
	case MaxPerMinute:
		e.Columns = []string{"minute"}
	case MaxPerHour:
		e.Columns = []string{"hour"}
	case MeanPerHostHour:
		e.Columns, e.Keys, prefix = []string{"hour", "hostname"}, 2, "mean_"
	case NewestMinutes:
		e.Columns, e.Order = []string{"minute"}, -1
	}
	for f := range q.Kind.Fields {
		e.Columns = append(e.Columns, prefix+tsbs.Fields[f])
	}
	for k, r := range groups {
		row := []any{k.bucket}
		if perHost {
			row = append(row, d.TagsOf(k.host)[0])
		}
		for f := range q.Kind.Fields {
			if perHost {
				row = append(row, r.sum[f]/float64(r.n))
			} else {
				row = append(row, r.max[f])
			}
		}
		e.Rows = append(e.Rows, row)
	}
	if q.Kind.Shape == NewestMinutes {
		slices.SortFunc(e.Rows, func(a, b []any) int { return cmp.Compare(b[0].(int64), a[0].(int64)) })
		e.Rows = e.Rows[:min(len(e.Rows), NewestLimit)]
	}
	return e
}

func expectRows(d *tsbs.Dataset, q Query, hosts []int) Expected {
	e := Expected{Keys: 2}
	e.Columns = append(append([]string{"greptime_timestamp"}, tsbs.Tags[:]...), tsbs.Fields[:]...)
	first, end := d.TicksBetween(q.From, q.To)
	var v tsbs.Values
	for _, h := range hosts {
		w := d.Walk(h)
		for t := range end {
			w.Next(&v)
			if q.Kind.Shape == LastPoint && t < end-1 || q.Kind.Shape == HighCPU && (t < first || v[0] <= HighCPULimit) {
				continue
			}
			row := make([]any, 0, len(e.Columns))
			row = append(row, d.Time(t))
			for _, tag := range d.TagsOf(h) {
				row = append(row, tag)
			}
			for _, x := range v {
				row = append(row, float64(x))
			}
			e.Rows = append(e.Rows, row)
		}
	}
	return e
}

// Check compares an answer of /v1/sql (greptimedb_v1) with what is expected: all columns by name, all rows, each once, in the order asked for.
func (e Expected) Check(answer io.Reader) error {
	var a struct {
		Output []struct {
			Records struct {
				Schema struct {
					Columns []struct {
						Name string `json:"name"`
					} `json:"column_schemas"`
				} `json:"schema"`
				Rows [][]any `json:"rows"`
			} `json:"records"`
		} `json:"output"`
	}
	dec := json.NewDecoder(answer)
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(a.Output) != 1 {
		return fmt.Errorf("%d results, want one", len(a.Output))
	}
	rec := a.Output[0].Records
	at := make([]int, len(e.Columns))
	for i, name := range e.Columns {
		at[i] = -1
		for j, c := range rec.Schema.Columns {
			if c.Name == name {
				at[i] = j
			}
		}
		if at[i] < 0 {
			return fmt.Errorf("no column %s in the answer", name)
		}
	}
	if len(rec.Schema.Columns) != len(e.Columns) {
		return fmt.Errorf("%d columns, want %d", len(rec.Schema.Columns), len(e.Columns))
	}
	if len(rec.Rows) != len(e.Rows) {
		return fmt.Errorf("%d rows, want %d", len(rec.Rows), len(e.Rows))
	}
	want := make(map[string][]any, len(e.Rows))
	for _, row := range e.Rows {
		want[key(row[:e.Keys])] = row
	}
	var before int64
	for n, got := range rec.Rows {
		if len(got) != len(rec.Schema.Columns) {
			return fmt.Errorf("row %d has %d cells", n, len(got))
		}
		row := make([]any, len(at))
		for i, j := range at {
			row[i] = got[j]
		}
		k := key(row[:e.Keys])
		w, ok := want[k]
		if !ok {
			return fmt.Errorf("row %d (%s) is not expected, or there twice", n, k)
		}
		delete(want, k)
		for i := range w {
			if !same(row[i], w[i]) {
				return fmt.Errorf("row %d (%s): %s is %v, want %v", n, k, e.Columns[i], row[i], w[i])
			}
		}
		if now := w[0].(int64); e.Order != 0 {
			if n > 0 && (now-before)*int64(e.Order) < 0 {
				return fmt.Errorf("row %d (%s) is out of order", n, k)
			}
			before = now
		}
	}
	return nil
}

func key(cells []any) string {
	var sb strings.Builder
	for i, c := range cells {
		if i > 0 {
			sb.WriteByte('|')
		}
		fmt.Fprint(&sb, c)
	}
	return sb.String()
}

func same(got, want any) bool {
	switch w := want.(type) {
	case string:
		g, ok := got.(string)
		return ok && g == w
	case int64:
		n, ok := got.(json.Number)
		return ok && n.String() == strconv.FormatInt(w, 10)
	case float64:
		n, ok := got.(json.Number)
		if !ok {
			return false
		}
		g, err := n.Float64()
		return err == nil && math.Abs(g-w) <= 1e-9*max(1, math.Abs(w))
	}
	return false
}

// CountHigh is the number of rows of the answer to a HighCPU query, without making them.
func CountHigh(d *tsbs.Dataset, q Query) int {
	first, end := d.TicksBetween(q.From, q.To)
	n := 0
	count := func(h int) {
		var v tsbs.Values
		w := d.Walk(h)
		for t := range end {
			if w.Next(&v); t >= first && v[0] > HighCPULimit {
				n++
			}
		}
	}
	for _, h := range q.Hosts {
		count(h)
	}
	if len(q.Hosts) == 0 {
		for h := range d.Scale() {
			count(h)
		}
	}
	return n
}
