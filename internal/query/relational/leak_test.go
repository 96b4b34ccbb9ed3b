package relational

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// residentBytes is the process's resident memory, C's included.
func residentBytes(t *testing.T) int64 {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc to measure with")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// TestNothingLeaks runs every way in which a statement can end, many times: neither goroutines nor memory, Go's or C's, may grow.
func TestNothingLeaks(t *testing.T) {
	if testing.Short() {
		t.Skip("some thousand statements")
	}
	db := open(t, Options{Threads: 2})
	ctx := context.Background()
	tb := numbers(20000, 5000)
	failing := numbers(5000, 5000)
	failing.fail = errs.New(errs.StorageUnavailable, "gone")
	round := func() {
		for range 150 {
			all(t, db, Statement{SQL: "SELECT h, sum(n), list(n) FROM src(0) GROUP BY h ORDER BY h LIMIT 3", Sources: []Source{tb.source()}})
			all(t, db, Statement{SQL: "SELECT [1, 2], 'text', 1.5"})
			db.All(ctx, Statement{SQL: "SELECT nope FROM src(0)", Sources: []Source{tb.source()}})
			db.All(ctx, Statement{SQL: "SELECT sum(n) FROM src(0)", Sources: []Source{failing.source()}})
			rows, err := db.Query(ctx, Statement{SQL: "SELECT * FROM src(0)", Sources: []Source{tb.source()}})
			if err != nil {
				t.Fatal(err)
			}
			rows.Close()
		}
		db.owners.Wait()
		runtime.GC()
	}
	round()
	round()
	goroutines, before := runtime.NumGoroutine(), residentBytes(t)
	round()
	round()
	round()
	n := runtime.NumGoroutine()
	for end := time.Now().Add(time.Minute); n > goroutines && time.Now().Before(end); n = runtime.NumGoroutine() {
		runtime.Gosched() // one that has told of its end still counts for a moment
	}
	if n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	// A handle lost per statement would be far less than a batch lost per statement (some 100 KiB); this finds the latter.
	if grown := residentBytes(t) - before; grown > 48<<20 {
		t.Errorf("resident memory grew by %d bytes", grown)
	} else {
		t.Logf("resident memory grew by %d bytes over %d statements", grown, 3*150*5)
	}
	if o, c := tb.opened.Load()+failing.opened.Load(), tb.closed.Load()+failing.closed.Load(); o != c {
		t.Errorf("%d streams opened, %d closed", o, c)
	}
}
