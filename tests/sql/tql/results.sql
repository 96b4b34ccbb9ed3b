-- TQL: the columns of each kind of expression
CREATE TABLE m (k STRING PRIMARY KEY, greptime_timestamp TIMESTAMP(3) TIME INDEX, greptime_value DOUBLE);

INSERT INTO m VALUES ('a', 0, 1), ('a', 5000, 2), ('b', 0, 10), ('b', 5000, 20);

CREATE TABLE n (k STRING PRIMARY KEY, t TIMESTAMP(3) TIME INDEX, val DOUBLE);

INSERT INTO n VALUES ('a', 0, 3), ('a', 5000, 4);

-- selectors: the columns of the table
TQL EVAL (0, 10, '5s') m;

TQL EVAL (0, 10, '5s') (m{k!="a"});

TQL EVAL (0, 10, '5s') m offset 5s;

TQL EVAL (0, 10, '5s') m offset -5s;

TQL EVAL (0, 10, '5s') m @ 0;

TQL EVAL (0, 10, '5s') m{k="a"} @ end();

TQL EVAL (0, 10, '5s', '1s') m;

-- an alias stands first
TQL EVAL (0, 10, '5s') m AS v;

TQL EVAL (0, 10, '5s') sum by (k) (m) AS "My Sum";

-- aggregations
TQL EVAL (0, 10, '5s') sum by (k) (m);

TQL EVAL (0, 10, '5s') sum(m);

TQL EVAL (0, 10, '5s') avg without (k) (m);

TQL EVAL (0, 10, '5s') count by (k) (m);

TQL EVAL (0, 10, '5s') sum by (nothing) (m);

TQL EVAL (0, 10, '5s') stddev(m);

TQL EVAL (0, 10, '5s') quantile(0.5, m);

TQL EVAL (0, 10, '5s') topk(1, m);

TQL EVAL (0, 10, '5s') bottomk(1, m);

TQL EVAL (0, 10, '5s') count_values('v', m);

TQL EVAL (0, 10, '5s') count_values by (k) ('v', m);

-- functions
TQL EVAL (0, 10, '5s') rate(m[10s]);

TQL EVAL (0, 10, '5s') sum by (k) (increase(m[10s]));

TQL EVAL (0, 10, '5s') max_over_time(m[10s]);

TQL EVAL (0, 10, '5s') max_over_time(m[10s:1s]);

TQL EVAL (0, 10, '5s') abs(-m);

TQL EVAL (0, 10, '5s') clamp_max(m, 5);

TQL EVAL (0, 10, '5s') label_replace(m, "new", "x-$1", "k", "(.*)");

TQL EVAL (0, 10, '5s') label_join(m, "new", "-", "k", "k");

TQL EVAL (0, 10, '5s') timestamp(n);

TQL EVAL (0, 10, '5s') predict_linear(n[10s], 5);

-- operators
TQL EVAL (0, 10, '5s') m + 1;

TQL EVAL (0, 10, '5s') 1 + m;

TQL EVAL (0, 10, '5s') m > 1;

TQL EVAL (0, 10, '5s') m > bool 1;

TQL EVAL (0, 10, '5s') m + m;

TQL EVAL (0, 10, '5s') m + n;

TQL EVAL (0, 10, '5s') m * on (k) group_left n;

TQL EVAL (0, 10, '5s') m and n;

TQL EVAL (0, 10, '5s') m unless n;

TQL EVAL (0, 10, '5s') sum(m) / count(m);

TQL EVAL (0, 10, '5s') -m;

-- numbers, texts, time
TQL EVAL (0, 10, '5s') 1;

TQL EVAL (0, 10, '5s') 1 + 2;

TQL EVAL (0, 10, '5s') 1 > bool 2;

TQL EVAL (0, 10, '5s') "text";

TQL EVAL (0, 10, '5s') time();

TQL EVAL (0, 10, '5s') scalar(n);

TQL EVAL (0, 10, '5s') vector(1);

TQL EVAL (0, 10, '5s') hour();

-- what is not there
TQL EVAL (0, 10, '5s') missing;

TQL EVAL (0, 10, '5s') rate(missing[1m]);

TQL EVAL (0, 10, '5s') absent(missing);

TQL EVAL (0, 10, '5s') absent(missing{a="b"});

TQL EVAL (0, 10, '5s') absent(m);

TQL EVAL (0, 10, '5s') absent_over_time(n[1s]);
