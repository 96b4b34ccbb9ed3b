package prom

import (
	"context"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TQL gives the values of a query at its times, up to the end inclusive, as rows: a time, labels, and a value column for each field of
// the table where the query does not choose one. Rows come series by series, by time. watch, if not nil, is told of each scan of a region
// of a table when it has ended; it may be called by several goroutines.
func (e *Engine) TQL(ctx context.Context, sess *model.Session, q lang.TableQuery, watch func(table string, st contract.ScanStats)) (model.RowStream, error) {
	expr, err := e.parser.ParseExpr(q.Expr)
	if err != nil {
		return nil, parseError(err)
	}
	s, err := e.shape(sess.Database, expr, q.Alias)
	if err != nil {
		return nil, err
	}
	if str, ok := unwrap(expr).(*parser.StringLiteral); ok {
		return textRows(s, str.Val, q.RangeQuery)
	}
	rows := &tqlRows{shape: s}
	for i, field := range s.fields {
		res, err := e.rangeOver(ctx, &queryable{e: e, database: sess.Database, field: field, watch: watch}, q.RangeQuery)
		if err != nil {
			rows.Close()
			return nil, err
		}
		rows.close = append(rows.close, res.Close)
		m, ok := res.Value.(promql.Matrix)
		if !ok {
			rows.Close()
			return nil, errs.New(errs.Unexpected, "a range query gave a %s", res.Value.Type())
		}
		rows.add(m, i)
	}
	rows.columns()
	return rows, nil
}

// tqlSeries is the samples of one label set, one list for each value column; nil where a column has none.
type tqlSeries struct {
	lset   labels.Labels
	floats [][]promql.FPoint
}

// tqlRows gives a matrix out as rows.
type tqlRows struct {
	*shape
	series []tqlSeries
	byKey  map[string]int
	close  []func()

	out     []model.Field
	timeAt  int
	valueAt []int
	labelAt []int // as labels
	next    int   // series
	cursor  []int // of its samples, one a value column
}

func (r *tqlRows) add(m promql.Matrix, field int) {
	if r.byKey == nil {
		r.byKey = map[string]int{}
	}
	var key []byte
	for _, s := range m {
		key = s.Metric.Bytes(key[:0])
		i, ok := r.byKey[string(key)]
		if !ok {
			i = len(r.series)
			r.byKey[string(key)] = i
			r.series = append(r.series, tqlSeries{lset: s.Metric, floats: make([][]promql.FPoint, len(r.fields))})
		}
		r.series[i].floats[field] = s.Floats
	}
}

// columns settles the labels and the order of columns; all results were added.
func (r *tqlRows) columns() {
	slices.SortFunc(r.series, func(a, b tqlSeries) int { return labels.Compare(a.lset, b.lset) })
	if !r.closed {
		known := map[string]bool{nameLabel: true}
		if r.many && slices.ContainsFunc(r.series, func(s tqlSeries) bool { return s.lset.Get(nameLabel) != "" }) {
			r.labels = append([]string{nameLabel}, r.labels...)
		}
		for _, l := range r.labels {
			known[l] = true
		}
		var more []string
		for _, s := range r.series {
			s.lset.Range(func(l labels.Label) {
				if !known[l.Name] {
					known[l.Name] = true
					more = append(more, l.Name)
				}
			})
		}
		slices.Sort(more)
		r.labels = append(r.labels, more...)
	}
	r.labelAt, r.valueAt, r.cursor = make([]int, len(r.labels)), make([]int, len(r.headers)), make([]int, len(r.headers))
	put := func(name string, t model.Type) int {
		r.out = append(r.out, model.Field{Name: name, Type: t})
		return len(r.out) - 1
	}
	label := func(i int) { r.labelAt[i] = put(r.labels[i], model.String) }
	if r.order == "d" {
		for _, c := range r.table.Schema.Columns {
			if c.Semantic == model.TimeColumn {
				r.timeAt = put(r.time, model.Timestamp(model.Millisecond))
			} else if i := slices.Index(r.fields, c.Name); i >= 0 && c.Semantic == model.FieldColumn {
				r.valueAt[i] = put(r.headers[i], r.value)
			} else if i := slices.Index(r.labels, c.Name); i >= 0 && c.Semantic == model.TagColumn {
				label(i)
			}
		}
		have := func(name string) bool {
			return slices.ContainsFunc(r.out, func(f model.Field) bool { return f.Name == name })
		}
		for i, l := range r.labels { // of other tables that the selector matched
			if !have(l) {
				label(i)
			}
		}
		if r.fields[0] == "" {
			r.valueAt[0] = put(r.headers[0], r.value)
		}
		return
	}
	for _, part := range r.order {
		switch part {
		case 't':
			r.timeAt = put(r.time, model.Timestamp(model.Millisecond))
		case 'v':
			for i, h := range r.headers {
				r.valueAt[i] = put(h, r.value)
			}
		case 'l', 'm':
			from, to := 0, len(r.labels)
			if part == 'm' {
				from = r.late
			} else if strings.Contains(r.order, "m") {
				to = r.late
			}
			for i := from; i < to; i++ {
				label(i)
			}
		}
	}
}

// Fields implements model.RowStream.
func (r *tqlRows) Fields() []model.Field { return r.out }

const tqlBatch = 8192 // rows

// Next implements model.RowStream.
func (r *tqlRows) Next(ctx context.Context) (*model.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, errs.Wrap(errs.Cancelled, err, "PromQL")
	}
	b := model.NewBatch(r.out, 0)
	for r.next < len(r.series) && b.Len < tqlBatch {
		s := &r.series[r.next]
		from := b.Len
		done := r.samples(s, b)
		for i, name := range r.labels {
			v, col := s.lset.Get(name), b.Cols[r.labelAt[i]]
			for range b.Len - from {
				if v == "" {
					col.AppendNull()
				} else {
					col.AppendString(v)
				}
			}
		}
		if done {
			r.next++
			clear(r.cursor)
		}
	}
	if b.Len == 0 {
		return nil, io.EOF
	}
	return b, nil
}

// samples appends times and values of a series until the batch is full; true where none are left.
func (r *tqlRows) samples(s *tqlSeries, b *model.Batch) bool {
	for b.Len < tqlBatch {
		at := int64(math.MaxInt64)
		for i, list := range s.floats {
			if c := r.cursor[i]; c < len(list) {
				at = min(at, list[c].T)
			}
		}
		if at == math.MaxInt64 {
			return true
		}
		b.Cols[r.timeAt].AppendInt(at)
		b.Len++
		for i, list := range s.floats {
			col, c := b.Cols[r.valueAt[i]], r.cursor[i]
			switch {
			case c >= len(list) || list[c].T != at:
				col.AppendNull()
				continue
			case r.value == model.Int64:
				col.AppendInt(int64(list[c].F))
			default:
				col.AppendFloat(list[c].F)
			}
			r.cursor[i]++
		}
	}
	return false
}

// Close implements model.RowStream.
func (r *tqlRows) Close() error {
	for _, f := range r.close {
		if f != nil {
			f()
		}
	}
	r.close, r.series = nil, nil
	return nil
}

// textRows repeats a text at each time.
func textRows(s *shape, text string, q lang.RangeQuery) (model.RowStream, error) {
	if q.Step <= 0 || q.End.Before(q.Start) || q.End.Sub(q.Start)/q.Step > tqlBatch {
		return nil, errs.New(errs.InvalidArguments, "a text is repeated %d times at most, at rising times", tqlBatch)
	}
	fields := []model.Field{{Name: s.time, Type: model.Timestamp(model.Millisecond)}, {Name: s.headers[0], Type: model.String}}
	b := model.NewBatch(fields, 0)
	for t := q.Start; !t.After(q.End); t = t.Add(q.Step) {
		b.Cols[0].AppendInt(t.UnixMilli())
		b.Cols[1].AppendString(text)
		b.Len++
	}
	return &oneBatch{fields, b}, nil
}

type oneBatch struct {
	fields []model.Field
	b      *model.Batch
}

func (o *oneBatch) Fields() []model.Field { return o.fields }
func (o *oneBatch) Close() error          { o.b = nil; return nil }
func (o *oneBatch) Next(context.Context) (*model.Batch, error) {
	b := o.b
	o.b = nil
	if b == nil {
		return nil, io.EOF
	}
	return b, nil
}
