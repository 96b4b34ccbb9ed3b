package scan

import (
	"context"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// A row's newest version may fail a predicate on fields that an older version passes. If the newest were pruned, the older one would come
// to light. So where versions hide one another, such predicates prune only rows that cannot have other versions: those at times at which
// no other input has rows of the same range of keys. After a compaction that is nearly all of a file.

// findShared notes for each input the times at which another one may hold versions of its rows. Inputs are in order of their first time,
// their series are selected.
func findShared(p *plan, ins []*input) {
	for _, in := range ins {
		in.shared = model.TimeRange{}
	}
	if !p.dedup() || len(p.rowExpr) == 0 {
		return
	}
	for i, a := range ins {
		if a.sel.Empty() {
			continue
		}
		for _, b := range ins[i+1:] {
			if b.min > a.max {
				break
			}
			if !b.sel.Empty() && sameKeys(a, b) {
				t := span(max(a.min, b.min), min(a.max, b.max))
				a.shared, b.shared = hull(a.shared, t), hull(b.shared, t)
			}
		}
	}
}

// sameKeys reports whether the key ranges of the inputs' selected series meet.
func sameKeys(a, b *input) bool {
	after := func(x, y *input) bool { // all of x's are after y's
		return series.CompareSeries(x.table, x.sel.Next(0), y.table, y.sel.Last()) > 0
	}
	return !after(a, b) && !after(b, a)
}

// span is the range of times from lo to hi, both inclusive.
func span(lo, hi int64) model.TimeRange {
	if hi == model.AllTime.End {
		return model.TimeRange{Start: lo, End: hi}
	}
	return model.TimeRange{Start: lo, End: hi + 1}
}

// hull is the least range that holds both.
func hull(a, b model.TimeRange) model.TimeRange {
	switch {
	case a.Empty():
		return b
	case b.Empty():
		return a
	}
	return model.TimeRange{Start: min(a.Start, b.Start), End: max(a.End, b.End)}
}

// prune asks the source for the rows that may match.
func (in *input) prune(ctx context.Context, p *plan) (err error) {
	if !in.sel.Whole(in.table.Len()) {
		in.rows = in.table.RowsOf(in.sel)
	}
	key := model.And(p.keyExpr...)
	all := model.And(append(slices.Clone(p.keyExpr), p.rowExpr...)...)
	rest := p.times.Intersect(in.shared) // of the times, those at which rows may have other versions
	switch {
	case len(p.rowExpr) == 0:
		in.ranges, err = in.pruned(ctx, key, p.times)
	case in.compare: // any row may have other versions in the input itself
		in.ranges, err = in.pruned(ctx, key, p.times)
	case rest.Empty():
		in.ranges, err = in.pruned(ctx, all, p.times)
	case rest.Covers(in.min, in.max):
		in.ranges, err = in.pruned(ctx, key, p.times)
	default:
		if in.ranges, err = in.pruned(ctx, all, p.times); err != nil {
			return err
		}
		var more []source.RowRange
		more, err = in.pruned(ctx, key, rest)
		in.ranges = union(in.ranges, more)
	}
	return err
}

// pruned asks the source for the selected series' rows that may match.
func (in *input) pruned(ctx context.Context, pred *model.Expr, times model.TimeRange) ([]source.RowRange, error) {
	switch {
	case pred != nil || !times.Covers(in.min, in.max):
		return in.prunedOf(ctx, pred, times, in.rows)
	case in.rows != nil:
		return in.rows, nil
	}
	return []source.RowRange{{Start: 0, End: in.src.Rows()}}, nil
}

// prunedOf asks the source for those of some rows that may match; nil is all rows.
func (in *input) prunedOf(ctx context.Context, pred *model.Expr, times model.TimeRange, rows []source.RowRange) ([]source.RowRange, error) {
	if s, ok := in.src.(source.Narrower); ok && rows != nil {
		return s.PruneWithin(ctx, pred, times, rows)
	}
	left, err := in.src.Prune(ctx, pred, times)
	if rows != nil {
		left = intersect(left, rows)
	}
	return left, err
}

// union is the rows in either of two ascending, disjoint lists.
func union(a, b []source.RowRange) []source.RowRange {
	out := make([]source.RowRange, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		var r source.RowRange
		if len(b) == 0 || len(a) > 0 && a[0].Start <= b[0].Start {
			r, a = a[0], a[1:]
		} else {
			r, b = b[0], b[1:]
		}
		if n := len(out); n > 0 && out[n-1].End >= r.Start {
			out[n-1].End = max(out[n-1].End, r.End)
		} else {
			out = append(out, r)
		}
	}
	return out
}
