package query

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// manyRows is a table of some thousand rows in real regions, whose queries account for what they hold with a budget of total bytes.
func manyRows(t *testing.T, seed uint64, total int64) (*realWorld, *realTable) {
	w := emptyRealWorld(t, seed, budget.New(total).Account("queries", budget.Options{}))
	table := w.newTable(0, "a")
	var rows [][]model.Value
	for slot := range 700 {
		for series := range table.series {
			row := table.key(series, slot)
			row[table.position(table.plan.Schema.ByName("n").ID)] = model.IntValue(table.plan.Schema.ByName("n").Type, int64(slot%100))
			row[table.position(table.plan.Schema.ByName("note").ID)] = model.StringValue(strconv.Itoa(slot))
			table.put(row)
			rows = append(rows, row)
		}
	}
	s := table.plan.Schema
	w.send(table, model.OpPut, append(slices.Clone(s.PrimaryKey), s.TimeIndex, s.ByName("n").ID, s.ByName("note").ID), rows)
	w.catalog["public.a"], w.catalog["public.truth_a"] = table.plan, table.truth()
	return w, table
}

// TestMemoryOfScans: groups within regions are accounted for; where they do not fit, the relational half groups, and the answer is the same.
func TestMemoryOfScans(t *testing.T) {
	ctx := context.Background()
	queries := []string{
		"SELECT host, dc, rack, date_bin(INTERVAL '1 second', ts) AS b, sum(n), max(note) FROM a GROUP BY host, dc, rack, b ORDER BY host, dc, rack, b",
		"SELECT count(*), sum(s) FROM (SELECT ts, sum(n) AS s, min(note) AS m FROM a GROUP BY ts)",
		"SELECT note, count(DISTINCT n), max(ts) FROM a GROUP BY note ORDER BY note",
		"SELECT * FROM a ORDER BY ts DESC LIMIT 2000",
	}
	var want [][]string
	for _, total := range []int64{1 << 30, 100 << 10} {
		w, _ := manyRows(t, 3, total)
		for i, q := range queries {
			rows, err := w.engine.Query(ctx, w.sess, w.parse(q))
			if err != nil {
				t.Fatalf("%s with %d bytes: %v", q, total, err)
			}
			if total == 1<<30 && w.memory.Used() == 0 && !strings.Contains(q, "LIMIT") { // rows in order are handed on at once
				t.Errorf("%s: nothing is accounted for", q)
			}
			b, err := ReadAll(ctx, rows)
			if err != nil {
				t.Fatalf("%s with %d bytes: %v", q, total, err)
			}
			if used := w.memory.Used(); used != 0 {
				t.Errorf("%s with %d bytes keeps %d", q, total, used)
			}
			if total == 1<<30 {
				want = append(want, cells(b))
				continue
			}
			if got := cells(b); len(got) == 0 || !slices.Equal(got, want[i]) {
				t.Errorf("%s without memory: %s", q, differences(got, want[i]))
			}
		}
	}
}

// TestMemoryWithinScans: a region that has no memory for its groups says so, or hands them on in parts where that is as good.
func TestMemoryWithinScans(t *testing.T) {
	ctx := context.Background()
	w, table := manyRows(t, 3, 100<<10)
	s := table.plan.Schema
	bucket := &model.TimeBucket{Width: s.TimeUnit().PerSecond()}
	read := func(a *model.Aggregate) (rows int, err error) {
		for _, id := range table.plan.Regions {
			st, err := w.storage.Scan(ctx, contract.ScanRequest{Region: id, TimeRange: model.AllTime, Aggregate: a})
			if err != nil {
				return rows, err
			}
			b, err := ReadAll(ctx, st)
			if err != nil {
				return rows, err
			}
			rows += b.Len
		}
		return rows, nil
	}
	sum := []model.Agg{{Func: model.AggSum, Column: s.ByName("n").ID}}
	_, err := read(&model.Aggregate{Keys: []model.GroupKey{{Column: s.PrimaryKey[0]}, {Column: s.TimeIndex, Bucket: bucket}}, Aggs: sum})
	if !errs.Is(err, errs.RuntimeResourcesExhausted) || !strings.Contains(err.Error(), "memory.limit") {
		t.Errorf("groups of tags and times: %v", err)
	}
	n, err := read(&model.Aggregate{Keys: []model.GroupKey{{Column: s.ByName("note").ID}}, Aggs: sum, Partial: true})
	if err != nil || n < 700 {
		t.Errorf("groups of values in parts: %d, %v", n, err)
	}
	if used := w.memory.Used(); used != 0 {
		t.Errorf("%d bytes stay", used)
	}
}

// TestMemoryOfWindows: a range query accounts for its rows, and ends where they do not fit.
func TestMemoryOfWindows(t *testing.T) {
	const q = "SELECT ts, host, sum(n) RANGE '40s' FILL PREV FROM a ALIGN '5s' BY (host)"
	ctx := context.Background()
	w, _ := manyRows(t, 4, 1<<30)
	rows, err := w.engine.Query(ctx, w.sess, w.parse(q))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(ctx); err != nil || w.memory.Used() == 0 {
		t.Errorf("%d bytes are accounted for, error %v", w.memory.Used(), err)
	}
	rows.Close()
	if used := w.memory.Used(); used != 0 {
		t.Errorf("%d bytes stay", used)
	}
	w, _ = manyRows(t, 4, 100<<10)
	_, _, err = w.query(q)
	if !errs.Is(err, errs.RuntimeResourcesExhausted) || !strings.Contains(err.Error(), "memory.limit") {
		t.Errorf("without memory: %v", err)
	}
	if used := w.memory.Used(); used != 0 {
		t.Errorf("%d bytes stay of a query that failed", used)
	}
}

// TestMemoryAccount: a query reserves what it holds, gives all of it back, and does without where there is none.
func TestMemoryAccount(t *testing.T) {
	queries := []string{
		"SELECT note, count(*) FROM cpu2 GROUP BY note ORDER BY note",
		"SELECT host, n FROM cpu ORDER BY n, ts",
		"SELECT a.host, a.n, b.m FROM cpu2 a JOIN (SELECT host, max(n) AS m FROM cpu WHERE n > 2 GROUP BY host) b ON a.host = b.host ORDER BY a.ts",
		"SELECT ts FROM cpu WHERE ts = (SELECT max(ts) FROM cpu2)",
	}
	var want [][]string
	for _, total := range []int64{1 << 30, 4} {
		w := newWorld(t)
		account := budget.New(total).Account("queries", budget.Options{})
		w.engine.opts.Memory = account
		for i, q := range queries {
			rows, err := w.engine.Query(context.Background(), w.sess, w.parse(q))
			if err != nil {
				t.Fatalf("%s with %d bytes: %v", q, total, err)
			}
			if held := account.Used(); (held > 0) != (total > 4) {
				t.Errorf("%s holds %d bytes of %d", q, held, total)
			}
			var got []string
			for {
				b, err := rows.Next(context.Background())
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, cells(b)...)
			}
			rows.Close()
			if account.Used() != 0 {
				t.Errorf("%s keeps %d bytes", q, account.Used())
			}
			if total > 4 {
				want = append(want, got)
			} else if !slices.Equal(got, want[i]) {
				t.Errorf("%s without memory: %v, want %v", q, got, want[i])
			}
		}
	}
}

// TestMemoryOfTables: rows that were made for a query alone are accounted for while it runs.
func TestMemoryOfTables(t *testing.T) {
	for _, total := range []int64{1 << 20, 4} {
		w := newWorld(t)
		account := budget.New(total).Account("queries", budget.Options{})
		w.engine.opts.Memory = account
		cpu := *w.engine.opts.Catalog.(plainCatalog)["public.cpu"]
		cpu.Held = 1000
		w.engine.opts.Catalog.(plainCatalog)["public.made"] = &cpu
		rows, err := w.engine.Query(t.Context(), w.sess, w.parse("SELECT a.ts, b.n FROM made a JOIN made b ON a.ts = b.ts"))
		if total == 4 {
			if !errs.Is(err, errs.RuntimeResourcesExhausted) || !strings.Contains(err.Error(), "memory.limit") || account.Used() != 0 {
				t.Errorf("without memory: %v, %d bytes stay", err, account.Used())
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if used := account.Used(); used < 1000 || used >= 2000 {
			t.Errorf("%d bytes are held", used)
		}
		rows.Close()
		if used := account.Used(); used != 0 {
			t.Errorf("%d bytes stay", used)
		}
	}
}
