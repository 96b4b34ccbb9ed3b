package compat

import (
	"context"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/tests/harness"
)

var update = flag.Bool("update", false, "write what drivers print to their golden files")

// driverServer starts the program with the tables that drivers are shown.
func driverServer(t *testing.T) (mysql, postgres string) {
	s, mysql, postgres := sqlServer(t)
	s.MustSQL("DROP TABLE types")
	s.MustSQL("CREATE TABLE cpu (host STRING COMMENT 'the machine', ts TIMESTAMP(3) TIME INDEX, v DOUBLE DEFAULT 1.5, n DECIMAL(10,2), i INT NOT NULL, u BIGINT UNSIGNED, b BOOLEAN, d DATE, s STRING DEFAULT 'it''s', bin VARBINARY, doc JSON, PRIMARY KEY(host)) WITH (comment = 'machines')")
	s.MustSQL("CREATE VIEW hot AS SELECT host, v FROM cpu WHERE v > 1")
	s.MustSQL("CREATE DATABASE other")
	s.MustSQL("CREATE TABLE other.mem (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, x DOUBLE)")
	return mysql, postgres
}

// drivers is the directory of a language's drivers; the test is skipped where there is none.
func drivers(t *testing.T, language string) string {
	t.Helper()
	root := os.Getenv("GOPTIMEDB_TOOLS")
	if root == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		root = filepath.Join(home, ".cache", "goptimedb-tools")
	}
	at, err := os.ReadFile(filepath.Join(root, "drivers"))
	dir := filepath.Join(strings.TrimSpace(string(at)), language)
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skipf("SKIPPED, NOT SHOWN: the drivers of %s are not installed; `make test-tools` installs them", language)
	}
	return dir
}

// prints runs a program and compares what it prints with a file of testdata.
func prints(t *testing.T, golden string, env []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // a driver that waits for ever is a failure, not a test that does
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Tool(t, name), args...)
	cmd.Env = append(append(os.Environ(), "PYTHONIOENCODING=utf-8", "TZ=UTC", "PYTHONDONTWRITEBYTECODE=1"), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	file := filepath.Join("testdata", golden)
	if *update {
		if err := os.WriteFile(file, out, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, all := strings.Split(string(out), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(all)) {
		line := func(s []string) string {
			if i < len(s) {
				return s[i]
			}
			return "(nothing)"
		}
		if line(got) != line(all) {
			t.Fatalf("%s:%d\n got  %s\n want %s", file, i+1, line(got), line(all))
		}
	}
}

// mappers is the directory of a language's object mappers; the test is skipped where there is none.
func mappers(t *testing.T, language string) string {
	t.Helper()
	root := filepath.Dir(drivers(t, language))
	at, err := os.ReadFile(filepath.Join(root, "mappers-"+language))
	dir := filepath.Join(root, strings.TrimSpace(string(at)))
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skipf("SKIPPED, NOT SHOWN: the object mappers of %s are not installed; `make test-tools` installs them", language)
	}
	return dir
}

// mapperServer starts the program with tables as object mappers know them.
func mapperServer(t *testing.T) (host, mysqlPort, postgresPort string) {
	s, mysql, postgres := sqlServer(t)
	s.MustSQL("DROP TABLE types")
	s.MustSQL("CREATE TABLE cpu (host STRING COMMENT 'the machine', ts TIMESTAMP(3) TIME INDEX, v DOUBLE DEFAULT 1.5, n DECIMAL(10,2), i INT NOT NULL, b BOOLEAN, d DATE, s STRING DEFAULT 'it''s', PRIMARY KEY(host)) WITH (comment = 'machines')")
	s.MustSQL("CREATE VIEW hot AS SELECT host, v FROM cpu WHERE v > 1")
	s.MustSQL("CREATE TABLE mem (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, x DOUBLE)")
	host, mysqlPort, _ = net.SplitHostPort(mysql)
	_, postgresPort, _ = net.SplitHostPort(postgres)
	return host, mysqlPort, postgresPort
}

func TestDjango(t *testing.T) {
	env := []string{"PYTHONPATH=" + mappers(t, "python") + string(os.PathListSeparator) + drivers(t, "python")}
	host, mysql, postgres := mapperServer(t)
	prints(t, "django_postgresql.golden", env, "python3", "testdata/use_django.py", "postgresql", host, postgres)
	prints(t, "django_mysql.golden", env, "python3", "testdata/use_django.py", "mysql", host, mysql)
}

func TestNodeMappers(t *testing.T) {
	dir := mappers(t, "node")
	host, mysql, postgres := mapperServer(t)
	prints(t, "orms.js.golden", nil, "node", "testdata/use_orms.js", dir, host, postgres, mysql)
}

func TestSQLAlchemy(t *testing.T) {
	dir := drivers(t, "python")
	mysql, postgres := driverServer(t)
	prints(t, "sqlalchemy.golden", []string{"PYTHONPATH=" + dir}, "python3", "testdata/use_sqlalchemy.py", "postgresql+psycopg2://u@"+postgres+"/public",
		"postgresql+psycopg://u@"+postgres+"/public", "postgresql+pg8000://u@"+postgres+"/public", "mysql+pymysql://u@"+mysql+"/public")
}

func TestAsyncpg(t *testing.T) {
	dir := drivers(t, "python")
	_, postgres := driverServer(t)
	host, port, _ := net.SplitHostPort(postgres)
	prints(t, "asyncpg.golden", []string{"PYTHONPATH=" + dir}, "python3", "testdata/use_asyncpg.py", host, port)
}

func TestNodeDrivers(t *testing.T) {
	dir := drivers(t, "node")
	mysql, postgres := driverServer(t)
	host, pgPort, _ := net.SplitHostPort(postgres)
	_, myPort, _ := net.SplitHostPort(mysql)
	prints(t, "drivers.js.golden", nil, "node", "testdata/drivers.js", dir, host, pgPort, myPort)
}

func TestJDBC(t *testing.T) {
	dir := drivers(t, "java")
	mysql, postgres := driverServer(t)
	classes := t.TempDir()
	if out, err := exec.Command(harness.Tool(t, "javac"), "-d", classes, "testdata/Introspect.java").CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	prints(t, "jdbc.golden", nil, "java", "-XX:TieredStopAtLevel=1", "-cp", classes+":"+filepath.Join(dir, "*"), "Introspect",
		"jdbc:postgresql://"+postgres+"/public?sslmode=disable", "jdbc:mysql://"+mysql+"/public?sslMode=DISABLED",
		"jdbc:mysql://"+mysql+"/public?sslMode=DISABLED&useServerPrepStmts=true")
}
