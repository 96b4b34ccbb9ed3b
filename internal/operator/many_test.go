package operator

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	"github.com/goptimedb/goptimedb/internal/kv/bolt"
	"github.com/goptimedb/goptimedb/internal/model"
	objlocal "github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/storage/engine"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal/local"
)

// BenchmarkNewTables is a first write to a thousand tables, on the file system of the machine: to tables of their own, and to logical ones.
func BenchmarkNewTables(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchNewTables(b, model.InsertOptions{Kind: model.PlainTable}) })
	b.Run("logical", func(b *testing.B) { benchNewTables(b, onPhysical) })
}

func benchNewTables(b *testing.B, opts model.InsertOptions) {
	for b.Loop() {
		b.StopTimer()
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
		files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(64 << 20)})
		must(err)
		meta, err := bolt.Open(filepath.Join(dir, "meta.db"), bolt.Options{})
		must(err)
		eng := engine.New(engine.Options{Store: objects, WAL: log, Files: files, Sweep: time.Hour})
		cat, err := catalog.Open(ctx, meta, time.Now)
		must(err)
		o := New(Options{Catalog: cat, Regions: metric.New(eng), AutoCreateTable: true})
		var rs []*model.Rows
		for i := range 1000 {
			rs = append(rs, rows(fmt.Sprintf("m%d", i), []string{"tag host", "time ts", "field v"}, []model.Type{model.String, ms, model.Float64}, []any{"a", 1, 0.5}))
		}
		b.StartTimer()
		_, err = o.Insert(ctx, model.NewSession("bench"), rs, opts)
		must(err)
		b.StopTimer()
		eng.Stop()
		must(log.Close())
		files.Close()
		must(meta.Close())
		b.StartTimer()
	}
}
