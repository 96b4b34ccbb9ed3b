package coats_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/coats"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	"github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/objectstore/meter"
	"github.com/goptimedb/goptimedb/internal/objectstore/retry"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

func options(t *testing.T, reg prometheus.Registerer, scheme string) coats.Options {
	m, err := meter.NewMetrics(reg)
	require.NoError(t, err)
	return coats.Options{
		Retry: retry.Options{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }},
		Meter: meter.Options{Metrics: m, Scheme: scheme},
	}
}

// TestStore: a fully dressed local store, and one that fails each operation now and then.
func TestStore(t *testing.T) {
	t.Run("local", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) objectstore.Store {
			home, err := local.Open(filepath.Join(t.TempDir(), "data"), local.Options{})
			require.NoError(t, err)
			return coats.Wrap(home, options(t, prometheus.NewRegistry(), "fs"))
		})
	})
	t.Run("faulty", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) objectstore.Store {
			f := fault.Wrap(memory.New(memory.Options{}))
			for _, op := range objectstore.Ops {
				if op == objectstore.OpWrite || op == objectstore.OpCommit {
					continue // streams start over by their writer's hand
				}
				for i := range 50 {
					f.Add(fault.Rule{Op: op, Skip: i*7 + i%3, Times: 2, After: i%2 == 0})
				}
			}
			o := options(t, prometheus.NewRegistry(), "memory")
			o.Retry.Attempts = 50 // many goroutines may meet all faults in turn
			return coats.Wrap(f, o)
		})
	})
}

func TestMeterCountsEachTry(t *testing.T) {
	reg := prometheus.NewRegistry()
	f := fault.Wrap(memory.New(memory.Options{}))
	f.Add(fault.Rule{Op: objectstore.OpStat, Times: 2})
	s := coats.Wrap(f, options(t, reg, "memory"))
	require.NoError(t, s.Put(t.Context(), "k", nil))
	_, err := s.Stat(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, 3, f.Calls(objectstore.OpStat))
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "opendal_operation_errors_total" {
			require.EqualValues(t, 2, f.GetMetric()[0].GetCounter().GetValue())
			return
		}
	}
	t.Fatal("no errors were counted")
}
