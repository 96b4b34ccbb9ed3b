package datadir

import (
	"fmt"
	"strings"
)

// step is a statement, or lines for the InfluxDB endpoint.
type step struct {
	sql   string
	lines string
	hints string
}

// steps make tables of each merge mode whose rows lie in merged files, in files and in the log alone, with deletes and changes of the
// schema between.
func steps() []step {
	var out []step
	sql := func(format string, args ...any) { out = append(out, step{sql: fmt.Sprintf(format, args...)}) }
	influx := func(hints string, lines ...string) {
		out = append(out, step{lines: strings.Join(lines, "\n"), hints: hints})
	}
	flush := func(table string) { sql("ADMIN flush_table('%s')", table) }

	// Every type, NULLs in all of them, tags that are NULL, a column that goes and columns that come.
	sql(`CREATE TABLE kinds (
		host STRING, zone STRING NULL, ts TIMESTAMP(3) TIME INDEX,
		b BOOLEAN, i8 TINYINT, i16 SMALLINT, i32 INT, i64 BIGINT, u8 TINYINT UNSIGNED, u16 SMALLINT UNSIGNED, u32 INT UNSIGNED, u64 BIGINT UNSIGNED,
		f32 FLOAT, f64 DOUBLE, s STRING DEFAULT 'none', bin VARBINARY, d DATE, t9 TIMESTAMP(9), gone DOUBLE,
		PRIMARY KEY (host, zone))`)
	kinds := "(host, zone, ts, b, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, s, bin, d, t9, gone)"
	sql(`INSERT INTO kinds %s VALUES
		('a','x',1000,true,-128,-32768,-2147483648,-9223372036854775808,0,0,0,0,-1.5,-2.25,'first','ab','1969-12-31','1970-01-01T00:00:00.000000001',1),
		('a',NULL,1000,false,127,32767,2147483647,9223372036854775807,255,65535,4294967295,18446744073709551615,1.5,1e300,'größe','','2262-01-01','2024-02-29T12:00:00.123456789',2),
		('b','y',1000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)`, kinds)
	flush("kinds")
	sql("INSERT INTO kinds (host, zone, ts, i64) VALUES ('a','x',1000,7), ('c',NULL,-5,8), ('d','y',2000,9)")
	sql("DELETE FROM kinds WHERE host = 'b' AND zone = 'y' AND ts = 1000")
	flush("kinds")
	sql("ALTER TABLE kinds ADD COLUMN late STRING DEFAULT 'later'")
	sql("ALTER TABLE kinds DROP COLUMN gone")
	sql("INSERT INTO kinds (host, zone, ts, i64, late) VALUES ('e','y',3000,10,NULL), ('d','y',2000,11,'twice')")
	sql("DELETE FROM kinds WHERE host = 'c' AND zone IS NULL")

	// Files that were merged, a file on top, rows in the log; each key written several times.
	for _, mode := range []string{"append_mode=true", "merge_mode=last_row", "merge_mode=last_non_null"} {
		_, name, _ := strings.Cut(mode, "=")
		table := "m_" + strings.Replace(name, "true", "append", 1)
		for round := range 4 {
			var lines []string
			for i := range 60 {
				fields := []string{fmt.Sprintf("v=%g", float64(round*100+i)/4), fmt.Sprintf("n=%di", i*round), fmt.Sprintf("s=\"round %d\"", round)}
				if mode == "merge_mode=last_non_null" || i%3 == 0 {
					fields = fields[(round+i)%3 : (round+i)%3+1]
				}
				tag := fmt.Sprintf(",host=h%d", i%5)
				if i%7 == 0 {
					tag = ""
				}
				lines = append(lines, fmt.Sprintf("%s%s %s %d", table, tag, strings.Join(fields, ","), int64(i)*1e9))
			}
			influx(mode, lines...)
			if round < 3 {
				flush(table)
			}
			if round == 1 {
				sql("ADMIN compact_table('%s')", table)
			}
			if round > 0 && name != "true" {
				sql("DELETE FROM %s WHERE host = 'h%d' AND greptime_timestamp < %d", table, round, round*10*1e9)
			}
		}
	}
	influx("", "m_last_row,host=h9,added=tag v=1,new=true 99000000000") // a tag and a field that came with the line
	sql("ALTER TABLE m_append ADD COLUMN extra BIGINT DEFAULT 3")

	// An index of each kind.
	sql(`CREATE TABLE indexed (host STRING SKIPPING INDEX, msg STRING FULLTEXT INDEX, code INT INVERTED INDEX, ts TIMESTAMP(9) TIME INDEX, PRIMARY KEY (host))
		WITH ('append_mode'='true')`)
	for part := range 2 {
		var rows []string
		for i := range 40 {
			rows = append(rows, fmt.Sprintf("('%c%d','request %d ended with error%d',%d,%d)", 'a'+i%26, i, i, i%4, i%5, part*40+i))
		}
		sql("INSERT INTO indexed (host, msg, code, ts) VALUES %s", strings.Join(rows, ","))
		if part == 0 {
			flush("indexed")
		}
	}

	// Emptied, dropped, renamed; another database.
	sql("CREATE TABLE emptied (ts TIMESTAMP TIME INDEX, v DOUBLE)")
	sql("INSERT INTO emptied VALUES (1, 1), (2, 2)")
	flush("emptied")
	sql("INSERT INTO emptied VALUES (3, 3)")
	sql("TRUNCATE TABLE emptied")
	sql("INSERT INTO emptied VALUES (4, 4)")
	sql("CREATE TABLE dropped (ts TIMESTAMP TIME INDEX, v DOUBLE)")
	sql("INSERT INTO dropped VALUES (1, 1)")
	sql("DROP TABLE dropped")
	sql("CREATE TABLE oldname (ts TIMESTAMP TIME INDEX, v DOUBLE)")
	sql("INSERT INTO oldname VALUES (1, 1)")
	sql("ALTER TABLE oldname RENAME newname")
	sql("CREATE DATABASE other WITH (ttl = '10000d')")
	sql("CREATE TABLE other.\"NamedSo\" (\"Ts\" TIMESTAMP TIME INDEX, v DOUBLE COMMENT 'a comment') COMMENT = 'of a table'")
	sql("INSERT INTO other.\"NamedSo\" VALUES ('2100-01-01 00:00:00', 5)")
	return out
}

// queries of the answers. The first names the tables of the database public.
var queries = []string{
	"SHOW TABLES",
	"SHOW CREATE TABLE kinds",
	"SHOW CREATE TABLE indexed",
	"SHOW CREATE TABLE m_append",
	"SHOW CREATE TABLE m_last_non_null",
	"SHOW CREATE TABLE other.\"NamedSo\"",
	"DESC TABLE kinds",
	"DESC TABLE m_last_row",
	"SELECT * FROM kinds ORDER BY host, zone, ts",
	"SELECT host, late, i64 FROM kinds WHERE zone IS NULL OR late = 'later' ORDER BY host, i64",
	"SELECT host, greptime_timestamp, v, n, s, extra FROM m_append ORDER BY greptime_timestamp, host, s, v, n",
	"SELECT * FROM m_last_row ORDER BY greptime_timestamp, host",
	"SELECT * FROM m_last_non_null ORDER BY greptime_timestamp, host",
	"SELECT host, count(*), sum(v), max(n) FROM m_last_row GROUP BY host ORDER BY host",
	"SELECT date_bin(INTERVAL '10 seconds', greptime_timestamp) AS t, count(v), avg(v) FROM m_last_non_null GROUP BY t ORDER BY t",
	"SELECT count(*), min(ts), max(ts) FROM indexed",
	"SELECT host, code FROM indexed WHERE matches_term(msg, 'error3') AND code = 1 ORDER BY host, ts",
	"SELECT msg FROM indexed WHERE host = 'z25' ORDER BY ts",
	"SELECT * FROM emptied",
	"SELECT * FROM newname",
	"SELECT v FROM other.\"NamedSo\"",
}
