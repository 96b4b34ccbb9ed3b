// Package fault makes an object store fail on purpose, by script, for tests.
//
//	f := fault.Wrap(memory.New(memory.Options{}))
//	f.Add(fault.Rule{Op: objectstore.OpPut, Key: "region/*/manifest/*", Skip: 2, Times: 1, Err: fault.ErrUnavailable, After: true})
//
// It acts between callers and a home. What happens inside the local home, between its writes, syncs and renames, is the
// business of package base/vfs/crashfs, on which that home can stand.
package fault

import (
	"context"
	"path"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Errors to inject.
var (
	ErrUnavailable = errs.New(errs.StorageUnavailable, "injected: store is not available") // is tried again
	ErrBroken      = errs.New(errs.Unexpected, "injected: store is broken")                // is not
)

// Rule says which operations fail and how. Zero fields match all.
type Rule struct {
	Op  objectstore.Op
	Key string // pattern of path.Match, where "*" stops at slashes; for OpDelete it matches the first key, for OpList the prefix
	// Skip is how many matching operations pass before the first that fails.
	Skip int
	// Times is how many fail. Zero: all from then on.
	Times int
	// Err is the error. Nil: ErrUnavailable.
	Err error
	// After lets the operation happen before it fails, as when the answer is lost.
	After bool
	// Short makes OpRead fail in the middle: half of the bytes are there, with the error. It implies After.
	Short bool
}

// Store is the coat.
type Store struct {
	inner objectstore.Store
	mu    struct {
		sync.Mutex
		rules []*active
		calls map[objectstore.Op]int
		hits  int
	}
}

type active struct {
	Rule
	seen int
}

var _ objectstore.Store = (*Store)(nil)

// Wrap puts the coat on a store. Without rules it only counts.
func Wrap(s objectstore.Store) *Store {
	f := &Store{inner: s}
	f.mu.calls = map[objectstore.Op]int{}
	return f
}

// Add adds a rule. The first that fails an operation decides; each counts what matches it.
func (s *Store) Add(r Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.rules = append(s.mu.rules, &active{Rule: r})
}

// Clear removes all rules.
func (s *Store) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.rules = nil
}

// Injected is how many operations failed by a rule since the last call.
func (s *Store) Injected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.mu.hits
	s.mu.hits = 0
	return n
}

// Calls is how many operations of a kind there were, failed ones too.
func (s *Store) Calls(op objectstore.Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.calls[op]
}

// decide counts an operation and gives the rule that fails it, or nil.
func (s *Store) decide(op objectstore.Op, key string) *Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.calls[op]++
	var found *Rule
	for _, a := range s.mu.rules {
		if a.Op != "" && a.Op != op {
			continue
		}
		if a.Key != "" {
			if ok, _ := path.Match(a.Key, key); !ok {
				continue
			}
		}
		a.seen++
		if found == nil && a.seen > a.Skip && (a.Times == 0 || a.seen <= a.Skip+a.Times) {
			r := a.Rule
			found = &r
			s.mu.hits++
		}
	}
	return found
}

// do does an operation, or fails it.
func (s *Store) do(op objectstore.Op, key string, act func() error) error {
	r := s.decide(op, key)
	if r == nil {
		return act()
	}
	if r.After || r.Short {
		if err := act(); err != nil {
			return err
		}
	}
	return r.fail(op, key)
}

func (r *Rule) fail(op objectstore.Op, key string) error {
	if r.Err == nil {
		return objectstore.Fail(op, key, ErrUnavailable)
	}
	return objectstore.Fail(op, key, r.Err)
}

// Get implements objectstore.Store.
func (s *Store) Get(ctx context.Context, key string) (b []byte, err error) {
	err = s.do(objectstore.OpGet, key, func() (err error) { b, err = s.inner.Get(ctx, key); return err })
	if err != nil {
		return nil, err
	}
	return b, nil
}

// GetRange implements objectstore.Store.
func (s *Store) GetRange(ctx context.Context, key string, off, n int64) (b []byte, err error) {
	err = s.do(objectstore.OpGetRange, key, func() (err error) { b, err = s.inner.GetRange(ctx, key, off, n); return err })
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Open implements objectstore.Store.
func (s *Store) Open(ctx context.Context, key string) (objectstore.Reader, error) {
	if r := s.decide(objectstore.OpOpen, key); r != nil {
		return nil, r.fail(objectstore.OpOpen, key)
	}
	r, err := s.inner.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &reader{Reader: r, s: s, key: key}, nil
}

// Put implements objectstore.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	return s.do(objectstore.OpPut, key, func() error { return s.inner.Put(ctx, key, data) })
}

// PutIfAbsent implements objectstore.Store.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	return s.do(objectstore.OpPutIfAbsent, key, func() error { return s.inner.PutIfAbsent(ctx, key, data) })
}

// Create implements objectstore.Store.
func (s *Store) Create(ctx context.Context, key string) (objectstore.Writer, error) {
	if r := s.decide(objectstore.OpCreate, key); r != nil {
		return nil, r.fail(objectstore.OpCreate, key)
	}
	w, err := s.inner.Create(ctx, key)
	if err != nil {
		return nil, err
	}
	return &writer{Writer: w, s: s, key: key}, nil
}

// Stat implements objectstore.Store.
func (s *Store) Stat(ctx context.Context, key string) (info objectstore.Info, err error) {
	err = s.do(objectstore.OpStat, key, func() (err error) { info, err = s.inner.Stat(ctx, key); return err })
	return info, err
}

// List implements objectstore.Store.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) (page []objectstore.Info, err error) {
	err = s.do(objectstore.OpList, prefix, func() (err error) { page, err = s.inner.List(ctx, prefix, after, limit); return err })
	if err != nil {
		return nil, err
	}
	return page, nil
}

// Delete implements objectstore.Store.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	return s.do(objectstore.OpDelete, keys[0], func() error { return s.inner.Delete(ctx, keys...) })
}

type reader struct {
	objectstore.Reader
	s   *Store
	key string
}

func (r *reader) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	rule := r.s.decide(objectstore.OpRead, r.key)
	switch {
	case rule == nil:
		return r.Reader.ReadRange(ctx, p, off)
	case rule.Short:
		n, err := r.Reader.ReadRange(ctx, p[:len(p)/2], off)
		if err != nil {
			return n, err
		}
		return n, rule.fail(objectstore.OpRead, r.key)
	}
	return 0, rule.fail(objectstore.OpRead, r.key)
}

type writer struct {
	objectstore.Writer
	s   *Store
	key string
}

func (w *writer) Write(p []byte) (n int, err error) {
	err = w.s.do(objectstore.OpWrite, w.key, func() (err error) { n, err = w.Writer.Write(p); return err })
	return n, err
}

func (w *writer) Commit() error {
	return w.s.do(objectstore.OpCommit, w.key, w.Writer.Commit)
}
