package sst

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// What is lent is what Chunk gives, whatever was lent before in the same memory, and whatever parts were asked for.
func TestLend(t *testing.T) {
	ctx := context.Background()
	lent := 0
	for seed := range 10 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		d := randomData(rnd, allTypes(), 10, 300, 0.2*float64(seed%2))
		data, _ := d.write(t, WriterOptions{RowGroupRows: 1500, PageRows: 64 * (1 + rnd.Intn(8))}, 1000)
		f, err := newReader(t).Open(ctx, "f", memBlob(data), nil)
		if err != nil {
			t.Fatal(err)
		}
		src := f.View(d.schema, &Stats{}).(source.Lender)
		twin, err := newReader(t).Open(ctx, "f", memBlob(data), nil)
		if err != nil {
			t.Fatal(err)
		}
		plain := twin.View(d.schema, nil)
		ids := []model.ColumnID{model.ColumnSequence, model.ColumnOpType, 999}
		for _, c := range d.schema.Columns {
			ids = append(ids, c.ID)
		}
		for range 400 {
			id := ids[rnd.Intn(len(ids))]
			chunk := rnd.Intn(len(src.Chunks()) - 1)
			n := src.Chunks()[chunk+1] - src.Chunks()[chunk]
			from := rnd.Intn(n)
			to := from + 1 + rnd.Intn(n-from)
			l := src.Lend(id, chunk, from, to, from)
			if l == nil {
				continue
			}
			lent++
			for range 4 {
				a := from + rnd.Intn(to-from)
				b := a + 1 + rnd.Intn(to-a)
				v, base, err := l.Rows(ctx, a, b)
				if err != nil {
					t.Fatal(err)
				}
				want, err := plain.Chunk(ctx, id, chunk, a, b)
				if err != nil {
					t.Fatal(err)
				}
				for i := a; i < b; i++ {
					if x, y := v.At(i-base), want.At(i); !sameValue(x, y) {
						t.Fatalf("column %d, row %d of chunk %d: %s, not %s", id, i, chunk, x, y)
					}
				}
			}
			l.Return()
		}
	}
	if lent < 500 {
		t.Errorf("lent only %d times", lent)
	}
}

// A part that is asked for again goes to the cache, and so does a chunk.
func TestLendOnce(t *testing.T) {
	s := cpuSchema(model.Int64)
	batch := cpuBatch(s, 10, 4000, false)
	var out bytes.Buffer
	w, err := NewWriter(&out, s, WriterOptions{PageRows: 1024})
	if err == nil {
		err = w.Append(batch)
	}
	if err == nil {
		_, err = w.Finish()
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := newReader(t).Open(context.Background(), "f", memBlob(out.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	src := f.View(s, nil).(source.Lender)
	for _, x := range []struct {
		col          model.ColumnID
		from, to, at int
		lent         bool
	}{
		{12, 0, 4000, 0, true},
		{12, 4000, 8000, 4000, true},  // another part
		{12, 0, 4000, 0, false},       // the first one again
		{12, 0, 40_000, 0, false},     // its chunk is there now
		{13, 0, 40_000, 0, true},      // another column as a whole
		{13, 0, 4000, 0, true},        // which says nothing of its parts
		{13, 0, 40_000, 0, false},     // again
		{14, 8192, 9000, 8192, true},  // a page
		{14, 8192, 9000, 8192, false}, // again
	} {
		l := src.Lend(x.col, 0, x.from, x.to, x.at)
		if (l != nil) != x.lent {
			t.Fatalf("%+v: %v", x, l)
		}
		if l != nil {
			l.Return()
		} else if _, err := src.Chunk(context.Background(), x.col, 0, x.from, x.to); err != nil {
			t.Fatal(err)
		}
	}
}

// An hour of one host, asked for once: beside it the same into the cache, as it was done before.
func BenchmarkFirstTouch(b *testing.B) {
	s := cpuSchema(model.Int64)
	batch := cpuBatch(s, 100, 4000, false)
	var out bytes.Buffer
	w, _ := NewWriter(&out, s, WriterOptions{})
	if err := w.Append(batch); err != nil {
		b.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		b.Fatal(err)
	}
	r := newReader(b)
	f, err := r.Open(context.Background(), "f", memBlob(out.Bytes()), nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	src := f.View(s, nil)
	for _, n := range []int{360, 102_400} {
		b.Run(fmt.Sprintf("cache/%d", n), func(b *testing.B) {
			begin := cpuTime()
			for b.Loop() {
				r.chunks.Shrink(1 << 40)
				if _, err := src.Chunk(ctx, 15, 1, 0, n); err != nil {
					b.Fatal(err)
				}
			}
			reportCPU(b, begin, 1, "Mchunks/cpu-s")
		})
		b.Run(fmt.Sprintf("lent/%d", n), func(b *testing.B) {
			begin := cpuTime()
			for i := 0; b.Loop(); i++ {
				other := &File{r: r, name: fmt.Sprint(i), blob: f.blob, meta: f.meta} // another file each time, as far as the cache can tell
				l := other.View(s, nil).(source.Lender).Lend(15, 1, 0, n, 0)
				if l == nil {
					continue // taken for one that came before
				}
				if _, _, err := l.Rows(ctx, 0, n); err != nil {
					b.Fatal(err)
				}
				l.Return()
			}
			reportCPU(b, begin, 1, "Mchunks/cpu-s")
		})
	}
}
