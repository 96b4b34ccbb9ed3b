SELECT 1, -1, 1.5, 1e3, 'a', '', 'it''s', true, FALSE, NULL

SELECT 9223372036854775807, 9223372036854775808, 18446744073709551615

SELECT -9223372036854775808

SELECT 18446744073709551616

SELECT .5, 5., 1E-3, -1.5e+2

SELECT X'0aff', x'00'

SELECT X'0af'

SELECT X'zz'

-- SESSION mysql
SELECT 0x0aff

-- SESSION postgres
SELECT E'a\nb', E'a\tb', 'a\nb'

-- SESSION greptime
-- ONLY http postgres
SELECT 'a\nb' = 'a' || chr(92) || 'nb'

SELECT 1 -- a comment
, 2 /* another */, 3 /* nested /* deeper */ still */

-- SESSION mysql
SELECT 1 # to the end of the line
, 2

-- SESSION greptime
SELECT 1;

-- ONLY http
;

;;SELECT 1;;

SELECT 1; SELECT 2; SELECT 'three'

SELECT 1 SELECT 2

SELECT 1; SELEC 2

-- the parser sees all statements before the first is run
CREATE TABLE nothing (ts TIMESTAMP TIME INDEX); SELEC 2

SELECT count(*) FROM nothing

CREATE TABLE t (ts TIMESTAMP TIME INDEX, a INT,)

INSERT INTO t (ts, a,) VALUES (1, 2,), (2, 3,),

SELECT ts, a, FROM t ORDER BY ts

CREATE TABLE o (ts TIMESTAMP TIME INDEX, a INT) WITH (TTL = '7d', 'Append_Mode' = true,)

SHOW CREATE TABLE o

CREATE TABLE o2 (ts TIMESTAMP TIME INDEX, a INT) WITH (ttl = forever, append_mode = 'false', comment = 'x', compaction.twcs.time_window = '1h')

CREATE TABLE o3 (ts TIMESTAMP TIME INDEX, a INT) WITH ('compaction.twcs.trigger_file_num' = 8)

SHOW CREATE TABLE o3

SELEC 1

SELECT FROM WHERE

SELECT * FROM t WHERE

SELECT (1

SELECT 'unterminated

SELECT 1 + FROM t

select A.a from T as A where a.TS = 1

SELECT 1e15, 1e-7, 123456789.123, 100000000000000000000.0, 007, 1e400
