SELECT length('añb') AS a, char_length('') AS b, octet_length('é') AS c, bit_length('ab') AS d, length(NULL) AS e

SELECT length('añb')

SELECT lower('AÑ') AS a, upper('añ') AS b, initcap('hello wORLD o''neil') AS c, reverse('añb') AS d, btrim('__a__', '_') AS e, trim('  a ') AS f, ltrim('xxa', 'x') AS g, rtrim('axx', 'x') AS h, TRIM(BOTH 'x' FROM 'xax') AS i, TRIM(LEADING 'x' FROM 'xax') AS j

SELECT concat('a', NULL, 'b') AS a, concat_ws('-', 'a', NULL, 'b') AS b, concat_ws(NULL, 'a') AS c, 'a' || 1 AS d, 'a' || NULL AS e

SELECT substr('datafusion', 5, 3) AS a, substring('datafusion', 5) AS b, SUBSTRING('datafusion' FROM 5 FOR 3) AS c, substr('abc', -1, 3) AS d, substr('abc', 0) AS e, substr('añbc', 2, 2) AS f, left('abc', 2) AS g, left('abc', -1) AS h, right('abc', 2) AS i, right('abc', -1) AS j, substr('abc', 2, 100) AS k

SELECT substr('abc', 1, -1)

SELECT lpad('7', 3, '0') AS a, rpad('7', 3) AS b, lpad('abc', 2) AS c, lpad('é', 4, 'xy') AS d, rpad('a', 3, '') AS e, repeat('ab', 2) AS f, repeat('ab', -1) AS g, replace('aXbX', 'X', '-') AS h, translate('abc', 'ab', 'x') AS i

SELECT repeat('abcdefgh', 1000000000)

SELECT overlay('Txxxxas' PLACING 'hom' FROM 2 FOR 4) AS a, split_part('1.2.3', '.', 2) AS b, split_part('1.2.3', '.', -1) AS c, split_part('1.2.3', '.', 9) AS d

SELECT split_part('1.2', '.', 0)

SELECT strpos('datafusion', 'fus') AS a, instr('abc', 'z') AS b, POSITION('b' IN 'abc') AS c, contains('abc', 'b') AS d, starts_with('abc', 'ab') AS e, ends_with('abc', 'bc') AS f, starts_with(NULL, 'a') AS g

SELECT ascii('a') AS a, chr(97) AS b, to_hex(255) AS c, to_hex(-1) AS d, levenshtein('kitten', 'sitting') AS e, find_in_set('b', 'a,b,c') AS f, find_in_set('z', 'a,b') AS g, substr_index('www.apache.org', '.', 1) AS h, substring_index('www.apache.org', '.', -1) AS i

SELECT chr(0)

-- ONLY http postgres
SELECT regexp_like('Abc', 'a', 'i') AS a, regexp_like('Abc', 'a') AS b, regexp_match('foobar', '(o+)(b)') AS c, regexp_match('foobar', 'o+') AS d, regexp_match('x', 'o') AS e, regexp_replace('foobar', 'o+', '0') AS f, regexp_replace('aaa', 'a', 'b') AS g, regexp_replace('aaa', 'a', 'b', 'g') AS h, regexp_replace('john smith', '([a-z]+) ([a-z]+)', '$2 $1') AS i, regexp_count('abcabc', 'b') AS j, regexp_count('abcabc', 'b', 3) AS k, regexp_instr('abcabc', 'c') AS l, regexp_instr('abcabc', 'c', 1, 2) AS m

-- ONLY http postgres
SELECT regexp_extract('v 1.2', ' [0-9]') AS a, regexp_extract('v', '[0-9]') AS b, regexp_extract(NULL, 'a') AS c

SELECT regexp_extract('a', '(')

SELECT locate('o', 'hello world', 6) AS a, locate('o', 'hello') AS b, locate('z', 'hello') AS c, locate('', 'hello', 3) AS d, locate('o', 'hello', 0) AS e, elt(2, 'a', 'b') AS f, elt(3, 'a', 'b') AS g, elt(NULL, 'a') AS h, field('b', 'a', 'b') AS i, field(NULL, 'a') AS j, field('z', 'a') AS k

SELECT insert('Quadratic', 3, 4, 'What') AS a, insert('Quadratic', -1, 4, 'What') AS b, insert('Quadratic', 3, 100, 'What') AS c, space(2) || '|' AS d, space(-1) AS e, format(1234567.891, 2) AS f, format(-1234.5, 0) AS g, format(0.5, 3) AS h, format(NULL, 1) AS i

SELECT space(1048577)

SELECT encode('ab', 'hex') AS a, encode('ab', 'base64') AS b, decode('6162', 'hex')::string AS c, decode('YWI', 'base64')::string AS d, md5('a') AS e, encode(sha224('a'), 'hex') AS f, encode(sha256('a'), 'hex') AS g, length(encode(sha384('a'), 'hex')) AS h, length(encode(sha512('a'), 'hex')) AS i, encode(digest('a', 'md5'), 'hex') AS j

SELECT encode('a', 'rot13')

SELECT matches_term('GET /app/start', '/start') AS a, matches_term('errors', 'error') AS b, 'an error here' @@ 'error' AS c, matches_term('', '') AS d, matches_term('a', '') AS e, matches_term('an_error', 'error') AS f, matches_term('日本語テスト', '本語') AS g, matches_term('naïve', 'na') AS h, matches_term('àb', 'b') AS i, matches_term(NULL, 'a') AS j

SELECT quote_ident('a b') AS a, quote_ident('ab') AS b

SELECT round(1.5, 1), round(1.5, 1)
