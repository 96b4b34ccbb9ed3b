-- What scans reduce themselves. Each plan is followed by its rows.

CREATE TABLE cpu (host STRING, dc STRING, ts TIMESTAMP(3) TIME INDEX, usage DOUBLE, n INT, PRIMARY KEY(host, dc))

CREATE TABLE parts (host STRING, dc STRING, ts TIMESTAMP(3) TIME INDEX, usage DOUBLE, n INT, PRIMARY KEY(host, dc)) PARTITION ON COLUMNS (host) (host < 'b', host >= 'b')

INSERT INTO cpu VALUES ('a', 'eu', 1000, 1, 1), ('a', 'eu', 61000, 2, 2), ('b', 'us', 1000, 3, 3), ('b', 'us', 61000, NULL, 4), ('c', 'us', 121000, 5, NULL)

INSERT INTO parts SELECT * FROM cpu

EXPLAIN SELECT count(*), min(ts), max(ts) FROM cpu

SELECT count(*), min(ts), max(ts) FROM cpu

EXPLAIN SELECT dc, date_bin(INTERVAL '1 minute', ts) AS m, avg(usage), max(n) FILTER (WHERE usage > 1) FROM cpu GROUP BY dc, m HAVING max(usage) > 1 ORDER BY m DESC, dc LIMIT 3

SELECT dc, date_bin(INTERVAL '1 minute', ts) AS m, avg(usage), max(n) FILTER (WHERE usage > 1) FROM cpu GROUP BY dc, m HAVING max(usage) > 1 ORDER BY m DESC, dc LIMIT 3

EXPLAIN SELECT n % 2 AS odd, count(*) FROM cpu GROUP BY odd ORDER BY odd

SELECT n % 2 AS odd, count(*) FROM cpu GROUP BY odd ORDER BY odd

EXPLAIN SELECT 'all' AS what, upper(dc) AS d, sum(n) + 1 AS s, count(DISTINCT host) FROM cpu GROUP BY what, d ORDER BY d

SELECT 'all' AS what, upper(dc) AS d, sum(n) + 1 AS s, count(DISTINCT host) FROM cpu GROUP BY what, d ORDER BY d

EXPLAIN SELECT dc, sum(n), avg(usage), last_value(n ORDER BY ts) FROM parts GROUP BY dc ORDER BY dc

SELECT dc, sum(n), avg(usage), last_value(n ORDER BY ts) FROM parts GROUP BY dc ORDER BY dc

EXPLAIN SELECT DISTINCT dc FROM cpu ORDER BY dc

SELECT DISTINCT dc FROM cpu ORDER BY dc

EXPLAIN SELECT DISTINCT dc FROM parts ORDER BY dc

SELECT DISTINCT dc FROM parts ORDER BY dc

-- the newest row of each series
EXPLAIN SELECT host, last_value(n ORDER BY ts), max(ts) FROM cpu GROUP BY host ORDER BY host

SELECT host, last_value(n ORDER BY ts), max(ts) FROM cpu GROUP BY host ORDER BY host

EXPLAIN SELECT DISTINCT ON (host) host, ts, n FROM parts ORDER BY host, ts DESC

SELECT DISTINCT ON (host) host, ts, n FROM parts ORDER BY host, ts DESC

EXPLAIN SELECT host, ts, n FROM (SELECT *, row_number() OVER (PARTITION BY host ORDER BY ts DESC) AS r FROM cpu) WHERE r = 1 ORDER BY host

SELECT host, ts, n FROM (SELECT *, row_number() OVER (PARTITION BY host ORDER BY ts DESC) AS r FROM cpu) WHERE r = 1 ORDER BY host

EXPLAIN SELECT host, n FROM cpu WHERE host = 'b' ORDER BY ts DESC LIMIT 1

SELECT host, n FROM cpu WHERE host = 'b' ORDER BY ts DESC LIMIT 1

-- newest and oldest rows, and limits
EXPLAIN SELECT host, ts FROM parts ORDER BY ts DESC LIMIT 2

SELECT ts FROM parts ORDER BY ts DESC LIMIT 2

EXPLAIN SELECT ts FROM (SELECT host, ts FROM cpu UNION ALL SELECT host, ts FROM parts) ORDER BY ts DESC LIMIT 3

SELECT ts FROM (SELECT host, ts FROM cpu UNION ALL SELECT host, ts FROM parts) ORDER BY ts DESC LIMIT 3

EXPLAIN SELECT n + 1 FROM (SELECT host, n, usage FROM cpu UNION ALL SELECT host, n, usage FROM parts) LIMIT 3

SELECT count(*) FROM (SELECT host, n, usage FROM cpu UNION ALL SELECT host, n, usage FROM parts LIMIT 3)

EXPLAIN SELECT a.ts FROM cpu a LEFT JOIN parts b ON a.ts = b.ts AND a.host = b.host ORDER BY a.ts LIMIT 2

SELECT a.ts FROM cpu a LEFT JOIN parts b ON a.ts = b.ts AND a.host = b.host ORDER BY a.ts LIMIT 2

-- beneath what is left to relations
EXPLAIN SELECT host, sum(n) AS s, rank() OVER (ORDER BY sum(n) DESC NULLS LAST) AS r FROM cpu GROUP BY host ORDER BY r

SELECT host, sum(n) AS s, rank() OVER (ORDER BY sum(n) DESC NULLS LAST) AS r FROM cpu GROUP BY host ORDER BY r

EXPLAIN SELECT a.host, a.x, b.y FROM (SELECT host, max(n) AS x FROM cpu GROUP BY host) a JOIN (SELECT host, min(usage) AS y FROM parts GROUP BY host) b ON a.host = b.host WHERE a.host < 'c' ORDER BY a.host

SELECT a.host, a.x, b.y FROM (SELECT host, max(n) AS x FROM cpu GROUP BY host) a JOIN (SELECT host, min(usage) AS y FROM parts GROUP BY host) b ON a.host = b.host WHERE a.host < 'c' ORDER BY a.host

-- moments of several regions, and of parts of a group, are put together
EXPLAIN SELECT dc, stddev(n), var_pop(usage) FROM parts GROUP BY dc ORDER BY dc

SELECT dc, stddev(n), var_pop(usage) FROM parts GROUP BY dc ORDER BY dc

EXPLAIN SELECT upper(dc) AS d, stddev(n) FROM cpu GROUP BY d ORDER BY d

SELECT upper(dc) AS d, stddev(n) FROM cpu GROUP BY d ORDER BY d

-- before a join
EXPLAIN SELECT b.m, avg(a.usage), count(*) FROM cpu a JOIN (SELECT DISTINCT host, upper(dc) AS m FROM parts) b ON a.host = b.host GROUP BY b.m ORDER BY b.m

SELECT b.m, avg(a.usage), count(*) FROM cpu a JOIN (SELECT DISTINCT host, upper(dc) AS m FROM parts) b ON a.host = b.host GROUP BY b.m ORDER BY b.m

-- sets of keys, and parts of times
EXPLAIN SELECT host, dc, count(*), max(n) FROM cpu WHERE n > 1 GROUP BY ROLLUP (dc, host) ORDER BY dc, host

SELECT host, dc, count(*), max(n) FROM cpu WHERE n > 1 GROUP BY ROLLUP (dc, host) ORDER BY dc, host

EXPLAIN SELECT extract(minute FROM ts) AS m, sum(n) FROM cpu GROUP BY m ORDER BY m

SELECT extract(minute FROM ts) AS m, sum(n) FROM cpu GROUP BY m ORDER BY m

EXPLAIN SELECT host, approx_distinct(usage), hll(n) FROM parts GROUP BY host ORDER BY host

SELECT host, approx_distinct(usage), hll_count(hll(n)) FROM parts GROUP BY host ORDER BY host

SELECT approx_distinct(usage), approx_distinct(n), approx_distinct(dc) FROM cpu WHERE host = 'none'

-- digests, sketches with buckets and pairs, too, and such as are kept
EXPLAIN SELECT host, approx_percentile_cont(usage, 0.99), approx_median(n), uddsketch_state(128, 0.01, usage), corr(n, usage) FROM parts GROUP BY host ORDER BY host

EXPLAIN SELECT date_bin(INTERVAL '1 minute', ts) AS m, approx_percentile_cont_with_weight(n, 0.9, 50) WITHIN GROUP (ORDER BY usage DESC), regr_count(usage, n + 1), covar_pop(n, usage) FROM cpu GROUP BY m ORDER BY m
