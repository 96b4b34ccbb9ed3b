// Package local is an object store in a folder.
//
// The object "a/b" is the file a/b. It is written to a file in the folder .tmp, synced, given its name in one step (rename, or
// link where it must not replace), and then the folders that gained a name are synced. So a crash leaves an object whole or
// leaves none, and what an interrupted write left in .tmp is removed by the next Open. Files and folders whose names start
// with a dot, here or deeper, are not objects.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// tmpDir holds files on their way to a name. One folder for all keys, so that Open finds leftovers without a walk.
const tmpDir = ".tmp"

// Options configure a Store. The zero value is usable.
type Options struct {
	// FS is the file system. Nil: that of the operating system.
	FS vfs.FS
	// ReadOnly opens a folder that another process may be writing: nothing is made or cleaned, and changes are refused.
	ReadOnly bool
}

// Store is the store. At most one writing Store may be open on a folder; that is for the lock of the data directory to see to.
type Store struct {
	fs       vfs.FS
	root     string
	readOnly bool
	tmpSeq   atomic.Uint64
	dirs     dirs
}

var _ objectstore.Store = (*Store)(nil)

// Open opens the store in a folder, makes the folder if it is missing, and removes what interrupted writes left.
func Open(root string, opts Options) (*Store, error) {
	s := &Store{fs: opts.FS, root: root, readOnly: opts.ReadOnly}
	if s.fs == nil {
		s.fs = vfs.OS()
	}
	s.dirs.fs, s.dirs.root = s.fs, root
	s.dirs.mu.durable = map[string]struct{}{}
	if s.readOnly {
		if _, err := s.fs.Stat(root); err != nil {
			return nil, fmt.Errorf("open object store: %w", vfs.Coded(err))
		}
		return s, nil
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("open object store: %w", vfs.Coded(err))
	}
	return s, nil
}

func (s *Store) prepare() error {
	tmp := filepath.Join(s.root, tmpDir)
	if err := vfs.MkdirAllSync(s.fs, tmp); err != nil {
		return err
	}
	left, err := s.fs.ReadDir(tmp)
	if err != nil {
		return err
	}
	for _, e := range left {
		if err := s.fs.Remove(filepath.Join(tmp, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) path(key string) string { return filepath.Join(s.root, filepath.FromSlash(key)) }

// check is the first thing every call does.
func (s *Store) check(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return objectstore.ValidKey(key)
}

func (s *Store) checkWrite(ctx context.Context, key string) error {
	if s.readOnly {
		return errs.New(errs.Unsupported, "object store %s is open for reading only", s.root)
	}
	return s.check(ctx, key)
}

// clear puts err in words of the contract.
func clear(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return objectstore.ErrNotFound
	}
	return vfs.Coded(err)
}

// open opens the file of an object; a folder is no object.
func (s *Store) open(ctx context.Context, key string) (f vfs.File, size int64, err error) {
	if err := s.check(ctx, key); err != nil {
		return nil, 0, err
	}
	name := s.path(key)
	info, err := s.fs.Stat(name)
	if err != nil {
		return nil, 0, clear(err)
	}
	if info.IsDir() {
		return nil, 0, objectstore.ErrNotFound
	}
	if f, err = vfs.Open(s.fs, name); err != nil {
		return nil, 0, clear(err)
	}
	// The size is asked of the handle: the name may have been given to another file since.
	if size, err = f.Size(); err != nil {
		f.Close()
		return nil, 0, clear(err)
	}
	return f, size, nil
}

// Get implements objectstore.Store.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	b, err := s.readRange(ctx, key, 0, -1)
	return b, objectstore.Fail(objectstore.OpGet, key, err)
}

// GetRange implements objectstore.Store.
func (s *Store) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	if off < 0 || n < 0 {
		err := errs.New(errs.InvalidArguments, "range of %d bytes at %d is negative", n, off)
		return nil, objectstore.Fail(objectstore.OpGetRange, key, err)
	}
	b, err := s.readRange(ctx, key, off, n)
	return b, objectstore.Fail(objectstore.OpGetRange, key, err)
}

// readRange reads n bytes, or all if n is negative.
func (s *Store) readRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	f, size, err := s.open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	left := max(size-off, 0)
	if n < 0 || n > left {
		n = left
	}
	b := make([]byte, n)
	if n == 0 {
		return b, nil
	}
	if got, err := f.ReadAt(b, off); int64(got) < n {
		return nil, shortRead(f.Name(), off, n, got, err)
	}
	return b, nil
}

// shortRead is the error of a file that became shorter than it was when it was opened, or of a disk that fails.
func shortRead(name string, off, want int64, got int, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return errs.New(errs.Unexpected, "%s: file shrank: %d of %d bytes at %d", name, got, want, off)
	}
	return vfs.Coded(err)
}

// Open implements objectstore.Store. The reader holds the file open, so a read is one pread, and it outlives Delete.
func (s *Store) Open(ctx context.Context, key string) (objectstore.Reader, error) {
	f, size, err := s.open(ctx, key)
	if err != nil {
		return nil, objectstore.Fail(objectstore.OpOpen, key, err)
	}
	return &reader{f: f, key: key, size: size}, nil
}

type reader struct {
	f    vfs.File
	key  string
	size int64
}

func (r *reader) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, objectstore.Fail(objectstore.OpRead, r.key, err)
	}
	if off < 0 {
		return 0, objectstore.Fail(objectstore.OpRead, r.key, errs.New(errs.InvalidArguments, "offset %d is negative", off))
	}
	want := min(int64(len(p)), max(r.size-off, 0))
	if want > 0 {
		if n, err := r.f.ReadAt(p[:want], off); int64(n) < want {
			return n, objectstore.Fail(objectstore.OpRead, r.key, shortRead(r.f.Name(), off, want, n, err))
		}
	}
	if want < int64(len(p)) {
		return int(want), io.EOF
	}
	return int(want), nil
}

func (r *reader) Size() int64  { return r.size }
func (r *reader) Close() error { return r.f.Close() }

// Stat implements objectstore.Store.
func (s *Store) Stat(ctx context.Context, key string) (objectstore.Info, error) {
	if err := s.check(ctx, key); err != nil {
		return objectstore.Info{}, objectstore.Fail(objectstore.OpStat, key, err)
	}
	info, err := s.fs.Stat(s.path(key))
	if err == nil && info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return objectstore.Info{}, objectstore.Fail(objectstore.OpStat, key, clear(err))
	}
	return objectstore.Info{Key: key, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// Delete implements objectstore.Store. Folders that become empty go too.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := s.checkWrite(ctx, key); err != nil {
			return objectstore.Fail(objectstore.OpDelete, key, err)
		}
	}
	var failed []error
	for _, key := range keys {
		if err := s.delete(ctx, key); err != nil {
			failed = append(failed, objectstore.Fail(objectstore.OpDelete, key, err))
		}
	}
	return errors.Join(failed...)
}

func (s *Store) delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A folder is no object. Remove would take an empty one, which may just be about to get its first file.
	if info, err := s.fs.Stat(s.path(key)); err == nil && info.IsDir() {
		return nil
	}
	err := clear(s.fs.Remove(s.path(key)))
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return err
	}
	s.dirs.prune(path.Dir(key))
	return nil
}

// dirs makes and removes the folders of keys. It knows which are durable: a folder that is there need not be, neither when
// another goroutine made it a moment ago nor when a process died before it synced the parent.
type dirs struct {
	fs   vfs.FS
	root string
	mu   struct {
		sync.Mutex
		durable map[string]struct{} // by slash path, without the root
	}
}

// make makes the folder of a slash path, durably.
func (d *dirs) make(dir string) error {
	if dir == "." {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.makeLocked(dir)
}

func (d *dirs) makeLocked(dir string) error {
	if _, ok := d.mu.durable[dir]; ok {
		return nil
	}
	parent := path.Dir(dir)
	if parent != "." {
		if err := d.makeLocked(parent); err != nil {
			return err
		}
	}
	name := filepath.Join(d.root, filepath.FromSlash(dir))
	if err := d.fs.MkdirAll(name, 0o755); err != nil {
		return err
	}
	if err := d.fs.SyncDir(filepath.Dir(name)); err != nil {
		return err
	}
	d.mu.durable[dir] = struct{}{}
	return nil
}

// prune removes the folder of a slash path and its parents as far as they are empty. Failing is fine: it is only tidiness.
func (d *dirs) prune(dir string) {
	for ; dir != "."; dir = path.Dir(dir) {
		if !d.pruneOne(dir) {
			return
		}
	}
}

func (d *dirs) pruneOne(dir string) bool {
	name := filepath.Join(d.root, filepath.FromSlash(dir))
	d.mu.Lock()
	defer d.mu.Unlock()
	// Looking first is cheaper than a removal that fails, and some file systems log those.
	entries, err := d.fs.ReadDir(name)
	if err != nil || len(entries) > 0 {
		return errors.Is(err, fs.ErrNotExist)
	}
	if d.fs.Remove(name) != nil {
		return false
	}
	delete(d.mu.durable, dir)
	return true
}

// forget drops what is known of a folder that turned out to be gone.
func (d *dirs) forget(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for known := range d.mu.durable {
		if known == dir || strings.HasPrefix(known, dir+"/") || strings.HasPrefix(dir, known+"/") {
			delete(d.mu.durable, known)
		}
	}
}

const newFile = os.O_RDWR | os.O_CREATE | os.O_EXCL
