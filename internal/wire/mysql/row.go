package mysql

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/wire/calendar"
)

// Rows encodes rows of one result. It is used by one goroutine.
type Rows struct {
	fields []model.Field
	zone   calendar.Zone
	days   []day // of every column, the date that was written last
}

// day remembers the text of a date: neighbours are often of the same day.
type day struct {
	number int64
	known  bool
	year   int
	month  byte
	day    byte
	text   [10]byte
}

// NewRows makes an encoder of rows with the fields; timestamps are shown in loc.
func NewRows(fields []model.Field, loc *time.Location) *Rows {
	return &Rows{fields: fields, zone: calendar.NewZone(loc), days: make([]day, len(fields))}
}

// AppendText appends row i of b as the text protocol has it. A value that MySQL cannot show is an error.
func (r *Rows) AppendText(dst []byte, b *model.Batch, i int) ([]byte, error) {
	for j, v := range b.Cols {
		if v.Null(i) {
			dst = append(dst, 0xfb)
			continue
		}
		if v.Type.Class() == model.ClassBytes {
			dst = AppendBytes(dst, v.BytesAt(i))
			continue
		}
		at := len(dst)
		dst = append(dst, 0) // no text below is longer than 250 bytes
		var err error
		if dst, err = r.appendText(dst, v, i, j); err != nil {
			return dst, err
		}
		dst[at] = byte(len(dst) - at - 1)
	}
	return dst, nil
}

func (r *Rows) appendText(dst []byte, v *model.Vector, i, j int) ([]byte, error) {
	switch v.Type.Kind {
	case model.KindBool:
		if v.Bools[i] {
			return append(dst, '1'), nil
		}
		return append(dst, '0'), nil
	case model.KindUint64:
		return strconv.AppendUint(dst, uint64(v.Ints[i]), 10), nil
	case model.KindFloat32:
		return appendFloat(dst, v.Floats[i], 32), nil
	case model.KindFloat64:
		return appendFloat(dst, v.Floats[i], 64), nil
	case model.KindDate:
		d, err := r.date(j, v.Ints[i])
		if err != nil {
			return dst, err
		}
		return append(dst, d.text[:]...), nil
	case model.KindTimestamp:
		d, clock, nanos, err := r.timestamp(j, v.Type.Unit, v.Ints[i])
		if err != nil {
			return dst, err
		}
		dst = append(append(dst, d.text[:]...), ' ')
		return appendClock(dst, clock, nanos), nil
	case model.KindDuration, model.KindTime:
		return appendDuration(dst, v.Ints[i], v.Type.Unit), nil
	case model.KindDecimal:
		return appendDecimal(dst, v.Decimals[i], v.Type.Scale), nil
	case model.KindInterval:
		return appendInterval(dst, v.Intervals[i]), nil
	}
	return strconv.AppendInt(dst, v.Ints[i], 10), nil
}

// Check reports whether the rows of b can be sent in binary under the definitions of the fields: there the length of a value follows
// from its type, and one that is not what was announced would make nonsense of all that comes after it.
func (r *Rows) Check(b *model.Batch) error {
	if len(b.Cols) != len(r.fields) {
		return errs.New(errs.Unexpected, "a batch of %d columns in a result of %d", len(b.Cols), len(r.fields))
	}
	for j, v := range b.Cols {
		if v.Type.Kind != model.KindNull && columnOf(v.Type).typ != columnOf(r.fields[j].Type).typ {
			return errs.New(errs.Unexpected, "column %s is %s where %s was announced", r.fields[j].Name, v.Type, r.fields[j].Type)
		}
	}
	return nil
}

// AppendBinary appends row i of b as the binary protocol of executed statements has it.
// REQUIRES: Check(b) gave no error.
func (r *Rows) AppendBinary(dst []byte, b *model.Batch, i int) ([]byte, error) {
	dst = append(dst, 0)
	nulls := len(dst)
	for range (len(b.Cols) + 9) / 8 {
		dst = append(dst, 0)
	}
	for j, v := range b.Cols {
		if v.Null(i) {
			dst[nulls+(j+2)/8] |= 1 << ((j + 2) % 8)
			continue
		}
		var err error
		if dst, err = r.appendBinary(dst, v, i, j); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (r *Rows) appendBinary(dst []byte, v *model.Vector, i, j int) ([]byte, error) {
	switch v.Type.Kind {
	case model.KindBool:
		if v.Bools[i] {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case model.KindInt8, model.KindUint8:
		return append(dst, byte(v.Ints[i])), nil
	case model.KindInt16, model.KindUint16:
		return binary.LittleEndian.AppendUint16(dst, uint16(v.Ints[i])), nil
	case model.KindInt32, model.KindUint32:
		return binary.LittleEndian.AppendUint32(dst, uint32(v.Ints[i])), nil
	case model.KindInt64, model.KindUint64:
		return binary.LittleEndian.AppendUint64(dst, uint64(v.Ints[i])), nil
	case model.KindFloat32:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(v.Floats[i]))), nil
	case model.KindFloat64:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Floats[i])), nil
	case model.KindDate:
		d, err := r.date(j, v.Ints[i])
		if err != nil {
			return dst, err
		}
		return append(dst, 4, byte(d.year), byte(d.year>>8), d.month, d.day), nil
	case model.KindTimestamp:
		d, clock, nanos, err := r.timestamp(j, v.Type.Unit, v.Ints[i])
		if err != nil {
			return dst, err
		}
		micros := nanos / 1000 // the binary form holds no more
		n := byte(7)
		if micros != 0 {
			n = 11
		}
		dst = append(dst, n, byte(d.year), byte(d.year>>8), d.month, d.day, byte(clock/3600), byte(clock/60%60), byte(clock%60))
		if micros != 0 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(micros))
		}
		return dst, nil
	case model.KindDuration, model.KindTime:
		return appendBinaryDuration(dst, v.Ints[i], v.Type.Unit), nil
	case model.KindDecimal, model.KindInterval:
		at := len(dst)
		dst = append(dst, 0)
		dst, err := r.appendText(dst, v, i, j)
		dst[at] = byte(len(dst) - at - 1)
		return dst, err
	}
	return AppendBytes(dst, v.BytesAt(i)), nil
}

// Seconds since 1970 of the first and past the last moment of the years 1000 to 9999.
const (
	firstSecond = -30610224000
	lastSecond  = 253402300800
)

func outOfRange(what string, v int64) error {
	return errs.New(errs.InvalidArguments, "%s %d is outside of the years 1000 to 9999, which MySQL can show", what, v)
}

// date gives the day of column j whose number is v.
func (r *Rows) date(j int, v int64) (*day, error) {
	d := &r.days[j]
	if d.known && d.number == v {
		return d, nil
	}
	if v < firstSecond/86400 || v >= lastSecond/86400 {
		return nil, outOfRange("date", v)
	}
	y, m, dd := calendar.Civil(v)
	d.number, d.known, d.year, d.month, d.day = v, true, y, byte(m), byte(dd)
	d.text = [10]byte{'0' + byte(y/1000), '0' + byte(y/100%10), '0' + byte(y/10%10), '0' + byte(y%10), '-',
		'0' + byte(m/10), '0' + byte(m%10), '-', '0' + byte(dd/10), '0' + byte(dd%10)}
	return d, nil
}

// timestamp splits a time into its local date, the second of the day and the nanosecond.
func (r *Rows) timestamp(j int, u model.TimeUnit, v int64) (d *day, clock, nanos int64, err error) {
	per := u.PerSecond()
	secs := v / per
	rest := v % per
	if rest < 0 {
		rest += per
		secs--
	}
	const slack = 2 * 86400 // more than any zone is off
	if secs < firstSecond-slack || secs >= lastSecond+slack {
		return nil, 0, 0, outOfRange("timestamp", v)
	}
	secs += r.zone.Offset(secs)
	if secs < firstSecond || secs >= lastSecond {
		return nil, 0, 0, outOfRange("timestamp", v)
	}
	n := secs / 86400
	clock = secs % 86400
	if clock < 0 {
		clock += 86400
		n--
	}
	d, err = r.date(j, n)
	return d, clock, rest * u.Nanos(), err
}
