package prom

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
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

// run computes a part. errUnfit: it cannot be.
func (s *streamed) run(ctx context.Context, q *querier, m moments, lookback time.Duration) ([]result, annotations.Annotations, error) {
	w := window.Windows{End: m.start - s.selector.OriginalOffset.Milliseconds(), Step: m.step, N: m.n, Range: s.span}
	fixed := false
	switch sel := s.selector; {
	case sel.StartOrEnd != 0, sel.Timestamp != nil: // one window, whatever the moment
		at := m.start
		if sel.Timestamp != nil {
			at = *sel.Timestamp
		} else if sel.StartOrEnd == parser.END {
			at = m.end()
		}
		fixed, w.N, w.Step = true, 1, 1
		w.End = at - sel.OriginalOffset.Milliseconds()
	}
	if s.span == 0 {
		w.Range = lookback.Milliseconds()
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
		scans = q.scansOf(scans, t, sel, w.First(), w.Last(), s.span == 0 && w.N == 1)
	}
	job := &job{streamed: s, q: q, windows: w, n: m.n, fixed: fixed}
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
	n       int  // moments
	fixed   bool // all moments see the one window
}

// partial is what came of some regions.
type partial struct {
	job    *job
	byKey  map[string]int32 // groups, by labels; of no use where each series is a result
	groups []*window.Group
	lsets  []labels.Labels
	values [][]float64     // where each series is a result
	seen   map[string]bool // metrics that had values, of rates
}

func (j *job) newPartial() *partial {
	return &partial{job: j, byKey: map[string]int32{}, seen: map[string]bool{}}
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

// take adds what came of other regions, which is not used any more.
func (p *partial) take(o *partial) {
	for m := range o.seen {
		p.seen[m] = true
	}
	if p.job.agg == nil {
		p.lsets, p.values = append(p.lsets, o.lsets...), append(p.values, o.values...)
		return
	}
	if len(p.groups) == 0 {
		o.seen = p.seen
		*p = *o
		return
	}
	keys := make([]string, len(o.groups))
	for k, i := range o.byKey {
		keys[i] = k
	}
	for i, g := range o.groups {
		if at, ok := p.byKey[keys[i]]; ok {
			p.groups[at].Merge(g)
			p.job.q.left.Add(int64(p.job.n * p.job.agg.op.Width()))
			continue
		}
		p.byKey[keys[i]] = int32(len(p.groups))
		p.groups, p.lsets = append(p.groups, g), append(p.lsets, o.lsets[i])
	}
}

// reserve takes room for so many numbers of each moment.
func (p *partial) reserve(width int) error {
	if p.job.q.left.Add(-int64(width*p.job.n)) < 0 {
		return p.job.q.tooMany()
	}
	return nil
}

// group is the group of a key, which labels make where it is new.
func (p *partial) group(key []byte, make func() labels.Labels) (*window.Group, error) {
	if i, ok := p.byKey[string(key)]; ok {
		return p.groups[i], nil
	}
	if err := p.reserve(p.job.agg.op.Width()); err != nil {
		return nil, err
	}
	g := window.NewGroup(p.job.agg.op, p.job.windows.N)
	p.byKey[string(key)] = int32(len(p.groups))
	p.groups, p.lsets = append(p.groups, g), append(p.lsets, make())
	return g, nil
}

// results are the groups or series that have a value at some moment.
func (p *partial) results() ([]result, error) {
	var out []result
	for i, lset := range p.lsets {
		var values []float64
		if p.job.agg != nil {
			if p.groups[i].Overflow {
				return nil, errUnfit
			}
			values = p.groups[i].Values()
		} else {
			values = p.values[i]
		}
		if p.job.fixed { // at all moments the same
			values = slices.Repeat(values, p.job.n)
		}
		if slices.ContainsFunc(values, func(v float64) bool { return !window.IsAbsent(v) }) {
			out = append(out, result{lset, values})
		}
	}
	return out, nil
}

// notes are what the engine would say of rates of metrics that are not counters by their names.
func (p *partial) notes() (notes annotations.Annotations) {
	for m := range p.seen {
		if !strings.HasSuffix(m, "_total") && !strings.HasSuffix(m, "_sum") && !strings.HasSuffix(m, "_count") && !strings.HasSuffix(m, "_bucket") {
			notes.Add(annotations.NewPossibleNonCounterInfo(m, p.job.at))
		}
	}
	return notes
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
