package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// shelf is a store in memory with faults, and a clock far enough ahead that everything in it has lingered.
type shelf struct {
	*fault.Store
	mem   *memory.Store
	ahead atomic.Int64 // nanoseconds
}

func newShelf() *shelf {
	m := memory.New(memory.Options{})
	return &shelf{Store: fault.Wrap(m), mem: m}
}

// tune makes an engine stand on the shelf. Its garbage lingers for an hour.
func (s *shelf) tune(o *Options) {
	o.Store = s.Store
	o.GC = GCOptions{Interval: time.Hour, Lingering: time.Minute, UnknownLingering: time.Hour}
	o.Now = func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }
}

// wait puts the clock forward.
func (s *shelf) wait(d time.Duration) { s.ahead.Add(int64(d)) }

// files are the data and index files of the test region.
func (s *shelf) files(t *testing.T) (out []string) {
	t.Helper()
	for o, err := range objectstore.All(context.Background(), s.mem, "data/") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(o.Key, ".parquet") || strings.HasSuffix(o.Key, ".puffin") {
			out = append(out, o.Key)
		}
	}
	return out
}

// TestGarbageOfFailedJobs ends flushes and compactions at each of their steps, by an error or by the end of the process. Afterwards nothing
// that was acknowledged is gone, and after a collection of garbage only files that the manifest names are there.
func TestGarbageOfFailedJobs(t *testing.T) {
	steps := []string{"flush.files", "flush.commit", "compact.files", "compact.commit", "expire.commit"}
	for _, step := range steps {
		for _, after := range []bool{false, true} {
			for _, crash := range []bool{false, true} {
				t.Run(fmt.Sprint(step, after, crash), func(t *testing.T) {
					s, fs := newShelf(), crashfs.New()
					var failing atomic.Bool // the background asks too
					tune := func(o *Options) {
						s.tune(o)
						o.Listener.Step = func(_ model.RegionID, name string, a bool) error {
							if failing.Load() && name == step && a == after {
								return errors.New("injected")
							}
							return nil
						}
					}
					n, err := start(t, fs, "/d", tune)
					if err != nil {
						t.Fatal(err)
					}
					ctx := t.Context()
					if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
						t.Fatal(err)
					}
					sc := &script{r: rand.New(rand.NewPCG(7, 7)), mode: contract.MergeLastRow, have: state{}}
					for i := range 20 {
						failing.Store(i%5 == 4)
						rows := sc.rows()
						if _, err := n.eng.Write(ctx, put(model.OpPut, rows...)); err != nil {
							t.Fatal(err)
						}
						sc.have.apply(sc.mode, model.OpPut, rows...)
						_ = n.eng.Flush(ctx, region0)
						if i%3 == 0 {
							_ = n.eng.Compact(ctx, contract.CompactRequest{Region: region0, Strict: i%2 == 0, Window: 3 * time.Hour})
						}
						if crash && failing.Load() { // the files that a job left are nobody's after this
							if err := n.stop(); err != nil {
								t.Fatal(err)
							}
							failing.Store(false)
							if n, err = start(t, fs, "/d", tune); err != nil {
								t.Fatal(err)
							}
							if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
								t.Fatal(err)
							}
						}
					}
					failing.Store(false)
					if err := n.eng.Flush(ctx, region0); err != nil {
						t.Fatal(err)
					}
					s.wait(2 * time.Hour)
					// What the background would merge is merged, so that it adds and removes no file from here on.
					if err := n.eng.Compact(ctx, contract.CompactRequest{Region: region0}); err != nil {
						t.Fatal(err)
					}
					n.eng.collectGarbage(ctx)
					got, err := n.scanAll(ctx)
					if err != nil {
						t.Fatal(err)
					}
					if d := diff(got, sc.have); d != "" {
						t.Fatal(d)
					}
					st, err := n.eng.Statistics(ctx, nil)
					if err != nil {
						t.Fatal(err)
					}
					if have := s.files(t); len(have) != 2*st[0].SSTFiles {
						t.Errorf("%d files of %d: %v", len(have), 2*st[0].SSTFiles, have)
					}
					if err := n.stop(); err != nil {
						t.Fatal(err)
					}
				})
			}
		}
	}
}

// TestGarbageLingers checks what stays: young files, files of others, files that a scan or a job uses, and index files of later versions.
func TestGarbageLingers(t *testing.T) {
	s := newShelf()
	n, err := start(t, crashfs.New(), "/d", s.tune)
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	ctx := t.Context()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: fmt.Sprint(i), ts: int64(i)})); err != nil {
			t.Fatal(err)
		}
		if err := n.eng.Flush(ctx, region0); err != nil {
			t.Fatal(err)
		}
	}
	r, err := n.eng.region(region0)
	if err != nil {
		t.Fatal(err)
	}
	stranger, claimed := uuid.NewString(), uuid.NewString()
	for _, key := range []string{sst.DataKey(r.dir, stranger), sst.IndexKey(r.dir, stranger, 0), sst.DataKey(r.dir, claimed), r.dir + "notes.txt", r.dir + "index/x.puffin"} {
		if err := s.mem.Put(ctx, key, []byte("?")); err != nil {
			t.Fatal(err)
		}
	}
	r.claim(manifest.FileID(claimed))
	v := r.pin()
	if err := n.eng.Compact(ctx, contract.CompactRequest{Region: region0}); err != nil {
		t.Fatal(err)
	}
	// Two files of the pinned version, two of their successor, and the strangers.
	want := 2*2 + 2 + 3 + 1
	check := func(what string, deleted, files int) {
		t.Helper()
		if got := n.eng.collectGarbage(ctx); got != deleted {
			t.Errorf("%s: %d files deleted, want %d", what, got, deleted)
		}
		if got := s.files(t); len(got) != files {
			t.Errorf("%s: %d files are left, want %d: %v", what, len(got), files, got)
		}
	}
	check("young", 0, want)
	s.wait(2 * time.Hour)
	check("old", 2, want-2)
	r.unclaim([]manifest.File{{ID: manifest.FileID(claimed)}})
	check("let go", 1, want-3)
	r.unpin(v)
	check("unpinned", 0, want-3-4)
	if got, err := n.scanAll(ctx); err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	if _, err := s.mem.Get(ctx, r.dir+"notes.txt"); err != nil {
		t.Error("a file that is not the engine's was deleted")
	}

	// A file that could not be deleted is known to be garbage, and goes sooner.
	for i := range 2 {
		if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: fmt.Sprint("z", i), ts: int64(i)})); err != nil {
			t.Fatal(err)
		}
		if err := n.eng.Flush(ctx, region0); err != nil {
			t.Fatal(err)
		}
	}
	s.Add(fault.Rule{Op: objectstore.OpDelete})
	if err := n.eng.Compact(ctx, contract.CompactRequest{Region: region0}); err != nil {
		t.Fatal(err)
	}
	check("not deleted", 0, 2*4+1)
	s.wait(2 * time.Minute)
	check("not deleted again", 0, 2*4+1)
	s.Clear()
	check("deleted", 6, 2+1)
	check("once", 0, 2+1)
}

// TestGarbageWhileWorking collects garbage that does not linger at all while rows are written, flushed, compacted and read.
func TestGarbageWhileWorking(t *testing.T) {
	s := newShelf()
	n, err := start(t, crashfs.New(), "/d", func(o *Options) {
		o.Store = s.Store
		o.GC = GCOptions{Interval: time.Hour, Lingering: 1, UnknownLingering: 1}
		o.Now = func() time.Time { return time.Now().Add(time.Hour) }
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	ctx := t.Context()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	background := func(f func() error) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := f(); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	background(func() error { n.eng.collectGarbage(ctx); return nil })
	background(func() error { _, err := n.scanAll(ctx); return err })
	background(func() error { return n.eng.Compact(ctx, contract.CompactRequest{Region: region0}) })
	sc := &script{r: rand.New(rand.NewPCG(3, 3)), mode: contract.MergeLastRow, have: state{}}
	for range 60 {
		rows := sc.rows()
		sc.have.apply(sc.mode, model.OpPut, rows...)
		if _, err := n.eng.Write(ctx, put(model.OpPut, rows...)); err != nil {
			t.Fatal(err)
		}
		if err := n.eng.Flush(ctx, region0); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	wg.Wait()
	got, err := n.scanAll(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(got, sc.have); d != "" {
		t.Fatal(d)
	}
}

// TestDropsAreFinished ends a drop at each of its writes to the store, and starts again: the region is there whole or not at all, and once
// dropped nothing of it is left.
func TestDropsAreFinished(t *testing.T) {
	ctx := t.Context()
	for skip := range 12 {
		for _, op := range []objectstore.Op{objectstore.OpPut, objectstore.OpDelete, objectstore.OpList, objectstore.OpStat} {
			for _, lost := range []bool{false, true} {
				s, fs := newShelf(), crashfs.New()
				what := fmt.Sprintf("%v %d %v", op, skip, lost)
				n, err := start(t, fs, "/d", s.tune)
				if err != nil {
					t.Fatal(err)
				}
				if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
					t.Fatal(err)
				}
				if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: "a", ts: 1})); err != nil {
					t.Fatal(err)
				}
				if err := n.eng.Flush(ctx, region0); err != nil {
					t.Fatal(err)
				}
				n.eng.finishDrops(ctx) // what a start does is done
				s.Add(fault.Rule{Op: op, Skip: skip, Err: fault.ErrBroken, After: lost})
				dropErr := n.eng.Drop(ctx, region0)
				n.eng.finishDrops(ctx)
				if err := n.stop(); err != nil {
					t.Fatal(err)
				}
				s.Clear()
				if n, err = start(t, fs, "/d", s.tune); err != nil {
					t.Fatal(err)
				}
				n.eng.finishDrops(ctx)
				err = n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir})
				switch {
				case err == nil && dropErr == nil:
					t.Errorf("%s: the region is back", what)
				case err == nil:
					if got, err := n.scanAll(ctx); err != nil || len(got) != 1 {
						t.Errorf("%s: %v %v", what, got, err)
					}
				case !errs.Is(err, errs.RegionNotFound):
					t.Errorf("%s: %v", what, err)
				default:
					if left, err := s.mem.List(ctx, "data/", "", 0); err != nil || len(left) > 0 {
						t.Errorf("%s: left %v %v", what, left, err)
					}
				}
				if err := n.stop(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestDropWaitsForReaders drops a region that a scan reads: the scan ends as if nothing had happened, then the files go.
func TestDropWaitsForReaders(t *testing.T) {
	s := newShelf()
	n, err := start(t, crashfs.New(), "/d", s.tune)
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	ctx := t.Context()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: "a", ts: 1}, row{host: "b", ts: 1})); err != nil {
		t.Fatal(err)
	}
	if err := n.eng.Flush(ctx, region0); err != nil {
		t.Fatal(err)
	}
	st, err := n.eng.Scan(ctx, contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Projection: []model.ColumnID{colHost}})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.eng.Drop(ctx, region0); err != nil {
		t.Fatal(err)
	}
	n.eng.finishDrops(ctx)
	if len(s.files(t)) != 2 {
		t.Error("the files of a running scan are gone")
	}
	if b, err := st.Next(ctx); err != nil || b.Len != 2 {
		t.Error(b, err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	n.eng.finishDrops(ctx)
	if left, err := s.mem.List(ctx, "data/", "", 0); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
