package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	oldrand "math/rand"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

var modes = []contract.MergeMode{contract.MergeLastRow, contract.MergeLastNonNull, contract.MergeAppend}

// script is random work on one region, with what must be there after each acknowledged step.
type script struct {
	r    *rand.Rand
	mode contract.MergeMode
	have state // after the last acknowledged step
	next state // if the step that is going on took effect
}

func (s *script) value() *float64 {
	if s.r.IntN(3) == 0 {
		return nil
	}
	v := float64(s.r.IntN(100))
	return &v
}

func (s *script) rows() (out []row) {
	for range 1 + s.r.IntN(20) {
		x := row{host: fmt.Sprint("h", s.r.IntN(4)), ts: int64(s.r.IntN(40)) * 3600_000, v: s.value()}
		if s.r.IntN(2) == 0 {
			text := fmt.Sprint("t", s.r.IntN(9))
			x.s = &text
		}
		out = append(out, x)
	}
	return out
}

// step does one random thing.
func (s *script) step(ctx context.Context, e *Engine) error {
	s.next = s.have.clone()
	switch n := s.r.IntN(22); {
	case n == 20:
		if err := e.Flush(ctx, region0); err != nil {
			return err
		}
		s.next = state{}
		_, err := e.DropFiles(ctx, contract.DropFilesRequest{Region: region0, Ranges: []model.TimeRange{model.AllTime}})
		return err
	case n == 21:
		if err := e.Flush(ctx, region0); err != nil {
			return err
		}
		rows, filed := s.rows(), s.have.clone()
		s.next.apply(s.mode, model.OpPut, rows...)
		if _, err := e.Write(ctx, put(model.OpPut, rows...)); err != nil {
			return err
		}
		s.have, s.next = s.next.clone(), filed
		switch forgot, err := e.DiscardUnflushed(ctx, region0); {
		case err != nil:
			return err
		case forgot == 0: // a flush that a deletion asked for was faster
			s.next = s.have
		case forgot != uint64(len(rows)):
			return fmt.Errorf("%d rows discarded, %d written", forgot, len(rows))
		}
		return nil
	case n == 0:
		c := condition{times: model.AllTime}
		host := fmt.Sprint("h", s.r.IntN(4))
		if c.pred = model.Compare(model.OpEq, colHost, model.StringValue(host)); s.r.IntN(2) == 0 {
			start := int64(s.r.IntN(40)) * 3600_000
			c.times = model.TimeRange{Start: start, End: start + 10*3600_000}
		}
		c.match = func(k key, _ string) bool { return k.host == host && c.times.Start <= k.ts && k.ts < c.times.End }
		s.next.remove(c)
		_, err := e.DeleteWhere(ctx, contract.DeleteRequest{Region: region0, TimeRange: c.times, Predicate: c.pred})
		return err
	case n < 12:
		rows := s.rows()
		s.next.apply(s.mode, model.OpPut, rows...)
		got, err := e.Write(ctx, put(model.OpPut, rows...))
		if err == nil && got != uint64(len(rows)) {
			return fmt.Errorf("%d rows affected, %d written", got, len(rows))
		}
		return err
	case n < 14:
		if s.mode == contract.MergeAppend {
			return nil
		}
		rows := s.rows()
		s.next.apply(s.mode, model.OpDelete, rows...)
		_, err := e.Write(ctx, put(model.OpDelete, rows...))
		return err
	case n < 17:
		return e.Flush(ctx, region0)
	case n < 18:
		return e.Compact(ctx, contract.CompactRequest{Region: region0})
	case n < 19 && s.r.IntN(3) == 0:
		s.next = state{}
		return e.Truncate(ctx, region0)
	default:
		m, err := e.Meta(ctx, region0)
		if err != nil {
			return err
		}
		c := m.Schema.Clone()
		c.Version++
		c.Columns = append(c.Columns, model.Column{ID: c.NextColumn, Name: fmt.Sprint("c", c.NextColumn), Type: model.Int64, Nullable: true})
		c.NextColumn++
		return e.Alter(ctx, contract.AlterRegion{ID: region0, Schema: c})
	}
}

// TestRandomWorkMatchesModel runs random work with restarts in each merge mode and compares every scan with the plain model.
func TestRandomWorkMatchesModel(t *testing.T) {
	defer goleak.VerifyNone(t)
	for seed := range uint64(12) {
		mode := modes[seed%3]
		t.Run(fmt.Sprint(seed, mode), func(t *testing.T) {
			fs := crashfs.New()
			s := &script{r: rand.New(rand.NewPCG(seed, 1)), mode: mode, have: state{}}
			n, err := start(t, fs, "/d", nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(mode), TableDir: tableDir}); err != nil {
				t.Fatal(err)
			}
			for i := range 120 {
				if err := s.step(t.Context(), n.eng); err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
				s.have = s.next
				if s.r.IntN(12) == 0 {
					if err := n.stop(); err != nil {
						t.Fatal(err)
					}
					if n, err = start(t, fs, "/d", nil); err != nil {
						t.Fatal(err)
					}
					if err := n.eng.Open(t.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
						t.Fatal(err)
					}
				}
				got, err := n.scanAll(t.Context())
				if err != nil {
					t.Fatalf("step %d: scan: %v", i, err)
				}
				if d := diff(got, s.have); d != "" {
					t.Fatalf("step %d: %s", i, d)
				}
			}
			if err := n.stop(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestPowerCuts cuts the power before each change of the disk in turn, reopens, and looks for every acknowledged row.
func TestPowerCuts(t *testing.T) {
	stride := 17
	if testing.Short() {
		stride = 41
	}
	for m, mode := range modes {
		work := func(fs *crashfs.FS, s *script) error {
			n, err := start(t, fs, "/d", nil)
			if err != nil {
				return err
			}
			defer n.stop()
			if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(mode), TableDir: tableDir}); err != nil {
				return err
			}
			for range 45 {
				if err := s.step(t.Context(), n.eng); err != nil {
					return err
				}
				s.have = s.next
			}
			return nil
		}
		fresh := func() *script {
			return &script{r: rand.New(rand.NewPCG(uint64(m), 5)), mode: mode, have: state{}, next: state{}}
		}
		whole := crashfs.New()
		if err := work(whole, fresh()); err != nil {
			t.Fatal(err)
		}
		steps := whole.Steps()
		cuts := 0
		for cut := 1 + m; cut <= steps; cut += stride {
			cuts++
			fs, s := crashfs.New(), fresh()
			fs.CutAt(cut)
			err := work(fs, s)
			if err != nil && !errors.Is(err, crashfs.ErrPowerCut) && !strings.Contains(err.Error(), "power cut") && !errs.Is(err, errs.StorageUnavailable) {
				t.Fatalf("%s, cut %d: %v", mode, cut, err)
			}
			var rng *oldrand.Rand
			if cut%2 == 0 {
				rng = oldrand.New(oldrand.NewSource(int64(cut)))
			}
			checkReopened(t, fs.Reboot(rng), s, fmt.Sprintf("%s, cut at %d of %d", mode, cut, steps))
		}
		t.Logf("%s: %d cuts in %d steps", mode, cuts, steps)
	}
}

func checkReopened(t *testing.T, fs vfs.FS, s *script, what string) {
	t.Helper()
	n, err := start(t, fs, "/d", nil)
	if err != nil {
		t.Fatalf("%s: start: %v", what, err)
	}
	defer n.stop()
	if err := n.eng.Open(t.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		if errs.Is(err, errs.RegionNotFound) && len(s.have) == 0 {
			return // the power went before the region was created
		}
		t.Fatalf("%s: open: %v", what, err)
	}
	got, err := n.scanAll(t.Context())
	if err != nil {
		t.Fatalf("%s: scan: %v", what, err)
	}
	if d := diff(got, s.have); d != "" {
		if d2 := diff(got, s.next); d2 != "" {
			t.Fatalf("%s: neither what was acknowledged (%s) nor that and the last step (%s)", what, d, d2)
		}
	}
	// And it goes on.
	if _, err := n.eng.Write(t.Context(), put(model.OpPut, row{host: "after", ts: 1})); err != nil {
		t.Fatalf("%s: write: %v", what, err)
	}
	if err := n.eng.Flush(t.Context(), region0); err != nil {
		t.Fatalf("%s: flush: %v", what, err)
	}
}

// TestFailingDisk makes every fourth change of the disk fail for a while; what was acknowledged is there, during and after.
func TestFailingDisk(t *testing.T) {
	fs := crashfs.New()
	n, err := start(t, fs, "/d", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	s := &script{r: rand.New(rand.NewPCG(9, 9)), mode: contract.MergeLastRow, have: state{}}
	failures := 0
	for i := range 300 {
		broken := i%3 == 1
		if broken {
			fs.Hook(func(st crashfs.Step) error {
				if st.N%4 == 0 {
					return errors.New("injected")
				}
				return nil
			})
		} else {
			fs.Hook(nil)
		}
		err := s.step(t.Context(), n.eng)
		if err == nil {
			s.have = s.next
			continue
		}
		failures++
		if !broken {
			// A failed commit is settled by the next one; a whole disk must not go on failing.
			t.Fatalf("step %d fails on a good disk: %v", i, err)
		}
		// A step that failed may have taken effect all the same, or will when its commit is settled, which a flush does first.
		fs.Hook(nil)
		if err := n.eng.Flush(t.Context(), region0); err != nil {
			t.Fatal(err)
		}
		got, err := n.scanAll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff(got, s.have) != "" {
			if d := diff(got, s.next); d != "" {
				t.Fatalf("step %d: %s", i, d)
			}
			s.have = s.next
		}
	}
	if failures < 10 {
		t.Errorf("only %d steps failed", failures)
	}
	fs.Hook(nil)
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	checkReopened(t, fs.Reboot(nil), &script{have: s.have, next: s.have}, "after a failing disk")
}

// TestReadersKeepTheirSnapshot scans while rows are written, flushed and compacted.
func TestReadersKeepTheirSnapshot(t *testing.T) {
	n, err := start(t, vfs.OS(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	ctx := t.Context()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	const writers, batches, each = 3, 60, 50
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				var rows []row
				for i := range each {
					v := float64(b)
					rows = append(rows, row{host: fmt.Sprint("w", w), ts: int64(b*each+i) * 60_000, v: &v})
				}
				if _, err := n.eng.Write(ctx, put(model.OpPut, rows...)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			last := 0
			for {
				got, err := n.scanAll(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				if len(got) < last || len(got)%each != 0 {
					t.Errorf("a scan saw %d rows after one that saw %d; batches are of %d", len(got), last, each)
				}
				last = len(got)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	readers.Go(func() {
		for {
			if err := n.eng.Flush(ctx, region0); err != nil {
				t.Error(err)
			}
			if err := n.eng.Compact(ctx, contract.CompactRequest{Region: region0}); err != nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	wg.Wait()
	close(done)
	readers.Wait()
	got, err := n.scanAll(ctx)
	if err != nil || len(got) != writers*batches*each {
		t.Fatalf("%d rows, %v", len(got), err)
	}
}

// TestFlushesAndCompactionsAtOnce ends flushes and compactions at the same time over and over: none may undo what another installed.
func TestFlushesAndCompactionsAtOnce(t *testing.T) {
	fs := crashfs.New()
	n, err := start(t, fs, "/d", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeAppend), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	const rounds = 150
	var wg, compactors sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		compactors.Go(func() {
			for {
				if err := n.eng.Compact(ctx, contract.CompactRequest{Region: region0}); err != nil {
					t.Error(err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for w := range 2 {
		wg.Go(func() {
			for i := range rounds {
				if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: fmt.Sprint("w", w), ts: int64(i)})); err != nil {
					t.Error(err)
				}
				if err := n.eng.Flush(ctx, region0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(done)
	compactors.Wait()
	for range 2 { // as it is, and reopened
		got, err := n.scanAll(ctx)
		if err != nil || len(got) != 2*rounds {
			t.Fatalf("%d rows of %d: %v", len(got), 2*rounds, err)
		}
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
		if n, err = start(t, fs, "/d", nil); err != nil {
			t.Fatal(err)
		}
		if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
}

// TestSyncNeverInstallsAnOlderState lets a sync wait for the region's lock while an edit is committed: what it installs must have it.
func TestSyncNeverInstallsAnOlderState(t *testing.T) {
	n, err := start(t, crashfs.New(), "/d", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	r, err := n.eng.region(region0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		var wg sync.WaitGroup
		r.mu.Lock()
		wg.Go(r.sync)
		for range 100 { // gives the sync time to reach the lock; if it does not, this round only shows less
			runtime.Gosched()
		}
		id := manifest.FileID(fmt.Sprint("file", i))
		if _, err := r.manifest.Commit(t.Context(), manifest.Action{Edit: &manifest.Edit{Add: []manifest.File{{ID: id}}}}); err != nil {
			t.Fatal(err)
		}
		r.mu.Unlock()
		wg.Wait()
		v := r.pin()
		if got := len(v.files); got != i+1 {
			t.Fatalf("round %d: %d files are installed, the manifest has %d", i, got, i+1)
		}
		r.unpin(v)
	}
}

// TestBackPressure fills a small write buffer while flushes fail: writers are refused with a retryable error, and served again later.
func TestBackPressure(t *testing.T) {
	var mu sync.Mutex
	broken := true
	n, err := start(t, vfs.OS(), t.TempDir(), func(o *Options) {
		o.WriteBufferBytes, o.WriteBufferRejectBytes = 256<<10, 300<<10
		o.Listener.Step = func(_ model.RegionID, name string, _ bool) error {
			mu.Lock()
			defer mu.Unlock()
			if broken && name == "flush.files" {
				return errs.New(errs.StorageUnavailable, "injected")
			}
			return nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	refused, written := false, 0
	for i := 0; i < 200 && !refused; i++ {
		var rows []row
		for j := range 1000 {
			rows = append(rows, row{host: "h", ts: int64(i*1000 + j)})
		}
		_, err := n.eng.Write(t.Context(), put(model.OpPut, rows...))
		switch {
		case err == nil:
			written += len(rows)
		case errs.Is(err, errs.StorageUnavailable):
			refused = true
		default:
			t.Fatal(err)
		}
	}
	if !refused {
		t.Fatalf("%d rows in a write buffer of 256 KiB and nobody was held back", written)
	}
	mu.Lock()
	broken = false
	mu.Unlock()
	if err := n.eng.Flush(t.Context(), region0); err != nil {
		t.Fatal(err)
	}
	if _, err := n.eng.Write(t.Context(), put(model.OpPut, row{host: "later", ts: 7})); err != nil {
		t.Fatal(err)
	}
	if got, err := n.scanAll(t.Context()); err != nil || len(got) != written+1 {
		t.Fatalf("%d rows, want %d; %v", len(got), written+1, err)
	}
	if used := n.eng.buffer.used.Load(); used <= 0 || used > 64<<10 {
		t.Errorf("%d bytes are counted after the flush", used)
	}
}

// TestFailingFlushesRefuseWriters: who would have to wait for a flush that fails gets the failure instead, and the flush is tried again
// without being asked for by anyone but writers, also when all that is in memory is frozen.
func TestFailingFlushesRefuseWriters(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	ended := make(chan error, 100)
	n, err := start(t, vfs.OS(), t.TempDir(), func(o *Options) {
		o.WriteBufferBytes, o.WriteBufferRejectBytes = 256<<10, 64<<20
		o.Listener.Step = func(_ model.RegionID, name string, _ bool) error {
			if broken.Load() && name == "flush.files" {
				return errs.New(errs.StorageUnavailable, "disk full: injected")
			}
			return nil
		}
		o.Listener.FlushEnd = func(_ model.RegionID, _ int, err error) { ended <- err }
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // no write may come near it
	defer cancel()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	written := 0
	write := func() error {
		var rows []row
		for j := range 1000 {
			rows = append(rows, row{host: "h", ts: int64(written + j)})
		}
		_, err := n.eng.Write(ctx, put(model.OpPut, rows...))
		if err == nil {
			written += len(rows)
		}
		return err
	}
	for err == nil && written < 1e6 {
		err = write()
	}
	if !errs.Is(err, errs.StorageUnavailable) || !strings.Contains(err.Error(), "disk full: injected") {
		t.Fatalf("after %d rows: %v; want the flush's failure", written, err)
	}
	broken.Store(false)
	for err := range ended {
		if err == nil {
			break
		}
		_ = write() // refused, but asks for a flush
	}
	if err := write(); err != nil {
		t.Fatalf("after a flush that succeeded: %v", err)
	}
	if got, err := n.scanAll(ctx); err != nil || len(got) != written {
		t.Fatalf("%d rows, want %d; %v", len(got), written, err)
	}
}

func TestDropForgetsEverything(t *testing.T) {
	fs := crashfs.New()
	n, err := start(t, fs, "/d", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	create := contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}
	for range 3 {
		if err := n.eng.Create(ctx, create); err != nil {
			t.Fatal(err)
		}
		if got, err := n.scanAll(ctx); err != nil || len(got) != 0 {
			t.Fatal(got, err)
		}
		for i := range 3 {
			if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: "x", ts: int64(i)})); err != nil {
				t.Fatal(err)
			}
			if i < 2 {
				if err := n.eng.Flush(ctx, region0); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := n.eng.Drop(ctx, region0); err != nil {
			t.Fatal(err)
		}
		if _, err := n.eng.Scan(ctx, contract.ScanRequest{Region: region0}); !errs.Is(err, errs.RegionNotFound) {
			t.Fatal(err)
		}
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	if n, err = start(t, fs, "/d", nil); err != nil {
		t.Fatal(err)
	}
	if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); !errs.Is(err, errs.RegionNotFound) {
		t.Fatal(err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedManifestIsNamed(t *testing.T) {
	dir := t.TempDir()
	n, err := start(t, vfs.OS(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	file := dir + "/objects/" + tableDir + region0.DirName() + "/manifest/00000000000000000000.json"
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, err = start(t, vfs.OS(), dir, nil); err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err == nil {
		t.Fatal("opened")
	}
	if _, err := n.scanAll(ctx); !errs.Is(err, errs.RegionNotReady) || !strings.Contains(err.Error(), "00000000000000000000.json") {
		t.Fatal(err)
	}
}

func TestExpiredRowsAreGone(t *testing.T) {
	now := time.UnixMilli(1_000_000_000)
	n, err := start(t, crashfs.New(), "/d", func(o *Options) { o.Now = func() time.Time { return now } })
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	ctx := t.Context()
	meta := testMeta(contract.MergeLastRow)
	meta.Options.TTL = time.Hour
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	old, young := row{host: "a", ts: now.UnixMilli() - 3600_001}, row{host: "a", ts: now.UnixMilli() - 3600_000}
	if _, err := n.eng.Write(ctx, put(model.OpPut, old, young)); err != nil {
		t.Fatal(err)
	}
	for _, flush := range []bool{false, true} {
		if flush {
			if err := n.eng.Flush(ctx, region0); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := n.scanAll(ctx); err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
	}
	now = now.Add(time.Minute)
	if err := n.eng.Compact(ctx, contract.CompactRequest{Region: region0}); err != nil {
		t.Fatal(err)
	}
	st, err := n.eng.Statistics(ctx, nil)
	if err != nil || len(st) != 1 || st[0].SSTFiles != 0 || st[0].Rows != 0 {
		t.Fatal(st, err)
	}
}

func TestBadWritesAreRefusedWhole(t *testing.T) {
	n, err := start(t, crashfs.New(), "/d", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer n.stop()
	ctx := t.Context()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeAppend), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	f := func(code errs.Code, want string, change func(w *contract.RegionWrite)) {
		t.Helper()
		req := put(model.OpPut, row{host: "a", ts: 1})
		change(&req.Writes[0])
		_, err := n.eng.Write(ctx, req)
		if !errs.Is(err, code) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v (%v), want %v %q", err, errs.CodeOf(err), code, want)
		}
	}
	f(errs.RegionNotFound, "1025.0", func(w *contract.RegionWrite) { w.Region = model.NewRegionID(1025, 0) })
	f(errs.RequestOutdated, "schema version", func(w *contract.RegionWrite) { w.SchemaVersion = 9 })
	f(errs.InvalidArguments, "DELETE is not allowed under append mode", func(w *contract.RegionWrite) { w.Op = model.OpDelete })
	f(errs.TableColumnNotFound, "column 77", func(w *contract.RegionWrite) { w.Columns[2] = 77 })
	f(errs.InvalidArguments, "column v expect type Float64, given: Int64", func(w *contract.RegionWrite) { w.Rows.Cols[2] = model.ConstVector(model.IntValue(model.Int64, 1), 1) })
	f(errs.InvalidArguments, "missing required time index column ts", func(w *contract.RegionWrite) { w.Columns, w.Rows.Cols = w.Columns[1:], w.Rows.Cols[1:] })
	f(errs.InvalidArguments, "not nullable", func(w *contract.RegionWrite) {
		w.Rows.Cols[0] = model.ConstVector(model.NullOf(model.Timestamp(model.Millisecond)), 1)
	})
	for _, ts := range []int64{math.MaxInt64, math.MinInt64, 8210266876800000} { // would be written and never read again
		f(errs.InvalidArguments, fmt.Sprintf("timestamp %d to unit Millisecond overflow, column: ts", ts), func(w *contract.RegionWrite) {
			w.Rows.Cols[0] = model.ConstVector(model.IntValue(model.Timestamp(model.Millisecond), ts), 1)
		})
	}
	if got, err := n.scanAll(ctx); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
}
