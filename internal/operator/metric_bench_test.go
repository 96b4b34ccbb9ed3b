package operator

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	"github.com/goptimedb/goptimedb/internal/kv/bolt"
	"github.com/goptimedb/goptimedb/internal/model"
	objlocal "github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/storage/engine"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal/local"
)

// BenchmarkManySeries is 2,000 series in each of 1,000 metrics, six labels each, a sample a series, in requests of 10 samples of each metric.
// Printed: rate of the samples that made the series, then of samples for known series; memory a series; and reads of one metric.
func BenchmarkManySeries(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		benchManySeries(b, model.InsertOptions{Kind: model.MetricTable, AutoTime: true, AutoValue: true})
	})
	b.Run("logical", func(b *testing.B) { benchManySeries(b, onPhysical) })
}

func benchManySeries(b *testing.B, opts model.InsertOptions) {
	const metrics, perMetric, perRequest = 1000, 2000, 10
	ctx, dir := b.Context(), b.TempDir()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	objects, err := objlocal.Open(filepath.Join(dir, "objects"), objlocal.Options{})
	must(err)
	log, err := local.Open(ctx, local.Options{Dir: filepath.Join(dir, "wal")})
	must(err)
	files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(512 << 20)})
	must(err)
	meta, err := bolt.Open(filepath.Join(dir, "meta.db"), bolt.Options{})
	must(err)
	eng := engine.New(engine.Options{Store: objects, WAL: log, Files: files, Sweep: time.Hour, WriteBufferBytes: 4 << 30, WriteBufferRejectBytes: 6 << 30, RegionBufferBytes: 4 << 30})
	cat, err := catalog.Open(ctx, meta, time.Now)
	must(err)
	regions := metric.New(eng)
	o := New(Options{Catalog: cat, Regions: regions, AutoCreateTable: true})
	names := []string{"az", "cluster", "instance", "job", "path", "pod"}
	request := func(from int, at int64) []*model.Rows {
		out := make([]*model.Rows, metrics)
		for m := range out {
			r := &model.Rows{Table: fmt.Sprintf("metric_%d", m), Len: perRequest}
			for k, name := range names {
				v := &model.Vector{Type: model.String, Dict: &model.Dict{}, Len: perRequest, Codes: make([]uint32, perRequest)}
				for i := range perRequest {
					s := from + i
					var x string
					switch k {
					case 0:
						x = fmt.Sprintf("eu-west-%d", s%3)
					case 1:
						x = "production"
					case 2:
						x = fmt.Sprintf("10.0.%d.%d:9100", s/200, s%200)
					case 3:
						x = "node"
					case 4:
						x = fmt.Sprintf("/api/v1/%d", s%20)
					case 5:
						x = fmt.Sprintf("app-%d-%d", m%50, s)
					}
					v.Codes[i] = v.Dict.AppendString(x)
				}
				r.Columns = append(r.Columns, model.RowColumn{Name: name, Semantic: model.TagColumn, Vector: v})
			}
			t, f := model.ConstVector(model.IntValue(ms, at), perRequest), model.ConstVector(model.Value{Type: model.Float64, Float: float64(from)}, perRequest)
			r.Columns = append(r.Columns, model.RowColumn{Name: "greptime_timestamp", Semantic: model.TimeColumn, Vector: t},
				model.RowColumn{Name: "greptime_value", Semantic: model.FieldColumn, Vector: f})
			out[m] = r
		}
		return out
	}
	heap := func() float64 {
		runtime.GC()
		var st runtime.MemStats
		runtime.ReadMemStats(&st)
		return float64(st.HeapAlloc)
	}
	sess := model.NewSession("bench")
	for b.Loop() {
		base := heap()
		var insert [2]time.Duration
		for round := range insert {
			for from := 0; from < perMetric; from += perRequest {
				rs := request(from, int64(round+1)*15000)
				start := time.Now()
				_, err := o.Insert(ctx, sess, rs, opts)
				insert[round] += time.Since(start)
				must(err)
			}
		}
		samples := float64(metrics * perMetric)
		b.ReportMetric(samples/insert[0].Seconds(), "new-samples/s")
		b.ReportMetric(samples/insert[1].Seconds(), "samples/s")
		b.ReportMetric((heap()-base)/samples, "bytes/series")
		query := func(name string, tries int, req contract.ScanRequest) {
			var took time.Duration
			for i := range tries {
				t, err := cat.Table("public", fmt.Sprintf("metric_%d", 7+i))
				must(err)
				req.Region = t.Regions[0]
				start := time.Now()
				st, err := regions.Scan(ctx, req)
				must(err)
				rows := 0
				for {
					x, err := st.Next(ctx)
					if errors.Is(err, io.EOF) {
						break
					}
					must(err)
					rows += x.Len
				}
				must(st.Close())
				if i > 0 { // the first one sorts
					took += time.Since(start)
				}
				if rows == 0 {
					b.Fatalf("%s of table %s gives nothing", name, t.Name)
				}
			}
			b.ReportMetric(float64(took.Microseconds())/float64(tries-1), name+"-µs")
		}
		t, err := cat.Table("public", "metric_7")
		must(err)
		col := func(name string) model.ColumnID { return t.Schema.ByName(name).ID }
		all := contract.ScanRequest{TimeRange: model.AllTime, Order: contract.OrderSeries}
		for _, c := range t.Schema.Columns {
			all.Projection = append(all.Projection, c.ID)
		}
		one := all
		one.Predicate = model.And(model.Compare(model.OpEq, col("instance"), model.StringValue("10.0.3.4:9100")), model.Compare(model.OpEq, col("job"), model.StringValue("node")))
		group := contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: col("path")}},
			Aggs: []model.Agg{{Func: model.AggSum, Column: col("greptime_value")}}}}
		flush := func() {
			seen := map[model.RegionID]bool{}
			for _, t := range cat.AllTables() {
				for _, id := range t.Regions {
					if t.Logical == nil && !seen[id] {
						seen[id] = true
						must(regions.Flush(ctx, id))
					}
				}
			}
		}
		query("mem-panel", 20, all)
		query("mem-point", 20, one)
		query("mem-group", 20, group)
		start := time.Now()
		flush()
		b.ReportMetric(time.Since(start).Seconds(), "flush-s")
		query("panel", 20, all)
		query("point", 20, one)
		query("group", 20, group)
		b.ReportMetric((heap()-base)/samples, "flushed-bytes/series")
	}
	eng.Stop()
	must(log.Close())
	files.Close()
	must(meta.Close())
}
