-- range queries over rows of which newer ones replace older ones, in several regions
CREATE TABLE last_row (ts TIMESTAMP(3) TIME INDEX, host STRING PRIMARY KEY, a BIGINT, b BIGINT) PARTITION ON COLUMNS (host) (host < 'h2', host >= 'h2' AND host < 'h3', host >= 'h3');

CREATE TABLE last_non_null (ts TIMESTAMP(3) TIME INDEX, host STRING PRIMARY KEY, a BIGINT, b BIGINT) WITH ('merge_mode' = 'last_non_null');

CREATE TABLE appended (ts TIMESTAMP(3) TIME INDEX, host STRING PRIMARY KEY, a BIGINT, b BIGINT) WITH ('append_mode' = 'true');

INSERT INTO last_row VALUES (0, 'h1', 1, 1), (5000, 'h1', 2, 2), (0, 'h2', 3, 3), (10000, 'h3', 4, 4);

INSERT INTO last_non_null VALUES (0, 'h1', 1, 1), (5000, 'h1', 2, 2), (0, 'h2', 3, 3), (10000, 'h3', 4, 4);

INSERT INTO appended VALUES (0, 'h1', 1, 1), (5000, 'h1', 2, 2), (0, 'h2', 3, 3), (10000, 'h3', 4, 4);

ADMIN flush_table('last_row');

ADMIN flush_table('last_non_null');

ADMIN flush_table('appended');

INSERT INTO last_row VALUES (0, 'h1', 10, NULL), (0, 'h2', NULL, 30), (15000, 'h3', 5, 5);

INSERT INTO last_non_null VALUES (0, 'h1', 10, NULL), (0, 'h2', NULL, 30), (15000, 'h3', 5, 5);

INSERT INTO appended VALUES (0, 'h1', 10, NULL), (0, 'h2', NULL, 30), (15000, 'h3', 5, 5);

SELECT ts, host, sum(a) RANGE '5s' AS a, sum(b) RANGE '5s' AS b, count(*) RANGE '5s' AS n FROM last_row ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, sum(a) RANGE '5s' AS a, sum(b) RANGE '5s' AS b, count(*) RANGE '5s' AS n FROM last_non_null ALIGN '5s' ORDER BY host, ts;

SELECT ts, host, sum(a) RANGE '5s' AS a, sum(b) RANGE '5s' AS b, count(*) RANGE '5s' AS n FROM appended ALIGN '5s' ORDER BY host, ts;

SELECT ts, sum(a) RANGE '10s' FILL 0 AS a, median(b) RANGE '10s' AS b FROM last_row ALIGN '5s' BY () ORDER BY ts;

SELECT ts, sum(a) RANGE '10s' FILL 0 AS a, median(b) RANGE '10s' AS b FROM last_non_null ALIGN '5s' BY () ORDER BY ts;

SELECT ts, sum(a) RANGE '10s' FILL 0 AS a, median(b) RANGE '10s' AS b FROM appended ALIGN '5s' BY () ORDER BY ts;

DELETE FROM last_row WHERE host = 'h1' AND ts = 0::TIMESTAMP_MS;

SELECT ts, host, sum(a) RANGE '5s' AS a FROM last_row ALIGN '5s' FILL LINEAR ORDER BY host, ts;
