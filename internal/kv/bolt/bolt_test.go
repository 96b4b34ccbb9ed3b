package bolt_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/kv/bolt"
	"github.com/goptimedb/goptimedb/internal/kv/kvtest"
)

func open(t testing.TB, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	n := 0
	dir := t.TempDir()
	kvtest.Run(t, func(t *testing.T) kv.Store {
		n++
		return open(t, filepath.Join(dir, fmt.Sprint(n), "metadata.db"))
	})
}

// TestReopen: after any calls, a store that is opened again holds the same.
func TestReopen(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		m := kvtest.Model{}
		for range rapid.IntRange(1, 3).Draw(r, "lives") {
			s, err := bolt.Open(path, bolt.Options{})
			require.NoError(r, err)
			kvtest.Same(r, s, m)
			kvtest.Drive(r, s, m, 5)
			require.NoError(r, s.Close())
		}
		require.NoError(r, os.Remove(path))
	})
}

// TestKilled: what a process was told is done is there after it was killed at once. The test runs itself as that process.
func TestKilled(t *testing.T) {
	if path := os.Getenv("GOPTIMEDB_TEST_BOLT"); path != "" {
		s := open(t, path)
		for i := range 20 {
			require.NoError(t, s.Put(t.Context(), fmt.Sprintf("k/%02d", i), []byte("v")))
			fmt.Printf("acked %d\n", i)
		}
		self, err := os.FindProcess(os.Getpid())
		require.NoError(t, err)
		require.NoError(t, self.Kill())
		select {}
	}
	path := filepath.Join(t.TempDir(), "metadata.db")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), "GOPTIMEDB_TEST_BOLT="+path)
	out, err := cmd.Output()
	require.Error(t, err)
	require.Equal(t, 20, strings.Count(string(out), "acked"), "%s", out)
	pairs, _, err := open(t, path).GetRange(t.Context(), kv.Prefix("k/"), 0)
	require.NoError(t, err)
	require.Len(t, pairs, 20)
}

func TestSecondHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	first := open(t, path)
	_, err := bolt.Open(path, bolt.Options{LockTimeout: time.Millisecond})
	require.True(t, errs.Is(err, errs.IllegalState))
	require.ErrorContains(t, err, path+" is in use by another process")
	require.NoError(t, first.Put(t.Context(), "k", nil), "the first is not disturbed")
	require.NoError(t, first.Close())
	open(t, path)
}

func filled(t *testing.T) (path string) {
	path = filepath.Join(t.TempDir(), "metadata.db")
	s := open(t, path)
	for i := range 50 {
		_, err := s.Txn(t.Context(), kv.Txn{Then: []kv.Op{
			kv.Put(fmt.Sprintf("key/%03d", i), bytes.Repeat([]byte("value"), 100)),
			kv.Put(fmt.Sprintf("other/%03d", i), []byte("marker")),
		}})
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	return path
}

// TestDamage damages files in many ways: Open gives the right pairs or an error that names the file, and never panics.
func TestDamage(t *testing.T) {
	good, err := os.ReadFile(filled(t))
	require.NoError(t, err)
	check := func(name string, data []byte) (failed bool) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "metadata.db")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		defer os.Remove(path) // not all of them at once on the disk
		s, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			require.ErrorContains(t, err, path, name)
			return true
		}
		defer s.Close()
		pairs, _, err := s.GetRange(t.Context(), kv.All(), 0)
		if err != nil {
			require.ErrorContains(t, err, path, name)
			return true
		}
		for _, p := range pairs {
			want := "marker"
			if strings.HasPrefix(p.Key, "key/") {
				want = strings.Repeat("value", 100)
			}
			require.Equal(t, want, string(p.Value), name)
		}
		return false
	}
	require.False(t, check("as it was", good))
	require.True(t, check("text", []byte("this is not a metadata file\n")))
	require.True(t, check("zeros", make([]byte, 64<<10)))
	for _, size := range []int{1, 100, 4096, 8192, 12288, len(good) / 2, len(good) - 4096} {
		check(fmt.Sprintf("cut to %d", size), good[:size])
	}
	require.True(t, check("cut to the meta pages", good[:8192]))
	require.True(t, check("all markers flipped", bytes.ReplaceAll(good, []byte("marker"), []byte("maRker"))))
	for page := 0; page < min(len(good), 100*4096); page += 4096 { // the rest is free
		torn := bytes.Clone(good)
		for j := page; j < min(page+4096, len(torn)); j++ {
			torn[j] = byte(j * 31)
		}
		check(fmt.Sprintf("page at %d overwritten", page), torn)
	}
}

func TestForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.db")
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = bolt.Open(path, bolt.Options{})
	require.ErrorContains(t, err, path+" is a bbolt file, but not a metadata file")

	path = filled(t)
	db, err = bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("format")).Put([]byte("version"), []byte("2")) }))
	require.NoError(t, db.Close())
	_, err = bolt.Open(path, bolt.Options{})
	require.True(t, errs.Is(err, errs.Unsupported))
	require.ErrorContains(t, err, `version "2"`)
	require.ErrorContains(t, err, path)
}

func TestOpenLeavesNothingBeside(t *testing.T) {
	dir := t.TempDir()
	open(t, filepath.Join(dir, "a", "metadata.db"))
	entries, err := os.ReadDir(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	_, err = bolt.Open(filepath.Join(dir, "a", "metadata.db", "x"), bolt.Options{})
	require.ErrorContains(t, err, filepath.Join(dir, "a", "metadata.db"))
}

func BenchmarkPut(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "metadata.db"))
	for i := 0; b.Loop(); i++ {
		if err := s.Put(b.Context(), fmt.Sprintf("k/%d", i%1000), []byte("value")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "metadata.db"))
	require.NoError(b, s.Put(b.Context(), "k", []byte("value")))
	for b.Loop() {
		if _, err := s.Get(b.Context(), "k"); err != nil {
			b.Fatal(err)
		}
	}
}
