-- Deletes from an append table, by any columns; rows written later are not touched.
CREATE TABLE logs (host STRING, ts TIMESTAMP TIME INDEX, level STRING, code BIGINT, PRIMARY KEY (host)) WITH (append_mode = 'true');

INSERT INTO logs VALUES ('a', 1, 'info', 200), ('a', 1, 'info', 200), ('a', 2, 'error', 500), ('b', 3, NULL, NULL), ('b', 4, 'info', 404);

DELETE FROM logs WHERE level = 'info' AND code < 300;

SELECT * FROM logs ORDER BY ts;

INSERT INTO logs VALUES ('a', 1, 'info', 200);

SELECT * FROM logs ORDER BY ts;

DELETE FROM logs WHERE level IS NULL OR host LIKE 'a%';

SELECT * FROM logs ORDER BY ts;

ADMIN flush_table('logs');

ADMIN compact_table('logs');

SELECT count(*) FROM logs;

-- A condition that regions cannot judge.
DELETE FROM logs WHERE length(level) = code;

DELETE FROM logs;

SELECT count(*) FROM logs;

-- Columns that change under stored rows.
CREATE TABLE m (host STRING, ts TIMESTAMP TIME INDEX, v INT, s STRING, PRIMARY KEY (host));

INSERT INTO m VALUES ('a', 1, 7, '12'), ('b', 2, NULL, 'x');

ADMIN flush_table('m');

ALTER TABLE m ADD COLUMN n BIGINT DEFAULT 3 AFTER host, ADD COLUMN IF NOT EXISTS v INT, ADD COLUMN f DOUBLE FIRST;

INSERT INTO m (host, ts) VALUES ('c', 3);

ALTER TABLE m MODIFY COLUMN n SET DEFAULT 9;

INSERT INTO m (host, ts) VALUES ('d', 4);

SELECT * FROM m ORDER BY ts;

ALTER TABLE m MODIFY COLUMN v DOUBLE;

ALTER TABLE m MODIFY COLUMN s BIGINT;

SELECT * FROM m ORDER BY ts;

SELECT sum(v), max(s) FROM m WHERE v > 6.5;

ALTER TABLE m MODIFY COLUMN n STRING;

INSERT INTO m (host, ts) VALUES ('e', 5);

SELECT host, n FROM m ORDER BY ts;

DESC TABLE m;

ALTER TABLE m MODIFY COLUMN host BIGINT;

ALTER TABLE m MODIFY COLUMN ts TIMESTAMP(9);

ALTER TABLE m MODIFY COLUMN v TIMESTAMP(3);

ALTER TABLE m ADD COLUMN must INT NOT NULL DEFAULT 1;

ALTER TABLE m MODIFY COLUMN must BIGINT;

ALTER TABLE m MODIFY COLUMN nowhere BIGINT;

ALTER TABLE m DROP COLUMN host;

ALTER TABLE m DROP COLUMN n;

ALTER TABLE m ADD COLUMN n BIGINT;

SELECT host, n FROM m ORDER BY ts;

DROP TABLE logs;

DROP TABLE m;

-- Options that change how rows are merged, and indexes.
CREATE TABLE o (ts TIMESTAMP TIME INDEX, s STRING FULLTEXT INDEX) WITH ('merge_mode' = 'last_non_null');

INSERT INTO o VALUES (1, 'a'), (1, NULL);

ALTER TABLE o SET 'append_mode' = 'true';

INSERT INTO o VALUES (2, 'b'), (2, 'b');

SELECT count(*) FROM o WHERE ts = 2;

ALTER TABLE o SET 'append_mode' = 'false';

ALTER TABLE o SET 'nonsense' = '1';

ALTER TABLE o UNSET 'append_mode';

ALTER TABLE o MODIFY COLUMN s SET FULLTEXT INDEX WITH (analyzer = 'Chinese');

ALTER TABLE o MODIFY COLUMN s UNSET FULLTEXT INDEX;

ALTER TABLE o MODIFY COLUMN s SET FULLTEXT INDEX WITH (analyzer = 'Chinese');

SHOW CREATE TABLE o;

TRUNCATE TABLE o;

SELECT count(*) FROM o;

DROP TABLE o;
