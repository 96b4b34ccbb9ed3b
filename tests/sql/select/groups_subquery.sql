-- Sub-queries above groups read the groups' keys.

CREATE TABLE g1 (h STRING, k INT, ts TIMESTAMP TIME INDEX, v DOUBLE, PRIMARY KEY(h, k))

CREATE TABLE g2 (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, name STRING)

INSERT INTO g1 VALUES ('a', 1, 1, 1.0), ('a', 2, 2, 2.0), ('b', 1, 3, 4.0)

INSERT INTO g2 VALUES ('a', 1, 'first'), ('c', 1, 'third')

SELECT h, sum(v) AS s, (SELECT max(name) FROM g2 WHERE g2.h = g1.h) AS name FROM g1 GROUP BY h ORDER BY h

SELECT h, count(*) AS n FROM g1 GROUP BY h HAVING EXISTS (SELECT 1 FROM g2 WHERE g2.h = g1.h) ORDER BY h

SELECT h, count(*) AS n FROM g1 GROUP BY h ORDER BY (SELECT count(*) FROM g2 WHERE g2.h = g1.h), h

SELECT (SELECT max(name) FROM g2 WHERE g2.h = g1.h) AS name, sum(v) AS s FROM g1 GROUP BY 1 ORDER BY 2

SELECT h, (SELECT max(name) FROM g2 WHERE g2.ts = g1.ts) AS name FROM g1 GROUP BY h

DROP TABLE g1

DROP TABLE g2
