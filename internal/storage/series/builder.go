package series

import (
	"bytes"
	"math"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Builder makes the Table of a run of rows, told of the rows' tags from first to last. Where the rows come out of an Alignment,
// its Table does the same without looking at values.
type Builder struct {
	tags  []model.ColumnID
	types []model.Type
	seen  []*Interner
	codes [][]uint32 // per tag, then per run: 0 is NULL, k is code k-1 of seen
	start []uint32
	rows  uint64
	err   error

	// Of the dictionary that a tag's vector had last: its codes in ours plus one, 0 where not yet known.
	dict    []*model.Dict
	known   [][]uint32
	tuple   []uint32
	scratch []byte
}

// NewBuilder makes a builder for tags in key order.
func NewBuilder(tags []model.ColumnID, types []model.Type) *Builder {
	b := &Builder{tags: tags, types: types, seen: make([]*Interner, len(tags)), codes: make([][]uint32, len(tags)),
		start: []uint32{0}, dict: make([]*model.Dict, len(tags)), known: make([][]uint32, len(tags)), tuple: make([]uint32, len(tags))}
	for i := range b.seen {
		b.seen[i] = NewInterner()
	}
	return b
}

// AppendRun adds rows of one tuple: a value per tag in the form of AppendSortable, nil for NULL. They join the run before if that has
// the same tuple. Values are copied. Errors are told by Finish.
func (b *Builder) AppendRun(values [][]byte, rows int) {
	for k, v := range values {
		b.tuple[k] = 0
		if v != nil {
			b.tuple[k] = b.intern(k, v)
		}
	}
	b.appendTuple(rows)
}

// Append adds rows [from, to) of vectors, one per tag; a nil vector is a tag that is NULL in all rows. Nothing of them is kept.
func (b *Builder) Append(tags []*model.Vector, from, to int) {
	for from < to {
		end := to
		for _, v := range tags {
			if v != nil {
				end = runEnd(v, from, end)
			}
		}
		for k, v := range tags {
			b.tuple[k] = b.code(k, v, from)
		}
		b.appendTuple(end - from)
		from = end
	}
}

// code is the code plus one of a row's value of tag k, 0 for NULL.
func (b *Builder) code(k int, v *model.Vector, row int) uint32 {
	if v == nil || v.Null(row) {
		return 0
	}
	if v.Dict == nil || v.Type.Class() != model.ClassBytes {
		b.scratch = AppendSortable(b.scratch[:0], v, row)
		return b.intern(k, b.scratch)
	}
	if b.dict[k] != v.Dict || len(b.known[k]) < v.Dict.Len() {
		b.dict[k] = v.Dict
		b.known[k] = append(b.known[k][:0], make([]uint32, v.Dict.Len())...)
	}
	c := v.Codes[row]
	if b.known[k][c] == 0 {
		b.known[k][c] = b.intern(k, v.Dict.At(c))
	}
	return b.known[k][c]
}

func (b *Builder) intern(k int, v []byte) uint32 {
	c := b.seen[k].Code(v)
	if c == NoCode {
		b.err = errs.New(errs.Unsupported, "values of tag column %d need more than 4 GiB", b.tags[k])
		return 0
	}
	return c + 1
}

func (b *Builder) appendTuple(rows int) {
	b.rows += uint64(rows)
	if b.rows > math.MaxUint32 {
		b.err = errs.New(errs.Unsupported, "a sorted run has more than 2^32 rows")
		return
	}
	if n := len(b.start) - 1; n > 0 {
		same := true
		for k, c := range b.tuple {
			if b.codes[k][n-1] != c {
				same = false
				break
			}
		}
		if same {
			b.start[n] += uint32(rows)
			return
		}
	}
	for k, c := range b.tuple {
		b.codes[k] = append(b.codes[k], c)
	}
	b.start = append(b.start, uint32(b.rows))
}

// Finish makes the table. Tuples that did not arrive in their order, or twice, are an error. The builder must not be used further.
func (b *Builder) Finish() (*Table, error) {
	if b.err != nil {
		return nil, b.err
	}
	t := b.remapped()
	for i := 1; i < t.Len(); i++ {
		if t.compare(i-1, i) >= 0 {
			return nil, errs.New(errs.Internal, "rows are not sorted by tags: series %d does not come after series %d", i, i-1)
		}
	}
	return t, nil
}

// FinishUnsorted makes the table of tuples that arrived in any order, but only once each; order gives for each series of the table
// the number of its run as it arrived (runs of equal tuples that followed one another are one). The row ranges are as if the rows had been sorted too.
func (b *Builder) FinishUnsorted() (t *Table, order []uint32, err error) {
	if b.err != nil {
		return nil, nil, b.err
	}
	rows := make([]uint32, len(b.start)-1)
	for i := range rows {
		rows[i] = b.start[i+1] - b.start[i]
	}
	dicts := make([]*model.Dict, len(b.seen))
	for k := range dicts {
		dicts[k] = b.seen[k].Dict()
	}
	t, order = FromTuples(b.tags, b.types, dicts, b.codes, rows)
	for i := 1; i < t.Len(); i++ {
		if t.compare(i-1, i) == 0 {
			return nil, nil, errs.New(errs.Internal, "runs %d and %d have the same tags", order[i-1], order[i])
		}
	}
	return t, order, nil
}

func (b *Builder) remapped() *Table {
	t := &Table{Tags: b.tags, Types: b.types, Dicts: make([]*model.Dict, len(b.tags)), Codes: b.codes, Start: b.start}
	for k := range b.tags {
		d, to := SortDict(b.seen[k].Dict())
		t.Dicts[k] = d
		for i, c := range b.codes[k] {
			b.codes[k][i] = to[c]
		}
	}
	return t
}

// FromTuples sorts distinct tuples into a table. dicts may be in any order but have no value twice; codes are per tag, then per tuple: 0 for
// NULL, k for value k-1. rows is the number of rows of each tuple (nil: one each). order lists the tuples in the table's order.
func FromTuples(tags []model.ColumnID, types []model.Type, dicts []*model.Dict, codes [][]uint32, rows []uint32) (t *Table, order []uint32) {
	n := len(rows)
	if rows == nil && len(codes) > 0 {
		n = len(codes[0])
	}
	t = &Table{Tags: tags, Types: types, Dicts: make([]*model.Dict, len(tags)), Codes: make([][]uint32, len(tags)), Start: make([]uint32, n+1)}
	cards := make([]int, len(tags))
	for k := range tags {
		d, to := SortDict(dicts[k])
		t.Dicts[k], cards[k] = d, d.Len()
		t.Codes[k] = make([]uint32, n)
		for i, c := range codes[k][:n] {
			t.Codes[k][i] = to[c]
		}
	}
	order = sortTuples(t.Codes, cards, n)
	room := make([]uint32, n)
	for _, c := range t.Codes {
		for i, o := range order {
			room[i] = c[o]
		}
		copy(c, room)
	}
	for i, o := range order {
		r := uint32(1)
		if rows != nil {
			r = rows[o]
		}
		t.Start[i+1] = t.Start[i] + r
	}
	return t, order
}

// compare orders two series of one table.
func (t *Table) compare(i, j int) int {
	for _, c := range t.Codes {
		if c[i] != c[j] {
			if c[i] < c[j] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// runEnd is the first row after from, at most end, whose value differs from that of row from.
func runEnd(v *model.Vector, from, end int) int {
	i := from + 1
	null := v.Null(from)
	if v.Valid != nil {
		for j := i; j < end; j++ {
			if v.Null(j) != null {
				end = j
				break
			}
		}
	}
	if null {
		return end
	}
	switch v.Type.Class() {
	case model.ClassBytes:
		if v.Dict != nil {
			c := v.Codes[from]
			for i < end && (v.Codes[i] == c || bytes.Equal(v.Dict.At(v.Codes[i]), v.Dict.At(c))) {
				i++
			}
			return i
		}
		x := v.BytesAt(from)
		for i < end && bytes.Equal(v.BytesAt(i), x) {
			i++
		}
	case model.ClassInt:
		for i < end && v.Ints[i] == v.Ints[from] {
			i++
		}
	case model.ClassFloat:
		for i < end && model.CompareFloat(v.Floats[i], v.Floats[from]) == 0 {
			i++
		}
	case model.ClassBool:
		for i < end && v.Bools[i] == v.Bools[from] {
			i++
		}
	case model.ClassDecimal:
		for i < end && v.Decimals[i] == v.Decimals[from] {
			i++
		}
	}
	return i
}
