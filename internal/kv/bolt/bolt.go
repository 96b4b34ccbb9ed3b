// Package bolt keeps a key-value store in one file, for one process, on bbolt (a copy-on-write B+ tree). Every changing call
// that changes something is one commit with fsync; calls that turn out to change nothing cost none.
//
// The file has two buckets. "format" holds the key "version" with the value "1". "pairs" holds the pairs; a stored value is
// a CRC32C (Castagnoli, little endian, 4 bytes) of the key and the value, then the value: bbolt itself checks its meta pages
// only, and would hand out a damaged value as it is.
//
// bbolt meets a damaged tree by panic, and a file that was cut short by a fault in its memory map. Both are turned into
// errors here that name the file; nothing is repaired, and the file is left as it is.
package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/kv"
)

// version is the version of the file's format.
const version = "1"

// mapSize is how much address space is mapped at first, in bytes: a file that outgrows its map is mapped anew, for which
// writers wait for readers. Metadata seldom grows beyond it, and unused address space costs nothing.
const mapSize = 64 << 20

// growth is by how many bytes the file grows; bbolt's own 16 MiB are many for a laptop with ten tables.
const growth = 1 << 20

var (
	formatBucket = []byte("format")
	versionKey   = []byte("version")
	pairsBucket  = []byte("pairs")
)

// Options configure a Store. The zero value is usable.
type Options struct {
	// LockTimeout is how long Open waits for another process to let go of the file. Zero: one second.
	LockTimeout time.Duration
}

// Store is the store.
type Store struct {
	db      *bbolt.DB
	path    string
	writing chan struct{} // holds one token while a goroutine writes: bbolt's own lock cannot be waited for with a ctx
	damaged atomic.Bool   // set by guard after a panic; bbolt's locks may be held for ever then, so nothing is written any more
}

var _ kv.Store = (*Store)(nil)

// CorruptError says that the file is damaged.
type CorruptError struct {
	Path string
	Key  string // the key whose value is damaged, "" if it is the file itself
	Err  error
}

func (e *CorruptError) Error() string {
	if e.Key != "" {
		return fmt.Sprintf("metadata file %s is damaged at key %q: %v", e.Path, e.Key, e.Err)
	}
	return fmt.Sprintf("metadata file %s is damaged: %v", e.Path, e.Err)
}

// Unwrap gives the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

func corrupt(path, key string, err error) error {
	return errs.Wrap(errs.Unexpected, &CorruptError{Path: path, Key: key, Err: err}, "")
}

// Open opens the file, made if missing, and reads all of it once to find damage now rather than in the middle of work.
func Open(path string, opts Options) (*Store, error) {
	if opts.LockTimeout == 0 {
		opts.LockTimeout = time.Second
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("create metadata file %s: %w", path, vfs.Coded(err))
		}
	}
	s := &Store{path: path, writing: make(chan struct{}, 1)}
	err := s.guard(func() (err error) {
		s.db, err = bbolt.Open(path, 0o644, &bbolt.Options{Timeout: opts.LockTimeout, InitialMmapSize: mapSize, FreelistType: bbolt.FreelistMapType})
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, errs.New(errs.IllegalState, "metadata file %s is in use by another process (waited %s for its lock)", path, opts.LockTimeout)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, corrupt(path, "", err)
	case err != nil:
		return nil, fmt.Errorf("open metadata file %s: %w", path, vfs.Coded(err))
	}
	s.db.AllocSize = growth
	if err := s.verify(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// create makes an empty store under a temporary name and then gives it its own, so that a crash leaves no half file that
// could not be told from a damaged one.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := vfs.MkdirAllSync(vfs.OS(), dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	tmp := f.Name()
	f.Close()
	defer os.Remove(tmp)
	db, err := bbolt.Open(tmp, 0o644, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket(pairsBucket); err != nil {
			return err
		}
		b, err := tx.CreateBucket(formatBucket)
		if err != nil {
			return err
		}
		return b.Put(versionKey, []byte(version))
	})
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(tmp, 0o644)
	}
	if err == nil {
		err = os.Link(tmp, path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) { // another process was first: its file serves as well
		return err
	}
	return vfs.OS().SyncDir(dir)
}

// guard turns panics of bbolt and faults of its memory map into errors.
func (s *Store) guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			cause, ok := p.(error)
			if !ok {
				cause = fmt.Errorf("%v", p)
			}
			s.damaged.Store(true)
			err = corrupt(s.path, "", cause)
		}
	}()
	return do()
}

// verify checks the version and reads every pair.
func (s *Store) verify() error {
	return s.guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			f := tx.Bucket(formatBucket)
			if f == nil || tx.Bucket(pairsBucket) == nil {
				return errs.New(errs.IllegalState, "%s is a bbolt file, but not a metadata file of this database", s.path)
			}
			if v := f.Get(versionKey); string(v) != version {
				return errs.New(errs.Unsupported, "metadata file %s has format version %q; this build knows %q", s.path, v, version)
			}
			last := []byte(nil)
			return tx.Bucket(pairsBucket).ForEach(func(k, v []byte) error {
				if last != nil && bytes.Compare(last, k) >= 0 {
					return corrupt(s.path, string(k), errors.New("key is out of order"))
				}
				last = append(last[:0], k...)
				_, err := s.decode(k, v)
				return err
			})
		})
	})
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encode(key string, value []byte) []byte {
	b := make([]byte, 4, 4+len(value))
	b = append(b, value...)
	sum := crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, value)
	binary.LittleEndian.PutUint32(b, sum)
	return b
}

// decode checks a stored value and gives the value in it, which lives in the memory map.
func (s *Store) decode(key, stored []byte) ([]byte, error) {
	if len(stored) < 4 {
		return nil, corrupt(s.path, string(key), fmt.Errorf("value has %d bytes, fewer than its checksum", len(stored)))
	}
	value := stored[4:]
	want := binary.LittleEndian.Uint32(stored)
	if got := crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value); got != want {
		return nil, corrupt(s.path, string(key), fmt.Errorf("checksum is %08x, stored is %08x", got, want))
	}
	return value, nil
}

// view runs do in a read transaction.
func (s *Store) view(ctx context.Context, do func(*txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return clear(s.guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error { return do(&txn{s: s, ctx: ctx, b: tx.Bucket(pairsBucket)}) })
	}))
}

// update runs do in a write transaction, which is committed if do changed something.
func (s *Store) update(ctx context.Context, do func(*txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.damaged.Load() {
		return corrupt(s.path, "", errors.New("damage was found before, nothing is written any more"))
	}
	return clear(s.guard(func() error {
		tx, err := s.db.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after Commit
		t := &txn{s: s, ctx: ctx, b: tx.Bucket(pairsBucket)}
		if err := do(t); err != nil || !t.changed {
			return err
		}
		return tx.Commit()
	}))
}

// clear puts err in words of the contract.
func clear(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return kv.ErrClosed
	}
	return vfs.Coded(err)
}

// Close implements kv.Store.
func (s *Store) Close() error {
	return s.guard(func() error { return s.db.Close() })
}
