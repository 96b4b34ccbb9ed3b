package sql

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/node"
)

// BenchmarkSketch counts the different values of a field of 1 M rows, of all and of each of 100 hosts, and asks for their quantiles.
func BenchmarkSketch(b *testing.B) {
	const hosts, rows = 100, 10_000
	cfg := config.Default()
	cfg.Storage.DataHome = b.TempDir()
	cfg.HTTP.Addr, cfg.MySQL.Addr, cfg.Postgres.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Resolve()
	n, err := node.Start(context.Background(), cfg, node.Options{Build: node.Build{Version: "test"}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = n.Stop(context.Background()) }()
	run := func(text string) (got int) {
		out, err := n.SQL().Execute(b.Context(), model.NewSession("test"), text)
		if err != nil {
			b.Fatalf("%.200s: %v", text, err)
		}
		if out[0].Rows == nil {
			return 0
		}
		defer out[0].Rows.Close()
		for {
			batch, err := out[0].Rows.Next(b.Context())
			if err == io.EOF {
				return got
			}
			if err != nil {
				b.Fatal(err)
			}
			got += batch.Len
		}
	}
	run("CREATE TABLE t (host STRING, ts TIMESTAMP TIME INDEX, usage DOUBLE, note STRING, PRIMARY KEY (host))")
	for h := range hosts {
		var text strings.Builder
		text.WriteString("INSERT INTO t VALUES ")
		for i := range rows {
			fmt.Fprintf(&text, "%s('h%d', %d, %d.5, 'note %d')", []string{"", ","}[min(i, 1)], h, 1700000000000+int64(i)*10000, (i*7+h)%5000, i%300)
		}
		run(text.String())
	}
	for _, c := range []struct {
		name, sql string
		groups    int
	}{
		{"all", "SELECT approx_distinct(usage) FROM t", 1},
		{"by-host", "SELECT host, approx_distinct(usage) FROM t GROUP BY host", hosts},
		{"by-host-note", "SELECT host, approx_distinct(note) FROM t GROUP BY host", hosts},
		{"hll-by-host", "SELECT host, hll(usage) FROM t GROUP BY host", hosts},
		{"percentile-all", "SELECT approx_percentile_cont(usage, 0.99) FROM t", 1},
		{"percentile-by-host", "SELECT host, approx_percentile_cont(usage, 0.99) FROM t GROUP BY host", hosts},
		{"median-by-host", "SELECT host, approx_median(usage) FROM t GROUP BY host", hosts},
		{"uddsketch-by-host", "SELECT host, uddsketch_state(128, 0.01, usage) FROM t GROUP BY host", hosts},
		{"corr-by-host", "SELECT host, corr(usage, usage) FROM t GROUP BY host", hosts},
		{"regr-all", "SELECT regr_slope(usage, usage), regr_intercept(usage, usage) FROM t", 1},
		{"rows-percentile", "SELECT approx_percentile_cont(usage, 0.99) FROM (SELECT DISTINCT host, usage FROM t)", 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if got := run(c.sql); got != c.groups {
					b.Fatalf("%d groups", got)
				}
			}
		})
	}
}
