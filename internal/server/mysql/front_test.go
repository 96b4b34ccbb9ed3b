package mysql

import (
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// What clients say before they ask anything.
func TestFront(t *testing.T) {
	h := start(t, Options{Build: "0.1"})
	db := h.db(nil)
	db.SetMaxOpenConns(1)
	for _, text := range []string{"SET NAMES utf8mb4", "SET character_set_results = NULL", "SET AUTOCOMMIT=0", "set session transaction isolation level read committed",
		"START TRANSACTION", "BEGIN", "COMMIT", "ROLLBACK", "SET sql_mode='STRICT_TRANS_TABLES'", "SET SQL_SELECT_LIMIT=DEFAULT", "LOCK TABLES `t` READ",
		"UNLOCK TABLES", "/*!40101 SET NAMES utf8 */", "/*!40103 SET TIME_ZONE='+00:00' */;", "SET FOREIGN_KEY_CHECKS=0, UNIQUE_CHECKS=0",
		"SET PROFILING = 1", "SET SESSION sql_mode=(SELECT 1)", "SAVEPOINT a", "START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT */",
		"SET @OLD_TIME_ZONE=@@TIME_ZONE", "SET @@session.sql_log_bin = 0", "SELECT $$"} {
		if _, err := db.Exec(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"select @@version_comment limit 1":                         "@@version_comment=GoptimeDB",
		"SELECT @@max_allowed_packet":                              "@@max_allowed_packet=67108864",
		"SELECT @@session.transaction_read_only, @@tx_isolation a": "@@session.transaction_read_only=0 a=REPEATABLE-READ",
		"/* mysql-connector-j-8.2.0 */SELECT  @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@time_zone AS time_zone": "auto_increment_increment=1 character_set_client=utf8mb4 time_zone=UTC",
		"SELECT @@who_knows": "@@who_knows=0",
		"SELECT version()":   "version()=8.4.2-GoptimeDB-0.1",
		"SELECT @x":          "@x=NULL",
		"SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP())": "TIMEDIFF(NOW(), UTC_TIMESTAMP())=00:00:00",
		"SHOW VARIABLES LIKE 'lower_case%'":       "Variable_name=lower_case_table_names Value=0",
		"SHOW VARIABLES LIKE 'nothing'":           "",
		"SHOW SESSION VARIABLES WHERE Variable_name = 'version_comment' OR Variable_name IN ('protocol_version')":                                  "Variable_name=protocol_version Value=10 Variable_name=version_comment Value=GoptimeDB",
		"/* ApplicationName=DBeaver */ SHOW PLUGINS":                                                                                               "",
		"SELECT DISTINCT LOGFILE_GROUP_NAME, FILE_NAME x FROM INFORMATION_SCHEMA.FILES WHERE ENGINE = 'ndbcluster' AND a IN (SELECT 1) ORDER BY 1": "",
		"SHOW ENGINES":  "",
		"SHOW WARNINGS": "",
	} {
		rows, err := db.Query(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		cols, _ := rows.Columns()
		if len(cols) == 0 {
			t.Errorf("%s: no columns", text)
		}
		var got []string
		for _, r := range strs(t, rows, nil) {
			for i, v := range r {
				got = append(got, cols[i]+"="+v)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", text, strings.Join(got, " "), want)
		}
	}
	if len(h.asked) != 0 {
		t.Errorf("the engine was asked %q", h.asked)
	}
	if _, err := db.Exec("SHOW VARIABLES WHERE length(Variable_name) > 3"); number(err) != 1235 {
		t.Errorf("strange filter: %v", err)
	}
}

// Variables in queries that the engine does.
func TestVariablesInQueries(t *testing.T) {
	h := start(t, Options{})
	f := []model.Field{{Name: "x", Type: model.Int64}}
	h.rows("SELECT a, 'it''s' AS `@who` FROM t WHERE zone = 'UTC' AND mail = 'a@b'", f, batch(f, []any{1}))
	h.rows("SELECT a FROM t WHERE mail = 'a@b'", f, batch(f, []any{1}))
	db := h.db(nil)
	db.SetMaxOpenConns(1)
	for _, text := range []string{"SET @who = 'it\\'s'", "SELECT a, @who FROM t WHERE zone = @@time_zone AND mail = 'a@b'", "SELECT a FROM t WHERE mail = 'a@b'"} {
		if _, err := db.Exec(text); err != nil {
			t.Errorf("%s: %v; ran %s", text, err, h.last())
		}
	}
}

func TestWarnings(t *testing.T) {
	h := start(t, Options{})
	db := h.db(nil)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("SET frobnicate = 1"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Warning 1000 Unsupported set variable FROBNICATE", "Warning 1000 Unsupported set variable FROBNICATE"} {
		rows, err := db.Query("SHOW WARNINGS")
		if got := strs(t, rows, err); len(got) != 1 || strings.Join(got[0], " ") != want {
			t.Errorf("%v", got)
		}
	}
	db.Exec("SET NAMES utf8")
	rows, err := db.Query("SHOW WARNINGS")
	if got := strs(t, rows, err); len(got) != 0 {
		t.Errorf("warnings stay: %v", got)
	}
}

// PREPARE, EXECUTE and DEALLOCATE as statements.
func TestNamedStatements(t *testing.T) {
	h := start(t, Options{})
	f := []model.Field{{Name: "x", Type: model.Int64}}
	h.rows("SELECT x FROM t WHERE a = 'it''s' AND b > - -1", f, batch(f, []any{42}))
	db := h.db(nil)
	db.SetMaxOpenConns(1)
	for _, text := range []string{"PREPARE s FROM 'SELECT x FROM t WHERE a = ? AND b > -?'", "SET @a = 'it\\'s', @b = -1"} {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	var x int
	if err := db.QueryRow("EXECUTE s USING @a, @b").Scan(&x); err != nil || x != 42 {
		t.Errorf("%d %v; ran %s", x, err, h.last())
	}
	for text, want := range map[string]uint16{"EXECUTE s USING @a": 1210, "EXECUTE nobody": 1243, "PREPARE p FROM 'SELECT FROM'": 1064,
		"PREPARE p FROM 'EXECUTE s'": 1295, "DEALLOCATE PREPARE nobody": 1243} {
		if _, err := db.Exec(text); number(err) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := db.Exec("DEALLOCATE PREPARE s"); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec("EXECUTE s USING @a, @b"); number(err) != 1243 {
		t.Errorf("after deallocate: %v", err)
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{{"a%", "abc", true}, {"%c", "abc", true}, {"a_c", "abc", true}, {"a_c", "ac", false}, {"%", "", true}, {"", "", true}, {"", "a", false},
		{"a\\_c", "a_c", true}, {"a\\_c", "abc", false}, {"%b%d%", "abcde", true}, {"%b%x%", "abcde", false}, {"abc%%", "abc", true},
		{strings.Repeat("%a", 30), strings.Repeat("a", 29) + "b", false}} {
		if got := like(c.pattern, c.s); got != c.want {
			t.Errorf("like(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}
