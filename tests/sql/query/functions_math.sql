-- ONLY http postgres
SELECT 7/2 AS a, 7/2.0 AS b, -7 % 3 AS c, 7 % -3 AS d, 1.0/0 AS e, -1.0/0 AS f, 5 & 3 AS g, 5 | 3 AS h, 1 << 4 AS j, -8 >> 1 AS k

SELECT 1/0

SELECT 1 % 0

SELECT 9223372036854775807 + 1 AS a, -9223372036854775808 - 1 AS b, 9223372036854775807 * 2 AS c

SELECT abs(-2) AS a, ceil(1.2) AS b, floor(-1.2) AS c, sign(-3) AS d, signum(0) AS e, sqrt(16) AS f, cbrt(27) AS g, exp(0) AS h, ln(1) AS i, log(100) AS j, log(2, 8) AS k, log2(8) AS l, log10(1000) AS m, pow(2, 10) AS n, power(2.0, 0.5) > 1.41 AS o, pi() > 3.14 AS p

SELECT abs(NULL) AS a, ceil(NULL) AS b, sqrt(NULL) AS c, pow(NULL, 2) AS d, round(NULL) AS e, mod(NULL, 2) AS f, gcd(NULL, 1) AS g, log(2, NULL) AS h, factorial(NULL) AS i

SELECT sqrt(-1)::string AS a, ln(0)::string AS b, ln(-1)::string AS c, acos(2)::string AS d, log10(0)::string AS e, acosh(0)::string AS f, atanh(1)::string AS g

SELECT round(1.2345, 3) AS a, round(2.5) AS b, round(-2.5) AS c, round(5) AS d, round(1234.5, -2) AS e, trunc(1.9) AS f, trunc(-1.987, 2) AS g, trunc(1987.5, -3) AS h

SELECT round(sin(1), 6) AS a, round(cos(1), 6) AS b, round(tan(1), 6) AS c, round(cot(1), 6) AS d, round(asin(1), 6) AS e, round(acos(0.5), 6) AS f, round(atan(1), 6) AS g, round(atan2(1, -1), 6) AS h, round(sinh(1), 6) AS i, round(cosh(1), 6) AS j, round(tanh(1), 6) AS k, round(asinh(1), 6) AS l, round(acosh(2), 6) AS m, round(atanh(0.5), 6) AS n, degrees(pi()) AS o, round(radians(180), 6) AS p

SELECT factorial(5) AS a, factorial(0) AS b, factorial(20) AS c, gcd(8, 12) AS d, gcd(0, 0) AS e, lcm(4, 6) AS f, lcm(0, 3) AS g, lcm(-4, 6) AS h

SELECT factorial(21)

SELECT lcm(9223372036854775807, 2)

SELECT pow(10, 19)

SELECT isnan('NaN'::double) AS a, isnan(1) AS b, iszero(0) AS c, iszero(-0.0) AS d, nanvl('NaN'::double, 1) AS e, nanvl(2, 1) AS f

SELECT random() BETWEEN 0 AND 1 AS a, length(uuid()) AS b

SELECT mod(18, 4) AS a, mod(-7, 3) AS b, mod(5.5, 2) AS c, arrow_typeof(mod(18, 4)) AS d, arrow_typeof(mod(18::bigint unsigned, 4::bigint unsigned)) AS e, arrow_typeof(mod(18, 4::bigint unsigned)) AS f

SELECT mod(5, 0)

SELECT clamp(10, 0, 1) AS a, clamp(-1, 0, 1) AS b, clamp(0.5, 0, 1) AS c, clamp(NULL::bigint, 0, 1) AS d, clamp_min(1, 2) AS e, clamp_max(5, 2) AS f, clamp_min(NULL::bigint, 2) AS g, clamp(5, 1.5, 3.5) AS h

SELECT clamp(1, 12, 0)

SELECT clamp(1, NULL, 2)

SELECT coalesce(NULL, 2) AS a, nullif(1, 1) AS b, nullif(1, 2) AS c, ifnull(NULL, 'x') AS d, nvl('y', 'x') AS e, nvl2(NULL, 1, 2) AS f, nvl2(0, 1, 2) AS g, greatest(1, NULL, 3, 2) AS h, least(3, NULL, 1) AS i, isnull(NULL) AS j, isnull(0) AS k

SELECT if(0, 'y', 'n') AS a, if(2, 'y', 'n') AS b, if(NULL, 'y', 'n') AS c, if('NaN'::double, 'y', 'n') AS d, if('text', 'y', 'n') AS e, if(true, 1, 2.5) AS f, if(false, 1, NULL) AS g

SELECT '2' = 2 AS a, NULL IS DISTINCT FROM 1 AS b, NULL OR TRUE AS c, NULL AND FALSE AS d, 2 IN (1, NULL) AS e, 1 IN (1, NULL) AS f, 2 NOT IN (1, NULL) AS g, 'Hello' ILIKE 'he%' AS h, 'abc' ~ '^a' AS j, 'ABC' ~* '^a' AS k, 'abc' !~ 'z' AS l, 'abc' SIMILAR TO '(a|b)%' AS m

SELECT TRY_CAST('x' AS INT) AS a, TRY_CAST('7' AS INT) AS b

SELECT 'x'::INT

SELECT 200::TINYINT

SELECT 100.0::DECIMAL(3, 1)

SELECT abs(1, 2)

SELECT absolute(1)
