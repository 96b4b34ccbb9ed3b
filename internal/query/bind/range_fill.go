package bind

import (
	"math/big"
	"strings"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// fillValue is the constant of FILL as a value of a type. What the type cannot hold as it is written, such as 1.5 as an integer, is an error.
func (b *binder) fillValue(c *sql.Literal, t model.Type) (model.Value, error) {
	bad := func() (model.Value, error) {
		return model.Value{}, rangeError("%s is not a valid fill option, fail to convert to a const value. { %s }", c.Text, t)
	}
	if t.Kind == model.KindDecimal {
		v, ok := decimalOf(c.Text, t)
		if !ok {
			return bad()
		}
		return v, nil
	}
	if t.Integer() && strings.ContainsAny(c.Text, ".eE") {
		return bad()
	}
	lit, err := literal(c)
	if err != nil {
		return model.Value{}, err
	}
	x, err := b.cast(lit, t)
	l, ok := x.(*plan.Lit)
	if err != nil || !ok || l.V.Type != t {
		return bad()
	}
	return l.V, nil
}

// decimalOf reads a number without exponent into a decimal type; false where it does not fit without rounding.
func decimalOf(text string, t model.Type) (model.Value, bool) {
	r, ok := new(big.Rat).SetString(text)
	if !ok || strings.ContainsAny(text, "/eExX_") {
		return model.Value{}, false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)))
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Precision)), nil)
	if !r.IsInt() || new(big.Int).Abs(r.Num()).Cmp(most) >= 0 {
		return model.Value{}, false
	}
	n := r.Num()
	lo := new(big.Int).And(n, new(big.Int).SetUint64(1<<64-1)) // of two's complement, also below zero
	hi := new(big.Int).Rsh(n, 64)
	return model.Value{Type: t, Decimal: model.Int128{Hi: hi.Int64(), Lo: lo.Uint64()}}, true
}
