package query

import (
	"context"
	"io"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/finish"
)

// finish runs a program up to its first batch, so that a query which turns out to be relational's can be given to it before rows are.
func (r *runner) finish(ctx context.Context, prog *finish.Program) (model.RowStream, error) {
	var src finish.Source
	if s := prog.Scan; s != nil {
		cols := make([]int, len(s.Cols()))
		for i := range cols {
			cols[i] = i
		}
		src = r.leaf(ctx, s, cols)
	}
	opts := r.engine.opts.Finish
	opts.Reserve = r.mem.Reserve
	f := &finishedRows{Rows: prog.Run(src, opts), ctx: ctx}
	f.first, f.err = f.Rows.Next(ctx)
	if f.err != nil && f.err != io.EOF {
		f.Rows.Close()
		return nil, f.err
	}
	return f, nil
}

// finishedRows is rows of a program whose first batch is there.
type finishedRows struct {
	*finish.Rows
	ctx   context.Context // of the query
	first *model.Batch
	err   error // sticky
}

func (f *finishedRows) Next(ctx context.Context) (*model.Batch, error) {
	if b := f.first; b != nil {
		f.first = nil
		return b, nil
	}
	if f.err == nil {
		if f.err = context.Cause(f.ctx); f.err != nil {
			return nil, f.err
		}
		var b *model.Batch
		if b, f.err = f.Rows.Next(ctx); f.err == nil {
			return b, nil
		}
	}
	return nil, f.err
}
