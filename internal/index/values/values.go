// Package values gives column values as bytes: the form in which value indexes keep and hash them. Byte order is the order of the values,
// and equal values, -0 and +0 or any two NaN among them, have equal bytes.
package values

import (
	"encoding/binary"
	"math"

	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Indexable reports a type whose values have such a form.
func Indexable(t model.Type) bool {
	switch t.Class() {
	case model.ClassBool, model.ClassInt, model.ClassFloat, model.ClassBytes, model.ClassDecimal:
		return true
	}
	return false
}

func appendInt(dst []byte, t model.Type, v int64) []byte {
	u := uint64(v)
	if t.Kind != model.KindUint64 {
		u ^= 1 << 63
	}
	return binary.BigEndian.AppendUint64(dst, u)
}

func appendFloat(dst []byte, f float64) []byte {
	var u uint64
	switch {
	case f != f:
		u = math.MaxUint64
	case f == 0:
		u = 1 << 63
	default:
		if u = math.Float64bits(f); u>>63 == 1 {
			u = ^u
		} else {
			u |= 1 << 63
		}
	}
	return binary.BigEndian.AppendUint64(dst, u)
}

func appendDecimal(dst []byte, d model.Int128) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(d.Hi)^1<<63)
	return binary.BigEndian.AppendUint64(dst, d.Lo)
}

// Append appends row i of v, which is not NULL. Of ClassBytes prefer v.BytesAt, which copies nothing.
func Append(dst []byte, v *model.Vector, i int) []byte {
	switch v.Type.Class() {
	case model.ClassBytes:
		return append(dst, v.BytesAt(i)...)
	case model.ClassInt:
		return appendInt(dst, v.Type, v.Ints[i])
	case model.ClassFloat:
		return appendFloat(dst, v.Floats[i])
	case model.ClassBool:
		if v.Bools[i] {
			return append(dst, 1)
		}
		return append(dst, 0)
	case model.ClassDecimal:
		return appendDecimal(dst, v.Decimals[i])
	}
	return dst
}

// AppendValue appends a value that is not NULL.
func AppendValue(dst []byte, v model.Value) []byte {
	switch v.Type.Class() {
	case model.ClassBytes:
		return append(dst, v.Bytes...)
	case model.ClassInt:
		return appendInt(dst, v.Type, v.Int)
	case model.ClassFloat:
		return appendFloat(dst, v.Float)
	case model.ClassBool:
		if v.Bool {
			return append(dst, 1)
		}
		return append(dst, 0)
	case model.ClassDecimal:
		return appendDecimal(dst, v.Decimal)
	}
	return dst
}

// Same reports whether row i of v has the bytes of row j, both not NULL: a cheap check for runs.
func Same(v *model.Vector, i, j int) bool {
	switch v.Type.Class() {
	case model.ClassBytes:
		if v.Coded() {
			return v.Codes[i] == v.Codes[j]
		}
		return string(v.BytesAt(i)) == string(v.BytesAt(j))
	case model.ClassInt:
		return v.Ints[i] == v.Ints[j]
	case model.ClassFloat:
		return v.Floats[i] == v.Floats[j]
	case model.ClassBool:
		return v.Bools[i] == v.Bools[j]
	case model.ClassDecimal:
		return v.Decimals[i] == v.Decimals[j]
	}
	return false
}

// Comparable reports whether values of type q may be looked up among those of type t: they mean the same by the same bytes.
func Comparable(t, q model.Type) bool {
	switch {
	case t.Class() != q.Class():
		return false
	case t.Class() == model.ClassInt:
		return (t.Kind == model.KindUint64) == (q.Kind == model.KindUint64) && (t.Kind == q.Kind && t.Unit == q.Unit || t.Integer() && q.Integer())
	case t.Class() == model.ClassDecimal:
		return t.Scale == q.Scale
	}
	return true
}

// AppendType writes a type for the footer of a blob: kind, unit, precision and scale, a byte each, and the dimension as a uvarint.
func AppendType(dst []byte, t model.Type) []byte {
	dst = append(dst, byte(t.Kind), byte(t.Unit), t.Precision, t.Scale)
	return binary.AppendUvarint(dst, uint64(t.Dim))
}

// ReadType reads what AppendType wrote.
func ReadType(d *blob.Decoder) model.Type {
	t := model.Type{Kind: model.Kind(d.Byte()), Unit: model.TimeUnit(d.Byte()), Precision: d.Byte(), Scale: d.Byte()}
	t.Dim = uint32(d.Upto(math.MaxUint32, "dimension"))
	if t.Kind > model.KindStruct || t.Unit > model.Nanosecond || !Indexable(t) {
		d.Fail("type of kind %d", t.Kind)
	}
	return t
}
