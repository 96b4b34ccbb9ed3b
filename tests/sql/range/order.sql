-- ORDER BY of a range query may name what the select list leaves out.

CREATE TABLE t (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v DOUBLE)

INSERT INTO t VALUES ('a', 0, 1), ('a', 5000, 2), ('b', 0, 3), ('b', 10000, 4)

SELECT host, max(v) RANGE '5s' AS m FROM t ALIGN '5s' ORDER BY host, ts

SELECT host, max(v) RANGE '5s' AS m FROM t ALIGN '5s' ORDER BY ts DESC, host

SELECT max(v) RANGE '5s' AS m FROM t ALIGN '5s' FILL 0 ORDER BY host DESC, ts

SELECT DISTINCT host, max(v) RANGE '5s' AS m FROM t ALIGN '5s' ORDER BY ts

WITH m AS (SELECT ts, host, max(v) RANGE '5s' AS top FROM t ALIGN '5s'), n AS (SELECT ts, host, count(v) RANGE '5s' AS n FROM t ALIGN '5s') SELECT m.ts, top, n, m.host FROM m LEFT JOIN n ON m.host = n.host AND m.ts = n.ts ORDER BY ts, host
