package memtable

import (
	"math"
	"slices"
	"sort"

	"github.com/goptimedb/goptimedb/internal/model"
)

// chunk is the rows of one window that are being appended to. Only the writer changes it, holding the memtable's lock.
type chunk struct {
	limit  int // rows when full
	rows   int
	series []uint32 // number per row
	times  []int64
	seqs   []seqRun
	ops    []model.OpType // nil: all rows are puts
	cols   []*column
	minT   int64
	maxT   int64

	// Runs of complete blocks, by level and place, and of the rows behind them; made when a snapshot first needs them. See blockShifts.
	blocks [len(blockShifts)][]*run
	tail   *run
}

// blockShifts says which aligned parts of a chunk are sorted and kept while it is appended to: a fourth and a sixteenth. A snapshot
// then sorts less than a sixteenth of a chunk anew, and every row is sorted at most four times in all.
var blockShifts = [...]int{2, 4}

// seqRun says that row and those after it have sequence seq, seq+1, …
type seqRun struct {
	row uint32
	seq model.Sequence
}

// seqAt is the sequence of a row, which is at or after the first run's.
func seqAt(runs []seqRun, row uint32) model.Sequence {
	i := len(runs) - 1
	if i > 0 && row < runs[i].row {
		i = sort.Search(i, func(i int) bool { return runs[i+1].row > row })
	}
	return runs[i].seq + model.Sequence(row-runs[i].row)
}

// newChunk makes an empty chunk; room is for how many rows it has memory at first.
func newChunk(limit, room int) *chunk {
	room = min(limit, room)
	return &chunk{limit: limit, minT: math.MaxInt64, maxT: math.MinInt64, series: make([]uint32, 0, room), times: make([]int64, 0, room)}
}

// part is a contiguous piece of a write that goes to one chunk.
type part struct {
	w        *batch
	from, to int
}

// append appends a part, which fits.
func (c *chunk) append(p part) {
	n := p.to - p.from
	b := p.w
	c.series = append(room(c.series, n, c.limit), b.series[p.from:p.to]...)
	c.times = append(room(c.times, n, c.limit), b.times[p.from:p.to]...)
	for _, t := range b.times[p.from:p.to] {
		c.minT, c.maxT = min(c.minT, t), max(c.maxT, t)
	}
	seq := b.first + model.Sequence(p.from)
	if k := len(c.seqs) - 1; k < 0 || c.seqs[k].seq+model.Sequence(uint32(c.rows)-c.seqs[k].row) != seq {
		c.seqs = append(c.seqs, seqRun{uint32(c.rows), seq})
	}
	if c.ops == nil && b.op == model.OpDelete {
		c.ops = make([]model.OpType, c.rows)
		fill(c.ops, model.OpPut)
	}
	if c.ops != nil {
		c.ops = extend(c.ops, n, c.limit)
		fill(c.ops[c.rows:], b.op)
	}
	for i, v := range b.fields {
		c.column(b.fieldIDs[i], v.Type).appendRange(v, p.from, p.to, c.rows, c.limit, b.serial)
	}
	c.rows += n
}

func (c *chunk) column(id model.ColumnID, t model.Type) *column {
	for _, x := range c.cols {
		if x.id == id {
			return x
		}
	}
	x := &column{id: id, typ: t}
	if t.Class() != model.ClassBytes {
		x.reserve(cap(c.times))
	}
	c.cols = append(c.cols, x)
	return x
}

// takes reports whether a write's columns can go into the chunk: none has another type there.
func (c *chunk) takes(b *batch) bool {
	for i, id := range b.fieldIDs {
		for _, x := range c.cols {
			if x.id == id && x.typ != b.fields[i].Type {
				return false
			}
		}
	}
	return true
}

// fits is how many of the rows [from, to) of b the chunk has room for.
func (c *chunk) fits(b *batch, from, to int) int {
	n := min(to-from, c.limit-c.rows)
	for i, v := range b.fields {
		if v.Type.Class() != model.ClassBytes || n == 0 {
			continue
		}
		held := 0
		for _, x := range c.cols {
			if x.id == b.fieldIDs[i] {
				held = len(x.data)
			}
		}
		if held > 0 && held >= maxColumnData {
			return 0
		}
		n = fitBytes(v, from, from+n, math.MaxUint32>>1-held) - from
	}
	return n
}

// fitBytes is the end of the rows from from on, at most to, whose bytes are at most limit, but at least one row.
func fitBytes(v *model.Vector, from, to, limit int) int {
	if v.Dict == nil {
		if int(v.Offsets[to]-v.Offsets[from]) <= limit {
			return to
		}
	} else if (to-from)*len(v.Dict.Data) <= limit { // fast path: not even the whole dictionary each time
		return to
	}
	sum := 0
	for i := from; i < to; i++ {
		if sum += len(v.BytesAt(i)); sum > limit && i > from {
			return i
		}
	}
	return to
}

func (c *chunk) bytes() int64 {
	n := 4*int64(cap(c.series)) + 8*int64(cap(c.times)) + 16*int64(cap(c.seqs)) + int64(cap(c.ops))
	for _, x := range c.cols {
		n += x.bytes()
	}
	return n
}

// freeze gives rows [from, to) as a run. m.mu held.
func (c *chunk) freeze(m *Memtable, from, to int, whole bool) *run {
	r := &run{m: m, rows: to - from, whole: whole, tags: m.state.Load(), schema: m.schema}
	r.raw.series, r.raw.times = c.series[from:to], c.times[from:to]
	if c.ops != nil {
		r.raw.ops = c.ops[from:to]
		r.deletes = slices.Contains(r.raw.ops, model.OpDelete)
	}
	r.seqFrom = uint32(from)
	r.seqs = c.seqs[:len(c.seqs):len(c.seqs)]
	for len(r.seqs) > 1 && r.seqs[1].row <= uint32(from) {
		r.seqs = r.seqs[1:]
	}
	for len(r.seqs) > 1 && r.seqs[len(r.seqs)-1].row >= uint32(to) {
		r.seqs = r.seqs[:len(r.seqs)-1]
	}
	r.raw.cols = make([]column, len(c.cols))
	for i, x := range c.cols {
		r.raw.cols[i] = x.frozen(from, to)
	}
	r.minT, r.maxT = c.minT, c.maxT
	if !whole {
		r.minT, r.maxT = math.MaxInt64, math.MinInt64
		for _, t := range r.raw.times {
			r.minT, r.maxT = min(r.minT, t), max(r.maxT, t)
		}
	}
	return r
}

// cover gives the runs that make up the rows so far. m.mu held.
func (c *chunk) cover(m *Memtable, out []*run) []*run {
	at := 0
	for level, shift := range blockShifts {
		size := c.limit >> shift
		if size < minBlockRows {
			continue
		}
		for at+size <= c.rows && at%size == 0 {
			for len(c.blocks[level]) <= at/size {
				c.blocks[level] = append(c.blocks[level], nil)
			}
			b := &c.blocks[level][at/size]
			if *b == nil {
				*b = c.freeze(m, at, at+size, false)
				for l := level + 1; l < len(blockShifts); l++ { // the smaller ones inside are of no more use
					m.forgetLocked(c.blocks[l])
					c.blocks[l] = c.blocks[l][:0]
				}
			}
			out = append(out, *b)
			at += size
		}
	}
	if at < c.rows {
		if c.tail == nil || c.tail.seqFrom != uint32(at) || c.tail.rows != c.rows-at {
			m.forgetLocked([]*run{c.tail})
			c.tail = c.freeze(m, at, c.rows, false)
		}
		out = append(out, c.tail)
	}
	return out
}

// minBlockRows is the least block worth sorting ahead: below, a block costs more in sources to merge than it saves.
const minBlockRows = 256
