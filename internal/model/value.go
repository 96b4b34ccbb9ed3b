package model

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// Int128 is a signed 128-bit integer, the unscaled value of a decimal.
type Int128 struct {
	Hi int64
	Lo uint64
}

// MonthDayNano is an interval: its parts are not normalised into one another.
type MonthDayNano struct {
	Months int32
	Days   int32
	Nanos  int64
}

// Value is one value of any type; only the member of the type's class is set. Values travel in requests and metadata, not in
// loops over rows. The zero Value is an untyped NULL.
type Value struct {
	Type     Type
	IsNull   bool `json:",omitempty"`
	Bool     bool `json:",omitempty"`
	Int      int64
	Float    float64      `json:",omitempty"`
	Bytes    string       `json:",omitempty"` // of ClassBytes: strings and binary alike
	Decimal  Int128       `json:",omitzero"`
	Interval MonthDayNano `json:",omitzero"`
}

// NullOf is the NULL of a type.
func NullOf(t Type) Value { return Value{Type: t, IsNull: true} }

// BoolValue wraps a boolean.
func BoolValue(b bool) Value { return Value{Type: Bool, Bool: b} }

// IntValue wraps an integer, date, timestamp or duration of type t.
func IntValue(t Type, v int64) Value { return Value{Type: t, Int: v} }

// FloatValue wraps a Float64.
func FloatValue(v float64) Value { return Value{Type: Float64, Float: v} }

// StringValue wraps a string.
func StringValue(s string) Value { return Value{Type: String, Bytes: s} }

// Null reports whether the value is NULL.
func (v Value) Null() bool { return v.IsNull || v.Type.Kind == KindNull }

// String prints the value for people and error texts; strings are quoted.
func (v Value) String() string {
	if v.Null() {
		return "NULL"
	}
	switch v.Type.Class() {
	case ClassBool:
		return strconv.FormatBool(v.Bool)
	case ClassInt:
		if v.Type.Kind == KindUint64 {
			return strconv.FormatUint(uint64(v.Int), 10)
		}
		return strconv.FormatInt(v.Int, 10)
	case ClassFloat:
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	case ClassBytes:
		return strconv.Quote(v.Bytes)
	case ClassDecimal:
		return v.Decimal.text(int(v.Type.Scale))
	}
	return fmt.Sprintf("%d months %d days %d ns", v.Interval.Months, v.Interval.Days, v.Interval.Nanos)
}

// text prints the number with scale digits behind the point.
func (d Int128) text(scale int) string {
	n := new(big.Int).Lsh(big.NewInt(d.Hi), 64)
	n.Or(n, new(big.Int).SetUint64(d.Lo))
	digits := fmt.Sprintf("%0*d", scale+1, new(big.Int).Abs(n))
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// Compare orders two non-NULL values of one class: -1, 0 or 1. NaN is greater than every number and equal to itself.
func (v Value) Compare(w Value) int {
	switch v.Type.Class() {
	case ClassBool:
		return cmp3(b2i(v.Bool), b2i(w.Bool))
	case ClassInt:
		if v.Type.Kind == KindUint64 {
			return cmp3(uint64(v.Int), uint64(w.Int))
		}
		return cmp3(v.Int, w.Int)
	case ClassFloat:
		return CompareFloat(v.Float, w.Float)
	case ClassBytes:
		return cmp3(v.Bytes, w.Bytes)
	case ClassDecimal:
		if c := cmp3(v.Decimal.Hi, w.Decimal.Hi); c != 0 {
			return c
		}
		return cmp3(v.Decimal.Lo, w.Decimal.Lo)
	}
	return 0
}

// CompareFloat orders floats totally, as SQL does here: NaN is greater than every number and equal to itself; -0 equals +0.
func CompareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(a):
		return 1
	}
	return -1
}

func cmp3[T int | int64 | uint64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
