package operator

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
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
	// TQL gives the values of query at start, start+step … up to end inclusive, as rows: the time, the value, the labels. lookback 0 is
	// the default. alias, if not empty, names the value column.
	TQL(ctx context.Context, sess *model.Session, query string, start, end time.Time, step, lookback time.Duration, alias string) (model.RowStream, error)
	// Explain tells how a query is computed, see query.PlanText.
	Explain(query string) (string, error)
}

// explainTQL tells how a TQL statement is computed; to analyze, it is, and its rows are counted.
func (o *Operator) explainTQL(ctx context.Context, sess *model.Session, s *sql.TQL, how query.ExplainOptions) (model.RowStream, error) {
	if o.opts.PromQL == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: TQL")
	}
	text, err := o.opts.PromQL.Explain(s.Query)
	if err != nil {
		return nil, err
	}
	if !how.Analyze {
		return query.ExplainPlans(how, query.PlanText{Name: "logical_plan", Tree: text}, query.PlanText{Name: "physical_plan", Tree: "PromQL\n" + text})
	}
	eval := *s
	eval.Kind = sql.TQLEval
	start := o.opts.Now()
	rows, err := o.tql(ctx, sess, &eval)
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
	return query.ExplainStages(how, n, query.Stage{Tree: "PromQL\n" + text, Did: "rows: " + strconv.FormatInt(n, 10) + ", elapsed: " + took.String(),
		Facts: map[string]any{"Rows": n, "Elapsed": took.String()}})
}
