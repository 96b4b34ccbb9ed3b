package scan

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// sketchText is the sketch of some values, printed.
func sketchText(vals []model.Value) string {
	if len(vals) == 0 {
		return model.NullOf(model.Binary).String()
	}
	var h sketch.HLL
	for _, v := range vals {
		h.Add(sketch.ItemOf(textOf(v)))
	}
	return model.Value{Type: model.Binary, Bytes: string(h.AppendTo(nil))}.String()
}

func textOf(v model.Value) []byte {
	switch {
	case v.Type.Kind == model.KindUint64:
		return strconv.AppendUint(nil, uint64(v.Int), 10)
	case v.Type.Integer():
		return strconv.AppendInt(nil, v.Int, 10)
	case v.Type.Floating():
		return sketch.AppendFloat(nil, v.Float)
	case v.Type.Kind == model.KindBool:
		return strconv.AppendBool(nil, v.Bool)
	}
	return []byte(v.Bytes)
}

// TestSketchParts: where sketches get large, groups come in parts, which merge to the whole.
func TestSketchParts(t *testing.T) {
	const hosts, rows, distinct = 2500, 2000, 5000
	src := narrowSource("s", 1, hosts, rows, 0, 1)
	for at, v := range src.cols[10] {
		for i := range v.Floats {
			v.Floats[i] = float64((src.chunks[at] + i) % distinct)
		}
	}
	req := contract.ScanRequest{TimeRange: model.AllTime, Parallelism: 2, Aggregate: &model.Aggregate{
		Keys: []model.GroupKey{{Column: 1}}, Aggs: []model.Agg{{Func: model.AggCount, Column: 10}, {Func: model.AggHLL, Column: 10}}, Partial: true}}
	s, err := Run(context.Background(), Options{Schema: benchSchema(), Sources: []source.Source{src}}, req)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	merged, counts, parts := map[string]*sketch.HLL{}, map[string]int64{}, 0
	for {
		b, err := s.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Len > summaryBatch {
			t.Fatalf("a batch of %d sketches", b.Len)
		}
		for i := range b.Len {
			host := string(b.Cols[0].BytesAt(i))
			if merged[host] == nil {
				merged[host] = &sketch.HLL{}
			}
			if !merged[host].Merge(b.Cols[2].BytesAt(i)) {
				t.Fatal("no sketch")
			}
			counts[host] += b.Cols[1].Ints[i]
			parts++
		}
	}
	if len(merged) != hosts || parts <= hosts/2 {
		t.Fatalf("%d hosts in %d parts", len(merged), parts)
	}
	items := make([]sketch.Item, distinct)
	for i := range items {
		items[i] = sketch.ItemOf(fmt.Appendf(nil, "%d.0", i))
	}
	for at := range hosts {
		host := fmt.Sprintf("host_%05d", at)
		var want sketch.HLL
		for i := range rows {
			want.Add(items[(at*rows+i)%distinct])
		}
		if counts[host] != rows || string(want.AppendTo(nil)) != string(merged[host].AppendTo(nil)) {
			t.Fatalf("%s: %d rows, another sketch than of its values", host, counts[host])
		}
	}
}
