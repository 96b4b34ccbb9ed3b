package query

import (
	"context"
	"io"
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
)

// TestMemoryAccount: a query reserves what it holds, gives all of it back, and does without where there is none.
func TestMemoryAccount(t *testing.T) {
	queries := []string{
		"SELECT note, count(*) FROM cpu2 GROUP BY note ORDER BY note",
		"SELECT host, n FROM cpu ORDER BY n, ts",
		"SELECT a.host, a.n, b.m FROM cpu2 a JOIN (SELECT host, max(n) AS m FROM cpu WHERE n > 2 GROUP BY host) b ON a.host = b.host ORDER BY a.ts",
		"SELECT ts FROM cpu WHERE ts = (SELECT max(ts) FROM cpu2)",
	}
	var want [][]string
	for _, total := range []int64{1 << 30, 4} {
		w := newWorld(t)
		account := budget.New(total).Account("queries", budget.Options{})
		w.engine.opts.Memory = account
		for i, q := range queries {
			rows, err := w.engine.Query(context.Background(), w.sess, w.parse(q))
			if err != nil {
				t.Fatalf("%s with %d bytes: %v", q, total, err)
			}
			if held := account.Used(); (held > 0) != (total > 4) {
				t.Errorf("%s holds %d bytes of %d", q, held, total)
			}
			var got []string
			for {
				b, err := rows.Next(context.Background())
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, cells(b)...)
			}
			rows.Close()
			if account.Used() != 0 {
				t.Errorf("%s keeps %d bytes", q, account.Used())
			}
			if total > 4 {
				want = append(want, got)
			} else if !slices.Equal(got, want[i]) {
				t.Errorf("%s without memory: %v, want %v", q, got, want[i])
			}
		}
	}
}
