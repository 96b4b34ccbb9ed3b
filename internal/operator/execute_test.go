package operator

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query"
)

var update = flag.Bool("update", false, "rewrite the results of the scripts")

// newSQLNode is a node that answers queries.
func newSQLNode(t testing.TB) *node {
	t.Helper()
	n := newNode(t, nil)
	eng, err := query.Open(query.Options{Catalog: BindCatalog(n.catalog, n.regions, "test"), Regions: n.regions, Version: "test", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { eng.Close() })
	n.opts.Query = eng
	return n
}

// run gives what a text answers, as people read it.
func (n *node) run(sess *model.Session, text string) string {
	outs, err := n.Execute(context.Background(), sess, text)
	if err != nil {
		return fmt.Sprintf("error %d (%s): %s\n", errs.CodeOf(err), errs.CodeOf(err), err)
	}
	var b strings.Builder
	for _, out := range outs {
		if out.Rows == nil {
			fmt.Fprintf(&b, "affected %d\n", out.Affected)
			continue
		}
		if err := print(&b, out.Rows); err != nil {
			fmt.Fprintf(&b, "error %d (%s): %s\n", errs.CodeOf(err), errs.CodeOf(err), err)
		}
		if err := out.Rows.Close(); err != nil {
			n.t.Error(err)
		}
	}
	return b.String()
}

func print(w io.Writer, r model.RowStream) error {
	for i, f := range r.Fields() {
		if i > 0 {
			fmt.Fprint(w, " | ")
		}
		fmt.Fprint(w, f.Name)
	}
	fmt.Fprintln(w)
	for {
		b, err := r.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range b.Len {
			for j, c := range b.Cols {
				if j > 0 {
					fmt.Fprint(w, " | ")
				}
				v := c.At(i)
				if v.Type.Class() == model.ClassBytes && !v.Null() {
					fmt.Fprint(w, v.Bytes)
				} else {
					fmt.Fprint(w, v)
				}
			}
			fmt.Fprintln(w)
		}
	}
}

// TestScripts runs testdata/*.sql, a statement per paragraph, and compares with the .result beside each. A line "-- SESSION {json}" before
// a statement changes the session: dialect, timezone.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sql"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n, sess := newSQLNode(t), model.NewSession("test")
			var b strings.Builder
			for para := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
				b.WriteString(para + "\n")
				if rest, ok := strings.CutPrefix(para, "-- SESSION "); ok {
					line, _, _ := strings.Cut(rest, "\n")
					var set struct{ Dialect, Timezone string }
					if err := json.Unmarshal([]byte(line), &set); err != nil {
						t.Fatal(err)
					}
					sess.Dialect = map[string]model.Dialect{"mysql": model.DialectMySQL, "postgres": model.DialectPostgres}[set.Dialect]
					if set.Timezone != "" {
						if sess.Timezone, err = ParseTimezone(set.Timezone); err != nil {
							t.Fatal(err)
						}
					}
				}
				b.WriteString("\n" + n.run(sess, para) + "\n")
			}
			golden := strings.TrimSuffix(file, ".sql") + ".result"
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				got, exp := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
				for i := range min(len(got), len(exp)) {
					if got[i] != exp[i] {
						t.Fatalf("%s:%d:\ngot  %s\nwant %s", golden, i+1, got[i], exp[i])
					}
				}
				t.Fatalf("%d lines, want %d", len(got), len(exp))
			}
		})
	}
}
