// Package storetest holds every home and every coat of objectstore to its contract.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Run runs the suite. open gives a new empty store for each test. Tests that a server is known to fail, for reasons of its own, can be
// left out by name; whoever does says why.
func Run(t *testing.T, open func(t *testing.T) objectstore.Store, without ...string) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, context.Context, objectstore.Store)
	}{
		{"put and get", putGet},
		{"ranges", ranges},
		{"reader", reader},
		{"missing", missing},
		{"bad keys", badKeys},
		{"put if absent", putIfAbsent},
		{"race of put if absent", race},
		{"writer", writer},
		{"abort", abort},
		{"list", list},
		{"many", many},
		{"delete", remove},
		{"key and folder", keyAndFolder},
		{"churn", churn},
		{"replace while read", replace},
		{"cancel", cancel},
		{"buffers", buffers},
	} {
		if slices.Contains(without, test.name) {
			continue
		}
		t.Run(test.name, func(t *testing.T) { test.run(t, t.Context(), open(t)) })
	}
}

// fails checks the shape of an error: an *Error with op and key.
func fails(t *testing.T, err error, op objectstore.Op, key string, is error) {
	t.Helper()
	var e *objectstore.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, op, e.Op)
	require.Equal(t, key, e.Key)
	require.Contains(t, err.Error(), key)
	if is != nil {
		require.ErrorIs(t, err, is)
	}
}

func putGet(t *testing.T, ctx context.Context, s objectstore.Store) {
	big := make([]byte, 3<<20)
	rand.New(rand.NewSource(1)).Read(big)
	for key, data := range map[string][]byte{"a": []byte("1"), "empty": {}, "d/e/f.parquet": []byte("xyz"), "ü/日本 =+%&": []byte("u"), "big": big} {
		require.NoError(t, s.Put(ctx, key, data))
		got, err := s.Get(ctx, key)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
		info, err := s.Stat(ctx, key)
		require.NoError(t, err)
		require.Equal(t, key, info.Key)
		require.EqualValues(t, len(data), info.Size)
		require.False(t, info.ModTime.IsZero())
	}
	require.NoError(t, s.Put(ctx, "a", []byte("22")))
	got, err := s.Get(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, "22", string(got))
	require.NoError(t, s.Put(ctx, "a", nil))
	got, err = s.Get(ctx, "a")
	require.NoError(t, err)
	require.NotNil(t, got)
	require.Empty(t, got)
}

func ranges(t *testing.T, ctx context.Context, s objectstore.Store) {
	require.NoError(t, s.Put(ctx, "k", []byte("0123456789")))
	for _, c := range []struct {
		off, n int64
		want   string
	}{{0, 10, "0123456789"}, {0, 0, ""}, {0, 1, "0"}, {9, 1, "9"}, {3, 4, "3456"}, {9, 5, "9"}, {0, 1 << 40, "0123456789"}, {10, 0, ""}, {10, 1, ""}, {11, 5, ""}, {1 << 50, 1, ""}} {
		got, err := s.GetRange(ctx, "k", c.off, c.n)
		require.NoError(t, err, "%+v", c)
		require.Equal(t, c.want, string(got), "%+v", c)
	}
	_, err := s.GetRange(ctx, "k", -1, 1)
	fails(t, err, objectstore.OpGetRange, "k", nil)
	require.True(t, errs.Is(err, errs.InvalidArguments))
	_, err = s.GetRange(ctx, "k", 0, -1)
	require.True(t, errs.Is(err, errs.InvalidArguments))
	require.NoError(t, s.Put(ctx, "empty", nil))
	got, err := s.GetRange(ctx, "empty", 0, 10)
	require.NoError(t, err)
	require.Empty(t, got)
}

func reader(t *testing.T, ctx context.Context, s objectstore.Store) {
	data := make([]byte, 100_000)
	rand.New(rand.NewSource(2)).Read(data)
	require.NoError(t, s.Put(ctx, "r/x", data))
	r, err := s.Open(ctx, "r/x")
	require.NoError(t, err)
	require.EqualValues(t, len(data), r.Size())

	for _, c := range []struct {
		off  int64
		n    int
		want int
		err  error
	}{{0, 0, 0, nil}, {0, 10, 10, nil}, {99_999, 1, 1, nil}, {99_999, 2, 1, io.EOF}, {100_000, 0, 0, nil}, {100_000, 1, 0, io.EOF}, {1 << 40, 1, 0, io.EOF}, {0, 100_000, 100_000, nil}, {0, 100_001, 100_000, io.EOF}} {
		p := make([]byte, c.n)
		n, err := r.ReadRange(ctx, p, c.off)
		require.Equal(t, c.err, err, "%+v", c)
		require.Equal(t, c.want, n, "%+v", c)
		if n > 0 {
			require.True(t, bytes.Equal(data[c.off:c.off+int64(n)], p[:n]))
		}
	}
	_, err = r.ReadRange(ctx, make([]byte, 1), -1)
	fails(t, err, objectstore.OpRead, "r/x", nil)
	// It reads single bytes too, each a request of its own to a store in a cloud, so it gets a window only.
	const window = 300
	require.NoError(t, iotest.TestReader(io.NewSectionReader(objectstore.At(ctx, r), 100, window), data[100:100+window]))

	var wg sync.WaitGroup
	bad := make(chan error, 16)
	for g := range 16 {
		wg.Go(func() {
			rng := rand.New(rand.NewSource(int64(g)))
			for range 25 {
				off := rng.Intn(len(data))
				p := make([]byte, rng.Intn(min(2000, len(data)-off)+1))
				if n, err := r.ReadRange(ctx, p, int64(off)); err != nil || n != len(p) || !bytes.Equal(p, data[off:off+n]) {
					bad <- fmt.Errorf("read %d at %d: %d bytes, %w", len(p), off, n, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(bad)
	require.NoError(t, <-bad)
	require.NoError(t, r.Close())
}

func missing(t *testing.T, ctx context.Context, s objectstore.Store) {
	require.NoError(t, s.Put(ctx, "dir/x", []byte("1")))
	for _, key := range []string{"nope", "no/such/folder", "dir", "dir/x/below"} {
		_, err := s.Get(ctx, key)
		fails(t, err, objectstore.OpGet, key, objectstore.ErrNotFound)
		_, err = s.GetRange(ctx, key, 0, 1)
		fails(t, err, objectstore.OpGetRange, key, objectstore.ErrNotFound)
		_, err = s.Open(ctx, key)
		fails(t, err, objectstore.OpOpen, key, objectstore.ErrNotFound)
		_, err = s.Stat(ctx, key)
		fails(t, err, objectstore.OpStat, key, objectstore.ErrNotFound)
		require.NoError(t, s.Delete(ctx, key))
	}
	_, err := s.Get(ctx, "dir/x")
	require.NoError(t, err)
}

func badKeys(t *testing.T, ctx context.Context, s objectstore.Store) {
	for _, key := range []string{"", "/a", "a/", "a//b", "..", "a/../b", "./a", "a/.", ".tmp/x", "a/.hidden", "a\x00b", "a\nb", `a\b`, "\xff", strings.Repeat("x", 256), strings.Repeat("x/", 600) + "x"} {
		check := func(err error) {
			t.Helper()
			require.True(t, errs.Is(err, errs.InvalidArguments), "%q: %v", key, err)
		}
		check(s.Put(ctx, key, nil))
		check(s.PutIfAbsent(ctx, key, nil))
		check(s.Delete(ctx, key))
		_, err := s.Get(ctx, key)
		check(err)
		_, err = s.GetRange(ctx, key, 0, 0)
		check(err)
		_, err = s.Open(ctx, key)
		check(err)
		_, err = s.Stat(ctx, key)
		check(err)
		_, err = s.Create(ctx, key)
		check(err)
	}
	for _, prefix := range []string{"/", "../", "a/../", "a//", ".t"} {
		_, err := s.List(ctx, prefix, "", 0)
		fails(t, err, objectstore.OpList, prefix, nil)
		require.True(t, errs.Is(err, errs.InvalidArguments))
	}
	_, err := s.List(ctx, "", "", -1)
	require.True(t, errs.Is(err, errs.InvalidArguments))
}

func putIfAbsent(t *testing.T, ctx context.Context, s objectstore.Store) {
	require.NoError(t, s.PutIfAbsent(ctx, "m/1", []byte("first")))
	err := s.PutIfAbsent(ctx, "m/1", []byte("second"))
	fails(t, err, objectstore.OpPutIfAbsent, "m/1", objectstore.ErrExists)
	got, err := s.Get(ctx, "m/1")
	require.NoError(t, err)
	require.Equal(t, "first", string(got))
	require.NoError(t, s.Delete(ctx, "m/1"))
	require.NoError(t, s.PutIfAbsent(ctx, "m/1", nil))
	requireKeys(t, ctx, s, "m/1")
}

func race(t *testing.T, ctx context.Context, s objectstore.Store) {
	for round := range 10 {
		key := fmt.Sprintf("race/%d/edit", round) // its folder is new too
		start := make(chan struct{})
		results := make([]error, 16)
		var wg sync.WaitGroup
		for g := range results {
			wg.Go(func() {
				<-start
				results[g] = s.PutIfAbsent(ctx, key, fmt.Appendf(nil, "writer %d", g))
			})
		}
		close(start)
		wg.Wait()
		winner := -1
		for g, err := range results {
			if err == nil {
				require.Equal(t, -1, winner, "two winners")
				winner = g
			} else {
				require.ErrorIs(t, err, objectstore.ErrExists)
			}
		}
		require.NotEqual(t, -1, winner, "no winner")
		got, err := s.Get(ctx, key)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("writer %d", winner), string(got))
	}
}

func writer(t *testing.T, ctx context.Context, s objectstore.Store) {
	w, err := s.Create(ctx, "w/x")
	require.NoError(t, err)
	var want []byte
	for i := range 50 {
		p := bytes.Repeat([]byte{byte(i)}, i*100)
		n, err := w.Write(p)
		require.NoError(t, err)
		require.Equal(t, len(p), n)
		want = append(want, p...)
	}
	_, err = s.Get(ctx, "w/x")
	require.ErrorIs(t, err, objectstore.ErrNotFound, "visible before commit")
	requireKeys(t, ctx, s)
	require.NoError(t, w.Commit())
	w.Abort()
	got, err := s.Get(ctx, "w/x")
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	require.Error(t, w.Commit())
	_, err = w.Write([]byte("x"))
	require.Error(t, err)

	w, err = s.Create(ctx, "w/x") // replaces
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	got, err = s.Get(ctx, "w/x")
	require.NoError(t, err)
	require.Empty(t, got)
}

func abort(t *testing.T, ctx context.Context, s objectstore.Store) {
	require.NoError(t, s.Put(ctx, "old", []byte("kept")))
	for _, key := range []string{"old", "new/folder/x"} {
		w, err := s.Create(ctx, key)
		require.NoError(t, err)
		_, err = w.Write([]byte("half"))
		require.NoError(t, err)
		w.Abort()
		w.Abort()
		require.Error(t, w.Commit())
		_, err = w.Write([]byte("x"))
		require.Error(t, err)
	}
	requireKeys(t, ctx, s, "old")
	got, err := s.Get(ctx, "old")
	require.NoError(t, err)
	require.Equal(t, "kept", string(got))
}

func requireKeys(t *testing.T, ctx context.Context, s objectstore.Store, want ...string) {
	t.Helper()
	require.Equal(t, want, keysOf(t, ctx, s, ""))
}

func keysOf(t *testing.T, ctx context.Context, s objectstore.Store, prefix string) (keys []string) {
	t.Helper()
	for info, err := range objectstore.All(ctx, s, prefix) {
		require.NoError(t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

func list(t *testing.T, ctx context.Context, s objectstore.Store) {
	requireKeys(t, ctx, s)
	// In the order of bytes: '-' < '.' < '/' < '0'.
	keys := []string{"a-b", "a.b", "a/b", "a/b-c/x", "a/bc", "a0", "b/c/d/e", "b/c/d/f", "c"}
	for i, key := range keys {
		require.NoError(t, s.Put(ctx, key, make([]byte, i)))
	}
	requireKeys(t, ctx, s, keys...)
	infos, err := s.List(ctx, "", "", 0)
	require.NoError(t, err)
	for i, info := range infos {
		require.EqualValues(t, i, info.Size)
		require.False(t, info.ModTime.IsZero())
	}
	for prefix, want := range map[string][]string{
		"a": keys[:6], "a/": keys[2:5], "a/b": keys[2:5], "a/b-": {"a/b-c/x"}, "b/c/d/": keys[6:8], "b/c/d/f": {"b/c/d/f"},
		"z": nil, "b/c/x/": nil, "c/": nil, "a/b/c": nil,
	} {
		require.Equal(t, want, keysOf(t, ctx, s, prefix), prefix)
	}
	for after := range keys {
		for limit := 1; limit <= len(keys); limit++ {
			page, err := s.List(ctx, "", keys[after], limit)
			require.NoError(t, err)
			want := keys[after+1 : min(after+1+limit, len(keys))]
			got := make([]string, len(page))
			for i := range page {
				got[i] = page[i].Key
			}
			require.Equal(t, want, got)
		}
	}
	page, err := s.List(ctx, "a/", "b", 0)
	require.NoError(t, err)
	require.Empty(t, page)
}

// many puts more objects than a page has, lists them by any prefix, start and limit, and deletes those of a folder.
func many(t *testing.T, ctx context.Context, s objectstore.Store) {
	const (
		folder  = "a-/1/"
		inside  = objectstore.MaxPage + 10
		outside = 40
	)
	rng := rand.New(rand.NewSource(3))
	var model []string
	for i := range inside {
		model = append(model, fmt.Sprintf("%s%c%c/f%d", folder, 'a'+rng.Intn(3), "-.0"[rng.Intn(3)], i))
	}
	for i := range outside {
		model = append(model, fmt.Sprintf("%c%c/%d/f%d", 'a'+rng.Intn(3), "-."[rng.Intn(2)], 2+rng.Intn(20), i))
	}
	model = append(model, "a-/10/x")
	putAll(t, ctx, s, model)
	slices.Sort(model)
	requireKeys(t, ctx, s, model...)
	agreeOnLists(t, ctx, s, rng, model)

	n, err := objectstore.DeletePrefix(ctx, s, folder)
	require.NoError(t, err)
	require.Equal(t, inside, n)
	model = slices.DeleteFunc(model, func(key string) bool { return strings.HasPrefix(key, folder) })
	requireKeys(t, ctx, s, model...)
	agreeOnLists(t, ctx, s, rng, model)
	n, err = objectstore.DeletePrefix(ctx, s, folder)
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = objectstore.DeletePrefix(ctx, s, strings.TrimSuffix(folder, "/"))
	require.True(t, errs.Is(err, errs.InvalidArguments))
	_, err = objectstore.DeletePrefix(ctx, s, "")
	require.True(t, errs.Is(err, errs.InvalidArguments))
}

// agreeOnLists compares pages with those of a sorted list of all keys.
func agreeOnLists(t *testing.T, ctx context.Context, s objectstore.Store, rng *rand.Rand, model []string) {
	t.Helper()
	for range 60 {
		prefix := model[rng.Intn(len(model))]
		prefix = prefix[:rng.Intn(len(prefix)+1)]
		after := model[rng.Intn(len(model))]
		limit := rng.Intn(40) + 1
		var want []string
		for _, key := range model {
			if strings.HasPrefix(key, prefix) && key > after && len(want) < limit {
				want = append(want, key)
			}
		}
		page, err := s.List(ctx, prefix, after, limit)
		require.NoError(t, err)
		var got []string
		for _, info := range page {
			got = append(got, info.Key)
		}
		require.Equal(t, want, got, "prefix %q after %q limit %d", prefix, after, limit)
	}
	n := 0
	for _, err := range objectstore.All(ctx, s, "") {
		require.NoError(t, err)
		if n++; n == 5 {
			break
		}
	}
}

// putAll writes many empty objects, many at once, for a home may take its time for each.
func putAll(t *testing.T, ctx context.Context, s objectstore.Store, keys []string) {
	t.Helper()
	var wg sync.WaitGroup
	failed := make([]error, 32)
	for g := range failed {
		wg.Go(func() {
			for i := g; i < len(keys) && failed[g] == nil; i += len(failed) {
				failed[g] = s.Put(ctx, keys[i], nil)
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(failed...))
}

func remove(t *testing.T, ctx context.Context, s objectstore.Store) {
	for _, key := range []string{"a/b/c", "a/b/d", "a/e", "f"} {
		require.NoError(t, s.Put(ctx, key, nil))
	}
	require.NoError(t, s.Delete(ctx))
	require.NoError(t, s.Delete(ctx, "a/b/c", "never/was", "f"))
	require.NoError(t, s.Delete(ctx, "a/b/c"))
	requireKeys(t, ctx, s, "a/b/d", "a/e")
	require.NoError(t, s.Delete(ctx, "a/b/d"))
	require.NoError(t, s.Put(ctx, "a/b", nil), "the folder went with its last object")
	requireKeys(t, ctx, s, "a/b", "a/e")
}

// keyAndFolder: a home may hold both or refuse the second, but must not lose or mix up the first.
func keyAndFolder(t *testing.T, ctx context.Context, s objectstore.Store) {
	require.NoError(t, s.Put(ctx, "a/b", []byte("1")))
	want := []string{"a/b"}
	for _, key := range []string{"a", "a/b/c"} {
		for _, put := range []func(context.Context, string, []byte) error{s.Put, s.PutIfAbsent} {
			if err := put(ctx, key, []byte("2")); err == nil {
				if !slices.Contains(want, key) {
					want = append(want, key)
				}
			} else if !errors.Is(err, objectstore.ErrExists) {
				require.True(t, errs.Is(err, errs.InvalidArguments), "%v", err)
			}
		}
	}
	slices.Sort(want)
	requireKeys(t, ctx, s, want...)
	got, err := s.Get(ctx, "a/b")
	require.NoError(t, err)
	require.Equal(t, "1", string(got))
}

// churn makes and deletes the only objects of folders at once: each put must end well, whoever removes the folder meanwhile.
func churn(t *testing.T, ctx context.Context, s objectstore.Store) {
	var wg sync.WaitGroup
	bad := make(chan error, 8)
	for g := range 8 {
		wg.Go(func() {
			for i := range 40 {
				key := fmt.Sprintf("deep/%d/er/%d", i%2, g)
				err := s.Put(ctx, key, []byte(key))
				if err == nil {
					_, err = s.Get(ctx, key)
				}
				if err == nil {
					err = s.Delete(ctx, key)
				}
				if err != nil {
					bad <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(bad)
	require.NoError(t, <-bad)
	requireKeys(t, ctx, s)
}

// replace: a reader finds one version or the other, never a mix.
func replace(t *testing.T, ctx context.Context, s objectstore.Store) {
	version := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1000+i) }
	require.NoError(t, s.Put(ctx, "k", version(0)))
	var wg sync.WaitGroup
	done := make(chan struct{})
	bad := make(chan error, 4)
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				got, err := s.Get(ctx, "k")
				if err != nil || len(got) < 1000 || !bytes.Equal(got, version(len(got)-1000)) {
					bad <- fmt.Errorf("%d bytes, %w", len(got), err)
					return
				}
			}
		})
	}
	for i := range 50 {
		require.NoError(t, s.Put(ctx, "k", version(i)))
	}
	close(done)
	wg.Wait()
	close(bad)
	require.NoError(t, <-bad)
}

func cancel(t *testing.T, ctx context.Context, s objectstore.Store) {
	require.NoError(t, s.Put(ctx, "k", []byte("1")))
	r, err := s.Open(ctx, "k")
	require.NoError(t, err)
	defer r.Close()
	ctx2, stop := context.WithCancel(ctx)
	w, err := s.Create(ctx2, "w")
	require.NoError(t, err)
	_, err = w.Write([]byte("x"))
	require.NoError(t, err)
	stop()
	require.ErrorIs(t, w.Commit(), context.Canceled)
	w.Abort()

	check := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, errs.Is(err, errs.Cancelled))
	}
	check(s.Put(ctx2, "k", []byte("2")))
	check(s.PutIfAbsent(ctx2, "k2", []byte("2")))
	check(s.Delete(ctx2, "k"))
	_, err = s.Get(ctx2, "k")
	check(err)
	_, err = s.GetRange(ctx2, "k", 0, 1)
	check(err)
	_, err = s.Open(ctx2, "k")
	check(err)
	_, err = s.Stat(ctx2, "k")
	check(err)
	_, err = s.List(ctx2, "", "", 0)
	check(err)
	_, err = s.Create(ctx2, "k")
	check(err)
	_, err = r.ReadRange(ctx2, make([]byte, 1), 0)
	check(err)
	requireKeys(t, ctx, s, "k")
	got, err := s.Get(ctx, "k")
	require.NoError(t, err)
	require.Equal(t, "1", string(got))
}

// buffers: what is handed over is copied, what is handed out is the caller's.
func buffers(t *testing.T, ctx context.Context, s objectstore.Store) {
	p := []byte("aaaa")
	require.NoError(t, s.Put(ctx, "put", p))
	require.NoError(t, s.PutIfAbsent(ctx, "absent", p))
	w, err := s.Create(ctx, "written")
	require.NoError(t, err)
	_, err = w.Write(p)
	require.NoError(t, err)
	copy(p, "bbbb")
	require.NoError(t, w.Commit())
	for _, key := range []string{"put", "absent", "written"} {
		for range 2 {
			got, err := s.Get(ctx, key)
			require.NoError(t, err)
			require.Equal(t, "aaaa", string(got))
			copy(got, "cccc")
			got, err = s.GetRange(ctx, key, 1, 2)
			require.NoError(t, err)
			require.Equal(t, "aa", string(got))
			copy(got, "cc")
		}
	}
}
