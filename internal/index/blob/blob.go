// Package blob is the frame that all index blobs share: how their bytes are read, how damage is told, and the fixed parts at both ends.
package blob

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrTooLarge says that a builder outgrew its memory and may not spill.
var ErrTooLarge = errors.New("index outgrew its memory")

// Source is the bytes of one blob. It is safe for concurrent use.
type Source interface {
	// ReadAt gives n bytes from offset off, all of them or an error. They are read-only and stay as they are.
	ReadAt(ctx context.Context, off, n int64) ([]byte, error)
	// Size is the length of the blob in bytes.
	Size() int64
}

// CorruptError says that a blob is damaged.
type CorruptError struct {
	Offset int64 // in the blob
	Err    error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("index blob is damaged at offset %d: %v", e.Offset, e.Err)
}

// Unwrap gives the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// Corrupt makes a CorruptError.
func Corrupt(off int64, format string, args ...any) error {
	return &CorruptError{off, fmt.Errorf(format, args...)}
}

// Bytes is a blob in memory.
type Bytes []byte

// ReadAt is that of Source.
func (b Bytes) ReadAt(_ context.Context, off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off > int64(len(b)) || n > int64(len(b))-off {
		return nil, Corrupt(off, "%d bytes are wanted of a blob of %d", n, len(b))
	}
	return b[off : off+n : off+n], nil
}

// Size is that of Source.
func (b Bytes) Size() int64 { return int64(len(b)) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum is the checksum of all parts: CRC32C.
func Sum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
