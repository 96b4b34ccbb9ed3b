-- DISTINCT ON above groups, windows and range queries.

CREATE TABLE t (host STRING, dc STRING, ts TIMESTAMP TIME INDEX, v INT, PRIMARY KEY (host, dc))

INSERT INTO t VALUES ('a', 'x', 1, 1), ('a', 'y', 1, 2), ('a', 'x', 5000, 4), ('b', 'x', 1, 8), ('b', 'y', 5000, 16)

SELECT DISTINCT ON (host) host, count(*) AS n FROM t GROUP BY host ORDER BY host

SELECT DISTINCT ON (host) host, dc, sum(v) AS s FROM t GROUP BY host, dc ORDER BY host, s DESC

SELECT DISTINCT ON (upper(host)) upper(host) AS h, dc, max(v) AS m FROM t GROUP BY upper(host), dc ORDER BY upper(host), dc

SELECT DISTINCT ON (host) host, dc, row_number() OVER (PARTITION BY host ORDER BY v DESC) AS r FROM t ORDER BY host, r

SELECT DISTINCT ON (host) host, max(v) RANGE '5s' AS m FROM t ALIGN '5s' ORDER BY host, ts DESC

SELECT DISTINCT ON (dc) host, count(*) FROM t GROUP BY host
