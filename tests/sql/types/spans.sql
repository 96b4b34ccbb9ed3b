-- Differences of times beside intervals.

CREATE TABLE t (ts TIMESTAMP TIME INDEX, u TIMESTAMP(6), v INT)

INSERT INTO t VALUES ('2024-01-01 00:00:00', '2024-01-01 00:00:00.000001', 1), ('2024-01-02 00:00:00', '2024-01-02 00:05:00', 2), ('2024-02-01 00:00:00', '2024-01-01 00:00:00', 3)

SELECT v FROM t WHERE u - ts > INTERVAL '4 minutes' ORDER BY v

SELECT v FROM t WHERE u - ts >= INTERVAL '1 microsecond' ORDER BY v

SELECT v FROM t WHERE INTERVAL '500 nanoseconds' < u - ts ORDER BY v

SELECT v FROM t WHERE ts - '2024-01-01 00:00:00'::timestamp BETWEEN INTERVAL '1 day' AND INTERVAL '30 days' ORDER BY v

SELECT v FROM t WHERE ts - u = INTERVAL '31 days'

SELECT count(*) FROM t WHERE now() - ts < INTERVAL '2147483647 days'

SELECT count(*) FROM t WHERE now() - ts > '1 hour'::INTERVAL

SELECT v FROM t WHERE ts - u > INTERVAL '1 month'

SELECT '2024-01-02'::timestamp - '2024-01-01'::timestamp > INTERVAL '23 hours' AS b
