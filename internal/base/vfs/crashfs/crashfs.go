// Package crashfs is a file system in memory that can lose power, for tests of durability.
//
// It keeps two states: what programs see, and what the disk would hold after a power cut. File.Sync moves a file's bytes from
// the first to the second, SyncDir a folder's names; nothing else does (see package vfs). Reboot gives a new file system that
// holds the second state: in the worst case only that, or, with a source of chance, any mix of what was not synced: some
// sectors of some writes, some names.
//
// Every call that changes something is a numbered step. CutAt pulls the plug before a given step, Hook can make one fail.
// EachCut runs a piece of work once for each of its steps, cutting the power there:
//
//	crashfs.EachCut(work, func(n int, disk *crashfs.FS, acked []int) { reopen(disk); compare(acked) })
package crashfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
)

// ErrPowerCut is what every call returns once the power is gone.
var ErrPowerCut = errors.New("power cut")

// Op names a kind of step.
type Op string

// The kinds of steps. Opening is one only where it makes a file (OpCreate) or empties it (OpTruncate).
const (
	OpCreate   Op = "create"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpSync     Op = "sync"
	OpSyncDir  Op = "syncdir"
	OpRename   Op = "rename"
	OpLink     Op = "link"
	OpRemove   Op = "remove"
	OpMkdir    Op = "mkdir"
)

// Step is one change that is about to happen.
type Step struct {
	N    int // counted from 1
	Op   Op
	Name string // cleaned path; the old one of a rename or link
}

// FS is the file system. It implements vfs.FS.
type FS struct {
	mu struct {
		sync.Mutex
		root    *node
		pending []change // changes of names that are not durable yet, oldest first
		locks   map[string]bool
		hook    func(Step) error
		steps   int
		cutAt   int // 0: never
		cut     bool
		now     time.Time
	}
}

var _ vfs.FS = (*FS)(nil)

// node is a file or a folder. Its fields are guarded by FS.mu.
type node struct {
	names, durableNames map[string]*node // folders only
	data, durable       []byte           // files only
	writes              []write          // files only: since the last sync, oldest first
	modTime             time.Time
}

// write is one change of a file's bytes that is not durable yet.
type write struct {
	off      int64
	data     []byte
	truncate bool // set the length to off
}

// change is one atomic change of one or two names.
type change []entry

type entry struct {
	dir  *node
	name string
	to   *node // nil: the name goes away
}

// New gives an empty file system. The folder "/" exists; relative names count from there.
func New() *FS {
	f := &FS{}
	f.mu.root = newDir()
	f.mu.locks = map[string]bool{}
	f.mu.now = time.Unix(1_700_000_000, 0)
	return f
}

func newDir() *node {
	return &node{names: map[string]*node{}, durableNames: map[string]*node{}}
}

func (n *node) isDir() bool { return n.names != nil }

// CutAt pulls the plug right before step n; zero means never. A write or sync under way at that moment counts as not done,
// though Reboot by chance may keep any part of it.
func (f *FS) CutAt(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.cutAt = n
}

// Cut pulls the plug now.
func (f *FS) Cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.cut = true
}

// Steps is the number of steps so far.
func (f *FS) Steps() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.steps
}

// Hook has h called before each step; an error from it makes the step fail, unchanged. h must not call the FS. Nil removes it.
func (f *FS) Hook(h func(Step) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.hook = h
}

// stepLocked counts a step and says whether it may happen.
func (f *FS) stepLocked(op Op, name string) error {
	if err := f.upLocked(string(op), name); err != nil {
		return err
	}
	f.mu.steps++
	f.mu.now = f.mu.now.Add(time.Millisecond)
	if f.mu.cutAt > 0 && f.mu.steps >= f.mu.cutAt {
		f.mu.cut = true
		return f.upLocked(string(op), name)
	}
	if f.mu.hook != nil {
		if err := f.mu.hook(Step{N: f.mu.steps, Op: op, Name: name}); err != nil {
			return &fs.PathError{Op: string(op), Path: name, Err: err}
		}
	}
	return nil
}

func (f *FS) upLocked(op, name string) error {
	if f.mu.cut {
		return &fs.PathError{Op: op, Path: name, Err: ErrPowerCut}
	}
	return nil
}

func clean(name string) string { return path.Clean("/" + filepath.ToSlash(name)) }

// walkLocked finds a node, nil if there is none.
func (f *FS) walkLocked(name string) *node {
	n := f.mu.root
	for _, part := range strings.Split(clean(name), "/") {
		if part == "" {
			continue
		}
		if !n.isDir() {
			return nil
		}
		if n = n.names[part]; n == nil {
			return nil
		}
	}
	return n
}

// parentLocked finds the folder that holds, or would hold, name.
func (f *FS) parentLocked(op, name string) (*node, string, error) {
	dir, base := path.Split(clean(name))
	d := f.walkLocked(dir)
	switch {
	case base == "":
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	case d == nil:
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	case !d.isDir():
		return nil, "", &fs.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
	}
	return d, base, nil
}

// applyLocked changes names as programs see them and remembers that this is not durable.
func (f *FS) applyLocked(c change) {
	for _, e := range c {
		set(e.dir.names, e)
		e.dir.modTime = f.mu.now
	}
	f.mu.pending = append(f.mu.pending, c)
}

func set(names map[string]*node, e entry) {
	if e.to == nil {
		delete(names, e.name)
	} else {
		names[e.name] = e.to
	}
}

// Rename implements vfs.FS.
func (f *FS) Rename(oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, fromBase, err := f.parentLocked("rename", oldname)
	if err != nil {
		return err
	}
	to, toBase, err := f.parentLocked("rename", newname)
	if err != nil {
		return err
	}
	n := from.names[fromBase]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: oldname, Err: fs.ErrNotExist}
	}
	if old := to.names[toBase]; old != nil && (old.isDir() || n.isDir()) {
		return &fs.PathError{Op: "rename", Path: newname, Err: fs.ErrExist}
	}
	if n.isDir() && strings.HasPrefix(clean(newname)+"/", clean(oldname)+"/") {
		return &fs.PathError{Op: "rename", Path: newname, Err: fs.ErrInvalid}
	}
	if err := f.stepLocked(OpRename, clean(oldname)); err != nil {
		return err
	}
	if clean(oldname) != clean(newname) {
		f.applyLocked(change{{from, fromBase, nil}, {to, toBase, n}})
	}
	return nil
}

// Link implements vfs.FS.
func (f *FS) Link(oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.walkLocked(oldname)
	if n == nil || n.isDir() {
		return &fs.PathError{Op: "link", Path: oldname, Err: fs.ErrNotExist}
	}
	to, toBase, err := f.parentLocked("link", newname)
	if err != nil {
		return err
	}
	if to.names[toBase] != nil {
		return &fs.PathError{Op: "link", Path: newname, Err: fs.ErrExist}
	}
	if err := f.stepLocked(OpLink, clean(oldname)); err != nil {
		return err
	}
	f.applyLocked(change{{to, toBase, n}})
	return nil
}

// Remove implements vfs.FS.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, base, err := f.parentLocked("remove", name)
	if err != nil {
		return err
	}
	n := d.names[base]
	if n == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	if len(n.names) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOTEMPTY}
	}
	if err := f.stepLocked(OpRemove, clean(name)); err != nil {
		return err
	}
	f.applyLocked(change{{d, base, nil}})
	return nil
}

// MkdirAll implements vfs.FS.
func (f *FS) MkdirAll(dir string, _ fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.upLocked("mkdir", dir); err != nil {
		return err
	}
	n, at := f.mu.root, ""
	for _, part := range strings.Split(clean(dir), "/") {
		if part == "" {
			continue
		}
		at += "/" + part
		next := n.names[part]
		if next == nil {
			if err := f.stepLocked(OpMkdir, at); err != nil {
				return err
			}
			next = newDir()
			next.modTime = f.mu.now
			f.applyLocked(change{{n, part, next}})
		}
		if !next.isDir() {
			return &fs.PathError{Op: "mkdir", Path: at, Err: syscall.ENOTDIR}
		}
		n = next
	}
	return nil
}

// ReadDir implements vfs.FS.
func (f *FS) ReadDir(dir string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.upLocked("readdir", dir); err != nil {
		return nil, err
	}
	d := f.walkLocked(dir)
	if d == nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrNotExist}
	}
	if !d.isDir() {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: syscall.ENOTDIR}
	}
	out := make([]fs.DirEntry, 0, len(d.names))
	for name, n := range d.names {
		out = append(out, fs.FileInfoToDirEntry(n.info(name)))
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// Stat implements vfs.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.upLocked("stat", name); err != nil {
		return nil, err
	}
	n := f.walkLocked(name)
	if n == nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return n.info(path.Base(clean(name))), nil
}

// SyncDir implements vfs.FS.
func (f *FS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.walkLocked(dir)
	if d == nil || !d.isDir() {
		return &fs.PathError{Op: "syncdir", Path: dir, Err: fs.ErrNotExist}
	}
	if err := f.stepLocked(OpSyncDir, clean(dir)); err != nil {
		return err
	}
	f.syncDirLocked(d)
	return nil
}

// Lock implements vfs.FS.
func (f *FS) Lock(name string) (io.Closer, error) {
	file, err := vfs.FS(f).OpenFile(name, osCreate, 0o644)
	if err != nil {
		return nil, err
	}
	file.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.locks[clean(name)] {
		return nil, &fs.PathError{Op: "lock", Path: name, Err: vfs.ErrLocked}
	}
	f.mu.locks[clean(name)] = true
	return &unlock{fs: f, name: clean(name)}, nil
}

type unlock struct {
	fs   *FS
	name string
	once sync.Once
}

func (u *unlock) Close() error {
	u.once.Do(func() {
		u.fs.mu.Lock()
		defer u.fs.mu.Unlock()
		delete(u.fs.mu.locks, u.name)
	})
	return nil
}

// String prints the tree as programs see it, a line a file, with sizes; "*" marks bytes or names that are not durable.
func (f *FS) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	printTree(&b, "", f.mu.root)
	return b.String()
}

func printTree(b *strings.Builder, at string, n *node) {
	names := make([]string, 0, len(n.names))
	for name := range n.names {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c, mark := n.names[name], ""
		if n.durableNames[name] != c {
			mark = " *name"
		}
		if len(c.writes) > 0 {
			mark += " *bytes"
		}
		if c.isDir() {
			fmt.Fprintf(b, "%s/%s/%s\n", at, name, mark)
			printTree(b, at+"/"+name, c)
		} else {
			fmt.Fprintf(b, "%s/%s %d%s\n", at, name, len(c.data), mark)
		}
	}
}
