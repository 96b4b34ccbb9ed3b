package objectstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// The sentinels to branch on.
var (
	ErrNotFound = errs.New(errs.Unexpected, "object not found")
	ErrExists   = errs.New(errs.IllegalState, "object already exists")
	// ErrDenied is a remote store that knows the request but not who asks, or does not let them.
	ErrDenied = errs.New(errs.External, "object store refused access")
	// ErrNoBucket is a remote store without the bucket or container that was configured.
	ErrNoBucket = errs.New(errs.External, "bucket does not exist")
	// ErrDone is a Write or Commit after Commit or Abort.
	ErrDone = errs.New(errs.IllegalState, "writer was committed or aborted before")
)

// Error says which operation failed on which key. Its code is that of its cause.
type Error struct {
	Op  Op
	Key string // the prefix for OpList; the first key that stayed for OpDelete
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("%s object %q: %v", e.Op, e.Key, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Fail makes the *Error of an operation, and nil of a nil err. An err that is one already stays as it is.
func Fail(op Op, key string, err error) error {
	if err == nil {
		return nil
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	return &Error{Op: op, Key: key, Err: err}
}

// Op names an operation in errors and metrics.
type Op string

// The operations of a Store, its readers and its writers.
const (
	OpGet         Op = "get"
	OpGetRange    Op = "get_range"
	OpOpen        Op = "open"
	OpRead        Op = "read" // Reader.ReadRange
	OpPut         Op = "put"
	OpPutIfAbsent Op = "put_if_absent"
	OpCreate      Op = "create"
	OpWrite       Op = "write"  // Writer.Write
	OpCommit      Op = "commit" // Writer.Commit
	OpStat        Op = "stat"
	OpList        Op = "list"
	OpDelete      Op = "delete"
)

// Ops are all operations.
var Ops = [...]Op{OpGet, OpGetRange, OpOpen, OpRead, OpPut, OpPutIfAbsent, OpCreate, OpWrite, OpCommit, OpStat, OpList, OpDelete}

// Kind sorts errors into few classes, for metrics and for deciding whether to try again.
type Kind string

// The kinds of errors.
const (
	KindNotFound  Kind = "not_found"
	KindExists    Kind = "exists"
	KindCancelled Kind = "cancelled" // the caller went away or ran out of time
	KindInvalid   Kind = "invalid"   // the request itself is wrong, or the configuration of the store
	KindDenied    Kind = "denied"    // credentials or permissions
	KindRetryable Kind = "retryable" // the same request may succeed later
	KindOther     Kind = "other"
)

// KindOf is the kind of err, which must not be nil.
func KindOf(err error) Kind {
	switch {
	case errors.Is(err, ErrNotFound):
		return KindNotFound
	case errors.Is(err, ErrExists):
		return KindExists
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return KindCancelled
	case errors.Is(err, ErrDenied):
		return KindDenied
	case errs.Is(err, errs.InvalidArguments), errs.Is(err, errs.Unsupported), errors.Is(err, ErrNoBucket):
		return KindInvalid
	case errs.CodeOf(err).Retryable():
		return KindRetryable
	}
	return KindOther
}
