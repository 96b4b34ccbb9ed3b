package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// A drop, in order:
//
//	record    "data/_dropping/{region id}" says where the region's directory is, so that a later process finds what is left of it
//	marker    "_dropping" in the directory: from here on the region is gone, whatever happens
//	close     no job runs, no request is taken; the log forgets the region; the caller has its answer
//	delete    in the background, when no scan reads the region any more: the manifest, the files, the marker, and last the record
//
// A process that starts goes on with what the records say. A record without a marker is of a drop that never came to be, or of one that
// ended but for its record.

// dropRecords is where records of drops are, in each store.
const dropRecords = "data/_dropping/"

// dropRecord is the content of a record.
type dropRecord struct {
	Dir string `json:"dir"`
}

func dropRecordKey(id model.RegionID) string {
	return dropRecords + strconv.FormatUint(uint64(id), 10)
}

// drops are the regions whose directories are still to be deleted.
type drops struct {
	kick    chan struct{} // capacity 1
	running sync.Mutex    // held by the one finishDrops

	mu struct {
		sync.Mutex
		pending map[model.RegionID]*region
		resumed bool // the records of earlier processes were read
	}
}

func (d *drops) init() {
	d.kick = make(chan struct{}, 1)
	d.mu.pending = map[model.RegionID]*region{}
}

func (d *drops) add(r *region) {
	d.mu.Lock()
	d.mu.pending[r.id] = r
	d.mu.Unlock()
	d.look()
}

// look makes the loop look at the regions now.
func (d *drops) look() {
	select {
	case d.kick <- struct{}{}:
	default:
	}
}

// Drop implements contract.RegionServer. The marker makes it certain; files go afterwards.
func (e *Engine) Drop(ctx context.Context, id model.RegionID) error {
	r, err := e.region(id)
	if err != nil {
		return err
	}
	record, err := json.Marshal(dropRecord{Dir: r.dir})
	if err != nil {
		return errs.Wrap(errs.Internal, err, "drop region %s", id)
	}
	if err := r.step("drop.marker", false); err != nil {
		return err
	}
	if err := r.store.Put(ctx, dropRecordKey(id), record); err != nil {
		return fmt.Errorf("drop region %s: %w", id, err)
	}
	if err := r.store.Put(ctx, r.dir+dropMarker, []byte("dropping\n")); err != nil {
		return fmt.Errorf("drop region %s: %w", id, err)
	}
	if r, err = e.closeRegion(ctx, id, stateDropped); err != nil {
		return err
	}
	r.release()
	defer e.drops.add(r)
	if err := r.step("drop.marker", true); err != nil {
		return err
	}
	if err := e.opts.WAL.Drop(ctx, id); err != nil {
		return fmt.Errorf("drop region %s: %w", id, err)
	}
	return nil
}

// dropLoop deletes the directories of dropped regions.
func (e *Engine) dropLoop() {
	tick := time.NewTicker(e.opts.Sweep)
	defer tick.Stop()
	for {
		e.finishDrops(e.ctx)
		select {
		case <-e.ctx.Done():
			return
		case <-e.drops.kick:
		case <-tick.C:
		}
	}
}

// finishDrops tries to delete what is pending; what fails, or is still read, stays pending.
func (e *Engine) finishDrops(ctx context.Context) {
	d := &e.drops
	d.running.Lock()
	defer d.running.Unlock()
	d.mu.Lock()
	resumed := d.mu.resumed
	d.mu.Unlock()
	if !resumed {
		if err := e.resumeDrops(ctx); err != nil {
			if ctx.Err() == nil {
				e.log.Warn("look for dropped regions", "err", err) // the next round tries again
			}
		} else {
			d.mu.Lock()
			d.mu.resumed = true
			d.mu.Unlock()
		}
	}
	d.mu.Lock()
	pending := make([]*region, 0, len(d.mu.pending))
	for _, r := range d.mu.pending {
		pending = append(pending, r)
	}
	d.mu.Unlock()
	for _, r := range pending {
		if ctx.Err() != nil {
			return
		}
		if r.read() {
			continue // its last reader makes us look again
		}
		done, err := e.alone(r.id, func() error { return e.finishDrop(ctx, r) })
		if err != nil && ctx.Err() == nil {
			r.log.Warn("delete the files of a dropped region", "err", err)
		}
		if done && err == nil {
			d.mu.Lock()
			if d.mu.pending[r.id] == r {
				delete(d.mu.pending, r.id)
			}
			d.mu.Unlock()
			r.log.Info("deleted a dropped region")
		}
	}
}

// alone runs f while nobody opens or creates the region; done is false if somebody does now. A region that is open again needs no f:
// whoever created it did what f does.
func (e *Engine) alone(id model.RegionID, f func() error) (done bool, err error) {
	e.mu.Lock()
	if e.mu.opening[id] != nil || e.mu.closed {
		e.mu.Unlock()
		return false, nil
	}
	if e.mu.regions[id] != nil {
		e.mu.Unlock()
		return true, nil
	}
	busy := make(chan struct{})
	e.mu.opening[id] = busy
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		delete(e.mu.opening, id)
		e.mu.Unlock()
		close(busy)
	}()
	return true, f()
}

// resumeDrops takes up the drops that earlier processes did not end.
func (e *Engine) resumeDrops(ctx context.Context) error {
	stores := map[string]objectstore.Store{"": e.opts.Store}
	for name, s := range e.opts.Stores {
		stores[name] = s
	}
	var errList []error
	for name, store := range stores {
		for info, err := range objectstore.All(ctx, store, dropRecords) {
			if err == nil {
				err = e.resumeDrop(ctx, name, store, info.Key)
			}
			if err != nil {
				errList = append(errList, err)
			}
		}
	}
	return errors.Join(errList...)
}

func (e *Engine) resumeDrop(ctx context.Context, name string, store objectstore.Store, key string) error {
	id, err := strconv.ParseUint(strings.TrimPrefix(key, dropRecords), 10, 64)
	if err != nil {
		return nil // not ours
	}
	b, err := store.Get(ctx, key)
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var rec dropRecord
	if err := json.Unmarshal(b, &rec); err != nil || !strings.HasSuffix(rec.Dir, "/"+model.RegionID(id).DirName()+"/") {
		return errs.New(errs.Unexpected, "record %s of a dropped region is damaged; delete it, and the region's directory, by hand", key)
	}
	r, err := e.newRegion(model.RegionID(id), strings.TrimSuffix(rec.Dir, model.RegionID(id).DirName()+"/"), name)
	if err != nil {
		return err
	}
	_, err = e.alone(r.id, func() error {
		dropping, err := r.exists(ctx, dropMarker)
		if err != nil {
			return err
		}
		if !dropping {
			return store.Delete(ctx, key)
		}
		r.state.Store(stateDropped)
		e.drops.mu.Lock()
		if e.drops.mu.pending[r.id] == nil {
			e.drops.mu.pending[r.id] = r
		}
		e.drops.mu.Unlock()
		return nil
	})
	return err
}

// read tells that a scan still has a version of the region pinned.
func (r *region) read() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.mu.live) > 0
}

// finishDrop deletes the directory of a region with a drop marker, the marker last. Nobody else opens, creates or drops the region.
func (e *Engine) finishDrop(ctx context.Context, r *region) error {
	dropping, err := r.exists(ctx, dropMarker)
	if err != nil || !dropping {
		return err
	}
	if err := e.opts.WAL.Drop(ctx, r.id); err != nil {
		return fmt.Errorf("drop region %s: %w", r.id, err)
	}
	if err := r.step("drop.files", false); err != nil {
		return err
	}
	// The manifest first: without it the region is gone even if the rest fails. The marker last: it brings the next try here.
	var rest []string
	if _, err := objectstore.DeletePrefix(ctx, r.store, r.dir+"manifest/"); err != nil {
		return fmt.Errorf("drop region %s: %w", r.id, err)
	}
	for o, err := range objectstore.All(ctx, r.store, r.dir) {
		if err != nil {
			return fmt.Errorf("drop region %s: %w", r.id, err)
		}
		if o.Key != r.dir+dropMarker {
			rest = append(rest, o.Key)
		}
	}
	for _, keys := range [][]string{rest, {r.dir + dropMarker}, {dropRecordKey(r.id)}} {
		if err := r.store.Delete(ctx, keys...); err != nil {
			return fmt.Errorf("drop region %s: %w", r.id, err)
		}
	}
	return r.step("drop.files", true)
}
