-- REGIONS h: h < 'b', h >= 'b'

-- Rows go by any condition, in each mode of merging.
CREATE TABLE t (h STRING, ts TIMESTAMP TIME INDEX, v DOUBLE, s STRING, PRIMARY KEY (h));

INSERT INTO t VALUES ('a', 1, 1, 'x'), ('a', 2, 2, 'y'), ('b', 1, 3, NULL), ('b', 2, 4, 'z'), (NULL, 1, 5, 'n'), ('c', 3, 6, 'x');

DELETE FROM t WHERE v = 2;

DELETE FROM t WHERE h IS NULL AND ts < 5;

DELETE FROM t WHERE length(s) + v > 6.5;

DELETE FROM t WHERE h IN (SELECT h FROM t WHERE s IS NULL) AND ts = 1;

DELETE FROM t WHERE h = 'nobody';

SELECT * FROM t ORDER BY h, ts;

-- a row that went comes back with the next write of its key only
ADMIN flush_table('t');

DELETE FROM t WHERE h = 'a';

INSERT INTO t (h, ts, v) VALUES ('a', 1, 10);

SELECT * FROM t ORDER BY h, ts;

DELETE FROM t WHERE ts BETWEEN '1970-01-01 00:00:00' AND '1970-01-01 00:00:00.001';

-- RESTART
SELECT * FROM t ORDER BY h, ts;

DELETE FROM t;

DELETE FROM t;

SELECT count(*) FROM t;

-- last_non_null: values from before the deletion do not come back
CREATE TABLE n (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, a INT, b INT) WITH (merge_mode = 'last_non_null');

INSERT INTO n (h, ts, a) VALUES ('x', 1, 1);

INSERT INTO n (h, ts, b) VALUES ('x', 1, 2);

DELETE FROM n WHERE a = 1 AND b = 2;

INSERT INTO n (h, ts, b) VALUES ('x', 1, 3);

SELECT * FROM n;

-- no primary key: the time alone
CREATE TABLE k (ts TIMESTAMP TIME INDEX, v INT);

INSERT INTO k VALUES (1, 1), (2, 2), (2, 3);

DELETE FROM k WHERE v = 3;

SELECT * FROM k;

-- append tables
CREATE TABLE l (ts TIMESTAMP TIME INDEX, v INT) WITH (append_mode = 'true');

INSERT INTO l VALUES (1, 1), (1, 1), (2, 2);

DELETE FROM l WHERE v < 2;

DELETE FROM l WHERE v + 1 = ts::BIGINT;

SELECT * FROM l;

-- errors
DELETE FROM t WHERE nosuch = 1;

DELETE FROM t WHERE v;

DELETE FROM t WHERE count(*) > 1;

DELETE FROM nosuch;

DELETE FROM nowhere.t;

DELETE FROM information_schema.tables;

DELETE FROM t LIMIT 1;

DELETE FROM t ORDER BY ts;

DELETE t WHERE v = 1;

TRUNCATE TABLE nosuch;

TRUNCATE information_schema.tables;
