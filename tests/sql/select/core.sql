-- REGIONS host: host < 'b', host >= 'b' AND host < 'c', host >= 'c'

CREATE TABLE t (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, i INT, f DOUBLE, s STRING)

INSERT INTO t VALUES ('a', 1000, 1, 1.5, 'x'), ('a', 2000, 2, 2.5, 'y'), ('b', 1000, 3, NULL, 'x'), ('b', 2000, NULL, 0.5, NULL), ('c', 3000, 5, 'NaN'::double, 'z'), (NULL, 1000, 6, -1.5, '')

SELECT * FROM t ORDER BY host, ts

SELECT DISTINCT s FROM t ORDER BY s

SELECT ALL host FROM t ORDER BY host, ts

SELECT host, i FROM t ORDER BY i

SELECT host, i FROM t ORDER BY i DESC

SELECT host, i FROM t ORDER BY i NULLS FIRST

SELECT host, i FROM t ORDER BY i DESC NULLS LAST

SELECT host, f FROM t ORDER BY f

SELECT host, f FROM t ORDER BY f DESC

SELECT host AS h, sum(i) AS total FROM t GROUP BY h ORDER BY total DESC, h

SELECT host, sum(i) FROM t GROUP BY 1 ORDER BY 2, 1

SELECT host FROM t ORDER BY 2

SELECT host, sum(i) FROM t GROUP BY 3

SELECT host, count(*) AS n FROM t GROUP BY host HAVING n > 1 ORDER BY host

SELECT host, count(*) FROM t GROUP BY host HAVING count(*) = 1 ORDER BY host

SELECT host, i FROM t ORDER BY ts, host LIMIT 2

SELECT host, i FROM t ORDER BY ts, host LIMIT 2 OFFSET 1

SELECT host, i FROM t ORDER BY ts, host LIMIT 1, 2

SELECT host, i FROM t ORDER BY ts, host OFFSET 4

SELECT host FROM t LIMIT 0

SELECT host FROM t LIMIT 1.5

SELECT host FROM t LIMIT (SELECT 1)

SELECT host FROM t LIMIT -1

SELECT count(*), count(i), count(DISTINCT s), sum(i), min(i), max(i), avg(i) FROM t

SELECT count(*) FILTER (WHERE i > 2), sum(f) FILTER (WHERE host = 'a') FROM t

SELECT sum(i), count(*), max(s) FROM t WHERE host = 'nobody'

SELECT host, first_value(i ORDER BY ts), last_value(i ORDER BY ts), array_agg(i ORDER BY ts DESC) FROM t GROUP BY host ORDER BY host

SELECT host, string_agg(s, ',' ORDER BY s) FROM t GROUP BY host ORDER BY host

SELECT host, ts, sum(i) FROM t GROUP BY ROLLUP (host, ts) ORDER BY host, ts, 3

SELECT host, s, count(*) FROM t GROUP BY CUBE (host, s) ORDER BY host, s, 3

SELECT host, s, count(*) FROM t GROUP BY GROUPING SETS ((host), (s), ()) ORDER BY host, s, 3

SELECT DISTINCT ON (host) host, ts, i FROM t ORDER BY host, ts DESC

SELECT DISTINCT ON (host) host, ts, i FROM t ORDER BY ts

SELECT host, ts, row_number() OVER (PARTITION BY host ORDER BY ts) FROM t ORDER BY host, ts

SELECT host, ts, sum(i) OVER w AS s, lag(i) OVER w AS l, rank() OVER (ORDER BY i) AS r FROM t WINDOW w AS (PARTITION BY host ORDER BY ts) ORDER BY host, ts

SELECT ts, sum(i) OVER (ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM t WHERE host = 'a' ORDER BY ts

SELECT i, CASE WHEN i > 3 THEN 'big' WHEN i > 1 THEN 'middle' ELSE 'small' END AS size FROM t ORDER BY i

SELECT CASE s WHEN 'x' THEN 1 ELSE 0 END FROM t WHERE host = 'a' ORDER BY ts

SELECT host, i IS NULL AS a, i IS NOT NULL AS b, (i > 1) IS TRUE AS c, (i > 1) IS NOT FALSE AS d, (i > 1) IS UNKNOWN AS e, i IS DISTINCT FROM 3 AS g, i IS NOT DISTINCT FROM NULL AS h FROM t ORDER BY host, ts

SELECT host, i FROM t WHERE i BETWEEN 2 AND 5 AND i NOT BETWEEN 3 AND 4 ORDER BY i

SELECT host FROM t WHERE s IN ('x', 'z') AND host NOT IN ('a') ORDER BY host

SELECT host FROM t WHERE i NOT IN (1, NULL)

SELECT host FROM t WHERE host IS NULL

SELECT host, i FROM t WHERE NOT (i > 1) ORDER BY i

SELECT i, i + 1, i * 2, i / 2, i % 2, -i FROM t WHERE i > 4 ORDER BY i

SELECT * EXCEPT (f, s) FROM t ORDER BY host, ts LIMIT 2

SELECT * EXCLUDE (f) FROM t ORDER BY host, ts LIMIT 1

SELECT * REPLACE (i * 10 AS i) FROM t ORDER BY host, ts LIMIT 2

SELECT t.* FROM t ORDER BY host, ts LIMIT 1

SELECT nosuch FROM t

SELECT t.nosuch FROM t

SELECT u.i FROM t

SELECT nosuch(1)

SELECT uper('x')

SELECT sum(s) FROM t

SELECT i FROM t GROUP BY host

SELECT sum(i) FROM t WHERE sum(i) > 1

SELECT a FROM nosuch

SELECT i FROM t WHERE i = 'x'

SELECT coalesce(NULL, i, 0), nullif(i, 1), greatest(i, 2), least(i, 2) FROM t WHERE host = 'a' ORDER BY ts

SELECT [1, 2, 3] AS a, make_array(1, 2)

SELECT a, b FROM (VALUES (1, 'x'), (2, 'y')) AS v (a, b) ORDER BY a

VALUES (1, 'a'), (2, 'b')

SELECT * FROM generate_series(1, 3)

SELECT value FROM generate_series(1, 10, 4) ORDER BY value

SELECT 1 WHERE false

SELECT 1 AS a, 1 AS a

SELECT
