package relational

import (
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// reader makes batches of the chunks of one result.
type reader struct {
	cols []readColumn
}

type readColumn struct {
	field model.Field
	shape *shape
}

func newReader(res *duckdb.Result, want []model.Type) (*reader, error) {
	rd := &reader{}
	if n := duckdb.ColumnCount(res); want != nil && len(want) != int(n) {
		return nil, errs.New(errs.Internal, "the result has %d columns, types are given for %d", n, len(want))
	}
	for i := range duckdb.ColumnCount(res) {
		name := duckdb.ColumnName(res, i)
		l := duckdb.ColumnLogicalType(res, i)
		t, err := resultType(l)
		var s *shape
		if err == nil {
			s, err = newShape(l)
		}
		duckdb.DestroyLogicalType(&l)
		if err != nil {
			return nil, errs.Wrap(errs.CodeOf(err), err, "column %s", name)
		}
		if want != nil {
			if t.Class() != want[i].Class() && want[i].Class() != model.ClassNull {
				return nil, errs.New(errs.Internal, "column %s is %s (engine type %d), not %s", name, t, s.id, want[i])
			}
			t = want[i]
		}
		rd.cols = append(rd.cols, readColumn{model.Field{Name: name, Type: t}, s})
	}
	return rd, nil
}

func (rd *reader) fields() []model.Field {
	out := make([]model.Field, len(rd.cols))
	for i, c := range rd.cols {
		out[i] = c.field
	}
	return out
}

// batch copies a chunk.
func (rd *reader) batch(chunk duckdb.DataChunk) (*model.Batch, error) {
	n := int(duckdb.DataChunkGetSize(chunk))
	b := &model.Batch{Cols: make([]*model.Vector, len(rd.cols)), Len: n}
	if n == 0 {
		return b, nil
	}
	for i, c := range rd.cols {
		v, err := readVector(duckdb.DataChunkGetVector(chunk, duckdb.IdxT(i)), c.field.Type, c.shape, n)
		if err != nil {
			return nil, errs.Wrap(errs.CodeOf(err), err, "column %s", c.field.Name)
		}
		b.Cols[i] = v
	}
	return b, nil
}

func readVector(vec duckdb.Vector, t model.Type, s *shape, n int) (*model.Vector, error) {
	v := &model.Vector{Type: t, Len: n}
	if p := (*uint64)(duckdb.VectorGetValidity(vec)); p != nil {
		v.Valid = model.NewBitmap(n)
		copy(v.Valid, unsafe.Slice(p, len(v.Valid)))
		if v.Valid.Count(n) == n {
			v.Valid = nil
		}
	}
	p := duckdb.VectorGetData(vec)
	switch t.Class() {
	case model.ClassNull:
		v.Valid = model.NewBitmap(n)
	case model.ClassBool:
		v.Bools = make([]bool, n)
		copy(v.Bools, unsafe.Slice((*bool)(p), n))
	case model.ClassInt:
		return v, readInts(v, p, s.id)
	case model.ClassFloat:
		v.Floats = make([]float64, n)
		if s.id == duckdb.TypeFloat {
			narrow(v.Floats, unsafe.Slice((*float32)(p), n))
		} else {
			copy(v.Floats, unsafe.Slice((*float64)(p), n))
		}
	case model.ClassDecimal:
		readDecimals(v, p)
	case model.ClassInterval:
		v.Intervals = make([]model.MonthDayNano, n)
		for i, x := range unsafe.Slice((*duckInterval)(p), n) {
			v.Intervals[i] = model.MonthDayNano{Months: x.months, Days: x.days, Nanos: x.micros * 1000}
		}
	case model.ClassBytes:
		if s.id == duckdb.TypeVarchar || s.id == duckdb.TypeBlob {
			readBytes(v, unsafe.Slice((*duckString)(p), n))
		} else {
			readText(v, vec, s)
		}
	}
	return v, nil
}

func readInts(v *model.Vector, p unsafe.Pointer, id duckdb.Type) error {
	n := v.Len
	v.Ints = make([]int64, n)
	switch id {
	case duckdb.TypeTinyInt:
		narrow(v.Ints, unsafe.Slice((*int8)(p), n))
	case duckdb.TypeUTinyInt:
		narrow(v.Ints, unsafe.Slice((*uint8)(p), n))
	case duckdb.TypeSmallInt:
		narrow(v.Ints, unsafe.Slice((*int16)(p), n))
	case duckdb.TypeUSmallInt:
		narrow(v.Ints, unsafe.Slice((*uint16)(p), n))
	case duckdb.TypeInteger, duckdb.TypeDate:
		narrow(v.Ints, unsafe.Slice((*int32)(p), n))
	case duckdb.TypeUInteger:
		narrow(v.Ints, unsafe.Slice((*uint32)(p), n))
	case duckdb.TypeHugeInt, duckdb.TypeUHugeInt:
		for i, x := range unsafe.Slice((*duckHuge)(p), n) {
			v.Ints[i] = int64(x.lower)
			fits := x.upper == 0
			if id == duckdb.TypeHugeInt {
				fits = x.upper == int64(x.lower)>>63
			}
			if !fits && !v.Null(i) {
				return errs.New(errs.EngineExecuteQuery, "Overflow: a value does not fit into %s", v.Type)
			}
		}
	default:
		copy(v.Ints, unsafe.Slice((*int64)(p), n))
	}
	return nil
}

func readDecimals(v *model.Vector, p unsafe.Pointer) {
	n := v.Len
	v.Decimals = make([]model.Int128, n)
	set := func(i int, x int64) { v.Decimals[i] = model.Int128{Hi: x >> 63, Lo: uint64(x)} }
	switch w := v.Type.Precision; {
	case w <= 4:
		for i, x := range unsafe.Slice((*int16)(p), n) {
			set(i, int64(x))
		}
	case w <= 9:
		for i, x := range unsafe.Slice((*int32)(p), n) {
			set(i, int64(x))
		}
	case w <= 18:
		for i, x := range unsafe.Slice((*int64)(p), n) {
			set(i, x)
		}
	default:
		for i, x := range unsafe.Slice((*duckHuge)(p), n) {
			v.Decimals[i] = model.Int128{Hi: x.upper, Lo: x.lower}
		}
	}
}

// duckString is how a string or blob lies in a vector of DuckDB: up to 12 bytes stand in rest; of longer ones, the first 4, and
// in the last 8 the address.
type duckString struct {
	length uint32
	rest   [12]byte
}

func (s *duckString) bytes() []byte {
	if s.length <= uint32(len(s.rest)) {
		return s.rest[:s.length]
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&s.rest[4])), s.length)
}

func readBytes(v *model.Vector, src []duckString) {
	size := 0
	for i := range src {
		if !v.Null(i) {
			size += int(src[i].length)
		}
	}
	v.Data = make([]byte, 0, size)
	v.Offsets = make([]uint32, 1, len(src)+1)
	for i := range src {
		if !v.Null(i) {
			v.Data = append(v.Data, src[i].bytes()...)
		}
		v.Offsets = append(v.Offsets, uint32(len(v.Data)))
	}
}
