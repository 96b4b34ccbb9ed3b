package engine

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
)

// memory estimates the bytes that a job holds at a time: of each input one row group, decoded, and the row group that is written.
func (j *rewriting) memory(meta contract.RegionMeta) int64 {
	columns := int64(len(meta.Schema.Fields()) + 3) // time, sequence, operation
	var total, largest int64
	for _, f := range j.files {
		groups := int64(max(1, f.RowGroups))
		// Eight bytes a value, or, where values are long, what they are in the file four times.
		n := max(f.Rows/groups*columns*8, f.Size/groups*4)
		total += n
		largest = max(largest, n)
	}
	return total + 2*largest
}

// reserveCompaction waits for a place among the jobs and for memory; release gives both back.
func (e *Engine) reserveCompaction(ctx context.Context, bytes int64) (release func(), err error) {
	select {
	case e.compSlots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	free, err := e.compMem.reserve(ctx, bytes)
	if err != nil {
		<-e.compSlots
		return nil, err
	}
	return func() { free(); <-e.compSlots }, nil
}

// memoryGate holds compactions to an amount of memory. The zero limit is none.
type memoryGate struct {
	limit int64
	wait  time.Duration // how long a job waits for others to end; 0: not at all

	mu struct {
		sync.Mutex
		used  int64
		freed chan struct{} // closed and replaced whenever used falls
	}
	rejected prometheus.Counter
	waited   prometheus.Observer
}

// reserve takes bytes. A job that wants more than there is runs alone: else it would never run.
func (g *memoryGate) reserve(ctx context.Context, bytes int64) (free func(), err error) {
	if g.limit > 0 {
		bytes = min(bytes, g.limit)
	}
	if !g.try(bytes) {
		began := time.Now()
		err := g.waitFor(ctx, bytes)
		g.waited.Observe(time.Since(began).Seconds())
		if err != nil {
			g.rejected.Inc()
			return nil, err
		}
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.mu.used -= bytes
		close(g.mu.freed)
		g.mu.freed = make(chan struct{})
	}, nil
}

func (g *memoryGate) try(bytes int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limit > 0 && g.mu.used+bytes > g.limit {
		return false
	}
	g.mu.used += bytes
	return true
}

func (g *memoryGate) waitFor(ctx context.Context, bytes int64) error {
	exhausted := func() error {
		return errs.New(errs.RuntimeResourcesExhausted, "compaction wants %d bytes of memory, %d of %d are in use; it is tried again later. Raise experimental_compaction_memory_limit if this lasts",
			bytes, g.used(), g.limit)
	}
	if g.wait <= 0 {
		return exhausted()
	}
	timeout := time.NewTimer(g.wait)
	defer timeout.Stop()
	for {
		g.mu.Lock()
		freed := g.mu.freed
		g.mu.Unlock()
		if g.try(bytes) {
			return nil
		}
		select {
		case <-freed:
		case <-timeout.C:
			return exhausted()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (g *memoryGate) used() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mu.used
}

// pacer keeps a compaction from taking the processor and the disk away from writers: while rows come in or are flushed, it rests after
// each stretch of work. How long depends on how long the stretch took, so that on a busy machine, where everything takes longer, it also
// rests longer. It works at full speed when nobody writes, and faster the more files wait for it, because these cost readers more.
type pacer struct {
	busy  func() bool
	rest  func(ctx context.Context, d time.Duration) error
	now   func() time.Time
	share float64   // of the time, while writers are busy
	began time.Time // the stretch of work

	// Progress.
	log         func(done, total int64)
	done, total int64
	logged      time.Time
}

// Shares of the time that a compaction works while writers are busy, by the number of files that flushes left.
const (
	usualShare   = 0.25
	pressedShare = 0.5
	pressedFiles = 32
	urgentFiles  = 128 // from here on it does not rest: it cannot keep up
	// maxRest bounds one rest: a slow stretch may have had other reasons.
	maxRest = 500 * time.Millisecond
	// restAfter is the shortest stretch of work before a rest: timers are coarse.
	restAfter = 2 * time.Millisecond
	// writersRest is how long after a write writers still count as busy.
	writersRest = 100 * time.Millisecond
	// progressEvery is how often a long job is logged.
	progressEvery = 30 * time.Second
)

func (e *Engine) newPacer(r *region, v *version, total int64) *pacer {
	p := &pacer{busy: e.writersBusy, rest: sleep, now: time.Now, share: e.opts.CompactionShare, began: time.Now(), total: total, logged: time.Now()}
	fresh := 0
	for _, f := range v.files {
		if f.Level == 0 {
			fresh++
		}
	}
	switch {
	case fresh >= urgentFiles:
		p.share = 1
	case fresh >= pressedFiles:
		p.share = max(p.share, pressedShare)
	}
	p.log = func(done, total int64) { r.log.Info("compacting", "rows_done", done, "rows_in", total) }
	return p
}

// step is called after each batch of rows was written.
func (p *pacer) step(ctx context.Context, rows int) error {
	p.done += int64(rows)
	now := p.now()
	if now.Sub(p.logged) >= progressEvery {
		p.logged = now
		p.log(p.done, p.total)
	}
	worked := now.Sub(p.began)
	if worked < restAfter {
		return ctx.Err()
	}
	if p.share < 1 && p.busy() {
		if err := p.rest(ctx, min(time.Duration(float64(worked)*(1-p.share)/p.share), maxRest)); err != nil {
			return err
		}
	}
	p.began = p.now()
	return ctx.Err()
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writersBusy tells that rows came in just now, or are being flushed.
func (e *Engine) writersBusy() bool {
	if e.flushes.Load() > 0 {
		return true
	}
	recent := time.Now().Add(-writersRest).UnixNano()
	for _, w := range e.workers {
		if w.lastWrite.Load() > recent {
			return true
		}
	}
	return false
}
