package finish

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// addSummaries folds in the summaries of parts. NULLs and bytes that are none are left out.
func (s *aggState) addSummaries(merging string, r *run, v *model.Vector, ids []uint32, groups int) error {
	s.n, s.sums = extend(s.n, groups), extend(s.sums, groups)
	for i, g := range ids {
		if v.Null(i) {
			continue
		}
		sum := s.sums[g]
		if sum == nil {
			sum = function.NewSummary(merging)
		}
		before := sum.Bytes()
		ok, err := sum.Take(v.BytesAt(i))
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		s.sums[g] = sum
		if err := r.take(2 * (sum.Bytes() - before)); err != nil { // once more when it is written
			return err
		}
	}
	return nil
}

// summaries is the summary of every group, as it is written.
func (s *aggState) summaries(n int) *model.Vector {
	v := model.NewVector(model.Binary, n)
	var b []byte
	for _, sum := range s.sums {
		if sum == nil || sum.None() {
			v.AppendNull()
			continue
		}
		b = sum.AppendTo(b[:0])
		v.AppendBytes(b)
	}
	return v
}

// summaryExpr is a function that reads summaries: its last argument. Of what is none it is NULL.
func summaryExpr(e *plan.Call, args []eval) eval {
	state := e.Args[len(args)-1].Type()
	if state != model.Binary {
		return nil
	}
	of := func(types ...model.Type) bool {
		for i, t := range types {
			if e.Args[i].Type() != t {
				return false
			}
		}
		return len(args) == len(types)+1
	}
	put := func(out *model.Vector, x float64) { out.AppendFloat(x) }
	switch {
	case e.Fn == function.CountHLL && of() && e.T == model.Uint64:
		return readSummary(e.T, args, func(_ []*model.Vector, _ int, b []byte, out *model.Vector) bool {
			var h sketch.HLL
			if !h.Merge(b) {
				return false
			}
			out.AppendInt(int64(h.Count()))
			return true
		})
	case e.Fn == function.CountPairs && of() && e.T == model.Uint64:
		return coalesceExpr(e.T, []eval{readSummary(e.T, args, func(_ []*model.Vector, _ int, b []byte, out *model.Vector) bool {
			n, ok := function.PairStatistic("regr_count", b)
			if ok {
				out.AppendInt(int64(n))
			}
			return ok
		}), func(b *model.Batch) (*model.Vector, error) {
			return model.ConstVector(model.IntValue(e.T, 0), b.Len), nil
		}})
	case e.Fn == function.ReadComoments && of(model.String) && e.T == model.Float64:
		return readSummary(e.T, args, func(v []*model.Vector, i int, b []byte, out *model.Vector) bool {
			x, ok := function.PairStatistic(string(v[0].BytesAt(i)), b)
			if ok {
				out.AppendFloat(x)
			}
			return ok
		})
	case !of(model.Float64):
		return nil
	}
	quantile := function.DigestQuantile
	switch e.Fn {
	case function.ReadUDD:
		quantile = function.UDDQuantile
	case function.ReadDigestInt:
		put = func(out *model.Vector, x float64) { out.AppendInt(function.TruncInt(x, false)) }
	case function.ReadDigestUint:
		put = func(out *model.Vector, x float64) { out.AppendInt(function.TruncInt(x, true)) }
	}
	return readSummary(e.T, args, func(v []*model.Vector, i int, b []byte, out *model.Vector) bool {
		x, ok := quantile(v[0].Floats[i], b)
		if ok {
			put(out, x)
		}
		return ok
	})
}

// readSummary calls read for rows without a NULL; where it says false, it has appended nothing.
func readSummary(t model.Type, args []eval, read func(v []*model.Vector, i int, b []byte, out *model.Vector) bool) eval {
	return func(b *model.Batch) (*model.Vector, error) {
		vs := make([]*model.Vector, len(args))
		for k, f := range args {
			v, err := f(b)
			if err != nil {
				return nil, err
			}
			vs[k] = v
		}
		out := model.NewVector(t, b.Len)
		states := vs[len(vs)-1]
	rows:
		for i := range b.Len {
			for _, v := range vs {
				if v.Null(i) {
					out.AppendNull()
					continue rows
				}
			}
			if !read(vs, i, states.BytesAt(i), out) {
				out.AppendNull()
			}
		}
		return out, nil
	}
}
