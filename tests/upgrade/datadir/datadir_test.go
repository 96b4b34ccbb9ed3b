// Package datadir opens whole data directories of earlier versions with the program of today, and compares what it answers with what the
// version answered that wrote them.
//
// Each folder v<N> holds data/, as a killed server left it, and answers.txt. A folder is never changed once a version that wrote it has
// been released: a format that changes gets the next folder, and the ones before stay. `go test ./tests/upgrade/datadir -update` writes
// the folder of current again.
package datadir

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/tests/harness"
)

// current is the folder that -update writes.
const current = "v1"

// maxBytes bounds a folder: it stays in the repository for good.
const maxBytes = 300 << 10

var (
	update = flag.Bool("update", false, "write the data directory of this version, with its answers")
	bin    string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(harness.Main(m, &bin))
}

// config keeps log files short and lets nothing happen but what a statement asks for.
const config = `
[wal]
file_size = "64KB"
[[region_engine]]
[region_engine.mito]
num_workers = 1
auto_flush_interval = "24h"
`

func TestDataOfEarlierVersions(t *testing.T) {
	if *update {
		write(t, current)
	}
	folders, err := filepath.Glob("v*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no data directory of any version: %v", err)
	}
	for _, folder := range folders {
		t.Run(folder, func(t *testing.T) {
			want := readAnswers(t, folder)
			dir := filepath.Join(t.TempDir(), "data")
			unpack(t, folder, dir)
			s := harness.Start(t, harness.Options{Bin: bin, Dir: dir, Config: config})
			compare(t, s, want, "as it was")

			// What this version writes into it must fit to what is there.
			for _, table := range tables(want) {
				s.MustSQL("ADMIN flush_table('" + table + "')")
				s.MustSQL("ADMIN compact_table('" + table + "')")
			}
			compare(t, s, want, "flushed and compacted")
			if err := s.Write("upgraded,host=a v=1 1000000000"); err != nil {
				t.Error(err)
			}
			s.Kill()
			if err := s.Run(); err != nil {
				t.Fatal(err)
			}
			compare(t, s, want, "opened again")
			if got := s.MustSQL("SELECT count(*) FROM upgraded").Text(); got != "1\n" {
				t.Errorf("a new table has %q rows, want 1", got)
			}
			if err := s.Stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
		})
	}
}

// The folder holds all that it says: a change of the program or of the statements shall not make it a test of less.
func TestDataHoldsAllKinds(t *testing.T) {
	folders, _ := filepath.Glob("v*")
	for _, folder := range folders {
		var bytes int64
		seen := map[string]int{}
		walk(t, filepath.Join(folder, "data"), func(path string, size int64) {
			bytes += size
			seen[filepath.Ext(path)]++
			for _, bad := range left {
				if matches(bad, path) {
					t.Errorf("%s has no place in the repository", path)
				}
			}
		})
		if bytes > maxBytes {
			t.Errorf("%s takes %d bytes, at most %d", folder, bytes, maxBytes)
		}
		for _, ext := range []string{".wal", ".parquet", ".puffin", ".db"} {
			if seen[ext] == 0 {
				t.Errorf("%s has no %s file", folder, ext)
			}
		}
	}
}

// left is what a server makes anew, by name of file or folder.
var left = []string{"LOCK", "logs", "tmp", ".tmp", "*.spare", "*.tmp"}

func matches(pattern, path string) bool {
	for part := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		if ok, _ := filepath.Match(pattern, part); ok {
			return true
		}
	}
	return false
}

func walk(t *testing.T, dir string, f func(path string, size int64)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			f(path, info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// write makes the folder anew.
func write(t *testing.T, folder string) {
	t.Helper()
	s := harness.Start(t, harness.Options{Bin: bin, Config: config})
	for _, st := range steps() {
		if st.lines != "" {
			if err := s.Write(st.lines, "x-greptime-hints", st.hints); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if _, err := s.SQL(st.sql); err != nil {
			t.Error(err)
		}
	}
	var b strings.Builder
	for _, q := range queries {
		fmt.Fprintf(&b, "> %s\n%s\n", q, answer(t, s, q))
	}
	if t.Failed() {
		t.FailNow() // what is checked in stays
	}
	s.Kill() // not stopped: the log keeps what was not flushed
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	walk(t, s.Dir, func(path string, _ int64) {
		rel, _ := filepath.Rel(s.Dir, path)
		for _, l := range left {
			if matches(l, rel) {
				return
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(folder, "data", rel)
		if sizes[filepath.Ext(to)] > 0 {
			data = withoutTail(data)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if err := os.WriteFile(filepath.Join(folder, "answers.txt"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sizes are the steps, in bytes, in which a server lengthens files, by extension: their ends are zeros, which are not checked in.
var sizes = map[string]int{".wal": 64 << 10, ".db": 1 << 20}

func withoutTail(b []byte) []byte {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return b[:n]
}

// unpack copies the data of a folder and gives the files room at their ends again.
func unpack(t *testing.T, folder, dir string) {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(folder, "data"))); err != nil {
		t.Fatal(err)
	}
	walk(t, dir, func(path string, size int64) {
		if step := int64(sizes[filepath.Ext(path)]); step > 0 {
			if err := os.Truncate(path, (size+step-1)/step*step); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func answer(t *testing.T, s *harness.Server, query string) string {
	t.Helper()
	r, err := s.SQL(query)
	if err != nil {
		t.Errorf("%v", err)
		return ""
	}
	var b strings.Builder
	for i, c := range r.Columns {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s %s", c, r.Types[i])
	}
	return b.String() + "\n" + r.Text()
}

// answers of a folder, in order.
type answers []struct{ query, text string }

func readAnswers(t *testing.T, folder string) (out answers) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, "answers.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(string(b), "> "), "\n> ") {
		query, text, _ := strings.Cut(part, "\n")
		out = append(out, struct{ query, text string }{query, strings.TrimSuffix(text, "\n")})
	}
	if len(out) < 2 {
		t.Fatalf("%s/answers.txt has %d answers", folder, len(out))
	}
	return out
}

// tables are those that the first answer, of SHOW TABLES, names.
func tables(a answers) []string {
	lines := strings.Split(strings.TrimSpace(a[0].text), "\n")
	return lines[1:]
}

func compare(t *testing.T, s *harness.Server, want answers, when string) {
	t.Helper()
	for _, w := range want {
		if w.query == "SHOW TABLES" && when == "opened again" {
			continue // it has one more now
		}
		got := strings.TrimSpace(answer(t, s, w.query))
		if got != strings.TrimSpace(w.text) {
			t.Errorf("%s: %s\ngot:\n%s\nwant:\n%s", when, w.query, got, w.text)
		}
	}
}
