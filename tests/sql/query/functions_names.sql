-- Result columns bear the names that functions are known by, whatever they were called.

SELECT current_timestamp() > '2020-01-01'::timestamp, today() > '2020-01-01'::date, ifnull(NULL, 1), nvl(2, 1), sign(-2), signum(3)

SELECT array_push_back([1], 2), array_push_front(0, [1]), list_push_back(['a'], 'b')

-- Lists and elements.

SELECT [1] || 2 AS a, 1 || [2] AS b, [1] || [2.5] AS c, ['a'] || 'b' AS d, [1] || NULL AS e, arrow_typeof([1] || 2.5) AS f

-- What a constant NULL makes of a list has the list's type.

SELECT array_element(['a'], NULL) AS a, array_except(NULL, [1]) AS b, array_intersect(NULL, [[1]]) AS c, arrow_typeof(array_element([1.5], NULL)) AS d, array_except(NULL, NULL) AS e

-- Numbers of 32 bits stay that where they are rounded.

SELECT round(1.15::float, 1) AS a, arrow_typeof(round(1.15::float, 1)) AS b, trunc(1.19::float, 1) AS c, round(-2.5::float) AS d, round(125::float, -1) AS e, round(16777217::float, -20) AS f, round('NaN'::float, 1) AS g, round(3.4e38::float, 2) AS h, arrow_typeof(round(2)) AS i

SELECT clamp('NaN'::double, 0, 1) AS a, clamp_min(2, 3) AS b

-- Names of types, of Arrow.

SELECT arrow_cast(1, 'Dictionary(Int32, Utf8)') AS a, arrow_cast([1], 'List(Int32)') AS b, arrow_typeof(arrow_cast(1, 'Duration(Second)')) AS c, arrow_typeof(arrow_cast('2024-01-01', 'Timestamp(Nanosecond, Some("+00:00"))')) AS d, arrow_try_cast('x', 'Int8') AS e

SELECT arrow_metadata(1) AS a, arrow_metadata(1, 'key') AS b, arrow_typeof(arrow_metadata('x')) AS c

SELECT arrow_cast(1, 'Dictionary(Int32, List(Utf8))')

SELECT arrow_typeof(arrow_cast('1', 'Decimal128(10, 2)')) AS a

SELECT arrow_cast('1', 'Decimal128(10, 2) of what')

SELECT arrow_typeof(1, 2)

SELECT arrow_cast(1)

SELECT encode(digest('a', 'blake2s'), 'hex') AS a, encode(digest('', 'blake2b'), 'hex') AS b

SELECT digest('a', 'crc')

SELECT json_path_exists(parse_json('{"a":[1,2]}'), '$.a[*] ? (@ > 1)') AS a, json_path_exists(parse_json('{"a":[1,2]}'), '$.a[*] ?(@ > 2)') AS b

-- Scores of values among which one is no number.

CREATE TABLE odd (ts TIMESTAMP TIME INDEX, v DOUBLE)

INSERT INTO odd VALUES (1, 1.5), (2, 2.5), (3, 'NaN'::double), (4, NULL)

SELECT ts, anomaly_score_zscore(v) OVER () AS z, anomaly_score_mad(v) OVER () AS m, anomaly_score_iqr(v, 1.5) OVER () AS q, anomaly_score_zscore(v) OVER (ORDER BY ts) AS r FROM odd ORDER BY ts

DROP TABLE odd

-- NULL where an argument is, a list of NULLs where that is an element.

SELECT array_sort([2, 1], NULL) AS a, to_date(NULL, '%Y') AS b, to_timestamp(NULL, '%Y') AS c, flatten(NULL) AS d, array_to_string([1], NULL) AS e, array_repeat(NULL, 2) AS f, array_repeat('a', NULL) AS g

SELECT format_type(23, -1) AS a, format_type(NULL, 1) AS b, format_type(5, 5) AS c

-- Numbers that doubles do not hold, with commas.

SELECT format(9007199254740993, 1) AS a, format(18446744073709551615, 0) AS b, format('12345678901234567890.125'::decimal(30,3), 2) AS c, format(1.1::float, 3) AS d, format('12.5', 1) AS e, format('NaN'::float, 1) AS f, format(-9223372036854775808, 0) AS g
