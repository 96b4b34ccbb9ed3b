package sst

import (
	"fmt"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Names of the internal columns in a file.
const (
	sequenceName = "__sequence"
	opTypeName   = "__op_type"
)

// Parquet field ids are signed; internal columns therefore live above 2^30 in files and above 2^31 in the engine.
const internalFieldBase = 1 << 30

// physical is how a column's values are stored in pages.
type physical uint8

const (
	physBool   physical = iota // BOOLEAN, a bit each
	physInt32                  // INT32
	physInt64                  // INT64
	physFloat                  // FLOAT
	physDouble                 // DOUBLE
	physBytes                  // BYTE_ARRAY
	physFixed                  // FIXED_LEN_BYTE_ARRAY of fixedLen bytes: big-endian two's complement decimals
)

// fixedLen is the width of decimals in a file: that of Int128.
const fixedLen = 16

// parquet is the file format's type.
func (p physical) parquet() format.Type {
	return [...]format.Type{format.Boolean, format.Int32, format.Int64, format.Float, format.Double, format.ByteArray,
		format.FixedLenByteArray}[p]
}

// column is one column of a file.
type column struct {
	id       model.ColumnID
	name     string
	typ      model.Type
	phys     physical
	optional bool // NULLs are possible: pages begin with definition levels
	tag      int  // position in the primary key, or -1
	unsigned bool // INT32 and INT64 compare unsigned
}

func physicalOf(t model.Type) (physical, error) {
	switch t.Kind {
	case model.KindBool:
		return physBool, nil
	case model.KindInt8, model.KindInt16, model.KindInt32, model.KindUint8, model.KindUint16, model.KindUint32, model.KindDate:
		return physInt32, nil
	case model.KindInt64, model.KindUint64, model.KindTimestamp, model.KindDuration:
		return physInt64, nil
	case model.KindFloat32:
		return physFloat, nil
	case model.KindFloat64:
		return physDouble, nil
	case model.KindString, model.KindBinary, model.KindJSON, model.KindVector:
		return physBytes, nil
	case model.KindDecimal:
		return physFixed, nil
	}
	return 0, errs.New(errs.Unsupported, "a column of type %s cannot be stored in an sst", t)
}

// layoutOf is the columns of a file of the schema, in file order. All but the time index and the internal columns may be NULL in a
// file, whatever the schema says of new rows.
func layoutOf(s *model.Schema) ([]column, error) {
	var cols []column
	add := func(c *model.Column, tag int, optional bool) error {
		p, err := physicalOf(c.Type)
		if err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
		cols = append(cols, column{id: c.ID, name: c.Name, typ: c.Type, phys: p, optional: optional, tag: tag, unsigned: c.Type.Unsigned()})
		return nil
	}
	for i, c := range s.Tags() {
		if err := add(c, i, true); err != nil {
			return nil, err
		}
	}
	for _, c := range s.Fields() {
		if err := add(c, -1, true); err != nil {
			return nil, err
		}
	}
	if err := add(s.Time(), -1, false); err != nil {
		return nil, err
	}
	return append(cols,
		column{id: model.ColumnSequence, name: sequenceName, typ: model.Uint64, phys: physInt64, tag: -1, unsigned: true},
		column{id: model.ColumnOpType, name: opTypeName, typ: model.Uint8, phys: physInt32, tag: -1, unsigned: true}), nil
}

// fieldID is the column's Parquet field id.
func fieldID(id model.ColumnID) int32 {
	if id.Internal() {
		return int32(internalFieldBase | uint32(id)&(internalFieldBase-1))
	}
	return int32(id)
}

// elements is the Parquet schema of the columns: a flat message.
func elements(cols []column) []format.SchemaElement {
	out := make([]format.SchemaElement, 1, len(cols)+1)
	out[0] = format.SchemaElement{Name: "sst", NumChildren: thrift.New(int32(len(cols)))}
	for _, c := range cols {
		e := format.SchemaElement{Name: c.name, Type: thrift.New(c.phys.parquet()), FieldID: fieldID(c.id)}
		rep := format.Required
		if c.optional {
			rep = format.Optional
		}
		e.RepetitionType = thrift.New(rep)
		if c.phys == physFixed {
			e.TypeLength = thrift.New(int32(fixedLen))
		}
		annotate(&e, c.typ)
		out = append(out, e)
	}
	return out
}

// annotate says what foreign readers shall take the values for. Timestamps count from the epoch in UTC and are not marked as
// adjusted, so that readers show the plain TIMESTAMP which SQL shows here. Parquet knows no seconds: those timestamps, and
// durations, are bare 64-bit integers, their unit being in the file's schema (no multiplication that could overflow).
func annotate(e *format.SchemaElement, t model.Type) {
	conv := func(c deprecated.ConvertedType) { e.ConvertedType = thrift.New(c) }
	logical := func(v format.LogicalTypeValue) { e.LogicalType = format.LogicalType{Value: v} }
	ints := func(bits int8, signed bool, c deprecated.ConvertedType) {
		logical(&format.IntType{BitWidth: bits, IsSigned: signed})
		conv(c)
	}
	switch t.Kind {
	case model.KindInt8:
		ints(8, true, deprecated.Int8)
	case model.KindInt16:
		ints(16, true, deprecated.Int16)
	case model.KindInt32:
		ints(32, true, deprecated.Int32)
	case model.KindInt64:
		ints(64, true, deprecated.Int64)
	case model.KindUint8:
		ints(8, false, deprecated.Uint8)
	case model.KindUint16:
		ints(16, false, deprecated.Uint16)
	case model.KindUint32:
		ints(32, false, deprecated.Uint32)
	case model.KindUint64:
		ints(64, false, deprecated.Uint64)
	case model.KindString:
		logical(&format.StringType{})
		conv(deprecated.UTF8)
	case model.KindJSON:
		logical(&format.JsonType{})
		conv(deprecated.Json)
	case model.KindDate:
		logical(&format.DateType{})
		conv(deprecated.Date)
	case model.KindTimestamp:
		var u format.TimeUnit
		switch t.Unit {
		case model.Millisecond:
			u.Value = &format.MilliSeconds{}
		case model.Microsecond:
			u.Value = &format.MicroSeconds{}
		case model.Nanosecond:
			u.Value = &format.NanoSeconds{}
		default:
			return
		}
		logical(&format.TimestampType{Unit: u})
	case model.KindDecimal:
		logical(&format.DecimalType{Precision: int32(t.Precision), Scale: int32(t.Scale)})
		conv(deprecated.Decimal)
		e.Precision, e.Scale = thrift.New(int32(t.Precision)), thrift.New(int32(t.Scale))
	}
}
