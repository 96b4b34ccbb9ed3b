//go:build !unix

package vfs

import (
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

func lock(name string) (io.Closer, error) {
	return nil, errs.New(errs.Unsupported, "lock %s: file locks need a Unix system", name)
}
