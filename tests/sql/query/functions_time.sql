SELECT date_bin('5 seconds'::interval, '1970-01-01 00:00:12'::timestamp(3)) AS a, date_bin('1 month'::interval, '2024-05-17'::timestamp(3)) AS b, date_bin('10 minutes'::interval, '1969-12-31 23:55:00'::timestamp(3)) AS c, date_bin('5 seconds'::interval, '1970-01-01 00:00:12'::timestamp(3), '1970-01-01 00:00:01'::timestamp(3)) AS d

SELECT date_bin('1 hour'::interval, arrow_cast(-9223372036854775808, 'Timestamp(ns)'))::bigint AS a, date_trunc('day', arrow_cast(-9223372036854775808, 'Timestamp(ns)'))::bigint AS b

SELECT date_trunc('year', t) AS y, date_trunc('quarter', t) AS q, date_trunc('month', t) AS m, date_trunc('week', t) AS w, date_trunc('day', t) AS d, date_trunc('hour', t) AS h, date_trunc('minute', t) AS i, date_trunc('second', t) AS s, date_trunc('millisecond', t) AS ms FROM (SELECT '2024-05-17 01:02:03.456'::timestamp(3) AS t)

SELECT date_part('year', '2024-05-01'::date) AS a, date_part('quarter', t) AS b, date_part('month', t) AS c, date_part('week', t) AS d, date_part('day', t) AS e, date_part('hour', t) AS f, date_part('minute', t) AS g, date_part('second', t) AS h, date_part('millisecond', t) AS i, date_part('microsecond', t) AS j, date_part('nanosecond', t) AS k, date_part('dow', t) AS l, date_part('doy', t) AS m, date_part('epoch', t) AS n, date_part('isodow', t) AS o FROM (SELECT '2024-05-19 01:02:03.456'::timestamp(3) AS t)

SELECT EXTRACT(year FROM '2024-05-17'::timestamp(3))

SELECT date_add('2023-12-06'::date, '3 month 5 day') AS a, date_sub('2023-12-06'::date, interval '1 day') AS b, date_add('2024-01-31 00:00:00'::timestamp(3), interval '1 month') AS c, '2024-01-31'::date + interval '1 month' AS d, date_add(NULL::date, '1 day') AS e

SELECT date_format('2023-12-06 07:39:46.222'::timestamp(3), '%H:%M:%S:%3f') AS a, date_format('2023-12-06'::date, '%Y %j %A') AS b, date_format('2023-12-06 07:39:46.222'::timestamp(3), '%Y-%m-%dT%H:%M:%S%.f%:z') AS c, to_char('2023-12-06 17:39:46'::timestamp(0), '%I %p %e|%b %B %s') AS d, date_format(NULL::timestamp, '%Y') AS e

SELECT date_format('2023-12-06 07:39:46'::timestamp(3), '%Q')

SELECT date_format('9999-12-31 23:59:59'::timestamp(0), '%F %T') AS a, '9999-12-31 23:59:59'::timestamp(0)::string AS b

SELECT to_unixtime('2023-03-01T06:35:02Z') AS a, to_unixtime('2023-03-01 06:35:02') AS b, to_unixtime('nonsense') AS c, to_unixtime(5) AS d, to_unixtime('1970-01-02'::date) AS e, to_unixtime('1969-12-31 23:59:59.5'::timestamp(3)) AS f, to_unixtime(NULL) AS g

SELECT to_timestamp('2024-01-01 00:00:00') AS a, to_timestamp(1.5) AS b, to_timestamp(1) AS c, to_timestamp_seconds('2024-01-01T00:00:00Z') AS d, to_timestamp_millis(5) AS e, to_timestamp_micros('1970-01-01 00:00:00.000001') AS f, to_timestamp_nanos(7) AS g, to_timestamp('17/05/2024 13:04', '%d/%m/%Y %H:%M') AS h, to_timestamp_seconds('May 17 2024 01:04 PM', '%F', '%b %d %Y %I:%M %p') AS i

SELECT to_timestamp('x')

SELECT to_timestamp('x', '%Y')

SELECT from_unixtime(5) AS a, make_date(2024, 1, 2) AS b, make_time(1, 2, 3) AS c, to_date('2024-05-17') AS d, to_date('17.05.2024', '%d.%m.%Y') AS e, to_time('12:34:56') AS f, to_local_time('2024-01-01 00:00:00'::timestamp(3)) AS g

SELECT now() = now() AS a, current_timestamp() = now() AS b, current_date() = today() AS c, timezone() AS d, arrow_typeof(now()) AS e

SET time_zone = '+08:00'

SELECT timezone() AS z, date_format('1970-01-01 00:00:00Z'::timestamp(3), '%F %T') AS a, to_char('1970-01-01 00:00:00Z'::timestamp(3), '%F %T') AS b, to_unixtime('1970-01-01 08:00:00') AS c, to_timestamp('1970-01-01 08:00:00')::bigint AS d, '1970-01-01 08:00:00'::timestamp(3)::bigint AS e, to_local_time('1970-01-01 00:00:00Z'::timestamp(3))::bigint AS f

CREATE TABLE texts (ts TIMESTAMP(9) TIME INDEX, s STRING)

INSERT INTO texts VALUES (0, '1970-01-01 08:00:01'), (1000000000, 'no time'), (2000000000, '3000-01-01 00:00:00')

SELECT TRY_CAST(s AS TIMESTAMP) AS t, to_unixtime(s) AS u FROM texts ORDER BY ts

SELECT s::timestamp(3) FROM texts

SELECT count(*) FROM texts WHERE ts < '3000-01-01 00:00:00'

SELECT count(*) FROM texts WHERE ts >= '3000-01-01 00:00:00'

SELECT count(*) FROM texts WHERE ts BETWEEN '1000-01-01 00:00:00' AND '3000-01-01 00:00:00'

SELECT count(*) FROM texts WHERE '0001-01-01 00:00:00' = ts OR ts <> '4000-01-01 00:00:00'::timestamp(3)

SET time_zone = 'Europe/Berlin'

SELECT timezone() AS z, date_format('2024-07-01 00:00:00Z'::timestamp(3), '%F %T %:z') AS a, to_unixtime('2024-07-01 02:00:00') AS b

SET time_zone = 'UTC'

SELECT '1 year 2 months'::interval AS a, interval '1 day' + interval '2 hours' AS b, '2024-01-02'::timestamp(3) - '2024-01-01'::timestamp(3) AS c, '2024-01-01'::timestamp_s

SELECT interval '1 day' * 2
