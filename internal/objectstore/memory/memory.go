// Package memory is an object store for tests: it keeps everything in memory and nothing after Close of the process.
package memory

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Options configure a Store. The zero value is usable.
type Options struct {
	// Now gives modification times. Nil: time.Now.
	Now func() time.Time
}

// Store is the store.
type Store struct {
	now func() time.Time
	mu  struct {
		sync.RWMutex
		keys    []string // sorted
		objects map[string]object
	}
}

// object is replaced as a whole; its bytes never change.
type object struct {
	data    []byte
	modTime time.Time
}

var _ objectstore.Store = (*Store)(nil)

// New gives an empty store.
func New(opts Options) *Store {
	s := &Store{now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	s.mu.objects = map[string]object{}
	return s
}

func (s *Store) find(ctx context.Context, key string) (object, error) {
	if err := check(ctx, key); err != nil {
		return object{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.mu.objects[key]
	if !ok {
		return object{}, objectstore.ErrNotFound
	}
	return o, nil
}

func check(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return objectstore.ValidKey(key)
}

// Get implements objectstore.Store.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	o, err := s.find(ctx, key)
	if err != nil {
		return nil, objectstore.Fail(objectstore.OpGet, key, err)
	}
	return append([]byte{}, o.data...), nil
}

// GetRange implements objectstore.Store.
func (s *Store) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	if off < 0 || n < 0 {
		err := errs.New(errs.InvalidArguments, "range of %d bytes at %d is negative", n, off)
		return nil, objectstore.Fail(objectstore.OpGetRange, key, err)
	}
	o, err := s.find(ctx, key)
	if err != nil {
		return nil, objectstore.Fail(objectstore.OpGetRange, key, err)
	}
	size := int64(len(o.data))
	off = min(off, size)
	return append([]byte{}, o.data[off:off+min(n, size-off)]...), nil
}

// Open implements objectstore.Store.
func (s *Store) Open(ctx context.Context, key string) (objectstore.Reader, error) {
	o, err := s.find(ctx, key)
	if err != nil {
		return nil, objectstore.Fail(objectstore.OpOpen, key, err)
	}
	return &reader{key: key, data: o.data}, nil
}

// Put implements objectstore.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	return objectstore.Fail(objectstore.OpPut, key, s.put(ctx, key, append([]byte{}, data...), false))
}

// PutIfAbsent implements objectstore.Store.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	return objectstore.Fail(objectstore.OpPutIfAbsent, key, s.put(ctx, key, append([]byte{}, data...), true))
}

// put keeps data.
func (s *Store) put(ctx context.Context, key string, data []byte, ifAbsent bool) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.mu.objects[key]; taken {
		if ifAbsent {
			return objectstore.ErrExists
		}
	} else {
		if err := s.freeLocked(key); err != nil {
			return err
		}
		i, _ := slices.BinarySearch(s.mu.keys, key)
		s.mu.keys = slices.Insert(s.mu.keys, i, key)
	}
	s.mu.objects[key] = object{data: data, modTime: s.now()}
	return nil
}

// freeLocked says whether a new key would be a folder of another, or another a folder of it.
func (s *Store) freeLocked(key string) error {
	for i, c := range key {
		if c != '/' {
			continue
		}
		if _, taken := s.mu.objects[key[:i]]; taken {
			return errs.New(errs.InvalidArguments, "%q is an object, not a folder", key[:i])
		}
	}
	i, _ := slices.BinarySearch(s.mu.keys, key+"/")
	if i < len(s.mu.keys) && strings.HasPrefix(s.mu.keys[i], key+"/") {
		return errs.New(errs.InvalidArguments, "%q is a folder, not an object", key)
	}
	return nil
}

// Create implements objectstore.Store.
func (s *Store) Create(ctx context.Context, key string) (objectstore.Writer, error) {
	if err := check(ctx, key); err != nil {
		return nil, objectstore.Fail(objectstore.OpCreate, key, err)
	}
	return &writer{s: s, ctx: ctx, key: key}, nil
}

// Stat implements objectstore.Store.
func (s *Store) Stat(ctx context.Context, key string) (objectstore.Info, error) {
	o, err := s.find(ctx, key)
	if err != nil {
		return objectstore.Info{}, objectstore.Fail(objectstore.OpStat, key, err)
	}
	return o.info(key), nil
}

func (o object) info(key string) objectstore.Info {
	return objectstore.Info{Key: key, Size: int64(len(o.data)), ModTime: o.modTime}
}

// List implements objectstore.Store.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, error) {
	limit, err := objectstore.CheckList(ctx, prefix, limit)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, _ := slices.BinarySearch(s.mu.keys, max(prefix, after))
	var out []objectstore.Info
	for ; i < len(s.mu.keys) && len(out) < limit && strings.HasPrefix(s.mu.keys[i], prefix); i++ {
		if key := s.mu.keys[i]; key > after {
			out = append(out, s.mu.objects[key].info(key))
		}
	}
	return out, nil
}

// Delete implements objectstore.Store.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := check(ctx, key); err != nil {
			return objectstore.Fail(objectstore.OpDelete, key, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if _, ok := s.mu.objects[key]; ok {
			delete(s.mu.objects, key)
			i, _ := slices.BinarySearch(s.mu.keys, key)
			s.mu.keys = slices.Delete(s.mu.keys, i, i+1)
		}
	}
	return nil
}

type reader struct {
	key  string
	data []byte
}

func (r *reader) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, objectstore.Fail(objectstore.OpRead, r.key, err)
	}
	if off < 0 {
		return 0, objectstore.Fail(objectstore.OpRead, r.key, errs.New(errs.InvalidArguments, "offset %d is negative", off))
	}
	n := copy(p, r.data[min(off, int64(len(r.data))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (r *reader) Size() int64  { return int64(len(r.data)) }
func (r *reader) Close() error { return nil }

type writer struct {
	s    *Store
	ctx  context.Context // of Create, which covers the writer's life
	key  string
	data []byte
	done bool
}

func (w *writer) Write(p []byte) (int, error) {
	if w.done {
		return 0, objectstore.Fail(objectstore.OpWrite, w.key, objectstore.ErrDone)
	}
	if err := w.ctx.Err(); err != nil {
		return 0, objectstore.Fail(objectstore.OpWrite, w.key, err)
	}
	w.data = append(w.data, p...)
	return len(p), nil
}

func (w *writer) Commit() error {
	if w.done {
		return objectstore.Fail(objectstore.OpCommit, w.key, objectstore.ErrDone)
	}
	w.done = true
	return objectstore.Fail(objectstore.OpCommit, w.key, w.s.put(w.ctx, w.key, w.data, false))
}

func (w *writer) Abort() { w.done, w.data = true, nil }
