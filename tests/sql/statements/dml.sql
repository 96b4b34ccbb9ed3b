CREATE TABLE t (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, i8 TINYINT, u64 BIGINT UNSIGNED, f FLOAT, d DOUBLE, b BOOLEAN, s STRING, dd DATE, de DECIMAL(5,2), bin BINARY, def INT DEFAULT 42)

INSERT INTO t VALUES ('a', 1, -128, 18446744073709551615, 1.5, 2, true, 'x', '2024-02-29', 1.235, X'0aff', DEFAULT)

-- ONLY http mysql
INSERT INTO t (ts, h) VALUES ('2024-01-01 00:00:00', 'b'), ('2024-01-01T00:00:00Z', "c"), ('2024-01-01 00:00:00.123456+08:00', 'd')

SELECT * FROM t ORDER BY h

REPLACE INTO t (ts, h, d) VALUES (1, 'a', -0.5)

SELECT h, ts, d, s, def FROM t WHERE h = 'a'

INSERT INTO t (h, ts, d) VALUES ('n', 5, 'NaN'::double), ('n', 6, 1 + 2), ('n', 7, NULL)

SELECT h, ts, d FROM t WHERE h = 'n' ORDER BY ts

INSERT INTO t (h, ts) VALUES ('a')

INSERT INTO t (h, nosuch) VALUES ('a', 1)

INSERT INTO t (h) VALUES ('a')

INSERT INTO t (h, ts) VALUES ('a', NULL)

INSERT INTO t (h, ts, i8) VALUES ('a', 1, 300)

-- ONLY http
INSERT INTO t (h, ts, i8) VALUES ('a', 1, '3')

INSERT INTO t (h, ts, b) VALUES ('a', 1, 2)

INSERT INTO t (h, ts, s) VALUES ('a', 1, 2)

INSERT INTO t (h, ts) VALUES ('a', '2024-01-01')

INSERT INTO t (h, ts) VALUES ('a', 'soon')

INSERT INTO t (h, ts, de) VALUES ('a', 1, 1234.5)

INSERT INTO nosuch VALUES (1)

INSERT INTO information_schema.tables VALUES (1)

CREATE TABLE copy (k STRING PRIMARY KEY, tt TIMESTAMP(9) TIME INDEX, v BIGINT)

INSERT INTO copy SELECT h, ts, def FROM t

SELECT * FROM copy ORDER BY k, tt

INSERT INTO copy SELECT h, ts FROM t

DELETE FROM copy WHERE v IS NULL OR k = 'b'

SELECT * FROM copy ORDER BY k, tt

DELETE FROM copy

SELECT count(*) FROM copy

INSERT INTO copy VALUES ('z', 1, 1)

TRUNCATE TABLE copy

SELECT count(*) FROM copy

-- SESSION mysql
SET time_zone = '+08:00'

INSERT INTO t (h, ts, i8, b) VALUES ('my', '2024-01-01 08:00:00', '3', '1')

SELECT h, ts, i8, b FROM t WHERE h = 'my'

CREATE TABLE ln (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, a INT, b INT) WITH (merge_mode='last_non_null')

INSERT INTO ln (h, ts, a) VALUES ('x', 1, 1)

INSERT INTO ln (h, ts, b) VALUES ('x', 1, 2)

SELECT * FROM ln

UPDATE ln SET a = 1
