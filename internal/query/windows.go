package query

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/align"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// windows are some columns of the rows of a range node. Each of its parts is a plan of its own.
func (r *runner) windows(_ context.Context, n *plan.Range, cols []int) rowSource {
	rows := align.New(n, func(ctx context.Context, i int) (align.Source, error) {
		part := &plan.Query{Root: n.Parts[i].Input}
		for _, c := range part.Root.Cols() {
			part.Names = append(part.Names, c.Name)
		}
		return r.run(ctx, part)
	}, r.engine.opts.Align)
	return &pickedRows{rows: rows, cols: cols}
}

// pickedRows is some columns of rows.
type pickedRows struct {
	rows *align.Rows
	cols []int
	out  model.Batch
}

func (p *pickedRows) Next(ctx context.Context) (*model.Batch, error) {
	b, err := p.rows.Next(ctx)
	if err != nil {
		return nil, err
	}
	p.out.Len = b.Len
	p.out.Cols = p.out.Cols[:0]
	for _, c := range p.cols {
		p.out.Cols = append(p.out.Cols, b.Cols[c])
	}
	return &p.out, nil
}

func (p *pickedRows) Close() error { return p.rows.Close() }
