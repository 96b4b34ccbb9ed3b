package postgres

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// recursionDepth is how often a recursive query of the catalog is applied to what it gave. The longest chains in pg_catalog are from an
// array to its elements: there are no domains, no types within types, nothing inherits and nothing depends.
const recursionDepth = 2

// unroll writes recursive queries that read nothing but pg_catalog, with which drivers look types up, as so many steps as there can be:
// t is base UNION ALL step(base UNION ALL step(base)). Others stay as they are, and are refused.
func unroll(q *sql.Query) {
	if !q.Recurse {
		return
	}
	for i := range q.With {
		cte := &q.With[i]
		st, ok := cte.Body.(*sql.QueryStmt)
		if !ok {
			continue
		}
		set, ok := st.Query.Body.(*sql.SetOp)
		if !ok || len(st.Query.With) > 0 || st.Query.Limit != nil || st.Query.Offset != nil {
			continue
		}
		inner, others := mentions(set.R, cte.Name.Name)
		if !inner {
			continue
		}
		if _, also := mentions(set.L, cte.Name.Name); others || also || set.Kind != sql.Union {
			return
		}
		of := func(body sql.QueryBody) sql.CTE {
			return sql.CTE{Name: cte.Name, Columns: cte.Columns, Body: &sql.QueryStmt{Stmt: st.Stmt, Query: &sql.Query{Body: body}}}
		}
		level := of(set.L)
		for range recursionDepth {
			step := *set
			step.R = &sql.Query{With: []sql.CTE{level}, Body: set.R}
			level = of(&step)
		}
		*cte = level
	}
	q.Recurse = false
}

// mentions reports whether a query reads a relation ("": any of pg_catalog), and whether it reads others that are not of pg_catalog.
func mentions(n sql.Node, name string) (it, others bool) {
	own := map[string]bool{} // common tables of queries within
	sql.Walk(n, func(n sql.Node) bool {
		switch n := n.(type) {
		case *sql.Query:
			for _, c := range n.With {
				own[c.Name.Name] = true
			}
		case *sql.TableRef:
			switch {
			case len(n.Name) == 1 && n.Name[0].Name == name:
				it = true
			case n.Name[0].Name == pgcatalog.Name, len(n.Name) == 1 && (own[n.Name[0].Name] || strings.HasPrefix(n.Name[0].Name, "pg_")):
				it = it || name == ""
			default:
				others = true
			}
		case *sql.TableFunc:
			others = true
		}
		return true
	})
	return it, others
}
