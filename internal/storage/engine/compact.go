package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/storage/compaction"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

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
			did, err := r.compact(e.ctx, nil)
			switch {
			case errors.Is(err, context.Canceled):
			case err != nil:
				r.log.Error("compact", "err", err) // the sweep asks again
			case did:
				e.askCompaction(r) // one step for each region in turn
			}
		}
	}
}

// compact does one merge, if the picker finds any; it reports whether it did. A request, if given, restricts the files.
func (r *region) compact(ctx context.Context, req *contract.CompactRequest) (did bool, err error) {
	r.compactMu.Lock()
	defer r.compactMu.Unlock()
	if err := r.writable(); err != nil {
		return false, nil // a region that is going away needs no compaction
	}
	e := r.eng
	if err := r.settle(ctx); err != nil {
		return false, fmt.Errorf("compact region %s: %w", r.id, err)
	}
	v := r.pin()
	defer r.unpin(v)
	if did, err := r.dropExpired(ctx, v); did || err != nil {
		return did, err
	}
	var files []manifest.File
	for _, f := range v.files {
		if req == nil || req.TimeRange == nil || req.TimeRange.Overlaps(f.MinTime, f.MaxTime) {
			files = append(files, f.File)
		}
	}
	opts := compaction.Options{Window: r.window(v.meta), Unit: v.meta.Schema.TimeUnit(), TriggerFiles: v.meta.Options.TriggerFileNum,
		MaxOutputBytes: v.meta.Options.MaxOutputBytes, Contiguous: v.meta.Options.Merge == contract.MergeLastNonNull}
	if req != nil {
		if req.Strict {
			return false, errs.New(errs.Unsupported, "compaction by strict window is not supported yet; leave the type out")
		}
		opts.TriggerFiles = 2
	}
	pick := compaction.Next(files, opts)
	if pick == nil {
		return false, nil
	}
	e.met.compacting.Inc()
	e.met.compactions.Inc()
	start := time.Now()
	out := 0
	defer func() {
		e.met.compacting.Dec()
		e.met.compactElapsed.Observe(time.Since(start).Seconds())
		if err != nil && !errors.Is(err, context.Canceled) {
			e.met.compactFailed.Inc()
		}
		if f := e.opts.Listener.CompactEnd; f != nil {
			f(r.id, len(pick.Files), out, err)
		}
	}()
	if err := r.step("compact.files", false); err != nil {
		return false, err
	}
	var inputs []source.Source
	edit := &manifest.Edit{}
	var bytesIn int64
	for _, p := range pick.Files {
		for _, f := range v.files {
			if f.ID == p.ID {
				in, err := f.view(ctx, v.meta.Schema, nil)
				if err != nil {
					return false, fmt.Errorf("compact region %s: %w", r.id, err)
				}
				inputs = append(inputs, in)
			}
		}
		edit.Remove = append(edit.Remove, p.ID)
		bytesIn += p.Size
	}
	added, err := r.writeRun(ctx, v.meta, inputs, 1, !pick.DropDeletes)
	if err == nil {
		err = r.step("compact.files", true)
	}
	if err != nil {
		r.deleteFiles(added)
		return false, fmt.Errorf("compact region %s: %w", r.id, err)
	}
	edit.Add = added
	if err := r.commit(ctx, "compact.commit", manifest.Action{Edit: edit}); err != nil {
		return false, fmt.Errorf("compact region %s: %w", r.id, err)
	}
	r.sync()
	var bytesOut int64
	for _, f := range added {
		bytesOut += f.Size
	}
	out = len(added)
	e.met.compactIn.Add(float64(bytesIn))
	e.met.compactOut.Add(float64(bytesOut))
	r.log.Info("compacted", "files", len(pick.Files), "into", out, "bytes_in", bytesIn, "bytes_out", bytesOut, "took", time.Since(start))
	return true, nil
}

// dropExpired removes the files whose rows have all outlived the table's TTL.
func (r *region) dropExpired(ctx context.Context, v *version) (did bool, err error) {
	oldest := r.alive(v.meta).Start
	edit := &manifest.Edit{}
	for _, f := range v.files {
		if f.MaxTime < oldest {
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

// deleteFiles removes data and index files. A failure leaves orphans, which the next open deletes.
func (r *region) deleteFiles(files []manifest.File) {
	for _, f := range files {
		data, _ := r.paths(f.ID)
		index := r.indexPath(f)
		if err := r.store.Delete(context.Background(), data, index); err != nil {
			r.log.Warn("delete file", "file", data, "err", err)
		}
	}
}

func (r *region) paths(id manifest.FileID) (data, index string) {
	return r.dir + string(id) + ".parquet", r.dir + "index/" + string(id) + ".puffin"
}
