package sst

import (
	"context"
	"math"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// Many readers of the same chunks, some of them evicted meanwhile.
func TestConcurrentChunks(t *testing.T) {
	d := randomData(rand.New(rand.NewSource(1)), allTypes(), 10, 100, 0.2)
	data, _ := d.write(t, WriterOptions{RowGroupRows: 500, PageRows: 64}, 1000)
	for _, size := range []int64{1 << 30, 1 << 17, 1} { // room for all, for some, for nothing
		r, err := NewReader(ReaderOptions{Budget: budget.New(size)})
		if err != nil {
			t.Fatal(err)
		}
		f, err := r.Open(context.Background(), "f", memBlob(data), nil)
		if err != nil {
			t.Fatal(err)
		}
		src := f.View(d.schema, &Stats{})
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				rnd := rand.New(rand.NewSource(int64(g)))
				for range 20 {
					from := rnd.Intn(d.rows)
					if err := d.checkRows(src, from, min(d.rows, from+rnd.Intn(100))); err != nil {
						t.Error(err)
						return
					}
					if _, err := src.Series(context.Background()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		r.Close()
	}
}

// Prune never loses a row that matches, and finds time ranges.
func TestPrune(t *testing.T) {
	ctx := context.Background()
	for seed := range 20 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		d := randomData(rnd, allTypes(), 8, 100, 0.3)
		data, _ := d.write(t, WriterOptions{RowGroupRows: 300, PageRows: 64}, 1000)
		f, err := newReader(t).Open(ctx, "f", memBlob(data), nil)
		if err != nil {
			t.Fatal(err)
		}
		src := f.View(d.schema, nil)
		pruned := 0
		for range 200 {
			e := randomExpr(rnd, d, 2)
			times := model.AllTime
			if rnd.Intn(2) == 0 {
				v := d.cols[d.schema.TimeIndex].Ints
				times = model.TimeRange{Start: v[rnd.Intn(len(v))], End: v[rnd.Intn(len(v))]}
			}
			ranges, err := src.Prune(ctx, e, times)
			if err != nil {
				t.Fatal(err)
			}
			keep := make([]bool, d.rows)
			last := -1
			for _, r := range ranges {
				if r.Start <= last || r.End <= r.Start || r.End > d.rows {
					t.Fatalf("ranges %v", ranges)
				}
				last = r.End - 1
				for i := r.Start; i < r.End; i++ {
					keep[i] = true
				}
			}
			some := randomRanges(rnd, d.rows)
			within, err := src.(source.Narrower).PruneWithin(ctx, e, times, some)
			if want := intersect(some, ranges); err != nil || !slices.Equal(within, want) {
				t.Fatalf("%s in %s: of rows %v %v are left, %v, want %v", e, times, some, within, err, want)
			}
			for i := range d.rows {
				if !keep[i] {
					pruned++
					if times.Contains(d.cols[d.schema.TimeIndex].Ints[i]) && matches(d, e, i) {
						t.Fatalf("row %d matches %s in %s, but was pruned", i, e, times)
					}
				}
			}
		}
		if pruned == 0 {
			t.Error("nothing was ever pruned")
		}
	}
}

// randomRanges is some rows of n: ascending ranges that do not touch.
func randomRanges(rnd *rand.Rand, n int) (out []source.RowRange) {
	for at := rnd.Intn(n); at < n; at += 1 + rnd.Intn(n/3) {
		end := min(n, at+1+rnd.Intn(n/3))
		out = append(out, source.RowRange{Start: at, End: end})
		at = end
	}
	return out
}

func randomExpr(rnd *rand.Rand, d *testData, depth int) *model.Expr {
	if depth > 0 && rnd.Intn(2) == 0 {
		op := []model.Op{model.OpAnd, model.OpOr}[rnd.Intn(2)]
		return &model.Expr{Op: op, Args: []*model.Expr{randomExpr(rnd, d, depth-1), randomExpr(rnd, d, depth-1)}}
	}
	c := d.schema.Columns[rnd.Intn(len(d.schema.Columns))]
	e := &model.Expr{Op: model.OpEq + model.Op(rnd.Intn(int(model.OpNotNull-model.OpEq)+1)), Column: c.ID}
	for range 1 + rnd.Intn(2) {
		v := d.cols[c.ID].At(rnd.Intn(d.rows))
		if v.Null() {
			v = randomValue(rnd, c.Type, rnd.Intn(4), 3)
		}
		if c.Type.Class() == model.ClassFloat && rnd.Intn(10) == 0 {
			v.Float = []float64{math.Inf(1), math.NaN(), 0, math.Inf(-1)}[rnd.Intn(4)]
		}
		e.Values = append(e.Values, v)
	}
	return e
}

func matches(d *testData, e *model.Expr, row int) bool {
	switch e.Op {
	case model.OpAnd:
		return matches(d, e.Args[0], row) && matches(d, e.Args[1], row)
	case model.OpOr:
		return matches(d, e.Args[0], row) || matches(d, e.Args[1], row)
	}
	v := d.cols[e.Column].At(row)
	if e.Op == model.OpIsNull || v.Null() {
		return e.Op == model.OpIsNull && v.Null()
	}
	c := v.Compare(e.Values[0])
	in := false
	for _, x := range e.Values {
		in = in || v.Compare(x) == 0
	}
	switch e.Op {
	case model.OpEq:
		return c == 0
	case model.OpNe:
		return c != 0
	case model.OpLt:
		return c < 0
	case model.OpLe:
		return c <= 0
	case model.OpGt:
		return c > 0
	case model.OpGe:
		return c >= 0
	case model.OpIn:
		return in
	case model.OpNotIn:
		return !in
	}
	return true // IS NOT NULL
}

// One page of a long chunk is read for one row.
func TestReadsOnePage(t *testing.T) {
	d := randomData(rand.New(rand.NewSource(2)), allTypes(), 20, 200, 0)
	data, _ := d.write(t, WriterOptions{PageRows: 128}, 10_000)
	f, err := newReader(t).Open(context.Background(), "f", memBlob(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	var stats Stats
	src := f.View(d.schema, &stats)
	if _, err := src.Chunk(context.Background(), d.schema.TimeIndex, 0, 1000, 1001); err != nil {
		t.Fatal(err)
	}
	k := &f.meta.groups[0].chunks[f.meta.byID[d.schema.TimeIndex]]
	if got, want := stats.BytesRead.Load(), int64(k.pages[k.pageOf(1000)].size); got != want || stats.Misses.Load() != 1 {
		t.Fatalf("read %d bytes, not %d", got, want)
	}
	if _, err := src.Chunk(context.Background(), d.schema.TimeIndex, 0, 1001, 1010); err != nil || stats.Hits.Load() != 1 {
		t.Fatal(err, stats.Hits.Load())
	}
}
