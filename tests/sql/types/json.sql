CREATE TABLE j (k INT PRIMARY KEY, ts TIMESTAMP TIME INDEX, j JSON)

DESC j

SHOW CREATE TABLE j

INSERT INTO j VALUES (1, 1, '{"b": 1, "a": {"x": [1, 2.5, "s", null, true]}}'), (2, 1, '[1, 2]'), (3, 1, '"text"'), (4, 1, '1.5'), (5, 1, 'null'), (6, 1, NULL), (7, 1, '{}')

SELECT * FROM j ORDER BY k

INSERT INTO j VALUES (8, 1, '{not json')

INSERT INTO j VALUES (8, 1, '')

INSERT INTO j VALUES (8, 1, X'7b7d')

CREATE TABLE bad (ts TIMESTAMP TIME INDEX, j JSON DEFAULT '{}')
