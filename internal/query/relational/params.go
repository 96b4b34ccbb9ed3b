package relational

import (
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

func bindParams(ps duckdb.PreparedStatement, params []model.Value) error {
	if n := int(duckdb.NParams(ps)); n != len(params) {
		return errs.New(errs.InvalidArguments, "the statement has %d parameters, %d values are given", n, len(params))
	}
	for i, p := range params {
		v, err := engineValue(p)
		if err != nil {
			return errs.Wrap(errs.CodeOf(err), err, "parameter %d", i+1)
		}
		state := duckdb.BindValue(ps, duckdb.IdxT(i+1), v)
		duckdb.DestroyValue(&v)
		if state != duckdb.StateSuccess {
			return errs.New(errs.InvalidArguments, "parameter %d: a %s is not possible here", i+1, p.Type)
		}
	}
	return nil
}

// engineValue is p in DuckDB's form. The caller destroys it.
func engineValue(p model.Value) (duckdb.Value, error) {
	if p.Null() {
		return duckdb.CreateNullValue(), nil
	}
	switch p.Type.Kind {
	case model.KindBool:
		return duckdb.CreateBool(p.Bool), nil
	case model.KindInt8:
		return duckdb.CreateInt8(int8(p.Int)), nil
	case model.KindInt16:
		return duckdb.CreateInt16(int16(p.Int)), nil
	case model.KindInt32:
		return duckdb.CreateInt32(int32(p.Int)), nil
	case model.KindInt64, model.KindDuration, model.KindTime:
		return duckdb.CreateInt64(p.Int), nil
	case model.KindUint8:
		return duckdb.CreateUInt8(uint8(p.Int)), nil
	case model.KindUint16:
		return duckdb.CreateUInt16(uint16(p.Int)), nil
	case model.KindUint32:
		return duckdb.CreateUInt32(uint32(p.Int)), nil
	case model.KindUint64:
		return duckdb.CreateUInt64(uint64(p.Int)), nil
	case model.KindFloat32:
		return duckdb.CreateFloat(float32(p.Float)), nil
	case model.KindFloat64:
		return duckdb.CreateDouble(p.Float), nil
	case model.KindString, model.KindJSON, model.KindList, model.KindStruct, model.KindMap:
		return duckdb.CreateVarcharLength(p.Bytes, duckdb.IdxT(len(p.Bytes))), nil
	case model.KindBinary, model.KindVector:
		return duckdb.CreateBlob([]byte(p.Bytes)), nil
	case model.KindDate:
		return duckdb.CreateDate(duckdb.NewDate(int32(p.Int))), nil
	case model.KindTimestamp:
		return timestampValue(p), nil
	case model.KindDecimal:
		h := duckdb.NewHugeInt(p.Decimal.Lo, p.Decimal.Hi)
		return duckdb.CreateDecimal(duckdb.NewDecimal(p.Type.Precision, p.Type.Scale, h)), nil
	case model.KindInterval:
		return duckdb.CreateInterval(duckdb.NewInterval(p.Interval.Months, p.Interval.Days, p.Interval.Nanos/1000)), nil
	}
	return duckdb.Value{}, errs.New(errs.Unsupported, "Not supported: a parameter of type %s", p.Type)
}

func timestampValue(p model.Value) duckdb.Value {
	switch p.Type.Unit {
	case model.Second:
		return duckdb.CreateTimestampS(duckdb.NewTimestampS(p.Int))
	case model.Millisecond:
		return duckdb.CreateTimestampMS(duckdb.NewTimestampMS(p.Int))
	case model.Microsecond:
		return duckdb.CreateTimestamp(duckdb.NewTimestamp(p.Int))
	}
	return duckdb.CreateTimestampNS(duckdb.NewTimestampNS(p.Int))
}
