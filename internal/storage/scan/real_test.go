package scan

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/storage/memtable"
	"github.com/goptimedb/goptimedb/internal/storage/source"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// realWorld is a world whose rows are in memtables and files. frozen memtables are read as a flush reads them.
func realWorld(t *testing.T, seed uint64, files *sst.Reader, flushed bool) (*world, Options) {
	w := newWorld(t, seed)
	store := memory.New(memory.Options{})
	var mem, disk []source.Source
	for i, s := range w.sources {
		p := s.(*plainSource)
		if w.rng.IntN(2) == 0 {
			mem = append(mem, memtableOf(t, w, p, uint64(i), flushed)...)
		} else {
			disk = append(disk, fileOf(t, w, p, files, store, fmt.Sprintf("%d-%d", seed, i)))
		}
	}
	w.sources = append(mem, disk...)
	o := w.options()
	o.Memtables = len(mem)
	return w, o
}

// memtableOf writes the rows in the order of their sequences, those that follow one another in one write.
func memtableOf(t *testing.T, w *world, p *plainSource, id uint64, flushed bool) []source.Source {
	t.Helper()
	o := memtable.Options{ChunkRows: []int{0, 1 << 4, 1 << 8, 1 << 12}[w.rng.IntN(4)]}
	if w.rng.IntN(3) == 0 {
		o.Window = 1 + w.rng.Int64N(200)
	}
	m, err := memtable.New(id, w.schema, o)
	if err != nil {
		t.Fatal(err)
	}
	rows := slices.Clone(p.rows)
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.seq, b.seq) })
	for i := 0; i < len(rows); {
		first := rows[i]
		j := i + 1
		for j < len(rows) && rows[j].seq == rows[j-1].seq+1 && rows[j].op == first.op && w.rng.IntN(20) > 0 {
			j++
		}
		b := &model.Batch{Len: j - i}
		rw := contract.RegionWrite{Op: first.op, Rows: b}
		for _, c := range w.schema.Columns {
			if first.op == model.OpDelete && c.Semantic == model.FieldColumn {
				continue
			}
			v := model.NewVector(c.Type, j-i)
			for _, r := range rows[i:j] {
				v.AppendValue(r.value(w.schema, c.ID))
			}
			rw.Columns, b.Cols = append(rw.Columns, c.ID), append(b.Cols, v)
		}
		if err := m.Write(&rw, model.Sequence(first.seq)); err != nil {
			t.Fatal(err)
		}
		if w.rng.IntN(10) == 0 { // a query in between leaves sorted runs behind
			for _, s := range m.Snapshot().Sources(w.schema, model.AllTime) {
				if _, err := s.Series(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		i = j
	}
	if !flushed {
		return m.Snapshot().Sources(w.schema, model.AllTime)
	}
	m.Freeze()
	sources, err := m.FlushSources(w.schema)
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// fileOf writes the rows to a file and opens it.
func fileOf(t *testing.T, w *world, p *plainSource, files *sst.Reader, store *memory.Store, id string) source.Source {
	t.Helper()
	f, err := sst.Create(t.Context(), store, "region/", id, w.schema, sst.WriterOptions{RowGroupRows: []int{0, 7, 200}[w.rng.IntN(3)], PageRows: 64})
	if err != nil {
		t.Fatal(err)
	}
	b := sst.Batch{Rows: len(p.rows), Table: p.table}
	for _, c := range w.schema.Fields() {
		v := model.NewVector(c.Type, len(p.rows))
		for _, r := range p.rows {
			v.AppendValue(r.value(w.schema, c.ID))
		}
		b.Fields = append(b.Fields, v)
	}
	for _, r := range p.rows {
		b.Time, b.Seq, b.Ops = append(b.Time, r.ts), append(b.Seq, int64(r.seq)), append(b.Ops, int64(r.op))
	}
	for i := range p.table.Len() {
		b.Runs = append(b.Runs, sst.Run{Series: uint32(i), Start: int(p.table.Start[i]), End: int(p.table.Start[i+1])})
	}
	if err := f.Append(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	h, err := files.OpenFile(t.Context(), store, "region/", id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h.View(w.schema, nil)
}

// TestRealSources asks memtables and files what TestRowsAgainstModel and its like ask sources that are made for the test.
func TestRealSources(t *testing.T) {
	files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(64 << 20)})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	for seed := range uint64(cases) {
		w, o := realWorld(t, seed, files, false)
		for range 3 {
			checkRowsOf(t, seed, w, o, w.request())
			checkAggregateOf(t, seed, w, o, w.aggregateRequest())
		}
		w, o = realWorld(t, seed, files, true)
		checkMerge(t, seed, w, o)
		if t.Failed() {
			return
		}
	}
}

// TestNewestOfMany asks for a few rows by time, which are looked for in windows of time.
func TestNewestOfMany(t *testing.T) {
	for seed := range uint64(cases) {
		w := newWorld(t, seed)
		for range 4 {
			req := w.request()
			req.Order, req.Limit = []contract.Order{contract.OrderTimeAsc, contract.OrderTimeDesc}[w.rng.IntN(2)], 1+w.rng.Int64N(4)
			req.Projection = nil
			checkRows(t, seed, w, req)
		}
		if t.Failed() {
			return
		}
	}
}
