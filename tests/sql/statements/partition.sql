-- tables in several regions
CREATE TABLE cpu (host STRING, ts TIMESTAMP TIME INDEX, v DOUBLE, PRIMARY KEY (host))
PARTITION ON COLUMNS (host) (host < 'd', host >= 'd' AND host < 'm', host >= 'm');

INSERT INTO cpu VALUES ('a', 1000, 1), ('d', 1000, 2), ('z', 1000, 3), (NULL, 1000, 4), ('a', 2000, 5), ('m', 2000, 6), ('f', 3000, 7);

SELECT * FROM cpu ORDER BY ts, host;

SELECT host, sum(v), max(ts) FROM cpu GROUP BY host ORDER BY host;

SELECT count(*), avg(v), min(v) FROM cpu;

SELECT date_bin('2 seconds', ts) AS t, sum(v) FROM cpu GROUP BY t ORDER BY t;

SELECT host, last_value(v ORDER BY ts) FROM cpu GROUP BY host ORDER BY host;

SELECT ts, host, v FROM cpu WHERE host <> 'a' ORDER BY ts DESC LIMIT 2;

SELECT ts, host, max(v) RANGE '2s' FROM cpu ALIGN '1s' ORDER BY host, ts LIMIT 3;

TQL EVAL (1, 3, '1s') sum(cpu);

-- a row that is there is replaced, wherever it is
INSERT INTO cpu VALUES ('d', 1000, 20), ('z', 1000, 30);

DELETE FROM cpu WHERE host = 'a';

DELETE FROM cpu WHERE v = 6;

SELECT * FROM cpu ORDER BY ts, host;

-- only regions that may hold rows are read
EXPLAIN SELECT v FROM cpu WHERE host = 'e';

EXPLAIN SELECT v FROM cpu WHERE host IN ('b', 'x');

SHOW CREATE TABLE cpu;

SELECT partition_name, partition_expression, partition_description FROM information_schema.partitions WHERE table_name = 'cpu' ORDER BY partition_name;

SELECT count(*) FROM information_schema.region_peers WHERE table_name = 'cpu';

CREATE TABLE cpu2 LIKE cpu;

INSERT INTO cpu2 SELECT * FROM cpu;

SELECT count(*), sum(v) FROM cpu2;

ALTER TABLE cpu ADD COLUMN w INT DEFAULT 3;

INSERT INTO cpu (host, ts, w) VALUES ('q', 1, 1), ('b', 1, 2);

ADMIN flush_table('cpu');

-- RESTART
SELECT host, v, w FROM cpu ORDER BY host, ts;

TRUNCATE TABLE cpu;

SELECT count(*) FROM cpu;

DROP TABLE cpu;

DROP TABLE cpu2;

-- numbers, two columns, the time index, append tables
CREATE TABLE n (a INT, b INT, ts TIMESTAMP TIME INDEX, PRIMARY KEY (a, b))
PARTITION ON COLUMNS (a, b) (a < 10, a >= 10 AND b < -5, 10 <= a AND -5 <= b);

INSERT INTO n VALUES (1, 1, 1), (10, -6, 1), (10, -5, 1), (11, NULL, 1), (NULL, 7, 1);

SELECT a, b FROM n WHERE a >= 10 ORDER BY a, b;

SELECT region_number, region_rows FROM information_schema.region_statistics s JOIN information_schema.tables t ON s.table_id = t.table_id WHERE t.table_name = 'n' ORDER BY region_number;

DROP TABLE n;

CREATE TABLE t (ts TIMESTAMP TIME INDEX, v INT) PARTITION ON COLUMNS (ts) (ts < '2024-01-01 00:00:00', ts >= '2024-01-01 00:00:00');

INSERT INTO t VALUES ('2023-12-31 23:59:59', 1), ('2024-01-01 00:00:00', 2);

EXPLAIN SELECT v FROM t WHERE ts > '2024-02-01';

SELECT v FROM t WHERE ts > '2023-12-31' ORDER BY ts;

DROP TABLE t;

CREATE TABLE l (ts TIMESTAMP TIME INDEX, level STRING) PARTITION ON COLUMNS (level) (level = 'error', level != 'error') WITH (append_mode = 'true');

INSERT INTO l VALUES (1, 'error'), (2, 'info'), (3, NULL), (3, NULL);

SELECT count(*) FROM l;

DELETE FROM l WHERE level = 'info';

SELECT * FROM l ORDER BY ts;

ALTER TABLE l DROP COLUMN level;

DROP TABLE l;

CREATE TABLE e (ts TIMESTAMP TIME INDEX, v INT) PARTITION ON COLUMNS (v) ();

SHOW CREATE TABLE e;

DROP TABLE e;

-- errors
CREATE TABLE x (a INT PRIMARY KEY, ts TIMESTAMP TIME INDEX) PARTITION ON COLUMNS (a) (a < 10, a > 10);

CREATE TABLE x (a INT PRIMARY KEY, ts TIMESTAMP TIME INDEX) PARTITION ON COLUMNS (a) (a <= 10, a >= 10);

CREATE TABLE x (a INT PRIMARY KEY, ts TIMESTAMP TIME INDEX) PARTITION ON COLUMNS (b) (b < 10, b >= 10);

CREATE TABLE x (a INT, b INT, ts TIMESTAMP TIME INDEX, PRIMARY KEY (a, b)) PARTITION ON COLUMNS (a) (a < 10, b >= 10);

CREATE TABLE x (a INT PRIMARY KEY, ts TIMESTAMP TIME INDEX) PARTITION ON COLUMNS (a) (a < abs(10), a >= 10);

CREATE TABLE x (a INT PRIMARY KEY, ts TIMESTAMP TIME INDEX) PARTITION ON COLUMNS (a) (a);

-- ONLY http postgres
CREATE TABLE x (a INT PRIMARY KEY, ts TIMESTAMP TIME INDEX) PARTITION ON COLUMNS (a) (a < 'x', a >= 'x');

CREATE TABLE x (v INT, ts TIMESTAMP TIME INDEX) PARTITION ON COLUMNS (v) (v < 1, v >= 1);
