package terms

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/model"
)

func unitsOf(t testing.TB, r *Reader, n int, p Posting) []uint32 {
	t.Helper()
	b := model.NewBitmap(n)
	if err := r.Or(context.Background(), b, n, p); err != nil {
		t.Fatal(err)
	}
	var out []uint32
	for i := range n {
		if b.Get(i) {
			out = append(out, uint32(i))
		}
	}
	return out
}

func TestPosting(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for round := range 600 {
		n := 1 + r.Intn(3000)
		density := []float64{0.001, 0.01, 0.1, 0.5, 0.9, 1}[r.Intn(6)]
		var units []uint32
		on := false
		for i := range n {
			if round%2 == 0 || r.Intn(40) == 0 { // even rounds by unit, odd by run
				on = r.Float64() < density
			}
			if on {
				units = append(units, uint32(i))
			}
		}
		enc := AppendPosting(nil, units)
		b := model.NewBitmap(n)
		if err := Or(b, n, enc, 0); err != nil {
			t.Fatal(err)
		}
		if b.Count(n) != len(units) {
			t.Fatalf("%d units, not %d", b.Count(n), len(units))
		}
		for _, u := range units {
			if !b.Get(int(u)) {
				t.Fatalf("unit %d is lost", u)
			}
		}
		if len(units) > 0 && Or(model.NewBitmap(n), int(units[len(units)-1]), enc, 0) == nil {
			t.Fatal("a unit outside of the universe is taken")
		}
	}
}

// TestCollector compares with a map, with and without spilling.
func TestCollector(t *testing.T) {
	for seed := range int64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewSource(seed))
			limit := int64(0)
			if seed%2 == 1 {
				limit = 40 << 10
			}
			dir := t.TempDir()
			c := NewCollector(vfs.OS(), dir, limit)
			want := map[string][]uint32{}
			n := 6000
			spills := 0
			for u := range n {
				for range r.Intn(3) {
					var term []byte
					switch r.Intn(4) {
					case 0:
						term = fmt.Appendf(nil, "common-%d", r.Intn(5))
					case 1:
						term = fmt.Appendf(nil, "%d", r.Intn(1000))
					case 2:
						term = Clip(bytes.Repeat([]byte{byte(r.Intn(3)), 0xff}, r.Intn(300)))
					default:
						term = fmt.Appendf(nil, "%08x", r.Uint32())
					}
					c.Post(c.Term(term), uint32(u))
					if w := want[string(term)]; len(w) == 0 || w[len(w)-1] != uint32(u) {
						want[string(term)] = append(w, uint32(u))
					}
				}
				if u%500 == 0 {
					s, err := c.Check()
					if err != nil {
						t.Fatal(err)
					}
					if s {
						spills++
					}
				}
			}
			if (limit > 0) != (spills > 1) {
				t.Fatalf("%d spills", spills)
			}
			var buf bytes.Buffer
			w := NewWriter(&buf, 9)
			if err := c.WriteTo(w); err != nil {
				t.Fatal(err)
			}
			if err := w.Finish([]byte("meta")); err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if left, _ := vfs.OS().ReadDir(dir); len(left) > 0 {
				t.Fatalf("%v is left", left)
			}
			ctx := context.Background()
			rd, meta, err := Open(ctx, blob.Bytes(buf.Bytes()), 9)
			if err != nil {
				t.Fatal(err)
			}
			if string(meta.Bytes(4)) != "meta" || meta.End() != nil || rd.Len() != len(want) {
				t.Fatalf("%d terms, not %d", rd.Len(), len(want))
			}
			keys := slices.Sorted(maps.Keys(want))
			i := 0
			err = rd.Scan(ctx, nil, nil, func(term []byte, p Posting) (bool, error) {
				if string(term) != keys[i] || !slices.Equal(unitsOf(t, rd, n, p), want[keys[i]]) {
					t.Fatalf("term %d is %q, not %q, or its units are others", i, term, keys[i])
				}
				i++
				return true, nil
			})
			if err != nil || i != len(keys) {
				t.Fatal(i, err)
			}
			for range 60 {
				k := keys[r.Intn(len(keys))]
				p, ok, err := rd.Get(ctx, []byte(k))
				if err != nil || !ok || !slices.Equal(unitsOf(t, rd, n, p), want[k]) {
					t.Fatalf("%q: %v %v", k, ok, err)
				}
				if _, ok, err := rd.Get(ctx, []byte(k+"\x00")); ok || err != nil {
					t.Fatal(ok, err)
				}
				from, to := keys[r.Intn(len(keys))], keys[r.Intn(len(keys))]
				got := 0
				err = rd.Scan(ctx, []byte(from), []byte(to), func([]byte, Posting) (bool, error) { got++; return true, nil })
				a, _ := slices.BinarySearch(keys, from)
				b, _ := slices.BinarySearch(keys, to)
				if err != nil || got != max(0, b-a) {
					t.Fatalf("[%q, %q) has %d terms, not %d: %v", from, to, got, b-a, err)
				}
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	c := NewCollector(nil, "", 100<<10)
	var err error
	for i := 0; i < 100000 && err == nil; i++ {
		c.Post(c.Term(fmt.Appendf(nil, "%d", i)), uint32(i))
		if i%1000 == 0 {
			_, err = c.Check()
		}
	}
	if err != blob.ErrTooLarge {
		t.Fatal(err)
	}
}

// fullDisk takes no bytes.
type fullDisk struct{ vfs.FS }

type fullFile struct{ vfs.File }

func (d fullDisk) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	return fullFile{f}, err
}

func (f fullFile) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
}

func TestSpillToFullDisk(t *testing.T) {
	dir := t.TempDir()
	c := NewCollector(fullDisk{vfs.OS()}, dir, 100<<10)
	var err error
	for i := 0; i < 100000 && err == nil; i++ {
		c.Post(c.Term(fmt.Appendf(nil, "%d", i)), uint32(i))
		if i%1000 == 0 {
			_, err = c.Check()
		}
	}
	if !errs.Is(err, errs.StorageUnavailable) || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := vfs.OS().ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func BenchmarkUniqueTerms(b *testing.B) {
	r := rand.New(rand.NewSource(1))
	keys := make([][]byte, 200000)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "%016x%016x", r.Uint64(), r.Uint64())
	}
	b.Run("build", func(b *testing.B) {
		b.SetBytes(int64(len(keys) * 32))
		for b.Loop() {
			c := NewCollector(nil, "", 1<<30)
			for i, k := range keys {
				c.Post(c.Term(k), uint32(i/1024))
			}
			var buf bytes.Buffer
			w := NewWriter(&buf, 1)
			if err := c.WriteTo(w); err != nil {
				b.Fatal(err)
			}
			if err := w.Finish(nil); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(buf.Len())/float64(len(keys)), "B/term")
		}
	})
	c := NewCollector(nil, "", 1<<30)
	for i, k := range keys {
		c.Post(c.Term(k), uint32(i/1024))
	}
	var buf bytes.Buffer
	w := NewWriter(&buf, 1)
	c.WriteTo(w)
	w.Finish(nil)
	rd, _, err := Open(context.Background(), blob.Bytes(buf.Bytes()), 1)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("get", func(b *testing.B) {
		i := 0
		for b.Loop() {
			if _, ok, err := rd.Get(context.Background(), keys[i*7919%len(keys)]); !ok || err != nil {
				b.Fatal(err)
			}
			i++
		}
		b.ReportMetric(float64(rd.MemoryBytes())/float64(len(keys)), "heldB/term")
	})
}
