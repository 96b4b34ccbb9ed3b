package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"syscall"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Put implements objectstore.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	return objectstore.Fail(objectstore.OpPut, key, s.put(ctx, key, data, false))
}

// PutIfAbsent implements objectstore.Store.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	return objectstore.Fail(objectstore.OpPutIfAbsent, key, s.put(ctx, key, data, true))
}

func (s *Store) put(ctx context.Context, key string, data []byte, ifAbsent bool) error {
	w, err := s.create(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.write(data); err != nil {
		return err
	}
	return w.commit(ifAbsent)
}

// Create implements objectstore.Store.
func (s *Store) Create(ctx context.Context, key string) (objectstore.Writer, error) {
	w, err := s.create(ctx, key)
	if err != nil {
		return nil, objectstore.Fail(objectstore.OpCreate, key, err)
	}
	return w, nil
}

func (s *Store) create(ctx context.Context, key string) (*writer, error) {
	if err := s.checkWrite(ctx, key); err != nil {
		return nil, err
	}
	name := filepath.Join(s.root, tmpDir, fmt.Sprintf("%d", s.tmpSeq.Add(1)))
	f, err := s.fs.OpenFile(name, newFile, 0o644)
	if err != nil {
		return nil, vfs.Coded(err)
	}
	return &writer{s: s, ctx: ctx, key: key, f: f}, nil
}

// writer writes a file in tmpDir and gives it its name.
type writer struct {
	s   *Store
	ctx context.Context // of Create, which covers the writer's life
	key string
	f   vfs.File // nil after Commit or Abort
	err error    // the first error of a Write: the file has a hole, and Commit gives it again
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.write(p)
	return n, objectstore.Fail(objectstore.OpWrite, w.key, err)
}

func (w *writer) write(p []byte) (int, error) {
	if w.f == nil {
		return 0, objectstore.ErrDone
	}
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.f.Write(p)
	if err != nil {
		w.err = vfs.Coded(err)
	}
	return n, w.err
}

func (w *writer) Commit() error {
	return objectstore.Fail(objectstore.OpCommit, w.key, w.commit(false))
}

// commit: sync the bytes, give the name, sync the folder.
func (w *writer) commit(ifAbsent bool) error {
	if w.f == nil {
		return objectstore.ErrDone
	}
	defer w.Abort() // removes the temporary name if it is still there
	err := w.err
	if err == nil {
		err = w.ctx.Err()
	}
	if err == nil {
		err = w.f.Sync()
	}
	if err != nil {
		return vfs.Coded(err)
	}
	if ifAbsent {
		err = w.s.link(w.f.Name(), w.key)
	} else {
		err = w.s.rename(w.f.Name(), w.key)
		if err == nil {
			w.close()
		}
	}
	if err != nil && !errors.Is(err, objectstore.ErrExists) {
		return vfs.Coded(err)
	}
	// The folder is synced for the loser too: it will act on the winner's object, which must not vanish under it.
	// A folder that is gone again means that somebody deleted the object since.
	serr := w.s.fs.SyncDir(filepath.Dir(w.s.path(w.key)))
	if serr != nil && !errors.Is(serr, fs.ErrNotExist) {
		return vfs.Coded(serr)
	}
	return err
}

func (w *writer) close() {
	w.f.Close() // after Sync, or of a file that goes away: nothing can be lost
	w.f = nil
}

func (w *writer) Abort() {
	if w.f == nil {
		return
	}
	name := w.f.Name()
	w.close()
	_ = w.s.fs.Remove(name) // if it stays, the next Open removes it
}

// tries bounds how often a folder may vanish between making it and giving a name in it, because its last object was deleted.
const tries = 100

// rename gives the temporary file its name, replacing.
func (s *Store) rename(tmp, key string) error {
	return s.publish(key, func(name string) error { return s.fs.Rename(tmp, name) })
}

// link gives the temporary file its name as well, if nobody has it.
func (s *Store) link(tmp, key string) error {
	err := s.publish(key, func(name string) error { return s.fs.Link(tmp, name) })
	switch {
	case errors.Is(err, fs.ErrExist):
		if info, serr := s.fs.Stat(s.path(key)); serr == nil && info.IsDir() {
			return errs.New(errs.InvalidArguments, "%q is a folder, not an object", key)
		}
		return objectstore.ErrExists
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
		return errs.Wrap(errs.Unsupported, err, "file system of %s has no hard links, which creating only if absent needs", s.root)
	}
	return err
}

func (s *Store) publish(key string, give func(name string) error) error {
	dir := path.Dir(key)
	for try := 1; ; try++ {
		err := s.dirs.make(dir)
		if errors.Is(err, syscall.ENOTDIR) {
			return errs.New(errs.InvalidArguments, "an object has the name of a folder of %q", key)
		}
		if err == nil {
			err = give(s.path(key))
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.ENOTDIR):
			return errs.New(errs.InvalidArguments, "an object has the name of a folder of %q", key)
		case errors.Is(err, fs.ErrNotExist) && try < tries:
			s.dirs.forget(dir)
			continue
		}
		if info, serr := s.fs.Stat(s.path(key)); serr == nil && info.IsDir() {
			return errs.New(errs.InvalidArguments, "%q is a folder, not an object", key)
		}
		return err
	}
}
