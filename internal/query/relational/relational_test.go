package relational

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

func open(t testing.TB, opts Options) *DB {
	t.Helper()
	db, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// table is a source of batches in memory that counts its streams.
type table struct {
	fields  []model.Field
	batches []*model.Batch
	opened  atomic.Int64
	closed  atomic.Int64
	wanted  atomic.Pointer[[]int]
	fail    error // given after the batches, instead of io.EOF
	block   bool  // after the batches, wait for the end of the context
	begun   chan struct{}
}

func (tb *table) source() Source {
	return Source{Fields: tb.fields, Open: func(ctx context.Context, cols []int) (Stream, error) {
		tb.opened.Add(1)
		tb.wanted.Store(&cols)
		return &tableStream{tb: tb, cols: cols}, nil
	}}
}

type tableStream struct {
	tb   *table
	cols []int
	at   int
}

func (s *tableStream) Next(ctx context.Context) (*model.Batch, error) {
	if s.at == len(s.tb.batches) {
		if s.tb.block {
			if s.tb.begun != nil {
				close(s.tb.begun)
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		if s.tb.fail != nil {
			return nil, s.tb.fail
		}
		return nil, io.EOF
	}
	b := s.tb.batches[s.at]
	s.at++
	out := &model.Batch{Len: b.Len}
	for _, c := range s.cols {
		out.Cols = append(out.Cols, b.Cols[c])
	}
	return out, nil
}

func (s *tableStream) Close() error {
	s.tb.closed.Add(1)
	return nil
}

// numbers is a source of the column n = 0 … rows-1, and of h = n/100 as a coded string.
func numbers(rows, perBatch int) *table {
	tb := &table{fields: []model.Field{{Name: "n", Type: model.Int64}, {Name: "h", Type: model.String}}}
	d := &model.Dict{}
	for i := range rows/100 + 1 {
		d.AppendString(fmt.Sprintf("host_%d_in_a_long_dictionary", i))
	}
	for at := 0; at < rows; at += perBatch {
		b := model.NewBatch(tb.fields, perBatch)
		b.Cols[1].Offsets, b.Cols[1].Dict = nil, d
		for i := at; i < min(rows, at+perBatch); i++ {
			b.Cols[0].AppendInt(int64(i))
			b.Cols[1].AppendCode(uint32(i / 100))
			b.Len++
		}
		tb.batches = append(tb.batches, b)
	}
	return tb
}

func all(t testing.TB, db *DB, stmt Statement) ([]model.Field, *model.Batch) {
	t.Helper()
	fields, b, err := db.All(context.Background(), stmt)
	if err != nil {
		t.Fatalf("%s: %v", stmt.SQL, err)
	}
	return fields, b
}

// text prints a batch: cells joined by | and rows by newlines.
func text(b *model.Batch) string {
	var sb strings.Builder
	for i := range b.Len {
		if i > 0 {
			sb.WriteByte('\n')
		}
		for j, c := range b.Cols {
			if j > 0 {
				sb.WriteByte('|')
			}
			switch x := c.At(i); {
			case !x.Null() && c.Type.Class() == model.ClassBytes:
				sb.WriteString(x.Bytes)
			case !x.Null() && c.Type.Class() == model.ClassInterval:
				fmt.Fprintf(&sb, "%+v", x.Interval)
			default:
				sb.WriteString(x.String())
			}
		}
	}
	return sb.String()
}

func TestExpressions(t *testing.T) {
	db := open(t, Options{Threads: 2})
	for _, c := range []struct{ sql, want, types string }{
		{"SELECT 1", "1", "Int32"},
		{"SELECT 7//2, -7//2, 7/2, 1/0", "3|-3|3.5|+Inf", "Int32 Int32 Float64 Float64"},
		{"SELECT sum(x)::BIGINT, sum(x) FROM (VALUES (1::BIGINT),(2)) t(x)", "3|3", "Int64 Int64"},
		{"SELECT NULL, true, 'x', 'a longer string than twelve'", "NULL|true|x|a longer string than twelve", "Int32 Boolean String String"},
		{"SELECT x FROM (VALUES (2),(NULL),(1)) t(x) ORDER BY x", "1\n2\nNULL", "Int32"},
		{"SELECT x FROM (VALUES (2),(NULL),(1)) t(x) ORDER BY x DESC", "NULL\n2\n1", "Int32"},
		{"SELECT x FROM (VALUES (1.0::DOUBLE),('nan'::DOUBLE),('inf'::DOUBLE)) t(x) ORDER BY x", "1\n+Inf\nNaN", "Float64"},
		{"SELECT [1,2,NULL], {'a': 1, 'b': 'x\"y'}, MAP {1: 2.5::DOUBLE}, [[1],[]]", `[1,2,null]|{"a":1,"b":"x\"y"}|{"1":2.5}|[[1],[]]`, "List Struct Map List"},
		{"SELECT TIMESTAMP '2024-01-01 00:00:01', DATE '1970-01-03', INTERVAL '14 months 3 days 1 second'",
			"1704067201000000|2|{Months:14 Days:3 Nanos:1000000000}", "TimestampMicrosecond Date IntervalMonthDayNano"},
		{"SELECT '00112233-4455-6677-8899-aabbccddeeff'::UUID, ['00112233-4455-6677-8899-aabbccddeeff'::UUID]",
			`00112233-4455-6677-8899-aabbccddeeff|["00112233-4455-6677-8899-aabbccddeeff"]`, "String List"},
		{"SELECT [1.5::DECIMAL(4,2), -0.05::DECIMAL(4,2)], ['x'::BLOB]", `[1.50,-0.05]|["eA=="]`, "List List"},
		{"SELECT 'a'::ENUM('b','a')", "a", "String"},
		{"SELECT 1 WHERE false", "", "Int32"},
		{"SELECT count(*), max(i) FROM range(10000) t(i)", "10000|9999", "Int64 Int64"},
	} {
		fields, b := all(t, db, Statement{SQL: c.sql})
		var types []string
		for _, f := range fields {
			types = append(types, f.Type.String())
		}
		if got := text(b); got != c.want || strings.Join(types, " ") != c.types {
			t.Errorf("%s:\ngot  %q %v\nwant %q %s", c.sql, got, types, c.want, c.types)
		}
	}
}

func TestErrors(t *testing.T) {
	db := open(t, Options{Threads: 2, MemoryLimit: 64 << 20})
	for _, c := range []struct {
		sql  string
		code errs.Code
		text string
	}{
		{"SELECT nope", errs.PlanQuery, "nope"},
		{"SELEC 1", errs.PlanQuery, "syntax error"},
		{"SELECT nofunc(1)", errs.PlanQuery, "nofunc"},
		{"SELECT CAST('x' AS INTEGER)", errs.EngineExecuteQuery, "Cast error"},
		{"SELECT CAST(i + 200 AS TINYINT) FROM range(2) t(i)", errs.EngineExecuteQuery, "Cast error"},
		{"SELECT 9223372036854775807 + i FROM range(2) t(i)", errs.EngineExecuteQuery, "Overflow"},
		{"SELECT error('" + DivideByZero + "') FROM range(2)", errs.EngineExecuteQuery, DivideByZero},
		{"SELECT sum(9223372036854775807) FROM range(3)", errs.EngineExecuteQuery, "Overflow"},
		{"SELECT * FROM src(0)", errs.Internal, "0 sources"},
		{"SET threads = 3", errs.Internal, "no query"},
		{"SELECT * FROM read_csv('/etc/passwd')", errs.PermissionDenied, ""},
		{"SELECT $1", errs.InvalidArguments, "parameters"},
	} {
		_, _, err := db.All(context.Background(), Statement{SQL: c.sql})
		if errs.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "LINE 1") {
			t.Errorf("%s: %v %v, want %v %q", c.sql, errs.CodeOf(err), err, c.code, c.text)
		}
	}
	// The sessions are as good as before.
	all(t, db, Statement{SQL: "SELECT 1"})
}

func TestParams(t *testing.T) {
	db := open(t, Options{Threads: 1})
	in := []model.Value{
		model.BoolValue(true), model.IntValue(model.Int8, -5), model.IntValue(model.Uint64, -1), model.FloatValue(1.5),
		model.StringValue("a\x00b"), {Type: model.Binary, Bytes: "\xff\x00"}, model.IntValue(model.Date, 3),
		model.IntValue(model.Timestamp(model.Nanosecond), 123456789), model.IntValue(model.Timestamp(model.Second), 5),
		model.NullOf(model.String), {Type: model.Decimal(20, 2), Decimal: model.Int128{Lo: 150}},
		{Type: model.Interval, Interval: model.MonthDayNano{Months: 1, Days: 2, Nanos: 3000}},
	}
	var cols []string
	for i := range in {
		cols = append(cols, fmt.Sprintf("$%d", i+1))
	}
	_, b := all(t, db, Statement{SQL: "SELECT " + strings.Join(cols, ","), Params: in})
	for i, want := range in {
		got := b.Cols[i].At(0)
		if want.Null() {
			if !got.Null() {
				t.Errorf("$%d: %v, want NULL", i+1, got)
			}
		} else if got != want {
			t.Errorf("$%d: %+v, want %+v", i+1, got, want)
		}
	}
}

// edges are non-NULL values of a type that are most likely to be mistaken for something else.
func edges(ty model.Type) []model.Value {
	var out []model.Value
	ints := func(xs ...int64) {
		for _, x := range xs {
			out = append(out, model.IntValue(ty, x))
		}
	}
	switch ty.Class() {
	case model.ClassBool:
		return []model.Value{model.BoolValue(true), model.BoolValue(false)}
	case model.ClassInt:
		if lo, hi, ok := ty.IntRange(); ok && ty.Kind != model.KindDate {
			ints(lo, hi, 0, 1)
		} else if ty.Kind == model.KindUint64 {
			ints(0, -1, math.MinInt64)
		} else {
			ints(0, -1, 1, 1<<31-2, -1<<31+2)
		}
	case model.ClassFloat:
		for _, f := range []float64{0, math.Copysign(0, -1), 1.5, math.Inf(1), math.Inf(-1), math.NaN(), math.SmallestNonzeroFloat32, math.MaxFloat32} {
			out = append(out, model.Value{Type: ty, Float: f})
		}
	case model.ClassBytes:
		for _, s := range []string{"", "x", "twelve bytes", "thirteen byte", "Grüße, 世界, a longer text", "zero \x00 byte in a long value"} {
			out = append(out, model.Value{Type: ty, Bytes: s})
		}
		if ty.Kind == model.KindBinary {
			out = append(out, model.Value{Type: ty, Bytes: "\xff\xfe\x00"})
		}
	case model.ClassDecimal:
		out = append(out, model.Value{Type: ty}, model.Value{Type: ty, Decimal: model.Int128{Lo: 999}}, model.Value{Type: ty, Decimal: model.Int128{Hi: -1, Lo: math.MaxUint64 - 41}})
		if ty.Precision == 38 {
			out = append(out, model.Value{Type: ty, Decimal: model.Int128{Hi: 1 << 60, Lo: 7}})
		}
	case model.ClassInterval:
		out = append(out, model.Value{Type: ty, Interval: model.MonthDayNano{Months: 14, Days: -3, Nanos: 5000}})
	}
	return out
}

func same(a, b model.Value) bool {
	if a.Null() || b.Null() {
		return a.Null() == b.Null()
	}
	if a.Type.Class() == model.ClassFloat {
		return math.Float64bits(a.Float) == math.Float64bits(b.Float) || math.IsNaN(a.Float) && math.IsNaN(b.Float)
	}
	a.Type = b.Type
	return a == b
}

func TestRoundTrip(t *testing.T) {
	db := open(t, Options{Threads: 2})
	types := []model.Type{model.Bool, model.Int8, model.Int16, model.Int32, model.Int64, model.Uint8, model.Uint16, model.Uint32, model.Uint64,
		model.Float32, model.Float64, model.String, model.Binary, model.Date, model.Timestamp(model.Second), model.Timestamp(model.Millisecond),
		model.Timestamp(model.Microsecond), model.Timestamp(model.Nanosecond), model.Decimal(4, 1), model.Decimal(9, 2), model.Decimal(18, 3),
		model.Decimal(38, 10), model.Interval, model.JSON, model.VectorOf(2), model.Duration(model.Millisecond)}
	as := map[model.Type]model.Type{model.JSON: model.String, model.VectorOf(2): model.Binary, model.Duration(model.Millisecond): model.Int64}
	for _, ty := range types {
		for _, n := range []int{1, 63, 64, 65, 2047, 2048, 2049, 5000} {
			for _, form := range []string{"no nulls", "nulls", "all null", "coded", "coded runs", "coded nulls", "coded wide"} {
				coded := strings.HasPrefix(form, "coded")
				if coded && ty.Class() != model.ClassBytes {
					continue
				}
				v := vectorOf(ty, n, form)
				want := ty
				if w, ok := as[ty]; ok {
					want = w
				}
				tb := &table{fields: []model.Field{{Name: "c", Type: ty}}, batches: []*model.Batch{{Cols: []*model.Vector{v}, Len: n}}}
				fields, b := all(t, db, Statement{SQL: "SELECT c FROM src(0)", Sources: []Source{tb.source()}})
				if fields[0].Type != want || b.Len != n {
					t.Fatalf("%s %s %d: %s, %d rows", ty, form, n, fields[0].Type, b.Len)
				}
				for i := range n {
					if got := b.Cols[0].At(i); !same(got, v.At(i)) {
						t.Fatalf("%s %s %d rows: row %d is %+v, want %+v", ty, form, n, i, got, v.At(i))
					}
				}
			}
		}
	}
}

func vectorOf(ty model.Type, n int, form string) *model.Vector {
	v := model.NewVector(ty, n)
	vals := edges(ty)
	coded := strings.HasPrefix(form, "coded")
	if coded {
		v.Offsets, v.Dict = nil, &model.Dict{}
		for i := range vals {
			v.Dict.AppendString(vals[i].Bytes)
		}
		if form == "coded wide" || form == "coded runs" {
			for i := range 3000 {
				v.Dict.AppendString(fmt.Sprintf("value number %d", i))
			}
		}
	}
	for i := range n {
		null := strings.Contains(form, "nulls") && form != "no nulls" && i%7 == 3 || form == "all null"
		switch {
		case null:
			v.AppendNull()
		case form == "coded wide":
			v.AppendCode(uint32(i * 31 % v.Dict.Len()))
		case form == "coded runs":
			v.AppendCode(uint32(i / 10 * 31 % v.Dict.Len()))
		case coded:
			v.AppendCode(uint32(i % v.Dict.Len()))
		default:
			v.AppendValue(vals[i%len(vals)])
		}
	}
	return v
}

func TestSources(t *testing.T) {
	db := open(t, Options{Threads: 2})
	for _, c := range []struct {
		sql    string
		want   string
		wanted string // columns asked of the source
		opened int64
	}{
		{"SELECT count(*) FROM src(0)", "10000", "[0]", 1}, // DuckDB asks for some column
		{"SELECT sum(n) FROM src(0)", "49995000", "[0]", 1},
		{"SELECT count(DISTINCT h), min(h), max(length(h)) FROM src(0)", "100|host_0_in_a_long_dictionary|28", "[1]", 1},
		{"SELECT h FROM src(0) WHERE n = 5000", "host_50_in_a_long_dictionary", "", 1},
		{"SELECT n FROM src(0) LIMIT 3", "0\n1\n2", "[0]", 1},
		{"SELECT n FROM src(0) WHERE n % 2500 = 0", "0\n2500\n5000\n7500", "[0]", 1},
		{"SELECT n FROM src(0) LIMIT 0", "", "", 0},
		{"SELECT n FROM src(0) WHERE false", "", "", 0},
		{"SELECT count(*) FROM src(0) a JOIN src(0) b ON a.n = b.n + 1", "9999", "", 2},
		{"WITH w AS (SELECT n FROM src(0)) SELECT count(*) FROM w a JOIN w b USING (n)", "10000", "", -1},
		{"SELECT h, avg(n) FROM src(0) GROUP BY h ORDER BY 2 DESC LIMIT 1", "host_99_in_a_long_dictionary|9949.5", "", 1},
	} {
		tb := numbers(10000, 3000)
		_, b := all(t, db, Statement{SQL: c.sql, Sources: []Source{tb.source()}})
		if got := text(b); got != c.want {
			t.Errorf("%s: %q, want %q", c.sql, got, c.want)
		}
		if w := tb.wanted.Load(); c.wanted != "" && (w == nil || fmt.Sprint(*w) != c.wanted) {
			t.Errorf("%s: columns %v, want %s", c.sql, w, c.wanted)
		}
		if c.opened >= 0 && tb.opened.Load() != c.opened {
			t.Errorf("%s: opened %d times, want %d", c.sql, tb.opened.Load(), c.opened)
		}
	}
}

// closedEventually waits for the owners, who close sources after the caller has left.
func closedEventually(t *testing.T, db *DB, tb *table) {
	t.Helper()
	db.owners.Wait()
	if o, c := tb.opened.Load(), tb.closed.Load(); o != c {
		t.Errorf("%d streams opened, %d closed", o, c)
	}
}

func TestSourceError(t *testing.T) {
	db := open(t, Options{Threads: 2})
	for _, sql := range []string{"SELECT n FROM src(0)", "SELECT sum(n) FROM src(0)", "SELECT * FROM src(0) ORDER BY n"} {
		tb := numbers(10000, 1000)
		tb.fail = errs.New(errs.StorageUnavailable, "file 7 is gone")
		_, _, err := db.All(context.Background(), Statement{SQL: sql, Sources: []Source{tb.source()}})
		if !errors.Is(err, tb.fail) {
			t.Errorf("%s: %v", sql, err)
		}
		closedEventually(t, db, tb)
	}
	refused := errs.New(errs.RegionNotFound, "region 3")
	src := Source{Fields: numbers(1, 1).fields, Open: func(context.Context, []int) (Stream, error) { return nil, refused }}
	if _, _, err := db.All(context.Background(), Statement{SQL: "SELECT n FROM src(0)", Sources: []Source{src}}); !errors.Is(err, refused) {
		t.Errorf("open: %v", err)
	}
	broken := Source{Fields: numbers(1, 1).fields, Open: func(context.Context, []int) (Stream, error) { panic("oh") }}
	if _, _, err := db.All(context.Background(), Statement{SQL: "SELECT n FROM src(0)", Sources: []Source{broken}}); errs.CodeOf(err) != errs.Internal {
		t.Errorf("panic: %v", err)
	}
	bad := &table{fields: []model.Field{{Name: "s", Type: model.String}}, batches: []*model.Batch{{Len: 1, Cols: []*model.Vector{model.NewVector(model.String, 1)}}}}
	bad.batches[0].Cols[0].AppendString("\xff")
	if _, _, err := db.All(context.Background(), Statement{SQL: "SELECT s FROM src(0)", Sources: []Source{bad.source()}}); errs.CodeOf(err) != errs.EngineExecuteQuery {
		t.Errorf("bad UTF-8: %v", err)
	}
}

func TestCancel(t *testing.T) {
	db := open(t, Options{Threads: 2, Sessions: 2})
	reason := errs.New(errs.Cancelled, "the client has left")

	t.Run("in a source", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		tb := numbers(10, 10)
		tb.block, tb.begun = true, make(chan struct{})
		go func() { <-tb.begun; cancel(reason) }()
		if _, _, err := db.All(ctx, Statement{SQL: "SELECT sum(n) FROM src(0)", Sources: []Source{tb.source()}}); !errors.Is(err, reason) {
			t.Errorf("got %v", err)
		}
		closedEventually(t, db, tb)
	})
	t.Run("in the engine", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		tb := numbers(3000, 3000)
		left := tb.source()
		inner := left.Open
		left.Open = func(c context.Context, cols []int) (Stream, error) { defer cancel(reason); return inner(c, cols) }
		_, _, err := db.All(ctx, Statement{SQL: "SELECT sum(a.i * b.i) FROM src(0) s, range(100000) a(i), range(1000000) b(i)", Sources: []Source{left}})
		if !errors.Is(err, reason) {
			t.Errorf("got %v", err)
		}
		closedEventually(t, db, tb)
	})
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(reason)
		if _, _, err := db.All(ctx, Statement{SQL: "SELECT 1"}); !errors.Is(err, reason) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("rows left unread", func(t *testing.T) {
		for range 20 {
			tb := numbers(200000, 5000)
			rows, err := db.Query(context.Background(), Statement{SQL: "SELECT * FROM src(0)", Sources: []Source{tb.source()}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := rows.Next(context.Background()); err != nil {
				t.Fatal(err)
			}
			rows.Close()
			if _, err := rows.Next(context.Background()); errs.CodeOf(err) != errs.Cancelled {
				t.Fatalf("after Close: %v", err)
			}
			closedEventually(t, db, tb)
		}
	})
	t.Run("waiting for a session", func(t *testing.T) {
		var held []*Rows
		for range 2 {
			rows, err := db.Query(context.Background(), Statement{SQL: "SELECT * FROM src(0)", Sources: []Source{numbers(200000, 5000).source()}})
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, rows)
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		got := make(chan error)
		go func() { _, err := db.Query(ctx, Statement{SQL: "SELECT 1"}); got <- err }()
		cancel(reason)
		if err := <-got; !errors.Is(err, reason) {
			t.Errorf("got %v", err)
		}
		for _, r := range held {
			r.Close()
		}
	})
	_, b := all(t, db, Statement{SQL: "SELECT 42"})
	if text(b) != "42" {
		t.Error("session is broken after cancellations")
	}
}

func TestConcurrent(t *testing.T) {
	db := open(t, Options{Threads: 2, Sessions: 8})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				n := 1000*w + 100*i + 1
				tb := numbers(n, 700)
				_, b, err := db.All(context.Background(), Statement{SQL: "SELECT count(*), sum(n), count(DISTINCT h) FROM src(0)", Sources: []Source{tb.source()}})
				if err != nil {
					t.Error(err)
					return
				}
				if want := fmt.Sprintf("%d|%d|%d", n, n*(n-1)/2, (n+99)/100); text(b) != want {
					t.Errorf("%d rows: %s, want %s", n, text(b), want)
				}
			}
		})
	}
	wg.Wait()
}

func TestFatalErrorReplacesInstance(t *testing.T) {
	db := open(t, Options{Threads: 1})
	s, err := db.lend(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	old := s.inst
	db.giveBack(s, true)
	all(t, db, Statement{SQL: "SELECT 1"})
	if db.mu.inst == old {
		t.Error("the instance was kept")
	}
}

func TestClosed(t *testing.T) {
	db := open(t, Options{Threads: 1})
	db.Close()
	if _, err := db.Query(context.Background(), Statement{SQL: "SELECT 1"}); errs.CodeOf(err) != errs.IllegalState {
		t.Errorf("got %v", err)
	}
}

func TestTypesAndMacros(t *testing.T) {
	db := open(t, Options{Threads: 1, Macros: []string{"CREATE MACRO twice(x) AS 2 * x"}})
	ms := model.Timestamp(model.Millisecond)
	fields, b := all(t, db, Statement{SQL: "SELECT twice(21::BIGINT), NULL", Types: []model.Type{ms, model.Null}})
	if fields[0].Type != ms || b.Cols[0].At(0) != model.IntValue(ms, 42) || !b.Cols[1].Null(0) {
		t.Errorf("%v %s", fields, text(b))
	}
	for _, types := range [][]model.Type{{model.String}, {ms, ms}} {
		if _, _, err := db.All(context.Background(), Statement{SQL: "SELECT 1", Types: types}); errs.CodeOf(err) != errs.Internal {
			t.Errorf("%v: %v", types, err)
		}
	}
	if _, err := Open(Options{Macros: []string{"CREATE MACRO ("}}); err == nil {
		t.Error("a broken macro is let through")
	}
}
