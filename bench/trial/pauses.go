package trial

import (
	"context"
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/cache"
)

const (
	// chunkRows is the rows of a cached chunk: a row group.
	chunkRows = 102_400
	// pausesFor is how long garbage is made.
	pausesFor = 20 * time.Second
)

// pauses fills a cache of decoded column chunks, as scans do, and measures how long the garbage collector stops the world while requests
// make garbage beside it.
func pauses(ctx context.Context, b *bench) error {
	type key struct{ file, column int }
	c := cache.New[key, *model.Vector]("trial", budget.New(2*b.Bytes), 2*b.Bytes, cache.NewMetrics(nil))
	for i := 0; c.Bytes() < b.Bytes && ctx.Err() == nil; i++ {
		v := &model.Vector{Type: model.Float64, Len: chunkRows, Floats: make([]float64, chunkRows)}
		for k := range v.Floats {
			v.Floats[k] = float64(k ^ i)
		}
		c.Add(key{i / 20, i % 20}, v, v.Bytes())
	}
	b.say("%d chunks, %.1f GiB in the cache", c.Len(), float64(c.Bytes())/(1<<30))
	names := []string{"/sched/pauses/total/gc:seconds", "/sched/pauses/stopping/gc:seconds"}
	read := func() []metrics.Sample {
		out := make([]metrics.Sample, len(names))
		for i, n := range names {
			out[i].Name = n
		}
		metrics.Read(out)
		return out
	}
	runtime.GC()
	before := read()
	var ms, me runtime.MemStats
	runtime.ReadMemStats(&ms)
	ctx, cancel := context.WithTimeout(ctx, pausesFor)
	defer cancel()
	var wg sync.WaitGroup
	for w := range max(1, runtime.NumCPU()-1) {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				batch := make([]*model.Vector, 12) // a request: some columns of some rows
				for k := range batch {
					batch[k] = model.NewVector(model.Float64, 4000)
				}
				if v, ok := c.Get(key{(i + w) % 100, i % 20}); ok {
					batch[0].AppendVector(v, 0, 4000)
				}
			}
		})
	}
	tick := time.NewTicker(100 * time.Millisecond) // the collector would rest for long with so much live memory
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			runtime.GC()
		case <-ctx.Done():
		}
	}
	wg.Wait()
	after := read()
	runtime.ReadMemStats(&me)
	for i, n := range names {
		median, p99, top, count := histogram(before[i].Value.Float64Histogram(), after[i].Value.Float64Histogram())
		b.figure(n, "< 1 ms", "%d pauses: median below %.3f ms, p99 %.3f, max %.3f", count, median*1e3, p99*1e3, top*1e3)
	}
	b.figure("meanwhile", "", "%d collections, %.1f GiB of garbage; %.1f GiB in the cache", me.NumGC-ms.NumGC, float64(me.TotalAlloc-ms.TotalAlloc)/(1<<30), float64(c.Bytes())/(1<<30))
	runtime.KeepAlive(c)
	return nil
}

// histogram is the upper bounds of what half, 99 of 100, and all of the samples between two readings are.
func histogram(before, after *metrics.Float64Histogram) (median, p99, top float64, count uint64) {
	n := make([]uint64, len(after.Counts))
	for i := range n {
		n[i] = after.Counts[i] - before.Counts[i]
		count += n[i]
	}
	var seen uint64
	for i, k := range n {
		if seen += k; k == 0 {
			continue
		}
		bound := after.Buckets[i+1]
		if math.IsInf(bound, 1) {
			bound = after.Buckets[i]
		}
		if median == 0 && 2*seen >= count {
			median = bound
		}
		if p99 == 0 && float64(seen) >= 0.99*float64(count) {
			p99 = bound
		}
		top = bound
	}
	return median, p99, top, count
}
