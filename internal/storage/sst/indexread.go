package sst

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/index"
	"github.com/goptimedb/goptimedb/internal/index/puffin"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/storage/cache"
)

// IndexOptions say which indexes a Reader uses, and what it keeps of them. Zero values mean the defaults.
type IndexOptions struct {
	NoInverted, NoSkipping, NoFulltext bool  // leave out the steps of these kinds
	MetadataBytes                      int64 // of opened indexes; default 64 MiB, at most a 32nd of the budget
	ContentBytes                       int64 // of their pages; default 128 MiB, at most a 16th
	ResultBytes                        int64 // of answers; default 128 MiB, at most a 16th
	PageBytes                          int64 // of a page; default 64 KiB
}

// indexCaches is what a Reader keeps of index files, for all files.
type indexCaches struct {
	opts    IndexOptions
	opened  *cache.Cache[indexKey, *openIndex]
	pages   *cache.Cache[indexPage, []byte]
	answers *cache.Cache[answerKey, *answer]

	elapsed *prometheus.HistogramVec
	bytes   prometheus.Counter
	failed  *prometheus.CounterVec
}

// indexKey names an index of a file; kind 0 is the index file itself.
type indexKey struct {
	file   string
	column model.ColumnID
	kind   index.Kind
}

type indexPage struct {
	file string
	page int64
}

type answerKey struct {
	indexKey
	leaf string // the comparison, spelled out without ambiguity
}

// answer is what an index said of a comparison.
type answer struct {
	rows index.Rows
	ok   bool
}

// openIndex is an index file's footer, or an index ready to be searched, or why there is none.
type openIndex struct {
	file   *puffin.File
	reader index.Reader // nil: the file has no such index
	err    error        // damaged or missing for good
}

func newIndexCaches(o IndexOptions, b *budget.Budget, m *cache.Metrics, reg prometheus.Registerer) *indexCaches {
	soft := func(v, def, share int64) int64 {
		if v > 0 {
			return v
		}
		return min(def, b.Total()/share)
	}
	if o.PageBytes <= 0 {
		o.PageBytes = 64 << 10
	}
	c := &indexCaches{opts: o,
		opened:  cache.New[indexKey, *openIndex]("index_metadata", b, soft(o.MetadataBytes, 64<<20, 32), m),
		pages:   cache.New[indexPage, []byte]("index_content", b, soft(o.ContentBytes, 128<<20, 16), m),
		answers: cache.New[answerKey, *answer]("index_result", b, soft(o.ResultBytes, 128<<20, 16), m),
		elapsed: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "greptime_index_apply_elapsed", Help: "Seconds that searching indexes of one file took, by kind.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 4, 9)}, []string{"type"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_index_io_bytes_total", Help: "Bytes read of index files."}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_index_apply_failures_total",
			Help: "Indexes that were missing or damaged; the rows were read instead. By kind."}, []string{"type"}),
	}
	if reg != nil {
		reg.MustRegister(c.elapsed, c.bytes, c.failed)
	}
	return c
}

func (c *indexCaches) forget(file string) {
	c.opened.RemoveIf(func(k indexKey) bool { return k.file == file })
	c.pages.RemoveIf(func(k indexPage) bool { return k.file == file })
	c.answers.RemoveIf(func(k answerKey) bool { return k.file == file })
}

// uses reports whether the step of a kind is on.
func (c *indexCaches) uses(k index.Kind) bool {
	switch k {
	case index.Inverted:
		return !c.opts.NoInverted
	case index.Skipping:
		return !c.opts.NoSkipping
	}
	return !c.opts.NoFulltext
}

// indexFile is the index file beside a data file.
type indexFile struct {
	name    string // unique for ever
	version uint64
	open    func(context.Context) (Blob, error)
	told    atomic.Bool // the log has heard that it cannot be used

	mu   sync.Mutex
	blob Blob // opened when first needed, closed with the data file
}

func (x *indexFile) opened(ctx context.Context) (Blob, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.blob == nil {
		b, err := x.open(ctx)
		if err != nil {
			return nil, err
		}
		x.blob = b
	}
	return x.blob, nil
}

func (x *indexFile) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	c, ok := x.blob.(interface{ Close() error })
	x.blob = nil
	if ok {
		return c.Close()
	}
	return nil
}

// indexBytes is the bytes of an index file, through the cache of pages.
type indexBytes struct {
	c    *indexCaches
	x    *indexFile
	size int64
}

// maxPageRun is how many missing pages are read at once.
const maxPageRun = 64

// Size is puffin.Source's.
func (b *indexBytes) Size() int64 { return b.size }

// ReadRange is puffin.Source's.
func (b *indexBytes) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		pages, err := b.pages(ctx, off+int64(n), off+int64(len(p)))
		if err != nil {
			return n, err
		}
		for _, page := range pages {
			n += copy(p[n:], page[(off+int64(n))%b.c.opts.PageBytes:])
		}
	}
	return n, nil
}

// pages gives the page that from is in, and if it had to be read those after it that were read with it, up to the byte before to.
func (b *indexBytes) pages(ctx context.Context, from, to int64) ([][]byte, error) {
	width := b.c.opts.PageBytes
	first, last := from/width, (to-1)/width
	st := countersOf(ctx)
	if page, ok := b.c.pages.Get(indexPage{b.x.name, first}); ok {
		st.hits.Add(1)
		return [][]byte{page}, nil
	}
	end := first + 1
	for end <= last && end-first < maxPageRun {
		if _, ok := b.c.pages.Get(indexPage{b.x.name, end}); ok {
			break
		}
		end++
	}
	st.misses.Add(end - first)
	blob, err := b.x.opened(ctx)
	if err != nil {
		return nil, err
	}
	start, stop := first*width, min(end*width, b.size)
	buf := make([]byte, stop-start)
	if _, err := blob.ReadRange(ctx, buf, start); err != nil {
		return nil, err
	}
	st.bytes.Add(int64(len(buf)))
	b.c.bytes.Add(float64(len(buf)))
	var out [][]byte
	for no := first; no < end; no++ {
		page := buf
		if end-first > 1 { // on their own, so that each can be forgotten alone
			page = append([]byte(nil), buf[(no-first)*width:min((no-first+1)*width, int64(len(buf)))]...)
		}
		out = append(out, b.c.pages.Add(indexPage{b.x.name, no}, page, int64(len(page))+64))
	}
	return out, nil
}

// indexBlob is one blob of an index file.
type indexBlob struct {
	*indexBytes
	from, n int64
}

// Size is index.Blob's.
func (b indexBlob) Size() int64 { return b.n }

// ReadAt is index.Blob's.
func (b indexBlob) ReadAt(ctx context.Context, off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off > b.n || n > b.n-off {
		return nil, &index.CorruptError{Offset: off, Err: fmt.Errorf("%d bytes are wanted of a blob of %d", n, b.n)}
	}
	if n == 0 {
		return nil, nil
	}
	at := b.from + off
	if width := b.c.opts.PageBytes; at/width == (at+n-1)/width {
		pages, err := b.pages(ctx, at, at+n)
		if err != nil {
			return nil, err
		}
		i := at % width
		if i+n > int64(len(pages[0])) {
			return nil, &index.CorruptError{Offset: off, Err: errDamaged}
		}
		return pages[0][i : i+n : i+n], nil
	}
	p := make([]byte, n)
	_, err := b.ReadRange(ctx, p, at)
	return p, err
}

// IndexCounters count what the indexes of one kind did for a scan.
type IndexCounters struct {
	files, rows, rowsAfter, groups, groupsAfter, bytes, hits, misses, failed atomic.Int64
}

// Get is the counts so far.
func (c *IndexCounters) Get() contract.IndexStats {
	return contract.IndexStats{Files: c.files.Load(), Rows: c.rows.Load(), RowsAfter: c.rowsAfter.Load(), RowGroups: c.groups.Load(),
		RowGroupsAfter: c.groupsAfter.Load(), BytesRead: c.bytes.Load(), CacheHits: c.hits.Load(), CacheMisses: c.misses.Load(), Failed: c.failed.Load()}
}

// Readers of indexes are shared by scans. The counters of the one that reads come with its context.
type countersKey struct{}

func countersOf(ctx context.Context) *IndexCounters {
	if c, ok := ctx.Value(countersKey{}).(*IndexCounters); ok {
		return c
	}
	return &IndexCounters{}
}

// search asks the index of a kind of a column. ok is false where there is none, or it cannot tell; an error ends the scan.
func (f *File) search(ctx context.Context, x *indexFile, kind index.Kind, leaf *model.Expr) (rows index.Rows, ok bool, err error) {
	c := f.r.indexes
	key := answerKey{indexKey{x.name, leaf.Column, kind}, leafKey(leaf)}
	st := countersOf(ctx)
	if a, ok := c.answers.Get(key); ok {
		st.hits.Add(1)
		return a.rows, a.ok, nil
	}
	rows, ok, err = f.ask(ctx, x, key.indexKey, leaf)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		st.failed.Add(1)
		c.failed.WithLabelValues(kind.String()).Inc()
		if !x.told.Swap(true) {
			f.r.log.Warn("an index cannot be used, rows are read instead; ADMIN build_index makes it anew", "file", x.name, "column", leaf.Column, "kind", kind.String(), "err", err)
		}
		return nil, false, nil
	}
	c.answers.Add(key, &answer{rows, ok}, int64(len(rows)*16+len(key.leaf)+len(x.name)+128))
	return rows, ok, nil
}

func (f *File) ask(ctx context.Context, x *indexFile, key indexKey, leaf *model.Expr) (rows index.Rows, ok bool, err error) {
	defer func() {
		if p := recover(); p != nil { // a decoder over damaged bytes
			err = corrupt(x.name, 0, fmt.Errorf("decoder: %v", p))
		}
	}()
	o, err := f.openedIndex(ctx, x, key)
	if err != nil || o.reader == nil {
		return nil, false, err
	}
	got, _, ok, err := o.reader.Search(ctx, leaf)
	if err != nil || !ok {
		return nil, false, err
	}
	last := 0
	for _, r := range got {
		if r.Start < last || r.End <= r.Start || r.End > f.meta.rows {
			return nil, false, corrupt(x.name, 0, fmt.Errorf("the index names rows [%d,%d) of %d", r.Start, r.End, f.meta.rows))
		}
		last = r.End
	}
	return got, true, nil
}

// openedIndex opens an index, or finds it in the cache: also that there is none, or that it is damaged.
func (f *File) openedIndex(ctx context.Context, x *indexFile, key indexKey) (*openIndex, error) {
	c := f.r.indexes
	if o, ok := c.opened.Get(key); ok {
		return o, o.err
	}
	o, size := &openIndex{}, int64(256)
	if key.kind == 0 {
		blob, err := x.opened(ctx)
		if err == nil {
			o.file, err = puffin.Open(ctx, &indexBytes{c, x, blob.Size()})
		}
		if err != nil {
			if !lasting(err) {
				return nil, err
			}
			o.err = err
		} else {
			size += int64(512 * len(o.file.Blobs()))
		}
		return c.opened.Add(key, o, size), o.err
	}
	root, err := f.openedIndex(ctx, x, indexKey{file: x.name})
	if err != nil {
		return nil, err
	}
	blob, err := root.file.Find(key.kind.BlobType(), uint32(key.column))
	if err == nil {
		b, err := x.opened(ctx)
		if err != nil {
			return nil, err
		}
		o.reader, err = index.Open(ctx, key.kind, indexBlob{&indexBytes{c, x, b.Size()}, blob.Offset, blob.Length})
		switch {
		case err == nil && o.reader.Rows() != f.meta.rows:
			o.reader, o.err = nil, corrupt(x.name, blob.Offset, fmt.Errorf("the index is of %d rows, the file has %d", o.reader.Rows(), f.meta.rows))
		case err == nil:
			size += o.reader.MemoryBytes()
		case !lasting(err):
			return nil, err
		default:
			o.reader, o.err = nil, err
		}
	}
	return c.opened.Add(key, o, size), o.err
}

// lasting reports a fault that trying again does not mend: damage, or a file that is gone.
func lasting(err error) bool {
	var a *index.CorruptError
	var b *puffin.CorruptError
	var c *CorruptError
	return errors.As(err, &a) || errors.As(err, &b) || errors.As(err, &c) || errors.Is(err, objectstore.ErrNotFound)
}

// leafKey spells out a comparison so that no two different ones are alike.
func leafKey(e *model.Expr) string {
	b := []byte{byte(e.Op)}
	for _, a := range e.Args { // bounds of a range
		k := leafKey(a)
		b = binary.AppendUvarint(b, uint64(len(k)))
		b = append(b, k...)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Pattern)))
	b = append(b, e.Pattern...)
	for _, v := range e.Values {
		b = append(b, byte(v.Type.Kind), byte(v.Type.Unit), v.Type.Precision, v.Type.Scale)
		switch v.Type.Class() {
		case model.ClassBool:
			b = append(b, 0)
			if v.Bool {
				b[len(b)-1] = 1
			}
		case model.ClassInt:
			b = binary.LittleEndian.AppendUint64(b, uint64(v.Int))
		case model.ClassFloat:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Float))
		case model.ClassDecimal:
			b = binary.LittleEndian.AppendUint64(b, uint64(v.Decimal.Hi))
			b = binary.LittleEndian.AppendUint64(b, v.Decimal.Lo)
		case model.ClassInterval:
			b = binary.LittleEndian.AppendUint32(b, uint32(v.Interval.Months))
			b = binary.LittleEndian.AppendUint32(b, uint32(v.Interval.Days))
			b = binary.LittleEndian.AppendUint64(b, uint64(v.Interval.Nanos))
		default:
			b = binary.AppendUvarint(b, uint64(len(v.Bytes)))
			b = append(b, v.Bytes...)
		}
	}
	return string(b)
}
