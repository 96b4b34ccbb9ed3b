package cloud_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

// newGCS starts a server of the JSON interface in memory.
func newGCS(t testing.TB, faults *cloudtest.Faults) config.Provider {
	t.Helper()
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(func() {
		faults.Clear()
		srv.CloseClientConnections()
		srv.Close()
	})
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: srv.URL})
	require.NoError(t, err)
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: cloudtest.Bucket})
	handler = faults.Wrap(&sessions{next: fake.HTTPHandler()})
	return config.Provider{Type: config.StoreGcs, Bucket: cloudtest.Bucket, Endpoint: srv.URL}
}

// sessions stands before the server for uploads in parts: as the documents of the store say, it tells how far an upload is when asked,
// and passes over bytes that come again. The server alone appends whatever comes.
type sessions struct {
	next http.Handler
	mu   sync.Mutex
	have map[string][]byte
	done map[string]bool
}

func (s *sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("upload_id")
	if id == "" || r.Method != http.MethodPut {
		s.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client broke off; what came is not kept
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.have == nil {
		s.have, s.done = map[string][]byte{}, map[string]bool{}
	}
	have := s.have[id]
	span, total, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Content-Range"), "bytes "), "/")
	if s.done[id] {
		_, _ = w.Write([]byte("{}"))
		return
	}
	if span != "*" {
		first, _, _ := strings.Cut(span, "-")
		at, _ := strconv.Atoi(first)
		if at > len(have) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if end := at + len(body); end > len(have) {
			have = append(have[:at:at], body...)
		}
		if total == "*" { // only whole quanta are kept, and not all of them: the rest must be sent again
			keep := len(have) / (256 << 10) * (256 << 10)
			if keep > len(s.have[id])+(256<<10) {
				keep -= 256 << 10
			}
			have = have[:keep]
		}
		s.have[id] = have
	}
	if total != strconv.Itoa(len(have)) {
		if len(have) > 0 {
			w.Header().Set("Range", "bytes=0-"+strconv.Itoa(len(have)-1))
		}
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	last := r.Clone(r.Context())
	last.Body = io.NopCloser(bytes.NewReader(have))
	last.ContentLength = int64(len(have))
	last.Header.Del("Content-Range")
	s.done[id] = true
	s.next.ServeHTTP(w, last)
}

func TestGCS(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		return cloudtest.Open(t, cloud.Config{Provider: newGCS(t, &cloudtest.Faults{}), Retry: cloudtest.Quick()})
	}, "many") // the server takes longer for each object it has; TestGCSParts does it
}

func TestGCSParts(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		p := newGCS(t, &cloudtest.Faults{})
		p.Root = "some/root"
		return cloudtest.Open(t, cloud.Config{Provider: p, PartBytes: 1000, Retry: cloudtest.Quick()})
	})
}
