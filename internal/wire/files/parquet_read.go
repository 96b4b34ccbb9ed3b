package files

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// guard makes an error of a panic of the Parquet library, which damaged files can cause.
func guard(err *error, file string) {
	if r := recover(); r != nil {
		*err = dataError(file, 0, "", fmt.Errorf("damaged: %v", r))
	}
}

func openParquet(src Source) (f *parquet.File, err error) {
	defer guard(&err, src.Name)
	if src.Size < 12 {
		return nil, dataError(src.Name, 0, "", errors.New("too short for a parquet file"))
	}
	var tail [8]byte // the library takes memory for the footer before it looks whether the file is so long
	if _, err := src.ReadAt(tail[:], src.Size-8); err != nil && !errors.Is(err, io.EOF) {
		return nil, dataError(src.Name, 0, "", err)
	}
	if string(tail[4:]) != "PAR1" {
		// Not a parquet file: the library says so without reading more.
	} else if n := int64(binary.LittleEndian.Uint32(tail[:])); n > src.Size-12 || n > maxFooter {
		return nil, dataError(src.Name, 0, "", fmt.Errorf("open parquet: a footer of %d bytes in a file of %d; at most %d are read", n, src.Size, maxFooter))
	} else if err := checkFooter(src, n); err != nil {
		return nil, dataError(src.Name, 0, "", fmt.Errorf("open parquet: %w", err))
	}
	f, err = parquet.OpenFile(src, src.Size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<20))
	if err != nil {
		return nil, dataError(src.Name, 0, "", fmt.Errorf("open parquet: %w", err))
	}
	if n := len(f.Root().Columns()); n > maxColumns {
		return nil, dataError(src.Name, 0, "", fmt.Errorf("%d columns; at most %d are read", n, maxColumns))
	}
	return f, nil
}

// checkFooter walks through the footer, n bytes before the file's tail. The library takes memory for as many elements as a list claims to
// have before it reads them.
func checkFooter(src Source, n int64) error {
	b := make([]byte, n)
	if _, err := src.ReadAt(b, src.Size-8-n); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c := &compact{b: b}
	if c.fields(0, nil); c.err != nil {
		return errFooter
	}
	return nil
}

var errFooter = errors.New("the footer is damaged")

// leafType is the type that values of a file's column have as they are; an error where they cannot be read.
func leafType(c *parquet.Column) (model.Type, error) {
	if !c.Leaf() || c.Repeated() || c.MaxDefinitionLevel() > 1 {
		return model.Type{}, errs.New(errs.Unsupported, "nested and repeated columns are not supported")
	}
	t := c.Type()
	var logical format.LogicalTypeValue
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	if d, ok := logical.(*format.DecimalType); ok {
		if d.Precision < 1 || d.Precision > 38 || d.Scale < 0 || d.Scale > d.Precision {
			return model.Type{}, errs.New(errs.Unsupported, "decimals of %d digits, %d after the point, are not supported", d.Precision, d.Scale)
		}
		return model.Decimal(uint8(d.Precision), uint8(d.Scale)), nil
	}
	converted := deprecated.ConvertedType(-1)
	if t.ConvertedType() != nil {
		converted = *t.ConvertedType()
	}
	switch t.Kind() {
	case parquet.Boolean:
		return model.Bool, nil
	case parquet.Int32, parquet.Int64:
		switch l := logical.(type) {
		case *format.DateType:
			return model.Date, nil
		case *format.TimestampType:
			switch l.Unit.Value.(type) {
			case *format.MilliSeconds:
				return model.Timestamp(model.Millisecond), nil
			case *format.MicroSeconds:
				return model.Timestamp(model.Microsecond), nil
			}
			return model.Timestamp(model.Nanosecond), nil
		case *format.IntType:
			return intType(int(l.BitWidth), l.IsSigned), nil
		}
		switch converted {
		case deprecated.Date:
			return model.Date, nil
		case deprecated.TimestampMillis:
			return model.Timestamp(model.Millisecond), nil
		case deprecated.TimestampMicros:
			return model.Timestamp(model.Microsecond), nil
		case deprecated.Uint8:
			return model.Uint8, nil
		case deprecated.Uint16:
			return model.Uint16, nil
		case deprecated.Uint32:
			return model.Uint32, nil
		case deprecated.Uint64:
			return model.Uint64, nil
		case deprecated.Int8:
			return model.Int8, nil
		case deprecated.Int16:
			return model.Int16, nil
		}
		if t.Kind() == parquet.Int32 {
			return model.Int32, nil
		}
		return model.Int64, nil
	case parquet.Int96:
		return model.Timestamp(model.Nanosecond), nil
	case parquet.Float:
		return model.Float32, nil
	case parquet.Double:
		return model.Float64, nil
	}
	switch logical.(type) {
	case *format.StringType, *format.EnumType, *format.UUIDType:
		return model.String, nil
	case *format.JsonType:
		return model.JSON, nil
	case *format.Float16Type:
		return model.Type{}, errs.New(errs.Unsupported, "floats of 16 bits are not supported")
	}
	switch converted {
	case deprecated.UTF8, deprecated.Enum:
		return model.String, nil
	case deprecated.Json:
		return model.JSON, nil
	}
	return model.Binary, nil
}

func intType(bits int, signed bool) model.Type {
	types := map[int][2]model.Type{8: {model.Uint8, model.Int8}, 16: {model.Uint16, model.Int16}, 32: {model.Uint32, model.Int32}}
	pair, ok := types[bits]
	if !ok {
		pair = [2]model.Type{model.Uint64, model.Int64}
	}
	if signed {
		return pair[1]
	}
	return pair[0]
}

// parquetMeta is what a file of ours remembers of its columns, by name.
func parquetMeta(f *parquet.File) map[string]ColumnMeta {
	text, ok := f.Lookup(metaKey)
	if !ok {
		return nil
	}
	var list []ColumnMeta
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil // of somebody else: the file's own types stand
	}
	out := make(map[string]ColumnMeta, len(list))
	for _, c := range list {
		out[c.Name] = c
	}
	return out
}

// parquetReader reads wanted columns, row group by row group.
type parquetReader struct {
	src     Source
	f       *parquet.File
	columns []Column
	leaves  []*parquet.Column // nil: the file has none
	native  []model.Type
	groups  []format.RowGroup
	unpack  unpackers
	held    int64 // bytes of pages of the current group
	left    int64 // rows of the current group that were not read
	batch   int64 // rows of a batch of it
	cursors []*cursor
	row     int64
	bytes   int64
	pruned  int
}

// newParquetReader opens a file; where, if set, leaves out row groups that cannot have rows for which it is true.
func newParquetReader(src Source, columns []Column, where *model.Expr) (_ Reader, err error) {
	defer guard(&err, src.Name)
	f, err := openParquet(src)
	if err != nil {
		return nil, err
	}
	r := &parquetReader{src: src, f: f, columns: columns, leaves: make([]*parquet.Column, len(columns)), native: make([]model.Type, len(columns)),
		cursors: make([]*cursor, len(columns))}
	for i, c := range columns {
		leaf := f.Root().Column(c.Name)
		if leaf == nil {
			if c.Missing == nil {
				return nil, dataError(src.Name, 0, c.Name, errors.New("the file has no such column"))
			}
			continue
		}
		t, err := leafType(leaf)
		if err != nil {
			return nil, dataError(src.Name, 0, c.Name, err)
		}
		if !convertible(t, c.Type) {
			return nil, dataError(src.Name, 0, c.Name, fmt.Errorf("cannot convert %s to %s", t, c.Type))
		}
		r.leaves[i], r.native[i] = leaf, t
	}
	for i, g := range f.Metadata().RowGroups {
		if where != nil && !r.mayHold(where, &g) {
			r.pruned++
			continue
		}
		if n := g.NumRows; n < 0 || n > maxGroupRows {
			return nil, dataError(src.Name, 0, "", fmt.Errorf("row group %d has %d rows; at most %d are read", i, n, maxGroupRows))
		}
		for _, c := range g.Columns {
			if len(c.MetaData.PathInSchema) == 1 && c.MetaData.NumValues > maxGroupRows {
				return nil, dataError(src.Name, 0, "", fmt.Errorf("row group %d has a column of %d values; at most %d are read", i, c.MetaData.NumValues, maxGroupRows))
			}
			if n := c.MetaData.TotalUncompressedSize; n > maxChunk {
				return nil, dataError(src.Name, 0, "", fmt.Errorf("row group %d has a column chunk of %d bytes; at most %d are read", i, n, int64(maxChunk)))
			}
		}
		r.groups = append(r.groups, g)
	}
	return r, nil
}

// Next implements Reader.
func (r *parquetReader) Next() (b *model.Batch, err error) {
	defer guard(&err, r.src.Name)
	for r.left == 0 {
		if len(r.groups) == 0 {
			return nil, io.EOF
		}
		if err := r.open(&r.groups[0]); err != nil {
			return nil, err
		}
		r.groups = r.groups[1:]
	}
	n := int(min(r.left, r.batch))
	b = &model.Batch{Len: n, Cols: make([]*model.Vector, len(r.columns))}
	for i, c := range r.columns {
		if r.leaves[i] == nil {
			b.Cols[i] = model.ConstVector(*c.Missing, n)
			continue
		}
		v, err := r.cursors[i].read(r.native[i], n)
		if err != nil {
			return nil, dataError(r.src.Name, r.row+1, c.Name, err)
		}
		if b.Cols[i], err = convert(v, c.Type); err != nil {
			var at *rowError
			row := r.row + 1
			if errors.As(err, &at) {
				row += int64(at.row)
			}
			return nil, dataError(r.src.Name, row, c.Name, err)
		}
	}
	r.left -= int64(n)
	r.row += int64(n)
	return b, nil
}

func (r *parquetReader) open(g *format.RowGroup) (err error) {
	r.closeGroup()
	r.left = g.NumRows
	size := int64(0)
	for i, l := range r.leaves {
		if l == nil {
			continue
		}
		if l.Index() >= len(g.Columns) {
			return dataError(r.src.Name, 0, r.columns[i].Name, errors.New("a row group lacks the column"))
		}
		if r.cursors[i], err = newCursor(r.src, l, &g.Columns[l.Index()].MetaData, r.native[i], &r.unpack, &r.held); err != nil {
			return dataError(r.src.Name, 0, r.columns[i].Name, err)
		}
		size += g.Columns[l.Index()].MetaData.TotalUncompressedSize
	}
	r.batch = BatchRows
	if size/batchBytes >= max(r.left, 1)/BatchRows { // long rows
		r.batch = max(1, min(BatchRows, int64(float64(r.left)/float64(size+1)*batchBytes)))
	}
	if n := r.f.NumRows(); n > 0 {
		r.bytes += int64(float64(r.src.Size) * float64(r.left) / float64(n))
	}
	return nil
}

func isUUID(c *parquet.Column) bool {
	l := c.Type().LogicalType()
	if l == nil {
		return false
	}
	_, ok := l.Value.(*format.UUIDType)
	return ok
}

func (r *parquetReader) closeGroup() {
	for i, c := range r.cursors {
		if c != nil {
			c.close()
			r.cursors[i] = nil
		}
	}
}

func (r *parquetReader) Skipped() int64 { return 0 }
func (r *parquetReader) Offset() int64  { return r.bytes }

func (r *parquetReader) Close() (err error) {
	defer guard(&err, r.src.Name)
	r.closeGroup()
	r.unpack.close()
	return nil
}
