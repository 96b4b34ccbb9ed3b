package memtable

import (
	"fmt"
	"math/rand"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// checkGroup reads the rows of one value of the leading tag and compares them with the model's up to a sequence.
func (p *plain) checkGroup(s *Snapshot, lead int32, upTo model.Sequence) (grouped bool) {
	p.t.Helper()
	v := model.IntValue(model.Int32, int64(lead))
	pred := model.And(model.Compare(model.OpEq, 2, v), model.Compare(model.OpGe, 11, model.IntValue(model.Int8, -100)))
	sources := s.SourcesOf(p.schema, model.AllTime, pred)
	for _, x := range sources {
		if _, ok := x.(*shareSource); !ok {
			return false // all rows
		}
	}
	seen := map[model.Sequence]bool{}
	for _, x := range sources {
		p.checkSource(x, seen)
		p.checkPrune(x)
	}
	want := 0
	for seq, row := range p.rows {
		if x := row.values[2]; seq < upTo && !x.Null() && x.Type == model.Int32 && x.Int == v.Int {
			want++
			if !seen[seq] {
				p.t.Fatalf("row of sequence %d of value %d is not there", seq, lead)
			}
		}
	}
	if len(seen) != want {
		p.t.Fatalf("%d rows of value %d, not %d", len(seen), lead, want)
	}
	return true
}

// TestGroupsAgainstPlainRows asks for one value of the leading tag, beside readers of everything.
func TestGroupsAgainstPlainRows(t *testing.T) {
	grouped := 0
	for seed := range int64(12) {
		r := rand.New(rand.NewSource(seed))
		p := &plain{t: t, r: r, schema: testSchema(), rows: map[model.Sequence]*plainRow{}, next: 1, card: 20 + r.Intn(30)}
		m, err := New(7, p.schema, Options{Window: []int64{0, 10, 1000}[r.Intn(3)], ChunkRows: []int{64, 4096, 4096}[r.Intn(3)]})
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
		some := func() int32 { return int32(r.Intn(p.card + 1)) }
		for range 10 {
			p.write(r.Intn(3000), dict)
			if p.checkGroup(m.Snapshot(), some(), p.next) {
				grouped++
			}
			switch r.Intn(5) {
			case 0:
				old = append(old, pinned{m.Snapshot(), p.next})
			case 1:
				p.check(m.Snapshot().Sources(p.schema, model.AllTime), p.next)
			case 2:
				p.alter()
			}
		}
		for _, o := range old {
			p.checkGroup(o.s, some(), o.upTo)
		}
		m.Freeze()
		p.checkGroup(m.Snapshot(), some(), p.next)
		fs, err := m.FlushSources(p.schema)
		if err != nil {
			t.Fatal(err)
		}
		p.check(fs, p.next)
		p.checkGroup(m.Snapshot(), some(), p.next)
		p.check(m.Snapshot().Sources(p.schema, model.AllTime), p.next)
		p.checkGroup(m.Snapshot(), some(), p.next)
	}
	if grouped < 60 {
		t.Errorf("%d readings only were of groups", grouped)
	}
}

// TestGroupsBesideWriter has readers of several values at once while rows come: each sees all rows of its value.
func TestGroupsBesideWriter(t *testing.T) {
	schema := &model.Schema{TimeIndex: 2, PrimaryKey: []model.ColumnID{1, 3}, NextColumn: 5, Columns: []model.Column{
		{ID: 1, Name: "table", Type: model.Uint32, Semantic: model.TagColumn},
		{ID: 2, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
		{ID: 3, Name: "host", Type: model.String, Nullable: true, Semantic: model.TagColumn},
		{ID: 4, Name: "v", Type: model.Float64, Nullable: true}}}
	m, err := New(1, schema, Options{ChunkRows: 4096})
	if err != nil {
		t.Fatal(err)
	}
	const tables, hosts, rounds = 20, 10, 100
	write := func(ts int64) {
		w := tableBatch(tables, hosts, ts)
		if err := m.Write(w, model.Sequence(ts*tables*hosts+1)); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for ts := range int64(rounds) {
		write(ts)
		snap := m.Snapshot()
		for r := range 2 {
			wg.Go(func() {
				table := (int(ts) + r) % tables
				rows := 0
				for _, s := range snap.SourcesOf(schema, model.AllTime, model.Compare(model.OpEq, 1, model.IntValue(model.Uint32, int64(table)))) {
					rows += matching(t, s, table)
				}
				if rows != (int(ts)+1)*hosts {
					t.Errorf("%d rows of table %d after %d rounds", rows, table, ts+1)
				}
			})
		}
	}
	wg.Wait()
}

// matching counts the rows of a table, and looks at their values.
func matching(t *testing.T, s source.Source, table int) (n int) {
	get := func(id model.ColumnID) *model.Vector {
		v, err := s.Chunk(t.Context(), id, 0, 0, s.Rows())
		if err != nil {
			t.Error(err)
		}
		return v
	}
	tables, values, times := get(1), get(4), get(2)
	for i := range s.Rows() {
		if tables.Ints[i] != int64(table) {
			continue
		}
		n++
		if values.Floats[i] != float64(int64(table)+times.Ints[i]) {
			t.Errorf("table %d at %d: %v", table, times.Ints[i], values.Floats[i])
		}
	}
	return n
}

// tableBatch is a row of each of some hosts of each of some tables.
func tableBatch(tables, hosts int, ts int64) *contract.RegionWrite {
	n := tables * hosts
	b := &model.Batch{Len: n, Cols: []*model.Vector{model.NewVector(model.Uint32, n), model.ConstVector(model.IntValue(model.Timestamp(model.Millisecond), ts), n),
		model.NewVector(model.String, n), model.NewVector(model.Float64, n)}}
	for i := range n {
		b.Cols[0].AppendInt(int64(i % tables))
		b.Cols[2].AppendString(fmt.Sprintf("host-%d", i/tables))
		b.Cols[3].AppendFloat(float64(int64(i%tables) + ts))
	}
	return &contract.RegionWrite{Op: model.OpPut, Columns: []model.ColumnID{1, 2, 3, 4}, Rows: b}
}
