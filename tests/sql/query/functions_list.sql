-- Lists: edges, lists within lists, bounds, ranges of times.

SELECT array_remove_n([1, 2, 1, 1], 1, 2) AS a, array_replace_n([1, 2, 1, 1], 1, 9, 2) AS b, array_remove([1, NULL, 1], 1) AS c, array_remove_all([1, NULL, 1], NULL) AS d, array_remove_n(NULL, 1, 1) AS e

SELECT array_position([1, 2, 1], 1, 2) AS a, array_position([1, 2], 9) AS b, array_position([1, NULL], NULL) AS c, array_positions([1, 2, 1], 1) AS d

SELECT array_position([1, 2, 1], 1, 5) AS a

SELECT array_dims([[1, 2], [3, 4]]) AS a, array_ndims([[[1]]]) AS b, array_length([[1, 2, 3]], 2) AS c, array_length([1], 2) AS d, array_length([]) AS e, array_length(NULL) AS f, cardinality([[1, 2], [3]]) AS g, cardinality(map(['a', 'b'], [1, 2])) AS h

SELECT empty([]) AS a, list_empty([NULL]) AS b, array_empty(NULL) AS c

SELECT array_distinct([3, 1, 3, NULL, NULL]) AS a, array_distinct([]) AS b, array_sort([2, NULL, 1]) AS c, array_sort(NULL) AS d, array_sort(['b', 'a'], 'DESC', 'NULLS LAST') AS e

SELECT array_to_string([1, NULL, 3], ',') AS a, array_to_string([1, NULL, 3], ',', 'x') AS b, array_to_string([], ',') AS c, array_to_string(NULL, ',') AS d, list_join(['a', 'b'], '') AS e

SELECT string_to_array('a,b,c', ',', 'b') AS a, string_to_array('abc', NULL) AS b, string_to_array('abc', '') AS c, string_to_array('', ',') AS d, string_to_array(NULL, ',') AS e

SELECT range(5) AS a, range(2, 5) AS b, range(5, 1, -2) AS c, range(5, 1) AS d, range(NULL) AS e, generate_series(1, 10, 4) AS f, generate_series(3, 1, -1) AS g

SELECT range(1, 5, 0) AS a

SELECT range(10000000000) AS a

SELECT generate_series(-9223372036854775807, 9223372036854775807) AS a

SELECT array_repeat('a', 3) AS a, array_repeat([1], 2) AS b, array_repeat(1, -1) AS c, array_resize([1, 2], 3) AS d, array_resize([1, 2], 3, 0) AS e, array_resize([1, 2], 1) AS f

SELECT array_repeat(1, 100000000) AS a

SELECT array_resize([1], 100000000) AS a

SELECT range('2024-01-30'::date, '2024-02-02'::date, interval '1 day') AS a, range('2024-02-02'::date, '2024-01-30'::date, interval '-1 day') AS b

SELECT generate_series('2024-01-31 00:00:00'::timestamp(3), '2024-04-30 00:00:00'::timestamp(3), interval '1 month') AS a, range('2024-01-01'::timestamp(0), '2024-01-01'::timestamp(0), interval '1 day') AS b, range('2024-01-01'::timestamp(0), '2024-01-02'::timestamp(0), interval '12 hours') AS c

SELECT range('2024-01-01'::timestamp(0), '2024-01-02'::timestamp(0), interval '0 hours') AS a

SELECT array_has('a', 1) AS a

SELECT rate(1, 2) AS a

SELECT decode_primary_key(x'00') AS a

SELECT array_nothing([1]) AS a
