package operator

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/query"
)

// withQuery gives a node a query engine.
func withQuery(n *node) {
	n.t.Helper()
	q, err := query.Open(query.Options{Catalog: BindCatalog(n.catalog, n.regions, "test", nil, location.Places{}), Regions: n.eng})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = q.Close() })
	n.opts.Query = q
}

// TestStatementsWhileColumnsChange: no statement fails because a column is dropped, added or changed between its being bound and its being
// run, and each sees columns of one schema.
func TestStatementsWhileColumnsChange(t *testing.T) {
	n := newNode(t, nil)
	withQuery(n)
	ctx := t.Context()
	do := func(text string) error {
		sess := model.NewSession("test")
		outs, err := n.Execute(ctx, sess, text)
		if err != nil {
			return err
		}
		for _, out := range outs {
			if out.Rows == nil {
				continue
			}
			for {
				if _, err = out.Rows.Next(ctx); err != nil {
					break
				}
			}
			if cerr := out.Rows.Close(); cerr != nil {
				return cerr
			}
			if !errors.Is(err, io.EOF) {
				return err
			}
		}
		return nil
	}
	if err := do("CREATE TABLE t (host STRING, ts TIMESTAMP TIME INDEX, v BIGINT, PRIMARY KEY (host)); INSERT INTO t VALUES ('a', 1, 1), ('b', 2, 2)"); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for g, text := range []string{
		"SELECT * FROM t",
		"SELECT * FROM t a JOIN t b ON a.ts = b.ts",
		"INSERT INTO t (host, ts) VALUES ('c', 3)",
		"SELECT host, max(v) FROM t GROUP BY host",
		"INSERT INTO t SELECT * FROM t",
	} {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := do(text); err != nil && text != "INSERT INTO t SELECT * FROM t" {
					t.Errorf("%d: %s: %v", g, text, err)
					return
				}
			}
		})
	}
	types := []string{"STRING", "BIGINT"}
	for i := range 60 {
		for _, text := range []string{
			"ALTER TABLE t ADD COLUMN x BIGINT DEFAULT 5 FIRST, ADD COLUMN y STRING AFTER ts",
			fmt.Sprintf("ALTER TABLE t MODIFY COLUMN v %s", types[i%2]),
			"ALTER TABLE t DROP COLUMN x",
			"ALTER TABLE t DROP COLUMN y",
		} {
			if err := do(text); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	close(stop)
	wg.Wait()
}
