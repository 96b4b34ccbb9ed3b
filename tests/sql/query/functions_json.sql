SELECT json_to_string(parse_json('{"b": [1, 2], "a": 1}')) AS a, parse_json(NULL) AS b

SELECT parse_json('{a')

CREATE TABLE j (ts TIMESTAMP TIME INDEX, doc JSON)

INSERT INTO j VALUES (1, '{"a": {"b": [1, 2.5, "x", true, null], "c": 3}, "s": "text", "n": "12"}'), (2, NULL), (3, '[{"price": 5}, {"price": 20}]')

SELECT json_get_int(doc, 'a.c') AS a, json_get_int(doc, '$.a.b[0]') AS b, json_get_int(doc, 'n') AS c, json_get_int(doc, 's') AS d, json_get_int(doc, 'a.b[3]') AS e, json_get_int(doc, 'none') AS f, json_get_int(doc, '$[') AS g FROM j ORDER BY ts

SELECT json_get_float(doc, 'a.b[1]') AS a, json_get_float(doc, 'a.c') AS b, json_get_float(doc, 'a.b[3]') AS c, json_get_float(doc, 's') AS d FROM j ORDER BY ts

SELECT json_get_string(doc, 's') AS a, json_get_string(doc, 'a') AS b, json_get_string(doc, 'a.b[4]') AS c, json_get_string(doc, 'a["c"]') AS d FROM j ORDER BY ts

SELECT json_get_bool(doc, 'a.b[3]') AS a, json_get_bool(doc, 's') AS b, json_get(doc, 's') AS c, json_get(doc, 'a.c')::bigint AS d FROM j ORDER BY ts

SELECT json_get_object(doc, 'a') AS a, json_get_object(doc, 's') AS b FROM j ORDER BY ts

SELECT json_get_object(doc, '$[') FROM j

SELECT json_to_string(json_object('a', 1, 'b', NULL, 'c', 'x"y', 'a', 2.5)) AS a, json_to_string(json_object()) AS b, json_to_string(json_object('j', parse_json('[1]'), 't', true)) AS c

SELECT json_object('a')

SELECT json_object(NULL, 1)

SELECT json_object('a', now())

SELECT json_object_keys(doc) AS k FROM j ORDER BY ts

SELECT json_is_null(parse_json('null')) AS a, json_is_bool(parse_json('true')) AS b, json_is_int(parse_json('1')) AS c, json_is_int(parse_json('1.5')) AS d, json_is_float(parse_json('1')) AS e, json_is_string(parse_json('"a"')) AS f, json_is_array('[1]') AS g, json_is_object(parse_json('{}')) AS h, json_is_object(NULL) AS i

SELECT json_path_exists(doc, '$.a.b[*]') AS a, json_path_exists(doc, '$[*]?(@.price < 10)') AS b, json_path_exists(doc, '$.a.b[last]') AS c, json_path_exists(doc, '$.a.b[9]') AS d FROM j ORDER BY ts

SELECT json_path_exists(doc, 'a[[') FROM j

SELECT json_path_match(parse_json('{"a":1}'), '$.a == 1') AS a, json_path_match(parse_json('{"a":1}'), '$.a > 1') AS b, json_path_match(parse_json('{"a":1}'), '$.a') AS c, json_path_match(parse_json('{"a":1,"b":"x"}'), '$.a < 2 && $.b == "x"') AS d, json_path_match(NULL, '$.a == 1') AS e

SELECT json_get_int(doc, '$[last].price') AS a, json_get_int(doc, '$[0 to 1].price') AS b, json_get_int(doc, '$[last - 1].price') AS c, json_get_string(doc, 'a.*') AS d FROM j ORDER BY ts
