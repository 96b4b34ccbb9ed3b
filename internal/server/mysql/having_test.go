package mysql

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

func TestPlainHaving(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		st, err := sql.ParseOne(text, sql.MySQL)
		if err != nil {
			t.Fatal(err)
		}
		moved := plainHaving(st.(*sql.QueryStmt))
		p := sql.Printer{Dialect: sql.MySQL}
		if got := p.Node(st).String(); moved && got != want || !moved && want != "" {
			t.Errorf("%s\n got  %s (%v)\n want %s", text, got, moved, want)
		}
	}
	f("SELECT a AS x, upper(b) AS y FROM t HAVING X = 'v' AND y IS NOT NULL", "SELECT a AS x, upper(b) AS y FROM t WHERE a = 'v' AND upper(b) IS NOT NULL")
	f("SELECT a FROM t WHERE b = 1 HAVING a > 2 ORDER BY a", "SELECT a FROM t WHERE b = 1 AND a > 2 ORDER BY a")
	f("SELECT a FROM t WHERE b = 1 OR c = 2 HAVING a > 2 OR a < 1", "SELECT a FROM t WHERE (b = 1 OR c = 2) AND (a > 2 OR a < 1)")
	f("SELECT a, count(*) AS n FROM t GROUP BY a HAVING n > 1", "")
	f("SELECT count(*) AS n FROM t HAVING n > 1", "")
	f("SELECT a FROM t HAVING max(b) > 1", "")
	f("SELECT my_own(a) AS x FROM t HAVING x = 1", "")
}
