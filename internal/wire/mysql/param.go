package mysql

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// ParamType is the type that a client gave a parameter.
type ParamType struct {
	Type     ColumnType
	Unsigned bool
}

// ParamKind tells how a parameter's value is to be written into a statement.
type ParamKind uint8

// The kinds of parameters.
const (
	ParamNull   ParamKind = iota
	ParamNumber           // Text is an integer, decimal or float as SQL spells it
	ParamText             // Text is the value of a string, or bytes that need not be text
)

// Param is a value of a parameter.
type Param struct {
	Kind ParamKind
	Text []byte // may alias the packet
}

// Execute is COM_STMT_EXECUTE without its first byte, up to where the number of parameters must be known.
type Execute struct {
	Statement uint32
	Flags     byte
	rest      []byte
}

// ParseExecute reads the head of COM_STMT_EXECUTE.
func ParseExecute(payload []byte) (Execute, error) {
	r := &reader{b: payload}
	e := Execute{Statement: r.u32(), Flags: r.u8()}
	r.u32() // how often: always 1
	e.rest = r.b
	return e, r.err
}

// Params reads the values of n parameters. types are those of the statement's last execution, which a client need not repeat; the
// ones in force are returned. long holds what came as long data, nil where nothing did.
func (e Execute) Params(n int, types []ParamType, long [][]byte) ([]Param, []ParamType, error) {
	if n == 0 {
		return nil, types, nil
	}
	r := &reader{b: e.rest}
	nulls := r.take((n + 7) / 8)
	if r.u8() == 1 {
		all := r.take(2 * n)
		if r.err != nil {
			return nil, nil, r.err
		}
		types = make([]ParamType, n)
		for i := range types {
			types[i] = ParamType{ColumnType(all[2*i]), all[2*i+1]&0x80 != 0}
		}
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	if len(types) != n {
		return nil, nil, errors.New("malformed packet: parameters without types")
	}
	out := make([]Param, n)
	for i := range out {
		switch {
		case i < len(long) && long[i] != nil:
			out[i] = Param{ParamText, long[i]}
		case nulls[i/8]>>(i%8)&1 == 1:
		default:
			p, err := r.param(types[i])
			if err != nil {
				return nil, nil, fmt.Errorf("parameter %d: %w", i+1, err)
			}
			out[i] = p
		}
	}
	return out, types, r.err
}

func (r *reader) param(t ParamType) (p Param, err error) {
	integer := func(signed int64, unsigned uint64) Param {
		if t.Unsigned {
			return Param{ParamNumber, strconv.AppendUint(nil, unsigned, 10)}
		}
		return Param{ParamNumber, strconv.AppendInt(nil, signed, 10)}
	}
	switch t.Type {
	case TypeNull:
	case TypeTiny, TypeBool:
		v := r.u8()
		p = integer(int64(int8(v)), uint64(v))
	case TypeShort, TypeYear:
		v := r.u16()
		p = integer(int64(int16(v)), uint64(v))
	case TypeLong, TypeInt24:
		v := r.u32()
		p = integer(int64(int32(v)), uint64(v))
	case TypeLongLong:
		v := r.u64()
		p = integer(int64(v), v)
	case TypeFloat:
		p = floatParam(float64(math.Float32frombits(r.u32())), 32)
	case TypeDouble:
		p = floatParam(math.Float64frombits(r.u64()), 64)
	case TypeDate, TypeDatetime, TypeTimestamp, TypeNewDate, TypeDatetime2, TypeTimestamp2:
		p, err = r.timeParam(t.Type)
	case TypeTime, TypeTime2:
		p, err = r.durationParam()
	case TypeDecimal, TypeNewDecimal:
		p = Param{ParamText, r.bytes()}
		if isNumber(p.Text) {
			p.Kind = ParamNumber
		}
	case TypeVarchar, TypeVarString, TypeString, TypeEnum, TypeSet, TypeJSON, TypeTinyBlob, TypeMediumBlob, TypeLongBlob, TypeBlob, TypeBit,
		TypeGeometry:
		p = Param{ParamText, r.bytes()}
	default:
		return p, fmt.Errorf("unknown type 0x%02x", byte(t.Type))
	}
	if err == nil {
		err = r.err
	}
	return p, err
}

// floatParam spells a float so that it is not taken for an integer: a whole one as 3e0, which columns of integers take, because drivers of
// languages with one type of numbers send all of them so. What SQL has no literal for goes as text, which converts.
func floatParam(x float64, bits int) Param {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Param{ParamText, appendFloat(nil, x, bits)}
	}
	b := appendFloat(nil, x, bits)
	for _, c := range b {
		if c == '.' || c == 'e' {
			return Param{ParamNumber, b}
		}
	}
	return Param{ParamNumber, append(b, 'e', '0')}
}

// isNumber reports whether b is a number as SQL spells it.
func isNumber(b []byte) bool {
	i, digits, point := 0, 0, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		i++
	}
	for ; i < len(b); i++ {
		switch {
		case b[i] >= '0' && b[i] <= '9':
			digits++
		case b[i] == '.' && !point && digits > 0:
			point = true
		default:
			return false
		}
	}
	return digits > 0 && b[len(b)-1] != '.'
}

func (r *reader) timeParam(t ColumnType) (Param, error) {
	n := r.u8()
	if n != 0 && n != 4 && n != 7 && n != 11 {
		return Param{}, fmt.Errorf("malformed packet: a date of %d bytes", n)
	}
	v := &reader{b: append(append(make([]byte, 0, 11), r.take(int(n))...), make([]byte, 11-n)...)}
	year, month, day, hour, minute, second, micros := v.u16(), v.u8(), v.u8(), v.u8(), v.u8(), v.u8(), v.u32()
	if r.err == nil && (year > 9999 || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59 || micros > 999999) {
		return Param{}, errors.New("malformed packet: not a date")
	}
	b := fmt.Appendf(nil, "%04d-%02d-%02d", year, month, day)
	if t != TypeDate && t != TypeNewDate || n > 4 {
		b = appendClock(append(b, ' '), int64(hour)*3600+int64(minute)*60+int64(second), int64(micros)*1000)
	}
	return Param{ParamText, b}, nil
}

func (r *reader) durationParam() (Param, error) {
	n := r.u8()
	if n != 0 && n != 8 && n != 12 {
		return Param{}, fmt.Errorf("malformed packet: a time of %d bytes", n)
	}
	v := &reader{b: append(append(make([]byte, 0, 12), r.take(int(n))...), make([]byte, 12-n)...)}
	negative, days, hour, minute, second, micros := v.u8(), v.u32(), v.u8(), v.u8(), v.u8(), v.u32()
	if r.err == nil && (hour > 23 || minute > 59 || second > 59 || micros > 999999) {
		return Param{}, errors.New("malformed packet: not a time")
	}
	var b []byte
	if negative != 0 {
		b = append(b, '-')
	}
	b = fmt.Appendf(b, "%02d:%02d:%02d", uint64(days)*24+uint64(hour), minute, second)
	return Param{ParamText, appendFraction(b, int64(micros)*1000)}, nil
}

// LongData is COM_STMT_SEND_LONG_DATA without its first byte.
type LongData struct {
	Statement uint32
	Param     uint16
	Data      []byte // aliases the packet
}

// ParseLongData reads COM_STMT_SEND_LONG_DATA.
func ParseLongData(payload []byte) (LongData, error) {
	r := &reader{b: payload}
	d := LongData{Statement: r.u32(), Param: r.u16()}
	d.Data = r.b
	return d, r.err
}

// ParseID reads the number that is all that many commands carry.
func ParseID(payload []byte) (uint32, error) {
	r := &reader{b: payload}
	return r.u32(), r.err
}
