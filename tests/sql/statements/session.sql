-- ONLY http mysql
SELECT 1; SET time_zone = '+08:00'; SHOW time_zone

SET TIME ZONE 'asia/shanghai'

-- ONLY http mysql
SHOW VARIABLES time_zone

-- ONLY http mysql
SET time_zone = 'nonsense'

-- ONLY http
SET nonsense = 1

-- ONLY http mysql
SHOW nonsense

SHOW CHARSET

SHOW COLLATION

SHOW STATUS

SHOW VIEWS

SHOW FLOWS

BEGIN

COMMIT

CREATE TABLE t (ts TIMESTAMP TIME INDEX, v INT)

INSERT INTO t VALUES (1, 1)

ADMIN flush_table('t')

ADMIN compact_table('t')

ADMIN compact_table('t', 'strict_window', 'window=3600')

ADMIN compact_table('t', 'strict_window', 'what=1')

ADMIN flush_table('t', 1)

ADMIN nosuch()

ADMIN flush_table('nosuch')

SELECT * FROM t

SELECT table_name, engine, table_rows FROM information_schema.tables WHERE table_schema = 'public'

SELECT column_name, data_type, semantic_type, is_nullable, column_key FROM information_schema.columns WHERE table_name = 't' ORDER BY ordinal_position

SELECT constraint_name, column_name FROM information_schema.key_column_usage

SELECT region_rows, region_role FROM information_schema.region_statistics

DESC information_schema.engines

COMMENT ON TABLE t IS 'hello'

COMMENT ON COLUMN t.v IS 'a value'

SHOW CREATE TABLE t

TQL EVAL (0, 10, '5s') t

COPY t TO '/tmp/x.parquet' WITH (format='parquet')

KILL 'x/1'

SELECT 1; SELECT nosuch

SHOW COLUMNS FROM nosuch
