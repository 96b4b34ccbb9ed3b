package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

func mathFunctions() []def {
	out := []def{
		{name: "abs", sigs: "n:1", sql: "abs($1)"},
		{name: "ceil", sigs: "f:f", sql: "ceil($1)"},
		{name: "floor", sigs: "f:f", sql: "floor($1)"},
		{name: "degrees", sigs: "f:f", sql: "degrees($1)"},
		{name: "radians", sigs: "f:f", sql: "radians($1)"},
		{name: "round", sigs: "g:r gi:r f:f fi:f", fn: atDigits("round")},
		{name: "trunc", sigs: "g:r gi:r f:f fi:f", fn: atDigits("trunc")},
		{name: "signum", sigs: "f:f", sql: "CAST(sign($1) AS DOUBLE)"},
		{name: "log", sigs: "f:f ff:f", fn: logarithm},
		{name: "power", sigs: "II:i ff:f", fn: powers},
		{name: "pi", sigs: ":f", sql: "pi()"},
		{name: "atan2", sigs: "ff:f", sql: "atan2($1, $2)"},
		{name: "factorial", sigs: "i:i", sql: "gt_factorial($1)"},
		{name: "gcd", sigs: "ii:i", sql: "gt_gcd($1, $2)"},
		{name: "lcm", sigs: "ii:i", sql: "gt_lcm($1, $2)"},
		{name: "isnan", sigs: "f:b", sql: "isnan($1)"},
		{name: "iszero", sigs: "f:b", sql: "($1 = 0)"},
		{name: "nanvl", sigs: "ff:f", sql: "CASE WHEN isnan($1) THEN $2 ELSE $1 END"},
		{name: "random", sigs: ":f", sql: "random()", vol: true},
		{name: "uuid", sigs: ":s", sql: "CAST(uuid() AS VARCHAR)", vol: true},
		{name: "clamp", sigs: "ccc:c", fn: clampBetween},
		{name: "clamp_min", sigs: "cc:c", fn: clampOne("greatest")},
		{name: "clamp_max", sigs: "cc:c", fn: clampOne("least")},
	}
	for _, name := range []string{"sqrt", "cbrt", "exp", "ln", "log2", "log10", "sin", "cos", "tan", "cot", "asin", "acos", "atan",
		"sinh", "cosh", "tanh", "asinh", "acosh", "atanh"} {
		out = append(out, def{name: name, sigs: "f:f", sql: "gt_" + name + "($1)"})
	}
	return out
}

func atDigits(name string) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		switch {
		case len(a) == 1:
			return name + "(" + a[0].SQL + ")", nil
		case a[0].Type == model.Float32:
			return "gt_" + name + "32(" + a[0].SQL + ", " + a[1].SQL + ")", nil
		}
		return "gt_" + name + "(" + a[0].SQL + ", " + a[1].SQL + ")", nil
	}
}

func logarithm(a []Arg) (string, error) {
	if len(a) == 1 {
		return "gt_log10(" + a[0].SQL + ")", nil
	}
	return "gt_log(" + a[0].SQL + ", " + a[1].SQL + ")", nil
}

func powers(a []Arg) (string, error) {
	if a[0].Type == model.Int64 {
		return "gt_powi(" + a[0].SQL + ", " + a[1].SQL + ")", nil
	}
	return "gt_pow(" + a[0].SQL + ", " + a[1].SQL + ")", nil
}

// modFunction is mod(a, b): Int64 of two signed integers, UInt64 of two unsigned ones, else Float64.
func modFunction() *Scalar {
	return &Scalar{Name: "mod",
		Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
			if len(args) != 2 {
				return nil, model.Null, NoMatch("mod", args)
			}
			t := model.Float64
			switch l, r := args[0], args[1]; {
			case l.Signed() && r.Signed():
				t = model.Int64
			case l.Unsigned() && r.Unsigned():
				t = model.Uint64
			}
			for _, a := range args {
				if !a.Numeric() && a.Kind != model.KindNull && a.Kind != model.KindString {
					return nil, model.Null, NoMatch("mod", args)
				}
			}
			return []model.Type{t, t}, t, nil
		},
		SQL: func(a []Arg) (string, error) {
			switch a[0].Type {
			case model.Int64:
				return "gt_rem(" + a[0].SQL + ", " + a[1].SQL + ")", nil
			case model.Uint64:
				return "gt_remu(" + a[0].SQL + ", " + a[1].SQL + ")", nil
			}
			return "(" + a[0].SQL + " % " + a[1].SQL + ")", nil
		}}
}

// wide is the type in which gt_ functions take values of t, and whether they do.
func wide(t model.Type) (name, suffix string, ok bool) {
	switch {
	case t.Kind == model.KindUint64 || t.Kind == model.KindDate:
		return "", "", false
	case t.Class() == model.ClassInt:
		return "BIGINT", "i", true
	case t.Floating():
		return "DOUBLE", "", true
	}
	return "", "", false
}

func clampBetween(a []Arg) (string, error) {
	t := a[0].Type
	if as, suffix, ok := wide(t); ok {
		return "CAST(gt_clamp" + suffix + "(CAST(" + a[0].SQL + " AS " + as + "), CAST(" + a[1].SQL + " AS " + as + "), CAST(" + a[2].SQL + " AS " + as + ")) AS " + EngineType(t) + ")", nil
	}
	x, lo, hi := a[0].SQL, a[1].SQL, a[2].SQL
	return "CASE WHEN " + lo + " IS NULL OR " + hi + " IS NULL THEN error('Execution error: the bounds of clamp must not be NULL')" +
		" WHEN " + lo + " > " + hi + " THEN error('Execution error: min ''' || " + lo + " || ''' > max ''' || " + hi + " || '''')" +
		" WHEN " + x + " IS NOT NULL THEN least(greatest(" + x + ", " + lo + "), " + hi + ") END", nil
}

func clampOne(pick string) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		x, bound := a[0].SQL, a[1].SQL
		return strings.NewReplacer("$x", x, "$b", bound).Replace(
			"CASE WHEN ($b) IS NULL THEN error('Execution error: the bounds of clamp must not be NULL') WHEN ($x) IS NOT NULL THEN " + pick + "($x, $b) END"), nil
	}
}
