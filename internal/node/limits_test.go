package node

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/units"
)

// open starts a process without users.
func open(t *testing.T, change func(*config.Standalone)) *Standalone {
	return guarded(t, func(c *config.Standalone) {
		c.UserProvider = ""
		change(c)
	})
}

// dialMySQL keeps one connection open until the test ends.
func dialMySQL(t *testing.T, n *Standalone, user, database string) error {
	t.Helper()
	db, err := sql.Open("mysql", user+"@tcp("+n.MySQLAddr()+")/"+database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := db.Conn(t.Context())
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return err
}

func dialPostgres(t *testing.T, n *Standalone, user string) error {
	t.Helper()
	c, err := pgx.Connect(t.Context(), "postgres://"+user+"@"+n.PostgresAddr()+"/public?sslmode=disable")
	if err == nil {
		t.Cleanup(func() { c.Close(context.Background()) })
	}
	return err
}

func mysqlNumber(err error) uint16 {
	var e *driver.MySQLError
	errors.As(err, &e)
	if e == nil {
		return 0
	}
	return e.Number
}

func pgState(err error) string {
	var e *pgconn.PgError
	errors.As(err, &e)
	if e == nil {
		return ""
	}
	return e.Code
}

// TestConnectionLimits: too many connections, of all and of one user, are refused in the words of each protocol.
func TestConnectionLimits(t *testing.T) {
	n := open(t, func(c *config.Standalone) {
		c.MySQL.MaxConnections, c.MySQL.MaxConnectionsPerUser = 3, 2
		c.Postgres.MaxConnections, c.Postgres.MaxConnectionsPerUser = 3, 2
	})
	for i, want := range []uint16{0, 0, 1203} {
		if err := dialMySQL(t, n, "ann", "public"); mysqlNumber(err) != want || want == 0 && err != nil {
			t.Errorf("MySQL, Ann's connection %d: %v, want %d", i, err, want)
		}
	}
	for i, want := range []string{"", "", "53300"} {
		if err := dialPostgres(t, n, "ann"); pgState(err) != want || want == "" && err != nil {
			t.Errorf("PostgreSQL, Ann's connection %d: %v, want %s", i, err, want)
		}
	}
	// Ann's third connection was told that it is one too many, but may not have ended yet: until then Bob's is a fourth.
	patient := func(dial func() error, full func(error) bool) {
		t.Helper()
		err := dial()
		for i := 0; full(err) && i < 10_000; i++ {
			err = dial()
		}
		if err != nil {
			t.Error(err)
		}
	}
	patient(func() error { return dialMySQL(t, n, "bob", "public") }, func(err error) bool { return mysqlNumber(err) == 1040 })
	patient(func() error { return dialPostgres(t, n, "bob") }, func(err error) bool { return pgState(err) == "53300" })
	if err := dialMySQL(t, n, "eve", "public"); mysqlNumber(err) != 1040 {
		t.Errorf("MySQL, the fourth: %v", err)
	}
	if err := dialPostgres(t, n, "eve"); pgState(err) != "53300" || !strings.Contains(err.Error(), "too many clients") {
		t.Errorf("PostgreSQL, the fourth: %v", err)
	}
}

// TestWireConfiguration: keys of the sections mysql and postgres.
func TestWireConfiguration(t *testing.T) {
	n := open(t, func(c *config.Standalone) {
		c.MySQL.RejectNoDatabase = true
		c.MySQL.PreparedStmtCacheSize, c.Postgres.PreparedStmtCacheSize = 1, 1
		c.MySQL.MaxAllowedPacket, c.Postgres.MaxAllowedPacket = 8<<10, 8<<10
	})
	if err := dialMySQL(t, n, "ann", ""); mysqlNumber(err) != 1102 || !strings.Contains(err.Error(), "database required on connection") {
		t.Errorf("no database: %v", err)
	}
	db, err := sql.Open("mysql", "ann@tcp("+n.MySQLAddr()+")/public")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	p, err := db.Prepare("SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Prepare("SELECT 2"); mysqlNumber(err) != 1461 || !strings.Contains(err.Error(), "Prepared statement cache is full, max capacity: 1") {
		t.Errorf("a second statement: %v", err)
	}
	p.Close()
	if _, err := db.Exec("SELECT '" + strings.Repeat("x", 9<<10) + "'"); mysqlNumber(err) != 1153 {
		t.Errorf("a long statement: %v", err)
	}
	var packet int
	if err := db.QueryRow("SELECT @@max_allowed_packet").Scan(&packet); err != nil || packet != 8<<10 {
		t.Errorf("max_allowed_packet %d, %v", packet, err)
	}

	pg, err := pgx.Connect(t.Context(), "postgres://ann@"+n.PostgresAddr()+"/public?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close(context.Background())
	if _, err := pg.Prepare(t.Context(), "a", "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := pg.Prepare(t.Context(), "b", "SELECT 2"); pgState(err) != "53400" {
		t.Errorf("a second statement: %v", err)
	}
	if _, err := pg.Exec(t.Context(), "SELECT '"+strings.Repeat("x", 9<<10)+"'"); pgState(err) != "08P01" {
		t.Errorf("a long statement: %v", err)
	}

	hasty := open(t, func(c *config.Standalone) {
		short := units.Duration(50 * time.Millisecond)
		c.MySQL.LoginTimeout, c.Postgres.LoginTimeout = short, short
	})
	for _, addr := range []string{hasty.MySQLAddr(), hasty.PostgresAddr()} { // clients that say nothing
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
		c.Close()
	}
}

// TestAPIListener: the second listener of HTTP has paths below /v1 only.
func TestAPIListener(t *testing.T) {
	n := guarded(t, func(c *config.Standalone) { c.HTTP.EnableAPIServer, c.HTTP.APIServerAddr = true, "127.0.0.1:0" })
	base := "http://" + n.api.addr()
	for path, want := range map[string]int{"/metrics": 404, "/config": 404, "/health": 404, "/v1x": 404, "/v1/health": 200, "/v1/sql?sql=SELECT+1": 401} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	if status, code := ask(t, http.DefaultClient, base, "plain", "plain", "SELECT 1"); status != 200 {
		t.Errorf("SELECT 1: %d %d", status, code)
	}
}
