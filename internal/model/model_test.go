package model

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

var everyType = []Type{Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64, Float32, Float64, String, Binary, Date, JSON, Interval,
	Timestamp(Second), Timestamp(Millisecond), Timestamp(Microsecond), Timestamp(Nanosecond), Duration(Millisecond), Decimal(38, 10), Decimal(5, 0), VectorOf(3)}

func TestTypeNamesReadBack(t *testing.T) {
	for _, typ := range everyType {
		b, err := json.Marshal(typ)
		if err != nil {
			t.Fatal(err)
		}
		var got Type
		if err := json.Unmarshal(b, &got); err != nil || got != typ {
			t.Errorf("%s was read back as %s, %v", b, got, err)
		}
	}
	for _, bad := range []string{"", "Timestamp", "Decimal(0, 0)", "Decimal(39, 1)", "Decimal(5, 6)", "Decimal(5)", "Vector(x)", "int8"} {
		if got, err := ParseType(bad); err == nil {
			t.Errorf("ParseType(%q) = %s", bad, got)
		}
	}
}

func randomValue(r *rand.Rand, t Type) Value {
	if r.IntN(4) == 0 {
		return NullOf(t)
	}
	v := Value{Type: t}
	switch t.Class() {
	case ClassBool:
		v.Bool = r.IntN(2) == 1
	case ClassInt:
		v.Int = r.Int64N(100) - 50
	case ClassFloat:
		v.Float = float64(r.IntN(100)) / 4
	case ClassBytes:
		v.Bytes = []string{"", "a", "bc", "häuser"}[r.IntN(4)]
	case ClassDecimal:
		v.Decimal = Int128{Hi: -r.Int64N(9), Lo: r.Uint64()}
	case ClassInterval:
		v.Interval = MonthDayNano{Months: r.Int32N(9), Days: -r.Int32N(9), Nanos: r.Int64()}
	}
	return v
}

// TestVectorsHoldWhatWasAppended builds vectors by random appends, of values, NULLs and ranges of other vectors, plain and coded, cuts
// them, and compares each row with a plain list.
func TestVectorsHoldWhatWasAppended(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	build := func(typ Type, n int) (*Vector, []Value) {
		v := NewVector(typ, 0)
		if typ.Class() == ClassBytes && r.IntN(2) == 0 {
			v.Offsets, v.Dict = nil, &Dict{}
			v.Dict.AppendString("first")
		}
		var want []Value
		for range n {
			x := randomValue(r, typ)
			want = append(want, x)
			v.AppendValue(x)
		}
		return v, want
	}
	check := func(v *Vector, want []Value) {
		t.Helper()
		if v.Len != len(want) {
			t.Fatalf("%s: %d rows, want %d", v.Type, v.Len, len(want))
		}
		nulls := 0
		for i, w := range want {
			if w.Null() {
				nulls++
			}
			if got := v.At(i); got != w {
				t.Fatalf("%s row %d: %v, want %v", v.Type, i, got, w)
			}
		}
		if v.NullCount() != nulls {
			t.Fatalf("%s: %d NULLs, want %d", v.Type, v.NullCount(), nulls)
		}
	}
	for range 2000 {
		typ := everyType[r.IntN(len(everyType))]
		v, want := build(typ, r.IntN(140))
		check(v, want)
		other, more := build(typ, r.IntN(140))
		if v.Coded() && r.IntN(2) == 0 && other.Coded() {
			other.Dict = v.Dict // one dictionary for both: codes are copied
			for i := range other.Codes {
				other.Codes[i] = 0
				if !other.Null(i) {
					more[i].Bytes = "first"
				}
			}
		}
		from := r.IntN(len(more) + 1)
		to := from + r.IntN(len(more)-from+1)
		v.AppendVector(other, from, to)
		want = append(want, more[from:to]...)
		check(v, want)
		from = r.IntN(len(want) + 1)
		to = from + r.IntN(len(want)-from+1)
		check(v.Slice(from, to), want[from:to])
		v.Reset(typ)
		check(v, nil)
	}
	for _, typ := range everyType {
		x := randomValue(r, typ)
		check(ConstVector(x, 3), []Value{x, x, x})
	}
}

func TestBitmap(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		n := 1 + r.IntN(300)
		b, want := NewBitmap(n), make([]bool, n)
		from := r.IntN(n)
		to := from + r.IntN(n-from+1)
		b.SetRange(from, to)
		for i := from; i < to; i++ {
			want[i] = true
		}
		if i := r.IntN(n); r.IntN(2) == 0 {
			b.Clear(i)
			want[i] = false
		}
		count := 0
		for i, w := range want {
			if b.Get(i) != w {
				t.Fatalf("bit %d of [%d,%d) in %d", i, from, to, n)
			}
			if w {
				count++
			}
			if b.Count(i+1) != count {
				t.Fatalf("%d of the first %d bits are set, not %d", count, i+1, b.Count(i+1))
			}
		}
	}
}

func TestTimes(t *testing.T) {
	f := func(v int64, from, to TimeUnit, want int64, ok bool) {
		t.Helper()
		if got, gotOK := ConvertTime(v, from, to); gotOK != ok || ok && got != want {
			t.Errorf("%d %s → %s: %d %v, want %d %v", v, from, to, got, gotOK, want, ok)
		}
	}
	f(1500, Millisecond, Second, 1, true)
	f(-1, Millisecond, Second, -1, true) // floors
	f(-1000, Millisecond, Second, -1, true)
	f(7, Second, Nanosecond, 7e9, true)
	f(math.MaxInt64, Second, Millisecond, 0, false)
	f(math.MinInt64, Microsecond, Nanosecond, 0, false)

	b := TimeBucket{Width: 10, Origin: 3}
	for ts, want := range map[int64]int64{3: 3, 12: 3, 13: 13, 2: -7, -7: -7, -8: -17} {
		if got := b.Start(ts); got != want {
			t.Errorf("slot of %d starts at %d, want %d", ts, got, want)
		}
	}
	for _, c := range []struct {
		t  int64
		u  TimeUnit
		ok bool
	}{
		{-8334601228800, Second, true}, {-8334601228801, Second, false}, {8210266876799, Second, true}, {8210266876800, Second, false},
		{8210266876799999, Millisecond, true}, {8210266876800000, Millisecond, false}, {math.MinInt64, Microsecond, false},
		{math.MinInt64, Nanosecond, true}, {math.MaxInt64 - 1, Nanosecond, true}, {math.MaxInt64, Nanosecond, false},
	} {
		err := CheckTimes("ts", &Vector{Type: Timestamp(c.u), Len: 2, Ints: []int64{0, c.t}})
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), fmt.Sprint(c.t)) {
			t.Errorf("%d %s: %v, want ok %v", c.t, c.u, err, c.ok)
		}
	}
	if got := FormatTime(-1, Millisecond); got != "1969-12-31T23:59:59.999Z" {
		t.Error(got)
	}
	id := NewRegionID(1025, 3)
	for _, s := range []string{id.String(), "4402341478403"} {
		if got, err := ParseRegionID(s); err != nil || got != id {
			t.Errorf("ParseRegionID(%q) = %v, %v", s, got, err)
		}
	}
	if id.DirName() != "1025_0000000003" {
		t.Error(id.DirName())
	}
}

func TestFloatOrder(t *testing.T) {
	order := []float64{math.Inf(-1), -1, 0, 1, math.Inf(1), math.NaN()}
	for i, a := range order {
		for j, b := range order {
			if got, want := CompareFloat(a, b), cmp3(i, j); got != want {
				t.Errorf("%v against %v: %d, want %d", a, b, got, want)
			}
		}
	}
	if CompareFloat(math.Copysign(0, -1), 0) != 0 {
		t.Error("-0 is not 0")
	}
}

func TestSchemaFaultsAreNamed(t *testing.T) {
	good := func() *Schema {
		return &Schema{TimeIndex: 1, PrimaryKey: []ColumnID{2}, NextColumn: 4, Columns: []Column{
			{ID: 1, Name: "ts", Type: Timestamp(Millisecond), Semantic: TimeColumn},
			{ID: 2, Name: "host", Type: String, Nullable: true, Semantic: TagColumn},
			{ID: 3, Name: "v", Type: Float64, Nullable: true},
		}}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(s *Schema){
		"same name":         func(s *Schema) { s.Columns[2].Name = "host" },
		"same id":           func(s *Schema) { s.Columns[2].ID = 2 },
		"id not given out":  func(s *Schema) { s.Columns[2].ID = 9 },
		"no time index":     func(s *Schema) { s.Columns[0].Semantic = FieldColumn },
		"nullable time":     func(s *Schema) { s.Columns[0].Nullable = true },
		"time of text":      func(s *Schema) { s.Columns[0].Type = String },
		"tag not in key":    func(s *Schema) { s.PrimaryKey = nil },
		"field in key":      func(s *Schema) { s.PrimaryKey = []ColumnID{2, 3} },
		"key member twice":  func(s *Schema) { s.PrimaryKey = []ColumnID{2, 2} },
		"internal id taken": func(s *Schema) { s.Columns[2].ID = ColumnSequence },
	} {
		s := good()
		spoil(s)
		if err := s.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
