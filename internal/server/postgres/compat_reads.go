package postgres

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

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
