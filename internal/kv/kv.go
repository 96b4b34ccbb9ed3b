// Package kv is where metadata lives: tables, routes, leases, the state of procedures. Small values under ordered keys, with
// transactions.
//
//	bolt      one file, one process          (package bolt)
//	memory    for tests                      (package memory)
//
// The interface is that of a store which many processes share; a home may be a cluster.
//
// # Contract
//
//   - Every call is linearizable: it takes effect at one moment between its start and its end. A Txn is one call.
//   - When a changing call returns nil it survives a power cut. When it returns an error it may or may not have happened.
//   - Keys order by their bytes. A key has 1 to MaxKey bytes, a value 0 to MaxValue bytes. An empty value is not a missing one.
//   - A store keeps no reference to bytes it was handed, and bytes it hands out belong to the caller.
//   - Every method may be called from many goroutines at once. A done ctx ends a call early with the error of the ctx in its chain.
//   - Wrong requests are errs.InvalidArguments. A call after Close is ErrClosed.
package kv

import (
	"context"
	"errors"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// The limits are those that every home can keep; etcd's are the tightest.
const (
	MaxKey    = 4 << 10 // bytes
	MaxValue  = 1 << 20 // bytes; etcd takes 1.5 MiB per request
	MaxTxnOps = 128     // comparisons, and operations in either branch, each; etcd's default
)

// The sentinels to branch on.
var (
	ErrNotFound = errors.New("key not found")
	ErrClosed   = errs.New(errs.IllegalState, "key-value store is closed")
)

// Store is a key-value store.
type Store interface {
	// Get gives the value of a key, or ErrNotFound in the chain of its error.
	Get(ctx context.Context, key string) ([]byte, error)
	// GetRange gives the pairs of r in order, at most limit of them (0: all). more says that the limit cut it short; to go on,
	// start at After(last key).
	GetRange(ctx context.Context, r Range, limit int) (pairs []Pair, more bool, err error)
	// Put sets the value of a key.
	Put(ctx context.Context, key string, value []byte) error
	// Delete removes a key and says whether it was there.
	Delete(ctx context.Context, key string) (found bool, err error)
	// DeleteRange removes the keys of r and says how many there were.
	DeleteRange(ctx context.Context, r Range) (n int, err error)
	// CompareAndPut sets key to value if its present value is old (nil: if it is missing). Otherwise it changes nothing, ok is
	// false, and current is the present value (nil: missing).
	CompareAndPut(ctx context.Context, key string, old, value []byte) (ok bool, current []byte, err error)
	// Txn does t.Then if all comparisons of t.If hold, else t.Else, in one step.
	Txn(ctx context.Context, t Txn) (TxnResult, error)
	// Close frees what the store holds. Calls under way end first.
	Close() error
}

// Pair is a key with its value.
type Pair struct {
	Key   string
	Value []byte // never nil
}

// Range is the keys from Start, inclusive, to End, exclusive. An empty End means no upper bound; the zero Range is all keys.
type Range struct{ Start, End string }

// All is the range of all keys.
func All() Range { return Range{} }

// Prefix is the range of the keys that start with p.
func Prefix(p string) Range {
	end := []byte(p)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return Range{Start: p, End: string(end[:i+1])}
		}
	}
	return Range{Start: p} // only 0xff bytes: nothing lies behind
}

// Single is the range of one key.
func Single(key string) Range { return Range{Start: key, End: After(key)} }

// After is the smallest key greater than key.
func After(key string) string { return key + "\x00" }

// Contains says whether key lies in r.
func (r Range) Contains(key string) bool { return key >= r.Start && (r.End == "" || key < r.End) }

// Empty says that no key can lie in r.
func (r Range) Empty() bool { return r.End != "" && r.Start >= r.End }
