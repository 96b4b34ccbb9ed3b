package engine

import (
	"fmt"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// Decoded columns give way to memtables: all together stay within the budget, and answers stay right.
func TestCachesGiveWayToMemtables(t *testing.T) {
	ctx := t.Context()
	n, err := start(t, crashfs.New(), "/d", func(o *Options) {
		b := budget.New(6 << 20)
		files, err := sst.NewReader(sst.ReaderOptions{Budget: b})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(files.Close)
		o.Files, o.WriteBufferAccount, o.RegionBufferBytes = files, b.Account("write_buffer", budget.Options{}), 1<<30
	})
	if err != nil {
		t.Fatal(err)
	}
	b := n.eng.opts.WriteBufferAccount
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	want := state{}
	write := func(from, to int64) {
		t.Helper()
		var rows []row
		for ts := from; ts < to; ts++ {
			v := float64(ts)
			rows = append(rows, row{host: fmt.Sprint("h", ts%10), ts: ts, v: &v})
		}
		want.apply(contract.MergeLastRow, model.OpPut, rows...)
		if _, err := n.eng.Write(ctx, put(model.OpPut, rows...)); err != nil {
			t.Fatal(err)
		}
	}
	scan := func() {
		t.Helper()
		got, err := n.scanAll(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(got, want); d != "" {
			t.Fatal(d)
		}
	}
	page := func() int64 {
		for _, a := range b.Budget().Accounts() {
			if a.Name == "cache_page" {
				return a.Used
			}
		}
		t.Fatal("no account of decoded columns")
		return 0
	}
	write(0, 60_000)
	if err := n.eng.Flush(ctx, region0); err != nil {
		t.Fatal(err)
	}
	scan()
	full := page()
	if full < 1<<20 {
		t.Fatalf("only %d bytes are cached after a scan", full)
	}
	for i := int64(0); page() > full/2; i++ {
		if b.Used() > 6<<20 {
			t.Fatalf("memtables hold %d bytes and the cache still %d", b.Used(), page())
		}
		write(100_000+i*2000, 100_000+(i+1)*2000)
		if all := b.Budget().Used(); all > 6<<20 {
			t.Fatalf("all hold %d bytes of %d", all, 6<<20)
		}
	}
	scan()
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
}
