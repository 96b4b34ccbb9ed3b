package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/compaction"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// A compaction, in order:
//
//	expire    files whose rows have all outlived the TTL go, without being read
//	pick      files to merge, see package compaction
//	reserve   a place among the jobs of the engine, and memory
//	write     the merged rows, durable, in files that nobody names
//	commit    one manifest edit replaces the old files by the new ones
//	install   readers that come now see the new files; the old ones go with the last reader that pinned them
//
// A region has one compaction at a time. It ends early when the region is closed, dropped or truncated. If it fails before commit, or
// commit fails for certain, its files are deleted; if the outcome of commit is unknown they stay until it is settled, see manifest.

// compacting is what a region knows of its compactions.
type compacting struct {
	again atomic.Bool  // the last job found something to do: the next need not wait
	last  atomic.Int64 // when it ended, unix nanoseconds
	// Guarded by region.compactMu.
	progress compaction.Progress
	flushed  model.Sequence // of the manifest when progress began

	mu struct {
		sync.Mutex
		cancel context.CancelCauseFunc // of the job that runs; nil: none
	}
}

// errInterrupted is why a compaction ends when its region must do something else.
var errInterrupted = errs.New(errs.RegionBusy, "compaction was interrupted: the region is being closed, dropped or truncated")

// begin gives the context of a job, and what ends it.
func (c *compacting) begin(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	c.mu.Lock()
	c.mu.cancel = cancel
	c.mu.Unlock()
	return ctx, func() {
		c.mu.Lock()
		c.mu.cancel = nil
		c.mu.Unlock()
		cancel(nil)
	}
}

// interrupt ends the job that runs, if one does; whoever wants to know when takes compactMu.
func (c *compacting) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.cancel != nil {
		c.mu.cancel(errInterrupted)
	}
}

// askCompaction queues a look at the region's files.
func (e *Engine) askCompaction(r *region) {
	if !r.compAsked.CompareAndSwap(false, true) {
		return
	}
	select {
	case e.compQ <- r:
	default:
		r.compAsked.Store(false)
	}
}

func (e *Engine) compactLoop() {
	for {
		select {
		case <-e.ctx.Done():
			return
		case r := <-e.compQ:
			r.compAsked.Store(false)
			if wait := e.opts.MinCompactionInterval; wait > 0 && !r.comp.again.Load() && e.opts.Now().Sub(time.Unix(0, r.comp.last.Load())) < wait {
				continue // the sweep asks again
			}
			if !r.compactMu.TryLock() {
				continue // a job that somebody asked for runs; it asks for the next
			}
			did, err := r.compactLocked(e.ctx, nil)
			r.compactMu.Unlock()
			r.comp.again.Store(did)
			switch {
			case err == nil && did:
				e.askCompaction(r) // one step for each region in turn
			case err != nil && e.ctx.Err() == nil && !errors.Is(err, errInterrupted):
				r.log.Error("compact", "err", err) // the sweep asks again
			}
		}
	}
}

// Compact implements contract.RegionServer.
func (e *Engine) Compact(ctx context.Context, req contract.CompactRequest) error {
	r, err := e.region(req.Region)
	if err != nil {
		return err
	}
	defer e.askCompaction(r)
	step := func() (bool, error) {
		r.compactMu.Lock()
		defer r.compactMu.Unlock()
		return r.compactLocked(ctx, &req)
	}
	r.compactMu.Lock()
	r.comp.progress = compaction.Progress{}
	r.compactMu.Unlock()
	for {
		did, err := step()
		if err != nil || !did {
			return err
		}
	}
}

// compactLocked does one merge, if there is any to do; it reports whether another look makes sense. req is nil for background jobs.
// r.compactMu held.
func (r *region) compactLocked(ctx context.Context, req *contract.CompactRequest) (more bool, err error) {
	if err := r.writable(); err != nil {
		if req == nil {
			err = nil // a region that is going away needs no compaction
		}
		return false, err
	}
	ctx, end := r.comp.begin(ctx)
	defer end()
	defer func() {
		if err != nil && errors.Is(context.Cause(ctx), errInterrupted) {
			err = errInterrupted
		}
		if err != nil {
			err = fmt.Errorf("compact region %s: %w", r.id, err)
		}
	}()
	if err := r.settle(ctx); err != nil {
		return false, err
	}
	v := r.pin()
	defer r.unpin(v)
	if did, err := r.dropExpired(ctx, v); did || err != nil {
		return did, err
	}
	if did, err := r.realise(ctx, v); did || err != nil {
		return did, err
	}
	if s := r.manifest.State(); s.FlushedSequence != r.comp.flushed {
		r.comp.flushed, r.comp.progress = s.FlushedSequence, compaction.Progress{}
	}
	start := time.Now()
	job, err := r.pickJob(v, req)
	r.eng.met.compactStages.WithLabelValues("pick").Observe(time.Since(start).Seconds())
	if job == nil || err != nil {
		return false, err
	}
	out, err := r.rewrite(ctx, v, job)
	if err != nil {
		return false, err
	}
	return r.comp.progress.Note(len(job.files), out), nil
}

// rewriting is files to replace by new ones.
type rewriting struct {
	files       []manifest.File
	windows     []model.TimeRange // each is written to files of its own; all rows are in one of them. nil: one sorted run of all rows
	keepDeletes bool
	parallelism int
	window      time.Duration // the manifest takes note of it, if not 0
}

// pickJob finds the next job, or nil.
func (r *region) pickJob(v *version, req *contract.CompactRequest) (*rewriting, error) {
	files := make([]manifest.File, len(v.files))
	for i, f := range v.files {
		files[i] = f.current()
	}
	meta, unit := v.meta, v.meta.Schema.TimeUnit()
	job := &rewriting{parallelism: 1}
	if req != nil && req.Parallelism > 0 {
		job.parallelism = min(req.Parallelism, r.eng.opts.ScanParallelism)
	}
	if req != nil && req.Strict {
		window := req.Window
		if window <= 0 {
			window = r.window(meta)
		}
		cuts, err := compaction.Strict(files, window, unit, req.TimeRange)
		if err != nil || len(cuts) == 0 {
			return nil, err
		}
		job.files, job.windows, job.keepDeletes = cuts[0].Files, cuts[0].Windows, true
		return job, nil
	}
	o := compaction.Options{Window: meta.Options.CompactionWindow, Unit: unit, TriggerFiles: meta.Options.TriggerFileNum,
		MaxOutputBytes: meta.Options.MaxOutputBytes, Contiguous: meta.Options.Merge == contract.MergeLastNonNull, Append: meta.Options.Merge == contract.MergeAppend}
	if o.Window <= 0 {
		if o.Window = r.manifest.State().CompactionWindow; o.Window <= 0 && len(files) > 0 {
			o.Window = compaction.Infer(files, unit)
			job.window = o.Window
		}
	}
	if req != nil {
		o.Force, o.Within = true, req.TimeRange
	}
	pick := compaction.Next(files, o)
	if pick == nil {
		return nil, nil
	}
	job.files, job.keepDeletes = pick.Files, !pick.DropDeletes
	return job, nil
}

// rewrite does a job and tells how many files came of it.
func (r *region) rewrite(ctx context.Context, v *version, job *rewriting) (out int, err error) {
	e := r.eng
	release, err := e.reserveCompaction(ctx, job.memory(v.meta))
	if err != nil {
		return 0, err
	}
	defer release()
	e.met.compacting.Inc()
	e.met.compactions.Inc()
	start := time.Now()
	defer func() {
		e.met.compacting.Dec()
		e.met.compactElapsed.Observe(time.Since(start).Seconds())
		r.comp.last.Store(e.opts.Now().UnixNano())
		if err != nil && ctx.Err() == nil {
			e.met.compactFailed.Inc()
		}
		if f := e.opts.Listener.CompactEnd; f != nil {
			f(r.id, len(job.files), out, err)
		}
	}()
	if err := r.step("compact.files", false); err != nil {
		return 0, err
	}
	edit := &manifest.Edit{CompactionWindow: job.window}
	var bytesIn, rowsIn int64
	for _, f := range job.files {
		edit.Remove = append(edit.Remove, f.ID)
		bytesIn += f.Size
		rowsIn += f.Rows
	}
	r.log.Debug("compaction begins", "files", len(job.files), "rows", rowsIn, "bytes", bytesIn, "windows", len(job.windows))
	added, err := r.writeJob(ctx, v, job, rowsIn)
	defer r.unclaim(added)
	e.met.compactStages.WithLabelValues("merge").Observe(time.Since(start).Seconds())
	if err == nil {
		err = r.step("compact.files", true)
	}
	if err != nil {
		r.deleteFiles(added)
		return 0, err
	}
	edit.Add = added
	committing := time.Now()
	if err := r.commit(ctx, "compact.commit", manifest.Action{Edit: edit}); err != nil {
		r.discard(added)
		return 0, err
	}
	r.sync()
	e.met.compactStages.WithLabelValues("write_manifest").Observe(time.Since(committing).Seconds())
	var bytesOut, rowsOut int64
	for _, f := range added {
		bytesOut += f.Size
		rowsOut += f.Rows
	}
	took := time.Since(start)
	e.met.compactIn.Add(float64(bytesIn))
	e.met.compactOut.Add(float64(bytesOut))
	r.log.Info("compacted", "files", len(job.files), "into", len(added), "rows_in", rowsIn, "rows_out", rowsOut, "bytes_in", bytesIn, "bytes_out", bytesOut,
		"took", took, "rows_per_second", int64(float64(rowsIn)/took.Seconds()))
	return len(added), nil
}

// writeJob merges the files of a job. On an error the files that were written are returned too.
func (r *region) writeJob(ctx context.Context, v *version, job *rewriting, rows int64) (added []manifest.File, err error) {
	inputs := make([]source.Source, 0, len(job.files))
	for _, p := range job.files {
		for _, f := range v.files {
			if f.ID != p.ID {
				continue
			}
			in, err := f.view(ctx, v, nil)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, in)
		}
	}
	windows := job.windows
	if windows == nil {
		windows = []model.TimeRange{model.AllTime}
	}
	pace := r.eng.newPacer(r, v, rows)
	for _, w := range windows {
		var some []source.Source
		for _, in := range inputs {
			if lo, hi := in.TimeRange(); w.Overlaps(lo, hi) {
				some = append(some, in)
			}
		}
		files, err := r.writeRunOf(ctx, v, some, runOptions{level: 1, keepDeletes: job.keepDeletes, times: w, parallelism: job.parallelism, pace: pace.step})
		added = append(added, files...)
		if err != nil {
			return added, err
		}
	}
	return added, nil
}

// dropExpired removes the files whose rows have all outlived the table's TTL.
func (r *region) dropExpired(ctx context.Context, v *version) (did bool, err error) {
	alive := r.alive(v.meta)
	edit := &manifest.Edit{}
	for _, f := range v.files {
		if alive.Empty() || f.MaxTime < alive.Start {
			edit.Remove = append(edit.Remove, f.ID)
		}
	}
	if len(edit.Remove) == 0 {
		return false, nil
	}
	if err := r.commit(ctx, "expire.commit", manifest.Action{Edit: edit}); err != nil {
		return false, fmt.Errorf("drop expired files of region %s: %w", r.id, err)
	}
	r.sync()
	r.eng.met.expired.Add(float64(len(edit.Remove)))
	r.log.Info("dropped expired files", "files", len(edit.Remove))
	return true, nil
}

// purge deletes files that no version names.
func (r *region) purge(dead []*file) {
	for _, f := range dead {
		f.close()
		if r.state.Load() == stateOpen {
			r.deleteFiles([]manifest.File{f.current()})
		}
	}
}

// deleteFiles removes data and index files. Those that cannot be deleted are left to the collection of garbage.
func (r *region) deleteFiles(files []manifest.File) {
	for _, f := range files {
		data, _ := r.paths(f.ID)
		index := r.indexPath(f)
		if err := r.store.Delete(context.Background(), data, index); err != nil {
			r.log.Warn("delete file", "file", data, "err", err)
			r.garbage(f.ID)
		}
	}
}

// discard deletes the files of a job whose commit failed, but for those that the manifest names all the same, or may come to name.
func (r *region) discard(files []manifest.File) {
	undecided := r.manifest.Undecided()
	state := r.manifest.State() // after: what was decided meanwhile is here
	for _, f := range files {
		if !undecided[f.ID] && !state.Has(f.ID) {
			r.deleteFiles([]manifest.File{f})
		}
	}
}

func (r *region) paths(id manifest.FileID) (data, index string) {
	return r.dir + string(id) + ".parquet", r.dir + "index/" + string(id) + ".puffin"
}
