-- Values at the ends of their types, and what is said of those beyond.

SELECT NULL::string || 'x' AS a, NULL || 1 AS b, 'a' || NULL::bigint AS c, (NULL::bigint)::string AS d

SELECT octet_length(x'ff00') AS a, bit_length(x'ff00') AS b, octet_length('é') AS c, octet_length(NULL) AS d

SELECT x'ff00'::string AS a

SELECT TRY_CAST(x'ff00' AS STRING) AS a, x'616263'::string AS b

SELECT (9223372036854775807)::timestamp(3)::string AS a, (-9223372036854775808)::timestamp(9)::string AS b, '0001-01-01'::timestamp(0)::string AS c, 1::timestamp(9)::string AS d

SELECT abs((-9223372036854775808)::bigint) AS a

SELECT date_trunc('month', (-9223372036854775808)::timestamp(9)) AS a

SELECT date_part('year', (9223372036854775807)::timestamp(0)) AS a

SELECT '2262-04-11 23:47:16'::timestamp(9) + interval '1 day' AS a

SELECT date_trunc(NULL, now()) AS a

SELECT date_part('century', now()) AS a

SELECT date_add(NULL, '1 day') AS a, date_add('2024-01-31'::date, NULL) AS b

SELECT to_unixtime(1.5) AS a

SELECT make_date(2024, 13, 2) AS a

SELECT to_date('x') AS a

SELECT cast('yes please' AS BOOLEAN) AS a

SELECT cast(300 AS TINYINT) AS a

SELECT cast('1e400' AS BIGINT) AS a

SELECT vec_to_string(vec_div('[1,2]', '[0,1]')) AS a, vec_to_string(vec_norm('[0,0]')) AS b

SELECT matches_term('GET /app/start', '/start') AS a, matches_term('errors', 'error') AS b, matches_term('', '') AS c, matches_term('étés', 'été') AS d, matches_term('一二三', '二') AS e, matches_term('a_b', NULL) AS f

SELECT parse_vec(repeat('x', 10000)) AS a

SELECT cast(repeat('x', 10000) AS BIGINT) AS a

SELECT clamp(1, 12, 0) AS a

SELECT coalesce(1, 'a') AS a, ifnull(NULL, 2) AS b, nvl2(1, 2.5, 1) AS c, greatest(1, 'a') AS d, if(true, 1, 'x') AS e, coalesce(NULL, '2024-01-01'::timestamp(0), '2024-01-02') AS f
