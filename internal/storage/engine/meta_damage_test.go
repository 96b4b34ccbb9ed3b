package engine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
)

// thing is a file on the disk, or an object far away.
type thing struct {
	name string
	far  bool
}

// kind tells what a file is by its name.
func (x thing) kind() string {
	switch {
	case strings.HasPrefix(x.name, "/d/cache/"):
		return "cache"
	case strings.HasPrefix(x.name, "/d/wal/"):
		return "log"
	case strings.Contains(x.name, "/manifest/"):
		return "manifest"
	case strings.HasSuffix(x.name, ".parquet"):
		return "data"
	case strings.HasSuffix(x.name, ".puffin"):
		return "index"
	}
	return "other"
}

// things are all files of a stopped engine.
func (m *metaRun) things() (out []thing, err error) {
	var walk func(dir string) error
	walk = func(dir string) error {
		entries, err := m.disk.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if name := dir + "/" + e.Name(); !e.IsDir() {
				out = append(out, thing{name: name})
			} else if err := walk(name); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk("/d"); err != nil {
		return nil, err
	}
	for o, err := range objectstore.All(m.t.Context(), m.far, "") {
		if err != nil {
			return nil, err
		}
		out = append(out, thing{o.Key, true})
	}
	return out, nil
}

// copied is the run as it is, on a disk and a far store of its own.
func (m *metaRun) copied() (*metaRun, error) {
	c := &metaRun{t: m.t, conf: m.conf, seed: m.seed, disk: m.disk.Reboot(nil), far: memory.New(memory.Options{}), have: m.have, bystander: m.bystander, logs: m.logs, points: map[string]int{}}
	c.clock.Store(m.clock.Load())
	for o, err := range objectstore.All(m.t.Context(), m.far, "") {
		if err != nil {
			return nil, err
		}
		b, err := m.far.Get(m.t.Context(), o.Key)
		if err != nil {
			return nil, err
		}
		if err := c.far.Put(m.t.Context(), o.Key, b); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// damage changes a file: a bit of it, its length, or that it is there.
func (m *metaRun) damage(r *rand.Rand, x thing, how string) (string, error) {
	if how == "delete" {
		if x.far {
			return how, m.far.Delete(m.t.Context(), x.name)
		}
		return how, m.disk.Remove(x.name)
	}
	b, err := m.read(x)
	if err != nil || len(b) == 0 {
		return "nothing", err
	}
	b = slices.Clone(b)
	at := r.IntN(len(b))
	if x.kind() == "log" { // most of a segment is room for more
		end := len(strings.TrimRight(string(b), "\x00"))
		for i, was := range m.logs[x.name] {
			if b[i] != was {
				end = i
				break
			}
		}
		if end == 0 {
			return "nothing", nil
		}
		at = r.IntN(end)
	}
	if how == "cut" {
		b = b[:at]
	} else {
		b[at] ^= 1 << r.IntN(8)
	}
	what := fmt.Sprintf("%s at %d of %d", how, at, len(b))
	if x.far {
		return what, m.far.Put(m.t.Context(), x.name, b)
	}
	f, err := m.disk.OpenFile(x.name, os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return what, err
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return what, err
	}
	if err := f.Sync(); err != nil {
		return what, err
	}
	return what, f.Close()
}

func (m *metaRun) read(x thing) ([]byte, error) {
	if x.far {
		return m.far.Get(m.t.Context(), x.name)
	}
	return readFile(m.disk, x.name)
}

func readFile(disk vfs.FS, name string) ([]byte, error) {
	f, err := disk.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := disk.Stat(name)
	if err != nil {
		return nil, err
	}
	b := make([]byte, info.Size())
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

// verdicts of a damage.
const (
	harmless   = "harmless"   // every answer was right
	told       = "told"       // an error named the file or the region
	undetected = "undetected" // a file that was deleted left no trace
)

// judge opens the engine on damaged files and asks it. Answers are right, or errors that name what is wrong, and the other region is served.
func (m *metaRun) judge(r *rand.Rand, x thing, how string) (string, error) {
	defer m.halt()
	ctx := m.t.Context()
	verdict := harmless
	named := func(err error) error {
		verdict = told
		if x.kind() == "cache" || x.kind() == "index" {
			return fmt.Errorf("it costs more than speed: %w", err)
		}
		if s := err.Error(); !strings.Contains(s, path.Base(x.name)) && !strings.Contains(s, "1024") && !strings.Contains(s, "1025") {
			return fmt.Errorf("the error names no file and no region: %w", err)
		}
		return nil
	}
	if err := m.boot(); err != nil {
		return verdict, named(err)
	}
	other := strings.Contains(x.name, "/1025")
	serves := func() error {
		err := m.eng.Open(ctx, contract.OpenRegion{ID: region1, TableDir: tableDir1})
		if err == nil {
			var rows int
			got, _, e := readAll(ctx, m.eng, everythingOfOther())
			if rows, err = len(got), e; err == nil && rows != m.bystander.rows && !other {
				return fmt.Errorf("the other region has %d rows, want %d", rows, m.bystander.rows)
			}
		}
		if err != nil && (other || x.kind() == "log") {
			return named(err)
		}
		return err
	}
	if err := m.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		if err := named(err); err != nil {
			return verdict, err
		}
		return verdict, serves()
	}
	if err := serves(); err != nil {
		return verdict, err
	}
	if meta, err := m.eng.Meta(ctx, region0); err != nil {
		return verdict, err
	} else if how == "delete" && x.kind() == "manifest" && meta.Schema.Version != m.have.schema.Version {
		return undetected, nil // the newest edit: nothing else knows of it
	}
	reqs := []contract.ScanRequest{m.have.everything()}
	g := m.gen(r, m.have)
	for range 3 {
		reqs = append(reqs, g.scan())
	}
	for i, req := range reqs {
		d, err := m.have.compare(ctx, m.eng, req)
		if err != nil {
			if err := named(err); err != nil {
				return verdict, err
			}
			continue
		}
		if d != "" && how == "delete" && x.kind() == "manifest" && i == 0 {
			return undetected, nil
		}
		if d != "" {
			return "", fmt.Errorf("scan of %v, %s, %s, last row %v, %+v: wrong answer: %s", req.Projection, req.TimeRange, req.Predicate, req.LastRow, req.Aggregate, d)
		}
	}
	return verdict, nil
}

func everythingOfOther() contract.ScanRequest {
	w := &world{schema: testMeta(contract.MergeAppend).Schema}
	req := w.everything()
	req.Region = region1
	return req
}

// TestDamagedFiles stops a region after a random program, damages one of its files, and opens it: a flipped bit, a lost end and a deleted
// file give no wrong answer anywhere. DAMAGES says how many, META_SEED where programs begin.
func TestDamagedFiles(t *testing.T) {
	want := 120
	if v, err := strconv.Atoi(os.Getenv("DAMAGES")); err == nil {
		want = v
	}
	seed, _, _ := metaPrograms(1)
	var mu sync.Mutex
	var failure error
	done, verdicts, start := 0, map[string]int{}, time.Now()
	next := seed
	run := func() {
		for {
			mu.Lock()
			seed := next
			next++
			stop := done >= want || failure != nil
			mu.Unlock()
			if stop {
				return
			}
			err := damaged(t, seed, func(what string) {
				mu.Lock()
				defer mu.Unlock()
				if verdicts[what]++; done%1000 == 999 {
					fmt.Fprintf(os.Stderr, "%d damages, %v, %v\n", done+1, verdicts, time.Since(start).Round(time.Second))
				}
				done++
			})
			mu.Lock()
			if err != nil && failure == nil {
				failure = fmt.Errorf("META_SEED=%d: %w", seed, err)
			}
			mu.Unlock()
		}
	}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(run)
	}
	wg.Wait()
	if failure != nil {
		t.Error(failure)
	}
	t.Logf("%d damages in %v: %v", done, time.Since(start).Round(time.Millisecond), verdicts)
}

// damaged runs a program and damages what it left in many ways, one at a time.
func damaged(t *testing.T, seed uint64, note func(what string)) error {
	m, err := runProgram(t, seed, false, 15, func(int) bool { return true })
	defer m.halt()
	if err != nil {
		return fmt.Errorf("the program itself: %w\n%s", err, strings.Join(m.log, "\n"))
	}
	r := rand.New(rand.NewPCG(seed, 1<<42))
	if err := m.restart(r, false); err != nil { // some of the log is read, files are cached
		return err
	}
	if err := m.check(r, fmt.Errorf); err != nil {
		return err
	}
	// What is damaged of the log is before its last entry: damage of that one looks like a write that the power cut short, which nobody
	// was told of.
	all, err := m.things()
	if err != nil {
		return err
	}
	m.logs = map[string][]byte{}
	for _, x := range all {
		if x.kind() == "log" && strings.HasSuffix(x.name, ".wal") {
			if m.logs[x.name], err = m.read(x); err != nil {
				return err
			}
		}
	}
	if err := m.check(r, fmt.Errorf); err != nil { // it writes a row
		return err
	}
	if err := m.halt(); err != nil {
		return err
	}
	all, err = m.things()
	if err != nil {
		return err
	}
	byKind := map[string][]thing{}
	for _, x := range all {
		byKind[x.kind()] = append(byKind[x.kind()], x)
	}
	delete(byKind, "other")
	for kind, xs := range byKind {
		for range 6 {
			x, how := pick(r, xs...), pick(r, "flip", "flip", "cut", "delete")
			if kind == "log" {
				how = "flip" // a segment that is cut or missing is a disk that forgot what it had synced
			}
			c, err := m.copied()
			if err != nil {
				return err
			}
			what, err := c.damage(r, x, how)
			if errors.Is(err, fs.ErrNotExist) {
				continue // never synced
			}
			if err != nil {
				return err
			}
			verdict, err := c.judge(r, x, how)
			if err != nil {
				return fmt.Errorf("%s, %s: %w\n%s", x.name, what, err, strings.Join(m.log, "\n"))
			}
			note(kind + " " + how + " " + verdict)
		}
	}
	return nil
}
