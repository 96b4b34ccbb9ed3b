package sql

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

var update = flag.Bool("update", false, "rewrite the results in testdata")

// TestGolden runs the scripts of testdata. A script is cases with an empty line between them:
//
//	statement text, any number of lines, none empty
//	----
//	canonical text of each statement, or "error CODE: text"
//
// Lines that start with "-- " before a statement are comments. The part of the file name before the first underscore
// is the dialect. Every accepted case must also survive being printed and parsed again, in all dialects.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) { runScript(t, f) })
	}
}

func runScript(t *testing.T, file string) {
	d := Greptime
	switch name, _, _ := strings.Cut(filepath.Base(file), "_"); name {
	case "mysql":
		d = MySQL
	case "postgres":
		d = Postgres
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, c := range strings.Split(strings.Trim(string(raw), "\n"), "\n\n") {
		c = strings.Trim(c, "\n")
		input, want, _ := strings.Cut(c+"\n", "\n----\n")
		input = strings.TrimSuffix(input, "\n")
		got := parseCase(t, input, d)
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s\n----\n%s", input, got)
		if !*update && got != want {
			t.Errorf("%s\n got: %s\nwant: %s", input, got, want)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func parseCase(t *testing.T, input string, d Dialect) string {
	stmts, err := Parse(input, d)
	if err != nil {
		return fmt.Sprintf("error %d: %v\n", errs.CodeOf(err), err)
	}
	var b strings.Builder
	for _, s := range stmts {
		b.WriteString(FormatFor(s, d) + "\n")
		if !strings.Contains(input, s.Source()) {
			t.Errorf("%s\nsource %q is not part of it", input, s.Source())
		}
		for _, other := range []Dialect{Greptime, MySQL, Postgres} {
			if d != other && foreign(s) {
				continue
			}
			checkRoundTrip(t, s, other)
		}
	}
	return b.String()
}

// foreign reports whether s holds something that not every dialect can spell.
func foreign(s Statement) bool {
	switch s.(type) {
	case *Set, *ShowVariable, *SetTransaction:
		return true
	}
	found := false
	Walk(s, func(n Node) bool {
		switch n := n.(type) {
		case *Variable:
			found = true
		case *Binary:
			found = found || n.Op == OpHash
		}
		return true
	})
	return found
}

// checkRoundTrip prints s and parses the result, which must be the same tree and print the same.
func checkRoundTrip(t *testing.T, s Statement, d Dialect) {
	t.Helper()
	text := (&Printer{Dialect: d, Secrets: true}).Node(s).String()
	again, err := Parse(text, d)
	if err != nil || len(again) != 1 {
		t.Errorf("%v: printed text does not parse: %v (%d statements)\nsource: %s\n  text: %s", d, err, len(again), s.Source(), text)
		return
	}
	if second := (&Printer{Dialect: d, Secrets: true}).Node(again[0]).String(); second != text {
		t.Errorf("%v: printing is not stable\n first: %s\nsecond: %s", d, text, second)
		return
	}
	if a, b := dump(s), dump(again[0]); a != b {
		t.Errorf("%v: the tree changed\n text: %s\n was: %s\n now: %s", d, text, a, b)
	}
}

// dump writes a tree in full, but for positions, source texts and whether names were quoted.
func dump(n any) string {
	var b strings.Builder
	dumpValue(&b, reflect.ValueOf(n))
	return b.String()
}

func dumpValue(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			dumpValue(b, v.Elem())
		}
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			dumpValue(b, v.Index(i))
			b.WriteByte(' ')
		}
		b.WriteByte(']')
	case reflect.Struct:
		b.WriteString(v.Type().Name() + "{")
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Name == "Pos" || f.Name == "Stmt" || f.Name == "Quoted" || v.Field(i).IsZero() {
				continue
			}
			if v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0 {
				continue
			}
			b.WriteString(f.Name + ":")
			dumpValue(b, v.Field(i))
			b.WriteByte(' ')
		}
		b.WriteByte('}')
	default:
		fmt.Fprintf(b, "%#v", v.Interface())
	}
}
