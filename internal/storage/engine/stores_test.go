package engine

import (
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
)

// A region lives in the store its options name, with everything it has, and for ever.
func TestRegionsLiveInTheStoreTheyName(t *testing.T) {
	ctx := t.Context()
	fs := crashfs.New()
	cold := memory.New(memory.Options{})
	tune := func(o *Options) { o.Stores = map[string]objectstore.Store{"cold": cold} }
	n, err := start(t, fs, "/db", tune)
	if err != nil {
		t.Fatal(err)
	}
	meta := testMeta(contract.MergeLastRow)
	meta.Options.Storage = "nowhere"
	err = n.eng.Create(ctx, contract.CreateRegion{Meta: meta, TableDir: tableDir})
	if !errs.Is(err, errs.InvalidArguments) || !strings.Contains(err.Error(), "Object store not found: nowhere") {
		t.Fatal(err)
	}
	meta.Options.Storage = "cold"
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	one := 1.0
	if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: "a", ts: 1, v: &one})); err != nil {
		t.Fatal(err)
	}
	if err := n.eng.Flush(ctx, region0); err != nil {
		t.Fatal(err)
	}
	here, err := cold.List(ctx, "", "", 0)
	if err != nil || len(here) < 3 {
		t.Fatalf("the named store holds %v (%v)", here, err)
	}
	if there, err := n.eng.opts.Store.List(ctx, "", "", 0); err != nil || len(there) > 0 {
		t.Fatalf("the default store holds %v (%v)", there, err)
	}
	if err := n.eng.Alter(ctx, contract.AlterRegion{ID: region0, Options: &contract.RegionOptions{}}); !errs.Is(err, errs.InvalidArguments) {
		t.Fatalf("it moved: %v", err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	if n, err = start(t, fs, "/db", tune); err != nil {
		t.Fatal(err)
	}
	if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir, Storage: "cold"}); err != nil {
		t.Fatal(err)
	}
	got, err := n.scanAll(ctx)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if err := n.eng.Drop(ctx, region0); err != nil {
		t.Fatal(err)
	}
	n.eng.finishDrops(ctx)
	if here, err = cold.List(ctx, "", "", 0); err != nil || len(here) > 0 {
		t.Fatalf("after the drop the store holds %v (%v)", here, err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
}
