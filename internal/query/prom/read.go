package prom

import (
	"context"
	"errors"
	"io"
	"math"
	"math/big"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// queryable is the series of a database.
type queryable struct {
	e        *Engine
	database string
	// lookback, of instant queries only, lets selectors that look at one moment read one row a series. Zero: all rows are wanted.
	lookback time.Duration
	mem      *budget.Lease // what all queriers hold; may be nil
	owned    bool          // a querier that is closed gives back what mem holds; else the query does in the end
	field    string        // the value column of tables that have it and whose selector does not choose; empty: the first
	// streamed are the series that stand in for parts of the expression, see standIn.
	streamed [][]*series
	watch    func(table string, st contract.ScanStats) // if not nil, told of each scan; called by several goroutines
}

// Querier implements storage.Queryable. All selections of a querier share one bound on samples.
func (q *queryable) Querier(mint, maxt int64) (storage.Querier, error) {
	r := &querier{queryable: q, mint: mint, maxt: maxt}
	r.left.Store(int64(q.e.opt.MaxSamples))
	return r, nil
}

type querier struct {
	*queryable
	mint, maxt int64
	left       atomic.Int64 // samples that may still be read
}

// Close implements storage.Querier; series stay usable.
func (q *querier) Close() error {
	if q.owned {
		q.mem.Release()
	}
	return nil
}

// Select reads when the first series is asked for.
func (q *querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	if key, ok := standsIn(ms); ok && key < len(q.streamed) {
		return &lazySet{series: q.streamed[key]}
	}
	return &lazySet{read: func() ([]*series, error) { return q.read(ctx, sorted, hints, ms) }}
}

func (q *querier) read(ctx context.Context, sorted bool, hints *storage.SelectHints, ms []*labels.Matcher) ([]*series, error) {
	sel, err := newSelector(q.database, ms)
	if err != nil {
		return nil, err
	}
	tables, err := q.e.tables(sel)
	if err != nil {
		return nil, err
	}
	mint, maxt, last := q.mint, q.maxt, false
	if hints != nil {
		mint, maxt = max(mint, hints.Start), min(maxt, hints.End)
		// One moment is looked at, and the newest sample before it counts. A selector that is asked for at several moments, below a
		// subquery or smoothed, spans more than the lookback.
		last = q.lookback > 0 && hints.Step == 0 && hints.Range == 0 && hints.Func != "info" && hints.End-hints.Start < q.lookback.Milliseconds()
	}
	var scans []regionScan
	for _, t := range tables {
		scans = q.scansOf(scans, t, sel, mint, maxt, last)
	}
	all, err := q.readAll(ctx, scans)
	if err != nil {
		return nil, err
	}
	if sorted {
		all.sort()
	}
	if hints != nil && hints.Limit > 0 && len(all.series) > hints.Limit {
		all.series = all.series[:hints.Limit]
	}
	return all.series, nil
}

// valueColumn chooses the field that is a table's value, nil for none.
func (q *queryable) valueColumn(s *model.Schema, sel selector) *model.Column {
	fields := fieldsOf(s, sel.fields)
	if len(fields) == 0 {
		return nil
	}
	for _, c := range fields {
		if c.Name == q.field {
			return c
		}
	}
	return fields[0]
}

// regionScan is the scan of one region of a table that is selected.
type regionScan struct {
	table    *catalog.Table
	value    *model.Column
	narrowed narrowed
	req      contract.ScanRequest
}

// scansOf appends the scans of a table.
func (q *querier) scansOf(out []regionScan, t *catalog.Table, sel selector, mint, maxt int64, last bool) []regionScan {
	value := q.valueColumn(t.Schema, sel)
	n, ok := narrow(t.Schema, sel.columns)
	span := timeRange(mint, maxt, t.Schema.TimeUnit())
	if value == nil || !ok || span.Empty() {
		return out
	}
	req := contract.ScanRequest{Projection: projectionOf(t, value, n), TimeRange: span, Predicate: n.predicate, Order: contract.OrderSeries}
	if last && len(n.rows) == 0 {
		req.LastRow = true
		if value.Nullable {
			req.Predicate = model.And(req.Predicate, &model.Expr{Op: model.OpNotNull, Column: value.ID})
		}
	}
	for _, id := range regionsOf(t, req.Predicate) {
		req.Region = id
		out = append(out, regionScan{t, value, n, req})
	}
	return out
}

// readAll does scans, as many at once as there are processors, and gathers their series in the order of the scans.
func (q *querier) readAll(ctx context.Context, scans []regionScan) (*collection, error) {
	all := newCollection()
	workers := min(runtime.GOMAXPROCS(0), len(scans))
	if workers <= 1 {
		for i := range scans {
			if err := q.readRegion(ctx, &scans[i], all); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := make([]*collection, len(scans))
	var next atomic.Int64
	var once sync.Once
	var first error
	work := func() {
		for i := int(next.Add(1) - 1); i < len(scans); i = int(next.Add(1) - 1) {
			parts[i] = newCollection()
			if err := q.readRegion(ctx, &scans[i], parts[i]); err != nil {
				once.Do(func() { first = err; cancel() })
				return
			}
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if first != nil {
		return nil, first
	}
	for _, c := range parts {
		all.take(c)
	}
	return all, nil
}

func (q *querier) readRegion(ctx context.Context, s *regionScan, into *collection) error {
	sink := &collectSink{q: q, name: s.table.Name, tags: labelColumns(s.table.Schema), narrowed: s.narrowed, into: into}
	sink.builder = labels.NewScratchBuilder(len(sink.tags) + 1)
	return newTableReader(q, s.table, s.narrowed, sink).region(ctx, s.req)
}

// regionsOf are the regions of a table that may hold rows of which the predicate is true.
func regionsOf(t *catalog.Table, pred *model.Expr) []model.RegionID {
	if t.Partition == nil {
		return t.Regions
	}
	var out []model.RegionID
	for _, i := range t.Partition.Candidates(pred) {
		out = append(out, t.Regions[i])
	}
	return out
}

// seriesSink takes the series of a region, one after another.
type seriesSink interface {
	// begin is told of a series, whose tags are the first columns of a row of a batch. skip: its samples are not wanted.
	begin(b *model.Batch, row int) (skip bool, err error)
	// finish takes the samples of the series that began, at least one, by time, each time once. They are valid for the call only.
	finish(times []int64, values []float64) error
}

// tableReader cuts the batches of one region of a table into series.
type tableReader struct {
	q        *querier
	table    *catalog.Table
	tags     int // the first columns of batches
	narrowed narrowed
	unit     model.TimeUnit
	sink     seriesSink

	open    bool // a series is being gathered
	skip    bool // it is not wanted
	ordinal uint64
	times   []int64
	values  []float64
}

func newTableReader(q *querier, t *catalog.Table, n narrowed, sink seriesSink) *tableReader {
	return &tableReader{q: q, table: t, tags: len(labelColumns(t.Schema)), narrowed: n, unit: t.Schema.TimeUnit(), sink: sink}
}

// projectionOf is the columns that a tableReader wants: tags, time, value, columns of row filters.
func projectionOf(t *catalog.Table, value *model.Column, n narrowed) (out []model.ColumnID) {
	for _, c := range labelColumns(t.Schema) {
		out = append(out, c.ID)
	}
	out = append(out, t.Schema.TimeIndex, value.ID)
	for _, f := range n.rows {
		out = append(out, f.column.ID)
	}
	return out
}

func (r *tableReader) region(ctx context.Context, req contract.ScanRequest) (err error) {
	st, err := r.q.e.opt.Regions.Scan(ctx, req)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := st.Close(); err == nil {
			err = cerr
		}
	}()
	for {
		b, err := st.Next(ctx)
		if errors.Is(err, io.EOF) {
			if r.q.watch != nil {
				r.q.watch(r.table.Name, st.Stats())
			}
			return r.finish()
		}
		if err != nil {
			return err
		}
		for _, run := range b.Series {
			if !r.open || run.Ordinal != r.ordinal {
				if err := r.finish(); err != nil {
					return err
				}
				r.open, r.ordinal = true, run.Ordinal
				if r.skip, err = r.sink.begin(b, run.Start); err != nil {
					return err
				}
			}
			if !r.skip {
				r.rows(b, run.Start, run.End)
			}
		}
	}
}

// collectSink gathers series.
type collectSink struct {
	q        *querier
	name     string
	tags     []*model.Column
	narrowed narrowed
	into     *collection
	builder  labels.ScratchBuilder
	lset     labels.Labels
}

func (c *collectSink) begin(b *model.Batch, row int) (skip bool, err error) {
	c.lset = labelsOf(&c.builder, c.name, c.tags, b, row)
	for _, f := range c.narrowed.tags {
		if !f.matcher.Matches(c.lset.Get(f.column.Name)) {
			return true, nil
		}
	}
	return false, nil
}

func (c *collectSink) finish(times []int64, values []float64) error {
	if err := c.q.hold(int64(len(times))); err != nil {
		return err
	}
	c.into.add(c.lset, times, values)
	return nil
}

// labelsOf makes labels of a table's name and the tags of a row, which are the first columns of the batch.
func labelsOf(builder *labels.ScratchBuilder, name string, tags []*model.Column, b *model.Batch, row int) labels.Labels {
	builder.Reset()
	builder.Add(nameLabel, name)
	for i, c := range tags {
		if v := textOf(b.Cols[i], row); v != "" {
			builder.Add(c.Name, v)
		}
	}
	builder.Sort()
	return builder.Labels()
}

// finish gives the series that was read to the sink.
func (r *tableReader) finish() error {
	wanted := r.open && !r.skip && len(r.times) > 0
	r.open = false
	if !wanted {
		r.times, r.values = r.times[:0], r.values[:0]
		return nil
	}
	r.times, r.values = rising(r.times, r.values)
	err := r.sink.finish(r.times, r.values)
	r.times, r.values = r.times[:0], r.values[:0]
	return err
}

// rows gathers the samples of rows [from, to).
func (r *tableReader) rows(b *model.Batch, from, to int) {
	times, value := b.Cols[r.tags], b.Cols[r.tags+1]
	if len(r.narrowed.rows) > 0 || value.Valid != nil {
		for i := from; i < to; i++ {
			if value.Null(i) || !r.matches(b, i) {
				continue
			}
			r.times = append(r.times, r.millis(times.Ints[i]))
			r.values = appendFloats(r.values, value, i, i+1)
		}
		return
	}
	at := len(r.times)
	r.times = append(r.times, times.Ints[from:to]...)
	switch r.unit {
	case model.Millisecond:
	case model.Second:
		for i := range r.times[at:] {
			r.times[at+i] *= 1000
		}
	default:
		for i, t := range r.times[at:] {
			r.times[at+i] = r.millis(t)
		}
	}
	r.values = appendFloats(r.values, value, from, to)
}

func (r *tableReader) millis(t int64) int64 {
	ms, ok := model.ConvertTime(t, r.unit, model.Millisecond)
	if !ok {
		return math.MaxInt64 // of seconds beyond what milliseconds reach; the time range has none
	}
	return ms
}

func (r *tableReader) matches(b *model.Batch, row int) bool {
	for i, f := range r.narrowed.rows {
		if !f.matcher.Matches(textOf(b.Cols[r.tags+2+i], row)) {
			return false
		}
	}
	return true
}

// appendFloats appends rows [from, to), none of them NULL, of a numeric column.
func appendFloats(dst []float64, v *model.Vector, from, to int) []float64 {
	switch v.Type.Class() {
	case model.ClassFloat:
		return append(dst, v.Floats[from:to]...)
	case model.ClassDecimal:
		for _, d := range v.Decimals[from:to] {
			dst = append(dst, decimalFloat(d, v.Type.Scale))
		}
	case model.ClassInt:
		if v.Type.Kind == model.KindUint64 {
			for _, x := range v.Ints[from:to] {
				dst = append(dst, float64(uint64(x)))
			}
			return dst
		}
		for _, x := range v.Ints[from:to] {
			dst = append(dst, float64(x))
		}
	}
	return dst
}

func decimalRat(d model.Int128, scale uint8) *big.Rat {
	n := new(big.Int).Lsh(big.NewInt(d.Hi), 64)
	n.Add(n, new(big.Int).SetUint64(d.Lo))
	return new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

func decimalFloat(d model.Int128, scale uint8) float64 {
	f, _ := decimalRat(d, scale).Float64()
	return f
}

func decimalText(d model.Int128, scale uint8) string {
	return decimalRat(d, scale).FloatString(int(scale))
}

// LabelValues implements storage.LabelQuerier.
func (q *querier) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return q.e.LabelValues(ctx, &model.Session{Database: q.database}, name, q.selection(hints, ms))
}

// LabelNames implements storage.LabelQuerier.
func (q *querier) LabelNames(ctx context.Context, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return q.e.LabelNames(ctx, &model.Session{Database: q.database}, q.selection(hints, ms))
}

func (q *querier) selection(hints *storage.LabelHints, ms []*labels.Matcher) lang.Selection {
	s := lang.Selection{Start: timeOf(q.mint), End: timeOf(q.maxt)}
	if len(ms) > 0 {
		s.Matchers = [][]*labels.Matcher{ms}
	}
	if hints != nil {
		s.Limit = hints.Limit
	}
	return s
}
