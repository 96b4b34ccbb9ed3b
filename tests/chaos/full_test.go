package chaos

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/tests/harness"
)

const (
	diskBytes   = 24 << 20
	fillerBytes = 6 << 20 // what deleting the filler gives back
)

// tightConfig keeps memory and log small beside the disk, so that flushes, merges and checkpoints meet the end of the disk too.
const tightConfig = `
[wal]
file_size = "1MB"
purge_threshold = "4MB"
purge_interval = "100ms"
[[region_engine]]
[region_engine.mito]
num_workers = 1
global_write_buffer_size = "2MB"
global_write_buffer_reject_size = "4MB"
default_region_write_buffer_size = "512KB"
manifest_checkpoint_distance = 3
max_background_flushes = 1
max_background_compactions = 1
min_compaction_interval = "1ms"
auto_flush_interval = "500ms"
`

// smallDisk mounts a disk of diskBytes with a filler of fillerBytes on it, and gives its folder and the filler's path.
func smallDisk(t *testing.T) (dir, filler string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", diskBytes)); err != nil {
		t.Skipf("SKIPPED, NOT SHOWN: mount a tmpfs of %d bytes: %v; run as a user that may mount", diskBytes, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
			_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		}
	})
	filler = filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, fillerBytes), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, filler
}

func free(t *testing.T, dir string) int64 {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Bavail) * st.Bsize
}

// stuffer writes rows that do not compress, in batches that are known by their number.
type stuffer struct {
	table string
	hints string
	next  int           // batch not tried yet
	acked map[int]bool  // batches that were acknowledged
	took  time.Duration // the longest answer
}

// rowsOfBatch is also what makes a batch of lines about 40 KB.
const rowsOfBatch = 40

// refusal is what a client is told; the zero value is an acknowledgement.
type refusal struct {
	status int
	code   string // of the header
	text   string
}

func (w *stuffer) send(s *harness.Server) (*refusal, error) {
	n := w.next
	w.next++
	var b strings.Builder
	noise := make([]byte, 500)
	for i := range rowsOfBatch {
		_, _ = rand.Read(noise)
		fmt.Fprintf(&b, "%s,host=h%d v=%di,noise=\"%s\" %d\n", w.table, i%4, n, hex.EncodeToString(noise), n*rowsOfBatch+i+1)
	}
	start := time.Now()
	status, header, body, err := s.Request("POST", "/v1/influxdb/write?db=public&precision=ms", []byte(b.String()), "x-greptime-hints", w.hints)
	w.took = max(w.took, time.Since(start))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: batch %d had no answer: %w", w.table, n, err)
	case status/100 != 2:
		return &refusal{status: status, code: header.Get("x-greptime-err-code"), text: string(body)}, nil
	}
	w.acked[n] = true
	return nil, nil
}

// sendUntilTaken writes until n more batches were acknowledged.
func (w *stuffer) sendUntilTaken(s *harness.Server, n int) error {
	for want := len(w.acked) + n; len(w.acked) < want; {
		err := harness.Until(func() error {
			no, err := w.send(s)
			if err == nil && no != nil {
				err = fmt.Errorf("%s: status %d: %s", w.table, no.status, no.text)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sendUntilRefused writes until n batches were refused because the disk of dir is full.
func (w *stuffer) sendUntilRefused(s *harness.Server, dir string, n int) error {
	for n > 0 {
		no, err := w.send(s)
		if err != nil {
			return err
		}
		if no == nil {
			if w.next > 20*diskBytes/(rowsOfBatch*1000) {
				return fmt.Errorf("%s: %d batches and still not refused", w.table, w.next)
			}
			continue
		}
		n--
		if err := no.check(dir); err != nil {
			return fmt.Errorf("%s: batch %d: %w", w.table, w.next-1, err)
		}
	}
	return nil
}

// check tells whether a client learns that it may try again, and an operator which disk is full.
func (r *refusal) check(dir string) error {
	var answer struct {
		Code  string `json:"code"` // as InfluxDB's clients know it
		Error string `json:"error"`
	}
	if err := json.Unmarshal([]byte(r.text), &answer); err != nil {
		return fmt.Errorf("status %d: %w in %s", r.status, err, r.text)
	}
	if r.status != 503 || r.code != "5000" || answer.Code != "unavailable" {
		return fmt.Errorf("status %d, code %q: %s; want 503, 5000, unavailable", r.status, r.code, r.text)
	}
	if !strings.Contains(answer.Error, dir) || !strings.Contains(answer.Error, "no space left on device") {
		return fmt.Errorf("the message names no path in %s or not the cause: %s", dir, answer.Error)
	}
	return nil
}

// check finds every acknowledged batch whole and once, and any other whole and once or not at all.
func (w *stuffer) check(s *harness.Server) error {
	r, err := s.SQL("SELECT v, count(*) FROM " + w.table + " GROUP BY v ORDER BY v")
	if err != nil {
		return err
	}
	found := map[int]bool{}
	for _, row := range r.Rows {
		batch, _ := strconv.Atoi(fmt.Sprint(row[0]))
		if rows := fmt.Sprint(row[1]); rows != strconv.Itoa(rowsOfBatch) {
			return fmt.Errorf("%s: batch %d (acknowledged: %v) has %s rows, want %d", w.table, batch, w.acked[batch], rows, rowsOfBatch)
		}
		found[batch] = true
	}
	for n := range w.acked {
		if !found[n] {
			return fmt.Errorf("%s: batch %d of %d was acknowledged and is lost", w.table, n, w.next)
		}
	}
	return nil
}

func TestFullDiskRefusesWritesAndRecovers(t *testing.T) {
	dir, filler := smallDisk(t)
	s := harness.Start(t, harness.Options{Bin: bin, Dir: filepath.Join(dir, "data"), Config: tightConfig})
	ws := []*stuffer{
		{table: "full_append", hints: "append_mode=true", acked: map[int]bool{}},
		{table: "full_last_row", hints: "merge_mode=last_row", acked: map[int]bool{}},
	}
	checkAll := func(when string) {
		t.Helper()
		for _, w := range ws {
			if err := w.check(s); err != nil {
				t.Errorf("%s: %v", when, err)
			}
		}
	}

	// The first refusals are of flushes that needed more than is left, or of the log: several show that each try is answered.
	var wg sync.WaitGroup
	for _, w := range ws {
		wg.Go(func() {
			if err := w.sendUntilRefused(s, dir, 12); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, w := range ws {
		t.Logf("%s: %d of %d batches acknowledged, longest answer %v", w.table, len(w.acked), w.next, w.took.Round(time.Millisecond))
		if len(w.acked) == 0 {
			t.Errorf("%s: nothing was acknowledged", w.table)
		}
	}
	t.Logf("%d bytes free of %d", free(t, dir), diskBytes)
	checkAll("on the full disk")
	if t.Failed() {
		t.Logf("log on the full disk:\n%.20000s", s.Log())
	}

	// No help but space: not a restart, not a statement.
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for _, w := range ws {
		if err := w.sendUntilTaken(s, 10); err != nil {
			t.Errorf("after space came back: %v", err)
		}
	}
	checkAll("after space came back")
	for _, w := range ws {
		if _, err := s.SQL("ADMIN flush_table('" + w.table + "')"); err != nil {
			t.Errorf("flush after space came back: %v", err)
		}
	}
	checkAll("after a flush")
	s.Kill()
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	checkAll("after a kill")
	if err := s.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	checkAll("after a stop")
}

// A server that is killed on the full disk starts on it again, reads what was acknowledged, and writes once there is space.
func TestFullDiskDoesNotKeepFromStarting(t *testing.T) {
	dir, filler := smallDisk(t)
	s := harness.Start(t, harness.Options{Bin: bin, Dir: filepath.Join(dir, "data"), Config: tightConfig})
	w := &stuffer{table: "full_append", hints: "append_mode=true", acked: map[int]bool{}}
	if err := w.sendUntilRefused(s, dir, 5); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := s.Run(); err != nil {
		t.Fatalf("start on the full disk: %v", err)
	}
	if err := w.check(s); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := w.sendUntilTaken(s, 10); err != nil {
		t.Error(err)
	}
	if err := w.check(s); err != nil {
		t.Error(err)
	}
}
