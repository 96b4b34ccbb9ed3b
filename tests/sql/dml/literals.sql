-- Constants of columns of each type.
CREATE TABLE t (ts TIMESTAMP TIME INDEX, b BOOLEAN, i8 TINYINT, u8 TINYINT UNSIGNED, i64 BIGINT, u64 BIGINT UNSIGNED, f FLOAT, de DECIMAL(5,2), s STRING, bin VARBINARY, d DATE, j JSON, v VECTOR(2));

INSERT INTO t (ts, b) VALUES (1, 0), (2, 1), (3, true), (4, FALSE), (5, NULL);

INSERT INTO t (ts, b) VALUES (9, 2);

INSERT INTO t (ts, b) VALUES (9, -1);

INSERT INTO t (ts, i8, u8) VALUES (6, -128, 0), (7, 127, 255);

INSERT INTO t (ts, i8) VALUES (9, 128);

INSERT INTO t (ts, u8) VALUES (9, -1);

INSERT INTO t (ts, i64, u64) VALUES (8, -9223372036854775808, 0), (10, 9223372036854775807, 18446744073709551615);

INSERT INTO t (ts, i64) VALUES (9, 9223372036854775808);

INSERT INTO t (ts, u64) VALUES (9, 18446744073709551616);

INSERT INTO t (ts, f, de) VALUES (11, 1e38, 999.99), (12, -0.5, -0.005);

INSERT INTO t (ts, de) VALUES (9, 1000);

INSERT INTO t (ts, bin) VALUES (13, X'00ff'), (14, 0x0aFF), (15, 'text'), (16, X'');

INSERT INTO t (ts, bin) VALUES (9, 5);

INSERT INTO t (ts, s) VALUES (9, X'00ff');

INSERT INTO t (ts, d) VALUES (17, '2024-02-29'), (18, '1969-12-31');

INSERT INTO t (ts, d) VALUES (9, '2024-02-30');

INSERT INTO t (ts, j) VALUES (19, '{"b": 1, "a": [1, 2.50, null]}'), (20, '5');

INSERT INTO t (ts, j) VALUES (9, '{"a":');

INSERT INTO t (ts, j) VALUES (9, X'7b7d');

INSERT INTO t (ts, v) VALUES (21, '[1, 2.5]');

INSERT INTO t (ts, v) VALUES (9, '[1, 2, 3]');

INSERT INTO t (ts, v) VALUES (9, 'x');

SELECT ts, b, i8, u8, i64, u64 FROM t WHERE ts < 11 ORDER BY ts;

SELECT ts, f, de, bin, d, j, vec_to_string(v) AS v FROM t WHERE ts >= 11 ORDER BY ts;
