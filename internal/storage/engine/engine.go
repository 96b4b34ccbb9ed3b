// Package engine is the door of the region engine: it implements contract.RegionServer over memtables, files and the log.
//
//	engine.go      registry of regions, workers, background jobs; start and stop
//	region.go      one region: its writes;  version.go  what readers pin
//	worker.go      the two stages of a write
//	open.go        create, open and recover;  alter.go  schema, truncate, drop
//	flush.go       memtables to files;  compact.go  files to fewer files
//	scan.go        the sources of a scan
package engine

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/storage/logentry"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// Options of an Engine. Store, WAL and Files are required.
type Options struct {
	Store objectstore.Store // of regions that name no other
	// Stores are the stores that regions may name in their options.
	Stores map[string]objectstore.Store
	WAL    wal.Log
	// Files opens data files; it brings the caches with it.
	Files *sst.Reader

	Workers        int           // write pipelines; more use more cores for many regions. Zero: 1
	QueueLen       int           // requests that wait for a worker. Zero: 128
	BatchLen       int           // requests that share one log append. Zero: 64
	FlushJobs      int           // flushes at a time. Zero: 1
	CompactionJobs int           // compactions at a time. Zero: 1
	AutoFlush      time.Duration // a region with rows in memory for longer is flushed. Zero: 30 min
	Sweep          time.Duration // how often that and the log's size are looked at. Zero: 1 min
	WALPurgeBytes  int64         // above this the regions that hold the log back are flushed. Zero: 1 GiB

	WriteBufferBytes       int64           // memory of all memtables, see writeBuffer. Zero: 512 MiB
	WriteBufferRejectBytes int64           // Zero: twice that
	RegionBufferBytes      int64           // a region's memtable of this size is flushed. Zero: half of WriteBufferBytes
	WriteBufferAccount     *budget.Account // where memtables are charged; may be nil
	QueryAccount           *budget.Account // where scans account for the groups they hold; may be nil
	PreloadBytes           int64           // of index files and footers that are brought near when regions of far stores open. Zero: none
	CheckpointDistance     int             // edits between manifest checkpoints. Zero: 10
	ScanParallelism        int             // goroutines of a scan. Zero: cores
	Index                  IndexOptions

	MinCompactionInterval time.Duration // between two background compactions of a region. Zero: none
	CompactionMemoryBytes int64         // what compactions may hold together, as estimated. Zero: no limit
	CompactionMemoryWait  time.Duration // how long one waits for memory before it gives up until later. Zero: 10 s; negative: not at all
	CompactionShare       float64       // of the time that a compaction works while rows come in, see pacer. Zero: 0.25; 1: it never rests
	GC                    GCOptions

	Log     *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time // Zero: time.Now
	// Listener is told of state changes; nil members are not called.
	Listener Listener
}

// Listener lets tests and tools watch the engine.
type Listener struct {
	// Step is called before and after each step that makes something durable; an error makes the step fail. The names are
	// "flush.files", "flush.commit", "compact.files", "compact.commit", "alter.commit", "truncate.commit", "create.commit", "expire.commit", "index.commit".
	Step func(region model.RegionID, name string, after bool) error
	// FlushEnd and CompactEnd are called when a background or asked-for job ended.
	FlushEnd   func(region model.RegionID, files int, err error)
	CompactEnd func(region model.RegionID, in, out int, err error)
	// PreloadEnd is called when the index files of an opened region are near, or as far as that goes.
	PreloadEnd func(region model.RegionID, files int)
}

func (o *Options) defaults() {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.Workers, 1)
	def(&o.QueueLen, 128)
	def(&o.BatchLen, 64)
	def(&o.FlushJobs, 1)
	def(&o.CompactionJobs, 1)
	if o.AutoFlush <= 0 {
		o.AutoFlush = 30 * time.Minute
	}
	if o.Sweep <= 0 {
		o.Sweep = time.Minute
	}
	if o.WALPurgeBytes <= 0 {
		o.WALPurgeBytes = 1 << 30
	}
	if o.WriteBufferBytes <= 0 {
		o.WriteBufferBytes = 512 << 20
	}
	if o.WriteBufferRejectBytes <= o.WriteBufferBytes {
		o.WriteBufferRejectBytes = 2 * o.WriteBufferBytes
	}
	if o.RegionBufferBytes <= 0 {
		o.RegionBufferBytes = o.WriteBufferBytes / 2
	}
	switch {
	case o.CompactionMemoryWait == 0:
		o.CompactionMemoryWait = 10 * time.Second
	case o.CompactionMemoryWait < 0:
		o.CompactionMemoryWait = 0
	}
	def(&o.ScanParallelism, runtime.GOMAXPROCS(0))
	if o.CompactionShare <= 0 || o.CompactionShare > 1 {
		o.CompactionShare = usualShare
	}
	o.GC.defaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Engine is the regions of one process.
type Engine struct {
	opts     Options
	log      *slog.Logger
	met      *metrics
	buffer   *writeBuffer
	indexMet *indexMetrics
	workers  []*worker

	mu struct {
		sync.Mutex
		regions map[model.RegionID]*region
		opening map[model.RegionID]chan struct{} // closed when the opening or creating ended
		failed  map[model.RegionID]error         // why the last opening failed: callers are told, not that there is no such region
		closed  bool
	}

	payloads sync.Pool // *payload

	// Background work: jobs run in goroutines that end before Stop returns.
	ctx    context.Context // ends at Stop; given to jobs, not to requests
	cancel context.CancelFunc
	jobs   sync.WaitGroup
	flushQ chan *region // bounded by the number of regions through region.flushAsked
	compQ  chan *region
	indexQ chan *region
	kick   chan struct{} // capacity 1: memory is short, look for regions to flush

	preloadQ  chan *region
	preloaded atomic.Int64  // bytes so far, of PreloadBytes
	compSlots chan struct{} // holds an element for each compaction that runs
	compMem   memoryGate
	flushes   atomic.Int32 // that run now
	drops     drops
}

// queueBound is how many regions may wait for a background job; more are found again by the sweep.
const queueBound = 4096

// New starts an engine without regions.
func New(o Options) *Engine {
	o.defaults()
	e := &Engine{opts: o, log: o.Log}
	e.met = newMetrics(o.Metrics, e)
	e.buffer = newWriteBuffer(o.WriteBufferBytes, o.WriteBufferRejectBytes, o.WriteBufferAccount, e.met)
	e.mu.regions = map[model.RegionID]*region{}
	e.mu.opening = map[model.RegionID]chan struct{}{}
	e.mu.failed = map[model.RegionID]error{}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.flushQ = make(chan *region, queueBound)
	e.compQ = make(chan *region, queueBound)
	e.indexQ = make(chan *region, queueBound)
	e.indexMet = newIndexMetrics(o.Metrics)
	e.kick = make(chan struct{}, 1)
	e.preloadQ = make(chan *region, queueBound)
	e.compSlots = make(chan struct{}, o.CompactionJobs)
	e.compMem = memoryGate{limit: o.CompactionMemoryBytes, wait: o.CompactionMemoryWait, rejected: e.met.compactMemRejected, waited: e.met.compactMemWait}
	e.compMem.mu.freed = make(chan struct{})
	e.drops.init()
	for range o.Workers {
		e.workers = append(e.workers, newWorker(o.WAL, o.QueueLen, o.BatchLen, e.met))
	}
	start := func(n int, f func()) {
		for range n {
			e.jobs.Add(1)
			go func() { defer e.jobs.Done(); f() }()
		}
	}
	start(o.FlushJobs, e.flushLoop)
	start(o.CompactionJobs, e.compactLoop)
	start(max(1, o.Index.Jobs), e.indexLoop)
	start(1, e.sweepLoop)
	start(1, e.preloadLoop)
	start(1, e.dropLoop)
	if !o.GC.Disabled {
		start(1, e.gcLoop)
	}
	return e
}

// Stop takes no more requests, lets the requests and jobs that run end, and closes all regions. Memtables are not flushed: their rows
// are in the log, which the caller closes afterwards.
func (e *Engine) Stop() {
	e.mu.Lock()
	if e.mu.closed {
		e.mu.Unlock()
		return
	}
	e.mu.closed = true
	e.mu.Unlock()
	e.cancel()
	e.jobs.Wait()
	for _, w := range e.workers {
		w.close()
	}
	e.mu.Lock()
	regions := e.mu.regions
	e.mu.regions = map[model.RegionID]*region{}
	e.mu.Unlock()
	for _, r := range regions {
		r.state.Store(stateClosed)
		r.release()
	}
}

func (e *Engine) regionCount() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.mu.regions)
}

func (e *Engine) region(id model.RegionID) (*region, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.closed {
		return nil, errs.New(errs.Suspended, "region engine is closed")
	}
	if r := e.mu.regions[id]; r != nil {
		return r, nil
	}
	if err := e.mu.failed[id]; err != nil {
		return nil, errs.Wrap(errs.RegionNotReady, err, "region %s could not be opened", id)
	}
	return nil, errs.New(errs.RegionNotFound, "Region not found: %s", id)
}

// all is the open regions, in order of id.
func (e *Engine) all() []*region {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]*region, 0, len(e.mu.regions))
	for _, r := range e.mu.regions {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *region) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return out
}

func (e *Engine) workerOf(id model.RegionID) *worker {
	n := uint64(len(e.workers))
	return e.workers[(uint64(id.Table())%n+uint64(id.Number())%n)%n]
}

// payload is a reusable buffer for an encoded write.
type payload struct{ bytes []byte }

// encode gives the log payload of a write, in a buffer for recycle; none for regions that skip the log.
func (e *Engine) encode(w *contract.RegionWrite, meta contract.RegionMeta) *payload {
	p, _ := e.payloads.Get().(*payload)
	if p == nil {
		p = &payload{}
	}
	if meta.Options.SkipWAL {
		p.bytes = nil
		return p
	}
	p.bytes = logentry.Append(p.bytes[:0], w.Rows, w.Columns, w.Op, w.SchemaVersion)
	return p
}

// keepPayload is the largest buffer that is kept for reuse; a rare huge write must not pin its memory.
const keepPayload = 16 << 20

func (e *Engine) recycle(p *payload) {
	if cap(p.bytes) <= keepPayload {
		e.payloads.Put(p)
	}
}

// Write implements contract.RegionServer.
func (e *Engine) Write(ctx context.Context, req contract.WriteRequest) (affected uint64, err error) {
	start := e.opts.Now()
	defer func() { e.met.requests.WithLabelValues("put").Observe(e.opts.Now().Sub(start).Seconds()) }()
	// All batches are submitted before the first is waited for, so that they share one log append.
	pending := make([]*pendingWrite, 0, len(req.Writes))
	var errList []error
	for i := range req.Writes {
		p, err := e.submit(ctx, &req.Writes[i])
		if err != nil {
			errList = append(errList, err)
			continue
		}
		if p != nil {
			pending = append(pending, p)
		}
	}
	for _, p := range pending {
		<-p.req.done
		e.recycle(p.payload)
		if p.req.err != nil {
			errList = append(errList, p.req.err)
			continue
		}
		affected += uint64(p.rows)
		op := "put"
		if p.op == model.OpDelete {
			op = "delete"
		}
		e.met.rows.WithLabelValues(op).Add(float64(p.rows))
		e.noteGrowth(p.req.region)
	}
	return affected, errors.Join(errList...)
}
