package prom

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/prom/window"
)

// errUnfit says that a part cannot be streamed after all, because of what the data are; the engine computes it.
var errUnfit = errors.New("has to be computed by the engine")

// moments are the times at which a query is evaluated, in milliseconds.
type moments struct {
	start, step int64 // step > 0
	n           int
}

func (m moments) at(k int) int64 { return m.start + int64(k)*m.step }

// end is the last one.
func (m moments) end() int64 { return m.at(m.n - 1) }

// result is what a series, or a group of them, has at each moment; window.Absent where it has nothing.
type result struct {
	lset   labels.Labels
	values []float64
}

// moments are those at which the part is evaluated, of a query's; n is 0 where there are none.
func (s *streamed) moments(m moments) moments {
	for _, sub := range s.within {
		if m.n > 0 {
			w := window.Moments(&window.Windows{End: m.start - sub.offset, Step: m.step, N: m.n, Range: sub.span}, sub.step)
			m = moments{w.End, w.Step, w.N}
		}
	}
	return m
}

// windows are those of the part's selector or subquery at moments m of a query at whole.
func (s *streamed) windows(m, whole moments, lookback time.Duration) window.Windows {
	w := window.Windows{End: m.start, Step: m.step, N: m.n, Range: s.width(lookback)}
	if s.shift.fixed() { // one window, whatever the moment
		w.N, w.Step = 1, 1
		switch {
		case s.shift.timestamp != nil:
			w.End = *s.shift.timestamp
		case s.shift.startOrEnd == parser.END:
			w.End = whole.end()
		default:
			w.End = whole.start
		}
	}
	w.End -= s.shift.offset
	return w
}

// width is how far windows reach, in milliseconds.
func (s *streamed) width(lookback time.Duration) int64 {
	if s.span == 0 {
		return lookback.Milliseconds()
	}
	return s.span
}

// below is what stands in the part's subquery.
func (s *streamed) below(lookback time.Duration) *window.Sub {
	return &window.Sub{Value: s.inner.values(lookback), Each: s.inner.each, Range: s.inner.width(lookback), Offset: s.inner.shift.offset, Step: s.step}
}

// values gives values of samples.
func (s *streamed) values(lookback time.Duration) window.Func {
	if s.inner == nil {
		return s.value
	}
	return s.below(lookback).Over(s.value)
}

// samples are the windows in which the selector is looked at, below all subqueries; most is how many any of these has.
func (s *streamed) samples(w window.Windows, lookback time.Duration) (selector *streamed, _ window.Windows, most int) {
	for most = w.N; s.inner != nil && w.N > 0; most = max(most, w.N) {
		w = s.below(lookback).Windows(&w)
		s = s.inner
	}
	return s, w, most
}

// run computes a part. errUnfit: it cannot be.
func (s *streamed) run(ctx context.Context, q *querier, whole moments, lookback time.Duration) ([]result, annotations.Annotations, error) {
	m := s.moments(whole)
	if m.n == 0 {
		return nil, nil, nil
	}
	job := &job{streamed: s, q: q, windows: s.windows(m, whole, lookback), n: m.n, fixed: s.shift.fixed(), compute: s.values(lookback)}
	bottom, seen, most := s.samples(job.windows, lookback)
	if seen.N == 0 {
		return nil, nil, nil
	}
	job.raw = bottom.span == 0
	if int64(max(m.n, most)) > q.left.Load() { // what a subquery has of a series is held once for each processor
		return nil, nil, q.tooMany()
	}
	sel, err := newSelector(q.database, s.selector.LabelMatchers)
	if err != nil {
		return nil, nil, err
	}
	tables, err := q.e.tables(sel)
	if err != nil {
		return nil, nil, err
	}
	var scans []regionScan
	for _, t := range tables {
		if !distinctLabels(t) {
			return nil, nil, errUnfit
		}
		scans = q.scansOf(scans, t, sel, seen.First(), seen.Last(), job.raw && seen.N == 1)
	}
	all, err := job.run(ctx, scans)
	if err != nil {
		return nil, nil, err
	}
	out, err := all.results()
	return out, all.notes(), err
}

// distinctLabels reports a table whose series have label sets of their own: no two regions have rows of one, and no two values of a tag
// are spelled alike. NULL and "" are, which is found out when rows are read. Nor has it labels that go with the metric's name.
func distinctLabels(t *catalog.Table) bool {
	for _, c := range t.Schema.Tags() {
		if c.Type.Class() == model.ClassFloat || c.Name == nameLabel || c.Name == "__type__" || c.Name == "__unit__" { // 0 and -0
			return false
		}
	}
	if len(t.Regions) > 1 {
		if t.Partition == nil {
			return false
		}
		for _, id := range t.Partition.Columns {
			if c := t.Schema.Column(id); c == nil || c.Semantic != model.TagColumn {
				return false
			}
		}
	}
	return true
}

// job is the reading of all regions for one part.
type job struct {
	*streamed
	q       *querier
	windows window.Windows
	compute window.Func // of samples
	raw     bool        // of samples as they are, with stale markers
	n       int         // moments
	fixed   bool        // all moments see the one window
}

// run reads regions, as many at once as there are processors, and puts together what came of them in the order of the scans, so that
// the same query gives the same sums. One region alone is read by one goroutine and computed by the others.
func (j *job) run(ctx context.Context, scans []regionScan) (*partial, error) {
	workers := runtime.GOMAXPROCS(0)
	all := j.newPartial()
	if len(scans) == 1 {
		return all, j.region(ctx, &scans[0], all, workers)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := make([]*partial, len(scans))
	var next atomic.Int64
	var mu sync.Mutex
	var first error
	merged := 0
	work := func() {
		for i := int(next.Add(1) - 1); i < len(scans); i = int(next.Add(1) - 1) {
			p := j.newPartial()
			err := j.region(ctx, &scans[i], p, 1)
			mu.Lock()
			for parts[i] = p; err == nil && merged < len(parts) && parts[merged] != nil; merged++ {
				all.take(parts[merged])
				parts[merged] = nil
			}
			if err != nil && first == nil {
				first = err
				cancel()
			}
			stop := first != nil
			mu.Unlock()
			if stop {
				return
			}
		}
	}
	var wg sync.WaitGroup
	for range min(workers, len(scans)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return all, first
}

// region reads one region into p.
func (j *job) region(ctx context.Context, s *regionScan, p *partial, workers int) error {
	sink := &streamSink{job: j, into: p, workers: workers, table: s.table.Name, narrowed: s.narrowed}
	sink.tags = labelColumns(s.table.Schema)
	sink.chooseLabels()
	r := newTableReader(j.q, s.table, s.narrowed, sink)
	err := r.region(ctx, s.req)
	sink.end()
	return err
}

// matrix gives results as a range query does, vector as one of one moment.
func matrix(results []result, m moments) promql.Matrix {
	points := 0
	for _, r := range results {
		for _, v := range r.values {
			if !window.IsAbsent(v) {
				points++
			}
		}
	}
	all := make([]promql.FPoint, 0, points)
	out := make(promql.Matrix, 0, len(results))
	for _, r := range results {
		from := len(all)
		for k, v := range r.values {
			if !window.IsAbsent(v) {
				all = append(all, promql.FPoint{T: m.at(k), F: v})
			}
		}
		out = append(out, promql.Series{Metric: r.lset, Floats: all[from:len(all):len(all)]})
	}
	slices.SortFunc(out, func(a, b promql.Series) int { return labels.Compare(a.Metric, b.Metric) })
	return out
}

func vector(results []result, m moments) promql.Vector {
	out := make(promql.Vector, 0, len(results))
	for _, r := range results {
		out = append(out, promql.Sample{Metric: r.lset, T: m.start, F: r.values[0]})
	}
	return out
}

// samples gives a result as a series that an instant selector sees at each moment as it is: where it has no value a stale marker
// follows the one before.
func (r result) samples(m moments) *series {
	s := &series{lset: r.lset, times: make([]int64, 0, m.n), values: make([]float64, 0, m.n)}
	for k, v := range r.values {
		if window.IsAbsent(v) && (k == 0 || window.IsAbsent(r.values[k-1])) {
			continue
		}
		s.times, s.values = append(s.times, m.at(k)), append(s.values, v)
	}
	return s
}

// tooMany says that a query would hold too much.
func (q *querier) tooMany() error {
	return errs.New(errs.RuntimeResourcesExhausted, "query would hold more than %d samples in memory: ask for fewer series or a shorter time",
		min(q.e.opt.MaxSamples, math.MaxInt))
}
