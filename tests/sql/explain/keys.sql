-- The smaller side of a join is asked first, and its keys narrow the scans of the other. So are sub-queries that stand for a value.

CREATE TABLE cpu (host STRING, dc STRING, ts TIMESTAMP(3) TIME INDEX, usage DOUBLE, n INT, PRIMARY KEY(host, dc)) PARTITION ON COLUMNS (host) (host < 'c', host >= 'c')

CREATE TABLE dim (name STRING, team STRING, since TIMESTAMP(3) TIME INDEX, PRIMARY KEY(name))

INSERT INTO cpu VALUES ('a', 'eu', 1000, 1, 1), ('a', 'eu', 2000, 2, 2), ('b', 'us', 1000, 3, 3), ('b', 'us', 2000, NULL, 4), ('c', NULL, 3000, 5, NULL), ('d', 'eu', 1000, 7, 7)

INSERT INTO dim VALUES ('a', 'x', 1000), ('b', 'y', 2000), ('e', 'x', 3000)

EXPLAIN SELECT a.host, a.n, b.team FROM cpu a JOIN dim b ON a.host = b.name WHERE b.team = 'x' ORDER BY a.n

SELECT a.host, a.n, b.team FROM cpu a JOIN dim b ON a.host = b.name WHERE b.team = 'x' ORDER BY a.n

-- through a grouping, which the scan still does
EXPLAIN SELECT a.host, a.s, b.team FROM (SELECT host, sum(n) AS s FROM cpu GROUP BY host) a JOIN dim b ON a.host = b.name WHERE b.since > 1000

SELECT a.host, a.s, b.team FROM (SELECT host, sum(n) AS s FROM cpu GROUP BY host) a JOIN dim b ON a.host = b.name WHERE b.since > 1000

-- the left side is kept whole, so only the right one can be narrowed
EXPLAIN SELECT b.name, a.n FROM dim b LEFT JOIN cpu a ON a.host = b.name AND a.ts = b.since ORDER BY b.name

SELECT b.name, a.n FROM dim b LEFT JOIN cpu a ON a.host = b.name AND a.ts = b.since ORDER BY b.name

EXPLAIN SELECT a.host, b.team FROM cpu a LEFT JOIN dim b ON a.host = b.name ORDER BY a.host, a.ts LIMIT 1

SELECT a.host, b.team FROM cpu a LEFT JOIN dim b ON a.host = b.name ORDER BY a.host, a.ts LIMIT 1

-- IN and EXISTS are no joins any more when the keys are known
EXPLAIN SELECT host, max(n) FROM cpu WHERE host IN (SELECT name FROM dim WHERE team = 'x') GROUP BY host ORDER BY host

SELECT host, max(n) FROM cpu WHERE host IN (SELECT name FROM dim WHERE team = 'x') GROUP BY host ORDER BY host

EXPLAIN SELECT count(*) FROM cpu a WHERE EXISTS (SELECT 1 FROM dim b WHERE b.name = a.host)

SELECT count(*) FROM cpu a WHERE EXISTS (SELECT 1 FROM dim b WHERE b.name = a.host)

-- no keys, no rows
SELECT a.host FROM cpu a JOIN dim b ON a.host = b.name WHERE b.team = 'z'

SELECT count(*) FROM cpu WHERE host IN (SELECT name FROM dim WHERE team = 'z')

-- two joins narrow one scan
EXPLAIN SELECT a.n FROM cpu a JOIN dim b ON a.host = b.name JOIN (SELECT DISTINCT dc FROM cpu WHERE n = 1) d ON d.dc = a.dc

SELECT a.n FROM cpu a JOIN dim b ON a.host = b.name JOIN (SELECT DISTINCT dc FROM cpu WHERE n = 1) d ON d.dc = a.dc ORDER BY a.n

-- values
SELECT host, n FROM cpu WHERE ts >= (SELECT max(since) FROM dim) - INTERVAL '1 second' ORDER BY host

SELECT dc, count(*) FROM cpu WHERE usage > (SELECT avg(usage) FROM cpu) GROUP BY dc ORDER BY dc

SELECT host FROM cpu WHERE n = (SELECT n FROM cpu)

-- regions that the partition rules leave out
EXPLAIN SELECT n FROM cpu WHERE host = 'a'

SELECT n FROM cpu WHERE host = 'a' ORDER BY n
