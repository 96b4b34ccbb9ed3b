-- Views of views, of other databases and of files.
CREATE TABLE t (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v DOUBLE);

INSERT INTO t VALUES ('a', 1, 1), ('a', 2, 2), ('b', 1, 3);

CREATE VIEW one AS SELECT h, v FROM t;

CREATE VIEW two (host, total) AS SELECT h, sum(v) FROM one GROUP BY h;

CREATE VIEW three AS SELECT * FROM two WHERE total > 2;

CREATE DATABASE other;

CREATE VIEW other.four AS SELECT three.host, one.v FROM three JOIN one ON three.host = one.h;

SELECT * FROM three ORDER BY host;

SELECT host, v FROM other.four ORDER BY host, v;

SELECT a.host, b.total FROM two a JOIN two b ON a.host = b.host ORDER BY a.host;

-- a view that would read itself
CREATE OR REPLACE VIEW one AS SELECT host AS h, total AS v FROM three;

CREATE OR REPLACE VIEW three AS SELECT * FROM three;

CREATE OR REPLACE VIEW one AS SELECT host AS h, v FROM other.four;

SELECT * FROM three ORDER BY host;

-- what is replaced shows in what stands on it, if it has the columns
CREATE OR REPLACE VIEW one AS SELECT h, v * 10 AS v FROM t;

SELECT * FROM three ORDER BY host;

CREATE OR REPLACE VIEW one AS SELECT h FROM t;

SELECT * FROM three;

CREATE OR REPLACE VIEW one AS SELECT h, v FROM t WHERE v > 1;

-- as rows of a file
COPY three TO 'three.csv' WITH (format = 'csv');

COPY information_schema.engines TO 'engines.json' WITH (format = 'json');

COPY three TO 'three.csv' WITH (format = 'csv', start_time = '2024-01-01 00:00:00');

COPY three FROM 'three.csv' WITH (format = 'csv');

-- they are no tables
ALTER TABLE one ADD COLUMN x INT;

CREATE TABLE like_one LIKE one;

CREATE TABLE like_tables LIKE information_schema.tables;

COMMENT ON TABLE one IS 'x';

SHOW INDEX FROM one;

SHOW CREATE VIEW two;

-- SESSION mysql
CREATE VIEW quoted AS SELECT `h` AS `the host`, "text" AS t FROM `t` WHERE h != "b";

SELECT * FROM quoted;

-- SESSION greptime
SELECT * FROM quoted;

DROP DATABASE other;

DROP TABLE t;

SELECT * FROM three;
