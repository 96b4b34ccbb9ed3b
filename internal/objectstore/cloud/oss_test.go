package cloud_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

// newOSS is a server of S3 with what the documents of OSS say is different there. It is no proof that OSS itself behaves so.
func newOSS(t testing.TB, versioning bool) config.Provider {
	t.Helper()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket(cloudtest.Bucket))
	s3 := gofakes3.New(backend, gofakes3.WithTimeSkewLimit(0), gofakes3.WithoutVersioning()).Server()
	refuse := func(w http.ResponseWriter, status int, code string) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>refused</Message></Error>"))
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		_, deletes := r.URL.Query()["delete"]
		switch {
		case h.Get("If-None-Match") != "" && r.Method == http.MethodPut:
			refuse(w, http.StatusNotImplemented, "NotImplemented")
			return
		case strings.Contains(h.Get("Content-Encoding"), "aws-chunked"), strings.HasPrefix(h.Get("X-Amz-Content-Sha256"), "STREAMING"):
			refuse(w, http.StatusBadRequest, "InvalidArgument")
			return
		case deletes && h.Get("Content-Md5") == "":
			refuse(w, http.StatusBadRequest, "MissingArgument")
			return
		case h.Get("X-Oss-Forbid-Overwrite") == "true" && !versioning:
			k := httptest.NewRecorder()
			h.Set("If-None-Match", "*")
			s3.ServeHTTP(k, r)
			if k.Code == http.StatusPreconditionFailed {
				refuse(w, http.StatusConflict, "FileAlreadyExists")
				return
			}
			for name, v := range k.Header() {
				w.Header()[name] = v
			}
			w.WriteHeader(k.Code)
			_, _ = w.Write(k.Body.Bytes())
			return
		}
		s3.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return config.Provider{Type: config.StoreOss, Bucket: cloudtest.Bucket, Endpoint: srv.URL, AccessKeyID: "id", AccessKeySecret: "secret"}
}

func TestOSS(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		return cloudtest.Open(t, cloud.Config{Provider: newOSS(t, false), PartBytes: 10_000, Retry: cloudtest.Quick()})
	})
}

// TestOSSWithVersioningIsRefused: there the condition does not count, so two writers of a manifest could both win.
func TestOSSWithVersioningIsRefused(t *testing.T) {
	_, err := cloud.Open(context.Background(), cloud.Config{Provider: newOSS(t, true), Retry: cloudtest.Quick()})
	require.True(t, errs.Is(err, errs.Unsupported), "%v", err)
	require.ErrorContains(t, err, "conditional writes")
}
