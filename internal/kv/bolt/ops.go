package bolt

import (
	"bytes"
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/goptimedb/goptimedb/internal/kv"
)

// Get implements kv.Store.
func (s *Store) Get(ctx context.Context, key string) (value []byte, err error) {
	if err := kv.ValidKey(key); err != nil {
		return nil, err
	}
	err = s.view(ctx, func(t *txn) error {
		v, found, err := t.get(key)
		switch {
		case err != nil:
			return err
		case !found:
			return kv.ErrNotFound
		}
		value = clone(v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("get key %q: %w", key, err)
	}
	return value, nil
}

// GetRange implements kv.Store.
func (s *Store) GetRange(ctx context.Context, r kv.Range, limit int) (pairs []kv.Pair, more bool, err error) {
	if err := kv.ValidLimit(limit); err != nil {
		return nil, false, err
	}
	err = s.view(ctx, func(t *txn) (err error) {
		pairs, more, err = t.getRange(r, limit)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("get keys %q to %q: %w", r.Start, r.End, err)
	}
	return pairs, more, nil
}

// Put implements kv.Store.
func (s *Store) Put(ctx context.Context, key string, value []byte) error {
	if err := kv.ValidPair(key, value); err != nil {
		return err
	}
	if err := s.update(ctx, func(t *txn) error { return t.put(key, value) }); err != nil {
		return fmt.Errorf("put key %q: %w", key, err)
	}
	return nil
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
func (s *Store) DeleteRange(ctx context.Context, r kv.Range) (n int, err error) {
	err = s.update(ctx, func(t *txn) (err error) {
		n, err = t.deleteRange(r)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete keys %q to %q: %w", r.Start, r.End, err)
	}
	return n, nil
}

// CompareAndPut implements kv.Store.
func (s *Store) CompareAndPut(ctx context.Context, key string, old, value []byte) (ok bool, current []byte, err error) {
	if err := kv.ValidPair(key, value); err != nil {
		return false, nil, err
	}
	err = s.update(ctx, func(t *txn) error {
		v, found, err := t.get(key)
		if err != nil {
			return err
		}
		if found == (old != nil) && bytes.Equal(v, old) {
			ok = true
			return t.put(key, value)
		}
		if found {
			current = clone(v)
		}
		return nil
	})
	if err != nil {
		return false, nil, fmt.Errorf("compare and put key %q: %w", key, err)
	}
	return ok, current, nil
}

// Txn implements kv.Store.
func (s *Store) Txn(ctx context.Context, t kv.Txn) (out kv.TxnResult, err error) {
	if err := t.Validate(); err != nil {
		return kv.TxnResult{}, err
	}
	run := s.update
	if reads(t.Then) && reads(t.Else) {
		run = s.view
	}
	err = run(ctx, func(tx *txn) (err error) {
		out, err = tx.txn(t)
		return err
	})
	if err != nil {
		return kv.TxnResult{}, fmt.Errorf("transaction: %w", err)
	}
	return out, nil
}

// reads says whether all operations only read.
func reads(ops []kv.Op) bool {
	for _, op := range ops {
		if op.Kind != kv.OpGet {
			return false
		}
	}
	return true
}

// txn is one transaction of bbolt.
type txn struct {
	s       *Store
	ctx     context.Context // of the one call that the transaction serves
	b       *bbolt.Bucket
	changed bool
}

func clone(value []byte) []byte { return append([]byte{}, value...) }

// get gives a value that is valid until the transaction's next change or end.
func (t *txn) get(key string) (value []byte, found bool, err error) {
	k := []byte(key)
	stored := t.b.Get(k)
	if stored == nil {
		return nil, false, nil
	}
	value, err = t.s.decode(k, stored)
	return value, err == nil, err
}

func (t *txn) put(key string, value []byte) error {
	t.changed = true
	return t.b.Put([]byte(key), encode(key, value))
}

func (t *txn) getRange(r kv.Range, limit int) (pairs []kv.Pair, more bool, err error) {
	c := t.b.Cursor()
	end := []byte(r.End)
	for k, stored := c.Seek([]byte(r.Start)); k != nil && (r.End == "" || bytes.Compare(k, end) < 0); k, stored = c.Next() {
		if limit > 0 && len(pairs) == limit {
			return pairs, true, nil
		}
		if err := t.ctx.Err(); err != nil {
			return nil, false, err
		}
		value, err := t.s.decode(k, stored)
		if err != nil {
			return nil, false, err
		}
		pairs = append(pairs, kv.Pair{Key: string(k), Value: clone(value)})
	}
	return pairs, false, nil
}

func (t *txn) deleteRange(r kv.Range) (n int, err error) {
	// The keys are gathered first: a cursor of bbolt may skip a key after a deletion.
	var keys [][]byte
	c := t.b.Cursor()
	end := []byte(r.End)
	for k, _ := c.Seek([]byte(r.Start)); k != nil && (r.End == "" || bytes.Compare(k, end) < 0); k, _ = c.Next() {
		keys = append(keys, clone(k))
	}
	for _, k := range keys {
		if err := t.ctx.Err(); err != nil {
			return 0, err
		}
		t.changed = true
		if err := t.b.Delete(k); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

func (t *txn) txn(q kv.Txn) (out kv.TxnResult, err error) {
	out.Succeeded = true
	for _, c := range q.If {
		v, found, err := t.get(c.Key)
		if err != nil {
			return out, err
		}
		if !c.Holds(v, found) {
			out.Succeeded = false
			break
		}
	}
	ops := q.Then
	if !out.Succeeded {
		ops = q.Else
	}
	out.Results = make([]kv.OpResult, len(ops))
	for i, op := range ops {
		switch r := &out.Results[i]; op.Kind {
		case kv.OpGet:
			r.Pairs, r.More, err = t.getRange(op.Range, op.Limit)
		case kv.OpPut:
			err = t.put(op.Key, op.Value)
		case kv.OpDelete:
			r.Deleted, err = t.deleteRange(op.Range)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}
