-- Names of ORDER BY, and counts of LIMIT beyond all rows.

CREATE TABLE t (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v INT)

INSERT INTO t VALUES ('a', 1, 1), ('b', 2, 2), ('c', 3, 3)

SELECT x.host FROM t x JOIN t y ON x.host = y.host ORDER BY host DESC

SELECT x.host, y.v FROM t x JOIN t y ON x.ts = y.ts ORDER BY v DESC, host

SELECT x.* FROM t x JOIN t y ON x.ts = y.ts ORDER BY host LIMIT 1

SELECT x.host, count(*) AS n FROM t x JOIN t y ON x.host >= y.host GROUP BY x.host ORDER BY host

SELECT x.host, y.host FROM t x JOIN t y ON x.ts = y.ts ORDER BY host

SELECT x.v FROM t x JOIN t y ON x.ts = y.ts ORDER BY host

SELECT v AS host FROM t ORDER BY host DESC

SELECT host FROM t ORDER BY ts LIMIT 1, 18446744073709551615

SELECT host FROM t ORDER BY ts LIMIT 9223372036854775807 OFFSET 2

SELECT host FROM t ORDER BY ts LIMIT 18446744073709551615 OFFSET 18446744073709551615

SELECT n FROM (VALUES (1), (2), (3)) x(n) ORDER BY n LIMIT 9223372036854775807 OFFSET 2

SELECT n FROM (VALUES (1), (2), (3)) x(n) ORDER BY n LIMIT -1
