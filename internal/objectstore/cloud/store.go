package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

func checkKey(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return objectstore.ValidKey(key)
}

// Get implements objectstore.Store.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := checkKey(ctx, key); err != nil {
		return nil, objectstore.Fail(objectstore.OpGet, key, err)
	}
	b, err := s.readAll(ctx, s.root+key)
	return b, objectstore.Fail(objectstore.OpGet, key, s.explain(ctx, err))
}

// readAll reads a whole object. Its error is the backend's.
func (s *Store) readAll(ctx context.Context, key string) ([]byte, error) {
	r, err := s.b.read(ctx, key, 0, -1, "")
	if err != nil {
		return nil, err
	}
	defer r.body.Close()
	return slurp(r.body, r.length)
}

// slurp reads n bytes of a body, to its end if n is negative. What is said to come is not believed before it does.
func slurp(body io.Reader, n int64) ([]byte, error) {
	const trust = 64 << 20
	if n < 0 {
		b, err := io.ReadAll(body)
		return b, err
	}
	if n <= trust {
		b := make([]byte, n)
		got, err := io.ReadFull(body, b)
		return b[:got], short(err, int64(got), n)
	}
	var b []byte
	for int64(len(b)) < n {
		have := len(b)
		b = append(b, make([]byte, min(n-int64(have), max(trust, int64(have))))...)
		got, err := io.ReadFull(body, b[have:])
		if err != nil {
			return b[:have+got], short(err, int64(have+got), n)
		}
	}
	return b, nil
}

// short is the error of a body that ended after got of want bytes.
func short(err error, got, want int64) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		if got == want {
			return nil
		}
		return errs.New(errs.StorageUnavailable, "answer ended after %d of %d bytes", got, want)
	}
	return err
}

// GetRange implements objectstore.Store.
func (s *Store) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	b, err := s.getRange(ctx, key, off, n)
	return b, objectstore.Fail(objectstore.OpGetRange, key, s.explain(ctx, err))
}

func (s *Store) getRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	if err := checkKey(ctx, key); err != nil {
		return nil, err
	}
	if off < 0 || n < 0 {
		return nil, errs.New(errs.InvalidArguments, "range of %d bytes at %d is negative", n, off)
	}
	if n == 0 { // no store has a range of nothing, but a missing object must be told
		_, err := s.b.stat(ctx, s.root+key)
		return []byte{}, err
	}
	n = min(n, math.MaxInt64-off)
	r, err := s.b.read(ctx, s.root+key, off, n, "")
	if s.pastEnd(err) {
		return []byte{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.body.Close()
	if r.length > n {
		return nil, errs.New(errs.External, "store answered %d bytes where %d were asked for: it ignores ranges", r.length, n)
	}
	return slurp(r.body, r.length)
}

// pastEnd tells the error of a range that starts at or after the end.
func (s *Store) pastEnd(err error) bool {
	if err == nil {
		return false
	}
	a, ok := s.b.answer(err)
	return ok && errors.Is(s.translate(a), errRange)
}

// Put implements objectstore.Store.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	return s.put(ctx, objectstore.OpPut, key, data, false)
}

// PutIfAbsent implements objectstore.Store.
func (s *Store) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	return s.put(ctx, objectstore.OpPutIfAbsent, key, data, true)
}

func (s *Store) put(ctx context.Context, op objectstore.Op, key string, data []byte, ifAbsent bool) error {
	err := checkKey(ctx, key)
	if err == nil {
		err = s.explain(ctx, s.b.put(ctx, s.root+key, data, ifAbsent))
	}
	return objectstore.Fail(op, key, err)
}

// Stat implements objectstore.Store.
func (s *Store) Stat(ctx context.Context, key string) (objectstore.Info, error) {
	o, err := s.stat(ctx, key)
	return o.info, objectstore.Fail(objectstore.OpStat, key, err)
}

func (s *Store) stat(ctx context.Context, key string) (object, error) {
	if err := checkKey(ctx, key); err != nil {
		return object{}, err
	}
	o, err := s.b.stat(ctx, s.root+key)
	o.info.Key = key
	if err != nil {
		return object{}, s.explain(ctx, err)
	}
	return o, nil
}

// List implements objectstore.Store. Objects that others put into the bucket under names that are no keys are passed over.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, error) {
	limit, err := objectstore.CheckList(ctx, prefix, limit)
	if err != nil {
		return nil, err
	}
	page, err := s.list(ctx, prefix, after, limit)
	return page, objectstore.Fail(objectstore.OpList, prefix, s.explain(ctx, err))
}

func (s *Store) list(ctx context.Context, prefix, after string, limit int) (page []objectstore.Info, err error) {
	last := ""
	if after != "" {
		last = s.root + after
	}
	for len(page) < limit {
		got, more, err := s.b.list(ctx, s.root+prefix, last, limit-len(page))
		if err != nil {
			return nil, err
		}
		for _, info := range got {
			if info.Key <= last {
				return nil, errs.New(errs.Unsupported, "store lists %q after %q: it does not list in the order of keys", info.Key, last)
			}
			last = info.Key
			info.Key = strings.TrimPrefix(info.Key, s.root)
			if objectstore.ValidKey(info.Key) == nil {
				page = append(page, info)
			}
		}
		if !more || len(got) == 0 {
			break
		}
	}
	return page, nil
}

// Delete implements objectstore.Store.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	var failed []failure
	valid := make([]string, 0, len(keys))
	for _, key := range keys {
		if err := checkKey(ctx, key); err != nil {
			failed = append(failed, failure{key, err})
			continue
		}
		valid = append(valid, s.root+key)
	}
	for len(valid) > 0 {
		n := min(len(valid), objectstore.MaxPage)
		for _, f := range s.b.delete(ctx, valid[:n]) {
			err := s.explain(ctx, f.err)
			if !errors.Is(err, objectstore.ErrNotFound) {
				failed = append(failed, failure{strings.TrimPrefix(f.key, s.root), err})
			}
		}
		valid = valid[n:]
	}
	if len(failed) == 0 {
		return nil
	}
	// An error that may pass comes first, so that the retry coat tries again.
	lead := failed[0]
	for _, f := range failed {
		if objectstore.KindOf(f.err) == objectstore.KindRetryable {
			lead = f
			break
		}
	}
	if len(failed) == 1 {
		return objectstore.Fail(objectstore.OpDelete, lead.key, lead.err)
	}
	const named = 10
	var names []string
	for _, f := range failed[:min(len(failed), named)] {
		names = append(names, fmt.Sprintf("%q", f.key))
	}
	if len(failed) > named {
		names = append(names, "…")
	}
	return objectstore.Fail(objectstore.OpDelete, lead.key, fmt.Errorf("%w (%d objects stayed: %s)", lead.err, len(failed), strings.Join(names, ", ")))
}

// Open implements objectstore.Store.
func (s *Store) Open(ctx context.Context, key string) (objectstore.Reader, error) {
	o, err := s.stat(ctx, key)
	if err != nil {
		return nil, objectstore.Fail(objectstore.OpOpen, key, err)
	}
	return &reader{s: s, key: key, size: o.info.Size, version: o.version}, nil
}

// reader asks for ranges of one version of an object. It holds nothing open.
type reader struct {
	s       *Store
	key     string
	size    int64
	version string
}

func (r *reader) Size() int64  { return r.size }
func (r *reader) Close() error { return nil }

func (r *reader) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, objectstore.Fail(objectstore.OpRead, r.key, err)
	}
	if off < 0 {
		return 0, objectstore.Fail(objectstore.OpRead, r.key, errs.New(errs.InvalidArguments, "offset %d is negative", off))
	}
	if len(p) == 0 {
		return 0, nil
	}
	if off >= r.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), r.size-off)]
	n, err := r.read(ctx, want, off)
	if err != nil {
		return n, objectstore.Fail(objectstore.OpRead, r.key, r.s.explain(ctx, err))
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (r *reader) read(ctx context.Context, p []byte, off int64) (int, error) {
	resp, err := r.s.b.read(ctx, r.s.root+r.key, off, int64(len(p)), r.version)
	if err != nil {
		if a, ok := r.s.b.answer(err); ok && (a.status == 412 || a.status == 416) {
			return 0, errReplaced
		}
		return 0, err
	}
	defer resp.body.Close()
	switch {
	case r.version != "" && resp.version != "" && resp.version != r.version:
		return 0, errReplaced
	case resp.length > int64(len(p)):
		return 0, errs.New(errs.External, "store answered %d bytes where %d were asked for: it ignores ranges", resp.length, len(p))
	case resp.length >= 0 && resp.length < int64(len(p)):
		return 0, errs.New(errs.StorageUnavailable, "store answered %d bytes where %d were asked for", resp.length, len(p))
	}
	n, err := io.ReadFull(resp.body, p)
	return n, short(err, int64(n), int64(len(p)))
}
