package memtable

import (
	"context"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// The plain model: every row written, by its sequence.
type plainRow struct {
	op     model.OpType
	time   int64
	values map[model.ColumnID]model.Value // tags and fields; absent: NULL, or the default if the column was added later
	schema *model.Schema
}

func (p *plainRow) value(c *model.Column) model.Value {
	if v, ok := p.values[c.ID]; ok {
		return v
	}
	if p.schema.Column(c.ID) == nil && c.Default != nil {
		return c.Default.Value
	}
	return model.NullOf(c.Type)
}

func testSchema() *model.Schema {
	s := &model.Schema{Version: 1, TimeIndex: 3, PrimaryKey: []model.ColumnID{2, 1}, NextColumn: 50}
	add := func(id model.ColumnID, t model.Type, sem model.Semantic) {
		s.Columns = append(s.Columns, model.Column{ID: id, Name: fmt.Sprintf("c%d", id), Type: t, Nullable: sem != model.TimeColumn, Semantic: sem})
	}
	add(1, model.String, model.TagColumn)
	add(2, model.Int32, model.TagColumn)
	add(3, model.Timestamp(model.Millisecond), model.TimeColumn)
	for i, t := range []model.Type{model.Bool, model.Int8, model.Uint64, model.Float32, model.Float64, model.String, model.Binary, model.Date,
		model.Timestamp(model.Second), model.Decimal(30, 5), model.JSON, model.VectorOf(2)} {
		add(model.ColumnID(10+i), t, model.FieldColumn)
	}
	return s
}

func randomValue(r *rand.Rand, t model.Type, card int) model.Value {
	if r.Intn(6) == 0 {
		return model.NullOf(t)
	}
	n := r.Intn(card)
	v := model.Value{Type: t}
	switch t.Class() {
	case model.ClassBytes:
		v.Bytes = fmt.Sprintf("v%d", n)
		if n == 0 {
			v.Bytes = ""
		}
	case model.ClassFloat:
		v.Float = float64(n) / 2
	case model.ClassBool:
		v.Bool = n%2 == 0
	case model.ClassInt:
		v.Int = int64(n)
	case model.ClassDecimal:
		v.Decimal = model.Int128{Hi: -int64(n), Lo: uint64(n)}
	}
	return v
}

// plain is a memtable and its model.
type plain struct {
	t      *testing.T
	r      *rand.Rand
	m      *Memtable
	schema *model.Schema
	rows   map[model.Sequence]*plainRow
	next   model.Sequence
	card   int
}

func (p *plain) write(n int, dict *model.Dict) {
	w := &contract.RegionWrite{Op: model.OpPut, Rows: &model.Batch{Len: n}}
	if p.r.Intn(4) == 0 {
		w.Op = model.OpDelete
	}
	rows := make([]*plainRow, n)
	for i := range rows {
		rows[i] = &plainRow{op: w.Op, values: map[model.ColumnID]model.Value{}, schema: p.schema}
		p.rows[p.next+model.Sequence(i)] = rows[i]
	}
	coded := p.r.Intn(2) == 0
	for i := range p.schema.Columns {
		c := &p.schema.Columns[i]
		if c.Semantic != model.TimeColumn && p.r.Intn(5) == 0 || c.Semantic == model.FieldColumn && w.Op == model.OpDelete && p.r.Intn(2) == 0 {
			continue
		}
		v := model.NewVector(c.Type, n)
		if coded && c.Type.Class() == model.ClassBytes {
			*v = model.Vector{Type: c.Type, Dict: dict} // one dictionary for all columns and writes, growing and with values that repeat
		}
		for _, row := range rows {
			x := randomValue(p.r, c.Type, p.card)
			if c.Semantic == model.TimeColumn {
				x = model.IntValue(c.Type, int64(p.r.Intn(40)-20))
				row.time = x.Int
			} else if c.Semantic == model.TagColumn || w.Op == model.OpPut {
				row.values[c.ID] = x
			}
			v.AppendValue(x)
		}
		w.Columns, w.Rows.Cols = append(w.Columns, c.ID), append(w.Rows.Cols, v)
	}
	if err := p.m.Write(w, p.next); err != nil {
		p.t.Fatal(err)
	}
	p.next += model.Sequence(n)
	if p.r.Intn(3) == 0 {
		p.next += 5 // sequences of other writes
	}
	for _, v := range w.Rows.Cols { // nothing of a write may be kept
		for i := range v.Ints {
			v.Ints[i] = -99
		}
		for i := range v.Data {
			v.Data[i] = '!'
		}
	}
}

// check reads all rows of sources and compares them with the model's rows up to a sequence.
func (p *plain) check(sources []source.Source, upTo model.Sequence) {
	p.t.Helper()
	seen := map[model.Sequence]bool{}
	for _, s := range sources {
		p.checkSource(s, seen)
		p.checkPrune(s)
	}
	want := 0
	for seq := range p.rows {
		if seq < upTo {
			want++
			if !seen[seq] {
				p.t.Fatalf("row of sequence %d is not there", seq)
			}
		}
	}
	if len(seen) != want {
		p.t.Fatalf("%d rows, not %d", len(seen), want)
	}
}

func (p *plain) checkSource(s source.Source, seen map[model.Sequence]bool) {
	p.t.Helper()
	ctx := context.Background()
	tab, err := s.Series(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	if tab.Rows() != s.Rows() || !slices.Equal(tab.Tags, p.schema.PrimaryKey) {
		p.t.Fatalf("%s: %d rows in series of %v, %d in all", s.Name(), tab.Rows(), tab.Tags, s.Rows())
	}
	unique := true
	minT, maxT := s.TimeRange()
	minS, maxS := s.Sequences()
	var lastSeries int = -1
	var lastTime int64
	var lastSeq model.Sequence
	bounds := s.Chunks()
	for chunk := range len(bounds) - 1 {
		n := bounds[chunk+1] - bounds[chunk]
		get := func(id model.ColumnID) *model.Vector {
			v, err := s.Chunk(ctx, id, chunk, 0, n)
			if err != nil {
				p.t.Fatal(err)
			}
			if v.Len != n {
				p.t.Fatalf("column %d has %d rows of %d", id, v.Len, n)
			}
			return v
		}
		seqs, ops := get(model.ColumnSequence), get(model.ColumnOpType)
		cols := make([]*model.Vector, len(p.schema.Columns))
		for _, k := range p.r.Perm(len(cols)) {
			cols[k] = get(p.schema.Columns[k].ID)
		}
		for i := range n {
			seq := model.Sequence(seqs.Ints[i])
			row := p.rows[seq]
			if row == nil || seen[seq] {
				p.t.Fatalf("sequence %d twice or out of nowhere", seq)
			}
			seen[seq] = true
			for k := range cols {
				c := &p.schema.Columns[k]
				want := row.value(c)
				if c.Semantic == model.TimeColumn {
					want = model.IntValue(c.Type, row.time)
				}
				got := cols[k].At(i)
				if got.Null() != want.Null() || !got.Null() && got.Compare(want) != 0 {
					p.t.Fatalf("%s: sequence %d column %s: %s, not %s", s.Name(), seq, c.Name, got, want)
				}
				if c.Semantic == model.TagColumn {
					x := tab.Value(tab.Tag(c.ID), tab.SeriesOf(bounds[chunk]+i))
					if x.Null() != want.Null() || !x.Null() && x.Compare(want) != 0 {
						p.t.Fatalf("series of sequence %d has %s", seq, x)
					}
				}
			}
			if ops.Ints[i] != int64(row.op) || row.op == model.OpDelete && !s.HasDeletes() {
				p.t.Fatalf("sequence %d: operation %d", seq, ops.Ints[i])
			}
			if row.time < minT || row.time > maxT || seq < minS || seq > maxS {
				p.t.Fatalf("row of time %d, sequence %d is outside of [%d,%d] [%d,%d]", row.time, seq, minT, maxT, minS, maxS)
			}
			at := tab.SeriesOf(bounds[chunk] + i)
			if at < lastSeries || at == lastSeries && (row.time < lastTime || row.time == lastTime && seq > lastSeq) {
				p.t.Fatalf("%s: rows out of order at sequence %d", s.Name(), seq)
			}
			unique = unique && !(at == lastSeries && row.time == lastTime)
			lastSeries, lastTime, lastSeq = at, row.time, seq
		}
	}
	if s.Unique() != unique {
		p.t.Fatalf("%s: unique is %v", s.Name(), s.Unique())
	}
}

func TestAgainstPlainRows(t *testing.T) {
	for seed := range int64(40) {
		r := rand.New(rand.NewSource(seed))
		p := &plain{t: t, r: r, schema: testSchema(), rows: map[model.Sequence]*plainRow{}, next: 1, card: 1 + r.Intn(40)}
		m, err := New(7, p.schema, Options{Window: []int64{0, 10, 1000}[r.Intn(3)], ChunkRows: []int{1, 64, 4096}[r.Intn(3)]})
		if err != nil {
			t.Fatal(err)
		}
		p.m = m
		type pinned struct {
			s    *Snapshot
			upTo model.Sequence
		}
		var old []pinned
		dict := &model.Dict{}
		dict.AppendString("unused")
		for range 1 + r.Intn(25) {
			p.write(r.Intn(200), dict)
			switch r.Intn(6) {
			case 0:
				old = append(old, pinned{m.Snapshot(), p.next})
			case 1:
				p.check(m.Snapshot().Sources(p.schema, model.AllTime), p.next)
			case 2:
				p.alter()
			}
		}
		for _, o := range old { // what was pinned before is as it was, read through a later schema
			p.check(o.s.Sources(p.schema, model.AllTime), o.upTo)
		}
		if m.Rows() != len(p.rows) {
			t.Fatalf("%d rows, not %d", m.Rows(), len(p.rows))
		}
		m.Freeze()
		fs, err := m.FlushSources(p.schema)
		if err != nil {
			t.Fatal(err)
		}
		if r.Intn(2) == 0 {
			p.check(m.Snapshot().Sources(p.schema, model.AllTime), p.next)
		}
		p.check(fs, p.next)
		p.check(m.Snapshot().Sources(p.schema, model.AllTime), p.next)
		fs, err = m.FlushSources(p.schema)
		if err != nil {
			t.Fatal(err)
		}
		p.check(fs, p.next)
	}
}

// alter adds a field with a default, or a tag, or widens a field's type.
func (p *plain) alter() {
	s := p.schema.Clone()
	s.Version++
	id := s.NextColumn
	s.NextColumn++
	switch p.r.Intn(3) {
	case 0:
		s.Columns = append(s.Columns, model.Column{ID: id, Name: "added", Type: model.Int64, Nullable: true, Default: &model.Default{Value: model.IntValue(model.Int64, 42)}})
	case 1:
		s.Columns = append(s.Columns, model.Column{ID: id, Name: "tag", Type: model.String, Nullable: true, Semantic: model.TagColumn})
		s.PrimaryKey = append(s.PrimaryKey, id)
	default:
		s.Columns = append(s.Columns, model.Column{ID: id, Name: "plain", Type: model.String, Nullable: true})
	}
	if err := p.m.Alter(s); err != nil {
		p.t.Fatal(err)
	}
	p.schema = s
}

func TestColumnTypeChange(t *testing.T) {
	s := &model.Schema{Version: 1, TimeIndex: 1, NextColumn: 3, Columns: []model.Column{
		{ID: 1, Name: "ts", Type: model.Timestamp(model.Second), Semantic: model.TimeColumn}, {ID: 2, Name: "f", Type: model.Int32, Nullable: true}}}
	m, err := New(1, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	put := func(seq model.Sequence, v model.Value) {
		t.Helper()
		w := &contract.RegionWrite{Op: model.OpPut, Columns: []model.ColumnID{1, 2}, Rows: &model.Batch{Len: 1, Cols: []*model.Vector{
			model.ConstVector(model.IntValue(s.Columns[0].Type, int64(seq)), 1), model.ConstVector(v, 1)}}}
		if err := m.Write(w, seq); err != nil {
			t.Fatal(err)
		}
	}
	put(1, model.IntValue(model.Int32, 5))
	s = s.Clone()
	s.Columns[1].Type = model.String
	if err := m.Alter(s); err != nil {
		t.Fatal(err)
	}
	put(2, model.StringValue("six"))
	m.Freeze()
	fs, err := m.FlushSources(s)
	if err != nil {
		t.Fatal(err)
	}
	v, err := fs[0].Chunk(t.Context(), 2, 0, 0, 2)
	if err != nil || v.At(0).Bytes != "5" || v.At(1).Bytes != "six" {
		t.Fatal(v, err)
	}
}

func TestWriteErrors(t *testing.T) {
	s := testSchema()
	m, err := New(1, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ts, str := s.Column(3).Type, model.String
	ok := model.ConstVector(model.IntValue(ts, 5), 2)
	f := func(name string, ids []model.ColumnID, cols ...*model.Vector) {
		t.Helper()
		if err := m.Write(&contract.RegionWrite{Op: model.OpPut, Columns: ids, Rows: &model.Batch{Cols: cols, Len: 2}}, 10); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	f("no time", []model.ColumnID{1}, model.ConstVector(model.StringValue("a"), 2))
	f("NULL time", []model.ColumnID{3}, model.ConstVector(model.NullOf(ts), 2))
	f("short", []model.ColumnID{3}, model.ConstVector(model.IntValue(ts, 5), 1))
	f("type", []model.ColumnID{3, 10}, ok, model.ConstVector(model.NullOf(str), 2))
	f("unknown", []model.ColumnID{3, 99}, ok, ok)
	f("twice", []model.ColumnID{3, 3}, ok, ok)
	f("count", []model.ColumnID{3, 1}, ok)
	if m.Rows() != 0 || m.SeriesCount() != 0 {
		t.Fatal("a failed write left rows")
	}
	good := &contract.RegionWrite{Op: model.OpPut, Columns: []model.ColumnID{3}, Rows: &model.Batch{Cols: []*model.Vector{ok}, Len: 2}}
	if err := m.Write(good, 10); err != nil {
		t.Fatal(err)
	}
	if err := m.Write(good, 11); err == nil {
		t.Fatal("sequences went back")
	}
	m.Freeze()
	if err := m.Write(good, 20); err == nil {
		t.Fatal("written to when frozen")
	}
}

func TestSlotRange(t *testing.T) {
	for _, w := range []int64{1, 7, 1000, math.MaxInt64} {
		m := &Memtable{opts: Options{Window: w}}
		for _, x := range []int64{math.MinInt64, math.MinInt64 + 1, -w, -w - 1 + 1, -1, 0, 1, w - 1, w, math.MaxInt64 - 1, math.MaxInt64} {
			a, b := m.slotRange(m.slot(x))
			if x < a || x > b || b-a > w-1 && a < b && b-a > 0 {
				t.Errorf("window %d: %d is in [%d, %d]", w, x, a, b)
			}
			if a > math.MinInt64 && m.slot(a-1) == m.slot(x) || b < math.MaxInt64 && m.slot(b+1) == m.slot(x) {
				t.Errorf("window %d of %d is wider than [%d, %d]", w, x, a, b)
			}
		}
	}
}

// checkPrune wants ascending ranges that hold every row of a random host set and time range, and no row of another host.
func (p *plain) checkPrune(s source.Source) {
	p.t.Helper()
	ctx := context.Background()
	n := p.r.Intn(p.card + 1)
	pred := model.And(model.Compare(model.OpLe, 2, model.IntValue(model.Int32, int64(n))), model.Compare(model.OpGe, 11, model.IntValue(model.Int8, 3)))
	times := model.TimeRange{Start: int64(p.r.Intn(50) - 25)}
	times.End = times.Start + int64(p.r.Intn(30))
	ranges, err := s.Prune(ctx, pred, times)
	if err != nil {
		p.t.Fatal(err)
	}
	in := make([]bool, s.Rows())
	last := 0
	for i, r := range ranges {
		if r.Start >= r.End || r.Start < last || r.End > s.Rows() || i > 0 && r.Start == last {
			p.t.Fatalf("%s: ranges %v", s.Name(), ranges)
		}
		last = r.End
		for ; r.Start < r.End; r.Start++ {
			in[r.Start] = true
		}
	}
	bounds := s.Chunks()
	for c := range len(bounds) - 1 {
		tag, err := s.Chunk(ctx, 2, c, 0, bounds[c+1]-bounds[c])
		if err != nil {
			p.t.Fatal(err)
		}
		at, err := s.Chunk(ctx, 3, c, 0, bounds[c+1]-bounds[c])
		if err != nil {
			p.t.Fatal(err)
		}
		for i := range at.Len {
			holds := !tag.Null(i) && tag.Ints[i] <= int64(n)
			if got := in[bounds[c]+i]; got && !holds || !got && holds && times.Contains(at.Ints[i]) {
				p.t.Fatalf("%s: row %d, tag %s, time %d: in ranges %v for <= %d in %s", s.Name(), bounds[c]+i, tag.At(i), at.Ints[i], got, n, times)
			}
		}
	}
}
