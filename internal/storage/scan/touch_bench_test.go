//go:build unix

package scan

import (
	"context"
	"fmt"
	"io"
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

const (
	touchHosts = 1000
	touchRows  = 4320 // of a host: half a day
	touchStart = 1_700_000_000_000
)

// touchSchema is benchSchema with fields of integers.
func touchSchema() *model.Schema {
	s := benchSchema()
	for i := range s.Columns {
		if s.Columns[i].Semantic == model.FieldColumn {
			s.Columns[i].Type = model.Int64
		}
	}
	return s
}

// touchFile writes random walks of all hosts to a file on disk.
func touchFile(b *testing.B, store *local.Store) {
	b.Helper()
	s := touchSchema()
	ids, types := series.TagsOf(s)
	tb := series.NewBuilder(ids, types)
	rng := rand.New(rand.NewPCG(1, 2))
	rows := touchHosts * touchRows
	batch := &sst.Batch{Rows: rows, Time: make([]int64, rows), Seq: make([]int64, rows)}
	for h := range touchHosts {
		tb.AppendRun([][]byte{fmt.Appendf(nil, "host_%05d", h), fmt.Appendf(nil, "region_%d", h%9)}, touchRows)
		batch.Runs = append(batch.Runs, sst.Run{Series: uint32(h), Start: h * touchRows, End: (h + 1) * touchRows})
		for i := range touchRows {
			batch.Time[h*touchRows+i], batch.Seq[h*touchRows+i] = touchStart+int64(i)*benchStep, int64(i*touchHosts+h)
		}
	}
	for range s.Fields() {
		v := model.NewVector(model.Int64, rows)
		for range touchHosts {
			x := rng.Float64() * 100
			for range touchRows {
				x = min(100, max(0, x+rng.NormFloat64()))
				v.AppendInt(int64(x))
			}
		}
		batch.Fields = append(batch.Fields, v)
	}
	var err error
	if batch.Table, err = tb.Finish(); err != nil {
		b.Fatal(err)
	}
	w, err := sst.Create(context.Background(), store, "region/", "touch", s, sst.WriterOptions{})
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

// BenchmarkFirstTouch asks for random hosts and times of a file, nothing of which is in the cache of columns; the file itself is in memory.
func BenchmarkFirstTouch(b *testing.B) {
	store, err := local.Open(b.TempDir(), local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	touchFile(b, store)
	for _, k := range []struct {
		name                 string
		fields, hosts, hours int
		width                int64
	}{{"1-1-1", 1, 1, 1, 60_000}, {"5-1-12", 5, 1, 12, 60_000}, {"5-8-1", 5, 8, 1, 60_000}, {"max-all-1", 10, 1, 8, 3_600_000}, {"max-all-8", 10, 8, 8, 3_600_000}} {
		b.Run(k.name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(3, 4))
			var files *sst.Reader
			var h *sst.Handle
			var view source.Source
			var hosts []int
			var used float64
			ctx := context.Background()
			reopen := func() {
				if h != nil {
					_ = h.Close()
					files.Close()
				}
				var err error
				if files, err = sst.NewReader(sst.ReaderOptions{Budget: budget.New(4 << 30)}); err != nil {
					b.Fatal(err)
				}
				if h, err = files.OpenFile(ctx, store, "region/", "touch"); err != nil {
					b.Fatal(err)
				}
				view = h.View(touchSchema(), nil)
				if _, err := view.Series(ctx); err != nil {
					b.Fatal(err)
				}
				hosts = rng.Perm(touchHosts / 2) // of two hosts beside each other only one: they may share a page
			}
			began := 0.0
			for b.Loop() {
				if len(hosts) < k.hosts {
					b.StopTimer()
					if h != nil {
						used += processor() - began
					}
					reopen()
					began = processor()
					b.StartTimer()
				}
				var names []model.Value
				for _, x := range hosts[:k.hosts] {
					names = append(names, model.StringValue(fmt.Sprintf("host_%05d", 2*x)))
				}
				hosts = hosts[k.hosts:]
				span := int64(k.hours) * 3_600_000
				from := touchStart + rng.Int64N(touchRows*benchStep-span+1)
				req := contract.ScanRequest{TimeRange: model.TimeRange{Start: from, End: from + span},
					Predicate: model.And(&model.Expr{Op: model.OpIn, Column: 1, Values: names},
						model.Compare(model.OpGe, 3, model.IntValue(model.Timestamp(model.Millisecond), from)),
						model.Compare(model.OpLt, 3, model.IntValue(model.Timestamp(model.Millisecond), from+span))),
					Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: 3, Bucket: &model.TimeBucket{Width: k.width}}}, Aggs: fieldAggs(k.fields, model.AggMax)}}
				s, err := Run(ctx, Options{Sources: []source.Source{view}, Schema: touchSchema()}, req)
				if err != nil {
					b.Fatal(err)
				}
				for {
					if _, err = s.Next(ctx); err != nil {
						break
					}
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				s.Close()
			}
			used += processor() - began
			b.ReportMetric(used*1e6/float64(b.N), "cpu-us/op")
			_ = h.Close()
			files.Close()
		})
	}
}
