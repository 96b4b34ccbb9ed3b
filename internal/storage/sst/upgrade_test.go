package sst

import (
	"context"
	"flag"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
)

var update = flag.Bool("update", false, "write the files of the current format version anew; only before it is released")

const upgradeDir = "../../../tests/upgrade/sst/v1"

// upgradeData is what the files of tests/upgrade hold.
func upgradeData() *testData {
	return randomData(rand.New(rand.NewSource(20)), allTypes(), 10, 40, 0.1)
}

// Files of format version 1, as they were written by the first build that had it, hold the rows that were written.
func TestUpgrade(t *testing.T) {
	d := upgradeData()
	ctx := context.Background()
	store := memory.New(memory.Options{})
	if *update {
		data, info := d.write(t, WriterOptions{RowGroupRows: 300, PageRows: 64}, 1000)
		fw := &FileWriter{ctx: ctx, store: store, index: "index"}
		if _, err := fw.writeIndex(info.Table); err != nil {
			t.Fatal(err)
		}
		index, err := store.Get(ctx, "index")
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{"file.parquet": data, "file.puffin": index} {
			if err := os.WriteFile(filepath.Join(upgradeDir, name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range []struct{ file, key string }{{"file.parquet", "r/file.parquet"}, {"file.puffin", "r/index/file.puffin"}} {
		b, err := os.ReadFile(filepath.Join(upgradeDir, f.file))
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Put(ctx, f.key, b); err != nil {
			t.Fatal(err)
		}
	}
	r := newReader(t)
	h, err := r.OpenFile(ctx, store, "r", "file")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := d.checkRows(h.View(d.schema, nil), 0, d.rows); err != nil {
		t.Fatal(err)
	}
	got, err := h.indexedTable(ctx, h.index.Load())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := d.table(t, 0, d.rows)
	if got.Len() != want.Len() {
		t.Fatalf("%d series, not %d", got.Len(), want.Len())
	}
}

func TestInspect(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(upgradeDir, "file.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := newReader(t).Inspect(context.Background(), "file.parquet", memBlob(b), true)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := x.Print(&out); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join(upgradeDir, "inspect.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("inspection is now:\n%s", out.String())
	}
	b[1000] ^= 1
	if _, err := newReader(t).Inspect(context.Background(), "file.parquet", memBlob(b), true); !errs.Is(err, errs.Unexpected) {
		t.Errorf("a damaged page: %v", err)
	}
}
