CREATE TABLE d (k INT PRIMARY KEY, ts TIMESTAMP TIME INDEX, a DECIMAL, b DECIMAL(5), c DECIMAL(5,2), e DECIMAL(38,0), f DECIMAL(3,3) DEFAULT 0.125)

DESC d

SHOW CREATE TABLE d

SELECT column_name, data_type, greptime_data_type, numeric_precision, numeric_scale FROM information_schema.columns WHERE table_name = 'd' ORDER BY ordinal_position

INSERT INTO d VALUES (1, 1, 1.5, 12345, 123.45, 12345678901234567890, 0.5)

INSERT INTO d (k, ts, c) VALUES (2, 1, -0.01), (3, 1, 0), (4, 1, 1), (5, 1, 999.99), (6, 1, NULL)

SELECT * FROM d ORDER BY k

INSERT INTO d (k, ts, c) VALUES (7, 1, 1000)

INSERT INTO d (k, ts, c) VALUES (7, 1, 999.999)

SELECT c + 1, c - 0.5, c * 2, c / 2 FROM d WHERE k = 1

SELECT c + c AS a, c * c AS b, c / c AS q, -c AS n FROM d WHERE k = 1

SELECT arrow_typeof(c), arrow_typeof(c + c), arrow_typeof(c * c), arrow_typeof(sum(c)), arrow_typeof(avg(c)) FROM d WHERE k = 1 GROUP BY c

SELECT sum(c), min(c), max(c), avg(c), count(c) FROM d

SELECT k FROM d WHERE c > 1 ORDER BY c DESC

SELECT k FROM d WHERE c = 123.45

SELECT CAST('1.005' AS DECIMAL(5,2)), CAST(1.005 AS DECIMAL(10,3)), 12.5::DECIMAL(3,1), CAST('-7' AS DECIMAL)

SELECT CAST(c AS INT) AS i, CAST(c AS DOUBLE) AS d, CAST(c AS STRING) AS s FROM d WHERE k IN (1, 5) ORDER BY k

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, a DECIMAL(39,0))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, a DECIMAL(0))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, a DECIMAL(3,5))

CREATE TABLE dk (a DECIMAL(5,2) PRIMARY KEY, ts TIMESTAMP TIME INDEX, v INT)

INSERT INTO dk VALUES (1.5, 1, 1), (-1.5, 1, 2), (0, 1, 3), (1.5, 1, 4)

SELECT * FROM dk ORDER BY a

SELECT a, sum(v) FROM dk WHERE a <> 0 GROUP BY a ORDER BY a
