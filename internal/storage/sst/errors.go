package sst

import (
	"errors"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// CorruptError says that a file does not hold what was written to it. Reading it again does not help. It carries the code Unexpected.
type CorruptError struct {
	File   string
	Offset int64 // of the page or section that is damaged
	Err    error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("sst %s is damaged at offset %d: %v", e.File, e.Offset, e.Err)
}

// Unwrap gives the cause, below the status code.
func (e *CorruptError) Unwrap() error { return &errs.Error{Code: errs.Unexpected, Err: e.Err} }

// errDamaged is the cause where nothing more is known than that bytes do not fit together.
var errDamaged = errors.New("contents do not fit together")

func corrupt(file string, offset int64, err error) error {
	if c := (*CorruptError)(nil); errors.As(err, &c) {
		return err
	}
	if err == nil {
		err = errDamaged
	}
	return &CorruptError{File: file, Offset: offset, Err: err}
}

// guard turns a panic of a decoder over damaged bytes into an error. Deferred at every door through which bytes of files come in.
func guard(err *error, file string, offset int64) {
	if p := recover(); p != nil {
		*err = corrupt(file, offset, fmt.Errorf("decoder: %v", p))
	}
}
