package postgres

import (
	"fmt"
	"math"
	"math/rand"
	"strconv"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

// TestCopyColumnAgrees: what the fast reader knows it reads as the standard library does.
func TestCopyColumnAgrees(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	read := func(c CopyColumn, s string) (model.Value, bool) {
		v := model.NewVector(c.Type, 1)
		if !c.Append(v, []byte(s)) {
			if v.Len != 0 {
				t.Fatalf("%q is not known and was appended", s)
			}
			return model.Value{}, false
		}
		if v.Len != 1 {
			t.Fatalf("%q: %d values", s, v.Len)
		}
		return v.At(0), true
	}
	float := CopyColumn{Type: model.Float64}
	for range 20000 {
		s := strconv.FormatFloat(math.Float64frombits(rnd.Uint64()), "gfe"[rnd.Intn(3)], rnd.Intn(20)-1, 64)
		if rnd.Intn(2) == 0 {
			s = strconv.FormatFloat(float64(rnd.Intn(2e6)-1e6)/math.Pow10(rnd.Intn(8)), 'f', -1, 64)
		}
		if v, ok := read(float, s); ok {
			if want, err := strconv.ParseFloat(s, 64); err != nil || math.Float64bits(want) != math.Float64bits(v.Float) {
				t.Errorf("%q: %v, want %v, %v", s, v.Float, want, err)
			}
		}
	}
	for _, s := range []string{"", "-", ".", "1.", ".5", "0x1", "1_0", "inf", "NaN", "1e400", "--1"} {
		want, err := strconv.ParseFloat(s, 64)
		if v, ok := read(float, s); ok && (err != nil || want != v.Float) {
			t.Errorf("%q is %v", s, v.Float)
		}
	}
	for _, s := range []string{"0.1", "3", "-12.75", "1e5", "123456789012345", "0.000001"} {
		if _, ok := read(float, s); !ok {
			t.Errorf("%q is not known", s)
		}
	}
	for _, typ := range []model.Type{model.Int8, model.Int64, model.Uint8, model.Uint64} {
		for _, s := range []string{"0", "-1", "127", "128", "255", "256", "9223372036854775807", "", "-", "+1", " 1", "1.0"} {
			v, ok := read(CopyColumn{Type: typ}, s)
			n, err := strconv.ParseInt(s, 10, 64)
			if lo, hi, bounded := typ.IntRange(); ok && (err != nil || v.Int != n || bounded && (n < lo || n > hi)) {
				t.Errorf("%s %q is %d", typ, s, v.Int)
			}
		}
	}
	for _, unit := range []model.TimeUnit{model.Second, model.Millisecond, model.Microsecond, model.Nanosecond} {
		c := CopyColumn{Type: model.Timestamp(unit), UTC: true}
		for range 5000 {
			at := time.Unix(rnd.Int63n(4e9)-2e9, rnd.Int63n(1e9)).UTC()
			layout := []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999Z07:00", "2006-01-02 15:04:05.999999-07"}[rnd.Intn(4)]
			at = at.In(time.FixedZone("", (rnd.Intn(24)-12)*3600))
			s := at.Format(layout)
			v, ok := read(c, s)
			if !ok {
				t.Fatalf("%q is not known", s)
			}
			back, err := time.Parse(layout, s)
			if err != nil {
				t.Fatal(err)
			}
			want := map[model.TimeUnit]int64{model.Second: back.Unix(), model.Millisecond: back.UnixMilli(), model.Microsecond: back.UnixMicro(), model.Nanosecond: back.UnixNano()}[unit]
			if v.Int != want {
				t.Fatalf("%q is %d, want %d", s, v.Int, want)
			}
		}
	}
	c := CopyColumn{Type: model.Timestamp(model.Nanosecond), UTC: true}
	for _, s := range []string{"2024-02-30 00:00:00", "2024-13-01 00:00:00", "2024-01-01 24:00:00", "2024-01-01 00:00", "2024-01-01 00:00:00.", "2024-01-01 00:00:00.1234567890",
		"9999-01-01 00:00:00", "0000-01-01 00:00:00", "2024-01-01 00:00:00 UTC", "2024-01-01 00:00:00+1"} {
		if v, ok := read(c, s); ok {
			t.Errorf("%q is %d", s, v.Int)
		}
	}
	for n := int64(-800000); n < 3000000; n += int64(1 + rnd.Intn(40)) {
		day := time.Unix(n*86400, 0).UTC()
		if day.Year() < 1 || day.Year() > 9999 {
			continue
		}
		if v, ok := read(CopyColumn{Type: model.Date}, day.Format(time.DateOnly)); !ok || v.Int != n {
			t.Fatalf("%s is %d, want %d", day.Format(time.DateOnly), v.Int, n)
		}
	}
}

// FuzzCopyColumn: values of any bytes are appended or left alone.
func FuzzCopyColumn(f *testing.F) {
	f.Add([]byte("2024-02-29 01:02:03.5+01:30"), uint8(0), false)
	f.Add([]byte("-12.50"), uint8(1), false)
	f.Add([]byte{0, 2, 0x8d, 0x2f, 1, 2, 3, 4}, uint8(0), true)
	types := []model.Type{model.Timestamp(model.Nanosecond), model.Float64, model.Float32, model.Int16, model.Uint64, model.Bool, model.Date, model.Binary, model.String,
		model.Timestamp(model.Second), model.Decimal(10, 2), model.JSON}
	f.Fuzz(func(t *testing.T, raw []byte, kind uint8, binary bool) {
		c := CopyColumn{Type: types[int(kind)%len(types)], Binary: binary, UTC: kind >= 128}
		v := model.NewVector(c.Type, 1)
		known := c.Append(v, raw)
		if known != (v.Len == 1) {
			t.Fatalf("known %v with %d values", known, v.Len)
		}
		if known && v.At(0).Null() {
			t.Fatal("NULL of a value")
		}
	})
}

// BenchmarkCopyText cuts and reads rows of ten names, a time and ten numbers.
func BenchmarkCopyText(b *testing.B) {
	var data []byte
	for i := range 1000 {
		for k := range 10 {
			data = fmt.Appendf(data, "value_%d_%d\t", k, i%50)
		}
		data = append(data, "2023-11-14 22:13:20.125"...)
		for k := range 10 {
			data = fmt.Appendf(data, "\t%g", float64(i*k)/10)
		}
		data = append(data, '\n')
	}
	opt := CopyOptions{}
	opt.Defaults()
	var cols []CopyColumn
	var vecs []*model.Vector
	for i := range 21 {
		c := CopyColumn{Type: model.Float64, UTC: true}
		if i < 10 {
			c.Type = model.String
		} else if i == 10 {
			c.Type = model.Timestamp(model.Millisecond)
		}
		cols, vecs = append(cols, c), append(vecs, model.NewVector(c.Type, 1000))
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	r := NewCopyReader(opt)
	for b.Loop() {
		for _, v := range vecs {
			v.Reset(v.Type)
		}
		r.Write(data)
		for {
			row, ok, err := r.Next(false)
			if err != nil {
				b.Fatal(err)
			}
			if !ok {
				break
			}
			for i, raw := range row {
				if !cols[i].Append(vecs[i], raw) {
					b.Fatalf("%q", raw)
				}
			}
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
