// Package meter counts what an object store does, under the metric names that dashboards of the product ask for:
//
//	opendal_operation_duration_seconds{scheme,operation}     histogram: how many, how long
//	opendal_operation_bytes{scheme,operation}                histogram: bytes of each read and write
//	opendal_operation_errors_total{scheme,operation,error}   counter
//	opendal_operation_executing{scheme,operation}            gauge: under way now
//
// The operation is "read" (Get, GetRange), "write" (Put, PutIfAbsent, Create), "open", "stat", "list", "delete",
// "Reader::read", "Writer::write" or "Writer::close" (Commit). The error is "NotFound", "ConditionNotMatch" (the key is taken), "Cancelled",
// "ConfigInvalid" (a wrong request, no such bucket), "PermissionDenied", "RateLimited" (any failure that may pass) or "Unexpected".
package meter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Metrics holds the metrics of all stores of a process.
type Metrics struct {
	seconds, bytes *prometheus.HistogramVec
	errors         *prometheus.CounterVec
	executing      *prometheus.GaugeVec
}

// NewMetrics makes the metrics and registers them. It fails if reg has them already.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	labels := []string{"scheme", "operation"}
	m := &Metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "opendal_operation_duration_seconds", Help: "Duration of object store operations in seconds.",
			Buckets: prometheus.ExponentialBuckets(16e-6, 4, 11), // 16 us, a page from the page cache, to 17 s
		}, labels),
		bytes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "opendal_operation_bytes", Help: "Bytes read or written by object store operations.",
			Buckets: prometheus.ExponentialBuckets(4<<10, 4, 9), // 4 KiB to 256 MiB
		}, labels),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "opendal_operation_errors_total", Help: "Object store operations that failed, by kind of error.",
		}, append(labels, "error")),
		executing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "opendal_operation_executing", Help: "Object store operations under way.",
		}, labels),
	}
	for _, c := range []prometheus.Collector{m.seconds, m.bytes, m.errors, m.executing} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register object store metrics: %w", err)
		}
	}
	return m, nil
}

// Options configure the coat.
type Options struct {
	Metrics *Metrics
	// Scheme names the home: fs, memory, s3, gcs, azblob, oss.
	Scheme string
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// operations names the operations as dashboards know them.
var operations = map[objectstore.Op]string{
	objectstore.OpGet: "read", objectstore.OpGetRange: "read", objectstore.OpOpen: "open", objectstore.OpRead: "Reader::read",
	objectstore.OpPut: "write", objectstore.OpPutIfAbsent: "write", objectstore.OpCreate: "write",
	objectstore.OpWrite: "Writer::write", objectstore.OpCommit: "Writer::close",
	objectstore.OpStat: "stat", objectstore.OpList: "list", objectstore.OpDelete: "delete",
}

// kinds names the kinds of errors as dashboards know them.
var kinds = map[objectstore.Kind]string{
	objectstore.KindNotFound: "NotFound", objectstore.KindExists: "ConditionNotMatch", objectstore.KindCancelled: "Cancelled",
	objectstore.KindInvalid: "ConfigInvalid", objectstore.KindDenied: "PermissionDenied", objectstore.KindRetryable: "RateLimited", objectstore.KindOther: "Unexpected",
}

// op is the metrics of one operation, looked up once.
type op struct {
	seconds, bytes prometheus.Observer
	executing      prometheus.Gauge
	errors         *prometheus.CounterVec
	now            func() time.Time
}

type store struct {
	objectstore.Store
	get, put, open, create, stat, list, delete op
	read, write, commit                        op
}

// Wrap puts the coat on a store.
func Wrap(s objectstore.Store, o Options) objectstore.Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	of := func(name objectstore.Op) op {
		l := prometheus.Labels{"scheme": o.Scheme, "operation": operations[name]}
		return op{
			seconds: o.Metrics.seconds.With(l), bytes: o.Metrics.bytes.With(l), executing: o.Metrics.executing.With(l),
			errors: o.Metrics.errors.MustCurryWith(l), now: o.Now,
		}
	}
	return &store{
		Store: s,
		get:   of(objectstore.OpGet), put: of(objectstore.OpPut), open: of(objectstore.OpOpen), create: of(objectstore.OpCreate),
		stat: of(objectstore.OpStat), list: of(objectstore.OpList), delete: of(objectstore.OpDelete),
		read: of(objectstore.OpRead), write: of(objectstore.OpWrite), commit: of(objectstore.OpCommit),
	}
}

func (o *op) begin() time.Time {
	o.executing.Inc()
	return o.now()
}

// end counts an operation that began at start. n is the bytes it moved, negative if it is none that does.
func (o *op) end(start time.Time, n int, err error) {
	o.seconds.Observe(o.now().Sub(start).Seconds())
	o.executing.Dec()
	if n >= 0 {
		o.bytes.Observe(float64(n))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		o.errors.WithLabelValues(kinds[objectstore.KindOf(err)]).Inc()
	}
}

func (s *store) Get(ctx context.Context, key string) ([]byte, error) {
	t := s.get.begin()
	b, err := s.Store.Get(ctx, key)
	s.get.end(t, len(b), err)
	return b, err
}

func (s *store) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	t := s.get.begin()
	b, err := s.Store.GetRange(ctx, key, off, n)
	s.get.end(t, len(b), err)
	return b, err
}

func (s *store) Open(ctx context.Context, key string) (objectstore.Reader, error) {
	t := s.open.begin()
	r, err := s.Store.Open(ctx, key)
	s.open.end(t, -1, err)
	if err != nil {
		return nil, err
	}
	return &reader{Reader: r, s: s}, nil
}

func (s *store) Put(ctx context.Context, key string, data []byte) error {
	t := s.put.begin()
	err := s.Store.Put(ctx, key, data)
	s.put.end(t, written(data, err), err)
	return err
}

func (s *store) PutIfAbsent(ctx context.Context, key string, data []byte) error {
	t := s.put.begin()
	err := s.Store.PutIfAbsent(ctx, key, data)
	s.put.end(t, written(data, err), err)
	return err
}

func written(data []byte, err error) int {
	if err != nil {
		return 0
	}
	return len(data)
}

func (s *store) Create(ctx context.Context, key string) (objectstore.Writer, error) {
	t := s.create.begin()
	w, err := s.Store.Create(ctx, key)
	s.create.end(t, -1, err)
	if err != nil {
		return nil, err
	}
	return &writer{Writer: w, s: s}, nil
}

func (s *store) Stat(ctx context.Context, key string) (objectstore.Info, error) {
	t := s.stat.begin()
	info, err := s.Store.Stat(ctx, key)
	s.stat.end(t, -1, err)
	return info, err
}

func (s *store) List(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, error) {
	t := s.list.begin()
	page, err := s.Store.List(ctx, prefix, after, limit)
	s.list.end(t, -1, err)
	return page, err
}

func (s *store) Delete(ctx context.Context, keys ...string) error {
	t := s.delete.begin()
	err := s.Store.Delete(ctx, keys...)
	s.delete.end(t, -1, err)
	return err
}

type reader struct {
	objectstore.Reader
	s *store
}

func (r *reader) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	t := r.s.read.begin()
	n, err := r.Reader.ReadRange(ctx, p, off)
	r.s.read.end(t, n, err)
	return n, err
}

type writer struct {
	objectstore.Writer
	s *store
}

func (w *writer) Write(p []byte) (int, error) {
	t := w.s.write.begin()
	n, err := w.Writer.Write(p)
	w.s.write.end(t, n, err)
	return n, err
}

func (w *writer) Commit() error {
	t := w.s.commit.begin()
	err := w.Writer.Commit()
	w.s.commit.end(t, -1, err)
	return err
}
