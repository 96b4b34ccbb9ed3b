package function

import "github.com/goptimedb/goptimedb/internal/model"

func mathFunctions() []def {
	out := []def{
		{name: "abs", sigs: "n:1", sql: "abs($1)"},
		{name: "round", sigs: "f[j:f", sql: "round($*)"},
		{name: "trunc", sigs: "f:f", sql: "trunc($1)"},
		{name: "sign", sigs: "f:f", sql: "CAST(sign($1) AS DOUBLE)"},
		{name: "log", sigs: "f:f ff:f", fn: logarithm},
		{name: "power", sigs: "ff:f", sql: "power($1, $2)"},
		{name: "pi", sigs: ":f", sql: "pi()"},
		{name: "atan2", sigs: "ff:f", sql: "atan2($1, $2)"},
		{name: "factorial", sigs: "i:i", sql: "CAST(factorial(CAST($1 AS INTEGER)) AS BIGINT)"},
		{name: "gcd", sigs: "ii:i", sql: "gcd($1, $2)"},
		{name: "lcm", sigs: "ii:i", sql: "lcm($1, $2)"},
		{name: "isnan", sigs: "f:b", sql: "isnan($1)"},
		{name: "iszero", sigs: "f:b", sql: "($1 = 0)"},
		{name: "nanvl", sigs: "ff:f", sql: "CASE WHEN isnan($1) THEN $2 ELSE $1 END"},
		{name: "random", sigs: ":f", sql: "random()", vol: true},
		{name: "uuid", sigs: ":s", sql: "CAST(uuid() AS VARCHAR)", vol: true},
		{name: "mod", sigs: "ii:i", fn: modulo},
		{name: "clamp", sigs: "ccc:c", sql: "CASE WHEN $2 > $3 THEN error('Execution error: min ''' || $2 || ''' > max ''' || $3 || '''') ELSE least(greatest($1, $2), $3) END"},
		{name: "clamp_min", sigs: "cc:c", sql: "CASE WHEN $1 IS NULL THEN NULL ELSE greatest($1, $2) END"},
		{name: "clamp_max", sigs: "cc:c", sql: "CASE WHEN $1 IS NULL THEN NULL ELSE least($1, $2) END"},
		{name: "cot", sigs: "f:f", sql: "cot($1)"},
	}
	for _, name := range []string{"ceil", "floor", "sqrt", "cbrt", "exp", "ln", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan",
		"sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "degrees", "radians"} {
		out = append(out, def{name: name, sigs: "f:f", sql: name + "($1)"})
	}
	return out
}

func logarithm(a []Arg) (string, error) {
	if len(a) == 1 {
		return "log10(" + a[0].SQL + ")", nil
	}
	return "(ln(" + a[1].SQL + ") / ln(" + a[0].SQL + "))", nil
}

func modulo(a []Arg) (string, error) {
	a[0].Type = model.Int64
	return divide("%")(a)
}
