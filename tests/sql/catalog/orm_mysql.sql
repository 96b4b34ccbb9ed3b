-- PROTOCOLS mysql

CREATE TABLE om1 (h STRING PRIMARY KEY, ts TIMESTAMP(3) TIME INDEX, x DOUBLE)

INSERT INTO om1 VALUES ('a', '2024-02-29 23:59:58.250', 1.25), ('b', '2024-12-31 06:07:08', 2)

-- SESSION mysql
-- TypeORM: who writes the database in capitals reads columns by MySQL's names
SELECT * FROM `INFORMATION_SCHEMA`.`SCHEMATA` WHERE `SCHEMA_NAME` = 'public'

SELECT `TABLE_SCHEMA`, `TABLE_NAME` FROM `INFORMATION_SCHEMA`.`TABLES` WHERE `TABLE_SCHEMA` = 'public' AND `TABLE_NAME` = 'om1'

SELECT `COLUMN_NAME` FROM (SELECT * FROM `INFORMATION_SCHEMA`.`KEY_COLUMN_USAGE` `kcu` WHERE `kcu`.`TABLE_NAME` = 'om1') `kcu` WHERE `CONSTRAINT_NAME` = 'PRIMARY'

-- Kysely
SELECT `columns`.`COLUMN_NAME`, `tables`.`TABLE_TYPE` FROM `information_schema`.`columns` AS `columns` INNER JOIN `information_schema`.`tables` AS `tables` ON `columns`.`TABLE_CATALOG` = `tables`.`TABLE_CATALOG` AND `columns`.`TABLE_SCHEMA` = `tables`.`TABLE_SCHEMA` AND `columns`.`TABLE_NAME` = `tables`.`TABLE_NAME` WHERE `columns`.`TABLE_NAME` = 'om1' ORDER BY `columns`.`ORDINAL_POSITION`

-- Django
SELECT h FROM om1 WHERE h LIKE BINARY 'a%'

SELECT h FROM om1 WHERE REGEXP_LIKE(h, '^B', 'c')

-- Functions of MySQL
SELECT h, year(ts) AS y, quarter(ts) AS q, month(ts) AS m, day(ts) AS d, dayofmonth(ts) AS dm, hour(ts) AS h1, minute(ts) AS mi, second(ts) AS s FROM om1 ORDER BY h

SELECT h, dayofweek(ts) AS dw, weekday(ts) AS wd, dayofyear(ts) AS dy, weekofyear(ts) AS wy, dayname(ts) AS dn, monthname(ts) AS mn FROM om1 ORDER BY h

SELECT h, date(ts) AS d, last_day(ts) AS l, datediff('2025-01-01', ts) AS n, unix_timestamp(ts) AS u FROM om1 ORDER BY h

SELECT makedate(2024, 60) AS d, truncate(1.987, 1) AS t, rand() < 1 AS r, unix_timestamp() > 0 AS u, curdate() = current_date() AS c

SELECT group_concat(h) AS g, any_value(x) AS a, round(std(x), 3) AS s FROM om1 WHERE h = 'a'

SELECT group_concat(DISTINCT left(h, 0)) AS a, group_concat(h ORDER BY h DESC) AS b, group_concat(h) FILTER (WHERE x > 1.5) AS c FROM om1

SELECT hour(1, 2)

DROP TABLE om1
