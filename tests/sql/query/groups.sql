CREATE TABLE cpu (host STRING, dc STRING, usage DOUBLE, n INT, ts TIMESTAMP TIME INDEX, PRIMARY KEY(host, dc))

INSERT INTO cpu VALUES ('a', 'eu', 1, 1, 0), ('a', 'eu', 3, NULL, 60000), ('b', 'us', 5, 3, 0), ('b', 'us', NULL, 4, 60000), ('c', NULL, 7, 5, 120000)

ADMIN flush_table('cpu')

INSERT INTO cpu VALUES ('a', 'eu', 100, 2, 60000), ('d', 'us', 9, 6, 120000)

SELECT * FROM cpu ORDER BY host, ts

SELECT host, max(usage), count(n), count(*) FROM cpu GROUP BY host ORDER BY host

SELECT date_bin(INTERVAL '1 minute', ts) AS minute, avg(usage) FROM cpu GROUP BY minute ORDER BY minute

SELECT dc, sum(n) FROM cpu WHERE ts >= '1970-01-01 00:01:00' GROUP BY dc ORDER BY dc

SELECT host FROM cpu WHERE dc IS NULL

SELECT count(DISTINCT dc) FROM cpu

SELECT host, usage FROM cpu WHERE host IN ('a', 'd') AND usage > 5 ORDER BY usage DESC LIMIT 1

SELECT a.host, b.host FROM cpu a JOIN cpu b ON a.ts = b.ts AND a.host < b.host ORDER BY 1, 2

-- RESTART
SELECT host, ts, usage FROM cpu ORDER BY host, ts

ALTER TABLE cpu ADD COLUMN later STRING DEFAULT 'x'

SELECT host, ts, later FROM cpu ORDER BY host, ts LIMIT 2

DELETE FROM cpu WHERE host = 'a'

SELECT count(*) FROM cpu

-- RESTART
SELECT host, count(*) FROM cpu GROUP BY host ORDER BY host

DROP TABLE cpu

-- RESTART
SHOW TABLES

SELECT * FROM cpu
