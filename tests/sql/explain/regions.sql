-- One region or two: the same rows, by reductions whose parts are put together. Rounded, because the order in which they are is not fixed.
-- REGIONS host: host < 'b', host >= 'b'

CREATE TABLE cpu (host STRING, dc STRING, ts TIMESTAMP(3) TIME INDEX, usage DOUBLE, n INT, PRIMARY KEY(host, dc))

CREATE TABLE dim (name STRING, team STRING, since TIMESTAMP(3) TIME INDEX, PRIMARY KEY(name))

INSERT INTO cpu VALUES ('a', 'eu', 1000, 1, 1), ('a', 'eu', 61000, 2, 2), ('b', 'us', 1000, 3, 3), ('b', 'us', 61000, NULL, 4), ('c', NULL, 121000, 5, NULL), (NULL, 'eu', 1000, 6, 6)

INSERT INTO dim VALUES ('a', 'x', 1000), ('b', 'y', 2000), ('c', 'x', 3000)

SELECT dc, count(*), count(n), sum(n), avg(usage), min(n), max(usage) FROM cpu GROUP BY dc ORDER BY dc

SELECT dc, round(stddev(n), 9), round(stddev_pop(n), 9), round(var(usage), 9), round(var_pop(usage), 9) FROM cpu GROUP BY dc ORDER BY dc

SELECT round(stddev(n + 1000000000), 9), round(var_pop(usage) FILTER (WHERE n > 1), 9) FROM cpu

SELECT dc, first_value(n ORDER BY ts), last_value(usage ORDER BY ts) FROM cpu WHERE host IS NOT NULL GROUP BY dc ORDER BY dc

SELECT count(DISTINCT dc), count(DISTINCT n), approx_distinct(host) FROM cpu

SELECT dc, approx_percentile_cont(usage, 0.5), median(n) FROM cpu GROUP BY dc ORDER BY dc

SELECT hll_count(hll(host)) FROM cpu

SELECT DISTINCT dc FROM cpu ORDER BY dc

SELECT host, n FROM (SELECT host, n, row_number() OVER (PARTITION BY host ORDER BY ts DESC) AS r FROM cpu) WHERE r = 1 ORDER BY host

SELECT d.team, count(*), avg(c.usage), round(stddev(c.n), 9) FROM cpu c JOIN dim d ON c.host = d.name GROUP BY d.team ORDER BY d.team

SELECT count(*) FROM cpu WHERE host IN (SELECT name FROM dim WHERE team = 'x')

SELECT c.host, c.n FROM cpu c LEFT JOIN dim d ON c.host = d.name WHERE d.team IS NULL OR d.team = 'y' ORDER BY c.n

SELECT dc, host, count(*), round(stddev(n), 9) FROM cpu GROUP BY CUBE (dc, host) ORDER BY dc, host, 3

SELECT ts, host FROM cpu ORDER BY ts DESC, host LIMIT 2

SELECT date_bin(INTERVAL '1 minute', ts) AS m, count(*) FROM cpu GROUP BY m ORDER BY m DESC LIMIT 2
