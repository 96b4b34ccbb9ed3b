CREATE TABLE t (h STRING PRIMARY KEY, v INT, w DOUBLE, ts TIMESTAMP TIME INDEX)

INSERT INTO t VALUES ('a', 1, 1.5, 1000), ('b', 2, 2.5, 2000), ('c', NULL, NULL, 3000)

SELECT [1, 2, 3] AS a, [1, 2.5] AS b, [1, 'x'] AS c, [] AS d, [NULL, 1] AS e, [[1, 2], [3]] AS f

SELECT [1, 2, 3]

SELECT arrow_typeof([1, 2]) AS a, arrow_typeof({a: 1, b: 'x'}) AS b, arrow_typeof([[1]]) AS c, arrow_typeof(MAP {'a': 1}) AS d

SELECT [1, 2, 3][1] AS a, [1, 2, 3][-1] AS b, [1, 2, 3][4] AS c, [1, 2, 3][0] AS d, [[1, 2], [3]][1][2] AS e

SELECT [1, 2, 3, 4][2:3] AS a, [1, 2, 3, 4][3:] AS b, [1, 2, 3, 4][:2] AS c, [1, 2, 3, 4][1:4:2] AS d, [1, 2][3:9] AS e

SELECT [1, 2, 3][1:2], [1, 2, 3][1]

SELECT {a: 1, b: 'x'} AS s, {'a': 1}['a'] AS a, struct(1, 'x') AS c, named_struct('n', 2, 'l', [1, 2]) AS d, ROW(1) AS e, (1, 'y') AS f

SELECT s.a, s['b'], get_field(s, 'a') + 1 AS c, (s).b AS d FROM (SELECT {a: 1, b: 'x'} AS s) q

SELECT q.s.a, s.inside.x, s.inside['y'] FROM (SELECT {a: 1, inside: {x: 'deep', y: [1, 2]}} AS s) q

SELECT s.nothing FROM (SELECT {a: 1} AS s) q

SELECT {a: 1, A: 2}

SELECT v.x FROM t

SELECT named_struct('a')

SELECT MAP {'a': 1, 'b': 2} AS m, MAP {'a': 1, 'b': 2}['b'] AS b, MAP {'a': 1}['z'] AS z, map(['k'], [2.5]) AS n

SELECT map_keys(MAP {'a': 1}) AS k, map_values(MAP {'a': 1}) AS v, map_entries(MAP {'a': 1}) AS e, map_extract(MAP {'a': 1}, 'a') AS x

SELECT unnest([1, 2, 3])

SELECT h, unnest([v, 2]) FROM t ORDER BY h, 2

SELECT h, unnest([v, 2]) + 1 AS x FROM t ORDER BY h, x LIMIT 3

SELECT unnest([1, 2]) AS a, unnest(['x', 'y', 'z']) AS b

SELECT unnest([]) AS a

SELECT unnest(NULL) AS a

SELECT unnest([[1, 2], [3]]) AS a

SELECT unnest(unnest([[1, 2], [3]])) AS a

SELECT unnest(array_agg(h ORDER BY h)) AS x FROM t

SELECT unnest([v, 2]) AS x, count(*) AS n FROM t GROUP BY x ORDER BY x

SELECT DISTINCT unnest([v, 2]) AS x FROM t ORDER BY x

SELECT unnest({a: 1, b: 'x'})

SELECT unnest(s), 2 AS two FROM (SELECT {a: 1, b: 'x'} AS s) q

SELECT unnest({a: 1}) + 1

SELECT unnest(5)

SELECT h FROM t WHERE unnest([1]) = 1

SELECT sum(unnest([1])) FROM t

SELECT * FROM unnest([1, 2, 3])

SELECT * FROM unnest([1, 2], ['x', 'y', 'z']) AS u(a, b)

SELECT * FROM unnest(['x', 'y']) WITH ORDINALITY AS u(a, n)

SELECT * FROM unnest({a: 1, b: 'x'}) AS u(a, b)

SELECT h, a FROM t, unnest([v, 7]) AS u(a) ORDER BY h, a

SELECT h, a FROM t CROSS JOIN LATERAL unnest([v, 7]) AS u(a) WHERE a > 1 ORDER BY h, a

SELECT h, a FROM t LEFT JOIN LATERAL unnest([v]) AS u(a) ON true ORDER BY h

SELECT * FROM generate_series(1, 2) WITH ORDINALITY AS g(x, n)

SELECT h, x FROM t, generate_series(1, v) AS g(x) ORDER BY h, x

SELECT [v, 1]::STRING[] AS a, ['1', '2']::INT[] AS b FROM t WHERE h = 'a'

SELECT ['2024-01-01 00:00:00'::TIMESTAMP(0)]::TIMESTAMP(3)[] AS a, [true, NULL] AS b, [1.25::DECIMAL(5,2)] AS c, [X'0aff'] AS d, ['2024-01-02'::DATE] AS e

SELECT CASE WHEN true THEN [1] ELSE [2.5] END AS a

SELECT [1] UNION ALL SELECT [2.5]

SELECT [1, 2] = [1, 2] AS a, [1, 2] < [1, 3] AS b, {a: 1} = {a: 1} AS c

SELECT [1, [2]]

SELECT * FROM generate_series('2024-01-01 00:00:00'::TIMESTAMP, '2024-01-03 00:00:00'::TIMESTAMP, INTERVAL '1 day')

SELECT * FROM range('2024-01-31'::DATE, '2024-04-01'::DATE, INTERVAL '1 month') AS r(d)

SELECT * FROM generate_series(1, 5, 0)
