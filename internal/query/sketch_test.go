package query

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// TestFloatTexts: what sketches take for the text of a float is what a cast to STRING gives, so that a region's sketch is that of the
// relational engine.
func TestFloatTexts(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(7, 8))
	region := w.regions.regions[model.NewRegionID(1024, 0)]
	at := 0
	for i, c := range region.schema.Columns {
		if c.Name == "usage" {
			at = i
		}
	}
	xs := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e15, 1e16, 123456789012345680, 1e-4, 9.999e-5, 1e-5, 5e-324, math.MaxFloat64, math.Inf(1), math.Inf(-1),
		math.NaN(), 1e21, 1e22, 9007199254740993, 9999999999999998, 0.30000000000000004}
	for range 4000 {
		xs = append(xs, math.Float64frombits(r.Uint64()), float64(r.Int64N(1e6))/1000, r.NormFloat64()*math.Pow10(r.IntN(40)-20), float64(r.Int64N(1<<60)))
	}
	first := region.rows[0]
	region.rows = nil
	for _, x := range xs {
		row := append([]model.Value(nil), first...)
		row[at] = model.FloatValue(x)
		region.rows = append(region.rows, row)
	}
	rows, err := w.engine.Query(context.Background(), w.sess, w.parse("SELECT usage, usage::string FROM cpu"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := ReadAll(context.Background(), rows)
	if err != nil {
		t.Fatal(err)
	}
	if b.Len != len(xs) {
		t.Fatalf("%d rows", b.Len)
	}
	for i := range b.Len {
		x := b.Cols[0].Floats[i]
		if got, want := string(sketch.AppendFloat(nil, x)), string(b.Cols[1].BytesAt(i)); got != want {
			t.Errorf("%v is %q, want %q", x, got, want)
		}
	}
}
