package sst

import (
	"encoding/binary"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// chunkOut is what is known of a written column chunk.
type chunkOut struct {
	choice       choice
	dictOffset   int64 // 0: no dictionary
	dataOffset   int64
	uncompressed int64
	compressed   int64
	pages        []format.PageLocation
	bytes        []int64 // of byte columns without dictionary, per page: length of all values
	stats        []pageStat
	total        pageStat
}

// flushGroup writes the rows gathered as one row group.
func (w *Writer) flushGroup() error {
	if w.rows == 0 {
		return nil
	}
	w.info.MinTime = min(w.info.MinTime, slices.Min(w.time))
	w.info.MaxTime = max(w.info.MaxTime, slices.Max(w.time))
	out := make([]chunkOut, len(w.cols))
	uncompressed := int64(0)
	for i := range w.cols {
		vals, valid, nulls := w.columnValues(i)
		if err := w.writeChunk(&out[i], &w.cols[i], vals, valid, nulls); err != nil {
			return err
		}
		uncompressed += out[i].uncompressed
		c := &w.info.Columns[i]
		c.Compressed += out[i].compressed
		c.Uncompressed += out[i].uncompressed
		if name := out[i].choice.String(); !slices.Contains(c.Encodings, name) {
			c.Encodings = append(c.Encodings, name)
		}
	}
	w.info.MaxGroupBytes = max(w.info.MaxGroupBytes, uncompressed)
	w.groups = append(w.groups, groupOut{rows: w.rows, chunks: out})
	w.rows, w.runs = 0, w.runs[:0]
	w.time, w.seq, w.ops = w.time[:0], w.seq[:0], w.ops[:0]
	for i := range w.fields {
		w.fields[i].reset(w.cols[len(w.schema.PrimaryKey)+i].typ)
	}
	return nil
}

// String names the choice for people: the Parquet encoding, whether its bit widths are whole bytes, and how it was compressed.
func (c choice) String() string {
	name := c.enc.String()
	if c.aligned {
		name += "/8"
	}
	return name + " " + c.level.String()
}

// columnValues gives the gathered values of a column, without NULLs, valid until the next call.
func (w *Writer) columnValues(i int) (vals *chunkValues, valid model.Bitmap, nulls int) {
	tags := len(w.schema.PrimaryKey)
	if i < tags {
		valid, nulls = w.tags.gather(i, w.runs, w.rows, &w.tagVals)
		return &w.tagVals, valid, nulls
	}
	v := &w.colVals
	switch i - len(w.cols) + 3 {
	case 0:
		*v = chunkValues{n: w.rows, ints: w.time}
		return v, nil, 0
	case 1:
		*v = chunkValues{n: w.rows, ints: w.seq}
		return v, nil, 0
	case 2:
		*v = chunkValues{n: w.rows, ints: w.ops}
		return v, nil, 0
	}
	f := &w.fields[i-tags]
	*v = chunkValues{n: w.rows - f.nulls}
	switch f.v.Type.Class() {
	case model.ClassBool:
		v.bools = compact(f.v.Bools, f.v.Valid, f.nulls)
	case model.ClassInt:
		v.ints = compact(f.v.Ints, f.v.Valid, f.nulls)
	case model.ClassFloat:
		v.floats = compact(f.v.Floats, f.v.Valid, f.nulls)
	case model.ClassDecimal:
		v.decs = compact(f.v.Decimals, f.v.Valid, f.nulls)
	case model.ClassBytes:
		if !f.plain && f.dict.Len() > 2*v.n/3 {
			f.goPlain()
		}
		if f.plain {
			v.offsets, v.data = compactBytes(&f.v, f.nulls)
			break
		}
		v.values = &f.dict.Dict
		v.codes = make([]int32, 0, v.n)
		for r, c := range f.codes {
			if f.nulls == 0 || f.v.Valid.Get(r) {
				v.codes = append(v.codes, int32(c))
			}
		}
	}
	if f.nulls == 0 {
		return v, nil, 0
	}
	return v, f.v.Valid, f.nulls
}

// compact leaves NULLs out.
func compact[T any](v []T, valid model.Bitmap, nulls int) []T {
	if nulls == 0 {
		return v
	}
	out := make([]T, 0, len(v)-nulls)
	for i, x := range v {
		if valid.Get(i) {
			out = append(out, x)
		}
	}
	return out
}

func compactBytes(v *model.Vector, nulls int) (offsets []uint32, data []byte) {
	if nulls == 0 {
		return v.Offsets, v.Data
	}
	offsets = make([]uint32, 1, v.Len-nulls+1)
	for i := range v.Len {
		if v.Valid.Get(i) {
			data = append(data, v.Data[v.Offsets[i]:v.Offsets[i+1]]...)
			offsets = append(offsets, uint32(len(data)))
		}
	}
	return offsets, data
}

// pageRows is how many rows the pages of a chunk have.
func (w *Writer) pageRows(id model.ColumnID, vals *chunkValues) int {
	n := w.opts.PageRows
	// Of a column with filters, a segment is read as a whole or not at all: it shall not reach into pages of its neighbours.
	if g := w.indexes.segment(id); g > n && g%((g+n-1)/n*64) == 0 {
		n = g / ((g + n - 1) / n)
	}
	for n >= 2*minPageRows && len(vals.data)/w.rows*n > targetPageBytes {
		n = (n/2 + 63) &^ 63
	}
	return n
}

// rechooseGroups is how many row groups the encoding of a column of numbers serves before it is chosen anew: rows of one file are alike, and
// to try all encodings costs a sixth of writing.
const rechooseGroups = 4

// pastChoice is the encoding that was chosen for a column.
type pastChoice struct {
	choice
	groups int // that it serves still
}

// chosen is how the values are encoded. A dictionary belongs to its row group, so it is weighed each time.
func (w *Writer) chosen(c *column, vals *chunkValues) (choice, error) {
	if w.past == nil {
		w.past = map[model.ColumnID]*pastChoice{}
	}
	past := w.past[c.id]
	if past == nil {
		past = &pastChoice{}
		w.past[c.id] = past
	}
	if past.groups > 0 && vals.values == nil && vals.n > 0 {
		past.groups--
		return past.choice, nil
	}
	ch, err := w.enc.choose(c, vals)
	past.choice, past.groups = ch, rechooseGroups-1
	if ch.enc == format.RLEDictionary || vals.n < sampleValues {
		past.groups = 0
	}
	return ch, err
}

func (w *Writer) writeChunk(out *chunkOut, c *column, vals *chunkValues, valid model.Bitmap, nulls int) error {
	ch, err := w.chosen(c, vals)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "encode column %q", c.name)
	}
	*out = chunkOut{choice: ch}
	begin := w.offset
	w.buf = w.buf[:0]
	if ch.enc == format.RLEDictionary {
		body, n := vals.dict, vals.dictLen
		if c.phys == physBytes {
			body, n = plainBytes(vals.values), vals.values.Len()
		}
		size := 0
		w.buf, size = w.enc.dictPage(w.buf, body, n)
		out.uncompressed += int64(size)
		out.dictOffset = begin
	}
	out.dataOffset = begin + int64(len(w.buf))
	pageRows := w.pageRows(c.id, vals)
	at := 0
	for from := 0; from < w.rows; from += pageRows {
		to := min(from+pageRows, w.rows)
		n := to - from
		if valid != nil {
			n = valid.Count(to) - valid.Count(from)
		}
		body := w.page[:0]
		if c.optional {
			body = appendLevels(body, valid, from, to)
		}
		lead := len(body)
		if body, err = w.enc.values(body, c, ch, vals, at, at+n); err != nil {
			return errs.Wrap(errs.Internal, err, "encode column %q", c.name)
		}
		w.page = body
		loc := format.PageLocation{Offset: begin + int64(len(w.buf)), FirstRowIndex: int64(from)}
		size := 0
		w.buf, size = w.enc.page(w.buf, body, ch, to-from, lead, n, false)
		loc.CompressedPageSize = int32(begin + int64(len(w.buf)) - loc.Offset)
		out.pages = append(out.pages, loc)
		out.uncompressed += int64(size)
		if vals.offsets != nil {
			out.bytes = append(out.bytes, int64(vals.offsets[at+n]-vals.offsets[at]))
		}
		s := statOf(c, vals, at, at+n)
		s.nulls = to - from - n
		out.stats = append(out.stats, s)
		at += n
	}
	out.compressed = int64(len(w.buf))
	out.total = mergeStats(c, out.stats)
	return w.write(w.buf)
}

// plainBytes is a dictionary page of byte values.
func plainBytes(d *model.Dict) []byte {
	dst := make([]byte, 0, len(d.Data)+4*d.Len())
	for i := range d.Len() {
		x := d.At(uint32(i))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(x)))
		dst = append(dst, x...)
	}
	return dst
}
