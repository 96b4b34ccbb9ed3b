package sql

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestBIOverPostgres asks what dashboards ask in PostgreSQL's own words, which only its protocol knows: the scripts have the rest.
func TestBIOverPostgres(t *testing.T) {
	p := start(t)
	conn, err := pgconn.Connect(context.Background(), "postgres://root@"+p.node.PostgresAddr()+"/public?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	f := func(text, want string) {
		t.Helper()
		res, err := conn.Exec(context.Background(), text).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		var got []string
		for _, row := range res[len(res)-1].Rows {
			var cells []string
			for _, c := range row {
				if c == nil {
					c = []byte("NULL")
				}
				cells = append(cells, string(c))
			}
			got = append(got, strings.Join(cells, "|"))
		}
		if g := strings.Join(got, "\n"); g != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, g, want)
		}
	}
	f("CREATE TABLE bi1 (ts TIMESTAMP TIME INDEX, host STRING COMMENT 'where', v DOUBLE, PRIMARY KEY(host))", "")
	f("CREATE DATABASE other", "")
	f("CREATE TABLE other.bi1 (ts TIMESTAMP TIME INDEX)", "")

	// Grafana
	f(`SELECT CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
		FROM generate_series(array_lower(string_to_array(current_setting('search_path'), ','), 1), array_upper(string_to_array(current_setting('search_path'), ','), 1)) AS i,
		string_to_array(current_setting('search_path'), ',') s) THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table"
		FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', 'greptime_private') ORDER BY 1`, "bi1\nother.bi1")
	f(`SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'bi1' ORDER BY ordinal_position`,
		"ts|timestamp\nhost|varchar\nv|float8")
	// Metabase
	f(`SELECT c.column_name, format('%s', c.udt_name) AS type, col_description(CAST(CAST(format('%I.%I', CAST(c.table_schema AS TEXT), CAST(c.table_name AS TEXT)) AS REGCLASS) AS OID), c.ordinal_position) AS comment
		FROM information_schema.columns AS c WHERE c.table_schema !~ '^information_schema|pg_' AND c.table_schema = 'public' AND c.table_name = 'bi1' ORDER BY c.ordinal_position`,
		"ts|timestamp|NULL\nhost|varchar|where\nv|float8|NULL")
	f(`SELECT * FROM current_schemas(true) AS s`, "{pg_catalog,public}")
	f(`SELECT name FROM current_schema() AS d(name)`, "public")

	// Settings are the session's.
	f(`SET TIME ZONE 'Europe/Berlin'; SET statement_timeout = '90s'; SELECT name, setting, unit FROM pg_settings WHERE name IN ('TimeZone', 'statement_timeout', 'search_path', 'IntervalStyle') ORDER BY lower(name)`,
		"IntervalStyle|postgres|NULL\nsearch_path|public|NULL\nstatement_timeout|90000|ms\nTimeZone|Europe/Berlin|NULL")
	f(`SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'standard_conforming_strings'`, "on")

	// psql's \d
	f(`SELECT n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relname OPERATOR(pg_catalog.~) '^(bi1)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid)`, "public|bi1")
	f(`SELECT c.oid IS NULL FROM (SELECT oid FROM pg_class WHERE relname = 'bi1_pkey') c WHERE pg_table_is_visible(c.oid)`, "f")
	f(`SELECT c.relname FROM pg_catalog.pg_class c, pg_catalog.pg_inherits i WHERE c.oid = i.inhparent`, "")
	f(`SELECT pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_index i ON c.oid = i.indrelid JOIN pg_catalog.pg_constraint con ON con.conindid = i.indexrelid
		WHERE c.relname = 'bi1' AND pg_table_is_visible(c.oid)`, "CREATE UNIQUE INDEX bi1_pkey ON public.bi1 USING btree (host, ts)|PRIMARY KEY (host, ts)")
}
