package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/storage/logentry"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// worker writes for the regions that are assigned to it, in two stages that overlap: while one group of requests is being synced to
// the log, the group before is put into memory.
//
//	submit → queue → log stage: number, one Append for the group → apply stage: memtables, then answer
//
// Both stages take requests in the order of the queue, so rows reach memory in the order of their sequences, and a control request
// (freeze, alter, truncate) runs when exactly the writes before it have been applied.
type worker struct {
	log   wal.Log
	met   *metrics
	batch int

	lastWrite atomic.Int64 // when rows were last applied, unix nanoseconds

	queue  chan *request // bounded: submit waits when it is full
	groups chan []*request
	done   sync.WaitGroup

	closing struct { // lets submit fail after close instead of sending into the void
		sync.RWMutex
		closed bool
	}
}

// request is a write to one region, or a function to run in the apply stage.
type request struct {
	region   *region
	write    *contract.RegionWrite
	payload  []byte             // encoded write, sequence not stamped; nil where the region skips the log
	deletion *manifest.Deletion // instead of write
	before   *version           // what the deletion applies to, pinned for whoever asked for it
	control  func() error
	err      error         // set before done is closed
	queued   time.Time     // when it was submitted
	began    time.Time     // when its group was taken up
	done     chan struct{} // closed when the request was answered

	entry    uint64 // set by the log stage
	sequence uint64
}

// sequences is how many the request takes: one for each row, or for a deletion.
func (req *request) sequences() uint64 {
	if req.write == nil {
		return 1
	}
	return uint64(req.write.Rows.Len)
}

func newWorker(log wal.Log, queueLen, batch int, met *metrics) *worker {
	w := &worker{log: log, met: met, batch: batch, queue: make(chan *request, queueLen), groups: make(chan []*request, 1)}
	w.done.Add(2)
	go w.logStage()
	go w.applyStage()
	return w
}

// submit queues a request; it is answered through req.done even if ctx ends meanwhile.
func (w *worker) submit(ctx context.Context, req *request) error {
	req.done, req.queued = make(chan struct{}), time.Now()
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closing.closed {
		return errs.New(errs.Suspended, "region engine is closed")
	}
	select {
	case w.queue <- req:
		return nil
	default:
	}
	select {
	case w.queue <- req:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close answers everything that was queued and ends the worker.
func (w *worker) close() {
	w.closing.Lock()
	if !w.closing.closed {
		w.closing.closed = true
		close(w.queue)
	}
	w.closing.Unlock()
	w.done.Wait()
}

func (w *worker) logStage() {
	defer w.done.Done()
	defer close(w.groups)
	for first := range w.queue {
		group := append(make([]*request, 0, w.batch), first)
	drain:
		for len(group) < w.batch {
			select {
			case req, ok := <-w.queue:
				if !ok {
					break drain
				}
				group = append(group, req)
			default:
				break drain
			}
		}
		began := time.Now()
		for _, req := range group {
			req.began = began
			w.met.requestWait.Observe(began.Sub(req.queued).Seconds())
		}
		w.logGroup(group)
		w.groups <- group
	}
}

// logGroup numbers the writes of a group and makes them durable with one Append. If that fails, all of them fail: nothing of the
// group is known to be in the log, so nothing of it may be in memory.
func (w *worker) logGroup(group []*request) {
	start := time.Now()
	var entries []wal.Entry
	for _, req := range group {
		if req.control != nil {
			continue
		}
		if req.err = req.region.writable(); req.err != nil {
			continue
		}
		req.sequence = req.region.next.sequence
		req.region.next.sequence += req.sequences()
		if req.payload == nil {
			req.entry = req.region.next.entry - 1
			continue
		}
		req.entry = req.region.next.entry
		req.region.next.entry++
		logentry.Stamp(req.payload, sequenceOf(req.sequence))
		entries = append(entries, wal.Entry{Region: req.region.id, ID: req.entry, Payload: req.payload})
	}
	if len(entries) == 0 {
		return
	}
	// Not the context of any caller: the group belongs to many.
	if err := w.log.Append(context.Background(), entries); err != nil {
		for _, req := range group {
			if req.control == nil && req.err == nil && req.payload != nil {
				req.err = errs.Wrap(errs.StorageUnavailable, err, "write log of region %s", req.region.id)
			}
		}
	}
	w.met.stages.WithLabelValues("write_wal").Observe(time.Since(start).Seconds())
}

func (w *worker) applyStage() {
	defer w.done.Done()
	for group := range w.groups {
		start := time.Now()
		wrote := false
		for _, req := range group {
			switch {
			case req.control != nil:
				req.err = req.control()
			case req.err == nil && req.deletion != nil:
				req.region.applyDeletion(req)
			case req.err == nil:
				req.err = req.region.apply(req)
				wrote = true
			}
			req.payload, req.write = nil, nil
			close(req.done)
		}
		if wrote {
			w.met.handleWrite.Observe(time.Since(group[0].began).Seconds())
			w.lastWrite.Store(time.Now().UnixNano())
			w.met.stages.WithLabelValues("write_memtable").Observe(time.Since(start).Seconds())
		}
	}
}
