package model

import "math"

// Vector is one column of some rows: slices of the type's Class, all Len long, and a validity bitmap.
//
//	ClassBool      Bools
//	ClassInt       Ints
//	ClassFloat     Floats
//	ClassBytes     plain: Offsets (Len+1) into Data        or coded: Codes (Len) into Dict
//	ClassDecimal   Decimals
//	ClassInterval  Intervals
//
// A value whose validity bit is clear is NULL and what its slot holds is unspecified (but a slot is there; a NULL's code must be
// within the dictionary, or the dictionary empty). Vectors are passed by pointer and read-only for everyone but their maker.
type Vector struct {
	Type  Type
	Len   int
	Valid Bitmap // nil: no NULLs

	Bools     []bool
	Ints      []int64
	Floats    []float64
	Offsets   []uint32
	Data      []byte
	Codes     []uint32
	Dict      *Dict
	Decimals  []Int128
	Intervals []MonthDayNano
}

// Dict holds the distinct byte values that Codes point to. It may be shared by many vectors; nothing says that it is sorted or
// that every value is used.
type Dict struct {
	Offsets []uint32 // Len()+1
	Data    []byte
}

// Len is the number of values.
func (d *Dict) Len() int {
	if d == nil || len(d.Offsets) == 0 {
		return 0
	}
	return len(d.Offsets) - 1
}

// At is value i, valid as long as the dictionary.
func (d *Dict) At(i uint32) []byte { return d.Data[d.Offsets[i]:d.Offsets[i+1]] }

// Append adds a value and gives its code. The zero Dict is ready for use.
func (d *Dict) Append(v []byte) uint32 {
	if len(d.Offsets) == 0 {
		d.Offsets = append(d.Offsets, 0)
	}
	d.Data = append(d.Data, v...)
	d.Offsets = append(d.Offsets, uint32(len(d.Data)))
	return uint32(len(d.Offsets) - 2)
}

// AppendString is Append for a string.
func (d *Dict) AppendString(v string) uint32 {
	if len(d.Offsets) == 0 {
		d.Offsets = append(d.Offsets, 0)
	}
	d.Data = append(d.Data, v...)
	d.Offsets = append(d.Offsets, uint32(len(d.Data)))
	return uint32(len(d.Offsets) - 2)
}

// NewVector makes an empty vector with room for n rows.
func NewVector(t Type, n int) *Vector {
	v := &Vector{Type: t}
	switch t.Class() {
	case ClassBool:
		v.Bools = make([]bool, 0, n)
	case ClassInt:
		v.Ints = make([]int64, 0, n)
	case ClassFloat:
		v.Floats = make([]float64, 0, n)
	case ClassBytes:
		v.Offsets = make([]uint32, 1, n+1)
	case ClassDecimal:
		v.Decimals = make([]Int128, 0, n)
	case ClassInterval:
		v.Intervals = make([]MonthDayNano, 0, n)
	}
	return v
}

// ConstVector makes n rows of one value; bytes are dictionary-coded.
func ConstVector(x Value, n int) *Vector {
	v := NewVector(x.Type, 0)
	v.Len = n
	if x.Null() {
		v.Valid = NewBitmap(n)
	}
	switch x.Type.Class() {
	case ClassBool:
		v.Bools = make([]bool, n)
		for i := range v.Bools {
			v.Bools[i] = x.Bool
		}
	case ClassInt:
		v.Ints = make([]int64, n)
		for i := range v.Ints {
			v.Ints[i] = x.Int
		}
	case ClassFloat:
		v.Floats = make([]float64, n)
		for i := range v.Floats {
			v.Floats[i] = x.Float
		}
	case ClassBytes:
		v.Offsets = nil
		v.Codes = make([]uint32, n)
		v.Dict = &Dict{}
		v.Dict.AppendString(x.Bytes)
	case ClassDecimal:
		v.Decimals = make([]Int128, n)
		for i := range v.Decimals {
			v.Decimals[i] = x.Decimal
		}
	case ClassInterval:
		v.Intervals = make([]MonthDayNano, n)
		for i := range v.Intervals {
			v.Intervals[i] = x.Interval
		}
	}
	return v
}

// Reset empties the vector and keeps its memory; the dictionary is dropped (it may be shared).
func (v *Vector) Reset(t Type) {
	off := v.Offsets[:0]
	*v = Vector{Type: t, Valid: nil, Bools: v.Bools[:0], Ints: v.Ints[:0], Floats: v.Floats[:0], Data: v.Data[:0],
		Codes: v.Codes[:0], Decimals: v.Decimals[:0], Intervals: v.Intervals[:0]}
	if t.Class() == ClassBytes {
		v.Offsets = append(off, 0)
	} else {
		v.Offsets = off
	}
}

// Coded reports whether a ClassBytes vector is dictionary-coded.
func (v *Vector) Coded() bool { return v.Dict != nil }

// Null reports whether row i is NULL.
func (v *Vector) Null(i int) bool {
	return v.Type.Kind == KindNull || v.Valid != nil && !v.Valid.Get(i)
}

// BytesAt is the bytes of row i, valid as long as the vector; it does not look at validity.
func (v *Vector) BytesAt(i int) []byte {
	if v.Dict != nil {
		if v.Dict.Len() == 0 {
			return nil
		}
		return v.Dict.At(v.Codes[i])
	}
	return v.Data[v.Offsets[i]:v.Offsets[i+1]]
}

// At is row i as a Value: for edges and tests, not for loops.
func (v *Vector) At(i int) Value {
	if v.Null(i) {
		return NullOf(v.Type)
	}
	x := Value{Type: v.Type}
	switch v.Type.Class() {
	case ClassBool:
		x.Bool = v.Bools[i]
	case ClassInt:
		x.Int = v.Ints[i]
	case ClassFloat:
		x.Float = v.Floats[i]
	case ClassBytes:
		x.Bytes = string(v.BytesAt(i))
	case ClassDecimal:
		x.Decimal = v.Decimals[i]
	case ClassInterval:
		x.Interval = v.Intervals[i]
	}
	return x
}

// NullCount is how many rows are NULL.
func (v *Vector) NullCount() int {
	if v.Type.Kind == KindNull {
		return v.Len
	}
	if v.Valid == nil {
		return 0
	}
	return v.Len - v.Valid.Count(v.Len)
}

// AppendNull appends a NULL row.
func (v *Vector) AppendNull() {
	if v.Valid == nil {
		v.Valid = NewBitmap(v.Len + 1)
		v.Valid.SetRange(0, v.Len)
	}
	v.Valid = v.Valid.Grow(v.Len + 1)
	v.Valid.Clear(v.Len)
	v.appendZero()
}

// AppendNulls appends n NULL rows.
func (v *Vector) AppendNulls(n int) {
	for ; n > 0; n-- {
		v.AppendNull()
	}
}

func (v *Vector) appendZero() {
	v.Len++
	switch v.Type.Class() {
	case ClassBool:
		v.Bools = append(v.Bools, false)
	case ClassInt:
		v.Ints = append(v.Ints, 0)
	case ClassFloat:
		v.Floats = append(v.Floats, 0)
	case ClassBytes:
		if v.Dict != nil {
			v.Codes = append(v.Codes, 0)
		} else {
			if len(v.Offsets) == 0 {
				v.Offsets = append(v.Offsets, 0)
			}
			v.Offsets = append(v.Offsets, uint32(len(v.Data)))
		}
	case ClassDecimal:
		v.Decimals = append(v.Decimals, Int128{})
	case ClassInterval:
		v.Intervals = append(v.Intervals, MonthDayNano{})
	}
}

func (v *Vector) appended() {
	if v.Valid != nil {
		v.Valid = v.Valid.Grow(v.Len + 1)
		v.Valid.Set(v.Len)
	}
	v.Len++
}

// AppendBool appends to a ClassBool vector.
func (v *Vector) AppendBool(x bool) { v.Bools = append(v.Bools, x); v.appended() }

// AppendInt appends to a ClassInt vector.
func (v *Vector) AppendInt(x int64) { v.Ints = append(v.Ints, x); v.appended() }

// AppendFloat appends to a ClassFloat vector.
func (v *Vector) AppendFloat(x float64) { v.Floats = append(v.Floats, x); v.appended() }

// AppendBytes appends to a plain ClassBytes vector, copying x.
func (v *Vector) AppendBytes(x []byte) {
	if len(v.Offsets) == 0 {
		v.Offsets = append(v.Offsets, 0)
	}
	v.Data = append(v.Data, x...)
	v.Offsets = append(v.Offsets, uint32(len(v.Data)))
	v.appended()
}

// AppendString is AppendBytes for a string.
func (v *Vector) AppendString(x string) {
	if len(v.Offsets) == 0 {
		v.Offsets = append(v.Offsets, 0)
	}
	v.Data = append(v.Data, x...)
	v.Offsets = append(v.Offsets, uint32(len(v.Data)))
	v.appended()
}

// AppendCode appends to a coded ClassBytes vector.
func (v *Vector) AppendCode(c uint32) { v.Codes = append(v.Codes, c); v.appended() }

// AppendValue appends a Value of the vector's class: for edges and tests.
func (v *Vector) AppendValue(x Value) {
	if x.Null() {
		v.AppendNull()
		return
	}
	switch v.Type.Class() {
	case ClassBool:
		v.AppendBool(x.Bool)
	case ClassInt:
		v.AppendInt(x.Int)
	case ClassFloat:
		v.AppendFloat(x.Float)
	case ClassBytes:
		if v.Dict != nil {
			v.AppendCode(v.Dict.AppendString(x.Bytes))
		} else {
			v.AppendString(x.Bytes)
		}
	case ClassDecimal:
		v.Decimals = append(v.Decimals, x.Decimal)
		v.appended()
	case ClassInterval:
		v.Intervals = append(v.Intervals, x.Interval)
		v.appended()
	}
}

// AppendVector appends rows [from, to) of src, which has the same class; coded bytes arrive plain unless both share one dictionary.
func (v *Vector) AppendVector(src *Vector, from, to int) {
	n := to - from
	if n <= 0 {
		return
	}
	if v.Type.Class() == ClassBytes && (v.Dict != src.Dict || v.Dict == nil) {
		v.appendBytesRange(src, from, to)
		return
	}
	v.appendValid(src, from, to)
	v.Len += n
	switch v.Type.Class() {
	case ClassBool:
		v.Bools = append(v.Bools, src.Bools[from:to]...)
	case ClassInt:
		v.Ints = append(v.Ints, src.Ints[from:to]...)
	case ClassFloat:
		v.Floats = append(v.Floats, src.Floats[from:to]...)
	case ClassBytes:
		v.Codes = append(v.Codes, src.Codes[from:to]...)
	case ClassDecimal:
		v.Decimals = append(v.Decimals, src.Decimals[from:to]...)
	case ClassInterval:
		v.Intervals = append(v.Intervals, src.Intervals[from:to]...)
	}
}

func (v *Vector) appendBytesRange(src *Vector, from, to int) {
	if len(v.Offsets) == 0 && v.Dict == nil {
		v.Offsets = append(v.Offsets, 0)
	}
	if v.Dict == nil && src.Dict == nil { // fast path: one copy of the bytes, offsets shifted
		v.appendValid(src, from, to)
		base := uint32(len(v.Data)) - src.Offsets[from]
		v.Data = append(v.Data, src.Data[src.Offsets[from]:src.Offsets[to]]...)
		for _, o := range src.Offsets[from+1 : to+1] {
			v.Offsets = append(v.Offsets, base+o)
		}
		v.Len += to - from
		return
	}
	for i := from; i < to; i++ {
		switch {
		case src.Null(i):
			v.AppendNull()
		case v.Dict != nil:
			v.AppendCode(v.Dict.Append(src.BytesAt(i)))
		default:
			v.AppendBytes(src.BytesAt(i))
		}
	}
}

func (v *Vector) appendValid(src *Vector, from, to int) {
	n := to - from
	if src.Valid == nil && v.Valid == nil {
		return
	}
	if v.Valid == nil {
		v.Valid = NewBitmap(v.Len + n)
		v.Valid.SetRange(0, v.Len)
	}
	v.Valid = v.Valid.Grow(v.Len + n)
	if src.Valid == nil {
		v.Valid.SetRange(v.Len, v.Len+n)
		return
	}
	for i := range n {
		if src.Valid.Get(from + i) {
			v.Valid.Set(v.Len + i)
		} else {
			v.Valid.Clear(v.Len + i)
		}
	}
}

// Slice is rows [from, to) sharing v's memory. A validity bitmap is shared only from a word boundary, else copied.
func (v *Vector) Slice(from, to int) *Vector {
	w := *v
	w.Len = to - from
	if v.Valid != nil {
		if from&63 == 0 {
			w.Valid = v.Valid[from>>6 : (to+63)>>6]
		} else {
			w.Valid = nil
			w.Len = 0
			w.appendValid(v, from, to)
			w.Len = to - from
		}
	}
	switch v.Type.Class() {
	case ClassBool:
		w.Bools = v.Bools[from:to]
	case ClassInt:
		w.Ints = v.Ints[from:to]
	case ClassFloat:
		w.Floats = v.Floats[from:to]
	case ClassBytes:
		if v.Dict != nil {
			w.Codes = v.Codes[from:to]
		} else {
			w.Offsets = v.Offsets[from : to+1]
		}
	case ClassDecimal:
		w.Decimals = v.Decimals[from:to]
	case ClassInterval:
		w.Intervals = v.Intervals[from:to]
	}
	return &w
}

// Bytes is about how much memory the vector holds, its dictionary left out.
func (v *Vector) Bytes() int64 {
	return int64(cap(v.Valid)*8 + cap(v.Bools) + cap(v.Ints)*8 + cap(v.Floats)*8 + cap(v.Offsets)*4 + cap(v.Data) + cap(v.Codes)*4 +
		cap(v.Decimals)*16 + cap(v.Intervals)*16)
}

// Float gives row i of a numeric vector as a float64; NULL is NaN. For edges, not for loops.
func (v *Vector) Float(i int) float64 {
	if v.Null(i) {
		return math.NaN()
	}
	switch v.Type.Class() {
	case ClassFloat:
		return v.Floats[i]
	case ClassInt:
		if v.Type.Kind == KindUint64 {
			return float64(uint64(v.Ints[i]))
		}
		return float64(v.Ints[i])
	case ClassBool:
		return float64(b2i(v.Bools[i]))
	}
	return math.NaN()
}
