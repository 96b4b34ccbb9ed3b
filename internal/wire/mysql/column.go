package mysql

import (
	"encoding/binary"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Flags of a column.
const (
	flagUnsigned = 1 << 5
	flagBinary   = 1 << 7
)

// column says how a type of ours is announced. length is in bytes, for clients that lay out tables or buffers by it.
type column struct {
	typ       ColumnType
	flags     uint16
	collation uint16
	length    uint32
	decimals  byte
}

const (
	textLength = 65535 * 4   // of VARCHAR: what MySQL calls its longest
	blobLength = 1<<32 - 1   // of JSON and BLOB
	anyScale   = byte(0x1f)  // floats: as many decimals as there are
	maxScale   = 6           // clients refuse more decimals of a time
	timeLength = 10 + 1 + 15 // 0001-01-01 and up to nine decimals
)

func columnOf(t model.Type) column {
	number := func(typ ColumnType, length uint32) column {
		c := column{typ: typ, collation: collationBinary, length: length}
		if t.Unsigned() {
			c.flags = flagUnsigned
		}
		return c
	}
	scale := byte(min(3*int(t.Unit), maxScale))
	switch t.Kind {
	case model.KindNull:
		return number(TypeNull, 0)
	case model.KindBool:
		return number(TypeTiny, 1)
	case model.KindInt8, model.KindUint8:
		return number(TypeTiny, 4)
	case model.KindInt16, model.KindUint16:
		return number(TypeShort, 6)
	case model.KindInt32, model.KindUint32:
		return number(TypeLong, 11)
	case model.KindInt64, model.KindUint64:
		return number(TypeLongLong, 20)
	case model.KindFloat32:
		c := number(TypeFloat, 12)
		c.decimals = anyScale
		return c
	case model.KindFloat64:
		c := number(TypeDouble, 22)
		c.decimals = anyScale
		return c
	case model.KindDate:
		return number(TypeDate, 10)
	case model.KindTimestamp:
		c := number(TypeTimestamp, timeLength)
		c.decimals = scale
		return c
	case model.KindDuration, model.KindTime:
		c := number(TypeTime, timeLength)
		c.decimals = scale
		return c
	case model.KindDecimal:
		c := number(TypeNewDecimal, uint32(t.Precision)+2)
		c.decimals = t.Scale
		return c
	case model.KindBinary:
		return column{typ: TypeVarString, flags: flagBinary, collation: collationBinary, length: textLength}
	case model.KindVector:
		return column{typ: TypeBlob, flags: flagBinary, collation: collationBinary, length: blobLength}
	case model.KindJSON:
		return column{typ: TypeJSON, collation: collationUTF8MB4, length: blobLength}
	}
	return column{typ: TypeVarString, collation: collationUTF8MB4, length: textLength} // String, Interval, List, Struct, Map
}

// AppendColumn appends the definition of a column of a result.
func AppendColumn(dst []byte, f model.Field) []byte { return columnOf(f.Type).appendTo(dst, f.Name) }

// AppendParam appends the definition of a parameter whose type is not known.
func AppendParam(dst []byte) []byte {
	return column{typ: TypeVarString, flags: flagBinary, collation: collationBinary, length: textLength}.appendTo(dst, "?")
}

func (c column) appendTo(dst []byte, name string) []byte {
	dst = append(dst, 3, 'd', 'e', 'f', 0, 0, 0) // catalog; no database, table, original table
	dst = AppendBytes(dst, name)
	dst = AppendBytes(dst, name)
	dst = append(dst, 0x0c)
	dst = binary.LittleEndian.AppendUint16(dst, c.collation)
	dst = binary.LittleEndian.AppendUint32(dst, c.length)
	dst = append(dst, byte(c.typ))
	dst = binary.LittleEndian.AppendUint16(dst, c.flags)
	return append(dst, c.decimals, 0, 0)
}
