package postgres

import "github.com/goptimedb/goptimedb/internal/model"

// OIDs of PostgreSQL's own types. The numbers are part of its protocol.
const (
	OIDBool        = 16
	OIDBytea       = 17
	OIDChar        = 18
	OIDName        = 19
	OIDInt8        = 20
	OIDInt2        = 21
	OIDInt2Vector  = 22
	OIDInt4        = 23
	OIDRegproc     = 24
	OIDText        = 25
	OIDOid         = 26
	OIDOidVector   = 30
	OIDJSON        = 114
	OIDFloat4      = 700
	OIDFloat8      = 701
	OIDUnknown     = 705
	OIDBpchar      = 1042
	OIDVarchar     = 1043
	OIDDate        = 1082
	OIDTime        = 1083
	OIDTimestamp   = 1114
	OIDTimestamptz = 1184
	OIDInterval    = 1186
	OIDNumeric     = 1700
	OIDUUID        = 2950
	OIDJSONB       = 3802

	OIDBoolArray      = 1000
	OIDByteaArray     = 1001
	OIDInt2Array      = 1005
	OIDInt4Array      = 1007
	OIDTextArray      = 1009
	OIDVarcharArray   = 1015
	OIDBpcharArray    = 1014
	OIDInt8Array      = 1016
	OIDFloat4Array    = 1021
	OIDFloat8Array    = 1022
	OIDNumericArray   = 1231
	OIDTimestampArray = 1115
	OIDDateArray      = 1182
	OIDTstzArray      = 1185
	OIDTimeArray      = 1183
	OIDIntervalArray  = 1187
	OIDJSONArray      = 199
	OIDOidArray       = 1028
)

// TypeOf gives the OID of a type, its size in bytes (-1: it varies) and its modifier (-1: none).
func TypeOf(t model.Type) (oid uint32, size int16, modifier int32) {
	switch t.Kind {
	case model.KindBool:
		return OIDBool, 1, -1
	case model.KindInt8, model.KindInt16, model.KindUint8:
		return OIDInt2, 2, -1
	case model.KindInt32, model.KindUint16:
		return OIDInt4, 4, -1
	case model.KindInt64, model.KindUint32:
		return OIDInt8, 8, -1
	case model.KindUint64:
		return OIDNumeric, -1, -1
	case model.KindDecimal:
		return OIDNumeric, -1, int32(t.Precision)<<16 | int32(t.Scale) + 4
	case model.KindFloat32:
		return OIDFloat4, 4, -1
	case model.KindFloat64:
		return OIDFloat8, 8, -1
	case model.KindBinary, model.KindVector:
		return OIDBytea, -1, -1
	case model.KindDate:
		return OIDDate, 4, -1
	case model.KindTimestamp:
		return OIDTimestamp, 8, -1
	case model.KindDuration, model.KindInterval:
		return OIDInterval, 16, -1
	case model.KindTime:
		return OIDTime, 8, -1
	case model.KindJSON, model.KindStruct, model.KindMap:
		return OIDJSON, -1, -1
	case model.KindList:
		return arrayOID(t.ElemType()), -1, -1
	case model.KindNull:
		return OIDText, -1, -1 // a column of nothing but NULL; drivers know no unknown
	}
	return OIDVarchar, -1, -1
}

// ModelType gives the type of a parameter's OID; ok is false where values of it are told from their text.
func ModelType(oid uint32) (t model.Type, ok bool) {
	switch oid {
	case OIDBool:
		return model.Bool, true
	case OIDInt2:
		return model.Int16, true
	case OIDInt4:
		return model.Int32, true
	case OIDInt8, OIDOid:
		return model.Int64, true
	case OIDFloat4:
		return model.Float32, true
	case OIDFloat8:
		return model.Float64, true
	case OIDNumeric:
		return model.Decimal(38, 10), true
	case OIDBytea:
		return model.Binary, true
	case OIDDate:
		return model.Date, true
	case OIDTimestamp, OIDTimestamptz:
		return model.Timestamp(model.Microsecond), true
	case OIDInterval:
		return model.Interval, true
	case OIDText, OIDVarchar, OIDBpchar, OIDName, OIDChar, OIDJSON, OIDJSONB, OIDUUID:
		return model.String, true
	}
	return model.String, false
}

// ArrayType is a type of arrays.
type ArrayType struct {
	OID, Element uint32
	Name         string // of the elements' type
}

// ArrayTypes are the types of arrays that there are.
func ArrayTypes() []ArrayType {
	return []ArrayType{{OIDBoolArray, OIDBool, "bool"}, {OIDByteaArray, OIDBytea, "bytea"}, {1003, OIDName, "name"}, {OIDInt2Array, OIDInt2, "int2"},
		{OIDInt4Array, OIDInt4, "int4"}, {OIDTextArray, OIDText, "text"}, {OIDBpcharArray, OIDBpchar, "bpchar"}, {OIDVarcharArray, OIDVarchar, "varchar"},
		{OIDInt8Array, OIDInt8, "int8"}, {OIDFloat4Array, OIDFloat4, "float4"}, {OIDFloat8Array, OIDFloat8, "float8"}, {1028, OIDOid, "oid"},
		{OIDTimestampArray, OIDTimestamp, "timestamp"}, {OIDDateArray, OIDDate, "date"}, {1183, OIDTime, "time"}, {OIDTstzArray, OIDTimestamptz, "timestamptz"},
		{1187, OIDInterval, "interval"}, {OIDNumericArray, OIDNumeric, "numeric"}, {199, OIDJSON, "json"}, {2951, OIDUUID, "uuid"}, {3807, OIDJSONB, "jsonb"}}
}

// ElementOf gives the OID of an array type's elements; 0 where oid is no array.
func ElementOf(oid uint32) uint32 {
	for _, a := range ArrayTypes() {
		if a.OID == oid {
			return a.Element
		}
	}
	return 0
}

// ArrayOf gives the OID of the type of arrays of a type; that of text where there is none.
func ArrayOf(element uint32) uint32 {
	for _, a := range ArrayTypes() {
		if a.Element == element {
			return a.OID
		}
	}
	return OIDTextArray
}
