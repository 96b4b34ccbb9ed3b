package regiontest

import (
	"context"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

func create(_ *testing.T, f *fixture) {
	f.create()
	f.put(row{"a", "/", 1, 1, false})
	f.create() // the same again: success, and the rows stay
	f.holds("a / 1 1")
	other := f.Home.Create
	other.Meta.Schema = Wider()
	f.code(f.s.Create(f.Context(), other), errs.RegionAlreadyExists)
	f.holds("a / 1 1")
	m, err := f.s.Meta(f.Context(), f.id)
	require.NoError(f, err)
	require.Equal(f, f.id, m.ID)
	require.Equal(f, Schema(), m.Schema)
	none := f.Home.Create
	none.Meta.ID, none.Meta.Schema = model.NewRegionID(4000, 0), nil
	f.code(f.s.Create(f.Context(), none), errs.InvalidArguments)
}

// notThere: every method says RegionNotFound of a region that is not there, before it was made and after it went.
func notThere(_ *testing.T, f *fixture) {
	ctx := f.Context()
	check := func() {
		f.Helper()
		_, err := f.tryScan(ctx, contract.ScanRequest{})
		f.code(err, errs.RegionNotFound)
		_, err = f.s.Write(ctx, contract.WriteRequest{Writes: []contract.RegionWrite{f.request(model.OpPut, row{"a", "/", 1, 1, false})}})
		f.code(err, errs.RegionNotFound)
		_, err = f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, TimeRange: model.AllTime})
		f.code(err, errs.RegionNotFound)
		_, err = f.s.Meta(ctx, f.id)
		f.code(err, errs.RegionNotFound)
		_, err = f.s.Statistics(ctx, []model.RegionID{f.id})
		f.code(err, errs.RegionNotFound)
		_, err = f.s.Files(ctx, []model.RegionID{f.id})
		f.code(err, errs.RegionNotFound)
		f.code(f.s.Flush(ctx, f.id), errs.RegionNotFound)
		f.code(f.s.Compact(ctx, contract.CompactRequest{Region: f.id}), errs.RegionNotFound)
		f.code(f.s.BuildIndex(ctx, f.id), errs.RegionNotFound)
		_, err = f.s.CollectGarbage(ctx, f.id, true)
		f.code(err, errs.RegionNotFound)
		_, err = f.s.DropFiles(ctx, contract.DropFilesRequest{Region: f.id})
		f.code(err, errs.RegionNotFound)
		_, err = f.s.DiscardUnflushed(ctx, f.id)
		f.code(err, errs.RegionNotFound)
		f.code(f.s.Truncate(ctx, f.id), errs.RegionNotFound)
		f.code(f.s.Alter(ctx, contract.AlterRegion{ID: f.id, Schema: Wider()}), errs.RegionNotFound)
		f.code(f.s.Close(ctx, f.id), errs.RegionNotFound)
		f.code(f.s.Drop(ctx, f.id), errs.RegionNotFound)
	}
	check()
	f.create()
	require.NoError(f, f.s.Close(ctx, f.id))
	check()
}

func badWrites(_ *testing.T, f *fixture) {
	f.create()
	f.put(row{"a", "/", 1, 1, false})
	good := f.request(model.OpPut, row{"b", "/", 1, 1, false})
	bad := func(code errs.Code, change func(w *contract.RegionWrite)) {
		f.Helper()
		w := f.request(model.OpPut, row{"b", "/", 1, 1, false})
		change(&w)
		_, err := f.s.Write(f.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{w}})
		f.code(err, code)
		f.holds("a / 1 1")
	}
	bad(errs.RequestOutdated, func(w *contract.RegionWrite) { w.SchemaVersion = Schema().Version + 1 })
	bad(errs.TableColumnNotFound, func(w *contract.RegionWrite) { w.Columns[3] = 99 })
	bad(errs.InvalidArguments, func(w *contract.RegionWrite) { w.Columns = w.Columns[:2] })
	bad(errs.InvalidArguments, func(w *contract.RegionWrite) { w.Rows.Cols[3] = good.Rows.Cols[0] })                      // another type
	bad(errs.InvalidArguments, func(w *contract.RegionWrite) { w.Rows.Cols[3] = model.NewVector(model.Float64, 0) })      // too few values
	bad(errs.InvalidArguments, func(w *contract.RegionWrite) { w.Columns, w.Rows.Cols = w.Columns[1:], w.Rows.Cols[1:] }) // no time
	bad(errs.InvalidArguments, func(w *contract.RegionWrite) { w.Rows.Cols[0] = nullTime() })                             // a NULL time
}

func nullTime() *model.Vector {
	v := model.NewVector(model.Timestamp(model.Millisecond), 1)
	v.AppendNull()
	return v
}

func deleteRows(_ *testing.T, f *fixture) {
	f.fourSeries()
	require.NoError(f, f.s.Flush(f.Context(), f.id))
	f.put(row{"c", "/", 1, 1, false})
	_, err := f.s.Write(f.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{f.request(model.OpDelete, row{host: "a", path: "/x", ts: 10},
		row{host: "c", path: "/", ts: 1}, row{host: "b", path: "-", ts: 5}, row{host: "none", path: "/", ts: 1})}})
	require.NoError(f, err)
	f.everywhere(func() { f.holds("a /x 20 2", "a /y 10 -", "a /y 30 3", "b /x 20 4") })
	f.put(row{"a", "/x", 10, 9, false})
	f.everywhere(func() { f.holds("a /x 10 9", "a /x 20 2", "a /y 10 -", "a /y 30 3", "b /x 20 4") })
}

func deleteWhere(_ *testing.T, f *fixture) {
	f.fourSeries()
	ctx := f.Context()
	n, err := f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, TimeRange: model.TimeRange{Start: 0, End: 20}, Predicate: eq(ColHost, "a"), Count: true})
	require.NoError(f, err)
	require.EqualValues(f, 2, n)
	f.everywhere(func() { f.holds("a /x 20 2", "a /y 30 3", "b - 5 0.5", "b /x 20 4") })
	f.put(row{"a", "/x", 10, 8, false}) // after the deletion: it stays
	f.everywhere(func() { f.holds("a /x 10 8", "a /x 20 2", "a /y 30 3", "b - 5 0.5", "b /x 20 4") })
	n, err = f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, TimeRange: model.AllTime, Predicate: &model.Expr{Op: model.OpIsNull, Column: ColPath}})
	require.NoError(f, err)
	require.Zero(f, n) // not asked to count
	f.holds("a /x 10 8", "a /x 20 2", "a /y 30 3", "b /x 20 4")

	_, err = f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, SchemaVersion: 9, TimeRange: model.AllTime})
	f.code(err, errs.RequestOutdated)
	_, err = f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, TimeRange: model.AllTime, Predicate: eq(99, "x")})
	f.code(err, errs.TableColumnNotFound)
	_, err = f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, TimeRange: model.AllTime, Predicate: model.Compare(model.OpGt, ColValue, model.FloatValue(1))})
	f.code(err, errs.Unsupported)
	f.holds("a /x 10 8", "a /x 20 2", "a /y 30 3", "b /x 20 4")
	_, err = f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, TimeRange: model.AllTime})
	require.NoError(f, err)
	f.everywhere(func() { f.holds() })
}

func truncate(_ *testing.T, f *fixture) {
	f.fourSeries()
	require.NoError(f, f.s.Flush(f.Context(), f.id))
	f.put(row{"c", "/", 1, 1, false})
	require.NoError(f, f.s.Truncate(f.Context(), f.id))
	f.everywhere(func() { f.holds() })
	f.put(row{"a", "/x", 10, 5, false})
	f.everywhere(func() { f.holds("a /x 10 5") })
	require.NoError(f, f.s.Close(f.Context(), f.id))
	require.NoError(f, f.Reopen(f.Context()))
	f.everywhere(func() { f.holds("a /x 10 5") })
	m, err := f.s.Meta(f.Context(), f.id)
	require.NoError(f, err)
	require.Equal(f, Schema(), m.Schema)
}

func alter(_ *testing.T, f *fixture) {
	f.fourSeries()
	ctx := f.Context()
	far := Wider()
	far.Version++
	f.code(f.s.Alter(ctx, contract.AlterRegion{ID: f.id, Schema: far}), errs.RequestOutdated)
	require.NoError(f, f.s.Alter(ctx, contract.AlterRegion{ID: f.id, Schema: Wider()}))
	require.NoError(f, f.s.Alter(ctx, contract.AlterRegion{ID: f.id, Schema: Wider()})) // once more is success
	m, err := f.s.Meta(ctx, f.id)
	require.NoError(f, err)
	require.Equal(f, Wider(), m.Schema)
	f.put(row{"a", "/x", 10, 7, false}) // made by the older schema: the same series as before
	cols, b := batch(row{"a", "/x", 10, 8, false})
	zone := model.NewVector(model.String, 1)
	zone.AppendString("eu")
	w := contract.RegionWrite{Region: f.id, SchemaVersion: 1, Op: model.OpPut, Columns: append(cols, ColZone), Rows: b}
	b.Cols = append(b.Cols, zone)
	_, err = f.s.Write(ctx, contract.WriteRequest{Writes: []contract.RegionWrite{w}})
	require.NoError(f, err)
	f.everywhere(func() {
		require.Equal(f, []string{"a /x - 10 7", "a /x eu 10 8"}, f.scan(contract.ScanRequest{Projection: []model.ColumnID{ColHost, ColPath, ColZone, ColTime, ColValue},
			Order: contract.OrderSeries, TimeRange: model.TimeRange{Start: 10, End: 11}, Predicate: eq(ColPath, "/x")}))
		require.Len(f, f.scan(contract.ScanRequest{Predicate: eq(ColZone, "eu")}), 1)
		require.Len(f, f.scan(contract.ScanRequest{}), 7)
	})
	st, err := f.s.Scan(ctx, contract.ScanRequest{Region: f.id, Bound: 1, TimeRange: model.AllTime, Projection: []model.ColumnID{ColHost}}) // bound by the older schema
	require.NoError(f, err)
	require.NoError(f, st.Close())
}

func alterOptions(_ *testing.T, f *fixture) {
	f.create()
	f.put(row{"a", "/", 1, 1, false})
	o := f.Home.Create.Meta.Options
	o.TriggerFileNum = 9
	err := f.s.Alter(f.Context(), contract.AlterRegion{ID: f.id, Options: &o})
	if f.Shared { // they are another region's
		f.code(err, errs.InvalidArguments)
		return
	}
	require.NoError(f, err)
	m, err := f.s.Meta(f.Context(), f.id)
	require.NoError(f, err)
	require.Equal(f, o, m.Options)
	f.holds("a / 1 1")
}

func flushAndCompact(_ *testing.T, f *fixture) {
	f.create()
	ctx := f.Context()
	require.NoError(f, f.s.Flush(ctx, f.id)) // nothing to flush
	require.NoError(f, f.s.Compact(ctx, contract.CompactRequest{Region: f.id}))
	require.NoError(f, f.s.BuildIndex(ctx, f.id))
	var want []string
	for i := range 6 {
		f.put(row{"a", "/", int64(i), float64(i), false}, row{"a", "/", 100, float64(i), false})
		want = append(want, fmt.Sprintf("a / %d %d", i, i))
		require.NoError(f, f.s.Flush(ctx, f.id))
	}
	want = append(want, "a / 100 5")
	f.holds(slices.Clone(want)...)
	require.NoError(f, f.s.Compact(ctx, contract.CompactRequest{Region: f.id}))
	f.holds(slices.Clone(want)...)
	require.NoError(f, f.s.Compact(ctx, contract.CompactRequest{Region: f.id, Strict: true, TimeRange: &model.TimeRange{Start: 2, End: 3}, Parallelism: 2}))
	require.NoError(f, f.s.BuildIndex(ctx, f.id))
	f.holds(slices.Clone(want)...)
}

// discards: files by their times, rows in memory, and garbage, of which there is none.
func discards(_ *testing.T, f *fixture) {
	f.create()
	ctx := f.Context()
	deleted, err := f.s.CollectGarbage(ctx, f.id, true)
	require.NoError(f, err)
	require.Zero(f, deleted)
	if f.Shared {
		_, err := f.s.DropFiles(ctx, contract.DropFilesRequest{Region: f.id, Ranges: []model.TimeRange{model.AllTime}})
		f.code(err, errs.Unsupported)
		_, err = f.s.DiscardUnflushed(ctx, f.id)
		f.code(err, errs.Unsupported)
		return
	}
	for i := range 3 {
		f.put(row{"a", "/", int64(10 * i), 1, false}, row{"a", "/", int64(10*i) + 5, 2, false})
		require.NoError(f, f.s.Flush(ctx, f.id))
	}
	f.put(row{"a", "/", 12, 3, false})
	drop := func(want int, ranges ...model.TimeRange) {
		f.Helper()
		n, err := f.s.DropFiles(ctx, contract.DropFilesRequest{Region: f.id, Ranges: ranges})
		require.NoError(f, err)
		require.Equal(f, want, n)
	}
	drop(0)
	drop(0, model.TimeRange{Start: 10, End: 15}, model.TimeRange{Start: 6, End: 9}, model.TimeRange{Start: 15, End: 25})
	drop(1, model.TimeRange{Start: 10, End: 16})
	f.holds("a / 0 1", "a / 12 3", "a / 20 1", "a / 25 2", "a / 5 2")
	discard := func(want uint64) {
		f.Helper()
		rows, err := f.s.DiscardUnflushed(ctx, f.id)
		require.NoError(f, err)
		require.Equal(f, want, rows)
	}
	f.put(row{"a", "/", 5, 9, false}, row{"b", "/", 1, 1, false})
	discard(3)
	discard(0)
	f.holds("a / 0 1", "a / 20 1", "a / 25 2", "a / 5 2")
	f.put(row{"c", "/", 1, 1, false})
	require.NoError(f, f.s.Close(ctx, f.id))
	require.NoError(f, f.Reopen(ctx))
	f.holds("a / 0 1", "a / 20 1", "a / 25 2", "a / 5 2", "c / 1 1")
	drop(2, model.TimeRange{Start: 0, End: 6}, model.TimeRange{Start: 20, End: 26})
	f.holds("c / 1 1")
}

func statistics(_ *testing.T, f *fixture) {
	f.fourSeries()
	ctx := f.Context()
	mine := func() (contract.RegionStatistics, int) {
		f.Helper()
		some, err := f.s.Statistics(ctx, []model.RegionID{f.id})
		require.NoError(f, err)
		every, err := f.s.Statistics(ctx, nil)
		require.NoError(f, err)
		require.Equal(f, len(some) == 1, slices.ContainsFunc(every, func(x contract.RegionStatistics) bool { return x.ID == f.id }))
		files, err := f.s.Files(ctx, []model.RegionID{f.id})
		require.NoError(f, err)
		for _, x := range files {
			require.Equal(f, f.id, x.Region)
		}
		if len(some) == 0 {
			return contract.RegionStatistics{}, len(files)
		}
		return some[0], len(files)
	}
	none, err := f.s.Statistics(ctx, []model.RegionID{})
	require.NoError(f, err)
	require.Empty(f, none)
	noFiles, err := f.s.Files(ctx, []model.RegionID{})
	require.NoError(f, err)
	require.Empty(f, noFiles)
	s, files := mine()
	if f.Shared {
		require.Zero(f, s)
		require.Zero(f, files)
		return
	}
	require.EqualValues(f, 6, s.Rows)
	require.EqualValues(f, 4, s.Series)
	require.Equal(f, []int64{5, 30}, []int64{s.MinTime, s.MaxTime})
	require.True(f, s.Writable)
	require.Zero(f, files)
	require.NoError(f, f.s.Flush(ctx, f.id))
	s, files = mine()
	require.EqualValues(f, 6, s.Rows)
	require.Equal(f, 1, s.SSTFiles)
	require.Equal(f, 1, files)
	require.Positive(f, s.SSTBytes)
	require.Equal(f, s.CommittedSequence, s.FlushedSequence)
}

func closeAndOpen(_ *testing.T, f *fixture) {
	f.fourSeries()
	ctx := f.Context()
	require.NoError(f, f.s.Flush(ctx, f.id))
	f.put(row{"c", "/", 1, 1, false})
	require.NoError(f, f.s.Close(ctx, f.id))
	require.NoError(f, f.Reopen(ctx))
	require.NoError(f, f.Reopen(ctx)) // open already
	f.everywhere(func() { f.holds(append([]string{"c / 1 1"}, all...)...) })
	f.put(row{"c", "/", 2, 2, false})
	f.holds(append([]string{"c / 1 1", "c / 2 2"}, all...)...)
}

func drop(_ *testing.T, f *fixture) {
	f.fourSeries()
	ctx := f.Context()
	st, err := f.s.Scan(ctx, contract.ScanRequest{Region: f.id, TimeRange: model.AllTime, Projection: []model.ColumnID{ColTime}})
	require.NoError(f, err)
	require.NoError(f, f.s.Drop(ctx, f.id))
	rows := 0
	for { // what reads the region keeps it
		b, err := st.Next(ctx)
		if err != nil {
			break
		}
		rows += b.Len
	}
	require.Equal(f, 6, rows)
	require.NoError(f, st.Close())
	_, err = f.tryScan(ctx, contract.ScanRequest{})
	f.code(err, errs.RegionNotFound)
	f.code(f.s.Drop(ctx, f.id), errs.RegionNotFound)
	if !f.Shared {
		f.code(f.Reopen(ctx), errs.RegionNotFound)
	}
}

func cancelled(_ *testing.T, f *fixture) {
	f.fourSeries()
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	if _, err := f.tryScan(ctx, contract.ScanRequest{}); err != nil {
		require.ErrorIs(f, err, context.Canceled)
	}
	_, _ = f.s.Write(ctx, contract.WriteRequest{Writes: []contract.RegionWrite{f.request(model.OpPut, row{"a", "/x", 10, 1, false})}})
	f.holds(slices.Clone(all)...) // whether the write was made or not
}

// concurrency: every writer's acknowledged rows are seen by the scans that begin later, whatever else goes on.
func concurrency(_ *testing.T, f *fixture) {
	f.create()
	ctx := f.Context()
	const writers, rounds = 4, 60
	var wg sync.WaitGroup
	fail := make(chan error, 2*writers+1)
	for w := range writers {
		host := string(rune('a' + w))
		wg.Go(func() {
			for i := range rounds {
				req := f.request(model.OpPut, row{host, "/", int64(i), float64(i), false})
				if _, err := f.s.Write(ctx, contract.WriteRequest{Writes: []contract.RegionWrite{req}}); err != nil {
					fail <- err
					return
				}
				got, err := f.tryScan(ctx, contract.ScanRequest{Predicate: eq(ColHost, host), Order: contract.OrderSeries})
				if err == nil && (len(got) != i+1 || got[i] != fmt.Sprintf("%s / %d %d", host, i, i)) {
					err = fmt.Errorf("after %d writes a scan gives %s", i+1, strings.Join(got, ", "))
				}
				if err != nil {
					fail <- err
					return
				}
			}
		})
	}
	done := make(chan struct{})
	var jobs sync.WaitGroup
	jobs.Go(func() {
		altered := false
		for {
			select {
			case <-done:
				return
			default:
			}
			err := f.s.Flush(ctx, f.id)
			if err == nil {
				err = f.s.Compact(ctx, contract.CompactRequest{Region: f.id, Strict: true})
			}
			if err == nil && !altered {
				altered = true
				err = f.s.Alter(ctx, contract.AlterRegion{ID: f.id, Schema: Wider()})
			}
			if err == nil {
				_, err = f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, TimeRange: model.AllTime, Predicate: eq(ColHost, "z")})
			}
			if err == nil {
				_, err = f.s.Statistics(ctx, nil)
			}
			if err == nil {
				_, err = f.s.Files(ctx, nil)
			}
			if err != nil && errs.CodeOf(err) != errs.RateLimited {
				fail <- err
				return
			}
		}
	})
	wg.Wait()
	close(done)
	jobs.Wait()
	select {
	case err := <-fail:
		require.NoError(f, err)
	default:
	}
	require.Len(f, f.scan(contract.ScanRequest{}), writers*rounds)
}

// plainModel does random things to the region and to a map.
func plainModel(_ *testing.T, f *fixture) {
	f.create()
	ctx := f.Context()
	rnd := rand.New(rand.NewSource(1))
	type key struct {
		host, path string
		ts         int64
	}
	want := map[key]float64{}
	some := func() row {
		return row{string(rune('a' + rnd.Intn(4))), []string{"/x", "/y", "-"}[rnd.Intn(3)], int64(rnd.Intn(50)), float64(rnd.Intn(1000)), false}
	}
	for range 150 {
		switch rnd.Intn(12) {
		case 0:
			require.NoError(f, f.s.Flush(ctx, f.id))
		case 1:
			require.NoError(f, f.s.Compact(ctx, contract.CompactRequest{Region: f.id, Strict: rnd.Intn(2) == 0}))
		case 2:
			if rnd.Intn(4) == 0 {
				require.NoError(f, f.s.Truncate(ctx, f.id))
				clear(want)
			}
		case 3:
			host, from := string(rune('a'+rnd.Intn(4))), int64(rnd.Intn(50))
			count := uint64(0)
			for k := range want {
				if k.host == host && k.ts >= from && k.ts < from+10 {
					delete(want, k)
					count++
				}
			}
			n, err := f.s.DeleteWhere(ctx, contract.DeleteRequest{Region: f.id, TimeRange: model.TimeRange{Start: from, End: from + 10}, Predicate: eq(ColHost, host), Count: true})
			require.NoError(f, err)
			require.Equal(f, count, n)
		case 4:
			require.NoError(f, f.s.Close(ctx, f.id))
			require.NoError(f, f.Reopen(ctx))
		case 5:
			r := some()
			_, err := f.s.Write(ctx, contract.WriteRequest{Writes: []contract.RegionWrite{f.request(model.OpDelete, r)}})
			require.NoError(f, err)
			delete(want, key{r.host, r.path, r.ts})
		default:
			var rows []row
			for range 1 + rnd.Intn(20) {
				r := some()
				rows = append(rows, r)
				want[key{r.host, r.path, r.ts}] = r.v
			}
			f.put(rows...)
		}
		var lines, one []string
		for k, v := range want {
			s := fmt.Sprintf("%s %s %d %v", k.host, k.path, k.ts, v)
			lines = append(lines, s)
			if k.host == "b" {
				one = append(one, s)
			}
		}
		slices.Sort(one)
		f.holds(lines...)
		require.Equal(f, one, f.scan(contract.ScanRequest{Predicate: eq(ColHost, "b")}))
	}
}
