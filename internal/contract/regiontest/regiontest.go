// Package regiontest holds every home of contract.RegionServer to its contract.
package regiontest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Home is a region server under test, and the region that the suite makes in it.
type Home struct {
	Regions contract.RegionServer
	// Create is the request that makes the region; Meta.Schema is Schema().
	Create contract.CreateRegion
	// Reopen opens the region after it was closed.
	Reopen func(ctx context.Context) error
	// Shared says that the region has no storage of its own: its options, files and statistics are those of another region, which takes
	// its flushes and compactions, and it is listed nowhere.
	Shared bool
	// Close ends the server.
	Close func()
}

// The columns of the suite's region. ColZone comes with Wider.
const (
	ColTime model.ColumnID = iota + 1
	ColHost
	ColPath
	ColValue
	ColZone
)

// Schema is a time index in milliseconds, the labels host and path, and a float: what every home can have.
func Schema() *model.Schema {
	return &model.Schema{PrimaryKey: []model.ColumnID{ColHost, ColPath}, TimeIndex: ColTime, NextColumn: ColZone, Columns: []model.Column{
		{ID: ColTime, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
		{ID: ColHost, Name: "host", Type: model.String, Nullable: true, Semantic: model.TagColumn},
		{ID: ColPath, Name: "path", Type: model.String, Nullable: true, Semantic: model.TagColumn},
		{ID: ColValue, Name: "v", Type: model.Float64, Nullable: true},
	}}
}

// Wider is the next version of Schema, with the label zone.
func Wider() *model.Schema {
	s := Schema().Clone()
	s.Version, s.NextColumn = s.Version+1, ColZone+1
	s.PrimaryKey = append(s.PrimaryKey, ColZone)
	s.Columns = append(s.Columns, model.Column{ID: ColZone, Name: "zone", Type: model.String, Nullable: true, Semantic: model.TagColumn, Added: s.Version})
	return s
}

// Run runs the suite. open gives a new server for each test, in which the region is not yet.
func Run(t *testing.T, open func(t *testing.T) *Home) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"create", create},
		{"not there", notThere},
		{"write and scan", writeAndScan},
		{"null and empty labels", nulls},
		{"newer rows win", newerWins},
		{"projection", projection},
		{"time range", timeRange},
		{"predicates", predicates},
		{"order and limit", orderAndLimit},
		{"last row", lastRow},
		{"aggregate", aggregate},
		{"snapshot", snapshot},
		{"bad scans", badScans},
		{"bad writes", badWrites},
		{"delete rows", deleteRows},
		{"delete where", deleteWhere},
		{"truncate", truncate},
		{"alter", alter},
		{"alter options", alterOptions},
		{"flush and compact", flushAndCompact},
		{"discards", discards},
		{"statistics and files", statistics},
		{"close and open", closeAndOpen},
		{"drop", drop},
		{"cancel", cancelled},
		{"concurrency", concurrency},
		{"model", plainModel},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := open(t)
			defer h.Close()
			test.run(t, &fixture{T: t, Home: h, id: h.Create.Meta.ID, s: h.Regions})
		})
	}
}

// fixture is a home and what tests do with it.
type fixture struct {
	*testing.T
	*Home
	id model.RegionID
	s  contract.RegionServer
}

func (f *fixture) create() {
	f.Helper()
	require.NoError(f, f.s.Create(f.Context(), f.Home.Create))
}

// code requires that err has a code.
func (f *fixture) code(err error, codes ...errs.Code) {
	f.Helper()
	require.Error(f, err)
	require.Contains(f, codes, errs.CodeOf(err), "error: %v", err)
}

// row is a row of the region. An empty label is one of no bytes; "-" stands for NULL, as NaN does not for v: null is.
type row struct {
	host, path string
	ts         int64
	v          float64
	null       bool // v is NULL
}

func batch(rows ...row) ([]model.ColumnID, *model.Batch) {
	b := &model.Batch{Len: len(rows), Cols: []*model.Vector{model.NewVector(model.Timestamp(model.Millisecond), 0), model.NewVector(model.String, 0),
		model.NewVector(model.String, 0), model.NewVector(model.Float64, 0)}}
	label := func(v *model.Vector, s string) {
		if s == "-" {
			v.AppendNull()
		} else {
			v.AppendString(s)
		}
	}
	for _, r := range rows {
		b.Cols[0].AppendInt(r.ts)
		label(b.Cols[1], r.host)
		label(b.Cols[2], r.path)
		if r.null {
			b.Cols[3].AppendNull()
		} else {
			b.Cols[3].AppendFloat(r.v)
		}
	}
	return []model.ColumnID{ColTime, ColHost, ColPath, ColValue}, b
}

func (f *fixture) request(op model.OpType, rows ...row) contract.RegionWrite {
	cols, b := batch(rows...)
	if op == model.OpDelete {
		cols, b.Cols = cols[:3], b.Cols[:3]
	}
	return contract.RegionWrite{Region: f.id, SchemaVersion: Schema().Version, Op: op, Columns: cols, Rows: b}
}

func (f *fixture) put(rows ...row) {
	f.Helper()
	n, err := f.s.Write(f.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{f.request(model.OpPut, rows...)}})
	require.NoError(f, err)
	require.EqualValues(f, len(rows), n)
}

// scan gives the rows of a request as text, values between blanks. Unless the order is the request's they are sorted.
func (f *fixture) scan(req contract.ScanRequest) []string {
	f.Helper()
	out, err := f.tryScan(f.Context(), req)
	require.NoError(f, err)
	return out
}

func (f *fixture) tryScan(ctx context.Context, req contract.ScanRequest) (out []string, err error) {
	if req.Region == 0 {
		req.Region = f.id
	}
	if req.TimeRange == (model.TimeRange{}) {
		req.TimeRange = model.AllTime
	}
	if req.Projection == nil && req.Aggregate == nil {
		req.Projection = []model.ColumnID{ColHost, ColPath, ColTime, ColValue}
	}
	st, err := f.s.Scan(ctx, req)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := st.Close(); err == nil {
			err = cerr
		}
	}()
	for {
		b, err := st.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if b.Len == 0 || len(b.Cols) != len(st.Fields()) {
			return nil, fmt.Errorf("batch of %d rows and %d columns for %d fields", b.Len, len(b.Cols), len(st.Fields()))
		}
		at := 0
		for _, r := range b.Series {
			if r.Start != at || r.End <= at {
				return nil, fmt.Errorf("series runs %v of %d rows", b.Series, b.Len)
			}
			at = r.End
		}
		if req.Order == contract.OrderSeries && req.Aggregate == nil && at != b.Len {
			return nil, fmt.Errorf("series runs cover %d of %d rows", at, b.Len)
		}
		for i := range b.Len {
			var s []string
			for _, c := range b.Cols {
				if c.Len != b.Len {
					return nil, fmt.Errorf("a column of %d in a batch of %d rows", c.Len, b.Len)
				}
				s = append(s, text(c.At(i)))
			}
			out = append(out, strings.Join(s, " "))
		}
	}
	if n := st.Stats().RowsOut; n != int64(len(out)) {
		return nil, fmt.Errorf("%d rows came, the statistics say %d", len(out), n)
	}
	if req.Order == contract.OrderNone {
		slices.Sort(out)
	}
	return out, nil
}

func text(v model.Value) string {
	switch {
	case v.Null():
		return "-"
	case v.Type.Class() == model.ClassFloat:
		return fmt.Sprint(v.Float)
	case v.Type.Class() == model.ClassInt:
		return fmt.Sprint(v.Int)
	case v.Bytes == "":
		return "''"
	}
	return v.Bytes
}

// holds requires rows as text, in any order.
func (f *fixture) holds(want ...string) {
	f.Helper()
	slices.Sort(want)
	got := f.scan(contract.ScanRequest{})
	if len(want)+len(got) > 0 {
		require.Equal(f, want, got)
	}
}

// everywhere runs a check on rows in memory, then in a file, then merged.
func (f *fixture) everywhere(check func()) {
	f.Helper()
	check()
	require.NoError(f, f.s.Flush(f.Context(), f.id))
	check()
	require.NoError(f, f.s.Compact(f.Context(), contract.CompactRequest{Region: f.id, Strict: true}))
	check()
}

func eq(c model.ColumnID, s string) *model.Expr {
	return model.Compare(model.OpEq, c, model.StringValue(s))
}
