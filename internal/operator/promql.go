package operator

import (
	"context"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// TQLTable evaluates a TQL statement that stands within a query: all of its rows, as a table.
func (o *Operator) TQLTable(ctx context.Context, sess *model.Session, st *sql.TQL) (*plan.Table, error) {
	rows, err := o.tql(ctx, sess, st)
	if err != nil {
		return nil, err
	}
	t := &plan.Table{Catalog: sess.Catalog, Database: sess.Database, Name: "tql", Schema: &model.Schema{NextColumn: 1}}
	fields := rows.Fields()
	for i, f := range fields {
		c := model.Column{ID: t.Schema.NextColumn, Name: f.Name, Type: f.Type, Nullable: true}
		if i > 0 && t.Schema.TimeIndex == 0 && f.Type.IsTimestamp() || i == 0 && f.Type.IsTimestamp() {
			c.Semantic, t.Schema.TimeIndex = model.TimeColumn, c.ID
		}
		t.Schema.Columns = append(t.Schema.Columns, c)
		t.Schema.NextColumn++
	}
	batches, err := readTQL(ctx, rows)
	if err != nil {
		return nil, err
	}
	for _, b := range batches {
		t.Held += b.Bytes()
	}
	t.Rows = func(context.Context, *model.Session) (model.RowStream, error) {
		return &batchRows{fields: fields, batches: batches}, nil
	}
	return t, nil
}

// maxTQLBytes bounds the rows of PromQL within a query.
const maxTQLBytes = 256 << 20

func readTQL(ctx context.Context, rows model.RowStream) (out []*model.Batch, err error) {
	defer rows.Close()
	left := int64(maxTQLBytes)
	for {
		b, err := rows.Next(ctx)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if left -= b.Bytes(); left < 0 {
			return nil, errs.New(errs.RuntimeResourcesExhausted, "the result of TQL within a query is larger than %d MiB", maxTQLBytes>>20)
		}
		own := model.NewBatch(rows.Fields(), b.Len) // b is valid until the next call
		for i, c := range b.Cols {
			own.Cols[i].AppendVector(c, 0, b.Len)
		}
		own.Len = b.Len
		out = append(out, own)
	}
}

// batchRows are rows in memory, which any number of readers may read.
type batchRows struct {
	fields  []model.Field
	batches []*model.Batch
}

func (r *batchRows) Fields() []model.Field { return r.fields }

func (r *batchRows) Next(context.Context) (*model.Batch, error) {
	if len(r.batches) == 0 {
		return nil, io.EOF
	}
	b := r.batches[0]
	r.batches = r.batches[1:]
	return b, nil
}

func (r *batchRows) Close() error { r.batches = nil; return nil }

// PromQL evaluates PromQL for TQL statements.
type PromQL interface {
	// TQL gives the values of a query, up to its end inclusive, as rows: the time, the values, the labels. watch, if not nil, is told of
	// each scan of a region of a table when it has ended, by any goroutine.
	TQL(ctx context.Context, sess *model.Session, q promql.TableQuery, watch func(table string, st contract.ScanStats)) (model.RowStream, error)
	// Explain tells what a query asks and how it is computed, see query.PlanText.
	Explain(query string) (logical, physical string, err error)
}

// tql has the query of a TQL statement evaluated.
func (o *Operator) tql(ctx context.Context, sess *model.Session, s *sql.TQL) (model.RowStream, error) {
	if s.Kind != sql.TQLEval {
		return o.explainTQL(ctx, sess, s, query.ExplainOptions{Analyze: s.Kind == sql.TQLAnalyze, Verbose: s.Verbose, Format: s.Format})
	}
	return o.evalTQL(ctx, sess, s, nil)
}

func (o *Operator) evalTQL(ctx context.Context, sess *model.Session, s *sql.TQL, watch func(string, contract.ScanStats)) (model.RowStream, error) {
	if o.opts.PromQL == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: TQL")
	}
	q := promql.TableQuery{RangeQuery: promql.RangeQuery{Expr: s.Query}, Alias: s.Alias.Name}
	var err error
	if q.Start, err = o.tqlTime(ctx, sess, s.Start); err != nil {
		return nil, err
	}
	if q.End, err = o.tqlTime(ctx, sess, s.End); err != nil {
		return nil, err
	}
	if q.Step, err = o.tqlDuration(ctx, sess, s.Step); err != nil {
		return nil, err
	}
	if s.Lookback != nil {
		if q.Lookback, err = o.tqlDuration(ctx, sess, s.Lookback); err != nil {
			return nil, err
		}
	}
	return o.opts.PromQL.TQL(ctx, sess, q, watch)
}

// tqlTime reads a time: seconds since 1970, RFC 3339 text, or an expression such as now() - interval '5' minute, of which fractions of a
// second are dropped.
func (o *Operator) tqlTime(ctx context.Context, sess *model.Session, x sql.Expr) (time.Time, error) {
	if text, ok := literalText(x); ok {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f > -1e11 && f < 1e11 {
			return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), nil
		}
		if t, err := time.ParseInLocation(time.RFC3339Nano, strings.Replace(text, " ", "T", 1), sess.Timezone); err == nil {
			return t, nil
		}
		for _, layout := range []string{time.DateTime, time.DateOnly} {
			if t, err := time.ParseInLocation(layout, text, sess.Timezone); err == nil {
				return t, nil
			}
		}
	} else if o.opts.Query != nil {
		v, err := o.opts.Query.Value(ctx, sess, x)
		if err != nil {
			return time.Time{}, err
		}
		switch {
		case v.Null():
		case v.Type.IsTimestamp():
			s, _ := model.ConvertTime(v.Int, v.Type.Unit, model.Second)
			return time.Unix(s, 0).UTC(), nil
		case v.Type.Kind == model.KindDate:
			return time.Unix(v.Int*86400, 0).UTC(), nil
		default:
			if f, ok := seconds(v); ok && f > -1e11 && f < 1e11 {
				return time.Unix(int64(math.Floor(f)), 0).UTC(), nil
			}
		}
	}
	return time.Time{}, errs.New(errs.InvalidSyntax, "Invalid TQL syntax: %s is not a time: use seconds since 1970, RFC 3339 text or an expression of type timestamp", sql.Format(x))
}

// tqlDuration reads a duration: seconds, PromQL's 1m30s, or an expression that is a number or an interval without months.
func (o *Operator) tqlDuration(ctx context.Context, sess *model.Session, x sql.Expr) (time.Duration, error) {
	const longest = 1e9 // seconds
	if text, ok := literalText(x); ok {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f > 0 && f < longest {
			return time.Duration(f * float64(time.Second)), nil
		}
		if ms, err := sql.ParseDuration(text); err == nil && ms > 0 && ms < longest*1000 {
			return time.Duration(ms) * time.Millisecond, nil
		}
	} else if o.opts.Query != nil {
		v, err := o.opts.Query.Value(ctx, sess, x)
		if err != nil {
			return 0, err
		}
		if i := v.Interval; !v.Null() && v.Type.Class() == model.ClassInterval && i.Months == 0 {
			if d := float64(i.Days)*86400 + float64(i.Nanos)/1e9; d > 0 && d < longest {
				return time.Duration(i.Days)*24*time.Hour + time.Duration(i.Nanos), nil
			}
		}
		if f, ok := seconds(v); ok && f > 0 && f < longest {
			return time.Duration(f * float64(time.Second)), nil
		}
	}
	return 0, errs.New(errs.InvalidSyntax, "Invalid TQL syntax: %s is not a duration: use seconds or text such as '1m30s', above zero", sql.Format(x))
}

// literalText is the text of a literal.
func literalText(x sql.Expr) (string, bool) {
	l, ok := x.(*sql.Literal)
	if !ok {
		return "", false
	}
	return l.Text, true
}

// seconds is a number that is not NULL.
func seconds(v model.Value) (float64, bool) {
	switch {
	case v.Null() || !v.Type.Numeric():
		return 0, false
	case v.Type.Class() == model.ClassFloat:
		return v.Float, true
	case v.Type.Class() == model.ClassInt:
		return float64(v.Int), true
	}
	f, err := strconv.ParseFloat(v.String(), 64) // a decimal
	return f, err == nil
}

// explainTQL tells how a TQL statement is computed; to analyze, it is, its rows are counted, and each scan tells what it did.
func (o *Operator) explainTQL(ctx context.Context, sess *model.Session, s *sql.TQL, how query.ExplainOptions) (model.RowStream, error) {
	if o.opts.PromQL == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: TQL")
	}
	logical, physical, err := o.opts.PromQL.Explain(s.Query)
	if err != nil {
		return nil, err
	}
	if !how.Analyze {
		plans := []query.PlanText{{Name: "logical_plan", Tree: logical}, {Name: "physical_plan", Tree: physical}}
		if how.Verbose {
			plans = append([]query.PlanText{{Name: "initial_logical_plan", Tree: logical}}, plans...)
		}
		return query.ExplainPlans(how, plans...)
	}
	var mu sync.Mutex
	var scans []query.Stage
	start := o.opts.Now()
	rows, err := o.evalTQL(ctx, sess, s, func(table string, st contract.ScanStats) {
		mu.Lock()
		defer mu.Unlock()
		scans = append(scans, query.ScanStage("Scan: "+table, st))
	})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	n := int64(0)
	for {
		b, err := rows.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		n += int64(b.Len)
	}
	took := o.opts.Now().Sub(start)
	mu.Lock()
	defer mu.Unlock()
	slices.SortStableFunc(scans, func(a, b query.Stage) int { return strings.Compare(a.Tree, b.Tree) }) // scans end in any order
	all := append([]query.Stage{{Tree: physical, Did: "rows: " + strconv.FormatInt(n, 10) + ", elapsed: " + took.String(),
		Facts: map[string]any{"Rows": n, "Elapsed": took.String()}}}, scans...)
	return query.ExplainStages(how, n, all...)
}
