package scan

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// scalar is a compiled model.Scalar; it is shared by all workers and does not change.
type scalar struct {
	op   model.ScalarOp
	typ  model.Type
	ref  colRef
	val  model.Value
	cond *node
	args []*scalar
}

// maxScalarDepth bounds the nesting of an expression in a request.
const maxScalarDepth = 100

func (p *plan) compileScalar(s *model.Scalar, depth int) (*scalar, error) {
	if depth > maxScalarDepth {
		return nil, errs.New(errs.InvalidArguments, "scan: an expression is nested more than %d deep", maxScalarDepth)
	}
	n := &scalar{op: s.Op, typ: s.Type, val: s.Value}
	for _, a := range s.Args {
		c, err := p.compileScalar(a, depth+1)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, c)
	}
	bad := func() error {
		return errs.New(errs.InvalidArguments, "scan: expression %s of type %s", s, s.Type)
	}
	if !s.Type.Integer() && s.Type.Kind != model.KindFloat64 && s.Op != model.ScalarColumn {
		return nil, bad()
	}
	want := 2
	switch s.Op {
	case model.ScalarColumn:
		ref, typ, err := p.ref(s.Column)
		if err != nil {
			return nil, err
		}
		if ref < 0 || typ != s.Type || !typ.Integer() && !typ.Floating() {
			return nil, bad()
		}
		n.ref, want = ref, 0
	case model.ScalarConst:
		if !s.Value.Null() && s.Value.Type != s.Type {
			return nil, bad()
		}
		want = 0
	case model.ScalarCast:
		want = 1
	case model.ScalarAdd, model.ScalarSub, model.ScalarMul:
		if s.Type.Kind == model.KindUint64 {
			return nil, bad()
		}
	case model.ScalarDiv:
		if s.Type.Integer() {
			return nil, bad()
		}
	case model.ScalarIf:
		if s.Cond == nil {
			return nil, bad()
		}
		var err error
		if n.cond, err = p.compile(s.Cond); err != nil {
			return nil, err
		}
	default:
		return nil, errs.New(errs.Unsupported, "scan: scalar operator %d", s.Op)
	}
	if len(s.Args) != want {
		return nil, bad()
	}
	for _, a := range s.Args {
		if s.Op == model.ScalarCast {
			if a.Type.Floating() && s.Type.Integer() || a.Type.Kind == model.KindUint64 && s.Type.Integer() {
				return nil, bad()
			}
		} else if a.Type != s.Type {
			return nil, bad()
		}
	}
	return n, nil
}

// numbers are the values of an expression for the rows of a block. They are the evaluator's, valid until its next call of compute.
type numbers struct {
	ints   []int64
	floats []float64
	valid  model.Bitmap // nil: none is NULL
	bad    model.Bitmap // rows without a result: it does not fit the type; nil: none
}

// scratch is memory that one worker's expressions use again for each block.
type scratch struct {
	ints   [][]int64
	floats [][]float64
	maps   []model.Bitmap
	i, f   int
	m      int
}

func (s *scratch) getInts(n int) []int64 {
	if s.i == len(s.ints) {
		s.ints = append(s.ints, nil)
	}
	b := &s.ints[s.i]
	s.i++
	if cap(*b) < n {
		*b = make([]int64, n)
	}
	return (*b)[:n]
}

func (s *scratch) getFloats(n int) []float64 {
	if s.f == len(s.floats) {
		s.floats = append(s.floats, nil)
	}
	b := &s.floats[s.f]
	s.f++
	if cap(*b) < n {
		*b = make([]float64, n)
	}
	return (*b)[:n]
}

// getMap is a bitmap of zeros.
func (s *scratch) getMap(n int) model.Bitmap {
	if s.m == len(s.maps) {
		s.maps = append(s.maps, nil)
	}
	b := &s.maps[s.m]
	s.m++
	if w := kernel.Words(n); cap(*b) < w {
		*b = make(model.Bitmap, w)
	} else {
		*b = (*b)[:w]
		clear(*b)
	}
	return *b
}

// compute evaluates an expression for all rows of a block.
func (ev *evaluator) compute(ctx context.Context, b *block, s *scalar) (numbers, error) {
	ev.tmp.i, ev.tmp.f, ev.tmp.m = 0, 0, 0
	return ev.number(ctx, b, s)
}

func (ev *evaluator) number(ctx context.Context, b *block, s *scalar) (out numbers, err error) {
	n := b.n
	switch s.op {
	case model.ScalarColumn:
		v, off, err := b.col(ctx, int(s.ref))
		if err != nil {
			return out, err
		}
		switch {
		case v.Type.Kind == model.KindNull:
			out.valid = ev.tmp.getMap(n)
			return ev.zeros(out, s.typ, n), nil
		case s.typ.Integer():
			out.ints = v.Ints[off : off+n]
		default:
			out.floats = v.Floats[off : off+n]
		}
		if v.Valid != nil {
			out.valid = ev.tmp.getMap(n)
			kernel.CopyFrom(out.valid, v.Valid, off, n)
		}
		return out, nil
	case model.ScalarConst:
		if s.val.Null() {
			out.valid = ev.tmp.getMap(n)
			return ev.zeros(out, s.typ, n), nil
		}
		if s.typ.Integer() {
			out.ints = ev.tmp.getInts(n)
			for i := range out.ints {
				out.ints[i] = s.val.Int
			}
			return out, nil
		}
		out.floats = ev.tmp.getFloats(n)
		for i := range out.floats {
			out.floats[i] = s.val.Float
		}
		return out, nil
	case model.ScalarCast:
		x, err := ev.number(ctx, b, s.args[0])
		if err != nil || s.args[0].typ.Floating() {
			return x, err
		}
		if s.typ.Floating() {
			out = numbers{floats: ev.tmp.getFloats(n), valid: x.valid, bad: x.bad}
			kernel.IntsToFloats(out.floats, x.ints, s.args[0].typ.Kind == model.KindUint64)
			return out, nil
		}
		out = x
		return ev.fit(out, s.typ, n), nil
	case model.ScalarIf:
		return ev.choose(ctx, b, s)
	}
	x, err := ev.number(ctx, b, s.args[0])
	if err != nil {
		return out, err
	}
	y, err := ev.number(ctx, b, s.args[1])
	if err != nil {
		return out, err
	}
	out.valid, out.bad = ev.and(x.valid, y.valid, n), ev.or(x.bad, y.bad, n)
	if s.typ.Floating() {
		out.floats = ev.tmp.getFloats(n)
		switch s.op {
		case model.ScalarAdd:
			kernel.AddFloats(out.floats, x.floats, y.floats)
		case model.ScalarSub:
			kernel.SubFloats(out.floats, x.floats, y.floats)
		case model.ScalarMul:
			kernel.MulFloats(out.floats, x.floats, y.floats)
		default:
			kernel.DivFloats(out.floats, x.floats, y.floats)
		}
		return out, nil
	}
	out.ints = ev.tmp.getInts(n)
	switch s.op {
	case model.ScalarAdd:
		kernel.AddInts(out.ints, x.ints, y.ints)
	case model.ScalarSub:
		kernel.SubInts(out.ints, x.ints, y.ints)
	default:
		kernel.MulInts(out.ints, x.ints, y.ints)
	}
	kernel.WrapInts(out.ints, s.typ)
	return out, nil
}

// zeros gives rows that are all NULL something to hold.
func (ev *evaluator) zeros(x numbers, t model.Type, n int) numbers {
	if t.Integer() {
		x.ints = ev.tmp.getInts(n)
		clear(x.ints)
	} else {
		x.floats = ev.tmp.getFloats(n)
		clear(x.floats)
	}
	return x
}

// fit marks the integers that are outside of a type.
func (ev *evaluator) fit(x numbers, t model.Type, n int) numbers {
	lo, hi, ok := t.IntRange()
	if !ok || t.Kind == model.KindInt64 {
		return x
	}
	bad := ev.tmp.getMap(n)
	kernel.OutOfRange(bad, x.ints, lo, hi)
	x.bad = ev.or(x.bad, bad, n)
	return x
}

// choose is ScalarIf.
func (ev *evaluator) choose(ctx context.Context, b *block, s *scalar) (out numbers, err error) {
	n := b.n
	cond := ev.tmp.getMap(n)
	if err := ev.eval(ctx, b, s.cond, cond); err != nil {
		return out, err
	}
	x, err := ev.number(ctx, b, s.args[0])
	if err != nil {
		return out, err
	}
	y, err := ev.number(ctx, b, s.args[1])
	if err != nil {
		return out, err
	}
	mix := func(p, q model.Bitmap, none uint64) model.Bitmap { // p where cond, else q
		if p == nil && q == nil {
			return nil
		}
		m := ev.tmp.getMap(n)
		for i := range m {
			a, b := none, none
			if p != nil {
				a = p[i]
			}
			if q != nil {
				b = q[i]
			}
			m[i] = a&cond[i] | b&^cond[i]
		}
		return m
	}
	out.valid, out.bad = mix(x.valid, y.valid, ^uint64(0)), mix(x.bad, y.bad, 0)
	if s.typ.Integer() {
		out.ints = ev.tmp.getInts(n)
		for i := range out.ints {
			if out.ints[i] = y.ints[i]; cond.Get(i) {
				out.ints[i] = x.ints[i]
			}
		}
		return out, nil
	}
	out.floats = ev.tmp.getFloats(n)
	for i := range out.floats {
		if out.floats[i] = y.floats[i]; cond.Get(i) {
			out.floats[i] = x.floats[i]
		}
	}
	return out, nil
}

func (ev *evaluator) and(x, y model.Bitmap, n int) model.Bitmap {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	m := ev.tmp.getMap(n)
	for i := range m {
		m[i] = x[i] & y[i]
	}
	return m
}

func (ev *evaluator) or(x, y model.Bitmap, n int) model.Bitmap {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	m := ev.tmp.getMap(n)
	for i := range m {
		m[i] = x[i] | y[i]
	}
	return m
}

// failed reports whether a row of the ranges has no result.
func (x *numbers) failed(ranges []kernel.Range) bool {
	if x.bad == nil {
		return false
	}
	for _, r := range ranges {
		for i := int(r.Start); i < int(r.End); i++ {
			if x.bad.Get(i) && (x.valid == nil || x.valid.Get(i)) {
				return true
			}
		}
	}
	return false
}
