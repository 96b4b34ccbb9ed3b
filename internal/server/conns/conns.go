// Package conns runs the connections of a wire protocol: it accepts them, numbers them, refuses those that are too many, finds them by
// their number, and ends them in order. What a connection says is its protocol's business.
package conns

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Conn is a connection of a protocol.
type Conn interface {
	// Serve speaks with the client until either ends it.
	Serve()
	// Refuse tells the client that there are too many.
	Refuse()
	// Cut closes the socket under a connection that Serve does not end. Any goroutine may call it.
	Cut()
}

// Options of a Set. All but the limits and KeepAlive are required.
type Options[C Conn] struct {
	Protocol string // "mysql": for logs and errors
	Log      *slog.Logger
	// New makes the connection of an accepted socket, which the Set closes. id is the connection's number.
	New            func(nc net.Conn, id uint32) C
	MaxConnections int              // 0: no limit
	MaxPerUser     int              // 0: no limit
	KeepAlive      time.Duration    // of TCP. 0: the system's
	Count          prometheus.Gauge // connections that are served
}

// Set is the connections of one server, from any number of listeners.
type Set[C Conn] struct {
	opt Options[C]

	ctx  context.Context // of all statements; ended when Shutdown's patience is
	cut  context.CancelFunc
	stop chan struct{} // closed when Shutdown begins
	wg   sync.WaitGroup

	mu struct {
		sync.Mutex
		closing   bool
		last      uint32
		listeners map[net.Listener]struct{}
		conns     map[uint32]C
		users     map[string]int    // connections of each
		user      map[uint32]string // of a connection
		refusals  int               // that run
	}
}

// maxRefusals is how many clients are told at a time that there are too many; more are cut without a word, so that they cost nothing.
const maxRefusals = 64

// New makes a set without listeners.
func New[C Conn](opt Options[C]) *Set[C] {
	s := &Set[C]{opt: opt, stop: make(chan struct{})}
	s.ctx, s.cut = context.WithCancel(context.Background())
	s.mu.listeners, s.mu.conns = map[net.Listener]struct{}{}, map[uint32]C{}
	s.mu.users, s.mu.user = map[string]int{}, map[uint32]string{}
	return s
}

// Context is that of all statements: it ends when Shutdown has waited long enough.
func (s *Set[C]) Context() context.Context { return s.ctx }

// Stopping is closed when Shutdown begins: connections are to end after the statement that runs.
func (s *Set[C]) Stopping() <-chan struct{} { return s.stop }

// Serve accepts clients of l until Shutdown; then it returns nil. It closes l.
func (s *Set[C]) Serve(l net.Listener) error {
	defer l.Close()
	s.mu.Lock()
	if s.mu.closing {
		s.mu.Unlock()
		return nil
	}
	s.mu.listeners[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.mu.listeners, l)
		s.mu.Unlock()
	}()
	pause := time.Millisecond
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			pause = time.Millisecond
			s.accept(nc)
			continue
		case s.isStopping():
			return nil
		case errors.Is(err, net.ErrClosed):
			return errs.Wrap(errs.External, err, "serve %s on %s", s.opt.Protocol, l.Addr())
		}
		// Out of file descriptors, most likely: others will give some back.
		s.opt.Log.Warn("accept", "protocol", s.opt.Protocol, "err", err)
		select {
		case <-s.stop:
		case <-time.After(pause):
		}
		pause = min(2*pause, time.Second)
	}
}

func (s *Set[C]) isStopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// maxID keeps numbers positive in clients that have signed ones only.
const maxID = 1<<31 - 1

// accept starts the goroutine of a connection, or refuses it.
func (s *Set[C]) accept(nc net.Conn) {
	if t, ok := nc.(*net.TCPConn); ok && s.opt.KeepAlive > 0 {
		t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: s.opt.KeepAlive, Interval: s.opt.KeepAlive})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closing {
		nc.Close()
		return
	}
	id := s.mu.last
	for taken := true; taken || id == 0; _, taken = s.mu.conns[id] {
		id = (id + 1) & maxID
	}
	s.mu.last = id
	c := s.opt.New(nc, id)
	full := s.opt.MaxConnections > 0 && len(s.mu.conns) >= s.opt.MaxConnections
	switch {
	case !full:
		s.mu.conns[id] = c
		s.opt.Count.Inc()
		s.wg.Go(func() { s.serve(nc, c, id) })
	case s.mu.refusals == maxRefusals:
		nc.Close()
	default:
		s.mu.refusals++
		s.wg.Go(func() { s.refuse(nc, c) })
	}
}

func (s *Set[C]) serve(nc net.Conn, c C, id uint32) {
	defer nc.Close()
	defer func() {
		s.mu.Lock()
		delete(s.mu.conns, id)
		s.leaveLocked(id)
		s.mu.Unlock()
		s.opt.Count.Dec()
	}()
	c.Serve()
}

func (s *Set[C]) refuse(nc net.Conn, c C) {
	defer nc.Close()
	defer func() {
		s.mu.Lock()
		s.mu.refusals--
		s.mu.Unlock()
	}()
	c.Refuse()
}

// Claim makes a connection one of a user, and of nobody else; ok is false where the user has as many as one may have.
func (s *Set[C]) Claim(id uint32, user string) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(id)
	if s.opt.MaxPerUser > 0 && s.mu.users[user] >= s.opt.MaxPerUser {
		return false
	}
	s.mu.users[user]++
	s.mu.user[id] = user
	return true
}

// User is whose a connection is; ok is false where it is nobody's yet, or not there.
func (s *Set[C]) User(id uint32) (user string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok = s.mu.user[id]
	return user, ok
}

// leaveLocked makes a connection nobody's. s.mu held.
func (s *Set[C]) leaveLocked(id uint32) {
	user, ok := s.mu.user[id]
	if !ok {
		return
	}
	delete(s.mu.user, id)
	if s.mu.users[user]--; s.mu.users[user] == 0 {
		delete(s.mu.users, user)
	}
}

// Shutdown stops accepting and lets running statements finish until ctx ends; then it cancels them and cuts their connections. It
// returns when no goroutine of the set is left.
func (s *Set[C]) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.mu.closing {
		s.mu.closing = true
		close(s.stop)
	}
	for l := range s.mu.listeners {
		l.Close()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { // ends when the last connection does, which Shutdown waits for
		s.wg.Wait()
		close(done)
	}()
	defer s.cut()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.cut()
	s.mu.Lock()
	for _, c := range s.mu.conns {
		c.Cut()
	}
	s.mu.Unlock()
	<-done
	return errs.Wrap(errs.Cancelled, ctx.Err(), "stop %s server", s.opt.Protocol)
}

// Find gives the connection of a number.
func (s *Set[C]) Find(id uint32) (c C, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok = s.mu.conns[id]
	return c, ok
}

// Len is how many connections are served.
func (s *Set[C]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mu.conns)
}
