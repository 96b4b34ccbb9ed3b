package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/compaction"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// A flush, in order:
//
//	freeze    the worker's apply stage swaps the memtable, and notes the log position
//	write     a sorted, deduplicated file per time window, durable, named by nobody
//	commit    one manifest edit names the files and the log position: from here on a restart does not need the log
//	install   readers see the files instead of the memtables
//	obsolete  the log may forget
//
// If it fails before commit, the memtables stay and the next flush begins again; its files are deleted, or found as garbage
// later. If commit fails, its outcome may be unknown: the files stay until it is settled, see manifest.

// Flush implements contract.RegionServer.
func (e *Engine) Flush(ctx context.Context, id model.RegionID) error {
	r, err := e.region(id)
	if err != nil {
		return err
	}
	e.met.flushRequests.WithLabelValues("manual").Inc()
	return r.flush(ctx)
}

// flush writes everything that is in memory now to files.
func (r *region) flush(ctx context.Context) (err error) {
	r.flushMu.Lock()
	defer r.flushMu.Unlock()
	e := r.eng
	e.met.flushing.Inc()
	e.flushes.Add(1)
	start := time.Now()
	files := 0
	defer func() {
		e.flushes.Add(-1)
		e.met.flushing.Dec()
		if err != nil {
			e.met.flushFailures.Inc()
		}
		r.flushEnded(err)
		if f := e.opts.Listener.FlushEnd; f != nil {
			f(r.id, files, err)
		}
	}()
	if err := r.settle(ctx); err != nil {
		return fmt.Errorf("flush region %s: %w", r.id, err)
	}
	if err := r.onWorker(ctx, func() error { r.freeze(); return nil }); err != nil {
		return fmt.Errorf("flush region %s: %w", r.id, err)
	}
	v := r.pin()
	defer r.unpin(v)
	if len(v.frozen) == 0 {
		r.lastFlush.Store(e.opts.Now().UnixNano())
		return nil
	}
	if err := r.step("flush.files", false); err != nil {
		return err
	}
	added, err := r.writeMemtables(ctx, v)
	defer r.unclaim(added)
	if err == nil {
		err = r.step("flush.files", true)
	}
	if err != nil {
		r.deleteFiles(added)
		return fmt.Errorf("flush region %s: %w", r.id, err)
	}
	e.met.flushElapsed.WithLabelValues("write_sst").Observe(time.Since(start).Seconds())
	last := v.frozen[len(v.frozen)-1]
	edit := &manifest.Edit{Deletions: v.unsaved(last.sequence, r.manifest.State()), Add: added, FlushedEntry: last.entry, FlushedSequence: last.sequence}
	s := r.manifest.State()
	if s.CompactionWindow == 0 && v.meta.Options.CompactionWindow == 0 && len(added) > 0 {
		edit.CompactionWindow = compaction.Infer(append(slices.Clone(s.Files), added...), v.meta.Schema.TimeUnit())
	}
	if err := r.commit(ctx, "flush.commit", manifest.Action{Edit: edit}); err != nil {
		// What the edit may have brought in, or will when it is settled, stays. install happens then, by settle.
		r.discard(added)
		return fmt.Errorf("flush region %s: %w", r.id, err)
	}
	r.sync()
	files = len(added)
	var bytes, rows int64
	for _, f := range added {
		bytes += f.Size + f.IndexSize
		rows += f.Rows
	}
	e.met.flushBytes.Add(float64(bytes))
	e.met.flushFiles.Add(float64(files))
	e.met.flushElapsed.WithLabelValues("total").Observe(time.Since(start).Seconds())
	r.lastFlush.Store(e.opts.Now().UnixNano())
	r.log.Info("flushed", "rows", rows, "files", files, "bytes", bytes, "took", time.Since(start))
	if err := e.opts.WAL.Obsolete(ctx, r.id, last.entry); err != nil {
		r.log.Warn("mark log entries as flushed", "err", err) // the next flush marks more
	}
	e.askCompaction(r)
	return nil
}

// flushEnded tells the write buffer how a flush ended. A region that goes away, or an engine that stops, is no failure.
func (r *region) flushEnded(err error) {
	if err != nil && (r.state.Load() != stateOpen || errors.Is(err, context.Canceled)) {
		return
	}
	r.flushOwed.Store(err != nil)
	r.eng.buffer.flushed(err)
}

// settle brings a commit of unknown outcome to its end and makes readers see what the manifest says.
func (r *region) settle(ctx context.Context) error {
	if _, err := r.manifest.Resolve(ctx); err != nil {
		return err
	}
	r.sync()
	return r.installUndecided(ctx)
}

// sync installs a version with the files that the manifest names now, without the memtables whose rows they hold.
func (r *region) sync() {
	r.mu.Lock()
	// Loaded under the lock: a flush and a compaction that end at the same time must not install an older state over a newer one,
	// which would delete the newer one's files.
	s := r.manifest.State()
	old := r.mu.version
	n := old.clone()
	n.mutable = old.mutable
	n.files = n.files[:0:0]
	var stale []string
	for _, f := range s.Files {
		i := slices.IndexFunc(old.files, func(g *file) bool { return g.ID == f.ID })
		if i >= 0 {
			n.files = append(n.files, old.files[i])
			old.files[i].filtered.Store(uint64(f.Filtered))
			if was, changed := old.files[i].reindexed(f); changed {
				stale = append(stale, r.indexPath(was))
			}
		} else {
			n.files = append(n.files, r.openFile(f))
		}
	}
	n.deletions = append(slices.Clone(s.Deletions), old.unsaved(math.MaxUint64, s)...)
	var freed int64
	n.frozen = n.frozen[:0:0]
	for _, f := range old.frozen {
		if f.entry <= s.FlushedEntry && f.sequence <= s.FlushedSequence {
			freed += f.bytes
		} else {
			n.frozen = append(n.frozen, f)
		}
	}
	dead := r.installLocked(n)
	r.mu.Unlock()
	if freed > 0 {
		r.eng.buffer.release(freed)
	}
	r.purge(dead)
	r.deleteIndexes(stale)
	r.eng.askIndexes(r)
}

// writeMemtables writes the frozen memtables of a version, a file per time window, all windows of all memtables merged. On an error the
// files that were written are returned too.
func (r *region) writeMemtables(ctx context.Context, v *version) ([]manifest.File, error) {
	windows := map[int64][]source.Source{}
	var order []int64
	for _, f := range v.frozen {
		sources, err := f.flushSources(v)
		if err != nil {
			return nil, err
		}
		for _, w := range sources {
			min, _ := w.TimeRange()
			start := model.TimeBucket{Width: r.windowUnits(v.meta)}.Start(min)
			if windows[start] == nil {
				order = append(order, start)
			}
			windows[start] = append(windows[start], w)
		}
	}
	slices.Sort(order)
	var out []manifest.File
	alive := r.alive(v.meta)
	for _, w := range order {
		some := slices.DeleteFunc(windows[w], func(s source.Source) bool { // expired: nobody would ever read it
			lo, hi := s.TimeRange()
			return !alive.Overlaps(lo, hi)
		})
		if len(some) == 0 {
			continue
		}
		files, err := r.writeRun(ctx, v, some, 0, true)
		out = append(out, files...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// askFlush queues a background flush; asking again while one is queued does nothing.
func (e *Engine) askFlush(r *region, reason string) {
	if !r.flushAsked.CompareAndSwap(false, true) {
		return
	}
	select {
	case e.flushQ <- r:
		e.met.flushRequests.WithLabelValues(reason).Inc()
	default:
		r.flushAsked.Store(false)
	}
}

func (e *Engine) flushLoop() {
	for {
		select {
		case <-e.ctx.Done():
			return
		case r := <-e.flushQ:
			r.flushAsked.Store(false)
			if err := r.flush(e.ctx); err != nil && !errors.Is(err, context.Canceled) {
				r.log.Error("flush", "err", err)
				// Not at once again: a full disk would spin. The sweep and the next write that waits ask again.
				select {
				case <-e.ctx.Done():
				case <-time.After(flushBackoff):
				}
			}
		}
	}
}

// flushBackoff is how long a flush job rests after a failure.
const flushBackoff = time.Second

// noteGrowth asks for flushes if a region or all of them together grew too large.
func (e *Engine) noteGrowth(r *region) {
	r.mu.Lock()
	bytes := r.mu.version.mutable.Bytes()
	limit := r.mu.version.meta.Options.WriteBufferBytes / 2
	r.mu.Unlock()
	if limit <= 0 {
		limit = e.opts.RegionBufferBytes
	}
	if bytes >= limit {
		e.askFlush(r, "region_full")
	}
	if e.buffer.wantsFlush() {
		e.kickFlush()
	}
}

// kickFlush asks the sweep loop to choose regions to flush.
func (e *Engine) kickFlush() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// sweepLoop looks at the regions from time to time, and at once when memory is short.
func (e *Engine) sweepLoop() {
	tick := time.NewTicker(e.opts.Sweep)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-e.kick:
			e.flushLargest()
		case <-tick.C:
			e.flushOld()
			e.flushLaggards()
			for _, r := range e.all() {
				e.askCompaction(r)
			}
		}
	}
}

// flushLargest asks for flushes of the largest memtables until the rest is below a quarter of the write buffer, and again for those that
// failed: what they froze fills the buffer too.
func (e *Engine) flushLargest() {
	type sized struct {
		r     *region
		bytes int64
	}
	var all []sized
	total := int64(0)
	for _, r := range e.all() {
		v := r.pin()
		b := v.mutable.Bytes()
		if r.flushOwed.Load() {
			e.askFlush(r, "engine_full")
		} else if v.mutable.Rows() > 0 || len(v.frozen) > 0 {
			all = append(all, sized{r, b})
			total += b
		}
		r.unpin(v)
	}
	slices.SortFunc(all, func(a, b sized) int { return int(min(max(b.bytes-a.bytes, -1), 1)) })
	for _, s := range all {
		if total <= e.buffer.limit/4 {
			return
		}
		e.askFlush(s.r, "engine_full")
		total -= s.bytes
	}
}

// flushOld asks for flushes of regions whose rows have been only in memory and log for too long.
func (e *Engine) flushOld() {
	now := e.opts.Now()
	for _, r := range e.all() {
		v := r.pin()
		interval := v.meta.Options.AutoFlushInterval
		rows := v.mutable.Rows() + len(v.frozen) + len(v.unsaved(math.MaxUint64, r.manifest.State()))
		r.unpin(v)
		if interval <= 0 {
			interval = e.opts.AutoFlush
		}
		if rows > 0 && now.Sub(time.Unix(0, r.lastFlush.Load())) >= interval {
			e.askFlush(r, "periodically")
		}
	}
}

// flushLaggards asks for flushes of the regions that keep the log from being shortened.
func (e *Engine) flushLaggards() {
	for _, l := range e.opts.WAL.Laggards(e.opts.WALPurgeBytes) {
		if r, err := e.region(l.Region); err == nil {
			e.askFlush(r, "wal_full")
		}
	}
}
