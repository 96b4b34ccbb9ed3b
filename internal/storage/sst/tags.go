package sst

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// byteDict codes byte values by the order of their first appearance.
type byteDict struct {
	model.Dict
	index  []uint32 // open addressing, code + 1
	hashes []uint64 // of the values that the index has: the first ones, see appendNew
}

func (d *byteDict) reset() {
	d.Dict = model.Dict{Offsets: append(d.Offsets[:0], 0), Data: d.Data[:0]}
	clear(d.index)
	d.hashes = d.hashes[:0]
}

// appendNew adds a value that the caller knows to be new. It is put into the index when somebody looks for a value, if ever: most files come
// of one series table, whose values are distinct, and hashing a million of them would take longer than all else that is done with them.
func (d *byteDict) appendNew(x []byte) uint32 { return d.Append(x) }

// code is the code of a value, which is added if new.
func (d *byteDict) code(seed maphash.Seed, x []byte) uint32 {
	for c := len(d.hashes); c < d.Len(); c++ {
		if 2*len(d.hashes) >= len(d.index) {
			d.grow()
		}
		h := maphash.Bytes(seed, d.At(uint32(c)))
		mask := uint64(len(d.index) - 1)
		i := h & mask
		for d.index[i] != 0 {
			i = (i + 1) & mask
		}
		d.hashes, d.index[i] = append(d.hashes, h), uint32(c+1)
	}
	if 2*len(d.hashes) >= len(d.index) {
		d.grow()
	}
	h := maphash.Bytes(seed, x)
	mask := uint64(len(d.index) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		c := d.index[i]
		if c == 0 {
			c = d.Append(x)
			d.hashes = append(d.hashes, h)
			d.index[i] = c + 1
			return c
		}
		if d.hashes[c-1] == h && bytes.Equal(d.At(c-1), x) {
			return c - 1
		}
	}
}

func (d *byteDict) grow() {
	d.index = make([]uint32, max(256, 2*len(d.index)))
	mask := uint64(len(d.index) - 1)
	for c, h := range d.hashes {
		i := h & mask
		for d.index[i] != 0 {
			i = (i + 1) & mask
		}
		d.index[i] = uint32(c + 1)
	}
}

// tagWriter gathers the series of the file: dictionaries of all tag values, and each series' codes in them.
type tagWriter struct {
	ids   []model.ColumnID
	types []model.Type
	dicts []byteDict
	codes [][]uint32 // per tag, per series: 0 is NULL, k is value k-1
	start []uint32   // per series: its first row
	seed  maphash.Seed

	cur     *tagRemap
	remaps  map[*series.Table]*tagRemap
	several bool // series of more than one table came
	scratch []uint32
}

// tagRemap takes the codes of a batch's table to the file's.
type tagRemap struct {
	table *series.Table
	last  uint32     // the series of the table that was last asked for …
	id    uint32     // … and its number in the file; valid while it is the file's newest
	codes [][]uint32 // per tag, per table code: file code + 1; 0 is not known yet
}

// keptRemaps bounds how many tables are remembered: a merge alternates between those of its sources.
const keptRemaps = 64

func newTagWriter(s *model.Schema, seed maphash.Seed) *tagWriter {
	t := &tagWriter{ids: slices.Clone(s.PrimaryKey), seed: seed, remaps: map[*series.Table]*tagRemap{}}
	for _, c := range s.Tags() {
		t.types = append(t.types, c.Type)
	}
	t.dicts = make([]byteDict, len(t.ids))
	for i := range t.dicts {
		t.dicts[i].reset()
	}
	t.codes = make([][]uint32, len(t.ids))
	t.scratch = make([]uint32, len(t.ids))
	return t
}

// use makes table the one that the following calls of series speak of.
func (t *tagWriter) use(table *series.Table) error {
	if table == nil || t.cur != nil && t.cur.table == table {
		return nil
	}
	if !slices.Equal(table.Tags, t.ids) || !slices.Equal(table.Types, t.types) {
		return errs.New(errs.InvalidArguments, "sst batch: its series have tags %v of %v, the schema %v of %v", table.Tags, table.Types,
			t.ids, t.types)
	}
	r := t.remaps[table]
	if r == nil {
		t.several = t.cur != nil
		if len(t.remaps) >= keptRemaps {
			clear(t.remaps)
		}
		r = &tagRemap{table: table, codes: make([][]uint32, len(t.ids))}
		for i := range r.codes {
			r.codes[i] = make([]uint32, table.Dicts[i].Len()+1)
			r.codes[i][0] = 1 // NULL stays NULL
		}
		t.remaps[table] = r
	}
	r.id = ^uint32(0)
	t.cur = r
	return nil
}

// series gives the file's number of the table's series s, whose next row is row. fresh says that it is a new one; it must then sort
// after all before.
func (t *tagWriter) series(s uint32, row int) (id uint32, fresh bool, err error) {
	r := t.cur
	newest := uint32(len(t.start) - 1)
	if len(t.start) > 0 && r.id == newest && r.last == s {
		return newest, false, nil
	}
	c := t.scratch
	same := len(t.start) > 0
	for i := range t.ids {
		k := r.table.Codes[i][s]
		m := r.codes[i][k]
		if m == 0 {
			if x := r.table.Dicts[i].At(k - 1); t.several {
				m = t.dicts[i].code(t.seed, x) + 2
			} else {
				m = t.dicts[i].appendNew(x) + 2
			}
			r.codes[i][k] = m
		}
		c[i] = m - 1
		same = same && t.codes[i][newest] == c[i]
	}
	if same {
		r.last, r.id = s, newest
		return newest, false, nil
	}
	inTable := r.id == newest && s > r.last // fast path: the table's own order says so
	if len(t.start) > 0 && !inTable && !t.after(newest, c) {
		return 0, false, errs.New(errs.InvalidArguments, "sst batch: series %d of its table sorts before the one written last", s)
	}
	for i := range c {
		t.codes[i] = append(t.codes[i], c[i])
	}
	t.start = append(t.start, uint32(row))
	id = uint32(len(t.start) - 1)
	r.last, r.id = s, id
	return id, true, nil
}

// after reports whether codes c sort after those of series id.
func (t *tagWriter) after(id uint32, c []uint32) bool {
	for i := range c {
		a, b := t.codes[i][id], c[i]
		switch {
		case a == b:
		case a == 0 || b == 0:
			return a == 0
		default:
			return bytes.Compare(t.dicts[i].At(a-1), t.dicts[i].At(b-1)) < 0
		}
	}
	return false
}

// table is the finished series table of rows rows; the writer is of no use afterwards.
func (t *tagWriter) table(rows int) *series.Table {
	out := &series.Table{Tags: t.ids, Types: t.types, Codes: t.codes, Start: append(t.start, uint32(rows))}
	for i := range t.dicts {
		var sorted *model.Dict
		var to []uint32
		if t.cur != nil && !t.several { // fast path: they are sorted in the table that they came from
			sorted, to = t.inOrder(i)
		} else {
			sorted, to = series.SortDict(&t.dicts[i].Dict)
		}
		for k, c := range t.codes[i] {
			t.codes[i][k] = to[c]
		}
		out.Dicts = append(out.Dicts, sorted)
	}
	return out
}

// inOrder is series.SortDict of a tag whose values all came from the table in use.
func (t *tagWriter) inOrder(tag int) (sorted *model.Dict, to []uint32) {
	from := t.cur.table.Dicts[tag]
	sorted, to = &model.Dict{}, make([]uint32, t.dicts[tag].Len()+1)
	sorted.Data = make([]byte, 0, len(t.dicts[tag].Data))
	sorted.Offsets = make([]uint32, 0, t.dicts[tag].Len()+1)
	for k, m := range t.cur.codes[tag] {
		if k == 0 || m == 0 {
			continue
		}
		to[m-1] = sorted.Append(from.At(uint32(k-1))) + 1
	}
	return sorted, to
}

// AppendKey appends the sort key of series s of a table: keys compare, byte by byte, as the series sort.
//
//	NULL   00
//	value  01, its sortable form with 00 written as 00 ff, 00 00
func AppendKey(dst []byte, t *series.Table, s int) []byte {
	for i := range t.Tags {
		k := t.Codes[i][s]
		if k == 0 {
			dst = append(dst, 0)
			continue
		}
		dst = append(dst, 1)
		for _, b := range t.Dicts[i].At(k - 1) {
			dst = append(dst, b)
			if b == 0 {
				dst = append(dst, 0xff)
			}
		}
		dst = append(dst, 0, 0)
	}
	return dst
}

// gather makes the values of tag number tag for the rows of a row group, given by its runs. Bytes come coded in a dictionary of
// their own, other types as they are.
func (t *tagWriter) gather(tag int, runs []groupRun, rows int, out *chunkValues) (valid model.Bitmap, nulls int) {
	*out = chunkValues{codes: out.codes[:0], runs: nil, spare: out.spareRuns(), ints: out.ints[:0], floats: out.floats[:0], bools: out.bools[:0], decs: out.decs[:0]}
	typ := t.types[tag]
	codes := t.codes[tag]
	var local []uint32 // file code → code in the row group + 1
	class := typ.Class()
	asRuns := class == model.ClassBytes && rows >= expandBelow*len(runs)
	if class == model.ClassBytes {
		local = make([]uint32, t.dicts[tag].Len()+1)
		out.values = &model.Dict{Offsets: []uint32{0}}
	}
	for i, r := range runs {
		end := rows
		if i+1 < len(runs) {
			end = runs[i+1].start
		}
		n := end - r.start
		c := codes[r.series]
		if c == 0 {
			if valid == nil {
				valid = model.NewBitmap(rows)
				valid.SetRange(0, r.start)
			}
			nulls += n
			continue
		}
		if valid != nil {
			valid.SetRange(r.start, end)
		}
		x := t.dicts[tag].At(c - 1)
		switch class {
		case model.ClassBytes:
			k := local[c]
			if k == 0 {
				k = out.values.Append(x) + 1
				local[c] = k
			}
			if asRuns {
				out.addRun(int32(k-1), r.start-nulls+n)
				break
			}
			out.codes = repeat(out.codes, int32(k-1), n)
		case model.ClassInt:
			out.ints = repeat(out.ints, series.FromSortable(typ, x).Int, n)
		case model.ClassFloat:
			out.floats = repeat(out.floats, series.FromSortable(typ, x).Float, n)
		case model.ClassBool:
			out.bools = repeat(out.bools, series.FromSortable(typ, x).Bool, n)
		case model.ClassDecimal:
			out.decs = repeat(out.decs, series.FromSortable(typ, x).Decimal, n)
		}
	}
	out.n = rows - nulls
	return valid, nulls
}

// expandBelow is the mean length of runs below which codes are spelled out, to be packed.
const expandBelow = 8

// addRun extends the runs to value end.
func (v *chunkValues) addRun(code int32, end int) {
	if v.runs == nil {
		v.runs = v.spare
	}
	if n := len(v.runs); n > 0 && v.runs[n-1].code == code {
		v.runs[n-1].end = end
		return
	}
	v.runs = append(v.runs, codeRun{code, end})
}

// spareRuns is the memory of the runs, to be used again.
func (v *chunkValues) spareRuns() []codeRun {
	if v.runs != nil {
		return v.runs[:0]
	}
	return v.spare[:0]
}

func repeat[T any](dst []T, x T, n int) []T {
	for range n {
		dst = append(dst, x)
	}
	return dst
}
