package series

import (
	"encoding/binary"
	"math"

	"github.com/goptimedb/goptimedb/internal/model"
)

// AppendSortable appends the dictionary form of a tag value: bytes that compare like the values do. Strings and binary stay as they
// are; integers are 8 bytes big-endian (sign bit flipped for signed types), decimals 16 such bytes, floats 8 bytes in total order, booleans
// one byte.
func AppendSortable(dst []byte, v *model.Vector, row int) []byte {
	switch v.Type.Class() {
	case model.ClassBytes:
		return append(dst, v.BytesAt(row)...)
	case model.ClassInt:
		return AppendSortableInt(dst, v.Type, v.Ints[row])
	case model.ClassFloat:
		return binary.BigEndian.AppendUint64(dst, sortableFloat(v.Floats[row]))
	case model.ClassBool:
		if v.Bools[row] {
			return append(dst, 1)
		}
		return append(dst, 0)
	case model.ClassDecimal:
		return appendSortableDecimal(dst, v.Decimals[row])
	}
	return dst
}

// AppendSortableInt is AppendSortable for one integer of type t.
func AppendSortableInt(dst []byte, t model.Type, v int64) []byte {
	u := uint64(v)
	if t.Kind != model.KindUint64 {
		u ^= 1 << 63
	}
	return binary.BigEndian.AppendUint64(dst, u)
}

// AppendSortableValue is AppendSortable for a Value that is not NULL.
func AppendSortableValue(dst []byte, v model.Value) []byte {
	switch v.Type.Class() {
	case model.ClassBytes:
		return append(dst, v.Bytes...)
	case model.ClassInt:
		return AppendSortableInt(dst, v.Type, v.Int)
	case model.ClassFloat:
		return binary.BigEndian.AppendUint64(dst, sortableFloat(v.Float))
	case model.ClassBool:
		if v.Bool {
			return append(dst, 1)
		}
		return append(dst, 0)
	case model.ClassDecimal:
		return appendSortableDecimal(dst, v.Decimal)
	}
	return dst
}

// sortableWidth is the length of every dictionary value of a class; -1 where it varies.
func sortableWidth(c model.Class) int {
	switch c {
	case model.ClassInt, model.ClassFloat:
		return 8
	case model.ClassBool:
		return 1
	case model.ClassDecimal:
		return 16
	}
	return -1
}

func appendSortableDecimal(dst []byte, d model.Int128) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(d.Hi)^1<<63)
	return binary.BigEndian.AppendUint64(dst, d.Lo)
}

// FromSortable is the value of type t whose dictionary form is b.
func FromSortable(t model.Type, b []byte) model.Value {
	v := model.Value{Type: t}
	switch t.Class() {
	case model.ClassBytes:
		v.Bytes = string(b)
	case model.ClassInt:
		u := binary.BigEndian.Uint64(b)
		if t.Kind != model.KindUint64 {
			u ^= 1 << 63
		}
		v.Int = int64(u)
	case model.ClassFloat:
		u := binary.BigEndian.Uint64(b)
		if u>>63 == 1 {
			u ^= 1 << 63
		} else {
			u = ^u
		}
		v.Float = math.Float64frombits(u)
	case model.ClassBool:
		v.Bool = b[0] == 1
	case model.ClassDecimal:
		v.Decimal = model.Int128{Hi: int64(binary.BigEndian.Uint64(b) ^ 1<<63), Lo: binary.BigEndian.Uint64(b[8:])}
	}
	return v
}

// sortableFloat orders floats as model.CompareFloat does: NaN greatest (all NaNs as one), -0 as +0.
func sortableFloat(f float64) uint64 {
	switch {
	case f == 0:
		f = 0
	case f != f:
		f = math.NaN()
	}
	u := math.Float64bits(f)
	if u>>63 == 1 {
		return ^u
	}
	return u | 1<<63
}
