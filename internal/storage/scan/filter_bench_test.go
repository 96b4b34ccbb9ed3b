//go:build unix

package scan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// logSchema is a table of log lines: service is a tag; level has few values, message hardly a repeated one.
func logSchema() *model.Schema {
	return &model.Schema{TimeIndex: 2, NextColumn: 100, PrimaryKey: []model.ColumnID{1}, Columns: []model.Column{
		{ID: 1, Name: "service", Type: model.String, Semantic: model.TagColumn},
		{ID: 2, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
		{ID: 3, Name: "level", Type: model.String, Nullable: true},
		{ID: 4, Name: "status", Type: model.Int64, Nullable: true},
		{ID: 5, Name: "message", Type: model.String, Nullable: true},
	}}
}

const (
	logServices = 20
	logRows     = 25_000 // of a service
)

func logFile(b *testing.B, store *local.Store) {
	b.Helper()
	s := logSchema()
	ids, types := series.TagsOf(s)
	tb := series.NewBuilder(ids, types)
	rng := rand.New(rand.NewPCG(1, 2))
	rows := logServices * logRows
	batch := &sst.Batch{Rows: rows, Fields: []*model.Vector{model.NewVector(model.String, rows), model.NewVector(model.Int64, rows), model.NewVector(model.String, rows)}}
	for k := range logServices {
		tb.AppendRun([][]byte{fmt.Appendf(nil, "service_%02d", k)}, logRows)
		batch.Runs = append(batch.Runs, sst.Run{Series: uint32(k), Start: k * logRows, End: (k + 1) * logRows})
		for i := range logRows {
			batch.Time, batch.Seq = append(batch.Time, touchStart+int64(i)*100), append(batch.Seq, int64(i*logServices+k))
			level, status := "info", int64(200)
			if rng.IntN(100) == 0 {
				level, status = "error", 500
			}
			batch.Fields[0].AppendBytes([]byte(level))
			batch.Fields[1].AppendInt(status)
			what := "answered"
			if rng.IntN(50) == 0 {
				what = "gave up waiting for"
			}
			batch.Fields[2].AppendBytes(fmt.Appendf(nil, "request %016x of user %d %s /api/v1/items/%d in %d us", rng.Uint64(), rng.IntN(10_000), what, rng.IntN(1000), rng.IntN(100_000)))
		}
	}
	var err error
	if batch.Table, err = tb.Finish(); err != nil {
		b.Fatal(err)
	}
	w, err := sst.Create(context.Background(), store, "region/", "log", s, sst.WriterOptions{})
	if err == nil {
		err = w.Append(batch)
	}
	if err == nil {
		_, err = w.Commit()
	}
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLogFilter counts lines of half a million by conditions on levels and texts: with all columns in the cache, and with none.
func BenchmarkLogFilter(b *testing.B) {
	store, err := local.Open(b.TempDir(), local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	logFile(b, store)
	level := model.Compare(model.OpEq, 3, model.StringValue("error"))
	status := model.Compare(model.OpGe, 4, model.IntValue(model.Int64, 500))
	text := &model.Expr{Op: model.OpContains, Column: 5, Pattern: "gave up"}
	regex := &model.Expr{Op: model.OpRegex, Column: 5, Pattern: "items/7.* in 9[0-9]+ us"}
	for _, k := range []struct {
		name string
		pred *model.Expr
	}{{"level", level}, {"text", text}, {"level-text", model.And(level, text)}, {"text-level", model.And(text, level)}, {"regex-status", model.And(regex, status)}} {
		for _, cold := range []bool{false, true} {
			name := k.name
			if cold {
				name += "/cold"
			}
			b.Run(name, func(b *testing.B) {
				files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(4 << 30)})
				if err != nil {
					b.Fatal(err)
				}
				defer files.Close()
				h, err := files.OpenFile(b.Context(), store, "region/", "log")
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = h.Close() }()
				view := h.View(logSchema(), nil)
				req := contract.ScanRequest{TimeRange: model.AllTime, Predicate: k.pred, Aggregate: &model.Aggregate{Aggs: []model.Agg{{Func: model.AggCountRows}}}}
				began := processor()
				for b.Loop() {
					if cold {
						files.Forget(h.Name())
					}
					s, err := Run(b.Context(), Options{Sources: []source.Source{view}, Schema: logSchema()}, req)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := s.Next(b.Context()); err != nil {
						b.Fatal(err)
					}
					s.Close()
				}
				b.ReportMetric((processor()-began)*1e6/float64(b.N), "cpu-us/op")
			})
		}
	}
}
