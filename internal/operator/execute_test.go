package operator

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/query"
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
	eng, err := query.Open(query.Options{Catalog: BindCatalog(n.catalog, n.regions, "test"), Regions: n.regions, Version: "test", Now: now})
	if err != nil {
		n.t.Fatal(err)
	}
	n.engine, n.opts.Query = eng, eng
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
	scripttest.Run(t, "../../tests/sql", false, func(t *testing.T) scripttest.Database { return newSQLNode(t) })
}
