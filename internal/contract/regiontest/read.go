package regiontest

import (
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// fourSeries is what the read tests look at.
func (f *fixture) fourSeries() {
	f.Helper()
	f.create()
	f.put(row{"b", "/x", 20, 4, false}, row{"a", "/y", 30, 3, false}, row{"a", "/x", 10, 1, false})
	f.put(row{"a", "/x", 20, 2, false}, row{"b", "-", 5, 0.5, false}, row{"a", "/y", 10, 0, true})
}

var all = []string{"b - 5 0.5", "a /x 10 1", "a /x 20 2", "a /y 10 -", "a /y 30 3", "b /x 20 4"}

func writeAndScan(_ *testing.T, f *fixture) {
	f.create()
	f.holds()
	f.fourSeries()
	f.everywhere(func() { f.holds(append([]string(nil), all...)...) })
	// A write of nothing is one.
	n, err := f.s.Write(f.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{f.request(model.OpPut)}})
	require.NoError(f, err)
	require.Zero(f, n)
	n, err = f.s.Write(f.Context(), contract.WriteRequest{})
	require.NoError(f, err)
	require.Zero(f, n)
	// Absent labels and fields are NULL, and columns come in any order.
	_, b := batch(row{"c", "-", 7, 0, true})
	w := contract.RegionWrite{Region: f.id, Op: model.OpPut, Columns: []model.ColumnID{ColHost, ColTime}, Rows: &model.Batch{Len: 1, Cols: []*model.Vector{b.Cols[1], b.Cols[0]}}}
	_, err = f.s.Write(f.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{w}})
	require.NoError(f, err)
	f.everywhere(func() { f.holds(append([]string{"c - 7 -"}, all...)...) })
}

func nulls(_ *testing.T, f *fixture) {
	f.create()
	f.put(row{"-", "-", 1, 1, false}, row{"", "-", 1, 2, false}, row{"", "", 1, 3, false}, row{"-", "", 1, 4, false}, row{"x", "-", 1, math.Inf(1), false})
	f.everywhere(func() {
		f.holds("- - 1 1", "'' - 1 2", "'' '' 1 3", "- '' 1 4", "x - 1 +Inf")
		require.Equal(f, []string{"'' '' 1 3", "'' - 1 2"}, f.scan(contract.ScanRequest{Predicate: eq(ColHost, "")}))
		require.Equal(f, []string{"- '' 1 4", "- - 1 1"}, f.scan(contract.ScanRequest{Predicate: &model.Expr{Op: model.OpIsNull, Column: ColHost}}))
		require.Equal(f, []string{"- - 1 1", "- '' 1 4", "'' - 1 2", "'' '' 1 3", "x - 1 +Inf"}, f.scan(contract.ScanRequest{Order: contract.OrderSeries}))
	})
}

func newerWins(_ *testing.T, f *fixture) {
	f.create()
	// In one batch, in two of a request, in memory and in a file.
	f.put(row{"a", "/", 1, 1, false}, row{"a", "/", 1, 2, false})
	f.holds("a / 1 2")
	_, err := f.s.Write(f.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{f.request(model.OpPut, row{"a", "/", 1, 3, false}), f.request(model.OpPut, row{"a", "/", 1, 4, false})}})
	require.NoError(f, err)
	f.holds("a / 1 4")
	_, err = f.s.Write(f.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{f.request(model.OpPut, row{"a", "/", 1, 5, false}), f.request(model.OpDelete, row{host: "a", path: "/", ts: 1}),
		f.request(model.OpPut, row{"b", "/", 1, 6, false})}})
	require.NoError(f, err)
	f.everywhere(func() { f.holds("b / 1 6") })
	f.put(row{"b", "/", 1, 7, false})
	f.everywhere(func() { f.holds("b / 1 7") })
}

func projection(_ *testing.T, f *fixture) {
	f.fourSeries()
	f.everywhere(func() {
		require.Equal(f, []string{"30 3", "20 4"}, f.scan(contract.ScanRequest{Projection: []model.ColumnID{ColTime, ColValue}, Predicate: model.Compare(model.OpGe, ColValue, model.FloatValue(3)),
			Order: contract.OrderTimeDesc}))
		require.Equal(f, []string{"0.5 0.5"}, f.scan(contract.ScanRequest{Projection: []model.ColumnID{ColValue, ColValue}, Order: contract.OrderTimeAsc, Limit: 1}))
		require.Len(f, f.scan(contract.ScanRequest{Projection: []model.ColumnID{}}), 6)
	})
	st, err := f.s.Scan(f.Context(), contract.ScanRequest{Region: f.id, TimeRange: model.AllTime, Projection: []model.ColumnID{ColPath, ColTime, ColValue}})
	require.NoError(f, err)
	defer st.Close()
	require.Equal(f, []model.Field{{Name: "path", Type: model.String, ID: ColPath}, {Name: "ts", Type: model.Timestamp(model.Millisecond), ID: ColTime}, {Name: "v", Type: model.Float64, ID: ColValue}}, st.Fields())
}

func timeRange(_ *testing.T, f *fixture) {
	f.fourSeries()
	f.everywhere(func() {
		require.Equal(f, []string{"a /x 10 1", "a /y 10 -"}, f.scan(contract.ScanRequest{TimeRange: model.TimeRange{Start: 10, End: 20}}))
		require.Equal(f, []string{"b - 5 0.5"}, f.scan(contract.ScanRequest{TimeRange: model.TimeRange{Start: math.MinInt64, End: 6}}))
		require.Empty(f, f.scan(contract.ScanRequest{TimeRange: model.TimeRange{Start: 31, End: 40}}))
		ge := model.Compare(model.OpGe, ColTime, model.IntValue(model.Timestamp(model.Millisecond), 30))
		require.Equal(f, []string{"a /y 30 3"}, f.scan(contract.ScanRequest{Predicate: ge}))
	})
}

func predicates(_ *testing.T, f *fixture) {
	f.fourSeries()
	in := &model.Expr{Op: model.OpIn, Column: ColPath, Values: []model.Value{model.StringValue("/y"), model.StringValue("/none")}}
	f.everywhere(func() {
		for _, x := range []struct {
			e    *model.Expr
			want []string
		}{
			{eq(ColHost, "a"), []string{"a /x 10 1", "a /x 20 2", "a /y 10 -", "a /y 30 3"}},
			{eq(ColHost, "none"), nil},
			{in, []string{"a /y 10 -", "a /y 30 3"}},
			{&model.Expr{Op: model.OpRegex, Column: ColHost, Pattern: "[bc]"}, []string{"b - 5 0.5", "b /x 20 4"}},
			{&model.Expr{Op: model.OpIsNull, Column: ColPath}, []string{"b - 5 0.5"}},
			{&model.Expr{Op: model.OpNotNull, Column: ColValue}, []string{"a /x 10 1", "a /x 20 2", "a /y 30 3", "b - 5 0.5", "b /x 20 4"}},
			{model.Compare(model.OpGt, ColValue, model.FloatValue(2)), []string{"a /y 30 3", "b /x 20 4"}},
			{model.And(eq(ColHost, "a"), model.Compare(model.OpLe, ColValue, model.FloatValue(1))), []string{"a /x 10 1"}},
			{model.Or(eq(ColPath, "/y"), model.Compare(model.OpEq, ColValue, model.FloatValue(4))), []string{"a /y 10 -", "a /y 30 3", "b /x 20 4"}},
			{&model.Expr{Op: model.OpFalse}, nil},
			{&model.Expr{Op: model.OpTrue}, []string{"a /x 10 1", "a /x 20 2", "a /y 10 -", "a /y 30 3", "b - 5 0.5", "b /x 20 4"}},
		} {
			require.Equal(f, x.want, f.scan(contract.ScanRequest{Predicate: x.e}), "%s", x.e)
		}
	})
}

func orderAndLimit(_ *testing.T, f *fixture) {
	f.fourSeries()
	f.everywhere(func() {
		series := []string{"a /x 10 1", "a /x 20 2", "a /y 10 -", "a /y 30 3", "b - 5 0.5", "b /x 20 4"}
		require.Equal(f, series, f.scan(contract.ScanRequest{Order: contract.OrderSeries}))
		require.Equal(f, series[:4], f.scan(contract.ScanRequest{Order: contract.OrderSeries, Limit: 4}))
		times := []model.ColumnID{ColTime}
		require.Equal(f, []string{"5", "10", "10", "20", "20", "30"}, f.scan(contract.ScanRequest{Order: contract.OrderTimeAsc, Projection: times}))
		require.Equal(f, []string{"30", "20", "20"}, f.scan(contract.ScanRequest{Order: contract.OrderTimeDesc, Projection: times, Limit: 3}))
		require.Equal(f, []string{"20", "20"}, f.scan(contract.ScanRequest{Order: contract.OrderTimeDesc, Projection: times, Limit: 2, TimeRange: model.TimeRange{Start: 0, End: 30}}))
		require.Len(f, f.scan(contract.ScanRequest{Limit: 2}), 2)
		require.Len(f, f.scan(contract.ScanRequest{Limit: 100}), 6)
	})
}

func lastRow(_ *testing.T, f *fixture) {
	f.fourSeries()
	f.everywhere(func() {
		require.Equal(f, []string{"a /x 20 2", "a /y 30 3", "b - 5 0.5", "b /x 20 4"}, f.scan(contract.ScanRequest{LastRow: true, Order: contract.OrderSeries}))
		require.Equal(f, []string{"a /x 10 1", "a /y 10 -", "b - 5 0.5"}, f.scan(contract.ScanRequest{LastRow: true, TimeRange: model.TimeRange{Start: 0, End: 20}}))
		require.Equal(f, []string{"a /x 10 1", "b - 5 0.5"},
			f.scan(contract.ScanRequest{LastRow: true, Predicate: model.Compare(model.OpLt, ColValue, model.FloatValue(2))}))
	})
}

func aggregate(_ *testing.T, f *fixture) {
	f.fourSeries()
	sums := &model.Aggregate{Keys: []model.GroupKey{{Column: ColHost}}, Aggs: []model.Agg{{Func: model.AggCountRows}, {Func: model.AggSum, Column: ColValue}, {Func: model.AggLast, Column: ColValue}}}
	slots := &model.Aggregate{Keys: []model.GroupKey{{Column: ColTime, Bucket: &model.TimeBucket{Width: 20}}}, Aggs: []model.Agg{{Func: model.AggMax, Column: ColValue}, {Func: model.AggCount, Column: ColValue}}}
	whole := &model.Aggregate{Aggs: []model.Agg{{Func: model.AggCountRows}, {Func: model.AggMin, Column: ColValue}}}
	f.everywhere(func() {
		require.Equal(f, []string{"a 4 6 3 30", "b 2 4.5 4 20"}, f.scan(contract.ScanRequest{Aggregate: sums}))
		require.Equal(f, []string{"a 1 1 1 10"}, f.scan(contract.ScanRequest{Aggregate: sums, Predicate: model.Compare(model.OpEq, ColValue, model.FloatValue(1))}))
		require.Equal(f, []string{"0 1 2", "20 4 3"}, f.scan(contract.ScanRequest{Aggregate: slots}))
		require.Equal(f, []string{"6 0.5"}, f.scan(contract.ScanRequest{Aggregate: whole}))
		require.Equal(f, []string{"0 -"}, f.scan(contract.ScanRequest{Aggregate: whole, Predicate: eq(ColHost, "none")}))
		require.Equal(f, []string{"a", "b"}, f.scan(contract.ScanRequest{Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: ColHost}}}}))
	})
	st, err := f.s.Scan(f.Context(), contract.ScanRequest{Region: f.id, TimeRange: model.AllTime, Aggregate: sums})
	require.NoError(f, err)
	defer st.Close()
	require.Len(f, st.Fields(), 5)
	require.Equal(f, "host", st.Fields()[0].Name)
}

// snapshot: a stream sees what was acknowledged when it was asked for, and none of what came after, a truncation neither; a lazy one, too.
func snapshot(_ *testing.T, f *fixture) {
	f.fourSeries()
	var streams []contract.Stream
	for _, lazy := range []bool{false, true, true} {
		st, err := f.s.Scan(f.Context(), contract.ScanRequest{Region: f.id, TimeRange: model.AllTime, Projection: []model.ColumnID{ColTime}, Lazy: lazy})
		require.NoError(f, err)
		require.Equal(f, "ts", st.Fields()[0].Name)
		streams = append(streams, st)
	}
	f.put(row{"new", "/", 1, 1, false})
	require.NoError(f, f.s.Flush(f.Context(), f.id))
	require.NoError(f, f.s.Truncate(f.Context(), f.id))
	for _, st := range streams[:2] {
		rows := 0
		for {
			b, err := st.Next(f.Context())
			if err != nil {
				require.ErrorIs(f, err, io.EOF)
				break
			}
			rows += b.Len
		}
		require.Equal(f, 6, rows)
		require.NoError(f, st.Close())
	}
	require.NoError(f, streams[2].Close()) // without a look at it
	f.holds()
}

func badScans(_ *testing.T, f *fixture) {
	f.fourSeries()
	for _, req := range []contract.ScanRequest{
		{Projection: []model.ColumnID{99}},
		{Predicate: eq(99, "x")},
		{Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: 99}}}},
		{Aggregate: &model.Aggregate{Aggs: []model.Agg{{Func: model.AggSum, Column: 99}}}},
	} {
		_, err := f.tryScan(f.Context(), req)
		f.code(err, errs.TableColumnNotFound)
	}
	_, err := f.tryScan(f.Context(), contract.ScanRequest{Limit: -1})
	f.code(err, errs.InvalidArguments)
	_, err = f.tryScan(f.Context(), contract.ScanRequest{LastRow: true, Aggregate: &model.Aggregate{}})
	f.code(err, errs.InvalidArguments)
	_, err = f.tryScan(f.Context(), contract.ScanRequest{Predicate: &model.Expr{Op: model.OpRegex, Column: ColHost, Pattern: "("}})
	f.code(err, errs.InvalidArguments)
}
