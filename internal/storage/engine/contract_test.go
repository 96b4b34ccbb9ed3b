package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/contract/regiontest"
)

func TestContract(t *testing.T) {
	regiontest.Run(t, func(t *testing.T) *regiontest.Home {
		n, err := start(t, crashfs.New(), "/data", nil)
		require.NoError(t, err)
		return &regiontest.Home{Regions: n.eng,
			Create: contract.CreateRegion{TableDir: tableDir, Meta: contract.RegionMeta{ID: region0, Schema: regiontest.Schema()}},
			Reopen: func(ctx context.Context) error {
				return n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir})
			},
			Close: func() { require.NoError(t, n.stop()) }}
	})
}
