package sst

import (
	"hash/maphash"
	"io"
	"math"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// WriterOptions are a file's layout. Zero values mean the defaults.
type WriterOptions struct {
	RowGroupRows int // rows of a full row group; default 102,400
	PageRows     int // rows of a page, rounded up to a multiple of 64; default 8,192
	Indexes      IndexBuilding
}

const (
	defaultRowGroupRows = 102_400
	defaultPageRows     = 8_192
	// Byte columns of a row group end up in one slice with 32-bit offsets, when read. The row group ends before they are that long.
	maxGroupBytes = 256 << 20
	// Pages of long byte values have fewer rows, so that reading one row of a log does not mean decompressing megabytes.
	targetPageBytes = 1 << 20
	minPageRows     = 512
	// Rows are copied into the row group so many at a time, between looks at its size.
	appendStep = 8_192
)

// Writer makes one file. Append any number of batches, then Finish. It is used by one goroutine. After an error it is of no further
// use, and what reached the io.Writer is not a file.
type Writer struct {
	out    io.Writer
	offset int64
	schema *model.Schema
	opts   WriterOptions
	cols   []column
	enc    *encoder
	seed   maphash.Seed

	tags   *tagWriter
	runs   []groupRun // of the row group being filled
	fields []fieldBuffer
	time   []int64
	seq    []int64
	ops    []int64
	rows   int // in the row group being filled

	lastTime, lastSeq int64
	buf               []byte
	page              []byte
	tagVals           chunkValues // own memory, reused
	colVals           chunkValues // mostly memory of the gathered columns
	groups            []groupOut
	past              map[model.ColumnID]*pastChoice // per column
	indexes           *indexWriter                   // nil: none
	info              Info
}

// groupRun is a series of the row group: rows from Start to the next run's.
type groupRun struct {
	series uint32 // in the file's table
	start  int
}

// Info describes a finished file.
type Info struct {
	Rows             int
	Bytes            int64 // of the data file
	IndexBytes       int64 // of the index file beside it, where there is one
	RowGroups        int
	MinTime, MaxTime int64          // inclusive; MinTime > MaxTime where there is no row
	MinSeq, MaxSeq   model.Sequence // inclusive
	Series           int
	FirstKey         []byte // AppendKey of the first and last row's tags; nil where there is no row
	LastKey          []byte
	HasDeletes       bool
	Unique           bool // no two rows have the same series and time
	MaxGroupBytes    int64
	Columns          []ColumnInfo
	Table            *series.Table // the file's series
	Indexes          []string      // names of the indexes in the index file, see ColumnIndex
}

// ColumnInfo is how one column was stored.
type ColumnInfo struct {
	ID           model.ColumnID
	Name         string
	Type         model.Type
	Encodings    []string // those used, in order of first use
	Compressed   int64
	Uncompressed int64
}

// NewWriter begins a file of the schema on out. The caller owns out, and makes durable what was written to it.
func NewWriter(out io.Writer, schema *model.Schema, opts WriterOptions) (*Writer, error) {
	cols, err := layoutOf(schema)
	if err != nil {
		return nil, err
	}
	enc, err := newEncoder()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "zstd encoder")
	}
	if opts.RowGroupRows <= 0 {
		opts.RowGroupRows = defaultRowGroupRows
	}
	if opts.PageRows <= 0 {
		opts.PageRows = defaultPageRows
	}
	opts.PageRows = (opts.PageRows + 63) &^ 63
	w := &Writer{out: out, schema: schema, opts: opts, cols: cols, enc: enc, seed: maphash.MakeSeed(), info: Info{MinTime: math.MaxInt64, MaxTime: math.MinInt64, MinSeq: math.MaxUint64, Unique: true,
		Columns: make([]ColumnInfo, len(cols))}}
	w.tags = newTagWriter(schema, w.seed)
	w.indexes = newIndexWriter(schema, opts.Indexes)
	w.fields = make([]fieldBuffer, len(cols)-len(schema.PrimaryKey)-3)
	for i := range w.fields {
		w.fields[i].reset(w.cols[len(schema.PrimaryKey)+i].typ)
	}
	for i, c := range cols {
		w.info.Columns[i] = ColumnInfo{ID: c.id, Name: c.name, Type: c.typ}
	}
	return w, w.write([]byte(magic))
}

func (w *Writer) write(p []byte) error {
	n, err := w.out.Write(p)
	w.offset += int64(n)
	if err != nil {
		return errs.Wrap(errs.StorageUnavailable, err, "write sst")
	}
	return nil
}

// Rows is how many rows were appended so far.
func (w *Writer) Rows() int { return w.info.Rows }

// Size is how many bytes were written so far; rows still gathered are not among them.
func (w *Writer) Size() int64 { return w.offset }

// Append adds rows. A batch out of order, or whose columns do not fit the schema, is an error.
func (w *Writer) Append(b *Batch) error {
	if err := w.check(b); err != nil {
		return err
	}
	if err := w.tags.use(b.Table); err != nil {
		return err
	}
	w.indexes.add(b)
	run := 0
	for from := 0; from < b.Rows; {
		to := min(b.Rows, from+appendStep, from+w.opts.RowGroupRows-w.rows)
		for ; run < len(b.Runs) && b.Runs[run].Start < to; run++ {
			r := b.Runs[run]
			if err := w.appendRun(b, r.Series, from, max(from, r.Start), min(to, r.End)); err != nil {
				return err
			}
			if r.End > to {
				break
			}
		}
		if b.Ops == nil {
			for range to - from {
				w.ops = append(w.ops, int64(model.OpPut))
			}
		} else {
			w.ops = append(w.ops, b.Ops[from:to]...)
		}
		w.time = append(w.time, b.Time[from:to]...)
		w.seq = append(w.seq, b.Seq[from:to]...)
		gathered := 0
		for i := range w.fields {
			w.fields[i].append(w.seed, b.Fields[i], from, to)
			gathered = max(gathered, w.fields[i].bytes())
		}
		w.rows += to - from
		w.info.Rows += to - from
		from = to
		if w.rows == w.opts.RowGroupRows || gathered > maxGroupBytes {
			if err := w.flushGroup(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer) check(b *Batch) error {
	bad := func(format string, args ...any) error {
		return errs.New(errs.InvalidArguments, "sst batch: "+format, args...)
	}
	if len(b.Time) != b.Rows || len(b.Seq) != b.Rows || b.Ops != nil && len(b.Ops) != b.Rows {
		return bad("%d rows, but %d times, %d sequences, %d op types", b.Rows, len(b.Time), len(b.Seq), len(b.Ops))
	}
	if len(b.Fields) != len(w.fields) {
		return bad("%d fields, the schema has %d", len(b.Fields), len(w.fields))
	}
	for i, v := range b.Fields {
		c := &w.cols[len(w.schema.PrimaryKey)+i]
		if v != nil && (v.Len != b.Rows || v.Type != c.typ && v.Type.Kind != model.KindNull) {
			return bad("field %q is %d of %s, not %d of %s", c.name, v.Len, v.Type, b.Rows, c.typ)
		}
	}
	at := 0
	for _, r := range b.Runs {
		if r.Start != at || r.End <= r.Start || b.Table == nil || int(r.Series) >= b.Table.Len() {
			return bad("run %+v does not continue at row %d", r, at)
		}
		at = r.End
	}
	if at != b.Rows {
		return bad("runs end at row %d of %d", at, b.Rows)
	}
	return nil
}

// appendRun takes in the keys of rows [from, to) of the batch, all of one series; they will be rows w.rows+… of the row group.
func (w *Writer) appendRun(b *Batch, s uint32, step, from, to int) error {
	at := from - step
	id, fresh, err := w.tags.series(s, w.info.Rows+at)
	if err != nil {
		return err
	}
	if n := len(w.runs); n == 0 || w.runs[n-1].series != id {
		w.runs = append(w.runs, groupRun{series: id, start: w.rows + at})
	}
	prev, prevSeq := w.lastTime, uint64(w.lastSeq)
	lo, hi := uint64(w.info.MinSeq), uint64(w.info.MaxSeq)
	for i, t := range b.Time[from:to] {
		q := uint64(b.Seq[from+i])
		lo, hi = min(lo, q), max(hi, q)
		if t <= prev && !fresh {
			if t < prev || q > prevSeq {
				return errs.New(errs.InvalidArguments, "sst batch: row %d (time %d, sequence %d) sorts before the one before it (%d, %d)",
					from+i, t, q, prev, prevSeq)
			}
			w.info.Unique = false
		}
		prev, prevSeq, fresh = t, q, false
	}
	w.lastTime, w.lastSeq = prev, int64(prevSeq)
	w.info.MinSeq, w.info.MaxSeq = model.Sequence(lo), model.Sequence(hi)
	if b.Ops != nil && !w.info.HasDeletes {
		for _, op := range b.Ops[from:to] {
			if op != int64(model.OpPut) {
				w.info.HasDeletes = true
			}
		}
	}
	return nil
}
