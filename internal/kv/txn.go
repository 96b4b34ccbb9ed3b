package kv

import (
	"bytes"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Txn is a transaction: a question and what to do on yes and on no.
//
//	kv.Txn{
//		If:   []kv.Compare{kv.Missing("table/7"), kv.Equal("schema/public", v)},
//		Then: []kv.Op{kv.Put("table/7", t), kv.Put("name/cpu", id)},
//		Else: []kv.Op{kv.Get("name/cpu")},
//	}
type Txn struct {
	If []Compare // all must hold; none: they do
	// Then and Else run in order, and each operation sees those before it. One branch must not change a key twice.
	Then, Else []Op
}

// CompareKind says how Compare compares.
type CompareKind uint8

// The kinds of comparisons. A missing key is not equal to any value, and neither less nor greater.
const (
	CompareEqual CompareKind = iota + 1
	CompareNotEqual
	CompareLess
	CompareGreater
	CompareExists
	CompareMissing
)

// Compare is one condition on the present value of a key.
type Compare struct {
	Kind  CompareKind
	Key   string
	Value []byte // not for CompareExists and CompareMissing
}

// Equal holds if key has this value.
func Equal(key string, value []byte) Compare { return Compare{CompareEqual, key, value} }

// NotEqual holds if key has another value or is missing.
func NotEqual(key string, value []byte) Compare { return Compare{CompareNotEqual, key, value} }

// Less holds if key has a value that sorts before this one.
func Less(key string, value []byte) Compare { return Compare{CompareLess, key, value} }

// Greater holds if key has a value that sorts behind this one.
func Greater(key string, value []byte) Compare { return Compare{CompareGreater, key, value} }

// Exists holds if key has a value.
func Exists(key string) Compare { return Compare{Kind: CompareExists, Key: key} }

// Missing holds if key has no value.
func Missing(key string) Compare { return Compare{Kind: CompareMissing, Key: key} }

// Holds says whether the condition holds for a value; found is false for a missing key.
func (c Compare) Holds(value []byte, found bool) bool {
	switch c.Kind {
	case CompareEqual:
		return found && bytes.Equal(value, c.Value)
	case CompareNotEqual:
		return !found || !bytes.Equal(value, c.Value)
	case CompareLess:
		return found && bytes.Compare(value, c.Value) < 0
	case CompareGreater:
		return found && bytes.Compare(value, c.Value) > 0
	case CompareExists:
		return found
	case CompareMissing:
		return !found
	}
	return false
}

// OpKind says what an Op does.
type OpKind uint8

// The kinds of operations.
const (
	OpGet OpKind = iota + 1
	OpPut
	OpDelete
)

// Op is one operation of a transaction.
type Op struct {
	Kind  OpKind
	Key   string // OpPut only
	Value []byte // OpPut only
	Range Range  // OpGet and OpDelete
	Limit int    // OpGet only: most pairs, 0: all
}

// Get reads one key.
func Get(key string) Op { return Op{Kind: OpGet, Range: Single(key)} }

// GetRange reads the pairs of a range, at most limit of them (0: all).
func GetRange(r Range, limit int) Op { return Op{Kind: OpGet, Range: r, Limit: limit} }

// Put sets a key.
func Put(key string, value []byte) Op { return Op{Kind: OpPut, Key: key, Value: value} }

// Delete removes one key.
func Delete(key string) Op { return Op{Kind: OpDelete, Range: Single(key)} }

// DeleteRange removes the keys of a range.
func DeleteRange(r Range) Op { return Op{Kind: OpDelete, Range: r} }

// TxnResult is the outcome of a transaction.
type TxnResult struct {
	Succeeded bool       // whether Then was done
	Results   []OpResult // one for each operation of the branch that was done
}

// OpResult is the outcome of one operation.
type OpResult struct {
	Pairs   []Pair // OpGet
	More    bool   // OpGet: the limit cut it short
	Deleted int    // OpDelete
}

// Validate says what is wrong with the transaction.
func (t Txn) Validate() error {
	if len(t.If) > MaxTxnOps || len(t.Then) > MaxTxnOps || len(t.Else) > MaxTxnOps {
		return errs.New(errs.InvalidArguments, "transaction has %d comparisons and %d and %d operations, more than %d",
			len(t.If), len(t.Then), len(t.Else), MaxTxnOps)
	}
	for _, c := range t.If {
		if c.Kind < CompareEqual || c.Kind > CompareMissing {
			return errs.New(errs.InvalidArguments, "comparison of key %q is of unknown kind %d", c.Key, c.Kind)
		}
		if err := ValidKey(c.Key); err != nil {
			return err
		}
	}
	for _, branch := range [][]Op{t.Then, t.Else} {
		if err := validBranch(branch); err != nil {
			return err
		}
	}
	return nil
}

func validBranch(ops []Op) error {
	for i, o := range ops {
		switch o.Kind {
		case OpGet:
			if err := ValidLimit(o.Limit); err != nil {
				return err
			}
		case OpDelete:
		case OpPut:
			if err := ValidPair(o.Key, o.Value); err != nil {
				return err
			}
		default:
			return errs.New(errs.InvalidArguments, "operation %d of the transaction is of unknown kind %d", i, o.Kind)
		}
		for _, p := range ops[:i] {
			if k, twice := changeTwice(p, o); twice {
				return errs.New(errs.InvalidArguments, "transaction changes key %q twice", k)
			}
		}
	}
	return nil
}

// changeTwice says whether two operations may change the same key, and which.
func changeTwice(a, b Op) (string, bool) {
	switch {
	case a.Kind == OpPut && b.Kind == OpPut:
		return a.Key, a.Key == b.Key
	case a.Kind == OpPut && b.Kind == OpDelete:
		return a.Key, b.Range.Contains(a.Key)
	case a.Kind == OpDelete && b.Kind == OpPut:
		return b.Key, a.Range.Contains(b.Key)
	}
	return "", false
}

// ValidKey says what is wrong with a key.
func ValidKey(key string) error {
	if key == "" {
		return errs.New(errs.InvalidArguments, "key is empty")
	}
	if len(key) > MaxKey {
		return errs.New(errs.InvalidArguments, "key %.40q… has %d bytes, more than %d", key, len(key), MaxKey)
	}
	return nil
}

// ValidPair says what is wrong with a key or a value.
func ValidPair(key string, value []byte) error {
	if err := ValidKey(key); err != nil {
		return err
	}
	if len(value) > MaxValue {
		return errs.New(errs.InvalidArguments, "value of key %q has %d bytes, more than %d", key, len(value), MaxValue)
	}
	return nil
}

// ValidLimit says what is wrong with the limit of a range.
func ValidLimit(limit int) error {
	if limit < 0 {
		return errs.New(errs.InvalidArguments, "limit %d is negative", limit)
	}
	return nil
}
