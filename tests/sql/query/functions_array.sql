SELECT [1, 2][1] AS a, [1, 2][3] AS b, [1, 2, 3][2:3] AS c, make_array(1, 2) AS d, make_array() AS e, [1, 2] || [3] AS f

-- ONLY http mysql
SELECT array_append([1], 2) AS a, array_prepend(0, [1]) AS b, array_concat([1], [2], [3]) AS c, array_has([1, 2], 2) AS d, array_has_all([1, 2], [1]) AS e, array_has_any([1, 2], [3]) AS f, array_length([1, 2]) AS g, array_ndims([[1], [2]]) AS h, array_dims([1, 2]) AS i, cardinality([1, 2]) AS j, empty([1]) AS k

-- ONLY http mysql
SELECT array_position([1, 2, 2], 2) AS a, array_positions([1, 2, 2], 2) AS b, array_remove([1, 2, 2], 2) AS c, array_remove_all([1, 2, 2], 2) AS d, array_replace([1, 2, 2], 2, 9) AS e, array_replace_all([1, 2, 2], 2, 9) AS f, array_slice([1, 2, 3, 4], 2, 3) AS g, array_sort([3, 1, 2]) AS h, array_sort([3, NULL, 1], 'DESC', 'NULLS LAST') AS i, array_distinct([1, 2, 1]) AS j

SELECT array_union([1, 2], [2, 3]) AS a, array_intersect([1, 2], [2, 3]) AS b, array_except([1, 2], [2]) AS c, array_element([1, 2], 2) AS d, array_pop_front([1, 2]) AS e, array_pop_back([1, 2]) AS f, array_repeat(7, 2) AS g, array_resize([1], 3, 0) AS h, array_reverse([1, 2]) AS i, array_max([1, 3, 2]) AS j, array_min([3, 1]) AS k, array_any_value([NULL, 1]) AS l

-- ONLY http mysql
SELECT array_to_string([1, NULL, 2], '-') AS a, array_to_string([1, NULL, 2], '-', '?') AS b, array_distance([1.0, 2.0], [1.0, 4.0]) AS c, flatten([[1], [2, 3]]) AS d, string_to_array('a,b', ',') AS e, string_to_array('a,b', ',', 'b') AS f, range(1, 4) AS g, generate_series(1, 3) AS h

SELECT array_append(NULL::string, 1)

-- ONLY http mysql
SELECT array_length(NULL) AS a, array_has(NULL, 1) AS b, list_append(['a'], 'b') AS c, list_sort(['b', 'a']) AS d, array_to_string(['a', 'b'], '') AS e

SELECT array_append([1], 'x')

SELECT * FROM generate_series(1, 3)

SELECT * FROM unnest([1, 2])

SELECT arrow_typeof([1]) AS a, arrow_typeof(1) AS b, arrow_typeof(1.5) AS c, arrow_typeof('a') AS d, arrow_typeof(1::decimal(4, 1)) AS e, arrow_typeof('2024-01-01'::timestamp(3)) AS f, arrow_cast('1', 'Int64') AS g, arrow_try_cast('x', 'Int64') AS h
