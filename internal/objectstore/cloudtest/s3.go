// Package cloudtest starts stores for tests of what stands on package cloud: a server in the process, a bucket in it, and the
// configuration that leads there.
//
//	srv := cloudtest.NewS3(t)
//	store := srv.Open(t)                     // dressed or not, as the test likes
//	srv.Faults.Add(cloudtest.Rule{...})      // the server misbehaves from now on
//
// The server keeps its objects as long as the test lives, so a process that was killed finds them again, and a store that was closed can
// be opened once more.
package cloudtest

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/retry"
)

// Bucket is the bucket that every server of this package has.
const Bucket = "test-bucket"

// S3 is a server of S3 in memory.
type S3 struct {
	URL    string
	Faults *Faults
	server *httptest.Server
}

// NewS3 starts a server that ends with the test.
func NewS3(t testing.TB) *S3 {
	t.Helper()
	s, err := StartS3()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// StartS3 starts a server that ends with Close.
func StartS3() (*S3, error) {
	backend := s3mem.New()
	if err := backend.CreateBucket(Bucket); err != nil {
		return nil, err
	}
	s := &S3{Faults: &Faults{}}
	fake := gofakes3.New(backend, gofakes3.WithTimeSkewLimit(0), gofakes3.WithoutVersioning())
	s.server = httptest.NewServer(s.Faults.Wrap(fake.Server()))
	s.URL = s.server.URL
	return s, nil
}

// Close ends the server, its objects are gone.
func (s *S3) Close() {
	s.Faults.Clear() // lets go of requests that hang
	s.server.CloseClientConnections()
	s.server.Close()
}

// Provider leads to the server, with an empty root.
func (s *S3) Provider() config.Provider {
	return config.Provider{
		Type: config.StoreS3, Bucket: Bucket, Endpoint: s.URL, Region: "us-east-1",
		AccessKeyID: "test", SecretAccessKey: "secret", DisableEC2Metadata: true,
		HTTPClient: config.HTTPClient{Timeout: units.Duration(10 * time.Second)},
	}
}

// Open opens the store under a root; "" is the whole bucket.
func (s *S3) Open(t testing.TB, root string) *cloud.Store {
	t.Helper()
	p := s.Provider()
	p.Root = root
	return Open(t, cloud.Config{Provider: p, Retry: Quick()})
}

// Open opens a store that is closed with the test.
func Open(t testing.TB, c cloud.Config) *cloud.Store {
	t.Helper()
	store, err := cloud.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

// Quick tries again without waiting.
func Quick() retry.Options {
	return retry.Options{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}
