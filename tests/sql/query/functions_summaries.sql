-- Quantiles, correlations and sketches that regions make themselves.
-- REGIONS host: host < 'b', host >= 'b' AND host < 'd', host >= 'd'

CREATE TABLE s (host STRING, ts TIMESTAMP TIME INDEX, x DOUBLE, y DOUBLE, i INT, u BIGINT UNSIGNED, w DOUBLE, f FLOAT, note STRING, PRIMARY KEY (host))

-- Of nothing there is nothing.
SELECT approx_median(x) AS a, approx_percentile_cont(i, 0.5) AS b, approx_percentile_cont_with_weight(w, 0.5) WITHIN GROUP (ORDER BY x) AS c, approx_distinct(x) AS d, hll(x) AS e, uddsketch_state(16, 0.01, x) AS f, corr(x, y) AS g, covar_pop(x, y) AS h, regr_count(x, y) AS j, regr_avgx(x, y) AS k FROM s

SELECT host, approx_median(x) AS a, corr(x, y) AS b FROM s GROUP BY host

INSERT INTO s VALUES
('a', 1, 1, 2, 1, 1, 1, 0.5, 'n1'), ('a', 2, 2, 4, 2, 2, 1, 1.5, 'n2'), ('a', 3, 3, 6, 4, 18446744073709551615, 2, 2.5, 'n1'), ('a', 4, NULL, 9, NULL, NULL, 1, NULL, NULL), ('a', 5, 10, NULL, 7, 3, 0, 3.5, 'n3'),
('b', 1, 5, 1, 5, 5, 1, 1, 'n1'),
('c', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
('d', 1, 'NaN'::double, 1, 1, 1, 1, 1, 'n4'), ('d', 2, 'Infinity'::double, 2, 2, 2, 'NaN'::double, 2, 'n5'), ('d', 3, '-Infinity'::double, 3, 3, 3, -1, 3, 'n6'), ('d', 4, 1, 4, 4, 4, NULL, 4, 'n7'),
('e', 1, 0.1, 1, -1, 0, 1, 0.1, 'n1'), ('e', 2, 0.1, 2, -2, 0, 1, 0.1, 'n1'), ('e', 3, 0.1, 4, -4, 0, 1, 0.1, 'n1'), ('e', 4, -0.0, 1, 0, 0, 1, 0, '')

-- Whole numbers stay whole, single precision stays single.
SELECT host, approx_median(x) AS a, approx_median(i) AS b, approx_median(u) AS c, approx_median(f) AS d, arrow_typeof(approx_median(i)) AS e, arrow_typeof(approx_median(u)) AS g, arrow_typeof(approx_median(f)) AS h FROM s GROUP BY host ORDER BY host

SELECT host, approx_percentile_cont(x, 0) AS a, approx_percentile_cont(x, 0.25) AS b, approx_percentile_cont(x, 0.5, 10) AS c, approx_percentile_cont(0.75) WITHIN GROUP (ORDER BY x) AS d, approx_percentile_cont(0.75, 200) WITHIN GROUP (ORDER BY x DESC) AS e, approx_percentile_cont(x, 1) AS f FROM s GROUP BY host ORDER BY host

-- Rows whose weight is NULL, not a number or not greater than 0 do not count.
SELECT host, approx_percentile_cont_with_weight(w, 0.5) WITHIN GROUP (ORDER BY x) AS a, approx_percentile_cont_with_weight(x, w, 0.5) AS b, approx_percentile_cont_with_weight(w, 0.25) WITHIN GROUP (ORDER BY i DESC) AS c, approx_percentile_cont_with_weight(i, 0.5, 50) WITHIN GROUP (ORDER BY y) AS d FROM s GROUP BY host ORDER BY host

SELECT host, corr(x, y) AS a, covar(x, y) AS b, covar_samp(x, y) AS c, covar_pop(x, y) AS d, regr_count(y, x) AS e FROM s GROUP BY host ORDER BY host

SELECT host, regr_slope(y, x) AS a, regr_intercept(y, x) AS b, regr_r2(y, x) AS c, regr_avgx(y, x) AS d, regr_avgy(y, x) AS e, regr_sxx(y, x) AS f, regr_syy(y, x) AS g, regr_sxy(y, x) AS h FROM s GROUP BY host ORDER BY host

SELECT approx_median(x) FILTER (WHERE host < 'd') AS a, approx_percentile_cont(x + i, 0.5) FILTER (WHERE host = 'a') AS b, corr(y, i + x) FILTER (WHERE host = 'a' AND u < 10) AS c, approx_median(CASE WHEN i > 1 THEN i END) AS d, approx_median(DISTINCT i) AS e FROM s

-- -0 is 0, and one NaN is as good as another; texts tell 0.0 from -0.0.
SELECT host, approx_distinct(x) AS a, approx_distinct(i) AS b, approx_distinct(u) AS c, approx_distinct(note) AS d, approx_distinct(f) AS e, approx_distinct(x > 1) AS f, hll_count(hll(x)) AS g, hll_count(hll(note)) AS h FROM s GROUP BY host ORDER BY host

SELECT approx_distinct(ts) AS a, approx_distinct(host) AS b, approx_distinct(x + 1) AS c, approx_distinct(i) FILTER (WHERE host = 'a') AS d, approx_distinct(CASE WHEN i > 0 THEN x END) AS e, approx_distinct(x) OVER () AS f FROM s GROUP BY x, ts ORDER BY x, ts LIMIT 1

SELECT host, round(uddsketch_calc(0.5, uddsketch_state(128, 0.01, x)), 2) AS a, round(uddsketch_calc(0, uddsketch_state(128, 0.01, i)), 2) AS b, round(uddsketch_calc(1, uddsketch_state(128, 0.01, y)), 2) AS c, uddsketch_calc(2, uddsketch_state(128, 0.01, y)) AS d FROM s GROUP BY host ORDER BY host

-- States that are kept in a table merge there, too, with those made now.
CREATE TABLE kept (host STRING, ts TIMESTAMP TIME INDEX, h BINARY, d BINARY, PRIMARY KEY (host))

INSERT INTO kept SELECT host, ts, hll(note), uddsketch_state(128, 0.01, i) FROM s GROUP BY host, ts

SELECT hll_count(hll_merge(h)) AS a, round(uddsketch_calc(0.5, uddsketch_merge(128, 0.01, d)), 2) AS b FROM kept

SELECT host, hll_count(hll_merge(h)) AS a, round(uddsketch_calc(1, uddsketch_merge(128, 0.01, d)), 2) AS b FROM kept GROUP BY host ORDER BY host

SELECT (SELECT hll_merge(h) FROM kept) = (SELECT hll(note) FROM s) AS a, (SELECT uddsketch_merge(128, 0.01, d) FROM kept) = (SELECT uddsketch_state(128, 0.01, i) FROM s) AS b

SELECT hll_merge(h) AS a, uddsketch_merge(128, 0.01, d) AS b FROM kept WHERE host = 'c'

SELECT uddsketch_merge(64, 0.01, d) AS a FROM kept

SELECT uddsketch_merge(128, 0.01, h) AS a FROM kept

SELECT uddsketch_state(1, 0.01, x) AS a FROM s

SELECT uddsketch_state(1, 0.01, x) AS a FROM s WHERE host = 'none'

SELECT approx_percentile_cont(x, 1.5) AS a FROM s

SELECT approx_percentile_cont(x, NULL) AS a FROM s

SELECT approx_percentile_cont(x, y) AS a FROM s

SELECT approx_percentile_cont(x, 0.5, 0) AS a FROM s

SELECT approx_percentile_cont(note, 0.5) AS a FROM s WHERE host = 'b'

-- The same above a join, where rows go through the relational engine and groups of regions are merged in it.
SELECT n.note, approx_median(s.x) AS a, round(corr(s.x, s.y), 6) AS b, approx_distinct(s.x) AS c, round(uddsketch_calc(0.5, uddsketch_state(128, 0.01, s.i)), 2) AS d FROM s JOIN (SELECT note, max(host) AS host FROM s GROUP BY note) n ON s.host = n.host WHERE s.host < 'd' GROUP BY n.note ORDER BY n.note

-- Many groups, and many values in one.
CREATE TABLE many (host STRING, ts TIMESTAMP TIME INDEX, v DOUBLE, PRIMARY KEY (host))

INSERT INTO many SELECT 'h' || (n % 50), n::bigint::timestamp_ms, (n * 7919 % 20011)::double FROM generate_series(1, 20000) g(n)

SELECT abs(approx_median(v) - 10005) < 200 AS a, abs(approx_percentile_cont(v, 0.99) - 19811) < 60 AS b, abs(approx_percentile_cont(v, 0.001) - 20) < 20 AS c, approx_distinct(v) BETWEEN 19500 AND 20500 AS d, abs(corr(v, v) - 1) < 1e-12 AS e, abs(uddsketch_calc(0.5, uddsketch_state(256, 0.01, v)) - 10005) < 150 AS f FROM many

SELECT count(*) AS n, sum(CASE WHEN abs(a - b) < 150 THEN 1 ELSE 0 END) AS near, sum(CASE WHEN c BETWEEN 390 AND 410 THEN 1 ELSE 0 END) AS counted FROM (SELECT host, approx_median(v) AS a, approx_distinct(v) AS c FROM many GROUP BY host) p JOIN (SELECT host, median(v) AS b FROM many GROUP BY host) q ON p.host = q.host

SELECT date_bin(INTERVAL '5 seconds', ts) AS t, approx_median(v) BETWEEN 9000 AND 11000 AS a, round(corr(v, v), 9) AS b FROM many GROUP BY t ORDER BY t

SELECT ts, approx_median(v) RANGE '10s' BETWEEN 9000 AND 11000 AS a FROM many WHERE ts > 0 ALIGN '10s' BY () ORDER BY ts

DROP TABLE s

DROP TABLE kept

DROP TABLE many
