package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Param is a parameter's value: a constant, or an array of constants.
type Param struct {
	Value model.Value
	Array []model.Value // if IsArray
	// IsArray tells an array, which has no place in a model.Value.
	IsArray bool
}

// ParseParam reads the value of a parameter of a type, which is the client's, or what the statement needs; raw is nil for NULL.
// zone is where times without a zone are; nil: UTC. Text of times in forms that few write stays text, and so do values of types that are
// not known: they mean what the same text in a statement means.
func ParseParam(oid uint32, format int16, raw []byte, zone *time.Location) (Param, error) {
	if zone == nil {
		zone = time.UTC
	}
	p, err := parseParam(oid, format, raw)
	if p.Value.Type == localTime {
		p.Value, err = inZone(p.Value.Int, zone)
	}
	for i := range p.Array {
		if p.Array[i].Type == localTime && err == nil {
			p.Array[i], err = inZone(p.Array[i].Int, zone)
		}
	}
	return p, err
}

// localTime is the type, while a parameter is read, of a time on the clocks of a zone that is not known yet: microseconds as if it were UTC.
var localTime = model.Type{Kind: model.KindTimestamp, Unit: model.Microsecond, Dim: 1}

// inZone is the time that clocks of a zone show.
func inZone(micros int64, zone *time.Location) (model.Value, error) {
	wall := time.UnixMicro(micros).UTC()
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	if at.Hour() != wall.Hour() || at.Minute() != wall.Minute() {
		return model.Value{}, errs.New(errs.InvalidArguments, "there is no time %s in %s", wall.Format("2006-01-02 15:04:05"), zone)
	}
	return model.IntValue(model.Timestamp(model.Microsecond), at.UnixMicro()), nil
}

func parseParam(oid uint32, format int16, raw []byte) (Param, error) {
	if elem := ElementOf(oid); elem != 0 && raw != nil {
		list, err := parseArray(elem, format, raw)
		return Param{Array: list, IsArray: true}, err
	}
	v, err := parseValue(oid, format, raw)
	return Param{Value: v}, err
}

func bad(oid uint32, what string) error {
	return errs.New(errs.InvalidArguments, "invalid value of a parameter of type %d: %s", oid, what)
}

func parseValue(oid uint32, format int16, raw []byte) (model.Value, error) {
	if raw == nil {
		t, ok := ModelType(oid)
		if !ok {
			t = model.Null
		}
		return model.NullOf(t), nil
	}
	if format == Binary {
		return parseBinary(oid, raw)
	}
	return parseText(oid, string(raw))
}

func parseText(oid uint32, s string) (model.Value, error) {
	t, _ := ModelType(oid)
	trim := strings.TrimSpace(s)
	switch {
	case t.Kind == model.KindBool:
		switch strings.ToLower(trim) {
		case "t", "true", "y", "yes", "on", "1":
			return model.BoolValue(true), nil
		case "f", "false", "n", "no", "off", "0":
			return model.BoolValue(false), nil
		}
		return model.Value{}, bad(oid, strconv.Quote(s))
	case t.Integer():
		n, err := strconv.ParseInt(trim, 10, 64)
		if lo, hi, ok := t.IntRange(); err != nil || ok && (n < lo || n > hi) {
			return model.Value{}, bad(oid, strconv.Quote(s))
		}
		return model.IntValue(model.Int64, n), nil
	case t.Floating():
		f, err := strconv.ParseFloat(trim, 64)
		if err != nil && !math.IsInf(f, 0) {
			return model.Value{}, bad(oid, strconv.Quote(s))
		}
		return model.FloatValue(f), nil
	case t.Kind == model.KindDecimal:
		return parseNumber(oid, trim)
	case t.Kind == model.KindBinary:
		b, ok := parseBytea(s)
		if !ok {
			return model.Value{}, bad(oid, "malformed bytea")
		}
		return model.Value{Type: model.Binary, Bytes: string(b)}, nil
	case t.IsTimestamp():
		// Fast path, and the type that was announced: as drivers write it. More than six digits of a second need what text keeps.
		c := CopyColumn{Type: model.Timestamp(model.Microsecond), UTC: true}
		if n, ok := c.plainTime([]byte(trim)); ok && len(trim) <= len("2006-01-02 15:04:05.999999") && !strings.ContainsAny(trim[len("2006-01-02"):], "+-Z") {
			return model.IntValue(localTime, n), nil
		}
		return model.StringValue(FullZone(trim)), nil
	case t.Kind == model.KindDate: // a zone says nothing of a day
		if n := len("2006-01-02"); len(trim) > n {
			if zone := strings.TrimSpace(trim[n:]); zone[0] == '+' || zone[0] == '-' {
				trim = trim[:n]
			}
		}
		return model.StringValue(trim), nil
	}
	return model.StringValue(s), nil
}

// parseNumber makes the narrowest value of the text of a number.
func parseNumber(oid uint32, s string) (model.Value, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return model.IntValue(model.Int64, n), nil
	}
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return model.IntValue(model.Uint64, int64(n)), nil
	}
	if d, scale, ok := decimalOf(s); ok {
		return model.Value{Type: model.Decimal(38, scale), Decimal: d}, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return model.Value{}, bad(oid, strconv.Quote(s))
	}
	return model.FloatValue(f), nil
}

// decimalOf reads plain digits with a point, of up to 18 digits; others are for floats.
func decimalOf(s string) (model.Int128, uint8, bool) {
	whole, frac, ok := strings.Cut(s, ".")
	if !ok || len(whole)+len(frac) > 18 || len(frac) == 0 {
		return model.Int128{}, 0, false
	}
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil || strings.ContainsAny(frac, "+-_") {
		return model.Int128{}, 0, false
	}
	hi := int64(0)
	if n < 0 {
		hi = -1
	}
	return model.Int128{Hi: hi, Lo: uint64(n)}, uint8(len(frac)), true
}

// parseBytea reads both text forms of bytes.
func parseBytea(s string) ([]byte, bool) {
	if digits, ok := strings.CutPrefix(s, `\x`); ok {
		b, err := hex.DecodeString(digits)
		return b, err == nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			b = append(b, s[i])
		case i+1 < len(s) && s[i+1] == '\\':
			b = append(b, '\\')
			i++
		case i+3 < len(s):
			n, err := strconv.ParseUint(s[i+1:i+4], 8, 8)
			if err != nil {
				return nil, false
			}
			b = append(b, byte(n))
			i += 3
		default:
			return nil, false
		}
	}
	return b, true
}

// FullZone writes an offset of hours, which PostgreSQL's clients use, with minutes: +00 as +00:00.
func FullZone(s string) string {
	n := len(s)
	if n < 14 || s[n-3] != '+' && s[n-3] != '-' || !strings.Contains(s[:n-3], ":") {
		return s
	}
	for _, c := range s[n-2:] {
		if c < '0' || c > '9' {
			return s
		}
	}
	return s + ":00"
}

func parseBinary(oid uint32, b []byte) (model.Value, error) {
	size := func(n int) error {
		if len(b) != n {
			return bad(oid, strconv.Itoa(len(b))+" bytes where "+strconv.Itoa(n)+" belong")
		}
		return nil
	}
	number := func(n int) (uint64, error) {
		if err := size(n); err != nil {
			return 0, err
		}
		switch n {
		case 1:
			return uint64(b[0]), nil
		case 2:
			return uint64(int64(int16(binary.BigEndian.Uint16(b)))), nil
		case 4:
			return uint64(int64(int32(binary.BigEndian.Uint32(b)))), nil
		}
		return binary.BigEndian.Uint64(b), nil
	}
	switch oid {
	case OIDBool:
		n, err := number(1)
		return model.BoolValue(n != 0), err
	case OIDInt2:
		n, err := number(2)
		return model.IntValue(model.Int64, int64(n)), err
	case OIDInt4:
		n, err := number(4)
		return model.IntValue(model.Int64, int64(n)), err
	case OIDOid:
		n, err := number(4)
		return model.IntValue(model.Int64, int64(uint32(n))), err
	case OIDInt8:
		n, err := number(8)
		return model.IntValue(model.Int64, int64(n)), err
	case OIDFloat4:
		n, err := number(4)
		return model.FloatValue(float64(math.Float32frombits(uint32(n)))), err
	case OIDFloat8:
		n, err := number(8)
		return model.FloatValue(math.Float64frombits(n)), err
	case OIDBytea:
		return model.Value{Type: model.Binary, Bytes: string(b)}, nil
	case OIDNumeric:
		s, err := parseNumeric(b)
		if err != nil {
			return model.Value{}, bad(oid, err.Error())
		}
		return parseNumber(oid, s)
	case OIDDate:
		n, err := number(4)
		if err != nil {
			return model.Value{}, err
		}
		return model.IntValue(model.Date, int64(int32(n))+epochDays), nil
	case OIDTimestamp, OIDTimestamptz:
		n, err := number(8)
		if err != nil {
			return model.Value{}, err
		}
		micros := int64(n)
		if micros == forever || micros == everBefore || micros > math.MaxInt64-epochMicros {
			return model.Value{}, bad(oid, "infinite times cannot be kept")
		}
		micros += epochMicros
		if oid == OIDTimestamptz {
			return model.IntValue(model.Timestamp(model.Microsecond), micros), nil
		}
		return model.IntValue(localTime, micros), nil
	case OIDTime:
		n, err := number(8)
		if err != nil {
			return model.Value{}, err
		}
		if n > 86400e6 {
			return model.Value{}, bad(oid, "not a time of day")
		}
		return model.StringValue(string(appendClock(nil, int64(n)/1e6, int64(n)%1e6))), nil
	case OIDInterval:
		if err := size(16); err != nil {
			return model.Value{}, err
		}
		micros := int64(binary.BigEndian.Uint64(b))
		if micros > math.MaxInt64/1000 || micros < math.MinInt64/1000 {
			return model.Value{}, bad(oid, "an interval of more than 292 years of seconds")
		}
		return model.Value{Type: model.Interval, Interval: model.MonthDayNano{Months: int32(binary.BigEndian.Uint32(b[12:])),
			Days: int32(binary.BigEndian.Uint32(b[8:])), Nanos: micros * 1000}}, nil
	case OIDUUID:
		if err := size(16); err != nil {
			return model.Value{}, err
		}
		h := hex.EncodeToString(b)
		return model.StringValue(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), nil
	case OIDJSONB:
		if len(b) == 0 || b[0] != 1 {
			return model.Value{}, bad(oid, "unknown version of jsonb")
		}
		return model.StringValue(string(b[1:])), nil
	case OIDText, OIDVarchar, OIDBpchar, OIDName, OIDChar, OIDJSON, OIDUnknown, 0:
		return model.StringValue(string(b)), nil
	}
	return model.Value{}, errs.New(errs.Unsupported, "parameters of type %d in binary form are not supported", oid)
}

// maxElements bounds what an array parameter may hold; each costs a constant in the plan.
const maxElements = 1 << 20

func parseArray(elem uint32, format int16, b []byte) ([]model.Value, error) {
	if format == Text {
		return parseTextArray(elem, string(b))
	}
	if len(b) < 12 {
		return nil, bad(elem, "malformed array")
	}
	dims := binary.BigEndian.Uint32(b)
	if dims == 0 {
		return nil, nil
	}
	if dims != 1 || len(b) < 20 {
		return nil, bad(elem, "only arrays of one dimension are supported")
	}
	if given := binary.BigEndian.Uint32(b[8:]); given != 0 {
		elem = given
	}
	n := binary.BigEndian.Uint32(b[12:])
	b = b[20:]
	if n > maxElements || int(n)*4 > len(b) {
		return nil, bad(elem, "malformed array")
	}
	out := make([]model.Value, 0, n)
	for range n {
		if len(b) < 4 {
			return nil, bad(elem, "malformed array")
		}
		size := int32(binary.BigEndian.Uint32(b))
		b = b[4:]
		var raw []byte
		if size >= 0 {
			if int(size) > len(b) {
				return nil, bad(elem, "malformed array")
			}
			raw, b = b[:size:size], b[size:]
		}
		v, err := parseValue(elem, Binary, raw)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func parseTextArray(elem uint32, s string) ([]model.Value, error) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return nil, bad(elem, "malformed array")
	}
	s = s[1 : len(s)-1]
	var out []model.Value
	for s = strings.TrimLeft(s, " "); s != ""; {
		var item []byte
		quoted := s[0] == '"'
		i := 0
		if quoted {
			for i = 1; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) {
					i++
				}
				item = append(item, s[i])
			}
			if i == len(s) {
				return nil, bad(elem, "malformed array")
			}
			i++
		} else {
			for ; i < len(s) && s[i] != ','; i++ {
				if s[i] == '{' || s[i] == '"' {
					return nil, bad(elem, "only arrays of one dimension are supported")
				}
				if s[i] == '\\' && i+1 < len(s) {
					i++
				}
				item = append(item, s[i])
			}
		}
		raw := append([]byte{}, item...)
		if !quoted && strings.EqualFold(strings.TrimSpace(string(item)), "null") {
			raw = nil
		}
		v, err := parseValue(elem, Text, raw)
		if err != nil {
			return nil, err
		}
		if out = append(out, v); len(out) > maxElements {
			return nil, bad(elem, "too many elements")
		}
		s = strings.TrimLeft(s[i:], " ")
		if s == "" {
			break
		}
		if s[0] != ',' || len(s) == 1 {
			return nil, bad(elem, "malformed array")
		}
		s = strings.TrimLeft(s[1:], " ")
	}
	return out, nil
}
