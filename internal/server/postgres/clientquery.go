package postgres

import (
	"fmt"
	"strings"

	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// typeTree is how asyncpg begins to ask for types that it does not know by itself: arrays among them. The rest of it climbs through domains,
// ranges and rows of tables, none of which there are here.
const typeTree = "WITH RECURSIVE typeinfo_tree("

// clientQuery gives what is run in place of a text that a driver sends as it is.
func clientQuery(text string) string {
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), typeTree) {
		return text
	}
	var b strings.Builder
	b.WriteString("SELECT oid, 'pg_catalog' AS ns, name, 'b' AS kind, NULL AS basetype, CASE WHEN elemtype = 0 THEN NULL ELSE elemtype END AS elemtype, ',' AS elemdelim, " +
		"NULL AS range_subtype, NULL AS attrtypoids, NULL AS attrnames, 0 AS depth, NULL AS basetype_name, elemtype_name, NULL AS range_subtype_name FROM (VALUES ")
	for i, t := range wire.ArrayTypes() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%d, '_%s', %d, '%[2]s')", t.OID, t.Name, t.Element)
	}
	b.WriteString(") AS types (oid, name, elemtype, elemtype_name) WHERE oid = ANY($1::oid[])")
	return b.String()
}
