package node

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/operator"
	"github.com/goptimedb/goptimedb/internal/query"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// tables shows the catalog to the planner.
type tables struct{ catalog *catalog.Catalog }

// Table implements bind.Catalog.
func (t tables) Table(_ context.Context, _ *model.Session, cat, database, name string) (*plan.Table, error) {
	if cat != model.DefaultCatalog {
		return nil, errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", cat, database, name)
	}
	x, err := t.catalog.Table(database, name)
	if err != nil {
		return nil, err
	}
	return &plan.Table{Catalog: x.Catalog, Database: x.Database, Name: x.Name, ID: x.ID, Schema: x.Schema, Merge: x.Region.Merge, Regions: x.Regions}, nil
}

// statements runs queries and writes.
type statements struct {
	*operator.Operator
	query *query.Engine
}

// Execute implements server.SQL for queries.
func (s statements) Execute(ctx context.Context, sess *model.Session, text string) ([]model.Output, error) {
	list, err := sql.Parse(text, sql.Greptime)
	if err != nil {
		return nil, err
	}
	var out []model.Output
	for _, st := range list {
		q, ok := st.(*sql.QueryStmt)
		if !ok {
			return nil, errs.New(errs.Unsupported, "Not supported: %s", st.Source())
		}
		rows, err := s.query.Query(ctx, sess, q.Query)
		if err != nil {
			return nil, err
		}
		out = append(out, model.Output{Rows: rows})
	}
	return out, nil
}
