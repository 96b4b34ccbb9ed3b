package local

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// List implements objectstore.Store. It reads the folders on the way to the page and those in it, no others.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, error) {
	limit, err := objectstore.CheckList(ctx, prefix, limit)
	if err != nil {
		return nil, err
	}
	l := lister{s: s, ctx: ctx, prefix: prefix, after: after, limit: limit}
	dir := path.Dir(prefix + "x") // the deepest folder that all keys are in; "." for the root
	if dir == "." {
		dir = ""
	}
	if err := l.dir(dir); err != nil {
		return nil, objectstore.Fail(objectstore.OpList, prefix, clear(err))
	}
	return l.out, nil
}

type lister struct {
	s             *Store
	ctx           context.Context // of the one List that the lister serves
	prefix, after string
	limit         int
	out           []objectstore.Info
}

func (l *lister) full() bool { return len(l.out) >= l.limit }

// dir lists a folder given as slash path, "" for the root.
func (l *lister) dir(dir string) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	entries, err := l.s.fs.ReadDir(filepath.Join(l.s.root, filepath.FromSlash(dir)))
	if err != nil {
		// Gone meanwhile, or an object where the prefix wants a folder: nothing to list either way.
		if errors.Is(clear(err), objectstore.ErrNotFound) {
			return nil
		}
		return err
	}
	// Keys order by their bytes, in which a folder counts with its slash: "a-b" < "a/c", though "a" < "a-b".
	names := make([]string, 0, len(entries))
	byName := make(map[string]fs.DirEntry, len(entries))
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
		byName[name] = e
	}
	slices.Sort(names)
	for _, name := range names {
		if l.full() {
			return nil
		}
		key := name
		if dir != "" {
			key = dir + "/" + name
		}
		if err := l.entry(key, byName[name]); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) entry(key string, e fs.DirEntry) error {
	if folder, ok := strings.CutSuffix(key, "/"); ok {
		if !strings.HasPrefix(key, l.prefix) && !strings.HasPrefix(l.prefix, key) {
			return nil
		}
		if l.after > key && !strings.HasPrefix(l.after, key) {
			return nil // all its keys are before the page
		}
		return l.dir(folder)
	}
	if !strings.HasPrefix(key, l.prefix) || key <= l.after {
		return nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	l.out = append(l.out, objectstore.Info{Key: key, Size: info.Size(), ModTime: info.ModTime()})
	return nil
}
