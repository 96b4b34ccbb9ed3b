package files

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/model"
)

// metaKey is where a Parquet file keeps Options.Meta.
const metaKey = "goptimedb.columns"

// createdBy begins the name of the writer of our files.
const createdBy = "goptimedb "

// A row group ends when it has so many rows, or bytes of values.
const (
	groupRows  = 128 << 10
	groupBytes = 64 << 20
)

// parquetWriter collects the columns of a row group in memory, encodes them at once, and writes them.
type parquetWriter struct {
	w      io.Writer
	meta   format.FileMetaData
	cols   []*columnOut
	encs   []*pageEncoder // one a goroutine
	rows   int            // of the current group
	bytes  int64
	offset int64
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
	remembered := o.Meta
	if remembered == nil {
		for _, f := range fields {
			remembered = append(remembered, ColumnMeta{Name: f.Name, Type: f.Type})
		}
	}
	text, err := json.Marshal(remembered)
	if err != nil {
		return nil, err
	}
	p := &parquetWriter{w: w}
	// The library knows how a schema is spelled in a footer: it is taken out of a file without rows.
	var empty bytes.Buffer
	if err := parquet.NewWriter(&empty, parquet.NewSchema("rows", root)).Close(); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(bytes.NewReader(empty.Bytes()), int64(empty.Len()))
	if err != nil {
		return nil, err
	}
	p.meta = format.FileMetaData{Version: 2, Schema: f.Metadata().Schema, CreatedBy: createdBy + "version 1",
		KeyValueMetadata: []format.KeyValue{{Key: metaKey, Value: string(text)}}}
	for _, f := range fields {
		p.meta.ColumnOrders = append(p.meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
		p.cols = append(p.cols, newColumnOut(f, &o))
	}
	for range min(runtime.GOMAXPROCS(0), 4, max(1, len(fields))) {
		e, err := newPageEncoder()
		if err != nil {
			return nil, err
		}
		p.encs = append(p.encs, e)
	}
	return p, p.write([]byte("PAR1"))
}

func (p *parquetWriter) write(b []byte) error {
	n, err := p.w.Write(b)
	p.offset += int64(n)
	return err
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
	case model.KindJSON, model.KindList, model.KindStruct, model.KindMap:
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
	size := b.Bytes()
	for at := 0; at < b.Len; {
		n := min(b.Len-at, groupRows-p.rows)
		if room := groupBytes - p.bytes; size/int64(b.Len)*int64(n) > room { // long rows
			n = int(max(1, min(int64(n), room/(size/int64(b.Len)+1))))
		}
		for i, v := range b.Cols {
			if err := p.cols[i].append(v, at, at+n); err != nil {
				return fmt.Errorf("column %s: %w", p.cols[i].name, err)
			}
		}
		p.rows += n
		p.bytes += size * int64(n) / int64(b.Len)
		at += n
		if p.rows == groupRows || p.bytes >= groupBytes {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush encodes the columns, several at once, and writes them as a row group.
func (p *parquetWriter) flush() error {
	if p.rows == 0 {
		return nil
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	for _, e := range p.encs {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(p.cols); i = int(next.Add(1)) - 1 {
				p.cols[i].encode(e)
			}
		})
	}
	wg.Wait()
	g := format.RowGroup{NumRows: int64(p.rows), FileOffset: p.offset, Ordinal: int16(min(len(p.meta.RowGroups), math.MaxInt16))}
	for _, c := range p.cols {
		if c.err != nil {
			return fmt.Errorf("column %s: %w", c.name, c.err)
		}
		m := c.meta
		m.DataPageOffset += p.offset
		if c.dictSize > 0 {
			m.DictionaryPageOffset = p.offset
		}
		g.TotalByteSize += m.TotalUncompressedSize
		g.TotalCompressedSize += m.TotalCompressedSize
		g.Columns = append(g.Columns, format.ColumnChunk{MetaData: m})
		if err := p.write(c.out); err != nil {
			return err
		}
		c.reset()
	}
	p.meta.RowGroups = append(p.meta.RowGroups, g)
	p.meta.NumRows += int64(p.rows)
	p.rows, p.bytes = 0, 0
	return nil
}

// Close implements Writer.
func (p *parquetWriter) Close() error {
	defer func() {
		for _, e := range p.encs {
			e.zstd.Close() // on memory only: nothing can fail
		}
	}()
	if err := p.flush(); err != nil {
		return err
	}
	var protocol thrift.CompactProtocol
	footer, err := thrift.Marshal(&protocol, &p.meta)
	if err != nil {
		return err
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return p.write(append(footer, "PAR1"...))
}
