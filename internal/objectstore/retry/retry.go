// Package retry tries operations of an object store again when they fail in a way that may pass.
//
// Only errors of objectstore.KindRetryable are tried again, so a missing object, a lost race and a cancelled caller are told
// at once. A writer of Create is not retried after its first byte, because nobody kept the bytes: whoever streams starts over.
package retry

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Options configure the coat. The zero value is usable.
type Options struct {
	// Attempts is how often an operation is tried in all. More ride out longer outages, and hold the caller longer. Zero: 4.
	Attempts int
	// MinWait is the wait after the first failure; it doubles with each further one, up to MaxWait. Zero: 50 ms.
	MinWait time.Duration
	// MaxWait bounds one wait. Zero: 2 s.
	MaxWait time.Duration
	// Sleep waits, or returns early with the error of ctx. Nil: by the clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// Rand gives numbers in [0,1) that spread the waits of many callers: a wait is between half of its length and all of it.
	// It is called by many goroutines at once. Nil: math/rand/v2.
	Rand func() float64
	// OnRetry is told of each failure that is tried again. Nil: nobody is.
	OnRetry func(op objectstore.Op, err error)
}

type store struct {
	objectstore.Store
	o Options
}

// Wrap puts the coat on a store.
func Wrap(s objectstore.Store, o Options) objectstore.Store {
	return &store{Store: s, o: o.withDefaults()}
}

// Do does try in the way the coat does, for what a home must try again by itself: the parts of a stream, whose bytes only it still
// has. try is told how often it was tried before.
func Do(ctx context.Context, o Options, op objectstore.Op, key string, try func(before int) error) error {
	o = o.withDefaults()
	return o.again(ctx, op, key, try)
}

func (o Options) withDefaults() Options {
	if o.Attempts <= 0 {
		o.Attempts = 4
	}
	if o.MinWait <= 0 {
		o.MinWait = 50 * time.Millisecond
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 2 * time.Second
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.OnRetry == nil {
		o.OnRetry = func(objectstore.Op, error) {}
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// again does try until it succeeds, fails for good, or was tried often enough. try is told how often it was tried before.
func (o *Options) again(ctx context.Context, op objectstore.Op, key string, try func(before int) error) error {
	wait := o.MinWait
	for n := 1; ; n++ {
		err := try(n - 1)
		if err == nil || n >= o.Attempts || objectstore.KindOf(err) != objectstore.KindRetryable {
			return err
		}
		o.OnRetry(op, err)
		d := time.Duration((0.5 + 0.5*o.Rand()) * float64(wait))
		if serr := o.Sleep(ctx, d); serr != nil {
			// The code is that of the caller's going away; the text keeps the reason why there was a wait.
			return objectstore.Fail(op, key, &interrupted{wait: serr, last: err})
		}
		wait = min(2*wait, o.MaxWait)
	}
}

// interrupted says that the caller went away between two tries.
type interrupted struct{ wait, last error }

func (e *interrupted) Error() string {
	return e.wait.Error() + ", while waiting to try again after: " + e.last.Error()
}
func (e *interrupted) Unwrap() error { return e.wait }

func (s *store) Get(ctx context.Context, key string) (b []byte, err error) {
	err = s.o.again(ctx, objectstore.OpGet, key, func(int) (err error) {
		b, err = s.Store.Get(ctx, key)
		return err
	})
	return b, err
}

func (s *store) GetRange(ctx context.Context, key string, off, n int64) (b []byte, err error) {
	err = s.o.again(ctx, objectstore.OpGetRange, key, func(int) (err error) {
		b, err = s.Store.GetRange(ctx, key, off, n)
		return err
	})
	return b, err
}

func (s *store) Open(ctx context.Context, key string) (r objectstore.Reader, err error) {
	err = s.o.again(ctx, objectstore.OpOpen, key, func(int) (err error) {
		r, err = s.Store.Open(ctx, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &reader{Reader: r, s: s, key: key}, nil
}

func (s *store) Put(ctx context.Context, key string, data []byte) error {
	return s.o.again(ctx, objectstore.OpPut, key, func(int) error { return s.Store.Put(ctx, key, data) })
}

// PutIfAbsent may find that the key is taken by its own earlier try, whose answer was lost: then the content is the same, and
// it has won. Two writers that put the same bytes would both be told so; who must know that they alone won puts a name of
// their own into the bytes.
func (s *store) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	return s.o.again(ctx, objectstore.OpPutIfAbsent, key, func(before int) error {
		err := s.Store.PutIfAbsent(ctx, key, data)
		if before == 0 || !errors.Is(err, objectstore.ErrExists) {
			return err
		}
		got, gerr := s.Store.Get(ctx, key)
		switch {
		case gerr != nil && !errors.Is(gerr, objectstore.ErrNotFound):
			return gerr // it is not known who won, so it must not be told either way; tried again if that may help
		case gerr == nil && bytes.Equal(got, data):
			return nil
		}
		return err
	})
}

func (s *store) Create(ctx context.Context, key string) (w objectstore.Writer, err error) {
	err = s.o.again(ctx, objectstore.OpCreate, key, func(int) (err error) {
		w, err = s.Store.Create(ctx, key)
		return err
	})
	return w, err
}

func (s *store) Stat(ctx context.Context, key string) (info objectstore.Info, err error) {
	err = s.o.again(ctx, objectstore.OpStat, key, func(int) (err error) {
		info, err = s.Store.Stat(ctx, key)
		return err
	})
	return info, err
}

func (s *store) List(ctx context.Context, prefix, after string, limit int) (page []objectstore.Info, err error) {
	err = s.o.again(ctx, objectstore.OpList, prefix, func(int) (err error) {
		page, err = s.Store.List(ctx, prefix, after, limit)
		return err
	})
	return page, err
}

func (s *store) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	return s.o.again(ctx, objectstore.OpDelete, keys[0], func(int) error { return s.Store.Delete(ctx, keys...) })
}

type reader struct {
	objectstore.Reader
	s   *store
	key string
}

// ReadRange has a first try without the closure of again: this is the hot path.
func (r *reader) ReadRange(ctx context.Context, p []byte, off int64) (n int, err error) {
	n, err = r.Reader.ReadRange(ctx, p, off)
	if err == nil || objectstore.KindOf(err) != objectstore.KindRetryable {
		return n, err
	}
	err = r.s.o.again(ctx, objectstore.OpRead, r.key, func(before int) error {
		if before == 0 {
			return err // the try above
		}
		var err error
		n, err = r.Reader.ReadRange(ctx, p, off)
		return err
	})
	return n, err
}
