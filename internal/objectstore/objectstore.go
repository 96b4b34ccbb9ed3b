// Package objectstore is where everything lives that must outlast a process: SSTs, indexes, manifests.
//
// A Store maps keys to objects. An object is a run of bytes that is written once as a whole and read in ranges; there is no
// appending and no writing in place, so an object store in a cloud fits as well as a folder.
//
//	local     a folder; durable by fsync             (package local)
//	memory    for tests                              (package memory)
//
// What a store should also do, any home can be dressed in: try again (retry), count (meter), fail on purpose (fault). Package
// coats shows their order. Package storetest holds every home and every coat to this contract.
//
// # Contract
//
//   - Keys are slash-separated paths, see ValidKey. No key may also be a folder of another: with "a/b" there is no "a". A home
//     that cannot hold both refuses the second with errs.InvalidArguments.
//   - An object is there whole or not at all, for every reader, at every moment, also after a crash.
//   - When Put, PutIfAbsent or Writer.Commit returns nil, the object survives a power cut, and every later call sees it.
//     When one returns an error, the object may or may not be there (a lost answer of a remote store is one such error).
//   - Delete is seen by every later call, but after a power cut a deleted object may be back. Deletions are not ordered.
//   - A store keeps no reference to bytes it was handed, and bytes it hands out belong to the caller.
//   - Every method may be called from many goroutines at once. A done ctx ends a call early with the error of the ctx in its chain.
//   - Every error is an *Error. A missing object is ErrNotFound in its chain; a lost race of PutIfAbsent is ErrExists.
package objectstore

import (
	"context"
	"io"
	"time"
)

// Store is an object store.
type Store interface {
	// Get reads a whole object.
	Get(ctx context.Context, key string) ([]byte, error)
	// GetRange reads n bytes from offset off. Where the object ends earlier the result is shorter, down to empty.
	GetRange(ctx context.Context, key string, off, n int64) ([]byte, error)
	// Open gives a handle for many ranged reads of one object. The caller closes it. ctx is for opening only.
	Open(ctx context.Context, key string) (Reader, error)
	// Put writes a whole object and replaces one that is there.
	Put(ctx context.Context, key string, data []byte) error
	// PutIfAbsent writes a whole object unless the key is taken; then it fails with ErrExists and changes nothing. Of many
	// callers at once, in any process, exactly one wins.
	PutIfAbsent(ctx context.Context, key string, data []byte) error
	// Create starts an object whose size is not known yet. ctx counts until Commit or Abort. See Writer.
	Create(ctx context.Context, key string) (Writer, error)
	// Stat describes an object without reading it.
	Stat(ctx context.Context, key string) (Info, error)
	// List gives the objects whose keys start with prefix and are greater than after, in the order of the bytes of their keys,
	// at most limit of them (0: MaxPage; never more than that). Prefix is plain text, not a folder: "a/b" is a prefix of "a/bc".
	// Fewer than limit means the end. To go on, pass the last key as after; All does it.
	List(ctx context.Context, prefix, after string, limit int) ([]Info, error)
	// Delete removes objects. A missing one is no error. It tries all of them, and its error names those that stayed.
	Delete(ctx context.Context, keys ...string) error
}

// MaxPage is the most objects one List returns; it is what cloud stores give per request.
const MaxPage = 1000

// Info describes an object.
type Info struct {
	Key     string
	Size    int64     // bytes
	ModTime time.Time // when it was written, by the clock of the store
}

// Reader reads ranges of one object. It sees the object as it was when opened, or fails; homes may keep serving it after
// it was deleted.
type Reader interface {
	// ReadRange fills p from offset off, and returns how many bytes it read. Like io.ReaderAt it gives an error whenever that
	// is fewer than len(p), and io.EOF (plain, not an *Error) if it is because the object ends.
	ReadRange(ctx context.Context, p []byte, off int64) (int, error)
	// Size is the size of the object in bytes. It costs nothing.
	Size() int64
	// Close frees the handle. No read may be under way.
	Close() error
}

// Writer writes one object from start to end, for one goroutine.
//
//	w, err := s.Create(ctx, key)
//	...
//	defer w.Abort()
//	... w.Write(p) ...
//	return w.Commit()
type Writer interface {
	io.Writer
	// Commit makes the object durable and then visible, replacing one that is there. After an error nothing can be written,
	// and Abort frees what is left.
	Commit() error
	// Abort drops what was written. After Commit returned nil, or a second time, it does nothing.
	Abort()
}

// At lends r to code that wants an io.ReaderAt, for as long as ctx lives.
func At(ctx context.Context, r Reader) io.ReaderAt { return readerAt{ctx, r} }

type readerAt struct {
	ctx context.Context
	r   Reader
}

func (a readerAt) ReadAt(p []byte, off int64) (int, error) { return a.r.ReadRange(a.ctx, p, off) }
