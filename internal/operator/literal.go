package operator

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
)

// literals turns constants of a statement into values of columns. The rules are those of the dialect's fast path: strict about types,
// except that clients of the wire protocols may write numbers in quotes.
type literals struct {
	zone  *time.Location
	loose bool // strings are read as numbers
	bytea bool // strings for columns of bytes may be written as \x0aff
}

func literalsOf(sess *model.Session) literals {
	return literals{zone: sess.Timezone, loose: sess.Dialect != model.DialectGreptime, bytea: sess.Dialect == model.DialectPostgres}
}

// typeText is a type as these messages show it: "Int64(Int64Type)".
func typeText(t model.Type) string {
	if t.IsTimestamp() {
		return "Timestamp(" + t.Unit.String() + "(" + t.String() + "Type))"
	}
	return t.String() + "(" + t.String() + "Type)"
}

func wrongType(c *model.Column, given string) error {
	return errs.New(errs.InvalidSyntax, "Column %s expect type: %s, actual: %s", c.Name, typeText(c.Type), given)
}

func badNumber(text string, t model.Type) error {
	return errs.New(errs.InvalidSyntax, "Failed to parse value: Fail to parse number %s, invalid column type: %s", text, typeText(t))
}

// value converts one literal.
func (l literals) value(c *model.Column, x *sql.Literal) (model.Value, error) {
	v := model.NewVector(c.Type, 1)
	if err := l.append(v, c, x); err != nil {
		return model.Value{}, err
	}
	return v.At(0), nil
}

// append converts one literal to the column's type and appends it.
func (l literals) append(v *model.Vector, c *model.Column, x *sql.Literal) error {
	switch x.Kind {
	case sql.LitNull:
		v.AppendNull()
		return nil
	case sql.LitBool:
		if c.Type.Kind != model.KindBool {
			return wrongType(c, "Boolean(BooleanType)")
		}
		v.AppendBool(x.Text == "true")
		return nil
	case sql.LitInt, sql.LitFloat:
		return appendNumber(v, c, x.Text)
	case sql.LitBytes:
		if c.Type.Kind != model.KindBinary {
			return wrongType(c, "Binary(BinaryType)")
		}
		v.AppendString(x.Text)
		return nil
	}
	return l.appendString(v, c, x.Text)
}

func appendNumber(v *model.Vector, c *model.Column, text string) error {
	t := c.Type
	if t.Integer() {
		text = strings.TrimSuffix(text, "e0") // how whole numbers come that a client had as floats
	}
	switch {
	case t.Kind == model.KindBool:
		if text != "0" && text != "1" {
			return errs.New(errs.InvalidSyntax, "Failed to parse value: Failed to parse number '%s' to boolean column type", text)
		}
		v.AppendBool(text == "1")
		return nil
	case t.Kind == model.KindUint64:
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return badNumber(text, t)
		}
		v.AppendInt(int64(n))
		return nil
	case t.Integer(), t.IsTimestamp():
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return badNumber(text, t)
		}
		if lo, hi, ok := t.IntRange(); ok && (n < lo || n > hi) {
			return badNumber(text, t)
		}
		return appendTime(v, c, n)
	case t.Floating():
		bits := 64
		if t.Kind == model.KindFloat32 {
			bits = 32
		}
		f, err := strconv.ParseFloat(text, bits)
		if err != nil && !math.IsInf(f, 0) {
			return badNumber(text, t)
		}
		v.AppendFloat(f)
		return nil
	case t.Kind == model.KindDecimal:
		d, ok := parseDecimal(text, t)
		if !ok {
			return badNumber(text, t)
		}
		v.AppendValue(model.Value{Type: t, Decimal: d})
		return nil
	}
	return badNumber(text, t)
}

func (l literals) appendString(v *model.Vector, c *model.Column, text string) error {
	t := c.Type
	switch {
	case l.bytea && t.Kind == model.KindBinary && strings.HasPrefix(text, `\x`):
		b, err := hex.DecodeString(text[2:])
		if err != nil {
			return errs.New(errs.InvalidSyntax, "Failed to parse value: invalid hexadecimal data for column %s", c.Name)
		}
		v.AppendBytes(b)
		return nil
	case t.Kind == model.KindString, t.Kind == model.KindBinary:
		v.AppendString(text)
		return nil
	case t.IsTimestamp():
		s := strings.TrimSpace(text)
		n, err := bind.ParseTime(s, t.Unit, l.zone)
		if err != nil || len(s) == len(time.DateOnly) && strings.Count(s, "-") == 2 { // a day alone is not a time here
			return errs.New(errs.InvalidSyntax, "Failed to parse value: Failed to parse %s to Timestamp value", text)
		}
		return appendTime(v, c, n)
	case t.Kind == model.KindDate:
		day := strings.TrimSpace(text)
		if l.loose && len(day) > len(time.DateOnly) && (day[len(time.DateOnly)] == ' ' || day[len(time.DateOnly)] == 'T') {
			if _, err := bind.ParseTime(day, model.Second, time.UTC); err == nil { // drivers know days as times
				day = day[:len(time.DateOnly)]
			}
		}
		d, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return errs.New(errs.InvalidSyntax, "Failed to parse value: Failed to parse %s to Date value", text)
		}
		v.AppendInt(d.Unix() / 86400)
		return nil
	case t.Kind == model.KindDecimal:
		d, ok := parseDecimal(strings.TrimSpace(text), t)
		if !ok {
			return badNumber(text, t)
		}
		v.AppendValue(model.Value{Type: t, Decimal: d})
		return nil
	case t.Kind == model.KindJSON:
		doc, ok := plainJSON(text)
		if !ok {
			return errs.New(errs.InvalidArguments, "Invalid json text: %s", text)
		}
		v.AppendBytes(doc)
		return nil
	case t.Kind == model.KindVector:
		b, err := parseVector(text, t.Dim)
		if err != nil {
			return err
		}
		v.AppendBytes(b)
		return nil
	case l.loose && (t.Numeric() || t.Kind == model.KindBool):
		text = strings.TrimSpace(text)
		if word := strings.ToLower(text); t.Kind == model.KindBool && (word == "true" || word == "false" || word == "t" || word == "f") {
			v.AppendBool(word[0] == 't')
			return nil
		}
		return appendNumber(v, c, text)
	}
	return wrongType(c, "String(StringType)")
}

// appendTime appends an integer, or a timestamp if it is one of those that the type has.
func appendTime(v *model.Vector, c *model.Column, n int64) error {
	if c.Type.IsTimestamp() && c.Type.Unit != model.Nanosecond && !model.ValidTimes(c.Type.Unit).Contains(n) {
		return errs.New(errs.InvalidArguments, "Converting timestamp %d to unit %s overflow, column: %s", n, c.Type.Unit, c.Name)
	}
	v.AppendInt(n)
	return nil
}

// plainJSON writes a JSON text with sorted keys and no blanks, numbers as they are. Of several members of one name the last counts.
func plainJSON(text string) ([]byte, bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil, false
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), true
}

func parseVector(text string, dim uint32) ([]byte, error) {
	var f []float32
	if err := json.Unmarshal([]byte(text), &f); err != nil || len(f) != int(dim) {
		return nil, errs.New(errs.InvalidSyntax, "Failed to parse value: Failed to parse %s to Vector value of dimension %d", text, dim)
	}
	b := make([]byte, 0, 4*len(f))
	for _, x := range f {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b, nil
}

// parseDecimal reads a decimal number, rounding half away from zero to the type's scale; false if it has too many digits.
func parseDecimal(text string, t model.Type) (model.Int128, bool) {
	if len(text) > 128 || strings.ContainsAny(text, "/_xXpPbBoO") {
		return model.Int128{}, false
	}
	if _, exp, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		if n, err := strconv.Atoi(exp); err != nil || n > 64 || n < -64 {
			return model.Int128{}, false
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return model.Int128{}, false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)))
	half := big.NewRat(1, 2)
	if r.Sign() < 0 {
		half.Neg(half)
	}
	r.Add(r, half)
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Precision)), nil); n.CmpAbs(limit) >= 0 {
		return model.Int128{}, false
	}
	lo := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)) // of the two's complement
	hi := new(big.Int).Rsh(n, 64)
	return model.Int128{Hi: hi.Int64(), Lo: lo.Uint64()}, true
}
