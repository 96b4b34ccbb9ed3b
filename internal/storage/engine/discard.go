package engine

import (
	"context"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// DropFiles implements contract.RegionServer. No compaction may commit what it merged of the files: it is interrupted, and the next one
// waits.
func (e *Engine) DropFiles(ctx context.Context, req contract.DropFilesRequest) (dropped int, err error) {
	r, err := e.region(req.Region)
	if err != nil {
		return 0, err
	}
	r.comp.interrupt()
	r.compactMu.Lock()
	defer r.compactMu.Unlock()
	if err := r.writable(); err != nil {
		return 0, err
	}
	if err := r.settle(ctx); err != nil {
		return 0, fmt.Errorf("drop files of region %s: %w", r.id, err)
	}
	edit := &manifest.Edit{}
	for _, f := range r.manifest.State().Files {
		for _, t := range req.Ranges {
			if t.Covers(f.MinTime, f.MaxTime) {
				edit.Remove = append(edit.Remove, f.ID)
				break
			}
		}
	}
	if len(edit.Remove) == 0 {
		return 0, nil
	}
	if err := r.commit(ctx, "drop_files.commit", manifest.Action{Edit: edit}); err != nil {
		return 0, fmt.Errorf("drop files of region %s: %w", r.id, err)
	}
	r.sync()
	r.log.Info("dropped files by their times", "files", len(edit.Remove), "ranges", len(req.Ranges))
	return len(edit.Remove), nil
}

// DiscardUnflushed implements contract.RegionServer: it is a flush that writes no file. Deletions by predicate are kept, as they hide rows
// of files.
func (e *Engine) DiscardUnflushed(ctx context.Context, id model.RegionID) (rows uint64, err error) {
	r, err := e.region(id)
	if err != nil {
		return 0, err
	}
	r.flushMu.Lock()
	defer r.flushMu.Unlock()
	if err := r.settle(ctx); err != nil {
		return 0, fmt.Errorf("discard rows in memory of region %s: %w", r.id, err)
	}
	if err := r.onWorker(ctx, func() error { r.freeze(); return nil }); err != nil {
		return 0, fmt.Errorf("discard rows in memory of region %s: %w", r.id, err)
	}
	v := r.pin()
	defer r.unpin(v)
	if len(v.frozen) == 0 {
		return 0, nil
	}
	for _, f := range v.frozen {
		rows += uint64(f.table.Rows())
	}
	last := v.frozen[len(v.frozen)-1]
	edit := &manifest.Edit{Deletions: v.unsaved(last.sequence, r.manifest.State()), FlushedEntry: last.entry, FlushedSequence: last.sequence}
	if err := r.commit(ctx, "discard.commit", manifest.Action{Edit: edit}); err != nil {
		return 0, fmt.Errorf("discard rows in memory of region %s: %w", r.id, err)
	}
	r.sync()
	r.log.Info("discarded rows in memory", "rows", rows)
	if err := e.opts.WAL.Obsolete(ctx, r.id, last.entry); err != nil {
		r.log.Warn("mark log entries as discarded", "err", err) // the next flush marks more
	}
	return rows, nil
}

// CollectGarbage implements contract.RegionServer.
func (e *Engine) CollectGarbage(ctx context.Context, id model.RegionID, full bool) (deleted int, err error) {
	r, err := e.region(id)
	if err != nil {
		return 0, err
	}
	if !full && !r.owesDeletes() {
		return 0, nil
	}
	return r.collectGarbage(ctx)
}

// owesDeletes tells whether the region removed files that it could not delete.
func (r *region) owesDeletes() bool {
	r.claims.Lock()
	defer r.claims.Unlock()
	return len(r.claims.garbage) > 0
}
