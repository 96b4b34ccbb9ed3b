package operator

import (
	"context"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog/process"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/query"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/prom"
	"github.com/goptimedb/goptimedb/tests/sql/scripttest"
)

// sqlNode is a node that answers queries.
type sqlNode struct {
	*node
	engine *query.Engine
}

func newSQLNode(t testing.TB) *sqlNode {
	n := &sqlNode{node: newNode(t, nil)}
	n.attach()
	t.Cleanup(func() { n.engine.Close() })
	return n
}

func (n *sqlNode) attach() {
	n.t.Helper()
	eng, err := query.Open(query.Options{Catalog: BindCatalog(n.catalog, n.regions, "test", nil, location.Places{Root: n.copies}), Regions: n.regions, Version: "test", Now: now,
		TQL: func(ctx context.Context, sess *model.Session, st *sql.TQL) (*plan.Table, error) {
			return n.TQLTable(ctx, sess, st)
		}})
	if err != nil {
		n.t.Fatal(err)
	}
	n.engine, n.opts.Query = eng, eng
	n.opts.Processes = process.NewList("127.0.0.1:4001", nil, now)
	n.opts.PromQL = prom.New(prom.Options{Catalog: n.catalog, Regions: n.regions})
}

// Restart implements scripttest.Database.
func (n *sqlNode) Restart() {
	n.engine.Close()
	n.stop()
	n.start(nil)
	n.attach()
}

// TestScripts runs the scripts of tests/sql, which a whole process answers in the same way, over an engine whose files are in memory.
func TestScripts(t *testing.T) {
	for _, dir := range []string{"query", "statements"} { // not process, which is about what only a whole process has
		scripttest.Run(t, "../../tests/sql/"+dir, false, func(t *testing.T) scripttest.Database { return newSQLNode(t) })
	}
}

func TestUnknownDatabaseIsRefused(t *testing.T) {
	n := newNode(t, nil)
	for db, ok := range map[string]bool{"public": true, "information_schema": true, "greptime_private": true, "nope": false} {
		sess := model.NewSession("http")
		sess.Database = db
		if _, err := n.Execute(t.Context(), sess, "SET time_zone = 'UTC'"); (err == nil) != ok || !ok && errs.CodeOf(err) != errs.DatabaseNotFound {
			t.Errorf("%s: %v, want ok %v", db, err, ok)
		}
		sess.Dialect = model.DialectMySQL // may still leave for another one
		if _, err := n.Execute(t.Context(), sess, "USE public"); err != nil {
			t.Errorf("%s: %v", db, err)
		}
	}
	sess := model.NewSession("http")
	sess.Catalog = "other"
	if _, err := n.Execute(t.Context(), sess, "SELECT 1"); errs.CodeOf(err) != errs.DatabaseNotFound || !strings.Contains(err.Error(), "other-public") {
		t.Error(err)
	}
}
