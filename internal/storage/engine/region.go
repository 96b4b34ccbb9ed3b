package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/memtable"
)

// region is one open region.
//
// Who changes what: the worker's log stage numbers rows and entries (next); its apply stage writes the mutable memtable, freezes it and
// changes the schema; flush and compaction jobs, one of each at a time, commit to the manifest and then install a version with the new
// files. Versions are installed under mu, so a job and the worker never lose each other's change.
type region struct {
	id   model.RegionID
	dir  string // "{table dir}{region dir name}/"
	eng  *Engine
	work *worker
	log  *slog.Logger

	store   objectstore.Store // where all of the region's files are, for ever
	storage string            // its name; empty: the default store

	manifest *manifest.Manifest

	next struct { // the worker's log stage; before the region is registered, its opener
		entry    uint64
		sequence uint64
	}
	applied struct { // the worker's apply stage
		entry    uint64
		sequence uint64
		counted  int64 // bytes of the mutable memtable that the write buffer knows of
	}

	memtables uint64 // made so far; whoever makes one holds mu, or is the opener

	mu struct {
		sync.Mutex
		version *version
		live    map[*file]struct{} // that any version names which is current or pinned
	}
	state     atomic.Int32 // one of the states below
	lastFlush atomic.Int64 // unix nanoseconds
	flushMu   sync.Mutex   // held by the one flush of the region
	compactMu sync.Mutex   // held by the one compaction of the region
	comp      compacting
	claims    claims
	alterMu   sync.Mutex                          // held over alter, truncate, drop, close
	undecided atomic.Pointer[contract.RegionMeta] // of an Alter whose commit had no known outcome: settle installs it, or finds it void
	written   atomic.Uint64
	committed atomic.Uint64 // the sequence after the last row that was applied
	queried   struct {
		nanos atomic.Int64
		bytes atomic.Uint64
	}
	flushAsked atomic.Bool // a background flush is queued
	compAsked  atomic.Bool // a background compaction is queued
	indexes    indexJobs
	flushOwed  atomic.Bool // the last flush failed: what it froze waits for the next, however little has been written since
}

// States of a region.
const (
	stateOpen int32 = iota
	stateClosed
	stateDropped
)

func sequenceOf(n uint64) model.Sequence { return model.Sequence(n) }

// writable is nil for a region that takes writes.
func (r *region) writable() error {
	switch r.state.Load() {
	case stateOpen:
		return nil
	case stateDropped:
		return errs.New(errs.RegionNotFound, "region %s is dropped", r.id)
	}
	return errs.New(errs.RegionNotReady, "region %s is closed", r.id)
}

// meta is the region's current schema and options.
func (r *region) meta() contract.RegionMeta {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.version.meta
}

// apply puts a logged write into memory. It runs in the worker's apply stage, in the order of the log.
func (r *region) apply(req *request) error {
	r.mu.Lock()
	mt, schema := r.mu.version.mutable, r.mu.version.meta.Schema
	r.mu.Unlock()
	w := *req.write // the caller's stays as it is
	err := adapt(schema, &w)
	if err == nil {
		err = mt.Write(&w, sequenceOf(req.sequence))
	}
	r.count(mt)
	if err != nil {
		// The rows are in the log but not in memory: the region must not go on as if they were not there.
		r.state.Store(stateClosed)
		r.log.Error("rows are in the log but do not fit the memtable; the region is closed until it is opened again", "err", err)
		return errs.Wrap(errs.Unexpected, err, "write to memtable of region %s", r.id)
	}
	r.applied.entry = max(r.applied.entry, req.entry)
	r.applied.sequence = req.sequence + uint64(req.write.Rows.Len)
	r.committed.Store(r.applied.sequence)
	r.written.Add(uint64(len(req.payload)))
	return nil
}

// count tells the write buffer how much the mutable memtable grew: by rows, or by what queries sorted of it meanwhile.
func (r *region) count(mt *memtable.Memtable) {
	now := mt.Bytes()
	r.eng.buffer.add(now - r.applied.counted)
	r.applied.counted = now
}

// freeze closes the mutable memtable for writes and puts an empty one in its place. It runs in the apply stage, or while no write can
// come.
func (r *region) freeze() {
	r.mu.Lock()
	v := r.mu.version
	var dead []*file
	if v.mutable.Rows() > 0 || v.deletionToFlush(r.manifest.State()) {
		v.mutable.Freeze()
		n := v.clone()
		bytes := r.applied.counted
		r.applied.counted = 0
		n.frozen = append(n.frozen, frozen{table: v.mutable, bytes: bytes, entry: r.applied.entry, sequence: sequenceOf(r.applied.sequence)})
		n.mutable = r.newMemtable(n.meta)
		r.eng.buffer.freeze(bytes)
		dead = r.installLocked(n)
	}
	r.mu.Unlock()
	r.purge(dead)
}

// onWorker runs f in the apply stage, after every write that was submitted before, and waits for it.
func (r *region) onWorker(ctx context.Context, f func() error) error {
	req := &request{region: r, control: f}
	if err := r.work.submit(ctx, req); err != nil {
		return err
	}
	<-req.done
	return req.err
}

// pendingWrite is a write that was submitted and is not answered yet.
type pendingWrite struct {
	req     *request
	payload *payload
	rows    int
	op      model.OpType
}

// submit checks, encodes and queues one write; nil for an empty one. The answer is waited for without the caller's context: the worker
// reads the batch until it answers, and only then the batch is the caller's again.
func (e *Engine) submit(ctx context.Context, w *contract.RegionWrite) (*pendingWrite, error) {
	r, err := e.region(w.Region)
	if err != nil {
		return nil, err
	}
	meta := r.meta()
	if err := checkWrite(meta, w); err != nil {
		return nil, err
	}
	if w.Rows.Len == 0 {
		return nil, nil
	}
	if meta.Options.TTL == contract.TTLInstant { // taken and forgotten: there is nothing to log, or to keep
		done := make(chan struct{})
		close(done)
		return &pendingWrite{req: &request{region: r, done: done}, payload: &payload{}, rows: w.Rows.Len, op: w.Op}, nil
	}
	if err := e.buffer.admit(ctx, w.Rows.Bytes(), e.kickFlush); err != nil {
		return nil, err
	}
	p := e.encode(w, meta)
	req := &request{region: r, write: w, payload: p.bytes}
	if err := r.work.submit(ctx, req); err != nil {
		e.recycle(p)
		return nil, err
	}
	return &pendingWrite{req: req, payload: p, rows: w.Rows.Len, op: w.Op}, nil
}

// checkWrite refuses what the log must never hold: after this, applying the write cannot fail.
func checkWrite(meta contract.RegionMeta, w *contract.RegionWrite) error {
	s := meta.Schema
	bad := func(format string, args ...any) error {
		return errs.New(errs.InvalidArguments, "Invalid request for region %s, reason: %s", w.Region, fmt.Sprintf(format, args...))
	}
	if w.SchemaVersion > s.Version {
		return errs.New(errs.RequestOutdated, "region %s has schema version %d, the write was made for %d", w.Region, s.Version, w.SchemaVersion)
	}
	if w.Op == model.OpDelete && meta.Options.Merge == contract.MergeAppend {
		return bad("DELETE is not allowed under append mode")
	}
	if len(w.Columns) != len(w.Rows.Cols) {
		return bad("%d column ids for %d columns", len(w.Columns), len(w.Rows.Cols))
	}
	hasTime := false
	for i, id := range w.Columns {
		v := w.Rows.Cols[i]
		c := s.Column(id)
		if c == nil {
			if id < s.NextColumn && w.SchemaVersion < s.Version {
				continue // dropped since the rows were made
			}
			return errs.New(errs.TableColumnNotFound, "region %s has no column %d", w.Region, id)
		}
		if v.Type != c.Type {
			if w.SchemaVersion < s.Version {
				return errs.New(errs.RequestOutdated, "column %s of region %s is %s by now, the write was made for %s", c.Name, w.Region, c.Type, v.Type)
			}
			return bad("column %s expect type %s, given: %s", c.Name, c.Type, v.Type)
		}
		if v.Len != w.Rows.Len {
			return bad("column %s has %d values for %d rows", c.Name, v.Len, w.Rows.Len)
		}
		if !c.Nullable && v.NullCount() > 0 && (w.Op == model.OpPut || c.Semantic == model.TimeColumn) {
			return bad("column %s is not nullable", c.Name)
		}
		if id == s.TimeIndex {
			hasTime = true
			if err := model.CheckTimes(c.Name, v); err != nil {
				return bad("%s", err)
			}
		}
	}
	if !hasTime {
		return bad("missing required time index column %s", s.Time().Name)
	}
	return nil
}

// newMemtable makes the memtable that takes writes from now on.
func (r *region) newMemtable(meta contract.RegionMeta) *memtable.Memtable {
	r.memtables++
	m, err := memtable.New(r.memtables, meta.Schema, memtable.Options{Window: r.windowUnits(meta)})
	if err != nil {
		panic(err) // options that are ours and constant
	}
	return m
}

// windowUnits is window in the unit of the time index.
func (r *region) windowUnits(meta contract.RegionMeta) int64 {
	return max(1, int64(r.window(meta))/meta.Schema.TimeUnit().Nanos())
}

// window is the width of a time window: rows of different windows never share a file.
func (r *region) window(meta contract.RegionMeta) time.Duration {
	if meta.Options.CompactionWindow > 0 {
		return meta.Options.CompactionWindow
	}
	if r.manifest != nil {
		if w := r.manifest.State().CompactionWindow; w > 0 {
			return w
		}
	}
	return 24 * time.Hour
}
