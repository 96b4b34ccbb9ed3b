package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	colHost model.ColumnID = iota + 1
	colDC
	colTime
	colInt
	colUint
	colFloat
	colString
	colBool
)

func testSchema(tags int) *model.Schema {
	s := &model.Schema{TimeIndex: colTime, NextColumn: 100, Columns: []model.Column{
		{ID: colHost, Name: "host", Type: model.String, Nullable: true, Semantic: model.TagColumn},
		{ID: colDC, Name: "dc", Type: model.Int32, Nullable: true, Semantic: model.TagColumn},
		{ID: colTime, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
		{ID: colInt, Name: "i", Type: model.Int64, Nullable: true},
		{ID: colUint, Name: "u", Type: model.Uint64, Nullable: true},
		{ID: colFloat, Name: "f", Type: model.Float64, Nullable: true},
		{ID: colString, Name: "s", Type: model.String, Nullable: true},
		{ID: colBool, Name: "b", Type: model.Bool, Nullable: true},
	}}
	s.Columns = s.Columns[2-tags:]
	for _, c := range s.Columns[:tags] {
		s.PrimaryKey = append(s.PrimaryKey, c.ID)
	}
	return s
}

func matchPattern(e *model.Expr, s string) bool {
	p := e.Pattern
	if e.Op == model.OpRegex || e.Op == model.OpNotRegex {
		p = "^(?:" + p + ")$"
	}
	return regexp.MustCompile(p).MatchString(s) == (e.Op == model.OpRegex || e.Op == model.OpContains)
}

// world is random rows in random sources.
type world struct {
	rng     *rand.Rand
	schema  *model.Schema
	mode    contract.MergeMode
	sources []source.Source
	rows    []*row // of all sources
}

func (w *world) value(t model.Type) model.Value {
	r := w.rng
	if r.IntN(5) == 0 {
		return model.NullOf(t)
	}
	switch t {
	case model.Int64, model.Int32:
		return model.IntValue(t, int64(r.IntN(9)-4))
	case model.Uint64:
		return model.IntValue(t, []int64{0, 1, 7, -1, math.MinInt64}[r.IntN(5)])
	case model.Float64:
		return model.FloatValue([]float64{-3, 0, 1, 2, 8, math.NaN(), math.Inf(-1)}[r.IntN(7)])
	case model.Bool:
		return model.BoolValue(r.IntN(2) == 0)
	}
	return model.StringValue([]string{"", "a", "ab", "b", "bb"}[r.IntN(5)])
}

func newWorld(t testing.TB, seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{rng: r, schema: testSchema(r.IntN(3)), mode: contract.MergeMode(r.IntN(3))}
	n := r.IntN(6)
	per := []int{3, 30, 300, 3000}[r.IntN(4)]
	span := int64(1 + r.IntN(2*per))
	deletes := r.IntN(3) == 0 && w.mode != contract.MergeAppend
	apart := r.IntN(3) // 0: sources share times, 1: they are apart, 2: some are
	mixed := r.IntN(3) == 0
	hosts := 1 + r.IntN(6)
	seqs := r.Perm(n*per + 1)
	seq := uint64(0)
	for i := range n {
		var rows []*row
		base := int64(0)
		if apart == 1 || apart == 2 && r.IntN(2) == 0 {
			base = int64(r.IntN(n)) * span
		}
		unique := r.IntN(2) == 0
		seen := map[string]bool{}
		for range r.IntN(per + 1) {
			seq++
			x := &row{ts: base + r.Int64N(span), seq: seq, op: model.OpPut}
			if mixed {
				x.seq = uint64(seqs[seq])
			}
			for _, c := range w.schema.Tags() {
				v := w.value(c.Type)
				if c.Type == model.String && !v.Null() {
					v.Bytes = fmt.Sprintf("h%d", r.IntN(hosts))
				}
				x.tags = append(x.tags, v)
			}
			if deletes && r.IntN(4) == 0 {
				x.op = model.OpDelete
			}
			for _, c := range w.schema.Fields() {
				v := w.value(c.Type)
				if x.op == model.OpDelete {
					v = model.NullOf(c.Type)
				}
				x.fields = append(x.fields, v)
			}
			key := fmt.Sprint(x.tags, x.ts)
			if unique && seen[key] {
				continue
			}
			seen[key] = true
			rows = append(rows, x)
		}
		if len(rows) == 0 {
			continue
		}
		w.sources = append(w.sources, newPlainSource(t, fmt.Sprintf("source %d", i), w.schema, rows, []int{4, 64, 1000, 5000}[r.IntN(4)]))
		w.rows = append(w.rows, rows...)
	}
	slices.SortStableFunc(w.rows, compareRows)
	return w
}

// merged is the rows as a reader sees them, in series order. keepDeletes: tombstones, too.
func (w *world) merged(keepDeletes bool) []*row {
	if w.mode == contract.MergeAppend {
		return w.rows
	}
	var out []*row
	for i := 0; i < len(w.rows); {
		j := i + 1
		for j < len(w.rows) && w.rows[j].ts == w.rows[i].ts && compareTags(w.rows[j].tags, w.rows[i].tags) == 0 {
			j++
		}
		vers := w.rows[i:j]
		i = j
		if w.mode == contract.MergeLastRow {
			vers = vers[:1]
		}
		var m *row
		for _, v := range vers {
			if v.op == model.OpDelete {
				if m != nil {
					out = append(out, m)
					m = nil
				}
				if keepDeletes {
					out = append(out, v)
				}
				break
			}
			if m == nil {
				c := *v
				c.fields = slices.Clone(v.fields)
				m = &c
				continue
			}
			for k := range m.fields {
				if m.fields[k].Null() {
					m.fields[k] = v.fields[k]
				}
			}
		}
		if m != nil {
			out = append(out, m)
		}
	}
	return out
}

func (w *world) column() *model.Column { return &w.schema.Columns[w.rng.IntN(len(w.schema.Columns))] }

func (w *world) expr(depth int) *model.Expr {
	r := w.rng
	switch {
	case depth > 0 && r.IntN(3) == 0:
		e := &model.Expr{Op: []model.Op{model.OpAnd, model.OpOr}[r.IntN(2)]}
		for range 1 + r.IntN(3) {
			e.Args = append(e.Args, w.expr(depth-1))
		}
		return e
	case r.IntN(30) == 0:
		return &model.Expr{Op: []model.Op{model.OpTrue, model.OpFalse}[r.IntN(2)]}
	}
	c := w.column()
	if r.IntN(2) == 0 && len(w.schema.PrimaryKey) > 0 {
		c = w.schema.Tags()[r.IntN(len(w.schema.PrimaryKey))]
	}
	val := func() model.Value {
		if len(w.rows) > 0 {
			if v := w.rows[r.IntN(len(w.rows))].value(w.schema, c.ID); !v.Null() {
				return v
			}
		}
		for {
			if v := w.valueOf(c); !v.Null() {
				return v
			}
		}
	}
	ops := []model.Op{model.OpEq, model.OpNe, model.OpLt, model.OpLe, model.OpGt, model.OpGe, model.OpIn, model.OpNotIn, model.OpIsNull, model.OpNotNull}
	if c.Type.Class() == model.ClassBytes {
		ops = append(ops, model.OpRegex, model.OpNotRegex, model.OpContains, model.OpNotContains)
	}
	e := &model.Expr{Op: ops[r.IntN(len(ops))], Column: c.ID}
	switch e.Op {
	case model.OpIsNull, model.OpNotNull:
	case model.OpIn, model.OpNotIn:
		for range r.IntN(4) {
			e.Values = append(e.Values, val())
		}
	case model.OpRegex, model.OpNotRegex, model.OpContains, model.OpNotContains:
		e.Pattern = []string{"a|b", "h[0-2]", ".*b", "", "a+"}[r.IntN(5)]
	default:
		e.Values = []model.Value{val()}
	}
	return e
}

func (w *world) valueOf(c *model.Column) model.Value {
	if c.Semantic == model.TimeColumn {
		return model.IntValue(c.Type, w.rng.Int64N(100))
	}
	return w.value(c.Type)
}

func (w *world) request() contract.ScanRequest {
	r := w.rng
	req := contract.ScanRequest{TimeRange: model.AllTime, Parallelism: 1 + r.IntN(4)}
	if r.IntN(2) == 0 && len(w.rows) > 0 {
		a, b := w.rows[r.IntN(len(w.rows))].ts, w.rows[r.IntN(len(w.rows))].ts
		req.TimeRange = model.TimeRange{Start: min(a, b), End: max(a, b) + 1}
		if r.IntN(3) == 0 {
			req.TimeRange.Start = math.MinInt64
		} else if r.IntN(3) == 0 {
			req.TimeRange.End = math.MaxInt64
		}
	}
	for range r.IntN(3) {
		req.Predicate = model.And(req.Predicate, w.expr(2))
	}
	for range r.IntN(6) {
		req.Projection = append(req.Projection, w.column().ID)
	}
	req.Order = contract.Order(r.IntN(4))
	req.LastRow = r.IntN(4) == 0
	if r.IntN(3) == 0 {
		req.Limit = 1 + r.Int64N(50)
	}
	return req
}

func (w *world) options() Options {
	return Options{Sources: w.sources, Memtables: len(w.sources) / 2, Schema: w.schema, Merge: w.mode, BatchRows: []int{0, 16, 256}[w.rng.IntN(3)],
		taskRows: []int{0, 3, 40, 700}[w.rng.IntN(4)]}
}

// filtered is the merged rows that a request lets through, in series order.
func (w *world) filtered(req *contract.ScanRequest) []*row {
	var out []*row
	for _, r := range w.merged(false) {
		if req.TimeRange.Contains(r.ts) && holds(req.Predicate, func(c model.ColumnID) model.Value { return r.value(w.schema, c) }) {
			out = append(out, r)
		}
	}
	if !req.LastRow {
		return out
	}
	var last []*row
	for i, r := range out {
		if i+1 == len(out) || compareTags(r.tags, out[i+1].tags) != 0 {
			last = append(last, r)
		}
	}
	return last
}

// read drains a stream as printed rows, checking what every stream promises.
func read(t testing.TB, s contract.Stream) [][]string {
	t.Helper()
	defer s.Close()
	var out [][]string
	ordinal, any := uint64(0), false
	for {
		b, err := s.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Len == 0 || len(b.Cols) != len(s.Fields()) {
			t.Fatalf("batch of %d rows, %d columns, %d fields", b.Len, len(b.Cols), len(s.Fields()))
		}
		for i, c := range b.Cols {
			if c.Len != b.Len || c.Type != s.Fields()[i].Type {
				t.Fatalf("column %d has %d of %d rows, type %v, want %v", i, c.Len, b.Len, c.Type, s.Fields()[i].Type)
			}
		}
		at := 0
		for _, r := range b.Series {
			if r.Start != at || r.End <= r.Start || any && at > 0 && r.Ordinal <= ordinal || any && r.Ordinal < ordinal {
				t.Fatalf("bad series runs %v after %d", b.Series, ordinal)
			}
			at, ordinal, any = r.End, r.Ordinal, true
		}
		if b.Series != nil && at != b.Len {
			t.Fatalf("series runs %v do not cover %d rows", b.Series, b.Len)
		}
		for i := range b.Len {
			var line []string
			for _, c := range b.Cols {
				line = append(line, c.At(i).String())
			}
			out = append(out, line)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func printed(s *model.Schema, rows []*row, cols []model.ColumnID) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		for _, c := range cols {
			out[i] += r.value(s, c).String() + " "
		}
	}
	return out
}

func joined(lines [][]string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		for _, x := range l {
			out[i] += x + " "
		}
	}
	return out
}

// subset reports what of a (as a multiset) is not in b.
func missing(a, b []string) string {
	n := map[string]int{}
	for _, x := range b {
		n[x]++
	}
	for _, x := range a {
		if n[x]--; n[x] < 0 {
			return x
		}
	}
	return ""
}

const cases = 100

func TestRowsAgainstModel(t *testing.T) {
	for seed := range uint64(cases) {
		w := newWorld(t, seed)
		for range 3 {
			checkRows(t, seed, w, w.request())
		}
		if t.Failed() {
			return
		}
	}
}

func checkRows(t *testing.T, seed uint64, w *world, req contract.ScanRequest) {
	t.Helper()
	checkRowsOf(t, seed, w, w.options(), req)
}

func checkRowsOf(t *testing.T, seed uint64, w *world, o Options, req contract.ScanRequest) {
	t.Helper()
	key := append(slices.Clone(w.schema.PrimaryKey), w.schema.TimeIndex)
	if req.LastRow && w.mode == contract.MergeAppend {
		req.Projection = nil // which of the rows at the newest time is not said
	}
	if req.Order != contract.OrderNone {
		req.Projection = append(key, req.Projection...)
	}
	s, err := Run(context.Background(), o, req)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	lines := read(t, s)
	got := joined(lines)
	all := w.filtered(&req)
	want := printed(w.schema, all, req.Projection)
	where := fmt.Sprintf("seed %d, %s, %d sources, %d rows, times %s, where %s, order %d, limit %d, last %v", seed, w.mode, len(w.sources),
		len(w.rows), req.TimeRange, req.Predicate, req.Order, req.Limit, req.LastRow)
	n := len(want)
	if req.Limit > 0 {
		n = min(n, int(req.Limit))
	}
	if len(got) != n {
		t.Errorf("%s: %d rows, want %d", where, len(got), n)
		return
	}
	if x := missing(got, want); x != "" {
		t.Errorf("%s: row %q should not be there", where, x)
	}
	switch req.Order {
	case contract.OrderSeries:
		for i, x := range printed(w.schema, all[:n], key) {
			if g := strings.Join(lines[i][:len(key)], " ") + " "; g != x {
				t.Errorf("%s: key %q at %d, want %q", where, g, i, x)
				return
			}
		}
	case contract.OrderTimeAsc, contract.OrderTimeDesc:
		slices.SortStableFunc(all, func(a, b *row) int {
			if req.Order == contract.OrderTimeDesc {
				a, b = b, a
			}
			return int(a.ts - b.ts)
		})
		for i, x := range printed(w.schema, all[:n], key[len(key)-1:]) {
			if g := lines[i][len(key)-1] + " "; g != x {
				t.Errorf("%s: time %q at %d, want %q", where, g, i, x)
				return
			}
		}
	}
}

// tagged is the rows of a merge with the columns of their tags before the others.
type tagged struct {
	*Merged
	schema *model.Schema
}

func (s *tagged) Fields() (out []model.Field) {
	for _, c := range s.schema.Tags() {
		out = append(out, model.Field{Name: c.Name, Type: c.Type, ID: c.ID})
	}
	return append(out, s.Merged.Fields()...)
}

func (s *tagged) Next(ctx context.Context) (*model.Batch, error) {
	b, err := s.Merged.Next(ctx)
	if err != nil {
		return nil, err
	}
	out := &model.Batch{Len: b.Len, Series: b.Series}
	for k, c := range s.schema.Tags() {
		vals := s.Table.TagRows(k, 0, s.Table.Rows()) // a row for each series
		v := model.NewVector(c.Type, b.Len)
		for _, r := range b.Series {
			for range r.End - r.Start {
				v.AppendValue(vals.At(int(r.Ordinal)))
			}
		}
		out.Cols = append(out.Cols, v)
	}
	out.Cols = append(out.Cols, b.Cols...)
	return out, nil
}

func TestMergeAgainstModel(t *testing.T) {
	for seed := range uint64(cases) {
		w := newWorld(t, seed)
		checkMerge(t, seed, w, w.options())
	}
}

func checkMerge(t *testing.T, seed uint64, w *world, o Options) {
	t.Helper()
	keep := w.rng.IntN(2) == 0
	s, err := Merge(context.Background(), MergeOptions{Options: o, KeepDeletes: keep, Parallelism: 1 + w.rng.IntN(3)})
	if err != nil {
		t.Fatal(err)
	}
	got := joined(read(t, &tagged{Merged: s, schema: w.schema}))
	cols := append(slices.Clone(w.schema.PrimaryKey), w.schema.TimeIndex)
	for _, f := range w.schema.Fields() {
		cols = append(cols, f.ID)
	}
	want := printed(w.schema, w.merged(keep), append(cols, model.ColumnSequence, model.ColumnOpType))
	if !slices.Equal(got, want) {
		i := 0
		for i < len(got) && i < len(want) && got[i] == want[i] {
			i++
		}
		t.Fatalf("seed %d, %s, keep %v: %d rows, want %d; differ from row %d on", seed, w.mode, keep, len(got), len(want), i)
	}
}

func TestErrorsAndCancel(t *testing.T) {
	w := newWorld(t, 7)
	for seed := uint64(8); len(w.rows) < 2000; seed++ {
		w = newWorld(t, seed)
	}
	boom := errors.New("boom")
	for order := contract.OrderNone; order <= contract.OrderTimeDesc; order++ {
		req := contract.ScanRequest{TimeRange: model.AllTime, Projection: []model.ColumnID{colTime, colInt}, Order: order, Parallelism: 3}
		o := w.options()
		released := 0
		o.Release = func() { released++ }
		o.BatchRows = 8

		s, err := Run(context.Background(), o, req) // closed unread
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		s.Close()
		if released != 1 {
			t.Errorf("released %d times", released)
		}

		ctx, cancel := context.WithCancel(context.Background()) // cancelled in between
		if s, err = Run(ctx, o, req); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Next(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		for err = nil; err == nil; {
			_, err = s.Next(ctx)
		}
		if !errors.Is(err, context.Canceled) && err != io.EOF {
			t.Error(err)
		}
		s.Close()

		last := w.sources[len(w.sources)-1].(*plainSource)
		last.fail = boom
		s, err = Run(context.Background(), o, req)
		if err == nil {
			for err == nil {
				_, err = s.Next(context.Background())
			}
			s.Close()
		}
		if !errors.Is(err, boom) {
			t.Errorf("order %d: got %v, want the source's error", order, err)
		}
		last.fail = nil
	}
}
