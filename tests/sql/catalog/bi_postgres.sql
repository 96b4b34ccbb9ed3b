-- PROTOCOLS none

CREATE TABLE bi1 (ts TIMESTAMP TIME INDEX, host STRING COMMENT 'where', dc STRING, v DOUBLE DEFAULT 1.5, n BIGINT, PRIMARY KEY(dc, host)) WITH (comment = 'a table')

CREATE VIEW bi2 AS SELECT host, v FROM bi1

-- SESSION postgres
-- functions in FROM
SELECT s FROM string_to_array('a,b', ',') AS s

SELECT t.table_name, n FROM information_schema.tables t, upper(t.table_name) AS n WHERE t.table_name LIKE 'bi%' ORDER BY 1

SELECT x.y FROM lower('A') AS x(y)

SELECT * FROM no_such_function(1) AS x

-- things that there are none of
SELECT count(*) FROM pg_catalog.pg_publication

SELECT c.relname, i.inhparent FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid WHERE c.relname = 'bi1'

SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid

SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relname LIKE 'bi%' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid) AND c.relkind <> 'i' ORDER BY 1

SELECT polcmd, count(*) FROM pg_catalog.pg_policy GROUP BY polcmd

SELECT polname FROM pg_catalog.pg_policy UNION SELECT relname FROM pg_catalog.pg_class WHERE relname = 'bi2'

-- Metabase and DBeaver, by pgjdbc
SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' ELSE NULL END AS type, d.description AS description, NULLIF(stat.n_live_tup, 0) AS estimated_row_count FROM pg_catalog.pg_class AS c INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid LEFT JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND d.objsubid = 0 LEFT JOIN pg_stat_user_tables AS stat ON n.nspname = stat.schemaname AND c.relname = stat.relname WHERE n.nspname !~ '^information_schema|pg_' AND c.relkind IN ('r', 'p', 'v', 'f', 'm') AND n.nspname IN ('public') ORDER BY type, schema, name

SELECT a.attname, a.attnum, a.attnotnull, t.typname, dsc.description FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON a.attrelid = c.oid JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_description dsc ON c.oid = dsc.objoid AND a.attnum = dsc.objsubid WHERE NOT a.attisdropped AND c.relname = 'bi1' ORDER BY a.attnum

SELECT tc.relname AS table_name, i.relname AS index_name, am.amname, idx.indisunique, idx.indkey FROM pg_catalog.pg_class tc JOIN pg_catalog.pg_index idx ON idx.indrelid = tc.oid JOIN pg_catalog.pg_class i ON i.oid = idx.indexrelid JOIN pg_catalog.pg_am am ON am.oid = i.relam WHERE tc.relname = 'bi1'

SELECT fk.relname FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class fk ON c.conrelid = fk.oid WHERE c.contype = 'f'

-- Superset, by SQLAlchemy
SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\_%' ORDER BY nspname

SELECT pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace WHERE pg_class.relkind IN ('r', 'p') AND pg_class.relpersistence <> 't' AND pg_namespace.nspname = 'public' ORDER BY 1

SELECT datname FROM pg_catalog.pg_database WHERE datistemplate = false

-- Grafana's query builder
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1

SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'bi1' ORDER BY ordinal_position
