package memtable

import (
	"fmt"
	"math/rand"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TestReadersBesideWriter has readers check, while rows are written, that each snapshot is the rows of all sequences up to some point at or
// after what was acknowledged when it was taken. It is meant for the race detector.
func TestReadersBesideWriter(t *testing.T) {
	s := &model.Schema{Version: 1, TimeIndex: 2, PrimaryKey: []model.ColumnID{1}, NextColumn: 7}
	for i, typ := range []model.Type{model.String, model.Timestamp(model.Millisecond), model.Int64, model.String, model.Bool, model.String} {
		s.Columns = append(s.Columns, model.Column{ID: model.ColumnID(i + 1), Name: fmt.Sprint("c", i), Type: typ, Nullable: i != 1,
			Semantic: map[int]model.Semantic{0: model.TagColumn, 1: model.TimeColumn}[i]})
	}
	m, err := New(1, s, Options{Window: 1000, ChunkRows: 4096})
	if err != nil {
		t.Fatal(err)
	}
	// The row of a sequence: tag and fields tell it.
	tag := func(q int64) string { return fmt.Sprintf("t%d", q*7%(50+q/100)) }
	var acked atomic.Int64
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for last := false; !last; {
				last = done.Load()
				least := acked.Load()
				snap := m.Snapshot()
				n := int64(snap.Rows())
				if n < least {
					t.Errorf("snapshot has %d rows, %d were acknowledged", n, least)
					return
				}
				sum := int64(0)
				for _, src := range snap.Sources(s, model.AllTime) {
					cols := make([]*model.Vector, 6)
					for i, id := range []model.ColumnID{1, model.ColumnSequence, 3, 4, 5, 6} {
						v, err := src.Chunk(t.Context(), id, 0, 0, src.Rows())
						if cols[i] = v; err != nil {
							t.Error(err)
							return
						}
					}
					for i := range src.Rows() {
						q := cols[1].Ints[i]
						sum += q
						if string(cols[0].BytesAt(i)) != tag(q) || cols[2].Null(i) != (q%3 == 0) || q%3 != 0 && cols[2].Ints[i] != q*2 ||
							string(cols[3].BytesAt(i)) != fmt.Sprint("p", q) || cols[4].Bools[i] != (q%2 == 0) || string(cols[5].BytesAt(i)) != tag(q) {
							t.Errorf("row of sequence %d is wrong", q)
							return
						}
					}
				}
				if sum != n*(n+1)/2 {
					t.Errorf("snapshot of %d rows has sequences that sum up to %d", n, sum)
					return
				}
			}
		})
	}
	r := rand.New(rand.NewSource(1))
	for q := int64(1); q < 6_000 && !t.Failed(); {
		n := int64(1 + r.Intn(300))
		w := &contract.RegionWrite{Op: model.OpPut, Columns: []model.ColumnID{1, 2, 3, 4, 5, 6}, Rows: &model.Batch{Len: int(n)}}
		for i := range s.Columns {
			w.Rows.Cols = append(w.Rows.Cols, model.NewVector(s.Columns[i].Type, int(n)))
		}
		c := w.Rows.Cols
		*c[5] = model.Vector{Type: model.String, Dict: &model.Dict{}}
		for x := q; x < q+n; x++ {
			c[0].AppendString(tag(x))
			c[1].AppendInt(x / 8)
			if x%3 == 0 {
				c[2].AppendNull()
			} else {
				c[2].AppendInt(x * 2)
			}
			c[3].AppendString(fmt.Sprint("p", x))
			c[4].AppendBool(x%2 == 0)
			c[5].AppendCode(c[5].Dict.AppendString(tag(x)))
		}
		if err := m.Write(w, model.Sequence(q)); err != nil {
			t.Error(err)
			break
		}
		q += n
		acked.Store(q - 1)
	}
	done.Store(true)
	wg.Wait()
}

// TestBytesIsTrue compares the account with the heap, as written, after queries, and frozen.
func TestBytesIsTrue(t *testing.T) {
	f := newFleet(3000, false)
	w := f.batch(0, 3000, 0)
	heap := func() int64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&s)
		return int64(s.HeapAlloc)
	}
	base := heap()
	m, err := New(1, f.schema, Options{Window: 400_000})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		setTime(w, int64(i)*10_000)
		if err := m.Write(w, model.Sequence(1+i*3000)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string) {
		t.Helper()
		held, counted := heap()-base, m.Bytes()
		t.Logf("%s: %d held, %d counted", when, held, counted)
		if d := held - counted; d > held/8 || d < -held/8 {
			t.Errorf("%s: %d bytes are held, %d counted", when, held, counted)
		}
	}
	check("written")
	read(t, m.Snapshot().Sources(f.schema, model.AllTime), nil)
	check("read")
	m.Freeze()
	check("frozen")
	for _, s := range m.Snapshot().Sources(f.schema, model.AllTime) {
		for id := model.ColumnID(12); id < 22; id++ {
			if _, err := s.Chunk(t.Context(), id, 0, 0, s.Rows()); err != nil {
				t.Fatal(err)
			}
		}
	}
	check("sorted")
	runtime.KeepAlive(w)
	runtime.KeepAlive(f)
}
