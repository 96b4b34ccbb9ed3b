package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// What makes a region on a far store quick to open and to read first: sizes that the manifest knows are not asked for, and index files
// and footers are brought near in the background.

// knownSizes is the store of one file's objects, whose sizes the manifest tells.
type knownSizes struct {
	objectstore.Store
	f *file
}

// Open implements objectstore.Store.
func (k knownSizes) Open(ctx context.Context, key string) (objectstore.Reader, error) {
	m := k.f.current()
	data := sst.DataKey(k.f.region.dir, string(m.ID))
	switch key {
	case data:
		return objectstore.OpenSized(ctx, k.Store, key, m.Size)
	case k.f.region.indexPath(m):
		return objectstore.OpenSized(ctx, k.Store, key, m.IndexSize)
	}
	return k.Store.Open(ctx, key)
}

const (
	// preloadFiles is how many of a region's files are preloaded, the newest: those are what is asked for first.
	preloadFiles = 1024
	// preloadFooter is how much of a data file's end holds its footer and page index, most of the time.
	preloadFooter = 64 << 10
	// preloadParallel is how many requests the preloading of all regions has under way, so that queries find room beside it.
	preloadParallel = 4
)

// askPreload queues a region that was opened, if its store is far and its files are wanted near.
func (e *Engine) askPreload(r *region) {
	if e.opts.PreloadBytes <= 0 {
		return
	}
	if _, ok := r.store.(objectstore.Prefetcher); !ok {
		return
	}
	select {
	case e.preloadQ <- r:
	default: // more regions than the queue holds: their first queries fetch what they need
	}
}

func (e *Engine) preloadLoop() {
	for {
		select {
		case <-e.ctx.Done():
			return
		case r := <-e.preloadQ:
			files, bytes := r.preload(e.ctx)
			if files > 0 {
				r.log.Debug("preloaded", "files", files, "bytes", bytes)
			}
			if f := e.opts.Listener.PreloadEnd; f != nil {
				f(r.id, files)
			}
		}
	}
}

// preload brings index files and footers of the region's newest files near. It is for speed only: what fails is left to who needs it.
func (r *region) preload(ctx context.Context) (files int, bytes int64) {
	near := r.store.(objectstore.Prefetcher)
	v := r.pin()
	defer r.unpin(v)
	newest := slices.Clone(v.files)
	slices.SortFunc(newest, func(a, b *file) int { return cmp.Compare(b.MaxTime, a.MaxTime) })
	newest = newest[:min(len(newest), preloadFiles)]
	var wg sync.WaitGroup
	var failed atomic.Bool
	gate := make(chan struct{}, preloadParallel)
	for _, f := range newest {
		m := f.current()
		cost := m.IndexSize + min(m.Size, preloadFooter)
		if ctx.Err() != nil || failed.Load() || r.state.Load() != stateOpen || r.eng.preloaded.Add(cost) > r.eng.opts.PreloadBytes {
			break
		}
		files, bytes = files+1, bytes+cost
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			data := sst.DataKey(r.dir, string(m.ID))
			err := near.Prefetch(ctx, data, m.Size, m.Size-preloadFooter, preloadFooter)
			if m.IndexSize > 0 {
				err = errors.Join(err, near.Prefetch(ctx, r.indexPath(m), m.IndexSize, 0, m.IndexSize))
			}
			if err != nil && ctx.Err() == nil {
				failed.Store(true)
				r.log.Warn("preload index files and footers; the first queries will fetch them", "file", data, "err", err)
			}
		})
	}
	wg.Wait()
	return files, bytes
}

// nearParallel is how many files a scan of a far store opens at a time: each costs round trips, and hardly anything else.
const nearParallel = 16

// near opens the files of a version that overlap the times and were never opened, many at a time, with their index files. On a far store
// the first query would otherwise wait for each in turn. It is for speed only: what fails here fails again, and is told, where it is needed.
func (r *region) near(ctx context.Context, v *version, times model.TimeRange) {
	far, ok := r.store.(objectstore.Prefetcher)
	if !ok {
		return
	}
	var closed []*file
	for _, f := range v.files {
		if times.Overlaps(f.MinTime, f.MaxTime) && !f.isOpen() {
			closed = append(closed, f)
		}
	}
	if len(closed) < 2 {
		return
	}
	var wg sync.WaitGroup
	gate := make(chan struct{}, nearParallel)
	for _, f := range closed {
		gate <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-gate }()
			m := f.current()
			if m.IndexSize > 0 && m.IndexSize <= nearIndex {
				wg.Go(func() { _ = far.Prefetch(ctx, r.indexPath(m), m.IndexSize, 0, m.IndexSize) })
			}
			_, _ = f.view(ctx, v, nil)
		})
	}
	wg.Wait()
}

// nearIndex is the size up to which an index file is fetched whole by a scan that may need only a blob of it.
const nearIndex = 4 << 20

func (f *file) isOpen() bool {
	f.open.Lock()
	defer f.open.Unlock()
	return f.open.handle != nil
}
