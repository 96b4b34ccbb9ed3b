package meter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/objectstore/meter"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

func wrap(t testing.TB, reg prometheus.Registerer) objectstore.Store {
	m, err := meter.NewMetrics(reg)
	require.NoError(t, err)
	now := time.Unix(0, 0)
	return meter.Wrap(memory.New(memory.Options{}), meter.Options{Metrics: m, Scheme: "memory", Now: func() time.Time {
		now = now.Add(time.Second)
		return now
	}})
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		m, err := meter.NewMetrics(prometheus.NewRegistry())
		require.NoError(t, err)
		return meter.Wrap(memory.New(memory.Options{}), meter.Options{Metrics: m, Scheme: "memory"})
	})
}

// TestNames pins what dashboards ask for.
func TestNames(t *testing.T) {
	ctx := t.Context()
	reg := prometheus.NewRegistry()
	s := wrap(t, reg)
	require.NoError(t, s.Put(ctx, "k", make([]byte, 10)))
	require.Error(t, s.PutIfAbsent(ctx, "k", make([]byte, 10)))
	_, err := s.Get(ctx, "none")
	require.Error(t, err)
	_, err = s.GetRange(ctx, "k", 0, 3)
	require.NoError(t, err)
	r, err := s.Open(ctx, "k")
	require.NoError(t, err)
	_, err = r.ReadRange(ctx, make([]byte, 20), 0)
	require.Error(t, err, "EOF, which is no error to count")
	w, err := s.Create(ctx, "w")
	require.NoError(t, err)
	_, err = w.Write(make([]byte, 7))
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	_, err = s.Stat(ctx, "k")
	require.NoError(t, err)
	_, err = s.List(ctx, "", "", 0)
	require.NoError(t, err)
	require.Error(t, s.Delete(ctx, ".."))

	got := map[string]float64{}
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName() + " " + labels(m)
			if h := m.GetHistogram(); h != nil {
				got[name+" count"], got[name+" sum"] = float64(h.GetSampleCount()), h.GetSampleSum()
			} else {
				got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	for name, want := range map[string]float64{
		"opendal_operation_duration_seconds write memory count":         3,
		"opendal_operation_duration_seconds write memory sum":           3,
		"opendal_operation_duration_seconds read memory count":          2,
		"opendal_operation_duration_seconds open memory count":          1,
		"opendal_operation_duration_seconds stat memory count":          1,
		"opendal_operation_duration_seconds list memory count":          1,
		"opendal_operation_duration_seconds delete memory count":        1,
		"opendal_operation_duration_seconds Reader::read memory count":  1,
		"opendal_operation_duration_seconds Writer::close memory sum":   1,
		"opendal_operation_bytes write memory sum":                      10,
		"opendal_operation_bytes read memory sum":                       3,
		"opendal_operation_bytes Reader::read memory sum":               10,
		"opendal_operation_bytes Writer::write memory sum":              7,
		"opendal_operation_errors_total NotFound read memory":           1,
		"opendal_operation_errors_total ConditionNotMatch write memory": 1,
		"opendal_operation_errors_total ConfigInvalid delete memory":    1,
		"opendal_operation_executing read memory":                       0,
	} {
		v, ok := got[name]
		require.True(t, ok, name)
		require.Equal(t, want, v, name)
	}
	_, err = meter.NewMetrics(reg)
	require.Error(t, err)
}

// labels are the values, in the order of the names.
func labels(m *dto.Metric) string {
	var out []string
	for _, l := range m.GetLabel() {
		out = append(out, l.GetValue())
	}
	return strings.Join(out, " ")
}

func BenchmarkReadRange(b *testing.B) {
	m, err := meter.NewMetrics(prometheus.NewRegistry())
	require.NoError(b, err)
	s := meter.Wrap(memory.New(memory.Options{}), meter.Options{Metrics: m, Scheme: "memory"})
	require.NoError(b, s.Put(b.Context(), "k", make([]byte, 100)))
	r, err := s.Open(b.Context(), "k")
	require.NoError(b, err)
	p := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.ReadRange(b.Context(), p, 0); err != nil {
			b.Fatal(err)
		}
	}
}
