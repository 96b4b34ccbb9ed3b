package vfs

import (
	"errors"
	"io/fs"
	"syscall"
)

// Allocate makes the file size bytes long and reserves its blocks, so that filling it neither runs out of space nor costs the
// journal of the file system an entry per sync. Where blocks cannot be reserved it only sets the length. Callers that gain from it
// ask for it by an interface of their own; it is no part of File, because nothing depends on it.
func (f osFile) Allocate(size int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var serr error
	err = conn.Control(func(fd uintptr) {
		for {
			serr = syscall.Fallocate(int(fd), 0, 0, size)
			if !errors.Is(serr, syscall.EINTR) {
				return
			}
		}
	})
	switch {
	case err != nil:
		return err
	case errors.Is(serr, syscall.EOPNOTSUPP), errors.Is(serr, syscall.ENOSYS):
		return f.Truncate(size)
	case serr != nil:
		return &fs.PathError{Op: "fallocate", Path: f.Name(), Err: serr}
	}
	return nil
}
