-- range queries: the rules one by one
CREATE TABLE r (ts TIMESTAMP(3) TIME INDEX, host STRING PRIMARY KEY, val BIGINT, f DOUBLE, s STRING, b BOOLEAN, d DATE, dc DECIMAL(10,2), t2 TIMESTAMP(6));

INSERT INTO r VALUES (0, 'h1', 0, 0.5, 'a', true, '2024-01-01', 1.5, 1000), (5000, 'h1', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (10000, 'h1', 1, 1.5, 'b', false, '2024-01-03', 2.5, 3000), (20000, 'h1', 2, 2.5, 'c', true, '2024-01-05', 3.5, 5000), (0, 'h2', 3, 3.5, 'd', true, '2024-01-01', 4.5, 1);

-- 1: RANGE distributes over arithmetic, functions wrap and are inside, items differ
SELECT ts, host, (max(val) - min(val) + 1) RANGE '10s' AS x FROM r ALIGN '10s' ORDER BY host, ts;

SELECT ts, host, round(max(f) RANGE '10s') AS x, max(abs(val)) RANGE '5s' AS y FROM r ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, max(val) RANGE '10s' FILL PREV AS x, min(val) RANGE '5s' AS y FROM r ALIGN '5s' ORDER BY host, ts;

-- 2: durations; all in milliseconds
SELECT ts, count(*) RANGE '1m30s' AS n FROM r ALIGN '1m' BY () ORDER BY ts;

SELECT ts, count(*) RANGE (INTERVAL '5s' + INTERVAL '5s') AS n FROM r ALIGN (INTERVAL '10 seconds') BY () ORDER BY ts;

SELECT ts, count(*) RANGE (INTERVAL '1 month') FROM r ALIGN '5s';

SELECT ts, count(*) RANGE '0s' FROM r ALIGN '5s';

SELECT ts, count(*) RANGE '5s' FROM r ALIGN '5s5m';

CREATE TABLE ns (ts TIMESTAMP(9) TIME INDEX, val DOUBLE) WITH ('append_mode' = 'true');

INSERT INTO ns VALUES (0, 1), (999999, 2), (1000000, 3), (5000000001, 4), (-1, 5), (-1, 5);

SELECT ts, sum(val) RANGE '5s' AS x FROM ns ALIGN '5s' ORDER BY ts;

SELECT ts, sum(val) RANGE '1ms' AS x, count(val) RANGE '1ms' AS n FROM ns ALIGN '1ms' ORDER BY ts;

CREATE TABLE us (ts TIMESTAMP(6) TIME INDEX, val DOUBLE);

INSERT INTO us VALUES (0, 1), (999, 2), (1500, 3), (-1, 4);

SELECT ts, sum(val) RANGE '1ms' AS x FROM us ALIGN '1ms' ORDER BY ts;

CREATE TABLE sec (ts TIMESTAMP(0) TIME INDEX, val DOUBLE);

INSERT INTO sec VALUES (0, 1), (1, 2), (86400, 3);

SELECT ts, sum(val) RANGE '1d' AS x FROM sec ALIGN '1d' ORDER BY ts;

-- 3: origins
SELECT ts, max(val) RANGE '10s' AS x FROM r ALIGN '10s' TO '1970-01-01T00:00:02+00:00' BY () ORDER BY ts;

SELECT ts, max(val) RANGE '10s' AS x FROM r ALIGN '10s' TO ('1970-01-01T00:00:03'::TIMESTAMP) BY () ORDER BY ts;

SELECT ts, max(val) RANGE '10s' FROM r ALIGN '10s' TO 'junk' BY ();

SET TIME ZONE '+08:00';

SELECT ts, sum(val) RANGE '1d' AS x FROM sec ALIGN '1d' ORDER BY ts;

SELECT ts, sum(val) RANGE '1d' AS x FROM sec ALIGN '1d' TO '1970-01-01 00:00:00' ORDER BY ts;

SET TIME ZONE 'UTC';

-- 4: longer than the distance they overlap, shorter they leave rows out
SELECT ts, count(val) RANGE '20s' AS n FROM r ALIGN '5s' BY () ORDER BY ts;

SELECT ts, count(val) RANGE '5s' AS n FROM r ALIGN '20s' BY () ORDER BY ts;

-- 6: groups
SELECT ts, sum(val) RANGE '10s' AS x FROM ns ALIGN '10s' ORDER BY ts;

SELECT ts, sum(val) RANGE '10s' AS x FROM r ALIGN '10s' BY () ORDER BY ts;

SELECT ts, sum(val) RANGE '10s' AS x FROM r ALIGN '10s' BY (1) ORDER BY ts;

SELECT ts, upper(host) AS h, sum(val) RANGE '10s' AS x FROM r ALIGN '10s' BY (upper(host)) ORDER BY h, ts;

SELECT ts, b, sum(val) RANGE '30s' AS x FROM r ALIGN '30s' BY (b) ORDER BY b NULLS FIRST, ts;

SELECT ts, f, min(val) RANGE '5s' FROM r ALIGN '5s';

SELECT ts, min(val) RANGE '5s' FROM (SELECT ts, val FROM r) ALIGN '5s';

-- 7: where an item has a fill, all have all slots
SELECT ts, host, min(val) RANGE '5s' FILL NULL AS a, sum(val) RANGE '5s' AS b, count(val) RANGE '5s' AS c FROM r ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, min(val) RANGE '5s' FILL 7 AS a, max(f) RANGE '5s' AS b FROM r FILL PREV ALIGN '5s' ORDER BY host, ts;

-- 8: kinds of fill and types
SELECT ts, min(val) RANGE '5s' FILL LINEAR, min(f) RANGE '5s' FILL LINEAR, min(dc) RANGE '5s' FILL LINEAR, count(val) RANGE '5s' FILL LINEAR FROM r WHERE host = 'h1' ALIGN '5s' ORDER BY ts;

SELECT ts, min(val) RANGE '5s' FILL 6, min(f) RANGE '5s' FILL 6, min(s) RANGE '5s' FILL 'six', first_value(b) RANGE '5s' FILL false, min(d) RANGE '5s' FILL '2025-01-01', min(dc) RANGE '5s' FILL -6.25, min(t2) RANGE '5s' FILL '2024-01-01' FROM r WHERE host = 'h1' ALIGN '5s' ORDER BY ts;

SELECT ts, min(s) RANGE '5s' FILL PREV AS a, min(d) RANGE '5s' FILL PREV AS b, min(dc) RANGE '5s' FILL PREV AS c, first_value(b) RANGE '5s' FILL PREV AS d FROM r WHERE host = 'h1' ALIGN '5s' ORDER BY ts;

-- before the first value nothing is before; one value makes no line
SELECT ts, max(val) RANGE '5s' FILL PREV AS a, max(val) RANGE '5s' FILL LINEAR AS b, count(*) RANGE '5s' AS n FROM r WHERE host = 'h1' AND ts >= 5000 AND ts < 20000 ALIGN '5s' ORDER BY ts;

SELECT ts, min(val) RANGE '5s' FILL 1.5 FROM r ALIGN '5s';

SELECT ts, min(val) RANGE '5s' FILL 'x' FROM r ALIGN '5s';

SELECT ts, min(dc) RANGE '5s' FILL 1.234 FROM r ALIGN '5s';

SELECT ts, min(b) RANGE '5s' FILL LINEAR FROM r ALIGN '5s';

SELECT ts, min(s) RANGE '5s' FILL LINEAR FROM r ALIGN '5s';

SELECT ts, min(t2) RANGE '5s' FILL LINEAR FROM r ALIGN '5s';

-- 10: order, DISTINCT
SELECT ts, first_value(s) RANGE '30s' AS f, last_value(s) RANGE '30s' AS l, last_value(s ORDER BY val DESC) RANGE '30s' AS o, count(DISTINCT b) RANGE '30s' AS n FROM r ALIGN '30s' BY () ORDER BY ts;

SELECT ts, min(val) FILTER (WHERE val > 1) RANGE '5s' FROM r ALIGN '5s';

SELECT ts, max(val) RANGE '5s' FROM r ALIGN '5s' HAVING max(val) > 1;

-- 11: errors
SELECT ts, val RANGE '5s' FROM r ALIGN '5s';

SELECT ts, 2.0 RANGE '5s' FROM r ALIGN '5s';

SELECT ts, min(val) FILL PREV FROM r ALIGN '5s';

SELECT ts, min(val) RANGE '5s' FROM r ALIGN '5s' ALIGN '5s';

SELECT ts, min(val) RANGE '5s' FROM r ALIGN '5s' FILL PREV FILL NULL;

SELECT ts, host FROM r ALIGN '5s';

SELECT ts, row_number() OVER (), min(val) RANGE '5s' FROM r ALIGN '5s';

SELECT ts, min(val) RANGE '100000d' FILL NULL FROM r ALIGN '1ms' BY ();

-- 12: nested, joined
SELECT max(x) FROM (SELECT ts, host, max(val) RANGE '5s' AS x FROM r ALIGN '5s');

WITH a AS (SELECT ts, host, max(val) RANGE '10s' AS x FROM r ALIGN '10s') SELECT a.ts, a.x, b.x FROM a JOIN a b ON a.ts = b.ts WHERE a.host = 'h1' AND b.host = 'h2' ORDER BY a.ts;

SELECT ts, max(x) RANGE '20s' AS y FROM (SELECT ts, max(val) RANGE '5s' AS x FROM r ALIGN '5s') ALIGN '20s' BY () ORDER BY ts;

SELECT r.ts, max(r.val + sec.val) RANGE '10s' AS x FROM r JOIN sec ON sec.ts = r.ts ALIGN '10s' BY (r.host) ORDER BY r.ts, x;
