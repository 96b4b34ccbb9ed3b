-- Times in zones: AT TIME ZONE, timezone, convert_tz.

CREATE TABLE zoned (h STRING PRIMARY KEY, ts TIMESTAMP(3) TIME INDEX)

INSERT INTO zoned VALUES ('winter', '2024-01-15 12:00:00.250'), ('summer', '2024-07-15 12:00:00.250'), ('skipped', '2024-03-31 02:30:00')

-- A timestamp is what a clock in the zone shows: the result is the instant.
SELECT h, ts AT TIME ZONE 'Europe/Berlin' AS x FROM zoned ORDER BY h

-- Of an instant, the result is what the clock shows.
SELECT h, ts AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS x, timezone('Asia/Kolkata', timezone('UTC', ts)) AS y FROM zoned ORDER BY h

SELECT h, ts AT TIME ZONE '+05:30' AS x, ts AT TIME ZONE 'utc' AS y FROM zoned ORDER BY h

SELECT date_trunc('day', ts AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Tokyo') AS day, count(*) AS n FROM zoned GROUP BY 1 ORDER BY 1

SELECT NULL AT TIME ZONE 'UTC' AS x

SELECT ts AT TIME ZONE 'Mars/Olympus' FROM zoned

SELECT h, convert_tz(ts, 'UTC', 'Europe/Berlin') AS x, convert_tz(ts, 'nowhere', 'UTC') AS y FROM zoned ORDER BY h

SELECT convert_tz('2024-01-01 00:00:00', '+00:00', '-03:00') AS x, convert_tz(NULL, 'UTC', 'UTC') AS y

DROP TABLE zoned
