package operator

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/catalog/process"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/query"
)

// Query answers queries; *query.Engine does.
type Query interface {
	Query(ctx context.Context, sess *model.Session, q *sql.Query, params ...model.Value) (model.RowStream, error)
	Fields(ctx context.Context, sess *model.Session, q *sql.Query, params ...model.Value) ([]model.Field, error)
	Explain(ctx context.Context, sess *model.Session, q *sql.Query, o query.ExplainOptions, params ...model.Value) (model.RowStream, error)
	Condition(ctx context.Context, sess *model.Session, table sql.ObjectName, where sql.Expr, params ...model.Value) (query.Condition, error)
	Value(ctx context.Context, sess *model.Session, x sql.Expr, params ...model.Value) (model.Value, error)
}

// Options are the parts that an Operator stands on. Catalog and Regions are required; without Query there are rows and definitions only.
type Options struct {
	Catalog *catalog.Catalog
	Regions contract.RegionServer
	Query   Query
	PromQL  PromQL // nil: TQL is not supported
	// ColumnPrefix and "_timestamp" name the time index of a table that is made for rows without a time; the prefix may be empty.
	ColumnPrefix string
	// AutoCreateTable lets writes make and widen tables, unless a hint of the session says otherwise.
	AutoCreateTable bool
	// MetricPartitions is how many regions a physical metric table gets that does not say. Zero: one per two processors, four at least.
	MetricPartitions int
	Log              *slog.Logger          // nil: silent
	Metrics          prometheus.Registerer // nil: not counted
	Now              func() time.Time      // nil: the system's clock
	// MaxStatements and MaxStatementBytes bound the text of one request. Zero: sql.MaxStatements, and any size.
	MaxStatements     int
	MaxStatementBytes int
	// InsertHold is the memory, in bytes, in which INSERT … SELECT holds the rows of its query until this has ended, so that a query that
	// fails writes nothing. Longer results are written as they come. Zero: 64 MiB.
	InsertHold int64
	// Memory has what INSERT … SELECT holds. Nil: not counted.
	Memory *budget.Account
	// Timeout ends what reads for sessions that set no limit of their own. Zero: never.
	Timeout time.Duration
	// Processes lists the statements that run. Nil: nobody can see or kill them.
	Processes *process.List
	// Slow is told of queries that took at least SlowThreshold; it must not wait. Nil: nobody is.
	Slow          func(SlowQuery)
	SlowThreshold time.Duration
	// Places is where COPY and external tables find files. The zero value has no local ones.
	Places location.Places
	// HasStore tells whether tables may name an object store. Nil: the regions are asked when the table is made.
	HasStore func(name string) bool
}

// Operator does statements and writes. It is safe for concurrent use.
type Operator struct {
	opts       Options
	catalog    *catalog.Catalog
	regions    contract.RegionServer
	locks      nameLocks
	created    prometheus.Counter
	altered    prometheus.Counter
	copies     copyMetrics
	procedures procedures
}

// New makes an operator. It starts nothing and need not be closed.
func New(opts Options) *Operator {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.InsertHold == 0 {
		opts.InsertHold = insertHold
	}
	o := &Operator{opts: opts, catalog: opts.Catalog, regions: opts.Regions,
		created: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_table_operator_create_table_total", Help: "Tables made, by statements and by writes."}),
		altered: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_table_operator_alter_table_total", Help: "Tables changed, by statements and by writes."})}
	o.locks.held = map[string]*nameLock{}
	o.copies = newCopyMetrics()
	if opts.Metrics != nil {
		opts.Metrics.MustRegister(o.created, o.altered, o.copies.rows, o.copies.bytes, o.copies.running)
	}
	return o
}

// The databases that nobody can write to.
const (
	informationSchema = "information_schema"
	pgCatalog         = "pg_catalog"
)

func systemDatabase(name string) bool { return name == informationSchema || name == pgCatalog }

// writable refuses changes of system databases.
func writable(database string) error {
	if systemDatabase(database) {
		return errs.New(errs.Unsupported, "Schema `%s` is read-only", database)
	}
	return nil
}

// nameLocks are locks by table name, which exist while somebody holds or awaits them.
type nameLocks struct {
	mu   sync.Mutex
	held map[string]*nameLock
}

type nameLock struct {
	sync.Mutex
	users int // guarded by nameLocks.mu
}

// lock takes the locks of all names, which it sorts so that two callers never wait for each other. The result gives them back.
func (l *nameLocks) lock(names ...string) (unlock func()) {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	taken := make([]*nameLock, len(names))
	l.mu.Lock()
	for i, n := range names {
		if l.held[n] == nil {
			l.held[n] = &nameLock{}
		}
		taken[i] = l.held[n]
		taken[i].users++
	}
	l.mu.Unlock()
	for _, t := range taken {
		t.Lock()
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, t := range taken {
			t.Unlock()
			if t.users--; t.users == 0 {
				delete(l.held, names[i])
			}
		}
	}
}

func lockName(database, table string) string { return database + "/" + table }

// each runs f for 0 … n-1, at most limit at once, and waits for all. All errors are given, in order; those of calls that did not happen
// because ctx ended are ctx's.
func each(ctx context.Context, n, limit int, f func(i int) error) []error {
	out := make([]error, n)
	var wg sync.WaitGroup
	slots := make(chan struct{}, max(1, limit))
	for i := range n {
		if out[i] = ctx.Err(); out[i] != nil {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i] = f(i)
		})
	}
	wg.Wait()
	return out
}
