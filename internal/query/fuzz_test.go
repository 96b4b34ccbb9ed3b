package query

import (
	"context"
	"testing"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/render"
)

// FuzzPlan plans whatever the parser lets through: there may be errors, but no panic, and a plan can be printed and written.
func FuzzPlan(f *testing.F) {
	for _, q := range agreeing {
		f.Add(q)
	}
	w := newWorld(f)
	w.engine.opts.Catalog.(plainCatalog)["public.t"] = w.engine.opts.Catalog.(plainCatalog)["public.cpu"]
	f.Fuzz(func(t *testing.T, text string) {
		stmts, err := sql.Parse(text, sql.Greptime)
		if err != nil {
			return
		}
		for _, st := range stmts {
			q, ok := st.(*sql.QueryStmt)
			if !ok {
				continue
			}
			p, err := w.engine.plan(context.Background(), w.sess, q.Query, nil)
			if err != nil {
				continue
			}
			if len(p.Names) != len(p.Root.Cols()) {
				t.Fatalf("%d names for %d columns", len(p.Names), len(p.Root.Cols()))
			}
			plan.Print(p.Root)
			_, _ = render.Query(p)
			direct(p)
		}
	})
}
