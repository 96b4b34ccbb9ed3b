package finish

import (
	"context"
	"fmt"
	"io"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// run is one execution: what its operators hold together.
type run struct {
	left    int64 // bytes
	reserve func(int64) error
	granted int64 // by reserve, and not taken yet
}

// take accounts for memory; a negative number gives some back.
func (r *run) take(n int64) error {
	if r.left -= n; r.left < 0 {
		return fmt.Errorf("%w: its rows do not fit into the memory of a finisher", ErrRelational)
	}
	if r.granted -= n; r.granted < 0 && r.reserve != nil {
		more := max(-r.granted, reserveStep)
		if err := r.reserve(more); err != nil {
			return fmt.Errorf("%w: %w", ErrRelational, err)
		}
		r.granted += more
	}
	return nil
}

// Rows is the result of a run.
type Rows struct {
	p   *Program
	src Source // nil: closed, or there is none
	top operator
	out model.Batch
}

// Run makes the rows of a program over a source, which belongs to the rows from here on; nil where Program.Scan is.
func (p *Program) Run(src Source, opts Options) *Rows {
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = 64 << 20
	}
	r := &run{left: opts.MaxBytes, reserve: opts.Reserve}
	rows := &Rows{p: p, src: src}
	if src != nil {
		rows.top = source{src}
	} else {
		rows.top = &valuesOp{n: p.values}
	}
	for _, s := range p.stages {
		rows.top = s.make(rows.top, r)
	}
	return rows
}

// Fields implements model.RowStream.
func (r *Rows) Fields() []model.Field { return r.p.fields }

// Next implements model.RowStream. An error that is ErrRelational after rows were given cannot be mended by running the plan again.
func (r *Rows) Next(ctx context.Context) (*model.Batch, error) {
	b, err := r.top.next(ctx)
	if err != nil {
		return nil, err
	}
	r.out.Len, r.out.Cols = b.Len, r.out.Cols[:0]
	for i, v := range b.Cols[:len(r.p.fields)] {
		if t := r.p.fields[i].Type; v.Type != t {
			w := *v
			w.Type = t
			v = &w
		}
		r.out.Cols = append(r.out.Cols, v)
	}
	return &r.out, nil
}

// Close closes the source.
func (r *Rows) Close() error {
	if r.src == nil {
		return nil
	}
	src := r.src
	r.src = nil
	return src.Close()
}

type source struct{ Source }

func (s source) next(ctx context.Context) (*model.Batch, error) { return s.Next(ctx) }

// constants reports whether all rows are of literals.
func constants(n *plan.Values) bool {
	for _, row := range n.Rows {
		for _, x := range row {
			if _, ok := x.(*plan.Lit); !ok {
				return false
			}
		}
	}
	return true
}

// valuesOp gives constant rows in one batch.
type valuesOp struct{ n *plan.Values }

func (o *valuesOp) next(context.Context) (*model.Batch, error) {
	if o.n == nil || len(o.n.Rows) == 0 {
		return nil, io.EOF
	}
	n := o.n
	o.n = nil
	b := &model.Batch{Len: len(n.Rows)}
	for i, c := range n.Out {
		v := model.NewVector(c.Type, b.Len)
		for _, row := range n.Rows {
			v.AppendValue(row[i].(*plan.Lit).V)
		}
		b.Cols = append(b.Cols, v)
	}
	return b, nil
}

// filterOp keeps the rows for which a condition is true.
type filterOp struct {
	in   operator
	cond eval
	idx  []int32
	out  model.Batch
}

func filterStage(n *plan.Filter) (stage, bool) {
	cond := compileExpr(n.Cond, layoutOf(n.Input.Cols()))
	return stage{"filter", func(in operator, _ *run) operator { return &filterOp{in: in, cond: cond} }}, cond != nil
}

func (o *filterOp) next(ctx context.Context) (*model.Batch, error) {
	for {
		b, err := o.in.next(ctx)
		if err != nil {
			return nil, err
		}
		c, err := o.cond(b)
		if err != nil {
			return nil, err
		}
		o.idx = o.idx[:0]
		for i, yes := range c.Bools {
			if yes && (c.Valid == nil || c.Valid.Get(i)) {
				o.idx = append(o.idx, int32(i))
			}
		}
		switch len(o.idx) {
		case 0:
			continue
		case b.Len:
			return b, nil
		}
		o.out = model.Batch{Cols: make([]*model.Vector, len(b.Cols)), Len: len(o.idx)}
		for i, v := range b.Cols {
			o.out.Cols[i] = gather(v, o.idx)
		}
		return &o.out, nil
	}
}

// gather picks rows; coded bytes stay coded.
func gather(v *model.Vector, idx []int32) *model.Vector {
	w := &model.Vector{Type: v.Type, Dict: v.Dict}
	kernel.GatherVector(w, v, 0, idx)
	return w
}

// projectOp computes columns.
type projectOp struct {
	in    operator
	items []eval
	out   model.Batch
}

func projectStage(n *plan.Project) (stage, bool) {
	l := layoutOf(n.Input.Cols())
	items := make([]eval, len(n.Items))
	name := "columns" // of those that only pick
	for i, it := range n.Items {
		if _, ok := it.X.(*plan.Col); !ok {
			name = "project"
		}
		if items[i] = compileExpr(it.X, l); items[i] == nil {
			return stage{}, false
		}
	}
	return stage{name, func(in operator, _ *run) operator { return &projectOp{in: in, items: items} }}, true
}

func (o *projectOp) next(ctx context.Context) (*model.Batch, error) {
	b, err := o.in.next(ctx)
	if err != nil {
		return nil, err
	}
	o.out.Len, o.out.Cols = b.Len, o.out.Cols[:0]
	for _, f := range o.items {
		v, err := f(b)
		if err != nil {
			return nil, err
		}
		o.out.Cols = append(o.out.Cols, v)
	}
	return &o.out, nil
}

// Window is LIMIT and OFFSET over a stream of batches: rows at both ends are left out.
type Window struct {
	Skip int64 // rows still to be left out
	Left int64 // rows still to be given; -1: all
}

// Next gives the next batch of the window from batches that next gives; io.EOF when there is none or the window is full.
func (w *Window) Next(ctx context.Context, next func(ctx context.Context) (*model.Batch, error)) (*model.Batch, error) {
	for w.Left != 0 {
		b, err := next(ctx)
		if err != nil {
			return nil, err
		}
		n := int64(b.Len)
		if w.Skip >= n {
			w.Skip -= n
			continue
		}
		from, to := w.Skip, n
		w.Skip = 0
		if w.Left > 0 {
			to = from + min(n-from, w.Left)
			w.Left -= to - from
		}
		if from > 0 || to < n {
			b = b.Slice(int(from), int(to))
		}
		return b, nil
	}
	return nil, io.EOF
}

type limitOp struct {
	in     operator
	window Window
}

func limitStage(n *plan.Limit) stage {
	return stage{"limit", func(in operator, _ *run) operator { return &limitOp{in, Window{n.Offset, n.Count}} }}
}

func (o *limitOp) next(ctx context.Context) (*model.Batch, error) {
	return o.window.Next(ctx, o.in.next)
}
