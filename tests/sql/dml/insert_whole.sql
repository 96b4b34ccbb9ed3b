-- A statement that fails leaves nothing behind, also where rows before the failing one were computed long before it.

CREATE TABLE t (ts TIMESTAMP TIME INDEX, v INT)

INSERT INTO t SELECT x::timestamp, CASE WHEN x = 30000 THEN 'bad' ELSE x::string END FROM generate_series(0, 30000) g(x)

SELECT count(*) FROM t

INSERT INTO t SELECT x::timestamp, x FROM generate_series(1, 30000) g(x)

SELECT count(*), sum(v) FROM t

INSERT INTO t SELECT ts, v + 1 FROM t

SELECT count(*), sum(v) FROM t

INSERT INTO t VALUES (1, 5), (2, 99999999999)

SELECT v FROM t WHERE ts = 1

-- Sub-queries in VALUES.

INSERT INTO t VALUES ((SELECT max(ts) + INTERVAL '1 ms' FROM t), (SELECT count(*) FROM t)), (0, (SELECT 7))

SELECT * FROM t WHERE ts > '1970-01-01 00:00:30' OR v = 7 OR ts = 0 ORDER BY ts

INSERT INTO t VALUES ((SELECT ts FROM t), 1)

INSERT INTO t VALUES ((SELECT ts FROM t WHERE false), 1)

INSERT INTO t VALUES ((SELECT ts, v FROM t LIMIT 1), 1)
