package postgres

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

// arrayOIDs are the array types of elements' types.
var arrayOIDs = map[uint32]uint32{OIDBool: OIDBoolArray, OIDBytea: OIDByteaArray, OIDInt2: OIDInt2Array, OIDInt4: OIDInt4Array,
	OIDInt8: OIDInt8Array, OIDFloat4: OIDFloat4Array, OIDFloat8: OIDFloat8Array, OIDNumeric: OIDNumericArray, OIDDate: OIDDateArray,
	OIDTime: OIDTimeArray, OIDTimestamp: OIDTimestampArray, OIDInterval: OIDIntervalArray, OIDJSON: OIDJSONArray}

// elementType is the type as which elements of a list are shown: text where they are lists themselves, which PostgreSQL has only where all
// are of one length, or intervals, which lie in lists as ISO 8601, or where it is not known what they are.
func elementType(t model.Type) model.Type {
	switch t.Kind {
	case model.KindList, model.KindNull, model.KindInterval:
		return model.String
	}
	return t
}

// arrayOID is the array type for elements of a type.
func arrayOID(elem model.Type) uint32 {
	oid, _, _ := TypeOf(elementType(elem))
	if a, ok := arrayOIDs[oid]; ok {
		return a
	}
	return OIDVarcharArray
}

// elements are the elements of a list, which lies as JSON text. What is no list, or has an element of another type, is shown as text: ok is
// false then.
func elements(b []byte, elem model.Type) (v *model.Vector, ok bool) {
	var raw []json.RawMessage
	v = model.NewVector(elementType(elem), len(raw))
	if json.Unmarshal(b, &raw) != nil {
		return v, false
	}
	for _, x := range raw {
		if string(x) == "null" {
			v.AppendNull()
		} else if !appendElement(v, x) {
			return v, false
		}
	}
	return v, true
}

// appendElement reads an element as nested values are written: times and dates as numbers of their unit, binary values in base 64.
func appendElement(v *model.Vector, x []byte) bool {
	text := string(x)
	if x[0] == '"' && json.Unmarshal(x, &text) != nil {
		return false
	}
	var err error
	switch v.Type.Class() {
	case model.ClassBool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.AppendBool(b)
	case model.ClassInt:
		var n int64
		if v.Type.Kind == model.KindUint64 {
			var u uint64
			u, err = strconv.ParseUint(text, 10, 64)
			n = int64(u)
		} else {
			n, err = strconv.ParseInt(text, 10, 64)
		}
		v.AppendInt(n)
	case model.ClassFloat:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		v.AppendFloat(f)
	case model.ClassDecimal:
		d, ok := unscaled(text, int(v.Type.Scale))
		v.AppendValue(model.Value{Type: v.Type, Decimal: d})
		return ok
	case model.ClassBytes:
		if k := v.Type.Kind; k == model.KindBinary || k == model.KindVector {
			var b []byte
			b, err = base64.StdEncoding.DecodeString(text)
			v.AppendBytes(b)
		} else {
			v.AppendString(text)
		}
	default:
		return false
	}
	return err == nil
}

// unscaled reads a decimal with so many digits after the point.
func unscaled(text string, scale int) (model.Int128, bool) {
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > scale {
		return model.Int128{}, false
	}
	n, ok := new(big.Int).SetString(whole+part+strings.Repeat("0", scale-len(part)), 10)
	if !ok || n.BitLen() > 127 {
		return model.Int128{}, false
	}
	lo := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64))
	return model.Int128{Hi: new(big.Int).Rsh(n, 64).Int64(), Lo: lo.Uint64()}, true
}

// appendArray writes a list as PostgreSQL writes arrays: {a,"b c",NULL}.
func (r *Rows) appendArray(dst, b []byte, elem model.Type) []byte {
	v, ok := elements(b, elem)
	if !ok {
		return appendQuoted(append(dst, '{'), string(b), '}')
	}
	dst = append(dst, '{')
	for i := range v.Len {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.Null(i) {
			dst = append(dst, "NULL"...)
			continue
		}
		r.small = r.AppendText(r.small[:0], v, i)
		e := string(r.small)
		if e != "" && !strings.EqualFold(e, "null") && !strings.ContainsAny(e, "{}\",\\ \t\n\r\v\f") {
			dst = append(dst, e...)
			continue
		}
		dst = appendQuoted(dst, e)
	}
	return append(dst, '}')
}

// appendQuoted writes an element in quotes, and what is to follow.
func appendQuoted(dst []byte, e string, after ...byte) []byte {
	dst = append(dst, '"')
	for k := range len(e) {
		if c := e[k]; c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, e[k])
	}
	return append(append(dst, '"'), after...)
}

// appendBinaryArray writes a list as arrays lie in binary: dimensions, whether there are NULLs, the type, length and first index, and then
// the elements, each after its length.
func (r *Rows) appendBinaryArray(dst, b []byte, elem model.Type) []byte {
	v, ok := elements(b, elem)
	if !ok {
		v = model.NewVector(elementType(elem), 0) // which clients can read: the text form shows what there is
	}
	oid, _, _ := TypeOf(v.Type)
	return r.appendElements(dst, v, oid)
}

// appendElements appends the values of v as an array in binary whose elements are of the type oid.
func (r *Rows) appendElements(dst []byte, v *model.Vector, oid uint32) []byte {
	dims, nulls := uint32(1), uint32(0)
	if v.Len == 0 {
		dims = 0
	}
	if v.NullCount() > 0 {
		nulls = 1
	}
	dst = binary.BigEndian.AppendUint32(dst, dims)
	dst = binary.BigEndian.AppendUint32(dst, nulls)
	dst = binary.BigEndian.AppendUint32(dst, oid)
	if dims == 0 {
		return dst
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(v.Len))
	dst = binary.BigEndian.AppendUint32(dst, 1) // lower bound
	for i := range v.Len {
		if v.Null(i) {
			dst = binary.BigEndian.AppendUint32(dst, math.MaxUint32)
			continue
		}
		at := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = r.appendSystem(dst, v, i, oid)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

// appendTime writes a time of day: 13:14:15, and what there is of a second.
func appendTime(dst []byte, v int64, u model.TimeUnit) []byte {
	per := u.PerSecond()
	s, nanos := v/per, v%per*u.Nanos()
	two := func(n int64, after ...byte) {
		dst = append(append(dst, '0'+byte(n/10%10), '0'+byte(n%10)), after...)
	}
	two(s/3600, ':')
	two(s/60%60, ':')
	two(s % 60)
	if micros := nanos / 1000; micros != 0 { // the finest of PostgreSQL's times
		text := strings.TrimRight(strconv.FormatInt(1e6+micros, 10)[1:], "0")
		dst = append(append(dst, '.'), text...)
	}
	return dst
}
