package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// addAnomalies adds the window functions that say how far a value is from those of its frame, in units of their spread. Too few
// values give NULL. Where all are equal, one that is equal too is 0 away, and any other infinitely far.
func addAnomalies(window func(name, sigs, engine string) *Aggregate) {
	// over fills in $x, the value, and $name(…), an aggregate of the frame.
	over := func(name string, c Call, text string) (string, error) {
		if c.Distinct || c.IgnoreNulls {
			return "", errs.New(errs.Unsupported, "%s: DISTINCT and IGNORE NULLS are not supported", name)
		}
		frame := func(engine string, more ...Arg) string {
			call := c
			call.Args, call.OrderBy = append([]Arg{c.Args[0]}, more...), ""
			return write(engine, call)
		}
		odd, finite := c, c // of values that are infinite or no numbers the engine fails to compute moments
		odd.Args, odd.OrderBy = []Arg{{SQL: "NOT isfinite(" + c.Args[0].SQL + ")"}}, ""
		finite.Args, finite.OrderBy = []Arg{{SQL: "CASE WHEN isfinite(" + c.Args[0].SQL + ") THEN " + c.Args[0].SQL + " END"}}, ""
		pairs := []string{"$x", "(" + c.Args[0].SQL + ")", "$count", frame("count"), "$odd", write("bool_or", odd), "$avg", write("avg", finite), "$stddev", write("stddev_pop", finite), "$median", frame("median"),
			"$mad", frame("mad"), "$min", frame("min"), "$max", frame("max"),
			"$q1", frame("quantile_cont", Arg{SQL: "0.25"}), "$q3", frame("quantile_cont", Arg{SQL: "0.75"})}
		if len(c.Args) == 2 {
			pairs = append(pairs, "$k", "("+c.Args[1].SQL+")")
		}
		return "(" + strings.NewReplacer(pairs...).Replace(text) + ")", nil
	}
	add := func(name, sigs, text string) {
		window(name, sigs, "").SQL = func(c Call) (string, error) { return over(name, c, text) }
	}
	const apart = " THEN CASE WHEN $x = $median THEN 0.0::DOUBLE ELSE 'Infinity'::DOUBLE END"
	add("anomaly_score_zscore", "F:f", "CASE WHEN $x IS NULL OR $count < 2 THEN NULL WHEN $odd THEN 'NaN'::DOUBLE WHEN $min = $max"+apart+" ELSE abs($x - $avg) / $stddev END")
	add("anomaly_score_mad", "F:f", "CASE WHEN $x IS NULL OR $count < 3 THEN NULL WHEN $mad = 0"+apart+" ELSE abs($x - $median) / ($mad * 1.4826) END")
	add("anomaly_score_iqr", "Ff:f", "CASE WHEN $x IS NULL OR $k IS NULL OR $k < 0 OR $count < 3 THEN NULL WHEN isnan($x) THEN 'NaN'::DOUBLE"+
		" WHEN $x >= $q1 - $k * ($q3 - $q1) AND $x <= $q3 + $k * ($q3 - $q1) THEN 0.0::DOUBLE WHEN $q3 = $q1 THEN 'Infinity'::DOUBLE"+
		" WHEN $x < $q1 THEN ($q1 - $k * ($q3 - $q1) - $x) / ($q3 - $q1) ELSE ($x - $q3 - $k * ($q3 - $q1)) / ($q3 - $q1) END")
}
