package query

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/relational"
)

// runner is one execution of a plan.
type runner struct {
	engine *Engine
	sess   *model.Session
	mem    *budget.Lease
	watch  func(*plan.Scan, contract.ScanStats)
	full   atomic.Bool // a region had no memory for what it was asked to reduce
}

// leaf opens what the plan reads there: a scan, or windows.
func (r *runner) leaf(ctx context.Context, n plan.Node, cols []int) rowSource {
	if w, ok := n.(*plan.Range); ok {
		return r.windows(ctx, w, cols)
	}
	return r.open(ctx, n.(*plan.Scan), cols)
}

// source is a scan, or windows, as the relational half reads it.
func (r *runner) source(s plan.Node) relational.Source {
	src := relational.Source{Open: func(ctx context.Context, cols []int) (relational.Stream, error) { return r.leaf(ctx, s, cols), nil }}
	for _, c := range s.Cols() {
		src.Fields = append(src.Fields, model.Field{Name: "c" + itoa(int64(c.ID)), Type: function.EngineField(c.Type)})
	}
	if sc, ok := s.(*plan.Scan); ok {
		if src.Rows = sc.Rows; sc.Table.About > 0 {
			src.Rows = max(1, int64(reduced(float64(sc.Table.About), sc.Request.Predicate)))
		}
		if sc.Request.Aggregate != nil {
			src.Rows /= 10
		}
	}
	if len(s.Cols()) == 0 { // a relation has a column; nobody reads it
		src.Fields = []model.Field{{Name: "nothing", Type: model.Bool}}
		src.Open = func(ctx context.Context, _ []int) (relational.Stream, error) {
			return &countStream{r.leaf(ctx, s, nil)}, nil
		}
	}
	return src
}

// scanSource is a scan's rows on their way.
type scanSource interface {
	rowSource
	// start opens the scan, as the first Next would, so that its errors come before rows do.
	start(ctx context.Context) error
	// pin takes the snapshots of all regions, so that what changes later is not seen; start and Next do if nobody did before.
	pin(ctx context.Context) error
}

// open makes the stream of some of a scan's columns; regions are opened when it is read. ctx is that of the query.
func (r *runner) open(ctx context.Context, s *plan.Scan, cols []int) scanSource {
	one := scanStream{r: r, scan: s, cols: cols, regions: s.Table.Regions}
	if n := min(len(s.Table.Regions), r.engine.opts.Parallelism); n > 1 && s.Table.Rows == nil && !(s.Request.Limit > 0 && s.Request.Order == contract.OrderNone) {
		return newParallelStream(ctx, one, n)
	}
	return &one
}

// scanStream is the rows of regions, one after the other. Each region's scan works in parallel within itself.
type scanStream struct {
	r       *runner
	scan    *plan.Scan
	cols    []int // of scan.Out
	regions []model.RegionID

	pinned []contract.Stream // of regions, opened lazily; nil: not pinned; a stream that is in use or closed is nil
	region int               // the next one to open
	cur    rowSource         // nil: open the next
	pick   []int             // columns of cur's batches to give; nil: all
	out    model.Batch       // given out, valid until the next call
}

// countStream is a scan of which only the number of rows matters: its batches have one column of NULLs.
type countStream struct{ rowSource }

func (s *countStream) Next(ctx context.Context) (*model.Batch, error) {
	b, err := s.rowSource.Next(ctx)
	if err != nil {
		return nil, err
	}
	return &model.Batch{Len: b.Len, Cols: []*model.Vector{{Type: model.Null, Len: b.Len}}}, nil
}

// rowSource is what a region's scan and a table in memory have in common.
type rowSource interface {
	Next(ctx context.Context) (*model.Batch, error)
	Close() error
}

func (s *scanStream) start(ctx context.Context) error {
	if err := s.pin(ctx); err != nil {
		return err
	}
	if err := s.openNext(ctx); err != io.EOF {
		return err
	}
	return nil
}

func (s *scanStream) Next(ctx context.Context) (*model.Batch, error) {
	if s.pinned == nil && s.region == 0 && len(s.regions) > 1 {
		if err := s.pin(ctx); err != nil {
			return nil, err
		}
	}
	for {
		if s.cur == nil {
			if err := s.openNext(ctx); err != nil {
				return nil, err
			}
		}
		b, err := s.cur.Next(ctx)
		if err == io.EOF {
			if err := s.closeCurrent(); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			if errs.Is(err, errs.RuntimeResourcesExhausted) {
				s.r.full.Store(true)
			}
			return nil, err
		}
		return s.picked(b), nil
	}
}

// openNext opens the next region, or the table's rows where it has none; io.EOF after the last.
func (s *scanStream) openNext(ctx context.Context) error {
	t := s.scan.Table
	if t.Rows != nil {
		if s.region > 0 {
			return io.EOF
		}
		if t.RowsOf != nil {
			ids := make([]model.ColumnID, len(s.cols))
			for i, c := range s.cols {
				ids[i] = s.scan.Source[c]
			}
			rows, err := t.RowsOf(ctx, s.r.sess, ids, s.scan.Request.Predicate)
			if err != nil {
				return err
			}
			s.region++
			s.cur, s.pick = rows, nil
			return nil
		}
		rows, err := t.Rows(ctx, s.r.sess)
		if err != nil {
			return err
		}
		s.region++
		s.cur, s.pick = rows, s.positions()
		return nil
	}
	if s.region >= len(s.regions) {
		return io.EOF
	}
	st, err := s.openRegion(ctx, s.region)
	if err != nil {
		return err
	}
	s.region++
	s.cur = st
	return nil
}

// openRegion opens one of the regions, or gives the stream that was opened when it was pinned.
func (s *scanStream) openRegion(ctx context.Context, i int) (contract.Stream, error) {
	if s.scan.Request.Aggregate != nil {
		s.pick = s.cols
	}
	if s.pinned != nil {
		st := s.pinned[i]
		s.pinned[i] = nil
		return st, nil
	}
	return s.scanRegion(ctx, i, false)
}

func (s *scanStream) scanRegion(ctx context.Context, i int, lazy bool) (contract.Stream, error) {
	req := s.scan.Request
	req.Region = s.regions[i]
	req.Bound = s.scan.Table.Schema.Version + 1
	req.Lazy = lazy
	if req.Aggregate == nil {
		req.Projection = make([]model.ColumnID, len(s.cols))
		for i, c := range s.cols {
			req.Projection[i] = s.scan.Source[c]
		}
	}
	return s.r.engine.opts.Regions.Scan(ctx, req)
}

// pin implements scanSource. Streams are opened with the columns that the scan stream was made for.
func (s *scanStream) pin(ctx context.Context) error {
	if s.pinned != nil || s.scan.Table.Rows != nil || s.region > 0 {
		return nil
	}
	s.pinned = make([]contract.Stream, 0, len(s.regions))
	for i := range s.regions {
		st, err := s.scanRegion(ctx, i, true)
		if err != nil {
			return err // Close closes the others
		}
		s.pinned = append(s.pinned, st)
	}
	return nil
}

// positions are the places of the columns in the table's schema.
func (s *scanStream) positions() []int {
	out := make([]int, len(s.cols))
	for i, c := range s.cols {
		for p := range s.scan.Table.Schema.Columns {
			if s.scan.Table.Schema.Columns[p].ID == s.scan.Source[c] {
				out[i] = p
			}
		}
	}
	return out
}

func (s *scanStream) picked(b *model.Batch) *model.Batch {
	if s.pick == nil {
		return b
	}
	s.out.Len = b.Len
	s.out.Cols = s.out.Cols[:0]
	for _, c := range s.pick {
		s.out.Cols = append(s.out.Cols, b.Cols[c])
	}
	return &s.out
}

func (s *scanStream) closeCurrent() error {
	if s.cur == nil {
		return nil
	}
	cur := s.cur
	s.cur = nil
	if st, ok := cur.(contract.Stream); ok && s.r.watch != nil {
		defer func() { s.r.watch(s.scan, st.Stats()) }()
	}
	return cur.Close()
}

// Close implements relational.Stream.
func (s *scanStream) Close() error {
	s.region = len(s.regions) + 1
	err := s.closeCurrent()
	for i, st := range s.pinned {
		if st != nil {
			s.pinned[i] = nil
			err = errors.Join(err, st.Close())
		}
	}
	return err
}
