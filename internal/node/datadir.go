package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/kv/bolt"
)

// dataDir is the locked data directory of a process.
//
// The directory carries a marker file that says whose it is, so that a wrong path in a configuration never mixes our files with
// somebody else's, and a lock, so that two processes never write to it at once.
type dataDir struct {
	path string
	lock *os.File
}

const (
	markerName = "goptimedb.json"
	lockName   = "LOCK"
	// layoutVersion changes when a version cannot read what an older one wrote without help.
	layoutVersion = 1
)

type marker struct {
	Product string `json:"product"`
	Layout  int    `json:"layout"`
}

// openDataDir creates or checks the directory and locks it. The lock is the kernel's: it goes with the process, however that ends.
func openDataDir(path string) (*dataDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "data directory")
	}
	// With a sync: what is synced below later finds the directory there, and does not sync its name.
	if err := vfs.MkdirAllSync(vfs.OS(), path); err != nil {
		return nil, errs.Wrap(errs.StorageUnavailable, err, "create data directory")
	}
	if err := checkOwner(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, errs.Wrap(errs.StorageUnavailable, err, "lock data directory")
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(lock.Name())
		_ = lock.Close()
		return nil, errs.New(errs.StorageUnavailable, "data directory %s is in use by another process%s; stop it first, or choose another --data-home",
			path, pidOf(holder))
	}
	if err := writeMarker(path); err != nil {
		_ = lock.Close()
		return nil, err
	}
	_ = lock.Truncate(0) // the pid is for people only
	_, _ = lock.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return &dataDir{path: path, lock: lock}, nil
}

func pidOf(b []byte) string {
	if s := strings.TrimSpace(string(b)); s != "" {
		return " (pid " + s + ")"
	}
	return ""
}

// foreign names that do not make a directory somebody else's.
var ignorable = []string{lockName, "lost+found", ".gitkeep", ".DS_Store"}

func checkOwner(path string) error {
	b, err := os.ReadFile(filepath.Join(path, markerName))
	if err == nil {
		var m marker
		if err := json.Unmarshal(b, &m); err != nil || m.Product != "goptimedb" {
			return errs.New(errs.InvalidArguments, "%s in %s is not ours; choose another --data-home", markerName, path)
		}
		if m.Layout != layoutVersion {
			return errs.New(errs.Unsupported, "data directory %s has layout %d, this program reads %d; start the version that wrote it", path, m.Layout, layoutVersion)
		}
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return errs.Wrap(errs.StorageUnavailable, err, "read data directory")
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return errs.Wrap(errs.StorageUnavailable, err, "read data directory")
	}
	for _, e := range entries {
		if !slices.Contains(ignorable, e.Name()) {
			return errs.New(errs.InvalidArguments, "directory %s is not empty and not a GoptimeDB data directory (it holds %q); choose an empty one with --data-home",
				path, e.Name())
		}
	}
	return nil
}

func writeMarker(path string) error {
	name := filepath.Join(path, markerName)
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	b, err := json.Marshal(marker{Product: "goptimedb", Layout: layoutVersion})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err == nil {
		_, err = f.Write(append(b, '\n'))
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(name+".tmp", name)
	}
	if err == nil {
		err = syncDir(path)
	}
	return errs.Wrap(errs.StorageUnavailable, err, "mark data directory")
}

const metaName = "meta.db"

// openMeta opens the metadata of the data directory. New metadata beside tables that are there would hide them all and give their
// ids to new ones, so that is refused.
func openMeta(home string) (*bolt.Store, error) {
	name := filepath.Join(home, metaName)
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		first, err := firstFile(filepath.Join(home, "data"))
		if err != nil {
			return nil, errs.Wrap(errs.StorageUnavailable, err, "read data directory")
		}
		if first != "" {
			return nil, errs.New(errs.StorageUnavailable, "metadata file %s is missing, but there are tables (%s): bring the file back, or choose another --data-home", name, first)
		}
	}
	return bolt.Open(name, bolt.Options{})
}

// firstFile is a file below dir, or "" where there is none.
func firstFile(dir string) (found string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !d.IsDir():
			found = path
			return fs.SkipAll
		}
		return nil
	})
	return found, err
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (d *dataDir) close() error { return d.lock.Close() }
