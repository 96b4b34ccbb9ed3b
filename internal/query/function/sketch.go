package function

import "github.com/goptimedb/goptimedb/internal/model"

// addSketches adds aggregates that are ours: the engine collects what a function of ours makes of it.
func addSketches(add func(name, sigs, engine string) *Aggregate) {
	// collected writes outer(aggregate(inner)), where inner replaces the arguments; rows in which some is NULL do not count.
	collected := func(c Call, engine, inner, some, before, after string) string {
		c.Args, c.OrderBy = []Arg{{SQL: inner}}, ""
		if c.Filter != "" {
			some += " AND (" + c.Filter + ")"
		}
		c.Filter = some
		return before + write(engine, c) + after
	}
	notNull := func(a Arg) string { return "(" + a.SQL + ") IS NOT NULL" }
	hll := func(c Call) (string, error) {
		x := c.Args[0]
		text, err := CastSQL(x.SQL, x.Type, model.String, false)
		if err != nil {
			return "", err
		}
		return collected(c, "histogram", "gt_hll_item(encode("+text+"))", notNull(x), "gt_hll(CAST(to_json(", ") AS VARCHAR))"), nil
	}
	add("hll", "a:y", "").SQL = hll
	add("approx_distinct", "a:u", "").SQL = func(c Call) (string, error) { // of the same sketch, whoever makes it
		s, err := hll(c)
		return "coalesce(gt_hll_count(" + s + "), 0::UBIGINT)", err
	}
	add("hll_merge", "y:y", "").SQL = func(c Call) (string, error) {
		return collected(c, "list", c.Args[0].SQL, notNull(c.Args[0]), "gt_hll_merge(", ")"), nil
	}
	add("uddsketch_state", "iff:y", "").SQL = func(c Call) (string, error) {
		size, e, x := c.Args[0].SQL, c.Args[1].SQL, c.Args[2]
		return collected(c, "histogram", "gt_udd_key("+e+", "+x.SQL+")", notNull(x), "gt_udd("+size+", "+e+", CAST(to_json(", ") AS VARCHAR))"), nil
	}
	add("uddsketch_merge", "ify:y", "").SQL = func(c Call) (string, error) {
		x := c.Args[2]
		return collected(c, "list", x.SQL, notNull(x), "gt_udd_merge("+c.Args[0].SQL+", "+c.Args[1].SQL+", ", ")"), nil
	}
	add("approx_percentile_cont_with_weight", "fff:f fffi:f", "").SQL = func(c Call) (string, error) {
		x, w, p := c.Args[0], c.Args[1], c.Args[2]
		some := notNull(x) + " AND " + notNull(w)
		return "gt_weighted(" + p.SQL + ", " + collected(c, "list", x.SQL, some, "", "") + ", " + collected(c, "list", w.SQL, some, "", "") + ")", nil
	}
	for _, kind := range []string{"sum", "avg", "product"} {
		add("vec_"+kind, "w:w", "").SQL = func(c Call) (string, error) {
			return collected(c, "list", c.Args[0].SQL, notNull(c.Args[0]), "gt_vec_fold(", ", '"+kind+"')"), nil
		}
	}
}
