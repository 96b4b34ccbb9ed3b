package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Call is an aggregate or window call as it is about to be written.
type Call struct {
	Args        []Arg
	Result      model.Type
	Distinct    bool
	OrderBy     string // "x ASC NULLS LAST, …", or empty
	Filter      string // condition, or empty
	Over        string // "(PARTITION BY …)", or empty
	IgnoreNulls bool
}

// Aggregate is a function of many rows.
type Aggregate struct {
	Name string
	// Window: the function is one of windows only.
	Window bool
	// Framed: it must not be called over a window whose frame is the whole partition, but over one that comes to the same.
	Framed  bool
	Resolve func(args []model.Type) (want []model.Type, result model.Type, err error)
	SQL     func(c Call) (string, error)
}

// LookupAggregate finds an aggregate or window function by name, in lower case, or an alias of it.
func LookupAggregate(name string) (*Aggregate, bool) {
	f, ok := aggregates[name]
	if !ok {
		f, ok = merges[name]
	}
	return f, ok
}

var aggregates = buildAggregates()

var aggregateAliases = map[string]string{
	"mean": "avg", "stddev_samp": "stddev", "var_samp": "var", "var_sample": "var", "var_population": "var_pop", "covar": "covar_samp",
	"quantile_cont": "percentile_cont", "variance": "var",
}

func buildAggregates() map[string]*Aggregate {
	m := map[string]*Aggregate{}
	add := func(name, sigs, engine string) *Aggregate {
		list := strings.Fields(sigs)
		f := &Aggregate{Name: name, SQL: plainCall(engine)}
		f.Resolve = func(args []model.Type) ([]model.Type, model.Type, error) {
			for _, s := range list {
				if want, result, ok := resolve(s, args); ok {
					return want, result, nil
				}
			}
			return nil, model.Null, NoMatch(name, args)
		}
		m[name] = f
		return f
	}
	add("count", ":i a*:i", "count").SQL = count
	add("min", "a:1", "min")
	add("max", "a:1", "max")
	add("first_value", "a:1", "first").SQL = ends("first", "first_value")
	add("last_value", "a:1", "last").SQL = ends("last", "last_value")
	arr := add("array_agg", "a:l", "list")
	arr.Resolve = resolveList
	add("string_agg", "ss:s", "string_agg")
	add("median", "N:1", "median").SQL = castCall("median")
	add("percentile_cont", "Nf:f", "quantile_cont").SQL = quantileCall("percentile_cont", 1, castCall("quantile_cont"))
	add("count_hash", "a:i", "count").SQL = func(c Call) (string, error) { c.Distinct = true; return count(c) }
	add("corr", "FF:f", "").SQL = statistic("nullif(", "corr", ", 'NaN'::DOUBLE)")
	for _, n := range []string{"covar_samp", "covar_pop", "regr_avgx", "regr_avgy", "regr_sxx",
		"regr_sxy", "regr_syy"} {
		add(n, "FF:f", n).SQL = statistic("", n, "")
	}
	for _, n := range []string{"regr_intercept", "regr_r2", "regr_slope"} { // of values that are all equal there is none
		add(n, "FF:f", n).SQL = statistic("nullif(", n, ", 'NaN'::DOUBLE)")
	}
	add("regr_count", "FF:u", "").SQL = castCall("regr_count")
	for name, engine := range map[string]string{"stddev": "stddev_samp", "stddev_pop": "stddev_pop", "var": "var_samp", "var_pop": "var_pop"} {
		add(name, "F:f", engine).SQL = statistic("", engine, "")
	}
	addSketches(add)
	addPaths(add)
	for _, n := range []string{"bit_and", "bit_or", "bit_xor"} {
		add(n, "x:1 i:i", "").SQL = castCall(n)
	}
	add("bool_and", "b:b", "bool_and")
	add("bool_or", "b:b", "bool_or")
	sum := add("sum", "", "")
	sum.Resolve, sum.SQL = resolveSum, sumCall
	avg := add("avg", "", "")
	avg.Resolve, avg.SQL = resolveAvg, castCall("avg")

	window := func(name, sigs, engine string) *Aggregate {
		f := add(name, sigs, engine)
		f.Window = true
		return f
	}
	for _, n := range []string{"row_number", "rank", "dense_rank"} {
		window(n, ":u", n).SQL = castCall(n)
	}
	window("ntile", "i:u", "").SQL = castCall("ntile")
	window("percent_rank", ":f", "percent_rank")
	window("cume_dist", ":f", "cume_dist")
	window("lag", "a:1 ai:1 aia:1", "lag")
	window("lead", "a:1 ai:1 aia:1", "lead")
	addAnomalies(window)
	add("nth_value", "ai:1", "nth_value").SQL = nthValue
	add("grouping", "a*:j", "").SQL = func(c Call) (string, error) { return "CAST(" + write("grouping", c) + " AS INTEGER)", nil }
	for alias, name := range aggregateAliases {
		m[alias] = m[name]
	}
	return m
}

// write puts a call together.
func write(engine string, c Call) string {
	var sb strings.Builder
	sb.WriteString(engine + "(")
	if c.Distinct {
		sb.WriteString("DISTINCT ")
	}
	for i, a := range c.Args {
		if i > 0 {
			sb.WriteString(", ")
		}
		sb.WriteString(a.SQL)
	}
	if c.OrderBy != "" {
		sb.WriteString(" ORDER BY " + c.OrderBy)
	}
	if c.IgnoreNulls {
		sb.WriteString(" IGNORE NULLS")
	}
	sb.WriteByte(')')
	if c.Filter != "" {
		sb.WriteString(" FILTER (WHERE " + c.Filter + ")")
	}
	if c.Over != "" {
		sb.WriteString(" OVER " + c.Over)
	}
	return sb.String()
}

func plainCall(engine string) func(Call) (string, error) {
	return func(c Call) (string, error) { return write(engine, c), nil }
}

// sumCall writes a sum. The engine adds integers in 128 bits; of the sum, the lowest 64 are ours.
func sumCall(c Call) (string, error) {
	switch c.Result {
	case model.Int64:
		return "gt_low(CAST(" + write("sum", c) + " AS HUGEINT))", nil
	case model.Uint64:
		return "gt_lowu(CAST(" + write("sum", c) + " AS HUGEINT))", nil
	}
	return castCall("sum")(c)
}

func resolveList(args []model.Type) ([]model.Type, model.Type, error) {
	if len(args) != 1 {
		return nil, model.Null, NoMatch("array_agg", args)
	}
	return args, model.ListOf(args[0]), nil
}

// castCall is for functions whose result DuckDB gives another type.
func castCall(engine string) func(Call) (string, error) {
	return func(c Call) (string, error) {
		s := write(engine, c)
		if c.Result.Integer() && engine == "median" {
			s = "trunc(" + s + ")"
		}
		return "CAST(" + s + " AS " + EngineType(c.Result) + ")", nil
	}
}

func count(c Call) (string, error) {
	if len(c.Args) == 0 {
		c.Args = []Arg{{SQL: "*"}}
	} else if len(c.Args) > 1 {
		names := make([]string, len(c.Args))
		for i, a := range c.Args {
			names[i] = a.SQL
		}
		some := "(" + strings.Join(names, ") IS NOT NULL AND (") + ") IS NOT NULL"
		c.Args = []Arg{{SQL: "CASE WHEN (" + some + ") THEN row(" + strings.Join(names, ", ") + ") END"}}
	}
	return write("count", c), nil
}

// statistic writes a statistic of variances, which the engine fails to compute where a value is infinite or no number: then it is NaN.
func statistic(before, engine, after string) func(Call) (string, error) {
	return func(c Call) (string, error) {
		var some, finite []string
		for _, a := range c.Args {
			some = append(some, "("+a.SQL+") IS NOT NULL")
			finite = append(finite, "isfinite("+a.SQL+")")
		}
		all := strings.Join(finite, " AND ")
		odd := c
		odd.Distinct, odd.Args = false, []Arg{{SQL: strings.Join(some, " AND ") + " AND NOT (" + all + ")"}}
		if c.Filter != "" {
			all = "(" + c.Filter + ") AND " + all
		}
		c.Filter = all
		return "(CASE WHEN " + write("bool_or", odd) + " THEN 'NaN'::DOUBLE ELSE " + before + write(engine, c) + after + " END)", nil
	}
}

// quantileCall checks argument at of a call, the rank, before it is written.
func quantileCall(name string, at int, write func(Call) (string, error)) func(Call) (string, error) {
	return func(c Call) (string, error) {
		if err := CheckRank(name, c.Args[at].Lit); err != nil {
			return "", err
		}
		return write(c)
	}
}

// Placed reports that IGNORE NULLS says which value stands next, or first, and is for the engine to heed: of functions of windows only.
func (f *Aggregate) Placed(windowed bool) bool {
	switch f.Name {
	case "first_value", "last_value", "nth_value":
		return windowed
	}
	return f.Window
}

// AndNotNull adds to a condition, which may be empty, that an argument is not NULL.
func AndNotNull(filter string, x Arg) string {
	not := "(" + x.SQL + ") IS NOT NULL"
	if filter != "" {
		not += " AND (" + filter + ")"
	}
	return not
}

// CheckRank checks the rank of a quantile, which must be a constant between 0 and 1; nil: it is none.
func CheckRank(name string, p *model.Value) error {
	switch {
	case p == nil:
		return errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: Percentile value for '%s' must be a literal", strings.ToUpper(name))
	case p.Null():
		return errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: Percentile value for '%s' must not be NULL", strings.ToUpper(name))
	case !(p.Float >= 0 && p.Float <= 1):
		return errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: Percentile value must be between 0.0 and 1.0 inclusive, %v is invalid", p.Float)
	}
	return nil
}

// ends writes first_value and last_value, which are aggregates under another name.
func ends(aggregate, window string) func(Call) (string, error) {
	return func(c Call) (string, error) {
		if c.Over != "" {
			return write(window, c), nil
		}
		return write(aggregate, c), nil
	}
}

// nthValue writes nth_value, which outside of windows is an element of the list of all values.
func nthValue(c Call) (string, error) {
	if c.Over != "" {
		return write("nth_value", c), nil
	}
	n := c.Args[1].SQL
	c.Args = c.Args[:1]
	return "(" + write("list", c) + ")[any_value(" + n + ")]", nil
}

func resolveSum(args []model.Type) ([]model.Type, model.Type, error) {
	if len(args) == 1 {
		switch t := args[0]; {
		case t.Signed():
			return args, model.Int64, nil
		case t.Unsigned():
			return args, model.Uint64, nil
		case t.Floating():
			return []model.Type{model.Float64}, model.Float64, nil
		case t.Kind == model.KindDecimal:
			return args, model.Decimal(min(38, t.Precision+10), t.Scale), nil
		case t.Kind == model.KindDuration:
			return args, t, nil
		case t.Kind == model.KindNull:
			return []model.Type{model.Int64}, model.Int64, nil
		}
	}
	return nil, model.Null, NoMatch("sum", args)
}

func resolveAvg(args []model.Type) ([]model.Type, model.Type, error) {
	if len(args) == 1 {
		switch t := args[0]; {
		case t.Kind == model.KindDecimal:
			return args, model.Decimal(min(38, t.Precision+4), min(38, t.Scale+4)), nil
		case t.Numeric(), t.Kind == model.KindNull:
			return []model.Type{model.Float64}, model.Float64, nil
		case t.Kind == model.KindDuration:
			return args, t, nil
		}
	}
	return nil, model.Null, NoMatch("avg", args)
}
