package function

import (
	"fmt"
	"math"

	"github.com/goptimedb/goptimedb/internal/model"
)

// mathColumns are functions that fail in the engine where they are not defined; here they are NaN or infinite there.
func mathColumns() []column {
	one := func(name string, f func(float64) float64) column {
		return column{name: name, sig: "f:f", cols: func(args []*model.Vector, n int) (*model.Vector, error) {
			out := &model.Vector{Type: model.Float64, Len: n, Floats: make([]float64, n)}
			for i, x := range args[0].Floats[:n] {
				out.Floats[i] = f(x)
			}
			return out, nil
		}}
	}
	two := func(name string, f func(a, b float64) float64) column {
		return column{name: name, sig: "ff:f", row: func(c *cells, out *model.Vector) error {
			out.AppendFloat(f(c.float(0), c.float(1)))
			return nil
		}}
	}
	return []column{
		one("sqrt", math.Sqrt), one("ln", math.Log), one("log2", math.Log2), one("log10", math.Log10), one("exp", math.Exp), one("cbrt", math.Cbrt),
		one("sin", math.Sin), one("cos", math.Cos), one("tan", math.Tan), one("asin", math.Asin), one("acos", math.Acos), one("atan", math.Atan),
		one("sinh", math.Sinh), one("cosh", math.Cosh), one("tanh", math.Tanh), one("asinh", math.Asinh), one("acosh", math.Acosh), one("atanh", math.Atanh),
		one("cot", func(x float64) float64 { return 1 / math.Tan(x) }),
		two("log", func(base, x float64) float64 { return logBase(base, x) }),
		two("pow", math.Pow),
		{name: "round", sig: "fi:f", row: func(c *cells, out *model.Vector) error {
			out.AppendFloat(atDigit(c.float(0), c.int(1), math.Round))
			return nil
		}},
		{name: "trunc", sig: "fi:f", row: func(c *cells, out *model.Vector) error {
			out.AppendFloat(atDigit(c.float(0), c.int(1), math.Trunc))
			return nil
		}},
		{name: "round32", sig: "ri:r", row: func(c *cells, out *model.Vector) error {
			out.AppendFloat(atDigit32(c.float(0), c.int(1), math.Round))
			return nil
		}},
		{name: "trunc32", sig: "ri:r", row: func(c *cells, out *model.Vector) error {
			out.AppendFloat(atDigit32(c.float(0), c.int(1), math.Trunc))
			return nil
		}},
		{name: "powi", sig: "ii:i", row: func(c *cells, out *model.Vector) error {
			v, err := power(c.int(0), c.int(1))
			out.AppendInt(v)
			return err
		}},
		{name: "factorial", sig: "i:i", row: func(c *cells, out *model.Vector) error {
			n := c.int(0)
			if n > 20 {
				return failure("Overflow happened on FACTORIAL(%d)", n)
			}
			p := int64(1)
			for ; n > 1; n-- {
				p *= n
			}
			out.AppendInt(p)
			return nil
		}},
		{name: "gcd", sig: "ii:i", row: func(c *cells, out *model.Vector) error {
			g := gcd(magnitude(c.int(0)), magnitude(c.int(1)))
			if g > math.MaxInt64 {
				return failure("Signed integer overflow in GCD(%d, %d)", c.int(0), c.int(1))
			}
			out.AppendInt(int64(g))
			return nil
		}},
		{name: "lcm", sig: "ii:i", row: func(c *cells, out *model.Vector) error {
			a, b := c.int(0), c.int(1)
			if a == 0 || b == 0 {
				out.AppendInt(0)
				return nil
			}
			m, ok := mulFits(int64(magnitude(a)/gcd(magnitude(a), magnitude(b))), b)
			if !ok || m == math.MinInt64 {
				return failure("Signed integer overflow in LCM(%d, %d)", a, b)
			}
			out.AppendInt(max(m, -m))
			return nil
		}},
		{name: "clamp", sig: "fff:f", loose: true, row: clamp((*cells).float, (*model.Vector).AppendFloat, func(f float64) string { return fmt.Sprint(f) }, model.CompareFloat)},
		{name: "clampi", sig: "iii:i", loose: true, row: clamp((*cells).int, (*model.Vector).AppendInt, itoa, func(a, b int64) int {
			switch {
			case a < b:
				return -1
			case a > b:
				return 1
			}
			return 0
		})},
	}
}

func clamp[T int64 | float64](get func(*cells, int) T, put func(*model.Vector, T), text func(T) string, compare func(a, b T) int) func(*cells, *model.Vector) error {
	return func(c *cells, out *model.Vector) error {
		if c.null(1) || c.null(2) {
			return failure("the bounds of clamp must not be NULL")
		}
		lo, hi := get(c, 1), get(c, 2)
		if compare(lo, hi) > 0 {
			return failure("min '%s' > max '%s'", text(lo), text(hi))
		}
		if c.null(0) {
			out.AppendNull()
			return nil
		}
		x := get(c, 0)
		switch {
		case math.IsNaN(float64(x)): // as it is
		case compare(x, lo) < 0:
			x = lo
		case compare(x, hi) > 0:
			x = hi
		}
		put(out, x)
		return nil
	}
}

func logBase(base, x float64) float64 {
	switch base {
	case 2:
		return math.Log2(x)
	case 10:
		return math.Log10(x)
	}
	return math.Log(x) / math.Log(base)
}

// atDigit rounds x with f behind d digits after the point, or before it where d is negative.
func atDigit(x float64, d int64, f func(float64) float64) float64 {
	if d == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return f(x)
	}
	if d > 0 {
		p := math.Pow10(int(min(d, 400)))
		if y := x * p; !math.IsInf(y, 0) && !math.IsInf(p, 0) {
			return f(y) / p
		}
		return x
	}
	p := math.Pow10(int(min(-d, 400)))
	if math.IsInf(p, 0) {
		return 0
	}
	return f(x/p) * p
}

// atDigit32 is atDigit of a number of 32 bits, which is multiplied as such: 1.15 has 11.5 tenths, where the double closest to it has less.
func atDigit32(x float64, d int64, f func(float64) float64) float64 {
	p := float32(math.Pow10(int(min(max(d, -d), 400))))
	y, shift := float32(x)*p, func(y float64) float64 { return float64(float32(y) / p) }
	if d < 0 {
		y, shift = float32(x)/p, func(y float64) float64 { return float64(float32(y) * p) }
	}
	if d == 0 || math.IsInf(float64(p), 0) || math.IsInf(float64(y), 0) {
		return float64(float32(atDigit(x, d, f)))
	}
	return shift(f(float64(y)))
}

func power(base, exp int64) (int64, error) {
	if exp < 0 || exp > math.MaxUint32 {
		return 0, failure("Exponent %d in integer computation is out of bounds.", exp)
	}
	out, b := int64(1), base
	ok := true
	for e := exp; e > 0; e >>= 1 {
		if e&1 == 1 {
			if out, ok = mulFits(out, b); !ok {
				return 0, failure("Overflow happened on: %d ^ %d", base, exp)
			}
		}
		if e > 1 {
			if b, ok = mulFits(b, b); !ok {
				return 0, failure("Overflow happened on: %d ^ %d", base, exp)
			}
		}
	}
	return out, nil
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
