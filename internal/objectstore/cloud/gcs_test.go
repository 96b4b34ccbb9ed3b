package cloud_test

import (
	"net/http"
	"net/http/httptest"
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
	handler = faults.Wrap(fake.HTTPHandler())
	return config.Provider{Type: config.StoreGcs, Bucket: cloudtest.Bucket, Endpoint: srv.URL}
}

func TestGCS(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		return cloudtest.Open(t, cloud.Config{Provider: newGCS(t, &cloudtest.Faults{}), Retry: cloudtest.Quick()})
	})
}

func TestGCSParts(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		p := newGCS(t, &cloudtest.Faults{})
		p.Root = "some/root"
		return cloudtest.Open(t, cloud.Config{Provider: p, PartBytes: 1000, Retry: cloudtest.Quick()})
	})
}
