-- Conditions reach the scans, across joins, views, common table expressions, sub-queries and unions. Each plan is followed by its rows.

CREATE TABLE cpu (host STRING, dc STRING, ts TIMESTAMP(3) TIME INDEX, usage DOUBLE, n INT, PRIMARY KEY(host, dc))

CREATE TABLE dim (name STRING, team STRING, ts TIMESTAMP(3) TIME INDEX, PRIMARY KEY(name))

INSERT INTO cpu VALUES ('a', 'eu', 1000, 1, 1), ('a', 'eu', 2000, 2, 2), ('b', 'us', 1000, 3, 3), ('b', 'us', 2000, NULL, 4), ('c', NULL, 3000, 5, NULL)

INSERT INTO dim VALUES ('a', 'x', 1000), ('b', 'y', 2000), ('d', 'x', 3000)

EXPLAIN SELECT a.host, b.team FROM cpu a JOIN dim b ON a.host = b.name WHERE a.ts > 1000 AND b.team = 'x' AND a.host != 'z'

SELECT a.host, b.team FROM cpu a JOIN dim b ON a.host = b.name WHERE a.ts > 1000 AND b.team = 'x' AND a.host != 'z'

EXPLAIN SELECT a.host, a.ts, b.team FROM cpu a LEFT JOIN dim b ON a.host = b.name AND b.team = 'x' WHERE a.host IN ('a', 'b') ORDER BY a.host, a.ts

SELECT a.host, a.ts, b.team FROM cpu a LEFT JOIN dim b ON a.host = b.name AND b.team = 'x' WHERE a.host IN ('a', 'b') ORDER BY a.host, a.ts

EXPLAIN SELECT a.host, b.team FROM cpu a LEFT JOIN dim b ON a.host = b.name WHERE b.team = 'x' ORDER BY a.ts

SELECT a.host, b.team FROM cpu a LEFT JOIN dim b ON a.host = b.name WHERE b.team = 'x' ORDER BY a.ts

EXPLAIN SELECT a.host, b.team FROM cpu a LEFT JOIN dim b ON a.host = b.name WHERE b.team IS NULL

SELECT a.host, b.team FROM cpu a LEFT JOIN dim b ON a.host = b.name WHERE b.team IS NULL

EXPLAIN SELECT a.host, b.team FROM cpu a RIGHT JOIN dim b ON a.host = b.name AND a.ts > 1000 WHERE b.team = 'x' ORDER BY b.ts

SELECT a.host, b.team FROM cpu a RIGHT JOIN dim b ON a.host = b.name AND a.ts > 1000 WHERE b.team = 'x' ORDER BY b.ts

EXPLAIN SELECT a.host, b.name FROM cpu a FULL JOIN dim b ON a.host = b.name WHERE a.n > 1 ORDER BY a.n

SELECT a.host, b.name FROM cpu a FULL JOIN dim b ON a.host = b.name WHERE a.n > 1 ORDER BY a.n

CREATE VIEW busy AS SELECT host, usage AS u, ts FROM cpu WHERE usage > 1

EXPLAIN SELECT host FROM busy WHERE u < 4 AND ts >= 2000

SELECT host FROM busy WHERE u < 4 AND ts >= 2000

EXPLAIN WITH w AS (SELECT host, n * 2 AS m, ts FROM cpu) SELECT x.m FROM w x WHERE x.ts = 1000 AND x.host = 'b'

WITH w AS (SELECT host, n * 2 AS m, ts FROM cpu) SELECT x.m FROM w x WHERE x.ts = 1000 AND x.host = 'b'

EXPLAIN WITH w AS (SELECT host, max(n) AS m FROM cpu GROUP BY host) SELECT x.host, y.host FROM w x JOIN w y ON x.m < y.m WHERE x.host != 'b' AND y.host = 'b'

WITH w AS (SELECT host, max(n) AS m FROM cpu GROUP BY host) SELECT x.host, y.host FROM w x JOIN w y ON x.m < y.m WHERE x.host != 'b' AND y.host = 'b'

EXPLAIN SELECT h FROM (SELECT host AS h, ts FROM cpu WHERE dc = 'eu' UNION ALL SELECT name, ts FROM dim) WHERE ts > 1000 AND h < 'd' ORDER BY h

SELECT h FROM (SELECT host AS h, ts FROM cpu WHERE dc = 'eu' UNION ALL SELECT name, ts FROM dim) WHERE ts > 1000 AND h < 'd' ORDER BY h

-- only what whole partitions share
EXPLAIN SELECT host, n, r FROM (SELECT host, n, sum(n) OVER (PARTITION BY host ORDER BY ts) AS r FROM cpu) WHERE host = 'a' AND n > 1

SELECT host, n, r FROM (SELECT host, n, sum(n) OVER (PARTITION BY host ORDER BY ts) AS r FROM cpu) WHERE host = 'a' AND n > 1

-- only what whole groups share
EXPLAIN SELECT * FROM (SELECT host, max(n) AS m FROM cpu GROUP BY host) WHERE host != 'a' AND m > 1

SELECT * FROM (SELECT host, max(n) AS m FROM cpu GROUP BY host) WHERE host != 'a' AND m > 1

EXPLAIN SELECT * FROM (SELECT DISTINCT host, dc FROM cpu) WHERE dc = 'us'

SELECT * FROM (SELECT DISTINCT host, dc FROM cpu) WHERE dc = 'us'

EXPLAIN SELECT * FROM (SELECT DISTINCT ON (host) host, n FROM cpu ORDER BY host, n DESC) WHERE host = 'b' AND n > 3

SELECT * FROM (SELECT DISTINCT ON (host) host, n FROM cpu ORDER BY host, n DESC) WHERE host = 'b' AND n > 3

-- not below a limit
EXPLAIN SELECT host FROM (SELECT host, n FROM cpu ORDER BY ts, host LIMIT 2) WHERE n > 1

SELECT host FROM (SELECT host, n FROM cpu ORDER BY ts, host LIMIT 2) WHERE n > 1

EXPLAIN SELECT host, ts FROM cpu a WHERE EXISTS (SELECT 1 FROM dim b WHERE b.name = a.host AND b.team = 'x') AND a.dc = 'eu' ORDER BY ts

SELECT host, ts FROM cpu a WHERE EXISTS (SELECT 1 FROM dim b WHERE b.name = a.host AND b.team = 'x') AND a.dc = 'eu' ORDER BY ts

EXPLAIN SELECT host, ts FROM cpu a WHERE NOT EXISTS (SELECT 1 FROM dim b WHERE b.name = a.host AND b.team = 'x') AND a.host > 'a' ORDER BY ts, host

SELECT host, ts FROM cpu a WHERE NOT EXISTS (SELECT 1 FROM dim b WHERE b.name = a.host AND b.team = 'x') AND a.host > 'a' ORDER BY ts, host

-- times by the slots that they are in
EXPLAIN SELECT host FROM cpu WHERE date_trunc('second', ts) >= '1970-01-01 00:00:01.5' AND ts::date = '1970-01-01'

SELECT host FROM cpu WHERE date_trunc('second', ts) >= '1970-01-01 00:00:01.5' AND ts::date = '1970-01-01' ORDER BY host
