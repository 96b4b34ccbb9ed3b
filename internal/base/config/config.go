// Package config is the configuration of a process as one typed tree.
//
// Layers, strongest first: command line, file (TOML), environment, defaults. Default makes the tree, Load lays environment and file
// over it, the command sets its flags on the result, and Validate names every fault at once. Keys that nobody knows do not stop a
// start: Load returns them as warnings, so that files written for other versions keep working.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/units"
)

// Standalone is the configuration of `goptime standalone start`.
type Standalone struct {
	DefaultTimezone           string     `toml:"default_timezone"`
	DefaultColumnPrefix       string     `toml:"default_column_prefix"`
	AutoCreateTable           bool       `toml:"auto_create_table"`
	UserProvider              string     `toml:"user_provider"`
	MaxInFlightWriteBytes     units.Size `toml:"max_in_flight_write_bytes"` // 0: an eighth of the memory budget
	WriteBytesExhaustedPolicy string     `toml:"write_bytes_exhausted_policy"`
	InitRegionsInBackground   bool       `toml:"init_regions_in_background"`
	InitRegionsParallelism    int        `toml:"init_regions_parallelism"`
	MaxConcurrentQueries      int        `toml:"max_concurrent_queries"` // 0: no limit

	HTTP         HTTP           `toml:"http"`
	GRPC         GRPC           `toml:"grpc"`
	MySQL        MySQL          `toml:"mysql"`
	Postgres     Postgres       `toml:"postgres"`
	InfluxDB     InfluxDB       `toml:"influxdb"`
	PromStore    PromStore      `toml:"prom_store"`
	WAL          WAL            `toml:"wal"`
	Storage      Storage        `toml:"storage"`
	Query        Query          `toml:"query"`
	Logging      Logging        `toml:"logging"`
	SlowQuery    SlowQuery      `toml:"slow_query"`
	Memory       Memory         `toml:"memory"`
	RegionEngine []RegionEngine `toml:"region_engine"`
}

// HTTP is the main listener.
type HTTP struct {
	Addr               string         `toml:"addr"`
	Timeout            units.Duration `toml:"timeout"` // 0: none
	BodyLimit          units.Size     `toml:"body_limit"`
	EnableCORS         bool           `toml:"enable_cors"`
	CORSAllowedOrigins []string       `toml:"cors_allowed_origins"`
	ProtectOps         bool           `toml:"protect_ops"`       // ask for users on /status, /metrics, /config and /debug too
	EnableAPIServer    bool           `toml:"enable_api_server"` // a second listener, for paths below /v1 and /dashboard only
	APIServerAddr      string         `toml:"api_server_addr"`
	TLS                TLS            `toml:"tls"`
}

// GRPC is the listener of the gRPC protocol.
type GRPC struct {
	BindAddr string `toml:"bind_addr"`
}

// TLS is how a listener encrypts.
type TLS struct {
	Mode       string `toml:"mode"` // disable, prefer, require, verify_ca, verify_full
	CertPath   string `toml:"cert_path"`
	KeyPath    string `toml:"key_path"`
	CACertPath string `toml:"ca_cert_path"`
	Watch      bool   `toml:"watch"`
}

// Wire is a listener of a wire protocol.
type Wire struct {
	Enable bool   `toml:"enable"`
	Addr   string `toml:"addr"`
	TLS    TLS    `toml:"tls"`

	MaxConnections        int            `toml:"max_connections"`          // 0: no limit
	MaxConnectionsPerUser int            `toml:"max_connections_per_user"` // 0: no limit
	KeepAlive             units.Duration `toml:"keep_alive"`               // of TCP. 0: the system's
	LoginTimeout          units.Duration `toml:"login_timeout"`            // from connecting to being logged in
	IdleTimeout           units.Duration `toml:"idle_timeout"`             // between statements. 0: no limit
	ReadTimeout           units.Duration `toml:"read_timeout"`             // of a client that stops in the middle of a message
	WriteTimeout          units.Duration `toml:"write_timeout"`            // of a client that stops reading
	PreparedStmtCacheSize int            `toml:"prepared_stmt_cache_size"` // statements that one connection may have prepared
	MaxAllowedPacket      units.Size     `toml:"max_allowed_packet"`       // of a statement, or of another message
}

// MySQL is the MySQL wire listener.
type MySQL struct {
	Wire
	RejectNoDatabase bool `toml:"reject_no_database"` // refuse clients that name no database when they connect
}

// Postgres is the PostgreSQL wire listener.
type Postgres struct {
	Wire
}

// wireAt is the default of a wire listener.
func wireAt(addr string) Wire {
	minute := units.Duration(time.Minute)
	return Wire{Enable: true, Addr: addr, TLS: TLS{Mode: "disable"}, MaxConnections: 4096, LoginTimeout: units.Duration(10 * time.Second), ReadTimeout: minute,
		WriteTimeout: minute, PreparedStmtCacheSize: 10000, MaxAllowedPacket: 64 << 20}
}

// faults names what cannot work in a wire listener.
func (w *Wire) faults(section string, bad func(key, format string, args ...any)) {
	if !w.Enable {
		return
	}
	if _, _, err := net.SplitHostPort(w.Addr); err != nil {
		bad(section+".addr", "%q is not host:port", w.Addr)
	}
	for _, v := range []struct {
		key string
		n   int64
		min int64
	}{
		{"max_connections", int64(w.MaxConnections), 0}, {"max_connections_per_user", int64(w.MaxConnectionsPerUser), 0}, {"keep_alive", int64(w.KeepAlive), 0},
		{"login_timeout", int64(w.LoginTimeout), 1}, {"idle_timeout", int64(w.IdleTimeout), 0}, {"read_timeout", int64(w.ReadTimeout), 1},
		{"write_timeout", int64(w.WriteTimeout), 1}, {"prepared_stmt_cache_size", int64(w.PreparedStmtCacheSize), 1},
	} {
		if v.n < v.min {
			bad(section+"."+v.key, "must be %s", map[int64]string{0: "0 or more", 1: "positive"}[v.min])
		}
	}
	if w.MaxAllowedPacket < 1<<10 || w.MaxAllowedPacket > 1<<30 {
		bad(section+".max_allowed_packet", "%s is not between 1KiB and 1GiB", w.MaxAllowedPacket)
	}
}

// InfluxDB is the line protocol endpoint.
type InfluxDB struct {
	Enable           bool   `toml:"enable"`
	DefaultMergeMode string `toml:"default_merge_mode"`
}

// PromStore is Prometheus remote write, remote read and the query API.
type PromStore struct {
	Enable             bool   `toml:"enable"`
	WithMetricEngine   bool   `toml:"with_metric_engine"`
	PromValidationMode string `toml:"prom_validation_mode"` // strict, lossy, unchecked
}

// WAL is the log that makes rows durable before they are in files.
type WAL struct {
	Provider            string         `toml:"provider"` // raft_engine (the local log) or noop
	Dir                 string         `toml:"dir"`      // empty: {data_home}/wal
	FileSize            units.Size     `toml:"file_size"`
	PurgeThreshold      units.Size     `toml:"purge_threshold"`
	PurgeInterval       units.Duration `toml:"purge_interval"`
	ReadBatchSize       int            `toml:"read_batch_size"`
	SyncWrite           bool           `toml:"sync_write"` // true: fsync before the acknowledgement
	EnableLogRecycle    bool           `toml:"enable_log_recycle"`
	PrefillLogFiles     bool           `toml:"prefill_log_files"`
	SyncPeriod          units.Duration `toml:"sync_period"` // with sync_write = false
	RecoveryParallelism int            `toml:"recovery_parallelism"`
}

// Query limits the planner and the executor.
type Query struct {
	Parallelism    int    `toml:"parallelism"`      // 0: cores
	MemoryPoolSize string `toml:"memory_pool_size"` // size, or percent of the memory budget; "0" for no limit
	// MaxSpillSize is how much sorts, joins and groups that do not fit into the pool may write below the data home. 0: nothing.
	MaxSpillSize units.Size `toml:"max_spill_size"`
	// Timeout ends queries of sessions that set no limit of their own. 0: none does.
	Timeout          units.Duration `toml:"timeout"`
	MaxStatements    int            `toml:"max_statements"`     // of one request
	MaxStatementSize units.Size     `toml:"max_statement_size"` // of the text of one request
	MaxUnionParts    int            `toml:"max_union_parts"`    // queries of one chain of UNION, INTERSECT or EXCEPT
}

func (q *Query) faults(bad func(key, format string, args ...any)) {
	if q.Timeout < 0 {
		bad("query.timeout", "must not be negative")
	}
	if q.MaxStatements < 1 {
		bad("query.max_statements", "must be positive")
	}
	if q.MaxUnionParts < 1 {
		bad("query.max_union_parts", "must be positive")
	}
	if q.MaxStatementSize < 1<<10 || q.MaxStatementSize > 1<<30 { // PostgreSQL's messages, and the packets of MySQL's clients, end at 1 GiB
		bad("query.max_statement_size", "%s is not between 1KiB and 1GiB", q.MaxStatementSize)
	}
}

// Logging is what the process tells of itself.
type Logging struct {
	Dir               string `toml:"dir"` // empty: {data_home}/logs
	Level             string `toml:"level"`
	LogFormat         string `toml:"log_format"` // text or json
	AppendStdout      bool   `toml:"append_stdout"`
	EnableFileLogging bool   `toml:"enable_file_logging"`
	MaxLogFiles       int    `toml:"max_log_files"`
}

// SlowQuery says which queries are recorded as slow, and where.
type SlowQuery struct {
	Enable      bool           `toml:"enable"`
	RecordType  string         `toml:"record_type"`  // system_table (greptime_private.slow_queries) or log
	Threshold   units.Duration `toml:"threshold"`    // those that take at least so long
	SampleRatio float64        `toml:"sample_ratio"` // of them: 0 to 1
	TTL         string         `toml:"ttl"`          // of the table, when it is made
}

// Memory is the one budget for everything that holds data.
type Memory struct {
	Limit units.Size `toml:"limit"` // 0: half of what the machine or the cgroup allows
}

// RegionEngine is one [[region_engine]] block; Mito is the engine of ordinary tables, Metric that of logical ones on a physical one.
type RegionEngine struct {
	Mito   *Mito   `toml:"mito"`
	Metric *Metric `toml:"metric"`
}

// Metric is the metric engine.
type Metric struct {
	// Partitions is how many regions a new physical table gets; logical tables are spread over them. 0: one per two processors, 4 to 16.
	Partitions int `toml:"partitions"`
	// SparsePrimaryKeyEncoding is accepted: keys always hold only the labels that there are.
	SparsePrimaryKeyEncoding bool `toml:"sparse_primary_key_encoding"`
	// FlushMetadataRegionInterval is accepted: what logical tables there are is in the catalog, which is durable at once.
	FlushMetadataRegionInterval units.Duration `toml:"flush_metadata_region_interval"`
}

// Mito is the region engine. Zero values mean "automatic".
type Mito struct {
	NumWorkers                   int            `toml:"num_workers"`
	WorkerChannelSize            int            `toml:"worker_channel_size"`
	WorkerRequestBatchSize       int            `toml:"worker_request_batch_size"`
	ManifestCheckpointDistance   int            `toml:"manifest_checkpoint_distance"`
	MaxBackgroundFlushes         int            `toml:"max_background_flushes"`
	MaxBackgroundCompactions     int            `toml:"max_background_compactions"`
	MaxBackgroundPurges          int            `toml:"max_background_purges"`
	AutoFlushInterval            units.Duration `toml:"auto_flush_interval"`
	GlobalWriteBufferSize        units.Size     `toml:"global_write_buffer_size"`
	GlobalWriteBufferRejectSize  units.Size     `toml:"global_write_buffer_reject_size"`
	DefaultRegionWriteBufferSize units.Size     `toml:"default_region_write_buffer_size"`
	SSTMetaCacheSize             units.Size     `toml:"sst_meta_cache_size"`
	PageCacheSize                units.Size     `toml:"page_cache_size"`
	SSTWriteBufferSize           units.Size     `toml:"sst_write_buffer_size"`
	MinCompactionInterval        units.Duration `toml:"min_compaction_interval"`
	CompactionMemoryLimit        string         `toml:"experimental_compaction_memory_limit"` // size, or percent of the memory budget; "0" or "unlimited": no limit
	CompactionOnExhausted        string         `toml:"experimental_compaction_on_exhausted"` // wait, wait(10s) or fail
	GC                           GC             `toml:"gc"`
	MaxBackgroundIndexBuilds     int            `toml:"max_background_index_builds"`

	Index            Index     `toml:"index"`
	InvertedIndex    IndexKind `toml:"inverted_index"`
	FulltextIndex    IndexKind `toml:"fulltext_index"`
	BloomFilterIndex IndexKind `toml:"bloom_filter_index"`

	// The cache on the local disk, for regions in object stores. It is on wherever one is configured, and off with files on local disks.
	EnableWriteCache        bool           `toml:"enable_write_cache"`
	WriteCachePath          string         `toml:"write_cache_path"` // empty: data_home; the cache is below it, in cache/object/write
	WriteCacheSize          units.Size     `toml:"write_cache_size"`
	WriteCacheTTL           units.Duration `toml:"write_cache_ttl"`             // 0: as long as there is room
	IndexCachePercent       int            `toml:"index_cache_percent"`         // of write_cache_size, for index files
	EnableRefillCacheOnRead *bool          `toml:"enable_refill_cache_on_read"` // default true: what is read is kept
	PreloadIndexCache       *bool          `toml:"preload_index_cache"`         // default true: index files and footers of opened regions are fetched ahead
	ManifestCacheSize       units.Size     `toml:"manifest_cache_size"`
}

// GC says when files go that nobody knows.
type GC struct {
	Enable                      *bool          `toml:"enable"`                           // nil: true; a pointer, as a false of the file must be told from no word of it
	LingeringTime               units.Duration `toml:"lingering_time"`                   // of a file that was removed and could not be deleted
	UnknownFileLingeringTime    units.Duration `toml:"unknown_file_lingering_time"`      // of a file that no manifest names
	MaxConcurrentListerPerGCJob int            `toml:"max_concurrent_lister_per_gc_job"` // a region is listed in one go: without effect
	MaxConcurrentGCJob          int            `toml:"max_concurrent_gc_job"`            // regions at a time
}

// CompactionWait is what experimental_compaction_on_exhausted says: how long a compaction waits for memory; negative for fail.
func (m *Mito) CompactionWait() (time.Duration, error) {
	switch v := strings.ToLower(strings.TrimSpace(m.CompactionOnExhausted)); {
	case v == "" || v == "wait":
		return 10 * time.Second, nil
	case v == "fail":
		return -1, nil
	case strings.HasPrefix(v, "wait(") && strings.HasSuffix(v, ")"):
		d, err := units.ParseDuration(v[len("wait(") : len(v)-1])
		if err == nil && d <= 0 {
			err = fmt.Errorf("%q is not a positive duration", v)
		}
		return d, err
	}
	return 0, fmt.Errorf("%q is not one of wait, wait(duration), fail", m.CompactionOnExhausted)
}

// CompactionMemory is what experimental_compaction_memory_limit says, in bytes, for a budget of total bytes; 0: no limit.
func (m *Mito) CompactionMemory(total int64) (int64, error) {
	v := strings.ToLower(strings.TrimSpace(m.CompactionMemoryLimit))
	if v == "" || v == "0" || v == "unlimited" {
		return 0, nil
	}
	if p, ok := strings.CutSuffix(v, "%"); ok {
		n, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || !(n > 0 && n <= 100) {
			return 0, fmt.Errorf("%q is not a percentage above 0%% and up to 100%%", v)
		}
		return max(1, int64(float64(total)/100*n)), nil
	}
	n, err := units.ParseSize(v)
	return int64(n), err
}

// Default is the configuration of an empty file.
func Default() *Standalone {
	on := true
	return &Standalone{
		DefaultTimezone: "UTC", DefaultColumnPrefix: "greptime", AutoCreateTable: true,
		WriteBytesExhaustedPolicy: "wait", InitRegionsParallelism: 16,
		HTTP:      HTTP{Addr: "127.0.0.1:4000", BodyLimit: 64 << 20, EnableCORS: true, APIServerAddr: "127.0.0.1:4006"},
		GRPC:      GRPC{BindAddr: "127.0.0.1:4001"},
		MySQL:     MySQL{Wire: wireAt("127.0.0.1:4002")},
		Postgres:  Postgres{Wire: wireAt("127.0.0.1:4003")},
		InfluxDB:  InfluxDB{Enable: true, DefaultMergeMode: "last_non_null"},
		PromStore: PromStore{Enable: true, WithMetricEngine: true, PromValidationMode: "strict"},
		WAL: WAL{Provider: "raft_engine", FileSize: 128 << 20, PurgeThreshold: 1 << 30, PurgeInterval: units.Duration(time.Minute),
			ReadBatchSize: 128, SyncWrite: true, EnableLogRecycle: true, SyncPeriod: units.Duration(5 * time.Second), RecoveryParallelism: 2},
		Storage:   Storage{DataHome: "./goptimedb_data", Provider: Provider{Type: StoreFile, HTTPClient: HTTPClient{}.WithDefaults()}},
		Query:     Query{MemoryPoolSize: "50%", MaxSpillSize: 20 << 30, MaxStatements: 10_000, MaxStatementSize: 64 << 20, MaxUnionParts: 4096},
		Logging:   Logging{Level: "info", LogFormat: "text", AppendStdout: true, EnableFileLogging: true, MaxLogFiles: 720},
		SlowQuery: SlowQuery{Enable: true, RecordType: "system_table", Threshold: units.Duration(30 * time.Second), SampleRatio: 1, TTL: "90d"},
		RegionEngine: []RegionEngine{{Mito: &Mito{
			WorkerChannelSize: 128, WorkerRequestBatchSize: 64, ManifestCheckpointDistance: 10,
			AutoFlushInterval: units.Duration(30 * time.Minute), SSTWriteBufferSize: 8 << 20,
			CompactionMemoryLimit: "0", CompactionOnExhausted: "wait",
			GC: GC{Enable: &on, LingeringTime: units.Duration(time.Hour), UnknownFileLingeringTime: units.Duration(24 * time.Hour),
				MaxConcurrentListerPerGCJob: 32, MaxConcurrentGCJob: 4},
			Index:         Index{BuildMode: "sync", ContentCachePageSize: 64 << 10},
			InvertedIndex: automatic, FulltextIndex: automatic, BloomFilterIndex: automatic,
			WriteCacheSize: 5 << 30, IndexCachePercent: 20, ManifestCacheSize: 256 << 20,
		}}},
	}
}

// Mito is the region engine's block; several blocks were merged by Load.
func (c *Standalone) Mito() *Mito {
	for _, e := range c.RegionEngine {
		if e.Mito != nil {
			return e.Mito
		}
	}
	m := Default().RegionEngine[0].Mito
	c.RegionEngine = append(c.RegionEngine, RegionEngine{Mito: m})
	return m
}

// Metric is the metric engine's block.
func (c *Standalone) Metric() *Metric {
	for _, e := range c.RegionEngine {
		if e.Metric != nil {
			return e.Metric
		}
	}
	return &Metric{SparsePrimaryKeyEncoding: true, FlushMetadataRegionInterval: units.Duration(30 * time.Second)}
}

// Resolve fills what depends on other keys: directories below data_home, automatic worker counts.
func (c *Standalone) Resolve() {
	if c.WAL.Dir == "" {
		c.WAL.Dir = filepath.Join(c.Storage.DataHome, "wal")
	}
	if c.Storage.CopyRoot == "" {
		c.Storage.CopyRoot = filepath.Join(c.Storage.DataHome, "copy")
	}
	if c.Logging.Dir == "" {
		c.Logging.Dir = filepath.Join(c.Storage.DataHome, "logs")
	}
	if m := c.Mito(); m.WriteCachePath == "" {
		m.WriteCachePath = c.Storage.DataHome
	}
	cores := runtime.GOMAXPROCS(0)
	auto := func(v *int, n int) {
		if *v <= 0 {
			*v = max(1, n)
		}
	}
	m := c.Mito()
	auto(&m.NumWorkers, cores/2)
	auto(&m.WorkerChannelSize, 128)
	auto(&m.WorkerRequestBatchSize, 64)
	auto(&m.ManifestCheckpointDistance, 10)
	auto(&m.MaxBackgroundFlushes, cores/2)
	auto(&m.MaxBackgroundCompactions, cores/4)
	auto(&m.MaxBackgroundPurges, cores)
	auto(&m.MaxBackgroundIndexBuilds, cores/8)
	if m.Index.AuxPath == "" {
		m.Index.AuxPath = filepath.Join(c.Storage.DataHome, "index_intermediate")
	}
	auto(&c.Query.Parallelism, cores)
	auto(&c.InitRegionsParallelism, 16)
}

// Validate names every value that cannot work, in one error.
func (c *Standalone) Validate() error {
	var faults []error
	bad := func(key, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	oneOf := func(key, v string, allowed ...string) {
		for _, a := range allowed {
			if strings.EqualFold(v, a) {
				return
			}
		}
		bad(key, "%q is not one of %s", v, strings.Join(allowed, ", "))
	}
	addr := func(key, v string) {
		if _, _, err := net.SplitHostPort(v); err != nil {
			bad(key, "%q is not host:port", v)
		}
	}
	addr("http.addr", c.HTTP.Addr)
	if c.HTTP.EnableAPIServer {
		addr("http.api_server_addr", c.HTTP.APIServerAddr)
	}
	c.MySQL.faults("mysql", bad)
	c.Postgres.faults("postgres", bad)
	c.Storage.faults(bad)
	oneOf("wal.provider", c.WAL.Provider, "raft_engine", "noop")
	oneOf("influxdb.default_merge_mode", c.InfluxDB.DefaultMergeMode, "last_row", "last_non_null")
	oneOf("prom_store.prom_validation_mode", c.PromStore.PromValidationMode, "strict", "lossy", "unchecked")
	oneOf("logging.log_format", c.Logging.LogFormat, "text", "json")
	if _, err := time.LoadLocation(c.DefaultTimezone); err != nil && !strings.ContainsAny(c.DefaultTimezone, "+-") && !strings.EqualFold(c.DefaultTimezone, "system") {
		bad("default_timezone", "%q is neither an IANA name nor an offset like +08:00", c.DefaultTimezone)
	}
	if c.WAL.FileSize != 0 && c.WAL.FileSize < 64<<10 {
		bad("wal.file_size", "%s is less than 64KiB", c.WAL.FileSize)
	}
	if !c.WAL.SyncWrite && c.WAL.SyncPeriod <= 0 {
		bad("wal.sync_period", "must be positive when wal.sync_write is false")
	}
	if m := c.Mito(); m.GlobalWriteBufferRejectSize != 0 && m.GlobalWriteBufferRejectSize <= m.GlobalWriteBufferSize {
		bad("region_engine.mito.global_write_buffer_reject_size", "must be larger than global_write_buffer_size")
	}
	c.Mito().indexFaults(oneOf, bad)
	if p := c.Mito().IndexCachePercent; p < 0 || p >= 100 {
		bad("region_engine.mito.index_cache_percent", "%d is not between 0 and 99", p)
	}
	if s := c.Mito().WriteCacheSize; s != 0 && s < 16<<20 {
		bad("region_engine.mito.write_cache_size", "%s is less than 16MiB", s)
	}
	{
		m := c.Mito()
		if _, err := m.CompactionWait(); err != nil {
			bad("region_engine.mito.experimental_compaction_on_exhausted", "%s", err)
		}
		if _, err := m.CompactionMemory(1 << 30); err != nil {
			bad("region_engine.mito.experimental_compaction_memory_limit", "%s", err)
		}
		if m.GC.LingeringTime < 0 || m.GC.UnknownFileLingeringTime < 0 {
			bad("region_engine.mito.gc", "lingering times must not be negative")
		}
	}
	if c.Memory.Limit != 0 && c.Memory.Limit < 64<<20 {
		bad("memory.limit", "%s is less than 64MiB", c.Memory.Limit)
	}
	for key, t := range map[string]TLS{"http.tls": c.HTTP.TLS, "mysql.tls": c.MySQL.TLS, "postgres.tls": c.Postgres.TLS} {
		oneOf(key+".mode", strings.ReplaceAll(cmp.Or(t.Mode, "disable"), "-", "_"), "disable", "prefer", "require", "verify_ca", "verify_full")
	}
	oneOf("slow_query.record_type", c.SlowQuery.RecordType, "system_table", "log")
	if c.SlowQuery.SampleRatio < 0 || c.SlowQuery.SampleRatio > 1 {
		bad("slow_query.sample_ratio", "%v is not within 0 and 1", c.SlowQuery.SampleRatio)
	}
	if c.SlowQuery.Enable && c.SlowQuery.Threshold <= 0 {
		bad("slow_query.threshold", "must be positive")
	}
	c.Query.faults(bad)
	if c.HTTP.ProtectOps && c.UserProvider == "" {
		bad("http.protect_ops", "needs a user_provider")
	}
	return errors.Join(faults...)
}
