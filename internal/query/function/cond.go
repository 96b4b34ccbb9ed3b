package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
)

func condFunctions() []def {
	return []def{
		{name: "coalesce", sigs: "m*:m", sql: "coalesce($*)"},
		{name: "nullif", sigs: "cc:c", sql: "nullif($1, $2)"},
		{name: "nvl", sigs: "mm:m", sql: "coalesce($1, $2)"},
		{name: "nvl2", sigs: "amm:m", sql: "CASE WHEN $1 IS NOT NULL THEN $2 ELSE $3 END"},
		{name: "greatest", sigs: "m*:m", sql: "greatest($*)"},
		{name: "least", sigs: "m*:m", sql: "least($*)"},
		{name: "if", sigs: "amm:m", fn: choose},
		{name: "isnull", sigs: "a:b", sql: "($1 IS NULL)"},
	}
}

// choose writes if(c, a, b): b where c is NULL, false or 0, else a, whatever c is.
func choose(a []Arg) (string, error) {
	c := a[0].SQL
	switch t := a[0].Type; {
	case t.Kind == model.KindBool:
	case t.Numeric():
		c = "(" + c + " <> 0)"
	default:
		c = "((" + c + ") IS NOT NULL)"
	}
	return "(CASE WHEN " + c + " THEN " + a[1].SQL + " ELSE " + a[2].SQL + " END)", nil
}

// matches tells whether a text meets a query of the full-text language, as tests for its words and phrases.
func matches(a []Arg) (string, error) {
	if a[1].Lit == nil {
		return "", errs.New(errs.InvalidArguments, "matches: the query must be a constant text")
	}
	if a[1].Lit.Null() {
		return "CAST(NULL AS BOOLEAN)", nil
	}
	q, err := analyze.ParseQuery(a[1].Lit.Bytes)
	if err != nil {
		return "", err
	}
	join := func(op, none string) func([]string) string {
		return func(parts []string) string {
			if len(parts) == 0 {
				return none
			}
			return "(" + strings.Join(parts, op) + ")"
		}
	}
	x := analyze.FoldQuery(q, func(word string) string {
		return "contains(" + a[0].SQL + ", " + Literal(model.StringValue(word)) + ")"
	},
		join(" AND ", "true"), join(" OR ", "false"), func(part string) string { return "(NOT " + part + ")" })
	return "(CASE WHEN " + a[0].SQL + " IS NOT NULL THEN " + x + " END)", nil
}
