package query

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/bench/tsbs"
)

func data(t *testing.T) *tsbs.Dataset {
	t.Helper()
	d, err := tsbs.New(tsbs.Options{Seed: 123, Scale: 12, Interval: 10 * time.Second, Duration: 13 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMake(t *testing.T) {
	d := data(t)
	kinds := Kinds()
	if len(kinds) != 15 {
		t.Fatalf("%d kinds", len(kinds))
	}
	for _, k := range kinds {
		qs := Make(d, k, 20, 7)
		if !reflect.DeepEqual(qs, Make(d, k, 20, 7)) {
			t.Errorf("%s: the same seed gives other queries", k.Name)
		}
		for _, q := range qs {
			if len(q.Hosts) != k.Hosts || len(slices.Compact(slices.Clone(q.Hosts))) != k.Hosts {
				t.Errorf("%s: hosts %v", k.Name, q.Hosts)
			}
			if q.From < tsbs.Epoch || q.To > d.End() || q.From >= q.To || k.Window > 0 && q.To-q.From != int64(k.Window) {
				t.Errorf("%s: from %d to %d", k.Name, q.From, q.To)
			}
		}
		if k.Window > 0 && reflect.DeepEqual(qs, Make(d, k, 20, 8)) {
			t.Errorf("%s: another seed gives the same queries", k.Name)
		}
	}
}

func TestTexts(t *testing.T) {
	kinds := map[string]Kind{}
	for _, k := range Kinds() {
		kinds[k.Name] = k
	}
	const from = tsbs.Epoch + int64(time.Hour) + 5_000_000
	q := func(name string, hosts ...int) Query {
		return Query{Kind: kinds[name], Hosts: hosts, From: from, To: from + int64(time.Hour)}
	}
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	const window = "greptime_timestamp >= '2023-06-11 01:00:00.005' AND greptime_timestamp < '2023-06-11 02:00:00.005'"
	f(SQL{}.Text(q("single-groupby-1-8-1", 3, 4)), "SELECT date_trunc('minute', greptime_timestamp) AS minute, max(usage_user) AS max_usage_user FROM cpu "+
		"WHERE hostname IN ('host_3', 'host_4') AND "+window+" GROUP BY minute ORDER BY minute")
	f(SQL{}.Text(q("double-groupby-1")), "SELECT date_trunc('hour', greptime_timestamp) AS hour, hostname, avg(usage_user) AS mean_usage_user FROM cpu WHERE "+
		window+" GROUP BY hour, hostname ORDER BY hour")
	f(SQL{}.Text(q("high-cpu-1", 5)), "SELECT * FROM cpu WHERE usage_user > 90 AND hostname IN ('host_5') AND "+window)
	f(SQL{}.Text(q("groupby-orderby-limit")), "SELECT date_trunc('minute', greptime_timestamp) AS minute, max(usage_user) AS max_usage_user FROM cpu "+
		"WHERE greptime_timestamp < '2023-06-11 02:00:00.005' GROUP BY minute ORDER BY minute DESC LIMIT 5")
	f(InfluxQL{}.Text(q("double-groupby-1")), "SELECT mean(usage_user) FROM cpu WHERE time >= 1686445200005000000 AND time < 1686448800005000000 GROUP BY time(1h), hostname")
	req, ok, err := PromQL{}.Request(context.Background(), "http://x", q("single-groupby-1-1-1", 3))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := req.ParseForm(); err != nil {
		t.Fatal(err)
	}
	f(req.Form.Get("query"), `max(max_over_time({__name__=~"cpu_usage_user",hostname=~"host_3"}[60s])) by (__name__)`)
	f(req.Form.Get("start"), "1686445200.005")
	if _, ok, _ := (PromQL{}).Request(context.Background(), "http://x", q("high-cpu-all")); ok {
		t.Error("rows by one of their fields, as series")
	}
}

// TestExpectAgainstPlainRows computes answers again, the slow way, from the lines.
func TestExpectAgainstPlainRows(t *testing.T) {
	d := data(t)
	type row struct {
		time int64
		host int
		v    tsbs.Values
	}
	var all []row
	for h := range d.Scale() {
		w := d.Walk(h)
		for tick := range d.Ticks() {
			r := row{time: d.Time(tick), host: h}
			w.Next(&r.v)
			all = append(all, r)
		}
	}
	for _, k := range Kinds() {
		for _, q := range Make(d, k, 2, 99) {
			e := Expect(d, q)
			if n, ok := Count(d, q); ok && n != len(e.Rows) {
				t.Errorf("%s: count %d of %d rows", k.Name, n, len(e.Rows))
			}
			in := func(r row) bool {
				return r.time >= q.From && r.time < q.To && (len(q.Hosts) == 0 || slices.Contains(q.Hosts, r.host))
			}
			rows := slices.DeleteFunc(slices.Clone(all), func(r row) bool { return !in(r) })
			// The last field that is asked about, by group.
			groups := map[[2]int64][]float64{}
			if size := k.Shape.bucket(); size > 0 {
				for _, r := range rows {
					g := [2]int64{r.time - r.time%size, -1}
					if k.Shape == MeanPerHostHour {
						g[1] = int64(r.host)
					}
					groups[g] = append(groups[g], float64(r.v[k.Fields-1]))
				}
			}
			for _, row := range e.Rows {
				switch k.Shape {
				case HighCPU, LastPoint:
					n := 0
					for _, r := range rows {
						if r.time == row[0].(int64) && row[1] == d.TagsOf(r.host)[0] {
							n++
							if row[11].(float64) != float64(r.v[0]) || row[20].(float64) != float64(r.v[9]) || k.Shape == HighCPU && r.v[0] <= 90 {
								t.Fatalf("%s: %v is not %v", k.Name, row, r)
							}
						}
					}
					if n != 1 {
						t.Fatalf("%s: %d rows like %v", k.Name, n, row)
					}
				default:
					host := -1
					if k.Shape == MeanPerHostHour {
						if _, err := fmt.Sscanf(row[1].(string), "host_%d", &host); err != nil {
							t.Fatal(err)
						}
					}
					xs := groups[[2]int64{row[0].(int64), int64(host)}]
					var sum float64
					for _, x := range xs {
						sum += x
					}
					want := slices.Max(append(xs, math.Inf(-1)))
					if k.Shape == MeanPerHostHour {
						want = sum / float64(len(xs))
					}
					if got := row[len(row)-1].(float64); math.Abs(got-want) > 1e-9 {
						t.Fatalf("%s: %v, want %v last", k.Name, row, want)
					}
				}
			}
			if k.Name == "high-cpu-all" {
				n := 0
				for _, r := range rows {
					if r.v[0] > 90 {
						n++
					}
				}
				if n != len(e.Rows) {
					t.Errorf("%d rows over the limit, want %d", len(e.Rows), n)
				}
			}
		}
	}
}

// answer writes what is expected as /v1/sql would.
func answer(e Expected, change func(columns []string, rows [][]any) [][]any) string {
	rows := make([][]any, len(e.Rows))
	for i := range rows {
		rows[i] = slices.Clone(e.Rows[i])
	}
	slices.SortStableFunc(rows, func(a, b []any) int {
		if e.Order >= 0 {
			return cmp.Compare(a[0].(int64), b[0].(int64))
		}
		return cmp.Compare(b[0].(int64), a[0].(int64))
	})
	if change != nil {
		rows = change(e.Columns, rows)
	}
	var cols []map[string]string
	for _, c := range e.Columns {
		cols = append(cols, map[string]string{"name": c, "data_type": "Any"})
	}
	b, err := json.Marshal(map[string]any{"output": []any{map[string]any{"records": map[string]any{
		"schema": map[string]any{"column_schemas": cols}, "rows": rows, "total_rows": len(rows)}}}, "execution_time_ms": 1})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestCheckFindsWrongAnswers(t *testing.T) {
	d := data(t)
	for _, k := range Kinds() {
		q := Make(d, k, 1, 3)[0]
		if k.Shape == HighCPU {
			q.Hosts = nil // one host may never be that busy
		}
		e := Expect(d, q)
		if err := e.Check(strings.NewReader(answer(e, nil))); err != nil {
			t.Errorf("%s: the right answer: %v", k.Name, err)
		}
		wrong := map[string]func([]string, [][]any) [][]any{
			"a row is missing":  func(_ []string, r [][]any) [][]any { return r[1:] },
			"a row twice":       func(_ []string, r [][]any) [][]any { r[0] = r[1]; return r },
			"another value":     func(c []string, r [][]any) [][]any { r[0][len(c)-1] = r[0][len(c)-1].(float64) + 0.01; return r },
			"another time":      func(_ []string, r [][]any) [][]any { r[0][0] = r[0][0].(int64) + 1; return r },
			"null for a number": func(c []string, r [][]any) [][]any { r[0][len(c)-1] = nil; return r },
		}
		if e.Order != 0 {
			wrong["out of order"] = func(_ []string, r [][]any) [][]any { r[0], r[len(r)-1] = r[len(r)-1], r[0]; return r }
		}
		for name, change := range wrong {
			if e.Check(strings.NewReader(answer(e, change))) == nil {
				t.Errorf("%s: %s, and nobody saw", k.Name, name)
			}
		}
	}
	if (Expected{}).Check(strings.NewReader(`{"code":1004,"error":"x"}`)) == nil {
		t.Error("an error passes for an answer")
	}
}

func TestClient(t *testing.T) {
	d := data(t)
	k := Kinds()[0]
	qs := Make(d, k, 4, 1)
	body := answer(Expect(d, qs[0]), nil)
	code := 200
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/sql" || r.FormValue("db") != "public" || !strings.HasPrefix(r.FormValue("sql"), "SELECT") {
			code = 400
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}))
	defer srv.Close()
	c := &Client{Base: srv.URL, Dialect: SQL{}, Data: d}
	defer c.Close()
	same := []Query{qs[0], qs[0], qs[0]}
	if r := c.Run(context.Background(), k, same[:1], same); r.Error != "" || r.Latency.Count != 3 || r.Rows < 60 || r.Bytes != float64(len(body)) {
		t.Errorf("%+v", r)
	}
	if err := c.Verify(context.Background(), qs[0]); err != nil {
		t.Error(err)
	}
	if err := c.Verify(context.Background(), qs[1]); err == nil {
		t.Error("the answer to another query was taken")
	}
	c.Patience = 1
	if r := c.Run(context.Background(), k, nil, slices.Repeat(same, 3)); r.Error != "" || r.Latency.Count != atLeast {
		t.Errorf("impatient: %+v", r)
	}
	body = strings.Replace(body, `"total_rows":6`, `"total_rows":7`, 1)
	if r := c.Run(context.Background(), k, nil, same); !strings.Contains(r.Error, "rows, want") {
		t.Errorf("wrong count: %+v", r)
	}
	body, code = "no such table", 400
	if r := c.Run(context.Background(), k, nil, same); !strings.Contains(r.Error, "status 400: no such table") || r.Latency.Count != 0 {
		t.Errorf("%+v", r)
	}
}

func TestTail(t *testing.T) {
	var tl tail
	for i := range 3000 {
		fmt.Fprintf(&tl, "%d,", i)
	}
	if got := string(tl.bytes()); len(got) != tailSize || !strings.HasSuffix(got, "2998,2999,") {
		t.Errorf("%d bytes, …%s", len(got), got[max(0, len(got)-20):])
	}
	tl.reset()
	tl.Write([]byte(strings.Repeat("x", 3*tailSize) + `"total_rows":17}}],"execution_time_ms":3}`))
	if n, ok := (SQL{}).Rows(tl.bytes()); !ok || n != 17 {
		t.Errorf("%d, %v", n, ok)
	}
}
