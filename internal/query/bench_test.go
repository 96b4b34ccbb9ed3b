package query

import (
	"context"
	"testing"

	"github.com/goptimedb/goptimedb/internal/query/render"
)

// BenchmarkOverhead is what a query costs beside its scans: the tables hold a handful of rows.
func BenchmarkOverhead(b *testing.B) {
	w := newWorld(b)
	for _, c := range []struct{ name, sql string }{
		{"constant", "SELECT 1"},
		{"direct", "SELECT ts, usage FROM cpu WHERE host = 'h1' AND ts >= '2024-01-01 00:00:00' LIMIT 1"},
		{"grouped", "SELECT date_trunc('minute', ts) AS m, max(usage) FROM cpu WHERE host IN ('h1', 'h2') AND ts >= '2024-01-01 00:00:00' GROUP BY m ORDER BY m"},
		{"double", "SELECT date_trunc('hour', ts) AS h, host, avg(usage), avg(n), avg(big) FROM cpu WHERE ts >= '2024-01-01 00:00:00' GROUP BY h, host ORDER BY h, host"},
		{"join", "SELECT a.host, b.n FROM cpu a JOIN cpu b ON a.ts = b.ts AND a.host = b.host WHERE a.n > 1"},
	} {
		q := w.parse(c.sql)
		ctx := context.Background()
		b.Run(c.name+"/plan", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := w.engine.plan(ctx, w.sess, q, nil)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := render.Query(p); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/run", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rows, err := w.engine.Query(ctx, w.sess, q)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := ReadAll(ctx, rows); err != nil {
					b.Fatal(err)
				}
				w.regions.requests = nil
			}
		})
	}
}
