package operator

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

var (
	ms = model.Timestamp(model.Millisecond)
	ns = model.Timestamp(model.Nanosecond)
)

func (n *node) insert(opts model.InsertOptions, rs ...*model.Rows) error {
	n.t.Helper()
	got, err := n.Insert(n.t.Context(), model.NewSession("test"), rs, opts)
	want := 0
	for _, r := range rs {
		want += r.Len
	}
	if err == nil && got != uint64(want) {
		n.t.Errorf("affected %d, want %d", got, want)
	}
	return err
}

func (n *node) wantDump(table, want string) {
	n.t.Helper()
	if got := n.dump(table); got != strings.TrimLeft(want, "\n") {
		n.t.Errorf("table %s:\n%s\nwant:\n%s", table, got, want)
	}
}

func TestInsertMakesAndWidens(t *testing.T) {
	n := newNode(t, nil)
	cols, types := []string{"tag host", "time ts", "field v"}, []model.Type{model.String, ms, model.Float64}
	if err := n.insert(model.InsertOptions{}, rows("cpu", cols, types, []any{"a", 1, 0.5}, []any{"b", 2, nil})); err != nil {
		t.Fatal(err)
	}
	n.wantDump("cpu", "host:String ts:TimestampMillisecond v:Float64\n\"a\" 1 0.5\n\"b\" 2 NULL\n")
	tb, _ := n.catalog.Table("public", "cpu")
	if tb.Options["comment"] != "Created on insertion" || tb.Comment != "Created on insertion" {
		t.Errorf("options %v", tb.Options)
	}

	// A new tag and a new field; the old rows lack them. In one request with another new table.
	err := n.insert(model.InsertOptions{},
		rows("cpu", []string{"tag dc", "tag host", "field w", "time ts"}, []model.Type{model.String, model.String, model.Int64, ms}, []any{"eu", "a", 7, 3}),
		rows("mem", cols, types, []any{"m", 1, 1.5}))
	if err != nil {
		t.Fatal(err)
	}
	n.wantDump("cpu", "host:String ts:TimestampMillisecond v:Float64 dc:String w:Int64\n\"a\" 1 0.5 NULL NULL\n\"a\" 3 NULL \"eu\" 7\n\"b\" 2 NULL NULL NULL\n")
	n.wantDump("mem", "host:String ts:TimestampMillisecond v:Float64\n\"m\" 1 1.5\n")

	// The same after a restart.
	n.stop()
	n.start(nil)
	n.wantDump("cpu", "host:String ts:TimestampMillisecond v:Float64 dc:String w:Int64\n\"a\" 1 0.5 NULL NULL\n\"a\" 3 NULL \"eu\" 7\n\"b\" 2 NULL NULL NULL\n")
}

func TestInsertAutomaticNames(t *testing.T) {
	n := newNode(t, nil)
	if err := n.insert(model.InsertOptions{}, rows("t", []string{"tag h", "time at", "field only"}, []model.Type{model.String, ns, model.Float64}, []any{"a", 1, 1.0})); err != nil {
		t.Fatal(err)
	}
	auto := model.InsertOptions{AutoTime: true, AutoValue: true}
	r := rows("t", []string{"time greptime_timestamp", "field greptime_value", "tag h"}, []model.Type{ms, model.Float64, model.String}, []any{5, 2.5, "a"})
	if err := n.insert(auto, r); err != nil {
		t.Fatal(err)
	}
	n.wantDump("t", "h:String at:TimestampNanosecond only:Float64\n\"a\" 1 1\n\"a\" 5000000 2.5\n")
	r = rows("t", []string{"time greptime_timestamp", "field greptime_value"}, []model.Type{ms, model.Float64}, []any{1 << 60, 2.5})
	if err := n.insert(auto, r); !errs.Is(err, errs.InvalidArguments) || !strings.Contains(err.Error(), "overflow") {
		t.Errorf("got %v", err)
	}
}

func TestInsertMetricTable(t *testing.T) {
	n := newNode(t, nil)
	r := rows("m", []string{"tag z", "time greptime_timestamp", "tag a", "field greptime_value"}, []model.Type{model.String, ms, model.String, model.Float64}, []any{"1", 1, "2", 1.0})
	if err := n.insert(model.InsertOptions{Kind: model.MetricTable, PhysicalTable: "p"}, r); err != nil {
		t.Fatal(err)
	}
	n.wantDump("m", "a:String greptime_timestamp:TimestampMillisecond greptime_value:Float64 z:String\n\"2\" 1 1 \"1\"\n")
}

func TestInsertRefuses(t *testing.T) {
	n := newNode(t, nil)
	cols, types := []string{"tag host", "time ts", "field v"}, []model.Type{model.String, ms, model.Float64}
	if err := n.insert(model.InsertOptions{}, rows("cpu", cols, types, []any{"a", 1, 0.5})); err != nil {
		t.Fatal(err)
	}
	f := func(want string, code errs.Code, r *model.Rows) {
		t.Helper()
		fresh := rows("fresh", cols, types, []any{"a", 1, 0.5})
		err := n.insert(model.InsertOptions{}, fresh, r)
		if !errs.Is(err, code) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v (%v), want %s", err, errs.CodeOf(err), want)
		}
		if _, err := n.catalog.Table("public", "fresh"); err == nil {
			t.Error("a table was made by a request that was refused")
		}
	}
	f("column v expect type Float64, given: Int64", errs.InvalidArguments, rows("cpu", cols, []model.Type{model.String, ms, model.Int64}, []any{"a", 1, 1}))
	f("column ts expect type TimestampMillisecond, given: TimestampNanosecond", errs.InvalidArguments, rows("cpu", cols, []model.Type{model.String, ns, model.Float64}, []any{"a", 1, 1.0}))
	f("column host expect semantic type TAG, given: FIELD", errs.InvalidArguments, rows("cpu", []string{"field host", "time ts"}, types, []any{"a", 1}))
	f("Invalid table name: a/b", errs.InvalidArguments, rows("a/b", cols, types, []any{"a", 1, 1.0}))
	f("Invalid column name", errs.InvalidArguments, rows("x", []string{"tag __sequence", "time ts"}, types, []any{"a", 1}))
	f("not the time index", errs.InvalidArguments, rows("cpu", []string{"tag host", "time other"}, types, []any{"a", 1}))
	f("missing required time index", errs.InvalidArguments, rows("cpu", []string{"tag host"}, types, []any{"a"}))

	sess := model.NewSession("test")
	sess.Database = "nowhere"
	if _, err := n.Insert(t.Context(), sess, []*model.Rows{rows("cpu", cols, types, []any{"a", 1, 1.0})}, model.InsertOptions{}); !errs.Is(err, errs.DatabaseNotFound) {
		t.Errorf("got %v", err)
	}
	sess.Database, sess.Hints = "public", map[string]string{"auto_create_table": "false"}
	if _, err := n.Insert(t.Context(), sess, []*model.Rows{rows("new", cols, types, []any{"a", 1, 1.0})}, model.InsertOptions{}); !errs.Is(err, errs.InvalidArguments) {
		t.Errorf("got %v", err)
	}
}

func TestInsertKindsAndHints(t *testing.T) {
	n := newNode(t, nil)
	cols, types := []string{"tag host", "time ts", "field v"}, []model.Type{model.String, ms, model.Float64}
	f := func(name string, kind model.TableKind, hints map[string]string, want contract.RegionOptions) {
		t.Helper()
		sess := model.NewSession("test")
		sess.Hints = hints
		if _, err := n.Insert(t.Context(), sess, []*model.Rows{rows(name, cols, types, []any{"a", 1, 0.5})}, model.InsertOptions{Kind: kind}); err != nil {
			t.Fatal(err)
		}
		if tb, _ := n.catalog.Table("public", name); tb.Region != want {
			t.Errorf("%s: %+v, want %+v", name, tb.Region, want)
		}
	}
	f("plain", model.PlainTable, nil, contract.RegionOptions{})
	f("influx", model.LastNonNullTable, nil, contract.RegionOptions{Merge: contract.MergeLastNonNull})
	f("influx_append", model.LastNonNullTable, map[string]string{"append_mode": "true"}, contract.RegionOptions{Merge: contract.MergeAppend})
	f("influx_row", model.LastNonNullTable, map[string]string{"merge_mode": "last_row"}, contract.RegionOptions{})
	f("logs", model.LogTable, map[string]string{"ttl": "7d", "skip_wal": "true"}, contract.RegionOptions{Merge: contract.MergeAppend, TTL: 7 * 24 * 3600e9, SkipWAL: true})
}

func TestInsertConcurrentAdders(t *testing.T) {
	n := newNode(t, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 4 {
				r := rows("t", []string{"tag host", "time ts", fmt.Sprintf("field f%d", (i+j)%6)}, []model.Type{model.String, ms, model.Float64},
					[]any{fmt.Sprint(i), j, 1.0})
				if err := n.insert(model.InsertOptions{}, r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := strings.Count(n.dump("t"), "\n"); got != 33 {
		t.Errorf("%d lines, want 33", got)
	}
}

func TestInsertManyNewTables(t *testing.T) {
	n := newNode(t, nil)
	var rs []*model.Rows
	for i := range 300 {
		rs = append(rs, rows(fmt.Sprintf("m%d", i), []string{"tag host", "time ts", "field v"}, []model.Type{model.String, ms, model.Float64}, []any{"a", 1, 0.5}))
	}
	if err := n.insert(model.InsertOptions{}, rs...); err != nil {
		t.Fatal(err)
	}
	n.wantDump("m299", "host:String ts:TimestampMillisecond v:Float64\n\"a\" 1 0.5\n")
	if in, _ := n.catalog.Intents(t.Context()); len(in) != 0 {
		t.Errorf("%d intents left", len(in))
	}
}

// BenchmarkMatch is what an insert costs before the engine: 4000 rows of 20 columns into a table that has them.
func BenchmarkMatch(b *testing.B) {
	n := newNode(b, nil)
	cols, types := []string{"tag host", "time ts"}, []model.Type{model.String, ms}
	for i := range 18 {
		cols, types = append(cols, fmt.Sprintf("field usage_of_something_%d", i)), append(types, model.Float64)
	}
	r := &model.Rows{Table: "cpu", Len: 4000}
	for i, c := range rows("cpu", cols, types).Columns {
		for range r.Len {
			switch types[i].Class() {
			case model.ClassBytes:
				c.Vector.AppendString("host_1")
			case model.ClassInt:
				c.Vector.AppendInt(int64(c.Vector.Len))
			default:
				c.Vector.AppendFloat(1.5)
			}
		}
		r.Columns = append(r.Columns, c)
	}
	if err := n.insert(model.InsertOptions{}, r); err != nil {
		b.Fatal(err)
	}
	w := insertion{o: n.Operator, sess: model.NewSession("test"), rows: []*model.Rows{r}}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.match(); err != nil || len(w.writes) != 1 {
			b.Fatal(err)
		}
	}
}
