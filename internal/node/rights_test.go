package node

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/snappy"

	"github.com/goptimedb/goptimedb/internal/base/config"
)

// TestRightsByPath: users who may only read change nothing, and users who may only write see nothing, whatever way they take.
func TestRightsByPath(t *testing.T) {
	n := guarded(t, nil)
	newLoader(t, n, "plain").exec("CREATE TABLE t (ts TIMESTAMP TIME INDEX, v INT)")
	my := func(user string) *sql.Conn {
		t.Helper()
		db, err := sql.Open("mysql", user+":"+user+"@tcp("+n.MySQLAddr()+")/public")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	reader, writer, plain := my("reader"), my("writer"), my("plain")
	refused := func(c *sql.Conn, want uint16, text string, args ...any) {
		t.Helper()
		rows, err := c.QueryContext(t.Context(), text, args...)
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			rows.Close()
		}
		if mysqlNumber(err) != want {
			t.Errorf("MySQL: %s: %v, want %d", text, err, want)
		}
	}
	for _, text := range []string{"INSERT INTO t VALUES (1, 1)", "REPLACE INTO t VALUES (1, 1)", "DELETE FROM t WHERE v = 1", "DROP TABLE t", "TRUNCATE TABLE t", "ALTER TABLE t ADD COLUMN w INT",
		"CREATE DATABASE d", "ADMIN flush_table('t')", "COPY t TO 'x'; COPY t FROM 'x'", "SELECT 1; INSERT INTO t VALUES (1, 1)"} {
		if strings.Contains(text, ";") {
			continue // go-sql-driver does not send several
		}
		refused(reader, 1045, text)
	}
	refused(reader, 1045, "INSERT INTO t VALUES (?, ?)", 1, 1) // prepared
	refused(writer, 1045, "SELECT * FROM t WHERE v = ?", 1)
	for _, text := range []string{"SELECT * FROM t", "SHOW TABLES", "DESCRIBE t", "SHOW CREATE TABLE t", "EXPLAIN SELECT * FROM t", "TQL EVAL (0, 1, '1s') t", "SELECT * FROM information_schema.tables",
		"INSERT INTO t SELECT * FROM t", "WITH a AS (SELECT * FROM t) SELECT * FROM a"} {
		refused(writer, 1045, text)
	}
	if _, err := reader.ExecContext(t.Context(), "PREPARE p FROM 'INSERT INTO t VALUES (1, 1)'"); err != nil {
		t.Error(err)
	}
	refused(reader, 1045, "EXECUTE p")
	var id int
	if err := plain.QueryRowContext(t.Context(), "SELECT connection_id()").Scan(&id); err != nil {
		t.Fatal(err)
	}
	refused(reader, 1095, fmt.Sprintf("KILL %d", id))
	refused(writer, 1095, fmt.Sprintf("KILL QUERY %d", id))
	if err := plain.PingContext(t.Context()); err != nil {
		t.Error(err)
	}

	// Describing tells about tables, too.
	pg, err := pgx.Connect(t.Context(), "postgres://writer:writer@"+n.PostgresAddr()+"/public?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(context.Background())
	if _, err := pg.Prepare(t.Context(), "p", "SELECT * FROM t"); pgState(err) != "42501" {
		t.Errorf("a writer learns columns: %v", err)
	}
	own, other := newLoader(t, n, "reader"), newLoader(t, n, "plain")
	_, err = own.c.Exec(t.Context(), fmt.Sprintf("SELECT pg_terminate_backend(%d)", other.c.PgConn().PID()))
	if pgState(err) != "42501" {
		t.Errorf("a reader ends the connection of another: %v", err)
	}
	other.exec("SELECT 1")

	base := "http://" + n.Addr()
	for _, r := range []struct {
		method, path, user string
		want               int
	}{
		{"POST", "/v1/prometheus/write", "reader", 403}, {"POST", "/v1/prometheus/read", "writer", 403}, {"GET", "/v1/prometheus/api/v1/query?query=t&time=1", "writer", 403},
		{"GET", "/v1/promql?query=t&start=0&end=1&step=1s", "writer", 403}, {"POST", "/v1/influxdb/api/v2/write?bucket=public", "reader", 403},
		{"GET", "/v1/sql?sql=SELECT+1%3B+INSERT+INTO+t+VALUES+(1,1)", "reader", 403},
	} {
		body := io.Reader(strings.NewReader("w v=1"))
		if strings.HasPrefix(r.path, "/v1/prometheus") {
			sample := "\x0a\x1c\x0a\x0d\x0a\x08__name__\x12\x01w\x12\x0b\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x01" // w = 1, at 1
			body = bytes.NewReader(snappy.Encode(nil, []byte(sample)))
		}
		req, err := http.NewRequest(r.method, base+r.path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(r.user, r.user)
		if strings.HasPrefix(r.path, "/v1/prometheus") {
			req.Header.Set("Content-Encoding", "snappy")
			req.Header.Set("Content-Type", "application/x-protobuf")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != r.want {
			t.Errorf("%s %s as %s: %d %s, want %d", r.method, r.path, r.user, resp.StatusCode, answer, r.want)
		}
	}

	// What was refused is counted.
	_ = dialMySQL(t, n, "ghost", "public")
	_ = dialPostgres(t, n, "ghost")
	ask(t, http.DefaultClient, base, "plain", "wrong", "SELECT 1")
	resp, err := http.Get(base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, _ := io.ReadAll(resp.Body)
	for _, want := range []string{`greptime_servers_auth_failure_count{code="UserNotFound"} `, `greptime_servers_auth_failure_count{code="UserPasswordMismatch"} 1`} {
		if !strings.Contains(string(metrics), want) {
			t.Errorf("/metrics has no %s", want)
		}
	}
}

// TestWatchedUsers: a changed file of users counts for the next logins; one that cannot be read leaves the last good users.
func TestWatchedUsers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	write := func(text string, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(age)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("plain=plain\n", -time.Hour)
	n := guarded(t, func(c *config.Standalone) { c.UserProvider = "watch_file_user_provider:" + file })
	ok := func(user string) bool {
		status, _ := ask(t, http.DefaultClient, "http://"+n.Addr(), user, user, "SELECT 1")
		return status == 200
	}
	until := func(what string, f func() bool) { // files are looked at once a second
		t.Helper()
		for end := time.Now().Add(5 * time.Minute); !f(); {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	if !ok("plain") || ok("new") {
		t.Fatal("the users of the file are not in force")
	}
	write("new=new\nbroken line\n", -time.Minute)
	until("a new user is not let in", func() bool { return ok("new") })
	if ok("plain") {
		t.Error("a user who is gone is let in")
	}
	write("nonsense\n", 0)
	until("a file without users was not looked at", func() bool { return n.users != nil && ok("new") })
}
