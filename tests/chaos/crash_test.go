// Package chaos breaks the built program from outside: it kills it under load, damages its files, and checks that acknowledged rows are there
// once and that messages name what is wrong.
package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/tests/harness"
)

var bin string

func TestMain(m *testing.M) { os.Exit(harness.Main(m, &bin)) }

// small makes logs turn, memtables flush and files compact many times a second.
const small = `
[wal]
file_size = "256KB"
purge_threshold = "1MB"
purge_interval = "100ms"
[[region_engine]]
[region_engine.mito]
num_workers = 2
global_write_buffer_size = "4MB"
default_region_write_buffer_size = "128KB"
manifest_checkpoint_distance = 3
max_background_flushes = 2
max_background_compactions = 1
min_compaction_interval = "1ms"
auto_flush_interval = "200ms"
`

// table is one target of the writers, with what it does to rows of equal key.
type table struct {
	name  string
	hints string
}

var tables = []table{
	{"t_append", "append_mode=true"},
	{"t_last_row", "merge_mode=last_row"},
	{"t_last_non_null", "merge_mode=last_non_null"},
}

// A row of a writer is (host = w<writer>, ts = seq, v = value(writer, seq)): what was acknowledged is known from sequence numbers alone.
func value(writer, seq int) float64 { return float64(writer)*1e6 + float64(seq)/4 }

type writer struct {
	id    int
	table table
	sql   bool // INSERT instead of line protocol
	next  int  // first sequence number not tried yet
	acked [][2]int
	maybe [][2]int // sent, and no answer came: there or not, but whole
}

// write sends batches until the server is gone.
func (w *writer) write(s *harness.Server, rnd *rand.Rand, rejected *atomic.Int64) {
	for {
		from, to := w.next, w.next+1+rnd.IntN(200)
		w.next = to
		status, body, err := w.send(s, from, to)
		switch {
		case err != nil: // the connection broke, or was refused: the server died
			w.maybe = append(w.maybe, [2]int{from, to})
			return
		case status/100 == 2:
			w.acked = append(w.acked, [2]int{from, to})
		default:
			w.maybe = append(w.maybe, [2]int{from, to})
			if rejected.Add(1) < 4 {
				fmt.Fprintf(os.Stderr, "chaos: %s writer %d: status %d: %s\n", w.table.name, w.id, status, body)
			}
		}
	}
}

func (w *writer) send(s *harness.Server, from, to int) (int, []byte, error) {
	var b strings.Builder
	if w.sql {
		fmt.Fprintf(&b, "INSERT INTO %s (host, v, greptime_timestamp) VALUES ", w.table.name)
		for i := from; i < to; i++ {
			if i > from {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "('w%d',%g,%d)", w.id, value(w.id, i), i)
		}
		status, _, body, err := s.Request("POST", "/v1/sql", []byte(url.Values{"sql": {b.String()}}.Encode()), "Content-Type", "application/x-www-form-urlencoded")
		return status, body, err
	}
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%s,host=w%d v=%g %d\n", w.table.name, w.id, value(w.id, i), i)
	}
	status, _, body, err := s.Request("POST", "/v1/influxdb/write?db=public", []byte(b.String()), "x-greptime-hints", w.table.hints)
	return status, body, err
}

// check reads all rows of the writer and compares them with what was acknowledged.
func (w *writer) check(t *testing.T, s *harness.Server) {
	t.Helper()
	r, err := s.SQL(fmt.Sprintf("SELECT greptime_timestamp, v FROM %s WHERE host = 'w%d' ORDER BY greptime_timestamp", w.table.name, w.id))
	if err != nil {
		t.Errorf("%s, writer %d: %v", w.table.name, w.id, err)
		return
	}
	seen := make([]uint8, w.next)
	for _, row := range r.Rows {
		seq, err := strconv.Atoi(fmt.Sprint(row[0]))
		if err != nil || seq < 0 || seq >= w.next {
			t.Errorf("%s, writer %d: a row that nobody wrote: %v", w.table.name, w.id, row)
			return
		}
		if v, err := strconv.ParseFloat(fmt.Sprint(row[1]), 64); err != nil || v != value(w.id, seq) {
			t.Errorf("%s, writer %d: row %d holds %v, want %v", w.table.name, w.id, seq, row[1], value(w.id, seq))
		}
		if seen[seq]++; seen[seq] == 2 {
			t.Errorf("%s, writer %d: row %d is there twice", w.table.name, w.id, seq)
		}
	}
	for _, a := range w.acked {
		for seq := a[0]; seq < a[1]; seq++ {
			if seen[seq] == 0 {
				t.Errorf("%s, writer %d: row %d was acknowledged (batch %v) and is lost", w.table.name, w.id, seq, a)
				break
			}
		}
	}
	for _, m := range w.maybe {
		for seq := m[0]; seq < m[1]; seq++ {
			if seen[seq] != seen[m[0]] {
				t.Errorf("%s, writer %d: batch %v, never acknowledged, is there in part", w.table.name, w.id, m)
				break
			}
		}
	}
}

func writers(s *harness.Server, t *testing.T) []*writer {
	var ws []*writer
	for i, tab := range tables {
		// The table exists before INSERT names it.
		if err := s.Write(fmt.Sprintf("%s,host=maker v=0 0\n", tab.name), "x-greptime-hints", tab.hints); err != nil {
			t.Fatal(err)
		}
		ws = append(ws, &writer{id: 2 * i, table: tab}, &writer{id: 2*i + 1, table: tab, sql: true})
	}
	return ws
}

// load runs all writers until stop has ended the server, and reports how many batches were acknowledged.
func load(s *harness.Server, ws []*writer, seed uint64, stop func()) (acked int, rejected int64) {
	var wg sync.WaitGroup
	var bad atomic.Int64
	for _, w := range ws {
		before := len(w.acked)
		rnd := rand.New(rand.NewPCG(seed, uint64(w.id)))
		wg.Go(func() { w.write(s, rnd, &bad) })
		defer func() { acked += len(w.acked) - before }()
	}
	stop()
	wg.Wait()
	return 0, bad.Load()
}

func TestKilledUnderLoadLosesAndDoublesNothing(t *testing.T) {
	seed := uint64(1)
	if v := os.Getenv("CHAOS_SEED"); v != "" {
		seed, _ = strconv.ParseUint(v, 10, 64)
	}
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	s := harness.Start(t, harness.Options{Bin: bin, Config: small})
	ws := writers(s, t)
	for round := range rounds {
		// The first rounds die young, while tables, logs and manifests are new.
		life := time.Duration(20+rnd.IntN(200+150*round)) * time.Millisecond
		acked, rejected := load(s, ws, seed<<8|uint64(round), func() {
			time.Sleep(life) // the length of the load, not a wait for anything
			s.Kill()
		})
		start := time.Now()
		if err := s.Run(); err != nil {
			t.Fatalf("round %d (seed %d): %v", round, seed, err)
		}
		t.Logf("round %d: %v of load, %d batches acknowledged, %d refused, restarted in %v", round, life, acked, rejected, time.Since(start).Round(time.Millisecond))
		if rejected > 0 {
			t.Errorf("round %d: %d batches were answered with an error", round, rejected)
		}
		for _, w := range ws {
			w.check(t, s)
		}
		if t.Failed() {
			t.Fatalf("failed in round %d; CHAOS_SEED=%d repeats the pattern", round, seed)
		}
	}
	sawFlushes(t, s)
	// What was recovered from the log must survive being flushed, compacted and opened again.
	for _, tab := range tables {
		s.MustSQL("ADMIN flush_table('" + tab.name + "')")
		s.MustSQL("ADMIN compact_table('" + tab.name + "')")
	}
	s.Kill()
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	for _, w := range ws {
		w.check(t, s)
	}
}

// sawFlushes makes sure that the test tests what it says: files were written, and more than one log file was.
func sawFlushes(t *testing.T, s *harness.Server) {
	t.Helper()
	files := 0
	walk(t, s.Dir, func(path string) {
		if strings.HasSuffix(path, ".parquet") {
			files++
		}
	})
	if files == 0 {
		t.Error("no data file was written: the configuration no longer makes small memtables")
	}
}

func TestStoppedUnderLoadLosesAndDoublesNothing(t *testing.T) {
	s := harness.Start(t, harness.Options{Bin: bin, Config: small})
	ws := writers(s, t)
	for round := range 3 {
		load(s, ws, uint64(100+round), func() {
			time.Sleep(300 * time.Millisecond) // the length of the load
			start := time.Now()
			if err := s.Stop(); err != nil {
				t.Errorf("round %d: stop: %v", round, err)
			}
			t.Logf("round %d: stopped in %v", round, time.Since(start).Round(time.Millisecond))
		})
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		for _, w := range ws {
			w.check(t, s)
		}
	}
}
