-- views
CREATE TABLE cpu (ts TIMESTAMP TIME INDEX, host STRING PRIMARY KEY, v DOUBLE, n INT);

INSERT INTO cpu VALUES (1000, 'a', 1, 1), (2000, 'a', 2, 2), (1000, 'b', 3, 3);

CREATE VIEW hosts AS SELECT host, max(v) AS top FROM cpu GROUP BY host;

SELECT * FROM hosts ORDER BY host;

CREATE VIEW named (h, t) AS SELECT host, top FROM hosts WHERE top > 2;

SELECT h, t + 1 FROM named;

CREATE VIEW everything AS SELECT * FROM cpu;

CREATE OR REPLACE VIEW hosts AS WITH x AS (SELECT host, v FROM cpu) SELECT host, min(v) AS top FROM x GROUP BY host;

SELECT * FROM hosts ORDER BY host;

CREATE VIEW IF NOT EXISTS hosts AS SELECT 1;

CREATE VIEW curve AS TQL EVAL (0, 2, '1s') sum by (host) (cpu{__field__="v"});

SELECT * FROM curve ORDER BY host, ts;

WITH c (host, at, x) AS (TQL EVAL (0, 2, '1s') sum by (host) (cpu{__field__="v"})) SELECT host, max(x) FROM c GROUP BY host ORDER BY host;

-- columns that tables get later do not show; ones that go make an error
ALTER TABLE cpu ADD COLUMN extra STRING;

SELECT * FROM everything ORDER BY ts, host LIMIT 1;

ALTER TABLE cpu DROP COLUMN n;

SELECT * FROM everything;

-- where views show
SHOW VIEWS;

SHOW CREATE VIEW named;

SELECT table_name, view_definition FROM information_schema.views ORDER BY table_name;

SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name;

DESC TABLE hosts;

SHOW COLUMNS FROM named;

-- another database
CREATE DATABASE other;

CREATE VIEW other.cpu_hosts AS SELECT DISTINCT host FROM cpu;

SELECT * FROM other.cpu_hosts ORDER BY host;

-- RESTART

SELECT * FROM named;

-- errors
CREATE VIEW hosts AS SELECT 1;

CREATE VIEW cpu AS SELECT 1;

CREATE TABLE hosts (ts TIMESTAMP TIME INDEX);

CREATE OR REPLACE VIEW IF NOT EXISTS hosts AS SELECT 1;

CREATE VIEW two (a) AS SELECT 1, 2;

CREATE VIEW twice AS SELECT host, host FROM cpu;

CREATE VIEW nothing AS SELECT * FROM missing;

INSERT INTO hosts VALUES ('a', 1);

DROP TABLE hosts;

DROP VIEW cpu;

DROP VIEW missing;

SHOW CREATE VIEW missing;

SHOW CREATE TABLE hosts;

DROP VIEW IF EXISTS missing;

DROP VIEW named;

SELECT * FROM named;

DROP DATABASE other;

DROP VIEW hosts;

DROP VIEW everything;

DROP VIEW curve;

DROP TABLE cpu;
