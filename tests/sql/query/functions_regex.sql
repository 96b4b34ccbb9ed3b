-- PROTOCOLS http postgres
-- Regular expressions: classes are of Unicode; what RE2 would read in another way is refused.

SELECT 'été' ~ '^\w+$' AS a, '٣' ~ '^\d$' AS b, 'a-é' ~ '^[\w-]+$' AS c, 'É' ~* '^é$' AS d, 'x' !~ '\s' AS e, NULL ~ 'a' AS f, 'a' ~ NULL AS g, 'caf\u00e9' ~ '\\u00e9' AS h

SELECT 'x' ~ '[[:alpha:]&&[^x]]' AS a

SELECT 'x' ~ '[a[b]]' AS a

SELECT 'x' ~ '(?=x)' AS a

SELECT regexp_like('aBc', 'b', 'i') AS a, regexp_like(E'a\nb', 'a.b', 's') AS b, regexp_like('ab', 'a b # no', 'x') AS c, regexp_like(E'a\nb', '^b', 'm') AS d, regexp_like('a', 'b') AS e

SELECT regexp_like('a', 'b', 'q') AS a

SELECT regexp_match('foobar', '(o+)(b)(z)?') AS a, regexp_match('foo', 'x') AS b, regexp_match(NULL, 'x') AS c

SELECT regexp_replace('foo boo', '(o+)', '<\1>') AS a, regexp_replace('foo boo', 'o+', '0', 'g') AS b, regexp_replace('foo', '(?P<x>f)', '${x}${x}') AS c, regexp_replace('foo', NULL, 'x') AS d

SELECT regexp_count('abcabc', 'b', 3) AS a, regexp_count('', 'x*') AS b, regexp_instr('abcabc', 'c', 1, 2) AS c, regexp_instr('abc', 'x') AS d, regexp_extract('v 1.2', '\d') AS e, regexp_extract('v', '\d') AS f

SELECT regexp_extract('v', '(') AS a

SELECT regexp_extract('v', repeat('a', 10001)) AS a

CREATE TABLE texts (ts TIMESTAMP TIME INDEX, host STRING, msg STRING, PRIMARY KEY (host))

INSERT INTO texts VALUES (1, 'été', 'naïve'), (2, 'abc', 'a b'), (3, 'x-1', NULL)

-- The same meaning where a scan decides.
SELECT host FROM texts WHERE host ~ '^\w+$' ORDER BY ts

SELECT host FROM texts WHERE msg ~ '^\w+$' ORDER BY ts

SELECT host FROM texts WHERE msg !~* 'NAÏVE' ORDER BY ts

SELECT host FROM texts WHERE msg ~ '[a[b]]'

DROP TABLE texts
