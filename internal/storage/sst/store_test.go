package sst

import (
	"context"
	"math/rand"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// A lost or damaged index file costs time, not answers; a damaged tag column then is an error.
func TestIndexFile(t *testing.T) {
	ctx := context.Background()
	d := randomData(rand.New(rand.NewSource(3)), allTypes(), 10, 50, 0.1)
	store := memory.New(memory.Options{})
	write := func(id string) Info {
		w, err := Create(ctx, store, "data/r", id, d.schema, WriterOptions{RowGroupRows: 200})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		b := &Batch{Rows: d.rows, Time: d.cols[d.schema.TimeIndex].Ints, Seq: d.cols[model.ColumnSequence].Ints, Ops: d.cols[model.ColumnOpType].Ints}
		b.Table, b.Runs = d.table(t, 0, d.rows)
		for _, c := range d.schema.Fields() {
			b.Fields = append(b.Fields, d.cols[c.ID])
		}
		if err := w.Append(b); err != nil {
			t.Fatal(err)
		}
		info, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	if info := write("a"); info.IndexBytes == 0 || info.Bytes == 0 {
		t.Fatalf("%+v", info)
	}
	index, err := store.Get(ctx, "data/r/index/a.puffin")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := d.table(t, 0, d.rows)
	check := func(what string, rebuilds float64) {
		t.Helper()
		r := newReader(t)
		h, err := r.OpenFile(ctx, store, "data/r", "a")
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		got, err := h.View(d.schema, nil).Series(ctx)
		if err != nil {
			t.Fatal(what, err)
		}
		for s := range want.Len() {
			for tag := range want.Tags {
				if got.Value(tag, s) != want.Value(tag, s) {
					t.Fatalf("%s: series %d, tag %d is %v, not %v", what, s, tag, got.Value(tag, s), want.Value(tag, s))
				}
			}
		}
		var m dto.Metric
		if err := r.rebuilt.Write(&m); err != nil {
			t.Fatal(err)
		}
		if n := m.GetCounter().GetValue(); n != rebuilds {
			t.Errorf("%s: %v rebuilds, not %v", what, n, rebuilds)
		}
	}
	put := func(b []byte) {
		t.Helper()
		if err := store.Put(ctx, "data/r/index/a.puffin", b); err != nil {
			t.Fatal(err)
		}
	}
	check("whole", 0)
	for i := range 200 {
		b := append([]byte{}, index...)
		bit := (i*997 + 40) % (8 * len(b))
		b[bit/8] ^= 1 << (bit % 8)
		put(b)
		if bit >= 32 { // the head is not read
			check("flipped bit", 1)
		}
	}
	put(index[:len(index)/2])
	check("cut", 1)
	if err := store.Delete(ctx, "data/r/index/a.puffin"); err != nil {
		t.Fatal(err)
	}
	check("missing", 1)
	d = randomData(rand.New(rand.NewSource(4)), allTypes(), 11, 50, 0.1)
	write("b")
	other, err := store.Get(ctx, "data/r/index/b.puffin")
	if err != nil {
		t.Fatal(err)
	}
	put(other)
	check("another file's", 1)
}

// A file read through a newer schema: a column more, a type changed, a tag more, a column dropped; and through an older one.
func TestOtherSchema(t *testing.T) {
	ctx := context.Background()
	old := allTypes()
	d := randomData(rand.New(rand.NewSource(5)), old, 10, 50, 0.1)
	data, _ := d.write(t, WriterOptions{RowGroupRows: 200, PageRows: 64}, 1000)
	f, err := newReader(t).Open(ctx, "f", memBlob(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := old.Clone()
	s.Version++
	def := model.IntValue(model.Int64, 42)
	s.Columns = append(s.Columns, model.Column{ID: 50, Name: "plus", Type: model.Int64, Nullable: true, Default: &model.Default{Value: def}},
		model.Column{ID: 51, Name: "null", Type: model.String, Nullable: true},
		model.Column{ID: 52, Name: "zone", Type: model.String, Nullable: true, Semantic: model.TagColumn})
	s.PrimaryKey = append(s.PrimaryKey, 52)
	s.NextColumn = 60
	s.Column(12).Type = model.Int64   // was int16
	s.Column(14).Type = model.Float64 // was int64
	s.Column(20).Type = model.String  // was float64
	s.Columns = append(s.Columns[:3:3], s.Columns[4:]...)
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	src := f.View(s, nil)
	chunks := src.Chunks()
	at := func(id model.ColumnID, row int) model.Value {
		t.Helper()
		c := 0
		for row >= chunks[c+1] {
			c++
		}
		v, err := src.Chunk(ctx, id, c, row-chunks[c], row-chunks[c]+1)
		if err != nil {
			t.Fatal(err)
		}
		if v.Len != chunks[c+1]-chunks[c] {
			t.Fatalf("column %d: chunk of %d rows", id, v.Len)
		}
		return v.At(row - chunks[c])
	}
	for row := 0; row < d.rows; row += 7 {
		if got := at(50, row); got.Int != 42 || got.Null() {
			t.Fatalf("default is %v", got)
		}
		if !at(51, row).Null() || !at(52, row).Null() {
			t.Fatal("a missing column is not NULL")
		}
		if got, w := at(12, row), d.cols[12].At(row); got.Null() != w.Null() || !w.Null() && (got.Int != w.Int || got.Type != model.Int64) {
			t.Fatalf("int16 as int64 is %v, not %v", got, w)
		}
		if got, w := at(14, row), d.cols[14].At(row); got.Null() != w.Null() || !w.Null() && got.Float != float64(w.Int) {
			t.Fatalf("int64 as float64 is %v, not %v", got, w)
		}
		if got, w := at(20, row), d.cols[20].At(row); got.Null() != w.Null() || !w.Null() && got.Bytes != w.String() {
			t.Fatalf("float64 as string is %v, not %v", got, w)
		}
	}
	if _, err := src.Chunk(ctx, s.Columns[2].ID, 0, 0, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Chunk(ctx, old.Columns[3].ID, 0, 0, 1); !errs.Is(err, errs.TableColumnNotFound) {
		t.Fatalf("dropped column: %v", err)
	}
	table, err := src.Series(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ids, _ := series.TagsOf(s)
	if len(table.Tags) != len(ids) || !table.Value(2, 0).Null() {
		t.Fatalf("tags %v", table.Tags)
	}
}
