package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/finish"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/relational"
)

// typesSchema has a column of every type that the finisher computes with.
func typesSchema() *model.Schema {
	s := &model.Schema{Version: 1, TimeIndex: 1, PrimaryKey: []model.ColumnID{2, 3}}
	for i, c := range []struct {
		name string
		t    model.Type
	}{{"ts", ms}, {"t1", model.String}, {"t2", model.Uint32}, {"f", model.Float64}, {"f32", model.Float32}, {"i8", model.Int8}, {"i32", model.Int32},
		{"i64", model.Int64}, {"u16", model.Uint16}, {"u64", model.Uint64}, {"b", model.Bool}, {"s", model.String}, {"tn", model.Timestamp(model.Nanosecond)}, {"d", model.Date}} {
		sem := model.FieldColumn
		switch {
		case i == 0:
			sem = model.TimeColumn
		case i < 3:
			sem = model.TagColumn
		}
		s.Columns = append(s.Columns, model.Column{ID: model.ColumnID(i + 1), Name: c.name, Type: c.t, Semantic: sem, Nullable: i > 0})
	}
	s.NextColumn = model.ColumnID(len(s.Columns) + 1)
	return s
}

// randomValue is small most of the time, so that keys meet; floats are sums of powers of two, so that orders of adding do not show.
func randomValue(r *rand.Rand, t model.Type) model.Value {
	if r.IntN(6) == 0 {
		return model.NullOf(t)
	}
	switch t.Class() {
	case model.ClassBool:
		return model.BoolValue(r.IntN(2) == 0)
	case model.ClassFloat:
		f := float64(r.IntN(41)-20) / 4
		switch r.IntN(25) {
		case 0:
			f = math.NaN()
		case 1:
			f = math.Inf(1 - 2*r.IntN(2))
		}
		return model.Value{Type: t, Float: f}
	case model.ClassBytes:
		return model.StringValue([]string{"", "a", "A", "ab", "é", "z\x00", "zz"}[r.IntN(7)])
	}
	if t.Unsigned() {
		if t.Kind == model.KindUint64 && r.IntN(12) == 0 {
			return model.IntValue(t, -1) // the greatest
		}
		return model.IntValue(t, int64(r.IntN(9)))
	}
	if lo, hi, ok := t.IntRange(); ok && t.Signed() && r.IntN(12) == 0 {
		return model.IntValue(t, []int64{lo, hi}[r.IntN(2)]) // sums and products wrap around
	}
	return model.IntValue(t, int64(r.IntN(13)-6))
}

// typesWorld has the same random rows as table one, of a region, and three, of three.
func typesWorld(t testing.TB, r *rand.Rand, opts Options) *world {
	s := typesSchema()
	ids := []model.RegionID{model.NewRegionID(1, 0), model.NewRegionID(2, 0), model.NewRegionID(2, 1), model.NewRegionID(2, 2)}
	reg := &plainRegions{regions: map[model.RegionID]*plainRegion{}}
	for _, id := range ids {
		reg.regions[id] = &plainRegion{schema: s}
	}
	for i := range 60 {
		row := make([]model.Value, len(s.Columns))
		for c := range row {
			row[c] = randomValue(r, s.Columns[c].Type)
		}
		row[0] = model.IntValue(ms, base+int64(i)*7_000_000)
		reg.regions[ids[0]].rows = append(reg.regions[ids[0]].rows, row)
		to := reg.regions[ids[1+r.IntN(3)]]
		to.rows = append(to.rows, row)
	}
	opts.Catalog = plainCatalog{
		"public.one":   {Catalog: "greptime", Database: "public", Name: "one", ID: 1, Schema: s, Regions: ids[:1]},
		"public.three": {Catalog: "greptime", Database: "public", Name: "three", ID: 2, Schema: s, Regions: ids[1:]},
	}
	opts.Regions, opts.Relational = reg, relational.Options{Threads: 2}
	opts.Now = func() time.Time { return time.UnixMilli(base).UTC() }
	e, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return &world{t: t, engine: e, regions: reg, sess: model.NewSession("http")}
}

// sqlMaker makes random queries.
type sqlMaker struct {
	r *rand.Rand
	s *model.Schema
}

func (m *sqlMaker) pick(xs ...string) string { return xs[m.r.IntN(len(xs))] }

func (m *sqlMaker) column() string { return m.s.Columns[m.r.IntN(len(m.s.Columns))].Name }

func (m *sqlMaker) number(atoms []string, depth int) string {
	if depth == 0 || m.r.IntN(3) == 0 {
		if m.r.IntN(4) == 0 {
			return m.pick("2", "0.5", "-1", "10")
		}
		return m.pick(atoms...)
	}
	x := m.number(atoms, depth-1)
	switch m.r.IntN(10) {
	case 9:
		return "sqrt(" + x + ")"
	case 0:
		return "coalesce(" + x + ", " + m.number(atoms, depth-1) + ")"
	case 1:
		return "CAST(" + x + " AS " + m.pick("DOUBLE", "BIGINT", "INT", "FLOAT", "BIGINT UNSIGNED", "SMALLINT") + ")"
	case 2:
		return "(CASE WHEN " + m.cond(atoms, depth-1) + " THEN " + x + " WHEN " + m.cond(atoms, 0) + " THEN " + m.number(atoms, 0) + m.pick(" ELSE 1", "") + " END)"
	case 3:
		return "(- " + x + ")"
	}
	return "(" + x + " " + m.pick("+", "-", "*", "/", "%", "+", "-") + " " + m.number(atoms, depth-1) + ")"
}

func (m *sqlMaker) cond(atoms []string, depth int) string {
	if depth > 0 {
		switch m.r.IntN(5) {
		case 0:
			return "(" + m.cond(atoms, depth-1) + m.pick(" AND ", " OR ") + m.cond(atoms, depth-1) + ")"
		case 1:
			return "(NOT " + m.cond(atoms, depth-1) + ")"
		case 2:
			return "((" + m.cond(atoms, depth-1) + ") " + m.pick("IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NULL") + ")"
		}
	}
	x := m.number(atoms, depth)
	switch m.r.IntN(6) {
	case 0:
		return "(" + x + m.pick(" IS NULL", " IS NOT NULL") + ")"
	case 1:
		return "(" + x + m.pick(" IN ", " NOT IN ") + m.pick("(1, 2, 0.5)", "(0, NULL)", "(-1, 3, 4)") + ")"
	case 2:
		return "(" + x + m.pick(" IS DISTINCT FROM ", " IS NOT DISTINCT FROM ") + m.number(atoms, 0) + ")"
	}
	return "(" + x + " " + m.pick("=", "!=", "<", "<=", ">", ">=") + " " + m.number(atoms, depth) + ")"
}

// query is a random query over T, and whether its rows come in an order that leaves nothing open.
func (m *sqlMaker) query() (string, bool) {
	numbers := []string{"f", "f32", "i8", "i32", "i64", "u16", "u64", "t2"}
	var items []string
	tail := ""
	where := ""
	if m.r.IntN(3) == 0 {
		where = " WHERE " + m.cond(numbers, 2)
	}
	switch m.r.IntN(5) {
	case 0: // rows
		for range 1 + m.r.IntN(4) {
			items = append(items, m.pick(m.number(numbers, 2), m.cond(numbers, 1), m.column(), "CAST(ts AS TIMESTAMP(9))", "CAST(tn AS TIMESTAMP(0))", "CAST(tn AS DATE)", "'x'", "NULL"))
		}
	case 1: // distinct
		items = []string{"DISTINCT " + m.column(), m.pick(m.column(), "i8 + 1", "b")}
	default: // groups
		var by []string
		for range m.r.IntN(4) {
			k := m.pick(m.column(), "t1", "t2", "date_trunc('hour', ts)", "date_trunc('day', ts)", "date_trunc('month', ts)", "date_bin('5 hours', ts)", "ts::date", "coalesce(t1, 'none')", "t2 % 2", "date_trunc('week', ts)")
			if !slices.Contains(by, k) {
				by = append(by, k)
			}
		}
		items = append(items, by...)
		var aggs, plain []string
		for range m.r.IntN(4) {
			c := m.pick(numbers...)
			a := m.pick("count(*)", "count("+c+")", "sum("+c+")", "avg("+c+")", "min("+c+")", "max("+c+")")
			if m.r.IntN(6) == 0 { // the newest and oldest rows of each group are others: their times differ
				a = m.pick("first_value(", "last_value(") + c + " ORDER BY ts" + m.pick("", " DESC") + ")"
			}
			aggs = append(aggs, a)
		}
		aggs = append(aggs, "count(*)")
		for range m.r.IntN(3) {
			plain = append(plain, m.number(aggs, 2))
		}
		plain = append(plain, aggs[0], m.pick("min(", "max(")+m.column()+")")
		items = append(items, plain...)
		if len(by) > 0 {
			ordinals := make([]string, len(by))
			for i := range by {
				ordinals[i] = fmt.Sprint(i + 1)
			}
			tail = " GROUP BY " + strings.Join(ordinals, ", ")
		}
		if m.r.IntN(3) == 0 {
			tail += " HAVING " + m.cond(aggs, 1)
		}
	}
	for i := range items {
		items[i] += fmt.Sprintf(" AS x%d", i)
	}
	ordered := m.r.IntN(3) > 0
	if ordered { // by everything: ties are equal rows
		var keys []string
		for _, i := range m.r.Perm(len(items)) {
			keys = append(keys, fmt.Sprint(i+1)+m.pick("", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"))
		}
		tail += " ORDER BY " + strings.Join(keys, ", ")
		if m.r.IntN(2) == 0 {
			tail += fmt.Sprintf(" LIMIT %d", m.r.IntN(20))
			if m.r.IntN(2) == 0 {
				tail += fmt.Sprintf(" OFFSET %d", m.r.IntN(10))
			}
		}
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM T" + where + tail, ordered
}

// noNegativeZero forgets the sign of zeroes, which the relational half loses where it orders by them.
func noNegativeZero(rows []string) []string {
	for i, row := range rows {
		parts := strings.Split(row, "|")
		for j, p := range parts {
			if p == "-0" {
				parts[j] = "0"
			}
		}
		rows[i] = strings.Join(parts, "|")
	}
	return rows
}

// TestFinishAgrees asks random queries of the finisher and of the relational half.
func TestFinishAgrees(t *testing.T) {
	ctx := context.Background()
	finished, failed, rowCount := 0, 0, 0
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := typesWorld(t, r, Options{})
		m := &sqlMaker{r, typesSchema()}
		for range 250 {
			text, ordered := m.query()
			for _, table := range []string{"one", "three"} {
				text := strings.Replace(text, "FROM T", "FROM "+table, 1)
				p, err := w.engine.plan(ctx, w.sess, w.parse(text), nil)
				if err != nil {
					continue // an expression that has no type, or fails as a constant
				}
				if finish.Compile(p) == nil || direct(p) != nil {
					continue
				}
				finished++
				read := func(rows model.RowStream, err error) (*model.Batch, error) {
					if err != nil {
						return nil, err
					}
					return ReadAll(ctx, rows)
				}
				run := &runner{engine: w.engine, sess: w.sess, mem: &budget.Lease{}}
				want, wantErr := read(run.relational(ctx, p))
				got, gotErr := read(w.engine.run(ctx, w.sess, p, nil))
				if (wantErr == nil) != (gotErr == nil) || errs.CodeOf(wantErr) != errs.CodeOf(gotErr) {
					t.Fatalf("seed %d: %s:\ngot  %v\nwant %v\n%s", seed, text, gotErr, wantErr, plan.Print(p.Root))
				}
				if wantErr != nil {
					failed++
					continue
				}
				rowCount += want.Len
				for i := range want.Cols {
					if want.Len > 0 && want.Cols[i].Type != got.Cols[i].Type {
						t.Fatalf("seed %d: %s: column %d is %s, not %s", seed, text, i, got.Cols[i].Type, want.Cols[i].Type)
					}
				}
				g, x := noNegativeZero(cells(got)), noNegativeZero(cells(want))
				if !ordered {
					slices.Sort(g)
					slices.Sort(x)
				}
				if !slices.Equal(g, x) {
					t.Fatalf("seed %d: %s:\ngot\n%s\nwant\n%s\n%s", seed, text, strings.Join(g, "\n"), strings.Join(x, "\n"), plan.Print(p.Root))
				}
			}
		}
		if w.regions.open != 0 {
			t.Errorf("seed %d: %d streams are open", seed, w.regions.open)
		}
	}
	t.Logf("%d finished, of which %d failed as they must; %d rows", finished, failed, rowCount)
	if finished < 500 || failed == finished || rowCount < 1000 {
		t.Errorf("%d queries were finished, %d failed, %d rows: that shows little", finished, failed, rowCount)
	}
}

// TestFinishStartsOver runs queries that a finisher without memory gives to the relational half.
func TestFinishStartsOver(t *testing.T) {
	w := typesWorld(t, rand.New(rand.NewPCG(1, 2)), Options{Finish: finish.Options{MaxBytes: 100}})
	for _, q := range []string{"SELECT t1, count(*) AS c FROM three GROUP BY t1 ORDER BY c, t1", "SELECT DISTINCT i32 FROM one", "SELECT ts, f + 1 FROM one ORDER BY ts"} {
		_, b, err := w.query(q)
		if err != nil || b.Len < 5 {
			t.Errorf("%s: %v", q, err)
		}
	}
	if w.regions.open != 0 {
		t.Errorf("%d streams are open", w.regions.open)
	}
}

func TestConcurrentLimit(t *testing.T) {
	w := typesWorld(t, rand.New(rand.NewPCG(1, 2)), Options{MaxConcurrent: 1, LimitWait: time.Millisecond})
	ctx := context.Background()
	ask := func(q string) (model.RowStream, error) { return w.engine.Query(ctx, w.sess, w.parse(q)) }
	first, err := ask("SELECT ts, f FROM one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask("SELECT 1"); errs.CodeOf(err) != errs.RateLimited {
		t.Errorf("a second query while one runs: %v", err)
	}
	first.Close()
	first.Close()
	for range 3 { // of failed queries, and of ones read to their end, nothing is held
		if _, err := ask("SELECT nothing"); errs.CodeOf(err) == errs.RateLimited {
			t.Error(err)
		}
		rows, err := ask("SELECT sum(f) FROM three")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadAll(ctx, rows); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRegionsEnd ends queries of several regions early: by a region's failure, by their context, by Close.
func TestRegionsEnd(t *testing.T) {
	for _, q := range []string{"SELECT ts FROM three", "SELECT t1, count(*) FROM three GROUP BY t1", "SELECT ts, f FROM three ORDER BY f", "SELECT upper(s) FROM three"} {
		for _, way := range []string{"fail", "cancel", "close"} {
			w := typesWorld(t, rand.New(rand.NewPCG(1, 2)), Options{Parallelism: 3})
			broken := errors.New("broken")
			ctx, cancel := context.WithCancel(context.Background())
			if way == "fail" {
				w.regions.regions[model.NewRegionID(2, 1)].fail = broken
			}
			rows, err := w.engine.Query(ctx, w.sess, w.parse(q))
			switch {
			case err == nil && way == "fail":
				if _, err = ReadAll(ctx, rows); !errors.Is(err, broken) {
					t.Errorf("%s: %v", q, err)
				}
			case err != nil && (way != "fail" || !errors.Is(err, broken)):
				t.Errorf("%s: %s: %v", q, way, err)
			case way == "cancel":
				cancel()
				if _, err := ReadAll(context.Background(), rows); err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", q, err)
				}
			case way == "close":
				rows.Close()
			}
			cancel()
			w.engine.Close()
			if w.regions.open != 0 {
				t.Errorf("%s: %s: %d streams are open", q, way, w.regions.open)
			}
		}
	}
}
