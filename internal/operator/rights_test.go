package operator

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

func TestRights(t *testing.T) {
	for text, want := range map[string][2]bool{ // what a reader and a writer may do
		"SELECT 1": {true, false}, "SHOW TABLES": {true, false}, "DESC t": {true, false}, "EXPLAIN SELECT 1": {true, false},
		"TQL EVAL (0, 1, '1s') up": {true, false}, "SHOW CREATE TABLE t": {true, false},
		"INSERT INTO t VALUES (1)": {false, true}, "INSERT INTO t SELECT * FROM s": {false, false}, "DELETE FROM t": {false, true},
		"CREATE TABLE t (ts TIMESTAMP TIME INDEX)": {false, true}, "DROP TABLE t": {false, true}, "TRUNCATE TABLE t": {false, true},
		"ALTER TABLE t ADD COLUMN x INT": {false, true}, "CREATE DATABASE d": {false, true}, "ADMIN flush_table('t')": {false, true},
		"COPY t TO 'f'": {true, false}, "COPY t FROM 'f'": {false, true}, "COPY DATABASE d TO 'f/'": {true, false}, "COPY DATABASE d FROM 'f/'": {false, true},
		"CREATE VIEW v AS SELECT 1": {false, true}, "USE d": {true, true}, "SET timezone = 'UTC'": {true, true}, "BEGIN": {true, true},
	} {
		st, err := sql.ParseOne(text, sql.Greptime)
		if err != nil {
			t.Fatal(text, err)
		}
		for i, r := range []model.Rights{model.ReadOnly, model.WriteOnly} {
			sess := model.NewSession("test")
			sess.Rights = r
			if err := allow(sess, st); (err == nil) != want[i] || err != nil && !errs.Is(err, errs.PermissionDenied) {
				t.Errorf("%s as %s: %v", text, r, err)
			}
		}
		if err := allow(model.NewSession("test"), st); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
