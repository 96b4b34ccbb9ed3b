package finish

import (
	"context"
	"io"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// distinctOp gives one row of equal ones, once all are seen.
type distinctOp struct {
	in   operator
	g    groups
	ids  []uint32
	all  *model.Batch
	from int
}

func distinctStage(n *plan.Distinct) (stage, bool) {
	cols := n.Input.Cols()
	if len(n.On) > 0 || len(cols) == 0 {
		return stage{}, false
	}
	for _, c := range cols {
		if !hashable(c.Type) {
			return stage{}, false
		}
	}
	return stage{"distinct", func(in operator, r *run) operator { return &distinctOp{in: in, g: groups{run: r}} }}, true
}

func (o *distinctOp) next(ctx context.Context) (*model.Batch, error) {
	for o.all == nil {
		b, err := o.in.next(ctx)
		if err == io.EOF {
			o.all = &model.Batch{Cols: o.g.vals, Len: o.g.n}
			break
		}
		if err != nil {
			return nil, err
		}
		if o.ids, err = o.g.find(o.ids[:0], b.Cols, b.Len); err != nil {
			return nil, err
		}
	}
	return chunk(o.all, &o.from)
}

// chunk gives the rows of all piece by piece.
func chunk(all *model.Batch, from *int) (*model.Batch, error) {
	if *from >= all.Len {
		return nil, io.EOF
	}
	to := min(*from+outRows, all.Len)
	b := all.Slice(*from, to)
	*from = to
	return b, nil
}
