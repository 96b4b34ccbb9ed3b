-- Rows of queries: by position, cast, with defaults, from the table itself and from other databases.
CREATE TABLE src (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v DOUBLE, n INT);

INSERT INTO src VALUES ('a', 1000, 1.5, 1), ('a', 2000, 2.5, 2), ('b', 1000, 3.9, NULL);

CREATE TABLE dst (ts TIMESTAMP(9) TIME INDEX, name STRING PRIMARY KEY, i BIGINT, s STRING DEFAULT 'none');

INSERT INTO dst SELECT ts, h, v, n FROM src;

SELECT ts::BIGINT AS raw, name, i, s FROM dst ORDER BY name, ts;

INSERT INTO dst (name, ts) SELECT h, ts + INTERVAL '1 minute' FROM src WHERE n IS NULL;

INSERT INTO dst (i, name, ts) SELECT count(*), 'sum of ' || h, max(ts) FROM src GROUP BY h;

INSERT INTO dst (i, name, ts) WITH c AS (SELECT n, h, ts FROM src WHERE n = 2) SELECT n, h || '2', ts FROM c;

INSERT INTO dst (i, name, ts) SELECT 1, 'u', 5::TIMESTAMP(9) UNION ALL SELECT 2, 'u', 6::TIMESTAMP(9);

INSERT INTO dst (name, ts) (SELECT 'p', '2024-01-01 00:00:00');

INSERT INTO dst (name, ts, i) SELECT 'text', 7::TIMESTAMP(9), '42';

SELECT ts::BIGINT AS raw, name, i, s FROM dst WHERE i IS NOT NULL OR name IN ('b', 'p') ORDER BY name, ts;

-- what is empty writes nothing
INSERT INTO dst (name, ts) SELECT h, ts FROM src WHERE h = 'nobody';

-- the table itself: a snapshot, so it ends
INSERT INTO src SELECT h || 'x', ts, v, n FROM src;

REPLACE INTO src SELECT h, ts, v * 2, n FROM src WHERE h = 'a';

SELECT * FROM src ORDER BY h, ts;

-- another database
CREATE DATABASE other;

CREATE TABLE other.src LIKE src;

INSERT INTO other.src SELECT * FROM src WHERE h = 'b';

INSERT INTO other.src (h, ts, v) SELECT s.h, d.ts, d.i FROM src s JOIN dst d ON s.h = d.name WHERE s.h = 'a' AND s.n = 1;

SELECT * FROM other.src ORDER BY h, ts;

-- errors, which leave nothing behind
INSERT INTO dst SELECT ts, h FROM src;

INSERT INTO dst (name, ts) SELECT h, ts, v FROM src;

INSERT INTO dst (name, ts) SELECT h, NULL FROM src;

INSERT INTO dst (name) SELECT h FROM src;

INSERT INTO dst (name, ts, i) SELECT h, ts, h FROM src;

INSERT INTO dst (name, nosuch) SELECT h, ts FROM src;

INSERT INTO dst (name, ts) SELECT nosuch, ts FROM src;

INSERT INTO dst (name, ts) SELECT h, ts FROM nosuch;

INSERT INTO dst (name, ts) TQL EVAL (0, 1, '1s') src;

DROP DATABASE other;

-- views and information_schema can be read from
CREATE VIEW v AS SELECT h, ts FROM src WHERE v > 3;

INSERT INTO dst (name, ts) SELECT 'view ' || h, ts FROM v;

INSERT INTO dst (name, ts) SELECT table_name, 77::TIMESTAMP(9) FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE';

SELECT name FROM dst WHERE name LIKE 'view %' OR ts = 77::TIMESTAMP(9) ORDER BY name;
