package files

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/goptimedb/goptimedb/internal/model"
)

// metaKey is where a Parquet file keeps Options.Meta.
const metaKey = "goptimedb.columns"

// A row group ends when it has so many rows, or bytes of values.
const (
	groupRows  = 128 << 10
	groupBytes = 64 << 20
)

// parquetWriter collects a row group in memory and writes it.
type parquetWriter struct {
	w      *parquet.Writer
	buf    *parquet.Buffer
	cols   []parquet.ColumnBuffer
	fields []model.Field
	values []parquet.Value
	fixed  []byte // of decimals
	text   []byte
	o      Options
	rows   int
	bytes  int64
}

// ordered is a group whose fields keep their order; parquet.Group sorts them by name.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

func (o *ordered) Fields() []parquet.Field { return o.fields }

func newParquetWriter(w io.Writer, o Options, fields []model.Field) (_ Writer, err error) {
	group := parquet.Group{}
	for _, f := range fields {
		group[f.Name] = parquet.Optional(parquetNode(f.Type))
	}
	byName := make(map[string]parquet.Field, len(fields))
	for _, f := range group.Fields() {
		byName[f.Name()] = f
	}
	root := &ordered{Group: group}
	for _, f := range fields {
		root.fields = append(root.fields, byName[f.Name])
	}
	schema := parquet.NewSchema("rows", root)
	meta := o.Meta
	if meta == nil {
		for _, f := range fields {
			meta = append(meta, ColumnMeta{Name: f.Name, Type: f.Type})
		}
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	p := &parquetWriter{fields: fields, o: o}
	p.w = parquet.NewWriter(w, schema, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.KeyValueMetadata(metaKey, string(text)),
		parquet.CreatedBy("goptimedb", "", ""), parquet.DataPageStatistics(false))
	p.buf = parquet.NewBuffer(schema)
	p.cols = p.buf.ColumnBuffers()
	return p, nil
}

// parquetNode is how values of a type are kept in files.
func parquetNode(t model.Type) parquet.Node {
	switch t.Kind {
	case model.KindBool:
		return parquet.Leaf(parquet.BooleanType)
	case model.KindInt8:
		return parquet.Int(8)
	case model.KindInt16:
		return parquet.Int(16)
	case model.KindInt32:
		return parquet.Int(32)
	case model.KindUint8:
		return parquet.Uint(8)
	case model.KindUint16:
		return parquet.Uint(16)
	case model.KindUint32:
		return parquet.Uint(32)
	case model.KindUint64:
		return parquet.Uint(64)
	case model.KindFloat32:
		return parquet.Leaf(parquet.FloatType)
	case model.KindFloat64:
		return parquet.Leaf(parquet.DoubleType)
	case model.KindDate:
		return parquet.Date()
	case model.KindTimestamp:
		switch t.Unit {
		case model.Microsecond:
			return parquet.TimestampAdjusted(parquet.Microsecond, false)
		case model.Nanosecond:
			return parquet.TimestampAdjusted(parquet.Nanosecond, false)
		}
		return parquet.TimestampAdjusted(parquet.Millisecond, false)
	case model.KindDecimal:
		return parquet.Decimal(int(t.Scale), int(t.Precision), parquet.FixedLenByteArrayType(16))
	case model.KindString:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case model.KindJSON, model.KindList, model.KindStruct:
		return parquet.JSON()
	case model.KindBinary, model.KindVector:
		return parquet.Leaf(parquet.ByteArrayType)
	}
	if t.Class() == model.ClassInt {
		return parquet.Int(64)
	}
	return parquet.String() // intervals, and columns that are NULL throughout
}

// Write implements Writer.
func (p *parquetWriter) Write(b *model.Batch) error {
	for at := 0; at < b.Len; {
		n := min(b.Len-at, groupRows-p.rows)
		for i, v := range b.Cols {
			if err := p.column(i, v, at, at+n); err != nil {
				return err
			}
		}
		p.rows += n
		p.bytes += b.Bytes() * int64(n) / int64(b.Len)
		at += n
		if p.rows == groupRows || p.bytes >= groupBytes {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parquetWriter) column(c int, v *model.Vector, from, to int) error {
	out := p.values[:0]
	t := p.fields[c].Type
	p.fixed = p.fixed[:0]
	null := parquet.NullValue().Level(0, 0, c)
	put := func(value func(i int) parquet.Value) {
		for i := from; i < to; i++ {
			if v.Null(i) {
				out = append(out, null)
			} else {
				out = append(out, value(i).Level(0, 1, c))
			}
		}
	}
	switch {
	case v.Type.Class() == model.ClassNull:
		put(nil)
	case v.Type.Class() == model.ClassBool:
		put(func(i int) parquet.Value { return parquet.BooleanValue(v.Bools[i]) })
	case t.Kind == model.KindFloat32:
		put(func(i int) parquet.Value { return parquet.FloatValue(float32(v.Floats[i])) })
	case t.Kind == model.KindFloat64:
		put(func(i int) parquet.Value { return parquet.DoubleValue(v.Floats[i]) })
	case t.IsTimestamp() && t.Unit == model.Second:
		put(func(i int) parquet.Value { return parquet.Int64Value(v.Ints[i] * 1000) }) // valid times fit, see model.ValidTimes
	case t.Kind == model.KindDate, t.Integer() && t.Kind != model.KindInt64 && t.Kind != model.KindUint64:
		put(func(i int) parquet.Value { return parquet.Int32Value(int32(v.Ints[i])) })
	case t.Class() == model.ClassInt:
		put(func(i int) parquet.Value { return parquet.Int64Value(v.Ints[i]) })
	case t.Class() == model.ClassDecimal:
		if cap(p.fixed) < 16*(to-from) {
			p.fixed = make([]byte, 0, 16*(to-from))
		}
		put(func(i int) parquet.Value {
			n := len(p.fixed)
			p.fixed = binary.BigEndian.AppendUint64(p.fixed, uint64(v.Decimals[i].Hi))
			p.fixed = binary.BigEndian.AppendUint64(p.fixed, v.Decimals[i].Lo)
			return parquet.FixedLenByteArrayValue(p.fixed[n:])
		})
	case t.Class() == model.ClassBytes:
		put(func(i int) parquet.Value { return parquet.ByteArrayValue(v.BytesAt(i)) })
	default:
		put(func(i int) parquet.Value {
			b, _ := p.o.textOf(nil, v, i)
			return parquet.ByteArrayValue(b)
		})
	}
	p.values = out
	if _, err := p.cols[c].WriteValues(out); err != nil {
		return fmt.Errorf("column %s: %w", p.fields[c].Name, err)
	}
	return nil
}

func (p *parquetWriter) flush() error {
	if p.rows == 0 {
		return nil
	}
	if _, err := p.w.WriteRowGroup(p.buf); err != nil {
		return err
	}
	p.buf.Reset()
	p.rows, p.bytes = 0, 0
	return nil
}

// Close implements Writer.
func (p *parquetWriter) Close() error {
	if err := p.flush(); err != nil {
		return err
	}
	return p.w.Close()
}
