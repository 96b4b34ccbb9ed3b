package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/storage/logentry"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// dropMarker is a file in the directory of a region that is being dropped: whoever finds it finishes the job.
const dropMarker = "_dropping"

// Create implements contract.RegionServer.
func (e *Engine) Create(ctx context.Context, req contract.CreateRegion) error {
	if req.Meta.Schema == nil {
		return errs.New(errs.InvalidArguments, "create region %s: no schema", req.Meta.ID)
	}
	if err := req.Meta.Schema.Validate(); err != nil {
		return fmt.Errorf("create region %s: %w", req.Meta.ID, err)
	}
	return e.enter(ctx, req.Meta.ID, func() (*region, error) {
		r, err := e.newRegion(req.Meta.ID, req.TableDir, req.Meta.Options.Storage)
		if err != nil {
			return nil, err
		}
		if err := e.finishDrop(ctx, r); err != nil {
			return nil, err
		}
		if err := r.step("create.commit", false); err != nil {
			return nil, err
		}
		m, existed, err := manifest.Create(ctx, r.manifestOptions(), req.Meta)
		if err != nil {
			return nil, fmt.Errorf("create region %s: %w", r.id, err)
		}
		if existed && !sameSchema(m.State().Meta.Schema, req.Meta.Schema) {
			return nil, errs.New(errs.RegionAlreadyExists, "region %s exists with another schema", r.id)
		}
		r.manifest = m
		if err := r.step("create.commit", true); err != nil {
			return nil, err
		}
		return r, e.recover(ctx, r, nil)
	}, func(r *region) error {
		if !sameSchema(r.meta().Schema, req.Meta.Schema) {
			return errs.New(errs.RegionAlreadyExists, "region %s exists with another schema", r.id)
		}
		return nil
	})
}

// sameSchema reports that two schemas differ in their versions at most. What a manifest gave back is the same as what went into it: an
// empty map of options comes back as none.
func sameSchema(a, b *model.Schema) bool {
	plain := func(s *model.Schema) model.Schema {
		c := *s.Clone()
		c.Version = 0
		for i := range c.Columns {
			if len(c.Columns[i].Options) == 0 {
				c.Columns[i].Options = nil
			}
		}
		return c
	}
	return reflect.DeepEqual(plain(a), plain(b))
}

// Open implements contract.RegionServer.
func (e *Engine) Open(ctx context.Context, req contract.OpenRegion) error {
	return e.enter(ctx, req.ID, func() (*region, error) {
		storage := req.Storage
		if req.Options != nil && storage == "" {
			storage = req.Options.Storage
		}
		r, err := e.newRegion(req.ID, req.TableDir, storage)
		if err != nil {
			return nil, err
		}
		if dropping, err := r.exists(ctx, dropMarker); err != nil {
			return nil, err
		} else if dropping {
			return nil, errs.New(errs.RegionNotFound, "region %s is being dropped", r.id)
		}
		m, err := manifest.Open(ctx, r.manifestOptions())
		if errors.Is(err, manifest.ErrNotFound) {
			return nil, errs.New(errs.RegionNotFound, "Region not found: %s has no manifest below %s", r.id, r.dir)
		}
		if err != nil {
			return nil, fmt.Errorf("open region %s: %w", r.id, err)
		}
		r.manifest = m
		return r, e.recover(ctx, r, req.Options)
	}, func(*region) error { return nil })
}

// enter makes sure that one caller at a time opens or creates a region. there is called for a region that is open already.
func (e *Engine) enter(ctx context.Context, id model.RegionID, open func() (*region, error), there func(*region) error) error {
	for {
		e.mu.Lock()
		if e.mu.closed {
			e.mu.Unlock()
			return errs.New(errs.Suspended, "region engine is closed")
		}
		if r := e.mu.regions[id]; r != nil {
			e.mu.Unlock()
			return there(r)
		}
		busy := e.mu.opening[id]
		if busy == nil {
			busy = make(chan struct{})
			e.mu.opening[id] = busy
			e.mu.Unlock()
			r, err := open()
			e.mu.Lock()
			delete(e.mu.opening, id)
			if err == nil && e.mu.closed {
				err = errs.New(errs.Suspended, "region engine is closed")
			}
			delete(e.mu.failed, id)
			switch {
			case err == nil:
				e.mu.regions[id] = r
				e.askPreload(r)
			case !errs.Is(err, errs.RegionNotFound):
				e.mu.failed[id] = err
			}
			e.mu.Unlock()
			close(busy)
			if err != nil && r != nil {
				r.release()
			} else if err == nil {
				e.askIndexes(r)
			}
			return err
		}
		e.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *Engine) newRegion(id model.RegionID, tableDir, storage string) (*region, error) {
	store, err := e.storeNamed(storage)
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", id, err)
	}
	r := &region{id: id, dir: strings.TrimSuffix(tableDir, "/") + "/" + id.DirName() + "/", eng: e, work: e.workerOf(id),
		log: e.log.With("region", id.String()), store: store, storage: storage}
	r.lastFlush.Store(e.opts.Now().UnixNano())
	return r, nil
}

func (r *region) manifestOptions() manifest.Options {
	return manifest.Options{Store: r.store, Dir: r.dir + "manifest/", CheckpointDistance: r.eng.opts.CheckpointDistance, Log: r.log}
}

func (r *region) exists(ctx context.Context, name string) (bool, error) {
	_, err := r.store.Stat(ctx, r.dir+name)
	if errors.Is(err, objectstore.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// recover builds the first version from the manifest and the log.
func (e *Engine) recover(ctx context.Context, r *region, options *contract.RegionOptions) error {
	s := r.manifest.State()
	v := &version{meta: s.Meta, deletions: s.Deletions}
	if options != nil {
		v.meta.Options = *options
	}
	for _, f := range s.Files {
		v.files = append(v.files, r.openFile(f))
	}
	v.mutable = r.newMemtable(v.meta)
	r.applied.entry, r.applied.sequence = s.FlushedEntry, uint64(s.FlushedSequence)
	for _, f := range s.Files { // a file written by an edit whose marks were lost with the process can still be ahead
		r.applied.sequence = max(r.applied.sequence, uint64(f.MaxSequence)+1)
	}
	if err := e.replay(ctx, r, v); err != nil {
		e.buffer.add(-r.applied.counted)
		return err
	}
	r.next.entry, r.next.sequence = r.applied.entry+1, r.applied.sequence
	r.committed.Store(r.applied.sequence)
	r.mu.Lock()
	r.installLocked(v)
	r.mu.Unlock()
	return nil
}

// replayed is an entry of the log on its way into the memtable: rows, or a deletion.
type replayed struct {
	id       uint64
	rows     *logentry.Entry
	decoder  *logentry.Decoder // whose memory rows are in; to be given back
	deletion wal.Entry         // where rows is nil
}

// replayAhead is how many entries are read and decoded before they are wanted.
const replayAhead = 8

// replay puts the log's entries that are not in files into the memtable. Reading and decoding them takes as long as that, and is done beside
// it, into memory that is used again.
func (e *Engine) replay(ctx context.Context, r *region, v *version) error {
	start, rows, from := e.opts.Now(), 0, r.applied.entry+1
	entries := make(chan replayed, replayAhead)
	free := make(chan *logentry.Decoder, replayAhead+2) // one with the reader, one with the writer, the others on their way
	for range cap(free) {
		free <- &logentry.Decoder{}
	}
	read := make(chan error, 1)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(entries)
		read <- e.opts.WAL.Replay(reading, r.id, from, func(entry wal.Entry) error {
			x := replayed{id: entry.ID}
			if logentry.IsDeletion(entry.Payload) {
				x.deletion = entry
				x.deletion.Payload = slices.Clone(entry.Payload)
			} else {
				x.decoder = <-free
				var err error
				if x.rows, err = x.decoder.Decode(entry.Payload); err != nil {
					return errs.Wrap(errs.Unexpected, err, "entry %d", entry.ID)
				}
			}
			select {
			case entries <- x:
				return nil
			case <-reading.Done():
				return reading.Err()
			}
		})
	}()
	var err error
	for x := range entries {
		switch {
		case err != nil: // the reader is being stopped
		case x.rows == nil:
			err = r.replayDeletion(v, x.deletion)
		default:
			err = r.replayRows(v, x.id, x.rows)
			rows += x.rows.Rows.Len
		}
		if x.decoder != nil {
			free <- x.decoder
		}
		if err != nil {
			stop()
		}
	}
	if readErr := <-read; err == nil {
		err = readErr
	}
	if err != nil {
		return fmt.Errorf("replay region %s: %w", r.id, err)
	}
	if rows > 0 {
		r.log.Info("replayed", "rows", rows, "took", e.opts.Now().Sub(start))
	}
	return nil
}

// replayRows puts the rows of an entry into the memtable.
func (r *region) replayRows(v *version, id uint64, le *logentry.Entry) error {
	w := contract.RegionWrite{Region: r.id, Op: le.Op, Columns: le.Columns, Rows: le.Rows}
	w.SchemaVersion = le.SchemaVersion
	if err := adapt(v.meta.Schema, &w); err != nil {
		return errs.Wrap(errs.Unexpected, err, "entry %d", id)
	}
	if err := v.mutable.Write(&w, le.FirstSequence); err != nil {
		return errs.Wrap(errs.Unexpected, err, "entry %d", id)
	}
	r.count(v.mutable)
	r.applied.entry = id
	r.applied.sequence = max(r.applied.sequence, uint64(le.FirstSequence)+uint64(le.Rows.Len))
	return nil
}

// step tells the listener of a durable step.
func (r *region) step(name string, after bool) error {
	if f := r.eng.opts.Listener.Step; f != nil {
		return f(r.id, name, after)
	}
	return nil
}
