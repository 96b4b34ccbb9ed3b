-- Statistics of values that are no numbers, ranks, bits, frames over times.

CREATE TABLE odd (ts TIMESTAMP TIME INDEX, k STRING, x DOUBLE, u INT UNSIGNED, PRIMARY KEY (k))

INSERT INTO odd VALUES (1, 'a', 1, 1), (2, 'a', 'NaN'::double, 2), (3, 'b', 2, 3), (4, 'b', 'Infinity'::double, NULL), (5, 'c', 3, 7), (6, 'c', 5, 4), (7, 'd', NULL, NULL)

SELECT k, stddev(x) AS a, stddev_pop(x) AS b, var(x) AS c, var_pop(x) AS d, avg(x) AS e, sum(x) AS f FROM odd GROUP BY k ORDER BY k

SELECT k, corr(x, u) AS a, covar_pop(x, u) AS b, regr_slope(x, u) AS c, regr_count(x, u) AS d FROM odd GROUP BY k ORDER BY k

SELECT stddev(x) FILTER (WHERE k = 'c') AS a, stddev(DISTINCT x) AS b, var_pop(x) AS c FROM odd WHERE k <> 'a'

SELECT k, stddev_pop(x) OVER (PARTITION BY k) AS a FROM odd ORDER BY ts

SELECT var_pop(v) AS a FROM (VALUES (1e200), (-1e200)) t(v)

SELECT median(u) AS a, percentile_cont(0.5) WITHIN GROUP (ORDER BY u) AS b, quantile_cont(u, 0.25) AS c FROM odd

SELECT percentile_cont(NULL) WITHIN GROUP (ORDER BY u) AS a FROM odd

SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY u) AS a FROM odd

SELECT percentile_cont(-0.5) WITHIN GROUP (ORDER BY u) AS a FROM odd

SELECT approx_percentile_cont(2) WITHIN GROUP (ORDER BY u) AS a FROM odd

SELECT bit_and(u) AS a, bit_or(u) AS b, bit_xor(u) AS c, arrow_typeof(bit_or(u)) AS d FROM odd

SELECT ts, count(*) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '2 milliseconds' PRECEDING AND CURRENT ROW) AS a, sum(u) OVER (ORDER BY ts RANGE BETWEEN '1 millisecond' PRECEDING AND '1 millisecond' FOLLOWING) AS b FROM odd ORDER BY ts

SELECT count(*) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '1 month' PRECEDING AND CURRENT ROW) AS a FROM odd

SELECT ntile(0) OVER (ORDER BY ts) AS a FROM odd

SELECT sum(k) AS a FROM odd

DROP TABLE odd
