package engine

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// Garbage is a file in a region's directory that nobody knows: what a crash left between writing a file and the edit that names it, or
// what could not be deleted. It is told from other files by who may know a file:
//
//	a running job    claims the id before it creates the file, and lets go after its edit or its clean-up
//	the manifest     names it, or will when a commit of unknown outcome is settled
//	a pinned version of the region, which scans read
//
// They are asked in this order after the directory was listed. A file passes from one to the next without a moment in between, so one
// that none of them knows is nobody's for ever. It is deleted only when it has been there for long all the same: a process that lost the
// region and does not know it yet may be writing it.

// GCOptions say when garbage goes.
type GCOptions struct {
	Disabled bool
	// Lingering is how long a file stays that a region removed and could not delete. Zero: 1 h.
	Lingering time.Duration
	// UnknownLingering is how long a file stays that nobody knows, by the clock of the store. Less than a job takes of a process that
	// lost the region is not safe where several processes share a store. Zero: 24 h.
	UnknownLingering time.Duration
	// Interval is how often directories are looked at. Zero: a quarter of the shorter of the above, 1 min at least.
	Interval time.Duration
	// Regions is how many regions are looked at at a time. Zero: 4.
	Regions int
}

func (o *GCOptions) defaults() {
	if o.Lingering <= 0 {
		o.Lingering = time.Hour
	}
	if o.UnknownLingering <= 0 {
		o.UnknownLingering = 24 * time.Hour
	}
	if o.Interval <= 0 {
		o.Interval = max(min(o.Lingering, o.UnknownLingering)/4, time.Minute)
	}
	if o.Regions <= 0 {
		o.Regions = 4
	}
}

// claims are the files of a region that running jobs write, and those that could not be deleted.
type claims struct {
	sync.Mutex
	jobs    map[manifest.FileID]bool
	garbage map[manifest.FileID]time.Time // since when
}

// claim says that a job will create the file.
func (r *region) claim(id manifest.FileID) {
	r.claims.Lock()
	defer r.claims.Unlock()
	if r.claims.jobs == nil {
		r.claims.jobs = map[manifest.FileID]bool{}
	}
	r.claims.jobs[id] = true
}

// unclaim says that a job has done with its files.
func (r *region) unclaim(files []manifest.File) {
	r.claims.Lock()
	defer r.claims.Unlock()
	for _, f := range files {
		delete(r.claims.jobs, f.ID)
	}
}

// garbage notes that a file could not be deleted.
func (r *region) garbage(id manifest.FileID) {
	r.claims.Lock()
	defer r.claims.Unlock()
	if r.claims.garbage == nil {
		r.claims.garbage = map[manifest.FileID]time.Time{}
	}
	r.claims.garbage[id] = r.eng.opts.Now()
}

func (e *Engine) gcLoop() {
	tick := time.NewTicker(e.opts.GC.Interval)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
			e.collectGarbage(e.ctx)
		}
	}
}

// collectGarbage looks at all open regions, some at a time, and tells how many files it deleted.
func (e *Engine) collectGarbage(ctx context.Context) (deleted int) {
	start := time.Now()
	regions := e.all()
	queue := make(chan *region)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range min(e.opts.GC.Regions, len(regions)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for r := range queue {
				n, err := r.collectGarbage(ctx)
				if err != nil && ctx.Err() == nil {
					e.met.gcErrors.Inc()
					r.log.Warn("collect garbage", "err", err) // the next round tries again
				}
				mu.Lock()
				deleted += n
				mu.Unlock()
			}
		}()
	}
	for _, r := range regions {
		select {
		case queue <- r:
		case <-ctx.Done():
		}
	}
	close(queue)
	wg.Wait()
	e.met.gcRuns.Inc()
	e.met.gcElapsed.Observe(time.Since(start).Seconds())
	if deleted > 0 {
		e.log.Info("collected garbage", "files", deleted, "regions", len(regions), "took", time.Since(start))
	}
	return deleted
}

// stored is a file of a region as its name tells.
type stored struct {
	key     string
	id      manifest.FileID
	index   bool
	version uint64 // of an index file
	modTime time.Time
}

// parseStored reads the name of a file below the region's directory; ok is false for a name that is not of the engine's making.
func parseStored(name string) (s stored, ok bool) {
	if rest, found := strings.CutPrefix(name, "index/"); found {
		s.index = true
		if rest, ok = strings.CutSuffix(rest, ".puffin"); !ok {
			return s, false
		}
		id, version, versioned := strings.Cut(rest, ".")
		if versioned {
			var err error
			if s.version, err = strconv.ParseUint(version, 10, 64); err != nil {
				return s, false
			}
		}
		name = id
	} else if name, ok = strings.CutSuffix(name, ".parquet"); !ok {
		return s, false
	}
	s.id = manifest.FileID(name)
	return s, uuid.Validate(name) == nil
}

// collectGarbage deletes the garbage of the region.
func (r *region) collectGarbage(ctx context.Context) (deleted int, err error) {
	o, now := &r.eng.opts.GC, r.eng.opts.Now()
	var files []stored
	for info, err := range objectstore.All(ctx, r.store, r.dir) {
		if err != nil {
			return 0, err
		}
		name := info.Key[len(r.dir):]
		if strings.HasPrefix(name, "manifest/") || name == dropMarker {
			continue
		}
		f, ok := parseStored(name)
		if !ok {
			r.eng.met.gcUnparsable.Inc()
			continue
		}
		f.key, f.modTime = info.Key, info.ModTime
		files = append(files, f)
	}
	known, removed := r.known()
	var errList []error
	for _, f := range files {
		if versions, ok := known[f.id]; ok && (!f.index || versions == nil || versions[f.version]) {
			continue
		}
		lingering, since := o.UnknownLingering, f.modTime
		if at, ok := removed[f.id]; ok {
			lingering, since = o.Lingering, at
		}
		if now.Sub(since) < lingering {
			continue
		}
		if r.writable() != nil {
			return deleted, errors.Join(errList...) // it is not ours any more
		}
		if err := r.store.Delete(ctx, f.key); err != nil {
			errList = append(errList, err)
			continue
		}
		deleted++
		r.eng.met.orphans.Inc()
		if f.index {
			r.eng.met.gcIndexes.Inc()
		} else {
			r.claims.Lock()
			delete(r.claims.garbage, f.id)
			r.claims.Unlock()
		}
		r.log.Info("deleted a file that nobody knows", "file", f.key, "written", f.modTime)
	}
	return deleted, errors.Join(errList...)
}

// known is the files that somebody knows, each with the versions of its index that somebody may read (nil: any), and since when others
// are known to be removed. The order of the steps matters, see the top of this file.
func (r *region) known() (known map[manifest.FileID]map[uint64]bool, removed map[manifest.FileID]time.Time) {
	known, removed = map[manifest.FileID]map[uint64]bool{}, map[manifest.FileID]time.Time{}
	r.claims.Lock()
	for id := range r.claims.jobs {
		known[id] = nil
	}
	for id, at := range r.claims.garbage {
		removed[id] = at
	}
	r.claims.Unlock()
	for id := range r.manifest.Undecided() {
		known[id] = nil
	}
	add := func(id manifest.FileID, version uint64) {
		versions, ok := known[id]
		if ok && versions == nil {
			return
		}
		if versions == nil {
			versions = map[uint64]bool{}
			known[id] = versions
		}
		versions[version] = true
	}
	for _, f := range r.manifest.State().Files {
		add(f.ID, f.IndexVersion)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for f := range r.mu.live {
		add(f.ID, f.index.Load().version)
	}
	return known, removed
}
