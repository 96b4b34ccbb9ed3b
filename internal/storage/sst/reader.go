package sst

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/cache"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// Blob is the bytes of one immutable file. objectstore.Reader is one.
type Blob interface {
	// ReadRange fills p from offset off; an error whenever it reads less. Safe for concurrent use.
	ReadRange(ctx context.Context, p []byte, off int64) (int, error)
	// Size is the length of the file in bytes.
	Size() int64
}

// ReaderOptions are what a Reader stands on. Log and Registerer may be nil.
type ReaderOptions struct {
	Budget     *budget.Budget
	Metrics    *cache.Metrics
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Index      IndexOptions
}

// Reader opens files and keeps what was decoded of them: footers, series tables, column chunks. One serves a whole engine.
type Reader struct {
	log     *slog.Logger
	metas   *cache.Cache[string, *fileMeta]
	tables  *cache.Cache[string, *series.Table]
	chunks  *cache.Cache[chunkKey, *chunk]
	zstd    *zstd.Decoder
	scratch sync.Pool // *scratch
	lent    lentMemory
	rebuilt prometheus.Counter
	indexes *indexCaches
}

// chunkKey names a decoded column chunk: of a file, as values of a type.
type chunkKey struct {
	file   string
	group  int
	column model.ColumnID
	typ    model.Type
	part   int // zero; else one more than the number of a part of the chunk, of which there is no entry, only a count of its uses
}

// NewReader makes a Reader. Close it when no scan is left.
func NewReader(o ReaderOptions) (*Reader, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = cache.NewMetrics(nil)
	}
	// Pages carry a checksum that is verified before they are decompressed; the second one, inside, is for readers that ignore it.
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.IgnoreChecksum(true), zstd.WithDecoderMaxMemory(1<<32))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "zstd decoder")
	}
	total := o.Budget.Total()
	r := &Reader{log: o.Log, zstd: dec,
		metas:  cache.New[string, *fileMeta]("sst_meta", o.Budget, total/16, o.Metrics),
		tables: cache.New[string, *series.Table]("series", o.Budget, total/16, o.Metrics),
		chunks: cache.New[chunkKey, *chunk]("page", o.Budget, total/4, o.Metrics),
		rebuilt: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_mito_sst_series_rebuilt_total",
			Help: "Series tables of files that were rebuilt from their tag columns because the index file could not be used"}),
	}
	r.indexes = newIndexCaches(o.Index, o.Budget, o.Metrics, o.Registerer)
	r.scratch.New = func() any { return &scratch{} }
	if o.Registerer != nil {
		o.Registerer.MustRegister(r.rebuilt)
	}
	return r, nil
}

// Close frees the decoder.
func (r *Reader) Close() { r.zstd.Close() }

// Keep puts the series table of a file that was just written into the cache, so that the first scan need not read it.
func (r *Reader) Keep(name string, t *series.Table) { r.tables.Add(name, t, t.Bytes()) }

// Forget drops what is cached of a file, after it was deleted.
func (r *Reader) Forget(name string) {
	r.metas.Remove(name)
	r.tables.Remove(name)
	r.chunks.RemoveIf(func(k chunkKey) bool { return k.file == name })
}

// ForgetIndex drops what is cached of an index file, after it was deleted or nobody reads it any more.
func (r *Reader) ForgetIndex(name string) { r.indexes.forget(name) }

// File is an opened file: immutable, shared, safe for concurrent use.
type File struct {
	r     *Reader
	name  string
	blob  Blob
	index atomic.Pointer[indexFile] // nil: there is none
	meta  *fileMeta
	mu    sync.Mutex // of building the series table
}

// Open reads a file's footer and page index, or finds them in the cache. name must be unique for ever (a path with the file's uuid): it
// is the key of all caches, and what errors and EXPLAIN call the file. index opens the index file beside it; nil where there is none. What
// it gives is closed after use if it is an io.Closer.
// The caller keeps blob open as long as views of the file are in use.
func (r *Reader) Open(ctx context.Context, name string, blob Blob, index func(context.Context) (Blob, error)) (*File, error) {
	m, ok := r.metas.Get(name)
	if !ok {
		var err error
		if m, err = readMeta(ctx, name, blob); err != nil {
			return nil, err
		}
		m = r.metas.Add(name, m, m.bytes())
	}
	f := &File{r: r, name: name, blob: blob, meta: m}
	if index != nil {
		f.index.Store(&indexFile{name: name + "#index", open: index})
	}
	return f, nil
}

// Name is the name that the file was opened by.
func (f *File) Name() string { return f.name }

// Schema is the schema that the file was written with.
func (f *File) Schema() *model.Schema { return f.meta.schema }

// Info describes the file, without Table and columns' encodings.
func (f *File) Info() Info {
	m := f.meta
	return Info{Rows: m.rows, Bytes: f.blob.Size(), RowGroups: len(m.groups), MinTime: m.info.MinTime, MaxTime: m.info.MaxTime,
		MinSeq: m.info.MinSeq, MaxSeq: m.info.MaxSeq, Series: m.info.Series, FirstKey: m.info.FirstKey, LastKey: m.info.LastKey,
		HasDeletes: m.info.HasDeletes, Unique: m.info.Unique}
}

// Stats count what views of files did for one scan. The zero value is ready; nil counts nothing.
type Stats struct {
	BytesRead    atomic.Int64 // from files
	Pages        atomic.Int64 // decoded
	BytesDecoded atomic.Int64 // of these pages, decompressed
	Hits, Misses atomic.Int64 // of decoded column chunks: a miss had to decode at least one page

	Inverted, Bloom, Fulltext IndexCounters // what the steps of indexes did
}

// readRange reads n bytes. A file that is shorter than its footer says is damaged; any other failure is the store's.
func readRange(ctx context.Context, name string, b Blob, off int64, n int) ([]byte, error) {
	return readInto(ctx, nil, name, b, off, n)
}

// readInto is readRange into memory that may be reused; it gives what it used.
func readInto(ctx context.Context, p []byte, name string, b Blob, off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off+int64(n) > b.Size() {
		return p, corrupt(name, off, fmt.Errorf("%d bytes are wanted of a file of %d", n, b.Size()))
	}
	if cap(p) < n+readPadding {
		p = make([]byte, n, n+readPadding)
	}
	p = p[:n]
	if _, err := b.ReadRange(ctx, p, off); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return p, corrupt(name, off, err)
		}
		if errs.CodeOf(err) == errs.Internal {
			err = errs.Wrap(errs.StorageUnavailable, err, "read sst %s", name)
		}
		return p, err
	}
	return p, nil
}

// readPadding is room behind bytes that are handed to decoders: with it they need not copy the end.
const readPadding = 64
