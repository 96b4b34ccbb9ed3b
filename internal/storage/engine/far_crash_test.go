package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
	"github.com/goptimedb/goptimedb/internal/objectstore/coats"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
)

// mortal is a far store as one process sees it that dies: right before its nth change of the store, or right after it. The local disk
// loses power at the same moment, and nothing that the process tries afterwards reaches either.
type mortal struct {
	objectstore.Store
	disk  *crashfs.FS
	at    int // 0: never
	after bool

	mu      sync.Mutex
	changes int
	dead    bool
}

var errDead = errs.New(errs.Unexpected, "the process is dead")

func (m *mortal) alive(op objectstore.Op, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return objectstore.Fail(op, key, errDead)
	}
	return nil
}

func (m *mortal) change(op objectstore.Op, key string, do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock() // one change at a time, so that a number names one
	if m.dead {
		return objectstore.Fail(op, key, errDead)
	}
	m.changes++
	if m.changes != m.at {
		return do()
	}
	if m.after {
		_ = do()
	}
	m.dead = true
	m.disk.Cut()
	return objectstore.Fail(op, key, errDead)
}

func (m *mortal) Get(ctx context.Context, key string) ([]byte, error) {
	if err := m.alive(objectstore.OpGet, key); err != nil {
		return nil, err
	}
	return m.Store.Get(ctx, key)
}

func (m *mortal) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	if err := m.alive(objectstore.OpGetRange, key); err != nil {
		return nil, err
	}
	return m.Store.GetRange(ctx, key, off, n)
}

func (m *mortal) Put(ctx context.Context, key string, data []byte) error {
	return m.change(objectstore.OpPut, key, func() error { return m.Store.Put(ctx, key, data) })
}

func (m *mortal) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	return m.change(objectstore.OpPutIfAbsent, key, func() error { return m.Store.PutIfAbsent(ctx, key, data) })
}

func (m *mortal) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	return m.change(objectstore.OpDelete, keys[0], func() error { return m.Store.Delete(ctx, keys...) })
}

// checkFar opens the region on what a crash left of the local disk and looks for every acknowledged row.
func checkFar(t *testing.T, fs *crashfs.FS, far objectstore.Store, s *script, what string) {
	t.Helper()
	n := startFar(t, fs, "/d", far, func(o *Options) {
		o.GC = GCOptions{Interval: time.Hour, Lingering: 1, UnknownLingering: 1}
		o.Now = func() time.Time { return time.Now().Add(time.Hour) } // whatever the store's clock says, files have lingered
	})
	defer n.stop()
	if err := n.eng.Open(t.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		if errs.Is(err, errs.RegionNotFound) && len(s.have) == 0 {
			return // it died before the region was created
		}
		t.Fatalf("%s: open: %v", what, err)
	}
	got, err := n.scanAll(t.Context())
	if err != nil {
		t.Fatalf("%s: scan: %v", what, err)
	}
	if d := diff(got, s.have); d != "" && diff(got, s.next) != "" {
		t.Fatalf("%s: neither what was acknowledged (%s) nor that and the last step", what, d)
	}
	if _, err := n.eng.Write(t.Context(), put(model.OpPut, row{host: "after", ts: 1})); err != nil {
		t.Fatalf("%s: write: %v", what, err)
	}
	if err := n.eng.Flush(t.Context(), region0); err != nil {
		t.Fatalf("%s: flush: %v", what, err)
	}
	// Nothing that no manifest names is left behind, once garbage was collected.
	r := n.eng.all()[0]
	r.compactMu.Lock() // the background changes nothing meanwhile
	defer r.compactMu.Unlock()
	n.eng.collectGarbage(t.Context())
	v := n.eng.all()[0].pin()
	named := map[string]bool{}
	for _, f := range v.files {
		named[string(f.ID)] = true
	}
	n.eng.all()[0].unpin(v)
	for o, err := range objectstore.All(t.Context(), far, tableDir) {
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Key) > 8 && o.Key[len(o.Key)-8:] == ".parquet" && !named[o.Key[len(o.Key)-44:len(o.Key)-8]] {
			t.Fatalf("%s: %s is nobody's", what, o.Key)
		}
	}
}

// TestKilledAtEachChangeOfTheFarStore kills the process before or after each change it makes to the store in turn.
func TestKilledAtEachChangeOfTheFarStore(t *testing.T) {
	homes := map[string]struct {
		open   func() objectstore.Store
		stride int
	}{
		"memory": {func() objectstore.Store { return memory.New(memory.Options{}) }, 1},
		"S3":     {nil, 17},
	}
	srv := cloudtest.NewS3(t)
	bucket := 0
	s3 := homes["S3"]
	s3.open = func() objectstore.Store {
		bucket++
		return coats.Wrap(srv.Open(t, fmt.Sprint("run", bucket)), coats.Options{Retry: cloudtest.Quick()})
	}
	homes["S3"] = s3
	for home, h := range homes {
		for i, mode := range modes {
			work := func(fs *crashfs.FS, far objectstore.Store, s *script) error {
				n := startFar(t, fs, "/d", far, nil)
				defer n.stop()
				if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(mode), TableDir: tableDir}); err != nil {
					return err
				}
				for range 40 {
					if err := s.step(t.Context(), n.eng); err != nil {
						return err
					}
					s.have = s.next
				}
				return nil
			}
			fresh := func() *script {
				return &script{r: rand.New(rand.NewPCG(uint64(i), 6)), mode: mode, have: state{}, next: state{}}
			}
			fs := crashfs.New()
			whole := &mortal{Store: h.open(), disk: fs}
			if err := work(fs, whole, fresh()); err != nil {
				t.Fatal(err)
			}
			deaths := 0
			for at := 1 + i; at <= whole.changes; at += h.stride {
				deaths++
				after := (at+i)%2 == 0 // so that each kind of change is met both ways, in one mode or another
				fs, s, far := crashfs.New(), fresh(), h.open()
				m := &mortal{Store: far, disk: fs, at: at, after: after}
				_ = work(fs, m, s)
				checkFar(t, fs.Reboot(nil), far, s, fmt.Sprintf("%s, %s, killed at change %d of %d, done: %v", home, mode, at, whole.changes, after))
			}
			t.Logf("%s, %s: died %d times in %d changes", home, mode, deaths, whole.changes)
		}
	}
}

// TestFailingFarStore makes the store fail at random, before or after it did what it was asked: nothing acknowledged is lost or doubled,
// during and after, and a store that is well again needs nobody's help. FAULTS sets how many faults are injected.
func TestFailingFarStore(t *testing.T) {
	want := 400
	if v, err := strconv.Atoi(os.Getenv("FAULTS")); err == nil {
		want = v
	}
	injected := 0
	for seed := uint64(0); injected < want; seed++ {
		mode := modes[seed%3]
		fs, far := crashfs.New(), fault.Wrap(memory.New(memory.Options{}))
		n := startFar(t, fs, "/d", far, nil)
		if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(mode), TableDir: tableDir}); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 7))
		s := &script{r: r, mode: mode, have: state{}}
		for i := range 150 {
			what := fmt.Sprintf("seed %d, step %d", seed, i)
			broken := i%2 == 1
			if broken {
				far.Add(fault.Rule{Skip: r.IntN(6), Times: 1 + r.IntN(6), After: r.IntN(2) == 0, Err: []error{fault.ErrUnavailable, fault.ErrBroken}[r.IntN(2)]})
			}
			err := s.step(t.Context(), n.eng)
			injected += far.Injected()
			far.Clear()
			if err == nil {
				s.have = s.next
			} else if !broken {
				t.Fatalf("%s fails on a good store: %v", what, err)
			}
			if err != nil || i%10 == 9 {
				if err != nil {
					// The step may have taken effect, or will when its commit is settled, which a flush does first.
					if err := n.eng.Flush(t.Context(), region0); err != nil {
						t.Fatalf("%s: %v", what, err)
					}
				}
				got, err := n.scanAll(t.Context())
				if err != nil {
					t.Fatal(what, err)
				}
				if d := diff(got, s.have); d != "" {
					if diff(got, s.next) != "" {
						t.Fatalf("%s: %s", what, d)
					}
					s.have = s.next
				}
			}
		}
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
		checkFar(t, fs.Reboot(nil), far, &script{have: s.have, next: s.have}, fmt.Sprint("after the failures of seed ", seed))
	}
	t.Logf("%d faults", injected)
}

// While the store is away the region takes writes and answers what it can; errors name region and object; other regions go on, and
// everything converges when the store is back.
func TestFarStoreAway(t *testing.T) {
	ctx := t.Context()
	srv := cloudtest.NewS3(t)
	away := coats.Wrap(srv.Open(t, "away"), coats.Options{Retry: cloudtest.Quick()})
	fs := crashfs.New()
	n := startFar(t, fs, "/d", away, func(o *Options) { o.Stores = map[string]objectstore.Store{"here": memory.New(memory.Options{})} })
	other := testMeta(contract.MergeLastRow)
	other.ID, other.Options.Storage = model.NewRegionID(1025, 0), "here"
	for _, m := range []contract.RegionMeta{testMeta(contract.MergeLastRow), other} {
		if err := n.eng.Create(ctx, contract.CreateRegion{Meta: m, TableDir: fmt.Sprintf("data/greptime/public/%d/", m.ID.Table())}); err != nil {
			t.Fatal(err)
		}
	}
	write := func(id model.RegionID, ts int64) {
		t.Helper()
		w := put(model.OpPut, row{host: "a", ts: ts})
		w.Writes[0].Region = id
		if _, err := n.eng.Write(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	write(region0, 1)
	if err := n.eng.Flush(ctx, region0); err != nil {
		t.Fatal(err)
	}
	srv.Faults.Add(cloudtest.Rule{Status: 503})
	for ts := range int64(3) {
		write(region0, 10+ts)
		write(other.ID, 10+ts)
		err := n.eng.Flush(ctx, region0)
		if !errs.Is(err, errs.StorageUnavailable) {
			t.Fatalf("a flush into a store that is away: %v", err)
		}
		for _, part := range []string{region0.String(), tableDir} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not name %s", err, part)
			}
		}
		if err := n.eng.Flush(ctx, other.ID); err != nil {
			t.Fatalf("another region: %v", err)
		}
	}
	if got, err := n.scanAll(ctx); err != nil || len(got) != 4 {
		t.Fatalf("%d rows (%v): what is in the cache and in memory is read while the store is away", len(got), err)
	}
	if err := n.eng.Open(ctx, contract.OpenRegion{ID: model.NewRegionID(1026, 0), TableDir: "data/greptime/public/1026/"}); !errs.Is(err, errs.StorageUnavailable) {
		t.Errorf("open of a region in a store that is away: %v", err)
	}
	srv.Faults.Clear()
	if err := n.eng.Flush(ctx, region0); err != nil {
		t.Fatal(err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	checkFar(t, crashfs.New(), away, &script{have: state{{"a", 1}: {"NULL NULL"}, {"a", 10}: {"NULL NULL"}, {"a", 11}: {"NULL NULL"}, {"a", 12}: {"NULL NULL"}}}, "without log and cache")

	// A hanging store does not hold up who has a deadline, nor the end of the engine.
	n = startFar(t, crashfs.New(), "/d", away, nil)
	srv.Faults.Add(cloudtest.Rule{Hang: true})
	short, cancel := context.WithCancel(ctx)
	opened := make(chan error, 1)
	go func() { opened <- n.eng.Open(short, contract.OpenRegion{ID: region0, TableDir: tableDir}) }()
	cancel()
	if err := <-opened; !errors.Is(err, context.Canceled) {
		t.Errorf("open of a store that hangs: %v", err)
	}
	srv.Faults.Clear()
	if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		t.Errorf("and again: %v", err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
}
