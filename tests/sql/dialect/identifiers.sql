CREATE TABLE CPU (Host STRING, TS TIMESTAMP TIME INDEX, Usage DOUBLE, PRIMARY KEY(HOST))

SHOW TABLES

INSERT INTO Cpu (HOST, ts, uSaGe) VALUES ('a', 1, 0.5)

SELECT HOST, Ts, USAGE FROM cPU WHERE HoSt = 'a'

-- ONLY http postgres
CREATE TABLE "CPU" ("Host" STRING, "TS" TIMESTAMP TIME INDEX, "select" DOUBLE, PRIMARY KEY("Host"))

-- ONLY http postgres
INSERT INTO "CPU" ("Host", "TS", "select") VALUES ('B', 2, 1.5)

-- ONLY http postgres
SELECT "Host", "TS", "select" FROM "CPU"

-- ONLY http postgres
SELECT host FROM "CPU"

-- ONLY http postgres
SELECT * FROM cpu

-- ONLY http mysql
SELECT `Host`, `TS`, `select` FROM `CPU`

-- ONLY http mysql
SELECT `HOST` FROM `CPU`

-- SESSION mysql
SELECT "Host" FROM `CPU`

-- SESSION mysql
SELECT "it's" AS a, 'a "b"' AS b, 'it''s' AS c, "say ""so""" AS d

-- SESSION greptime
-- ONLY http
INSERT INTO cpu VALUES ("host1", 3, 1)

-- ONLY http
SELECT host FROM cpu WHERE host = 'host1'

-- ONLY http
SELECT "host" FROM cpu ORDER BY ts

SELECT host AS größe FROM cpu ORDER BY ts LIMIT 1

CREATE TABLE naïve_1 (ts TIMESTAMP TIME INDEX, _a INT, b$2 INT)

SELECT _a, b$2 FROM naïve_1

CREATE TABLE t_1 (ts TIMESTAMP TIME INDEX, _a INT, b$2 INT)

SELECT _a, b$2 FROM t_1

-- ONLY http
CREATE TABLE t_2 (ts TIMESTAMP TIME INDEX, #a INT, @b INT)

-- ONLY http
SELECT #a, @b FROM t_2

CREATE TABLE t_3 (ts TIMESTAMP TIME INDEX, select INT)

CREATE TABLE t_3 (ts TIMESTAMP TIME INDEX, order INT)

CREATE TABLE t_3 (ts TIMESTAMP TIME INDEX, table INT)

-- ONLY http postgres
CREATE TABLE "t:4-x.y@z#1" (ts TIMESTAMP TIME INDEX)

-- ONLY http postgres
SELECT count(*) FROM "t:4-x.y@z#1"

-- ONLY http postgres
CREATE TABLE "1abc" (ts TIMESTAMP TIME INDEX)

-- ONLY http postgres
CREATE TABLE "a b" (ts TIMESTAMP TIME INDEX)

-- ONLY http postgres
CREATE VIEW "a b" AS SELECT 1

-- ONLY http postgres
CREATE DATABASE "1db"

CREATE DATABASE other

CREATE TABLE other.t (ts TIMESTAMP TIME INDEX, v INT)

INSERT INTO greptime.other.t VALUES (1, 1)

SELECT t.v, other.t.v AS v2, greptime.other.t.v AS v3 FROM greptime.other.t

SELECT * FROM a.b.c.d

SELECT * FROM nowhere.other.t
