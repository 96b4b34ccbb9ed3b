package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

func open(t testing.TB, root string, fsys vfs.FS) *local.Store {
	t.Helper()
	s, err := local.Open(root, local.Options{FS: fsys})
	require.NoError(t, err)
	return s
}

func TestStore(t *testing.T) {
	t.Run("os", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) objectstore.Store { return open(t, filepath.Join(t.TempDir(), "data"), nil) })
	})
	t.Run("crashfs", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) objectstore.Store { return open(t, "/data", crashfs.New()) })
	})
}

// promise is what a run of work was promised before the power went.
type promise struct {
	started map[string]string // what may be there
	acked   map[string]string // what must be there
}

// TestPowerCut cuts the power at every step of every way to write, in folders that are new and that come and go.
func TestPowerCut(t *testing.T) {
	ctx := t.Context()
	work := func(fsys *crashfs.FS) promise {
		p := promise{map[string]string{}, map[string]string{}}
		s, err := local.Open("/data/store", local.Options{FS: fsys})
		if err != nil {
			return p
		}
		do := func(key, value string, write func(context.Context, string, []byte) error) {
			p.started[key] = value
			if write(ctx, key, []byte(value)) == nil {
				p.acked[key] = value
			}
		}
		stream := func(ctx context.Context, key string, value []byte) error {
			w, err := s.Create(ctx, key)
			if err != nil {
				return err
			}
			defer w.Abort()
			for len(value) > 0 {
				n := min(len(value), 700)
				if _, err := w.Write(value[:n]); err != nil {
					return err
				}
				value = value[n:]
			}
			return w.Commit()
		}
		big := strings.Repeat("0123456789abcdef", 200)
		do("r/1/manifest/1", "edit one", s.PutIfAbsent)
		do("r/1/data/x", big, stream)
		do("r/1/manifest/2", "edit two", s.PutIfAbsent)
		do("r/1/last", "version", s.Put)
		do("top", big, s.Put)
		// The folder of gone/x goes and comes again.
		if s.Put(ctx, "gone/x", nil) == nil && s.Delete(ctx, "gone/x") == nil {
			do("gone/y", "back", s.PutIfAbsent)
		}
		return p
	}
	crashfs.EachCut(work, func(n int, disk *crashfs.FS, p promise) {
		s, err := local.Open("/data/store", local.Options{FS: disk})
		require.NoError(t, err)
		found := map[string]string{}
		for info, err := range objectstore.All(ctx, s, "") {
			require.NoError(t, err)
			b, err := s.Get(ctx, info.Key)
			require.NoError(t, err)
			found[info.Key] = string(b)
		}
		delete(found, "gone/x")
		for key, value := range p.acked {
			require.Equal(t, value, found[key], "cut at step %d: acknowledged %s\n%s", n, key, disk)
		}
		for key, value := range found {
			require.Equal(t, p.started[key], value, "cut at step %d: half of %s", n, key)
		}
		left, err := disk.ReadDir("/data/store/.tmp")
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

// TestFolderOfAnotherWriter: a folder that another goroutine just made, and did not sync yet, is synced before it is relied on.
func TestFolderOfAnotherWriter(t *testing.T) {
	fsys := crashfs.New()
	s := open(t, "/s", fsys)
	require.NoError(t, fsys.MkdirAll("/s/a/b", 0o755)) // as a process would leave it that died there
	require.NoError(t, s.Put(t.Context(), "a/b/x", []byte("1")))
	s = open(t, "/s", fsys.Reboot(nil))
	_, err := s.Get(t.Context(), "a/b/x")
	require.NoError(t, err)
}

// TestLoserSyncsToo: who is told that an object exists will rely on it, so it must not be lost then.
func TestLoserSyncsToo(t *testing.T) {
	fsys := crashfs.New()
	s := open(t, "/s", fsys)
	require.NoError(t, s.Put(t.Context(), "m/0", nil))
	fsys.Hook(func(st crashfs.Step) error {
		if st.Op == crashfs.OpSyncDir {
			return syscall.EIO
		}
		return nil
	})
	err := s.PutIfAbsent(t.Context(), "m/1", []byte("won"))
	require.True(t, errs.Is(err, errs.StorageUnavailable), "%v", err)
	fsys.Hook(nil)
	require.ErrorIs(t, s.PutIfAbsent(t.Context(), "m/1", []byte("lost")), objectstore.ErrExists)
	got, err := open(t, "/s", fsys.Reboot(nil)).Get(t.Context(), "m/1")
	require.NoError(t, err)
	require.Equal(t, "won", string(got))
}

// TestEveryStepFails: whichever step fails, the caller is told which key and why, nothing half done is seen, and the next
// try works.
func TestEveryStepFails(t *testing.T) {
	ctx := t.Context()
	for _, cause := range []syscall.Errno{syscall.ENOSPC, syscall.EIO} {
		for n := 1; ; n++ {
			fsys := crashfs.New()
			s := open(t, "/s", fsys)
			first, failed := fsys.Steps(), false
			fsys.Hook(func(st crashfs.Step) error {
				if st.N == first+n && st.Op != crashfs.OpRemove {
					failed = true
					return cause
				}
				return nil
			})
			w, err := s.Create(ctx, "a/b")
			if err == nil {
				if _, err = w.Write([]byte("data")); err == nil {
					err = w.Commit()
				}
				w.Abort()
			}
			fsys.Hook(nil)
			if !failed {
				require.NoError(t, err)
				require.Greater(t, n, 6)
				break
			}
			require.True(t, errs.Is(err, errs.StorageUnavailable), "%v", err)
			require.Contains(t, err.Error(), "/s")
			require.Contains(t, err.Error(), `"a/b"`)
			require.ErrorIs(t, err, cause)
			if got, gerr := s.Get(ctx, "a/b"); gerr == nil {
				require.Equal(t, "data", string(got))
			}
			left, err := fsys.ReadDir("/s/.tmp")
			require.NoError(t, err)
			require.Empty(t, left)
			require.NoError(t, s.Put(ctx, "a/b", []byte("again")))
		}
	}
}

func TestOpenRemovesLeftovers(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, nil)
	w, err := s.Create(t.Context(), "x")
	require.NoError(t, err)
	_, err = w.Write(bytes.Repeat([]byte("x"), 1000))
	require.NoError(t, err)
	s = open(t, root, nil) // as after a kill
	left, err := os.ReadDir(filepath.Join(root, ".tmp"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.Error(t, w.Commit(), "its file is gone")
	_, err = s.Get(t.Context(), "x")
	require.ErrorIs(t, err, objectstore.ErrNotFound)
}

func TestReadOnly(t *testing.T) {
	root := t.TempDir()
	_, err := local.Open(filepath.Join(root, "none"), local.Options{ReadOnly: true})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, open(t, root, nil).Put(t.Context(), "x", []byte("1")))
	s, err := local.Open(root, local.Options{ReadOnly: true})
	require.NoError(t, err)
	_, err = s.Get(t.Context(), "x")
	require.NoError(t, err)
	_, cerr := s.Create(t.Context(), "y")
	for _, err := range []error{s.Put(t.Context(), "y", nil), s.PutIfAbsent(t.Context(), "y", nil), s.Delete(t.Context(), "x"), cerr} {
		require.True(t, errs.Is(err, errs.Unsupported))
	}
}

func TestFileThatShrank(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, nil)
	require.NoError(t, s.Put(t.Context(), "x", make([]byte, 100)))
	r, err := s.Open(t.Context(), "x")
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, os.Truncate(filepath.Join(root, "x"), 10))
	_, err = r.ReadRange(t.Context(), make([]byte, 50), 0)
	require.ErrorContains(t, err, "file shrank: 10 of 50 bytes at 0")
	require.Equal(t, objectstore.KindOther, objectstore.KindOf(err))
}

func TestReaderOutlivesDelete(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	require.NoError(t, s.Put(t.Context(), "x", []byte("data")))
	r, err := s.Open(t.Context(), "x")
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, s.Delete(t.Context(), "x"))
	p := make([]byte, 4)
	_, err = r.ReadRange(t.Context(), p, 0)
	require.NoError(t, err)
	require.Equal(t, "data", string(p))
}

func TestOpenInAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	_, err := local.Open(name, local.Options{})
	require.ErrorContains(t, err, name)
	require.False(t, errors.Is(err, fs.ErrNotExist))
}

func BenchmarkReadRange(b *testing.B) {
	s := open(b, b.TempDir(), nil)
	ctx := b.Context()
	require.NoError(b, s.Put(ctx, "x", make([]byte, 16<<20)))
	r, err := s.Open(ctx, "x")
	require.NoError(b, err)
	defer r.Close()
	for _, size := range []int{4 << 10, 64 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := r.ReadRange(ctx, p, int64(i%100)*4096); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPut(b *testing.B) {
	s := open(b, b.TempDir(), nil)
	data := make([]byte, 4096)
	for i := 0; b.Loop(); i++ {
		if err := s.PutIfAbsent(b.Context(), fmt.Sprintf("d/%d", i), data); err != nil {
			b.Fatal(err)
		}
	}
}
