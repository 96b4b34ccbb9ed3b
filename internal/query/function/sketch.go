package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// Merging of summaries, and reading of them, which only planners ask for above the groups of regions. The names have blanks, so that no
// statement calls them.
const (
	MergeHLL       = "hll_merge" // for which there is a call
	MergeDigest    = "merge digest"
	MergeUDD       = "merge udd"
	MergeComoments = "merge comoments"

	ReadDigest     = "digest quantile"          // (q, digest), as a float
	ReadDigestInt  = "digest quantile signed"   // without its fraction, as an Int64
	ReadDigestUint = "digest quantile unsigned" // as a Uint64
	ReadComoments  = "pair statistic"           // (name, co-moments)
	CountPairs     = "pair count"               // (co-moments); 0 of none
	CountHLL       = "hll_count"
	ReadUDD        = "uddsketch_calc"
)

// NewSummary makes the summary into which a merging puts the parts; nil: it is not the name of one.
func NewSummary(merging string) sketch.Summary {
	switch merging {
	case MergeHLL:
		return new(sketch.HLL)
	case MergeDigest:
		return new(sketch.Digest)
	case MergeUDD:
		return new(sketch.UDD)
	case MergeComoments:
		return new(sketch.Comoments)
	}
	return nil
}

// summaryReaders are the scalar functions among them.
func summaryReaders() []def {
	return []def{
		{name: ReadDigest, sigs: "fy:f", sql: "gt_digest_quantile($1, $2)"},
		{name: ReadDigestInt, sigs: "fy:i", sql: "gt_digest_quantile_i($1, $2)"},
		{name: ReadDigestUint, sigs: "fy:u", sql: "gt_digest_quantile_u($1, $2)"},
		{name: ReadComoments, sigs: "sy:f", sql: "gt_comoments($1, $2)"},
		{name: CountPairs, sigs: "y:u", sql: "coalesce(CAST(gt_comoments('regr_count', $1) AS UBIGINT), 0::UBIGINT)"},
	}
}

// DigestReader is the function that reads a quantile of values of a type, and what it gives.
func DigestReader(t model.Type) (string, model.Type) {
	switch {
	case t.Signed():
		return ReadDigestInt, model.Int64
	case t.Unsigned():
		return ReadDigestUint, model.Uint64
	}
	return ReadDigest, model.Float64
}

// addSketches adds aggregates that are ours: the engine makes a summary, see Reductions, and a function of ours reads it.
func addSketches(plain func(name, sigs, engine string) *Aggregate) {
	// made writes a reduction of other arguments than the call's.
	made := func(c Call, reduction string, args ...string) string {
		c.Args, c.OrderBy, c.IgnoreNulls = nil, "", false
		for _, a := range args {
			c.Args = append(c.Args, Arg{SQL: a})
		}
		return write("gt_"+reduction, c)
	}
	text := func(x Arg) (string, error) { return CastSQL(x.SQL, x.Type, model.String, false) }
	add := func(name, sigs, engine string) *Aggregate {
		f := plain(name, sigs, engine)
		f.Framed = true
		return f
	}
	add("hll", "a:y", "").SQL = func(c Call) (string, error) {
		s, err := text(c.Args[0])
		return made(c, "hll", s), err
	}
	add("approx_distinct", "a:u", "").SQL = func(c Call) (string, error) {
		reduction, x, err := "distinct_s", c.Args[0].SQL, error(nil)
		switch t := c.Args[0].Type; {
		case t.Kind == model.KindUint64:
			reduction = "distinct_u"
		case t.Integer():
			reduction, x = "distinct_i", "CAST("+x+" AS BIGINT)"
		case t.Floating():
			reduction, x = "distinct_f", "CAST("+x+" AS DOUBLE)"
		default:
			x, err = text(c.Args[0])
		}
		return "coalesce(gt_hll_count(" + made(c, reduction, x) + "), 0::UBIGINT)", err
	}
	add("hll_merge", "y:y", "").SQL = func(c Call) (string, error) { return made(c, "hll_merge", c.Args[0].SQL), nil }
	add("uddsketch_state", "ifF:y", "").SQL = func(c Call) (string, error) {
		return made(c, "udd", c.Args[0].SQL, c.Args[1].SQL, c.Args[2].SQL), nil
	}
	add("uddsketch_merge", "ify:y", "").SQL = func(c Call) (string, error) {
		return made(c, "udd_merge", c.Args[0].SQL, c.Args[1].SQL, c.Args[2].SQL), nil
	}
	// quantile writes what is read of a digest: the quantile is argument at, and how many centroids there are may be the next.
	quantile := func(name string, at int) func(Call) (string, error) {
		return quantileCall(name, at, func(c Call) (string, error) {
			size := itoa(sketch.DigestSize)
			if len(c.Args) > at+1 {
				l := c.Args[at+1].Lit
				if l == nil || l.Null() {
					return "", errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: the number of centroids of '%s' must be a literal", strings.ToUpper(name))
				}
				if _, err := sketch.NewDigest(l.Int); err != nil {
					return "", err
				}
				size = itoa(l.Int)
			}
			args := []string{"CAST(" + c.Args[0].SQL + " AS DOUBLE)"}
			reduction := "tdigest"
			if at == 2 {
				reduction, args = "tdigest_weighted", append(args, c.Args[1].SQL)
			}
			reader, _ := DigestReader(c.Result)
			f, _ := Lookup(reader)
			s, err := f.SQL([]Arg{{SQL: c.Args[at].SQL}, {SQL: made(c, reduction, append(args, size)...)}})
			return "CAST(" + s + " AS " + EngineType(c.Result) + ")", err
		})
	}
	add("approx_percentile_cont", "Nf:1 Nfi:1", "").SQL = quantile("approx_percentile_cont", 1)
	add("approx_percentile_cont_with_weight", "NFf:1 NFfi:1", "").SQL = quantile("approx_percentile_cont_with_weight", 2)
	half := quantile("approx_median", 1)
	add("approx_median", "N:1", "").SQL = func(c Call) (string, error) {
		p := model.FloatValue(0.5)
		c.Args = append(c.Args[:1:1], Arg{SQL: "0.5::DOUBLE", Type: model.Float64, Lit: &p})
		return half(c)
	}
	for _, kind := range []string{"sum", "avg", "product"} {
		plain("vec_"+kind, "w:w", "").SQL = func(c Call) (string, error) {
			some := "(" + c.Args[0].SQL + ") IS NOT NULL"
			if c.Filter != "" {
				some += " AND (" + c.Filter + ")"
			}
			c.OrderBy, c.Filter = "", some
			return "gt_vec_fold(" + write("list", c) + ", '" + kind + "')", nil
		}
	}
}
