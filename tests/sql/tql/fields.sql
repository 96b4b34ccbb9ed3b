-- TQL over tables of several fields, matchers, databases
CREATE TABLE cpu (host STRING, idc STRING, core BIGINT, ts TIMESTAMP(9) TIME INDEX, usr DOUBLE, sys BIGINT, state STRING, ok BOOLEAN, PRIMARY KEY (host, idc, core));

INSERT INTO cpu VALUES ('a', 'x', 0, 0, 1, 10, 'idle', true), ('a', 'x', 0, 10000000000, 2, 11, 'busy', true),
  ('b', NULL, 1, 0, 3, 12, 'idle', false), ('b', NULL, 1, 10000000000, NULL, 13, 'idle', NULL);

CREATE TABLE other (host STRING PRIMARY KEY, t TIMESTAMP(0) TIME INDEX, v DOUBLE);

INSERT INTO other VALUES ('a', 0, 7), ('a', 10, 8);

-- all fields side by side
TQL EVAL (0, 10, '10s') cpu;

TQL EVAL (0, 10, '10s') sum(cpu);

TQL EVAL (0, 10, '10s') count by (host) (cpu);

TQL EVAL (0, 10, '10s') cpu + 1;

TQL EVAL (10, 10, '10s') rate(cpu[1m]);

TQL EVAL (0, 10, '10s') cpu + cpu;

-- one of them
TQL EVAL (0, 10, '10s') cpu{__field__="usr"};

TQL EVAL (0, 10, '10s') cpu{__field__!="usr"};

TQL EVAL (0, 10, '10s') cpu{__field__=~"u.*"};

TQL EVAL (0, 10, '10s') cpu{__field__=~"u.*", __field__="sys"};

TQL EVAL (0, 10, '10s') cpu{__field__=~".*", __field__!~"u.*"};

TQL EVAL (0, 10, '10s') cpu{__field__="usr"} / cpu{__field__="sys"};

TQL EVAL (0, 10, '10s') cpu{__field__="usr"} AS v;

TQL EVAL (0, 10, '10s') topk(1, cpu{__field__="sys"});

TQL EVAL (0, 10, '10s') cpu{__field__="nope"};

TQL EVAL (0, 10, '10s') cpu{__field__!="nope"};

-- what needs one value
TQL EVAL (0, 10, '10s') topk(1, cpu);

TQL EVAL (0, 10, '10s') count_values("v", cpu);

TQL EVAL (0, 10, '10s') cpu > 1;

TQL EVAL (0, 10, '10s') cpu AS v;

-- matchers: fields as text, NULL as "", columns that are not there as ""
TQL EVAL (0, 10, '10s') cpu{__field__="sys", state="idle"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", state=~"b.*"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", usr="3"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", ok="true"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", core="1"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", idc=""};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", idc!="x"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", idc=~"x|"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", Idc=""};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", nothing=""};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", nothing!=""};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", host=~".*"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", host!~".*"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", idc=~".+"};

TQL EVAL (0, 10, '10s') cpu{__field__="sys", host=~"a|z"};

-- several metrics: a column tells them apart
TQL EVAL (0, 10, '10s') {__name__=~"cpu|other", host="a"};

TQL EVAL (0, 10, '10s') sum by (host) ({__name__=~"cpu|other"});

TQL EVAL (0, 10, '10s') {__name__=~"oth.*"};

-- databases
CREATE DATABASE elsewhere;

CREATE TABLE elsewhere.other (host STRING PRIMARY KEY, t TIMESTAMP(3) TIME INDEX, v DOUBLE);

INSERT INTO elsewhere.other VALUES ('e', 0, 70);

TQL EVAL (0, 10, '10s') other{__schema__="elsewhere"};

TQL EVAL (0, 10, '10s') other{__database__="elsewhere"} * 2;

TQL EVAL (0, 10, '10s') sum(other) + sum(other{__schema__="elsewhere"});

TQL EVAL (0, 10, '10s') other{__schema__="nowhere"};

TQL EVAL (0, 10, '10s') other{__schema__!="elsewhere"};

TQL EVAL (0, 10, '10s') {__name__="cpu", __name__="other"};

DROP DATABASE elsewhere;

-- a table without numbers
CREATE TABLE words (host STRING PRIMARY KEY, t TIMESTAMP(3) TIME INDEX, w STRING);

INSERT INTO words VALUES ('a', 0, 'x');

TQL EVAL (0, 10, '10s') words;
