package compat

import (
	"database/sql"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver of database/sql
	"github.com/jackc/pgx/v5"

	"github.com/goptimedb/goptimedb/tests/harness"
)

var (
	mysqlLine = regexp.MustCompile(`mysql -h (\S+) -P (\d+)`)
	psqlLine  = regexp.MustCompile(`psql -h (\S+) -p (\d+)`)
	echo      = regexp.MustCompile(`(?s)-{14}\n.*?\n-{14}\n\s*`) // of statements that fail, by MariaDB's client
)

// sqlServer starts the program with a table of one row of many types, and says where MySQL and PostgreSQL are spoken.
func sqlServer(t *testing.T) (s *harness.Server, mysql, postgres string) {
	s = harness.Start(t, harness.Options{Bin: bin})
	var my, pg []string
	if err := harness.Until(func() error {
		my, pg = mysqlLine.FindStringSubmatch(s.Log()), psqlLine.FindStringSubmatch(s.Log())
		if my == nil || pg == nil {
			return &net.AddrError{Err: "the banner does not tell where MySQL and PostgreSQL are", Addr: s.Log()}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s.MustSQL("CREATE TABLE types (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, b BOOLEAN, i INT, l BIGINT, u BIGINT UNSIGNED, f FLOAT, d DOUBLE, n DECIMAL(10,2), dd DATE, us TIMESTAMP(6), bin BINARY, doc JSON)")
	s.MustSQL("INSERT INTO types VALUES ('größe', '2024-02-29 12:34:56.789', true, -5, 9223372036854775807, 18446744073709551615, 1.5, 0.1, 12.34, '2024-02-29', '2024-02-29 12:34:56.123456', X'00ff', '{\"a\":1}'), ('none', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")
	return s, net.JoinHostPort(my[1], my[2]), net.JoinHostPort(pg[1], pg[2])
}

// program runs a program and compares what it prints.
func program(t *testing.T, want, stdin, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(harness.Tool(t, name), args...)
	cmd.Env = append(cmd.Environ(), "PGCONNECT_TIMEOUT=120", "PYTHONIOENCODING=utf-8")
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	out = echo.ReplaceAll(out, nil)
	if err != nil || string(out) != want {
		t.Errorf("%s: %v\ngot:\n%s\nwant:\n%s", name, err, out, want)
	}
}

func TestMySQLCommandLine(t *testing.T) {
	_, addr, _ := sqlServer(t)
	host, port, _ := net.SplitHostPort(addr)
	program(t, `host	ts	b	i	l	u	f	d	n	dd	us	doc
größe	2024-02-29 12:34:56.789	1	-5	9223372036854775807	18446744073709551615	1.5	0.1	12.34	2024-02-29	2024-02-29 12:34:56.123456	{"a":1}
none	1970-01-01 00:00:00.001	NULL	NULL	NULL	NULL	NULL	NULL	NULL	NULL	NULL	NULL
Tables_in_public
types
count(*)
3
ts
2024-02-29 20:34:56.789
ERROR 1146 (42S02) at line 9: (TableNotFound): Failed to plan SQL: Table not found: greptime.other.nosuch
Int64(1)
1
`, "SELECT host, ts, b, i, l, u, f, d, n, dd, us, doc FROM types ORDER BY host;\n"+
		"SHOW TABLES;\n"+
		"INSERT INTO types (host, ts) VALUES (\"third\", '2024-01-01 00:00:00');\n"+
		"SELECT count(*) FROM types;\n"+
		"SET time_zone = '+08:00';\n"+
		"SELECT ts FROM types WHERE host = 'größe';\n"+
		"CREATE DATABASE other;\n"+
		"USE other\n"+
		"SELECT * FROM nosuch;\n"+
		"SELECT 1;\n",
		"mysql", "--no-defaults", "--force", "--batch", "--default-character-set=utf8mb4", "-h", host, "-P", port, "--protocol=tcp", "-u", "root", "public")
}

func TestPsqlCommandLine(t *testing.T) {
	_, _, addr := sqlServer(t)
	host, port, _ := net.SplitHostPort(addr)
	program(t, `größe|2024-02-29 12:34:56.789|t|-5|9223372036854775807|18446744073709551615|1.5|0.1|12.34|2024-02-29|2024-02-29 12:34:56.123456|\x00ff|{"a":1}
none|1970-01-01 00:00:00.001|||||||||||
INSERT 0 1
3
SET
2024-02-29 20:34:56.789
WARNING:  Please note transaction is not supported in GoptimeDB.
BEGIN
COMMIT
`, "SELECT * FROM types ORDER BY host;\n"+
		"INSERT INTO types (host, ts) VALUES ('third', '2024-01-01 00:00:00');\n"+
		"SELECT count(*) FROM types;\n"+
		"SET TIME ZONE '+08:00';\n"+
		"SELECT ts FROM types WHERE host = 'größe';\n"+
		"BEGIN;\nCOMMIT;\n",
		"psql", "-X", "-A", "-t", "-w", "-h", host, "-p", port, "-U", "root", "-d", "public")
}

func TestPyMySQL(t *testing.T) {
	_, addr, _ := sqlServer(t)
	python(t, "pymysql", `
import sys, pymysql
c = pymysql.connect(host=sys.argv[1], port=int(sys.argv[2]), user="root", database="public", autocommit=False)
with c.cursor() as k:
    print(k.execute("INSERT INTO types (host, ts, i, d) VALUES (%s, %s, %s, %s)", ("it's", "2024-01-01 00:00:00", 7, 2.5)))
    k.execute("SELECT host, ts, b, i, u, d, n, dd FROM types WHERE host <> %s ORDER BY host", ("none",))
    for r in k.fetchall(): print(r)
    try: k.execute("SELECT * FROM nosuch")
    except pymysql.err.ProgrammingError as e: print(e.args[0])
c.commit()
`, addr, `1
('größe', datetime.datetime(2024, 2, 29, 12, 34, 56, 789000), 1, -5, 18446744073709551615, 0.1, Decimal('12.34'), datetime.date(2024, 2, 29))
("it's", datetime.datetime(2024, 1, 1, 0, 0), None, 7, None, 2.5, None, None)
1146
`)
}

func TestPsycopg(t *testing.T) {
	_, _, addr := sqlServer(t)
	python(t, "psycopg2", `
import sys, psycopg2
c = psycopg2.connect(host=sys.argv[1], port=int(sys.argv[2]), user="root", dbname="public", sslmode="disable")
with c.cursor() as k:
    k.execute("INSERT INTO types (host, ts, i, d) VALUES (%s, %s, %s, %s)", ("it's", "2024-01-01 00:00:00", 7, 2.5))
    print(k.rowcount)
    k.execute("SELECT host, ts, b, i, u, d, n, dd, doc FROM types WHERE host <> %s ORDER BY host", ("none",))
    for r in k.fetchall(): print(r)
    try: k.execute("SELECT * FROM nosuch")
    except psycopg2.errors.UndefinedTable as e: print(e.pgcode)
c.rollback()
c.close()
`, addr, `1
('größe', datetime.datetime(2024, 2, 29, 12, 34, 56, 789000), True, -5, Decimal('18446744073709551615'), 0.1, Decimal('12.34'), datetime.date(2024, 2, 29), {'a': 1})
("it's", datetime.datetime(2024, 1, 1, 0, 0), None, 7, None, 2.5, None, None, None)
42P01
`)
}

// python runs a script with the system's Python, whose packages make test-tools installs.
func python(t *testing.T, module, script, addr, want string) {
	t.Helper()
	if err := exec.Command("/usr/bin/python3", "-c", "import "+module).Run(); err != nil {
		t.Skipf("SKIPPED, NOT SHOWN: the Python module %s is not installed; `make test-tools` installs it", module)
	}
	host, port, _ := net.SplitHostPort(addr)
	program(t, want, "", "/usr/bin/python3", "-c", script, host, port)
}

// TestGoMySQLDriver prepares statements with parameters of Go's types, and reads binary rows into them.
func TestGoMySQLDriver(t *testing.T) {
	_, addr, _ := sqlServer(t)
	db, err := sql.Open("mysql", "root@tcp("+addr+")/public?parseTime=true")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	at := time.Date(2024, 5, 6, 7, 8, 9, 123e6, time.UTC)
	res, err := db.Exec("INSERT INTO types (host, ts, b, i, u, d, n, bin) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "it's \\ ?", at, true, -7, uint64(1<<63), 0.25, "99.95", []byte{0, 1, 0xff})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		t.Errorf("%d rows", n)
	}
	var (
		host, n string
		ts      time.Time
		b       bool
		i       int
		u       uint64
		d       float64
		raw     []byte
		doc     sql.NullString
	)
	row := db.QueryRow("SELECT host, ts, b, i, u, d, n, bin, doc FROM types WHERE ts = ? AND i < ? AND host LIKE ?", at, 0, "it%")
	if err := row.Scan(&host, &ts, &b, &i, &u, &d, &n, &raw, &doc); err != nil {
		t.Fatal(err)
	}
	if host != "it's \\ ?" || !ts.Equal(at) || !b || i != -7 || u != 1<<63 || d != 0.25 || n != "99.95" || string(raw) != "\x00\x01\xff" || doc.Valid {
		t.Error(host, ts, b, i, u, d, n, raw, doc)
	}
}

// TestPgx does the same over the extended protocol of PostgreSQL, in binary.
func TestPgx(t *testing.T) {
	_, _, addr := sqlServer(t)
	ctx := t.Context()
	c, err := pgx.Connect(ctx, "postgres://root@"+addr+"/public?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	at := time.Date(2024, 5, 6, 7, 8, 9, 123e6, time.UTC)
	tag, err := c.Exec(ctx, "INSERT INTO types (host, ts, b, i, l, d, bin) VALUES ($1, $2, $3, $4, $5, $6, $7)", "it's \\ $1", at, true, -7, int64(1)<<62, 0.25, []byte{0, 1, 0xff})
	if err != nil || tag.String() != "INSERT 0 1" {
		t.Fatal(tag, err)
	}
	var (
		host string
		ts   time.Time
		b    bool
		i    int32
		l    int64
		d    float64
		raw  []byte
		doc  *string
	)
	row := c.QueryRow(ctx, "SELECT host, ts, b, i, l, d, bin, doc FROM types WHERE ts = $1 AND i < $2 AND host LIKE $3", at, 0, "it%")
	if err := row.Scan(&host, &ts, &b, &i, &l, &d, &raw, &doc); err != nil {
		t.Fatal(err)
	}
	if host != "it's \\ $1" || !ts.Equal(at) || !b || i != -7 || l != 1<<62 || d != 0.25 || string(raw) != "\x00\x01\xff" || doc != nil {
		t.Error(host, ts, b, i, l, d, raw, doc)
	}
}
