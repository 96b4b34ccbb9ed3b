package scan

import (
	"context"
	"math"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// slotKey is what a slot stands for, other keys left out.
type slotKey struct {
	group  uint32
	bucket int64 // start
}

// table is the states of all slots.
type table struct {
	g      *grouping
	rows   []int64 // rows seen
	states []*state

	slotBytes int64 // of memory
	charged   int64 // of memory, see scan.charge

	// Where slots are looked up:
	keys   []slotKey    // of each slot
	base   kernel.Pairs // tag group and bucket; without other keys, these are the slots
	others []valueKey
}

func newTable(g *grouping) *table {
	t := &table{g: g, slotBytes: g.slotBytes()}
	n := 0
	if g.dense {
		n = g.groups * g.buckets
	}
	t.rows = make([]int64, n)
	for i := range g.a.states {
		st := &state{spec: &g.a.states[i], p: g.p}
		st.grow(n)
		t.states = append(t.states, st)
	}
	for _, k := range g.a.keys {
		if k.other >= 0 {
			t.others = append(t.others, valueKey{vals: model.NewVector(k.typ, 0)})
		}
	}
	return t
}

// slot finds or makes the slot of a key.
func (t *table) slot(k slotKey) uint32 {
	s := t.base.One(k.group, uint64(k.bucket))
	if int(s) == len(t.keys) {
		t.add(k)
	}
	return s
}

func (t *table) add(k slotKey) uint32 {
	t.keys = append(t.keys, k)
	t.rows = append(t.rows, 0)
	for _, st := range t.states {
		st.grow(len(t.rows))
	}
	return uint32(len(t.rows) - 1)
}

// merge takes in the table of another worker.
func (t *table) merge(o *table) {
	var to []uint32
	if t.g.dense {
		to = make([]uint32, len(o.rows))
		for i := range to {
			to[i] = uint32(i)
		}
	} else {
		to = t.mergeKeys(o)
	}
	for i, n := range o.rows {
		t.rows[to[i]] += n
	}
	for i, st := range t.states {
		st.merge(o.states[i], to)
	}
}

// state is the reductions of one column, by slot. Slices that the spec does not ask for are nil.
type state struct {
	spec *stateSpec
	p    *plan

	n                []int64 // values that are not NULL
	sumI, minI, maxI []int64
	sumF, minF, maxF []float64
	sumIF            []float64 // sum of integers as a float
	firstI, lastI    []int64
	firstF, lastF    []float64
	minV, maxV       []model.Value // of classes other than int and float
	firstV, lastV    []model.Value
	firstAt, lastAt  []int64
	firstNil         []bool // of rows: the value is NULL, or there is no row
	lastNil          []bool
	momN, mean, m2   []float64
	sums             summaries   // instead of all but n
	rows             summaryRows // of the block at hand
}

// grow makes room for n slots; new ones hold the reductions' identities.
func (s *state) grow(n int) {
	s.n = extend(s.n, n, 0)
	ints, floats := s.spec.typ.Class() == model.ClassInt, s.spec.typ.Class() == model.ClassFloat
	unsigned := s.unsigned()
	if s.spec.moments {
		s.momN, s.mean, s.m2 = extend(s.momN, n, 0), extend(s.mean, n, 0), extend(s.m2, n, 0)
	}
	if s.spec.summary != nil {
		if s.sums == nil {
			s.sums = newSummaries(s.spec.summary)
		}
		s.sums.grow(n)
	}
	if s.spec.rows && s.spec.first {
		s.firstNil = extend(s.firstNil, n, true)
	}
	if s.spec.rows && s.spec.last {
		s.lastNil = extend(s.lastNil, n, true)
	}
	if s.spec.sum && ints {
		s.sumI = extend(s.sumI, n, 0)
	} else if s.spec.sum {
		s.sumF = extend(s.sumF, n, 0)
	}
	if s.spec.sumFloat {
		s.sumIF = extend(s.sumIF, n, 0)
	}
	if s.spec.min {
		switch {
		case ints && unsigned:
			s.minI = extend(s.minI, n, -1)
		case ints:
			s.minI = extend(s.minI, n, math.MaxInt64)
		case floats:
			s.minF = extend(s.minF, n, math.NaN())
		default:
			s.minV = extend(s.minV, n, model.Value{})
		}
	}
	if s.spec.max {
		switch {
		case ints && unsigned:
			s.maxI = extend(s.maxI, n, 0)
		case ints:
			s.maxI = extend(s.maxI, n, math.MinInt64)
		case floats:
			s.maxF = extend(s.maxF, n, math.Inf(-1))
		default:
			s.maxV = extend(s.maxV, n, model.Value{})
		}
	}
	if s.spec.first {
		s.firstAt = extend(s.firstAt, n, math.MaxInt64)
		switch {
		case ints:
			s.firstI = extend(s.firstI, n, 0)
		case floats:
			s.firstF = extend(s.firstF, n, 0)
		default:
			s.firstV = extend(s.firstV, n, model.Value{})
		}
	}
	if s.spec.last {
		s.lastAt = extend(s.lastAt, n, math.MinInt64)
		switch {
		case ints:
			s.lastI = extend(s.lastI, n, 0)
		case floats:
			s.lastF = extend(s.lastF, n, 0)
		default:
			s.lastV = extend(s.lastV, n, model.Value{})
		}
	}
}

// extend lengthens a slice to n, filled up with x. It doubles, so that growing slot by slot stays cheap.
func extend[T any](s []T, n int, x T) []T {
	if cap(s) < n {
		grown := make([]T, len(s), max(n, 2*cap(s)))
		copy(grown, s)
		s = grown
	}
	for len(s) < n {
		s = append(s, x)
	}
	return s
}

func (s *state) unsigned() bool { return s.spec.typ.Kind == model.KindUint64 }

// reduce folds the ranges of a block into the states.
func (s *state) reduce(ctx context.Context, b *block, ranges []kernel.Range) error {
	sp := s.spec
	if sp.summary != nil {
		return s.summarize(ctx, b, ranges)
	}
	if sp.count || sp.arg == nil && sp.ref == refTime && !(sp.min || sp.max || sp.first || sp.last) {
		kernel.CountRows(s.n, ranges) // a time is never NULL
		return nil
	}
	if len(ranges) == 0 {
		return nil
	}
	v, off, err := sp.load(ctx, s.p, b, ranges, false)
	if err != nil {
		return err
	}
	var times []int64
	if sp.first || sp.last {
		if times, err = b.times(ctx); err != nil {
			return err
		}
	}
	if v.Type.Kind == model.KindNull { // the column came later than the rows
		s.nullRows(times, ranges)
		return nil
	}
	kernel.CountValid(s.n, v.Valid, off, ranges)
	switch v.Type.Class() {
	case model.ClassInt:
		if sp.sum {
			kernel.SumInts(s.sumI, v.Ints, v.Valid, off, ranges)
		}
		if sp.sumFloat {
			kernel.SumIntsFloat(s.sumIF, v.Ints, s.unsigned(), v.Valid, off, ranges)
		}
		if sp.min {
			kernel.MinInts(s.minI, v.Ints, s.unsigned(), v.Valid, off, ranges)
		}
		if sp.max {
			kernel.MaxInts(s.maxI, v.Ints, s.unsigned(), v.Valid, off, ranges)
		}
		switch {
		case sp.first && sp.rows:
			kernel.FirstRow(s.firstI, s.firstNil, s.firstAt, v.Ints, v.Valid, off, times, ranges)
		case sp.first:
			kernel.First(s.firstI, s.firstAt, v.Ints, v.Valid, off, times, ranges)
		}
		switch {
		case sp.last && sp.rows:
			kernel.LastRow(s.lastI, s.lastNil, s.lastAt, v.Ints, v.Valid, off, times, ranges)
		case sp.last:
			kernel.Last(s.lastI, s.lastAt, v.Ints, v.Valid, off, times, ranges)
		}
		if sp.moments {
			kernel.Moments(s.momN, s.mean, s.m2, v.Ints, s.unsigned(), v.Valid, off, ranges)
		}
	case model.ClassFloat:
		if sp.sum {
			kernel.SumFloats(s.sumF, v.Floats, v.Valid, off, ranges)
		}
		if sp.min {
			kernel.MinFloats(s.minF, v.Floats, v.Valid, off, ranges)
		}
		if sp.max {
			kernel.MaxFloats(s.maxF, v.Floats, v.Valid, off, ranges)
		}
		switch {
		case sp.first && sp.rows:
			kernel.FirstRow(s.firstF, s.firstNil, s.firstAt, v.Floats, v.Valid, off, times, ranges)
		case sp.first:
			kernel.First(s.firstF, s.firstAt, v.Floats, v.Valid, off, times, ranges)
		}
		switch {
		case sp.last && sp.rows:
			kernel.LastRow(s.lastF, s.lastNil, s.lastAt, v.Floats, v.Valid, off, times, ranges)
		case sp.last:
			kernel.Last(s.lastF, s.lastAt, v.Floats, v.Valid, off, times, ranges)
		}
		if sp.moments {
			kernel.Moments(s.momN, s.mean, s.m2, v.Floats, false, v.Valid, off, ranges)
		}
	default:
		s.reduceValues(v, off, times, ranges)
	}
	return nil
}

// load is the column that is reduced: its rows are off, off+1, … With second, what was computed last is still in use.
func (o *operand) load(ctx context.Context, p *plan, b *block, ranges []kernel.Range, second bool) (*model.Vector, int, error) {
	switch {
	case o.arg != nil:
		compute := b.w.ev.compute
		if second {
			compute = b.w.ev.number
		}
		x, err := compute(ctx, b, o.arg)
		if err != nil {
			return nil, 0, err
		}
		if x.failed(ranges) {
			return nil, 0, errs.New(errs.EngineExecuteQuery, "Overflow: a value of %s does not fit into %s", o.key, o.typ)
		}
		return &model.Vector{Type: o.typ, Len: b.n, Ints: x.ints, Floats: x.floats, Valid: x.valid}, 0, nil
	case o.ref.isTag():
		v, err := b.vector(ctx, o.ref)
		return v, 0, err
	case o.ref == refTime:
		return b.col(ctx, len(p.cols))
	}
	return b.col(ctx, int(o.ref))
}

// reduceValues is reduce for the classes that have no loops of their own.
func (s *state) reduceValues(v *model.Vector, off int, times []int64, ranges []kernel.Range) {
	for _, r := range ranges {
		if s.spec.min || s.spec.max {
			for i := off + int(r.Start); i < off+int(r.End); i++ {
				if v.Null(i) {
					continue
				}
				if s.spec.min && beats(v, i, &s.minV[r.Slot], -1) {
					s.minV[r.Slot] = v.At(i)
				}
				if s.spec.max && beats(v, i, &s.maxV[r.Slot], 1) {
					s.maxV[r.Slot] = v.At(i)
				}
			}
		}
		if s.spec.rows {
			s.endValues(v, off, times, r)
			continue
		}
		if s.spec.first {
			if i := kernel.FirstValid(v.Valid, off, int(r.Start), int(r.End)); i >= 0 && times[i] < s.firstAt[r.Slot] {
				s.firstAt[r.Slot], s.firstV[r.Slot] = times[i], v.At(off+i)
			}
		}
		if s.spec.last {
			if i := kernel.LastValid(v.Valid, off, int(r.Start), int(r.End)); i >= 0 && times[i] >= s.lastAt[r.Slot] {
				s.lastAt[r.Slot], s.lastV[r.Slot] = times[i], v.At(off+i)
			}
		}
	}
}

// endValues keeps the values of a range's ends, NULL or not.
func (s *state) endValues(v *model.Vector, off int, times []int64, r kernel.Range) {
	if i := int(r.Start); s.spec.first && i < int(r.End) && times[i] < s.firstAt[r.Slot] {
		if s.firstAt[r.Slot], s.firstNil[r.Slot] = times[i], v.Null(off+i); !s.firstNil[r.Slot] {
			s.firstV[r.Slot] = v.At(off + i)
		}
	}
	if i := int(r.End) - 1; s.spec.last && i >= int(r.Start) && times[i] >= s.lastAt[r.Slot] {
		if s.lastAt[r.Slot], s.lastNil[r.Slot] = times[i], v.Null(off+i); !s.lastNil[r.Slot] {
			s.lastV[r.Slot] = v.At(off + i)
		}
	}
}

// nullRows is reduce for rows that are all NULL.
func (s *state) nullRows(times []int64, ranges []kernel.Range) {
	if !s.spec.rows {
		return
	}
	for _, r := range ranges {
		if i := int(r.Start); s.spec.first && i < int(r.End) && times[i] < s.firstAt[r.Slot] {
			s.firstAt[r.Slot], s.firstNil[r.Slot] = times[i], true
		}
		if i := int(r.End) - 1; s.spec.last && i >= int(r.Start) && times[i] >= s.lastAt[r.Slot] {
			s.lastAt[r.Slot], s.lastNil[r.Slot] = times[i], true
		}
	}
}

// beats reports whether row i is on the given side of x, or x is nothing yet.
func beats(v *model.Vector, i int, x *model.Value, side int) bool {
	if x.Null() {
		return true
	}
	if v.Type.Class() == model.ClassBytes { // no copy of a string that does not win
		b := v.BytesAt(i)
		return side < 0 && string(b) < x.Bytes || side > 0 && string(b) > x.Bytes
	}
	return v.At(i).Compare(*x) == side
}

// merge folds another worker's states into the slots that to names.
func (s *state) merge(o *state, to []uint32) {
	for i, t := range to {
		if o.n[i] == 0 && !s.spec.rows {
			continue
		}
		s.n[t] += o.n[i]
		if s.momN != nil {
			s.momN[t], s.mean[t], s.m2[t] = kernel.JoinMoments(s.momN[t], s.mean[t], s.m2[t], o.momN[i], o.mean[i], o.m2[i])
		}
		if s.sums != nil {
			s.sums.join(t, o.sums, i)
		}
		if s.sumI != nil {
			s.sumI[t] += o.sumI[i]
		}
		if s.sumF != nil {
			s.sumF[t] += o.sumF[i]
		}
		if s.sumIF != nil {
			s.sumIF[t] += o.sumIF[i]
		}
		flip := int64(0)
		if s.unsigned() {
			flip = math.MinInt64
		}
		if s.minI != nil {
			s.minI[t] = min(s.minI[t]^flip, o.minI[i]^flip) ^ flip
		}
		if s.maxI != nil {
			s.maxI[t] = max(s.maxI[t]^flip, o.maxI[i]^flip) ^ flip
		}
		if s.minF != nil && model.CompareFloat(o.minF[i], s.minF[t]) < 0 {
			s.minF[t] = o.minF[i]
		}
		if s.maxF != nil && model.CompareFloat(o.maxF[i], s.maxF[t]) > 0 {
			s.maxF[t] = o.maxF[i]
		}
		if s.minV != nil && (s.minV[t].Null() || o.minV[i].Compare(s.minV[t]) < 0) {
			s.minV[t] = o.minV[i]
		}
		if s.maxV != nil && (s.maxV[t].Null() || o.maxV[i].Compare(s.maxV[t]) > 0) {
			s.maxV[t] = o.maxV[i]
		}
		if s.firstAt != nil && o.firstAt[i] < s.firstAt[t] {
			s.firstAt[t] = o.firstAt[i]
			move(s.firstI, o.firstI, t, i)
			move(s.firstF, o.firstF, t, i)
			move(s.firstV, o.firstV, t, i)
			move(s.firstNil, o.firstNil, t, i)
		}
		if s.lastAt != nil && o.lastAt[i] >= s.lastAt[t] {
			s.lastAt[t] = o.lastAt[i]
			move(s.lastI, o.lastI, t, i)
			move(s.lastF, o.lastF, t, i)
			move(s.lastV, o.lastV, t, i)
			move(s.lastNil, o.lastNil, t, i)
		}
	}
}

func move[T any](dst, src []T, t uint32, i int) {
	if dst != nil {
		dst[t] = src[i]
	}
}
