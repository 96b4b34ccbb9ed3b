package query

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/query/align"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// windows are some columns of the rows of a range node. Each of its parts is a plan of its own.
func (r *runner) windows(_ context.Context, n *plan.Range, cols []int) rowSource {
	opts := r.engine.opts.Align
	opts.Reserve = r.mem.Reserve
	rows := align.New(n, func(ctx context.Context, i int) (align.Source, error) {
		part := &plan.Query{Root: n.Parts[i].Input}
		for _, c := range part.Root.Cols() {
			part.Names = append(part.Names, c.Name)
		}
		return r.run(ctx, part)
	}, opts)
	return &pickedSource{rowSource: rows, cols: cols}
}
