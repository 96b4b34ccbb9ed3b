package diskcache

import (
	"context"
	"errors"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// writer stages an object on the disk and uploads it at Commit.
//
// Where the disk has no room (it is full, or too much is staged) the object goes straight to the store: what was staged first, then the
// rest as it comes. It is not in the cache then.
type writer struct {
	s   *Store
	p   *pool
	ctx context.Context // of Create, which covers the writer's life
	key string
	id  objectID

	buf    []byte // the block that is being filled
	staged []stagedBlock
	n      int64
	direct objectstore.Writer // not nil: bytes go straight
	done   bool
}

type stagedBlock struct {
	slot   int32
	length int
	sum    uint32
}

const (
	// putLimit is the size up to which an object is uploaded by one Put, which the coat of retries tries again by itself.
	putLimit = 8 << 20
	// uploads is how often a longer upload is begun.
	uploads = 3
)

// Write implements objectstore.Writer.
func (w *writer) Write(b []byte) (int, error) {
	if w.done {
		return 0, objectstore.Fail(objectstore.OpWrite, w.key, objectstore.ErrDone)
	}
	if err := w.ctx.Err(); err != nil {
		return 0, objectstore.Fail(objectstore.OpWrite, w.key, err)
	}
	if w.direct != nil {
		n, err := w.direct.Write(b)
		w.n += int64(n)
		return n, err
	}
	total := 0
	for len(b) > 0 {
		n := min(len(b), cap(w.buf)-len(w.buf))
		w.buf = append(w.buf, b[:n]...)
		b, total, w.n = b[n:], total+n, w.n+int64(n)
		if len(w.buf) < cap(w.buf) || w.stage() {
			continue
		}
		if err := w.goDirect(); err != nil {
			return total, err
		}
		n, err := w.direct.Write(b)
		w.n += int64(n)
		return total + n, err
	}
	return total, nil
}

// stage puts the block that was filled on the disk.
func (w *writer) stage() bool {
	slot, ok := w.p.take(true)
	if !ok {
		return false
	}
	if !w.p.write(slot, blockKey{w.id, uint32(len(w.staged))}, w.buf, true) {
		return false
	}
	w.staged = append(w.staged, stagedBlock{slot, len(w.buf), checksum(w.buf)})
	w.buf = w.buf[:0]
	return true
}

// goDirect turns to the store.
func (w *writer) goDirect() (err error) {
	w.p.met.bypassed.Inc()
	if w.direct, err = w.s.Store.Create(w.ctx, w.key); err != nil {
		return err
	}
	if err := w.copyTo(w.direct); err != nil {
		return err
	}
	w.release()
	w.buf = nil
	return nil
}

// copyTo writes everything so far.
func (w *writer) copyTo(out objectstore.Writer) error {
	block := make([]byte, w.p.slotSize)
	for _, b := range w.staged {
		if err := w.p.readStaged(b.slot, block[:b.length], b.sum); err != nil {
			return objectstore.Fail(objectstore.OpWrite, w.key, err)
		}
		if _, err := out.Write(block[:b.length]); err != nil {
			return err
		}
	}
	if len(w.buf) == 0 {
		return nil
	}
	_, err := out.Write(w.buf)
	return err
}

func (w *writer) release() {
	slots := make([]int32, len(w.staged))
	for i, b := range w.staged {
		slots[i] = b.slot
	}
	w.p.abandon(slots)
	w.staged = nil
}

// Commit implements objectstore.Writer.
func (w *writer) Commit() error {
	if w.done {
		return objectstore.Fail(objectstore.OpCommit, w.key, objectstore.ErrDone)
	}
	if err := w.ctx.Err(); err != nil {
		return objectstore.Fail(objectstore.OpCommit, w.key, err)
	}
	if w.direct == nil && len(w.buf) > 0 && len(w.staged) > 0 && !w.stage() {
		if err := w.goDirect(); err != nil {
			return asCommit(w.key, err)
		}
	}
	w.done = true
	err := asCommit(w.key, w.upload())
	w.s.changed(w.p, w.id) // an object that was there before is replaced, or may be
	if err != nil {
		return err
	}
	w.publish()
	return nil
}

func asCommit(key string, err error) error {
	var e *objectstore.Error
	if errors.As(err, &e) {
		return &objectstore.Error{Op: objectstore.OpCommit, Key: key, Err: e.Err}
	}
	return objectstore.Fail(objectstore.OpCommit, key, err)
}

// upload makes the object be in the store, whole.
func (w *writer) upload() error {
	if w.direct != nil {
		if err := w.direct.Commit(); err != nil {
			return err
		}
		return w.verify()
	}
	var last error
	for try := range uploads {
		if try > 0 {
			w.s.c.met.reuploads.Inc()
		}
		if last = w.uploadOnce(); last == nil {
			w.s.c.met.uploads.Inc()
			w.s.c.met.uploaded.Add(float64(w.n))
			return nil
		}
		if objectstore.KindOf(last) != objectstore.KindRetryable || w.ctx.Err() != nil {
			break
		}
	}
	return last
}

func (w *writer) uploadOnce() error {
	if w.n <= putLimit {
		all := collect{b: make([]byte, 0, w.n)}
		if err := w.copyTo(&all); err != nil {
			return err
		}
		if err := w.s.Store.Put(w.ctx, w.key, all.b); err != nil {
			return err
		}
		return w.verify()
	}
	out, err := w.s.Store.Create(w.ctx, w.key)
	if err != nil {
		return err
	}
	defer out.Abort()
	if err := w.copyTo(out); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return w.verify()
}

// verify asks the store what it has. A store that says yes to an upload and keeps half of it is met in practice.
func (w *writer) verify() error {
	info, err := w.s.Store.Stat(w.ctx, w.key)
	if err != nil {
		return err
	}
	if info.Size != w.n {
		return errs.New(errs.StorageUnavailable, "the store holds %d bytes of %d that were uploaded", info.Size, w.n)
	}
	return nil
}

// publish makes readers find the blocks.
func (w *writer) publish() {
	if w.direct != nil {
		return
	}
	g, done := w.s.guard(w.id)
	defer done()
	if len(w.buf) > 0 { // an object of one block was never staged
		w.p.keep(w.id, w.n, 0, w.buf, 1, g.valid)
		w.buf = nil
	}
	for _, b := range w.staged {
		w.p.publish(b.slot, w.n, b.sum, 1, true, g.valid)
	}
	w.staged = nil
}

// Abort implements objectstore.Writer.
func (w *writer) Abort() {
	w.done = true
	if w.direct != nil {
		w.direct.Abort()
	}
	w.release()
	w.buf = nil
}

// collect gathers an object in memory.
type collect struct{ b []byte }

func (c *collect) Write(p []byte) (int, error) { c.b = append(c.b, p...); return len(p), nil }
func (c *collect) Commit() error               { return nil }
func (c *collect) Abort()                      {}
