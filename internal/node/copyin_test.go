package node

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goptimedb/goptimedb/internal/base/config"
)

// loader is a PostgreSQL connection that loads and looks.
type loader struct {
	*testing.T
	c *pgx.Conn
}

func newLoader(t *testing.T, n *Standalone, user string) *loader {
	t.Helper()
	cfg, err := pgx.ParseConfig("postgres://" + user + ":" + user + "@" + n.PostgresAddr() + "/public?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	c, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return &loader{t, c}
}

func (l *loader) exec(text string) {
	l.Helper()
	if _, err := l.c.Exec(l.Context(), text); err != nil {
		l.Fatalf("%s: %v", text, err)
	}
}

// copy loads data; want is the tag, or SQLSTATE, message and place of the error, each with a blank before the next.
func (l *loader) copy(text, data, want string) {
	l.Helper()
	tag, err := l.c.PgConn().CopyFrom(l.Context(), strings.NewReader(data), text)
	got := tag.String()
	if e, ok := err.(*pgconn.PgError); ok {
		got = strings.TrimSpace(e.Code + " " + e.Message + " " + e.Where)
	} else if err != nil {
		l.Fatal(err)
	}
	if got != want {
		l.Errorf("%s of %q:\n got %s\nwant %s", text, data, got, want)
	}
}

// rows are those of a query as text.
func (l *loader) rows(text string) string {
	l.Helper()
	var b strings.Builder
	results, err := l.c.PgConn().Exec(l.Context(), text).ReadAll()
	if err != nil {
		l.Fatalf("%s: %v", text, err)
	}
	for _, row := range results[0].Rows {
		for i, v := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			if v == nil {
				b.WriteString("NULL")
			}
			b.Write(v)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestCopyIn: forms and options of COPY … FROM STDIN, and the errors of what cannot be read.
func TestCopyIn(t *testing.T) {
	n := open(t, func(*config.Standalone) {})
	l := newLoader(t, n, "ann")
	l.exec("CREATE TABLE t (ts TIMESTAMP TIME INDEX, a STRING, i INT, f DOUBLE, b BOOLEAN, d DATE, x BINARY, n DECIMAL(10, 2), j JSON, u BIGINT UNSIGNED, PRIMARY KEY (a))")
	l.copy("COPY t FROM STDIN", "2024-01-01 00:00:01\tone\t1\t1.5\tt\t2024-02-29\t\\\\x00ff\t1.25\t{\"k\": 1}\t18446744073709551615\n"+
		"2024-01-01 00:00:02.5+01\ttwo\\tmore\t-2\tNaN\tfalse\t1969-12-31\t\\N\t-0.5\t\\N\t0\n"+
		"2024-01-01\tday\t3\t-Infinity\tyes\t\\N\tab\t7\t[1,2]\t7\n"+
		"1704067204000\tnumber\t 4 \t1e3\t0\t\\N\t\\N\t\\N\t\\N\t\\N\n\\.\nwhatever\n", "COPY 4")
	want := `2023-12-31 23:00:02.5,two	more,-2,NaN,f,1969-12-31,NULL,-0.50,NULL,0
2024-01-01 00:00:00,day,3,-Infinity,t,NULL,\x6162,7.00,[1,2],7
2024-01-01 00:00:01,one,1,1.5,t,2024-02-29,\x00ff,1.25,{"k":1},18446744073709551615
2024-01-01 00:00:04,number,4,1000,f,NULL,NULL,NULL,NULL,NULL
`
	if got := l.rows("SELECT ts, a, i, f, b, d, x, n, j, u FROM t ORDER BY ts"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	l.exec("SET timezone = 'Europe/Berlin'")
	l.copy("COPY t (ts, a) FROM STDIN", "2024-06-01 12:00:00\tzone\n", "COPY 1")
	l.exec("SET timezone = 'UTC'")
	if got := l.rows("SELECT ts FROM t WHERE a = 'zone'"); got != "2024-06-01 10:00:00\n" {
		t.Error(got)
	}

	l.exec("CREATE TABLE c (ts TIMESTAMP(9) TIME INDEX, a STRING, i INT, PRIMARY KEY (a))")
	l.copy("COPY c FROM STDIN (FORMAT csv, HEADER MATCH, NULL 'nil', FORCE_NULL (i), FORCE_NOT_NULL (a))",
		"ts,a,i\r\n2024-01-01 00:00:01.123456789,nil,\"nil\"\r\n\"2024-01-01 00:00:02\",\"a \"\"quoted\"\"\nline\",nil\r\n", "COPY 2")
	if got, want := l.rows("SELECT a, i, CAST(ts AS BIGINT) FROM c ORDER BY ts"), "nil,NULL,1704067201123456789\na \"quoted\"\nline,NULL,1704067202000000000\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	l.copy("COPY c FROM STDIN WITH DELIMITER '|' CSV HEADER QUOTE '''' ESCAPE '\\'", "x|y|z\n2024-01-01 00:00:03|'it\\'s|'|5\n", "COPY 1")
	if got := l.rows("SELECT a, i FROM c WHERE i = 5"); got != "it's|,5\n" {
		t.Error(got)
	}
	l.copy("COPY c FROM STDIN (FORMAT csv, ON_ERROR ignore)", "2024-01-01 00:00:04,x,6\n2024-01-01 00:00:05,y,none\nnever,z,7\n2024-01-01 00:00:07,w,8\n", "COPY 2")
	if got := l.rows("SELECT a, i FROM c WHERE i >= 6 ORDER BY i"); got != "x,6\nw,8\n" {
		t.Error(got)
	}

	for _, e := range []struct{ text, data, want string }{
		{"COPY c FROM STDIN", "2024-01-01 00:00:01\tx\t1\n2024-01-01 00:00:01\tx\tone\n", "22P02 invalid input for column \"i\" of type INT: Failed to parse value: Fail to parse number one, invalid column type: Int32(Int32Type) COPY c, line 2, column i: \"one\""},
		{"COPY c FROM STDIN", "2024-01-01 00:00:01\tx\n", "22P04 missing data for column \"i\" COPY c, line 1"},
		{"COPY c FROM STDIN", "2024-01-01 00:00:01\tx\t1\t2\n", "22P04 extra data after last expected column COPY c, line 1"},
		{"COPY c FROM STDIN", "2024-01-01 00:00:01\t\xff\t1\n", "22021 invalid byte sequence for encoding \"UTF8\" in column \"a\" COPY c, line 1, column a"},
		{"COPY c FROM STDIN", "\\N\tx\t1\n", "22023 Invalid request for region, reason: column ts is not null but input has null"},
		{"COPY c FROM STDIN (FORMAT csv)", "2024-01-01 00:00:01,\"x,1\n", "22P04 malformed COPY data: line 1: unterminated CSV quoted field COPY c, line 1"},
		{"COPY c FROM STDIN (FORMAT csv, HEADER MATCH)", "ts,b,i\n2024-01-01 00:00:01,x,1\n", "22P04 column name mismatch in header line field 2: got \"b\", expected \"a\" COPY c, line 1"},
		{"COPY c FROM STDIN (FORMAT binary)", "not that", "22P04 malformed COPY data: unexpected end COPY c, line 1"},
		{"COPY c FROM STDIN (FORMAT binary)", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x03abc", "22P04 malformed COPY data: unexpected end COPY c, line 1"},
		{"COPY nowhere FROM STDIN", "", "42P01 Table not found: greptime.public.nowhere"},
		{"COPY c (ts, nope) FROM STDIN", "", "22023 Cannot find column by name: nope"},
		{"COPY c FROM STDIN (FORMAT csv, FORCE_NULL (nope))", "", "42703 FORCE_NULL column \"nope\" not referenced by COPY"},
		{"COPY c FROM STDIN (QUOTE '\"')", "", "22023 COPY QUOTE requires CSV mode"},
		{"COPY c FROM STDIN (FORMAT binary, NULL 'x')", "", "42601 cannot specify NULL in BINARY mode"},
		{"COPY c FROM STDIN (DELIMITER 'a')", "", "22023 COPY delimiter cannot be \"a\""},
		{"COPY c FROM STDIN (FORMAT text, FORMAT csv)", "", "42601 conflicting or redundant options: COPY format is given twice"},
	} {
		l.copy(e.text, e.data, e.want)
	}
	if got := l.rows("SELECT 1"); got != "1\n" { // the connection goes on
		t.Error(got)
	}
	var out strings.Builder
	if _, err := l.c.PgConn().CopyTo(t.Context(), &out, "COPY (SELECT a, i FROM c WHERE i = 6) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE (a))"); err != nil || out.String() != "a,i\n\"x\",6\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// TestCopyInBinary: pgx's own way to load rows, with more of them than one batch holds, and a schema that changes meanwhile.
func TestCopyInBinary(t *testing.T) {
	n := open(t, func(*config.Standalone) {})
	c, err := pgx.Connect(t.Context(), "postgres://ann@"+n.PostgresAddr()+"/public?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	exec := func(text string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE t (ts TIMESTAMP TIME INDEX, a STRING, s SMALLINT, i INT, l BIGINT, r FLOAT, f DOUBLE, b BOOLEAN, d DATE, x BINARY, n DECIMAL(20, 3), PRIMARY KEY (a))")
	const rows = 20000
	at := 0
	got, err := c.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"ts", "a", "s", "i", "l", "r", "f", "b", "d", "x", "n"}, pgx.CopyFromFunc(func() ([]any, error) {
		if at == rows {
			return nil, nil
		}
		i := at
		at++
		day := "2024-02-29"
		return []any{fmt.Sprintf("2024-01-01 %02d:%02d:%02d", i/3600, i/60%60, i%60), fmt.Sprintf("a%d", i%7), i % 100, i, int64(i) << 32, float32(i) / 2, float64(i) / 4, i%2 == 0, day,
			[]byte{byte(i)}, fmt.Sprintf("%d.125", i)}, nil
	}))
	if err != nil || got != rows {
		t.Fatal(got, err)
	}
	var count, sum, sumL int64
	var sumF, sumN float64
	if err := c.QueryRow(t.Context(), "SELECT count(*), sum(i), CAST(sum(l / 4294967296) AS BIGINT), sum(f), CAST(sum(n) AS DOUBLE) FROM t WHERE d = '2024-02-29' AND b = (i % 2 = 0)").
		Scan(&count, &sum, &sumL, &sumF, &sumN); err != nil {
		t.Fatal(err)
	}
	if all := int64(rows * (rows - 1) / 2); count != rows || sum != all || sumL != all || sumF != float64(all)/4 || sumN != float64(all)+rows*0.125 {
		t.Error(count, sum, sumL, sumF, sumN)
	}
}

// TestCopyRights: who may only read loads nothing, who may only write gets nothing.
func TestCopyRights(t *testing.T) {
	n := guarded(t, nil)
	newLoader(t, n, "plain").exec("CREATE TABLE t (ts TIMESTAMP TIME INDEX, v INT)")
	newLoader(t, n, "reader").copy("COPY t FROM STDIN", "2024-01-01 00:00:01\t1\n", "42501 Permission denied: user reader is not allowed to write")
	w := newLoader(t, n, "writer")
	w.copy("COPY t FROM STDIN", "2024-01-01 00:00:01\t1\n", "COPY 1")
	for _, text := range []string{"COPY t TO STDOUT", "COPY (SELECT * FROM t) TO STDOUT", "DECLARE c CURSOR FOR SELECT * FROM t", "PREPARE p AS SELECT * FROM t; EXECUTE p", "SELECT * FROM t",
		"INSERT INTO t SELECT * FROM t", "EXPLAIN SELECT * FROM t", "SHOW TABLES"} {
		_, err := w.c.PgConn().Exec(t.Context(), text).ReadAll()
		if pgState(err) != "42501" {
			t.Errorf("%s: %v", text, err)
		}
	}
}
