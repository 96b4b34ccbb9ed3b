-- Rows by VALUES: columns, defaults, expressions, and what is refused.
CREATE TABLE t (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, i INT, d DOUBLE DEFAULT 1.5, s STRING DEFAULT 'x' NOT NULL);

INSERT INTO t VALUES ('a', 1, -1, +2.5, 'y'), ('b', 2, NULL, DEFAULT, DEFAULT);

INSERT INTO t (ts, h) VALUES (3, 'c');

INSERT INTO t (s, h, ts) VALUES ('given', 'd', '1970-01-01 00:00:00.004'),;

INSERT INTO t (h, ts, i) VALUES ('e', 5, 2 + 3 * 4), ('f', 6, abs(-7)), ('g', 7, (SELECT 1)), ('h', 8, CASE WHEN 1 > 2 THEN 3 END);

REPLACE INTO t (h, ts, i) VALUES ('a', 1, 9);

INSERT INTO t VALUES ('a', 1, 10, 0, 'first'), ('a', 1, 11, 0, 'last');

INSERT INTO public.t (h, ts) VALUES ('z', 9);

INSERT INTO greptime.public.t (h, ts) VALUES ('z', 9);

SELECT * FROM t ORDER BY h, ts;

INSERT INTO t (h, ts, d) VALUES ('n', 1, 'NaN'::double), ('n', 2, 'Infinity'::double), ('n', 3, '-Infinity'::double);

SELECT ts, d > 0 AS positive, isnan(d) AS nan FROM t WHERE h = 'n' ORDER BY ts;

-- nothing of what is refused is written
INSERT INTO t (h, ts, i) VALUES ('bad', 1, 1), ('bad', 2, 3000000000);

INSERT INTO t (h, ts, i) VALUES ('bad', 1, 1.5);

INSERT INTO t (h, ts, i) VALUES ('bad', 1, true);

INSERT INTO t (h, ts, i) VALUES ('bad', 1, abs('x'));

INSERT INTO t (h, ts, s) VALUES ('bad', 1, NULL);

INSERT INTO t (h, ts, s) VALUES ('bad', 1, 5);

INSERT INTO t (h, ts) VALUES ('bad', NULL);

INSERT INTO t (h, ts) VALUES ('bad', DEFAULT);

INSERT INTO t (h) VALUES ('bad');

INSERT INTO t (h, ts) VALUES ('bad', 1, 2);

INSERT INTO t (h, ts) VALUES ('bad', 1), ('bad');

INSERT INTO t VALUES ('bad', 1);

INSERT INTO t (h, ts, nosuch) VALUES ('bad', 1, 1);

INSERT INTO t (h, ts, h) VALUES ('bad', 1, 'bad');

INSERT INTO t (h, ts, i) VALUES ('bad', 1, nosuch);

INSERT INTO t (h, ts, i) VALUES ('bad', 1, nosuch(1));

INSERT INTO t (h, ts) VALUES ();

INSERT INTO t VALUES;

INSERT INTO t (h, ts) VALUES ('bad', 1) ON CONFLICT DO NOTHING;

-- ONLY http mysql
INSERT INTO t (h, ts) VALUES ('bad', 1) RETURNING h;

UPDATE t SET i = 1;

SELECT count(*) FROM t WHERE h = 'bad';

-- tables that are not there, or not for writing
INSERT INTO nosuch VALUES (1);

INSERT INTO nowhere.t VALUES (1);

INSERT INTO elsewhere.public.t VALUES (1);

INSERT INTO a.b.c.d VALUES (1);

INSERT INTO information_schema.tables VALUES (1);

REPLACE INTO information_schema.tables VALUES (1);

CREATE VIEW v AS SELECT h FROM t;

INSERT INTO v VALUES ('a');

DELETE FROM v;

TRUNCATE v;

-- strings as numbers: of the clients that write all constants so
-- ONLY http
INSERT INTO t (h, ts, i) VALUES ('text', 1, '5');

-- SESSION mysql
INSERT INTO t (h, ts, i, d) VALUES ("text", "1", "5", '-1e3');

INSERT INTO t (h, ts, i) VALUES ('text', 2, '5.5');

INSERT INTO t (h, ts, i) VALUES ('text', 2, '');

SELECT h, ts, i, d FROM t WHERE h = 'text';
