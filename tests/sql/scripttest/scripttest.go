// Package scripttest runs SQL scripts and compares what they answer with the results kept beside them.
//
// A script is statements in paragraphs, with blank lines between. Before a statement, comment lines may say
//
//	-- SESSION mysql        whose dialect is spoken from here on: greptime (the default), mysql or postgres
//	-- ONLY http mysql      the protocols that this statement is sent over: http, mysql, postgres; none
//	-- RESTART              stop everything and start it again first
//
// and a first paragraph of nothing but comments holds for the whole script:
//
//	-- PROTOCOLS http mysql     the protocols that the script is run over; none: only within the process
//	-- REGIONS host: host < 'b', host >= 'b'    run it a second time with the tables that have the column in these regions
//
// The result repeats each paragraph and adds the answer: rows under their headers, affected rows, or the error with its code. It is what
// the process answers to a call of its own. A protocol must answer the same; see Conn for what its own way of showing values may change.
package scripttest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Database is what runs the statements of one script.
type Database interface {
	Execute(ctx context.Context, sess *model.Session, text string) ([]model.Output, error)
	// Restart stops the database and starts it again on the same data.
	Restart()
}

// Protocol is one way to a database over the network.
type Protocol struct {
	Name    string // as -- ONLY and -- PROTOCOLS have it
	Dialect model.Dialect
	// Open starts a new database and opens a connection to it. Both end with the test.
	Open func(t *testing.T) (Database, Conn)
}

// Conn is a client of a database.
type Conn interface {
	// Ask sends statements and gives the answer in the form of the process itself, so that it can be compared with want, which is
	// what the process answered and whose types say how to read values that the protocol shows in its own way: a timestamp as text
	// in the zone of the session, a boolean as 1. sess is what the statements before it made of the session.
	Ask(ctx context.Context, sess *model.Session, text string, want Answer) (Answer, error)
	// Reconnect is called after the database has been started again.
	Reconnect()
}

// Run runs all scripts below dir, each over a new database and then over each protocol and another new one. With update it writes the
// results instead of comparing them.
func Run(t *testing.T, dir string, update bool, open func(t *testing.T) Database, protocols ...Protocol) {
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
			s, err := parse(string(text))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			answers := s.run(t, open(t))
			got := s.print(answers)
			result := strings.TrimSuffix(path, ".sql") + ".result"
			if update {
				if err := os.WriteFile(result, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(result)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, result, got, string(want))
			if s.split != nil {
				t.Run("regions", func(t *testing.T) { compare(t, result, s.print(s.inRegions().run(t, open(t))), string(want)) })
			}
			for _, p := range protocols {
				if s.protocols == nil || slices.Contains(s.protocols, p.Name) {
					t.Run(p.Name, func(t *testing.T) { s.over(t, p, answers) })
				}
			}
		})
	}
}

func compare(t *testing.T, file, got, want string) {
	t.Helper()
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

// script is a parsed script.
type script struct {
	steps     []step
	protocols []string // nil: all
	split     *split   // nil: not run in several regions
}

// step is a paragraph.
type step struct {
	text    string // with its comments
	shown   string // in the result; empty: as text
	restart bool
	note    bool     // comments only: there is nothing to run
	only    []string // protocols; nil: all whose dialect it is
	dialect model.Dialect
}

var dialects = map[string]model.Dialect{"greptime": model.DialectGreptime, "mysql": model.DialectMySQL, "postgres": model.DialectPostgres}

func parse(text string) (*script, error) {
	s := &script{}
	dialect := model.DialectGreptime
	for i, para := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if para = strings.TrimSpace(para); para == "" {
			continue
		}
		st := step{text: para, note: true}
		for line := range strings.SplitSeq(para, "\n") {
			word, rest, _ := strings.Cut(strings.TrimPrefix(line, "-- "), " ")
			switch {
			case !strings.HasPrefix(line, "--"):
				st.note = false
			case word == "RESTART":
				st.restart = true
			case word == "SESSION":
				d, known := dialects[rest]
				if !known {
					return nil, fmt.Errorf("unknown dialect %q", rest)
				}
				dialect = d
			case word == "ONLY":
				st.only = strings.Fields(rest)
			case word == "PROTOCOLS" && i == 0:
				s.protocols = strings.Fields(rest)
			case word == "REGIONS" && i == 0:
				col, rules, _ := strings.Cut(rest, ": ")
				s.split = &split{col, rules}
			}
		}
		st.dialect = dialect
		s.steps = append(s.steps, st)
	}
	return s, nil
}

func (s *script) print(answers []Answer) string {
	var out strings.Builder
	for i, a := range answers {
		shown := s.steps[i].shown
		if shown == "" {
			shown = s.steps[i].text
		}
		out.WriteString(shown + "\n\n" + a.String() + "\n")
	}
	return out.String()
}

// run runs the script within the process.
func (s *script) run(t *testing.T, db Database) []Answer {
	t.Helper()
	sess := model.NewSession("test")
	answers := make([]Answer, 0, len(s.steps))
	for _, st := range s.steps {
		if st.restart {
			db.Restart()
		}
		var a Answer
		if !st.note {
			sess.Dialect = st.dialect
			a = Execute(t.Context(), db, sess, st.text)
		}
		answers = append(answers, a)
	}
	return answers
}

// over runs the script over a protocol. What speaks another dialect, or says that it is for others, is done within the process, for the
// statements after it.
func (s *script) over(t *testing.T, p Protocol, want []Answer) {
	db, conn := p.Open(t)
	sess := model.NewSession(p.Name)
	for i, st := range s.steps {
		if st.restart {
			db.Restart()
			conn.Reconnect()
		}
		if st.note {
			continue
		}
		mine := st.dialect == model.DialectGreptime || st.dialect == p.Dialect
		if st.only != nil {
			mine = slices.Contains(st.only, p.Name)
		}
		sess.Dialect = p.Dialect
		if !mine {
			sess.Dialect = st.dialect
			if got := Execute(t.Context(), db, sess, st.text).String(); got != want[i].String() {
				t.Errorf("%s\n\nwithin the process:\n%s\nwant:\n%s", st.text, got, want[i])
			}
			continue
		}
		got, err := conn.Ask(t.Context(), sess, st.text, want[i])
		if err != nil {
			t.Errorf("%s: %v", st.text, err)
			continue
		}
		w := want[i]
		if w.Err != nil {
			w.Outputs = nil // what was before it is lost, or was only the start of a result
		}
		if got.String() != w.String() {
			t.Errorf("%s\n\ngot:\n%s\nwant:\n%s", st.text, got, w)
		}
		follow(t.Context(), db, sess, st.text)
	}
}

// follow does the USE and SET of a text to sess too.
func follow(ctx context.Context, db Database, sess *model.Session, text string) {
	stmts, err := sql.Parse(text, sql.Dialect(sess.Dialect))
	if err != nil {
		return
	}
	for _, st := range stmts {
		switch st.(type) {
		case *sql.Set, *sql.Use:
			if _, err := db.Execute(ctx, sess, st.Source()); err != nil {
				return
			}
		}
	}
}

// Execute runs a text within the process.
func Execute(ctx context.Context, db Database, sess *model.Session, text string) Answer {
	outs, err := db.Execute(ctx, sess, text)
	var a Answer
	for _, out := range outs {
		if out.Rows == nil {
			a.Outputs = append(a.Outputs, Output{Affected: out.Affected})
			continue
		}
		o, rerr := read(ctx, out.Rows)
		a.Outputs = append(a.Outputs, o)
		if err = errors.Join(rerr, out.Rows.Close()); err != nil {
			break
		}
	}
	a.Err = errorOf(err)
	return a
}
