package cloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
	"github.com/goptimedb/goptimedb/internal/objectstore/retry"
)

// patience is how long a request may stand still: for ever where none does, so that a slow machine changes nothing.
func patience(rule cloudtest.Rule) time.Duration {
	if rule.Hang {
		return 300 * time.Millisecond
	}
	return time.Hour
}

// faulty is a store whose requests may stand still for so long, and its server.
func faulty(t *testing.T, kind string, timeout time.Duration) (*cloud.Store, *cloudtest.Faults) {
	t.Helper()
	var p config.Provider
	var f *cloudtest.Faults
	if kind == config.StoreGcs {
		f = &cloudtest.Faults{}
		p = newGCS(t, f)
	} else {
		srv := cloudtest.NewS3(t)
		p, f = srv.Provider(), srv.Faults
	}
	p.HTTPClient.Timeout = units.Duration(timeout)
	return cloudtest.Open(t, cloud.Config{Provider: p, PartBytes: 256 << 10, Parallel: 2, Retry: cloudtest.Quick()}), f
}

// calls are all operations that ask the server for object "k", whose content is data.
func calls(s *cloud.Store, data []byte) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"get": func(ctx context.Context) error {
			b, err := s.Get(ctx, "k")
			if err == nil && !bytes.Equal(b, data) {
				return errors.New("WRONG BYTES")
			}
			return err
		},
		"get_range": func(ctx context.Context) error {
			b, err := s.GetRange(ctx, "k", 10, 1000)
			if err == nil && !bytes.Equal(b, data[10:1010]) {
				return errors.New("WRONG BYTES")
			}
			return err
		},
		"stat": func(ctx context.Context) error { _, err := s.Stat(ctx, "k"); return err },
		"open": func(ctx context.Context) error { _, err := s.Open(ctx, "k"); return err },
		"put":  func(ctx context.Context) error { return s.Put(ctx, "other", data) },
		"put_if_absent": func(ctx context.Context) error {
			return s.PutIfAbsent(ctx, fmt.Sprint("absent", rand.Int()), data)
		},
		"list":   func(ctx context.Context) error { _, err := s.List(ctx, "", "", 0); return err },
		"delete": func(ctx context.Context) error { return s.Delete(ctx, "gone") },
	}
}

// TestFaults: whatever the server does, each operation ends soon with the right kind of error, and works again when the fault has passed.
func TestFaults(t *testing.T) {
	data := make([]byte, 5000)
	rand.New(rand.NewSource(1)).Read(data)
	for _, c := range []struct {
		name string
		rule cloudtest.Rule
		kind objectstore.Kind
	}{
		{"500", cloudtest.Rule{Status: 500, Code: "InternalError"}, objectstore.KindRetryable},
		{"503 without a body", cloudtest.Rule{Status: 503}, objectstore.KindRetryable},
		{"slow down", cloudtest.Rule{Status: 503, Code: "SlowDown"}, objectstore.KindRetryable},
		{"429", cloudtest.Rule{Status: 429}, objectstore.KindRetryable},
		{"denied", cloudtest.Rule{Status: 403, Code: "AccessDenied"}, objectstore.KindDenied},
		{"no credentials", cloudtest.Rule{Status: 401}, objectstore.KindDenied},
		{"moved", cloudtest.Rule{Status: 301, Code: "PermanentRedirect"}, objectstore.KindOther},
		{"teapot", cloudtest.Rule{Status: 418}, objectstore.KindOther},
		{"hang", cloudtest.Rule{Hang: true}, objectstore.KindRetryable},
		{"reset", cloudtest.Rule{Reset: true}, objectstore.KindRetryable},
	} {
		for _, home := range []string{config.StoreS3, config.StoreGcs} {
			t.Run(home+"/"+c.name, func(t *testing.T) {
				s, f := faulty(t, home, patience(c.rule))
				again := retry.Wrap(s, cloudtest.Quick()) // where nothing goes wrong on purpose, a short patience is not what is tested
				require.NoError(t, again.Put(t.Context(), "k", data))
				r, err := again.Open(t.Context(), "k")
				require.NoError(t, err)
				ops := calls(s, data)
				ops["read"] = func(ctx context.Context) error {
					p := make([]byte, 100)
					_, err := r.ReadRange(ctx, p, 50)
					if err == nil && !bytes.Equal(p, data[50:150]) {
						return errors.New("WRONG BYTES")
					}
					return err
				}
				f.Add(c.rule)
				var wg sync.WaitGroup
				got := sync.Map{}
				for name, op := range ops {
					wg.Go(func() { got.Store(name, op(t.Context())) })
				}
				wg.Wait()
				got.Range(func(name, err any) bool {
					require.NotNil(t, err, name)
					require.Equal(t, c.kind, objectstore.KindOf(err.(error)), "%s: %v", name, err)
					var e *objectstore.Error
					require.ErrorAs(t, err.(error), &e, name)
					return true
				})
				f.Clear()
				for name, op := range ops {
					require.NoError(t, op(t.Context()), name)
				}
			})
		}
	}
}

// TestCutAnswers: an answer that ends early is never taken for the whole.
func TestCutAnswers(t *testing.T) {
	data := make([]byte, 200_000)
	rand.New(rand.NewSource(2)).Read(data)
	for name, rule := range map[string]cloudtest.Rule{
		"cut": {Method: "GET", Path: "k", Cut: 90},
	} {
		for _, home := range []string{config.StoreS3, config.StoreGcs} {
			t.Run(home+"/"+name, func(t *testing.T) {
				s, f := faulty(t, home, time.Hour)
				require.NoError(t, s.Put(t.Context(), "k", data))
				r, err := s.Open(t.Context(), "k")
				require.NoError(t, err)
				f.Add(rule)
				_, err = s.Get(t.Context(), "k")
				require.Equal(t, objectstore.KindRetryable, objectstore.KindOf(err), "%v", err)
				_, err = s.GetRange(t.Context(), "k", 0, 10_000)
				require.Equal(t, objectstore.KindRetryable, objectstore.KindOf(err), "%v", err)
				_, err = r.ReadRange(t.Context(), make([]byte, 10_000), 5)
				require.Equal(t, objectstore.KindRetryable, objectstore.KindOf(err), "%v", err)
				f.Clear()

				// A Reader knows its size, so it also sees an answer that is short and says so.
				f.Add(cloudtest.Rule{Method: "GET", Path: "k", Drop: true})
				_, err = r.ReadRange(t.Context(), make([]byte, 10_000), 5)
				require.Equal(t, objectstore.KindRetryable, objectstore.KindOf(err), "%v", err)
			})
		}
	}
}

// TestReplacedWhileOpen: a Reader fails rather than to give bytes of another version.
func TestReplacedWhileOpen(t *testing.T) {
	for _, home := range []string{config.StoreS3, config.StoreGcs} {
		s, _ := faulty(t, home, time.Hour)
		require.NoError(t, s.Put(t.Context(), "k", bytes.Repeat([]byte("a"), 1000)))
		r, err := s.Open(t.Context(), "k")
		require.NoError(t, err)
		require.NoError(t, s.Put(t.Context(), "k", bytes.Repeat([]byte("b"), 1000)))
		p := make([]byte, 100)
		n, err := r.ReadRange(t.Context(), p, 0)
		require.Error(t, err)
		require.Zero(t, n)
		require.NotEqual(t, objectstore.KindRetryable, objectstore.KindOf(err), "%v", err)
		require.NoError(t, s.Delete(t.Context(), "k"))
		_, err = r.ReadRange(t.Context(), p, 0)
		require.Error(t, err)
	}
}

// slowStore is a store, with the given patience, whose server answers each request by answer. answer gets the end of the client's interest.
func slowStore(t *testing.T, timeout time.Duration, answer func(w http.ResponseWriter, gone <-chan struct{})) *cloud.Store {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r.Context().Done()) }))
	t.Cleanup(srv.Close)
	p := config.Provider{Type: config.StoreS3, Bucket: "b", Endpoint: srv.URL, AccessKeyID: "id", SecretAccessKey: "x",
		HTTPClient: config.HTTPClient{Timeout: units.Duration(timeout)}}
	return cloudtest.Open(t, cloud.Config{Provider: p, NoTrial: true})
}

// TestCallerLeaves: a done ctx ends a request that hangs, with its own error, long before the store's patience ends.
func TestCallerLeaves(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	s := slowStore(t, time.Hour, func(_ http.ResponseWriter, gone <-chan struct{}) {
		leave()
		<-gone
	})
	_, err := s.Get(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
}

// TestDrip: a server that sends a byte now and then, and never ends, does not hold a request for ever.
func TestDrip(t *testing.T) {
	s := slowStore(t, 200*time.Millisecond, func(w http.ResponseWriter, gone <-chan struct{}) {
		w.Header().Set("Content-Length", "1000000")
		drip := time.NewTicker(20 * time.Millisecond)
		defer drip.Stop()
		for {
			select {
			case <-gone:
				return
			case <-drip.C:
				_, _ = w.Write([]byte("x"))
				w.(http.Flusher).Flush()
			}
		}
	})
	_, err := s.Get(t.Context(), "k")
	require.Equal(t, objectstore.KindRetryable, objectstore.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "gave up")
}

// uploads are the uploads in parts that the server still holds.
func uploads(t *testing.T, srv *cloudtest.S3) int {
	t.Helper()
	p := srv.Provider()
	c := s3.New(s3.Options{BaseEndpoint: &p.Endpoint, Region: p.Region, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	out, err := c.ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: aws.String(cloudtest.Bucket)})
	if err != nil && strings.Contains(err.Error(), "NoSuchUpload") { // what this server says when there never was one
		return 0
	}
	require.NoError(t, err)
	return len(out.Uploads)
}

// TestBrokenUploads: each request of an upload in parts fails once for good; nothing is visible, and nothing stays.
func TestBrokenUploads(t *testing.T) {
	data := make([]byte, 1_000_000)
	rand.New(rand.NewSource(3)).Read(data)
	for name, rule := range map[string]cloudtest.Rule{
		"start":              {Method: "POST", Query: "uploads", Status: 403},
		"first part":         {Query: "partNumber=1&", Status: 500},
		"last part":          {Query: "partNumber=4&", Reset: true},
		"hanging part":       {Query: "partNumber=2&", Hang: true},
		"commit":             {Method: "POST", Query: "uploadId", Status: 500},
		"commit that hangs":  {Method: "POST", Query: "uploadId", Hang: true},
		"commit is an error": {Method: "POST", Query: "uploadId", Status: 200, Code: "InternalError"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := cloudtest.NewS3(t)
			p := srv.Provider()
			p.HTTPClient.Timeout = units.Duration(patience(rule))
			s := cloudtest.Open(t, cloud.Config{Provider: p, PartBytes: 256 << 10, Parallel: 2, Retry: cloudtest.Quick()})
			srv.Faults.Add(rule)
			w, err := s.Create(t.Context(), "k")
			require.NoError(t, err)
			_, err = w.Write(data)
			if cerr := w.Commit(); err == nil {
				err = cerr
			}
			require.Error(t, err)
			require.NotErrorIs(t, err, context.Canceled, "the reason counts, not that other parts were stopped for it")
			srv.Faults.Clear()
			w.Abort()
			_, err = s.Stat(t.Context(), "k")
			require.ErrorIs(t, err, objectstore.ErrNotFound)
			require.Zero(t, uploads(t, srv))
		})
	}
}

// TestAbortAfterTheCallerLeft: parts are taken back although the ctx of the upload is done.
func TestAbortAfterTheCallerLeft(t *testing.T) {
	srv := cloudtest.NewS3(t)
	s := cloudtest.Open(t, cloud.Config{Provider: srv.Provider(), PartBytes: 1000, Retry: cloudtest.Quick()})
	ctx, stop := context.WithCancel(t.Context())
	w, err := s.Create(ctx, "k")
	require.NoError(t, err)
	_, err = w.Write(make([]byte, 5000))
	require.NoError(t, err)
	stop()
	require.ErrorIs(t, w.Commit(), context.Canceled)
	require.Equal(t, 1, uploads(t, srv))
	w.Abort()
	require.Zero(t, uploads(t, srv))
}

// TestPassingFaults: an upload in parts rides out that each of its requests fails at first, lost answers too.
func TestPassingFaults(t *testing.T) {
	data := make([]byte, 2_000_000)
	rand.New(rand.NewSource(4)).Read(data)
	for _, home := range []string{config.StoreS3, config.StoreGcs} {
		for name, rule := range map[string]cloudtest.Rule{
			"500":         {Status: 500},
			"reset":       {Reset: true},
			"lost answer": {After: true, Reset: true},
			"hang":        {Hang: true},
		} {
			t.Run(home+"/"+name, func(t *testing.T) {
				s, f := faulty(t, home, patience(rule))
				rule.Each, rule.Times = true, 1
				f.Add(rule)
				w, err := s.Create(t.Context(), "k")
				require.NoError(t, err)
				defer w.Abort()
				for at := 0; at < len(data); at += 30_000 {
					_, err = w.Write(data[at:min(at+30_000, len(data))])
					require.NoError(t, err)
				}
				require.NoError(t, w.Commit())
				f.Clear()
				got, err := s.Get(t.Context(), "k")
				require.NoError(t, err)
				require.True(t, bytes.Equal(data, got))
			})
		}
	}
}

// TestCommitWithLostAnswers: an upload whose last answer was lost is done, also if the question whether it is fails at first.
func TestCommitWithLostAnswers(t *testing.T) {
	s, f := faulty(t, config.StoreS3, time.Hour)
	w, err := s.Create(t.Context(), "k")
	require.NoError(t, err)
	defer w.Abort()
	data := make([]byte, 1_000_000)
	_, err = w.Write(data)
	require.NoError(t, err)
	f.Add(cloudtest.Rule{Method: "POST", Query: "uploadId", Times: 1, After: true, Status: 503})
	f.Add(cloudtest.Rule{Method: "HEAD", Times: 1, Status: 503})
	require.NoError(t, w.Commit())
	got, err := s.Get(t.Context(), "k")
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
}

// TestPutIfAbsentWithLostAnswers: with the coat, the one who won is told so although the answer was lost.
func TestPutIfAbsentWithLostAnswers(t *testing.T) {
	s, f := faulty(t, config.StoreS3, time.Hour)
	dressed := retry.Wrap(s, cloudtest.Quick())
	f.Add(cloudtest.Rule{Method: "PUT", Times: 1, After: true, Reset: true})
	require.NoError(t, dressed.PutIfAbsent(t.Context(), "edit", []byte("mine")))
	f.Clear()
	f.Add(cloudtest.Rule{Method: "PUT", Times: 1, After: true, Status: 503})
	require.ErrorIs(t, dressed.PutIfAbsent(t.Context(), "edit", []byte("theirs")), objectstore.ErrExists)
}

// TestOpenSaysWhatToCheck: wrong settings are told at once, by the keys they are in, and secrets are not.
func TestOpenSaysWhatToCheck(t *testing.T) {
	const secret = "TOP-SECRET-TEXT"
	srv := cloudtest.NewS3(t)
	dead := httptest.NewServer(nil)
	dead.Close()
	for _, c := range []struct {
		name string
		edit func(*config.Provider, *cloudtest.Faults)
		is   error
		want []string
	}{
		{"no such bucket", func(p *config.Provider, _ *cloudtest.Faults) { p.Bucket = "nope" }, objectstore.ErrNoBucket, []string{"s3://nope", "check bucket, region and endpoint"}},
		{"denied", func(_ *config.Provider, f *cloudtest.Faults) {
			f.Add(cloudtest.Rule{Status: 403, Code: "SignatureDoesNotMatch"})
		}, objectstore.ErrDenied, []string{"SignatureDoesNotMatch", "access_key_id and secret_access_key"}},
		{"no delete", func(_ *config.Provider, f *cloudtest.Faults) {
			f.Add(cloudtest.Rule{Method: "POST", Query: "delete", Status: 403, Code: "AccessDenied"})
		}, objectstore.ErrDenied, []string{"trial delete", "permissions"}},
		{"clock", func(_ *config.Provider, f *cloudtest.Faults) {
			f.Add(cloudtest.Rule{Status: 403, Code: "RequestTimeTooSkewed"})
		}, objectstore.ErrDenied, []string{"clock"}},
		{"nobody there", func(p *config.Provider, _ *cloudtest.Faults) { p.Endpoint = dead.URL }, nil, []string{"connection refused"}},
		{"https to a plain server", func(p *config.Provider, _ *cloudtest.Faults) {
			p.Endpoint = strings.Replace(p.Endpoint, "http:", "https:", 1)
		}, nil, []string{"http or https"}},
		{"condition ignored", func(_ *config.Provider, f *cloudtest.Faults) {
			f.Add(cloudtest.Rule{Method: "PUT", Skip: 1, Status: 200})
		}, nil, []string{"conditional writes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer srv.Faults.Clear()
			p := srv.Provider()
			p.SecretAccessKey = secret
			c.edit(&p, srv.Faults)
			_, err := cloud.Open(t.Context(), cloud.Config{Provider: p, Retry: cloudtest.Quick()})
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), secret)
		})
	}
	p := srv.Provider()
	p.Bucket, p.SecretAccessKey = "", ""
	_, err := cloud.Open(t.Context(), cloud.Config{Provider: p})
	require.ErrorContains(t, err, "bucket")
	require.ErrorContains(t, err, "secret_access_key")
}
