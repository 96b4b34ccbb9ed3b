CREATE TABLE a (ts TIMESTAMP TIME INDEX, g STRING PRIMARY KEY, i BIGINT, u BIGINT UNSIGNED, f DOUBLE, d DECIMAL(10, 2), s STRING, b BOOLEAN)

INSERT INTO a VALUES (1, 'x', 1, 1, 1.5, 1.25, 'a', true), (2, 'x', 2, 2, 2.5, 2.25, 'b', false), (3, 'x', 2, 2, 2.5, 2.25, 'b', true), (4, 'x', NULL, NULL, NULL, NULL, NULL, NULL), (5, 'y', 9223372036854775807, 18446744073709551615, -1, 0.5, 'z', true), (6, 'y', 1, 1, 4.5, 0.5, 'z', true)

SELECT g, count(i), count(*), count(DISTINCT i), count_hash(i), sum(i), sum(u), sum(f), sum(d), avg(i), mean(f), avg(d), min(s), max(s) FROM a GROUP BY g ORDER BY g

SELECT sum(i) AS a, sum(u) AS b, sum(i + 0) AS c FROM a

SELECT g, sum(i) OVER (PARTITION BY g ORDER BY ts) AS r FROM a ORDER BY ts

SELECT count(i) AS a, sum(i) AS b, avg(i) AS c, min(i) AS d, median(i) AS e, stddev(i) AS f, array_agg(i) AS g, hll_count(hll(i)) AS h, bool_and(b) AS j FROM a WHERE ts > 100

SELECT first_value(s ORDER BY ts) AS a, last_value(s ORDER BY ts) AS b, array_agg(i ORDER BY ts) AS c, array_agg(DISTINCT s ORDER BY s) AS d, string_agg(s, '-' ORDER BY ts) AS e, nth_value(s, 2 ORDER BY ts) AS f FROM a WHERE g = 'x'

SELECT round(stddev(f), 6) AS a, round(stddev_pop(f), 6) AS b, round(var(f), 6) AS c, round(var_pop(f), 6) AS d, round(var_sample(f), 6) AS e, round(var_population(f), 6) AS h, stddev_samp(i) IS NULL AS g FROM a WHERE g = 'x' AND ts < 4

SELECT stddev(f) AS a, stddev_pop(f) AS b, var_samp(f) AS c FROM a WHERE ts = 1

SELECT corr(f, i) > 0.99 AS a, covar(f, i) AS b, covar_pop(f, i) AS c, regr_slope(f, i) AS d, regr_intercept(f, i) AS e, regr_r2(f, i) AS f, regr_count(f, i) AS g, regr_avgx(f, i) AS h, regr_avgy(f, i) AS j, regr_sxx(f, i) AS k, regr_syy(f, i) AS l, regr_sxy(f, i) AS m FROM a WHERE g = 'x'

SELECT corr(f, i) AS a FROM a WHERE ts = 1

SELECT median(f) AS a, median(i) AS b, percentile_cont(0.5) WITHIN GROUP (ORDER BY f) AS c, quantile_cont(f, 0.25) AS d, approx_distinct(s) AS e, approx_median(f) AS h, approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY f) AS i, approx_percentile_cont_with_weight(i, 0.5) WITHIN GROUP (ORDER BY f) AS j FROM a WHERE g = 'x'

SELECT bit_and(i) AS a, bit_or(i) AS b, bit_xor(i) AS c, bool_and(b) AS d, bool_or(b) AS e FROM a WHERE g = 'x'

SELECT g, s, grouping(g) AS a, grouping(s) AS b, count(*) AS n FROM a GROUP BY GROUPING SETS ((g), (s), ()) ORDER BY a, b, g, s

SELECT g, hll_count(hll(s)) AS a, hll_count(hll(i)) AS b FROM a GROUP BY g ORDER BY g

SELECT hll_count(hll_merge(h)) AS n FROM (SELECT g, hll(s) AS h FROM a GROUP BY g)

SELECT hll_count(NULL) AS a, hll_count('nonsense') AS b

SELECT uddsketch_calc(0.5, uddsketch_state(128, 0.01, f)) BETWEEN 2.4 AND 2.6 AS a, uddsketch_calc(0.0, uddsketch_state(128, 0.01, f)) BETWEEN 1.4 AND 1.6 AS b, uddsketch_calc(2.0, uddsketch_state(128, 0.01, f)) AS c, uddsketch_calc(0.5, 'nonsense') AS d FROM a WHERE g = 'x'

SELECT uddsketch_calc(0.9, uddsketch_merge(128, 0.01, u)) BETWEEN 2.4 AND 2.6 AS a FROM (SELECT ts, uddsketch_state(128, 0.01, f) AS u FROM a WHERE g = 'x' GROUP BY ts)

SELECT uddsketch_merge(64, 0.01, u) FROM (SELECT uddsketch_state(128, 0.01, f) AS u FROM a)

SELECT count(i) FILTER (WHERE i > 1) AS a, sum(DISTINCT i) AS b, hll_count(hll(s) FILTER (WHERE s > 'a')) AS c FROM a WHERE g = 'x'

SELECT ts, row_number() OVER w AS a, rank() OVER (ORDER BY i) AS b, dense_rank() OVER (ORDER BY i) AS c, lag(i) OVER w AS d, lead(i, 2, -1) OVER w AS e, first_value(i) OVER w AS f, last_value(i) OVER w AS g, nth_value(i, 2) OVER w AS h, ntile(2) OVER w AS j, percent_rank() OVER (ORDER BY i) AS k, cume_dist() OVER (ORDER BY i) AS l, lag(i) IGNORE NULLS OVER w AS m FROM a WHERE g = 'x' WINDOW w AS (ORDER BY ts) ORDER BY ts

SELECT sum(s) FROM a

SELECT median(s) FROM a

SELECT stddev(s) FROM a

SELECT corr(s, i) FROM a

SELECT approx_median(s) FROM a

SELECT anomaly_score_mad(s) OVER () FROM a

SELECT row_number() FROM a
