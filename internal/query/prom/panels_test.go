package prom

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// BenchmarkPanels are the queries of dashboards, each from memory and from files, streamed and (engine) by Prometheus' engine alone:
//
//	go test -run - -bench Panels -benchtime 10x ./internal/query/prom
func BenchmarkPanels(b *testing.B) {
	for _, kind := range []struct {
		name string
		as   model.InsertOptions
	}{{"plain", model.InsertOptions{Kind: model.PlainTable, AutoTime: true, AutoValue: true}},
		{"logical", model.InsertOptions{Kind: model.MetricTable, AutoTime: true, AutoValue: true, PhysicalTable: "phy"}}} {
		b.Run(kind.name, func(b *testing.B) { benchPanels(b, kind.as) })
	}
}

func benchPanels(b *testing.B, as model.InsertOptions) {
	n := newNode(b, Options{})
	n.insertAs = as
	sess := n.database()
	write := func(samples []sample) {
		if err := n.insert(b.Context(), sess, samples); err != nil {
			b.Fatal(err)
		}
	}
	const series, points = 1000, 240 // of an hour, a sample every 15 s
	for from := 0; from < points; from += 40 {
		var samples []sample
		for s := range series {
			l := labels.FromStrings(nameLabel, "requests_total", "job", fmt.Sprint(s%10), "instance", fmt.Sprintf("host-%d:9100", s))
			for k := from; k < from+40; k++ {
				samples = append(samples, sample{l, int64(k) * 15000, float64(k*(s+1)%100_000 + k%7)})
			}
		}
		write(samples)
	}
	for from := 0; from < points; from += 20 { // 10,000 series of buckets
		var samples []sample
		for s := range 10 * series {
			le := []string{"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"}[s%10]
			l := labels.FromStrings(nameLabel, "latency_bucket", "le", le, "instance", fmt.Sprintf("host-%d:9100", s/10))
			for k := from; k < from+20; k++ {
				samples = append(samples, sample{l, int64(k) * 15000, float64(k * (s%10 + 1))})
			}
		}
		write(samples)
	}
	for part := range 10 { // 100,000 series of two samples
		var samples []sample
		for s := part * 10_000; s < (part+1)*10_000; s++ {
			l := labels.FromStrings(nameLabel, "up", "job", fmt.Sprint(s%100), "pod", fmt.Sprintf("pod-%d", s))
			samples = append(samples, sample{l, 3585_000, 1}, sample{l, 3600_000, 1})
		}
		write(samples)
	}
	ranged := func(expr string, step time.Duration) func(*testing.B, *Engine) {
		return func(b *testing.B, e *Engine) {
			res, err := e.Range(b.Context(), sess, lang.RangeQuery{Expr: expr, Start: time.Unix(0, 0), End: time.Unix(3600, 0), Step: step})
			if err != nil {
				b.Fatal(err)
			}
			if res.Close != nil {
				res.Close()
			}
		}
	}
	instant := func(expr string) func(*testing.B, *Engine) {
		return func(b *testing.B, e *Engine) {
			res, err := e.Instant(b.Context(), sess, lang.InstantQuery{Expr: expr, Time: time.Unix(3600, 0)})
			if err != nil {
				b.Fatal(err)
			}
			if res.Close != nil {
				res.Close()
			}
		}
	}
	panels := []struct {
		name   string
		run    func(*testing.B, *Engine)
		engine bool // worth comparing with the engine
	}{
		{"rate-sum-1k-1h-15s", ranged(`sum by (job) (rate(requests_total[5m]))`, 15*time.Second), true},
		{"rate-1k-1h-1m", ranged(`rate(requests_total[5m])`, time.Minute), true},
		{"max-hour-1k-1h-15s", ranged(`max by (job) (max_over_time(requests_total[1h]))`, 15*time.Second), true},
		{"topk-1k-1h-1m", ranged(`topk(10, rate(requests_total[5m]))`, time.Minute), true},
		{"ratio-1k-1h-1m", ranged(`sum(rate(requests_total[5m])) / sum(rate(requests_total[1m] offset 5m)) * 100`, time.Minute), true},
		{"quantile-10k-1h-1m", ranged(`histogram_quantile(0.99, sum by (le) (rate(latency_bucket[5m])))`, time.Minute), true},
		{"subquery-1k", ranged(`max_over_time(sum by (job) (rate(requests_total[5m]))[30m:1m])`, 5*time.Minute), true},
		{"instant-10k", instant(`latency_bucket`), true},
		{"instant-count-100k", instant(`count by (job) (up)`), true},
		{"label-values-100k", func(b *testing.B, e *Engine) {
			v, _, err := e.LabelValues(b.Context(), sess, "pod", lang.Selection{Start: time.Unix(0, 0), End: time.Unix(3600, 0),
				Matchers: [][]*labels.Matcher{{labels.MustNewMatcher(labels.MatchEqual, nameLabel, "up")}}})
			if err != nil || len(v) != 100_000 {
				b.Fatal(len(v), err)
			}
		}, false},
	}
	plain := *n.Engine
	plain.plain = true
	all := func(where string) {
		for _, p := range panels {
			b.Run(where+"/"+p.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p.run(b, n.Engine)
				}
			})
			if p.engine && where == "files" {
				b.Run(where+"/"+p.name+"/engine", func(b *testing.B) {
					for b.Loop() {
						p.run(b, &plain)
					}
				})
			}
		}
	}
	all("memory")
	for _, name := range []string{"requests_total", "latency_bucket", "up"} {
		t, err := n.catalog.Table(sess.Database, name)
		if err != nil {
			b.Fatal(err)
		}
		if err := n.regions.Flush(b.Context(), t.Regions[0]); err != nil {
			b.Fatal(err)
		}
	}
	all("files")
}
