package postgres

import (
	"encoding/binary"

	"github.com/goptimedb/goptimedb/internal/model"
)

// System makes the values of columns those of types that only PostgreSQL's own tables have, by their OIDs, 0 for none: object ids are of 4
// bytes in binary, and arrays of them and of text have elements of these types. Text is the same.
func (r *Rows) System(oids []uint32) { r.system = oids }

// appendSystem appends a value in binary as one of such a type.
func (r *Rows) appendSystem(dst []byte, v *model.Vector, i int, oid uint32) []byte {
	switch oid {
	case OIDOid:
		return binary.BigEndian.AppendUint32(dst, uint32(v.Ints[i]))
	case OIDOidArray:
		list, ok := elements(v.BytesAt(i), model.Int64)
		if !ok {
			list = model.NewVector(model.Int64, 0)
		}
		return r.appendElements(dst, list, OIDOid)
	case OIDTextArray:
		list, ok := elements(v.BytesAt(i), model.String)
		if !ok {
			list = model.NewVector(model.String, 0)
		}
		return r.appendElements(dst, list, OIDText)
	}
	return r.appendBinary(dst, v, i)
}

// SizeOf is the size in bytes of a type of System; -1: it varies.
func SizeOf(oid uint32) int16 {
	switch oid {
	case OIDOid:
		return 4
	case OIDName:
		return 64
	}
	return -1
}
