package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/kv/memory"
	"github.com/goptimedb/goptimedb/internal/model"
	objlocal "github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/objectstore/location"
	"github.com/goptimedb/goptimedb/internal/storage/engine"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal"
	"github.com/goptimedb/goptimedb/internal/wal/local"
)

// node is an operator over a real engine whose files are in memory.
type node struct {
	t       testing.TB
	fs      vfs.FS
	store   kv.Store
	eng     *engine.Engine
	regions contract.RegionServer // the engine, or what a test put before it
	log     wal.Log
	files   *sst.Reader
	copies  string // the root of COPY
	catalog *catalog.Catalog
	*Operator
}

func now() time.Time { return time.UnixMilli(1700000000123).UTC() }

func newNode(t testing.TB, tune func(*Options)) *node {
	t.Helper()
	n := &node{t: t, fs: crashfs.New(), store: memory.New(), copies: t.TempDir()}
	n.start(tune)
	t.Cleanup(func() { n.stop() })
	return n
}

func (n *node) start(tune func(*Options)) {
	n.t.Helper()
	ctx := context.Background()
	must := func(err error) {
		n.t.Helper()
		if err != nil {
			n.t.Fatal(err)
		}
	}
	store, err := objlocal.Open("/data/objects", objlocal.Options{FS: n.fs})
	must(err)
	n.log, err = local.Open(ctx, local.Options{Dir: "/data/wal", FS: n.fs, FileSize: 256 << 10})
	must(err)
	n.files, err = sst.NewReader(sst.ReaderOptions{Budget: budget.New(256 << 20)})
	must(err)
	n.eng = engine.New(engine.Options{Store: store, WAL: n.log, Files: n.files, Sweep: time.Hour})
	n.regions = metric.New(n.eng)
	n.catalog, err = catalog.Open(ctx, n.store, now)
	must(err)
	o := Options{Catalog: n.catalog, Regions: n.regions, AutoCreateTable: true, ColumnPrefix: "greptime", Now: now, Places: location.Places{Root: n.copies}}
	if tune != nil {
		tune(&o)
	}
	n.Operator = New(o)
	must(n.Recover(ctx, 4))
}

func (n *node) stop() {
	n.eng.Stop()
	if err := n.log.Close(); err != nil {
		n.t.Error(err)
	}
	n.files.Close()
}

// dump prints the rows of a table, series by series.
func (n *node) dump(table string) string {
	n.t.Helper()
	t, err := n.catalog.Table("public", table)
	if err != nil {
		n.t.Fatal(err)
	}
	var ids []model.ColumnID
	var b strings.Builder
	for i, c := range t.Schema.Columns {
		ids = append(ids, c.ID)
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s:%s", c.Name, c.Type)
	}
	b.WriteByte('\n')
	st, err := n.regions.Scan(n.t.Context(), contract.ScanRequest{Region: t.Regions[0], TimeRange: model.AllTime, Projection: ids, Order: contract.OrderSeries})
	if err != nil {
		n.t.Fatal(err)
	}
	defer st.Close()
	for {
		x, err := st.Next(n.t.Context())
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			n.t.Fatal(err)
		}
		for i := range x.Len {
			for j, c := range x.Cols {
				if j > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(c.At(i).String())
			}
			b.WriteByte('\n')
		}
	}
}

// rows builds rows from columns written "tag host", "time ts", "field v" and values in column order.
func rows(table string, columns []string, types []model.Type, values ...[]any) *model.Rows {
	r := &model.Rows{Table: table, Len: len(values)}
	for i, c := range columns {
		sem, name, _ := strings.Cut(c, " ")
		v := model.NewVector(types[i], len(values))
		for _, row := range values {
			switch x := row[i].(type) {
			case nil:
				v.AppendNull()
			case int:
				v.AppendInt(int64(x))
			case float64:
				v.AppendFloat(x)
			case string:
				v.AppendString(x)
			case bool:
				v.AppendBool(x)
			}
		}
		r.Columns = append(r.Columns, model.RowColumn{Name: name, Vector: v,
			Semantic: map[string]model.Semantic{"tag": model.TagColumn, "time": model.TimeColumn, "field": model.FieldColumn}[sem]})
	}
	return r
}
