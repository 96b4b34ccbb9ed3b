package operator

import (
	"context"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/catalog/asked"
	"github.com/goptimedb/goptimedb/internal/catalog/infoschema"
	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/catalog/process"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/query/bind"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// BindCatalog shows a catalog to queries, with information_schema. more sets what else the tables of the latter are made from.
func BindCatalog(c *catalog.Catalog, regions contract.RegionServer, version string, processes *process.List, places location.Places, more ...func(*infoschema.Source)) bind.Catalog {
	s := &infoschema.Source{Catalog: c, Regions: regions, Version: version, Started: time.Now(), Processes: processes}
	for _, f := range more {
		f(s)
	}
	return &bindCatalog{c, regions, places, s, &pgcatalog.Source{Catalog: c, Info: s}}
}

type bindCatalog struct {
	catalog *catalog.Catalog
	regions contract.RegionServer
	places  location.Places
	info    *infoschema.Source
	pg      *pgcatalog.Source
}

// Table implements bind.Catalog.
func (b *bindCatalog) Table(_ context.Context, sess *model.Session, cat, database, table string) (*plan.Table, error) {
	if cat != model.DefaultCatalog {
		return nil, errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", cat, database, table)
	}
	if strings.EqualFold(database, infoschema.Name) { // in quotes, too, as MySQL's clients write it
		database, table = infoschema.Name, strings.ToLower(table)
		t := b.info.Table(table)
		if t == nil {
			return nil, errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", cat, database, table)
		}
		return made(&plan.Table{Catalog: cat, Database: database, Name: table, ID: t.ID, Schema: t.Schema, Empty: t.Empty(), AnyCase: true},
			func(ctx context.Context, _ *model.Session, what *asked.Table) (*model.Batch, error) {
				return b.info.Rows(ctx, t, what)
			}), nil
	}
	if sess.Dialect == model.DialectPostgres && (database == pgcatalog.Name || database == sess.Database) {
		// PostgreSQL's clients name these tables without their database.
		if t := b.pg.Table(table); t != nil {
			return made(&plan.Table{Catalog: cat, Database: pgcatalog.Name, Name: table, ID: t.ID, Schema: t.Schema, About: b.pg.About(t), Empty: t.Empty()},
				func(_ context.Context, _ *model.Session, what *asked.Table) (*model.Batch, error) {
					return b.pg.Rows(t, what), nil
				}), nil
		}
	}
	if database == pgcatalog.Name {
		return nil, errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", cat, database, table)
	}
	if v := b.catalog.View(database, table); v != nil {
		t := &plan.Table{Catalog: cat, Database: database, Name: table, ID: v.ID, View: v.Query}
		for _, c := range v.Columns {
			t.ViewColumns = append(t.ViewColumns, plan.ViewColumn(c))
		}
		return t, nil
	}
	t, err := b.catalog.Table(database, table)
	if err != nil {
		return nil, err
	}
	if t.External != nil {
		of := func(ctx context.Context, _ *model.Session, ids []model.ColumnID, pred *model.Expr) (model.RowStream, error) {
			return t.External.Scan(ctx, &b.places, t.Schema, ids, pred)
		}
		return &plan.Table{Catalog: cat, Database: database, Name: table, ID: t.ID, Schema: t.Schema, RowsOf: of,
			Rows: func(ctx context.Context, sess *model.Session) (model.RowStream, error) {
				ids := make([]model.ColumnID, len(t.Schema.Columns))
				for i := range ids {
					ids[i] = t.Schema.Columns[i].ID
				}
				return of(ctx, sess, ids, nil)
			}}, nil
	}
	if t.Physical() {
		members := b.catalog.Members(t.ID)
		schema := metric.PhysicalSchema(t.Schema, members)
		all := make([]model.ColumnID, len(schema.Columns))
		for i := range all {
			all[i] = schema.Columns[i].ID
		}
		return &plan.Table{Catalog: cat, Database: database, Name: table, ID: t.ID, Schema: schema,
			Rows: func(context.Context, *model.Session) (model.RowStream, error) {
				return metric.ScanPhysical(b.regions, schema, t.Regions, members, all, nil), nil
			},
			RowsOf: func(_ context.Context, _ *model.Session, ids []model.ColumnID, pred *model.Expr) (model.RowStream, error) {
				return metric.ScanPhysical(b.regions, schema, t.Regions, members, ids, pred), nil
			}}, nil
	}
	return &plan.Table{Catalog: cat, Database: database, Name: table, ID: t.ID, Schema: t.Schema, Merge: t.Region.Merge, Regions: t.Regions, Partition: t.Partition}, nil
}

// made gives a table rows that are made as it is read.
func made(t *plan.Table, rows func(ctx context.Context, sess *model.Session, what *asked.Table) (*model.Batch, error)) *plan.Table {
	stream := func(ctx context.Context, sess *model.Session, what *asked.Table) (model.RowStream, error) {
		batch, err := rows(ctx, sess, what)
		if err != nil {
			return nil, err
		}
		return &memoryRows{fields: what.Fields(), batch: batch}, nil
	}
	t.Rows = func(ctx context.Context, sess *model.Session) (model.RowStream, error) {
		return stream(ctx, sess, asked.All(t.Schema))
	}
	t.RowsOf = func(ctx context.Context, sess *model.Session, ids []model.ColumnID, pred *model.Expr) (model.RowStream, error) {
		return stream(ctx, sess, asked.Of(t.Schema, ids, pred))
	}
	return t
}
