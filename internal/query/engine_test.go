package query

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/relational"
)

// world is an engine over a few small tables.
type world struct {
	t       testing.TB
	engine  *Engine
	regions *plainRegions
	sess    *model.Session
}

var ms = model.Timestamp(model.Millisecond)

// cpuSchema: host and dc are tags, ts the time, and there are fields of several types.
func cpuSchema() *model.Schema {
	return &model.Schema{Version: 1, NextColumn: 10, TimeIndex: 3, PrimaryKey: []model.ColumnID{1, 2}, Columns: []model.Column{
		{ID: 1, Name: "host", Type: model.String, Semantic: model.TagColumn, Nullable: true},
		{ID: 2, Name: "dc", Type: model.String, Semantic: model.TagColumn, Nullable: true},
		{ID: 3, Name: "ts", Type: ms, Semantic: model.TimeColumn},
		{ID: 4, Name: "usage", Type: model.Float64, Nullable: true},
		{ID: 5, Name: "n", Type: model.Int32, Nullable: true},
		{ID: 6, Name: "ok", Type: model.Bool, Nullable: true},
		{ID: 7, Name: "note", Type: model.String, Nullable: true},
		{ID: 8, Name: "big", Type: model.Int64, Nullable: true},
		{ID: 9, Name: "huge", Type: model.Int64, Nullable: true},
	}}
}

// base is 2024-01-01T00:00:00Z in milliseconds.
const base = 1704067200000

func cpuRows() [][]model.Value {
	var out [][]model.Value
	for i := range 40 {
		host := model.StringValue(fmt.Sprintf("h%d", i%4))
		dc := model.StringValue([]string{"east", "west"}[i%4/2])
		if i%4 == 3 {
			dc = model.NullOf(model.String)
		}
		row := []model.Value{host, dc, model.IntValue(ms, base+int64(i/4)*20_000+int64(i%4)), model.FloatValue(float64(i*7%41) + 0.5),
			model.IntValue(model.Int32, int64(i%9-4)), model.BoolValue(i%3 == 0), model.StringValue(fmt.Sprintf("line %d: GET /a%d", i, i%5)), model.IntValue(model.Int64, int64(i)*1e9), model.IntValue(model.Int64, int64(1+i/4)<<58)}
		if i%6 == 5 {
			row[3] = model.NullOf(model.Float64)
		}
		if i%10 == 9 {
			row[4], row[6] = model.NullOf(model.Int32), model.NullOf(model.String)
		}
		if i == 12 {
			row[3] = model.FloatValue(math.NaN())
		}
		out = append(out, row)
	}
	return out
}

// newWorld has table cpu in one region and cpu2 with the same rows in two, and a view.
func newWorld(t testing.TB) *world {
	s := cpuSchema()
	one, two, three := model.NewRegionID(1024, 0), model.NewRegionID(1025, 0), model.NewRegionID(1025, 1)
	rows := cpuRows()
	var a, b [][]model.Value
	for i, r := range rows {
		if i%4 < 2 {
			a = append(a, r)
		} else {
			b = append(b, r)
		}
	}
	reg := &plainRegions{regions: map[model.RegionID]*plainRegion{one: {schema: s, rows: rows}, two: {schema: s, rows: a}, three: {schema: s, rows: b}}}
	cat := plainCatalog{
		"public.cpu":  {Catalog: "greptime", Database: "public", Name: "cpu", ID: 1024, Schema: s, Regions: []model.RegionID{one}},
		"public.cpu2": {Catalog: "greptime", Database: "public", Name: "cpu2", ID: 1025, Schema: s, Regions: []model.RegionID{two, three}},
		"public.v":    {Catalog: "greptime", Database: "public", Name: "v", View: "SELECT host, usage AS u, ts FROM cpu WHERE usage > 10"},
		"public.loop": {Catalog: "greptime", Database: "public", Name: "loop", View: "SELECT * FROM loop"},
	}
	e, err := Open(Options{Catalog: cat, Regions: reg, Relational: relational.Options{Threads: 2}, Version: "1.3.0",
		Now: func() time.Time { return time.UnixMilli(base + 200_000).UTC() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return &world{t: t, engine: e, regions: reg, sess: model.NewSession("http")}
}

func (w *world) parse(text string) *sql.Query {
	w.t.Helper()
	st, err := sql.ParseOne(text, sql.Greptime)
	if err != nil {
		w.t.Fatalf("%s: %v", text, err)
	}
	return st.(*sql.QueryStmt).Query
}

func (w *world) query(text string, params ...model.Value) ([]model.Field, *model.Batch, error) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rows, err := w.engine.Query(ctx, w.sess, w.parse(text), params...)
	if err != nil {
		return nil, nil, err
	}
	b, err := ReadAll(ctx, rows)
	return rows.Fields(), b, err
}

// cells prints a batch, a line a row.
func cells(b *model.Batch) []string {
	out := make([]string, b.Len)
	for i := range b.Len {
		var parts []string
		for _, c := range b.Cols {
			switch x := c.At(i); {
			case !x.Null() && c.Type.Class() == model.ClassBytes:
				parts = append(parts, x.Bytes)
			case !x.Null() && c.Type.Class() == model.ClassDecimal:
				parts = append(parts, function.DecimalText(x.Decimal, c.Type.Scale))
			case !x.Null() && c.Type.Class() == model.ClassInterval:
				parts = append(parts, fmt.Sprintf("%+v", x.Interval))
			default:
				parts = append(parts, x.String())
			}
		}
		out[i] = strings.Join(parts, "|")
	}
	return out
}

func TestConstants(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ sql, want, types, names string }{
		{"SELECT 1, 1.5, 'x', true, NULL", "1|1.5|x|true|NULL", "Int64 Float64 String Boolean Null", `Int64(1) Float64(1.5) Utf8("x") Boolean(true) NULL`},
		{"SELECT 7/2, -7 % 3, 7/2.0, 1+1 AS a", "3|-1|3.5|2", "Int64 Int64 Float64 Int64", "Int64(7) / Int64(2) Int64(-7) % Int64(3) Int64(7) / Float64(2) a"},
		{"SELECT 1.0/0, '2' = 2, NULL OR TRUE, 2 IN (1, NULL)", "+Inf|true|true|NULL", "", ""},
		{"SELECT round(1.2345, 3), length('añb'), substr('datafusion', 5, 3), concat('a', NULL, 'b')", "1.235|3|fus|ab", "Float64 Int32 String String",
			`round(Float64(1.2345),Int64(3)) character_length(Utf8("añb")) substr(Utf8("datafusion"),Int64(5),Int64(3)) concat(Utf8("a"),NULL,Utf8("b"))`},
		{"SELECT '2024-01-31'::date + interval '1 month'", "19782", "Date", ""},
		{"SELECT '2024-01-01 00:00:00'::timestamp(3) AS t, date_trunc('hour', '2024-01-01 05:06:07'::timestamp) AS h", "1704067200000|1704085200000", "TimestampMillisecond TimestampMillisecond", ""},
		{"SELECT date_bin('5 seconds'::interval, to_timestamp_millis(12345)) AS b, date_part('year', '2024-05-01'::date) AS y, extract(epoch from '1970-01-02'::date) AS e", "10000|2024|86400", "TimestampMillisecond Int32 Float64", ""},
		{"SELECT now() - interval '1 hour' AS a, now() AS n", "1704063800000000000|1704067400000000000", "TimestampNanosecond TimestampNanosecond", ""},
		{"SELECT CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END AS c, coalesce(NULL, 2) AS d, nullif(1, 1) AS e", "b|2|NULL", "String Int64 Int64", ""},
		{"SELECT 'Hello' ILIKE 'he%', 'abc' ~ '^a', 'a' || 1", "true|true|a1", "Boolean Boolean String", ""},
		{"SELECT database(), version(), timezone()", "public|1.3.0|UTC", "", "database() version() timezone()"},
		{"SELECT arrow_typeof(1), arrow_typeof(now())", "Int64|Timestamp(ns)", "", ""},
		{"SELECT INTERVAL '1 year 2 days' AS i", "{Months:12 Days:2 Nanos:0}", "IntervalMonthDayNano", ""},
		{"SELECT * FROM (VALUES (1, 'a'), (NULL, 'b')) t(x, y) ORDER BY x DESC", "NULL|b\n1|a", "Int64 String", "x y"},
		{"SELECT matches('a b', '+a -c'), matches('a''b', '\"''b\"'), matches('x', 'a b'), matches(NULL, 'a')", "true|true|false|NULL", "", ""},
		{"SELECT matches_term('GET /app/start', '/start'), matches_term('errors', 'error'), 'a-b' @@ 'b'", "true|false|true", "", ""},
		{"SELECT date_format('2023-12-06 07:39:46.222'::timestamp(3), '%H:%M:%S:%3f') AS f, to_unixtime('2023-03-01T06:35:02Z') AS u", "07:39:46:222|1677652502", "", ""},
		{"SELECT TRY_CAST('x' AS INT) AS a, CAST(2.7 AS INT) AS b, '1'::INT8 AS c", "NULL|2|1", "Int32 Int32 Int64", ""},
		{"SELECT value FROM generate_series(1, 3)", "1\n2\n3", "Int64", "value"},
		{"WITH a AS (SELECT 1 AS x), b(y) AS (SELECT x + 1 FROM a) SELECT * FROM a, b", "1|2", "Int64 Int64", "x y"},
		{"SELECT 1 UNION ALL SELECT 2.5 ORDER BY 1", "1\n2.5", "Float64", ""},
		{"SELECT X'0aff'", "\n\xff", "Binary", ""},
		{"SELECT [1, 2], {a: 1}", `[1,2]|{"a":1}`, "List<Int64> Struct<a: Int64>", ""},
	} {
		fields, b, err := w.query(c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		var types, names []string
		for _, f := range fields {
			types, names = append(types, f.Type.String()), append(names, f.Name)
		}
		if got := strings.Join(cells(b), "\n"); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.sql, got, c.want)
		}
		if got := strings.Join(types, " "); c.types != "" && got != c.types {
			t.Errorf("%s: types %s, want %s", c.sql, got, c.types)
		}
		if got := strings.Join(names, " "); c.names != "" && got != c.names {
			t.Errorf("%s: names %s, want %s", c.sql, got, c.names)
		}
	}
}

func TestQueryErrors(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		sql  string
		code errs.Code
		text string
	}{
		{"SELECT a FROM cpu", errs.PlanQuery, "No field named a. Valid fields are cpu.host, cpu.dc, cpu.ts"},
		{"SELECT * FROM nope", errs.TableNotFound, "Failed to plan SQL: Table not found: greptime.public.nope"},
		{"SELECT sume(usage) FROM cpu", errs.PlanQuery, "Invalid function 'sume'. Did you mean 'sum'?"},
		{"SELECT host FROM cpu ORDER BY 2", errs.PlanQuery, "Order by column out of bounds, specified: 2, max: 1"},
		{"SELECT host, avg(usage) FROM cpu", errs.PlanQuery, "must appear in the GROUP BY clause"},
		{"SELECT 1/0", errs.EngineExecuteQuery, "Divide by zero error"},
		{"SELECT n/(n-n) FROM cpu", errs.EngineExecuteQuery, "Divide by zero error"},
		{"SELECT 200::TINYINT", errs.EngineExecuteQuery, "Cast error: Can't cast value 200 to type Int8"},
		{"SELECT 'x'::INT", errs.EngineExecuteQuery, "Cast error: Cannot cast string 'x' to value of Int32 type"},
		{"SELECT host FROM cpu LIMIT 1.5", errs.EngineExecuteQuery, "Expected LIMIT to be an integer or null, but got Float64"},
		{"SELECT DISTINCT host FROM cpu ORDER BY ts", errs.PlanQuery, "For SELECT DISTINCT, ORDER BY expressions"},
		{"SELECT sum(host) FROM cpu", errs.PlanQuery, "failed to match any signature"},
		{"WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a", errs.PlanQuery, `WITH query name "a" specified more than once`},
		{"SELECT 1, 1", errs.PlanQuery, "Projections require unique expression names"},
		{"SELECT * FROM loop", errs.PlanQuery, "nested too deep"},
		{"SELECT host FROM cpu a, cpu b", errs.PlanQuery, "Ambiguous"},
		{"SELECT * FROM cpu WHERE usage", errs.PlanQuery, "non-boolean"},
		{"SELECT sum(sum(usage)) FROM cpu", errs.PlanQuery, "not allowed here"},
	} {
		_, _, err := w.query(c.sql)
		if errs.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s:\ngot  %v %v\nwant %v %s", c.sql, errs.CodeOf(err), err, c.code, c.text)
		}
	}
	if w.regions.open != 0 {
		t.Errorf("%d streams are open", w.regions.open)
	}
}

// plans are what the rules make of queries.
func TestPlans(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ sql, want string }{
		{"SELECT date_trunc('minute', ts) AS m, max(usage) FROM cpu WHERE host IN ('h1', 'h2') AND ts >= '2024-01-01 00:00:00' AND ts < '2024-01-01 01:00:00' GROUP BY m ORDER BY m",
			"Sort: m ASC NULLS LAST\n  Projection: m, max(usage) AS max(cpu.usage)\n    Scan: public.cpu columns=[m, max(usage)] time=[1704067200000,1704070800000) where=host in [\"h1\" \"h2\"] group=[bucket(ts, 60000, 0)] aggregate=[max(usage)]"},
		{"SELECT host, avg(usage) FROM cpu2 GROUP BY host",
			"Projection: host, sum(usage) / CAST(count(usage) AS Float64) AS avg(cpu2.usage)\n  Aggregate: groupBy=[host], aggr=[sum(sum(usage)), sum(count(usage))]\n    Scan: public.cpu2 columns=[host, sum(usage), count(usage)] regions=2 group=[host] aggregate=[sum(usage), count(usage)]"},
		{"SELECT host, last_value(usage ORDER BY ts) FROM cpu GROUP BY host", "last_row"},
		{"SELECT DISTINCT ON (host) host, usage FROM cpu ORDER BY host, ts DESC", "last_row"},
		{"SELECT * FROM cpu ORDER BY ts DESC LIMIT 5", "order=time desc limit=5"},
		{"SELECT * FROM cpu WHERE n > 2.5 AND NOT (note LIKE '%GET%' OR ok)", `where=(n > 2 and note !~ "(?s).*GET.*" and ok = false)`},
		{"SELECT * FROM cpu WHERE ts > now() - interval '1 minute'", "time=[1704067340001,"},
		{"SELECT count(*) FROM (SELECT host AS h, n FROM cpu) WHERE h = 'h1'", `where=host = "h1" group=[] aggregate=[count(*)]`},
		{"SELECT count(*) FROM v WHERE u < 20 AND host = 'h1'", `where=(usage > 10 and usage < 20 and host = "h1")`},
		{"SELECT a.host FROM cpu a JOIN cpu b ON a.ts = b.ts WHERE a.host = 'h1' AND b.n > 1", `where=n > 1`},
		{"SELECT host FROM cpu WHERE host = 'h1' OR n > 3 OR host IN ('h2') OR host = 'h3'", `where=(host in ["h1" "h2" "h3"] or n > 3)`},
		{"SELECT usage + 1 FROM cpu WHERE big = 5 LIMIT 3", "where=big = 5 limit=3"},
	} {
		p, err := w.engine.plan(context.Background(), w.sess, w.parse(c.sql), nil)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if got := plan.Print(p.Root); !strings.Contains(got, c.want) {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", c.sql, got, c.want)
		}
	}
}

func TestExplain(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, analyze := range []bool{false, true} {
		rows, err := w.engine.Explain(ctx, w.sess, w.parse("SELECT host, max(n) FROM cpu2 GROUP BY host"), ExplainOptions{Analyze: analyze})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range rows.Fields() {
			names = append(names, f.Name)
		}
		b, err := ReadAll(ctx, rows)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(cells(b), "\n")
		want := []string{"logical_plan|", "physical_plan|Finish: merge, columns", "regions=2 group=[host]"}
		head := "plan_type plan"
		if analyze {
			want, head = []string{"0|0|", "1|0|Scan", "rows scanned", "NULL|NULL|Total rows: 4"}, "stage node plan"
		}
		for _, x := range want {
			if !strings.Contains(got, x) {
				t.Errorf("analyze %v: %q is not in\n%s", analyze, x, got)
			}
		}
		if strings.Join(names, " ") != head {
			t.Errorf("columns %v", names)
		}
	}
}

// TestExplosion plans short texts whose meaning doubles with every level of nesting.
func TestExplosion(t *testing.T) {
	w := newWorld(t)
	between, inner, with := "n", "SELECT host AS a FROM cpu", "WITH w0 AS (SELECT host FROM cpu)"
	for i := range 60 {
		between = "(" + between + " BETWEEN 0 AND 1)"
		inner = "SELECT a || a AS a FROM (" + inner + ")"
		with += fmt.Sprintf(", w%d AS (SELECT a.host FROM w%d a, w%d b)", i+1, i, i)
	}
	for _, c := range []struct{ sql, err string }{
		{"SELECT " + between + " FROM cpu", "nested too deep"},
		{"SELECT count(*) FROM (" + inner + ") WHERE a = 'x'", ""},
		{with + " SELECT * FROM w60", "tables"},
	} {
		_, err := w.engine.plan(context.Background(), w.sess, w.parse(c.sql), nil)
		if c.err == "" && err != nil || c.err != "" && !strings.Contains(fmt.Sprint(err), c.err) {
			t.Errorf("%.60s…: %v, want %q", c.sql, err, c.err)
		}
	}
}

// TestLongChains runs conditions of thousands of parts, in a scan and out of it.
func TestLongChains(t *testing.T) {
	w := newWorld(t)
	pushed, left := "n = 100", "n + 1 = 100"
	for i := range 5000 {
		pushed += fmt.Sprintf(" OR n = %d", i)
		left += fmt.Sprintf(" OR n + 1 = %d", i)
	}
	for _, cond := range []string{pushed, left, "NOT (" + left + ")"} {
		if _, b, err := w.query("SELECT count(*) FROM cpu WHERE " + cond); err != nil || b.Len != 1 {
			t.Errorf("%.30s…: %v", cond, err)
		}
	}
}

// run executes a plan. watch, if not nil, is told what each scan did when it is closed.
func (e *Engine) run(ctx context.Context, sess *model.Session, p *plan.Query, watch func(*plan.Scan, contract.ScanStats)) (model.RowStream, error) {
	r := &runner{engine: e, sess: sess, watch: watch, mem: &budget.Lease{}}
	return r.run(ctx, p)
}
