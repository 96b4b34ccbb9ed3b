package compat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/node"
)

// startPostgres runs a whole process and gives the URL of its PostgreSQL listener.
func startPostgres(t testing.TB, change func(*config.Standalone)) string {
	t.Helper()
	c := config.Default()
	c.Storage.DataHome = t.TempDir()
	c.HTTP.Addr, c.MySQL.Enable, c.Postgres.Addr = "127.0.0.1:0", false, "127.0.0.1:0"
	if change != nil {
		change(c)
	}
	n, err := node.Start(context.Background(), c, node.Options{Build: node.Build{Version: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		if err := n.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return n.PostgresAddr()
}

func connect(t testing.TB, addr, more string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), "postgres://u@"+addr+"/public?sslmode=disable"+more)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func exec1(t testing.TB, c *pgx.Conn, text string, args ...any) string {
	t.Helper()
	tag, err := c.Exec(context.Background(), text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return tag.String()
}

func stateOf(err error) string {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Code
	}
	return fmt.Sprint(err)
}

// TestPgxValues: every type goes in as a parameter and comes back, in each of pgx's ways to ask.
func TestPgxValues(t *testing.T) {
	addr := startPostgres(t, nil)
	ctx := context.Background()
	setup := connect(t, addr, "")
	if tag := exec1(t, setup, `CREATE TABLE v (host STRING, ts TIMESTAMP(6) TIME INDEX, b BOOLEAN, i1 TINYINT, i2 SMALLINT, i4 INT, i8 BIGINT, u8 BIGINT UNSIGNED,
		f4 FLOAT, f8 DOUBLE, s STRING, y VARBINARY, d DATE, n DECIMAL(12,3), ms TIMESTAMP(3), j JSON, PRIMARY KEY(host))`); tag != "CREATE TABLE" {
		t.Errorf("tag %q", tag)
	}
	at := time.Date(2024, 2, 29, 12, 34, 56, 789012000, time.UTC)
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	for _, mode := range []string{"simple_protocol", "exec", "describe_exec", "cache_describe", "cache_statement"} {
		t.Run(mode, func(t *testing.T) {
			c := connect(t, addr, "&default_query_exec_mode="+mode)
			insert := `INSERT INTO v (host, ts, b, i1, i2, i4, i8, f4, f8, s, y, d, ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
			if tag := exec1(t, c, insert, mode, at, true, int16(-7), int16(-300), int32(70000), int64(math.MaxInt64), float32(1.5), 2.25, "it's \\ ü", []byte{0, 1, 255},
				day, at); tag != "INSERT 0 1" {
				t.Errorf("tag %q", tag)
			}
			var b bool
			var i1, i2 int16
			var i4 int32
			var i8 int64
			var f4 float32
			var f8 float64
			var s string
			var y []byte
			var d, ts, ms time.Time
			err := c.QueryRow(ctx, `SELECT b, i1, i2, i4, i8, f4, f8, s, y, d, ts, ms FROM v WHERE host = $1 AND ts = $2 AND i8 > $3`, mode, at, int64(5)).
				Scan(&b, &i1, &i2, &i4, &i8, &f4, &f8, &s, &y, &d, &ts, &ms)
			if err != nil {
				t.Fatal(err)
			}
			if !b || i1 != -7 || i2 != -300 || i4 != 70000 || i8 != math.MaxInt64 || f4 != 1.5 || f8 != 2.25 || s != "it's \\ ü" || !bytes.Equal(y, []byte{0, 1, 255}) ||
				!d.Equal(day) || !ts.Equal(at) || !ms.Equal(at.Truncate(time.Millisecond)) {
				t.Error(b, i1, i2, i4, i8, f4, f8, s, y, d, ts, ms)
			}
			var null pgtype.Text
			var f pgtype.Float8
			if err := c.QueryRow(ctx, "SELECT CAST(NULL AS STRING) AS a, CAST(NULL AS DOUBLE) AS b").Scan(&null, &f); err != nil || null.Valid || f.Valid {
				t.Error(null, f, err)
			}
		})
	}
	exec1(t, setup, "INSERT INTO v (host, ts, u8, n, j) VALUES ('n', 1, 18446744073709551615, -123456789.125, '{\"a\": [1, 2]}')")
	for _, mode := range []string{"simple_protocol", "cache_statement"} {
		c := connect(t, addr, "&default_query_exec_mode="+mode)
		var u, n pgtype.Numeric
		var j string
		var iv pgtype.Interval
		if err := c.QueryRow(ctx, "SELECT u8, n, CAST(j AS STRING), INTERVAL '1 month 2 days 3 hours' FROM v WHERE host = 'n'").Scan(&u, &n, &j, &iv); err != nil {
			t.Fatal(mode, err)
		}
		uf, _ := u.Float64Value()
		nf, _ := n.Float64Value()
		if uf.Float64 != 18446744073709551615 || nf.Float64 != -123456789.125 || !strings.Contains(j, "[1") || iv.Months != 1 || iv.Days != 2 || iv.Microseconds != 3*3600e6 {
			t.Error(mode, u, n, j, iv)
		}
	}
	// Arrays, text and binary.
	for _, mode := range []string{"exec", "cache_statement"} {
		c := connect(t, addr, "&default_query_exec_mode="+mode)
		var count int64
		if err := c.QueryRow(ctx, "SELECT count(*) FROM v WHERE host = ANY($1)", []string{"exec", "n", "x'y"}).Scan(&count); err != nil || count != 2 {
			t.Error(mode, count, err)
		}
		if err := c.QueryRow(ctx, "SELECT count(*) FROM v WHERE host = ANY($1)", []string{}).Scan(&count); err != nil || count != 0 {
			t.Error(mode, count, err)
		}
		if err := c.QueryRow(ctx, "SELECT count(*) FROM v WHERE i4 = ANY($1)", []int32{70000, 1}).Scan(&count); err != nil || count != 5 {
			t.Error(mode, count, err)
		}
	}
}

func TestPgxBatchCopyCursors(t *testing.T) {
	addr := startPostgres(t, nil)
	ctx := context.Background()
	c := connect(t, addr, "")
	exec1(t, c, "CREATE TABLE t (host STRING, ts TIMESTAMP(3) TIME INDEX, v DOUBLE, PRIMARY KEY(host))")
	b := &pgx.Batch{}
	for i := range 10 {
		b.Queue("INSERT INTO t VALUES ($1, $2, $3)", fmt.Sprint("h", i), time.UnixMilli(int64(i)).UTC(), float64(i))
	}
	b.Queue("SELECT count(*) FROM t")
	res := c.SendBatch(ctx, b)
	for range 10 {
		if tag, err := res.Exec(); err != nil || tag.RowsAffected() != 1 {
			t.Fatal(tag, err)
		}
	}
	var n int64
	if err := res.QueryRow().Scan(&n); err != nil || n != 10 {
		t.Fatal(n, err)
	}
	if err := res.Close(); err != nil {
		t.Fatal(err)
	}

	rows := make([][]any, 10000)
	for i := range rows {
		rows[i] = []any{"copied", time.UnixMilli(int64(i)).UTC(), float64(i) / 2}
	}
	rows[5][2] = nil
	if n, err := c.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"host", "ts", "v"}, pgx.CopyFromRows(rows)); err != nil || n != 10000 {
		t.Fatal(n, err)
	}
	var sum float64
	if err := c.QueryRow(ctx, "SELECT count(*), sum(v) FROM t WHERE host = 'copied'").Scan(&n, &sum); err != nil || n != 10000 || sum != 9999*10000/4.-2.5 {
		t.Fatal(n, sum, err)
	}
	csv := "host,v,ts\n\"a,\"\"b\",1.5,2024-01-01 00:00:00\nplain,,1970-01-01 00:00:01.5\n"
	tag, err := c.PgConn().CopyFrom(ctx, strings.NewReader(csv), "COPY t (host, v, ts) FROM STDIN WITH (FORMAT csv, HEADER)")
	if err != nil || tag.RowsAffected() != 2 {
		t.Fatal(tag, err)
	}
	var out bytes.Buffer
	if tag, err = c.PgConn().CopyTo(ctx, &out, "COPY (SELECT host, v, ts FROM t WHERE host = 'plain' OR v = 1.5 AND host <> 'copied' ORDER BY host) TO STDOUT WITH CSV HEADER"); err != nil || tag.String() != "COPY 2" {
		t.Fatal(tag, err)
	}
	if out.String() != "host,v,ts\n\"a,\"\"b\",1.5,2024-01-01 00:00:00\nplain,,1970-01-01 00:00:01.5\n" {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	if _, err = c.PgConn().CopyTo(ctx, &out, "COPY t (host, v) TO STDOUT"); err != nil || strings.Count(out.String(), "\n") != 10012 || !strings.Contains(out.String(), "plain\t\\N\n") {
		t.Error(err, out.Len())
	}
	_, err = c.PgConn().CopyFrom(ctx, strings.NewReader("x\t1\n"), "COPY t FROM STDIN")
	if stateOf(err) != "22P04" {
		t.Errorf("too few columns: %v", err)
	}
	if _, err = c.PgConn().CopyFrom(ctx, strings.NewReader("x\t1\tnonsense\n"), "COPY t FROM STDIN"); err == nil {
		t.Error("nonsense was copied")
	}
	if err := c.QueryRow(ctx, "SELECT 1 AS x").Scan(&n); err != nil {
		t.Errorf("after failed copies: %v", err)
	}

	// Cursors, in a transaction and out of it.
	for _, begin := range []string{"", "BEGIN"} {
		if begin != "" {
			exec1(t, c, begin)
		}
		exec1(t, c, "DECLARE cur CURSOR FOR SELECT ts FROM t WHERE host = 'copied' ORDER BY ts")
		total := 0
		for {
			r, err := c.Query(ctx, "FETCH 3000 FROM cur", pgx.QueryExecModeSimpleProtocol)
			if err != nil {
				t.Fatal(err)
			}
			k := 0
			for r.Next() {
				k++
			}
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
			if total += k; k == 0 {
				break
			}
		}
		if total != 10000 {
			t.Errorf("%d rows fetched", total)
		}
		exec1(t, c, "CLOSE cur")
		if begin != "" {
			exec1(t, c, "COMMIT")
		}
	}
	if _, err := c.Exec(ctx, "FETCH 1 FROM cur"); stateOf(err) != "34000" {
		t.Error(err)
	}
	// A transaction that fails takes nothing until it ends.
	exec1(t, c, "BEGIN")
	if _, err := c.Exec(ctx, "SELECT nothing FROM t"); err == nil {
		t.Error("no error")
	}
	if _, err := c.Exec(ctx, "SELECT 1"); stateOf(err) != "25P02" {
		t.Error(err)
	}
	if tag := exec1(t, c, "COMMIT"); tag != "ROLLBACK" {
		t.Error(tag)
	}
}

func TestPgxErrorsAndCancel(t *testing.T) {
	addr := startPostgres(t, nil)
	c := connect(t, addr, "")
	for text, want := range map[string]string{"SELECT * FROM missing": "42P01", "SELEC 1": "0A000", "SELECT 1 +": "42601", "SELECT missing FROM (SELECT 1 AS a) x": "P0000",
		"SET statement_timeout = 'x'": "22023", "SHOW nonsense": "42704", "EXECUTE p": "26000", "LISTEN x": "0A000"} {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeCacheStatement} {
			if _, err := c.Exec(context.Background(), text, mode); stateOf(err) != want {
				t.Errorf("%s: %v, want %s", text, err, want)
			}
		}
	}
	var pe *pgconn.PgError
	if _, err := c.Exec(context.Background(), "SELECT 1,\n  äh FROM (SELECT 2 AS b) x", pgx.QueryExecModeSimpleProtocol); !errors.As(err, &pe) || pe.Position != 13 {
		t.Errorf("%+v", pe)
	}
	raw := connect(t, addr, "")
	done := make(chan error, 1)
	go func() {
		_, err := raw.Exec(context.Background(), "SELECT pg_sleep(600)", pgx.QueryExecModeSimpleProtocol)
		done <- err
	}()
	for { // until it has begun
		if err := raw.PgConn().CancelRequest(context.Background()); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if stateOf(err) != "57014" {
				t.Error(err)
			}
		case <-time.After(20 * time.Millisecond):
			continue
		}
		break
	}
	exec1(t, raw, "SET statement_timeout = '20ms'")
	if _, err := raw.Exec(context.Background(), "SELECT pg_sleep(600)", pgx.QueryExecModeSimpleProtocol); stateOf(err) != "57014" {
		t.Error(err)
	}
	exec1(t, connect(t, addr, "&statement_timeout=1h"), "RESET statement_timeout") // on raw it had 20 ms itself
	if _, err := pgx.Connect(context.Background(), "postgres://u@"+addr+"/nowhere?sslmode=disable"); stateOf(err) != "3D000" {
		t.Error(err)
	}
}

// psql runs the command line client; the test is skipped where there is none.
func psql(t *testing.T, addr string, input string, args ...string) string {
	t.Helper()
	bin, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql on this machine: apt-get install postgresql-client")
	}
	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(bin, append([]string{"-X", "-h", host, "-p", port, "-U", "u", "-d", "public"}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PGCLIENTENCODING=UTF8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("psql %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestPsql(t *testing.T) {
	addr := startPostgres(t, nil)
	// DBeaver names a column beside all columns of the same table.
	if got := psql(t, addr, "SELECT n.oid, n.* FROM pg_catalog.pg_namespace n WHERE nspname = 'public';\n", "-A", "-t"); !strings.HasPrefix(got, "2200|2200|public|") {
		t.Error(got)
	}
	psql(t, addr, `CREATE TABLE cpu (host STRING COMMENT 'the machine', ts TIMESTAMP(3) TIME INDEX, v DOUBLE DEFAULT 1.5, n DECIMAL(10,2), PRIMARY KEY(host));
		INSERT INTO cpu (host, ts, v) VALUES ('a', 1000, 1), ('b', '2024-01-01 00:00:00', 2);
		CREATE VIEW hot AS SELECT host, v FROM cpu WHERE v > 1;`, "-v", "ON_ERROR_STOP=1")
	for command, want := range map[string][]string{
		`\d`:         {"public | cpu  | table", "public | hot  | view"},
		`\dt`:        {"public | cpu  | table"},
		`\dv`:        {"public | hot  | view"},
		`\d cpu`:     {`Table "public.cpu"`, "host   | character varying", "ts     | timestamp without time zone |           | not null", "numeric(10,2)", `"cpu_pkey" PRIMARY KEY, btree (host, ts)`, "1.5"},
		`\d+ cpu`:    {"the machine"},
		`\d hot`:     {`View "public.hot"`, "double precision"},
		`\l`:         {"greptime", "UTF8"},
		`\dn`:        {"greptime_private", "public"},
		`\di`:        {"cpu_pkey"},
		`\du`:        {"greptime", "Superuser"},
		`\df`:        {"(0 rows)"},
		`\dx`:        {"(0 rows)"},
		`\dp`:        {"cpu"},
		`\sv hot`:    {"CREATE OR REPLACE VIEW public.hot AS"},
		`\conninfo`:  {`connected to database "public"`},
		`\encoding`:  {"UTF8"},
		`\d missing`: {`Did not find any relation named "missing"`},
	} {
		got := psql(t, addr, command+"\n")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in\n%s", command, w, got)
			}
		}
	}
	got := psql(t, addr, "\\copy cpu (host, ts, v) from stdin with csv\nc,2024-01-01 00:00:00,3\nd,2024-01-02 00:00:00,\n\\.\nSELECT host, v FROM cpu ORDER BY host;\n", "-A", "-t")
	if got != "COPY 2\na|1\nb|2\nc|3\nd|\n" {
		t.Errorf("%q", got)
	}
	got = psql(t, addr, "\\set FETCH_COUNT 2\nSELECT host FROM cpu ORDER BY host;\nBEGIN; INSERT INTO cpu (host, ts) VALUES ('e', 5); COMMIT;\nPREPARE p (STRING) AS SELECT count(*) FROM cpu WHERE host = $1;\nEXECUTE p('e');\nDEALLOCATE p;\nSET timezone = 'Asia/Shanghai';\nSELECT ts FROM cpu WHERE host = 'a';\n", "-A", "-t", "-q")
	for _, w := range []string{"a\nb\nc\nd\n", "\n1\n", "1970-01-01 08:00:01"} {
		if !strings.Contains(got, w) {
			t.Errorf("no %q in %q", w, got)
		}
	}
}
