package memtable

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// Options are a memtable's sizes. Zero values mean the defaults.
type Options struct {
	// Window is the width of the slots of time that are flushed apart, in the unit of the time index. Zero: one slot holds all times.
	Window int64
	// ChunkRows is how many rows are sorted together, a power of two of at most 65,536. Larger means fewer sources to merge in a scan, smaller
	// means less sorting for the first query after a write. Zero: 65,536.
	ChunkRows int
}

const (
	maxChunkBits = 16
	// firstRoom is the rows that the first chunk of a window has room for at once: many windows and memtables stay small.
	firstRoom = 64
	// laterRoom is the same for chunks that follow a full one.
	laterRoom = 1 << 14
)

// Memtable holds rows of one region. One goroutine at a time calls Write, Alter and Freeze; everything else may be called by anyone at any time.
type Memtable struct {
	id   uint64
	opts Options

	// Of the writer alone.
	dict    *dictionary
	scratch scratch
	serial  uint64 // of the write going on

	ordering atomic.Pointer[ordering] // the newest one; nil until a sort needed it
	orderMu  sync.Mutex               // held while an ordering is made
	groups   atomic.Pointer[groups]   // nil until one value of the leading tag was asked for
	cached   atomic.Int64             // bytes of sorted views, less what they replaced

	state atomic.Pointer[tagState] // of the dictionary after the last write; replaced by the writer

	mu      sync.Mutex
	schema  *model.Schema
	windows map[int64]*window
	last    *window // the one written to last
	frozen  bool
	rows    int
	minT    int64
	maxT    int64
	minSeq  model.Sequence
	maxSeq  model.Sequence
	deletes bool
	bytes   int64 // of rows as written
	// dictBytes is what the dictionary holds, after the last write.
	dictBytes int64
}

// window is the chunks of one slot of time. The memtable's lock guards it.
type window struct {
	slot  int64
	full  []*run
	chunk *chunk // being appended to; nil: none yet
	bytes int64  // of chunk, as counted in the memtable's bytes
}

// New makes an empty memtable. id is for names in EXPLAIN and errors.
func New(id uint64, schema *model.Schema, opts Options) (*Memtable, error) {
	if opts.ChunkRows == 0 {
		opts.ChunkRows = 1 << maxChunkBits
	}
	if opts.ChunkRows < 1 || opts.ChunkRows > 1<<maxChunkBits || opts.ChunkRows&(opts.ChunkRows-1) != 0 || opts.Window < 0 {
		return nil, errs.New(errs.InvalidArguments, "memtable options: %d rows a chunk, window %d", opts.ChunkRows, opts.Window)
	}
	tags, types := series.TagsOf(schema)
	m := &Memtable{id: id, opts: opts, dict: newDictionary(tags, types), schema: schema, windows: map[int64]*window{},
		minT: math.MaxInt64, maxT: math.MinInt64, minSeq: math.MaxUint64}
	m.state.Store(m.dict.state())
	m.dictBytes = m.dict.bytes()
	return m, nil
}

// Alter gives later writes another schema. Tags may only be added, at the end of the key. Rows so far have the new columns' defaults.
func (m *Memtable) Alter(schema *model.Schema) error {
	tags, types := series.TagsOf(schema)
	if n := len(m.dict.tags); len(tags) < n || !slices.Equal(tags[:n], m.dict.tags) || !slices.Equal(types[:n], m.dict.types) {
		return errs.New(errs.InvalidArguments, "the key %v does not begin with the present one, %v", tags, m.dict.tags)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.frozen {
		return errs.New(errs.IllegalState, "memtable %d is frozen", m.id)
	}
	for _, w := range m.windows { // a chunk has one schema
		m.closeLocked(w)
	}
	m.dict.addTags(tags, types)
	m.schema, m.dictBytes = schema, m.dict.bytes()
	m.state.Store(m.dict.state())
	return nil
}

// Freeze ends writing. It may be called again.
func (m *Memtable) Freeze() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frozen = true
	for _, w := range m.windows {
		m.closeLocked(w)
	}
}

// closeLocked makes the chunk that w appends to a run. m.mu held.
func (m *Memtable) closeLocked(w *window) {
	c := w.chunk
	if c == nil || c.rows == 0 {
		return
	}
	r := c.freeze(m, 0, c.rows, true)
	w.full = append(w.full, r)
	m.bytes += r.rawBytes() - w.bytes
	for _, b := range c.blocks {
		m.forgetLocked(b)
	}
	m.forgetLocked([]*run{c.tail})
	w.chunk, w.bytes = nil, 0
}

// forgetLocked drops runs, nil ones included, that no later snapshot will have. m.mu held.
func (m *Memtable) forgetLocked(runs []*run) {
	for _, r := range runs {
		if r != nil {
			r.forget()
		}
	}
}

// ID is the number given to New.
func (m *Memtable) ID() uint64 { return m.id }

// String names the memtable in EXPLAIN and errors.
func (m *Memtable) String() string { return fmt.Sprintf("memtable %d", m.id) }

// Stats describes a memtable.
type Stats struct {
	Rows    int
	Series  int
	Windows int
	// Bytes is the memory held: rows as written, the series dictionary, and sorted views made for queries.
	Bytes            int64
	MinTime, MaxTime int64 // inclusive; MinTime > MaxTime where there is no row
	MinSeq, MaxSeq   model.Sequence
	Deletes          bool // some row is a tombstone
}

// Stats is the memtable now. It is cheap.
func (m *Memtable) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Stats{Rows: m.rows, Series: m.state.Load().n, Windows: len(m.windows), Bytes: m.bytes + m.dictBytes + m.cached.Load(), MinTime: m.minT, MaxTime: m.maxT,
		MinSeq: m.minSeq, MaxSeq: m.maxSeq, Deletes: m.deletes}
}

// Bytes is Stats().Bytes.
func (m *Memtable) Bytes() int64 { return m.Stats().Bytes }

// SeriesCount is Stats().Series.
func (m *Memtable) SeriesCount() int { return m.Stats().Series }

// Rows is Stats().Rows.
func (m *Memtable) Rows() int { return m.Stats().Rows }
