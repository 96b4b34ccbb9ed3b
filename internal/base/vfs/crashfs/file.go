package crashfs

import (
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
)

const osCreate = os.O_RDWR | os.O_CREATE

// OpenFile implements vfs.FS.
func (f *FS) OpenFile(name string, flag int, _ fs.FileMode) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.upLocked("open", name); err != nil {
		return nil, err
	}
	d, base, err := f.parentLocked("open", name)
	if err != nil {
		return nil, err
	}
	n := d.names[base]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case n == nil:
		if err := f.stepLocked(OpCreate, clean(name)); err != nil {
			return nil, err
		}
		n = &node{modTime: f.mu.now}
		f.applyLocked(change{{d, base, n}})
	case flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case n.isDir():
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
	case flag&os.O_TRUNC != 0 && len(n.data) > 0:
		if err := f.stepLocked(OpTruncate, clean(name)); err != nil {
			return nil, err
		}
		n.change(write{truncate: true}, f.mu.now)
	}
	return &file{fs: f, node: n, name: name, flag: flag}, nil
}

// change applies w to what programs see and remembers that it is not durable.
func (n *node) change(w write, now time.Time) {
	n.data = w.apply(n.data)
	n.writes = append(n.writes, w)
	n.modTime = now
}

func (w write) apply(data []byte) []byte {
	end := w.off + int64(len(w.data))
	switch {
	case w.truncate && w.off <= int64(len(data)):
		return data[:w.off:w.off]
	case end > int64(len(data)):
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[w.off:], w.data)
	return data
}

type file struct {
	fs   *FS
	node *node
	name string
	flag int

	pos    int64 // guarded by fs.mu
	closed bool  // guarded by fs.mu
}

func (f *file) Name() string { return f.name }

func (f *file) readyLocked(op string) error {
	if f.closed {
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrClosed}
	}
	return f.fs.upLocked(op, f.name)
}

func (f *file) Read(b []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	n, err := f.readLocked(b, f.pos)
	f.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.readLocked(b, off)
}

func (f *file) readLocked(b []byte, off int64) (int, error) {
	if err := f.readyLocked("read"); err != nil {
		return 0, err
	}
	if off < 0 || f.flag&os.O_WRONLY != 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
	}
	if len(b) == 0 {
		return 0, nil
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Write(b []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.flag&os.O_APPEND != 0 {
		f.pos = int64(len(f.node.data))
	}
	n, err := f.writeLocked(b, f.pos)
	f.pos += int64(n)
	return n, err
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.writeLocked(b, off)
}

func (f *file) writeLocked(b []byte, off int64) (int, error) {
	if err := f.writableLocked("write"); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: fs.ErrInvalid}
	}
	// The interrupted write is pending, so that after a cut in its middle a part of it may be on the disk.
	w := write{off: off, data: append([]byte(nil), b...)}
	if err := f.fs.stepLocked(OpWrite, clean(f.name)); err != nil {
		if f.fs.mu.cut {
			f.node.writes = append(f.node.writes, w)
		}
		return 0, err
	}
	f.node.change(w, f.fs.mu.now)
	return len(b), nil
}

func (f *file) writableLocked(op string) error {
	if err := f.readyLocked(op); err != nil {
		return err
	}
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrPermission}
	}
	return nil
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.writableLocked("truncate"); err != nil {
		return err
	}
	if size < 0 {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: fs.ErrInvalid}
	}
	if err := f.fs.stepLocked(OpTruncate, clean(f.name)); err != nil {
		return err
	}
	f.node.change(write{off: size, truncate: true}, f.fs.mu.now)
	return nil
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.readyLocked("sync"); err != nil {
		return err
	}
	if err := f.fs.stepLocked(OpSync, clean(f.name)); err != nil {
		return err
	}
	n := f.node
	for _, w := range n.writes {
		n.durable = w.apply(n.durable)
	}
	n.writes = nil
	return nil
}

func (f *file) SyncData() error { return f.Sync() }

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.readyLocked("stat"); err != nil {
		return 0, err
	}
	return int64(len(f.node.data)), nil
}

func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	return nil
}

// info describes the node as it is now; it does not change later.
func (n *node) info(name string) fs.FileInfo {
	return info{name: name, size: int64(len(n.data)), dir: n.isDir(), modTime: n.modTime}
}

type info struct {
	name    string
	size    int64
	dir     bool
	modTime time.Time
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.modTime }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
