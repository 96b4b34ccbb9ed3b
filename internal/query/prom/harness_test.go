package prom

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	kvmemory "github.com/goptimedb/goptimedb/internal/kv/memory"
	"github.com/goptimedb/goptimedb/internal/model"
	objmemory "github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/operator"
	"github.com/goptimedb/goptimedb/internal/storage/engine"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal/noop"
)

// node is a region engine in memory, a catalog, writes and PromQL.
type node struct {
	tb       testing.TB
	catalog  *catalog.Catalog
	regions  contract.RegionServer
	insertAs model.InsertOptions
	op       *operator.Operator
	*Engine
	databases int
}

func newNode(tb testing.TB, opt Options) *node {
	tb.Helper()
	n := &node{tb: tb}
	files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(256 << 20)})
	if err != nil {
		tb.Fatal(err)
	}
	eng := engine.New(engine.Options{Store: objmemory.New(objmemory.Options{}), WAL: &noop.Log{}, Files: files, Sweep: time.Hour,
		WriteBufferBytes: 1 << 30})
	n.regions = metric.New(eng)
	n.insertAs = model.InsertOptions{Kind: model.PlainTable, AutoTime: true, AutoValue: true}
	clock := func() time.Time { return time.UnixMilli(0) }
	if n.catalog, err = catalog.Open(context.Background(), kvmemory.New(), clock); err != nil {
		tb.Fatal(err)
	}
	n.op = operator.New(operator.Options{Catalog: n.catalog, Regions: n.regions, AutoCreateTable: true, ColumnPrefix: "greptime", Now: clock})
	opt.Catalog, opt.Regions = n.catalog, n.regions
	n.Engine = New(opt)
	tb.Cleanup(func() {
		n.Engine.Close()
		eng.Stop()
		files.Close()
	})
	return n
}

// database makes an empty database and a session in it.
func (n *node) database() *model.Session {
	n.databases++
	name := fmt.Sprintf("db%d", n.databases)
	if err := n.catalog.CreateDatabase(context.Background(), name, nil); err != nil {
		n.tb.Fatal(err)
	}
	sess := model.NewSession("prometheus")
	sess.Database = name
	return sess
}

// sample is one sample of a series.
type sample struct {
	lset labels.Labels
	t    int64
	v    float64
}

// insert writes samples as remote write does: a table a metric, its labels as tags.
func (n *node) insert(ctx context.Context, sess *model.Session, samples []sample) error {
	byTable := map[string][]sample{}
	var names []string
	for _, s := range samples {
		m := s.lset.Get(nameLabel)
		if byTable[m] == nil {
			names = append(names, m)
		}
		byTable[m] = append(byTable[m], s)
	}
	var all []*model.Rows
	for _, name := range names {
		list := byTable[name]
		at := map[string]int{}
		r := &model.Rows{Table: name, Len: len(list)}
		times, values := model.NewVector(model.Timestamp(model.Millisecond), len(list)), model.NewVector(model.Float64, len(list))
		for i, s := range list {
			times.AppendInt(s.t)
			values.AppendFloat(s.v)
			s.lset.Range(func(l labels.Label) {
				if l.Name == nameLabel {
					return
				}
				c, ok := at[l.Name]
				if !ok {
					c = len(r.Columns)
					at[l.Name] = c
					r.Columns = append(r.Columns, model.RowColumn{Name: l.Name, Semantic: model.TagColumn, Vector: model.NewVector(model.String, 0)})
				}
				v := r.Columns[c].Vector
				v.AppendNulls(i - v.Len)
				v.AppendString(l.Value)
			})
		}
		for _, c := range r.Columns {
			c.Vector.AppendNulls(len(list) - c.Vector.Len)
		}
		r.Columns = append(r.Columns, model.RowColumn{Name: "greptime_timestamp", Semantic: model.TimeColumn, Vector: times},
			model.RowColumn{Name: "greptime_value", Vector: values})
		all = append(all, r)
	}
	_, err := n.op.Insert(ctx, sess, all, n.insertAs)
	return err
}

// testStorage is a database as the script runner of Prometheus wants it.
type testStorage struct {
	storage.Queryable
	n                 *node
	sess              *model.Session
	histograms, start int // samples that were left out or lost something
}

func (n *node) storage() *testStorage {
	sess := n.database()
	return &testStorage{Queryable: n.Queryable(sess), n: n, sess: sess}
}

func (*testStorage) ChunkQuerier(int64, int64) (storage.ChunkQuerier, error) {
	return nil, fmt.Errorf("no chunks")
}
func (*testStorage) Appender(context.Context) storage.Appender { return nil }
func (*testStorage) StartTime() (int64, error)                 { return 0, nil }
func (*testStorage) Close() error                              { return nil }
func (s *testStorage) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return &appender{s: s, ctx: ctx}
}

type appender struct {
	s       *testStorage
	ctx     context.Context
	samples []sample
}

func (a *appender) Append(_ storage.SeriesRef, l labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AppendV2Options) (storage.SeriesRef, error) {
	if st != 0 {
		a.s.start++
	}
	if h != nil || fh != nil {
		a.s.histograms++
		return 0, nil
	}
	a.samples = append(a.samples, sample{l, t, v})
	return 0, nil
}

func (a *appender) Commit() error   { return a.s.n.insert(a.ctx, a.s.sess, a.samples) }
func (a *appender) Rollback() error { return nil }
