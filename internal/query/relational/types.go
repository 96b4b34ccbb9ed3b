package relational

import (
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// scalarTypes are the types without parameters that columns of sources become. Types that DuckDB lacks travel as the type that holds
// the same bits: JSON, Struct, Map and lists that are not listed as text, Vector as a blob, Duration and Time as numbers of their units.
var scalarTypes = map[model.Kind]duckdb.Type{
	model.KindNull:     duckdb.TypeInteger,
	model.KindBool:     duckdb.TypeBoolean,
	model.KindInt8:     duckdb.TypeTinyInt,
	model.KindInt16:    duckdb.TypeSmallInt,
	model.KindInt32:    duckdb.TypeInteger,
	model.KindInt64:    duckdb.TypeBigInt,
	model.KindUint8:    duckdb.TypeUTinyInt,
	model.KindUint16:   duckdb.TypeUSmallInt,
	model.KindUint32:   duckdb.TypeUInteger,
	model.KindUint64:   duckdb.TypeUBigInt,
	model.KindFloat32:  duckdb.TypeFloat,
	model.KindFloat64:  duckdb.TypeDouble,
	model.KindString:   duckdb.TypeVarchar,
	model.KindJSON:     duckdb.TypeVarchar,
	model.KindList:     duckdb.TypeVarchar,
	model.KindStruct:   duckdb.TypeVarchar,
	model.KindMap:      duckdb.TypeVarchar,
	model.KindTime:     duckdb.TypeBigInt,
	model.KindBinary:   duckdb.TypeBlob,
	model.KindVector:   duckdb.TypeBlob,
	model.KindDate:     duckdb.TypeDate,
	model.KindDuration: duckdb.TypeBigInt,
	model.KindInterval: duckdb.TypeInterval,
}

func timestampType(u model.TimeUnit) duckdb.Type {
	switch u {
	case model.Second:
		return duckdb.TypeTimestampS
	case model.Millisecond:
		return duckdb.TypeTimestampMS
	case model.Microsecond:
		return duckdb.TypeTimestamp
	}
	return duckdb.TypeTimestampNS
}

// logicalType is the type that a source's column has in DuckDB. The caller destroys it.
func logicalType(t model.Type) (duckdb.LogicalType, error) {
	switch t.Kind {
	case model.KindTimestamp:
		return duckdb.CreateLogicalType(timestampType(t.Unit)), nil
	case model.KindDecimal:
		return duckdb.CreateDecimalType(t.Precision, t.Scale), nil
	case model.KindList:
		if listed(t) {
			elem, err := logicalType(t.ElemType())
			if err != nil {
				return elem, err
			}
			defer duckdb.DestroyLogicalType(&elem)
			return duckdb.CreateListType(elem), nil
		}
	}
	d, ok := scalarTypes[t.Kind]
	if !ok {
		return duckdb.LogicalType{}, errs.New(errs.Unsupported, "Not supported: type %s in a query", t)
	}
	return duckdb.CreateLogicalType(d), nil
}

// resultTypes is the way back. HUGEINT, which sums of integers have, becomes Int64 or fails where a value does not fit; times of day
// are numbers of their units; UUIDs and enumerations text.
var resultTypes = map[duckdb.Type]model.Type{
	duckdb.TypeSQLNull:     model.Null,
	duckdb.TypeBoolean:     model.Bool,
	duckdb.TypeTinyInt:     model.Int8,
	duckdb.TypeSmallInt:    model.Int16,
	duckdb.TypeInteger:     model.Int32,
	duckdb.TypeBigInt:      model.Int64,
	duckdb.TypeUTinyInt:    model.Uint8,
	duckdb.TypeUSmallInt:   model.Uint16,
	duckdb.TypeUInteger:    model.Uint32,
	duckdb.TypeUBigInt:     model.Uint64,
	duckdb.TypeHugeInt:     model.Int64,
	duckdb.TypeUHugeInt:    model.Uint64,
	duckdb.TypeFloat:       model.Float32,
	duckdb.TypeDouble:      model.Float64,
	duckdb.TypeVarchar:     model.String,
	duckdb.TypeBlob:        model.Binary,
	duckdb.TypeUUID:        model.String,
	duckdb.TypeEnum:        model.String,
	duckdb.TypeDate:        model.Date,
	duckdb.TypeTimestampS:  model.Timestamp(model.Second),
	duckdb.TypeTimestampMS: model.Timestamp(model.Millisecond),
	duckdb.TypeTimestamp:   model.Timestamp(model.Microsecond),
	duckdb.TypeTimestampTZ: model.Timestamp(model.Microsecond),
	duckdb.TypeTimestampNS: model.Timestamp(model.Nanosecond),
	duckdb.TypeTime:        model.TimeOf(model.Microsecond),
	duckdb.TypeTimeNS:      model.TimeOf(model.Nanosecond),
	duckdb.TypeInterval:    model.Interval,
	duckdb.TypeList:        {Kind: model.KindList},
	duckdb.TypeArray:       {Kind: model.KindList},
	duckdb.TypeStruct:      {Kind: model.KindStruct},
	duckdb.TypeMap:         {Kind: model.KindMap},
}

func resultType(l duckdb.LogicalType) (model.Type, error) {
	id := duckdb.GetTypeId(l)
	if id == duckdb.TypeDecimal {
		return model.Decimal(duckdb.DecimalWidth(l), duckdb.DecimalScale(l)), nil
	}
	t, ok := resultTypes[id]
	if !ok {
		return model.Null, errs.New(errs.Unsupported, "Not supported: a query's result has a type that cannot be shown (engine type %d)", id)
	}
	return t, nil
}
