package finish

import (
	"context"
	"io"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// mergeOp groups rows: mostly the groups of several regions, which are counted, summed and compared once more.
type mergeOp struct {
	in   operator
	run  *run
	keys []eval
	aggs []aggSpec

	g    groups
	st   []aggState
	ids  []uint32
	cols []*model.Vector
	all  *model.Batch
	from int
}

type aggSpec struct {
	fn  string // "sum", "min", "max", "count"; "ends" of first_value and last_value
	x   eval   // nil: count(*)
	end endSpec
	typ model.Type
	// filter, if not nil, is true for the rows that count.
	filter eval
	// distinct: each value of a group counts once.
	distinct bool
	// parts are the arguments of a merging of moments.
	parts []eval
	// summary: fn puts summaries together.
	summary bool
}

func mergeStage(n *plan.Aggregate) (stage, bool) {
	if n.Sets != nil {
		return stage{}, false
	}
	s, ok := n.Input.(*plan.Scan)
	partial := ok && s.Request.Aggregate != nil
	l := layoutOf(n.Input.Cols())
	var keys []eval
	for _, k := range n.Keys {
		x := compileExpr(k.X, l)
		if x == nil || !hashable(k.X.Type()) {
			return stage{}, false
		}
		keys = append(keys, x)
	}
	var aggs []aggSpec
	for i := range n.Aggs {
		a := &n.Aggs[i]
		spec := aggSpec{fn: a.Fn, typ: a.Col.Type}
		extreme := a.Fn == "min" || a.Fn == "max"
		ends := a.Fn == "first_value" || a.Fn == "last_value"
		moments := a.Fn == function.MergeMean || a.Fn == function.MergeM2
		if len(a.OrderBy) > 0 && !ends || len(a.Args) > 1 && !moments {
			return stage{}, false
		}
		if a.Distinct && !extreme {
			if a.Fn != "count" || len(a.Args) != 1 || !hashable(a.Args[0].Type()) {
				return stage{}, false
			}
			spec.distinct = true
		}
		if a.Filter != nil {
			if spec.filter = compileExpr(a.Filter, l); spec.filter == nil {
				return stage{}, false
			}
		}
		if len(a.Args) == 1 {
			if spec.x = compileExpr(a.Args[0], l); spec.x == nil {
				return stage{}, false
			}
		}
		switch {
		case moments:
			if spec.parts = compileAll(a.Args, l); spec.parts == nil {
				return stage{}, false
			}
		case a.Fn == "count" && a.Col.Type == model.Int64:
		case spec.x == nil || a.Args[0].Type() != a.Col.Type:
			return stage{}, false
		case ends:
			if spec.end, ok = endOf(a, l); !ok {
				return stage{}, false
			}
			spec.fn = "ends"
		case a.Fn == "sum" && (a.Col.Type == model.Int64 || a.Col.Type == model.Uint64 || a.Col.Type == model.Float64):
		case extreme && comparable(a.Col.Type):
		case function.NewSummary(a.Fn) != nil && a.Col.Type == model.Binary && !spec.distinct:
			spec.summary = true
		default:
			return stage{}, false
		}
		aggs = append(aggs, spec)
	}
	name := "group"
	if partial {
		name = "merge"
	}
	return stage{name, func(in operator, r *run) operator {
		return &mergeOp{in: in, run: r, keys: keys, aggs: aggs, g: groups{run: r}, st: make([]aggState, len(aggs))}
	}}, true
}

func (o *mergeOp) next(ctx context.Context) (*model.Batch, error) {
	for o.all == nil {
		b, err := o.in.next(ctx)
		if err == io.EOF {
			o.finish()
			break
		}
		if err != nil {
			return nil, err
		}
		if err := o.add(b); err != nil {
			return nil, err
		}
	}
	return chunk(o.all, &o.from)
}

func (o *mergeOp) add(b *model.Batch) error {
	o.cols = o.cols[:0]
	for _, k := range o.keys {
		v, err := k(b)
		if err != nil {
			return err
		}
		o.cols = append(o.cols, v)
	}
	before := o.g.n
	var err error
	if o.ids, err = o.g.find(o.ids[:0], o.cols, b.Len); err != nil {
		return err
	}
	if err := o.run.take(int64(o.g.n-before) * int64(len(o.aggs)) * 24); err != nil {
		return err
	}
	for i := range o.aggs {
		b, ids := b, o.ids
		if f := o.aggs[i].filter; f != nil {
			if b, ids, err = o.filtered(f, b); err != nil {
				return err
			}
		}
		var v *model.Vector
		if f := o.aggs[i].x; f != nil {
			if v, err = f(b); err != nil {
				return err
			}
		}
		if o.aggs[i].distinct {
			if v, ids, err = o.st[i].unseen(o.run, v, ids); err != nil {
				return err
			}
		}
		if spec := &o.aggs[i]; spec.parts != nil {
			if err := o.st[i].addMoments(spec, b, ids, o.g.n); err != nil {
				return err
			}
			continue
		}
		if o.aggs[i].summary {
			if err := o.st[i].addSummaries(o.aggs[i].fn, o.run, v, ids, o.g.n); err != nil {
				return err
			}
			continue
		}
		if spec := &o.aggs[i]; spec.fn == "ends" {
			at, err := spec.end.at(b)
			if err != nil {
				return err
			}
			if err := o.st[i].addEnds(spec, v, at, ids, o.g.n); err != nil {
				return err
			}
			continue
		}
		if err := o.st[i].add(&o.aggs[i], v, ids, o.g.n); err != nil {
			return err
		}
	}
	return nil
}

// filtered is the rows of a batch that a filter leaves, and their groups.
func (o *mergeOp) filtered(filter eval, b *model.Batch) (*model.Batch, []uint32, error) {
	c, err := filter(b)
	if err != nil {
		return nil, nil, err
	}
	var idx []int32
	var ids []uint32
	for i, yes := range c.Bools[:b.Len] {
		if yes && !c.Null(i) {
			idx, ids = append(idx, int32(i)), append(ids, o.ids[i])
		}
	}
	if len(idx) == b.Len {
		return b, ids, nil
	}
	return pick(b, len(b.Cols), idx), ids, nil
}

func (o *mergeOp) finish() {
	if len(o.keys) == 0 && o.g.n == 0 { // there is one group even of no rows
		o.g.n = 1
	}
	o.all = &model.Batch{Len: o.g.n, Cols: o.g.vals}
	for i := range o.aggs {
		o.st[i].grow(&o.aggs[i], o.g.n)
		o.all.Cols = append(o.all.Cols, o.st[i].vector(&o.aggs[i], o.g.n))
	}
}

// aggState is one reduction of all groups.
type aggState struct {
	n      []int64 // values seen
	ints   []int64
	floats []float64
	vals   []model.Value    // of other classes
	at     []int64          // of ends: the time of the value
	null   []bool           // of ends: the value is NULL
	seen   *groups          // of distinct values: pairs of group and value
	mom    []moments        // of merged moments
	sums   []sketch.Summary // of merged ones; nil: none
}

// unseen is the values, and their groups, that come for the first time; NULLs do not.
func (s *aggState) unseen(r *run, v *model.Vector, ids []uint32) (*model.Vector, []uint32, error) {
	if s.seen == nil {
		s.seen = &groups{run: r}
	}
	of := &model.Vector{Type: model.Int64, Len: len(ids), Ints: make([]int64, len(ids))}
	for i, g := range ids {
		of.Ints[i] = int64(g)
	}
	before := uint32(s.seen.n)
	pairs, err := s.seen.find(nil, []*model.Vector{of, v}, len(ids))
	if err != nil {
		return nil, nil, err
	}
	var idx []int32
	var out []uint32
	for i, p := range pairs {
		if p == before && !v.Null(i) {
			idx, out = append(idx, int32(i)), append(out, ids[i])
		}
		before = max(before, p+1)
	}
	return gather(v, idx), out, nil
}

func (s *aggState) grow(a *aggSpec, n int) {
	s.n = extend(s.n, n)
	if a.fn == "count" {
		return
	}
	if a.summary {
		s.sums = extend(s.sums, n)
		return
	}
	if a.parts != nil {
		s.mom = extend(s.mom, n)
	}
	if a.fn == "ends" {
		s.at, s.null = extend(s.at, n), extend(s.null, n)
	}
	switch a.typ.Class() {
	case model.ClassInt:
		s.ints = extend(s.ints, n)
	case model.ClassFloat:
		s.floats = extend(s.floats, n)
	default:
		s.vals = extend(s.vals, n)
	}
}

func extend[T any](s []T, n int) []T {
	if n > cap(s) {
		grown := make([]T, n, max(n, 2*cap(s)))
		copy(grown, s)
		return grown
	}
	return s[:n]
}

// add folds a column in.
func (s *aggState) add(a *aggSpec, v *model.Vector, ids []uint32, groups int) error {
	s.grow(a, groups)
	if v == nil {
		for _, g := range ids {
			s.n[g]++
		}
		return nil
	}
	unsigned := a.typ.Kind == model.KindUint64
	for i, g := range ids {
		if v.Null(i) {
			continue
		}
		first := s.n[g] == 0
		s.n[g]++
		switch {
		case a.fn == "count":
		case s.floats != nil:
			switch x := v.Floats[i]; {
			case first:
				s.floats[g] = x
			case a.fn == "sum":
				s.floats[g] += x
			case a.fn == "min" && model.CompareFloat(x, s.floats[g]) < 0, a.fn == "max" && model.CompareFloat(x, s.floats[g]) > 0:
				s.floats[g] = x
			}
		case s.ints != nil:
			switch x := v.Ints[i]; {
			case first:
				s.ints[g] = x
			case a.fn == "sum":
				s.ints[g] += x // wraps around
			case (a.fn == "min") == lessInt(x, s.ints[g], unsigned):
				s.ints[g] = x
			}
		default:
			x := v.At(i)
			if first || a.fn == "min" && x.Compare(s.vals[g]) < 0 || a.fn == "max" && x.Compare(s.vals[g]) > 0 {
				s.vals[g] = x
			}
		}
	}
	return nil
}

func lessInt(x, y int64, unsigned bool) bool {
	if unsigned {
		return uint64(x) < uint64(y)
	}
	return x < y
}

// vector is the reduction of every group.
func (s *aggState) vector(a *aggSpec, n int) *model.Vector {
	if a.fn == "count" {
		return &model.Vector{Type: a.typ, Len: n, Ints: s.n}
	}
	if a.summary {
		return s.summaries(n)
	}
	for i, m := range s.mom {
		s.floats[i] = m.m2
		if a.fn == function.MergeMean {
			s.floats[i] = m.mean
		}
	}
	v := &model.Vector{Type: a.typ, Len: n, Ints: s.ints, Floats: s.floats}
	if s.vals != nil {
		v = model.NewVector(a.typ, n)
		for i, x := range s.vals {
			if s.n[i] == 0 || s.null != nil && s.null[i] {
				v.AppendNull()
			} else {
				v.AppendValue(x)
			}
		}
		return v
	}
	for i, seen := range s.n {
		if seen == 0 || s.null != nil && s.null[i] {
			if v.Valid == nil {
				v.Valid = model.NewBitmap(n)
				v.Valid.SetRange(0, n)
			}
			v.Valid.Clear(i)
		}
	}
	return v
}
