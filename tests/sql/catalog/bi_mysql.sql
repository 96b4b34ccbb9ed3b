-- PROTOCOLS mysql

CREATE TABLE bi1 (ts TIMESTAMP TIME INDEX, host STRING COMMENT 'where', dc STRING, v DOUBLE DEFAULT 1.5, n BIGINT, PRIMARY KEY(dc, host)) WITH (comment = 'a table')

CREATE VIEW bi2 AS SELECT host, v FROM bi1

-- SESSION mysql
-- Grafana's query builder
SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') ORDER BY schema_name

SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name

SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'bi1' ORDER BY column_name

SELECT column_name FROM information_schema.columns WHERE table_schema = database() AND table_name = 'bi1' AND data_type IN ('timestamp(3)', 'datetime', 'bigint', 'int') ORDER BY ordinal_position LIMIT 1

SELECT table_name AS metric FROM information_schema.columns t WHERE t.column_name IN ('time', 'ts') AND EXISTS (SELECT 1 FROM information_schema.columns c WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.data_type IN ('float', 'double')) AND t.table_schema = 'public' ORDER BY table_name

-- Superset, by SQLAlchemy
SHOW DATABASES

SHOW FULL TABLES FROM `public`

SHOW COLUMNS FROM `bi1` FROM `public`

SHOW INDEX FROM `bi1`

SELECT table_name FROM information_schema.views WHERE table_schema = 'public'

-- Metabase and DBeaver, by Connector/J
SELECT TABLE_SCHEMA AS TABLE_CAT, NULL AS TABLE_SCHEM, TABLE_NAME, CASE WHEN TABLE_TYPE = 'BASE TABLE' THEN CASE WHEN TABLE_SCHEMA = 'mysql' OR TABLE_SCHEMA = 'performance_schema' THEN 'SYSTEM TABLE' ELSE 'TABLE' END WHEN TABLE_TYPE = 'TEMPORARY' THEN 'LOCAL_TEMPORARY' ELSE TABLE_TYPE END AS TABLE_TYPE, TABLE_COMMENT AS REMARKS FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'public' AND TABLE_NAME LIKE 'bi%' HAVING TABLE_TYPE IN ('TABLE', 'VIEW') ORDER BY TABLE_TYPE, TABLE_SCHEMA, TABLE_NAME

SELECT TABLE_SCHEMA AS TABLE_CAT, TABLE_NAME, COLUMN_NAME, SEQ_IN_INDEX AS KEY_SEQ, 'PRIMARY' AS PK_NAME FROM INFORMATION_SCHEMA.STATISTICS WHERE TABLE_SCHEMA = 'public' AND TABLE_NAME = 'bi1' AND INDEX_NAME = 'PRIMARY' ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX

SELECT A.REFERENCED_TABLE_SCHEMA AS PKTABLE_CAT, A.REFERENCED_TABLE_NAME AS PKTABLE_NAME, A.TABLE_NAME AS FKTABLE_NAME, A.COLUMN_NAME AS FKCOLUMN_NAME FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE A JOIN INFORMATION_SCHEMA.TABLE_CONSTRAINTS B USING (CONSTRAINT_NAME, TABLE_NAME) WHERE B.CONSTRAINT_TYPE = 'FOREIGN KEY' AND A.TABLE_SCHEMA = 'public'

SELECT kc.CONSTRAINT_NAME, kc.TABLE_NAME, kc.COLUMN_NAME, kc.ORDINAL_POSITION FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE kc WHERE kc.TABLE_SCHEMA = 'public' AND kc.REFERENCED_TABLE_NAME IS NULL AND kc.TABLE_NAME = 'bi1' ORDER BY kc.CONSTRAINT_NAME, kc.ORDINAL_POSITION

SELECT c.table_name AS `table-name`, c.column_name AS name, c.ordinal_position - 1 AS `database-position`, c.column_key = 'PRI' AS `pk?`, NULLIF(c.column_comment, '') AS `field-comment` FROM information_schema.columns c WHERE c.table_schema IN ('public') AND c.table_name = 'bi1' ORDER BY 1, 3

SHOW FULL COLUMNS FROM `public`.`bi1`

SHOW CHARSET

SHOW TABLES FROM pg_catalog
