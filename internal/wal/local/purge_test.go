package local

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/wal"
	"github.com/goptimedb/goptimedb/internal/wal/waltest"
)

// TestRecycle fills a log again and again while marking all but the newest entries: its files are reused, and their number stays.
func TestRecycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		made := 0
		disk.Hook(func(s crashfs.Step) error {
			if s.Op == crashfs.OpCreate {
				made++
			}
			return nil
		})
		o := crashOptions(disk)
		o.PurgeThreshold = 8 * o.FileSize
		l := mustOpen(t, o)
		ctx := context.Background()
		for id := uint64(1); id <= 900; id++ {
			if err := l.Append(ctx, waltest.Entries(1, id, id)); err != nil {
				t.Fatal(err)
			}
			if id%10 == 0 {
				if err := l.Obsolete(ctx, 1, id-2); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
		}
		st := l.Stats()
		if st.Segments > 2 || st.Spares < 1 || st.Spares+st.Segments > 8 || made > 12 {
			t.Errorf("%d segments, %d spares, %d files made", st.Segments, st.Spares, made)
		}
		if st.Bytes > 64<<10 || len(st.Regions) != 1 || st.Regions[0].Oldest != 899 {
			t.Errorf("%+v", st)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = mustOpen(t, crashOptions(disk))
		got, err := waltest.Replayed(l, 1, 1)
		if err != nil || fmt.Sprint(got) != "[899 900]" {
			t.Errorf("%v %v", got, err)
		}
		l.Close()
	})
}

// TestLaggard lets one region hold back all others.
func TestLaggard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustOpen(t, crashOptions(crashfs.New()))
		defer l.Close()
		ctx := context.Background()
		for _, es := range [][]wal.Entry{waltest.Entries(9, 1, 1), waltest.Entries(1, 1, 400), waltest.Entries(2, 1, 1)} {
			for i := range es {
				if err := l.Append(ctx, es[i:i+1]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := l.Obsolete(ctx, 1, 399); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := l.Stats()
		lag := l.Laggards(before.Bytes / 2)
		if before.Segments < 3 || len(lag) != 1 || lag[0].Region != 9 || lag[0].Oldest != 1 {
			t.Fatalf("%+v in %d segments", lag, before.Segments)
		}
		if err := l.Obsolete(ctx, 9, 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if after := l.Stats(); after.Segments != 1 || len(l.Laggards(after.Bytes)) != 0 {
			t.Fatalf("%+v", after)
		}
	})
}

// TestMarksWritten looks that marks become durable without any append, at the next interval.
func TestMarksWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		l := mustOpen(t, crashOptions(disk))
		defer l.Close()
		ctx := context.Background()
		if err := l.Append(ctx, waltest.Entries(1, 1, 5)); err != nil {
			t.Fatal(err)
		}
		if err := l.Obsolete(ctx, 1, 3); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + time.Second) // the bubble's clock: takes no time
		synctest.Wait()
		l2 := mustOpen(t, crashOptions(disk.Reboot(nil)))
		defer l2.Close()
		if got, err := waltest.Replayed(l2, 1, 1); err != nil || fmt.Sprint(got) != "[4 5]" {
			t.Fatalf("%v %v", got, err)
		}
	})
}

// TestNoSyncPeriod looks that without a sync per append what was acknowledged is durable after the sync period.
func TestNoSyncPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		o := crashOptions(disk)
		o.NoSync = true
		l := mustOpen(t, o)
		defer l.Close()
		ctx := context.Background()
		if err := l.Append(ctx, waltest.Entries(1, 1, 5)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		steps := disk.Steps()
		time.Sleep(5*time.Second + time.Millisecond)
		synctest.Wait()
		if disk.Steps() != steps+1 {
			t.Fatalf("%d steps in a sync period", disk.Steps()-steps)
		}
		if err := l.Append(ctx, waltest.Entries(1, 6, 6)); err != nil {
			t.Fatal(err)
		}
		l2 := mustOpen(t, crashOptions(disk.Reboot(nil)))
		defer l2.Close()
		if got, err := waltest.Replayed(l2, 1, 1); err != nil || fmt.Sprint(got) != "[1 2 3 4 5]" {
			t.Fatalf("%v %v", got, err)
		}
	})
}

// TestGroupCommit holds a sync while others queue: they then share the next one.
func TestGroupCommit(t *testing.T) {
	disk := crashfs.New()
	l := mustOpen(t, crashOptions(disk))
	defer l.Close()
	ctx := context.Background()
	if err := l.Append(ctx, waltest.Entries(1, 1, 1)); err != nil {
		t.Fatal(err)
	}
	file := l.mu.segments[0].f.Name()
	held, release, syncs := make(chan struct{}), make(chan struct{}), 0
	disk.Hook(func(s crashfs.Step) error {
		if s.Op != crashfs.OpSync || s.Name != file {
			return nil
		}
		if syncs++; syncs == 1 {
			close(held)
			<-release
		}
		return nil
	})
	var wg sync.WaitGroup
	add := func(r wal.RegionID, id uint64) {
		wg.Go(func() {
			if err := l.Append(ctx, []wal.Entry{{Region: r, ID: id, Payload: []byte("x")}}); err != nil {
				t.Error(err)
			}
		})
	}
	add(1, 2)
	<-held
	for r := wal.RegionID(2); r < 22; r++ {
		add(r, 1)
	}
	for queued := 0; queued < 20; {
		l.mu.Lock()
		queued = len(l.mu.queue)
		l.mu.Unlock()
	}
	close(release)
	wg.Wait()
	disk.Hook(nil)
	if syncs != 2 {
		t.Fatalf("%d syncs for a held append and twenty behind it", syncs)
	}
}

// TestMetrics pins the names that operators rely on.
func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	o := crashOptions(crashfs.New())
	o.Metrics = reg
	l := mustOpen(t, o)
	if err := l.Append(context.Background(), waltest.Entries(1, 1, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := waltest.Replayed(l, 1, 1); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
	}
	slices.Sort(names)
	want := "greptime_logstore_op_bytes_total greptime_logstore_op_elapsed raft_engine_log_file_count " +
		"raft_engine_purge_duration_seconds raft_engine_sync_log_duration_seconds raft_engine_write_size"
	if got := strings.Join(names, " "); got != want {
		t.Fatalf("%s", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if families, _ := reg.Gather(); len(families) != 0 {
		t.Fatalf("%d metrics left after Close", len(families))
	}
}
