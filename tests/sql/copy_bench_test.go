package sql

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/node"
)

// BenchmarkCopy moves rows of ten tags, a time and ten numbers out of a table and back into another, log and all.
func BenchmarkCopy(b *testing.B) {
	const rows = 1_000_000
	cfg := config.Default()
	cfg.Storage.DataHome = b.TempDir()
	cfg.HTTP.Addr, cfg.MySQL.Addr, cfg.Postgres.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Resolve()
	n, err := node.Start(context.Background(), cfg, node.Options{Build: node.Build{Version: "test"}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = n.Stop(context.Background()) }()
	run := func(text string) uint64 {
		out, err := n.SQL().Execute(b.Context(), model.NewSession("test"), text)
		if err != nil {
			b.Fatalf("%.200s: %v", text, err)
		}
		return out[0].Affected
	}
	var columns []string
	for i := range 10 {
		columns = append(columns, fmt.Sprintf("tag%d STRING", i))
	}
	columns = append(columns, "ts TIMESTAMP TIME INDEX")
	for i := range 10 {
		columns = append(columns, fmt.Sprintf("usage%d DOUBLE", i))
	}
	table := func(name string) {
		run("CREATE TABLE " + name + " (" + strings.Join(columns, ", ") + ", PRIMARY KEY (tag0, tag1, tag2, tag3, tag4, tag5, tag6, tag7, tag8, tag9)) WITH (append_mode = 'true')")
	}
	table("src")
	for at := 0; at < rows; { // rows by text: once, not measured
		var text strings.Builder
		text.WriteString("INSERT INTO src VALUES ")
		for k := range 5000 {
			i := at + k
			if k > 0 {
				text.WriteByte(',')
			}
			text.WriteByte('(')
			for c := range 10 {
				fmt.Fprintf(&text, "'value_%d_%d',", c, i/360%(10*(c+1)))
			}
			fmt.Fprintf(&text, "%d", 1700000000000+int64(i%360)*10000)
			for c := range 10 {
				fmt.Fprintf(&text, ",%d", (i*7+c*13)%101)
			}
			text.WriteByte(')')
		}
		run(text.String())
		at += 5000
	}
	for _, format := range []string{"parquet", "csv", "json"} {
		b.Run(format, func(b *testing.B) {
			var out, in time.Duration
			for i := range b.N {
				began := time.Now()
				if got := run(fmt.Sprintf("COPY src TO 'x.%s' WITH (format = '%s')", format, format)); got != rows {
					b.Fatalf("%d rows", got)
				}
				out += time.Since(began)
				table(fmt.Sprintf("dst_%s_%d_%d", format, b.N, i))
				began = time.Now()
				run(fmt.Sprintf("COPY dst_%s_%d_%d FROM 'x.%s' WITH (format = '%s')", format, b.N, i, format, format))
				in += time.Since(began)
			}
			b.ReportMetric(float64(b.N)*rows/out.Seconds(), "rows/s-out")
			b.ReportMetric(float64(b.N)*rows/in.Seconds(), "rows/s-in")
		})
	}
}
