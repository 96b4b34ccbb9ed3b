package promremote

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// WriteSet is the series of one request, by metric. The zero WriteSet is ready. One goroutine uses it at a time.
//
// Senders repeat themselves: the next request holds much the same metrics with the same labels. So a set keeps its tables, with
// columns and plans, and a request makes those live that it names; when that comes to hold too much memory all are dropped.
type WriteSet struct {
	Histograms int // native histograms left out

	groups []Group
	tables []*table // live, in order of first appearance
	byKey  map[string]*table
	seed   maphash.Seed
	kept   int64 // bytes of all tables, as of their last Reset

	// Of the series being read.
	labels []label
	times  []int64
	values []float64
	key    []byte
}

// Group is the tables of one database and physical table.
type Group struct {
	Database      string // empty: the session's
	PhysicalTable string // empty: the request's
	Rows          []*model.Rows
}

const (
	maxGroups   = 256      // they are searched from end to end
	maxRetained = 32 << 20 // bytes of tables kept for the next request
	maxSlots    = 1 << 12  // largest hash table of a column kept: clearing it costs the next, small metric
)

// Groups are the rows of the request, a model.Rows per metric: tags sorted by name, then time, then value. Valid until the next
// DecodeWrite or Reset.
func (s *WriteSet) Groups() []Group { return s.groups }

// Samples is how many rows the request holds.
func (s *WriteSet) Samples() int {
	n := 0
	for _, t := range s.tables {
		n += t.rows.Len
	}
	return n
}

// Reset empties the set, keeping a bounded amount of memory.
func (s *WriteSet) Reset() {
	if s.byKey == nil {
		s.byKey, s.seed = map[string]*table{}, maphash.MakeSeed()
	}
	for _, t := range s.tables {
		t.live = false
		if t.rows.Len > t.peak {
			s.kept -= t.size
			t.peak, t.size = t.rows.Len, t.bytes()
			s.kept += t.size
		}
	}
	if s.kept > maxRetained {
		*s = WriteSet{byKey: map[string]*table{}, seed: s.seed, labels: s.labels[:0], times: s.times[:0], values: s.values[:0], key: s.key[:0]}
		return
	}
	for i := range s.groups {
		clear(s.groups[i].Rows)
		s.groups[i].Rows = s.groups[i].Rows[:0]
	}
	clear(s.tables)
	s.tables, s.groups, s.Histograms = s.tables[:0], s.groups[:0], 0
}

// table is one metric.
type table struct {
	live               bool   // named by this request
	raw                []byte // name as sent
	database, physical string
	rows               model.Rows
	tags               []*column // also of requests before; those that this one does not give have no rows
	time, value        *column
	plan               []*column // labels of the previous series in its order

	peak int   // rows of the largest request so far
	size int64 // bytes after it
}

func (t *table) bytes() int64 {
	n := int64(512) + t.time.bytes() + t.value.bytes()
	for _, c := range t.tags {
		n += c.bytes()
	}
	return n
}

// begin makes a table of the set live, or a new one where t is nil.
func (s *WriteSet) begin(t *table, opt WriteOptions, name, database, physical []byte) *table {
	if t == nil {
		t = &table{raw: bytes.Clone(name), database: string(database), physical: string(physical),
			rows: model.Rows{Table: string(name)}, time: newColumn(opt.TimeColumn), value: newColumn(opt.ValueColumn)}
		s.byKey[string(s.key)] = t
	}
	t.live = true
	t.time.name, t.value.name = opt.TimeColumn, opt.ValueColumn
	t.time.vec.Reset(model.Timestamp(model.Millisecond))
	t.value.vec.Reset(model.Float64)
	t.rows.Len, t.rows.Columns = 0, t.rows.Columns[:0]
	for _, c := range t.tags {
		c.reset()
	}
	s.tables = append(s.tables, t)
	return t
}

func newColumn(name string) *column {
	c := &column{name: name, raw: []byte(name)}
	c.reset()
	return c
}

// reset empties a tag column.
func (c *column) reset() {
	if c.vec.Len > 0 || c.vec.Dict == nil {
		c.vec = model.Vector{Type: model.String, Codes: c.vec.Codes[:0], Dict: &c.dict}
		c.dict.Offsets, c.dict.Data = append(c.dict.Offsets[:0], 0), c.dict.Data[:0]
		c.hashed = false
		if len(c.slots) > maxSlots {
			c.slots = nil
		}
	}
}

// finish makes late tags as long as their table, and builds the groups.
func (s *WriteSet) finish() error {
	for _, t := range s.tables {
		if !sortedByName(t.tags) {
			slices.SortFunc(t.tags, compareNames)
		}
		for _, c := range t.tags {
			if c.vec.Len == 0 {
				continue
			}
			c.vec.AppendNulls(t.rows.Len - c.vec.Len)
			t.rows.Columns = append(t.rows.Columns, model.RowColumn{Name: c.name, Semantic: model.TagColumn, Vector: &c.vec})
		}
		t.rows.Columns = append(t.rows.Columns,
			model.RowColumn{Name: t.time.name, Semantic: model.TimeColumn, Vector: &t.time.vec},
			model.RowColumn{Name: t.value.name, Semantic: model.FieldColumn, Vector: &t.value.vec})
		g := s.group(t)
		if g == nil {
			clear(s.groups)
			s.groups = s.groups[:0]
			return errs.New(errs.InvalidArguments, "series of one request name more than %d databases and physical tables", maxGroups)
		}
		g.Rows = append(g.Rows, &t.rows)
	}
	return nil
}

func (s *WriteSet) group(t *table) *Group {
	for i := range s.groups {
		if g := &s.groups[i]; g.Database == t.database && g.PhysicalTable == t.physical {
			return g
		}
	}
	if len(s.groups) == maxGroups {
		return nil
	}
	if len(s.groups) < cap(s.groups) {
		s.groups = s.groups[:len(s.groups)+1]
	} else {
		s.groups = append(s.groups, Group{})
	}
	g := &s.groups[len(s.groups)-1]
	g.Database, g.PhysicalTable = t.database, t.physical
	return g
}

// column is one column being filled.
type column struct {
	name string
	raw  []byte // name, for comparison with bytes
	vec  model.Vector
	dict model.Dict

	slots  []slot // open addressing, a power of two, at most half full
	hashed bool   // slots are in use; while the dictionary is small it is searched from end to end
}

type slot struct {
	hash uint32
	code uint32 // plus one; 0: free
}

// smallDict is up to where a search from the newest value back is faster than hashing: most metrics of a request have few series.
const smallDict = 8

func (c *column) bytes() int64 {
	return 512 + c.vec.Bytes() + int64(cap(c.dict.Offsets)*4+cap(c.dict.Data)+cap(c.slots)*8)
}

// code gives the dictionary code of a value, adding it if new.
func (c *column) code(seed maphash.Seed, v []byte) uint32 {
	if !c.hashed {
		n := len(c.dict.Offsets) - 1
		for i := n - 1; i >= 0; i-- {
			if string(c.dict.Data[c.dict.Offsets[i]:c.dict.Offsets[i+1]]) == string(v) {
				return uint32(i)
			}
		}
		if n < smallDict {
			return c.dict.Append(v)
		}
		c.rehash(seed, 64)
	}
	h := uint32(maphash.Bytes(seed, v))
	mask := uint32(len(c.slots) - 1)
	i := h & mask
	for ; c.slots[i].code != 0; i = (i + 1) & mask {
		if s := c.slots[i]; s.hash == h && bytes.Equal(c.dict.At(s.code-1), v) {
			return s.code - 1
		}
	}
	code := c.dict.Append(v)
	c.slots[i] = slot{h, code + 1}
	if 2*c.dict.Len() >= len(c.slots) {
		c.rehash(seed, 2*len(c.slots))
	}
	return code
}

func (c *column) rehash(seed maphash.Seed, size int) {
	c.hashed = true
	if len(c.slots) == size {
		clear(c.slots)
	} else if cap(c.slots) >= size {
		c.slots = c.slots[:size]
		clear(c.slots)
	} else {
		c.slots = make([]slot, size)
	}
	mask := uint32(size - 1)
	for code := range uint32(c.dict.Len()) {
		h := uint32(maphash.Bytes(seed, c.dict.At(code)))
		i := h & mask
		for c.slots[i].code != 0 {
			i = (i + 1) & mask
		}
		c.slots[i] = slot{h, code + 1}
	}
}
