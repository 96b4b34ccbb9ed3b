package cloud

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/retry"
)

// abortTime is how long taking back parts may last when the one who asked for the upload is gone.
const abortTime = 30 * time.Second

// writer collects a part and hands it to one of a few senders:
//
//	Write → buf, full → slot (waits for a free one) → go send(part i)
//	Commit: the rest → wait for all → one request that makes the object → ask for its size
//	Abort: stop the senders → wait for them → one request that takes the parts back
//
// Memory: Parallel parts under way and one being filled.
type writer struct {
	s    *Store
	key  string
	ctx  context.Context //nolint:containedctx // by contract it counts until Commit or Abort
	stop context.CancelCauseFunc
	done bool
	err  error // of Write or Commit; nothing is written after it

	buf   []byte
	size  int64
	mark  string
	up    upload
	parts int
	slots chan []byte // free buffers; a send takes one and gives it back
	made  int         // buffers that exist
	// inOrder: a part goes up when the one before has.
	inOrder bool
	wg      sync.WaitGroup
}

// Create implements objectstore.Store.
func (s *Store) Create(ctx context.Context, key string) (objectstore.Writer, error) {
	if err := checkKey(ctx, key); err != nil {
		return nil, objectstore.Fail(objectstore.OpCreate, key, err)
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	parallel := s.c.Parallel
	if s.b.inOrder() {
		parallel = 1
	}
	w := &writer{s: s, key: key, mark: hex.EncodeToString(id[:]), slots: make(chan []byte, parallel+1), inOrder: s.b.inOrder()}
	w.ctx, w.stop = context.WithCancelCause(ctx)
	return w, nil
}

func (w *writer) Write(p []byte) (n int, err error) {
	if w.done {
		return 0, objectstore.Fail(objectstore.OpWrite, w.key, objectstore.ErrDone)
	}
	if w.err == nil {
		w.err = w.cause()
	}
	for w.err == nil && len(p) > 0 {
		if len(w.buf) == w.s.c.PartBytes {
			if w.err = w.send(); w.err != nil {
				break
			}
		}
		k := min(len(p), w.s.c.PartBytes-len(w.buf))
		w.buf = append(w.buf, p[:k]...)
		n, p = n+k, p[k:]
	}
	w.size += int64(n)
	return n, objectstore.Fail(objectstore.OpWrite, w.key, w.err)
}

// cause is why the upload cannot go on: a part that failed, or the caller's leaving.
func (w *writer) cause() error {
	if w.ctx.Err() == nil {
		return nil
	}
	return context.Cause(w.ctx)
}

// send hands the part in buf to a sender and gets an empty buffer.
func (w *writer) send() error {
	if w.parts == w.s.b.maxParts() {
		return errs.New(errs.InvalidArguments, "object is larger than %d parts of %d bytes", w.parts, w.s.c.PartBytes)
	}
	key := w.s.root + w.key
	if w.up == nil {
		err := retry.Do(w.ctx, w.s.c.Retry, objectstore.OpWrite, w.key, func(int) (err error) {
			w.up, err = w.s.b.upload(w.ctx, key, w.mark)
			return w.s.explain(w.ctx, err)
		})
		if err != nil {
			w.up = nil
			return err
		}
	}
	if w.inOrder {
		w.wg.Wait()
		if err := w.cause(); err != nil {
			return err
		}
	}
	i, part := w.parts, w.buf
	w.parts++
	w.wg.Add(1)
	go func() {
		defer w.wg.Done()
		err := retry.Do(w.ctx, w.s.c.Retry, objectstore.OpWrite, w.key, func(int) error {
			return w.s.explain(w.ctx, w.up.part(w.ctx, i, part))
		})
		if err != nil {
			w.stop(err) // the first one counts
		}
		w.slots <- part[:0]
	}()
	w.buf = nil
	if w.made < cap(w.slots)-1 {
		w.made++
		w.buf = make([]byte, 0, w.s.c.PartBytes)
		return nil
	}
	select {
	case w.buf = <-w.slots:
		return w.cause()
	case <-w.ctx.Done():
		return w.cause()
	}
}

func (w *writer) Commit() error {
	if w.done {
		return objectstore.Fail(objectstore.OpCommit, w.key, objectstore.ErrDone)
	}
	if w.err == nil {
		w.err = w.cause()
	}
	if w.err == nil {
		w.err = w.commit()
	}
	if w.err == nil {
		w.finish()
	}
	return objectstore.Fail(objectstore.OpCommit, w.key, w.err)
}

func (w *writer) commit() error {
	key := w.s.root + w.key
	if w.up == nil && len(w.buf) <= w.s.c.PartBytes { // one request is enough
		return retry.Do(w.ctx, w.s.c.Retry, objectstore.OpCommit, w.key, func(int) error {
			return w.s.explain(w.ctx, w.s.b.put(w.ctx, key, w.buf, false))
		})
	}
	if len(w.buf) > 0 {
		if err := w.send(); err != nil {
			return err
		}
	}
	w.wg.Wait()
	if err := w.cause(); err != nil {
		return err
	}
	err := retry.Do(w.ctx, w.s.c.Retry, objectstore.OpCommit, w.key, func(before int) error {
		err := w.s.explain(w.ctx, w.up.commit(w.ctx, w.parts))
		if before > 0 && err != nil && w.ctx.Err() == nil {
			// The answer to an earlier try may have been lost, and the upload with it have become the object.
			o, serr := w.s.b.stat(w.ctx, key)
			if serr == nil && o.mark == w.mark && o.info.Size == w.size {
				return nil
			}
			if serr = w.s.explain(w.ctx, serr); objectstore.KindOf(serr) == objectstore.KindRetryable {
				return serr // whether it has is not known yet, so it must not be told either way
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return retry.Do(w.ctx, w.s.c.Retry, objectstore.OpCommit, w.key, func(int) error {
		o, err := w.s.b.stat(w.ctx, key)
		if err != nil {
			return w.s.explain(w.ctx, err)
		}
		// Another writer may have replaced the object since; then its size says nothing of ours.
		if o.mark == w.mark && o.info.Size != w.size {
			return errs.New(errs.External, "object has %d bytes in the store, %d were written", o.info.Size, w.size)
		}
		return nil
	})
}

// finish ends the senders and drops the buffers.
func (w *writer) finish() {
	w.done = true
	w.stop(objectstore.ErrDone)
	w.wg.Wait()
	w.buf, w.slots = nil, nil
}

func (w *writer) Abort() {
	if w.done {
		return
	}
	w.finish()
	if w.up == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), abortTime)
	defer cancel()
	err := retry.Do(ctx, w.s.c.Retry, objectstore.OpWrite, w.key, func(int) error { return w.s.explain(ctx, w.up.abort(ctx)) })
	if err != nil && !errors.Is(err, errNoUpload) && !errors.Is(err, objectstore.ErrNotFound) {
		w.s.c.Log.Warn("parts of an upload could not be taken back; a lifecycle rule of the bucket should expire them",
			"store", w.s.where(), "object", w.key, "err", err)
	}
}
