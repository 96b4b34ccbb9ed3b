package relational

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Options tune a DB. Zero values mean the defaults.
type Options struct {
	// Threads is how many threads all statements together may use, the callers' included. Zero: one per processor.
	Threads int
	// Sessions bounds the statements that run at once; more wait. A session that sits idle costs some 100 KiB. Zero: 4 per thread.
	Sessions int
	// MemoryLimit in bytes is what sorts, joins and groupings of all statements together may hold before they spill to TempDir or,
	// without one, fail with RuntimeResourcesExhausted. Zero: 1 GiB.
	MemoryLimit int64
	// TempDir is where they spill. Empty: nothing is spilled. It belongs to the DB, which leaves no file in it when it is closed.
	TempDir string
	// TempLimit in bytes is how much all statements together may have there; one that needs more fails with RuntimeResourcesExhausted.
	// Zero: nine tenths of the disk's free space.
	TempLimit int64
	// Macros are statements run in every new instance before its settings are locked, such as CREATE MACRO: what the author of
	// statements wants to find there.
	Macros []string
	// ExternalAccess lets statements read files by name. A server does not set it.
	ExternalAccess bool
	// Functions and Aggregates are registered in every new instance, before Macros run. What groups of the latter hold, of all statements
	// together, is bounded by half of MemoryLimit, beside it: DuckDB does not know of it, nor spills it.
	Functions  []Function
	Aggregates []Aggregate
}

func (o Options) withDefaults() Options {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Sessions <= 0 {
		o.Sessions = 4 * o.Threads
	}
	if o.MemoryLimit <= 0 {
		o.MemoryLimit = 1 << 30
	}
	return o
}

// settings of every instance. Configuration is locked after them, so that no statement can change one.
func (o Options) settings() [][2]string {
	return [][2]string{
		{"threads", strconv.Itoa(o.Threads)},
		{"memory_limit", strconv.FormatInt(o.MemoryLimit, 10) + "B"},
		{"temp_directory", o.TempDir},
		{"default_null_order", "nulls_last_on_asc_first_on_desc"},
		// Streams come out in the order in which sources gave the rows, when a statement has no order of its own. Groupings and
		// joins run on all threads either way.
		{"preserve_insertion_order", "true"},
		{"enable_external_access", strconv.FormatBool(o.ExternalAccess)},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
	}
}

// DB runs statements. It is safe for concurrent use.
type DB struct {
	opts  Options
	slots chan struct{} // holds one token per session lent out

	mu struct {
		sync.Mutex
		closed bool
		inst   *instance  // where new sessions are opened; nil before the first statement and after a fatal error
		idle   []*session // sessions not lent out, most recently used last
	}
	owners sync.WaitGroup // one per running statement; Add under mu and not closed
}

// Open makes a DB. Close it to stop its threads.
func Open(opts Options) (*DB, error) {
	opts = opts.withDefaults()
	db := &DB{opts: opts, slots: make(chan struct{}, opts.Sessions)}
	inst, err := openInstance(opts)
	if err != nil {
		return nil, err
	}
	db.mu.inst = inst
	return db, nil
}

// Close interrupts nothing: it waits until every statement has ended, so cancel their contexts before. Statements after it fail.
func (db *DB) Close() error {
	db.mu.Lock()
	db.mu.closed = true
	db.mu.Unlock()
	db.owners.Wait()

	db.mu.Lock()
	defer db.mu.Unlock()
	for _, s := range db.mu.idle {
		s.close()
	}
	db.mu.idle = nil
	if db.mu.inst != nil {
		db.mu.inst.release()
		db.mu.inst = nil
	}
	return nil
}

// lend waits for a free session. The caller gives it back with giveBack, and until then Close waits.
func (db *DB) lend(ctx context.Context) (*session, error) {
	select {
	case db.slots <- struct{}{}:
	default:
		select {
		case db.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	s, err := db.takeSession()
	if err != nil {
		<-db.slots
		return nil, err
	}
	return s, nil
}

func (db *DB) takeSession() (*session, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.mu.closed {
		return nil, errs.New(errs.IllegalState, "the query engine is closed")
	}
	if n := len(db.mu.idle); n > 0 {
		s := db.mu.idle[n-1]
		db.mu.idle = db.mu.idle[:n-1]
		db.owners.Add(1)
		return s, nil
	}
	if db.mu.inst == nil {
		inst, err := openInstance(db.opts)
		if err != nil {
			return nil, err
		}
		db.mu.inst = inst
	}
	s, err := db.mu.inst.connect()
	if err != nil {
		return nil, err
	}
	db.owners.Add(1)
	return s, nil
}

// giveBack ends a loan. fatal: the session's instance takes no more statements.
func (db *DB) giveBack(s *session, fatal bool) {
	db.mu.Lock()
	if fatal && db.mu.inst == s.inst {
		for _, i := range db.mu.idle {
			i.close()
		}
		db.mu.idle = nil
		db.mu.inst = nil
		s.inst.release()
	}
	if s.inst == db.mu.inst {
		db.mu.idle = append(db.mu.idle, s)
		s = nil
	}
	db.mu.Unlock()
	if s != nil {
		s.close()
	}
	<-db.slots
	db.owners.Done()
}

// instance is one DuckDB in memory, without data, with our table function registered. It is closed when the DB and all sessions have
// let go of it.
type instance struct {
	db         duckdb.Database
	states     atomic.Int64 // bytes of our aggregates' groups
	stateLimit int64

	mu struct {
		sync.Mutex
		refs     int
		sessions map[uint64]*session // by connection id: how callbacks find the statement they belong to
	}
}

func openInstance(opts Options) (*instance, error) {
	var cfg duckdb.Config
	if duckdb.CreateConfig(&cfg) != duckdb.StateSuccess {
		return nil, errs.New(errs.Internal, "open query engine: no configuration")
	}
	defer duckdb.DestroyConfig(&cfg)
	for _, kv := range opts.settings() {
		if duckdb.SetConfig(cfg, kv[0], kv[1]) != duckdb.StateSuccess {
			return nil, errs.New(errs.Internal, "open query engine: setting %s to %q is refused", kv[0], kv[1])
		}
	}
	in := &instance{stateLimit: opts.MemoryLimit / 2}
	var msg string
	if duckdb.OpenExt(":memory:", &in.db, cfg, &msg) != duckdb.StateSuccess {
		return nil, errs.New(errs.Internal, "open query engine: %s", msg)
	}
	in.mu.refs = 1
	in.mu.sessions = map[uint64]*session{}
	if err := in.prepare(opts); err != nil {
		in.release()
		return nil, fmt.Errorf("open query engine: %w", err)
	}
	return in, nil
}

// prepare registers what statements find in the instance, and locks its settings.
func (in *instance) prepare(opts Options) error {
	s, err := in.connect()
	if err != nil {
		return err
	}
	defer s.close()
	if err := registerSource(s.conn, in); err != nil {
		return err
	}
	for _, f := range opts.Functions {
		if err := in.registerFunction(s.conn, f); err != nil {
			return err
		}
	}
	for _, a := range opts.Aggregates {
		if err := in.registerAggregate(s.conn, a); err != nil {
			return err
		}
	}
	for _, m := range opts.Macros {
		if err := s.exec(m); err != nil {
			return fmt.Errorf("%s: %w", m, err)
		}
	}
	if opts.TempDir != "" && opts.TempLimit > 0 { // given as a setting to open with, it is shown and not kept
		if err := s.exec("SET max_temp_directory_size = '" + strconv.FormatInt(opts.TempLimit, 10) + "B'"); err != nil {
			return err
		}
	}
	return s.exec("SET lock_configuration = true")
}

func (in *instance) connect() (*session, error) {
	s := &session{inst: in}
	if duckdb.Connect(in.db, &s.conn) != duckdb.StateSuccess {
		return nil, errs.New(errs.Internal, "connect to query engine")
	}
	var cc duckdb.ClientContext
	duckdb.ConnectionGetClientContext(s.conn, &cc)
	s.id = uint64(duckdb.ClientContextGetConnectionId(cc))
	duckdb.DestroyClientContext(&cc)

	in.mu.Lock()
	in.mu.refs++
	in.mu.sessions[s.id] = s
	in.mu.Unlock()
	return s, nil
}

func (in *instance) session(id uint64) *session {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.mu.sessions[id]
}

func (in *instance) release() {
	in.mu.Lock()
	in.mu.refs--
	last := in.mu.refs == 0
	in.mu.Unlock()
	if last {
		duckdb.Close(&in.db)
	}
}
