CREATE TABLE names (ts TIMESTAMP TIME INDEX, a STRING, b TEXT, c VARCHAR, d VARCHAR(3), e CHAR, f CHAR(1), g TINYTEXT, h MEDIUMTEXT, i LONGTEXT, j BINARY, k VARBINARY, l BLOB, m BYTEA, n VARBINARY(4))

DESC names

SHOW CREATE TABLE names

CREATE TABLE s (k INT PRIMARY KEY, ts TIMESTAMP TIME INDEX, a STRING, d VARCHAR(3), b BINARY)

INSERT INTO s VALUES (1, 1, 'plain', 'longer than three', X'00ff'), (2, 1, '', '', X''), (3, 1, NULL, NULL, NULL), (4, 1, 'größe 漢字 🚀', 'ü', X'e6bca2'), (5, 1, 'it''s "quoted" and	tab', '|', X'7c')

SELECT * FROM s ORDER BY k

SELECT k, length(a), octet_length(a), upper(a), a IS NULL, a = '' FROM s ORDER BY k

SELECT k FROM s WHERE a > 'p' ORDER BY k

SELECT k, a FROM s ORDER BY a, k

SELECT k FROM s WHERE b = X'00ff'

-- ONLY http postgres
INSERT INTO s (k, ts, b) VALUES (6, 1, 'text as bytes')

-- ONLY http postgres
SELECT b FROM s WHERE k = 6

INSERT INTO s (k, ts, a) VALUES (7, 1, 5)

INSERT INTO s (k, ts, a) VALUES (7, 1, true)

INSERT INTO s (k, ts, a) VALUES (7, 1, X'00')

SELECT a LIKE 'pl%', a LIKE '_lain', a ILIKE 'PLAIN', a NOT LIKE 'x', a SIMILAR TO '(pl|x)%', a ~ '^p.*n$', a ~* 'LAIN', a !~ 'x', a !~* 'LAIN' FROM s WHERE k = 1

-- ONLY http postgres
SELECT 'a%b' LIKE 'a\%b', 'axb' LIKE 'a\%b', 'a%b' LIKE 'a!%b' ESCAPE '!'

SELECT 'a' || 'b' || 1, concat('a', NULL, 'b')

SELECT a || '!' FROM s WHERE k = 1

SELECT 'abc' < 'abd', 'B' < 'a', 'a' < 'ä'

SELECT CAST(1 AS STRING), CAST(1.5 AS STRING), CAST(true AS STRING), CAST(2 AS VARCHAR(1)), CAST('2024-01-01' AS STRING)

SELECT CAST('true' AS BOOLEAN), CAST('f' AS BOOLEAN), CAST(0 AS BOOLEAN), CAST('1' AS BOOLEAN)

SELECT CAST('maybe' AS BOOLEAN)
