package memtable

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// Snapshot is the rows of a memtable at one moment. It needs no release: it keeps what it needs from being collected.
type Snapshot struct {
	m       *Memtable
	id      uint64
	state   *tagState // has all series of the runs
	runs    []*run
	windows []windowRuns
	rows    int
}

// windowRuns is the places of a window's runs in a snapshot: [from, full) are of whole chunks, [full, to) of the one being appended to.
type windowRuns struct{ from, full, to int }

// Snapshot pins all rows written so far. It copies none.
func (m *Memtable) Snapshot() *Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &Snapshot{m: m, id: m.id, state: m.state.Load(), rows: m.rows}
	for _, w := range m.sortedWindows() {
		at := windowRuns{from: len(s.runs)}
		s.runs = append(s.runs, w.full...)
		at.full = len(s.runs)
		if w.chunk != nil {
			s.runs = w.chunk.cover(m, s.runs)
		}
		at.to = len(s.runs)
		s.windows = append(s.windows, at)
	}
	return s
}

func (m *Memtable) sortedWindows() []*window {
	ws := make([]*window, 0, len(m.windows))
	for _, w := range m.windows {
		ws = append(ws, w)
	}
	slices.SortFunc(ws, func(a, b *window) int { return cmp.Compare(a.slot, b.slot) })
	return ws
}

// Rows is the number of rows, versions of a key counted singly.
func (s *Snapshot) Rows() int {
	n := 0
	for _, r := range s.runs {
		n += r.rows
	}
	return n
}

// Sources gives a source for each run that may have rows in the time range, read through schema, which is the memtable's or a later one.
func (s *Snapshot) Sources(schema *model.Schema, times model.TimeRange) []source.Source {
	var out []source.Source
	key := keyOf(schema)
	for i, r := range s.runs {
		if times.Overlaps(r.minT, r.maxT) {
			out = append(out, newRunSource(r, schema, key, s.id, i))
		}
	}
	return out
}

// tagKey is the tags of a schema.
type tagKey struct {
	ids   []model.ColumnID
	types []model.Type
}

func keyOf(schema *model.Schema) *tagKey {
	ids, types := series.TagsOf(schema)
	return &tagKey{ids, types}
}

func newRunSource(r *run, schema *model.Schema, key *tagKey, id uint64, number int) *runSource {
	return &runSource{r: r, schema: schema, key: key, id: id, number: number, chunks: [2]int{0, r.rows}}
}

// runSource is a run read through a schema.
type runSource struct {
	r      *run
	schema *model.Schema
	key    *tagKey // of schema
	id     uint64  // of the memtable
	number int     // of the run in it
	chunks [2]int
}

func (s *runSource) Name() string                         { return fmt.Sprintf("memtable %d.%d", s.id, s.number) }
func (s *runSource) Rows() int                            { return s.r.rows }
func (s *runSource) TimeRange() (min, max int64)          { return s.r.minT, s.r.maxT }
func (s *runSource) Sequences() (min, max model.Sequence) { return s.r.sequences() }
func (s *runSource) HasDeletes() bool                     { return s.r.deletes }
func (s *runSource) Unique() bool                         { return s.r.sort().unique }
func (s *runSource) Chunks() []int                        { return s.chunks[:] }

func (s *runSource) Series(context.Context) (*series.Table, error) {
	return series.Extend(s.r.sort().table, s.key.ids, s.key.types)
}

func (s *runSource) Chunk(ctx context.Context, col model.ColumnID, _, _, _ int) (*model.Vector, error) {
	if col.Internal() {
		return s.r.column(col), nil
	}
	c := s.schema.Column(col)
	switch {
	case c == nil:
		return nil, errs.New(errs.Internal, "%s: column %d is not in the schema", s.Name(), col)
	case c.Semantic == model.TimeColumn:
		return &model.Vector{Type: c.Type, Len: s.r.rows, Ints: s.r.sort().times}, nil
	case c.Semantic == model.TagColumn:
		t, err := s.Series(ctx)
		if err != nil {
			return nil, err
		}
		return t.TagRows(t.Tag(col), 0, s.r.rows), nil
	}
	return as(s.r.column(col), c, s.r.rows, s.r.schema)
}

func (s *runSource) Prune(ctx context.Context, pred *model.Expr, times model.TimeRange) ([]source.RowRange, error) {
	t, err := s.Series(ctx)
	if err != nil {
		return nil, err
	}
	return prune(t, pred, times, s.schema.TimeIndex, s.r.minT, s.r.maxT)
}

// prune is the rows of the series for which the part of pred on tags holds. Times are not looked at row by row: decoded columns cost a
// scan nothing, and it cuts each series itself.
func prune(t *series.Table, pred *model.Expr, times model.TimeRange, timeIndex model.ColumnID, minT, maxT int64) ([]source.RowRange, error) {
	if !times.Overlaps(minT, maxT) {
		return nil, nil
	}
	onTags, _, _ := series.Split(pred, t.Tags, timeIndex)
	sel, err := series.Match(t, onTags)
	if err != nil {
		return nil, err
	}
	return t.RowsOf(sel), nil
}
