package relational

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// spilling are statements that hold more than the 48 MiB of these tests.
var spilling = map[string]struct {
	sql  string
	rows int
	sum  int64 // of the first column
}{
	"sort":  {"SELECT n, repeat(CAST(hash(n) AS VARCHAR), 12) AS t FROM src(0) ORDER BY hash(n)", 600_000, 600_000 * 599_999 / 2},
	"group": {"SELECT n, " + wide("n") + ", count(*) FROM src(0) GROUP BY ALL", 600_000, 600_000 * 599_999 / 2},
	"join":  {"SELECT * FROM (SELECT n, " + wide("n") + " FROM src(0)) a JOIN (SELECT n + 1 AS m, " + wide("n") + " FROM src(0)) b ON a.n = b.m AND a.g0 != b.g0", 599_999, 600_000 * 599_999 / 2},
}

// wide is columns that take 128 bytes a row.
func wide(x string) string {
	cols := make([]string, 16)
	for i := range cols {
		cols[i] = fmt.Sprintf("hash(%s + %d) AS g%d", x, i, i)
	}
	return strings.Join(cols, ", ")
}

// TestSpill: what does not fit into the memory limit is written to the temporary directory while the statement runs, the rows are right,
// and no file stays.
func TestSpill(t *testing.T) {
	tb := numbers(600_000, 8192)
	for name, c := range spilling {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := open(t, Options{Threads: 1, MemoryLimit: 48 << 20, TempDir: dir, TempLimit: 1 << 30})
			rows, err := db.Query(context.Background(), Statement{SQL: c.sql, Sources: []Source{tb.source()}})
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			n, sum, most := 0, int64(0), int64(0)
			for {
				b, err := rows.Next(context.Background())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				most = max(most, sizeOf(t, dir))
				n += b.Len
				for _, x := range b.Cols[0].Ints {
					sum += x
				}
			}
			if n != c.rows || sum != c.sum {
				t.Errorf("%d rows whose sum is %d, want %d and %d", n, sum, c.rows, c.sum)
			}
			if most == 0 {
				t.Error("no temporary file was seen: the statement fits into memory, which shows nothing")
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if left := sizeOf(t, dir); left > 0 {
				t.Errorf("%d bytes are left in the temporary directory", left)
			}
		})
	}
}

// TestSpillBound: over the bound of the temporary directory, and without one, a statement fails and says what to do. The others go on.
func TestSpillBound(t *testing.T) {
	tb := numbers(600_000, 8192)
	for _, c := range []struct {
		opts Options
		key  string
	}{{Options{TempDir: t.TempDir(), TempLimit: 1 << 20}, "query.max_spill_size"}, {Options{}, "query.memory_pool_size"}} {
		c.opts.Threads, c.opts.MemoryLimit = 1, 48<<20
		db := open(t, c.opts)
		for name, s := range spilling {
			_, _, err := db.All(context.Background(), Statement{SQL: s.sql, Sources: []Source{tb.source()}})
			if !errs.Is(err, errs.RuntimeResourcesExhausted) || !strings.Contains(err.Error(), c.key) {
				t.Errorf("%s: %v, want one that names %s", name, err, c.key)
			}
		}
		if _, b := all(t, db, Statement{SQL: "SELECT count(*) FROM src(0)", Sources: []Source{tb.source()}, Types: []model.Type{model.Int64}}); b.Cols[0].Ints[0] != 600_000 {
			t.Errorf("%d rows are counted after it", b.Cols[0].Ints[0])
		}
	}
}

// sizeOf is the size of all files below a directory.
func sizeOf(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil { // gone meanwhile: nothing
			n += info.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
