CREATE TABLE t (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX)

INSERT INTO t VALUES ('a', '2024-01-01 10:20:30.5'), ('b', '1969-12-31 23:59:59.25'), ('c', '2024-01-02 00:00:00')

SELECT make_time(13, 14, 15) AS a, to_time('10:20:30.5') AS b, TIME '10:00:00' AS c, '10:11:12.345678'::TIME(6) AS d, '23:59'::TIME(0) AS e

SELECT arrow_typeof(make_time(1, 2, 3)) AS a, arrow_typeof(TIME '10:00:00') AS b, arrow_typeof('01:02:03'::TIME(6)) AS c, arrow_typeof('01:02:03'::TIME(3)) AS d

SELECT h, ts::TIME AS t, ts::TIME::STRING AS s, date_part('hour', ts::TIME) AS hh FROM t ORDER BY h

SELECT (TIME '10:00:00')::STRING AS a, TRY_CAST('x' AS TIME) AS b, arrow_cast('10:00:00.123', 'Time32(Millisecond)') AS c, (TIME '10:00:00.5')::TIME(0) AS d

SELECT TIME '10:00:00' < TIME '11:00:00' AS a, TIME '10:00:00' = '10:00:00' AS b, current_time() >= TIME '00:00:00' AS c, make_time(1, 0, 0) = TIME '01:00:00' AS d

SELECT max(x) AS a, min(x) AS b, count(DISTINCT x) AS c FROM (VALUES (TIME '10:00:00'), (TIME '11:00:00'), (NULL)) v(x)

SELECT x FROM (VALUES (TIME '10:00:00'), (TIME '09:00:00'), (NULL)) v(x) ORDER BY x DESC

SELECT [TIME '10:00:00', NULL] AS a

SELECT '25:00:00'::TIME

SELECT make_time(24, 0, 0)

SELECT TIME '10:00:00' + 1

SELECT '10:00:00'::TIME(4)

CREATE TABLE bad (c TIME, ts TIMESTAMP TIME INDEX)
