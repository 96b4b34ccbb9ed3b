package engine

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/diskcache"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
)

// farNode is a node whose regions live in a far store, behind a disk cache.
type farNode struct {
	*node
	cache *diskcache.Cache
}

func startFar(t testing.TB, fs *crashfs.FS, dir string, far objectstore.Store, tune func(*Options)) *farNode {
	t.Helper()
	if err := vfs.MkdirAllSync(fs, dir); err != nil { // the cache makes its folders without a sync, which must not be those of the log
		t.Fatal(err)
	}
	c, err := diskcache.Open(diskcache.Options{Dir: dir + "/cache/write", FS: fs, Size: 64 << 20, ManifestSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	n, err := start(t, fs, dir, func(o *Options) {
		o.Store = c.Wrap(far, "far")
		if tune != nil {
			tune(o)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return &farNode{n, c}
}

func (n *farNode) stop() error {
	err := n.node.stop()
	if cerr := n.cache.Close(); err == nil {
		err = cerr
	}
	return err
}

// requests is how many calls a store got, all kinds together but lists: the search for garbage lists when it gets to it.
func requests(s *fault.Store) (n int) {
	for _, op := range objectstore.Ops {
		if op != objectstore.OpList {
			n += s.Calls(op)
		}
	}
	return n
}

// point reads the rows of one host.
func (n *node) point(ctx context.Context, host string) (rows int, err error) {
	st, err := n.eng.Scan(ctx, contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Projection: []model.ColumnID{colHost, colTime, colValue},
		Predicate: &model.Expr{Op: model.OpIn, Column: colHost, Values: []model.Value{model.StringValue(host)}}})
	if err != nil {
		return 0, err
	}
	defer st.Close()
	for {
		b, err := st.Next(ctx)
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows += b.Len
	}
}

// fill writes files of hosts rows each, at other times each, into a far store and gives its node back stopped.
func fillFar(t testing.TB, fs *crashfs.FS, far objectstore.Store, files, hosts int) state {
	t.Helper()
	ctx := t.Context()
	n := startFar(t, fs, "/writer", far, func(o *Options) { o.CheckpointDistance = 10 })
	meta := testMeta(contract.MergeLastRow)
	meta.Options.TriggerFileNum = 1000
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	want := state{}
	for f := range files {
		var rows []row
		for h := range hosts {
			v := float64(f*hosts + h)
			rows = append(rows, row{host: fmt.Sprintf("h%05d", h), ts: int64(f) * 86_400_000, v: &v})
		}
		want.apply(contract.MergeLastRow, model.OpPut, rows...)
		if _, err := n.eng.Write(ctx, put(model.OpPut, rows...)); err != nil {
			t.Fatal(err)
		}
		if err := n.eng.Flush(ctx, region0); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	return want
}

// A region is opened on an empty disk, without cache and without log, from the object store alone; and that takes few requests.
func TestOpenFromObjectStoreAlone(t *testing.T) {
	ctx := t.Context()
	far := fault.Wrap(memory.New(memory.Options{}))
	const files = 12
	want := fillFar(t, crashfs.New(), far, files, 500)

	disk := crashfs.New()
	n := startFar(t, disk, "/reader", far, nil)
	before := requests(far)
	count := func(most int, what string) {
		t.Helper()
		got := requests(far) - before
		t.Logf("%s: %d requests", what, got)
		if got > most {
			t.Errorf("%s took %d requests, more than %d", what, got, most)
		}
		before += got
	}
	if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	count(1+11, "open of a region, beside two lists: is it dropped, checkpoint, up to ten edits")
	if rows, err := n.point(ctx, "h00042"); err != nil || rows != files {
		t.Fatal(rows, err)
	}
	count(2*files, "the first point query: data file and index file, both small, by one request each")
	got, err := n.scanAll(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(got, want); d != "" {
		t.Fatal(d)
	}
	count(0, "a scan of everything afterwards")
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}

	// The next start finds the files on the disk.
	n = startFar(t, disk, "/reader", far, nil)
	before = requests(far)
	if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	count(1, "open with a warm cache, beside two lists: is it dropped")
	if rows, err := n.point(ctx, "h00007"); err != nil || rows != files {
		t.Fatal(rows, err)
	}
	count(0, "a point query with a warm cache")
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
}

// Preloading brings index files and footers near in the background, newest first and no more than it may.
func TestPreload(t *testing.T) {
	ctx := t.Context()
	far := fault.Wrap(memory.New(memory.Options{}))
	const files = 8
	fillFar(t, crashfs.New(), far, files, 300)
	total := int64(0) // of data and index files; a data file is hardly more than its footer here
	for o, err := range objectstore.All(ctx, far, tableDir) {
		if err != nil {
			t.Fatal(err)
		}
		if diskcache.KindOf(o.Key) == diskcache.Data || diskcache.KindOf(o.Key) == diskcache.Index {
			total += o.Size
		}
	}
	for _, c := range []struct {
		bytes     int64
		all, none bool
	}{{bytes: 0, none: true}, {bytes: 1 << 30, all: true}, {bytes: total / 100, none: true}, {bytes: total / 2}} {
		disk, done := crashfs.New(), make(chan int, 1)
		n := startFar(t, disk, "/reader", far, func(o *Options) {
			o.PreloadBytes = c.bytes
			o.Listener.PreloadEnd = func(_ model.RegionID, files int) { done <- files }
		})
		if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
			t.Fatal(err)
		}
		loaded := 0
		if c.bytes > 0 {
			loaded = <-done
		}
		if c.all && loaded != files || c.none && loaded != 0 || !c.all && !c.none && (loaded == 0 || loaded == files) {
			t.Errorf("with %d bytes %d files were preloaded", c.bytes, loaded)
		}
		before := requests(far)
		if rows, err := n.point(ctx, "h00007"); err != nil || rows != files {
			t.Fatal(rows, err)
		}
		if got := requests(far) - before; got != 2*(files-loaded) {
			t.Errorf("with %d of %d files near, a query took %d requests", loaded, files, got)
		}
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
	}
}
