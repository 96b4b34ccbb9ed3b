package sst

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/goptimedb/goptimedb/internal/model"
)

// A reader that shares no code with this one sees the same rows, and natural types.
func TestForeignReader(t *testing.T) {
	for i := range 8 {
		rnd := rand.New(rand.NewSource(int64(100 + i)))
		d := randomData(rnd, allTypes(), 20, 200, []float64{0, 0.2, 1}[i%3])
		data, _ := d.write(t, WriterOptions{RowGroupRows: 1500, PageRows: 256}, 1000)
		pf, err := file.NewParquetReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		cols, _ := layoutOf(d.schema)
		at := 0
		for g := range pf.NumRowGroups() {
			rg := pf.RowGroup(g)
			for ci := range cols {
				r, err := rg.Column(ci)
				if err != nil {
					t.Fatal(err)
				}
				vals, err := foreignColumn(r, &cols[ci], int(rg.NumRows()))
				if err != nil {
					t.Fatalf("column %q: %v", cols[ci].name, err)
				}
				for k, got := range vals {
					if want := d.cols[cols[ci].id].At(at + k); !sameValue(got, want) {
						t.Fatalf("column %q (%s) row %d is %v, not %v", cols[ci].name, cols[ci].typ, at+k, got, want)
					}
				}
			}
			at += int(rg.NumRows())
		}
		if at != d.rows {
			t.Fatalf("%d rows, not %d", at, d.rows)
		}
	}
}

func foreignColumn(r file.ColumnChunkReader, c *column, rows int) ([]model.Value, error) {
	levels := make([]int16, rows)
	n := int64(0)
	var set func(v *model.Value, i int)
	switch r := r.(type) {
	case *file.BooleanColumnChunkReader:
		x := make([]bool, rows)
		n = readAll(r.ReadBatch, x, levels)
		set = func(v *model.Value, i int) { v.Bool = x[i] }
	case *file.Int32ColumnChunkReader:
		x := make([]int32, rows)
		n = readAll(r.ReadBatch, x, levels)
		set = func(v *model.Value, i int) {
			if v.Int = int64(x[i]); c.unsigned {
				v.Int = int64(uint32(x[i]))
			}
		}
	case *file.Int64ColumnChunkReader:
		x := make([]int64, rows)
		n = readAll(r.ReadBatch, x, levels)
		set = func(v *model.Value, i int) { v.Int = x[i] }
	case *file.Float32ColumnChunkReader:
		x := make([]float32, rows)
		n = readAll(r.ReadBatch, x, levels)
		set = func(v *model.Value, i int) { v.Float = float64(x[i]) }
	case *file.Float64ColumnChunkReader:
		x := make([]float64, rows)
		n = readAll(r.ReadBatch, x, levels)
		set = func(v *model.Value, i int) { v.Float = x[i] }
	case *file.ByteArrayColumnChunkReader:
		x := make([]parquet.ByteArray, rows)
		n = readAll(r.ReadBatch, x, levels)
		set = func(v *model.Value, i int) { v.Bytes = string(x[i]) }
	case *file.FixedLenByteArrayColumnChunkReader:
		x := make([]parquet.FixedLenByteArray, rows)
		n = readAll(r.ReadBatch, x, levels)
		set = func(v *model.Value, i int) { v.Decimal = decimalAt(x[i]) }
	default:
		return nil, fmt.Errorf("reader %T", r)
	}
	if r.Err() != nil || n != int64(rows) {
		return nil, fmt.Errorf("%d of %d rows: %v", n, rows, r.Err())
	}
	out := make([]model.Value, rows)
	k := 0
	for i := range out {
		out[i] = model.NullOf(c.typ)
		if !c.optional || levels[i] == 1 {
			out[i] = model.Value{Type: c.typ}
			set(&out[i], k)
			k++
		}
	}
	return out, nil
}

func readAll[T any](read func(int64, []T, []int16, []int16) (int64, int, error), vals []T, levels []int16) int64 {
	rows, at := int64(0), 0
	for rows < int64(len(levels)) {
		n, k, err := read(int64(len(levels))-rows, vals[at:], levels[rows:], nil)
		if err != nil || n == 0 {
			break
		}
		rows, at = rows+n, at+k
	}
	return rows
}

// What foreign readers take the columns for.
func TestForeignTypes(t *testing.T) {
	d := randomData(rand.New(rand.NewSource(1)), allTypes(), 1, 10, 0)
	data, _ := d.write(t, WriterOptions{}, 100)
	pf, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	want := map[model.Type]string{
		model.Int8: "Int(bitWidth=8, isSigned=true)", model.Uint32: "Int(bitWidth=32, isSigned=false)", model.String: "String",
		model.Date: "Date", model.JSON: "JSON", model.Decimal(10, 2): "Decimal(precision=10, scale=2)", model.Binary: "None",
		model.Timestamp(model.Second): "None",
		model.Timestamp(model.Millisecond): "Timestamp(isAdjustedToUTC=false, timeUnit=milliseconds, is_from_converted_type=false, " +
			"force_set_converted_type=false)",
	}
	cols, _ := layoutOf(d.schema)
	for i, c := range cols {
		n := pf.MetaData().Schema.Column(i)
		if n.SchemaNode().FieldID() != fieldID(c.id) {
			t.Errorf("column %q has field id %d, not %d", c.name, n.SchemaNode().FieldID(), fieldID(c.id))
		}
		if w, ok := want[c.typ]; ok && n.LogicalType().String() != w {
			t.Errorf("column of %s is %s, not %s", c.typ, n.LogicalType(), w)
		}
	}
	if got := fieldID(model.ColumnSequence); got != 1<<30+1 {
		t.Errorf("sequences have field id %d", got)
	}
}
