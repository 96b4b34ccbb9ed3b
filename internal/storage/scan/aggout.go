package scan

import (
	"context"
	"math"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// output sends the groups that hold a row; without keys, the one group there is.
func (t *table) output(ctx context.Context, sc *scan) error {
	var slots []int32
	for i, n := range t.rows {
		if n > 0 || len(t.g.a.keys) == 0 {
			slots = append(slots, int32(i))
		}
	}
	if len(slots) == 0 && len(t.g.a.keys) == 0 { // nothing was looked up
		t.add(slotKey{})
		slots = append(slots, 0)
	}
	for len(slots) > 0 {
		n := min(len(slots), sc.p.batch)
		if t.summaryBytes() > 0 {
			n = min(n, summaryBatch)
		}
		if err := sc.send(ctx, sc.queue(nil), t.batch(slots[:n])); err != nil {
			return err
		}
		slots = slots[n:]
	}
	return nil
}

// batch is the output rows of some slots.
func (t *table) batch(slots []int32) *model.Batch {
	g := t.g
	b := &model.Batch{Len: len(slots)}
	for _, k := range g.a.keys {
		switch {
		case k.bucket:
			v := model.NewVector(k.typ, len(slots))
			for _, s := range slots {
				if g.dense {
					v.AppendInt(g.first + int64(int(s)%g.buckets)*g.a.bucket.Width)
				} else {
					v.AppendInt(t.keys[s].bucket)
				}
			}
			b.Cols = append(b.Cols, v)
		case k.tag >= 0:
			runs := make([]run, len(slots))
			for i, s := range slots {
				group := uint32(int(s) / g.buckets)
				if !g.dense {
					group = t.keys[s].group
				}
				if g.sample != nil {
					group = g.sample[group]
				}
				runs[i] = run{group, int32(i), int32(i + 1)}
			}
			b.Cols = append(b.Cols, g.al.tagVector(k.tag, runs, len(slots)))
		default:
			v := model.NewVector(k.typ, len(slots))
			kernel.GatherVector(v, t.others[k.other].vals, 0, slots)
			b.Cols = append(b.Cols, v)
		}
	}
	for _, o := range g.a.outs {
		if o.state < 0 {
			b.Cols = append(b.Cols, intVector(model.Int64, t.rows, slots, nil))
			continue
		}
		b.Cols = append(b.Cols, t.states[o.state].output(o, g.p.schema.Time().Type, slots)...)
	}
	return b
}

// output is the columns of one reduction.
func (s *state) output(o aggOut, timeType model.Type, slots []int32) []*model.Vector {
	if s.sums != nil {
		return []*model.Vector{s.sums.output(slots)}
	}
	switch o.fn {
	case model.AggCount:
		return []*model.Vector{intVector(o.typ, s.n, slots, nil)}
	case model.AggSum:
		return []*model.Vector{s.column(o.typ, s.sumI, s.sumF, nil, slots)}
	case model.AggSumFloat:
		return []*model.Vector{s.column(o.typ, nil, s.sumIF, nil, slots)}
	case model.AggMin:
		return []*model.Vector{s.column(o.typ, s.minI, s.minF, s.minV, slots)}
	case model.AggMax:
		return []*model.Vector{s.column(o.typ, s.maxI, s.maxF, s.maxV, slots)}
	case model.AggMoments:
		return []*model.Vector{intVector(o.typ, s.n, slots, nil), s.column(model.Float64, nil, s.mean, nil, slots), s.column(model.Float64, nil, s.m2, nil, slots)}
	case model.AggFirstRow:
		return s.ends(o.typ, timeType, s.firstI, s.firstF, s.firstV, s.firstNil, s.firstAt, math.MaxInt64, slots)
	case model.AggLastRow:
		return s.ends(o.typ, timeType, s.lastI, s.lastF, s.lastV, s.lastNil, s.lastAt, math.MinInt64, slots)
	case model.AggFirst:
		return []*model.Vector{s.column(o.typ, s.firstI, s.firstF, s.firstV, slots), intVector(timeType, s.firstAt, slots, s.n)}
	}
	return []*model.Vector{s.column(o.typ, s.lastI, s.lastF, s.lastV, slots), intVector(timeType, s.lastAt, slots, s.n)}
}

// ends is the values of first or last rows and their times; none is the time of slots without a row, unless they have one at that time.
func (s *state) ends(t, timeType model.Type, ints []int64, floats []float64, vals []model.Value, null []bool, at []int64, none int64, slots []int32) []*model.Vector {
	has := make([]int64, len(null))
	rows := make([]int64, len(null))
	for _, i := range slots {
		if !null[i] {
			has[i] = 1
		}
		if !null[i] || at[i] != none {
			rows[i] = 1
		}
	}
	v := (&state{n: has}).column(t, ints, floats, vals, slots)
	return []*model.Vector{v, intVector(timeType, at, slots, rows)}
}

// column gathers whichever of the slices there is; slots without a value are NULL.
func (s *state) column(t model.Type, ints []int64, floats []float64, vals []model.Value, slots []int32) *model.Vector {
	v := &model.Vector{Type: t, Len: len(slots), Valid: validity(s.n, slots)}
	switch {
	case ints != nil:
		v.Ints = kernel.Gather(nil, ints, 0, slots)
	case floats != nil:
		v.Floats = kernel.Gather(nil, floats, 0, slots)
	default:
		v = model.NewVector(t, len(slots))
		for _, i := range slots {
			if s.n[i] == 0 {
				v.AppendNull()
			} else {
				v.AppendValue(vals[i])
			}
		}
	}
	return v
}

// intVector gathers integers; with n, slots without a value are NULL.
func intVector(t model.Type, ints []int64, slots []int32, n []int64) *model.Vector {
	v := &model.Vector{Type: t, Len: len(slots), Ints: kernel.Gather(nil, ints, 0, slots)}
	if n != nil {
		v.Valid = validity(n, slots)
	}
	return v
}

func validity(n []int64, slots []int32) model.Bitmap {
	var b model.Bitmap
	for k, i := range slots {
		if n[i] == 0 {
			if b == nil {
				b = model.NewBitmap(len(slots))
				b.SetRange(0, len(slots))
			}
			b.Clear(k)
		}
	}
	return b
}
