package relational

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// shape is a type of a result, with what is needed to print values of it as JSON.
type shape struct {
	id       duckdb.Type
	scale    uint8       // of decimals
	width    uint8       //
	enum     []string    // of enumerations
	internal duckdb.Type // of enumerations: the integer that holds the index
	size     int         // of arrays
	kids     []*shape    // of lists, arrays: the element; structs: the members; maps: the key and the value
	names    []string    // of structs
}

func newShape(l duckdb.LogicalType) (*shape, error) {
	s := &shape{id: duckdb.GetTypeId(l)}
	kid := func(k duckdb.LogicalType) error {
		defer duckdb.DestroyLogicalType(&k)
		if _, err := resultType(k); err != nil {
			return err
		}
		ks, err := newShape(k)
		s.kids = append(s.kids, ks)
		return err
	}
	switch s.id {
	case duckdb.TypeDecimal:
		s.scale, s.width = duckdb.DecimalScale(l), duckdb.DecimalWidth(l)
	case duckdb.TypeEnum:
		s.internal = duckdb.EnumInternalType(l)
		for i := range duckdb.EnumDictionarySize(l) {
			s.enum = append(s.enum, duckdb.EnumDictionaryValue(l, duckdb.IdxT(i)))
		}
	case duckdb.TypeList:
		return s, kid(duckdb.ListTypeChildType(l))
	case duckdb.TypeArray:
		s.size = int(duckdb.ArrayTypeArraySize(l))
		return s, kid(duckdb.ArrayTypeChildType(l))
	case duckdb.TypeMap:
		if err := kid(duckdb.MapTypeKeyType(l)); err != nil {
			return nil, err
		}
		return s, kid(duckdb.MapTypeValueType(l))
	case duckdb.TypeStruct:
		for i := range duckdb.StructTypeChildCount(l) {
			s.names = append(s.names, duckdb.StructTypeChildName(l, i))
			if err := kid(duckdb.StructTypeChildType(l, i)); err != nil {
				return nil, err
			}
		}
	case duckdb.TypeUnion, duckdb.TypeVariant, duckdb.TypeGeometry, duckdb.TypeBit, duckdb.TypeBigNum, duckdb.TypeTimeTZ:
		return nil, errs.New(errs.Unsupported, "Not supported: a query's result has a type that cannot be shown (engine type %d)", s.id)
	}
	return s, nil
}

// readText fills v with values as text: lists and structs as JSON, others plain.
func readText(v *model.Vector, vec duckdb.Vector, s *shape) {
	v.Offsets = make([]uint32, 1, v.Len+1)
	for i := range v.Len {
		if !v.Null(i) {
			switch s.id {
			case duckdb.TypeUUID:
				v.Data = appendUUID(v.Data, element[duckHuge](vec, i))
			case duckdb.TypeEnum:
				v.Data = append(v.Data, s.enumValue(vec, i)...)
			default:
				v.Data = s.appendJSON(v.Data, vec, i)
			}
		}
		v.Offsets = append(v.Offsets, uint32(len(v.Data)))
	}
}

func element[T any](vec duckdb.Vector, i int) T {
	return unsafe.Slice((*T)(duckdb.VectorGetData(vec)), i+1)[i]
}

func isNull(vec duckdb.Vector, i int) bool {
	p := (*uint64)(duckdb.VectorGetValidity(vec))
	return p != nil && unsafe.Slice(p, i>>6+1)[i>>6]>>(uint(i)&63)&1 == 0
}

type duckList struct{ offset, length uint64 }

// appendJSON prints row i. Numbers that JSON lacks are null, timestamps and dates numbers of their unit as in the rows of results,
// blobs base64.
func (s *shape) appendJSON(dst []byte, vec duckdb.Vector, i int) []byte {
	if s.id == duckdb.TypeSQLNull || isNull(vec, i) {
		return append(dst, "null"...)
	}
	switch s.id {
	case duckdb.TypeBoolean:
		return strconv.AppendBool(dst, element[bool](vec, i))
	case duckdb.TypeTinyInt:
		return strconv.AppendInt(dst, int64(element[int8](vec, i)), 10)
	case duckdb.TypeUTinyInt:
		return strconv.AppendInt(dst, int64(element[uint8](vec, i)), 10)
	case duckdb.TypeSmallInt:
		return strconv.AppendInt(dst, int64(element[int16](vec, i)), 10)
	case duckdb.TypeUSmallInt:
		return strconv.AppendInt(dst, int64(element[uint16](vec, i)), 10)
	case duckdb.TypeInteger, duckdb.TypeDate:
		return strconv.AppendInt(dst, int64(element[int32](vec, i)), 10)
	case duckdb.TypeUInteger:
		return strconv.AppendInt(dst, int64(element[uint32](vec, i)), 10)
	case duckdb.TypeBigInt, duckdb.TypeTimestamp, duckdb.TypeTimestampS, duckdb.TypeTimestampMS, duckdb.TypeTimestampNS,
		duckdb.TypeTimestampTZ, duckdb.TypeTime, duckdb.TypeTimeNS:
		return strconv.AppendInt(dst, element[int64](vec, i), 10)
	case duckdb.TypeUBigInt:
		return strconv.AppendUint(dst, element[uint64](vec, i), 10)
	case duckdb.TypeHugeInt:
		h := element[duckHuge](vec, i)
		return hugeInt(h.upper, h.lower).Append(dst, 10)
	case duckdb.TypeUHugeInt:
		h := element[duckHuge](vec, i)
		z := new(big.Int).Lsh(new(big.Int).SetUint64(uint64(h.upper)), 64)
		return z.Or(z, new(big.Int).SetUint64(h.lower)).Append(dst, 10)
	case duckdb.TypeFloat:
		return appendFloat(dst, float64(element[float32](vec, i)), 32)
	case duckdb.TypeDouble:
		return appendFloat(dst, element[float64](vec, i), 64)
	case duckdb.TypeDecimal:
		return s.appendDecimal(dst, vec, i)
	case duckdb.TypeVarchar:
		x := element[duckString](vec, i)
		return appendQuoted(dst, x.bytes())
	case duckdb.TypeEnum:
		return appendQuoted(dst, []byte(s.enumValue(vec, i)))
	case duckdb.TypeBlob:
		x := element[duckString](vec, i)
		dst = append(dst, '"')
		return append(base64.StdEncoding.AppendEncode(dst, x.bytes()), '"')
	case duckdb.TypeUUID:
		dst = append(dst, '"')
		return append(appendUUID(dst, element[duckHuge](vec, i)), '"')
	case duckdb.TypeInterval:
		x := element[duckInterval](vec, i)
		dst = append(dst, '"')
		return append(appendInterval(dst, x), '"')
	}
	return s.appendNested(dst, vec, i)
}

func (s *shape) appendNested(dst []byte, vec duckdb.Vector, i int) []byte {
	switch s.id {
	case duckdb.TypeList:
		e := element[duckList](vec, i)
		return s.appendElements(dst, duckdb.ListVectorGetChild(vec), int(e.offset), int(e.length))
	case duckdb.TypeArray:
		return s.appendElements(dst, duckdb.ArrayVectorGetChild(vec), i*s.size, s.size)
	case duckdb.TypeStruct:
		dst = append(dst, '{')
		for k, kid := range s.kids {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendQuoted(dst, []byte(s.names[k])), ':')
			dst = kid.appendJSON(dst, duckdb.StructVectorGetChild(vec, duckdb.IdxT(k)), i)
		}
		return append(dst, '}')
	case duckdb.TypeMap:
		e := element[duckList](vec, i)
		pairs := duckdb.ListVectorGetChild(vec)
		keys, vals := duckdb.StructVectorGetChild(pairs, 0), duckdb.StructVectorGetChild(pairs, 1)
		dst = append(dst, '{')
		for k := range int(e.length) {
			if k > 0 {
				dst = append(dst, ',')
			}
			at := int(e.offset) + k
			start := len(dst)
			dst = s.kids[0].appendJSON(dst, keys, at)
			if dst[start] != '"' { // the name of a member is a string, whatever the key is
				key := string(dst[start:])
				dst = appendQuoted(dst[:start], []byte(key))
			}
			dst = s.kids[1].appendJSON(append(dst, ':'), vals, at)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...) // newShape lets no other type through
}

func (s *shape) appendElements(dst []byte, child duckdb.Vector, from, n int) []byte {
	dst = append(dst, '[')
	for k := range n {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = s.kids[0].appendJSON(dst, child, from+k)
	}
	return append(dst, ']')
}

func (s *shape) enumValue(vec duckdb.Vector, i int) string {
	switch s.internal {
	case duckdb.TypeUTinyInt:
		return s.enum[element[uint8](vec, i)]
	case duckdb.TypeUSmallInt:
		return s.enum[element[uint16](vec, i)]
	}
	return s.enum[element[uint32](vec, i)]
}

func (s *shape) appendDecimal(dst []byte, vec duckdb.Vector, i int) []byte {
	var z *big.Int
	switch {
	case s.width <= 4:
		z = big.NewInt(int64(element[int16](vec, i)))
	case s.width <= 9:
		z = big.NewInt(int64(element[int32](vec, i)))
	case s.width <= 18:
		z = big.NewInt(element[int64](vec, i))
	default:
		h := element[duckHuge](vec, i)
		z = hugeInt(h.upper, h.lower)
	}
	if z.Sign() < 0 {
		dst = append(dst, '-')
		z.Neg(z)
	}
	digits := z.Text(10)
	for len(digits) <= int(s.scale) {
		digits = "0" + digits
	}
	point := len(digits) - int(s.scale)
	dst = append(dst, digits[:point]...)
	if s.scale > 0 {
		dst = append(append(dst, '.'), digits[point:]...)
	}
	return dst
}

func hugeInt(hi int64, lo uint64) *big.Int {
	z := new(big.Int).Lsh(big.NewInt(hi), 64)
	return z.Add(z, new(big.Int).SetUint64(lo))
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

// appendUUID prints DuckDB's form of a UUID: a 128-bit integer with the first bit flipped, so that it sorts as the text does.
func appendUUID(dst []byte, h duckHuge) []byte {
	var b [16]byte
	hi := uint64(h.upper) ^ 1<<63
	for i := range 8 {
		b[i], b[8+i] = byte(hi>>(56-8*i)), byte(h.lower>>(56-8*i))
	}
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// appendInterval prints an interval as ISO 8601.
func appendInterval(dst []byte, x duckInterval) []byte {
	dst = append(dst, 'P')
	dst = append(strconv.AppendInt(dst, int64(x.months/12), 10), 'Y')
	dst = append(strconv.AppendInt(dst, int64(x.months%12), 10), 'M')
	dst = append(strconv.AppendInt(dst, int64(x.days), 10), 'D', 'T')
	d := time.Duration(x.micros) * time.Microsecond
	dst = append(strconv.AppendInt(dst, int64(d/time.Hour), 10), 'H')
	dst = append(strconv.AppendInt(dst, int64(d%time.Hour/time.Minute), 10), 'M')
	return append(strconv.AppendFloat(dst, (d%time.Minute).Seconds(), 'f', -1, 64), 'S')
}

// appendQuoted prints a JSON string.
func appendQuoted(dst, s []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for len(s) > 0 {
		switch c := s[0]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRune(s)
			dst = utf8.AppendRune(dst, r)
			s = s[n:]
			continue
		}
		s = s[1:]
	}
	return append(dst, '"')
}
