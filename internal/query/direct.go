package query

import (
	"context"
	"io"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/finish"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// directPlan is a plan that only picks columns of a scan, and cuts its rows off.
type directPlan struct {
	scan   *plan.Scan
	cols   []int // of scan.Out, for each column of the result
	offset int64
	count  int64 // -1: all
}

// direct finds out whether the plan is one that the scan answers alone, or gives nil.
func direct(p *plan.Query) *directPlan {
	d := &directPlan{count: -1}
	ids := make([]plan.ColID, len(p.Names))
	for i, c := range p.Root.Cols() {
		ids[i] = c.ID
	}
	n := p.Root
	limited := false
	for {
		switch x := n.(type) {
		case *plan.Project:
			if !rename(ids, x.Items) {
				return nil
			}
			n = x.Input
			continue
		case *plan.Limit:
			if limited {
				return nil
			}
			limited, d.offset, d.count = true, x.Offset, x.Count
			n = x.Input
			continue
		case *plan.Sort: // rule/limit has made the scan bring this order; one region's rows need no other
			below := x.Input
			for {
				pr, ok := below.(*plan.Project)
				if !ok {
					break
				}
				below = pr.Input
			}
			s, ok := below.(*plan.Scan)
			if !ok || s.Request.Order != contract.OrderTimeAsc && s.Request.Order != contract.OrderTimeDesc || len(s.Table.Regions) != 1 {
				return nil
			}
			n = x.Input
			continue
		case *plan.Scan:
			d.scan = x
		}
		break
	}
	if d.scan == nil {
		return nil
	}
	for _, id := range ids {
		at := -1
		for i, c := range d.scan.Out {
			if c.ID == id {
				at = i
			}
		}
		if at < 0 {
			return nil
		}
		d.cols = append(d.cols, at)
	}
	return d
}

// rename follows columns through a projection; false where one is computed.
func rename(ids []plan.ColID, items []plan.Item) bool {
	for i, id := range ids {
		found := false
		for _, it := range items {
			if c, ok := it.X.(*plan.Col); ok && it.Col.ID == id {
				ids[i], found = c.ID, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// direct runs such a plan. The first region is opened at once, so that its errors come before rows do; where it has to look at all rows
// before it gives one, that is done as well, so that it is known whether they fit into memory.
func (r *runner) direct(ctx context.Context, p *plan.Query, d *directPlan) (model.RowStream, error) {
	s := &directRows{fields: p.Fields(), scan: r.open(ctx, d.scan, d.cols), window: finish.Window{Skip: d.offset, Left: d.count}}
	err := s.scan.start(ctx)
	if req := &d.scan.Request; err == nil && (req.Order != contract.OrderNone || req.Aggregate != nil) {
		s.first, s.err = s.window.Next(ctx, s.scan.Next)
		if err = s.err; err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		s.scan.Close()
		return nil, err
	}
	return s, nil
}

// directRows is a scan's rows after an offset and up to a limit.
type directRows struct {
	fields []model.Field
	scan   scanSource
	window finish.Window
	first  *model.Batch // read ahead
	err    error        // of that
}

func (s *directRows) Fields() []model.Field { return s.fields }

func (s *directRows) Next(ctx context.Context) (*model.Batch, error) {
	if b := s.first; b != nil {
		s.first = nil
		return b, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.window.Next(ctx, s.scan.Next)
}

func (s *directRows) Close() error { return s.scan.Close() }
