//go:build unix

package scan

import (
	"context"
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// vectorSource is a Source of decoded columns, as a cache would hold them.
type vectorSource struct {
	name     string
	table    *series.Table
	chunks   []int
	cols     map[model.ColumnID][]*model.Vector // per chunk
	min, max int64
	seq      model.Sequence
}

func (s *vectorSource) Name() string                                  { return s.name }
func (s *vectorSource) Rows() int                                     { return s.table.Rows() }
func (s *vectorSource) TimeRange() (int64, int64)                     { return s.min, s.max }
func (s *vectorSource) Sequences() (model.Sequence, model.Sequence)   { return s.seq, s.seq }
func (s *vectorSource) HasDeletes() bool                              { return false }
func (s *vectorSource) Unique() bool                                  { return true }
func (s *vectorSource) Chunks() []int                                 { return s.chunks }
func (s *vectorSource) Series(context.Context) (*series.Table, error) { return s.table, nil }
func (s *vectorSource) Chunk(_ context.Context, c model.ColumnID, i, _, _ int) (*model.Vector, error) {
	return s.cols[c][i], nil
}
func (s *vectorSource) Prune(context.Context, *model.Expr, model.TimeRange) ([]source.RowRange, error) {
	return []source.RowRange{{Start: 0, End: s.Rows()}}, nil
}

const (
	benchFields = 10
	benchStep   = 10_000 // ms between rows of a host
)

func benchSchema() *model.Schema {
	s := &model.Schema{TimeIndex: 3, NextColumn: 100, PrimaryKey: []model.ColumnID{1, 2}, Columns: []model.Column{
		{ID: 1, Name: "hostname", Type: model.String, Semantic: model.TagColumn},
		{ID: 2, Name: "region", Type: model.String, Semantic: model.TagColumn},
		{ID: 3, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
	}}
	for i := range benchFields {
		s.Columns = append(s.Columns, model.Column{ID: model.ColumnID(10 + i), Name: fmt.Sprintf("f%d", i), Type: model.Float64, Nullable: true})
	}
	return s
}

// benchSource holds hosts with rows of each from start on.
func benchSource(name string, hosts, rows int, start int64, seq model.Sequence) *vectorSource {
	return narrowSource(name, benchFields, hosts, rows, start, seq)
}

// narrowSource is benchSource with the first few fields only.
func narrowSource(name string, fields, hosts, rows int, start int64, seq model.Sequence) *vectorSource {
	s := &vectorSource{name: name, min: start, max: start + int64(rows-1)*benchStep, seq: seq, cols: map[model.ColumnID][]*model.Vector{}}
	b := series.NewBuilder([]model.ColumnID{1, 2}, []model.Type{model.String, model.String})
	for h := range hosts {
		b.AppendRun([][]byte{fmt.Appendf(nil, "host_%05d", h), fmt.Appendf(nil, "region_%d", h%9)}, rows)
	}
	s.table, _ = b.Finish()
	const chunk = 102_400
	for at := 0; at < hosts*rows; at += chunk {
		s.chunks = append(s.chunks, at)
		n := min(chunk, hosts*rows-at)
		ts := model.NewVector(model.Timestamp(model.Millisecond), n)
		for i := range n {
			ts.AppendInt(start + int64((at+i)%rows)*benchStep)
		}
		s.cols[3] = append(s.cols[3], ts)
		for f := range fields {
			v := model.NewVector(model.Float64, n)
			for i := range n {
				v.AppendFloat(float64((at + i*7 + f) % 100))
			}
			s.cols[model.ColumnID(10+f)] = append(s.cols[model.ColumnID(10+f)], v)
		}
	}
	s.chunks = append(s.chunks, hosts*rows)
	return s
}

func drainBench(b *testing.B, o Options, req contract.ScanRequest, want int) {
	b.Helper()
	b.ReportAllocs()
	began := processor()
	defer func() { b.ReportMetric((processor()-began)*1e3/float64(b.N), "cpu-ms/op") }()
	for b.Loop() {
		s, err := Run(context.Background(), o, req)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			x, err := s.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n += x.Len
		}
		s.Close()
		if n != want {
			b.Fatalf("%d rows, want %d", n, want)
		}
	}
}

// processor is the seconds that all threads together have run: what a busy machine does not distort.
func processor() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func fieldAggs(n int, fs ...model.AggFunc) (out []model.Agg) {
	for i := range n {
		for _, f := range fs {
			out = append(out, model.Agg{Func: f, Column: model.ColumnID(10 + i)})
		}
	}
	return out
}

// 4.32 M rows: 4000 hosts, 3 hours.
func BenchmarkScan(b *testing.B) {
	const hosts, rows = 4000, 1080
	one := []source.Source{benchSource("a", hosts, rows, 0, 1)}
	three := []source.Source{benchSource("a", hosts, 360, 0, 1), benchSource("b", hosts, 360, 360*benchStep, 2), benchSource("c", hosts, 360, 720*benchStep, 3)}
	over := []source.Source{benchSource("a", hosts, 720, 0, 1), benchSource("b", hosts, 720, 360*benchStep, 2)}
	hour := &model.TimeBucket{Width: 3_600_000}
	minute := &model.TimeBucket{Width: 60_000}
	type in struct {
		name    string
		sources []source.Source
	}
	for _, in := range []in{{"one", one}, {"three", three}, {"overlap", over}} {
		o := Options{Sources: in.sources, Schema: benchSchema()}
		host := model.Compare(model.OpEq, 1, model.StringValue("host_01234"))
		b.Run("double-groupby-1/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: 1}, {Column: 3, Bucket: hour}},
				Aggs: fieldAggs(1, model.AggSum, model.AggCount)}}, hosts*3)
		})
		b.Run("double-groupby-10/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: 1}, {Column: 3, Bucket: hour}},
				Aggs: fieldAggs(10, model.AggSum, model.AggCount)}}, hosts*3)
		})
		b.Run("single-host-hour/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.TimeRange{Start: 3_600_000, End: 7_200_000}, Predicate: host, Aggregate: &model.Aggregate{
				Keys: []model.GroupKey{{Column: 3, Bucket: minute}}, Aggs: fieldAggs(1, model.AggMax)}}, 60)
		})
		b.Run("lastpoint/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, LastRow: true, Projection: []model.ColumnID{1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}}, hosts)
		})
		b.Run("high-cpu/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Predicate: model.Compare(model.OpGe, 10, model.FloatValue(99)), Aggregate: &model.Aggregate{
				Aggs: fieldAggs(1, model.AggCount)}}, 1)
		})
		b.Run("groupby-orderby-limit/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Order: contract.OrderTimeDesc, Limit: 100, Projection: []model.ColumnID{1, 3, 10}}, 100)
		})
		b.Run("count/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Aggs: []model.Agg{{Func: model.AggCountRows}}}}, 1)
		})
		b.Run("distinct-hosts/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: 1}}}}, hosts)
		})
		b.Run("group-by-value/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: 10}},
				Aggs: fieldAggs(1, model.AggCount)}}, 100)
		})
		b.Run("sketch-by-host/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: 1}},
				Aggs: fieldAggs(1, model.AggHLL)}}, hosts)
		})
		b.Run("host-and-value/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: 1}, {Column: 10}}}},
				hosts*100)
		})
		b.Run("raw/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Projection: []model.ColumnID{1, 3, 10}}, hosts*rows)
		})
		b.Run("raw-series/"+in.name, func(b *testing.B) {
			drainBench(b, o, contract.ScanRequest{TimeRange: model.AllTime, Order: contract.OrderSeries, Projection: []model.ColumnID{1, 3, 10}}, hosts*rows)
		})
	}
}

// BenchmarkChain reads many sources each of which overlaps the next, row by row, as chunks of a memtable do that several clients write at once.
func BenchmarkChain(b *testing.B) {
	const hosts, rows = 10, 200
	for _, n := range []int{3, 30, 300} {
		var sources []source.Source
		for i := range n {
			start := int64(i*rows/2)*benchStep + int64(i%2)*benchStep/2
			sources = append(sources, benchSource(fmt.Sprint(i), hosts, rows, start, model.Sequence(i+1)))
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			drainBench(b, Options{Sources: sources, Schema: benchSchema()},
				contract.ScanRequest{TimeRange: model.AllTime, Order: contract.OrderSeries, Projection: []model.ColumnID{1, 3, 10}}, hosts*n*rows)
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N*hosts*n*rows), "ns/row")
		})
	}
}
