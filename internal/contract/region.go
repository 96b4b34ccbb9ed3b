package contract

import (
	"context"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

// RegionServer is the region engine's door. All methods may be called concurrently. Errors carry errs codes: RegionNotFound,
// RegionBusy, StorageUnavailable, RequestOutdated (the schema version in the request is not the region's) …
type RegionServer interface {
	// Create makes the region durable and opens it. A region that exists with the same schema is success.
	Create(ctx context.Context, req CreateRegion) error
	// Open reads the region's manifest, replays its log, and makes it readable and writable. Opening an open region is success.
	Open(ctx context.Context, req OpenRegion) error
	// Close stops the region's jobs and forgets it; acknowledged rows stay in log and files.
	Close(ctx context.Context, id model.RegionID) error
	// Drop removes the region and all its data; it may finish deleting files after it returned.
	Drop(ctx context.Context, id model.RegionID) error
	// Truncate removes all rows; the schema stays. Durable on return.
	Truncate(ctx context.Context, id model.RegionID) error
	// Alter replaces schema and options. Durable on return.
	Alter(ctx context.Context, req AlterRegion) error

	// Write applies the batches, each wholly or not at all, and returns when all are durable. On error some batches may have been
	// applied; writing them again is harmless except on append-only tables. It keeps no reference to the batches.
	Write(ctx context.Context, req WriteRequest) (affected uint64, err error)

	// DeleteWhere removes the rows that match and were acknowledged before, and returns when that is durable: it costs one log entry,
	// however many rows go. On regions that merge rows of equal key the predicate may read tags and time only (else Unsupported: delete
	// such rows by key), because there it is stored versions that are judged. Errors: RequestOutdated if a column of the request is not
	// what it was, RateLimited if too many deletions await their being made real.
	DeleteWhere(ctx context.Context, req DeleteRequest) (affected uint64, err error)

	// Scan reads a snapshot of the region taken at the call: all writes acknowledged before are seen. The caller closes the stream.
	Scan(ctx context.Context, req ScanRequest) (Stream, error)

	// Flush writes all rows now in memory to files and returns when the manifest names them.
	Flush(ctx context.Context, id model.RegionID) error
	// Compact merges files as far as its kind asks and returns when done.
	Compact(ctx context.Context, req CompactRequest) error

	// BuildIndex gives every file of the region the indexes that its schema asks for and the file lacks, and returns when they are in use.
	BuildIndex(ctx context.Context, id model.RegionID) error

	// DropFiles removes the data files all of whose rows are in one of the ranges, with what they hide in others, and tells how many
	// those were. Rows in memory stay. Durable on return. Unsupported for logical regions.
	DropFiles(ctx context.Context, req DropFilesRequest) (dropped int, err error)
	// DiscardUnflushed forgets the rows that are in memory and no file, and tells how many those were. Durable on return. Unsupported
	// for logical regions.
	DiscardUnflushed(ctx context.Context, id model.RegionID) (rows uint64, err error)
	// CollectGarbage deletes files of the region that nobody knows and that have been there for long enough, and tells how many. Unless
	// full, it looks only where a deletion is known to have failed.
	CollectGarbage(ctx context.Context, id model.RegionID, full bool) (deleted int, err error)

	// Meta is the region's current schema and options.
	Meta(ctx context.Context, id model.RegionID) (RegionMeta, error)
	// Statistics describes the open regions; nil ids means all.
	Statistics(ctx context.Context, ids []model.RegionID) ([]RegionStatistics, error)
	// Files lists the data files of the open regions, region by region; nil ids means all.
	Files(ctx context.Context, ids []model.RegionID) ([]RegionFile, error)
}

// MergeMode says what happens to rows of equal key.
type MergeMode uint8

// The merge modes.
const (
	MergeLastRow     MergeMode = iota // the newest row stands alone
	MergeLastNonNull                  // per field, the newest value that is not NULL
	MergeAppend                       // all rows stay; no deletes
)

// String is the name in table options; "append" for MergeAppend.
func (m MergeMode) String() string { return [...]string{"last_row", "last_non_null", "append"}[m] }

// RegionOptions are the table options that the engine acts on. Zero values mean the engine's defaults.
type RegionOptions struct {
	Merge             MergeMode     `json:",omitempty"`
	TTL               time.Duration `json:",omitempty"` // zero: rows never expire; TTLInstant: they are not kept at all
	SkipWAL           bool          `json:",omitempty"`
	Storage           string        `json:",omitempty"` // name of an object store; empty: the default one
	WriteBufferBytes  int64         `json:",omitempty"`
	AutoFlushInterval time.Duration `json:",omitempty"`
	RowGroupRows      int           `json:",omitempty"`
	CompactionWindow  time.Duration `json:",omitempty"`
	TriggerFileNum    int           `json:",omitempty"`
	MaxOutputBytes    int64         `json:",omitempty"`
}

// TTLInstant as a TTL says that rows are taken and forgotten: what reads them is not the table. Files that hold some are dropped.
const TTLInstant time.Duration = -1

// RegionMeta is what a region knows about itself.
type RegionMeta struct {
	ID      model.RegionID
	Schema  *model.Schema
	Options RegionOptions
}

// LogicalRegion says where the rows of a logical region of the metric engine lie: in the data region Data, under the number Table, which no
// other logical region has or had. What a logical region is, is kept by the caller, who tells it when it creates or opens the region.
type LogicalRegion struct {
	Data  model.RegionID
	Table uint32
}

// CreateRegion asks for a new region below TableDir ("data/{catalog}/{schema}/{table id}/").
type CreateRegion struct {
	Meta     RegionMeta
	TableDir string
	Logical  *LogicalRegion // set: the region has no storage of its own, and Meta.Options and TableDir are of no meaning
}

// OpenRegion asks for an existing region. Options, where set, override the ones that the manifest recorded.
type OpenRegion struct {
	ID       model.RegionID
	TableDir string
	Options  *RegionOptions
	Storage  string // name of the object store that holds the region; empty: that of Options, or the default one
}

// AlterRegion replaces the schema (if not nil; its Version is the current one plus one, else RequestOutdated) and the options (if not
// nil). Applying a schema and version that the region already has is success.
type AlterRegion struct {
	ID      model.RegionID
	Schema  *model.Schema
	Options *RegionOptions
}

// WriteRequest is some batches for some regions.
type WriteRequest struct {
	Writes []RegionWrite
}

// RegionWrite is rows for one region. Columns name the vectors of Rows by id and must contain the time index; absent tags and
// fields are NULL (defaults are filled in before). Vectors have the columns' types exactly. A delete needs tags and time only.
// Later rows win over earlier ones of the same key.
type RegionWrite struct {
	Region        model.RegionID
	SchemaVersion uint64 // of the schema by which the rows were made; newer than the region's: RequestOutdated
	Op            model.OpType
	Columns       []model.ColumnID
	Rows          *model.Batch
}

// DeleteRequest removes the rows of a region that are in TimeRange and for which Predicate is true (nil: all).
type DeleteRequest struct {
	Region        model.RegionID
	SchemaVersion uint64          // by which the request was made
	TimeRange     model.TimeRange // in the unit of the time index; model.AllTime for no restriction
	Predicate     *model.Expr
	// Count asks for the number of rows that were removed, as a scan would have shown them; else affected is 0. It costs that scan.
	Count bool
}

// Order is the order of a scan's rows.
type Order uint8

// The orders.
const (
	OrderNone     Order = iota
	OrderSeries         // by tags (NULL first), then time ascending; batches carry Series runs
	OrderTimeAsc        // by time; with Limit, the scan stops early
	OrderTimeDesc       //
)

// ScanRequest is one region scan, as data. Rows outside of TimeRange and rows for which Predicate is not true are left out,
// exactly; then at most one of LastRow and Aggregate reduces; then Order and Limit apply (not with Aggregate, whose groups have no order).
type ScanRequest struct {
	Region     model.RegionID
	Projection []model.ColumnID // output columns, in order; may be empty (row counts only); unused with Aggregate
	TimeRange  model.TimeRange  // in the unit of the time index; use model.AllTime for no restriction
	Predicate  *model.Expr      // nil: no restriction; columns may be of any semantic
	Order      Order
	Limit      int64 // 0: no limit
	// LastRow keeps the newest row of each series (of those that pass TimeRange and Predicate).
	LastRow   bool
	Aggregate *model.Aggregate
	// Bound is one more than the version of the schema by which the caller made the request; 0: not checked. A column that was dropped
	// or given another type since makes the scan RequestOutdated: the caller binds its statement again.
	Bound uint64
	// Parallelism is how many goroutines may work on the scan; 0: the engine's default.
	Parallelism int
	// Lazy asks for no work before the first Next: the snapshot is taken at the call, and held, for a caller who has many regions to read
	// one after the other.
	Lazy bool `json:",omitempty"`
}

// Stream is the rows of a scan. Next and Close are called by one goroutine at a time.
type Stream interface {
	// Fields describe the columns of every batch.
	Fields() []model.Field
	// Next gives the next batch, never an empty one, valid until the following call of Next or Close; io.EOF at the end.
	Next(ctx context.Context) (*model.Batch, error)
	// Close ends the scan early or late, releases its snapshot, and waits for its goroutines.
	Close() error
	// Stats tells what the scan did so far; complete after io.EOF.
	Stats() ScanStats
}

// ScanStats is what a scan did, for EXPLAIN ANALYZE and metrics. Every pruning step has the count before and after.
type ScanStats struct {
	Memtables, MemtableRows        int64
	Files, FilesAfterTime          int64 // SSTs of the snapshot; those left after the time range
	RowGroups, RowGroupsAfterStats int64
	Series, SeriesAfterTags        int64
	RowsScanned, RowsMerged        int64 // rows looked at; rows that were compared one by one because sources overlapped
	RowsOut                        int64
	BytesRead                      int64 // from the object store
	Pages, BytesDecoded            int64 // pages of data files that were decompressed and decoded, and their bytes after the first
	CacheHits, CacheMisses         int64 // decoded column chunks
	Inverted, Bloom, Fulltext      IndexStats
	Elapsed                        map[string]time.Duration
}

// IndexStats is what one kind of index did for a scan: over the files that were asked, the rows and row groups that it was asked about
// and those that it left.
type IndexStats struct {
	Files                     int64 // files in which an index of the kind was asked
	Rows, RowsAfter           int64
	RowGroups, RowGroupsAfter int64
	BytesRead                 int64 // of index files, from the object store
	CacheHits, CacheMisses    int64 // of results, metadata and pages
	Failed                    int64 // indexes that could not be used; the rows were read instead
}

// Add adds what another scan, or part of one, did.
func (s *IndexStats) Add(o IndexStats) {
	s.Files += o.Files
	s.Rows += o.Rows
	s.RowsAfter += o.RowsAfter
	s.RowGroups += o.RowGroups
	s.RowGroupsAfter += o.RowGroupsAfter
	s.BytesRead += o.BytesRead
	s.CacheHits += o.CacheHits
	s.CacheMisses += o.CacheMisses
	s.Failed += o.Failed
}

// CompactRequest asks for a compaction of one region.
type CompactRequest struct {
	Region model.RegionID
	// Strict rewrites every file that crosses a bound between windows of Window (0: the region's), or shares a window with others, into
	// one sorted run a window; else the usual picker runs until it finds nothing.
	Strict bool
	Window time.Duration
	// TimeRange, in the unit of the time index, restricts the files to those that may have rows in it, and those that must be merged
	// together with them; nil: all.
	TimeRange *model.TimeRange
	// Parallelism is how many goroutines may merge; 0: 1.
	Parallelism int
}

// DropFilesRequest asks for the removal of data files.
type DropFilesRequest struct {
	Region model.RegionID
	Ranges []model.TimeRange // in the unit of the time index
}

// RegionStatistics describes an open region.
type RegionStatistics struct {
	ID            model.RegionID
	Rows          uint64 // of files and memtables, versions of a key counted singly
	DiskBytes     int64  // files and indexes
	MemtableBytes int64
	ManifestBytes int64
	SSTBytes      int64
	SSTFiles      int
	IndexBytes    int64
	Series        int64 // in the memtables
	ManifestVer   uint64
	WrittenBytes  uint64 // since open
	MinTime       int64
	MaxTime       int64 // inclusive; MinTime > MaxTime where there is no row
	Role          string
	// What queries took since open: time of their goroutines in scans, bytes from the object store.
	QueryTime  time.Duration
	QueryBytes uint64
	// CommittedSequence is above that of every row acknowledged, FlushedSequence above that of every row in files.
	CommittedSequence, FlushedSequence model.Sequence
	CompactionWindow                   time.Duration // in effect; 0: none yet
	Writable                           bool
	Options                            RegionOptions
	Deletions                          int // by predicate, that are not made real in all files yet
}

// RegionFile describes a data file of a region.
type RegionFile struct {
	Region           model.RegionID
	Dir              string // of the region, below the object store's root, with a slash at its end
	ID               string
	Path, IndexPath  string // keys in the object store; IndexPath is empty where there is no index
	Size, IndexSize  int64
	IndexVersion     uint64
	Indexes          []string // of columns in the index file: "{column id}/{kind}/{options}"
	Level            uint8
	Rows, RowGroups  int64
	Series           int64
	MinTime, MaxTime int64 // inclusive, in TimeUnit
	TimeUnit         model.TimeUnit
	MaxSequence      model.Sequence
	MinKey, MaxKey   []byte // sort keys of the first and the last series
}
