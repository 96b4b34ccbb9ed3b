CREATE TABLE t (ts TIMESTAMP TIME INDEX, h STRING PRIMARY KEY, i BIGINT, u INT UNSIGNED, f DOUBLE)

INSERT INTO t VALUES (1000, 'a', 1, 1, 1.5), (2000, 'a', 2, 2, 2.5), (3000, 'b', 2, 2, 'NaN'::double), (4000, 'b', NULL, NULL, NULL)

-- IGNORE NULLS of any aggregate, before and after ORDER BY and the parenthesis.

SELECT array_agg(i) IGNORE NULLS AS a, array_agg(i IGNORE NULLS ORDER BY ts DESC) AS b, nth_value(i, 1 ORDER BY ts DESC) IGNORE NULLS AS c, last_value(i ORDER BY ts IGNORE NULLS) AS d, sum(i) IGNORE NULLS AS e, count(i) IGNORE NULLS AS f FROM t

SELECT ts, first_value(i ORDER BY ts DESC) IGNORE NULLS OVER (PARTITION BY h) AS a, last_value(i ORDER BY ts DESC) OVER (PARTITION BY h) AS b, max(i) IGNORE NULLS OVER (ORDER BY ts) AS c, array_agg(i) IGNORE NULLS OVER (ORDER BY ts) AS d, last_value(i) IGNORE NULLS OVER (ORDER BY ts) AS e FROM t ORDER BY ts

-- grouping() takes keys.

SELECT grouping(upper(h)) AS g, upper(h) AS h, count(*) FROM t GROUP BY ROLLUP(upper(h)) ORDER BY 1, 2

SELECT grouping(i) FROM t GROUP BY h

SELECT grouping(h) FROM t

-- Parts of durations are whole units of them.

SELECT date_part('epoch', max(ts) - min(ts)) AS a, extract(SECOND FROM max(ts) - min(ts)) AS b, date_part('millisecond', max(ts) - min(ts)) AS c FROM t

SELECT extract(HOUR FROM '2024-01-02 01:30:00'::timestamp - '2024-01-01'::timestamp) AS a, date_part('week', '2023-01-01'::timestamp(0) - '2024-01-01'::timestamp(0)) AS b, date_part('nanosecond', '1970-01-01 00:00:00.5'::timestamp(9) - '1970-01-01'::timestamp(9)) AS c

SELECT date_part('month', ts - ts) FROM t

SELECT date_part('nanosecond', '2024-01-02'::timestamp(0) - '2024-01-01'::timestamp(0))

-- Times of day as text.

SELECT to_char('01:02:03.5'::time, '%H.%M.%3f') AS a, to_char(make_time(23, 1, 2), '%I %p') AS b

-- What is less than nothing is signed.

SELECT -u AS a, arrow_typeof(-u) AS b, -(5::tinyint unsigned) AS c FROM t ORDER BY ts LIMIT 2

SELECT -(18446744073709551615::bigint unsigned) AS a

DROP TABLE t
