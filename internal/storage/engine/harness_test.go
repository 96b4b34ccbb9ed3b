package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	objlocal "github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal"
	"github.com/goptimedb/goptimedb/internal/wal/local"
)

// node is an engine with its log and store over one file system.
type node struct {
	t      testing.TB
	eng    *Engine
	log    wal.Log
	files  *sst.Reader
	budget *budget.Budget
}

// start opens everything over fs; listener may be zero.
func start(t testing.TB, fs vfs.FS, dir string, tune func(*Options)) (*node, error) {
	t.Helper()
	n := &node{t: t, budget: budget.New(256 << 20)}
	store, err := objlocal.Open(dir+"/objects", objlocal.Options{FS: fs})
	if err != nil {
		return nil, err
	}
	if n.log, err = local.Open(t.Context(), local.Options{Dir: dir + "/wal", FS: fs, FileSize: 256 << 10}); err != nil {
		return nil, err
	}
	if n.files, err = sst.NewReader(sst.ReaderOptions{Budget: n.budget}); err != nil {
		return nil, err
	}
	o := Options{Store: store, WAL: n.log, Files: n.files, Sweep: time.Hour, CheckpointDistance: 3, CompactionShare: 1}
	if tune != nil {
		tune(&o)
	}
	n.eng = New(o)
	return n, nil
}

func (n *node) stop() error {
	n.eng.Stop()
	err := n.log.Close()
	n.files.Close()
	return err
}

const tableDir = "data/greptime/public/1024/"

var region0 = model.NewRegionID(1024, 0)

// Column ids of the test table: ts, host, v, s.
const (
	colTime model.ColumnID = iota + 1
	colHost
	colValue
	colText
)

func testMeta(mode contract.MergeMode) contract.RegionMeta {
	return contract.RegionMeta{ID: region0, Options: contract.RegionOptions{Merge: mode}, Schema: &model.Schema{
		PrimaryKey: []model.ColumnID{colHost}, TimeIndex: colTime, NextColumn: 5,
		Columns: []model.Column{
			{ID: colTime, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
			{ID: colHost, Name: "host", Type: model.String, Nullable: true, Semantic: model.TagColumn},
			{ID: colValue, Name: "v", Type: model.Float64, Nullable: true},
			{ID: colText, Name: "s", Type: model.String, Nullable: true},
		}}}
}

// row is a row of the test table. A nil value is NULL.
type row struct {
	host string
	ts   int64
	v    *float64
	s    *string
}

func put(op model.OpType, rows ...row) contract.WriteRequest {
	b := &model.Batch{Len: len(rows), Cols: []*model.Vector{model.NewVector(model.Timestamp(model.Millisecond), 0), model.NewVector(model.String, 0),
		model.NewVector(model.Float64, 0), model.NewVector(model.String, 0)}}
	for _, r := range rows {
		b.Cols[0].AppendInt(r.ts)
		b.Cols[1].AppendString(r.host)
		if r.v == nil {
			b.Cols[2].AppendNull()
		} else {
			b.Cols[2].AppendFloat(*r.v)
		}
		if r.s == nil {
			b.Cols[3].AppendNull()
		} else {
			b.Cols[3].AppendString(*r.s)
		}
	}
	w := contract.RegionWrite{Region: region0, Op: op, Columns: []model.ColumnID{colTime, colHost, colValue, colText}, Rows: b}
	if op == model.OpDelete {
		w.Columns, b.Cols = w.Columns[:2], b.Cols[:2]
	}
	return contract.WriteRequest{Writes: []contract.RegionWrite{w}}
}

// key identifies a row; state maps keys to what a scan prints of them, "v s", one entry per row for append tables.
type key struct {
	host string
	ts   int64
}

type state map[key][]string

func (s state) clone() state {
	c := maps.Clone(s)
	for k, v := range c {
		c[k] = slices.Clone(v)
	}
	return c
}

// apply is the plain model of a write.
func (s state) apply(mode contract.MergeMode, op model.OpType, rows ...row) {
	for _, r := range rows {
		k := key{r.host, r.ts}
		v, text := "NULL", "NULL"
		if r.v != nil {
			v = fmt.Sprint(*r.v)
		}
		if r.s != nil {
			text = *r.s
		}
		switch {
		case op == model.OpDelete:
			delete(s, k)
		case mode == contract.MergeAppend:
			s[k] = append(s[k], v+" "+text)
			slices.Sort(s[k])
		case mode == contract.MergeLastNonNull && len(s[k]) == 1:
			ov, otext, _ := strings.Cut(s[k][0], " ")
			if v == "NULL" {
				v = ov
			}
			if text == "NULL" {
				text = otext
			}
			s[k] = []string{v + " " + text}
		default:
			s[k] = []string{v + " " + text}
		}
	}
}

// scanAll reads the region whole.
func (n *node) scanAll(ctx context.Context) (state, error) {
	st, err := n.eng.Scan(ctx, contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Projection: []model.ColumnID{colHost, colTime, colValue, colText}})
	if err != nil {
		return nil, err
	}
	defer st.Close()
	out := state{}
	for {
		b, err := st.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for i := range b.Len {
			text := "NULL"
			if !b.Cols[3].Null(i) {
				text = string(b.Cols[3].BytesAt(i))
			}
			v := "NULL"
			if !b.Cols[2].Null(i) {
				v = fmt.Sprint(b.Cols[2].Floats[i])
			}
			k := key{string(b.Cols[0].BytesAt(i)), b.Cols[1].Ints[i]}
			out[k] = append(out[k], v+" "+text)
		}
	}
	for _, v := range out {
		slices.Sort(v)
	}
	return out, nil
}

// diff tells the first difference of two states, or "".
func diff(got, want state) string {
	for k, w := range want {
		if !slices.Equal(got[k], w) {
			return fmt.Sprintf("%v: got %v, want %v", k, got[k], w)
		}
	}
	for k, g := range got {
		if _, ok := want[k]; !ok {
			return fmt.Sprintf("%v: got %v, want none", k, g)
		}
	}
	return ""
}
