package scan

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// row is one stored row of the plain model; tags in key order, fields in display order.
type row struct {
	tags   []model.Value
	ts     int64
	fields []model.Value
	seq    uint64
	op     model.OpType
}

func compareTags(a, b []model.Value) int {
	for i := range a {
		switch {
		case a[i].Null() && b[i].Null():
		case a[i].Null():
			return -1
		case b[i].Null():
			return 1
		default:
			if c := a[i].Compare(b[i]); c != 0 {
				return c
			}
		}
	}
	return 0
}

func compareRows(a, b *row) int {
	return cmp.Or(compareTags(a.tags, b.tags), cmp.Compare(a.ts, b.ts), cmp.Compare(b.seq, a.seq))
}

// plainSource is a Source made of rows. What it was not asked to fill in it fills with rubbish, and it prunes as badly as it may.
type plainSource struct {
	name     string
	schema   *model.Schema
	rows     []*row
	chunks   []int
	unique   bool
	deletes  bool
	table    *series.Table
	min, max int64
	lo, hi   model.Sequence
	fail     error // what Chunk returns
}

func newPlainSource(t testing.TB, name string, s *model.Schema, rows []*row, chunk int) *plainSource {
	p := &plainSource{name: name, schema: s, rows: slices.Clone(rows), min: math.MaxInt64, max: math.MinInt64, lo: math.MaxUint64, unique: true}
	slices.SortStableFunc(p.rows, compareRows)
	var types []model.Type
	for _, c := range s.Tags() {
		types = append(types, c.Type)
	}
	b := series.NewBuilder(s.PrimaryKey, types)
	for i, r := range p.rows {
		vals := make([][]byte, len(types))
		for k, v := range r.tags {
			if !v.Null() {
				vals[k] = series.AppendSortableValue([]byte{}, v)
			}
		}
		b.AppendRun(vals, 1)
		p.min, p.max = min(p.min, r.ts), max(p.max, r.ts)
		p.lo, p.hi = min(p.lo, model.Sequence(r.seq)), max(p.hi, model.Sequence(r.seq))
		p.deletes = p.deletes || r.op == model.OpDelete
		if i > 0 && r.ts == p.rows[i-1].ts && compareTags(r.tags, p.rows[i-1].tags) == 0 {
			p.unique = false
		}
	}
	var err error
	if p.table, err = b.Finish(); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(rows); i += chunk {
		p.chunks = append(p.chunks, i)
	}
	p.chunks = append(p.chunks, len(rows))
	return p
}

func (p *plainSource) Name() string                                  { return p.name }
func (p *plainSource) Rows() int                                     { return len(p.rows) }
func (p *plainSource) TimeRange() (int64, int64)                     { return p.min, p.max }
func (p *plainSource) Sequences() (model.Sequence, model.Sequence)   { return p.lo, p.hi }
func (p *plainSource) HasDeletes() bool                              { return p.deletes }
func (p *plainSource) Unique() bool                                  { return p.unique }
func (p *plainSource) Chunks() []int                                 { return p.chunks }
func (p *plainSource) Series(context.Context) (*series.Table, error) { return p.table, nil }

func (p *plainSource) Chunk(ctx context.Context, col model.ColumnID, chunk, from, to int) (*model.Vector, error) {
	if p.fail != nil {
		return nil, p.fail
	}
	n := p.chunks[chunk+1] - p.chunks[chunk]
	typ := model.Uint64
	if c := p.schema.Column(col); c != nil {
		typ = c.Type
	} else if col == model.ColumnOpType {
		typ = model.Uint8
	}
	v := model.NewVector(typ, n)
	coded := typ.Class() == model.ClassBytes && chunk%2 == 0
	if coded {
		v = &model.Vector{Type: typ, Dict: &model.Dict{}}
	}
	seen := map[string]uint32{}
	for i := range n {
		x := model.Value{Type: typ, Int: -77, Float: -77, Bytes: "rubbish", Bool: true}
		if i >= from && i < to {
			x = p.rows[p.chunks[chunk]+i].value(p.schema, col)
		}
		if coded && !x.Null() {
			c, ok := seen[x.Bytes]
			if !ok {
				c = v.Dict.AppendString(x.Bytes)
				seen[x.Bytes] = c
			}
			v.AppendCode(c)
			continue
		}
		v.AppendValue(x)
	}
	return v, nil
}

func (p *plainSource) Prune(_ context.Context, pred *model.Expr, times model.TimeRange) ([]source.RowRange, error) {
	var out []source.RowRange
	for i, r := range p.rows {
		keep := times.Contains(r.ts) && holds(pred, func(c model.ColumnID) model.Value { return r.value(p.schema, c) })
		if !keep && (i/5)%3 != 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].End == i {
			out[n-1].End++
		} else {
			out = append(out, source.RowRange{Start: i, End: i + 1})
		}
	}
	return out, nil
}

// value is the row's value of a column.
func (r *row) value(s *model.Schema, id model.ColumnID) model.Value {
	switch id {
	case model.ColumnSequence:
		return model.IntValue(model.Uint64, int64(r.seq))
	case model.ColumnOpType:
		return model.IntValue(model.Uint8, int64(r.op))
	case s.TimeIndex:
		return model.IntValue(s.Time().Type, r.ts)
	}
	if k := slices.Index(s.PrimaryKey, id); k >= 0 {
		return r.tags[k]
	}
	k := slices.IndexFunc(s.Fields(), func(c *model.Column) bool { return c.ID == id })
	return r.fields[k]
}

// holds decides a predicate for one row.
func holds(e *model.Expr, get func(model.ColumnID) model.Value) bool {
	if e == nil {
		return true
	}
	switch e.Op {
	case model.OpTrue:
		return true
	case model.OpFalse:
		return false
	case model.OpAnd:
		for _, a := range e.Args {
			if !holds(a, get) {
				return false
			}
		}
		return true
	case model.OpOr:
		for _, a := range e.Args {
			if holds(a, get) {
				return true
			}
		}
		return false
	}
	v := get(e.Column)
	if e.Op == model.OpIsNull {
		return v.Null()
	}
	if v.Null() {
		return false
	}
	in := slices.ContainsFunc(e.Values, func(x model.Value) bool { return !x.Null() && v.Compare(x) == 0 })
	switch e.Op {
	case model.OpNotNull:
		return true
	case model.OpIn:
		return in
	case model.OpNotIn:
		return !in
	case model.OpRegex, model.OpNotRegex, model.OpContains, model.OpNotContains:
		return matchPattern(e, v.Bytes)
	}
	c := v.Compare(e.Values[0])
	switch e.Op {
	case model.OpEq:
		return c == 0
	case model.OpNe:
		return c != 0
	case model.OpLt:
		return c < 0
	case model.OpLe:
		return c <= 0
	case model.OpGt:
		return c > 0
	}
	return c >= 0
}
