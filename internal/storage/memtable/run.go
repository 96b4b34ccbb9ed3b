package memtable

import (
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// run is rows of a chunk that no longer change. What is asked for is made sorted, once, and kept.
type run struct {
	m          *Memtable
	rows       int
	whole      bool // a whole chunk: sorted columns replace the written ones; else the chunk still needs those
	minT, maxT int64
	deletes    bool     // some row is a tombstone
	seqs       []seqRun // of the chunk; row numbers in it count from the chunk's start
	seqFrom    uint32   // the chunk's row that is row 0 here
	tags       *tagState
	schema     *model.Schema // by which the rows were written

	mu   sync.Mutex
	raw  rawRows
	view *sorted // nil until asked for
	cols []sortedColumn
	// Of readers of one value of the leading tag, see groups.
	lead   *leadIndex        // nil until asked for
	shares map[uint32]*share // by code of the value: the rows of this run, and of those after it that the share names

	account struct { // apart from mu, because the writer must not wait for a sort
		sync.Mutex
		cached    int64 // bytes that are counted in m.cached
		forgotten bool  // m.cached does not count this run any more
	}
}

// rawRows is the rows in the order of writing. series and times of a whole run go when it is sorted.
type rawRows struct {
	series []uint32
	times  []int64
	ops    []model.OpType // nil: puts
	cols   []column
}

type sortedColumn struct {
	id model.ColumnID
	v  *model.Vector
}

// rawBytes is what the rows as written hold.
func (r *run) rawBytes() int64 {
	n := 4*int64(cap(r.raw.series)) + 8*int64(cap(r.raw.times)) + int64(cap(r.raw.ops)) + 16*int64(len(r.seqs))
	for i := range r.raw.cols {
		n += r.raw.cols[i].bytes()
	}
	return n
}

// sequences is the inclusive range of the rows' sequences.
func (r *run) sequences() (lo, hi model.Sequence) {
	return seqAt(r.seqs, r.seqFrom), seqAt(r.seqs, r.seqFrom+uint32(r.rows)-1)
}

// sort gives the sorted view.
func (r *run) sort() *sorted {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sortLocked()
}

func (r *run) sortLocked() *sorted {
	if r.view != nil {
		return r.view
	}
	// Of two rows of one chunk the later one is the newer.
	v := sortRows(r.raw.series, r.raw.times, r.tags, r.m.orderingFor(r.tags, r.rows), func(a, b uint32) bool { return a > b })
	r.view = v
	n := 4*int64(len(v.perm)+len(v.numbers)+len(v.table.Start)) + 8*int64(len(v.times))
	for _, c := range v.table.Codes {
		n += 4 * int64(len(c))
	}
	if r.whole {
		n -= 4*int64(cap(r.raw.series)) + 8*int64(cap(r.raw.times))
		r.raw.series, r.raw.times = nil, nil
	}
	r.count(n)
	return v
}

// count adds n to what the run holds.
func (r *run) count(n int64) {
	r.account.Lock()
	defer r.account.Unlock()
	if !r.account.forgotten {
		r.account.cached += n
		r.m.cached.Add(n)
	}
}

// forget takes the run out of the memtable's account: only old snapshots have it.
func (r *run) forget() {
	r.account.Lock()
	defer r.account.Unlock()
	if !r.account.forgotten {
		r.m.cached.Add(-r.account.cached)
		r.account.forgotten = true
	}
}

// column is the sorted column of a field, of the type it was written with; nil if no row has it.
func (r *run) column(id model.ColumnID) *model.Vector {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.cols {
		if c.id == id {
			return c.v
		}
	}
	view := r.sortLocked()
	var v *model.Vector
	switch id {
	case model.ColumnSequence:
		v = &model.Vector{Type: model.Uint64, Len: r.rows, Ints: make([]int64, r.rows)}
		for i, p := range view.perm {
			v.Ints[i] = int64(seqAt(r.seqs, r.seqFrom+p))
		}
	case model.ColumnOpType:
		v = &model.Vector{Type: model.Uint8, Len: r.rows, Ints: make([]int64, r.rows)}
		for i, p := range view.perm {
			v.Ints[i] = int64(model.OpPut)
			if r.raw.ops != nil {
				v.Ints[i] = int64(r.raw.ops[p])
			}
		}
	default:
		for i := range r.raw.cols {
			c := &r.raw.cols[i]
			if c.id != id {
				continue
			}
			v = gather(c.typ, r.rows, []*column{c}, view.perm, 0)
			if r.whole {
				r.count(-c.bytes())
				*c = column{id: c.id, typ: c.typ}
			}
			break
		}
		if v == nil {
			return nil
		}
	}
	r.cols = append(r.cols, sortedColumn{id, v})
	n := v.Bytes()
	if v.Dict != nil {
		n += int64(len(v.Dict.Data)) + 4*int64(len(v.Dict.Offsets))
	}
	r.count(n)
	return v
}

// gather takes rows, named by perm, out of pieces of one column: row p is row p&mask of piece p>>shift, shift 0 meaning that there is one piece.
// A nil piece is all NULL.
func gather(t model.Type, n int, pieces []*column, perm []uint32, shift uint) *model.Vector {
	v := &model.Vector{Type: t, Len: n}
	for i, c := range pieces {
		if c == nil {
			pieces[i] = &column{typ: t}
		}
	}
	v.Valid = gatherValid(n, pieces, perm, shift)
	switch t.Class() {
	case model.ClassInt:
		v.Ints = gatherSlice(pieces, perm, shift, func(c *column) []int64 { return c.ints })
	case model.ClassFloat:
		v.Floats = gatherSlice(pieces, perm, shift, func(c *column) []float64 { return c.floats })
	case model.ClassBool:
		v.Bools = gatherSlice(pieces, perm, shift, func(c *column) []bool { return c.bools })
	case model.ClassDecimal:
		v.Decimals = gatherSlice(pieces, perm, shift, func(c *column) []model.Int128 { return c.decimals })
	case model.ClassInterval:
		v.Intervals = gatherSlice(pieces, perm, shift, func(c *column) []model.MonthDayNano { return c.intervals })
	case model.ClassBytes:
		if len(pieces) == 1 && pieces[0].dict != nil {
			v.Dict = pieces[0].dict
			v.Codes = gatherSlice(pieces, perm, shift, func(c *column) []uint32 { return c.codes })
		} else {
			gatherPlain(v, pieces, perm, shift)
		}
	}
	return v
}

func gatherSlice[T any](pieces []*column, perm []uint32, shift uint, of func(*column) []T) []T {
	out := make([]T, len(perm))
	if len(pieces) == 1 {
		src := of(pieces[0])
		if pieces[0].full { // fast path: no row beyond the column's end
			for i, p := range perm {
				out[i] = src[p]
			}
			return out
		}
		for i, p := range perm {
			if int(p) < len(src) {
				out[i] = src[p]
			}
		}
		return out
	}
	srcs := make([][]T, len(pieces))
	for i, c := range pieces {
		srcs[i] = of(c)
	}
	mask := uint32(1)<<shift - 1
	for i, p := range perm {
		src := srcs[p>>shift]
		if at := int(p & mask); at < len(src) {
			out[i] = src[at]
		}
	}
	return out
}

func gatherValid(n int, pieces []*column, perm []uint32, shift uint) model.Bitmap {
	whole := true
	for _, c := range pieces {
		whole = whole && c.valid == nil && c.full
	}
	if whole {
		return nil
	}
	b := model.NewBitmap(n)
	mask := ^uint32(0)
	if len(pieces) > 1 {
		mask = uint32(1)<<shift - 1
	}
	for i, p := range perm {
		c := pieces[0]
		if len(pieces) > 1 {
			c = pieces[p>>shift]
		}
		at := int(p & mask)
		if at < c.n && (c.valid == nil || c.valid[at]) {
			b.Set(i)
		}
	}
	return b
}

// gatherPlain copies strings, of coded and plain pieces alike.
func gatherPlain(v *model.Vector, pieces []*column, perm []uint32, shift uint) {
	mask := ^uint32(0)
	if len(pieces) > 1 {
		mask = uint32(1)<<shift - 1
	}
	size := 0
	if len(pieces) == 1 {
		size = len(pieces[0].data)
	}
	v.Offsets = make([]uint32, 1, len(perm)+1)
	v.Data = make([]byte, 0, size)
	for i, p := range perm {
		if v.Valid == nil || v.Valid.Get(i) {
			c := pieces[0]
			if len(pieces) > 1 {
				c = pieces[p>>shift]
			}
			v.Data = append(v.Data, c.bytesAt(int(p&mask))...)
		}
		v.Offsets = append(v.Offsets, uint32(len(v.Data)))
	}
}

// as gives a column as the schema's column wants it: of its type, and where the run lacks it NULL, or the default if the rows were written before
// the column was added.
func as(v *model.Vector, c *model.Column, rows int, written *model.Schema) (*model.Vector, error) {
	if v == nil && written.Column(c.ID) != nil {
		return model.ConstVector(model.NullOf(c.Type), rows), nil
	}
	if v == nil {
		return source.Missing(c, rows), nil
	}
	if v.Type == c.Type {
		return v, nil
	}
	w, err := source.Convert(v, c.Type)
	if err != nil {
		return nil, errs.Wrap(errs.CodeOf(err), err, "column %q", c.Name)
	}
	return w, nil
}
