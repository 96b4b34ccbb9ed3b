package postgres

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// catalogOnly reports that a query reads tables of pg_catalog and no others.
func catalogOnly(n sql.Node) bool {
	some, others := false, false
	own := map[string]bool{} // common tables of queries within
	sql.Walk(n, func(n sql.Node) bool {
		switch n := n.(type) {
		case *sql.Query:
			for _, c := range n.With {
				own[c.Name.Name] = true
			}
		case *sql.TableRef:
			if n.Name[0].Name == pgcatalog.Name || len(n.Name) == 1 && (own[n.Name[0].Name] || strings.HasPrefix(n.Name[0].Name, "pg_")) {
				some = true
			} else {
				others = true
			}
		case *sql.TableFunc:
			others = true
		}
		return true
	})
	return some && !others
}
