package diskcache

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

// bench is a cache over a store that counts and fails.
type rig struct {
	t     testing.TB
	dir   string
	far   *fault.Store
	opts  Options
	cache *Cache
	*Store
}

func newRig(t testing.TB, tune func(*Options)) *rig {
	r := &rig{t: t, dir: filepath.Join(t.TempDir(), "cache"), far: fault.Wrap(memory.New(memory.Options{}))}
	r.opts = Options{Size: 64 << 20, ManifestSize: 1 << 20}
	if tune != nil {
		tune(&r.opts)
	}
	if r.opts.Dir == "" {
		r.opts.Dir = r.dir
	}
	r.dir = r.opts.Dir
	r.open()
	t.Cleanup(func() { _ = r.cache.Close() })
	return r
}

func (r *rig) open() {
	var err error
	r.opts.Metrics, err = NewMetrics(nil, Shared{})
	require.NoError(r.t, err)
	r.cache, err = Open(r.opts)
	require.NoError(r.t, err)
	r.Store = r.cache.Wrap(r.far, "test")
}

func (r *rig) reopen() {
	require.NoError(r.t, r.cache.Close())
	r.open()
}

func (r *rig) write(key string, data []byte) {
	r.t.Helper()
	w, err := r.Create(r.t.Context(), key)
	require.NoError(r.t, err)
	defer w.Abort()
	for p := data; len(p) > 0; {
		n := min(len(p), 100_000)
		_, err := w.Write(p[:n])
		require.NoError(r.t, err)
		p = p[n:]
	}
	require.NoError(r.t, w.Commit())
}

// check reads ranges at random through a reader of a known size.
func (r *rig) check(key string, want []byte, seed int64) {
	r.t.Helper()
	h, err := r.OpenSized(r.t.Context(), key, int64(len(want)))
	require.NoError(r.t, err)
	defer h.Close()
	rnd := rand.New(rand.NewSource(seed))
	for range 30 {
		off := rnd.Intn(len(want))
		p := make([]byte, rnd.Intn(min(600_000, len(want)))+1)
		n, err := h.ReadRange(r.t.Context(), p, int64(off))
		if off+len(p) > len(want) {
			require.ErrorIs(r.t, err, io.EOF)
		} else {
			require.NoError(r.t, err)
		}
		require.True(r.t, bytes.Equal(p[:n], want[off:min(len(want), off+len(p))]), "%s at %d", key, off)
	}
}

// reads is how many requests for bytes the far store got.
func (r *rig) reads() int {
	return r.far.Calls(objectstore.OpGet) + r.far.Calls(objectstore.OpGetRange) + r.far.Calls(objectstore.OpRead)
}

func random(n int, seed int64) []byte {
	b := make([]byte, n)
	rand.New(rand.NewSource(seed)).Read(b)
	return b
}

func TestConformance(t *testing.T) {
	all := func(string) Kind { return Data }
	for name, tune := range map[string]func(*Options){
		"large":     func(o *Options) { o.Classify = all },
		"tiny":      func(o *Options) { o.Classify = all; o.Size = 200 << 10 },
		"no refill": func(o *Options) { o.Classify = all; o.NoRefill = true },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) objectstore.Store { return newRig(t, tune).Store })
		})
	}
}

func TestKinds(t *testing.T) {
	for key, want := range map[string]Kind{
		"data/greptime/public/1024/1024_0000000000/0a.parquet":                               Data,
		"data/greptime/public/1024/1024_0000000000/index/0a.puffin":                          Index,
		"data/greptime/public/1024/1024_0000000000/manifest/00000000000000000001.json":       Manifest,
		"data/greptime/public/1024/1024_0000000000/manifest/00000000000000000001.checkpoint": Manifest,
		"data/greptime/public/1024/1024_0000000000/manifest/_last_checkpoint":                Uncached,
		"data/greptime/public/1024/1024_0000000000/_dropping":                                Uncached,
		"x.json": Uncached,
	} {
		require.Equal(t, want, KindOf(key), key)
	}
}

// What is written through is read back without a request, also by the next process.
func TestWriteThrough(t *testing.T) {
	r := newRig(t, nil)
	big, small := random(3<<20+17, 1), random(1000, 2)
	r.write("a/x.parquet", big)
	r.write("a/empty.parquet", nil)
	require.NoError(t, r.Put(t.Context(), "a/index/x.puffin", small))
	require.NoError(t, r.PutIfAbsent(t.Context(), "a/manifest/1.json", small))
	require.NoError(t, r.PutIfAbsent(t.Context(), "a/manifest/_last_checkpoint", small))
	require.Error(t, r.PutIfAbsent(t.Context(), "a/manifest/1.json", big))
	for range 2 {
		r.check("a/x.parquet", big, 3)
		r.check("a/index/x.puffin", small, 4)
		h, err := r.Open(t.Context(), "a/x.parquet")
		require.NoError(t, err)
		require.EqualValues(t, len(big), h.Size())
		b, err := r.Get(t.Context(), "a/manifest/1.json")
		require.NoError(t, err)
		require.Equal(t, small, b)
		require.Zero(t, r.reads())
		require.EqualValues(t, 2, r.far.Calls(objectstore.OpStat), "each upload is verified, and nothing else is asked")
		r.reopen()
	}
	got, err := r.far.Get(t.Context(), "a/x.parquet")
	require.NoError(t, err)
	require.True(t, bytes.Equal(got, big))
}

// A cold read costs few requests: neighbours are fetched together, small objects whole, sequential readers more and more.
func TestRequests(t *testing.T) {
	r := newRig(t, nil)
	ctx := t.Context()
	big := random(20<<20, 1)
	require.NoError(t, r.far.Put(ctx, "big.parquet", big))
	require.NoError(t, r.far.Put(ctx, "small.parquet", big[:900_000]))
	require.NoError(t, r.far.Put(ctx, "i.puffin", big[:3<<20]))
	count := func(want int, f func()) {
		t.Helper()
		before := r.reads()
		f()
		require.Equal(t, want, r.reads()-before)
	}
	read := func(key string, size int, off, n int) func() {
		return func() {
			t.Helper()
			h, err := r.OpenSized(ctx, key, int64(size))
			require.NoError(t, err)
			p := make([]byte, n)
			_, err = h.ReadRange(ctx, p, int64(off))
			require.NoError(t, err)
			require.True(t, bytes.Equal(p, big[off:off+n]))
		}
	}
	count(1, read("small.parquet", 900_000, 899_000, 1000)) // the footer brings the rest along
	count(0, read("small.parquet", 900_000, 0, 500_000))
	count(1, read("i.puffin", 3<<20, 3<<20-100, 100))
	count(0, read("i.puffin", 3<<20, 0, 3<<20))
	count(1, read("big.parquet", 20<<20, 20<<20-64<<10, 64<<10))
	count(1, read("big.parquet", 20<<20, 1<<20-10, 20)) // over a border
	count(0, read("big.parquet", 20<<20, 1<<20-200_000, 400_000))
	count(2, read("big.parquet", 20<<20, 4<<20, 8<<20)) // in pieces of maxFetch
	h, err := r.OpenSized(ctx, "seq.parquet", 20<<20)
	require.NoError(t, err)
	require.NoError(t, r.far.Put(ctx, "seq.parquet", big))
	before := r.reads()
	for off := 0; off < len(big); off += 50_000 {
		p := make([]byte, min(50_000, len(big)-off))
		_, err := h.ReadRange(ctx, p, int64(off))
		require.NoError(t, err)
		require.True(t, bytes.Equal(p, big[off:off+len(p)]))
	}
	require.LessOrEqual(t, r.reads()-before, 10, "of 80 units of 256 KiB")
	count(1, func() {
		require.NoError(t, r.Prefetch(ctx, "small.parquet2", 1, 0, 0))
		read("big.parquet", 20<<20, 14<<20, 10)()
	})
}

// Of many who want the same bytes one fetches them.
func TestSingleFlight(t *testing.T) {
	r := newRig(t, nil)
	data := random(600_000, 1)
	require.NoError(t, r.far.Put(t.Context(), "x.parquet", data))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			h, _ := r.OpenSized(t.Context(), "x.parquet", int64(len(data)))
			p := make([]byte, 1000)
			_, err := h.ReadRange(t.Context(), p, int64(i*1000))
			if err != nil || !bytes.Equal(p, data[i*1000:][:1000]) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, r.reads())
}

// hanging is a store whose first range read waits for its caller to go away.
type hanging struct {
	objectstore.Store
	first   atomic.Bool
	waiting chan struct{}
}

func (h *hanging) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	if h.first.CompareAndSwap(false, true) {
		close(h.waiting)
		<-ctx.Done()
		return nil, objectstore.Fail(objectstore.OpGetRange, key, ctx.Err())
	}
	return h.Store.GetRange(ctx, key, off, n)
}

// Who waits for the fetch of one that goes away fetches for himself.
func TestTheFetcherGoesAway(t *testing.T) {
	r := newRig(t, nil)
	data := random(1000, 1)
	require.NoError(t, r.far.Put(t.Context(), "x.parquet", data))
	far := &hanging{Store: r.far, waiting: make(chan struct{})}
	s := r.cache.Wrap(far, "test")
	h, err := s.OpenSized(t.Context(), "x.parquet", 1000)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := h.ReadRange(ctx, make([]byte, 10), 0)
		gone <- err
	}()
	<-far.waiting
	answered := make(chan error, 1)
	p := make([]byte, 1000)
	go func() {
		_, err := h.ReadRange(t.Context(), p, 0)
		answered <- err
	}()
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)
	require.NoError(t, <-answered)
	require.True(t, bytes.Equal(p, data))
}

// A flipped bit anywhere on the cache's disk costs a fetch and never an answer.
func TestFlippedBits(t *testing.T) {
	r := newRig(t, nil)
	objects := map[string][]byte{}
	for i := range 6 {
		key := fmt.Sprintf("%d.parquet", i)
		objects[key] = random(200_000*(i+1), int64(i))
		r.write(key, objects[key])
	}
	rnd := rand.New(rand.NewSource(1))
	for round := range 12 {
		require.NoError(t, r.cache.Close())
		for _, name := range []string{"data.blocks", "data.index"} {
			path := filepath.Join(r.dir, name)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			for range 8 {
				b[rnd.Intn(len(b))] ^= 1 << rnd.Intn(8)
			}
			if round%4 == 3 {
				b = b[:rnd.Intn(len(b))]
			}
			require.NoError(t, os.WriteFile(path, b, 0o644))
		}
		r.open()
		for key, data := range objects {
			r.check(key, data, int64(round))
		}
	}
	require.Positive(t, r.reads())
}

// Files in the folder that the cache did not make go, and an index of another form begins anew.
func TestForeignFiles(t *testing.T) {
	r := newRig(t, nil)
	data := random(100_000, 1)
	r.write("x.parquet", data)
	require.NoError(t, r.cache.Close())
	for _, name := range []string{"junk", "data.blocks.old"} {
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, name), []byte("?"), 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "index.index"), bytes.Repeat([]byte("?"), 1000), 0o644))
	r.open()
	r.check("x.parquet", data, 1)
	require.Zero(t, r.reads())
	left, err := os.ReadDir(r.dir)
	require.NoError(t, err)
	require.Len(t, left, 7) // two files for each of three kinds, and the lock
	_, err = Open(r.opts)
	require.ErrorContains(t, err, "write_cache_path", "one process at a time")
}

// The folder is removed under the process: everything goes on.
func TestLostFolder(t *testing.T) {
	r := newRig(t, nil)
	data := random(300_000, 1)
	r.write("x.parquet", data)
	require.NoError(t, os.RemoveAll(r.dir))
	r.check("x.parquet", data, 1)
	r.write("y.parquet", data)
	r.check("y.parquet", data, 2)
	r.reopen()
	r.check("x.parquet", data, 3)
	r.check("y.parquet", data, 3)
}

// The disk of the cache is full: objects pass it by, and are kept again when there is room.
func TestFullDisk(t *testing.T) {
	fs := crashfs.New()
	now := time.Unix(1000, 0)
	r := newRig(t, func(o *Options) { o.FS, o.Dir, o.Now = fs, "/cache", func() time.Time { return now } })
	first, second := random(500_000, 1), random(12<<20, 2)
	r.write("1.parquet", first)
	fs.Hook(func(s crashfs.Step) error {
		if s.Op == crashfs.OpWrite {
			return syscall.ENOSPC
		}
		return nil
	})
	r.write("2.parquet", second)
	r.write("3.parquet", second[:100])
	require.NoError(t, r.Put(t.Context(), "4.puffin", first))
	r.check("1.parquet", first, 1)
	r.check("2.parquet", second, 2)
	r.check("3.parquet", second[:100], 2)
	r.check("4.puffin", first, 2)
	require.Positive(t, testutil.ToFloat64(r.opts.Metrics.pools[Data].bypassed))
	require.Positive(t, testutil.ToFloat64(r.opts.Metrics.pools[Data].writeFailed))
	fs.Hook(nil)
	now = now.Add(2 * pauseTime)
	r.write("5.parquet", second)
	before := r.reads()
	r.check("5.parquet", second, 3)
	require.Equal(t, before, r.reads())
	require.Zero(t, r.cache.Usage()[0].BrokenBlocks)
}

// An object larger than what may be staged goes straight to the store, whole.
func TestLargerThanTheCache(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Size = 2 << 20 })
	data := random(9<<20+1, 1)
	r.write("x.parquet", data)
	r.check("x.parquet", data, 1)
	got, err := r.far.Get(t.Context(), "x.parquet")
	require.NoError(t, err)
	require.True(t, bytes.Equal(got, data))
	for _, u := range r.cache.Usage() {
		require.LessOrEqual(t, u.Bytes, u.Limit)
		require.Zero(t, u.StagedBlocks)
	}
}

// What is used stays when the cache is full, also while a scan passes through.
func TestEvictionByUse(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Size = 4 << 20 })
	ctx := t.Context()
	hot := random(500_000, 1)
	r.write("hot.parquet", hot)
	read := func(key string, size int) {
		h, err := r.OpenSized(ctx, key, int64(size))
		require.NoError(t, err)
		_, err = h.ReadRange(ctx, make([]byte, size), 0)
		require.NoError(t, err)
	}
	for i := range 60 {
		key := fmt.Sprintf("cold%d.parquet", i)
		require.NoError(t, r.far.Put(ctx, key, random(600_000, int64(i))))
		read(key, 600_000)
		read("hot.parquet", len(hot))
	}
	require.Equal(t, 60, r.reads(), "the hot object was never fetched")
	require.Positive(t, testutil.ToFloat64(r.opts.Metrics.pools[Data].evicted))
}

// A failed upload is tried again from the disk; one that fails for good leaves nothing, and its error names the object.
func TestUploadRetries(t *testing.T) {
	r := newRig(t, nil)
	data := random(9<<20, 1) // more than putLimit: streamed
	r.far.Add(fault.Rule{Op: objectstore.OpWrite, Skip: 40, Times: 1})
	r.far.Add(fault.Rule{Op: objectstore.OpCommit, Times: 1, After: true})
	r.write("x.parquet", data)
	require.EqualValues(t, 2, testutil.ToFloat64(r.opts.Metrics.reuploads))
	r.check("x.parquet", data, 1)
	require.Zero(t, r.reads())
	for _, op := range []objectstore.Op{objectstore.OpCreate, objectstore.OpWrite, objectstore.OpCommit, objectstore.OpStat} {
		r.far.Clear()
		r.far.Add(fault.Rule{Op: op})
		w, err := r.Create(t.Context(), "y.parquet")
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
		err = w.Commit()
		require.ErrorIs(t, err, fault.ErrUnavailable)
		require.ErrorContains(t, err, "y.parquet")
		w.Abort()
		require.Zero(t, r.cache.Usage()[0].StagedBlocks)
		require.EqualValues(t, 1, r.cache.Usage()[0].Objects)
	}
}

func TestTimeToLive(t *testing.T) {
	now := time.Unix(1000, 0)
	r := newRig(t, func(o *Options) { o.TTL, o.Now = time.Minute, func() time.Time { return now } })
	data := random(1000, 1)
	r.write("x.parquet", data)
	now = now.Add(time.Minute)
	r.check("x.parquet", data, 1)
	require.Zero(t, r.reads())
	now = now.Add(time.Second)
	r.check("x.parquet", data, 1)
	require.Equal(t, 1, r.reads())
}

// Deleted and replaced objects are not served from the disk any more, nor found by the next process.
func TestDelete(t *testing.T) {
	r := newRig(t, nil)
	ctx := t.Context()
	r.write("x.parquet", random(300_000, 1))
	require.NoError(t, r.PutIfAbsent(ctx, "a/manifest/1.json", []byte("first")))
	require.NoError(t, r.Delete(ctx, "x.parquet", "a/manifest/1.json"))
	for range 2 {
		_, err := r.Open(ctx, "x.parquet")
		require.ErrorIs(t, err, objectstore.ErrNotFound)
		_, err = r.Get(ctx, "a/manifest/1.json")
		require.ErrorIs(t, err, objectstore.ErrNotFound)
		r.reopen()
	}
	require.NoError(t, r.PutIfAbsent(ctx, "a/manifest/1.json", []byte("second")))
	require.NoError(t, r.far.Put(ctx, "a/manifest/1.json", []byte("by another"))) // of a restored bucket
	_, err := r.List(ctx, "a/", "", 0)
	require.NoError(t, err)
	b, err := r.Get(ctx, "a/manifest/1.json")
	require.NoError(t, err)
	require.Equal(t, "by another", string(b))
}

// Stores that share a cache do not share objects.
func TestTwoStores(t *testing.T) {
	r := newRig(t, nil)
	other := r.cache.Wrap(memory.New(memory.Options{}), "other")
	require.NoError(t, r.Put(t.Context(), "x.puffin", []byte("a")))
	require.NoError(t, other.Put(t.Context(), "x.puffin", []byte("b")))
	a, err := r.Get(t.Context(), "x.puffin")
	require.NoError(t, err)
	b, err := other.Get(t.Context(), "x.puffin")
	require.NoError(t, err)
	require.Equal(t, "ab", string(a)+string(b))
}

// Readers, writers, deletions and evictions at once, in a cache that is too small.
func TestChurn(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Size = 2 << 20 })
	ctx := t.Context()
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			rnd := rand.New(rand.NewSource(int64(g)))
			for i := range 40 {
				key := fmt.Sprintf("%d-%d.parquet", g, i)
				data := random(rnd.Intn(400_000)+1, int64(g*1000+i))
				w, err := r.Create(ctx, key)
				if err == nil {
					_, err = w.Write(data)
				}
				if err == nil {
					err = w.Commit()
				}
				if err != nil {
					t.Error(err)
					return
				}
				h, err := r.Open(ctx, key)
				if err != nil {
					t.Error(err)
					return
				}
				for range 5 {
					off := rnd.Intn(len(data))
					p := make([]byte, rnd.Intn(len(data)-off)+1)
					if _, err := h.ReadRange(ctx, p, int64(off)); err != nil || !bytes.Equal(p, data[off:off+len(p)]) {
						t.Errorf("%s: %v", key, err)
					}
				}
				if i%3 == 0 {
					if err := r.Delete(ctx, key); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, u := range r.cache.Usage() {
		require.LessOrEqual(t, u.Bytes, u.Limit)
		require.Zero(t, u.StagedBlocks)
	}
}

// Any index file is taken or dropped, never believed beyond what the blocks say.
func FuzzIndex(f *testing.F) {
	s := slot{blockKey: blockKey{objectID{1}, 0}, length: 3, size: 3, at: 1}
	s.sum = sumOf(s.blockKey, 3, checksum([]byte("abc")))
	p := &pool{slotSize: 64 << 10}
	f.Add(appendEntry(p.header(), &s), []byte("abc"))
	f.Add([]byte("GTDC"), []byte{})
	f.Fuzz(func(t *testing.T, index, blocks []byte) {
		fs := crashfs.New()
		require.NoError(t, fs.MkdirAll("/c", 0o755))
		for name, b := range map[string][]byte{"data.index": index, "data.blocks": blocks} {
			w, err := vfs.Create(fs, "/c/"+name)
			require.NoError(t, err)
			_, err = w.Write(b)
			require.NoError(t, err)
			require.NoError(t, w.Close())
		}
		m, err := NewMetrics(nil, Shared{})
		require.NoError(t, err)
		p, err := openPool(fs, "/c", "data", 64<<10, 1<<20, 0, time.Now, m.pool(Data))
		require.NoError(t, err)
		for k, i := range p.mu.where {
			dst := make([]byte, p.mu.slots[i].length)
			p.read(k, dst, 0)
		}
		p.keep(objectID{2}, 5, 0, []byte("fresh"), 0, nil)
		dst := make([]byte, 5)
		require.True(t, p.read(blockKey{objectID{2}, 0}, dst, 0))
		require.NoError(t, p.close())
	})
}

func BenchmarkReadHit(b *testing.B) {
	r := newRig(b, nil)
	data := random(8<<20, 1)
	w, _ := r.Create(b.Context(), "x.parquet")
	_, _ = w.Write(data)
	require.NoError(b, w.Commit())
	h, _ := r.Open(b.Context(), "x.parquet")
	for _, n := range []int{8 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(n>>10, "KiB"), func(b *testing.B) {
			p := make([]byte, n)
			b.SetBytes(int64(n))
			for i := range b.N {
				if _, err := h.ReadRange(b.Context(), p, int64(i*n%(len(data)-n))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
