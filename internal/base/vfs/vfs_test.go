package vfs_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
)

// TestHomes holds the operating system and the simulation to the same behaviour.
func TestHomes(t *testing.T) {
	t.Run("os", func(t *testing.T) { testHome(t, vfs.OS(), t.TempDir()) })
	t.Run("crashfs", func(t *testing.T) {
		f := crashfs.New()
		require.NoError(t, f.MkdirAll("/tmp", 0o755))
		testHome(t, f, "/tmp")
	})
}

func testHome(t *testing.T, fsys vfs.FS, root string) {
	at := func(name string) string { return filepath.Join(root, name) }
	_, err := vfs.Open(fsys, at("missing"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = fsys.Stat(at("missing"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = fsys.ReadDir(at("missing"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, fsys.SyncDir(at("missing")), fs.ErrNotExist)
	require.ErrorIs(t, fsys.Remove(at("missing")), fs.ErrNotExist)
	require.ErrorIs(t, fsys.Rename(at("missing"), at("x")), fs.ErrNotExist)
	_, err = vfs.Create(fsys, at("no/folder"))
	require.ErrorIs(t, err, fs.ErrNotExist)

	require.NoError(t, vfs.MkdirAllSync(fsys, at("a/b/c")))
	require.NoError(t, vfs.MkdirAllSync(fsys, at("a/b/c")))
	f, err := vfs.Create(fsys, at("a/f"))
	require.NoError(t, err)
	require.Equal(t, at("a/f"), f.Name())
	_, err = f.Write([]byte("hello"))
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("LL"), 2)
	require.NoError(t, err)
	_, err = f.Write([]byte("!"))
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("z"), 8)
	require.NoError(t, err)
	size, err := f.Size()
	require.NoError(t, err)
	require.EqualValues(t, 9, size)
	b := make([]byte, 4)
	n, err := f.ReadAt(b, 2)
	require.NoError(t, err)
	require.Equal(t, "LLo!", string(b[:n]))
	n, err = f.ReadAt(b, 7)
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, "\x00z", string(b[:n]))
	require.NoError(t, f.Truncate(3))
	require.NoError(t, f.Truncate(4))
	require.NoError(t, f.Sync())
	require.NoError(t, f.SyncData())
	require.NoError(t, f.Close())
	require.ErrorIs(t, f.Close(), fs.ErrClosed)
	got, err := vfs.ReadFile(fsys, at("a/f"))
	require.NoError(t, err)
	require.Equal(t, "heL\x00", string(got))

	f, err = fsys.OpenFile(at("a/f"), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = f.Write([]byte("end"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	f, err = vfs.Open(fsys, at("a/f"))
	require.NoError(t, err)
	_, err = f.Write([]byte("x"))
	require.Error(t, err)
	got, err = io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "heL\x00end", string(got))
	require.NoError(t, f.Close())

	require.NoError(t, fsys.Link(at("a/f"), at("a/g")))
	require.ErrorIs(t, fsys.Link(at("a/f"), at("a/g")), fs.ErrExist)
	_, err = fsys.OpenFile(at("a/g"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	require.ErrorIs(t, err, fs.ErrExist)
	require.NoError(t, fsys.Rename(at("a/g"), at("a/b/c/g")))
	require.Error(t, fsys.Remove(at("a/b/c")), "folder is not empty")
	require.NoError(t, fsys.SyncDir(at("a/b/c")))
	entries, err := fsys.ReadDir(at("a"))
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, "b", entries[0].Name())
	require.True(t, entries[0].IsDir())
	require.Equal(t, "f", entries[1].Name())
	require.NoError(t, fsys.Remove(at("a/b/c/g")))
	require.NoError(t, fsys.Remove(at("a/b/c")))
	require.ErrorIs(t, vfs.MkdirAllSync(fsys, at("a/f/x")), syscall.ENOTDIR)

	l, err := fsys.Lock(at("LOCK"))
	require.NoError(t, err)
	_, err = fsys.Lock(at("LOCK"))
	require.ErrorIs(t, err, vfs.ErrLocked)
	require.NoError(t, l.Close())
	l, err = fsys.Lock(at("LOCK"))
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

func TestCoded(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "/data/x", Err: syscall.ENOSPC}
	require.True(t, errs.Is(vfs.Coded(full), errs.StorageUnavailable))
	require.EqualError(t, vfs.Coded(full), "disk full: write /data/x: no space left on device")
	other := errors.New("other")
	require.Equal(t, other, vfs.Coded(other))
	require.NoError(t, vfs.Coded(nil))
}
