package chaos

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/tests/harness"
)

func walk(t *testing.T, dir string, f func(path string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			f(path)
		}
		return nil // files come and go under a running server
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantMessage(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("it started")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the message does not say %q:\n%v", w, err)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	first := harness.Start(t, harness.Options{Bin: bin})
	second := harness.New(t, harness.Options{Bin: bin, Dir: first.Dir})
	wantMessage(t, second.Run(), first.Dir, "in use by another process")
	if err := first.Write("m v=1 1"); err != nil {
		t.Error(err)
	}
	first.Kill()
	if err := second.Run(); err != nil {
		t.Fatal("the lock outlives its process: ", err)
	}
	if got := second.MustSQL("SELECT count(*) FROM m").Text(); got != "1\n" {
		t.Error(got)
	}
}

func TestForeignDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.doc"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantMessage(t, harness.New(t, harness.Options{Bin: bin, Dir: dir}).Run(), dir, "thesis.doc")
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("something was written to it: %v", entries)
	}
}

func TestDamagedLogIsNamed(t *testing.T) {
	s := harness.Start(t, harness.Options{Bin: bin})
	for range 50 {
		if err := s.Write("m,host=a v=1 1\nm,host=b v=2 2"); err != nil {
			t.Fatal(err)
		}
	}
	s.Kill()
	var logs []string
	walk(t, filepath.Join(s.Dir, "wal"), func(p string) {
		if strings.HasSuffix(p, ".wal") {
			logs = append(logs, p)
		}
	})
	sort.Strings(logs)
	if len(logs) == 0 {
		t.Fatal("no log file")
	}
	b, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	// Whole entries follow the damage: it is no torn tail.
	end := len(strings.TrimRight(string(b), "\x00"))
	b[end/2] ^= 0xff
	if err := os.WriteFile(logs[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
	wantMessage(t, s.Run(), filepath.Base(logs[0]), "offset")
}

func TestTornTailOfTheLogIsRepaired(t *testing.T) {
	s := harness.Start(t, harness.Options{Bin: bin})
	for range 20 {
		if err := s.Write("m,host=a v=1 1\nm,host=b v=2 2"); err != nil {
			t.Fatal(err)
		}
	}
	s.Kill()
	var log string
	walk(t, filepath.Join(s.Dir, "wal"), func(p string) {
		if strings.HasSuffix(p, ".wal") && p > log {
			log = p
		}
	})
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	end := len(strings.TrimRight(string(b), "\x00"))
	// Half an entry, as a crash in the middle of a write leaves it.
	if err := os.WriteFile(log, append(b[:end:end], b[end-40:end-10]...), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	if got := s.MustSQL("SELECT host, v FROM m ORDER BY host").Text(); got != "a,1.0\nb,2.0\n" {
		t.Error(got)
	}
}

func TestDamagedDataFileIsNamedAndOthersAreRead(t *testing.T) {
	s := harness.Start(t, harness.Options{Bin: bin})
	if err := s.Write("good,host=a v=1 1\nbad,host=a v=1 1"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"good", "bad"} {
		s.MustSQL("ADMIN flush_table('" + name + "')")
	}
	id := s.MustSQL("SELECT table_id FROM information_schema.tables WHERE table_name = 'bad'").Rows[0][0]
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	damaged := ""
	walk(t, s.Dir, func(p string) {
		if strings.HasSuffix(p, ".parquet") && strings.Contains(p, "/"+fmt.Sprint(id)+"/") {
			damaged = p
		}
	})
	if damaged == "" {
		t.Fatal("the table has no file")
	}
	b, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8; i < len(b)-8; i++ { // all but the magic numbers
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(damaged, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	if got := s.MustSQL("SELECT host, v FROM good").Text(); got != "a,1.0\n" {
		t.Error(got)
	}
	_, err = s.SQL("SELECT host, v FROM bad")
	wantMessage(t, err, filepath.Base(damaged))
	if err := s.Write("bad,host=b v=2 2"); err != nil {
		t.Errorf("a table with a damaged file takes no rows: %v", err)
	}
}
