package function

// The merging of moments: of parts of a set, each with the number of its values, their mean, and the sum of their squared distances from
// it, the mean and the sum of the whole. The names have blanks, so that no statement calls them.
const (
	MergeMean = "merge mean" // (n, mean)
	MergeM2   = "merge m2"   // (n, mean, m2)
)

// merges are aggregates that only planners ask for, above the groups of regions.
var merges = map[string]*Aggregate{
	MergeMean:      {Name: MergeMean, SQL: mergeMoments("u")},
	MergeM2:        {Name: MergeM2, SQL: mergeMoments("m")},
	MergeDigest:    {Name: MergeDigest, SQL: plainCall("gt_tdigest_merge")},
	MergeUDD:       {Name: MergeUDD, SQL: plainCall("gt_udd_join")},
	MergeComoments: {Name: MergeComoments, SQL: plainCall("gt_comoments_merge")},
}

func mergeMoments(field string) func(Call) (string, error) {
	return func(c Call) (string, error) {
		m2 := "CAST(0 AS DOUBLE)"
		if len(c.Args) > 2 {
			m2 = c.Args[2].SQL
		}
		part := "{'n': CAST(" + c.Args[0].SQL + " AS DOUBLE), 'u': " + c.Args[1].SQL + ", 'm': " + m2 + "}"
		some := "(" + c.Args[1].SQL + ") IS NOT NULL"
		if c.Filter != "" {
			some += " AND (" + c.Filter + ")"
		}
		return "gt_merge_moments(" + write("list", Call{Args: []Arg{{SQL: part}}, Filter: some}) + ")." + field, nil
	}
}

// momentMacros are what they are written with: two parts become one as Chan, Golub and LeVeque do it, which loses no digits.
var momentMacros = []string{
	`CREATE MACRO gt_merge_moments(parts) AS list_reduce(parts, lambda a, b: {'n': a.n + b.n, 'u': a.u + (b.u - a.u) * (b.n / (a.n + b.n)), ` +
		`'m': a.m + b.m + (b.u - a.u) * (b.u - a.u) * (a.n * b.n / (a.n + b.n))})`,
}
