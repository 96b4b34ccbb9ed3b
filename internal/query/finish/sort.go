package finish

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// outRows is how many rows operators that hold rows give at once.
const outRows = 8192

// sortOp holds all rows, or the first so many, and gives them in order. Rows of equal keys keep theirs.
type sortOp struct {
	in   operator
	run  *run
	keys []sortKey
	top  int // -1: all

	all  *model.Batch // rows so far, then, once sorted, all of them with keys behind the columns
	cols int
	idx  []int32 // what is still to be given
	done bool
	held int64
}

type sortKey struct {
	x          eval
	desc       bool
	nullsFirst bool
}

func sortStage(n *plan.Sort, top int64) (stage, bool) {
	l := layoutOf(n.Input.Cols())
	keys := make([]sortKey, len(n.Keys))
	for i, k := range n.Keys {
		x := compileExpr(k.X, l)
		if x == nil || !comparable(k.X.Type()) {
			return stage{}, false
		}
		keys[i] = sortKey{x, k.Desc, k.NullsFirst}
	}
	name, limit := "sort", -1
	if top >= 0 && top <= 1<<20 {
		name, limit = "top rows", int(top)
	}
	return stage{name, func(in operator, r *run) operator { return &sortOp{in: in, run: r, keys: keys, top: limit} }}, true
}

// comparable reports the types that have an order here.
func comparable(t model.Type) bool {
	switch t.Class() {
	case model.ClassBool, model.ClassInt, model.ClassFloat:
		return true
	}
	return t.Kind == model.KindString || t.Kind == model.KindBinary || t.Kind == model.KindJSON
}

func (o *sortOp) next(ctx context.Context) (*model.Batch, error) {
	if !o.done {
		if err := o.read(ctx); err != nil {
			return nil, err
		}
		o.done = true
	}
	if len(o.idx) == 0 {
		return nil, io.EOF
	}
	n := min(len(o.idx), outRows)
	b := pick(o.all, o.cols, o.idx[:n])
	o.idx = o.idx[n:]
	return b, nil
}

// pick copies rows of the first columns.
func pick(all *model.Batch, cols int, idx []int32) *model.Batch {
	b := &model.Batch{Len: len(idx), Cols: make([]*model.Vector, cols)}
	for i := range b.Cols {
		b.Cols[i] = gather(all.Cols[i], idx)
	}
	return b
}

func (o *sortOp) read(ctx context.Context) error {
	for {
		b, err := o.in.next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		o.cols = len(b.Cols)
		cols := slices.Clone(b.Cols)
		for _, k := range o.keys {
			v, err := k.x(b)
			if err != nil {
				return err
			}
			cols = append(cols, v)
		}
		if o.all == nil {
			o.all = &model.Batch{}
			for _, v := range cols {
				o.all.Cols = append(o.all.Cols, model.NewVector(v.Type, b.Len))
			}
		}
		for i, v := range cols {
			o.all.Cols[i].AppendVector(v, 0, b.Len)
		}
		o.all.Len += b.Len
		if o.top >= 0 && o.all.Len > 4*o.top+outRows { // what cannot be among the first any more is let go
			o.sort()
			o.all = pick(o.all, len(o.all.Cols), o.idx)
		}
		size := o.all.Bytes()
		if err := o.run.take(size - o.held); err != nil {
			return err
		}
		o.held = size
	}
	if o.all != nil {
		o.sort()
	}
	return nil
}

// sort puts the first rows' numbers into idx.
func (o *sortOp) sort() {
	o.idx = make([]int32, o.all.Len)
	for i := range o.idx {
		o.idx[i] = int32(i)
	}
	orders := make([]func(i, j int32) int, len(o.keys))
	for i, k := range o.keys {
		orders[i] = order(o.all.Cols[o.cols+i], k.desc, k.nullsFirst)
	}
	f := orders[0]
	if len(orders) > 1 {
		f = func(i, j int32) int {
			for _, by := range orders {
				if c := by(i, j); c != 0 {
					return c
				}
			}
			return 0
		}
	}
	if !slices.IsSortedFunc(o.idx, f) { // Fast path: groups by time mostly come in order.
		slices.SortStableFunc(o.idx, f)
	}
	if o.top >= 0 && len(o.idx) > o.top {
		o.idx = o.idx[:o.top]
	}
}

// order compares rows of a column.
func order(v *model.Vector, desc, nullsFirst bool) func(i, j int32) int {
	var f func(i, j int32) int
	switch v.Type.Class() {
	case model.ClassBool:
		f = func(i, j int32) int { return cmp.Compare(bit(v.Bools[i]), bit(v.Bools[j])) }
	case model.ClassInt:
		ints := v.Ints
		f = func(i, j int32) int { return cmp.Compare(ints[i], ints[j]) }
		if v.Type.Kind == model.KindUint64 {
			f = func(i, j int32) int { return cmp.Compare(uint64(ints[i]), uint64(ints[j])) }
		}
	case model.ClassFloat:
		f = func(i, j int32) int { return model.CompareFloat(v.Floats[i], v.Floats[j]) }
	default:
		f = func(i, j int32) int { return bytes.Compare(v.BytesAt(int(i)), v.BytesAt(int(j))) }
	}
	if desc {
		up := f
		f = func(i, j int32) int { return up(j, i) }
	}
	if v.Valid == nil {
		return f
	}
	first := 1
	if nullsFirst {
		first = -1
	}
	return func(i, j int32) int {
		switch x, y := v.Valid.Get(int(i)), v.Valid.Get(int(j)); {
		case x && y:
			return f(i, j)
		case x:
			return -first
		case y:
			return first
		}
		return 0
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
