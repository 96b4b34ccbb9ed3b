package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/index"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// indexed is the index file that a data file has now. A new one takes the old one's place while scans run: those that began before may
// find theirs gone, and read the rows instead.
type indexed struct {
	version uint64
	size    int64
	names   []string // of the indexes in it, see manifest.File
}

// current is what the manifest says of the file.
func (f *file) current() manifest.File {
	m, x := f.File, f.index.Load()
	m.IndexVersion, m.IndexSize, m.Indexes = x.version, x.size, x.names
	m.Filtered = model.Sequence(f.filtered.Load())
	return m
}

// reindexed takes in that the manifest names another index file than before; was is what it said before.
func (f *file) reindexed(m manifest.File) (was manifest.File, changed bool) {
	was = f.current()
	if was.IndexVersion == m.IndexVersion {
		return was, false
	}
	f.index.Store(&indexed{m.IndexVersion, m.IndexSize, m.Indexes})
	return was, true
}

// indexPath is the object key of a file's index.
func (r *region) indexPath(f manifest.File) string {
	return sst.IndexKey(r.dir, string(f.ID), f.IndexVersion)
}

// deleteIndexes removes index files that were replaced. A failure leaves garbage, which is collected later.
func (r *region) deleteIndexes(keys []string) {
	if len(keys) == 0 {
		return
	}
	if err := r.store.Delete(context.Background(), keys...); err != nil {
		r.log.Warn("delete replaced index files", "files", keys, "err", err)
	}
}

// IndexOptions say which indexes files get, when, and at what cost.
type IndexOptions struct {
	// Async leaves building to background jobs; flushes and compactions write files without indexes.
	Async bool
	// Jobs is how many background builds run at a time. Zero: 1
	Jobs int
	// SkipOnFlush and SkipOnCompaction are kinds that new files do not get.
	SkipOnFlush, SkipOnCompaction IndexKinds
	// Scratch is the memory and the place for spilled data of a builder of a kind; nil: 64 MiB, no spilling.
	Scratch func(k index.Kind) index.Scratch
}

// IndexKinds is a set of kinds as options name them.
type IndexKinds struct{ Inverted, Skipping, Fulltext bool }

func (s IndexKinds) has(k index.Kind) bool {
	switch k {
	case index.Inverted:
		return s.Inverted
	case index.Skipping:
		return s.Skipping
	}
	return s.Fulltext
}

type indexMetrics struct {
	elapsed             *prometheus.HistogramVec
	rows, bytes, failed *prometheus.CounterVec
}

func newIndexMetrics(reg prometheus.Registerer) *indexMetrics {
	label := []string{"type"}
	m := &indexMetrics{
		elapsed: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "greptime_index_create_elapsed",
			Help: "Seconds that building one index took, by kind.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 9)}, label),
		rows:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_index_create_rows_total", Help: "Rows that were indexed, by kind."}, label),
		bytes:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_index_create_bytes_total", Help: "Bytes of the indexes that were built, by kind."}, label),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_index_create_failures_total", Help: "Indexes that files were written without, because building them failed or took too much memory, by kind."}, label),
	}
	reg.MustRegister(m.elapsed, m.rows, m.bytes, m.failed)
	return m
}

// building is what files get: the indexes listed, with their makers' news told to metrics and log.
func (r *region) building(indexes []sst.ColumnIndex) sst.IndexBuilding {
	m := r.eng.indexMet
	return sst.IndexBuilding{Indexes: indexes, Scratch: r.eng.opts.Index.Scratch,
		Built: func(x sst.ColumnIndex, rows int, size int64, took time.Duration) {
			k := x.Spec.Kind.String()
			m.elapsed.WithLabelValues(k).Observe(took.Seconds())
			m.rows.WithLabelValues(k).Add(float64(rows))
			m.bytes.WithLabelValues(k).Add(float64(size))
		},
		Failed: func(x sst.ColumnIndex, err error) {
			m.failed.WithLabelValues(x.Spec.Kind.String()).Inc()
			if _, told := r.indexes.hopeless.LoadOrStore(x.String(), true); !told {
				r.log.Warn("a file is written without an index", "column", x.Column, "kind", x.Spec.Kind.String(), "err", err)
			}
		}}
}

// wanted are the indexes that a file of a level gets. asked: by a statement, which wants all that are declared.
func (r *region) wanted(schema *model.Schema, level uint8, asked bool) []sst.ColumnIndex {
	o := &r.eng.opts.Index
	skip := o.SkipOnCompaction
	if level == 0 {
		skip = o.SkipOnFlush
	}
	return slices.DeleteFunc(sst.DeclaredIndexes(schema), func(x sst.ColumnIndex) bool { return !asked && skip.has(x.Spec.Kind) })
}

// withFile are the indexes that a file of a level gets while it is written.
func (r *region) withFile(schema *model.Schema, level uint8) sst.IndexBuilding {
	if r.eng.opts.Index.Async {
		return sst.IndexBuilding{}
	}
	return r.building(r.wanted(schema, level, false))
}

// lacks reports whether a file has not all of the indexes.
func (f *file) lacks(wanted []sst.ColumnIndex) bool {
	have := f.index.Load().names
	return slices.ContainsFunc(wanted, func(x sst.ColumnIndex) bool { return !slices.Contains(have, x.String()) })
}

// keep is those of the indexes that have one of the names.
func keep(indexes []sst.ColumnIndex, names []string) []sst.ColumnIndex {
	return slices.DeleteFunc(slices.Clone(indexes), func(x sst.ColumnIndex) bool { return !slices.Contains(names, x.String()) })
}

// askIndexes queues a background build where files lack indexes that the schema asks for.
func (e *Engine) askIndexes(r *region) {
	v := r.pin()
	some := slices.ContainsFunc(v.files, func(f *file) bool { return r.due(f, v.meta.Schema) })
	r.unpin(v)
	if !some || !r.indexes.asked.CompareAndSwap(false, true) {
		return
	}
	select {
	case e.indexQ <- r:
	default:
		r.indexes.asked.Store(false) // the next flush, compaction or start asks again
	}
}

// due reports whether a background job has something to build for a file. What failed once in this process is left alone.
func (r *region) due(f *file, schema *model.Schema) bool {
	return f.lacks(slices.DeleteFunc(r.wanted(schema, f.Level, false), func(x sst.ColumnIndex) bool {
		_, failed := r.indexes.hopeless.Load(x.String())
		return failed
	}))
}

func (e *Engine) indexLoop() {
	for {
		select {
		case <-e.ctx.Done():
			return
		case r := <-e.indexQ:
			r.indexes.asked.Store(false)
			if n, err := r.buildIndexes(e.ctx, false); err != nil && !errors.Is(err, context.Canceled) {
				r.log.Error("build indexes; tried again at the next schema change, flush or start", "files_done", n, "err", err)
			}
		}
	}
}

// BuildIndex implements contract.RegionServer. Files whose indexes are damaged get new ones too.
func (e *Engine) BuildIndex(ctx context.Context, id model.RegionID) error {
	r, err := e.region(id)
	if err != nil {
		return err
	}
	_, err = r.buildIndexes(ctx, true)
	return err
}

// indexJobs is the state of a region's index builds.
type indexJobs struct {
	mu       sync.Mutex  // held by the one build of the region
	asked    atomic.Bool // a background build is queued
	hopeless sync.Map    // names of indexes that could not be built
	stop     struct {
		sync.Mutex
		stopped bool
		cancel  context.CancelFunc // of the build that runs; nil: none
	}
}

// end stops the build that runs, waits for it, and lets none begin.
func (j *indexJobs) end() {
	j.stop.Lock()
	j.stop.stopped = true
	if j.stop.cancel != nil {
		j.stop.cancel()
	}
	j.stop.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
}

// buildIndexes gives the files, one after the other, new index files with the indexes that they lack, and counts them. Each is committed
// on its own, so a build that is broken off goes on where it was. asked: see wanted.
func (r *region) buildIndexes(ctx context.Context, asked bool) (built int, err error) {
	j := &r.indexes
	j.mu.Lock()
	defer j.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j.stop.Lock()
	stopped := j.stop.stopped
	j.stop.cancel = cancel
	j.stop.Unlock()
	defer func() {
		j.stop.Lock()
		j.stop.cancel = nil
		j.stop.Unlock()
	}()
	if err := r.writable(); err != nil || stopped {
		return 0, err
	}
	if err := r.settle(ctx); err != nil {
		return 0, fmt.Errorf("build indexes of region %s: %w", r.id, err)
	}
	done := map[manifest.FileID]bool{}
	for {
		// Pinned for one file at a time, so that files which compactions replace meanwhile are not held.
		v := r.pin()
		i := slices.IndexFunc(v.files, func(f *file) bool {
			return !done[f.ID] && (asked || r.due(f, v.meta.Schema))
		})
		if i < 0 {
			r.unpin(v)
			return built, nil
		}
		f := v.files[i]
		done[f.ID] = true
		did, err := r.reindex(ctx, v.meta.Schema, f, asked)
		r.unpin(v)
		if err != nil {
			return built, fmt.Errorf("build indexes of file %s of region %s: %w", f.ID, r.id, err)
		}
		if did {
			built++
		}
	}
}

// reindex makes a new index file of a pinned file, unless it has all that it should.
func (r *region) reindex(ctx context.Context, schema *model.Schema, f *file, asked bool) (did bool, err error) {
	start := time.Now()
	wanted := r.wanted(schema, f.Level, asked)
	h, err := f.opened(ctx)
	if err != nil {
		return false, err
	}
	if !f.lacks(wanted) && h.IndexIntact(ctx, wanted) {
		return false, nil
	}
	now := f.current()
	next := manifest.Reindex{ID: f.ID, IndexVersion: now.IndexVersion + 1}
	r.claim(f.ID)
	defer r.unclaim([]manifest.File{now})
	if next.IndexSize, next.Indexes, err = h.Reindex(ctx, next.IndexVersion, r.building(wanted)); err != nil {
		return false, err
	}
	if slices.Equal(next.Indexes, now.Indexes) && len(next.Indexes) < len(wanted) && h.IndexIntact(ctx, keep(wanted, next.Indexes)) {
		gone := now // what was missing could not be built now either
		gone.IndexVersion = next.IndexVersion
		r.deleteIndexes([]string{r.indexPath(gone)})
		return false, nil
	}
	if err := r.commit(ctx, "index.commit", manifest.Action{Edit: &manifest.Edit{Reindex: []manifest.Reindex{next}}}); err != nil {
		return false, err // perhaps it is there: the file stays, for settle or the next open to decide
	}
	r.sync()
	if !slices.ContainsFunc(r.manifest.State().Files, func(m manifest.File) bool { return m.ID == f.ID }) {
		now.IndexVersion = next.IndexVersion
		r.deleteIndexes([]string{r.indexPath(now)}) // a compaction was faster
		return false, nil
	}
	r.log.Info("built indexes", "file", f.ID, "indexes", next.Indexes, "bytes", next.IndexSize, "took", time.Since(start))
	return true, nil
}
