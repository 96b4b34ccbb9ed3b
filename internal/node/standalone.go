package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/goptimedb/goptimedb/internal/auth"
	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/catalog/process"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/operator"
	"github.com/goptimedb/goptimedb/internal/query"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/prom"
	"github.com/goptimedb/goptimedb/internal/query/relational"
	"github.com/goptimedb/goptimedb/internal/server"
	"github.com/goptimedb/goptimedb/internal/server/certs"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
	"github.com/goptimedb/goptimedb/internal/server/influx"
	"github.com/goptimedb/goptimedb/internal/server/ops"
	"github.com/goptimedb/goptimedb/internal/server/promapi"
	"github.com/goptimedb/goptimedb/internal/server/promremote"
	"github.com/goptimedb/goptimedb/internal/server/sqlapi"
	wireremote "github.com/goptimedb/goptimedb/internal/wire/promremote"
)

// Build says which program this is.
type Build struct{ Version, Commit, Branch, Go string }

// String is what `goptime version` prints.
func (b Build) String() string {
	return fmt.Sprintf("goptime %s (commit %s, %s, %s/%s)", b.Version, b.Commit, b.Go, runtime.GOOS, runtime.GOARCH)
}

// Options of Start.
type Options struct {
	Build    Build
	Stdout   io.Writer // of the log; nil: discarded
	Warnings []string  // of the configuration, to be logged first
}

// Standalone is everything in one process.
//
//	data directory → log → kv → region engine → catalog → query, PromQL → operator → regions opened → HTTP, MySQL, PostgreSQL
//
// Stop takes them down in the opposite order.
type Standalone struct {
	cfg     *config.Standalone
	log     *slog.Logger
	build   Build
	started time.Time

	dir     *dataDir
	logFile io.Closer
	meta    kv.Store
	storage *regionStorage
	users   *auth.Users // nil: everybody is let in
	running *process.List
	slow    *slowLog // nil: off
	query   *query.Engine
	spill   string // what queries spill to; emptied at both ends of a run
	promql  *prom.Engine
	ops     *operator.Operator
	remote  *promremote.API
	http    *httpd.Server
	listen  net.Listener
	scheme  string        // of HTTP's listener: http or https
	api     *wireListener // of strangers' HTTP; nil: off
	mysql   *wireListener // nil: off
	pg      *wireListener // nil: off

	ready  atomic.Bool
	failed chan error // a listener broke
	served chan struct{}
}

// Start resolves and checks the configuration, opens the data directory, recovers, and serves. ctx is for starting only.
func Start(ctx context.Context, cfg *config.Standalone, o Options) (_ *Standalone, err error) {
	cfg.Resolve()
	if err := cfg.Validate(); err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "configuration")
	}
	n := &Standalone{cfg: cfg, scheme: "http", build: o.Build, started: time.Now(), failed: make(chan error, 4), served: make(chan struct{})}
	defer func() {
		if err != nil {
			_ = n.closeParts()
		}
	}()
	if n.dir, err = openDataDir(cfg.Storage.DataHome); err != nil {
		return nil, err
	}
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	log, level, logFile, err := OpenLog(cfg.Logging, o.Stdout, time.Now)
	if err != nil {
		return nil, err
	}
	n.log, n.logFile = log, logFile
	log.Info("starting", "version", o.Build.Version, "commit", o.Build.Commit, "data_home", n.dir.path, "pid", os.Getpid())
	for _, w := range o.Warnings {
		log.Warn("configuration", "warning", w)
	}

	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mem, err := divideMemory(cfg, log)
	if err != nil {
		return nil, err
	}
	registerProcess(reg, o.Build, mem)

	meta, err := openMeta(n.dir.path)
	if err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	n.meta = meta // not before: a nil *bolt.Store would pass for a store to close
	if n.users, err = openUsers(ctx, cfg.UserProvider, n.meta, log); err != nil {
		return nil, err
	}
	if n.storage, err = openStorage(ctx, cfg, n.meta, mem, log, reg); err != nil {
		return nil, err
	}
	cat, err := catalog.Open(ctx, n.meta, time.Now)
	if err != nil {
		return nil, err
	}
	zone, err := timezone(cfg.DefaultTimezone)
	if err != nil {
		return nil, err
	}
	n.spill = filepath.Join(n.dir.path, "tmp")
	if err := errors.Join(os.RemoveAll(n.spill), os.MkdirAll(n.spill, 0o755)); err != nil {
		return nil, errs.Wrap(errs.StorageUnavailable, err, "temporary directory")
	}
	relations := relational.Options{Threads: cfg.Query.Parallelism, MemoryLimit: mem.relational, TempLimit: int64(cfg.Query.MaxSpillSize)}
	if relations.TempLimit > 0 {
		relations.TempDir = n.spill
	}
	regions := metric.New(n.storage.engine) // logical regions before those of the engine
	n.running = process.NewList(cfg.GRPC.BindAddr, reg, time.Now)
	n.slow = newSlowLog(cfg.SlowQuery, log, reg)
	n.query, err = query.Open(query.Options{Catalog: operator.BindCatalog(cat, regions, o.Build.Version, n.running, location.Places{Root: cfg.Storage.CopyRoot}, mem.show), Regions: regions, Version: o.Build.Version,
		TQL: func(ctx context.Context, sess *model.Session, st *sql.TQL) (*plan.Table, error) {
			return n.ops.TQLTable(ctx, sess, st)
		},
		Parallelism: cfg.Query.Parallelism, MaxConcurrent: cfg.MaxConcurrentQueries, MaxSetOps: cfg.Query.MaxUnionParts,
		Memory: mem.queries, Relational: relations})
	if err != nil {
		return nil, err
	}
	n.promql = prom.New(prom.Options{Catalog: cat, Regions: regions, Memory: mem.queries, Log: log, Metrics: reg})
	n.ops = operator.New(operator.Options{Catalog: cat, Regions: regions, Query: n.query, PromQL: n.promql, ColumnPrefix: cfg.DefaultColumnPrefix,
		AutoCreateTable: cfg.AutoCreateTable, MetricPartitions: cfg.Metric().Partitions, HasStore: n.storage.stores.has, Log: log, Metrics: reg, Processes: n.running,
		Places: location.Places{Root: cfg.Storage.CopyRoot}, MaxStatements: cfg.Query.MaxStatements, MaxStatementBytes: int(cfg.Query.MaxStatementSize), InsertHold: mem.insertHold, Memory: mem.queries, Timeout: cfg.Query.Timeout.Std(),
		Slow: n.slowQuery(), SlowThreshold: cfg.SlowQuery.Threshold.Std()})
	if n.slow != nil {
		n.slow.insert = n.ops
	}
	if err := n.ops.Recover(ctx, cfg.InitRegionsParallelism); err != nil {
		return nil, err
	}
	if err := n.serve(cfg, cat, level, reg, mem, zone); err != nil {
		return nil, err
	}
	n.ready.Store(true)
	log.Info("ready", "http", n.Addr(), "tables", len(cat.AllTables()), "took", time.Since(n.started))
	return n, nil
}

// serve opens the listener and adds the routes of all protocols.
func (n *Standalone) serve(cfg *config.Standalone, cat *catalog.Catalog, level *slog.LevelVar, reg *prometheus.Registry, mem memory, zone *time.Location) (err error) {
	inFlight := int64(cfg.MaxInFlightWriteBytes)
	if inFlight == 0 {
		inFlight = mem.limit / 8
	}
	tls, err := certs.Load(cfg.HTTP.TLS, n.log, time.Now)
	if err != nil {
		return fmt.Errorf("http.tls: %w", err)
	}
	n.http, err = httpd.New(httpd.Options{Log: n.log, Metrics: reg, Timeout: cfg.HTTP.Timeout.Std(), BodyLimit: int64(cfg.HTTP.BodyLimit),
		RequestMemory: inFlight, RequestMemoryWait: exhaustedWait(cfg.WriteBytesExhaustedPolicy), CORS: cfg.HTTP.EnableCORS,
		CORSOrigins: cfg.HTTP.CORSAllowedOrigins, Timezone: zone, Authenticate: httpUsers(n.users), ProtectOps: cfg.HTTP.ProtectOps, NamedTLS: tls.Named})
	if err != nil {
		return err
	}
	sqlapi.Register(n.http, n.SQL(), mem.queries)
	column := func(name string) string {
		if cfg.DefaultColumnPrefix == "" {
			return name
		}
		return cfg.DefaultColumnPrefix + "_" + name
	}
	if cfg.InfluxDB.Enable {
		influx.Register(n.http, n.ops, influx.Options{MergeMode: cfg.InfluxDB.DefaultMergeMode, TimeColumn: column("timestamp"), Version: n.build.Version})
	}
	if cfg.PromStore.Enable {
		validation, err := wireremote.ParseValidation(cfg.PromStore.PromValidationMode)
		if err != nil {
			return err
		}
		n.remote, err = promremote.Register(n.http, n.ops, n.promql, promremote.Options{Validation: validation, PlainTables: !cfg.PromStore.WithMetricEngine,
			TimeColumn: column("timestamp"), ValueColumn: column("value"), Metrics: reg})
		if err != nil {
			return err
		}
		watched := &watchedPromQL{n.promql, n.running, n.slowQuery(), cfg.SlowQuery.Threshold.Std()}
		promapi.Register(n.http, watched, promapi.Options{Build: promapi.BuildInfo{Version: n.build.Version, Branch: n.build.Branch, Commit: n.build.Commit,
			Rustc: n.build.Go, Target: runtime.GOOS + "/" + runtime.GOARCH}})
	}
	host, _ := os.Hostname()
	ops.Register(n.http, ops.Options{Gatherer: reg, LogLevel: level, Pprof: true, Config: cfg.TOML,
		Status: ops.Status{Commit: n.build.Commit, Branch: n.build.Branch, Rustc: n.build.Go, GoVersion: n.build.Go, Hostname: host, Version: n.build.Version},
		Ready: func() error {
			if !n.ready.Load() {
				return errs.New(errs.Suspended, "starting or stopping")
			}
			return nil
		}})
	if n.listen, err = net.Listen("tcp", cfg.HTTP.Addr); err != nil {
		return errs.Wrap(errs.InvalidArguments, err, "http.addr")
	}
	if tls.Config != nil {
		n.scheme = "https"
		n.listen = tls.Listen(n.listen)
	}
	defer func() {
		if err == nil {
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, w := range []*wireListener{n.api, n.mysql, n.pg} {
			if w != nil {
				_ = w.stop(ctx) // that clients were cut is no news beside err
			}
		}
		err = errors.Join(err, n.listen.Close())
	}()
	if cfg.HTTP.EnableAPIServer {
		l, err := net.Listen("tcp", cfg.HTTP.APIServerAddr)
		if err != nil {
			return errs.Wrap(errs.InvalidArguments, err, "http.api_server_addr (http.enable_api_server = false turns it off)")
		}
		n.api = n.startWire("http api", tls.Listen(l), n.http.ServeAPI, n.http.Shutdown)
	}
	if cfg.MySQL.Enable {
		if n.mysql, err = n.serveMySQL(cfg, reg, zone); err != nil {
			return err
		}
	}
	if cfg.Postgres.Enable {
		if n.pg, err = n.servePostgres(cfg, cat, reg, zone); err != nil {
			return err
		}
	}
	go func() {
		defer close(n.served)
		if err := n.http.Serve(n.listen); err != nil {
			n.failed <- fmt.Errorf("serve http: %w", err)
		}
	}()
	return nil
}

// slowQuery is who is told of slow queries.
func (n *Standalone) slowQuery() func(operator.SlowQuery) {
	if n.slow == nil {
		return nil
	}
	return n.slow.record
}

// exhaustedWait reads write_bytes_exhausted_policy: "wait", "wait(5s)" or "fail".
func exhaustedWait(policy string) time.Duration {
	if d, ok := strings.CutPrefix(policy, "wait("); ok {
		if v, err := time.ParseDuration(strings.TrimSuffix(d, ")")); err == nil {
			return v
		}
	}
	if strings.EqualFold(policy, "fail") {
		return 0
	}
	return 10 * time.Second
}

// timezone reads "UTC", "SYSTEM", an IANA name or an offset like "+08:00".
func timezone(name string) (*time.Location, error) {
	switch {
	case name == "":
		return time.UTC, nil
	case strings.EqualFold(name, "system"):
		return time.Local, nil
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	loc, err := time.LoadLocation(name)
	return loc, errs.Wrap(errs.InvalidArguments, err, "default_timezone")
}

func registerProcess(reg prometheus.Registerer, b Build, mem memory) {
	version := prometheus.NewGauge(prometheus.GaugeOpts{Name: "greptime_app_version", Help: "1, with the version as labels.",
		ConstLabels: prometheus.Labels{"version": b.Version, "short_version": b.Version, "app": "goptime-standalone"}})
	version.Set(1)
	cpu := prometheus.NewGauge(prometheus.GaugeOpts{Name: "greptime_cpu_limit_in_millicores", Help: "Processors that the process may use, times 1000."})
	cpu.Set(float64(runtime.GOMAXPROCS(0)) * 1000)
	limit := prometheus.NewGauge(prometheus.GaugeOpts{Name: "greptime_memory_limit_in_bytes", Help: "Memory that the process means to stay within."})
	limit.Set(float64(mem.limit))
	reg.MustRegister(version, cpu, limit, mem.budget)
}

// Addr is where HTTP listens.
func (n *Standalone) Addr() string { return n.listen.Addr().String() }

// SQL runs statements without a network.
func (n *Standalone) SQL() server.SQL { return n.ops }

// Failed gives an error if the server cannot go on.
func (n *Standalone) Failed() <-chan error { return n.failed }

// Banner tells a person where to go next.
func (n *Standalone) Banner() string {
	a, mysql := n.scheme+"://"+n.Addr(), ""
	if n.mysql != nil {
		mysql = fmt.Sprintf("  MySQL                             mysql -h %s\n", strings.Replace(n.mysql.addr(), ":", " -P ", 1))
	}
	if n.pg != nil {
		host, port, _ := net.SplitHostPort(n.pg.addr())
		mysql += fmt.Sprintf("  PostgreSQL                        psql -h %s -p %s -d public\n", host, port)
	}
	return fmt.Sprintf(`
GoptimeDB %s is ready. Data in %s

  HTTP, SQL, InfluxDB, Prometheus   %s
%s  health, metrics                   %s/health   %s/metrics

Send a first row and read it back:

  curl -i '%s/v1/influxdb/write?db=public' --data-binary 'weather,city=Oslo temperature=21.5'
  curl '%s/v1/sql?format=table' --data-urlencode 'sql=SELECT * FROM weather'

`, n.build.Version, n.dir.path, a, mysql, a, a, a, a)
}

// Stop ends requests that run (until ctx ends, then it cuts them off), and closes everything. Rows in memory stay in the log.
func (n *Standalone) Stop(ctx context.Context) error {
	n.ready.Store(false)
	n.log.Info("stopping")
	err := n.http.Shutdown(ctx)
	if n.api != nil {
		err = errors.Join(err, n.api.stop(ctx))
	}
	if n.mysql != nil {
		err = errors.Join(err, n.mysql.stop(ctx))
	}
	if n.pg != nil {
		err = errors.Join(err, n.pg.stop(ctx))
	}
	<-n.served
	err = errors.Join(err, n.closeParts())
	return err
}

// closeParts closes what is open, in the opposite order of Start; it serves a failed Start too.
func (n *Standalone) closeParts() (err error) {
	if n.listen != nil && n.http == nil {
		err = n.listen.Close()
	}
	if n.remote != nil {
		n.remote.Close()
	}
	if n.slow != nil {
		n.slow.close()
	}
	if n.promql != nil {
		err = errors.Join(err, n.promql.Close())
	}
	if n.query != nil {
		err = errors.Join(err, n.query.Close(), os.RemoveAll(n.spill))
	}
	if n.storage != nil {
		err = errors.Join(err, n.storage.close())
	}
	if n.meta != nil {
		err = errors.Join(err, n.meta.Close())
	}
	if n.log != nil {
		n.log.Info("stopped", "ran", time.Since(n.started))
	}
	if n.logFile != nil {
		err = errors.Join(err, n.logFile.Close())
	}
	if n.dir != nil {
		err = errors.Join(err, n.dir.close())
	}
	return err
}
