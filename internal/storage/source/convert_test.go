package source

import (
	"math"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func TestConvert(t *testing.T) {
	i := func(t model.Type, n int64) model.Value { return model.IntValue(t, n) }
	s, ts := model.StringValue, model.Timestamp
	f := func(from, to model.Value) {
		t.Helper()
		v := model.NewVector(from.Type, 2)
		v.AppendValue(from)
		v.AppendNull()
		got, err := Convert(v, to.Type)
		if err != nil {
			t.Errorf("%s → %s: %v", from, to, err)
			return
		}
		if got.Len != 2 || !got.Null(1) || got.Null(0) != to.Null() || !to.Null() && got.At(0).Compare(to) != 0 || got.Type != to.Type {
			t.Errorf("%s %s → %s %s: got %s", from.Type, from, to.Type, to, got.At(0))
		}
	}
	f(i(model.Int32, -5), i(model.Int64, -5))
	f(i(model.Int64, 1<<40), model.NullOf(model.Int32))
	f(i(model.Int64, -1), model.NullOf(model.Uint64))
	f(i(model.Uint64, -1), model.NullOf(model.Int64))
	f(i(model.Uint64, -1), s("18446744073709551615"))
	f(i(model.Uint8, 7), i(model.Uint64, 7))
	f(i(model.Int64, 3), model.FloatValue(3))
	f(i(model.Int64, 3), s("3"))
	f(i(ts(model.Second), 3), i(ts(model.Millisecond), 3000))
	f(i(ts(model.Second), math.MaxInt64), model.NullOf(ts(model.Millisecond)))
	f(model.FloatValue(2.75), i(model.Int8, 2))
	f(model.FloatValue(1e30), model.NullOf(model.Int64))
	f(model.FloatValue(math.NaN()), model.NullOf(model.Int64))
	f(model.FloatValue(2.5), s("2.5"))
	f(model.FloatValue(0.1), model.Value{Type: model.Float32, Float: float64(float32(0.1))})
	f(s("2.5"), model.FloatValue(2.5))
	f(s("x"), model.NullOf(model.Float64))
	f(s("300"), model.NullOf(model.Uint8))
	f(s("true"), model.BoolValue(true))
	f(s("abc"), model.Value{Type: model.Binary, Bytes: "abc"})
	f(model.BoolValue(true), i(model.Int8, 1))
	f(model.BoolValue(false), s("false"))
	for _, p := range [][2]model.Type{{model.Int32, ts(model.Second)}, {model.Decimal(5, 2), model.Int64}, {model.VectorOf(3), model.String}, {model.Float64, ts(0)}} {
		if _, err := Convert(model.NewVector(p[0], 0), p[1]); err == nil {
			t.Errorf("%s → %s: no error", p[0], p[1])
		}
	}
}

func TestMissing(t *testing.T) {
	c := &model.Column{Type: model.Int32, Default: &model.Default{Value: model.IntValue(model.Int32, 5)}}
	if v := Missing(c, 3); v.Len != 3 || v.At(2).Int != 5 {
		t.Fatal("default is not filled in")
	}
	c.Default = nil
	if v := Missing(c, 3); v.NullCount() != 3 {
		t.Fatal("not NULL")
	}
}
