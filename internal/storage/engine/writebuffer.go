package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// writeBuffer counts the memory of all memtables and holds writers back when there is too much of it.
//
//	          0 ........ limit/2 ........ limit ........ reject
//	writers   go                          wait           are refused
//	flush     by region          largest regions, until below limit/2
//
// Nobody waits while flushes fail: a full disk may stay full for hours, and a writer that is refused can tell somebody.
type writeBuffer struct {
	limit, reject int64
	account       *budget.Account // the same bytes, in the process's budget: caches give way to memtables
	used          atomic.Int64    // bytes of all memtables, frozen ones included
	mutable       atomic.Int64    // bytes of the memtables that take writes

	mu struct {
		sync.Mutex
		waiting int64         // bytes of the requests that wait
		freed   chan struct{} // closed and replaced whenever used falls, and when a flush fails
		failure error         // of the last flush, nil if it succeeded or freed memory
	}

	stalls   prometheus.Counter
	rejects  prometheus.Counter
	stalling prometheus.Gauge
}

func newWriteBuffer(limit, reject int64, account *budget.Account, m *metrics) *writeBuffer {
	b := &writeBuffer{limit: limit, reject: reject, account: account, stalls: m.writeStalls, rejects: m.writeRejects, stalling: m.writeStalling}
	b.mu.freed = make(chan struct{})
	return b
}

// add changes the counts by the growth of a memtable that takes writes.
func (b *writeBuffer) add(n int64) {
	b.used.Add(n)
	b.mutable.Add(n)
	b.charge(n)
}

func (b *writeBuffer) charge(n int64) {
	switch {
	case b.account == nil:
	case n > 0:
		b.account.Force(n)
	case n < 0:
		b.account.Release(-n)
	}
}

// freeze says that n bytes of memtables take no more writes.
func (b *writeBuffer) freeze(n int64) { b.mutable.Add(-n) }

// release says that n bytes of frozen memtables are gone.
func (b *writeBuffer) release(n int64) {
	b.used.Add(-n)
	b.charge(-n)
	b.flushed(nil)
}

// flushed says how a flush ended. Those who wait look again: there is room for them, or no hope of it.
func (b *writeBuffer) flushed(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.failure = err
	close(b.mu.freed)
	b.mu.freed = make(chan struct{})
}

// refusalLocked is the error of a write that cannot wait, nil if it can. b.mu held.
func (b *writeBuffer) refusalLocked(waiting, n int64) error {
	used := b.used.Load() + waiting
	switch {
	case b.mu.failure != nil:
		return errs.Wrap(errs.StorageUnavailable, b.mu.failure, "engine write buffer is full: %d bytes in memtables and waiting writes, and flushing them fails; try again later", used)
	case used+n > b.reject:
		return errs.New(errs.StorageUnavailable, "engine write buffer is full: %d bytes in memtables and waiting writes, %d allowed; try again later", used, b.reject)
	}
	return nil
}

// wantsFlush tells that writers will soon have to wait.
func (b *writeBuffer) wantsFlush() bool {
	return b.mutable.Load() > b.limit/2 || b.used.Load() >= b.limit && b.mutable.Load() > 0
}

// admit lets a write of n bytes in, or waits until memory was freed, or refuses. kick asks for flushes; it is called before a wait, and
// with each refusal, so that the writers who come back find what holds them up tried again.
func (b *writeBuffer) admit(ctx context.Context, n int64, kick func()) error {
	if b.used.Load() < b.limit {
		return nil // fast path: no lock
	}
	b.mu.Lock()
	if err := b.refusalLocked(b.mu.waiting, n); err != nil {
		b.mu.Unlock()
		b.rejects.Inc()
		kick()
		return err
	}
	b.mu.waiting += n
	b.stalls.Inc()
	b.stalling.Inc()
	defer func() {
		b.mu.waiting -= n
		b.mu.Unlock()
		b.stalling.Dec()
	}()
	for b.used.Load() >= b.limit {
		freed := b.mu.freed
		b.mu.Unlock()
		kick()
		select {
		case <-freed:
		case <-ctx.Done():
			b.mu.Lock()
			return ctx.Err()
		}
		b.mu.Lock()
		if b.mu.failure != nil && b.used.Load() >= b.limit {
			b.rejects.Inc()
			return b.refusalLocked(b.mu.waiting-n, n)
		}
	}
	return nil
}
