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
	const hosts, slots = 2000, 2500
	value := func(row int) int { return row } // every one another: sketches of slots get dense
	src := narrowSource("s", 1, hosts, slots, 0, 1)
	for at, v := range src.cols[10] {
		for i := range v.Floats {
			v.Floats[i] = float64(value(src.chunks[at] + i))
		}
	}
	// Rows come by host, so that every group goes on until the end; one worker has each in one part, unless it hands on before.
	req := contract.ScanRequest{TimeRange: model.AllTime, Parallelism: 1, Aggregate: &model.Aggregate{
		Keys: []model.GroupKey{{Column: 3, Bucket: &model.TimeBucket{Width: benchStep}}}, Aggs: []model.Agg{{Func: model.AggCount, Column: 10}, {Func: model.AggHLL, Column: 10}}, Partial: true}}
	s, err := Run(context.Background(), Options{Schema: benchSchema(), Sources: []source.Source{src}}, req)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	merged, counts, parts := map[int64]*sketch.HLL{}, map[int64]int64{}, 0
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
			slot := b.Cols[0].Ints[i] / benchStep
			if merged[slot] == nil {
				merged[slot] = &sketch.HLL{}
			}
			if !merged[slot].Merge(b.Cols[2].BytesAt(i)) {
				t.Fatal("no sketch")
			}
			counts[slot] += b.Cols[1].Ints[i]
			parts++
		}
	}
	if len(merged) != slots || parts <= slots {
		t.Fatalf("%d slots in %d parts", len(merged), parts)
	}
	for slot := range slots {
		var want sketch.HLL
		for host := range hosts {
			want.Add(sketch.ItemOf(fmt.Appendf(nil, "%d.0", value(host*slots+slot))))
		}
		if got := merged[int64(slot)]; counts[int64(slot)] != hosts || string(want.AppendTo(nil)) != string(got.AppendTo(nil)) {
			t.Fatalf("slot %d: %d rows, another sketch than of its values", slot, counts[int64(slot)])
		}
	}
}
