package engine

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
	"github.com/goptimedb/goptimedb/internal/objectstore/coats"
	"github.com/goptimedb/goptimedb/internal/objectstore/diskcache"
)

// distant adds to each request what the way to a store in another building costs.
type distant struct {
	objectstore.Store
	wait time.Duration
}

func (d *distant) Get(ctx context.Context, key string) ([]byte, error) {
	time.Sleep(d.wait)
	return d.Store.Get(ctx, key)
}

func (d *distant) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	time.Sleep(d.wait)
	return d.Store.GetRange(ctx, key, off, n)
}

func (d *distant) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, error) {
	time.Sleep(d.wait)
	return d.Store.List(ctx, prefix, after, limit)
}

func (d *distant) Stat(ctx context.Context, key string) (objectstore.Info, error) {
	time.Sleep(d.wait)
	return d.Store.Stat(ctx, key)
}

// BenchmarkFar asks for one host of a thousand in 1.2 million rows of 12 files in S3: with nothing near, with the files on the local disk, and
// with everything in memory; without and with 20 ms on the way to the store.
func BenchmarkFar(b *testing.B) {
	ctx := b.Context()
	srv := cloudtest.NewS3(b)
	far := coats.Wrap(srv.Open(b, "bench"), coats.Options{})
	open := func(store objectstore.Store, dir string) *farNode {
		c, err := diskcache.Open(diskcache.Options{Dir: dir + "/cache", Size: 1 << 30, ManifestSize: 16 << 20})
		if err != nil {
			b.Fatal(err)
		}
		n, err := start(b, vfs.OS(), dir, func(o *Options) { o.Store, o.CheckpointDistance = c.Wrap(store, "far"), 10 })
		if err != nil {
			b.Fatal(err)
		}
		return &farNode{n, c}
	}
	stop := func(n *farNode) {
		if err := n.stop(); err != nil {
			b.Fatal(err)
		}
	}
	n := open(far, b.TempDir())
	meta := testMeta(contract.MergeLastRow)
	meta.Options.TriggerFileNum = 1000
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
		b.Fatal(err)
	}
	const files, hosts, times = 12, 1000, 100
	for f := range files {
		var rows []row
		for h := range hosts {
			for i := range times {
				v := float64(f*i+h) / 7
				rows = append(rows, row{host: fmt.Sprintf("h%05d", h), ts: int64(f)*86_400_000 + int64(i)*60_000, v: &v})
			}
		}
		if _, err := n.eng.Write(ctx, put(model.OpPut, rows...)); err != nil {
			b.Fatal(err)
		}
		if err := n.eng.Flush(ctx, region0); err != nil {
			b.Fatal(err)
		}
	}
	stop(n)
	ask := func(n *farNode) {
		if rows, err := n.point(ctx, "h00042"); err != nil || rows != files*times {
			b.Fatal(rows, err)
		}
	}
	begin := func(n *farNode) {
		if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
			b.Fatal(err)
		}
	}
	for _, wait := range []time.Duration{0, 20 * time.Millisecond} {
		store := objectstore.Store(far)
		if wait > 0 {
			store = &distant{far, wait}
		}
		name := fmt.Sprintf("%dms/", wait.Milliseconds())
		b.Run(name+"open and ask, cold", func(b *testing.B) {
			requests := srv.Faults.Requests("")
			for b.Loop() {
				b.StopTimer()
				n := open(store, b.TempDir())
				b.StartTimer()
				begin(n)
				ask(n)
				b.StopTimer()
				stop(n)
				b.StartTimer()
			}
			b.ReportMetric(float64(srv.Faults.Requests("")-requests)/float64(b.N), "requests/op")
		})
		dir := b.TempDir()
		n := open(store, dir)
		begin(n)
		ask(n)
		stop(n)
		b.Run(name+"open and ask, on disk", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				n := open(store, dir)
				b.StartTimer()
				begin(n)
				ask(n)
				b.StopTimer()
				stop(n)
				b.StartTimer()
			}
		})
		b.Run(name+"ask, in memory", func(b *testing.B) {
			n := open(store, dir)
			begin(n)
			ask(n)
			for b.Loop() {
				ask(n)
			}
			stop(n)
		})
	}
}
