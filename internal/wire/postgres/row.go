package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/wire/calendar"
)

// Formats of values.
const (
	Text   int16 = 0
	Binary int16 = 1
)

// Rows writes the rows of one result.
type Rows struct {
	Style  Style
	binary []bool       // by column
	as     []model.Type // by column: the type that was announced, where that is another than the rows have; nil: none is
	system []uint32     // see System; nil: none
	zone   calendar.Zone
	small  []byte // scratch
	err    error
}

// NewRows prepares for rows of n columns; formats are none (all text), one for all columns, or one each.
func NewRows(n int, formats []int16, style Style) *Rows {
	r := &Rows{Style: style, binary: make([]bool, n), zone: calendar.NewZone(style.Zone)}
	for i := range r.binary {
		r.binary[i] = FormatOf(formats, i) == Binary
	}
	return r
}

// Announce says which types clients were told that the columns have, and which they have: where values in binary form have another
// layout, they are converted. A client that was told nothing needs no call.
func (r *Rows) Announce(told, have []model.Field) {
	r.as = nil
	for i := range min(len(told), len(have), len(r.binary)) {
		a, _, _ := TypeOf(told[i].Type)
		b, _, _ := TypeOf(have[i].Type)
		if a == b || !r.binary[i] {
			continue
		}
		if r.as == nil {
			r.as = make([]model.Type, len(r.binary))
		}
		r.as[i] = told[i].Type
	}
}

// Err is the error of a value that could not be written as the type that was announced; NULL stands in its place.
func (r *Rows) Err() error { return r.err }

// appendAs appends a value in the binary form of another type than its own, with its length.
func (r *Rows) appendAs(dst []byte, v *model.Vector, i int, told model.Type) []byte {
	r.small = r.AppendText(r.small[:0], v, i)
	text := string(r.small)
	one := model.NewVector(told, 1)
	c := CopyColumn{Type: told, UTC: true}
	switch {
	case told.Kind == model.KindUint64 || told.Kind == model.KindDecimal:
		at := len(dst)
		dst = appendNumeric(append(dst, 0, 0, 0, 0), r.small)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
		return dst
	case told.Class() == model.ClassBytes && told.Kind != model.KindBinary && told.Kind != model.KindList && told.Kind != model.KindVector:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(text)))
		return append(dst, text...)
	case told.Floating():
		f, err := strconv.ParseFloat(text, 64)
		if err == nil {
			one.AppendFloat(f)
		}
	default:
		c.Append(one, r.small)
	}
	if one.Len != 1 {
		if r.err == nil {
			r.err = errs.New(errs.RequestOutdated, "the result is of type %s, where type %s was announced", v.Type, told)
		}
		return append(dst, 0xff, 0xff, 0xff, 0xff)
	}
	at := len(dst)
	dst = r.appendBinary(append(dst, 0, 0, 0, 0), one, 0)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// FormatOf is the format of column i of a list of formats.
func FormatOf(formats []int16, i int) int16 {
	switch {
	case len(formats) == 1:
		return formats[0]
	case i < len(formats):
		return formats[i]
	}
	return Text
}

// AppendDataRow appends row i of a batch as a message.
func (r *Rows) AppendDataRow(dst []byte, b *model.Batch, i int) []byte {
	at := len(dst)
	dst = append(dst, 'D', 0, 0, 0, 0, byte(len(b.Cols)>>8), byte(len(b.Cols)))
	for j, v := range b.Cols {
		dst = r.appendField(dst, v, i, j)
	}
	binary.BigEndian.PutUint32(dst[at+1:], uint32(len(dst)-at-1))
	return dst
}

// AppendFields appends the values of row i as they stand in DataRow and in binary COPY: each after its length.
func (r *Rows) AppendFields(dst []byte, b *model.Batch, i int) []byte {
	for j, v := range b.Cols {
		dst = r.appendField(dst, v, i, j)
	}
	return dst
}

func (r *Rows) appendField(dst []byte, v *model.Vector, i, j int) []byte {
	if v.Null(i) {
		return append(dst, 0xff, 0xff, 0xff, 0xff)
	}
	if r.as != nil && r.as[j].Kind != model.KindNull {
		return r.appendAs(dst, v, i, r.as[j])
	}
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if r.binary[j] && r.system != nil {
		dst = r.appendSystem(dst, v, i, r.system[j])
	} else if r.binary[j] {
		dst = r.appendBinary(dst, v, i)
	} else {
		dst = r.AppendText(dst, v, i)
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// AppendText appends a value, which is not NULL, as text.
func (r *Rows) AppendText(dst []byte, v *model.Vector, i int) []byte {
	switch v.Type.Kind {
	case model.KindString, model.KindJSON, model.KindStruct, model.KindMap:
		return append(dst, v.BytesAt(i)...)
	case model.KindTimestamp:
		return r.Style.appendTimestamp(dst, v.Ints[i], v.Type.Unit, &r.zone)
	case model.KindFloat64:
		return appendFloat(dst, v.Floats[i], 64, 1e15)
	case model.KindFloat32:
		return appendFloat(dst, v.Floats[i], 32, 1e6)
	case model.KindBool:
		if v.Bools[i] {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case model.KindUint64:
		return strconv.AppendUint(dst, uint64(v.Ints[i]), 10)
	case model.KindDate:
		return r.Style.AppendDate(dst, v.Ints[i])
	case model.KindDuration:
		return r.Style.AppendInterval(dst, durationInterval(v.Ints[i], v.Type.Unit))
	case model.KindInterval:
		return r.Style.AppendInterval(dst, v.Intervals[i])
	case model.KindDecimal:
		return appendDecimal(dst, v.Decimals[i], int(v.Type.Scale))
	case model.KindBinary, model.KindVector:
		return r.appendBytea(dst, v.BytesAt(i))
	case model.KindList:
		return r.appendArray(dst, v.BytesAt(i), v.Type.ElemType())
	case model.KindTime:
		return appendTime(dst, v.Ints[i], v.Type.Unit)
	}
	return strconv.AppendInt(dst, v.Ints[i], 10)
}

func (r *Rows) appendBinary(dst []byte, v *model.Vector, i int) []byte {
	switch v.Type.Kind {
	case model.KindBool:
		if v.Bools[i] {
			return append(dst, 1)
		}
		return append(dst, 0)
	case model.KindInt8, model.KindInt16, model.KindUint8:
		return binary.BigEndian.AppendUint16(dst, uint16(v.Ints[i]))
	case model.KindInt32, model.KindUint16:
		return binary.BigEndian.AppendUint32(dst, uint32(v.Ints[i]))
	case model.KindInt64, model.KindUint32:
		return binary.BigEndian.AppendUint64(dst, uint64(v.Ints[i]))
	case model.KindUint64, model.KindDecimal:
		r.small = r.AppendText(r.small[:0], v, i)
		return appendNumeric(dst, r.small)
	case model.KindFloat32:
		return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(v.Floats[i])))
	case model.KindFloat64:
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(v.Floats[i]))
	case model.KindDate:
		return binary.BigEndian.AppendUint32(dst, uint32(int32(v.Ints[i]-epochDays)))
	case model.KindTimestamp:
		return binary.BigEndian.AppendUint64(dst, uint64(binaryTimestamp(v.Ints[i], v.Type.Unit, &r.zone)))
	case model.KindDuration:
		return appendBinaryInterval(dst, durationInterval(v.Ints[i], v.Type.Unit))
	case model.KindInterval:
		return appendBinaryInterval(dst, v.Intervals[i])
	case model.KindList:
		return r.appendBinaryArray(dst, v.BytesAt(i), v.Type.ElemType())
	case model.KindTime:
		return binary.BigEndian.AppendUint64(dst, uint64(v.Ints[i]*v.Type.Unit.Nanos()/1000))
	}
	return append(dst, v.BytesAt(i)...)
}

func appendBinaryInterval(dst []byte, v model.MonthDayNano) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(v.Nanos/1000))
	dst = binary.BigEndian.AppendUint32(dst, uint32(v.Days))
	return binary.BigEndian.AppendUint32(dst, uint32(v.Months))
}

// durationInterval is a length of time as an interval; days where there are more nanoseconds than an interval holds.
func durationInterval(n int64, u model.TimeUnit) model.MonthDayNano {
	per := u.PerSecond()
	if n/per < 9e9 && n/per > -9e9 {
		return model.MonthDayNano{Nanos: n * u.Nanos()}
	}
	days := n / per / 86400
	if days > math.MaxInt32 || days < math.MinInt32 {
		if n < 0 {
			return model.MonthDayNano{Days: math.MinInt32}
		}
		return model.MonthDayNano{Days: math.MaxInt32}
	}
	return model.MonthDayNano{Days: int32(days), Nanos: (n - days*86400*per) * u.Nanos()}
}

// appendFloat writes the shortest text that reads back as f, with an exponent from limit on, as PostgreSQL does.
func appendFloat(dst []byte, f float64, bits int, limit float64) []byte {
	a := math.Abs(f)
	switch {
	case a < limit && (a >= 1e-4 || a == 0):
		return strconv.AppendFloat(dst, f, 'f', -1, bits)
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	return strconv.AppendFloat(dst, f, 'e', -1, bits)
}

func (r *Rows) appendBytea(dst, b []byte) []byte {
	if !r.Style.ByteaEscape {
		return hex.AppendEncode(append(dst, '\\', 'x'), b)
	}
	for _, c := range b {
		switch {
		case c == '\\':
			dst = append(dst, '\\', '\\')
		case c < 0x20 || c > 0x7e:
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
