package objectstore

import "context"

// SizedOpener is a store that opens an object whose size the caller knows without asking anybody.
type SizedOpener interface {
	// OpenSized is Open for an object of size bytes. That there is no such object, or a shorter one, may only be found by reading.
	OpenSized(ctx context.Context, key string, size int64) (Reader, error)
}

// OpenSized opens an object of a known size, by a request less where the store can.
func OpenSized(ctx context.Context, s Store, key string, size int64) (Reader, error) {
	if o, ok := s.(SizedOpener); ok && size > 0 {
		return o.OpenSized(ctx, key, size)
	}
	return s.Open(ctx, key)
}

// Prefetcher is a store that can bring parts of objects near.
type Prefetcher interface {
	// Prefetch brings n bytes from offset off of an object of size bytes near, so that reading them later is quick.
	Prefetch(ctx context.Context, key string, size, off, n int64) error
}
