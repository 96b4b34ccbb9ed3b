-- 1001: what is understood and not done.
CREATE TABLE t (ts TIMESTAMP TIME INDEX, i INT);

UPDATE t SET i = 1;

MERGE INTO t USING t AS u ON true WHEN MATCHED THEN DELETE;

GRANT ALL ON t TO bob;

REVOKE ALL ON t FROM bob;

CREATE INDEX i ON t (i);

CREATE USER bob;

CREATE FUNCTION f() RETURNS INT AS '1';

CREATE TRIGGER x;

CREATE TABLE IF EXISTS t (ts TIMESTAMP TIME INDEX);

ALTER VIEW v AS SELECT 1;

UNDROP TABLE t;

SELECT 1 SELECT 2;

INSERT INTO t VALUES (1, 1) ON DUPLICATE KEY UPDATE i = 2;

ALTER TABLE t ADD CONSTRAINT c PRIMARY KEY (i);

ALTER TABLE t PARTITION ON COLUMNS (i) (i < 1, i >= 1);

ALTER TABLE t MERGE PARTITION (i < 1, i >= 1);

CREATE TABLE x (ts TIMESTAMP TIME INDEX, i INT DEFAULT 1 + 1);

CREATE TABLE x (ts TIMESTAMP TIME INDEX, i INT DEFAULT abs(1));

CREATE TABLE information_schema.x (ts TIMESTAMP TIME INDEX);

ALTER TABLE information_schema.tables ADD COLUMN a INT;

DROP TABLE information_schema.tables;

DROP DATABASE information_schema;

INSERT INTO information_schema.tables VALUES (1);

CREATE OR REPLACE FLOW IF NOT EXISTS f SINK TO t AS SELECT 1;

SHOW CREATE TABLE information_schema.tables;

CREATE VIEW v AS SELECT 1;

SHOW CREATE TABLE v;

SELECT i FROM t LIMIT (SELECT 1);

ADMIN migrate_region(1, 2, 3);

-- variables: clients of the wires set many, and are warned only
-- ONLY http
SET nonsense = 1;

-- ONLY http mysql
SHOW nonsense;

-- ONLY http mysql
SET time_zone = 'Mars/Phobos';
