package scan

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// Options say what is scanned.
type Options struct {
	Sources []source.Source // a snapshot's memtables, then its files
	// Memtables is how many of Sources, from the first on, are memtables; for Stats only.
	Memtables int
	Schema    *model.Schema
	Merge     contract.MergeMode
	// Times restricts the rows further than the request does, as a TTL does. Zero: no restriction.
	Times model.TimeRange
	// BatchRows is about how many rows an output batch has. Zero: 8192.
	BatchRows int
	// Memory is where the groups of scans that aggregate are accounted for, by tables as they grow; a scan whose groups do not fit fails with
	// RuntimeResourcesExhausted. Nil: nobody counts.
	Memory *budget.Account
	// Release, if not nil, is called once when the stream is closed and all its goroutines have ended, or when Run fails: the snapshot
	// may go.
	Release func()

	taskRows int // rows of a task, zero: by the number of rows there are; for tests
}

// scan is one running scan: the coordinator starts workers, which share the tasks.
type scan struct {
	p        *plan
	tasks    []task
	counted  []*cluster // of which statistics tell all that is asked for; they have no tasks
	parallel int
	st       stats

	// A small scan is done by whoever asks for its first batch: that costs less than to have it done elsewhere. Then there are no queues.
	inline func(context.Context) error // what is done then; nil: not small, or done
	ready  []*model.Batch              // of a small scan, not handed out yet
	made   int64                       // rows of a small scan

	queues []chan *model.Batch                   // by task where series are ordered, each closed when its task is done; else one, never closed
	window chan struct{}                         // ordered: a token for each task that was begun and is not read to its end
	cut    func(model.TimeRange) model.TimeRange // narrows tasks as top-k learns what it does not need; nil: never

	mem     *budget.Lease // of groups
	cancel  context.CancelFunc
	done    chan struct{} // closed when the coordinator has ended, from the start where there is none
	release func()

	mu struct {
		sync.Mutex
		err error // the first one
	}
}

// Run starts a scan. The stream must be closed; ctx ends it early.
func Run(ctx context.Context, o Options, req contract.ScanRequest) (contract.Stream, error) {
	run := func() (contract.Stream, error) { return start(ctx, &o, &req) }
	if req.Lazy {
		run = func() (contract.Stream, error) {
			req.Lazy = false
			return newLazy(ctx, o, req)
		}
	} else if req.Aggregate != nil && req.Aggregate.Slots != 0 {
		run = func() (contract.Stream, error) { return runSlots(ctx, &o, &req) }
	}
	s, err := run()
	if err != nil {
		if o.Release != nil {
			o.Release()
		}
		return nil, err
	}
	return s, nil
}

func start(ctx context.Context, o *Options, req *contract.ScanRequest) (*stream, error) {
	p, err := newPlan(o, req)
	if err != nil {
		return nil, err
	}
	return launch(ctx, o, p, req.Parallelism)
}

// launch prepares the inputs of a plan and starts its coordinator.
func launch(ctx context.Context, o *Options, p *plan, parallel int) (*stream, error) {
	began := time.Now()
	sc := &scan{p: p, parallel: parallel, done: make(chan struct{}), mem: o.Memory.Lease(memoryStep), release: o.Release}
	if sc.parallel <= 0 {
		sc.parallel = runtime.GOMAXPROCS(0)
	}
	sc.st.count(o)
	var ins []*input
	var err error
	if !p.times.Empty() {
		if ins, err = prepare(ctx, p, o, sc.parallel, &sc.st); err != nil {
			return nil, err
		}
	}
	planTails(p, ins)
	cs := clusters(p, ins, p.order == contract.OrderSeries || p.lastRow)
	if p.agg != nil && p.agg.byTags && len(ins) > 0 {
		al, err := align(ins)
		if err != nil {
			return nil, err
		}
		for _, c := range cs {
			c.al = al
		}
	} else {
		for _, c := range cs {
			if c.al, err = align(c.ins); err != nil {
				return nil, err
			}
		}
	}
	sc.st.took("prepare", time.Since(began))
	run, err := sc.program(ctx, o, cs, ins)
	if err != nil {
		return nil, err
	}
	ctx, sc.cancel = context.WithCancel(ctx)
	if sc.queues == nil {
		sc.inline = func(next context.Context) error {
			defer context.AfterFunc(next, sc.cancel)()
			return run(ctx)
		}
		close(sc.done)
		return &stream{sc: sc, left: p.limit}, nil
	}
	go func() {
		defer close(sc.done)
		t := time.Now()
		sc.fail(run(ctx))
		sc.st.took("scan", time.Since(t))
	}()
	return &stream{sc: sc, left: p.limit}, nil
}

// program sets up the queues and gives what the coordinator does.
func (sc *scan) program(ctx context.Context, o *Options, cs []*cluster, ins []*input) (func(context.Context) error, error) {
	p := sc.p
	rows, all := 0, 0
	for _, in := range ins {
		all += in.src.Rows()
		for _, r := range in.ranges {
			rows += r.End - r.Start
		}
	}
	// A scan of some hosts is a few tasks too: most of its time goes into reading pages.
	least := min(max(rows/(sc.parallel*2), smallRows), minTaskRows)
	target := min(max(rows/(sc.parallel*8), least), maxTaskRows)
	if o.taskRows > 0 {
		target = o.taskRows
	} else if p.tails && len(cs) > 0 { // tasks are counted in rows, of which only the last ones are looked at
		target = max(target, all/sc.parallel+1)
	}
	byCluster := make([][]task, len(cs))
	for i, c := range cs {
		if p.agg != nil && p.counts() && c.counted(p) {
			sc.counted = append(sc.counted, c)
			continue
		}
		ts, err := c.tasks(ctx, p, target)
		if err != nil {
			return nil, err
		}
		byCluster[i] = ts
		sc.tasks = append(sc.tasks, ts...)
	}
	switch {
	case len(sc.tasks) <= 1 && rows <= minTaskRows || rows <= smallRows:
		sc.parallel = 1
	case p.order == contract.OrderSeries:
		sc.window = make(chan struct{}, 2*sc.parallel+2)
		sc.queues = make([]chan *model.Batch, len(sc.tasks))
		for i := range sc.queues {
			sc.tasks[i].index = i
			sc.queues[i] = make(chan *model.Batch, 4)
		}
	default:
		sc.queues = []chan *model.Batch{make(chan *model.Batch, 2*sc.parallel)}
	}
	switch {
	case p.agg != nil:
		return sc.aggregate(ins, cs, rows), nil
	case p.order == contract.OrderTimeAsc || p.order == contract.OrderTimeDesc:
		return sc.byTime(cs, byCluster), nil
	}
	return func(ctx context.Context) error {
		return sc.work(ctx, sc.tasks, func() sink { return sc.rows() }, nil)
	}, nil
}

// rows makes the sink of a scan that outputs rows.
func (sc *scan) rows() sink {
	out := &rowSink{sc: sc}
	if sc.p.lastRow {
		return &lastRowSink{out: out}
	}
	return out
}

func (sc *scan) ordered() bool { return sc.window != nil }

// smallRows is how many rows are always scanned by one goroutine.
const smallRows = 8192

// queue is where the batches of a task go; nil where the scan is small.
func (sc *scan) queue(t *task) chan<- *model.Batch {
	switch {
	case sc.ordered():
		return sc.queues[t.index]
	case sc.queues == nil:
		return nil
	}
	return sc.queues[0]
}

// errEnough ends a small scan that has as many rows as its limit asks for.
var errEnough = errors.New("enough rows")

// send hands a batch on to the consumer.
func (sc *scan) send(ctx context.Context, queue chan<- *model.Batch, b *model.Batch) error {
	if queue == nil {
		sc.ready = append(sc.ready, b)
		sc.made += int64(b.Len)
		if sc.p.limit > 0 && sc.made >= sc.p.limit {
			return errEnough
		}
		return nil
	}
	select {
	case queue <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// runInline does a small scan.
func (sc *scan) runInline(ctx context.Context) {
	t := time.Now()
	if err := sc.inline(ctx); !errors.Is(err, errEnough) {
		sc.fail(err)
	}
	sc.inline = nil
	sc.st.took("scan", time.Since(t))
}

// work has the tasks done by workers, in order, and waits for them. newSink makes a worker's sink; collect, if not nil, is called with each
// sink once all of its tasks are done, one sink at a time.
func (sc *scan) work(ctx context.Context, tasks []task, newSink func() sink, collect func(sink) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	one := func() {
		w := &worker{p: sc.p, sc: sc, sink: newSink(), free: sc.p.order != contract.OrderSeries && !sc.p.lastRow, maxBlock: sc.p.batch, direct: max(directRows, sc.p.batch/4)}
		if sc.p.agg != nil {
			w.maxBlock, w.direct = aggregateBlock, directRows
		}
		err := sc.drain(ctx, w, tasks, &next)
		if f, ok := w.sink.(finisher); ok && err == nil {
			err = f.finish(ctx)
		}
		sc.st.add(&w.st)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && collect != nil && first == nil {
			err = collect(w.sink)
		}
		if err != nil && first == nil {
			first = err
			cancel()
		}
	}
	for range min(sc.parallel, len(tasks)) - 1 {
		wg.Add(1)
		go func() { defer wg.Done(); one() }()
	}
	if len(tasks) > 0 {
		one()
	}
	wg.Wait()
	return first
}

// finisher is a sink that has something to do after a worker's last task.
type finisher interface {
	finish(ctx context.Context) error
}

// drain does tasks until there are none.
func (sc *scan) drain(ctx context.Context, w *worker, tasks []task, next *atomic.Int64) error {
	for {
		if sc.ordered() {
			select { // The token comes before the task, so that the earliest task that is not done is always being worked on.
			case sc.window <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		i := int(next.Add(1) - 1)
		if i >= len(tasks) {
			return nil
		}
		if err := w.run(ctx, &tasks[i]); err != nil {
			return err
		}
		if sc.ordered() {
			close(sc.queues[i])
		}
	}
}

// fail keeps the first error.
func (sc *scan) fail(err error) {
	if err == nil {
		return
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if sc.mu.err == nil {
		sc.mu.err = err
	}
}

func (sc *scan) failed() error {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.mu.err
}
