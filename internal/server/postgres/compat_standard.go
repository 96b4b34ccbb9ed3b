package postgres

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog/infoschema"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// standardView gives the views of the SQL standard's information_schema that PostgreSQL has and the dialect has not, or not whole, as
// queries of what there is; any other table stays.
func (a *adapter) standardView(ref *sql.TableRef) sql.TableExpr {
	if len(ref.Name) != 2 || !strings.EqualFold(ref.Name[0].Name, infoschema.Name) {
		return ref
	}
	name := strings.ToLower(ref.Name.Base())
	text, ok := standardText(name)
	if !ok || name == "table_constraints" && !a.whole {
		return ref
	}
	st, err := sql.ParseOne(text, sql.Postgres)
	if err != nil {
		return ref
	}
	q, ok := st.(*sql.QueryStmt)
	if !ok {
		return ref
	}
	as := ref.Alias
	if as == nil {
		as = &sql.Alias{Name: sql.Ident{Name: name}}
	}
	return &sql.Derived{Pos: ref.Pos, Query: q.Query, Alias: as}
}

// standardText is the query that a view is. Tables in it have three names, so that they are not taken for views again.
func standardText(name string) (text string, ok bool) {
	const constraints, keys = "greptime.information_schema.table_constraints", "greptime.information_schema.key_column_usage"
	empty := func(columns string) string {
		list := strings.Fields(columns)
		for i, c := range list {
			list[i] = "CAST(NULL AS TEXT) AS " + c
		}
		return "SELECT " + strings.Join(list, ", ") + " WHERE false"
	}
	switch name {
	case "table_constraints":
		return `SELECT constraint_catalog, constraint_schema, constraint_name, 'greptime' AS table_catalog, table_schema, table_name, constraint_type,
			'NO' AS is_deferrable, 'NO' AS initially_deferred, enforced FROM ` + constraints, true
	case "constraint_column_usage":
		return `SELECT real_table_catalog AS table_catalog, table_schema, table_name, column_name, constraint_catalog, constraint_schema, constraint_name
			FROM ` + keys + ` WHERE constraint_name IN ('PRIMARY', 'TIME INDEX')`, true
	case "constraint_table_usage":
		return `SELECT 'greptime' AS table_catalog, table_schema, table_name, constraint_catalog, constraint_schema, constraint_name FROM ` + constraints, true
	case "sequences":
		return empty(`sequence_catalog sequence_schema sequence_name data_type numeric_precision numeric_precision_radix numeric_scale start_value
			minimum_value maximum_value increment cycle_option`), true
	case "domains":
		return empty("domain_catalog domain_schema domain_name data_type domain_default udt_catalog udt_schema udt_name"), true
	case "element_types":
		return empty("object_catalog object_schema object_name object_type collection_type_identifier data_type udt_catalog udt_schema udt_name dtd_identifier"), true
	case "user_defined_types":
		return empty("user_defined_type_catalog user_defined_type_schema user_defined_type_name user_defined_type_category data_type"), true
	case "attributes":
		return empty("udt_catalog udt_schema udt_name attribute_name ordinal_position attribute_default is_nullable data_type"), true
	case "foreign_tables":
		return empty("foreign_table_catalog foreign_table_schema foreign_table_name foreign_server_catalog foreign_server_name"), true
	case "role_table_grants":
		return empty("grantor grantee table_catalog table_schema table_name privilege_type is_grantable with_hierarchy"), true
	case "view_table_usage":
		return empty("view_catalog view_schema view_name table_catalog table_schema table_name"), true
	case "information_schema_catalog_name":
		return "SELECT 'greptime' AS catalog_name", true
	}
	return "", false
}
