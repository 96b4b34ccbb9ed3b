package postgres

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

// System makes the values of columns those of types that only PostgreSQL's own tables have, by their OIDs, 0 for none: object ids are of 4
// bytes in binary, arrays of them and of text have elements of these types, a "char" is one byte, and vectors, whose text has blanks
// between numbers, are arrays that count from 0. Text is the same.
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
	case OIDChar:
		b := v.BytesAt(i)
		if len(b) == 0 {
			return append(dst, 0)
		}
		return append(dst, b...) // of more than one byte is what a query calls by such a column's name
	case OIDInt2Vector:
		return appendNumbers(dst, string(v.BytesAt(i)), OIDInt2)
	case OIDOidVector:
		return appendNumbers(dst, string(v.BytesAt(i)), OIDOid)
	case OIDTextArray:
		list, ok := elements(v.BytesAt(i), model.String)
		if !ok {
			list = model.NewVector(model.String, 0)
		}
		return r.appendElements(dst, list, OIDText)
	}
	return r.appendBinary(dst, v, i)
}

// appendNumbers appends a vector in binary.
func appendNumbers(dst []byte, text string, element uint32) []byte {
	words := strings.Fields(text)
	size := uint32(SizeOf(element))
	for _, x := range []uint32{1, 0, element, uint32(len(words)), 0} { // dimensions, NULLs, type, length, lower bound
		dst = binary.BigEndian.AppendUint32(dst, x)
	}
	for _, w := range words {
		n, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			n = 0 // the catalog makes none of these
		}
		dst = binary.BigEndian.AppendUint32(dst, size)
		if size == 2 {
			dst = binary.BigEndian.AppendUint16(dst, uint16(n))
		} else {
			dst = binary.BigEndian.AppendUint32(dst, uint32(n))
		}
	}
	return dst
}

// SizeOf is the size in bytes of a type of System; -1: it varies.
func SizeOf(oid uint32) int16 {
	switch oid {
	case OIDChar:
		return 1
	case OIDInt2:
		return 2
	case OIDOid:
		return 4
	case OIDName:
		return 64
	}
	return -1
}
