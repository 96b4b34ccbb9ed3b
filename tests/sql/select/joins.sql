-- REGIONS host: host < 'b', host >= 'b'

CREATE TABLE a (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, x INT)

CREATE TABLE b (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, y INT)

INSERT INTO a VALUES ('a', 1, 1), ('b', 1, 2), ('c', 2, 3), (NULL, 4, 4)

INSERT INTO b VALUES ('b', 1, 20), ('c', 3, 30), ('d', 4, 40), (NULL, 5, 50)

SELECT a.host, x, y FROM a JOIN b ON a.host = b.host ORDER BY x

SELECT a.host, b.host AS h2, x, y FROM a LEFT JOIN b ON a.host = b.host ORDER BY x

SELECT a.host, b.host AS h2, x, y FROM a RIGHT OUTER JOIN b ON a.host = b.host ORDER BY y

SELECT a.host, b.host AS h2, x, y FROM a FULL JOIN b ON a.host = b.host ORDER BY x, y

SELECT count(*) FROM a CROSS JOIN b

SELECT count(*) FROM a, b

SELECT x, y FROM a, b WHERE a.host = b.host AND x > 2

SELECT host, x, y FROM a JOIN b USING (host) ORDER BY host

SELECT * FROM a NATURAL JOIN b

SELECT a.host, x FROM a LEFT SEMI JOIN b ON a.host = b.host ORDER BY x

SELECT a.host, x FROM a LEFT ANTI JOIN b ON a.host = b.host ORDER BY x

SELECT a.x, b.y FROM a JOIN b ON a.x * 10 < b.y ORDER BY x, y

SELECT l.host, r.x FROM a l JOIN a r ON l.x + 1 = r.x ORDER BY r.x

SELECT host FROM a JOIN b ON a.host = b.host

SELECT host FROM a WHERE host IN (SELECT host FROM b) ORDER BY host

SELECT host FROM a WHERE host NOT IN (SELECT host FROM b WHERE host IS NOT NULL) ORDER BY host

SELECT host FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.host = a.host) ORDER BY host

SELECT host, (SELECT max(y) FROM b WHERE b.host = a.host) AS y FROM a ORDER BY x

SELECT x FROM a WHERE x > ALL (SELECT 2) ORDER BY x

SELECT x FROM a WHERE x = ANY (SELECT y / 10 FROM b) ORDER BY x

SELECT host FROM a UNION SELECT host FROM b ORDER BY host

SELECT host FROM a UNION ALL SELECT host FROM b ORDER BY host

SELECT host FROM a INTERSECT SELECT host FROM b ORDER BY host

SELECT host FROM a EXCEPT SELECT host FROM b ORDER BY host

SELECT x FROM a UNION SELECT 1.5 ORDER BY x

SELECT x, host FROM a UNION SELECT y FROM b

WITH m AS (SELECT max(x) AS x FROM a), n (p, q) AS (SELECT host, x FROM a) SELECT p, q FROM n, m WHERE q = m.x

WITH c AS (SELECT 1), c AS (SELECT 2) SELECT * FROM c

WITH C AS (SELECT 1 AS Z) SELECT z FROM c

WITH one AS (SELECT 1 AS v), two AS (SELECT v + 1 AS v FROM one) SELECT one.v, two.v AS v2 FROM one, two

SELECT host, total FROM (SELECT host, sum(x) AS total FROM a GROUP BY host) AS g WHERE total > 1 ORDER BY total

SELECT * FROM (SELECT x FROM a ORDER BY x LIMIT 2) AS g ORDER BY x DESC

SELECT a.x, l.y FROM a, LATERAL (SELECT y FROM b WHERE b.host = a.host) AS l ORDER BY x
