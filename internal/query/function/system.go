package function

import (
	"github.com/goptimedb/goptimedb/internal/model"
)

// systemFunctions answer what PostgreSQL's clients ask of a server. What the binder knows, such as version(), is not here.
func systemFunctions() []def {
	out := []def{
		{name: "current_schemas", sigs: "b:ls", sql: "CASE WHEN $1 THEN ['public', 'information_schema', 'pg_catalog', 'greptime_private'] ELSE ['public'] END"},
		{name: "format_type", sigs: "ij:s ii:s", sql: `CASE WHEN $1 IS NULL THEN NULL ELSE CASE $1 WHEN 16 THEN 'boolean' WHEN 17 THEN 'bytea' WHEN 18 THEN '"char"' WHEN 19 THEN 'name' WHEN 20 THEN 'bigint'
			WHEN 21 THEN 'smallint' WHEN 23 THEN 'integer' WHEN 25 THEN 'text' WHEN 26 THEN 'oid' WHEN 114 THEN 'json' WHEN 700 THEN 'real'
			WHEN 701 THEN 'double precision' WHEN 1042 THEN 'character' WHEN 1043 THEN 'character varying' WHEN 1082 THEN 'date'
			WHEN 1083 THEN 'time without time zone' WHEN 1114 THEN 'timestamp without time zone' WHEN 1184 THEN 'timestamp with time zone'
			WHEN 1186 THEN 'interval' WHEN 1700 THEN 'numeric' WHEN 2950 THEN 'uuid' WHEN 3802 THEN 'jsonb' ELSE '???' END END`},
		{name: "pg_get_expr", sigs: "aa[a:s", sql: "CAST(NULL AS VARCHAR)"},
		{name: "pg_get_userbyid", sigs: "i:s", sql: "CASE WHEN $1 IS NOT NULL THEN 'greptime' END"},
		{name: "pg_table_is_visible", sigs: "i:b", sql: "CASE WHEN $1 IS NOT NULL THEN true END"},
		{name: "pg_encoding_to_char", sigs: "i:s", sql: "CASE WHEN $1 = 6 THEN 'UTF8' WHEN $1 = 0 THEN 'SQL_ASCII' WHEN $1 IS NOT NULL THEN '' END"},
		{name: "parse_ident", sigs: "s[b:ls", sql: `list_transform(string_split($1, '.'), lambda e: CASE WHEN e[1] = '"' THEN replace(e[2:-2], '""', '"') ELSE lower(e) END)`},
		{name: "pg_relation_size", sigs: "a[s:i", sql: "CAST(0 AS BIGINT)"},
		{name: "pg_total_relation_size", sigs: "a:i", sql: "CAST(0 AS BIGINT)"},
		{name: "pg_stat_get_numscans", sigs: "a:i", sql: "CAST(0 AS BIGINT)"},
		{name: "pg_get_constraintdef", sigs: "a[b:s", sql: "CAST(NULL AS VARCHAR)"},
		{name: "pg_get_partkeydef", sigs: "a:s", sql: "CAST(NULL AS VARCHAR)"},
		{name: "pg_get_partition_ancestors", sigs: "a:s", sql: "CAST(NULL AS VARCHAR)"},
		{name: "pg_relation_is_publishable", sigs: "a:b", sql: "false"},
		{name: "pg_get_statisticsobjdef_columns", sigs: "a:s", sql: "CAST(NULL AS VARCHAR)"},
		// The numbers in an int2vector or oidvector, which lies as text: "1 2".
		{name: "pg_vector", sigs: "s:li", sql: "CASE WHEN $1 = '' THEN CAST([] AS BIGINT[]) ELSE CAST(string_split($1, ' ') AS BIGINT[]) END"},
		// What ARRAY(query) gives where the query has no rows.
		{name: "pg_empty_array", sigs: ":ls", sql: "CAST([] AS VARCHAR[])"},
		{name: "pg_my_temp_schema", sigs: ":i", sql: "CAST(0 AS BIGINT)"},
		{name: "obj_description", sigs: "a[s:s", sql: "CAST(NULL AS VARCHAR)"},
		{name: "col_description", sigs: "aa:s", sql: "CAST(NULL AS VARCHAR)"},
		{name: "shobj_description", sigs: "aa:s", sql: "CAST(NULL AS VARCHAR)"},
	}
	for _, what := range []string{"table", "schema", "database", "any_column"} {
		out = append(out, def{name: "has_" + what + "_privilege", sigs: "aa[a:b", sql: "true"})
	}
	return out
}

// expandArray is what _pg_expandarray takes apart: a list of the elements x with their places n.
func expandArray() *Scalar {
	return &Scalar{Name: "pg_expand_array", Tier: Rewrite, SQL: template("list_transform($1, lambda e, i: {'x': e, 'n': CAST(i AS INTEGER)})"),
		Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
			if len(args) != 1 || args[0].Kind != model.KindList {
				return nil, model.Null, NoMatch("_pg_expandarray", args)
			}
			return args, model.ListOf(model.StructOf([]model.Field{{Name: "x", Type: args[0].ElemType()}, {Name: "n", Type: model.Int32}})), nil
		}}
}
