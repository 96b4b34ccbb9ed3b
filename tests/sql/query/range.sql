-- range queries: RANGE … ALIGN … TO … BY … FILL
CREATE TABLE host_cpu (ts TIMESTAMP(3) TIME INDEX, host STRING PRIMARY KEY, val BIGINT);

INSERT INTO host_cpu VALUES
  (0, 'host1', 0), (5000, 'host1', NULL), (10000, 'host1', 1), (15000, 'host1', NULL), (20000, 'host1', 2),
  (0, 'host2', 3), (5000, 'host2', NULL), (10000, 'host2', 4), (15000, 'host2', NULL), (20000, 'host2', 5);

SELECT ts, host, min(val) RANGE '5s' FROM host_cpu ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, min(val) RANGE '10s', max(val) RANGE '10s' FROM host_cpu ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, min(val) RANGE '5s' FILL PREV FROM host_cpu ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, min(val) RANGE '5s' FILL LINEAR FROM host_cpu ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, min(val) RANGE '5s' FROM host_cpu ALIGN '5s' FILL 6 ORDER BY host, ts;

SELECT ts, host, min(val) RANGE '5s' FILL 6, count(val) RANGE '5s' FROM host_cpu ALIGN '5s' ORDER BY host, ts;

-- windows shorter than the distance of slots leave rows out
SELECT ts, host, sum(val) RANGE '5s' FROM host_cpu ALIGN '20s' ORDER BY host, ts;

-- all series as one, by a constant, by an expression
SELECT ts, sum(val) RANGE '10s' AS s FROM host_cpu ALIGN '10s' BY () ORDER BY ts;

SELECT ts, length(host) AS l, sum(val) RANGE '10s' AS s FROM host_cpu ALIGN '10s' BY (length(host)) ORDER BY ts;

-- an origin
SELECT ts, host, max(val) RANGE '10s' AS m FROM host_cpu ALIGN '10s' TO '1970-01-01T00:00:05Z' ORDER BY host, ts;

SELECT max(val) RANGE '36500d' AS m FROM host_cpu ALIGN '36500d' TO NOW BY () ORDER BY m;

-- arithmetic within and around RANGE
SELECT ts, host, (max(val) + min(val)) RANGE '10s' FROM host_cpu ALIGN '10s' ORDER BY host, ts;

SELECT ts, host, round(max(val) RANGE '10s' / 2.0) AS r, max(val * 2) RANGE '10s' AS d FROM host_cpu ALIGN '10s' ORDER BY host, ts;

-- aggregates that need the rows themselves
SELECT ts, host, median(val) RANGE '15s' AS med, count(DISTINCT val) RANGE '15s' AS d, avg(val) RANGE '10s' AS a FROM host_cpu ALIGN '5s' FILL NULL ORDER BY host, ts;

SELECT ts, host, first_value(val) RANGE '10s' AS f, last_value(val) RANGE '10s' AS l FROM host_cpu ALIGN '10s' ORDER BY host, ts;

-- gaps
DELETE FROM host_cpu WHERE ts = 10000::timestamp_ms;

SELECT ts, host, sum(val) RANGE '5s' FILL LINEAR AS lin, sum(val) RANGE '5s' FILL PREV AS prev, sum(val) RANGE '5s' AS none, count(val) RANGE '5s' AS n FROM host_cpu ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, sum(val) RANGE '10s' AS s FROM host_cpu WHERE ts > 0::timestamp_ms ALIGN '5s' ORDER BY host, ts;

-- within another query
SELECT host, max(m) FROM (SELECT ts, host, max(val) RANGE '5s' AS m FROM host_cpu ALIGN '5s') GROUP BY host ORDER BY host;

SELECT ts, max(m) RANGE '10s' FROM (SELECT ts, host, val + 1 AS m FROM host_cpu) ALIGN '10s' BY () ORDER BY ts;

WITH r AS (SELECT ts, host, sum(val) RANGE '5s' FILL 0 AS s FROM host_cpu ALIGN '5s') SELECT a.ts, a.s, b.s FROM r a JOIN r b ON a.ts = b.ts WHERE a.host = 'host1' AND b.host = 'host2' ORDER BY a.ts;

SELECT ts, host, max(val) RANGE (INTERVAL '10' second) AS m FROM host_cpu ALIGN (INTERVAL '10' second) ORDER BY m DESC, host LIMIT 2;

-- errors
SELECT ts, host, min(val) FROM host_cpu ALIGN '5s';

SELECT ts, min(val) RANGE '5s' FROM host_cpu;

SELECT * FROM host_cpu ALIGN '5s';

SELECT min(val) RANGE '5s', * FROM host_cpu ALIGN '5s';

SELECT min(val) RANGE 'x' FROM host_cpu ALIGN '5s';

SELECT min(val) RANGE (INTERVAL '1' month) FROM host_cpu ALIGN '5s';

SELECT min(val) RANGE '5s' FROM host_cpu ALIGN '0s';

SELECT min(val) RANGE '5s' FROM host_cpu ALIGN '5s' TO tomorrow;

SELECT min(max(val) RANGE '5s') RANGE '5s' FROM host_cpu ALIGN '5s';

SELECT ts, min(host) RANGE '5s' FILL LINEAR FROM host_cpu ALIGN '5s';

SELECT ts, min(val) RANGE '5s' FILL 'six' FROM host_cpu ALIGN '5s';

SELECT val, min(val) RANGE '5s' FROM host_cpu ALIGN '5s';

SELECT min(val) RANGE '5s', rank() OVER (PARTITION BY host) FROM host_cpu ALIGN '5s';

SELECT ts, max(m) RANGE '10s' FROM (SELECT ts, val AS m FROM host_cpu) ALIGN '10s';

SELECT abs(2) RANGE '5s' FROM host_cpu ALIGN '5s';

DROP TABLE host_cpu;
