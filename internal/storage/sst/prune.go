package sst

import (
	"context"
	"math"
	"sort"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// Prune is source.Source's: by the bounds of row groups, then of pages, then by indexes.
func (v *view) Prune(ctx context.Context, pred *model.Expr, times model.TimeRange) ([]source.RowRange, error) {
	return v.PruneWithin(ctx, pred, times, []source.RowRange{{Start: 0, End: v.meta.rows}})
}

// PruneWithin implements source.Narrower.
func (v *view) PruneWithin(ctx context.Context, pred *model.Expr, times model.TimeRange, rows []source.RowRange) ([]source.RowRange, error) {
	var out, some []source.RowRange
	timeCol := len(v.meta.cols) - 3
	sameUnit := v.schema.Time() != nil && v.schema.Time().Type == v.meta.cols[timeCol].typ
	for at := 0; len(rows) > 0; {
		at = max(at, rows[0].Start)
		g := sort.Search(len(v.meta.groups), func(g int) bool { return v.meta.starts[g+1] > at })
		if g == len(v.meta.groups) {
			break
		}
		start, end := v.meta.starts[g], v.meta.starts[g+1]
		some = some[:0] // of rows, those of the group
		for len(rows) > 0 && rows[0].Start < end {
			some = append(some, source.RowRange{Start: max(rows[0].Start, at) - start, End: min(rows[0].End, end) - start})
			if rows[0].End > end {
				break
			}
			rows = rows[1:]
		}
		at = end
		keep := some
		if sameUnit && times != model.AllTime {
			keep = v.pages(g, timeCol, some, func(c *column, s *pageStat) bool {
				return s.values > 0 && times.Overlaps(boundInt(c, s.min), boundInt(c, s.max))
			})
		}
		if len(keep) > 0 && pred != nil {
			keep = intersect(keep, v.prune(pred, g))
		}
		for _, r := range keep {
			out = join(out, source.RowRange{Start: start + r.Start, End: start + r.End})
		}
	}
	if pred == nil {
		return out, nil
	}
	return v.byIndex(ctx, pred, out)
}

// pages gives, of some rows of a chunk, those of the pages that may hold something, unless the chunk as a whole cannot.
func (v *view) pages(g, ci int, rows []source.RowRange, may func(c *column, s *pageStat) bool) []source.RowRange {
	gm := &v.meta.groups[g]
	c, k := &v.meta.cols[ci], &gm.chunks[ci]
	if !may(c, &k.total) {
		return nil
	}
	var out []source.RowRange
	for _, r := range rows {
		for i := k.pageOf(r.Start); i < len(k.pages); i++ {
			from, to := k.rowsOf(i, gm.rows)
			if from >= r.End {
				break
			}
			if may(c, &k.pages[i].pageStat) {
				out = join(out, source.RowRange{Start: max(from, r.Start), End: min(to, r.End)})
			}
		}
	}
	return out
}

// join appends a range, as part of the last one where they touch.
func join(rs []source.RowRange, r source.RowRange) []source.RowRange {
	if n := len(rs); n > 0 && rs[n-1].End >= r.Start {
		rs[n-1].End = max(rs[n-1].End, r.End)
		return rs
	}
	return append(rs, r)
}

func intersect(a, b []source.RowRange) []source.RowRange {
	var out []source.RowRange
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if from, to := max(a[i].Start, b[j].Start), min(a[i].End, b[j].End); from < to {
			out = append(out, source.RowRange{Start: from, End: to})
		}
		if a[i].End < b[j].End {
			i++
		} else {
			j++
		}
	}
	return out
}

func union(a, b []source.RowRange) []source.RowRange {
	var out []source.RowRange
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].Start <= b[0].Start {
			out, a = join(out, a[0]), a[1:]
		} else {
			out, b = join(out, b[0]), b[1:]
		}
	}
	return out
}

// prune gives the rows of a row group for which the predicate may be true.
func (v *view) prune(e *model.Expr, g int) []source.RowRange {
	all := []source.RowRange{{Start: 0, End: v.meta.groups[g].rows}}
	switch e.Op {
	case model.OpTrue:
		return all
	case model.OpFalse:
		return nil
	case model.OpAnd:
		for _, a := range e.Args {
			if all = intersect(all, v.prune(a, g)); len(all) == 0 {
				break
			}
		}
		return all
	case model.OpOr:
		var out []source.RowRange
		for _, a := range e.Args {
			out = union(out, v.prune(a, g))
		}
		return out
	}
	ci, ok := v.meta.byID[e.Column]
	if !ok {
		return all
	}
	if typ, _, err := v.typeOf(e.Column); err != nil || typ != v.meta.cols[ci].typ {
		return all
	}
	for _, x := range e.Values {
		if x.Null() || x.Type.Class() != v.meta.cols[ci].typ.Class() {
			return all
		}
	}
	return v.pages(g, ci, all, func(c *column, s *pageStat) bool { return mayMatch(c, s, e) })
}

// mayMatch reports whether a leaf may be true for a row of a page of these bounds.
func mayMatch(c *column, s *pageStat, e *model.Expr) bool {
	if e.Op == model.OpIsNull {
		return s.nulls > 0
	}
	if s.values == 0 {
		return false // all NULL: no comparison is true
	}
	switch e.Op {
	case model.OpEq, model.OpLt, model.OpLe, model.OpGt, model.OpGe, model.OpNe, model.OpIn:
	default:
		return true
	}
	lo, hi := boundValue(c, s.min), boundValue(c, s.max)
	if c.phys == physFloat || c.phys == physDouble {
		if math.IsInf(hi.Float, 1) { // stands for NaN as well, the greatest of all
			hi.Float = math.NaN()
		}
	}
	in := func(x model.Value) bool { return lo.Compare(x) <= 0 && x.Compare(hi) <= 0 }
	x := e.Values
	switch e.Op {
	case model.OpIn:
		for i := range x {
			if in(x[i]) {
				return true
			}
		}
		return false
	case model.OpEq:
		return in(x[0])
	case model.OpNe: // false only where all values are that one
		return lo.Compare(x[0]) != 0 || hi.Compare(x[0]) != 0
	case model.OpLt:
		return lo.Compare(x[0]) < 0
	case model.OpLe:
		return lo.Compare(x[0]) <= 0
	case model.OpGt:
		return hi.Compare(x[0]) > 0
	}
	return hi.Compare(x[0]) >= 0
}

func boundValue(c *column, b []byte) model.Value {
	v := model.Value{Type: c.typ}
	switch c.phys {
	case physBool:
		v.Bool = b[0] == 1
	case physInt32, physInt64:
		v.Int = boundInt(c, b)
	case physFloat, physDouble:
		v.Float = boundFloat(c, b)
	case physFixed:
		v.Decimal = decimalAt(b)
	default:
		v.Bytes = string(b)
	}
	return v
}
