CREATE TABLE wraps (h STRING, ts TIMESTAMP TIME INDEX, v BIGINT, i INT, b TINYINT UNSIGNED, PRIMARY KEY (h))

INSERT INTO wraps VALUES ('a', 1, 9223372036854775807, 2147483647, 255), ('a', 2, 1, 1, 1), ('b', 3, -9223372036854775808, -2147483648, 0)

-- Sums and products within aggregates wrap around as they do without them.
SELECT h, min(v + 1) AS a, max(v * 2) AS b, sum(i + i) AS c, max(b + b) AS d, min(i - 1) AS e FROM wraps GROUP BY h ORDER BY h

SELECT v + 1 AS a, v * 2 AS b, i + i AS c, b + b AS d, i - 1 AS e FROM wraps ORDER BY ts

SELECT h, avg(v * v) AS a, count(v * v) FILTER (WHERE i > 0) AS n FROM wraps GROUP BY h ORDER BY h

SELECT sum(v) AS a FROM wraps WHERE h = 'a'

DROP TABLE wraps
