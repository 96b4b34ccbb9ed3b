package sst

import (
	"context"
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/internal/index"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// indexSteps are the kinds of indexes in the order in which they are asked: row by row before segment by segment, values before filters.
var indexSteps = [...]index.Kind{index.FulltextPostings, index.Inverted, index.Skipping, index.FulltextBloom}

// stepOf is the place of a kind in indexSteps.
func stepOf(k index.Kind) int {
	for i, s := range indexSteps {
		if s == k {
			return i
		}
	}
	return -1
}

// counters are those of a kind's step.
func (s *Stats) counters(k index.Kind) *IndexCounters {
	switch k {
	case index.Inverted:
		return &s.Inverted
	case index.Skipping:
		return &s.Bloom
	}
	return &s.Fulltext
}

// byIndex narrows rows by what the file's indexes say of a predicate. Conditions that must all be true are asked one by one, each of the
// indexes of its column; one with alternatives is asked as a whole, in the step of the last of its indexes.
func (v *view) byIndex(ctx context.Context, pred *model.Expr, rows index.Rows) (index.Rows, error) {
	x := v.index.Load()
	if x == nil || len(rows) == 0 {
		return rows, nil
	}
	declared := v.declared()
	if len(declared) == 0 {
		return rows, nil
	}
	conds := joinRanges(declared, pred.Conjuncts())
	for step, kind := range indexSteps {
		if !v.r.indexes.uses(kind) || len(rows) == 0 {
			continue
		}
		st := &IndexCounters{}
		if v.stats != nil {
			st = v.stats.counters(kind)
		}
		ctx := context.WithValue(ctx, countersKey{}, st)
		began, asked := time.Now(), false
		before := rows
		for _, e := range conds {
			if len(rows) == 0 || v.lastStep(declared, e) < step || e.Op == model.OpOr && v.lastStep(declared, e) != step {
				continue
			}
			only := kind
			if e.Op == model.OpOr {
				only = 0
			}
			got, ok, err := v.evaluate(ctx, x, declared, e, only)
			if err != nil {
				return nil, err
			}
			if ok {
				asked = true
				rows = rows.And(got)
			}
		}
		if asked {
			v.r.indexes.elapsed.WithLabelValues(kind.String()).Observe(time.Since(began).Seconds())
			st.files.Add(1)
			st.rows.Add(int64(before.Count()))
			st.rowsAfter.Add(int64(rows.Count()))
			st.groups.Add(v.groupsOf(before))
			st.groupsAfter.Add(v.groupsOf(rows))
		}
	}
	return rows, nil
}

// joinRanges makes one range of the bounds that conditions set a column with an inverted index: of a BETWEEN each bound alone may hold
// in all segments where both together hold in few. Such a range is an AND with a column; all other conditions stay as they are.
func joinRanges(declared columnKinds, conds []*model.Expr) []*model.Expr {
	bound := func(e *model.Expr) bool {
		return e.Op >= model.OpLt && e.Op <= model.OpGe && e.Column != 0 && slices.Contains(declared[e.Column], index.Inverted)
	}
	var out []*model.Expr // nil: as conds
	for i, e := range conds {
		if !bound(e) {
			if out != nil {
				out = append(out, e)
			}
			continue
		}
		same := func(o *model.Expr) bool { return o.Column == e.Column && bound(o) }
		if slices.ContainsFunc(conds[:i], same) {
			continue // is in the range already
		}
		joined := &model.Expr{Op: model.OpAnd, Column: e.Column, Args: []*model.Expr{e}}
		for _, o := range conds[i+1:] {
			if same(o) {
				joined.Args = append(joined.Args, o)
			}
		}
		if len(joined.Args) == 1 {
			joined = e
		} else if out == nil {
			out = slices.Clone(conds[:i])
		}
		if out != nil {
			out = append(out, joined)
		}
	}
	if out == nil {
		return conds
	}
	return out
}

// columnKinds are the kinds of indexes that a schema declares, by column.
type columnKinds map[model.ColumnID][]index.Kind

// declared are the indexes that may be used: those that the schema of the view asks for, of columns that the file has in the same type.
func (v *view) declared() columnKinds {
	var out columnKinds
	for _, x := range DeclaredIndexes(v.schema) {
		ci, ok := v.meta.byID[x.Column]
		if !ok || !v.r.indexes.uses(x.Spec.Kind) || v.schema.Column(x.Column).Type != v.meta.cols[ci].typ {
			continue
		}
		if out == nil {
			out = columnKinds{}
		}
		out[x.Column] = append(out[x.Column], x.Spec.Kind)
	}
	return out
}

// lastStep is the last step that has something to say of a condition, or -1.
func (v *view) lastStep(declared columnKinds, e *model.Expr) int {
	last := -1
	for _, a := range e.Args {
		last = max(last, v.lastStep(declared, a))
	}
	if e.Op >= model.OpEq {
		for _, k := range declared[e.Column] {
			last = max(last, stepOf(k))
		}
	}
	return last
}

// evaluate gives the rows for which a condition may be true; ok is false where no index tells. only restricts the kinds, unless it is 0.
func (v *view) evaluate(ctx context.Context, x *indexFile, declared columnKinds, e *model.Expr, only index.Kind) (rows index.Rows, ok bool, err error) {
	switch e.Op {
	case model.OpTrue:
		return nil, false, nil
	case model.OpFalse:
		return nil, true, nil
	case model.OpAnd:
		if e.Column != 0 { // a joined range
			if only != 0 && only != index.Inverted {
				return nil, false, nil
			}
			return v.search(ctx, x, index.Inverted, e)
		}
		rows = index.AllRows(v.meta.rows)
		for _, a := range joinRanges(declared, e.Args) {
			got, told, err := v.evaluate(ctx, x, declared, a, only)
			if err != nil {
				return nil, false, err
			}
			if told {
				rows, ok = rows.And(got), true
			}
		}
		return rows, ok, nil
	case model.OpOr:
		for _, a := range e.Args {
			got, told, err := v.evaluate(ctx, x, declared, a, only)
			if err != nil || !told {
				return nil, false, err
			}
			rows = rows.Or(got)
		}
		return rows, true, nil
	}
	if v.tagOf(e.Column) && only == 0 { // beside an alternative of a field: the series tell
		t, err := v.Series(ctx)
		if err != nil {
			return nil, false, err
		}
		sel, err := series.Match(t, e)
		if err != nil {
			return nil, false, err
		}
		return t.RowsOf(sel), true, nil
	}
	for _, k := range declared[e.Column] {
		if only != 0 && k != only {
			continue
		}
		got, told, err := v.search(ctx, x, k, e)
		if err != nil {
			return nil, false, err
		}
		switch {
		case told && ok:
			rows = rows.And(got)
		case told:
			rows, ok = got, true
		}
	}
	return rows, ok, nil
}

func (v *view) tagOf(id model.ColumnID) bool {
	c := v.schema.Column(id)
	return c != nil && c.Semantic == model.TagColumn
}

// groupsOf counts the row groups that hold any of the rows.
func (v *view) groupsOf(rows index.Rows) int64 {
	n, g, last := int64(0), 0, -1
	for _, r := range rows {
		for g+1 < len(v.meta.starts)-1 && v.meta.starts[g+1] <= r.Start {
			g++
		}
		for h := g; h < len(v.meta.groups) && v.meta.starts[h] < r.End; h++ {
			if h > last {
				n, last = n+1, h
			}
		}
	}
	return n
}
