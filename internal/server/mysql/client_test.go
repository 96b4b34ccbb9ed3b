package mysql

import (
	"bytes"
	"crypto/tls"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// mariadb runs the command line client of Debian's mariadb-client, or another mysql, on a script.
func (h *harness) mariadb(script string, args ...string) (string, error) {
	h.t.Helper()
	bin, err := exec.LookPath("mariadb")
	if err != nil {
		if bin, err = exec.LookPath("mysql"); err != nil {
			h.t.Skip("SKIPPED: neither mariadb nor mysql is installed (Debian: mariadb-client); the real client was not tried")
		}
	}
	host, port, _ := net.SplitHostPort(h.addr)
	cmd := exec.Command(bin, append([]string{"--no-defaults", "-h", host, "-P", port, "--protocol=tcp"}, args...)...)
	cmd.Stdin = strings.NewReader(script)
	var out, fail bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fail
	err = cmd.Run()
	if fail.Len() > 0 {
		h.t.Logf("client: %s", fail.String())
		out.WriteString(fail.String())
	}
	return out.String(), err
}

func TestMariaDBClient(t *testing.T) {
	h := start(t, Options{})
	h.rows("SELECT * FROM all_types", allFields, batch(allFields, allRow(), make([]any, len(allFields))))
	f := []model.Field{{Name: "db", Type: model.String}, {Name: "user", Type: model.String}}
	h.rows("select DATABASE(), USER() limit 1", f, batch(f, []any{"public", "root"}))
	out, err := h.mariadb("SELECT * FROM all_types;\nUSE other\nSELECT database();\nSHOW VARIABLES LIKE 'version%';\nINSERT INTO t VALUES (1);\n", "-uroot", "public", "--table", "-v")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 2023-11-14 22:13:20.000000100 ", "| -9223372036854775808 | 18446744073709551615 |", "| P1Y2M3DT4H0M0.500S |", "| other ",
		"| version_comment | GoptimeDB", "NULL"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if out, err = h.mariadb("SELECT nothing;", "-uroot"); err == nil || !strings.Contains(out, "ERROR 1146 (42S02) at line 1: (TableNotFound): Table not found: SELECT nothing") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = h.mariadb("SELECT 1;", "-uroot", "nope"); err == nil || !strings.Contains(out, "ERROR 1102 (42000)") {
		t.Errorf("unknown database: %v\n%s", err, out)
	}
	if out, err = h.mariadb("status", "-uroot"); err != nil || !strings.Contains(out, "8.4.2") {
		t.Errorf("status: %v\n%s", err, out)
	}
}

func TestMariaDBClientLogin(t *testing.T) {
	open := start(t, Options{})
	open.rows("SELECT 1", []model.Field{{Name: "x", Type: model.Int64}})
	for _, args := range [][]string{{"-uany"}, {"-uany", "-pthing"}, {"-uany", "--default-auth=caching_sha2_password"},
		{"-uany", "-pthing", "--default-auth=caching_sha2_password"}, {"-uany", "-pthing", "--default-auth=mysql_clear_password"}} {
		if out, err := open.mariadb("SELECT 1;", args...); err != nil {
			t.Errorf("open server, %v: %v\n%s", args, err, out)
		}
	}
	cert, _ := certificate(t)
	h := start(t, Options{Auth: users{}, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	f := []model.Field{{Name: "x", Type: model.Int64}}
	h.rows("SELECT 1", f, batch(f, []any{1}))
	for _, c := range []struct {
		args []string
		ok   bool
	}{
		{[]string{"-uplain", "-p123456"}, true},
		{[]string{"-unative", "-p123456"}, true},
		{[]string{"-uplain", "-p123456", "--ssl"}, true},
		{[]string{"-uhashed", "-p123456", "--ssl"}, true},
		{[]string{"-uhashed", "-p123456"}, true},
		{[]string{"-uplain", "-p123456", "--default-auth=caching_sha2_password"}, true},
		{[]string{"-uplain", "-pwrong"}, false},
		{[]string{"-uhashed", "-pwrong", "--ssl"}, false},
		{[]string{"-unobody", "-p123456"}, false},
	} {
		out, err := h.mariadb("SELECT 1;", c.args...)
		if (err == nil) != c.ok || !c.ok && !strings.Contains(out, "ERROR 1698 (28000): Authenticate failed") {
			t.Errorf("%v: %v\n%s", c.args, err, out)
		}
	}
}

// A Python driver, which talks text only and checks what the server says of itself.
func TestPyMySQL(t *testing.T) {
	const python = "/usr/bin/python3" // the one that Debian's packages belong to
	if out, err := exec.Command(python, "-c", "import pymysql").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: PyMySQL is not installed (Debian: python3-pymysql); the Python client was not tried: %s", out)
	}
	h := start(t, Options{Auth: users{}})
	f := []model.Field{{Name: "ts", Type: model.Timestamp(model.Millisecond)}, {Name: "v", Type: model.Decimal(5, 2)}, {Name: "s", Type: model.String}}
	h.rows("SELECT ts, v, s FROM t WHERE s = 'it\\'s'", f, batch(f, []any{1700000000123, model.Int128{Lo: 150}, "it's"}, []any{nil, nil, nil}))
	host, port, _ := net.SplitHostPort(h.addr)
	out, err := exec.Command(python, "-c", `
import pymysql, sys
c = pymysql.connect(host=sys.argv[1], port=int(sys.argv[2]), user="native", password="123456", database="public", autocommit=True)
with c.cursor() as cur:
    cur.execute("SELECT ts, v, s FROM t WHERE s = %s", ("it's",))
    print(cur.fetchall(), cur.description[0][0])
    print(cur.execute("INSERT INTO t VALUES (1)"))
    try:
        cur.execute("SELECT nothing")
    except pymysql.err.ProgrammingError as e:
        print(e.args[0])
c.commit()
c.select_db("other")
c.ping()
c.close()
`, host, port).CombinedOutput()
	want := "((datetime.datetime(2023, 11, 14, 22, 13, 20, 123000), Decimal('1.50'), \"it's\"), (None, None, None)) ts\n3\n1146\n"
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
}
