package cloud_test

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

func TestS3(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store { return cloudtest.NewS3(t).Open(t, "") })
}

// TestS3Parts: small parts send every object of more than a few bytes up in parts.
func TestS3Parts(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		srv := cloudtest.NewS3(t)
		p := srv.Provider()
		p.Root = "/some/root/"
		return cloudtest.Open(t, cloud.Config{Provider: p, PartBytes: 1000, Parallel: 3, Retry: cloudtest.Quick()})
	})
}
