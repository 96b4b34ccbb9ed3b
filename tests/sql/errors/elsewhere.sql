-- Statements of other databases: what is refused says what there is instead.

CREATE TABLE t (ts TIMESTAMP TIME INDEX, i INT, j JSON)

ALTER TABLE t RENAME COLUMN i TO k

ALTER TABLE t ALTER COLUMN i TYPE BIGINT

ALTER TABLE t CHANGE COLUMN i k INT

SELECT j -> 'a' FROM t

SELECT j ->> 'a' FROM t

SELECT 1 FROM t x FULL JOIN t y ON x.i = (SELECT max(i) FROM t z WHERE z.ts = x.ts)

SELECT * FROM no_such_function(1)

SELECT * FROM t ASOF JOIN t y ON t.ts = y.ts

SELECT TOP 5 * FROM t

SELECT * FROM t FOR UPDATE

INSERT INTO t (ts) VALUES (1) ON CONFLICT DO NOTHING

INSERT INTO t (ts) VALUES (1) ON DUPLICATE KEY UPDATE i = 1

INSERT INTO t (ts) VALUES (1) RETURNING i
