package diskcache

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Store is a store with the coat on. What it does not override (Stat) goes to the store as it is.
type Store struct {
	objectstore.Store
	c    *Cache
	name string
	mu   struct {
		sync.Mutex
		flights map[flightKey]*flight // also guards, under negative units
		guards  int64
	}
}

var (
	_ objectstore.Store       = (*Store)(nil)
	_ objectstore.SizedOpener = (*Store)(nil)
	_ objectstore.Prefetcher  = (*Store)(nil)
)

// Get implements objectstore.Store. An object is served from the disk if all of it is there.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	p := s.c.pool(key)
	if p == nil {
		return s.Store.Get(ctx, key)
	}
	if err := ctx.Err(); err != nil {
		return nil, objectstore.Fail(objectstore.OpGet, key, err)
	}
	id := s.id(key)
	if b, ok := p.get(id); ok {
		p.met.hit.Inc()
		return b, nil
	}
	p.met.miss.Inc()
	// Whoever replaces the object meanwhile makes what is read now void.
	g, done := s.guard(id)
	defer done()
	b, err := s.Store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	s.c.met.fetches.Inc()
	s.c.met.fetched.Add(float64(len(b)))
	if !s.c.o.NoRefill && len(b) > 0 {
		p.keep(id, int64(len(b)), 0, b, 0, g.valid)
	}
	return b, nil
}

// get reads an object whose blocks are all here.
func (p *pool) get(id objectID) ([]byte, bool) {
	size, changes, ok := p.whole(id)
	if !ok {
		return nil, false
	}
	b := make([]byte, size)
	for off := int64(0); off < size; off += int64(p.slotSize) {
		if !p.read(blockKey{id, uint32(off / int64(p.slotSize))}, b[off:min(size, off+int64(p.slotSize))], 0) {
			return nil, false
		}
	}
	return b, p.changes() == changes // else it may have been replaced between two blocks
}

// GetRange implements objectstore.Store.
func (s *Store) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	p := s.c.pool(key)
	if p == nil || off < 0 || n < 0 {
		return s.Store.GetRange(ctx, key, off, n)
	}
	size, ok := p.object(s.id(key))
	if !ok {
		return s.Store.GetRange(ctx, key, off, n)
	}
	b := make([]byte, max(0, min(n, size-off)))
	r := &reader{s: s, p: p, key: key, id: s.id(key), size: size}
	if _, err := r.ReadRange(ctx, b, off); err != nil {
		var e *objectstore.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, objectstore.Fail(objectstore.OpGetRange, key, err)
	}
	return b, nil
}

// Open implements objectstore.Store. It asks the store nothing where a block of the object is on the disk.
func (s *Store) Open(ctx context.Context, key string) (objectstore.Reader, error) {
	p := s.c.pool(key)
	if p == nil {
		return s.Store.Open(ctx, key)
	}
	if err := ctx.Err(); err != nil {
		return nil, objectstore.Fail(objectstore.OpOpen, key, err)
	}
	id := s.id(key)
	size, ok := p.object(id)
	if !ok {
		info, err := s.Store.Stat(ctx, key)
		if err != nil {
			var e *objectstore.Error
			if errors.As(err, &e) {
				err = e.Err
			}
			return nil, objectstore.Fail(objectstore.OpOpen, key, err)
		}
		size = info.Size
	}
	return &reader{s: s, p: p, key: key, id: id, size: size}, nil
}

// OpenSized implements objectstore.SizedOpener: nothing is asked before the first read.
func (s *Store) OpenSized(ctx context.Context, key string, size int64) (objectstore.Reader, error) {
	p := s.c.pool(key)
	if p == nil || size <= 0 {
		return s.Store.Open(ctx, key)
	}
	return &reader{s: s, p: p, key: key, id: s.id(key), size: size}, nil
}

// Prefetch implements objectstore.Prefetcher.
func (s *Store) Prefetch(ctx context.Context, key string, size, off, n int64) error {
	p := s.c.pool(key)
	if p == nil || s.c.o.NoRefill || size <= 0 {
		return nil
	}
	r := &reader{s: s, p: p, key: key, id: s.id(key), size: size}
	off = max(0, off)
	n = min(n, size-off)
	for n > 0 {
		step := min(n, maxFetch)
		missing := r.missing(off, step)
		if len(missing) > 0 {
			if _, err := r.fetch(ctx, missing); err != nil {
				return err
			}
		}
		off, n = off+step, n-step
	}
	return nil
}

// guard notices that an object is replaced or deleted while something of it is being kept, between now and the call of done.
func (s *Store) guard(id objectID) (g *flight, done func()) {
	g = &flight{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.guards++
	k := flightKey{id, -s.mu.guards}
	s.mu.flights[k] = g
	return g, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.mu.flights, k)
	}
}

// valid is called under the pool's lock.
func (f *flight) valid() bool { return !f.stale }

// changed forgets an object of which something was or may have been written or deleted.
func (s *Store) changed(p *pool, id objectID) {
	s.mu.Lock()
	var stale []*flight
	for k, f := range s.mu.flights {
		if k.object == id {
			stale = append(stale, f)
			delete(s.mu.flights, k)
		}
	}
	s.mu.Unlock()
	p.forget(id, func() {
		for _, f := range stale {
			f.stale = true
		}
	})
}

func (s *Store) put(key string, data []byte, do func() error) error {
	p := s.c.pool(key)
	if p == nil {
		return do()
	}
	err := do()
	if errors.Is(err, objectstore.ErrExists) {
		return err
	}
	id := s.id(key)
	s.changed(p, id)
	if err == nil && len(data) > 0 {
		g, done := s.guard(id)
		defer done()
		p.keep(id, int64(len(data)), 0, data, 1, g.valid)
	}
	return err
}

// Put implements objectstore.Store: written through.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	return s.put(key, data, func() error { return s.Store.Put(ctx, key, data) })
}

// PutIfAbsent implements objectstore.Store: written through.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	return s.put(key, data, func() error { return s.Store.PutIfAbsent(ctx, key, data) })
}

// Create implements objectstore.Store.
func (s *Store) Create(ctx context.Context, key string) (objectstore.Writer, error) {
	p := s.c.pool(key)
	if p == nil {
		return s.Store.Create(ctx, key)
	}
	err := ctx.Err()
	if err == nil {
		err = objectstore.ValidKey(key)
	}
	if err != nil {
		return nil, objectstore.Fail(objectstore.OpCreate, key, err)
	}
	return &writer{s: s, p: p, ctx: ctx, key: key, id: s.id(key), buf: make([]byte, 0, p.slotSize)}, nil
}

// List implements objectstore.Store. Cached objects that turn out to have another length than the store's are forgotten: a bucket that was
// restored from a copy may hold another manifest edit under a number that was used before.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, error) {
	page, err := s.Store.List(ctx, prefix, after, limit)
	for _, info := range page {
		if p := s.c.pool(info.Key); p != nil {
			id := s.id(info.Key)
			if size, ok := p.object(id); ok && size != info.Size {
				s.changed(p, id)
			}
		}
	}
	return page, err
}

// Delete implements objectstore.Store.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	err := s.Store.Delete(ctx, keys...)
	for _, key := range keys {
		if p := s.c.pool(key); p != nil {
			s.changed(p, s.id(key))
		}
	}
	return err
}

// short is the error of a read that the object is too short for.
func short(key string, got, want int64) error {
	if got < 0 {
		got = 0
	}
	return objectstore.Fail(objectstore.OpRead, key, errs.Wrap(errs.Unexpected, io.ErrUnexpectedEOF, "the store gave %d of %d bytes", got, want))
}
