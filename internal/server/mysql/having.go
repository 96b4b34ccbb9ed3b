package mysql

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// plainHaving moves HAVING of queries that group nothing into WHERE, as MySQL reads it there: a condition on the rows, in which the names
// of the select list mean what stands there. It reports whether there was one. MySQL's drivers list tables so.
func plainHaving(st *sql.QueryStmt) bool {
	moved := false
	sql.Walk(st, func(n sql.Node) bool {
		sel, ok := n.(*sql.Select)
		if !ok || sel.Having == nil || len(sel.GroupBy) > 0 || sel.GroupAll || sel.Align != nil || aggregates(sel) {
			return true
		}
		items := map[string]sql.Expr{}
		for _, it := range sel.Items {
			if it.Alias.Name != "" {
				items[strings.ToLower(it.Alias.Name)] = it.Expr
			}
		}
		cond, err := sql.RewriteExpr(sel.Having, func(x sql.Expr) (sql.Expr, error) {
			if ref, ok := x.(*sql.ColumnRef); ok && len(ref.Name) == 1 {
				if item := items[strings.ToLower(ref.Name[0].Name)]; item != nil {
					return item, nil
				}
			}
			return x, nil
		})
		if err != nil {
			return true
		}
		if sel.Where != nil {
			cond = &sql.Binary{Op: sql.OpAnd, L: sel.Where, R: cond}
		}
		sel.Where, sel.Having, moved = cond, nil, true
		return true
	})
	return moved
}

// aggregates reports a query whose rows may be one group: one that calls a function that is not known here to be of one row.
func aggregates(sel *sql.Select) bool {
	found := false
	look := func(n sql.Node) bool {
		switch n := n.(type) {
		case *sql.Query:
			return false
		case *sql.FuncCall:
			switch strings.ToLower(n.FuncName()) {
			case "upper", "lower", "ucase", "lcase", "concat", "concat_ws", "substr", "substring", "left", "right", "trim", "btrim", "ltrim", "rtrim", "replace", "if",
				"ifnull", "nullif", "coalesce", "length", "char_length", "character_length", "strpos", "instr", "abs", "round", "database", "now":
			default:
				found = true
			}
		}
		return !found
	}
	for _, it := range sel.Items {
		sql.Walk(it.Expr, look)
	}
	sql.Walk(sel.Having, look)
	return found
}
