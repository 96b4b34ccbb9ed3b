package function

import "github.com/goptimedb/goptimedb/internal/model"

// rank orders numeric types: of two, the one of higher rank holds both.
func rank(t model.Type) int {
	switch t.Kind {
	case model.KindInt8:
		return 1
	case model.KindUint8:
		return 2
	case model.KindInt16:
		return 3
	case model.KindUint16:
		return 4
	case model.KindInt32:
		return 5
	case model.KindUint32:
		return 6
	case model.KindInt64:
		return 7
	case model.KindUint64:
		return 8
	case model.KindDecimal:
		return 9
	case model.KindFloat32:
		return 10
	case model.KindFloat64:
		return 11
	}
	return 0
}

// Common is the type in which values of both types are compared and combined; ok is false where there is none.
func Common(a, b model.Type) (t model.Type, ok bool) {
	switch {
	case a == b:
		return a, true
	case a.Kind == model.KindNull:
		return b, true
	case b.Kind == model.KindNull:
		return a, true
	case a.Numeric() && b.Numeric():
		return commonNumber(a, b), true
	case a.Kind == model.KindString:
		return meetString(b)
	case b.Kind == model.KindString:
		return meetString(a)
	case a.Nested() && b.Nested():
		return commonNested(a, b, Common)
	case a.Class() == model.ClassBytes && b.Class() == model.ClassBytes:
		return a, true
	case a.IsTimestamp() && b.IsTimestamp(), a.Kind == b.Kind && (a.Kind == model.KindDuration || a.Kind == model.KindTime):
		return finer(a, b), true
	case a.IsTimestamp() && (b.Kind == model.KindDate || b.Integer()):
		return a, true
	case b.IsTimestamp() && (a.Kind == model.KindDate || a.Integer()):
		return b, true
	case a.Kind == model.KindDuration && b.Integer():
		return a, true
	case b.Kind == model.KindDuration && a.Integer():
		return b, true
	case a.Kind == model.KindBool && b.Numeric():
		return b, true
	case b.Kind == model.KindBool && a.Numeric():
		return a, true
	}
	return model.Null, false
}

// meetString is what a string meets another type as: the other type, into which the string is converted.
func meetString(t model.Type) (model.Type, bool) {
	return t, true
}

func finer(a, b model.Type) model.Type {
	if a.Unit > b.Unit {
		return a
	}
	return b
}

func commonNumber(a, b model.Type) model.Type {
	if rank(a) < rank(b) {
		a, b = b, a
	}
	switch {
	case a.Kind == model.KindDecimal && b.Integer():
		return model.Decimal(38, a.Scale)
	case a.Kind == model.KindDecimal:
		s := max(a.Scale, b.Scale)
		return model.Decimal(min(38, max(a.Precision-a.Scale, b.Precision-b.Scale)+s), s)
	case a.Floating():
		return a
	case a.Unsigned() && b.Unsigned(), a.Signed() && b.Signed():
		return a
	case a.Unsigned(): // the other is signed and no wider
		switch a.Kind {
		case model.KindUint8:
			return model.Int16
		case model.KindUint16:
			return model.Int32
		}
		return model.Int64
	}
	return a // signed and wider than the unsigned one
}

// Union is the type in which values of both types stand in one column, as those of the branches of a CASE do, of the rows of VALUES, of
// the sides of a UNION and of the elements of a list. It is Common, except that numbers beside text become text.
func Union(a, b model.Type) (t model.Type, ok bool) {
	switch {
	case a.Kind == model.KindString && (b.Numeric() || b.Kind == model.KindBool):
		return a, true
	case b.Kind == model.KindString && (a.Numeric() || a.Kind == model.KindBool):
		return b, true
	case a != b && a.Nested() && b.Nested():
		return commonNested(a, b, Union)
	}
	return Common(a, b)
}

// UnionOf is Union of all types.
func UnionOf(ts []model.Type) (model.Type, bool) {
	out := model.Null
	for _, t := range ts {
		c, ok := Union(out, t)
		if !ok {
			return model.Null, false
		}
		out = c
	}
	return out, true
}

// EngineType is the name of the type as which values of t travel in DuckDB.
func EngineType(t model.Type) string {
	switch t.Kind {
	case model.KindNull:
		return "INTEGER"
	case model.KindBool:
		return "BOOLEAN"
	case model.KindInt8:
		return "TINYINT"
	case model.KindInt16:
		return "SMALLINT"
	case model.KindInt32:
		return "INTEGER"
	case model.KindUint8:
		return "UTINYINT"
	case model.KindUint16:
		return "USMALLINT"
	case model.KindUint32:
		return "UINTEGER"
	case model.KindUint64:
		return "UBIGINT"
	case model.KindFloat32:
		return "FLOAT"
	case model.KindFloat64:
		return "DOUBLE"
	case model.KindString, model.KindJSON:
		return "VARCHAR"
	case model.KindBinary, model.KindVector:
		return "BLOB"
	case model.KindDate:
		return "DATE"
	case model.KindInterval:
		return "INTERVAL"
	case model.KindDecimal:
		return decimalName(t)
	case model.KindList, model.KindStruct, model.KindMap:
		return nestedEngineType(t)
	}
	return "BIGINT" // Int64, timestamps, durations, times of day
}

func decimalName(t model.Type) string {
	return "DECIMAL(" + itoa(int64(t.Precision)) + "," + itoa(int64(t.Scale)) + ")"
}

// EngineField is the type with which a scan's column is declared to DuckDB.
func EngineField(t model.Type) model.Type {
	if t.IsTimestamp() || t.Kind == model.KindDuration || t.Kind == model.KindTime {
		return model.Int64
	}
	return t
}
