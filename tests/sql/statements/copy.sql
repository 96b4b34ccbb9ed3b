-- COPY: tables, queries and databases into files and back.

CREATE TABLE src (h STRING, ts TIMESTAMP TIME INDEX, d DOUBLE, i INT, b BOOLEAN, bin VARBINARY, dt DATE, dc DECIMAL(10,2), j JSON, us TIMESTAMP(6), PRIMARY KEY (h));

INSERT INTO src VALUES ('a', 1, 1.5, 7, true, x'00ff', '2024-02-29', '12.34', '{"k":[1,2]}', 1700000000123456), ('', 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('x,"y"', 3, -0.25, -1, false, x'', '1969-12-31', '-0.01', '"s"', 0);

COPY src TO 'src.parquet';

COPY src TO 'src.csv' WITH (format='csv');

COPY src TO 'dir/' WITH (format='json', compression_type='gzip');

CREATE TABLE dst LIKE src;

COPY dst FROM 'src.parquet';

SELECT count(*) FROM dst JOIN src ON dst.h = src.h AND dst.ts = src.ts AND dst.d IS NOT DISTINCT FROM src.d AND dst.dt IS NOT DISTINCT FROM src.dt AND dst.dc IS NOT DISTINCT FROM src.dc AND dst.us IS NOT DISTINCT FROM src.us;

TRUNCATE dst;

COPY dst FROM 'src.csv' WITH (format='csv');

SELECT * FROM dst ORDER BY ts;

TRUNCATE dst;

COPY dst FROM 'dir/' WITH (format='json', compression_type='gzip', pattern='.*\.json\.gz');

SELECT * FROM dst ORDER BY ts;

-- Bounds, limits and queries.

COPY src TO 'part.csv' WITH (format='csv', start_time='1970-01-01 00:00:00.002', end_time='1970-01-01 00:00:00.003', timestamp_format='%Y/%m/%d %H:%M:%S%.3f');

TRUNCATE dst;

COPY dst FROM 'src.csv' WITH (format='csv') LIMIT 2;

SELECT count(*) FROM dst;

COPY (SELECT h, ts, d * 2 AS d FROM src WHERE d IS NOT NULL) TO 'query.parquet';

CREATE TABLE narrow (ts TIMESTAMP(9) TIME INDEX, d FLOAT, extra STRING DEFAULT 'none');

COPY narrow FROM 'query.parquet';

SELECT * FROM narrow ORDER BY ts;

-- Databases.

CREATE DATABASE other;

COPY DATABASE public TO 'db/' WITH (format='parquet', parallelism=2);

CREATE TABLE other.src LIKE src;

CREATE TABLE other.dst LIKE src;

CREATE TABLE other.narrow LIKE narrow;

COPY DATABASE other FROM 'db/' WITH (format='parquet');

SELECT count(*) FROM other.src;

-- What is refused.

COPY src TO '../src.csv';

COPY src TO '/etc/passwd';

COPY src TO 'x.csv' WITH (format='xml');

COPY src TO 'x.orc' WITH (format='orc');

COPY src TO 'x.csv' WITH (format='csv', compression_type='bzip2');

COPY src TO 'x.csv' WITH (nonsense=1);

COPY DATABASE public TO 'db';

COPY dst FROM 'missing.parquet';

COPY missing FROM 'src.parquet';

COPY src TO 'http://host/x';

-- ONLY http mysql
COPY (SELECT 1) TO STDOUT;

CREATE TABLE ints (ts TIMESTAMP TIME INDEX, h INT);

COPY ints FROM 'src.csv' WITH (format='csv');

COPY ints FROM 'src.csv' WITH (format='csv', skip_bad_records=true);

COPY ints FROM 'src.csv' WITH (format='csv', strict_headers=true);

COPY ints FROM 'src.parquet';

COPY ints FROM 'src.csv' WITH (format='parquet');

DROP TABLE src, dst, narrow, ints;

DROP DATABASE other;
