package logentry

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

var allTypes = []model.Type{model.Bool, model.Int8, model.Int64, model.Uint64, model.Float32, model.Float64, model.String, model.Binary,
	model.Date, model.Timestamp(model.Nanosecond), model.Decimal(38, 10), model.Interval, model.JSON, model.VectorOf(3)}

func randomValue(r *rand.Rand, t model.Type) model.Value {
	if r.IntN(5) == 0 {
		return model.NullOf(t)
	}
	v := model.Value{Type: t}
	switch t.Class() {
	case model.ClassBool:
		v.Bool = r.IntN(2) == 0
	case model.ClassInt:
		v.Int = []int64{0, 1, -1, math.MinInt64, math.MaxInt64, r.Int64() >> r.IntN(64)}[r.IntN(6)]
	case model.ClassFloat:
		v.Float = []float64{0, math.Copysign(0, -1), 1, 2.5, math.Inf(1), 1e300, float64(r.IntN(1000))}[r.IntN(7)]
	case model.ClassBytes:
		v.Bytes = string(make([]byte, r.IntN(4))) + []string{"", "a", "häuser"}[r.IntN(3)]
	case model.ClassDecimal:
		v.Decimal = model.Int128{Hi: r.Int64(), Lo: r.Uint64()}
	case model.ClassInterval:
		v.Interval = model.MonthDayNano{Months: r.Int32(), Days: -r.Int32(), Nanos: r.Int64()}
	}
	return v
}

func randomBatch(r *rand.Rand, rows int) ([]model.ColumnID, *model.Batch) {
	b := &model.Batch{Len: rows}
	var ids []model.ColumnID
	for i, t := range allTypes {
		v := model.NewVector(t, rows)
		if t.Class() == model.ClassBytes && r.IntN(2) == 0 {
			v.Offsets, v.Dict = nil, &model.Dict{}
			v.Dict.AppendString("unused")
		}
		for range rows {
			v.AppendValue(randomValue(r, t))
		}
		ids, b.Cols = append(ids, model.ColumnID(i*7+1)), append(b.Cols, v)
	}
	return ids, b
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var d Decoder // one for all: nothing of an entry is left in the next
	for n := range 200 {
		ids, b := randomBatch(r, n%70)
		p := Append([]byte{}, b, ids, model.OpPut, 42)
		Stamp(p, 99)
		e, err := d.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		if e.FirstSequence != 99 || e.SchemaVersion != 42 || e.Op != model.OpPut || !reflect.DeepEqual(e.Columns, ids) || e.Rows.Len != b.Len {
			t.Fatalf("header %+v", e)
		}
		for c, v := range b.Cols {
			for i := range b.Len {
				want, got := v.At(i), e.Rows.Cols[c].At(i)
				if want != got || math.Signbit(want.Float) != math.Signbit(got.Float) {
					t.Fatalf("%s row %d: %v became %v", v.Type, i, want, got)
				}
			}
		}
	}
}

func TestNaNSurvives(t *testing.T) {
	stale := math.Float64frombits(0x7ff0000000000002) // the staleness marker of Prometheus is one particular NaN
	v := model.NewVector(model.Float64, 1)
	v.AppendFloat(stale)
	e, err := Decode(Append(nil, &model.Batch{Cols: []*model.Vector{v}, Len: 1}, []model.ColumnID{1}, model.OpPut, 0))
	if err != nil || math.Float64bits(e.Rows.Cols[0].Floats[0]) != math.Float64bits(stale) {
		t.Fatal(err, e)
	}
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 5 {
		ids, b := randomBatch(r, n*3)
		f.Add(Append(nil, b, ids, model.OpDelete, uint64(n)))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		e, err := Decode(p)
		if err != nil {
			return
		}
		for _, c := range e.Rows.Cols {
			for i := range e.Rows.Len {
				_ = c.At(i)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	const rows = 4000
	r := rand.New(rand.NewPCG(5, 6))
	batch := &model.Batch{Len: rows}
	var ids []model.ColumnID
	for i := range 21 {
		var v *model.Vector
		switch {
		case i < 10:
			v = model.NewVector(model.String, 0)
			v.Offsets, v.Dict = nil, &model.Dict{}
			for range 20 {
				v.Dict.AppendString("some-region-1")
			}
			for range rows {
				v.AppendCode(uint32(r.IntN(20)))
			}
		default:
			v = model.NewVector(model.Int64, rows)
			for range rows {
				v.AppendInt(int64(r.IntN(100)))
			}
		}
		ids, batch.Cols = append(ids, model.ColumnID(i)), append(batch.Cols, v)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], batch, ids, model.OpPut, 1)
	}
	b.ReportMetric(float64(len(buf))/rows, "bytes/row")
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
