package scan

import (
	"bytes"
	"context"
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// node is a compiled predicate; it is shared by all workers and does not change.
type node struct {
	op   model.Op
	args []*node
	ref  colRef
	typ  model.Type
	vals []model.Value
	set  map[string]bool   // of OpIn and OpNotIn on bytes
	ints *kernel.IntSet    // of the same on integers, where there are many
	text func([]byte) bool // of operators with a pattern: whether it is there, for them and their negations alike
	part string            // what is in each value for which text is true; "" says nothing
	only bool              // text asks for nothing but part
}

// reading says which kinds of columns a predicate reads.
type reading uint8

const (
	readsNothing reading = 0
	readsTags    reading = 1
	readsTime    reading = 2
	readsKey             = readsTags | readsTime
	readsFields  reading = 4
)

// reads folds time alone into readsKey; a predicate without columns counts as one over tags.
func (n *node) reads() reading {
	r := n.reading()
	switch {
	case r&readsFields != 0:
		return readsFields
	case r&readsTime != 0:
		return readsKey
	}
	return readsTags
}

func (n *node) reading() reading {
	r := readsNothing
	for _, a := range n.args {
		r |= a.reading()
	}
	if n.op < model.OpEq {
		return r
	}
	switch {
	case n.ref == refTime:
		return r | readsTime
	case n.ref.isTag():
		return r | readsTags
	}
	return r | readsFields
}

// cost is how dear it is to decide a row, roughly: conjuncts are asked in this order.
func (n *node) cost() int {
	sum := 0
	for _, a := range n.args {
		sum += a.cost()
	}
	switch {
	case n.op < model.OpEq || n.ref == refTime || n.ref.isTag():
	case n.text != nil:
		sum += 10
	case n.typ.Class() == model.ClassBytes:
		sum += 3
	default:
		sum++
	}
	return sum
}

// compile checks an expression and binds its columns.
func (p *plan) compile(e *model.Expr) (*node, error) {
	n := &node{op: e.Op, vals: e.Values}
	for _, a := range e.Args {
		if a == nil {
			a = &model.Expr{Op: model.OpTrue}
		}
		c, err := p.compile(a)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, c)
	}
	if e.Op < model.OpEq {
		return n, nil
	}
	var err error
	if n.ref, n.typ, err = p.ref(e.Column); err != nil {
		return nil, err
	}
	switch e.Op {
	case model.OpEq, model.OpNe, model.OpLt, model.OpLe, model.OpGt, model.OpGe:
		if len(e.Values) != 1 {
			return nil, errs.New(errs.InvalidArguments, "scan: predicate %s on column %d has %d values", e.Op, e.Column, len(e.Values))
		}
		if e.Values[0].Null() {
			n.op = model.OpFalse // a comparison with NULL is never true
			return n, nil
		}
	case model.OpIn, model.OpNotIn:
		if n.typ.Class() == model.ClassBytes {
			n.set = make(map[string]bool, len(e.Values))
			for _, v := range e.Values {
				n.set[v.Bytes] = true
			}
		}
		if n.typ.Class() == model.ClassInt && len(e.Values) > fewInts {
			ints := make([]int64, 0, len(e.Values))
			for _, v := range e.Values {
				if !v.Null() {
					ints = append(ints, v.Int)
				}
			}
			n.ints = kernel.NewIntSet(ints)
		}
	case model.OpRegex, model.OpNotRegex, model.OpContains, model.OpNotContains, model.OpMatchesTerm, model.OpNotMatchesTerm, model.OpMatches, model.OpNotMatches:
		if n.typ.Class() != model.ClassBytes {
			return nil, errs.New(errs.InvalidArguments, "scan: pattern on column %d, which is %s, not a string", e.Column, n.typ)
		}
		if err = n.compileText(e); err != nil {
			return nil, errs.Wrap(errs.InvalidArguments, err, "scan: pattern %q", e.Pattern)
		}
	case model.OpIsNull, model.OpNotNull:
	default:
		return nil, errs.New(errs.Unsupported, "scan: predicate operator %d", e.Op)
	}
	for _, v := range e.Values {
		if !v.Null() && v.Type.Class() != n.typ.Class() {
			return nil, errs.New(errs.InvalidArguments, "scan: predicate on column %d compares %s with %s", e.Column, n.typ, v.Type)
		}
	}
	return n, nil
}

// fewInts is how many integers of a list are compared one after the other: up to about as many, that is faster than a table.
const fewInts = 8

// compileText makes the test of an operator with a pattern.
func (n *node) compileText(e *model.Expr) error {
	switch e.Op {
	case model.OpMatchesTerm, model.OpNotMatchesTerm:
		n.text = analyze.CompileTerm(e.Pattern).Match
		return nil
	case model.OpMatches, model.OpNotMatches:
		q, err := analyze.ParseQuery(e.Pattern)
		if err != nil {
			return err
		}
		n.text = q.Match
		return nil
	}
	op := model.OpContains // the caller negates
	if e.Op == model.OpRegex || e.Op == model.OpNotRegex {
		op = model.OpRegex
	}
	p, err := analyze.CompilePattern(op, e.Pattern)
	if err != nil {
		return err
	}
	n.text, n.part, n.only = p.Match, p.Part, p.Exact
	return nil
}

// matchBytes decides a leaf for one string that is not NULL.
func (n *node) matchBytes(b []byte) bool {
	switch n.op {
	case model.OpIn:
		return n.set[string(b)]
	case model.OpNotIn:
		return !n.set[string(b)]
	case model.OpRegex, model.OpContains, model.OpMatchesTerm, model.OpMatches:
		return n.text(b)
	case model.OpNotRegex, model.OpNotContains, model.OpNotMatchesTerm, model.OpNotMatches:
		return !n.text(b)
	case model.OpIsNull:
		return false
	case model.OpNotNull:
		return true
	case model.OpEq:
		return string(b) == n.vals[0].Bytes
	case model.OpNe:
		return string(b) != n.vals[0].Bytes
	}
	return kernel.Compared(n.op, bytes.Compare(b, []byte(n.vals[0].Bytes)))
}

// matchValue decides a leaf for one value.
func (n *node) matchValue(v model.Value) bool {
	if v.Null() {
		return n.op == model.OpIsNull
	}
	switch n.op {
	case model.OpIsNull:
		return false
	case model.OpNotNull:
		return true
	case model.OpFalse:
		return false
	case model.OpIn, model.OpNotIn:
		if n.ints != nil {
			return n.ints.Has(v.Int) == (n.op == model.OpIn)
		}
		if n.set != nil {
			return n.set[v.Bytes] == (n.op == model.OpIn)
		}
		in := false
		for _, x := range n.vals {
			in = in || equal(v, x)
		}
		return in == (n.op == model.OpIn)
	}
	switch v.Type.Class() {
	case model.ClassBytes:
		return n.matchBytes([]byte(v.Bytes))
	case model.ClassInterval:
		return n.op == model.OpEq && equal(v, n.vals[0]) || n.op == model.OpNe && !equal(v, n.vals[0])
	}
	return kernel.Compared(n.op, v.Compare(n.vals[0]))
}

func equal(a, b model.Value) bool {
	if a.Type.Class() == model.ClassInterval {
		return a.Interval == b.Interval
	}
	return a.Compare(b) == 0
}

// evaluator runs predicates for one worker.
type evaluator struct {
	free  []model.Bitmap
	dicts map[dictLeaf][]bool
	tmp   scratch
}

// dictLeaf is a leaf decided for each value of a dictionary.
type dictLeaf struct {
	n *node
	d *model.Dict
}

// maxDictLeaves bounds what an evaluator remembers: a chunk's dictionary is of use while blocks of that chunk come.
const maxDictLeaves = 64

func (ev *evaluator) get(n int) model.Bitmap {
	w := kernel.Words(n)
	if k := len(ev.free); k > 0 {
		b := ev.free[k-1]
		ev.free = ev.free[:k-1]
		if cap(b) >= w {
			return b[:w]
		}
	}
	return make(model.Bitmap, max(w, kernel.Words(aggregateBlock)))[:w]
}

func (ev *evaluator) put(b model.Bitmap) { ev.free = append(ev.free, b) }

// eval writes to dst for which rows of the block n is true.
func (ev *evaluator) eval(ctx context.Context, b *block, n *node, dst model.Bitmap) error {
	switch n.op {
	case model.OpTrue:
		kernel.Fill(dst, b.n)
		return nil
	case model.OpFalse:
		clear(dst)
		return nil
	case model.OpAnd, model.OpOr:
		and := n.op == model.OpAnd
		if and {
			kernel.Fill(dst, b.n)
		} else {
			clear(dst)
		}
		tmp := ev.get(b.n)
		defer ev.put(tmp)
		for _, a := range n.args {
			if and && dst.Count(b.n) == 0 {
				return nil
			}
			if err := ev.eval(ctx, b, a, tmp); err != nil {
				return err
			}
			if and {
				kernel.And(dst, tmp)
			} else {
				kernel.Or(dst, tmp)
			}
		}
		return nil
	}
	switch {
	case n.ref == refTime:
		times, err := b.times(ctx)
		if err != nil {
			return err
		}
		ev.ints(dst, n, times)
		return nil
	case n.ref.isTag():
		match := b.al.decide(n)
		clear(dst)
		codes := b.al.tagCodes(n.ref.tag())
		for _, r := range b.runs {
			if match[codes[r.g]] {
				dst.SetRange(int(r.start), int(r.end))
			}
		}
		return nil
	}
	v, off, err := b.col(ctx, int(n.ref))
	if err != nil {
		return err
	}
	ev.leaf(dst, n, v, off, b.n)
	return nil
}

// leaf decides rows [off, off+n) of a vector.
func (ev *evaluator) leaf(dst model.Bitmap, nd *node, v *model.Vector, off, n int) {
	switch nd.op {
	case model.OpIsNull, model.OpNotNull:
		if v.Type.Kind == model.KindNull {
			clear(dst)
		} else {
			kernel.CopyFrom(dst, v.Valid, off, n)
		}
		if nd.op == model.OpIsNull {
			kernel.Not(dst, n)
		}
		return
	}
	switch v.Type.Class() {
	case model.ClassInt:
		ev.ints(dst, nd, v.Ints[off:off+n])
	case model.ClassFloat:
		ev.floats(dst, nd, v.Floats[off:off+n])
	case model.ClassBool:
		if nd.op == model.OpIn || nd.op == model.OpNotIn {
			kernel.SelectFunc(dst, n, func(i int) bool { return nd.matchValue(model.BoolValue(v.Bools[off+i])) })
		} else {
			kernel.SelectBool(dst, v.Bools[off:off+n], nd.op, nd.vals[0].Bool)
		}
	case model.ClassBytes:
		ev.bytes(dst, nd, v, off, n)
	default:
		kernel.SelectFunc(dst, n, func(i int) bool { return nd.matchValue(v.At(off + i)) })
	}
	kernel.AndFrom(dst, v.Valid, off, n)
}

func (ev *evaluator) ints(dst model.Bitmap, n *node, v []int64) {
	switch n.op {
	case model.OpIsNull:
		clear(dst)
	case model.OpNotNull:
		kernel.Fill(dst, len(v))
	case model.OpIn, model.OpNotIn:
		if n.ints != nil {
			kernel.SelectIntSet(dst, v, n.ints)
			if n.op == model.OpNotIn {
				kernel.Not(dst, len(v))
			}
			return
		}
		clear(dst)
		tmp := ev.get(len(v))
		for _, x := range n.vals {
			kernel.SelectInt(tmp, v, model.OpEq, x.Int, false)
			kernel.Or(dst, tmp)
		}
		ev.put(tmp)
		if n.op == model.OpNotIn {
			kernel.Not(dst, len(v))
		}
	default:
		kernel.SelectInt(dst, v, n.op, n.vals[0].Int, n.typ.Kind == model.KindUint64)
	}
}

func (ev *evaluator) floats(dst model.Bitmap, n *node, v []float64) {
	if n.op != model.OpIn && n.op != model.OpNotIn {
		kernel.SelectFloat(dst, v, n.op, n.vals[0].Float)
		return
	}
	clear(dst)
	tmp := ev.get(len(v))
	for _, x := range n.vals {
		kernel.SelectFloat(tmp, v, model.OpEq, x.Float)
		kernel.Or(dst, tmp)
	}
	ev.put(tmp)
	if n.op == model.OpNotIn {
		kernel.Not(dst, len(v))
	}
}

func (ev *evaluator) bytes(dst model.Bitmap, nd *node, v *model.Vector, off, n int) {
	if !v.Coded() {
		switch {
		case nd.op <= model.OpGe:
			kernel.SelectBytes(dst, v.Offsets[off:off+n+1], v.Data, nd.op, []byte(nd.vals[0].Bytes))
		case nd.part != "":
			nd.parts(dst, v, off, n)
		default:
			kernel.SelectFunc(dst, n, func(i int) bool { return nd.matchBytes(v.BytesAt(off + i)) })
		}
		return
	}
	key := dictLeaf{nd, v.Dict}
	match, ok := ev.dicts[key]
	if !ok {
		// A dictionary much larger than the block would cost more than the rows themselves.
		if v.Dict.Len() > 8*n+1024 {
			kernel.SelectFunc(dst, n, func(i int) bool { return !v.Null(off+i) && nd.matchBytes(v.BytesAt(off+i)) })
			return
		}
		if len(ev.dicts) >= maxDictLeaves {
			clear(ev.dicts)
		}
		if ev.dicts == nil {
			ev.dicts = map[dictLeaf][]bool{}
		}
		match = make([]bool, v.Dict.Len())
		for c := range match {
			match[c] = nd.matchBytes(v.Dict.At(uint32(c)))
		}
		ev.dicts[key] = match
	}
	kernel.SelectCodes(dst, v.Codes[off:off+n], match)
}

// parts is bytes of plain strings where all that match a pattern contain the same part.
func (n *node) parts(dst model.Bitmap, v *model.Vector, off, rows int) {
	kernel.SelectContains(dst, v.Offsets[off:off+rows+1], v.Data, []byte(n.part))
	for i := range dst {
		for w := dst[i]; w != 0 && !n.only; w &= w - 1 {
			if j := bits.TrailingZeros64(w); !n.text(v.BytesAt(off + i<<6 + j)) {
				dst[i] &^= 1 << j
			}
		}
	}
	if n.op == model.OpNotRegex || n.op == model.OpNotContains {
		kernel.Not(dst, rows)
	}
}
