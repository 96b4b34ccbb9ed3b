CREATE TABLE c (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v INT)

INSERT INTO c VALUES ('a', 0, 1), ('b', 3600000, 2), ('c', 7200000, 3)

ADMIN flush_table('c')

INSERT INTO c VALUES ('a', 0, 10), ('b', 90000000, 20)

ADMIN flush_table('public.c')

ADMIN compact_table('c', 'strict_window', 3600)

SELECT region_rows, sst_num FROM information_schema.region_statistics

SELECT * FROM c ORDER BY ts

ADMIN compact_table('c', 'swcs', 'window=7200, parallelism=2, start_time=1970-01-01 00:00:00, end_time=1970-01-01 02:00:00')

SELECT region_rows, sst_num FROM information_schema.region_statistics

ADMIN compact_table('c', 'regular', 'parallelism=2')

ADMIN compact_table('c', 'whatever')

SELECT region_rows, sst_num FROM information_schema.region_statistics

SELECT * FROM c ORDER BY ts

ADMIN compact_table('c', 'regular', 'window=3600')

ADMIN compact_table('c', 'strict_window', '-5')

ADMIN compact_table('c', 'strict_window', 'window=soon')

ADMIN compact_table('c', 'strict_window', 'parallelism=0')

ADMIN compact_table('c', 'strict_window', 'start_time=1970-01-01 00:00:00')

ADMIN compact_table('c', 'strict_window', 'start_time=soon,end_time=later')

ADMIN compact_table('c', 'strict_window', 'start_time=1970-01-02 00:00:00,end_time=1970-01-01 00:00:00')

ADMIN compact_table('c', 'strict_window', 'what=1')

ADMIN compact_table('c', 'strict_window', 1, 2)

ADMIN compact_region('x')

ADMIN flush_region(1)

ADMIN compact_table('nosuch')

CREATE TABLE i (ts TIMESTAMP TIME INDEX, v INT) WITH (ttl = 'instant')

INSERT INTO i VALUES (1, 1), (2, 2)

SELECT * FROM i

ADMIN flush_table('i')

SHOW CREATE TABLE i

ALTER TABLE i SET 'ttl' = 'forever'

SELECT * FROM i

INSERT INTO i VALUES (3, 3)

SELECT * FROM i

ALTER TABLE i SET 'ttl' = '1 day'

SELECT * FROM i

ALTER TABLE i UNSET 'ttl'

SELECT * FROM i

CREATE DATABASE d WITH (ttl = '1 day')

CREATE TABLE d.x (ts TIMESTAMP TIME INDEX)

INSERT INTO d.x VALUES (1)

SELECT * FROM d.x

ALTER DATABASE d UNSET 'ttl'

SELECT * FROM d.x

ALTER DATABASE d SET 'ttl' = '2 days'

SELECT * FROM d.x

ALTER TABLE d.x SET 'ttl' = 'forever'

SELECT * FROM d.x
