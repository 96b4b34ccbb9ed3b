-- External tables: files that are read where they lie.

CREATE TABLE src (h STRING, ts TIMESTAMP TIME INDEX, d DOUBLE, n BIGINT, PRIMARY KEY (h));

INSERT INTO src VALUES ('a', 1000, 1.5, 7), ('a', 2000, 2.5, NULL), ('b', 1000, -1, 9);

COPY src TO 'ext/one.csv' WITH (format='csv');

COPY src TO 'ext/two.csv' WITH (format='csv');

COPY src TO 'pq/one.parquet';

COPY src TO 'js/one.json' WITH (format='json');

CREATE EXTERNAL TABLE csvs WITH (location='ext/', format='csv', pattern='\.csv$');

DESC TABLE csvs;

SELECT * FROM csvs ORDER BY h, ts;

SELECT h, count(*), sum(d), max(n) FROM csvs GROUP BY h ORDER BY h;

CREATE EXTERNAL TABLE IF NOT EXISTS pq WITH (location='pq/one.parquet');

CREATE EXTERNAL TABLE IF NOT EXISTS pq WITH (location='pq/one.parquet');

DESC TABLE pq;

SHOW CREATE TABLE pq;

SELECT h, d FROM pq WHERE ts > 1000 AND h = 'a';

SELECT count(*) FROM pq;

SELECT src.h, src.ts, pq.d FROM src JOIN pq ON src.h = pq.h AND src.ts = pq.ts ORDER BY 1, 2;

CREATE EXTERNAL TABLE js (h STRING, d FLOAT, gone INT DEFAULT 5, ts TIMESTAMP(6) TIME INDEX) WITH (location='js/', format='json');

SELECT * FROM js ORDER BY h, ts;

INSERT INTO dst SELECT 1;

-- A list of files is fixed; a restart keeps it.

COPY src TO 'ext/three.csv' WITH (format='csv');

-- RESTART

SELECT count(*) FROM csvs;

-- What is refused.

INSERT INTO pq VALUES ('a', 1, 1, 1);

DELETE FROM pq;

TRUNCATE pq;

ALTER TABLE pq ADD COLUMN x INT;

COPY pq FROM 'pq/one.parquet';

CREATE TABLE another LIKE pq;

CREATE EXTERNAL TABLE bad WITH (location='../x');

CREATE EXTERNAL TABLE bad WITH (format='csv');

CREATE EXTERNAL TABLE bad WITH (location='ext/', format='orc');

CREATE EXTERNAL TABLE bad WITH (location='ext/', format='csv', pattern='nothing');

CREATE EXTERNAL TABLE bad WITH (location='ext/', format='csv', ttl='1d');

CREATE EXTERNAL TABLE bad (x INT, greptime_timestamp TIMESTAMP TIME INDEX) WITH (location='pq/one.parquet');

CREATE EXTERNAL TABLE bad (d BINARY, h STRING) WITH (location='pq/one.parquet');

-- The files outlive the table.

DROP TABLE pq;

CREATE EXTERNAL TABLE pq WITH (location='pq/');

SELECT count(*) FROM pq;

DROP TABLE pq, csvs, js, src;
