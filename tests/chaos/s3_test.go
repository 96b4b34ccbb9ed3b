package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
	"github.com/goptimedb/goptimedb/tests/harness"
)

// onS3 is a configuration whose data is in the server's bucket, below a root.
func onS3(srv *cloudtest.S3, root string) string {
	const keys = `type = "S3"
bucket = %q
root = %q
endpoint = %q
region = "us-east-1"
access_key_id = "test"
secret_access_key = "secret"
disable_ec2_metadata = true
`
	return "[storage]\n" + fmt.Sprintf(keys, cloudtest.Bucket, root, srv.URL) +
		"[[storage.providers]]\nname = \"Cold\"\n" + fmt.Sprintf(keys, cloudtest.Bucket, root+"-cold", srv.URL) + small
}

// A server whose data is in S3 is killed under load, and again while the store does not answer; its disk cache is lost in between. Nothing
// that was acknowledged is lost or doubled.
func TestKilledOverS3LosesAndDoublesNothing(t *testing.T) {
	srv := cloudtest.NewS3(t)
	s := harness.Start(t, harness.Options{Bin: bin, Config: onS3(srv, "db")})
	ws := writers(s, t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 6 {
		load(s, ws, uint64(round), func() {
			time.Sleep(time.Duration(100+rnd.IntN(300)) * time.Millisecond) // the length of the load
			switch round {
			case 1: // answers get lost: what was done is not known
				srv.Faults.Add(cloudtest.Rule{Method: "PUT", After: true, Reset: true, Times: 6})
			case 2: // the store is away; the log goes on taking rows
				srv.Faults.Add(cloudtest.Rule{Status: 503})
			case 3:
				srv.Faults.Add(cloudtest.Rule{Method: "PUT", Path: "/manifest/", Status: 500, Times: 40})
			case 4: // the cache goes while it is in use
				if err := os.RemoveAll(filepath.Join(s.Dir, "cache")); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(200 * time.Millisecond) // the length of the load beside the fault
			s.Kill()
		})
		srv.Faults.Clear()
		if round == 5 { // the disk of the cache is not the disk that it was
			flip(t, filepath.Join(s.Dir, "cache", "object", "write", "data.blocks"))
		}
		if err := s.Run(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for _, w := range ws {
			w.check(t, s)
		}
		if t.Failed() {
			t.Fatalf("failed in round %d", round)
		}
	}
	for _, tab := range tables {
		s.MustSQL("ADMIN flush_table('" + tab.name + "')")
		s.MustSQL("ADMIN compact_table('" + tab.name + "')")
	}
	walk(t, filepath.Join(s.Dir), func(path string) {
		if strings.HasSuffix(path, ".parquet") {
			t.Errorf("a data file is on the local disk: %s", path)
		}
	})
	s.Kill()
	there := 0
	for o, err := range objectstore.All(t.Context(), srv.Open(t, "db"), "data/") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(o.Key, ".parquet") {
			there++
		}
	}
	if there == 0 {
		t.Error("no data file is in the bucket")
	}
	if err := os.RemoveAll(filepath.Join(s.Dir, "cache")); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	for _, w := range ws {
		w.check(t, s)
	}
}

// flip flips a bit of every 10,000 bytes.
func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 5000; i < len(b); i += 10_000 {
		b[i] ^= 4
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// While the store is away, writes go on and what is in memory and cache is read; afterwards everything converges.
func TestStoreAwayAndBack(t *testing.T) {
	srv := cloudtest.NewS3(t)
	s := harness.Start(t, harness.Options{Bin: bin, Config: strings.Replace(onS3(srv, "db"), `auto_flush_interval = "200ms"`, "", 1)})
	s.MustSQL("CREATE TABLE near (ts TIMESTAMP TIME INDEX, v DOUBLE)")
	s.MustSQL("CREATE TABLE cold (ts TIMESTAMP TIME INDEX, v DOUBLE) WITH (storage = 'cold')") // names know no case
	s.MustSQL("INSERT INTO near VALUES (1, 1)")
	s.MustSQL("INSERT INTO cold VALUES (1, 1)")
	if _, err := s.SQL("CREATE TABLE x (ts TIMESTAMP TIME INDEX) WITH (storage = 'warm')"); err == nil || !strings.Contains(err.Error(), "Object store not found: warm") ||
		!strings.Contains(err.Error(), "1004") {
		t.Errorf("a table in a store that nobody configured: %v", err)
	}
	s.MustSQL("ADMIN flush_table('near')")
	s.MustSQL("ADMIN flush_table('cold')")

	srv.Faults.Add(cloudtest.Rule{Path: "/db/", Status: 503}) // the store of one of them
	s.MustSQL("INSERT INTO near VALUES (2, 2)")
	s.MustSQL("INSERT INTO cold VALUES (2, 2)")
	if _, err := s.SQL("ADMIN flush_table('near')"); err == nil {
		t.Error("a flush into a store that is away succeeded")
	} else if !strings.Contains(err.Error(), "region") || !strings.Contains(err.Error(), "data/greptime/public/") {
		t.Errorf("the error names neither region nor object: %v", err)
	}
	s.MustSQL("ADMIN flush_table('cold')") // other regions go on
	for _, tab := range []string{"near", "cold"} {
		if got := s.MustSQL("SELECT count(*), sum(v) FROM " + tab).Text(); strings.TrimSpace(got) != "2,3" && strings.TrimSpace(got) != "2,3.0" {
			t.Errorf("%s while the store is away: %q", tab, got)
		}
	}
	srv.Faults.Clear()
	s.MustSQL("ADMIN flush_table('near')")
	s.Kill()
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	for _, tab := range []string{"near", "cold"} {
		if got := s.MustSQL("SELECT count(*), sum(v) FROM " + tab).Text(); strings.TrimSpace(got) != "2,3" && strings.TrimSpace(got) != "2,3.0" {
			t.Errorf("%s after the store came back: %q", tab, got)
		}
	}
	status, _, body, err := s.Request("GET", "/metrics", nil)
	if err != nil || status != 200 {
		t.Fatal(status, err)
	}
	for _, name := range []string{`opendal_operation_duration_seconds_count{operation="read",scheme="s3"}`, `greptime_mito_cache_hit{type="file_data"}`,
		`greptime_mito_cache_bytes{type="file_index"}`, `greptime_memory_budget_used_bytes{account="disk_cache_tables"}`} {
		if !strings.Contains(string(body), name) {
			t.Errorf("/metrics lacks %s", name)
		}
	}

	// Another data directory must not take the bucket's tables for its own.
	other := harness.New(t, harness.Options{Bin: bin, Config: onS3(srv, "db")})
	if err := other.Run(); err == nil || !strings.Contains(err.Error(), "another data directory") || !strings.Contains(err.Error(), "meta.db") {
		t.Errorf("a new data directory over the tables of another one: %v", err)
	}
}
