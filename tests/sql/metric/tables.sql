-- A physical table of the metric engine, and logical tables that share it.
CREATE TABLE phy (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (physical_metric_table='');

CREATE TABLE requests (ts TIMESTAMP(3) TIME INDEX, val DOUBLE, host STRING, path STRING, PRIMARY KEY (host, path)) ENGINE=metric WITH (on_physical_table='phy');

CREATE TABLE load1 (ts TIMESTAMP(3) TIME INDEX, val DOUBLE, instance STRING PRIMARY KEY) ENGINE=metric WITH (on_physical_table='phy');

INSERT INTO requests VALUES (1000, 1, 'a', '/x'), (2000, 3, 'a', '/x'), (1000, 5, 'b', '/y'), (1000, 7, NULL, '/z');

INSERT INTO load1 VALUES (1000, 0.5, 'a'), (2000, 0.75, 'a'), (1000, 2, 'c');

SHOW TABLES;

SHOW CREATE TABLE requests;

SHOW CREATE TABLE phy;

DESC TABLE requests;

DESC TABLE phy;

SELECT table_name, engine, create_options FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name;

SELECT * FROM requests ORDER BY host, path, ts;

SELECT host, sum(val), count(*) FROM requests GROUP BY host ORDER BY host;

SELECT path, max(val) FROM requests WHERE host = 'a' AND ts < 2000 GROUP BY path;

SELECT count(*) FROM requests WHERE path LIKE '/%' AND host IS NOT NULL;

SELECT r.host, r.val, l.val FROM requests r JOIN load1 l ON r.host = l.instance AND r.ts = l.ts ORDER BY r.ts;

-- The physical table shows the rows of all, with the numbers of tables and series.
SELECT ts, val, host, instance, path FROM phy ORDER BY val;

SELECT count(*), count(DISTINCT __table_id), count(DISTINCT __tsid) FROM phy;

SELECT __tsid, count(*) FROM phy WHERE host = 'a' GROUP BY __tsid;

DELETE FROM requests WHERE host = 'a' AND ts = 1000;

SELECT * FROM requests ORDER BY host, path, ts;

SELECT * FROM load1 ORDER BY instance, ts;

-- A new label.
ALTER TABLE load1 ADD COLUMN dc STRING PRIMARY KEY;

INSERT INTO load1 VALUES (3000, 4, 'a', 'eu');

SELECT * FROM load1 ORDER BY instance, dc, ts;

DESC TABLE load1;

TQL EVAL (3, 3, '1s') load1;

TQL EVAL (2, 2, '1s') sum by (path) (requests);

-- What is asked of the physical table is asked of its regions.
SELECT val, host, path FROM phy WHERE host = 'a' ORDER BY val;

SELECT val FROM phy WHERE instance IS NULL AND val > 1 ORDER BY val;

SELECT count(*) FROM phy WHERE host = 'a' OR instance IS NOT NULL;

SELECT count(*) FROM phy WHERE __table_id = 1 AND ts > 0;

-- What is refused.
INSERT INTO phy (ts, val) VALUES (1, 1);

DROP TABLE phy;

ALTER TABLE requests SET 'ttl'='1d';

ALTER TABLE requests ADD COLUMN n BIGINT;

CREATE TABLE x (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (on_physical_table='phy', ttl='1d');

CREATE TABLE x (ts TIMESTAMP(3) TIME INDEX, val BIGINT) ENGINE=metric WITH (on_physical_table='phy');

CREATE TABLE x (ts TIMESTAMP(3) TIME INDEX, val DOUBLE, n INT PRIMARY KEY) ENGINE=metric WITH (on_physical_table='phy');

CREATE TABLE x (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric WITH (on_physical_table='nosuch');

CREATE TABLE x (ts TIMESTAMP(3) TIME INDEX, val DOUBLE) ENGINE=metric;

-- Truncate, rename, drop.
TRUNCATE TABLE load1;

SELECT count(*) FROM load1;

ALTER TABLE requests RENAME hits;

SELECT count(*) FROM hits;

DROP TABLE hits, load1;

SELECT count(*) FROM phy;

DROP TABLE phy;

SHOW TABLES;
