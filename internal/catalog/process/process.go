// Package process is the list of statements that run in this process: who asked what, since when, and how to end it.
package process

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Info is what is known of a statement when it starts.
type Info struct {
	Catalog, Database string
	Client            string        // "mysql[127.0.0.1:4711]"
	Text              func() string // fit to be shown; called when somebody looks
}

// Process is a statement that runs.
type Process struct {
	Info
	ID      uint32
	Started time.Time

	list   *List
	cancel context.CancelCauseFunc
}

// List is all statements that run. It is safe for concurrent use.
type List struct {
	// Frontend is the address that ids begin with.
	Frontend string

	now    func() time.Time
	count  prometheus.GaugeFunc
	killed prometheus.Counter

	mu struct {
		sync.Mutex
		next    uint32
		running map[uint32]*Process
	}
}

// NewList makes an empty list. reg may be nil: nothing is counted; now may be nil: the system's clock.
func NewList(frontend string, reg prometheus.Registerer, now func() time.Time) *List {
	if now == nil {
		now = time.Now
	}
	l := &List{Frontend: frontend, now: now}
	l.mu.running = map[uint32]*Process{}
	l.count = prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "greptime_process_list_count", Help: "Statements that run."}, func() float64 {
		l.mu.Lock()
		defer l.mu.Unlock()
		return float64(len(l.mu.running))
	})
	l.killed = prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_process_kill_count", Help: "Statements that were ended by KILL."})
	if reg != nil {
		reg.MustRegister(l.count, l.killed)
	}
	return l
}

// Begin enters a statement. Its context ends, with an error that says so, when it is killed. End must be called.
func (l *List) Begin(ctx context.Context, info Info) (context.Context, *Process) {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &Process{Info: info, Started: l.now(), list: l, cancel: cancel}
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		l.mu.next++
		if _, taken := l.mu.running[l.mu.next]; l.mu.next != 0 && !taken {
			break
		}
	}
	p.ID = l.mu.next
	l.mu.running[p.ID] = p
	return ctx, p
}

// End takes the statement off the list; a second call does nothing. It gives how long the statement ran.
func (p *Process) End() time.Duration {
	p.list.mu.Lock()
	delete(p.list.mu.running, p.ID)
	p.list.mu.Unlock()
	p.cancel(nil)
	return p.list.now().Sub(p.Started)
}

// Name is the statement's id as users see it.
func (p *Process) Name() string { return fmt.Sprintf("%s/%d", p.list.Frontend, p.ID) }

// Elapsed is how long the statement has been running.
func (p *Process) Elapsed() time.Duration { return p.list.now().Sub(p.Started) }

// Running are the statements that run, the oldest first.
func (l *List) Running() []*Process {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*Process, 0, len(l.mu.running))
	for _, p := range l.mu.running {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Process) int {
		if c := a.Started.Compare(b.Started); c != 0 {
			return c
		}
		return int(int64(a.ID) - int64(b.ID))
	})
	return out
}

// Kill ends the statement of an id, "address/n" or n, and reports whether there was one.
func (l *List) Kill(id string) (bool, error) {
	addr, number, ok := cutLast(id)
	if !ok {
		number = id
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return false, errs.New(errs.InvalidArguments, "Invalid process id: %s", id)
	}
	if ok && addr != l.Frontend {
		return false, nil
	}
	l.mu.Lock()
	p := l.mu.running[uint32(n)]
	l.mu.Unlock()
	if p == nil {
		return false, nil
	}
	p.cancel(errs.New(errs.Cancelled, "Query execution was interrupted by KILL"))
	l.killed.Inc()
	return true, nil
}

func cutLast(s string) (before, after string, ok bool) {
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return "", s, false
}
