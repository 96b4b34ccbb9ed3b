-- Functions of ADMIN, most of which SELECT calls too.
CREATE TABLE t (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v INT);

INSERT INTO t VALUES ('a', 1, 1), ('b', 2, 2);

SELECT flush_table('t'), compact_table('t', 'regular') AS compacted, 1;

SELECT build_index('t'), gc_table('t', true);

ADMIN gc_table('public.t');

ADMIN gc_table('t', 'perhaps');

ADMIN gc_regions(1, 2, true);

-- rows that are in memory only
INSERT INTO t VALUES ('c', 3, 3), ('a', 1, 9);

ADMIN discard_unflushed('t');

-- RESTART
SELECT * FROM t ORDER BY h;

SELECT discard_unflushed('t');

-- what reconciles gives the id of a procedure
ADMIN reconcile_table('t', 'coin');

ADMIN reconcile_database('nowhere');

ADMIN reconcile_catalog('use_latest', 0);

ADMIN procedure_state('x');

ADMIN procedure_state('00000000-0000-0000-0000-000000000000');

ADMIN migrate_region(1, 2, 3);

ADMIN flush_flow('f');

ADMIN purge_table('t');

-- arguments
ADMIN flush_table('t', 1);

ADMIN flush_table();

ADMIN flush_table(NULL);

ADMIN flush_table('');

ADMIN flush_table('a.b.c.d');

ADMIN flush_table(concat('t', ''));

ADMIN migrate_region(1, 2);

ADMIN compact_region('x');

ADMIN compact_table('t', 'strict_window', 'start_time=2024-01-01 00:00:00');

ADMIN nosuch('x');

-- calls that nobody can count
SELECT flush_table(h) FROM t;

-- files by their times: those that lie in a range wholly
INSERT INTO t VALUES ('d', 5000, 5);

ADMIN flush_table('t');

TRUNCATE TABLE t FILE RANGE (0, 2), (3000, 5000);

SELECT count(*) FROM t;

TRUNCATE t FILE RANGE ('1970-01-01 00:00:00', '1970-01-01 00:00:03'), (6000, 7000);

SELECT * FROM t;

TRUNCATE t FILE RANGE (5, 5);

TRUNCATE t FILE RANGE (1, NULL);

DROP TABLE t;
