package memtable

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// column is one field of a chunk in the order of writing. It may be shorter than its chunk: rows from n on are NULL. Slices are only
// appended to, so a copy of the struct is a snapshot of its first n rows. Validity is a byte per row, not a bit, because a reader
// and the writer must never share a word.
type column struct {
	id    model.ColumnID
	typ   model.Type
	n     int
	full  bool   // in copies for readers: the column has all rows of the run
	valid []bool // nil: rows [0, n) are not NULL

	ints      []int64
	floats    []float64
	bools     []bool
	decimals  []model.Int128
	intervals []model.MonthDayNano

	// Bytes are coded as long as that is worth it (values != nil), else plain.
	values  *series.Interner
	dict    *model.Dict // in copies for readers: what values held
	codes   []uint32
	offsets []uint32 // n+1
	data    []byte
	memo    memo
}

// rowsPerValue is how often, on average, a value must repeat for a coded column to stay coded; a code and its share of hash table and offset
// cost as much as about this many short strings.
const rowsPerValue = 2

// maxColumnData bounds the bytes of strings in one column of a chunk, well within 32-bit offsets.
const maxColumnData = 64 << 20

// room grows s to hold n more, by doubling, to at most limit (or what is needed).
func room[T any](s []T, n, limit int) []T {
	if need := len(s) + n; need > cap(s) {
		c := max(need, min(limit, 2*cap(s)), 16)
		t := make([]T, len(s), c)
		copy(t, s)
		return t
	}
	return s
}

// textRoom grows data to hold n more bytes, with which it has rows of a column's limit. Once that is an eighth full, it makes room for
// all that the column will hold if its strings go on as they were: to double it to the end would copy them once more than that, and leave up
// to half of it empty.
func textRoom(data []byte, n, rows, limit int) []byte {
	need := len(data) + n
	if need <= cap(data) {
		return data
	}
	whole := int(float64(need) / float64(max(rows, 1)) * float64(limit))
	c := whole + whole/16
	if rows < limit/8 {
		c = min(c, 2*cap(data))
	}
	t := make([]byte, len(data), max(need, min(c, maxColumnData), 16))
	copy(t, data)
	return t
}

// extend is room, and the room is made part of s. What was there before in it is left as it is.
func extend[T any](s []T, n, limit int) []T {
	s = room(s, n, limit)
	return s[:len(s)+n]
}

// appendRange appends rows [from, to) of v, which has the column's type and is part of the given write; rows are the chunk's rows before,
// limit its size.
func (c *column) appendRange(v *model.Vector, from, to, rows, limit int, write uint64) {
	n := to - from
	if c.n < rows {
		c.pad(rows-c.n, limit)
	}
	if c.valid == nil && anyNull(v, from, to) {
		c.trackNulls()
	}
	if c.valid != nil {
		c.valid = extend(c.valid, n, limit)
		out := c.valid[c.n:]
		for i := range out {
			out[i] = v.Valid == nil || v.Valid.Get(from+i)
		}
	}
	switch c.typ.Class() {
	case model.ClassInt:
		c.ints = append(room(c.ints, n, limit), v.Ints[from:to]...)
	case model.ClassFloat:
		c.floats = append(room(c.floats, n, limit), v.Floats[from:to]...)
	case model.ClassBool:
		c.bools = append(room(c.bools, n, limit), v.Bools[from:to]...)
	case model.ClassDecimal:
		c.decimals = append(room(c.decimals, n, limit), v.Decimals[from:to]...)
	case model.ClassInterval:
		c.intervals = append(room(c.intervals, n, limit), v.Intervals[from:to]...)
	case model.ClassBytes:
		c.appendBytes(v, from, to, limit, write)
	}
	c.n += n
}

// appendBytes appends strings: coded ones by looking at each distinct value once, plain ones in one copy.
func (c *column) appendBytes(v *model.Vector, from, to, limit int, write uint64) {
	if c.n == 0 && len(c.offsets) == 0 && c.values == nil && v.Dict != nil {
		c.values = series.NewInterner()
	}
	if c.values != nil && !c.appendCoded(v, from, to, limit, write) {
		c.makePlain(limit)
	}
	if c.values != nil {
		if n := c.values.Len(); n > 1024 && n*rowsPerValue > len(c.codes) {
			c.makePlain(limit)
		}
		return
	}
	if len(c.offsets) == 0 {
		c.offsets = append(c.offsets, 0)
	}
	base := uint32(len(c.data))
	c.offsets = room(c.offsets, to-from, limit+1)
	if v.Dict == nil {
		lo, hi := v.Offsets[from], v.Offsets[to]
		c.data = append(textRoom(c.data, int(hi-lo), c.n+to-from, limit), v.Data[lo:hi]...)
		for _, o := range v.Offsets[from+1 : to+1] {
			c.offsets = append(c.offsets, base+o-lo)
		}
		return
	}
	for i := from; i < to; i++ {
		if !v.Null(i) {
			b := v.BytesAt(i)
			c.data = append(textRoom(c.data, len(b), len(c.offsets), limit), b...)
		}
		c.offsets = append(c.offsets, uint32(len(c.data)))
	}
}

// appendCoded reports false, with the codes as they were, if the values need too much room.
func (c *column) appendCoded(v *model.Vector, from, to, limit int, write uint64) bool {
	was := len(c.codes)
	c.codes = room(c.codes, to-from, limit)
	var known []uint32
	if v.Dict != nil {
		known = c.memo.use(v.Dict, write, v.Len)
	}
	for i := from; i < to; i++ {
		var x uint32
		if !v.Null(i) {
			if known != nil {
				x = known[v.Codes[i]]
			}
			if x == 0 {
				if x = c.values.Code(v.BytesAt(i)) + 1; x == 0 {
					c.codes = c.codes[:was]
					return false
				}
				if known != nil {
					known[v.Codes[i]] = x
				}
			}
			x--
		}
		c.codes = append(c.codes, x)
	}
	return true
}

// makePlain writes the coded rows so far out.
func (c *column) makePlain(limit int) {
	c.offsets = make([]uint32, 1, max(len(c.codes), min(limit, 2*len(c.codes)))+1)
	c.data = nil
	for i, x := range c.codes {
		if c.valid == nil || i < len(c.valid) && c.valid[i] {
			b := c.values.At(x)
			c.data = append(textRoom(c.data, len(b), len(c.offsets), limit), b...)
		}
		c.offsets = append(c.offsets, uint32(len(c.data)))
	}
	c.values, c.codes, c.memo = nil, nil, memo{}
}

func (c *column) trackNulls() {
	c.valid = make([]bool, c.n)
	for i := range c.valid {
		c.valid[i] = true
	}
}

// pad appends n NULL rows.
func (c *column) pad(n, limit int) {
	if c.valid == nil {
		c.trackNulls()
	}
	c.valid = extend(c.valid, n, limit)
	switch c.typ.Class() {
	case model.ClassInt:
		c.ints = extend(c.ints, n, limit)
	case model.ClassFloat:
		c.floats = extend(c.floats, n, limit)
	case model.ClassBool:
		c.bools = extend(c.bools, n, limit)
	case model.ClassDecimal:
		c.decimals = extend(c.decimals, n, limit)
	case model.ClassInterval:
		c.intervals = extend(c.intervals, n, limit)
	case model.ClassBytes:
		if c.values == nil {
			if len(c.offsets) == 0 {
				c.offsets = append(c.offsets, 0)
			}
			c.offsets = extend(c.offsets, n, limit+1)
			fill(c.offsets[len(c.offsets)-n:], uint32(len(c.data)))
		} else {
			c.codes = extend(c.codes, n, limit)
		}
	}
	c.n += n
}

func fill[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}

// anyNull reports a NULL among rows [from, to).
func anyNull(v *model.Vector, from, to int) bool {
	if v.Valid == nil {
		return false
	}
	for i := from; i < to; {
		if i&63 == 0 && i+64 <= to {
			if v.Valid[i>>6] != ^uint64(0) {
				return true
			}
			i += 64
			continue
		}
		if !v.Valid.Get(i) {
			return true
		}
		i++
	}
	return false
}

// frozen is rows [from, to) of the column as a reader may keep them. There may be fewer: the rest is NULL. Capacities stay, for the account;
// nobody appends to the slices.
func (c *column) frozen(from, to int) column {
	f := column{id: c.id, typ: c.typ}
	rows := to - from
	to = min(to, c.n)
	if from >= to {
		return f
	}
	f.n, f.full = to-from, to-from == rows
	if c.valid != nil {
		f.valid = c.valid[from:to]
	}
	switch c.typ.Class() {
	case model.ClassInt:
		f.ints = c.ints[from:to]
	case model.ClassFloat:
		f.floats = c.floats[from:to]
	case model.ClassBool:
		f.bools = c.bools[from:to]
	case model.ClassDecimal:
		f.decimals = c.decimals[from:to]
	case model.ClassInterval:
		f.intervals = c.intervals[from:to]
	case model.ClassBytes:
		if c.values != nil {
			f.dict, f.codes = c.values.Dict(), c.codes[from:to]
		} else {
			f.offsets, f.data = c.offsets[from:to+1], c.data
		}
	}
	return f
}

// bytes is how much memory the column holds.
func (c *column) bytes() int64 {
	n := cap(c.valid) + 8*cap(c.ints) + 8*cap(c.floats) + cap(c.bools) + 16*cap(c.decimals) + 16*cap(c.intervals) +
		4*cap(c.codes) + 4*cap(c.offsets) + cap(c.data) + 4*cap(c.memo.known)
	b := int64(n)
	if c.values != nil {
		b += c.values.Bytes()
	} else if c.dict != nil {
		b += int64(cap(c.dict.Data)) + 4*int64(cap(c.dict.Offsets))
	}
	return b
}

// reserve makes room for n rows in a new column that is not of bytes.
func (c *column) reserve(n int) {
	switch c.typ.Class() {
	case model.ClassInt:
		c.ints = make([]int64, 0, n)
	case model.ClassFloat:
		c.floats = make([]float64, 0, n)
	case model.ClassBool:
		c.bools = make([]bool, 0, n)
	case model.ClassDecimal:
		c.decimals = make([]model.Int128, 0, n)
	case model.ClassInterval:
		c.intervals = make([]model.MonthDayNano, 0, n)
	}
}

// bytesAt is a string of a reader's copy.
func (c *column) bytesAt(i int) []byte {
	if c.dict != nil {
		return c.dict.At(c.codes[i])
	}
	return c.data[c.offsets[i]:c.offsets[i+1]]
}

// lenAt is the length of bytesAt, 0 beyond the column's end.
func (c *column) lenAt(i int) int {
	switch {
	case i >= c.n:
		return 0
	case c.dict != nil && c.dict.Len() == 0:
		return 0
	}
	return len(c.bytesAt(i))
}
