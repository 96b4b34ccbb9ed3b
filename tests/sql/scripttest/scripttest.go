// Package scripttest runs SQL scripts and compares what they answer with the results kept beside them.
//
// A script is statements in paragraphs, with blank lines between. Before a statement, comment lines may say
//
//	-- SESSION mysql        the dialect of the session from here on: greptime, mysql or postgres
//	-- RESTART                                               stop everything and start it again first
//
// The result repeats each paragraph and adds the answer: rows under their headers, affected rows, or the error with its code.
package scripttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Database is what runs the statements of one script.
type Database interface {
	Execute(ctx context.Context, sess *model.Session, text string) ([]model.Output, error)
	// Restart stops the database and starts it again on the same data.
	Restart()
}

// Run runs all scripts below dir, each over a new database. With update it writes the results instead of comparing them.
func Run(t *testing.T, dir string, update bool, open func(t *testing.T) Database) {
	var scripts []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".sql") {
			scripts = append(scripts, path)
		}
		return err
	})
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	for _, path := range scripts {
		name, _ := filepath.Rel(dir, path)
		t.Run(strings.TrimSuffix(filepath.ToSlash(name), ".sql"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := script(t, open(t), string(text))
			result := strings.TrimSuffix(path, ".sql") + ".result"
			if update {
				if err := os.WriteFile(result, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(result)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, result, got, string(want))
		})
	}
}

func compare(t *testing.T, file, got, want string) {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s:%d:\ngot  %s\nwant %s", file, i+1, g[i], w[i])
		}
	}
	if len(g) != len(w) {
		t.Fatalf("%s: got %d lines, want %d", file, len(g), len(w))
	}
}

func script(t *testing.T, db Database, text string) string {
	dialects := map[string]model.Dialect{"greptime": model.DialectGreptime, "mysql": model.DialectMySQL, "postgres": model.DialectPostgres}
	sess := model.NewSession("test")
	var out strings.Builder
	for para := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if para = strings.TrimSpace(para); para == "" {
			continue
		}
		for line := range strings.SplitSeq(para, "\n") {
			if line == "-- RESTART" {
				db.Restart()
			}
			if set, ok := strings.CutPrefix(line, "-- SESSION "); ok {
				d, known := dialects[set]
				if !known {
					t.Fatalf("unknown dialect %q", set)
				}
				sess.Dialect = d
			}
		}
		out.WriteString(para + "\n\n")
		answer(&out, db, sess, para)
		out.WriteString("\n")
	}
	return out.String()
}

func answer(w io.Writer, db Database, sess *model.Session, text string) {
	outs, err := db.Execute(context.Background(), sess, text)
	for _, out := range outs {
		if out.Rows == nil {
			fmt.Fprintf(w, "affected %d\n", out.Affected)
			continue
		}
		if err = errors.Join(printRows(w, out.Rows), out.Rows.Close()); err != nil {
			break
		}
	}
	if err != nil {
		fmt.Fprintf(w, "error %d (%s): %s\n", errs.CodeOf(err), errs.CodeOf(err), err)
	}
}

func printRows(w io.Writer, r model.RowStream) error {
	cells := make([]string, len(r.Fields()))
	for i, f := range r.Fields() {
		cells[i] = f.Name
	}
	fmt.Fprintln(w, strings.Join(cells, " | "))
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
				cells[j] = cell(c.At(i))
			}
			fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, " | "), " "))
		}
	}
}

func cell(v model.Value) string {
	switch {
	case v.Null() || v.Type.Class() != model.ClassBytes:
		return v.String()
	case v.Type.Kind == model.KindBinary || !utf8.ValidString(v.Bytes):
		return fmt.Sprintf("%x", v.Bytes)
	}
	return v.Bytes
}
