package sql

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"
)

// TestShapes: the columns of statements that give rows are the same over every protocol, and a prepared statement tells them before it is run.
func TestShapes(t *testing.T) {
	p := start(t)
	ctx := t.Context()
	m, g := &mysqlConn{process: p}, &pgConn{process: p}
	m.Reconnect()
	t.Cleanup(func() { m.db.Close() })
	g.Reconnect()
	t.Cleanup(func() { g.conn.Close(context.Background()) })
	if _, err := g.conn.Exec(ctx, "CREATE TABLE t (h STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, v INT); INSERT INTO t VALUES ('a', 1, 1)").ReadAll(); err != nil {
		t.Fatal(err)
	}
	const plain, analyzed = "plan_type, plan", "stage, node, plan"
	for _, c := range []struct{ text, columns string }{
		{"EXPLAIN SELECT * FROM t", plain},
		{"EXPLAIN VERBOSE SELECT * FROM t", plain},
		{"EXPLAIN FORMAT JSON SELECT * FROM t", plain},
		{"EXPLAIN FORMAT GRAPHVIZ SELECT * FROM t", plain},
		{"EXPLAIN WITH a AS (SELECT 1) SELECT * FROM a", plain},
		{"EXPLAIN VALUES (1), (2)", plain},
		{"EXPLAIN SELECT min(v) RANGE '5s' FROM t ALIGN '5s'", plain},
		{"EXPLAIN TQL EVAL (0, 1, '1s') t", plain},
		{"TQL EXPLAIN t", plain},
		{"TQL EXPLAIN FORMAT JSON (0, 1, '1s') t", plain},
		{"EXPLAIN INSERT INTO t VALUES ('b', 1, 2)", plain},
		{"EXPLAIN INSERT INTO t SELECT * FROM t", plain},
		{"EXPLAIN DELETE FROM t WHERE v = 1", plain},
		{"EXPLAIN SELECT flush_table('t')", plain},
		{"EXPLAIN ANALYZE SELECT * FROM t", analyzed},
		{"EXPLAIN ANALYZE VERBOSE SELECT * FROM t", analyzed},
		{"EXPLAIN ANALYZE FORMAT JSON SELECT * FROM t", analyzed},
		{"EXPLAIN ANALYZE SELECT count(*) FROM t", analyzed},
		{"EXPLAIN ANALYZE TQL EVAL (0, 1, '1s') t", analyzed},
		{"TQL ANALYZE (0, 1, '1s') t", analyzed},
		{"TQL ANALYZE VERBOSE (0, 1, '1s') t", analyzed},
		{"ADMIN flush_table('t')", "ADMIN flush_table('t')"},
		{"ADMIN reconcile_table('t')", "ADMIN reconcile_table('t')"},
		{"SELECT compact_table('t', 'regular') AS c", "c"},
		{"SHOW TABLES", "Tables_in_public"},
		{"SHOW CREATE TABLE t", "Table, Create Table"},
		{"DESCRIBE t", "Column, Type, Key, Null, Default, Semantic Type"},
		{"SHOW COLUMNS FROM t", "Field, Type, Null, Key, Default, Extra, Greptime_type"},
		{"TQL EVAL (0, 1, '1s') t", "ts, v, h"},
	} {
		var got []string
		st, err := g.conn.Prepare(ctx, "", c.text, nil)
		if err != nil {
			t.Errorf("postgres: %s: %v", c.text, err)
			continue
		}
		for _, f := range st.Fields {
			got = append(got, string(f.Name))
		}
		res := g.conn.ExecPrepared(ctx, "", nil, nil, nil).Read()
		if res.Err != nil {
			t.Errorf("postgres: %s: %v", c.text, res.Err)
		}
		for i, f := range res.FieldDescriptions {
			if i >= len(st.Fields) || f.Name != st.Fields[i].Name || f.DataTypeOID != st.Fields[i].DataTypeOID {
				t.Errorf("postgres: %s: column %d is %q (%d), and was described otherwise", c.text, i, f.Name, f.DataTypeOID)
			}
		}
		shape(t, "postgres", c.text, got, c.columns)
		prepared, err := m.conn.PrepareContext(ctx, c.text)
		if err != nil {
			t.Errorf("mysql: %s: %v", c.text, err)
			continue
		}
		rows, err := prepared.QueryContext(ctx)
		columns(t, "mysql, prepared", c.text, rows, err, c.columns)
		_ = prepared.Close()
		rows, err = m.conn.QueryContext(ctx, c.text)
		columns(t, "mysql", c.text, rows, err, c.columns)
	}
	rows := g.conn.Exec(ctx, "SELECT count(*), sum(v) FROM t")
	all, err := rows.ReadAll()
	if err != nil || string(all[0].Rows[0][0]) != "1" || string(all[0].Rows[0][1]) != "1" {
		t.Errorf("what was explained was done: %v, %v", all, err)
	}
}

// columns checks the columns of rows and reads them to their end.
func columns(t *testing.T, over, text string, rows *sql.Rows, err error, want string) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %s: %v", over, text, err)
		return
	}
	defer rows.Close()
	got, err := rows.Columns()
	n := 0
	for rows.Next() {
		n++
	}
	if err != nil || rows.Err() != nil || n == 0 && !strings.HasPrefix(text, "TQL EVAL") {
		t.Errorf("%s: %s: %d rows, %v, %v", over, text, n, err, rows.Err())
	}
	shape(t, over, text, got, want)
}

// shape compares columns, of which TQL orders its own as it likes.
func shape(t *testing.T, over, text string, got []string, want string) {
	t.Helper()
	wanted := strings.Split(want, ", ")
	if strings.HasPrefix(text, "TQL EVAL") {
		got = slices.Clone(got)
		slices.Sort(got)
		slices.Sort(wanted)
	}
	if !slices.Equal(got, wanted) {
		t.Errorf("%s: %s: columns %q, want %q", over, text, got, wanted)
	}
}
