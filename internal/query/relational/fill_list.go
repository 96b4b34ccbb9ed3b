package relational

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// listed reports a list that DuckDB gets as a list: its elements are of a scalar type without a unit. Others travel as JSON text.
func listed(t model.Type) bool {
	if t.Kind != model.KindList || t.Elem == model.KindNull {
		return false
	}
	e := t.ElemType()
	return e.Kind == model.KindBool || e.Integer() || e.Floating() || e.Kind == model.KindString
}

// fillList writes rows [at, at+n) of v, JSON arrays, into a vector of lists of t's elements. Tables of users have no such columns: what
// comes here are the short arrays of system tables.
func (fl *filler) fillList(vec duckdb.Vector, t model.Type, v *model.Vector, at, n int) error {
	elem := t.ElemType()
	items := model.NewVector(elem, n)
	entries := unsafe.Slice((*duckList)(duckdb.VectorGetData(vec)), n)
	var raw []json.RawMessage
	for i := range n {
		entries[i] = duckList{offset: uint64(items.Len)}
		if v.Null(at + i) {
			continue
		}
		raw = raw[:0]
		if err := json.Unmarshal(v.BytesAt(at+i), &raw); err != nil {
			return errs.New(errs.Internal, "a value of type %s is no JSON array: %q", t, v.BytesAt(at+i))
		}
		for _, x := range raw {
			if !appendElement(items, x) {
				return errs.New(errs.Internal, "an element of a %s is not one: %s", t, x)
			}
		}
		entries[i].length = uint64(len(raw))
	}
	fillValid(vec, v.Valid, at, n)
	if duckdb.ListVectorReserve(vec, duckdb.IdxT(items.Len)) != duckdb.StateSuccess || duckdb.ListVectorSetSize(vec, duckdb.IdxT(items.Len)) != duckdb.StateSuccess {
		return errs.New(errs.RuntimeResourcesExhausted, "no memory for %d elements of lists", items.Len)
	}
	if items.Len == 0 {
		return nil
	}
	return fl.fill(duckdb.ListVectorGetChild(vec), elem, items, 0, items.Len)
}

// appendElement appends an element from its JSON, or reports false.
func appendElement(v *model.Vector, x json.RawMessage) bool {
	if bytes.Equal(x, []byte("null")) {
		v.AppendNull()
		return true
	}
	var err error
	switch v.Type.Class() {
	case model.ClassBool:
		var b bool
		if err = json.Unmarshal(x, &b); err == nil {
			v.AppendBool(b)
		}
	case model.ClassInt:
		var i int64
		if i, err = strconv.ParseInt(string(x), 10, 64); err == nil {
			v.AppendInt(i)
		}
	case model.ClassFloat:
		var f float64
		if f, err = strconv.ParseFloat(string(x), 64); err == nil {
			v.AppendFloat(f)
		}
	default:
		var s string
		if err = json.Unmarshal(x, &s); err == nil {
			v.AppendString(s)
		}
	}
	return err == nil
}
