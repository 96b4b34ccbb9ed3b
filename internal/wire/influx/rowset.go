package influx

import (
	"hash/maphash"

	"github.com/goptimedb/goptimedb/internal/model"
)

// RowSet is the decoded lines of one body, by measurement. The zero RowSet is ready. One goroutine uses it at a time.
type RowSet struct {
	tables  []*table // of this batch, in order of first appearance
	byName  map[string]*table
	names   map[string]string // interned table and column names; bounded by maxNames
	rows    []*model.Rows
	seed    maphash.Seed
	scratch []byte // unescaped text of the token being read

	freeTables  []*table
	freeColumns []*column
}

// maxNames bounds the names remembered between batches: past it a workload has no stable set of names worth remembering.
const maxNames = 1 << 14

// maxRetained is how many bytes of column memory Reset keeps for the next batch: several batches of an ordinary agent; more would
// let one huge body pin its memory for ever.
const maxRetained = 16 << 20

// maxSlots is the largest hash table kept: clearing a larger one would cost a small batch more than growing its own.
const maxSlots = 1 << 14

// Tables are the rows of the batch, a model.Rows per measurement in order of first appearance. Columns stand in order of first
// appearance too, the time index after the columns of the table's first line. Valid until the next Decode or Reset.
func (s *RowSet) Tables() []*model.Rows { return s.rows }

// Len is how many rows the batch holds.
func (s *RowSet) Len() int {
	n := 0
	for _, t := range s.tables {
		n += t.n
	}
	return n
}

// Reset empties the set, keeping a bounded amount of memory.
func (s *RowSet) Reset() {
	if s.byName == nil {
		s.byName = map[string]*table{}
		s.names = map[string]string{}
		s.seed = maphash.MakeSeed()
	}
	clear(s.byName)
	if len(s.names) > maxNames {
		clear(s.names)
	}
	var kept int64
	for _, c := range s.freeColumns {
		kept += c.bytes()
	}
	for _, t := range s.tables {
		for _, c := range t.cols {
			if len(c.slots) > maxSlots {
				c.slots = nil
			}
			if b := c.bytes(); kept+b <= maxRetained {
				kept += b
				s.freeColumns = append(s.freeColumns, c)
			}
		}
		if len(s.freeTables) < 1024 {
			t.reset()
			s.freeTables = append(s.freeTables, t)
		}
	}
	if cap(s.scratch) > 1<<20 {
		s.scratch = nil
	}
	clear(s.tables)
	clear(s.rows)
	s.tables, s.rows = s.tables[:0], s.rows[:0]
}

func (s *RowSet) intern(b []byte) string {
	if n, ok := s.names[string(b)]; ok {
		return n
	}
	n := string(b)
	s.names[n] = n
	return n
}

func (s *RowSet) newTable(name string, raw []byte) *table {
	var t *table
	if k := len(s.freeTables); k > 0 {
		t, s.freeTables = s.freeTables[k-1], s.freeTables[:k-1]
	} else {
		t = &table{byName: map[string]*column{}}
	}
	t.raw = append(t.raw[:0], raw...)
	t.rows.Table = name
	s.byName[name] = t
	s.tables = append(s.tables, t)
	return t
}

func (s *RowSet) newColumn(name string, kind kind) *column {
	var c *column
	if k := len(s.freeColumns); k > 0 {
		c, s.freeColumns = s.freeColumns[k-1], s.freeColumns[:k-1]
	} else {
		c = &column{}
	}
	c.name, c.kind, c.seed = name, kind, s.seed
	c.vec.Reset(kind.typ())
	if kind == kindTag {
		c.vec.Offsets = c.vec.Offsets[:0]
		c.dict.Offsets, c.dict.Data = append(c.dict.Offsets[:0], 0), c.dict.Data[:0]
		c.vec.Dict = &c.dict
		clear(c.slots)
	}
	return c
}

// finish makes all columns as long as their table and builds the public rows.
func (s *RowSet) finish() {
	for _, t := range s.tables {
		if t.n == 0 {
			continue
		}
		t.rows.Len = t.n
		for _, c := range t.cols {
			c.padTo(t.n)
			sem := model.FieldColumn
			switch c.kind {
			case kindTag:
				sem = model.TagColumn
			case kindTime:
				sem = model.TimeColumn
			}
			t.rows.Columns = append(t.rows.Columns, model.RowColumn{Name: c.name, Semantic: sem, Vector: &c.vec})
		}
		s.rows = append(s.rows, &t.rows)
	}
}

// table is the lines of one measurement.
type table struct {
	raw    []byte // measurement as the last line spelled it, escapes and all
	rows   model.Rows
	cols   []*column
	byName map[string]*column
	time   *column // also in cols, once the first line is complete
	n      int     // complete lines

	// The keys of the previous line in its order: plan i holds the raw bytes of the i-th key with its '='.
	tagPlan, fieldPlan []planned
}

type planned struct {
	raw []byte
	col *column
}

func (t *table) reset() {
	clear(t.byName)
	clear(t.cols)
	clear(t.rows.Columns)
	for i := range t.tagPlan {
		t.tagPlan[i].col = nil
	}
	for i := range t.fieldPlan {
		t.fieldPlan[i].col = nil
	}
	*t = table{raw: t.raw[:0], cols: t.cols[:0], byName: t.byName, tagPlan: t.tagPlan[:0], fieldPlan: t.fieldPlan[:0],
		rows: model.Rows{Columns: t.rows.Columns[:0]}}
}

// rollback takes back what a bad line left in its table's columns, so that the lines behind it are judged on their own.
func (t *table) rollback() {
	for _, c := range t.cols {
		if c.vec.Len > t.n {
			c.dropLast()
		}
	}
}

// remember puts a key into a plan; step is at most len(*plan).
func remember(plan *[]planned, step int, raw []byte, c *column) {
	if step < cap(*plan) {
		if step >= len(*plan) {
			*plan = (*plan)[:step+1]
		}
	} else {
		*plan = append(*plan, planned{})
	}
	p := &(*plan)[step]
	p.raw, p.col = append(p.raw[:0], raw...), c
}
