package function

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

func itoa(v int64) string { return strconv.FormatInt(v, 10) }

// Quote writes a string literal.
func Quote(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	parts := strings.Split(s, "\x00") // statements are handed over as C strings
	for i, p := range parts {
		parts[i] = Quote(p)
	}
	return "(" + strings.Join(parts, " || chr(0) || ") + ")"
}

// Literal writes a constant.
func Literal(v model.Value) string {
	t := v.Type
	if v.Null() {
		if n := EngineType(t); n != "" && t.Kind != model.KindNull {
			return "CAST(NULL AS " + n + ")"
		}
		if t.Kind == model.KindList {
			return "CAST(NULL AS INTEGER[])"
		}
		return "NULL"
	}
	switch t.Class() {
	case model.ClassBool:
		return strconv.FormatBool(v.Bool)
	case model.ClassInt:
		return intLiteral(v)
	case model.ClassFloat:
		return floatLiteral(v.Float, EngineType(t))
	case model.ClassDecimal:
		return "CAST('" + DecimalText(v.Decimal, t.Scale) + "' AS " + decimalName(t) + ")"
	case model.ClassInterval:
		i := v.Interval
		return "(to_months(" + itoa(int64(i.Months)) + ") + to_days(" + itoa(int64(i.Days)) + ") + to_microseconds(" + itoa(i.Nanos/1000) + "))"
	}
	if t.Kind == model.KindBinary || t.Kind == model.KindVector {
		return "from_hex('" + hex.EncodeToString([]byte(v.Bytes)) + "')"
	}
	return Quote(v.Bytes)
}

func intLiteral(v model.Value) string {
	switch v.Type.Kind {
	case model.KindUint64:
		return "CAST(" + strconv.FormatUint(uint64(v.Int), 10) + " AS UBIGINT)"
	case model.KindDate:
		return "(DATE '1970-01-01' + CAST(" + itoa(v.Int) + " AS INTEGER))"
	}
	return "CAST(" + itoa(v.Int) + " AS " + EngineType(v.Type) + ")"
}

func floatLiteral(f float64, as string) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	switch {
	case math.IsNaN(f):
		s = "'NaN'"
	case math.IsInf(f, 1):
		s = "'Infinity'"
	case math.IsInf(f, -1):
		s = "'-Infinity'"
	}
	return "CAST(" + s + " AS " + as + ")"
}

// DecimalText prints an unscaled decimal with scale digits after the point.
func DecimalText(x model.Int128, scale uint8) string {
	z := new(big.Int).Lsh(big.NewInt(x.Hi), 64)
	z.Add(z, new(big.Int).SetUint64(x.Lo))
	sign := ""
	if z.Sign() < 0 {
		sign = "-"
		z.Neg(z)
	}
	s := z.Text(10)
	for len(s) <= int(scale) {
		s = "0" + s
	}
	if scale == 0 {
		return sign + s
	}
	return sign + s[:len(s)-int(scale)] + "." + s[len(s)-int(scale):]
}
