-- What tables take from their database: once, or for as long as they have none of their own.
CREATE DATABASE d WITH (ttl = '1d', 'compaction.twcs.time_window' = '2h', skip_wal = 'true', merge_mode = 'last_non_null', 'memtable.type' = 'bulk')

USE d

CREATE TABLE a (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, x INT, y INT)

CREATE TABLE b (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, x INT, y INT) WITH (ttl = '7d', merge_mode = 'last_row', skip_wal = 'false')

CREATE TABLE c (ts TIMESTAMP TIME INDEX) WITH (append_mode = 'true')

SHOW CREATE TABLE a

SHOW CREATE TABLE b

SHOW CREATE TABLE c

INSERT INTO a (h, ts, x) VALUES ('k', now(), 1)

INSERT INTO b (h, ts, x) VALUES ('k', now(), 1)

ALTER DATABASE d SET 'ttl' = '3h', 'compaction.twcs.trigger_file_num' = '9'

SHOW CREATE TABLE a

SHOW CREATE TABLE b

ALTER DATABASE d UNSET 'ttl', 'compaction.twcs.time_window'

SHOW CREATE TABLE a

SHOW CREATE DATABASE d

ALTER DATABASE d SET 'merge_mode' = 'last_row'

ALTER DATABASE d SET 'ttl' = 'instant'

ALTER DATABASE d SET 'ttl' = 'soon'

ALTER DATABASE d SET ttl = '1d'

CREATE TABLE public.like_a LIKE a

SHOW CREATE TABLE public.like_a

SHOW FULL DATABASES LIKE 'd'

USE public

DROP DATABASE d

CREATE DATABASE d WITH (append_mode = 'true', sst_format = 'flat')

CREATE TABLE d.t (ts TIMESTAMP TIME INDEX, v INT)

INSERT INTO d.t VALUES (1, 1), (1, 1)

SELECT count(*) FROM d.t

CREATE TABLE d.u (ts TIMESTAMP TIME INDEX, v INT) WITH (merge_mode = 'last_non_null')

INSERT INTO d.u VALUES (1, 1), (1, NULL)

SELECT * FROM d.u

DROP SCHEMA d
