// Package memory is a key-value store for tests. It keeps everything in one sorted slice under one lock.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goptimedb/goptimedb/internal/kv"
)

// Store is the store.
type Store struct {
	mu struct {
		sync.RWMutex
		pairs  []kv.Pair // sorted by key; a value is replaced, never changed
		closed bool
	}
}

var _ kv.Store = (*Store)(nil)

// New gives an empty store.
func New() *Store { return &Store{} }

// readyLocked is the first thing every call does under its lock.
func (s *Store) readyLocked(ctx context.Context) error {
	if s.mu.closed {
		return kv.ErrClosed
	}
	return ctx.Err()
}

func (s *Store) findLocked(key string) (i int, found bool) {
	return slices.BinarySearchFunc(s.mu.pairs, key, func(p kv.Pair, key string) int { return strings.Compare(p.Key, key) })
}

func (s *Store) getLocked(key string) (value []byte, found bool) {
	if i, found := s.findLocked(key); found {
		return s.mu.pairs[i].Value, true
	}
	return nil, false
}

func clone(value []byte) []byte { return append([]byte{}, value...) }

// Get implements kv.Store.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := kv.ValidKey(key); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.readyLocked(ctx); err != nil {
		return nil, fmt.Errorf("get key %q: %w", key, err)
	}
	value, found := s.getLocked(key)
	if !found {
		return nil, fmt.Errorf("get key %q: %w", key, kv.ErrNotFound)
	}
	return clone(value), nil
}

// GetRange implements kv.Store.
func (s *Store) GetRange(ctx context.Context, r kv.Range, limit int) ([]kv.Pair, bool, error) {
	if err := kv.ValidLimit(limit); err != nil {
		return nil, false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.readyLocked(ctx); err != nil {
		return nil, false, fmt.Errorf("get keys %q to %q: %w", r.Start, r.End, err)
	}
	pairs, more := s.rangeLocked(r, limit)
	return pairs, more, nil
}

func (s *Store) rangeLocked(r kv.Range, limit int) (pairs []kv.Pair, more bool) {
	i, _ := s.findLocked(r.Start)
	for ; i < len(s.mu.pairs) && r.Contains(s.mu.pairs[i].Key); i++ {
		if limit > 0 && len(pairs) == limit {
			return pairs, true
		}
		pairs = append(pairs, kv.Pair{Key: s.mu.pairs[i].Key, Value: clone(s.mu.pairs[i].Value)})
	}
	return pairs, false
}

// Put implements kv.Store.
func (s *Store) Put(ctx context.Context, key string, value []byte) error {
	if err := kv.ValidPair(key, value); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readyLocked(ctx); err != nil {
		return fmt.Errorf("put key %q: %w", key, err)
	}
	s.putLocked(key, value)
	return nil
}

func (s *Store) putLocked(key string, value []byte) {
	i, found := s.findLocked(key)
	if !found {
		s.mu.pairs = slices.Insert(s.mu.pairs, i, kv.Pair{Key: key})
	}
	s.mu.pairs[i].Value = clone(value)
}

// Delete implements kv.Store.
func (s *Store) Delete(ctx context.Context, key string) (bool, error) {
	if err := kv.ValidKey(key); err != nil {
		return false, err
	}
	n, err := s.DeleteRange(ctx, kv.Single(key))
	return n > 0, err
}

// DeleteRange implements kv.Store.
func (s *Store) DeleteRange(ctx context.Context, r kv.Range) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readyLocked(ctx); err != nil {
		return 0, fmt.Errorf("delete keys %q to %q: %w", r.Start, r.End, err)
	}
	return s.deleteLocked(r), nil
}

func (s *Store) deleteLocked(r kv.Range) int {
	from, _ := s.findLocked(r.Start)
	to := from
	for to < len(s.mu.pairs) && r.Contains(s.mu.pairs[to].Key) {
		to++
	}
	s.mu.pairs = slices.Delete(s.mu.pairs, from, to)
	return to - from
}

// CompareAndPut implements kv.Store.
func (s *Store) CompareAndPut(ctx context.Context, key string, old, value []byte) (bool, []byte, error) {
	if err := kv.ValidPair(key, value); err != nil {
		return false, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readyLocked(ctx); err != nil {
		return false, nil, fmt.Errorf("compare and put key %q: %w", key, err)
	}
	current, found := s.getLocked(key)
	switch {
	case found == (old != nil) && bytes.Equal(current, old):
		s.putLocked(key, value)
		return true, nil, nil
	case found:
		return false, clone(current), nil
	}
	return false, nil, nil
}

// Txn implements kv.Store.
func (s *Store) Txn(ctx context.Context, t kv.Txn) (kv.TxnResult, error) {
	if err := t.Validate(); err != nil {
		return kv.TxnResult{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readyLocked(ctx); err != nil {
		return kv.TxnResult{}, fmt.Errorf("transaction: %w", err)
	}
	out := kv.TxnResult{Succeeded: true}
	for _, c := range t.If {
		out.Succeeded = out.Succeeded && c.Holds(s.getLocked(c.Key))
	}
	ops := t.Then
	if !out.Succeeded {
		ops = t.Else
	}
	out.Results = make([]kv.OpResult, len(ops))
	for i, op := range ops {
		switch r := &out.Results[i]; op.Kind {
		case kv.OpGet:
			r.Pairs, r.More = s.rangeLocked(op.Range, op.Limit)
		case kv.OpPut:
			s.putLocked(op.Key, op.Value)
		case kv.OpDelete:
			r.Deleted = s.deleteLocked(op.Range)
		}
	}
	return out, nil
}

// Close implements kv.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.closed = true
	return nil
}
