// Package vfs is the seam between the database and a file system: just the calls that durable storage needs, so that the
// same code runs over the operating system (OS) and over a simulation that can lose power (package crashfs).
//
// Durability is spelled out, as POSIX has it, and nothing more may be assumed:
//
//   - the bytes of a file survive a power cut once File.Sync or File.SyncData returned after they were written;
//   - a name (made, renamed, linked or removed) survives once SyncDir of its folder returned after the change;
//   - a folder is a name in its parent like any other, so a new folder needs SyncDir of its parent (MkdirAllSync does it).
//
// Errors are those of package os (*fs.PathError, *os.LinkError), so errors.Is(err, fs.ErrNotExist) and friends work. Coded
// turns the ones that mean "the disk cannot" into a status code.
package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// FS is a file system. All methods may be called at once from many goroutines.
type FS interface {
	// OpenFile opens name with os.O_* flags. Opening a folder is not supported; see SyncDir and ReadDir.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename moves a file or folder and replaces a file that has the new name, in one step that is never seen half done.
	Rename(oldname, newname string) error
	// Link gives a file a second name. It fails with fs.ErrExist if newname exists: the atomic way to create only if absent.
	Link(oldname, newname string) error
	// Remove removes a file or an empty folder.
	Remove(name string) error
	// MkdirAll makes dir and its missing parents. None of them is durable yet; see MkdirAllSync.
	MkdirAll(dir string, perm fs.FileMode) error
	// ReadDir lists a folder, sorted by name.
	ReadDir(dir string) ([]fs.DirEntry, error)
	// Stat describes a file or folder.
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the names in dir durable, as they are now.
	SyncDir(dir string) error
	// Lock takes an exclusive lock on the file name, made if missing, without waiting. While another holder, in this or
	// another process, has it, the error is ErrLocked. Closing gives it back; so does the end of the process. The file stays.
	Lock(name string) (io.Closer, error)
}

// File is an open file. ReadAt and WriteAt may be called at once from many goroutines; Read and Write share one position.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer // appends at the position, or at the end with os.O_APPEND
	io.WriterAt
	io.Closer
	// Name is the name given to OpenFile.
	Name() string
	// Size is the present length in bytes.
	Size() (int64, error)
	// Truncate sets the length in bytes; a longer one is filled with zeros.
	Truncate(size int64) error
	// Sync makes everything written so far durable, with the file's attributes.
	Sync() error
	// SyncData makes the bytes and the length durable, but not attributes such as the modification time. It is cheaper than
	// Sync where the length did not change.
	SyncData() error
}

// ErrLocked says that another holder has the lock.
var ErrLocked = errors.New("locked by another process")

// Create opens a new empty file for writing and reading, replacing the content of one that exists.
func Create(fsys FS, name string) (File, error) {
	return fsys.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
}

// Open opens a file for reading.
func Open(fsys FS, name string) (File, error) {
	return fsys.OpenFile(name, os.O_RDONLY, 0)
}

// ReadFile reads a whole file.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := Open(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, size)
	n, err := io.ReadFull(io.NewSectionReader(f, 0, size), b)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil // it was cut while being read: what is there now
	}
	return b[:n], err
}

// MkdirAllSync makes dir and its missing parents durably: every folder that gains a name is synced, parents first. A folder
// that is there already is taken to be durable, so goroutines that make folders in one tree at once must take turns.
func MkdirAllSync(fsys FS, dir string) error {
	dir = filepath.Clean(dir)
	var missing []string // innermost first
	for d := dir; ; d = filepath.Dir(d) {
		info, err := fsys.Stat(d)
		if err == nil {
			if !info.IsDir() {
				return &fs.PathError{Op: "mkdir", Path: d, Err: syscall.ENOTDIR}
			}
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		missing = append(missing, d)
		if filepath.Dir(d) == d {
			break
		}
	}
	if err := fsys.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := fsys.SyncDir(filepath.Dir(missing[i])); err != nil {
			return err
		}
	}
	return nil
}

// Coded gives errs.StorageUnavailable to an error that says the disk itself cannot serve now (full, over quota, I/O error,
// read-only, out of handles), with the reason in its text. Any other error is returned as it is. err already names the path.
func Coded(err error) error {
	for _, c := range [...]struct {
		errno syscall.Errno
		why   string
	}{
		{syscall.ENOSPC, "disk full"},
		{syscall.EDQUOT, "disk quota used up"},
		{syscall.EIO, "disk I/O error"},
		{syscall.EROFS, "file system is read-only"},
		{syscall.EMFILE, "too many open files"},
		{syscall.ENFILE, "too many open files on this machine"},
	} {
		if errors.Is(err, c.errno) {
			return errs.Wrap(errs.StorageUnavailable, err, "%s", c.why)
		}
	}
	return err
}
