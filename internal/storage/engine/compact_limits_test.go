package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

func newGate(limit int64, wait time.Duration) *memoryGate {
	g := &memoryGate{limit: limit, wait: wait, rejected: prometheus.NewCounter(prometheus.CounterOpts{}), waited: prometheus.NewHistogram(prometheus.HistogramOpts{})}
	g.mu.freed = make(chan struct{})
	return g
}

func TestMemoryGate(t *testing.T) {
	ctx := t.Context()
	g := newGate(100, 0)
	free, err := g.reserve(ctx, 60)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.reserve(ctx, 60); !errs.Is(err, errs.RuntimeResourcesExhausted) {
		t.Errorf("no memory, no wait: %v", err)
	}
	free()
	if free, err = g.reserve(ctx, 1000); err != nil || g.used() != 100 {
		t.Errorf("more than there is: %v, %d used", err, g.used())
	}
	free()

	g = newGate(100, time.Hour)
	if free, err = g.reserve(ctx, 60); err != nil {
		t.Fatal(err)
	}
	got := make(chan error)
	go func() {
		free, err := g.reserve(ctx, 60)
		if err == nil {
			free()
		}
		got <- err
	}()
	free()
	if err := <-got; err != nil || g.used() != 0 {
		t.Errorf("waiting: %v, %d used", err, g.used())
	}
	if free, err = g.reserve(ctx, 100); err != nil {
		t.Fatal(err)
	}
	defer free()
	gone, cancel := context.WithCancelCause(ctx)
	cancel(errInterrupted)
	if _, err := g.reserve(gone, 1); !errors.Is(err, errInterrupted) {
		t.Errorf("a wait that was ended: %v", err)
	}
}

// TestPacer checks how long a compaction rests, by a clock that is turned by hand.
func TestPacer(t *testing.T) {
	now, rested, busy := time.Unix(0, 0), time.Duration(0), true
	logs := 0
	p := &pacer{busy: func() bool { return busy }, now: func() time.Time { return now }, share: usualShare, began: now, logged: now, total: 100,
		rest: func(_ context.Context, d time.Duration) error { rested += d; now = now.Add(d); return nil },
		log:  func(done, total int64) { logs++ }}
	step := func(worked, want time.Duration) {
		t.Helper()
		rested = 0
		now = now.Add(worked)
		if err := p.step(t.Context(), 10); err != nil || rested != want {
			t.Errorf("after %s of work: rested %s (%v), want %s", worked, rested, err, want)
		}
	}
	step(time.Millisecond, 0) // too short to be worth it, but not forgotten
	step(3*time.Millisecond, 12*time.Millisecond)
	step(10*time.Millisecond, 30*time.Millisecond)
	step(time.Second, maxRest)
	busy = false
	step(time.Second, 0)
	busy, p.share = true, 1
	step(time.Second, 0)
	step(progressEvery, 0)
	if logs != 1 || p.done != 70 {
		t.Errorf("%d lines of progress, %d rows", logs, p.done)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.step(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestCompactionIsInterrupted closes, drops and truncates a region whose compaction has begun: none of them waits for it to end, and its
// files are gone.
func TestCompactionIsInterrupted(t *testing.T) {
	for _, end := range []string{"close", "drop", "truncate"} {
		t.Run(end, func(t *testing.T) {
			s := newShelf()
			begun, goOn := make(chan struct{}), make(chan struct{})
			var once sync.Once
			n, err := start(t, crashfs.New(), "/d", func(o *Options) {
				s.tune(o)
				o.Listener.Step = func(_ model.RegionID, name string, after bool) error {
					if name == "compact.files" && !after {
						once.Do(func() { close(begun); <-goOn })
					}
					return nil
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			defer n.stop()
			ctx := t.Context()
			if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: "a", ts: 1}, row{host: "b", ts: int64(i)})); err != nil {
					t.Fatal(err)
				}
				if err := n.eng.Flush(ctx, region0); err != nil {
					t.Fatal(err)
				}
			}
			compacted, ended := make(chan error, 1), make(chan error, 1)
			go func() { compacted <- n.eng.Compact(ctx, contract.CompactRequest{Region: region0}) }()
			<-begun
			r, err := n.eng.region(region0)
			if err != nil {
				t.Fatal(err)
			}
			interrupted := make(chan struct{})
			r.comp.mu.Lock()
			cancel := r.comp.mu.cancel
			r.comp.mu.cancel = func(cause error) { cancel(cause); close(interrupted) }
			r.comp.mu.Unlock()
			go func() {
				switch end {
				case "close":
					ended <- n.eng.Close(ctx, region0)
				case "drop":
					ended <- n.eng.Drop(ctx, region0)
				default:
					ended <- n.eng.Truncate(ctx, region0)
				}
			}()
			<-interrupted
			close(goOn)
			if err := <-compacted; !errors.Is(err, errInterrupted) && !(end != "truncate" && errs.Is(err, errs.RegionNotReady)) {
				t.Errorf("compaction: %v", err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			n.eng.finishDrops(ctx)
			want := map[string]int{"close": 6}[end]
			if got := s.files(t); len(got) != want {
				t.Errorf("%d files, want %d: %v", len(got), want, got)
			}
		})
	}
}

// TestStrictCompactionCutsAtBounds checks that no file crosses a window, that all rows are there, and that a second one finds nothing to do.
func TestStrictCompactionCutsAtBounds(t *testing.T) {
	for _, mode := range modes {
		n, err := start(t, crashfs.New(), "/d", nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		meta := testMeta(mode)
		meta.Options.TriggerFileNum = 1000 // the background, whose windows are others, joins nothing
		if err := n.eng.Create(ctx, contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
			t.Fatal(err)
		}
		have := state{}
		for i := range 5 {
			var rows []row
			for k := range 60 {
				v := float64(i)
				rows = append(rows, row{host: fmt.Sprint("h", k%3), ts: int64(k*7+i) * 600_000, v: &v})
			}
			have.apply(mode, model.OpPut, rows...)
			if _, err := n.eng.Write(ctx, put(model.OpPut, rows...)); err != nil {
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
		const window = 5 * 3600_000
		var version uint64
		for i := range 2 {
			if err := n.eng.Compact(ctx, contract.CompactRequest{Region: region0, Strict: true, Window: 5 * time.Hour, Parallelism: 2}); err != nil {
				t.Fatal(err)
			}
			r.compactMu.Lock() // the background has nothing to add
			seen := map[int64]bool{}
			for _, f := range r.manifest.State().Files {
				w := f.MinTime / window
				if f.MaxTime/window != w || seen[w] {
					t.Errorf("%s: file of %d-%d", mode, f.MinTime, f.MaxTime)
				}
				seen[w] = true
			}
			if i == 1 && r.manifest.State().Version != version {
				t.Errorf("%s: the second one changed something", mode)
			}
			version = r.manifest.State().Version
			r.compactMu.Unlock()
		}
		got, err := n.scanAll(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(got, have); d != "" {
			t.Errorf("%s: %s", mode, d)
		}
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInstantTTL checks that rows of ttl 'instant' are taken, seen by nobody, and stored by nobody.
func TestInstantTTL(t *testing.T) {
	s := newShelf()
	n, err := start(t, crashfs.New(), "/d", s.tune)
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	ctx := t.Context()
	meta := testMeta(contract.MergeLastRow)
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	write := func(files int) {
		t.Helper()
		if got, err := n.eng.Write(ctx, put(model.OpPut, row{host: "a", ts: 1})); err != nil || got != 1 {
			t.Fatal(got, err)
		}
		if got, err := n.scanAll(ctx); err != nil || len(got) != files {
			t.Fatalf("%v %v, want %d", got, err, files)
		}
	}
	write(1)
	if err := n.eng.Flush(ctx, region0); err != nil {
		t.Fatal(err)
	}
	write(1)
	meta.Options.TTL = contract.TTLInstant
	if err := n.eng.Alter(ctx, contract.AlterRegion{ID: region0, Options: &meta.Options}); err != nil {
		t.Fatal(err)
	}
	write(0)
	if err := n.eng.Flush(ctx, region0); err != nil { // of what was in memory before
		t.Fatal(err)
	}
	if err := n.eng.Compact(ctx, contract.CompactRequest{Region: region0}); err != nil {
		t.Fatal(err)
	}
	if left := s.files(t); len(left) > 0 {
		t.Error(left)
	}
	if _, err := n.eng.Write(ctx, contract.WriteRequest{Writes: []contract.RegionWrite{{Region: region0, Columns: []model.ColumnID{99}, Rows: &model.Batch{Len: 1}}}}); err == nil {
		t.Error("bad rows are accepted")
	}
}
