package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/wal"
	"github.com/goptimedb/goptimedb/internal/wal/waltest"
)

// promise is what a log has been asked and has answered, per region. What was asked but not answered may or may not be there.
type promise struct {
	acked   map[wal.RegionID][]uint64 // since the last acknowledged drop
	tried   map[wal.RegionID]uint64   // highest id of an append without an answer; 0 if all were answered
	marked  map[wal.RegionID]uint64   // mark asked for
	dropped map[wal.RegionID]bool     // a drop was asked for and not answered
}

func newPromise() *promise {
	return &promise{acked: map[wal.RegionID][]uint64{}, tried: map[wal.RegionID]uint64{}, marked: map[wal.RegionID]uint64{}, dropped: map[wal.RegionID]bool{}}
}

// check compares an opened log with the promise: acknowledged entries above the mark are all there, once, in order; others are
// only there if they were asked for.
func (p *promise) check(l wal.Log) error {
	regions := map[wal.RegionID]bool{}
	for r := range p.acked {
		regions[r] = true
	}
	for r := range p.tried {
		regions[r] = true
	}
	for r := range regions {
		got, err := waltest.Replayed(l, r, 1)
		if err != nil {
			return err
		}
		there := map[uint64]bool{}
		for _, id := range got {
			there[id] = true
		}
		asked := map[uint64]bool{}
		for _, id := range p.acked[r] {
			asked[id] = true
			if id > p.marked[r] && !there[id] && !p.dropped[r] {
				return fmt.Errorf("region %s lost entry %d: has %v, acknowledged %v, mark %d", r, id, got, p.acked[r], p.marked[r])
			}
		}
		for _, id := range got {
			if !asked[id] && id != p.tried[r] {
				return fmt.Errorf("region %s has entry %d that was never acknowledged: %v, acknowledged %v, tried %d", r, id, got, p.acked[r], p.tried[r])
			}
		}
	}
	return nil
}

const crashDir = "/data/wal"

func crashOptions(disk vfs.FS) Options {
	return Options{Dir: crashDir, FS: disk, FileSize: 16 << 10, PurgeThreshold: 64 << 10}
}

// workload appends, marks, drops and reopens with seeded chance until a call fails.
func workload(disk *crashfs.FS, seed int64, steps int, o Options) *promise {
	p := newPromise()
	rng := rand.New(rand.NewSource(seed))
	ctx := context.Background()
	o.FS = disk
	l, err := Open(ctx, o)
	if err != nil {
		return p
	}
	defer func() { _ = l.Close() }()
	last := map[wal.RegionID]uint64{}
	for range steps {
		r := wal.RegionID(1 + rng.Intn(4))
		switch n := rng.Intn(30); {
		case n == 0:
			if l.Close() != nil {
				return p
			}
			if l, err = Open(ctx, o); err != nil {
				l = &Log{}
				l.mu.closing, l.mu.closeDone = true, make(chan struct{})
				close(l.mu.closeDone)
				return p
			}
		case n == 1:
			p.dropped[r] = true
			if l.Drop(ctx, r) != nil {
				return p
			}
			p.dropped[r] = false
			p.acked[r], last[r], p.marked[r] = nil, 0, 0
		case n < 8 && last[r] > 0:
			p.marked[r] = max(p.marked[r], last[r]-min(uint64(rng.Intn(2)), last[r]))
			if l.Obsolete(ctx, r, p.marked[r]) != nil {
				return p
			}
		default:
			var batch []wal.Entry
			for range 1 + rng.Intn(3) {
				r := wal.RegionID(1 + rng.Intn(4))
				if slicesHas(batch, r) {
					continue
				}
				batch = append(batch, wal.Entry{Region: r, ID: last[r] + 1, Payload: waltest.Payload(r, last[r]+1)})
			}
			for _, e := range batch {
				p.tried[e.Region] = e.ID
			}
			if l.Append(ctx, batch) != nil {
				return p
			}
			for _, e := range batch {
				last[e.Region] = e.ID
				p.acked[e.Region] = append(p.acked[e.Region], e.ID)
				p.tried[e.Region] = 0
			}
		}
	}
	return p
}

func slicesHas(batch []wal.Entry, r wal.RegionID) bool {
	for _, e := range batch {
		if e.Region == r {
			return true
		}
	}
	return false
}

// TestPowerCut cuts the power before every step of a workload and looks whether what was acknowledged is there. Then it goes on
// with the log, and cuts the power again, to see that a repaired log is as good as another.
func TestPowerCut(t *testing.T) {
	seeds := int64(2)
	if testing.Short() {
		seeds = 1
	}
	for seed := int64(1); seed <= seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			crashfs.EachCut(func(disk *crashfs.FS) *promise {
				return workload(disk, seed, 60, crashOptions(nil))
			}, func(n int, disk *crashfs.FS, p *promise) {
				l, err := Open(context.Background(), crashOptions(disk))
				if err != nil {
					t.Fatalf("power cut before step %d: %v\n%s", n, err, disk)
				}
				defer l.Close()
				if err := p.check(l); err != nil {
					t.Fatalf("power cut before step %d: %v\n%s", n, err, disk)
				}
				// An id that was asked for without an answer may be there: go on above it.
				var batch []wal.Entry
				for r := wal.RegionID(1); r <= 4; r++ {
					got, err := waltest.Replayed(l, r, 1)
					if err != nil {
						t.Fatal(err)
					}
					id := uint64(1)
					if len(got) > 0 {
						id = got[len(got)-1] + 1
					}
					id = max(id, p.marked[r]+1)
					batch = append(batch, wal.Entry{Region: r, ID: id, Payload: waltest.Payload(r, id)})
				}
				if err := l.Append(context.Background(), batch); err != nil {
					t.Fatalf("power cut before step %d, append afterwards: %v", n, err)
				}
				again := disk.Reboot(nil)
				l2, err := Open(context.Background(), crashOptions(again))
				if err != nil {
					t.Fatalf("second power cut after step %d: %v", n, err)
				}
				defer l2.Close()
				for _, e := range batch {
					got, err := waltest.Replayed(l2, e.Region, e.ID)
					if err != nil || len(got) != 1 {
						t.Fatalf("power cut before step %d: after the second one region %s has %v from %d on, %v", n, e.Region, got, e.ID, err)
					}
				}
				if err := p.check2(l2, batch); err != nil {
					t.Fatalf("power cut before step %d, then another: %v", n, err)
				}
			})
		})
	}
}

// check2 is check after batch was acknowledged too.
func (p *promise) check2(l wal.Log, batch []wal.Entry) error {
	q := newPromise()
	q.marked, q.dropped = p.marked, p.dropped
	for r, ids := range p.acked {
		q.acked[r] = append([]uint64(nil), ids...)
	}
	for r, id := range p.tried {
		q.tried[r] = id
	}
	for _, e := range batch {
		q.acked[e.Region] = append(q.acked[e.Region], e.ID)
	}
	return q.check(l)
}

// TestFailingDisk lets calls of the file system fail by chance, without cutting the power: an append that fails is not there, one
// that succeeds is, and once the disk works again so does the log.
func TestFailingDisk(t *testing.T) {
	for _, noSync := range []bool{false, true} {
		for seed := int64(1); seed <= 15; seed++ {
			t.Run(fmt.Sprintf("nosync=%v/%d", noSync, seed), func(t *testing.T) {
				disk := crashfs.New()
				o := crashOptions(disk)
				o.NoSync = noSync
				l := mustOpen(t, o)
				defer l.Close()
				rng := rand.New(rand.NewSource(seed))
				var failing bool
				var mu sync.Mutex
				disk.Hook(func(s crashfs.Step) error {
					mu.Lock()
					defer mu.Unlock()
					if failing && rng.Intn(3) == 0 {
						return &fs.PathError{Op: string(s.Op), Path: s.Name, Err: syscall.ENOSPC}
					}
					return nil
				})
				ids := map[wal.RegionID]uint64{}
				p := newPromise()
				failed := 0
				for i := range 200 {
					mu.Lock()
					failing = i%50 >= 20
					mu.Unlock()
					r := wal.RegionID(1 + i%3)
					err := l.Append(context.Background(), waltest.Entries(r, ids[r]+1, ids[r]+1))
					switch {
					case err == nil:
						ids[r]++
						p.acked[r] = append(p.acked[r], ids[r])
					case !errs.Is(err, errs.StorageUnavailable) || !strings.Contains(err.Error(), crashDir):
						t.Fatalf("append on a full disk: %v", err)
					case i%50 < 20:
						t.Fatalf("append on a working disk: %v", err)
					default:
						failed++
					}
				}
				if failed == 0 {
					t.Fatal("nothing failed")
				}
				mu.Lock()
				failing = false
				mu.Unlock()
				if err := p.check(l); err != nil {
					t.Fatal(err)
				}
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				if noSync { // syncs failed, so a power cut may cost what was acknowledged before
					l2 := mustOpen(t, crashOptions(disk))
					defer l2.Close()
					if err := p.check(l2); err != nil {
						t.Fatalf("after a restart: %v", err)
					}
					return
				}
				l2 := mustOpen(t, crashOptions(disk.Reboot(nil)))
				defer l2.Close()
				if err := p.check(l2); err != nil {
					t.Fatalf("after a power cut: %v", err)
				}
			})
		}
	}
}

// TestFailedSyncIsNotRetried fails one sync and looks that the segment gets no further write, and that the log goes on elsewhere.
func TestFailedSyncIsNotRetried(t *testing.T) {
	disk := crashfs.New()
	l := mustOpen(t, crashOptions(disk))
	defer l.Close()
	ctx := context.Background()
	if err := l.Append(ctx, waltest.Entries(1, 1, 1)); err != nil {
		t.Fatal(err)
	}
	bad, failed := l.mu.segments[0].f.Name(), false
	disk.Hook(func(s crashfs.Step) error {
		switch {
		case !failed && s.Op == crashfs.OpSync && s.Name == bad:
			failed = true
			return &fs.PathError{Op: "fdatasync", Path: s.Name, Err: syscall.EIO}
		case failed && s.Name == bad && (s.Op == crashfs.OpWrite || s.Op == crashfs.OpSync):
			t.Errorf("%s of %s after its sync failed", s.Op, s.Name)
		}
		return nil
	})
	var wg sync.WaitGroup
	for r := wal.RegionID(1); r <= 1; r++ {
		wg.Go(func() {
			if err := l.Append(ctx, waltest.Entries(r, 2, 2)); !errs.Is(err, errs.StorageUnavailable) {
				t.Errorf("append whose sync failed: %v", err)
			}
		})
	}
	wg.Wait()
	if err := l.Append(ctx, waltest.Entries(1, 2, 3)); err != nil {
		t.Fatal(err)
	}
	disk.Hook(nil)
	for range 2 {
		got, err := waltest.Replayed(l, 1, 1)
		if err != nil || fmt.Sprint(got) != "[1 2 3]" {
			t.Fatalf("%v %v", got, err)
		}
		l.Close()
		l = mustOpen(t, crashOptions(disk))
	}
	defer l.Close()
}

// newest is the name of the newest segment.
func segments(t *testing.T, fsys vfs.FS, dir string) []string {
	t.Helper()
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if _, ok := parseSegmentName(e.Name()); ok {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

// flip changes one byte of a file.
func flip(t *testing.T, fsys vfs.FS, name string, at int64) {
	t.Helper()
	f, err := openRW(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x40
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// TestDamage flips bytes, one at a time, all over a log of two segments. In the older one each record's damage is an error that
// names the place; in the newer one too, except in the last group, which cannot be told from a torn write.
func TestDamage(t *testing.T) {
	disk := crashfs.New()
	o := crashOptions(disk)
	o.NoCompress = true
	l := mustOpen(t, o)
	for id := uint64(1); id <= 8; id++ {
		if err := l.Append(context.Background(), waltest.Entries(1, id, id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files := segments(t, disk, crashDir)
	if len(files) < 2 {
		t.Fatalf("only %d segments", len(files))
	}
	var records []Record
	if err := Inspect(disk, crashDir, func(r Record) error { records = append(records, r); return r.Err }); err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		for _, at := range []int64{0, 5, 9, 21, 33, 47, 48, int64(r.Bytes) - 1} {
			if at >= int64(r.Bytes) {
				continue
			}
			flip(t, disk, r.File, r.Offset+at)
			l, err := Open(context.Background(), o)
			ce := (*wal.CorruptError)(nil)
			switch {
			case i == len(records)-1:
				if err != nil {
					t.Fatalf("damage at the end of the log, byte %d: %v", at, err)
				}
				got, err := waltest.Replayed(l, 1, 1)
				if err != nil || len(got) != 7 {
					t.Fatalf("damage at the end of the log: %v, %v", got, err)
				}
				l.Close()
			case !errors.As(err, &ce):
				t.Fatalf("damage in record %d, byte %d: %v", i, at, err)
			case ce.File != r.File || ce.Offset != r.Offset:
				t.Fatalf("damage in %s at %d is reported as %v", r.File, r.Offset, err)
			}
			flip(t, disk, r.File, r.Offset+at)
		}
	}
	for _, at := range []int64{0, 8, 16, 24, 40, 63} {
		flip(t, disk, files[0], at)
		ce := (*wal.CorruptError)(nil)
		if _, err := Open(context.Background(), o); !errors.As(err, &ce) || ce.File != files[0] {
			t.Fatalf("damage of a header at %d: %v", at, err)
		}
		flip(t, disk, files[0], at)
	}
	if err := disk.Rename(files[0], files[0]+".away"); err != nil {
		t.Fatal(err)
	}
	if l, err := Open(context.Background(), o); err != nil { // the oldest: no way to know
		t.Fatal(err)
	} else {
		l.Close()
	}
}

// TestMissingSegment removes a segment from the middle.
func TestMissingSegment(t *testing.T) {
	disk := crashfs.New()
	l := mustOpen(t, crashOptions(disk))
	for id := uint64(1); id <= 300; id++ {
		if err := l.Append(context.Background(), waltest.Entries(1, id, id)); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	files := segments(t, disk, crashDir)
	if len(files) < 3 {
		t.Fatalf("only %d segments", len(files))
	}
	if err := disk.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	ce := (*wal.CorruptError)(nil)
	if _, err := Open(context.Background(), crashOptions(disk)); !errors.As(err, &ce) || ce.File != files[1] {
		t.Fatalf("missing segment: %v", err)
	}
}

// TestTornTail cuts the newest segment at every byte of its last record: the log opens, says so, and has what stands before.
func TestTornTail(t *testing.T) {
	disk := crashfs.New()
	o := crashOptions(disk)
	l := mustOpen(t, o)
	for id := uint64(1); id <= 3; id++ {
		if err := l.Append(context.Background(), waltest.Entries(1, id, id)); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	file := segments(t, disk, crashDir)[0]
	var last Record
	if err := Inspect(disk, file, func(r Record) error { last = r; return r.Err }); err != nil {
		t.Fatal(err)
	}
	whole, err := vfs.ReadFile(disk, file)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < last.Bytes; n += 7 {
		f, err := openRW(disk, file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(whole, 0); err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(last.Offset + int64(n)); err != nil {
			t.Fatal(err)
		}
		f.Close()
		var told bytes.Buffer
		o.Log = slog.New(slog.NewTextHandler(&told, nil))
		l := mustOpen(t, o)
		got, err := waltest.Replayed(l, 1, 1)
		l.Close()
		if err != nil || fmt.Sprint(got) != "[1 2]" {
			t.Fatalf("%d of %d bytes left: %v, %v", n, last.Bytes, got, err)
		}
		if n >= recordHeader && !strings.Contains(told.String(), "cut torn end") {
			t.Fatalf("%d of %d bytes left: not told: %s", n, last.Bytes, &told)
		}
	}
}
