package prom

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TQL gives the values of a query at start, start+step … up to end inclusive, as rows: a time, labels, and a value column for each field
// of the table where the query does not choose one. Rows come series by series, by time. lookback 0 is the default. alias, if not
// empty, names the value column, of which there may then be one only.
func (e *Engine) TQL(ctx context.Context, sess *model.Session, query string, start, end time.Time, step, lookback time.Duration, alias string) (model.RowStream, error) {
	expr, err := e.parser.ParseExpr(query)
	if err != nil {
		return nil, parseError(err)
	}
	s, err := e.shape(sess.Database, expr, alias)
	if err != nil {
		return nil, err
	}
	q := lang.RangeQuery{Expr: query, Start: start, End: end, Step: step, Lookback: lookback}
	if str, ok := unwrap(expr).(*parser.StringLiteral); ok {
		return textRows(s, str.Val, q)
	}
	rows := &tqlRows{shape: s}
	for i, field := range s.fields {
		res, err := e.rangeOver(ctx, &queryable{e: e, database: sess.Database, field: field}, q)
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

// shape is what the columns of a result are.
type shape struct {
	time    string
	fields  []string // one evaluation each; "" where tables do not matter
	headers []string // of the value columns, as many as fields
	value   model.Type
	labels  []string // known before the result is; others follow, by name
	closed  bool     // there are no others
	order   string   // t, l and v: where time, labels and values stand; "d" for the order of the table's columns
	table   *catalog.Table
}

// unwrap takes off parentheses and what the parser adds around constants.
func unwrap(e parser.Expr) parser.Expr {
	for {
		switch x := e.(type) {
		case *parser.ParenExpr:
			e = x.Expr
		case *parser.StepInvariantExpr:
			e = x.Expr
		default:
			return e
		}
	}
}

func (e *Engine) shape(database string, expr parser.Expr, alias string) (*shape, error) {
	s := &shape{time: "time", fields: []string{""}, value: model.Float64, order: "tvl"}
	namer := namer{tables: map[*parser.VectorSelector]*catalog.Table{}}
	var chosen []*labels.Matcher
	var failed error
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		sel, err := newSelector(database, v.LabelMatchers)
		if err != nil {
			failed = err
			return nil
		}
		tables, err := e.tables(sel)
		if err != nil {
			failed = err
			return nil
		}
		if len(tables) > 0 {
			namer.tables[v] = tables[0]
			if s.table == nil {
				s.table, chosen = tables[0], sel.fields
			}
		}
		return nil
	})
	if failed != nil {
		return nil, failed
	}
	top := unwrap(expr)
	if s.table != nil {
		s.time = s.table.Schema.Time().Name
		s.fields = s.fields[:0]
		for _, c := range fieldsOf(s.table.Schema, chosen) {
			s.fields = append(s.fields, c.Name)
		}
		if len(s.fields) == 0 {
			s.fields = []string{""}
		}
		if what := singleOnly(expr); len(s.fields) > 1 && (what != "" || alias != "") {
			if what == "" {
				what = "alias"
			}
			return nil, errs.New(errs.Unsupported, "Multi fields calculation is not supported in %s", what)
		}
	}
	s.labelsOf(top)
	for _, f := range s.fields {
		namer.field = f
		h := namer.name(top, false)
		if alias != "" {
			h = alias
			s.order = "vlt"
		}
		s.headers = append(s.headers, h)
	}
	if a, ok := top.(*parser.AggregateExpr); ok && a.Op == parser.COUNT {
		s.value = model.Int64
	}
	return s, nil
}

// singleOnly names the part of an expression that works on one value per row only, or "".
func singleOnly(expr parser.Expr) (what string) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok {
			switch a.Op {
			case parser.TOPK, parser.BOTTOMK, parser.COUNT_VALUES, parser.LIMITK, parser.LIMIT_RATIO:
				what = a.Op.String()
			}
		}
		if b, ok := n.(*parser.BinaryExpr); ok && b.Op.IsComparisonOperator() && !b.ReturnBool {
			what = "comparison filters"
		}
		return nil
	})
	return what
}

// labelsOf says which labels the result of an expression has, as far as the text tells, and where they stand.
func (s *shape) labelsOf(top parser.Expr) {
	tags := func() {
		if s.table != nil {
			for _, c := range labelColumns(s.table.Schema) {
				s.labels = append(s.labels, c.Name)
			}
		}
	}
	switch x := top.(type) {
	case *parser.VectorSelector:
		tags()
		if s.table != nil {
			s.order = "d"
		}
	case *parser.AggregateExpr:
		switch {
		case x.Op == parser.TOPK || x.Op == parser.BOTTOMK || x.Op == parser.LIMITK || x.Op == parser.LIMIT_RATIO:
			s.order = "vlt"
			tags()
		case x.Op == parser.COUNT_VALUES:
			s.order = "vlt"
			s.labels = slices.Clone(x.Grouping)
		case x.Without:
			s.order = "ltv"
			tags()
			s.labels = slices.DeleteFunc(s.labels, func(l string) bool { return slices.Contains(x.Grouping, l) })
		default:
			s.order = "ltv"
			s.labels, s.closed = slices.Clone(x.Grouping), true
		}
	case *parser.Call:
		switch x.Func.Name {
		case "absent", "absent_over_time", "scalar", "vector", "time", "pi":
		default:
			tags()
		}
	case *parser.BinaryExpr:
		s.order = "ltv"
		if x.LHS.Type() == parser.ValueTypeVector && x.RHS.Type() == parser.ValueTypeVector && x.VectorMatching != nil && x.VectorMatching.On {
			break
		}
		if x.Type() == parser.ValueTypeVector {
			if _, ok := unwrap(x.LHS).(*parser.AggregateExpr); ok {
				break
			}
			tags()
		}
	case *parser.UnaryExpr, *parser.SubqueryExpr:
		tags()
	}
}

// namer makes the header of a value column.
type namer struct {
	tables map[*parser.VectorSelector]*catalog.Table
	field  string
}

// name is what the value of an expression is called; qualified puts the table's name before a field.
func (n namer) name(e parser.Expr, qualified bool) string {
	switch x := unwrap(e).(type) {
	case *parser.VectorSelector:
		t := n.tables[x]
		switch {
		case t == nil || n.field == "":
			return "value"
		case qualified:
			return t.Name + "." + n.field
		}
		return n.field
	case *parser.MatrixSelector:
		return n.name(x.VectorSelector, qualified)
	case *parser.AggregateExpr:
		return x.Op.String() + "(" + n.name(x.Expr, true) + ")"
	case *parser.UnaryExpr:
		return "(- " + n.name(x.Expr, qualified) + ")"
	case *parser.NumberLiteral:
		return "value"
	case *parser.Call:
		return n.call(x)
	case *parser.BinaryExpr:
		l, r := x.LHS, x.RHS
		if l.Type() == parser.ValueTypeScalar && r.Type() == parser.ValueTypeScalar {
			return "value"
		}
		return n.side(l, r, "lhs") + " " + x.Op.String() + " " + n.side(r, l, "rhs")
	}
	return "value"
}

func (n namer) side(e, other parser.Expr, alias string) string {
	e, other = unwrap(e), unwrap(other)
	if num, ok := e.(*parser.NumberLiteral); ok {
		return "Float64(" + strconv.FormatFloat(num.Val, 'g', -1, 64) + ")"
	}
	a, ok1 := e.(*parser.VectorSelector)
	b, ok2 := other.(*parser.VectorSelector)
	if ok1 && ok2 && n.tables[a] != nil && n.tables[a] == n.tables[b] {
		return alias + "." + n.name(e, false)
	}
	return n.name(e, ok1 && ok2)
}

func (n namer) call(x *parser.Call) string {
	switch x.Func.Name {
	case "time":
		return "time / Float64(1000)"
	case "scalar":
		return "scalar(" + n.name(x.Args[0], false) + ")"
	case "label_replace", "label_join", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc":
		return n.name(x.Args[0], false)
	case "absent", "absent_over_time", "vector", "pi":
		return "value"
	}
	for _, a := range x.Args {
		m, ok := unwrap(a).(*parser.MatrixSelector)
		if !ok {
			continue
		}
		v := n.name(m.VectorSelector, false)
		switch x.Func.Name {
		case "rate", "increase", "delta":
			time := "time"
			if t := n.tables[m.VectorSelector.(*parser.VectorSelector)]; t != nil {
				time = t.Schema.Time().Name
			}
			return fmt.Sprintf("prom_%s(%s_range,%s,%s,Int64(%d))", x.Func.Name, time, v, time, m.Range.Milliseconds())
		}
		return "prom_" + x.Func.Name + "(" + v + ")"
	}
	if len(x.Args) == 0 {
		return x.Func.Name + "()"
	}
	return x.Func.Name + "(" + n.name(x.Args[0], false) + ")"
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
		case 'l':
			for i := range r.labels {
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
