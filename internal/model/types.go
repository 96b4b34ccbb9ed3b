package model

import (
	"fmt"
	"strconv"
	"strings"
)

// TimeUnit is the precision of a timestamp, time or duration.
type TimeUnit uint8

// The four precisions.
const (
	Second TimeUnit = iota
	Millisecond
	Microsecond
	Nanosecond
)

// PerSecond is how many of the unit make a second.
func (u TimeUnit) PerSecond() int64 {
	return [...]int64{1, 1e3, 1e6, 1e9}[u]
}

// Nanos is how many nanoseconds make one of the unit.
func (u TimeUnit) Nanos() int64 { return 1e9 / u.PerSecond() }

func (u TimeUnit) String() string {
	return [...]string{"Second", "Millisecond", "Microsecond", "Nanosecond"}[u]
}

// Kind is the family of a data type.
type Kind uint8

// The kinds. Interval, Duration, Time, List, Struct and Map occur in results only, never as columns.
const (
	KindNull Kind = iota
	KindBool
	KindInt8
	KindInt16
	KindInt32
	KindInt64
	KindUint8
	KindUint16
	KindUint32
	KindUint64
	KindFloat32
	KindFloat64
	KindString
	KindBinary
	KindDate      // days since 1970-01-01
	KindTimestamp // of Unit, since 1970-01-01T00:00:00Z
	KindDuration  // of Unit
	KindInterval
	KindDecimal // of Precision and Scale
	KindJSON    // text of a JSON value
	KindVector  // Dim little-endian float32
	KindList    // JSON text of the list
	KindStruct  // JSON text of the object
	KindMap     // JSON text of an object of its entries
	KindTime    // of Unit, since midnight
)

// Class is how values of a type lie in memory.
type Class uint8

// The physical classes, each named after the Vector slice that holds it.
const (
	ClassNull     Class = iota // no slice: every value is NULL
	ClassBool                  // Vector.Bools
	ClassInt                   // Vector.Ints; uint64 as the same bits
	ClassFloat                 // Vector.Floats
	ClassBytes                 // Vector.Offsets and Data, or Codes and Dict
	ClassDecimal               // Vector.Decimals
	ClassInterval              // Vector.Intervals
)

// Type is a data type. Types are comparable with ==.
type Type struct {
	Kind      Kind
	Unit      TimeUnit // of KindTimestamp, KindDuration and KindTime
	Precision uint8    // of KindDecimal, 1..38
	Scale     uint8    // of KindDecimal
	Dim       uint32   // of KindVector
	// Elem is the kind of the elements of KindList, whose Unit, Precision and Scale stand above, or which are in Within if they are nested
	// themselves; KindNull: not known.
	Elem Kind
	// Within is what nested types hold, as String prints it: the members of a struct, the key and value of a map, the nested elements of a
	// list. Empty: not known.
	Within string
}

// Types without parameters.
var (
	Null     = Type{Kind: KindNull}
	Bool     = Type{Kind: KindBool}
	Int8     = Type{Kind: KindInt8}
	Int16    = Type{Kind: KindInt16}
	Int32    = Type{Kind: KindInt32}
	Int64    = Type{Kind: KindInt64}
	Uint8    = Type{Kind: KindUint8}
	Uint16   = Type{Kind: KindUint16}
	Uint32   = Type{Kind: KindUint32}
	Uint64   = Type{Kind: KindUint64}
	Float32  = Type{Kind: KindFloat32}
	Float64  = Type{Kind: KindFloat64}
	String   = Type{Kind: KindString}
	Binary   = Type{Kind: KindBinary}
	Date     = Type{Kind: KindDate}
	JSON     = Type{Kind: KindJSON}
	Interval = Type{Kind: KindInterval}
)

// Timestamp is the timestamp type of a precision.
func Timestamp(u TimeUnit) Type { return Type{Kind: KindTimestamp, Unit: u} }

// Duration is the duration type of a precision.
func Duration(u TimeUnit) Type { return Type{Kind: KindDuration, Unit: u} }

// Decimal is the decimal type of p digits, s of them after the point.
func Decimal(p, s uint8) Type { return Type{Kind: KindDecimal, Precision: p, Scale: s} }

// VectorOf is the type of vectors of dim float32.
func VectorOf(dim uint32) Type { return Type{Kind: KindVector, Dim: dim} }

// TimeOf is the type of times of day of a precision.
func TimeOf(u TimeUnit) Type { return Type{Kind: KindTime, Unit: u} }

// Class is how the type's values lie in memory.
func (t Type) Class() Class {
	switch t.Kind {
	case KindNull:
		return ClassNull
	case KindBool:
		return ClassBool
	case KindFloat32, KindFloat64:
		return ClassFloat
	case KindString, KindBinary, KindJSON, KindVector, KindList, KindStruct, KindMap:
		return ClassBytes
	case KindDecimal:
		return ClassDecimal
	case KindInterval:
		return ClassInterval
	}
	return ClassInt
}

// Signed reports a signed integer type.
func (t Type) Signed() bool { return t.Kind >= KindInt8 && t.Kind <= KindInt64 }

// Unsigned reports an unsigned integer type.
func (t Type) Unsigned() bool { return t.Kind >= KindUint8 && t.Kind <= KindUint64 }

// Integer reports a signed or unsigned integer type.
func (t Type) Integer() bool { return t.Signed() || t.Unsigned() }

// Floating reports Float32 or Float64.
func (t Type) Floating() bool { return t.Kind == KindFloat32 || t.Kind == KindFloat64 }

// Numeric reports an integer, floating or decimal type.
func (t Type) Numeric() bool { return t.Integer() || t.Floating() || t.Kind == KindDecimal }

// IsTimestamp reports a timestamp of any precision.
func (t Type) IsTimestamp() bool { return t.Kind == KindTimestamp }

// IntRange is the inclusive range of a signed integer type, in its own value; for unsigned types up to 32 bits likewise.
func (t Type) IntRange() (min, max int64, ok bool) {
	switch t.Kind {
	case KindInt8:
		return -1 << 7, 1<<7 - 1, true
	case KindInt16:
		return -1 << 15, 1<<15 - 1, true
	case KindInt32, KindDate:
		return -1 << 31, 1<<31 - 1, true
	case KindInt64:
		return -1 << 63, 1<<63 - 1, true
	case KindUint8:
		return 0, 1<<8 - 1, true
	case KindUint16:
		return 0, 1<<16 - 1, true
	case KindUint32:
		return 0, 1<<32 - 1, true
	}
	return 0, 0, false
}

var kindNames = [...]string{"Null", "Boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32",
	"Float64", "String", "Binary", "Date", "Timestamp", "Duration", "IntervalMonthDayNano", "Decimal", "Json", "Vector", "List", "Struct", "Map", "Time"}

// String is the native name that clients see as data_type, e.g. "TimestampMillisecond", "Decimal(10, 2)".
func (t Type) String() string {
	if int(t.Kind) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", t.Kind)
	}
	n := kindNames[t.Kind]
	switch t.Kind {
	case KindTimestamp, KindDuration, KindTime:
		return n + t.Unit.String()
	case KindList, KindStruct, KindMap:
		return t.nestedName()
	case KindDecimal:
		return fmt.Sprintf("Decimal(%d, %d)", t.Precision, t.Scale)
	case KindVector:
		return fmt.Sprintf("Vector(%d)", t.Dim)
	}
	return n
}

var sqlNames = [...]string{"NULL", "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "TINYINT UNSIGNED", "SMALLINT UNSIGNED", "INT UNSIGNED",
	"BIGINT UNSIGNED", "FLOAT", "DOUBLE", "STRING", "VARBINARY", "DATE", "", "", "INTERVAL", "", "JSON", "", "LIST", "STRUCT", "MAP", "TIME"}

// SQL is the name that SHOW CREATE TABLE prints, e.g. "TIMESTAMP(3)".
func (t Type) SQL() string {
	switch t.Kind {
	case KindTimestamp:
		return fmt.Sprintf("TIMESTAMP(%d)", 3*int(t.Unit))
	case KindDuration:
		return t.String()
	case KindDecimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case KindVector:
		return fmt.Sprintf("VECTOR(%d)", t.Dim)
	}
	if int(t.Kind) < len(sqlNames) {
		return sqlNames[t.Kind]
	}
	return t.String()
}

// ParseType reads what String prints.
func ParseType(s string) (Type, error) {
	if strings.IndexByte(s, '<') >= 0 {
		return parseNested(s)
	}
	return parseFlat(s)
}

// parseFlat reads types that hold no others.
func parseFlat(s string) (Type, error) {
	for k, n := range kindNames {
		k := Kind(k)
		if s == n && k != KindTimestamp && k != KindDuration && k != KindTime && k != KindDecimal && k != KindVector {
			return Type{Kind: k}, nil
		}
	}
	for u := Second; u <= Nanosecond; u++ {
		switch s {
		case "Timestamp" + u.String():
			return Timestamp(u), nil
		case "Duration" + u.String():
			return Duration(u), nil
		case "Time" + u.String():
			return TimeOf(u), nil
		}
	}
	if args, ok := strings.CutPrefix(s, "Decimal("); ok {
		p, sc, ok := strings.Cut(strings.TrimSuffix(args, ")"), ",")
		pv, err1 := strconv.ParseUint(strings.TrimSpace(p), 10, 8)
		sv, err2 := strconv.ParseUint(strings.TrimSpace(sc), 10, 8)
		if ok && err1 == nil && err2 == nil && pv >= 1 && pv <= 38 && sv <= pv {
			return Decimal(uint8(pv), uint8(sv)), nil
		}
	}
	if arg, ok := strings.CutPrefix(s, "Vector("); ok {
		if d, err := strconv.ParseUint(strings.TrimSuffix(arg, ")"), 10, 32); err == nil {
			return VectorOf(uint32(d)), nil
		}
	}
	return Type{}, fmt.Errorf("unknown data type %q", s)
}

// MarshalText writes the native name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the native name.
func (t *Type) UnmarshalText(b []byte) (err error) {
	*t, err = ParseType(string(b))
	return err
}

// Convertible reports that values of from can be read as to, where to can hold them.
func Convertible(from, to Type) bool {
	plain := func(t Type) bool { return t.Integer() || t.Floating() || t.Kind == KindBool }
	switch {
	case from == to:
		return true
	case from.Kind == KindVector || to.Kind == KindVector:
		return false
	case from.Class() == ClassBytes && to.Class() == ClassBytes:
		return true
	case to.Kind == KindString:
		return plain(from) || from.IsTimestamp() || from.Kind == KindDate || from.Kind == KindDecimal
	case from.Kind == KindString:
		return plain(to)
	case from.IsTimestamp() && (to.IsTimestamp() || to.Kind == KindInt64 || to.Kind == KindDate):
		return true
	case to.IsTimestamp():
		return from.Kind == KindInt64 || from.Kind == KindDate
	case to.Kind == KindDecimal:
		return from.Integer() || from.Kind == KindDecimal
	case from.Kind == KindDecimal:
		return to.Floating()
	case from.Kind == KindBool:
		return to.Integer()
	case to.Kind == KindBool:
		return from.Integer()
	}
	return plain(from) && plain(to)
}
