package query

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
)

// queries to be asked in several ways. Those that end in an order are compared in it.
var agreeing = []string{
	"SELECT * FROM T",
	"SELECT host, usage FROM T WHERE usage > 20",
	"SELECT host, usage FROM T WHERE NOT (usage > 20)",
	"SELECT ts, n FROM T WHERE n >= 2.5 OR n < -3",
	"SELECT ts FROM T WHERE n IN (1, 2, NULL)",
	"SELECT ts FROM T WHERE n NOT IN (1, 2)",
	"SELECT ts FROM T WHERE n NOT IN (1, NULL)",
	"SELECT ts FROM T WHERE dc IS NULL AND ok",
	"SELECT ts FROM T WHERE NOT (dc = 'east' AND n > 0)",
	"SELECT ts FROM T WHERE n > 300 OR n < 200",
	"SELECT ts FROM T WHERE n = 2.5 OR n != 3.5",
	"SELECT ts FROM T WHERE ts BETWEEN '2024-01-01 00:00:20' AND '2024-01-01 00:01:00'",
	"SELECT ts FROM T WHERE ts > '2024-01-01T00:01:00Z' AND ts != 1704067280000",
	"SELECT ts FROM T WHERE ts >= to_timestamp_nanos(1704067220000500001)",
	"SELECT note FROM T WHERE note LIKE '%a1' OR note ILIKE 'LINE 2%'",
	"SELECT note FROM T WHERE note NOT LIKE 'line _:%' AND note ~ 'a[23]$'",
	"SELECT note FROM T WHERE note !~ 'a[23]$' AND matches_term(note, 'GET')",
	"SELECT note FROM T WHERE matches_term(note, 'line 3') OR note @@ '/a1'",
	"SELECT note FROM T WHERE matches(note, '+line -a1') OR NOT matches(note, 'GET AND \"line 2\"')",
	"SELECT note, matches(note, '(a1 OR a2) -3') FROM T WHERE NOT matches_term(note, 'lines')",
	"SELECT count(*), count(usage), sum(n), min(usage), max(usage), avg(n), min(host), max(ts) FROM T",
	"SELECT count(*), sum(n), max(host) FROM T WHERE host = 'none'",
	"SELECT host, count(*) FROM T WHERE host = 'none' GROUP BY host",
	"SELECT host, avg(big), sum(big), count(n) FROM T GROUP BY host ORDER BY host",
	"SELECT dc, min(n), max(note) FROM T GROUP BY dc ORDER BY dc",
	"SELECT date_trunc('minute', ts) AS m, host, max(n) FROM T GROUP BY m, host ORDER BY m, host",
	"SELECT date_bin(INTERVAL '30 seconds', ts) AS b, avg(n) FROM T GROUP BY b ORDER BY b DESC LIMIT 3",
	"SELECT date_bin('1 minute', ts, '2024-01-01 00:00:10'::timestamp) AS b, count(*) FROM T GROUP BY b ORDER BY b",
	"SELECT ts::date AS d, sum(n) FROM T GROUP BY d",
	"SELECT date_trunc('month', ts) AS d, sum(n) FROM T GROUP BY d",
	"SELECT date_trunc('week', ts), count(*) FROM T GROUP BY 1",
	"SELECT date_trunc('quarter', ts) AS q, host, avg(n), max(usage), count(*) FROM T GROUP BY q, host ORDER BY q, host",
	"SELECT date_trunc('year', ts) AS y, date_trunc('month', ts) AS m, sum(n) FROM T GROUP BY y, m",
	"SELECT date_trunc('month', ts) AS y, date_trunc('hour', ts) AS m, sum(n) FROM T GROUP BY y, m",
	"SELECT coalesce(dc, 'none') AS d, avg(usage), count(n) FROM T WHERE usage < 100 GROUP BY d ORDER BY d",
	"SELECT host || '-' || host AS d, dc, avg(big) FROM T GROUP BY d, dc ORDER BY d",
	"SELECT DISTINCT substr(host, 1, 1) FROM T",
	"SELECT avg(huge), avg(n), count(huge) FROM T",
	"SELECT host, avg(huge), avg(huge) / 2 AS h FROM T GROUP BY host ORDER BY host",
	"SELECT ok, sum(n + 1) FROM T GROUP BY ok HAVING sum(n + 1) > 0 ORDER BY ok",
	"SELECT host, max(n) - min(n) AS spread FROM T GROUP BY host HAVING count(*) > 5 ORDER BY spread DESC, host",
	"SELECT upper(host) AS u, count(DISTINCT dc) FROM T GROUP BY u ORDER BY u",
	"SELECT sum(usage) FILTER (WHERE ok), count(*) FILTER (WHERE n > 0) FROM T WHERE usage < 1000",
	"SELECT host, last_value(n ORDER BY ts), max(ts) FROM T GROUP BY host ORDER BY host",
	"SELECT dc, last_value(note ORDER BY ts) FROM T WHERE ts < '2024-01-01 00:02:00' GROUP BY dc ORDER BY dc",
	"SELECT first_value(n ORDER BY ts), last_value(n ORDER BY ts) FROM T",
	"SELECT DISTINCT ON (host) host, ts, n FROM T ORDER BY host, ts DESC",
	"SELECT DISTINCT dc FROM T ORDER BY dc",
	"SELECT ts, host FROM T ORDER BY ts LIMIT 7",
	"SELECT ts, host FROM T ORDER BY ts DESC LIMIT 7 OFFSET 3",
	"SELECT host, n FROM T ORDER BY n DESC, ts LIMIT 4",
	"SELECT count(*) FROM (SELECT * FROM T LIMIT 5)",
	"SELECT host AS h, u FROM (SELECT host, usage * 2 AS u, ts FROM T) WHERE u > 30 ORDER BY ts LIMIT 5",
	"SELECT a.host, a.n, b.n FROM T a JOIN T b ON a.ts = b.ts AND a.host = b.host WHERE a.n > 1 ORDER BY a.ts",
	"SELECT a.ts, b.ts FROM T a LEFT JOIN T b ON a.ts = b.ts + interval '20 seconds' AND b.n > 0 WHERE a.n > 2 ORDER BY a.ts",
	"SELECT count(*) FROM T a FULL JOIN T b USING (ts, host)",
	"SELECT ts FROM T WHERE usage = (SELECT max(usage) FROM T WHERE usage < 30)",
	"SELECT ts FROM T WHERE host IN (SELECT host FROM T WHERE n = 4) ORDER BY ts",
	"SELECT a.ts FROM T a WHERE EXISTS (SELECT 1 FROM T b WHERE b.host = a.host AND b.ts < a.ts AND b.n > a.n) ORDER BY ts",
	"SELECT host, n, row_number() OVER (PARTITION BY host ORDER BY ts) AS r, lag(n) OVER (PARTITION BY host ORDER BY ts) FROM T ORDER BY ts",
	"SELECT * FROM (SELECT host, ts, row_number() OVER (PARTITION BY host ORDER BY ts DESC) AS r FROM T) WHERE r <= 2 AND host != 'h0' ORDER BY ts",
	"SELECT host, sum(n) AS s, rank() OVER (ORDER BY sum(n)) FROM T GROUP BY host ORDER BY s, host",
	"SELECT host FROM T WHERE n > 3 UNION SELECT dc FROM T WHERE n < 0 ORDER BY 1",
	"SELECT host, n FROM T EXCEPT SELECT host, n FROM T WHERE n < 2 ORDER BY 1, 2",
	"WITH w AS (SELECT host, avg(n) AS a FROM T GROUP BY host) SELECT * FROM w x JOIN w y ON x.a < y.a ORDER BY 1, 3",
	"SELECT CASE WHEN n > 0 THEN 'pos' WHEN n < 0 THEN 'neg' END AS sign, count(*) FROM T GROUP BY sign ORDER BY sign",
	"SELECT host || '/' || dc AS k, max(ts) - min(ts) AS span FROM T GROUP BY k ORDER BY k",
	"SELECT round(approx_percentile_cont(n, 0.5)), approx_percentile_cont(usage, 1) > 0 FROM T",
	"SELECT round(stddev(n), 6), median(n), approx_distinct(host), array_agg(n ORDER BY ts) FROM T WHERE host = 'h1'",
	"SELECT n FROM T GROUP BY n ORDER BY n",
	"SELECT host, count(*) AS c FROM T GROUP BY ALL ORDER BY c, host",
	"SELECT ts + interval '1 hour' AS later, ts::string FROM T WHERE n = 4 ORDER BY ts",
	"SELECT host, dc, sum(n), count(*) FROM T GROUP BY ROLLUP (dc, host) ORDER BY dc, host, 3",
	"SELECT ok, dc, sum(n) FROM T GROUP BY ok, GROUPING SETS ((dc), ()) ORDER BY ok, dc, 3",
	"SELECT host, ok, max(ts) FROM T GROUP BY CUBE (host, ok) ORDER BY host, ok",
	"SELECT host, sum(n) FILTER (WHERE usage > 10), count(*) FILTER (WHERE ok AND n > 0), max(note) FILTER (WHERE n < 0) FROM T GROUP BY host ORDER BY host",
	"SELECT date_trunc('minute', ts) AS m, avg(usage) FILTER (WHERE host = 'h1' OR n > 2) FROM T WHERE usage < 1000 GROUP BY m ORDER BY m",
	"SELECT dc, first_value(note ORDER BY ts), last_value(usage ORDER BY ts), last_value(n ORDER BY ts DESC) FROM T GROUP BY dc ORDER BY dc",
	"SELECT date_trunc('minute', ts) AS m, host, first_value(n ORDER BY ts), last_value(note ORDER BY ts) FROM T GROUP BY m, host ORDER BY m, host",
	"SELECT host, last_value(n ORDER BY ts) FILTER (WHERE ok), first_value(host ORDER BY ts) FROM T WHERE n IS NOT NULL GROUP BY host ORDER BY host",
	"SELECT last_value(n ORDER BY ts), first_value(note ORDER BY ts) FROM T WHERE host = 'none'",
	"SELECT host, sum(n + big), max(usage * 8), min(n - 1), avg(usage / 2 + n) FROM T WHERE usage < 1000 GROUP BY host ORDER BY host",
	"SELECT dc, sum(n * n), max(-usage), count(n + big), sum(big - n) FROM T WHERE usage < 1000 GROUP BY dc ORDER BY dc",
	"SELECT host, sum(CASE WHEN ok THEN 1 ELSE 0 END), count(CASE WHEN n > 0 THEN 1 END), sum(CASE WHEN usage > 20 THEN n END) FROM T GROUP BY host ORDER BY host",
	"SELECT avg(CASE WHEN n > 0 THEN usage ELSE 0.0 END), max(CASE WHEN ok THEN big ELSE n END) FROM T WHERE usage < 1000",
	"SELECT host, count(DISTINCT dc), count(*), sum(n) FROM T GROUP BY host ORDER BY host",
	"SELECT count(DISTINCT host), max(n) FROM T",
	"SELECT dc, count(DISTINCT n), count(DISTINCT n) + 1 AS more, avg(big) FROM T GROUP BY dc ORDER BY dc",
	"SELECT date_trunc('minute', ts) AS m, count(DISTINCT host), count(DISTINCT note) FROM T GROUP BY m ORDER BY m",
	"SELECT count(DISTINCT note) FROM T WHERE host = 'none'",
	"SELECT note, count(*), max(usage), last_value(n ORDER BY ts) FROM T GROUP BY note ORDER BY note",
	"SELECT ok, n, count(*), avg(usage) FROM T WHERE usage < 1000 GROUP BY ok, n HAVING count(*) > 1 ORDER BY ok, n",
	"SELECT host, round(stddev(n), 6), round(var_pop(usage), 6), round(stddev_pop(big), 3), round(var(n) FILTER (WHERE ok), 6) FROM T WHERE usage < 1000 GROUP BY host ORDER BY host",
	"SELECT round(stddev(n), 9), round(var(n + 1), 9) FROM T",
	"SELECT stddev(n), var(n), stddev_pop(n), var_pop(n) FROM T WHERE n = 4 AND host = 'h0'",
	"SELECT date_trunc('minute', ts) AS m, max(n) FROM T GROUP BY m ORDER BY m DESC LIMIT 2",
	"SELECT date_trunc('minute', ts) AS m, host, max(n) FROM T WHERE n > 0 GROUP BY m, host ORDER BY m, host LIMIT 3 OFFSET 1",
	"SELECT ts::date AS d, count(*) FROM T GROUP BY d ORDER BY d DESC LIMIT 1",
	"SELECT date_trunc('minute', ts) AS m, max(n) AS x FROM T GROUP BY m HAVING max(n) > 3 ORDER BY m DESC LIMIT 2",
	"SELECT ts FROM T WHERE false",
	"SELECT count(DISTINCT note), count(*), count(n), sum(n), max(n) FROM T WHERE host = 'none'",
	"SELECT b.dc, count(*), sum(a.n), avg(a.usage), round(stddev(a.n), 9), min(a.note), last_value(a.n ORDER BY a.ts) FROM T a JOIN (SELECT DISTINCT host, dc FROM T WHERE n > 2) b ON a.host = b.host WHERE a.usage < 1000 GROUP BY b.dc ORDER BY b.dc",
	"SELECT b.m, a.dc, date_trunc('minute', a.ts) AS t, count(*), count(DISTINCT a.n), max(a.big) FILTER (WHERE a.ok) FROM T a LEFT JOIN (SELECT host, max(n) AS m FROM T WHERE n > 3 GROUP BY host) b ON a.host = b.host GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
	"SELECT b.n, count(*), sum(a.n) FROM (SELECT host, n FROM T WHERE n = 4) b LEFT JOIN T a ON a.host > b.host GROUP BY b.n ORDER BY b.n",
	"SELECT b.n, count(*), sum(a.n) FROM (SELECT host, n FROM T WHERE n = 4) b JOIN T a ON a.host > b.host AND a.dc IS NOT NULL GROUP BY b.n ORDER BY b.n",
	"SELECT count(*), sum(a.n), count(a.n) FROM T a JOIN T b ON a.host = b.note",
	"SELECT count(*), sum(a.n), count(b.n) FROM T a JOIN T b ON a.host = b.host AND b.ts < '2024-01-01 00:01:00' WHERE a.dc = 'east'",
	"SELECT host, dc, count(*), avg(n), round(var(n), 9) FROM T WHERE n > 100 GROUP BY ROLLUP (host, dc) ORDER BY 1, 2, 3",
	"SELECT host, dc, count(*), avg(n), round(var(n), 9), max(note) FROM T GROUP BY CUBE (host, dc) ORDER BY 1, 2, 3",
	"SELECT date_trunc('minute', ts) AS m, ok, count(n) FROM T GROUP BY GROUPING SETS ((m), (ok), ()) ORDER BY m, ok",
	"SELECT extract(minute FROM ts) AS m, count(*), avg(n) FROM T GROUP BY m ORDER BY m",
	"SELECT extract(dow FROM ts) AS d, extract(hour FROM ts) AS h, count(*) FROM T GROUP BY d, h ORDER BY d, h",
	"SELECT dc, approx_distinct(host), count(*) FROM T GROUP BY dc ORDER BY dc",
	"SELECT approx_distinct(usage), approx_distinct(n), approx_distinct(note), approx_distinct(ok), approx_distinct(big), approx_distinct(dc) FROM T",
	"SELECT dc, approx_distinct(usage), hll(n), hll(note) FILTER (WHERE ok), count(*), last_value(n ORDER BY ts) FROM T GROUP BY dc ORDER BY dc",
	"SELECT approx_distinct(n + 1), hll(usage * 2), approx_distinct(CASE WHEN n > 2 THEN note END) FROM T WHERE usage < 100",
	"SELECT approx_distinct(usage), hll(usage), hll_count(hll(n)) FROM T WHERE host = 'none'",
	"SELECT date_trunc('minute', ts) AS m, approx_distinct(usage), approx_distinct(host) FROM T GROUP BY m ORDER BY m DESC LIMIT 2",
	"SELECT host, dc, approx_distinct(n), hll(huge) FROM T GROUP BY ROLLUP (host, dc) ORDER BY host, dc",
	"SELECT hll_count(hll_merge(h)) FROM (SELECT dc, hll(n) AS h FROM T GROUP BY dc)",
	"SELECT approx_percentile_cont(n, 0.5), approx_percentile_cont(usage, 0.9), approx_percentile_cont(0.25, 50) WITHIN GROUP (ORDER BY big DESC), approx_median(usage), approx_median(n) FROM T",
	"SELECT dc, approx_median(n + 1), approx_percentile_cont(usage, 0.99) FILTER (WHERE ok), approx_percentile_cont(CASE WHEN n > 2 THEN usage END, 0), count(*) FROM T GROUP BY dc ORDER BY dc",
	"SELECT date_trunc('minute', ts) AS m, approx_percentile_cont_with_weight(n, 0.5) WITHIN GROUP (ORDER BY usage), approx_percentile_cont_with_weight(usage, 0.1) WITHIN GROUP (ORDER BY n DESC) FROM T GROUP BY m ORDER BY m",
	"SELECT approx_median(n), approx_percentile_cont(usage, 1), approx_percentile_cont_with_weight(n, 0.5) WITHIN GROUP (ORDER BY usage) FROM T WHERE host = 'none'",
	"SELECT host, dc, approx_median(n), approx_percentile_cont(huge, 0.3) FROM T GROUP BY ROLLUP (host, dc) ORDER BY host, dc",
	"SELECT host, approx_median(DISTINCT n), approx_median(n) OVER (PARTITION BY dc) AS w FROM T GROUP BY host, dc, n ORDER BY host, n, w",
	"SELECT upper(dc) AS u, approx_median(n), corr(n, usage) IS NULL FROM T GROUP BY u ORDER BY u",
	"SELECT uddsketch_state(128, 0.01, usage), uddsketch_state(16, 0.1, n), uddsketch_state(16, 0.1, n) FILTER (WHERE ok) FROM T",
	"SELECT dc, uddsketch_state(8, 0.01, usage), uddsketch_calc(0.5, uddsketch_state(128, 0.01, n + 1)) FROM T GROUP BY dc ORDER BY dc",
	"SELECT uddsketch_merge(16, 0.01, u), uddsketch_calc(0.9, uddsketch_merge(16, 0.01, u)) FROM (SELECT dc, uddsketch_state(16, 0.01, usage) AS u FROM T GROUP BY dc)",
	"SELECT uddsketch_state(16, 0.01, usage), uddsketch_calc(0.9, uddsketch_state(16, 0.01, n)) FROM T WHERE host = 'none'",
	"SELECT round(corr(n, usage), 9), round(covar_samp(n, usage), 6), round(covar_pop(usage, big), 3), regr_count(n, usage), regr_count(n, big) FROM T WHERE usage < 1000",
	"SELECT dc, round(regr_slope(n, usage), 9), round(regr_intercept(n, usage), 6), round(regr_r2(n, usage), 9), round(regr_avgx(n, usage), 6), round(regr_avgy(n, usage), 6) FROM T WHERE usage < 1000 GROUP BY dc ORDER BY dc",
	"SELECT host, round(regr_sxx(n + 1, usage * 2), 6), round(regr_syy(n, usage) FILTER (WHERE ok), 6), round(regr_sxy(usage, n), 6), count(*) FROM T WHERE usage < 1000 GROUP BY host ORDER BY host",
	"SELECT corr(n, usage), covar_pop(n, usage), covar_samp(n, usage), regr_count(n, usage), regr_slope(n, usage), regr_avgx(n, usage), regr_sxx(n, usage) FROM T WHERE host = 'none'",
	"SELECT corr(n, usage), covar_pop(n, usage), covar_samp(n, usage), regr_count(n, usage), regr_slope(n, usage), regr_r2(usage, n), regr_sxx(n, usage) FROM T WHERE n = 4 AND host = 'h0'",
	"SELECT dc, regr_count(n, usage), round(corr(n, n), 9) FROM T WHERE usage < 1000 GROUP BY ROLLUP (dc) ORDER BY dc, 2",
	"SELECT corr(n, huge) IS NULL, covar_pop(n, usage) IS NULL FROM T",
	"SELECT b.dc, approx_median(a.n), round(corr(a.n, a.usage), 9), approx_distinct(a.usage), uddsketch_state(16, 0.1, a.n) FROM T a JOIN (SELECT DISTINCT host, dc FROM T WHERE n > 2) b ON a.host = b.host WHERE a.usage < 1000 GROUP BY b.dc ORDER BY b.dc",
	"SELECT upper(dc) AS u, hll(host), approx_distinct(ts), approx_distinct(n) FROM T GROUP BY u ORDER BY u",
	"SELECT upper(dc) AS d, round(stddev(big), 3), round(var_pop(n), 9), avg(n), round(var(usage) FILTER (WHERE ok), 9) FROM T WHERE usage < 1000 GROUP BY d ORDER BY d",
	"SELECT round(stddev(n + 1000000000), 6), round(stddev_pop(big) / 1000000, 3), count(DISTINCT host) FROM T",
	"SELECT note, stddev_pop(n), var(n) FROM T GROUP BY note ORDER BY note",
	"SELECT ts, n FROM T WHERE ts > (SELECT max(ts) FROM T) - INTERVAL '1 minute' ORDER BY ts",
	"SELECT host, max(n) FROM T WHERE usage < (SELECT avg(usage) FROM T WHERE usage < 1000) GROUP BY host ORDER BY host",
	"SELECT n - (SELECT min(n) FROM T) AS above FROM T ORDER BY ts",
	"SELECT ts FROM T WHERE n = (SELECT n FROM T WHERE host = 'none')  OR ts = (SELECT min(ts) FROM T)",
	"SELECT host, count(*) FROM T WHERE host IN (SELECT host FROM T WHERE n = 4 AND dc = 'east') GROUP BY host ORDER BY host",
	"SELECT count(*), max(usage) FROM T WHERE n IN (SELECT n FROM T WHERE host = 'h1' AND n > 0) AND usage < 1000",
	"SELECT a.host, a.n, b.n FROM T a JOIN T b ON a.ts = b.ts WHERE b.n > 2 OR b.ok ORDER BY a.ts",
	"SELECT a.host, a.n, b.m FROM T a JOIN (SELECT host, max(n) AS m FROM T GROUP BY host) b ON a.host = b.host AND a.n = b.m ORDER BY a.ts",
	"SELECT a.host, a.n, b.m FROM T a LEFT JOIN (SELECT dc, max(n) AS m FROM T WHERE dc = 'east' GROUP BY dc) b ON a.dc = b.dc ORDER BY a.ts",
	"SELECT b.host, a.n FROM T a RIGHT JOIN (SELECT host, max(ts) AS m FROM T WHERE n > 0 GROUP BY host) b ON a.host = b.host AND a.ts = b.m ORDER BY b.host",
	"SELECT a.host, b.n, c.n FROM T a JOIN T b ON a.ts = b.ts JOIN T c ON b.host = c.host WHERE a.n = 4 AND c.n = 3 ORDER BY a.ts, c.ts",
	"SELECT a.big, b.n FROM T a JOIN T b ON a.n = b.big / 1000000000 WHERE b.host = 'h2' ORDER BY a.ts, b.ts",
	"SELECT host, ts FROM T a WHERE NOT EXISTS (SELECT 1 FROM T b WHERE b.host = a.host AND b.n = 4 AND b.ok) AND a.n = 2 ORDER BY ts",
	"SELECT m.host, m.s, d.c FROM (SELECT host, sum(n) AS s FROM T GROUP BY host) m JOIN (SELECT host, count(*) AS c FROM T WHERE n > 2 GROUP BY host HAVING count(*) > 1) d ON m.host = d.host ORDER BY 1",
	"SELECT a.ts, b.n FROM T a LEFT JOIN T b ON a.ts = b.ts AND b.n > 0 WHERE b.n < 4 ORDER BY a.ts",
	"SELECT a.ts, b.n FROM T a RIGHT JOIN T b ON a.ts = b.ts AND a.n > 0 WHERE a.n + 1 IN (2, 3) OR a.n > 3 ORDER BY b.ts",
	"SELECT a.n, b.n FROM T a FULL JOIN T b ON a.n = b.n + 3 WHERE a.n > -3 ORDER BY a.ts, b.ts",
	"SELECT a.n, b.n FROM T a FULL JOIN T b ON a.n = b.n + 3 WHERE b.n IS NULL OR b.n > 2 ORDER BY a.ts, b.ts",
	"SELECT a.n, b.n FROM T a FULL JOIN T b ON a.n = b.n + 3 WHERE a.n != 2 AND b.n != 2 ORDER BY a.ts, b.ts",
	"SELECT a.host, a.n, b.n FROM T a JOIN T b ON a.ts = b.ts AND a.host = b.host WHERE a.host = 'h1' AND b.ts > '2024-01-01 00:01:00' ORDER BY a.ts",
	"SELECT a.host, a.n, b.n FROM T a LEFT JOIN T b ON a.ts = b.ts AND a.host = b.host AND b.n > 1 WHERE a.host IN ('h1', 'h3') ORDER BY a.ts",
	"SELECT * FROM (SELECT DISTINCT ON (host) host, dc, ts, n FROM T ORDER BY host, ts DESC) WHERE host = 'h1'",
	"SELECT * FROM (SELECT DISTINCT ON (host) host, dc, ts, n FROM T ORDER BY host, ts DESC) WHERE n > -4 ORDER BY host",
	"SELECT DISTINCT host, dc FROM T ORDER BY 1",
	"SELECT DISTINCT n, ok, note FROM T ORDER BY 1, 2, 3",
	"SELECT DISTINCT date_trunc('minute', ts) AS m FROM T ORDER BY m DESC LIMIT 2",
	"SELECT count(*) FROM (SELECT DISTINCT upper(host) AS h, dc FROM T WHERE n > 0)",
	"SELECT host, ts, n FROM (SELECT host, ts, n, row_number() OVER (PARTITION BY host ORDER BY ts DESC) AS r FROM T) WHERE r = 1 ORDER BY host",
	"SELECT host, ts, n FROM (SELECT host, ts, n, row_number() OVER (PARTITION BY dc ORDER BY ts DESC) AS r FROM T WHERE n > 0) WHERE r < 2 AND n < 4 ORDER BY host",
	"SELECT host, r FROM (SELECT host, ts, row_number() OVER (PARTITION BY host ORDER BY ts DESC) AS r FROM T) WHERE r <= 2 ORDER BY host, r",
	"SELECT host, n FROM T WHERE host IN (SELECT host FROM T WHERE n > 3) AND n < 0 ORDER BY ts",
	"SELECT host, n FROM T WHERE upper(host) IN (SELECT upper(host) FROM T WHERE n > 3) ORDER BY ts",
	"SELECT count(*) FROM T WHERE n NOT IN (SELECT n FROM T WHERE n > 3)",
	"SELECT a.host, a.ts FROM T a WHERE EXISTS (SELECT 1 FROM T b WHERE b.host = a.host AND b.n > 3 AND b.ts < a.ts) AND a.n > 0 ORDER BY ts",
	"SELECT a.host, a.ts FROM T a WHERE NOT EXISTS (SELECT b.n FROM T b WHERE b.host = a.host AND b.n > 3 AND b.ts < a.ts) ORDER BY ts",
	"SELECT a.host, a.ts FROM T a WHERE NOT EXISTS (SELECT 1 FROM T b WHERE b.dc = a.dc AND a.n > 1) ORDER BY ts",
	"SELECT a.host FROM T a WHERE a.n IN (SELECT max(b.n) FROM T b WHERE b.host = a.host) ORDER BY a.ts",
	"SELECT a.host FROM T a WHERE EXISTS (SELECT 1 FROM T b WHERE b.n > 3) OR a.n > 3 ORDER BY a.ts",
	"SELECT host FROM (SELECT host, ts, n FROM T WHERE n > 0 UNION ALL SELECT dc, ts, n FROM T WHERE n < 0) WHERE ts > '2024-01-01 00:01:00' ORDER BY ts, host LIMIT 5",
	"SELECT ts FROM (SELECT host, ts, n FROM T UNION ALL SELECT dc, ts, n FROM T) ORDER BY ts DESC LIMIT 5 OFFSET 2",
	"SELECT count(*) FROM (SELECT host, ts, n FROM T UNION ALL SELECT dc, ts, n FROM T)",
	"SELECT count(*) FROM (SELECT host, ts, n FROM T UNION ALL SELECT dc, ts, n FROM T LIMIT 50)",
	"SELECT a.ts, b.n FROM T a LEFT JOIN T b ON a.ts = b.ts + interval '20 seconds' ORDER BY a.ts DESC, b.n LIMIT 7",
	"SELECT count(*) FROM (SELECT a.ts, b.n FROM T a LEFT JOIN T b ON a.ts < b.ts LIMIT 17)",
	"SELECT ts FROM T WHERE date_trunc('minute', ts) = '2024-01-01 00:01:00' ORDER BY ts",
	"SELECT ts FROM T WHERE date_trunc('minute', ts) > '2024-01-01 00:01:00' ORDER BY ts",
	"SELECT ts FROM T WHERE date_trunc('minute', ts) >= '2024-01-01 00:00:30' ORDER BY ts",
	"SELECT ts FROM T WHERE date_bin(INTERVAL '40 seconds', ts) <= '2024-01-01 00:00:40' ORDER BY ts",
	"SELECT ts FROM T WHERE NOT (date_bin(INTERVAL '40 seconds', ts) < '2024-01-01 00:00:41') ORDER BY ts",
	"SELECT ts FROM T WHERE date_trunc('minute', ts) != '2024-01-01 00:01:00' ORDER BY ts",
	"SELECT count(*) FROM T WHERE ts::date = '2024-01-01'",
	"SELECT count(*) FROM T WHERE ts::date < '2024-01-02' AND ts::date != '2023-01-01'",
	"SELECT * EXCEPT (note, big) REPLACE (n + 1 AS n) FROM T ORDER BY ts LIMIT 2",
}

// TestAgree asks every query with and without the rules, of one region and of two, of the relational half and of whatever answers
// soonest: the answers are the same, and so are the types.
func TestAgree(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	staged := 0
	for _, q := range agreeing {
		var first []string
		for _, way := range []struct {
			table                     string
			rules, relational, staged bool
		}{{"cpu", false, true, false}, {"cpu", true, true, false}, {"cpu", false, false, false}, {"cpu", true, false, false}, {"cpu", true, false, true},
			{"cpu2", false, true, false}, {"cpu2", true, true, false}, {"cpu2", true, false, false}, {"cpu2", true, true, true}} {
			text := strings.NewReplacer("FROM T", "FROM "+way.table, "JOIN T", "JOIN "+way.table).Replace(q)
			p, err := bind.Query(ctx, w.engine.env(w.sess, nil), w.parse(text))
			switch {
			case err == nil && way.staged:
				if err = (&runner{engine: w.engine, sess: w.sess, mem: &budget.Lease{}}).stage(ctx, p, false); len(p.First) > 0 {
					staged++
				}
			case err == nil && way.rules:
				p, err = w.engine.plan(ctx, w.sess, w.parse(text), nil)
			}
			if err != nil {
				t.Errorf("%s: %v", text, err)
				break
			}
			ask := func() (model.RowStream, error) { return w.engine.run(ctx, w.sess, p, nil) }
			if way.relational {
				ask = func() (model.RowStream, error) {
					return (&runner{engine: w.engine, sess: w.sess, mem: &budget.Lease{}}).relational(ctx, p)
				}
			}
			rows, err := ask()
			if err != nil {
				t.Errorf("%s: %v", text, err)
				break
			}
			b, err := ReadAll(ctx, rows)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				break
			}
			got := cells(b)
			for i, f := range rows.Fields() {
				if b.Len > 0 && b.Cols[i].Type != f.Type {
					t.Errorf("%s: column %s is %s, not %s", text, f.Name, b.Cols[i].Type, f.Type)
				}
			}
			if !strings.Contains(q, "ORDER BY") || strings.Contains(q, "array_agg") {
				slices.Sort(got)
			}
			if first == nil {
				first = got
				if len(got) == 0 && !strings.Contains(q, "none") && !strings.Contains(q, "false") && !strings.Contains(q, "(1, NULL)") {
					t.Errorf("%s: no rows, which shows nothing", q)
				}
				continue
			}
			if !slices.Equal(first, got) {
				t.Errorf("%s with rules %v:\ngot  %s\nwant %s", text, way.rules, strings.Join(got, "\n     "), strings.Join(first, "\n     "))
				break
			}
		}
	}
	if staged < 20 {
		t.Errorf("only %d queries asked parts first", staged)
	}
	w.engine.Close()
	if w.regions.open != 0 {
		t.Errorf("%d streams are open", w.regions.open)
	}
}
