package prom

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
)

// BenchmarkLong are panels of six hours over 1000 series, a sample every 15 s, that keep series or look back from many moments:
//
//	go test -run - -bench Long -benchtime 3x ./internal/query/prom
func BenchmarkLong(b *testing.B) {
	n := newNode(b, Options{})
	sess := n.database()
	const series, points = 1000, 6 * 240
	for from := 0; from < points; from += 40 {
		var samples []sample
		for s := range series {
			l := labels.FromStrings(nameLabel, "requests_total", "job", fmt.Sprint(s%10), "instance", fmt.Sprintf("host-%d:9100", s))
			for k := from; k < from+40; k++ {
				samples = append(samples, sample{l, int64(k) * 15000, float64(k*(s+1)%100_000 + k%7)})
			}
		}
		if err := n.insert(b.Context(), sess, samples); err != nil {
			b.Fatal(err)
		}
	}
	t, err := n.catalog.Table(sess.Database, "requests_total")
	if err != nil {
		b.Fatal(err)
	}
	if err := n.regions.Flush(b.Context(), t.Regions[0]); err != nil {
		b.Fatal(err)
	}
	for _, p := range []struct{ name, expr string }{
		{"topk", `topk(10, rate(requests_total[5m]))`},
		{"bottomk-by", `bottomk by (job) (3, rate(requests_total[5m]))`},
		{"quantile", `quantile by (job) (0.9, rate(requests_total[5m]))`},
		{"subquery", `max_over_time(rate(requests_total[1m])[1h:1m])`},
		{"subquery-max", `max by (job) (max_over_time(rate(requests_total[1m])[1h:1m]))`},
		{"subquery-ratio", `avg_over_time((sum(rate(requests_total[1m])) / count(requests_total))[1h:1m])`},
	} {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				res, err := n.Range(b.Context(), sess, lang.RangeQuery{Expr: p.expr, Start: time.Unix(0, 0), End: time.Unix(6*3600, 0), Step: time.Minute})
				if err != nil {
					b.Fatal(err)
				}
				if res.Close != nil {
					res.Close()
				}
			}
		})
	}
}
