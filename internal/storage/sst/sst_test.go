package sst

import (
	"context"
	"fmt"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func TestRoundTrip(t *testing.T) {
	for i := range 24 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			rnd := rand.New(rand.NewSource(int64(i)))
			nulls := []float64{0, 0.3, 0.01, 1}[i%4]
			d := randomData(rnd, allTypes(), 1+rnd.Intn(30), 1+rnd.Intn(300), nulls)
			opts := WriterOptions{RowGroupRows: 1 + rnd.Intn(3000), PageRows: 1 + rnd.Intn(700)}
			data, info := d.write(t, opts, 1+rnd.Intn(2000))
			if info.Rows != d.rows || info.Bytes != int64(len(data)) {
				t.Fatalf("info %+v of %d rows, %d bytes", info, d.rows, len(data))
			}
			f, err := newReader(t).Open(context.Background(), "file", memBlob(data), nil)
			if err != nil {
				t.Fatal(err)
			}
			src := f.View(d.schema, nil)
			for range 5 { // parts first, so that pages are decoded one by one
				from := rnd.Intn(d.rows)
				if err := d.checkRows(src, from, min(d.rows, from+1+rnd.Intn(200))); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.checkRows(src, 0, d.rows); err != nil {
				t.Fatal(err)
			}
			want, _ := d.table(t, 0, d.rows)
			got, err := src.Series(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for _, tab := range []struct {
				name string
				x    interface {
					Len() int
					Value(tag, series int) model.Value
				}
			}{{"read", got}, {"written", info.Table}} {
				if tab.x.Len() != want.Len() {
					t.Fatalf("%s: %d series, not %d", tab.name, tab.x.Len(), want.Len())
				}
				for s := range want.Len() {
					for tag := range want.Tags {
						if tab.x.Value(tag, s) != want.Value(tag, s) {
							t.Fatalf("%s: series %d tag %d is %v, not %v", tab.name, s, tag, tab.x.Value(tag, s), want.Value(tag, s))
						}
					}
				}
			}
			for s := range want.Start {
				if got.Start[s] != want.Start[s] || info.Table.Start[s] != want.Start[s] {
					t.Fatalf("series %d starts at %d and %d, not %d", s, got.Start[s], info.Table.Start[s], want.Start[s])
				}
			}
		})
	}
}
