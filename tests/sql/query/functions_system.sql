SELECT length(version()) > 0 AS a, database() AS b, timezone() AS c, read_preference() AS d, current_schema() AS e, current_database() AS f, length(session_user()) > 0 AS g, length(build()) > 0 AS h

SELECT connection_id() >= 0 AS a, pg_backend_pid() >= 0 AS b

-- ONLY http mysql
SELECT current_schemas(true) AS a, current_schemas(false) AS b

SELECT format_type(23, -1) AS a, pg_table_is_visible(1) AS b, pg_encoding_to_char(6) AS c, quote_ident('Ab') AS d, parse_ident('a.b') AS e, has_table_privilege('t', 'SELECT') AS f, has_schema_privilege('public', 'USAGE') AS g, has_database_privilege('x', 'CONNECT') AS h, has_any_column_privilege('t', 'SELECT') AS i

-- ONLY http mysql
SELECT pg_get_userbyid(1) AS a, pg_get_expr('x', 1) AS b, pg_relation_size(1) AS c, pg_total_relation_size(1) AS d, pg_stat_get_numscans(1) AS e, pg_get_constraintdef(1) AS f, pg_get_partkeydef(1) AS g, pg_relation_is_publishable(1) AS h, pg_get_statisticsobjdef_columns(1) AS i, pg_my_temp_schema() AS j

SELECT obj_description(1, 'pg_class') AS a, col_description(1, 1) AS b, shobj_description(1, 'x') AS c

SELECT nosuch(1)

WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r
