-- TQL: parameters, CTEs, views, EXPLAIN, errors
CREATE TABLE m (k STRING PRIMARY KEY, ts TIMESTAMP(3) TIME INDEX, v DOUBLE);

INSERT INTO m VALUES ('a', 0, 1), ('a', 5000, 2), ('b', 0, 10), ('b', 5000, 20);

-- seconds, text, expressions
TQL EVAL (0, 10, 5) sum(m);

TQL EVALUATE (0.5, '5.5', 2.5) sum(m);

TQL EVAL ('1970-01-01T00:00:00Z', '1970-01-01 00:00:10', '5s', '1s') sum(m);

TQL EVAL ('1970-01-01T01:00:05+01:00', 10, '5s') sum(m);

TQL EVAL (0, 5 + 5, 10 / 2) sum(m);

TQL EVAL (0::TIMESTAMP, '1970-01-01 00:00:10'::TIMESTAMP - INTERVAL '5 seconds', INTERVAL '2500 milliseconds', INTERVAL '1 minute') sum(m);

TQL EVAL (date_trunc('day', '1970-01-01T13:00:00'::TIMESTAMP), 5, '5s') sum(m);

TQL EVAL (now() - INTERVAL '1 hour', now(), '10m') sum(m);

SET TIME ZONE '+08:00';

TQL EVAL ('1970-01-01 08:00:00', '1970-01-01 08:00:05', '5s') sum(m);

SET TIME ZONE 'UTC';

-- within queries
WITH x AS (TQL EVAL (0, 10, '5s') m) SELECT * FROM x ORDER BY k, ts;

WITH x (key, at, val) AS (TQL EVAL (0, 10, '5s') m) SELECT key, max(val) FROM x GROUP BY key ORDER BY key;

WITH x AS (TQL EVAL (0, 10, '5s') sum(m) AS total), y AS (TQL EVAL (0, 10, '5s') count(m) AS n) SELECT x.ts, total / n AS average FROM x JOIN y ON x.ts = y.ts ORDER BY x.ts;

WITH x AS (TQL EVAL (0, 10, '5s') m AS val) SELECT k, val FROM x WHERE ts = 5 AND val > 1 ORDER BY k;

SELECT ts, max(val) RANGE '10s' AS top FROM (WITH x AS (TQL EVAL (0, 10, '5s') m AS val) SELECT ts, val FROM x) ALIGN '10s' BY () ORDER BY ts;

WITH x AS (TQL EXPLAIN (0, 10, '5s') m) SELECT * FROM x;

CREATE VIEW totals AS TQL EVAL (0, 10, '5s') sum by (k) (m);

SELECT * FROM totals ORDER BY k, ts;

CREATE VIEW named (a, b, c) AS TQL EVAL (0, 10, '5s') m;

SELECT a, max(c) FROM named GROUP BY a ORDER BY a;

SHOW CREATE VIEW totals;

DROP VIEW totals;

DROP VIEW named;

-- plans: what stands below Stream is computed while series are read
TQL EXPLAIN m;

TQL EXPLAIN (0, 10, '5s') sum by (k) (rate(m{k!="a"}[5m] offset 1m));

TQL EXPLAIN VERBOSE (0, 10, '5s') histogram_quantile(0.9, sum by (le) (rate(m[5m]))) / 2;

TQL EXPLAIN (0, 10, '5s') topk(3, rate(m[5m])) or max_over_time(sum(m)[10m:1m]);

TQL EXPLAIN FORMAT JSON (0, 10, '5s') count(m) * 2;

EXPLAIN TQL EVAL (0, 10, '5s') m;

-- errors
TQL EVAL (0, 10) m;

TQL EVAL (0, 10, 5, 5, 5) m;

TQL EVAL () m;

TQL EVAL (10, 0, '5s') m;

TQL EVAL (0, 10, 0) m;

TQL EVAL (0, 10, '0s') m;

TQL EVAL (0, 10, -1) m;

TQL EVAL (0, 10, 'soon') m;

TQL EVAL ('soon', 10, '1s') m;

TQL EVAL (0, 10, INTERVAL '1 month') m;

TQL EVAL (0, 2000000000, '1ms') m;

TQL EVAL (0, 10, '5s');

TQL EVAL (0, 10, '5s') m{;

TQL EVAL (0, 10, '5s') unknown_function(m);

TQL EVAL (0, 10, '5s') sum(1);

TQL EVAL (0, 10, '5s') rate(m);

TQL EVAL (0, 10, '5s') m[5s];

TQL EVAL (0, 10, '5s') 1 > 2;

TQL EVAL (0, 10, '5s') m + on (nothing) m;

TQL EXPLAIN FORMAT XML (0, 10, '5s') m;

TQL SOMETHING (0, 10, '5s') m;
