package crashfs

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
)

func put(t *testing.T, f *FS, name, data string, sync bool) {
	t.Helper()
	h, err := vfs.Create(f, name)
	require.NoError(t, err)
	_, err = h.Write([]byte(data))
	require.NoError(t, err)
	if sync {
		require.NoError(t, h.Sync())
	}
	require.NoError(t, h.Close())
}

func TestWorstCaseKeepsOnlyWhatWasSynced(t *testing.T) {
	f := New()
	require.NoError(t, vfs.MkdirAllSync(f, "/d"))
	put(t, f, "/d/bytes-only", "x", true)
	after := f.Reboot(nil)
	require.Equal(t, "/d/\n", after.String(), "the name was not synced")
	_, err := f.Stat("/d")
	require.ErrorIs(t, err, ErrPowerCut)

	f = after
	put(t, f, "/d/name-only", "x", false)
	put(t, f, "/d/both", "xy", true)
	require.NoError(t, f.SyncDir("/d"))
	require.NoError(t, f.MkdirAll("/e/f", 0o755))
	put(t, f, "/e/f/lost", "x", true)
	require.NoError(t, f.SyncDir("/e/f"), "its parents are not synced")
	require.Equal(t, "/d/\n/d/both 2\n/d/name-only 1 *bytes\n/e/ *name\n/e/f/ *name\n/e/f/lost 1\n", f.String())
	f = f.Reboot(nil)
	require.Equal(t, "/d/\n/d/both 2\n/d/name-only 0\n", f.String())

	require.NoError(t, f.Rename("/d/both", "/d/name-only"))
	require.NoError(t, f.Remove("/d/name-only"))
	f = f.Reboot(nil)
	require.Equal(t, "/d/\n/d/both 2\n/d/name-only 0\n", f.String(), "a rename and a removal came undone")
}

func TestRenameBetweenFoldersIsOneChange(t *testing.T) {
	f := New()
	require.NoError(t, vfs.MkdirAllSync(f, "/a"))
	require.NoError(t, vfs.MkdirAllSync(f, "/b"))
	put(t, f, "/a/x", "1", true)
	require.NoError(t, f.Rename("/a/x", "/b/x"))
	require.NoError(t, f.SyncDir("/b"))
	for seed := range int64(20) {
		require.Equal(t, "/a/\n/b/\n/b/x 1\n", f.Reboot(rand.New(rand.NewSource(seed))).String())
	}
}

func TestChanceTearsWritesButKeepsSyncedBytes(t *testing.T) {
	f := New()
	h, err := vfs.Create(f, "/log")
	require.NoError(t, err)
	synced := bytes.Repeat([]byte{1}, 1000)
	_, err = h.Write(synced)
	require.NoError(t, err)
	require.NoError(t, h.Sync())
	require.NoError(t, f.SyncDir("/"))
	_, err = h.Write(bytes.Repeat([]byte{2}, 3000))
	require.NoError(t, err)
	seen := map[string]bool{}
	for seed := range int64(200) {
		got, err := vfs.ReadFile(f.Reboot(rand.New(rand.NewSource(seed))), "/log")
		require.NoError(t, err)
		require.Equal(t, synced, got[:1000])
		switch {
		case len(got) == 1000:
			seen["nothing"] = true
		case len(got) == 4000 && bytes.IndexByte(got, 0) < 0:
			seen["all"] = true
		case bytes.IndexByte(got, 0) >= 0:
			seen["hole"] = true
		default:
			seen["prefix"] = true
		}
	}
	require.Len(t, seen, 4, "%v", seen)
}

func TestHookFailsAStep(t *testing.T) {
	f := New()
	f.Hook(func(s Step) error {
		if s.Op == OpWrite && s.Name == "/x" {
			return syscall.ENOSPC
		}
		return nil
	})
	h, err := vfs.Create(f, "/x")
	require.NoError(t, err)
	_, err = h.Write([]byte("1"))
	require.ErrorIs(t, err, syscall.ENOSPC)
	size, err := h.Size()
	require.NoError(t, err)
	require.Zero(t, size)
}

// TestEachCut shows that a replacement done right is found whole, and that one without fsync is caught.
func TestEachCut(t *testing.T) {
	replace := func(f *FS, version int, careful bool) error {
		h, err := vfs.Create(f, "/cur.tmp")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(h, "version %d", version); err != nil {
			return err
		}
		if careful {
			if err := h.Sync(); err != nil {
				return err
			}
		}
		if err := h.Close(); err != nil {
			return err
		}
		if err := f.Rename("/cur.tmp", "/cur"); err != nil {
			return err
		}
		return f.SyncDir("/")
	}
	lost := func(careful bool) (lost, runs int) {
		EachCut(func(f *FS) (acked int) {
			for v := 1; v <= 3; v++ {
				if replace(f, v, careful) != nil {
					break
				}
				acked = v
			}
			return acked
		}, func(_ int, disk *FS, acked int) {
			runs++
			got, err := vfs.ReadFile(disk, "/cur")
			if acked == 0 && vfsNotExist(err) {
				return
			}
			var v int
			if _, err := fmt.Sscanf(string(got), "version %d", &v); err != nil || v < acked || v > acked+1 {
				lost++
			}
		})
		return lost, runs
	}
	n, runs := lost(true)
	require.Zero(t, n)
	require.Equal(t, (15+1)*4, runs, "three rounds of five steps, and one whole run")
	n, _ = lost(false)
	require.NotZero(t, n)
}

func vfsNotExist(err error) bool {
	pe, ok := err.(*fs.PathError)
	return ok && pe.Err == fs.ErrNotExist
}
