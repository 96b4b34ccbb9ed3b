package bind

import (
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// mysqlNames are functions of MySQL in the dialect's words, by name and number of arguments. Tools that speak its protocol ask in them. It is
// read only.
var mysqlNames = map[string][]string{
	"year":           {"", "date_part('year', $1)"},
	"quarter":        {"", "date_part('quarter', $1)"},
	"month":          {"", "date_part('month', $1)"},
	"weekofyear":     {"", "date_part('week', $1)"},
	"day":            {"", "date_part('day', $1)"},
	"dayofmonth":     {"", "date_part('day', $1)"},
	"dayofweek":      {"", "CAST(date_part('dow', $1) + 1 AS INT)"},
	"weekday":        {"", "CAST((date_part('dow', $1) + 6) % 7 AS INT)"},
	"dayofyear":      {"", "date_part('doy', $1)"},
	"hour":           {"", "date_part('hour', $1)"},
	"minute":         {"", "date_part('minute', $1)"},
	"second":         {"", "date_part('second', $1)"},
	"date":           {"", "to_date($1)"},
	"dayname":        {"", "date_format($1, '%A')"},
	"monthname":      {"", "date_format($1, '%B')"},
	"last_day":       {"", "to_date(date_trunc('month', $1) + INTERVAL '1 month' - INTERVAL '1 day')"},
	"makedate":       {"", "", "to_date(to_unixtime(make_date($1, 1, 1)) / 86400 + $2 - 1)"},
	"datediff":       {"", "", "to_date($1) - to_date($2)"},
	"curdate":        {"current_date()"},
	"utc_date":       {"current_date()"},
	"sysdate":        {"now()"},
	"utc_timestamp":  {"now()"},
	"unix_timestamp": {"to_unixtime(now())", "to_unixtime($1)"},
	"rand":           {"random()"},
	"truncate":       {"", "", "trunc($1, $2)"},
	"group_concat":   {"", "string_agg($1, ',')"},
	"any_value":      {"", "min($1)"},
	"std":            {"", "stddev_pop($1)"},
}

// mysqlName writes a call of a function of MySQL in the dialect's words, or gives nil.
func (b *binder) mysqlName(name string, f *sql.FuncCall) sql.Expr {
	forms := mysqlNames[name]
	if b.env.Session.Dialect != model.DialectMySQL || len(f.Args) >= len(forms) || forms[len(f.Args)] == "" || f.Over != nil {
		return nil
	}
	x, err := sql.ParseExpr(forms[len(f.Args)], sql.Postgres) // which has $1
	if err != nil {
		return nil
	}
	item := &sql.Row{Elems: []sql.Expr{x}}
	_ = sql.Rewrite(item, func(e sql.Expr) (sql.Expr, error) { // fails only if the function does
		if p, ok := e.(*sql.Placeholder); ok {
			return f.Args[p.Index-1].Expr, nil
		}
		return e, nil
	}, nil)
	if c, ok := item.Elems[0].(*sql.FuncCall); ok { // what an aggregate is told beside its arguments
		c.Distinct, c.OrderBy, c.Nulls, c.Filter = f.Distinct, f.OrderBy, f.Nulls, f.Filter
	}
	return item.Elems[0]
}
