package operator

import (
	"context"
	"fmt"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query"
)

// explain tells how a statement finds its rows: a query, TQL, or what a query gives an INSERT or a DELETE, which are not run.
func (o *Operator) explain(ctx context.Context, sess *model.Session, s *sql.Explain, params []model.Value) (model.RowStream, error) {
	if o.opts.Query == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: queries")
	}
	how := query.ExplainOptions{Analyze: s.Analyze, Verbose: s.Verbose, Format: s.Format}
	switch st := s.Body.(type) {
	case *sql.TQL:
		if st.Kind == sql.TQLEval {
			return o.explainTQL(ctx, sess, st, how)
		}
	case *sql.QueryStmt:
		q, err := o.adminValues(ctx, sess, st.Query, true, params)
		if err != nil {
			return nil, err
		}
		return o.opts.Query.Explain(ctx, sess, q, how, params...)
	case *sql.Insert, *sql.Delete:
		if how.Analyze {
			return nil, errs.New(errs.Unsupported, "Not supported: EXPLAIN ANALYZE of %s, which would have to be run", strings.Fields(sql.Loggable(st))[0])
		}
		if d, ok := st.(*sql.Delete); ok {
			return o.explainDelete(ctx, sess, d, how, params)
		}
		return o.explainInsert(ctx, sess, st.(*sql.Insert), how, params)
	}
	return nil, errs.New(errs.Unsupported, "Not supported: EXPLAIN of %s", sql.Loggable(s.Body))
}

func (o *Operator) explainInsert(ctx context.Context, sess *model.Session, s *sql.Insert, how query.ExplainOptions, params []model.Value) (model.RowStream, error) {
	t, err := o.rowTarget(sess, s.Table)
	if err != nil {
		return nil, err
	}
	cols, err := insertColumns(t, s.Columns)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.Name
	}
	how.Into = "Insert: " + t.FullName() + " columns=[" + strings.Join(names, ", ") + "]"
	if s.Query == nil {
		values := fmt.Sprintf("Values: %d rows of %d columns", len(s.Rows), len(cols))
		return query.ExplainPlans(how, query.PlanText{Name: "logical_plan", Tree: values}, query.PlanText{Name: "physical_plan", Tree: values})
	}
	return o.opts.Query.Explain(ctx, sess, s.Query, how, params...)
}

func (o *Operator) explainDelete(ctx context.Context, sess *model.Session, s *sql.Delete, how query.ExplainOptions, params []model.Value) (model.RowStream, error) {
	t, err := o.rowTarget(sess, s.Table)
	if err != nil {
		return nil, err
	}
	how.Into = "Delete: " + t.FullName()
	return o.opts.Query.Explain(ctx, sess, keysQuery(t, s), how, params...)
}

// keysQuery asks for the keys of the rows that a DELETE is about.
func keysQuery(t *catalog.Table, s *sql.Delete) *sql.Query {
	sel := &sql.Select{From: []sql.TableExpr{&sql.TableRef{Name: s.Table}}, Where: s.Where}
	for _, c := range append(t.Schema.Tags(), t.Schema.Time()) {
		sel.Items = append(sel.Items, sql.SelectItem{Expr: &sql.ColumnRef{Name: sql.ObjectName{{Name: c.Name, Quoted: true}}}})
	}
	return &sql.Query{Body: sel}
}
