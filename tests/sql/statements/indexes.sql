-- Index options, and the ways to be refused.
CREATE TABLE logs (
  ts TIMESTAMP(3) TIME INDEX,
  service STRING INVERTED INDEX,
  trace_id STRING SKIPPING INDEX WITH(granularity = 1024, false_positive_rate = 0.05),
  message STRING FULLTEXT INDEX WITH(analyzer = 'English', case_sensitive = 'true'),
  status INT INVERTED INDEX SKIPPING INDEX,
  took DOUBLE,
  PRIMARY KEY (service)
) WITH (append_mode = 'true')

SHOW CREATE TABLE logs

SHOW INDEX FROM logs

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v DOUBLE FULLTEXT INDEX)

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v DOUBLE INVERTED INDEX WITH(granularity = 1))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v DOUBLE SKIPPING INDEX WITH(granularity = 0))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v DOUBLE SKIPPING INDEX WITH(false_positive_rate = 0))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v DOUBLE SKIPPING INDEX WITH(type = 'HASH'))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v DOUBLE SKIPPING INDEX WITH(colour = 'red'))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v STRING FULLTEXT INDEX WITH(analyzer = 'Klingon'))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v STRING FULLTEXT INDEX WITH(backend = 'elastic'))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v STRING FULLTEXT INDEX WITH(case_sensitive = 'perhaps'))

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, v STRING FULLTEXT INDEX FULLTEXT INDEX)

-- Searches, before and after rows reach files.
INSERT INTO logs VALUES
  ('2024-01-01 00:00:00', 'api', 'aaaa', 'GET /app/start took 5ms', 200, 5),
  ('2024-01-01 00:00:01', 'api', 'bbbb', 'GET /app/errors failed: Timeout', 500, 900),
  ('2024-01-01 00:00:02', 'web', 'aaaa', 'error: user-7 not found', 404, 3),
  ('2024-01-01 00:00:03', 'web', 'cccc', NULL, NULL, NULL),
  ('2024-01-01 00:00:04', 'db', 'dddd', '日志 文件 已 达到 上限', 200, 1)

SELECT ts, service FROM logs WHERE trace_id = 'aaaa' ORDER BY ts

ADMIN flush_table('logs')

SELECT ts, service FROM logs WHERE trace_id = 'aaaa' ORDER BY ts

SELECT trace_id FROM logs WHERE trace_id IN ('bbbb', 'dddd', 'nosuch') ORDER BY ts

SELECT trace_id FROM logs WHERE status = 200 OR trace_id = 'cccc' ORDER BY ts

SELECT trace_id FROM logs WHERE status > 200 AND status <= 500 ORDER BY ts

SELECT message FROM logs WHERE matches_term(message, 'error') ORDER BY ts

SELECT message FROM logs WHERE message @@ 'errors' ORDER BY ts

SELECT message FROM logs WHERE message @@ '文件'

SELECT message FROM logs WHERE matches(message, '+GET -start') ORDER BY ts

SELECT message FROM logs WHERE matches(message, 'user-7 OR (took AND "/app/start")') ORDER BY ts

SELECT message FROM logs WHERE matches(message, '(open')

SELECT message FROM logs WHERE message LIKE 'GET /app/e%' OR message ~ '[0-9]ms$' ORDER BY ts

SELECT count(*) FROM logs WHERE NOT matches_term(message, 'GET')

-- Indexes of a table that has files already.
ALTER TABLE logs MODIFY COLUMN took SET INVERTED INDEX

ALTER TABLE logs MODIFY COLUMN took SET FULLTEXT INDEX

ALTER TABLE logs MODIFY COLUMN message SET FULLTEXT INDEX WITH(analyzer = 'Chinese', case_sensitive = 'true')

ALTER TABLE logs MODIFY COLUMN message SET FULLTEXT INDEX WITH(case_sensitive = 'true', backend = 'tantivy')

ALTER TABLE logs MODIFY COLUMN status UNSET SKIPPING INDEX

ADMIN build_index('logs')

ADMIN build_index('nosuch')

ADMIN build_index()

SELECT trace_id FROM logs WHERE took > 4 ORDER BY ts

SELECT message FROM logs WHERE message @@ '文件'

SELECT index_name, column_name, index_type, greptime_index_type FROM information_schema.statistics WHERE table_name = 'logs' ORDER BY index_name

-- On a table whose rows replace one another, a newer version hides an older one whatever a search asks of it.
CREATE TABLE states (ts TIMESTAMP(3) TIME INDEX, host STRING PRIMARY KEY, state STRING SKIPPING INDEX WITH(granularity = 1) INVERTED INDEX)

INSERT INTO states VALUES ('2024-01-01 00:00:00', 'a', 'up'), ('2024-01-01 00:00:01', 'a', 'up'), ('2024-01-01 00:00:00', 'b', 'up')

ADMIN flush_table('states')

INSERT INTO states VALUES ('2024-01-01 00:00:01', 'a', 'down')

SELECT * FROM states WHERE state = 'up' ORDER BY host, ts

ADMIN flush_table('states')

SELECT * FROM states WHERE state = 'up' ORDER BY host, ts

ADMIN compact_table('states')

SELECT * FROM states WHERE state = 'up' ORDER BY host, ts

-- conditions of full text on a tag, which has no index of its own
CREATE TABLE texts (ts TIMESTAMP TIME INDEX, line STRING PRIMARY KEY);

INSERT INTO texts VALUES (1, 'disk full'), (2, 'all well'), (3, NULL);

SELECT ts FROM texts WHERE matches_term(line, 'disk') ORDER BY ts;

SELECT ts FROM texts WHERE NOT matches_term(line, 'disk') ORDER BY ts;

SELECT ts FROM texts WHERE matches(line, 'well OR full') ORDER BY ts;

SELECT ts FROM texts WHERE line @@ 'full' OR line @@ 'well' ORDER BY ts;

DROP TABLE texts;
