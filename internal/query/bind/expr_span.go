package bind

import (
	"math"
	"math/big"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// spans makes a constant interval beside a difference of times one as well, so that `now() - ts < INTERVAL '5 minutes'` compares lengths.
// A day has 24 hours there; months have no length.
func spans(l, r plan.Expr) (plan.Expr, plan.Expr, error) {
	x, err := span(r, l.Type())
	if err != nil {
		return nil, nil, err
	}
	y, err := span(l, r.Type())
	return y, x, err
}

// span is x, a duration as fine as the other side where both are what spans speaks of. What such a duration cannot hold is the longest one.
func span(x plan.Expr, other model.Type) (plan.Expr, error) {
	c, ok := x.(*plan.Lit)
	if !ok || other.Kind != model.KindDuration || c.V.Type.Kind != model.KindInterval || c.V.Null() {
		return x, nil
	}
	iv := c.V.Interval
	if iv.Months != 0 {
		return nil, planError("Error during planning: a difference of times cannot be compared with an interval of months, whose length varies; use days")
	}
	unit := other.Unit
	for unit < model.Nanosecond && iv.Nanos%unit.Nanos() != 0 {
		unit++
	}
	n := new(big.Int).Mul(big.NewInt(int64(iv.Days)), big.NewInt(24*60*60*unit.PerSecond()))
	n.Add(n, big.NewInt(iv.Nanos/unit.Nanos()))
	length := int64(math.MaxInt64)
	switch {
	case n.IsInt64():
		length = n.Int64()
	case n.Sign() < 0:
		length = math.MinInt64
	}
	return &plan.Lit{V: model.IntValue(model.Duration(unit), length)}, nil
}
