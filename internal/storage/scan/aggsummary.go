package scan

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// summaryBatch is the most groups of a batch with summaries, of up to 16 KiB each.
const summaryBatch = 256

// summarySpec says which summary a state keeps, and of what beside the state's operand.
type summarySpec struct {
	fn     model.AggFunc
	by     *operand       // second of a pair; nil: none
	digest *sketch.Digest // empty, of the size that is asked for; nil: it is no digest
	udd    *sketch.UDD    // likewise, and of the error
}

// summaries are those of one state, by slot. A kind of summary is what slotted is made with, in newSummaries.
type summaries interface {
	grow(n int)
	// fold takes in rows, and counts those of each slot in n.
	fold(rows *summaryRows, ranges []kernel.Range, n []int64) error
	// join takes in the summary of another worker's slot, which is its own no more.
	join(slot uint32, o summaries, from int)
	// output is the summaries as they are written; slots without a value are NULL.
	output(slots []int32) *model.Vector
	bytes() int64
}

// summaryRows are the operands of a block's rows: row i of the block is row xOff+i of x.
type summaryRows struct {
	x, y       *model.Vector // y: nil where there is no second
	xOff, yOff int
	xs, ys     []float64 // scratch
}

// any reports whether some row has all operands.
func (r *summaryRows) any(from, to int) bool {
	if r.y == nil {
		return kernel.FirstValid(r.x.Valid, r.xOff, from, to) >= 0
	}
	for i := from; i < to; i++ {
		if r.has(i) {
			return true
		}
	}
	return false
}

func (r *summaryRows) has(i int) bool {
	return !r.x.Null(r.xOff+i) && (r.y == nil || !r.y.Null(r.yOff+i))
}

// floats is the numbers of the first operand, of rows that have all.
func (r *summaryRows) floats(from, to int) []float64 {
	if r.x.Floats != nil && r.x.Valid == nil && (r.y == nil || r.y.Valid == nil) { // Fast path: nothing to leave out, nothing to convert.
		return r.x.Floats[r.xOff+from : r.xOff+to]
	}
	r.xs = r.gather(r.xs[:0], r.x, r.xOff, from, to)
	return r.xs
}

// pairs is the numbers of both.
func (r *summaryRows) pairs(from, to int) (xs, ys []float64) {
	if r.y.Floats != nil && r.x.Valid == nil && r.y.Valid == nil {
		return r.floats(from, to), r.y.Floats[r.yOff+from : r.yOff+to]
	}
	r.ys = r.gather(r.ys[:0], r.y, r.yOff, from, to)
	return r.floats(from, to), r.ys
}

func (r *summaryRows) gather(dst []float64, v *model.Vector, off, from, to int) []float64 {
	unsigned := v.Type.Kind == model.KindUint64
	for i := from; i < to; i++ {
		switch {
		case !r.has(i):
		case v.Floats != nil:
			dst = append(dst, v.Floats[off+i])
		case unsigned:
			dst = append(dst, float64(uint64(v.Ints[off+i])))
		default:
			dst = append(dst, float64(v.Ints[off+i]))
		}
	}
	return dst
}

// summaryOf is what slotted asks of a kind of summary.
type summaryOf[T any] interface {
	*T
	sketch.Summary
	Join(o *T)
}

// slotted is summaries of one kind.
type slotted[T any, P summaryOf[T]] struct {
	of    []P // nil: no value yet
	held  int64
	fresh func() P
	begin func() // called before rows of another block are added; nil: nothing to do
	// add takes in rows [from, to) of a block, some of which have all operands.
	add func(s P, rows *summaryRows, from, to int) error
}

func (k *slotted[T, P]) grow(n int)   { k.of = extend(k.of, n, nil) }
func (k *slotted[T, P]) bytes() int64 { return k.held }

func (k *slotted[T, P]) fold(rows *summaryRows, ranges []kernel.Range, n []int64) error {
	if k.begin != nil {
		k.begin()
	}
	for _, r := range ranges {
		from, to := int(r.Start), int(r.End)
		if !rows.any(from, to) {
			continue
		}
		s := k.of[r.Slot]
		if s == nil {
			s = k.fresh()
			k.of[r.Slot] = s
		} else {
			k.held -= s.Bytes()
		}
		if err := k.add(s, rows, from, to); err != nil {
			return err
		}
		k.held += s.Bytes()
		n[r.Slot] += int64(to - from)
	}
	return nil
}

func (k *slotted[T, P]) join(slot uint32, o summaries, from int) {
	s, other := k.of[slot], o.(*slotted[T, P]).of[from]
	switch {
	case other == nil:
	case s == nil:
		k.of[slot] = other
		k.held += other.Bytes()
	default:
		k.held -= s.Bytes()
		s.Join((*T)(other))
		k.held += s.Bytes()
	}
}

func (k *slotted[T, P]) output(slots []int32) *model.Vector {
	v := model.NewVector(model.Binary, len(slots))
	var b []byte
	for _, i := range slots {
		if k.of[i] == nil || k.of[i].None() {
			v.AppendNull()
			continue
		}
		b = k.of[i].AppendTo(b[:0])
		v.AppendBytes(b)
	}
	return v
}

// compileSummary binds a reduction that gives a summary of an operand of the type.
func (p *plan) compileSummary(g *model.Agg, name string, typ model.Type) (*summarySpec, error) {
	s := &summarySpec{fn: g.Func}
	fits := numeric(typ)
	switch g.Func {
	case model.AggHLL:
		fits = hasText(typ)
	case model.AggDistinct:
		fits = typ.Class() == model.ClassInt || typ.Class() == model.ClassFloat || typ.Class() == model.ClassBool || typ.Class() == model.ClassBytes
	case model.AggHLLMerge, model.AggUDDMerge:
		fits = typ.Class() == model.ClassBytes
	}
	pair := g.Func == model.AggComoments || g.Func == model.AggDigest && g.By != nil
	if pair != (g.By != nil) {
		return nil, errs.New(errs.InvalidArguments, "scan: %s: two operands for a summary of one, or one for a summary of pairs", name)
	}
	if pair {
		by, err := p.compileOperand(g.By.Column, g.By.Arg)
		if err != nil {
			return nil, err
		}
		fits = fits && numeric(by.typ)
		s.by = &by
	}
	if !fits {
		return nil, errs.New(errs.Unsupported, "scan: %s of %s", name, typ)
	}
	var err error
	switch g.Func {
	case model.AggDigest:
		s.digest, err = sketch.NewDigest(g.Size)
	case model.AggUDD, model.AggUDDMerge:
		s.udd, err = sketch.NewUDD(g.Size, g.Error)
	}
	return s, err
}

func numeric(t model.Type) bool { return t.Integer() || t.Floating() }

// compileOperand binds a column, or what is computed of columns.
func (p *plan) compileOperand(id model.ColumnID, arg *model.Scalar) (o operand, err error) {
	if arg == nil {
		o.ref, o.typ, err = p.ref(id)
		return o, err
	}
	o.arg, err = p.compileScalar(arg, 0)
	o.key, o.typ = arg.String(), arg.Type
	return o, err
}

// newSummaries makes room for the summaries of a state.
func newSummaries(s *summarySpec) summaries {
	switch s.fn {
	case model.AggHLL:
		return newTexts()
	case model.AggDistinct:
		return newDistinct()
	case model.AggHLLMerge:
		return &slotted[sketch.HLL, *sketch.HLL]{fresh: func() *sketch.HLL { return new(sketch.HLL) }, add: takeSketches}
	case model.AggDigest:
		return newDigests(s)
	case model.AggUDD:
		return newBuckets(s)
	case model.AggUDDMerge:
		return mergedBuckets(s)
	}
	return newComoments()
}

// takeSketches leaves out what is none.
func takeSketches(h *sketch.HLL, rows *summaryRows, from, to int) error {
	for i := from; i < to; i++ {
		if rows.has(i) {
			h.Merge(rows.x.BytesAt(rows.xOff + i))
		}
	}
	return nil
}

// summarize folds the ranges of a block into the slots' summaries.
func (s *state) summarize(ctx context.Context, b *block, ranges []kernel.Range) (err error) {
	if len(ranges) == 0 {
		return nil
	}
	sp, rows := s.spec.summary, &s.rows
	if rows.x, rows.xOff, err = s.spec.load(ctx, s.p, b, ranges, false); err != nil {
		return err
	}
	if sp.by != nil {
		if rows.y, rows.yOff, err = sp.by.load(ctx, s.p, b, ranges, s.spec.arg != nil); err != nil {
			return err
		}
	}
	if rows.x.Type.Kind == model.KindNull || rows.y != nil && rows.y.Type.Kind == model.KindNull { // the column came later than the rows
		return nil
	}
	return s.sums.fold(rows, ranges, s.n)
}

// summaryBytes is what the summaries of all groups take.
func (t *table) summaryBytes() (n int64) {
	for _, st := range t.states {
		if st.sums != nil {
			n += st.sums.bytes()
		}
	}
	return n
}
