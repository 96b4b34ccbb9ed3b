// Package arrowipc writes batches as an Arrow IPC stream. It is the home of the conversion from vectors to Arrow arrays.
package arrowipc

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Writer writes one stream. One goroutine uses it.
type Writer struct {
	ipc    *ipc.Writer
	schema *arrow.Schema
	build  *array.RecordBuilder
}

// NewWriter begins a stream of batches of the fields; compression is "zstd", "lz4", or anything else for none.
func NewWriter(w io.Writer, fields []model.Field, compression string) (*Writer, error) {
	fs := make([]arrow.Field, len(fields))
	for i, f := range fields {
		t, err := DataType(f.Type)
		if err != nil {
			return nil, errs.Wrap(errs.Unsupported, err, "column %q", f.Name)
		}
		fs[i] = arrow.Field{Name: f.Name, Type: t, Nullable: true}
	}
	schema := arrow.NewSchema(fs, nil)
	opts := []ipc.Option{ipc.WithSchema(schema)}
	switch compression {
	case "zstd":
		opts = append(opts, ipc.WithZstd())
	case "lz4":
		opts = append(opts, ipc.WithLZ4())
	}
	return &Writer{ipc: ipc.NewWriter(w, opts...), schema: schema, build: array.NewRecordBuilder(memory.DefaultAllocator, schema)}, nil
}

// Write appends a batch; it keeps nothing of it.
func (w *Writer) Write(b *model.Batch) error {
	for i, v := range b.Cols {
		appendVector(w.build.Field(i), v)
	}
	rec := w.build.NewRecordBatch()
	defer rec.Release()
	return errs.Wrap(errs.External, w.ipc.Write(rec), "write arrow stream")
}

// Close writes the end of the stream; it does not close the writer below.
func (w *Writer) Close() error {
	w.build.Release()
	return errs.Wrap(errs.External, w.ipc.Close(), "end arrow stream")
}

// DataType is the Arrow type of a column.
func DataType(t model.Type) (arrow.DataType, error) {
	unit := arrow.TimeUnit(t.Unit) // both go from seconds to nanoseconds
	switch t.Kind {
	case model.KindNull:
		return arrow.Null, nil
	case model.KindBool:
		return arrow.FixedWidthTypes.Boolean, nil
	case model.KindInt8:
		return arrow.PrimitiveTypes.Int8, nil
	case model.KindInt16:
		return arrow.PrimitiveTypes.Int16, nil
	case model.KindInt32:
		return arrow.PrimitiveTypes.Int32, nil
	case model.KindInt64:
		return arrow.PrimitiveTypes.Int64, nil
	case model.KindUint8:
		return arrow.PrimitiveTypes.Uint8, nil
	case model.KindUint16:
		return arrow.PrimitiveTypes.Uint16, nil
	case model.KindUint32:
		return arrow.PrimitiveTypes.Uint32, nil
	case model.KindUint64:
		return arrow.PrimitiveTypes.Uint64, nil
	case model.KindFloat32:
		return arrow.PrimitiveTypes.Float32, nil
	case model.KindFloat64:
		return arrow.PrimitiveTypes.Float64, nil
	case model.KindString, model.KindJSON, model.KindList, model.KindStruct, model.KindMap:
		return arrow.BinaryTypes.String, nil
	case model.KindBinary, model.KindVector:
		return arrow.BinaryTypes.Binary, nil
	case model.KindDate:
		return arrow.FixedWidthTypes.Date32, nil
	case model.KindTimestamp:
		return &arrow.TimestampType{Unit: unit}, nil
	case model.KindDuration:
		return &arrow.DurationType{Unit: unit}, nil
	case model.KindTime:
		if t.Unit <= model.Millisecond {
			return &arrow.Time32Type{Unit: unit}, nil
		}
		return &arrow.Time64Type{Unit: unit}, nil
	case model.KindInterval:
		return arrow.FixedWidthTypes.MonthDayNanoInterval, nil
	case model.KindDecimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}, nil
	}
	return nil, errs.New(errs.Unsupported, "type %s has no Arrow form", t)
}

// appendVector appends all rows. Fast path: numbers without NULLs of the width that we hold them in.
func appendVector(b array.Builder, v *model.Vector) {
	if v.Valid == nil {
		switch b := b.(type) {
		case *array.Int64Builder:
			b.AppendValues(v.Ints[:v.Len], nil)
			return
		case *array.Float64Builder:
			b.AppendValues(v.Floats[:v.Len], nil)
			return
		}
	}
	b.Reserve(v.Len)
	for i := range v.Len {
		if v.Null(i) {
			b.AppendNull()
			continue
		}
		switch b := b.(type) {
		case *array.BooleanBuilder:
			b.UnsafeAppend(v.Bools[i])
		case *array.Int8Builder:
			b.UnsafeAppend(int8(v.Ints[i]))
		case *array.Int16Builder:
			b.UnsafeAppend(int16(v.Ints[i]))
		case *array.Int32Builder:
			b.UnsafeAppend(int32(v.Ints[i]))
		case *array.Int64Builder:
			b.UnsafeAppend(v.Ints[i])
		case *array.Uint8Builder:
			b.UnsafeAppend(uint8(v.Ints[i]))
		case *array.Uint16Builder:
			b.UnsafeAppend(uint16(v.Ints[i]))
		case *array.Uint32Builder:
			b.UnsafeAppend(uint32(v.Ints[i]))
		case *array.Uint64Builder:
			b.UnsafeAppend(uint64(v.Ints[i]))
		case *array.Float32Builder:
			b.UnsafeAppend(float32(v.Floats[i]))
		case *array.Float64Builder:
			b.UnsafeAppend(v.Floats[i])
		case *array.StringBuilder:
			b.BinaryBuilder.Append(v.BytesAt(i))
		case *array.BinaryBuilder:
			b.Append(v.BytesAt(i))
		case *array.Date32Builder:
			b.UnsafeAppend(arrow.Date32(v.Ints[i]))
		case *array.TimestampBuilder:
			b.UnsafeAppend(arrow.Timestamp(v.Ints[i]))
		case *array.DurationBuilder:
			b.UnsafeAppend(arrow.Duration(v.Ints[i]))
		case *array.Time32Builder:
			b.UnsafeAppend(arrow.Time32(v.Ints[i]))
		case *array.Time64Builder:
			b.UnsafeAppend(arrow.Time64(v.Ints[i]))
		case *array.MonthDayNanoIntervalBuilder:
			x := v.Intervals[i]
			b.Append(arrow.MonthDayNanoInterval{Months: x.Months, Days: x.Days, Nanoseconds: x.Nanos})
		case *array.Decimal128Builder:
			b.Append(decimal128.New(v.Decimals[i].Hi, v.Decimals[i].Lo))
		}
	}
}
