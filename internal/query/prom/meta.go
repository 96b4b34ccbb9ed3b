package prom

import (
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// timeOf is a time of milliseconds; millisOf gives them back, also where they are the least or the greatest.
func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }

func millisOf(t time.Time) int64 {
	switch s := t.Unix(); {
	case s > math.MaxInt64/1000-1:
		return math.MaxInt64
	case s < math.MinInt64/1000+1:
		return math.MinInt64
	}
	return t.UnixMilli()
}

// part is what one set of matchers selects of one table.
type part struct {
	table *catalog.Table
	sel   selector
	narrowed
	span model.TimeRange
}

// parts are the tables and predicates of a selection; no matchers at all select every metric of the database.
func (e *Engine) parts(sess *model.Session, s lang.Selection) ([]part, error) {
	sets := s.Matchers
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	var out []part
	for _, ms := range sets {
		sel, err := newSelector(sess.Database, ms)
		if err != nil {
			return nil, err
		}
		tables, err := e.tables(sel)
		if err != nil {
			return nil, err
		}
		for _, t := range tables {
			if len(fieldsOf(t.Schema, sel.fields)) == 0 {
				continue
			}
			n, ok := narrow(t.Schema, sel.columns)
			span := timeRange(millisOf(s.Start), millisOf(s.End), t.Schema.TimeUnit())
			if ok && !span.Empty() {
				out = append(out, part{t, sel, n, span})
			}
		}
	}
	return out, nil
}

// distinct calls fn with batches whose rows hold, at least once, each combination of the columns' values that a part's rows have.
// Without columns it calls fn once if there is a row.
func (e *Engine) distinct(ctx context.Context, p part, cols []*model.Column, fn func(b *model.Batch) error) error {
	req := contract.ScanRequest{TimeRange: p.span, Predicate: p.predicate}
	if len(cols) == 0 && len(p.rows) == 0 {
		req.Projection, req.Limit = []model.ColumnID{p.table.Schema.TimeIndex}, 1
	} else {
		req.Aggregate = &model.Aggregate{}
		for _, c := range cols {
			req.Aggregate.Keys = append(req.Aggregate.Keys, model.GroupKey{Column: c.ID})
		}
		for _, f := range p.rows { // rows that fail are told from those that pass by the value that makes them fail
			req.Aggregate.Keys = append(req.Aggregate.Keys, model.GroupKey{Column: f.column.ID})
		}
	}
	for _, id := range regionsOf(p.table, req.Predicate) {
		req.Region = id
		if err := e.scan(ctx, req, fn); err != nil {
			return err
		}
	}
	return nil
}

// each calls fn for all parts, for as many at once as there are processors: a selection without a name has thousands.
func each(ctx context.Context, parts []part, fn func(ctx context.Context, p part) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var once sync.Once
	var first error
	work := func() {
		for i := int(next.Add(1) - 1); i < len(parts); i = int(next.Add(1) - 1) {
			if err := fn(ctx, parts[i]); err != nil {
				once.Do(func() { first = err; cancel(err) })
				return
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return first
}

func (e *Engine) scan(ctx context.Context, req contract.ScanRequest, fn func(b *model.Batch) error) (err error) {
	st, err := e.opt.Regions.Scan(ctx, req)
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
			return nil
		}
		if err != nil {
			return err
		}
		if err := fn(b); err != nil {
			return err
		}
	}
}

// passes applies the filters of a part to a row of distinct's batches, whose tags are the first columns.
func (p part) passes(tags []*model.Column, b *model.Batch, row int) bool {
	for _, f := range p.tags {
		if i := slices.Index(tags, f.column); i >= 0 && !f.matcher.Matches(textOf(b.Cols[i], row)) {
			return false
		}
	}
	for i, f := range p.rows {
		if !f.matcher.Matches(textOf(b.Cols[len(tags)+i], row)) {
			return false
		}
	}
	return true
}

// Series gives the label sets of series that have a row in the time, sorted. Rows count, also such whose value is NULL.
func (e *Engine) Series(ctx context.Context, sess *model.Session, s lang.Selection) ([]labels.Labels, annotations.Annotations, error) {
	parts, err := e.parts(sess, s)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	found := map[string]labels.Labels{}
	err = each(ctx, parts, func(ctx context.Context, p part) error {
		tags := labelColumns(p.table.Schema)
		builder := labels.NewScratchBuilder(len(tags) + 1)
		var key []byte
		return e.distinct(ctx, p, tags, func(b *model.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			for i := range b.Len {
				if !p.passes(tags, b, i) {
					continue
				}
				l := labelsOf(&builder, p.table.Name, tags, b, i)
				key = l.Bytes(key[:0])
				if _, ok := found[string(key)]; !ok {
					found[string(key)] = l
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, nil, err
	}
	out := slices.SortedFunc(maps.Values(found), labels.Compare)
	return limited(out, s.Limit), nil, nil
}

func limited[T any](list []T, limit int) []T {
	if limit > 0 && len(list) > limit {
		return list[:limit]
	}
	return list
}

// LabelNames gives the names of labels that series have; without matchers those of all metrics, whether a series has them or not.
func (e *Engine) LabelNames(ctx context.Context, sess *model.Session, s lang.Selection) ([]string, annotations.Annotations, error) {
	names := map[string]bool{}
	if len(s.Matchers) == 0 {
		names[nameLabel] = true
		for _, t := range e.opt.Catalog.Tables(sess.Database) {
			if isMetric(t) {
				for _, c := range labelColumns(t.Schema) {
					names[c.Name] = true
				}
			}
		}
	} else {
		all := s
		all.Limit = 0
		series, _, err := e.Series(ctx, sess, all)
		if err != nil {
			return nil, nil, err
		}
		for _, l := range series {
			l.Range(func(l labels.Label) { names[l.Name] = true })
		}
	}
	return limited(slices.Sorted(maps.Keys(names)), s.Limit), nil, nil
}

// LabelValues gives the values of a label, see promapi.Engine.
func (e *Engine) LabelValues(ctx context.Context, sess *model.Session, name string, s lang.Selection) ([]string, annotations.Annotations, error) {
	values := map[string]bool{}
	done := func() ([]string, annotations.Annotations, error) {
		return limited(slices.Sorted(maps.Keys(values)), s.Limit), nil, nil
	}
	if databaseLabel(name) {
		for _, d := range e.opt.Catalog.Databases() {
			values[d.Name] = true
		}
		return done()
	}
	parts, err := e.parts(sess, s)
	if err != nil {
		return nil, nil, err
	}
	var asked []part
	for _, p := range parts {
		switch name {
		case fieldLabel:
			for _, c := range fieldsOf(p.table.Schema, p.sel.fields) {
				values[c.Name] = true
			}
			continue
		case nameLabel:
			if len(p.sel.columns) == 0 { // the catalog knows
				values[p.table.Name] = true
				continue
			}
		}
		if name == nameLabel || slices.ContainsFunc(labelColumns(p.table.Schema), func(c *model.Column) bool { return c.Name == name }) {
			asked = append(asked, p)
		}
	}
	var mu sync.Mutex
	err = each(ctx, asked, func(ctx context.Context, p part) error {
		// The tags that filters look at come along, after the one that is asked for.
		var cols []*model.Column
		for _, c := range labelColumns(p.table.Schema) {
			if c.Name == name {
				cols = append(cols, c)
			}
		}
		for _, f := range p.tags {
			if !slices.Contains(cols, f.column) {
				cols = append(cols, f.column)
			}
		}
		return e.distinct(ctx, p, cols, func(b *model.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			for i := range b.Len {
				if !p.passes(cols, b, i) {
					continue
				}
				if name == nameLabel {
					values[p.table.Name] = true
					return nil
				}
				if v := textOf(b.Cols[0], i); v != "" {
					values[v] = true
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, nil, err
	}
	return done()
}

// Metadata describes tables that are metrics: those of the metric engine, and those that say so of themselves.
func (e *Engine) Metadata(_ context.Context, sess *model.Session, metric string, limit int) (map[string][]lang.Metadata, error) {
	out := map[string][]lang.Metadata{}
	for _, t := range e.opt.Catalog.Tables(sess.Database) {
		if limit >= 0 && len(out) >= limit {
			break
		}
		if metric != "" && t.Name != metric || !isMetric(t) || t.Logical == nil && t.Options["greptime.semantic.signal_type"] != "metric" {
			continue
		}
		unit := t.Options["greptime.semantic.metric.unit"]
		if word, ok := unitWords[unit]; ok {
			unit = word
		}
		out[t.Name] = []lang.Metadata{{Unit: unit, Type: metricType(t.Options["greptime.semantic.metric.type"], t.Options["greptime.semantic.metric.temporality"])}}
	}
	return out, nil
}

func metricType(kind, temporality string) string {
	switch {
	case kind == "", kind == "mixed", temporality == "delta" && (kind == "counter" || kind == "histogram" || kind == "updown_counter"):
		return "unknown"
	case kind == "updown_counter":
		return "gauge"
	case kind == "gauge_histogram":
		return "gaugehistogram"
	}
	return kind
}

// unitWords are OpenMetrics' words for units of UCUM. It is read only.
var unitWords = map[string]string{"d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
	"ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tibibytes", "KBy": "kilobytes",
	"MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes", "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts",
	"g": "grams", "Cel": "celsius", "Hz": "hertz", "%": "percent", "1": "ratios", "m/s": "meters_per_second"}
