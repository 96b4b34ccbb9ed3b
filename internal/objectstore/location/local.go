package location

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// localPlace is the root of local paths. Every call goes through the root's handle, which follows no link out of it.
type localPlace struct {
	root *os.Root
	text string // of the location, for errors
}

func (p *localPlace) close() { _ = p.root.Close() }

// fault gives an error of the file system a code: what the statement named wrong is the statement's fault. Which call failed is left out:
// the name and the reason say all.
func (p *localPlace) fault(name string, err error) error {
	if of := (*fs.PathError)(nil); errors.As(err, &of) {
		err = of.Err
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return errs.Wrap(errs.InvalidArguments, fs.ErrNotExist, "file %s below storage.copy_root", name)
	case strings.Contains(err.Error(), "escapes"):
		return errs.Wrap(errs.InvalidArguments, err, "Local filesystem path '%s' is outside the configured copy root or is unsafe: %s", p.text, name)
	}
	return errs.Wrap(errs.StorageUnavailable, err, "local file %s", name)
}

func (p *localPlace) stat(_ context.Context, name string) (Entry, error) {
	i, err := p.root.Stat(name)
	if err != nil {
		return Entry{}, p.fault(name, err)
	}
	if i.IsDir() {
		return Entry{}, p.fault(name, fs.ErrNotExist)
	}
	if !i.Mode().IsRegular() {
		return Entry{}, errs.New(errs.InvalidArguments, "Local filesystem path '%s' is outside the configured copy root or is unsafe: not a regular file", p.text)
	}
	return Entry{Path: name, Size: i.Size()}, nil
}

// list walks a directory; links and other special files in it are passed over.
func (p *localPlace) list(ctx context.Context, dir string, found func(Entry) error) error {
	start := strings.TrimSuffix(dir, "/")
	if start == "" {
		start = "."
	}
	return fs.WalkDir(p.root.FS(), start, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return p.fault(name, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.IsDir() {
			if name != start && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		i, err := d.Info()
		if err != nil {
			return p.fault(name, err)
		}
		return found(Entry{Path: name, Size: i.Size()})
	})
}

func (p *localPlace) open(ctx context.Context, name string) (File, error) {
	if _, err := p.stat(ctx, name); err != nil { // a pipe would hang the open
		return nil, err
	}
	f, err := p.root.Open(name)
	if err != nil {
		return nil, p.fault(name, err)
	}
	i, err := f.Stat()
	if err == nil && !i.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		_ = f.Close()
		return nil, p.fault(name, err)
	}
	return &localFile{File: f, ctx: ctx, size: i.Size()}, nil
}

type localFile struct {
	*os.File
	ctx  context.Context // ends reads
	size int64
}

func (f *localFile) Size() int64 { return f.size }

func (f *localFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

// create writes beside the file under a hidden name, and renames when all is on disk.
func (p *localPlace) create(ctx context.Context, name string) (objectstore.Writer, error) {
	if name == "" || strings.HasSuffix(name, "/") {
		return nil, errs.New(errs.InvalidArguments, "'%s' is a directory; name a file", p.text)
	}
	if i, err := p.root.Stat(name); err == nil && !i.Mode().IsRegular() {
		return nil, errs.New(errs.InvalidArguments, "'%s' is there and is not a regular file", p.text)
	}
	dir := path.Dir(name)
	if err := p.root.MkdirAll(dir, 0o755); err != nil {
		return nil, p.fault(dir, err)
	}
	w := &localWriter{p: p, ctx: ctx, name: name, tmp: path.Join(dir, ".copy-"+rand.Text())}
	var err error
	if w.f, err = p.root.OpenFile(w.tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644); err != nil {
		return nil, p.fault(name, err)
	}
	return w, nil
}

type localWriter struct {
	p         *localPlace
	ctx       context.Context // ends writes
	f         *os.File
	name, tmp string
	done      bool
}

func (w *localWriter) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.f.Write(b)
	return n, w.p.fault(w.name, err)
}

func (w *localWriter) Commit() error {
	err := w.ctx.Err()
	if err == nil {
		err = w.f.Sync()
	}
	if e := w.f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = w.p.root.Rename(w.tmp, w.name)
	}
	if err != nil {
		_ = w.p.root.Remove(w.tmp)
		w.done = true
		return w.p.fault(w.name, err)
	}
	w.done = true
	d, err := w.p.root.Open(path.Dir(w.name))
	if err != nil {
		return w.p.fault(w.name, err)
	}
	return w.p.fault(w.name, errors.Join(d.Sync(), d.Close()))
}

func (w *localWriter) Abort() {
	if !w.done {
		w.done = true
		_ = w.f.Close()
		_ = w.p.root.Remove(w.tmp)
	}
}
