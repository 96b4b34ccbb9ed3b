package memtable

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// batch is a write, looked through.
type batch struct {
	serial   uint64
	first    model.Sequence
	op       model.OpType
	rows     int
	series   []uint32
	times    []int64
	fieldIDs []model.ColumnID
	fields   []*model.Vector
}

// scratch is memory that a write uses and the next one uses again.
type scratch struct {
	batch  batch
	tags   []*model.Vector
	memos  []memo
	known  [][]uint32
	tuples []uint32
	series []uint32
}

// tupleRows is how many rows have their tags looked up at a time: their codes stay in the nearest cache.
const tupleRows = 256

// Write adds the rows of w; row i has sequence first+i, which is above every sequence so far. The write is done wholly or, on an error, not at
// all, and nothing of w is kept. Rows are seen by snapshots taken after Write returned. Errors: InvalidArguments for columns that do not fit the
// schema or a row without time, IllegalState once frozen, RuntimeResourcesExhausted when tag values outgrow 4 GiB.
func (m *Memtable) Write(w *contract.RegionWrite, first model.Sequence) error {
	m.serial++
	b, err := m.check(w, first)
	if err != nil {
		return err
	}
	if b.rows == 0 {
		return nil
	}
	if m.rows > 0 && first <= m.maxSeq { // readers take the order of writing for that of sequences
		return errs.New(errs.InvalidArguments, "write begins at sequence %d, %s has %d already", first, m, m.maxSeq)
	}
	known := m.dict.len()
	if err := m.number(b); err != nil {
		return err
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dict.len() != known {
		m.state.Store(m.dict.state())
		m.dictBytes = m.dict.bytes()
	}
	for from := 0; from < b.rows; {
		slot := m.slot(b.times[from])
		to := from + 1
		if m.opts.Window == 0 {
			to = b.rows
		} else {
			start, end := m.slotRange(slot)
			for to < b.rows && b.times[to] >= start && b.times[to] <= end {
				to++
			}
		}
		m.appendLocked(slot, part{b, from, to})
		from = to
	}
	m.rows += b.rows
	m.minSeq, m.maxSeq = min(m.minSeq, first), max(m.maxSeq, first+model.Sequence(b.rows-1))
	m.deletes = m.deletes || b.op == model.OpDelete
	return nil
}

// check looks at the columns of a write before anything is changed.
func (m *Memtable) check(w *contract.RegionWrite, first model.Sequence) (*batch, error) {
	s := &m.scratch
	b := &s.batch
	*b = batch{serial: m.serial, first: first, op: w.Op, rows: w.Rows.Len, fieldIDs: b.fieldIDs[:0], fields: b.fields[:0]}
	if m.frozen { // set by the writer's own goroutine
		return nil, errs.New(errs.IllegalState, "memtable %d is frozen", m.id)
	}
	if len(w.Columns) != len(w.Rows.Cols) {
		return nil, errs.New(errs.InvalidArguments, "write of %d columns has %d vectors", len(w.Columns), len(w.Rows.Cols))
	}
	if w.Op != model.OpPut && w.Op != model.OpDelete {
		return nil, errs.New(errs.InvalidArguments, "write has operation %d", w.Op)
	}
	s.tags = append(s.tags[:0], make([]*model.Vector, len(m.dict.tags))...)
	for i, id := range w.Columns {
		v := w.Rows.Cols[i]
		c := m.schema.Column(id)
		switch {
		case c == nil:
			return nil, errs.New(errs.InvalidArguments, "write has column %d, which the schema of version %d lacks", id, m.schema.Version)
		case v.Type != c.Type:
			return nil, errs.New(errs.InvalidArguments, "write has column %q as %s, not %s", c.Name, v.Type, c.Type)
		case slices.Contains(w.Columns[:i], id):
			return nil, errs.New(errs.InvalidArguments, "write has column %q twice", c.Name)
		case !holds(v, b.rows):
			return nil, errs.New(errs.InvalidArguments, "write of %d rows has other than %d values in column %q", b.rows, b.rows, c.Name)
		}
		switch c.Semantic {
		case model.TimeColumn:
			if anyNull(v, 0, b.rows) {
				return nil, errs.New(errs.InvalidArguments, "write has a NULL in time index column %q", c.Name)
			}
			b.times = v.Ints[:b.rows]
		case model.TagColumn:
			s.tags[slices.Index(m.dict.tags, id)] = v
		default:
			if w.Op == model.OpPut {
				b.fieldIDs, b.fields = append(b.fieldIDs, id), append(b.fields, v)
			}
		}
	}
	if b.times == nil && b.rows > 0 {
		return nil, errs.New(errs.InvalidArguments, "write lacks the time index, column %d", m.schema.TimeIndex)
	}
	return b, nil
}

// holds reports that v has n rows in the slice of its class.
func holds(v *model.Vector, n int) bool {
	if v.Len != n || v.Valid != nil && len(v.Valid) < (n+63)/64 {
		return false
	}
	switch v.Type.Class() {
	case model.ClassBool:
		return len(v.Bools) >= n
	case model.ClassInt:
		return len(v.Ints) >= n
	case model.ClassFloat:
		return len(v.Floats) >= n
	case model.ClassDecimal:
		return len(v.Decimals) >= n
	case model.ClassInterval:
		return len(v.Intervals) >= n
	case model.ClassBytes:
		if v.Dict != nil {
			return len(v.Codes) >= n
		}
		return len(v.Offsets) > n || n == 0
	}
	return false
}

// number finds the series of each row. Series that are new stay known even if the write fails afterwards.
func (m *Memtable) number(b *batch) error {
	s, d := &m.scratch, m.dict
	width := len(d.tags)
	s.series = slices.Grow(s.series[:0], b.rows)[:b.rows]
	b.series = s.series
	if width == 0 {
		fill(b.series, d.number(nil))
		return nil
	}
	for len(s.memos) < width {
		s.memos = append(s.memos, memo{})
	}
	s.known = s.known[:0]
	for k, v := range s.tags {
		var known []uint32
		if v != nil && v.Dict != nil && v.Dict.Len() > 0 && v.Type.Class() == model.ClassBytes {
			known = s.memos[k].use(v.Dict, m.serial, b.rows)
		}
		s.known = append(s.known, known)
	}
	s.tuples = slices.Grow(s.tuples[:0], tupleRows*width)[:tupleRows*width]
	for from := 0; from < b.rows; from += tupleRows {
		to := min(from+tupleRows, b.rows)
		for k, v := range s.tags {
			if !d.codes(s.tuples, k, v, from, to, s.known[k]) {
				return errs.New(errs.RuntimeResourcesExhausted, "values of tag column %d need more than 4 GiB in %s", d.tags[k], m)
			}
		}
		var last []uint32
		number := uint32(0)
		for i := range to - from {
			t := s.tuples[i*width : (i+1)*width]
			if last == nil || !slices.Equal(t, last) { // once per run of equal tags
				number = d.number(t)
				last = t
			}
			b.series[from+i] = number
		}
	}
	return nil
}

// slot is the number of the window of a time.
func (m *Memtable) slot(t int64) int64 {
	if m.opts.Window == 0 {
		return 0
	}
	q := t / m.opts.Window
	if t%m.opts.Window < 0 {
		q--
	}
	return q
}

// slotRange is the inclusive range of a window's times, cut to what an int64 holds.
func (m *Memtable) slotRange(slot int64) (start, end int64) {
	start = slot * m.opts.Window
	if slot < 0 && start > 0 { // the first window begins before the first time
		start = -1 << 63
	}
	end = start + (m.opts.Window - 1)
	if start == -1<<63 {
		end = (slot+1)*m.opts.Window - 1
	}
	if end < start {
		end = 1<<63 - 1
	}
	return start, end
}

// appendLocked appends rows of one window. m.mu held.
func (m *Memtable) appendLocked(slot int64, p part) {
	w := m.last
	if w == nil || w.slot != slot {
		if w = m.windows[slot]; w == nil {
			w = &window{slot: slot}
			m.windows[slot] = w
		}
		m.last = w
	}
	for p.from < p.to {
		if w.chunk != nil && !w.chunk.takes(p.w) {
			m.closeLocked(w)
		}
		if w.chunk == nil {
			size := max(firstRoom, p.to-p.from)
			if len(w.full) > 0 && w.full[len(w.full)-1].rows == m.opts.ChunkRows {
				size = max(size, laterRoom)
			}
			w.chunk = newChunk(m.opts.ChunkRows, size)
		}
		n := w.chunk.fits(p.w, p.from, p.to)
		if n > 0 {
			w.chunk.append(part{p.w, p.from, p.from + n})
			p.from += n
			m.minT, m.maxT = min(m.minT, w.chunk.minT), max(m.maxT, w.chunk.maxT)
		}
		bytes := w.chunk.bytes()
		m.bytes += bytes - w.bytes
		w.bytes = bytes
		if n == 0 || w.chunk.rows == w.chunk.limit {
			m.closeLocked(w)
		}
	}
}
