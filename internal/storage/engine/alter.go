package engine

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// Alter implements contract.RegionServer. The manifest is changed first; then, in the order of writes, the memtable is frozen and the new
// schema takes effect. Nothing is flushed: frozen memtables and files are read through column ids.
func (e *Engine) Alter(ctx context.Context, req contract.AlterRegion) error {
	r, err := e.region(req.ID)
	if err != nil {
		return err
	}
	r.alterMu.Lock()
	defer r.alterMu.Unlock()
	meta := r.meta()
	if req.Options != nil {
		if meta.Options.Merge == contract.MergeAppend && req.Options.Merge != contract.MergeAppend {
			return errs.New(errs.InvalidArguments, "Invalid set region option request, key: append_mode, value: false")
		}
		if err := r.stays(req.Options.Storage); err != nil {
			return err
		}
		meta.Options = *req.Options
	}
	if req.Schema != nil {
		if req.Schema.Version <= meta.Schema.Version && sameSchema(req.Schema, meta.Schema) {
			req.Schema = nil
		} else if req.Schema.Version != meta.Schema.Version+1 {
			return errs.New(errs.RequestOutdated, "region %s has schema version %d, the change was made for %d", r.id, meta.Schema.Version, req.Schema.Version-1)
		} else if err := req.Schema.Validate(); err != nil {
			return err
		} else {
			meta.Schema = req.Schema
		}
	}
	if req.Schema != nil {
		if err := r.saveDeletions(ctx); err != nil {
			return fmt.Errorf("alter region %s: %w", r.id, err)
		}
	}
	if err := r.commit(ctx, "alter.commit", manifest.Action{Change: &manifest.Change{Meta: meta}}); err != nil {
		r.undecided.Store(&meta)
		return fmt.Errorf("alter region %s: %w", r.id, err)
	}
	return r.onWorker(ctx, func() error { r.install(meta); return nil })
}

// install makes a schema and options take effect that the manifest holds. It runs in the apply stage.
func (r *region) install(meta contract.RegionMeta) {
	r.undecided.Store(nil)
	r.mu.Lock()
	changed := r.mu.version.meta.Schema != meta.Schema
	r.mu.Unlock()
	if changed {
		r.freeze()
	}
	r.mu.Lock()
	n := r.mu.version.clone()
	n.meta = meta
	n.mutable = r.mu.version.mutable
	if changed || n.mutable.Rows() == 0 {
		n.mutable = r.newMemtable(meta)
	}
	dead := r.installLocked(n)
	r.mu.Unlock()
	r.purge(dead)
	r.eng.askIndexes(r)
}

// installUndecided makes the change of an Alter take effect whose commit had no known outcome, if the manifest turned out to hold it.
func (r *region) installUndecided(ctx context.Context) error {
	if r.undecided.Load() == nil {
		return nil
	}
	return r.onWorker(ctx, func() error {
		meta, now := r.undecided.Load(), r.manifest.State().Meta
		if meta != nil && now.Schema == meta.Schema && now.Options == meta.Options {
			r.install(*meta)
		}
		r.undecided.Store(nil)
		return nil
	})
}

// saveDeletions flushes if only the log holds some deletions. A replay gives rows the newest schema, by which a condition that was made
// for an older one cannot be judged: so the log never has a deletion before a change of the schema. alterMu held, so no deletion comes.
func (r *region) saveDeletions(ctx context.Context) error {
	v := r.pin()
	n := len(v.unsaved(math.MaxUint64, r.manifest.State()))
	r.unpin(v)
	if n == 0 {
		return nil
	}
	return r.flush(ctx)
}

// commit makes an edit durable, telling the listener. After an error the edit may be there all the same, or be made by the next commit
// of the region: callers leave alone whatever it names, and sync makes readers see it then.
func (r *region) commit(ctx context.Context, step string, actions ...manifest.Action) error {
	if err := r.step(step, false); err != nil {
		return err
	}
	start := time.Now()
	_, err := r.manifest.Commit(ctx, actions...)
	r.eng.met.manifestOps.WithLabelValues("put").Observe(time.Since(start).Seconds())
	if err != nil {
		return err
	}
	return r.step(step, true)
}

// Truncate implements contract.RegionServer.
func (e *Engine) Truncate(ctx context.Context, id model.RegionID) error {
	r, err := e.region(id)
	if err != nil {
		return err
	}
	r.alterMu.Lock()
	defer r.alterMu.Unlock()
	// No flush or compaction may commit files of rows that are being removed.
	r.flushMu.Lock()
	defer r.flushMu.Unlock()
	r.comp.interrupt()
	r.compactMu.Lock()
	defer r.compactMu.Unlock()
	var entry uint64
	err = r.onWorker(ctx, func() error {
		// In the apply stage: rows of earlier writes are all in frozen memtables then, later ones come into the new one. So whenever the
		// edit turns out to be there, even after an error, sync knows which rows are void.
		r.freeze()
		entry = r.applied.entry
		t := &manifest.Truncate{Entry: entry, Sequence: sequenceOf(r.applied.sequence)}
		if err := r.commit(ctx, "truncate.commit", manifest.Action{Truncate: t}); err != nil {
			return err
		}
		r.sync()
		return nil
	})
	if err != nil {
		return fmt.Errorf("truncate region %s: %w", id, err)
	}
	return e.opts.WAL.Obsolete(ctx, id, entry)
}

// forget takes the memtables of a version that is not current any more out of the write buffer's count. It runs where apply does, or
// after the last apply.
func (r *region) forget(v *version) {
	r.eng.buffer.freeze(r.applied.counted)
	total := r.applied.counted
	r.applied.counted = 0
	for _, f := range v.frozen {
		total += f.bytes
	}
	r.eng.buffer.release(total)
}

// release lets go of memory and file handles of a region that is out of the registry and has no job. Scans that still read it keep
// what they pinned.
func (r *region) release() {
	r.mu.Lock()
	v := r.mu.version
	var dead []*file
	if v != nil {
		// Not nil: somebody may have found the region just before it went. The state tells them that it is closed.
		dead = r.installLocked(&version{meta: v.meta, mutable: r.newMemtable(v.meta)})
	}
	r.mu.Unlock()
	if v != nil {
		r.forget(v)
	}
	for _, f := range dead {
		f.close()
	}
}

// Close implements contract.RegionServer.
func (e *Engine) Close(ctx context.Context, id model.RegionID) error {
	r, err := e.closeRegion(ctx, id, stateClosed)
	if err != nil {
		return err
	}
	r.release()
	return nil
}

// closeRegion takes a region out of the registry when its writes and jobs have ended. Its rows in memory stay in the log.
func (e *Engine) closeRegion(ctx context.Context, id model.RegionID, state int32) (*region, error) {
	r, err := e.region(id)
	if err != nil {
		return nil, err
	}
	r.alterMu.Lock()
	defer r.alterMu.Unlock()
	if err := r.onWorker(ctx, func() error { r.state.Store(state); return nil }); err != nil {
		return nil, err
	}
	r.indexes.end()
	r.comp.interrupt() // the state keeps the next one from beginning
	r.flushMu.Lock()
	defer r.flushMu.Unlock()
	r.compactMu.Lock()
	defer r.compactMu.Unlock()
	e.mu.Lock()
	delete(e.mu.regions, id)
	e.mu.Unlock()
	return r, nil
}
