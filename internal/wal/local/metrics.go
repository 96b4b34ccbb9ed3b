package local

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Values of the label optype.
const (
	opAppend   = "append_batch"
	opRead     = "read"
	opObsolete = "obsolete"
	opDelete   = "delete_namespace"
)

// logstore is the value of the label of that name. The names of metrics and labels are part of the product's interface: they
// are those of the log that dashboards know.
const logstore = "raft_engine"

// metrics of a log; every method works on nil.
type metrics struct {
	reg       prometheus.Registerer
	elapsed   *prometheus.HistogramVec
	opBytes   *prometheus.CounterVec
	syncTime  prometheus.Histogram
	writeSize prometheus.Histogram
	purgeTime prometheus.Histogram
	files     prometheus.Gauge
	all       []prometheus.Collector
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	if reg == nil {
		return nil, nil
	}
	fast := prometheus.ExponentialBuckets(20e-6, 2, 20) // 20 microseconds to 10 seconds
	m := &metrics{
		reg: reg,
		elapsed: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "greptime_logstore_op_elapsed",
			Help: "Seconds that operations of the log took.", Buckets: fast}, []string{"logstore", "optype"}),
		opBytes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_logstore_op_bytes_total",
			Help: "Bytes that operations of the log wrote or read."}, []string{"logstore", "optype"}),
		syncTime: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "raft_engine_sync_log_duration_seconds",
			Help: "Seconds that syncs of log segments took.", Buckets: fast}),
		writeSize: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "raft_engine_write_size",
			Help: "Bytes of groups written to the log.", Buckets: prometheus.ExponentialBuckets(256, 4, 10)}),
		purgeTime: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "raft_engine_purge_duration_seconds",
			Help: "Seconds that looking for and removing free log segments took.", Buckets: fast}),
		files: prometheus.NewGauge(prometheus.GaugeOpts{Name: "raft_engine_log_file_count",
			Help: "Log segments that are still needed."}),
	}
	for _, c := range []prometheus.Collector{m.elapsed, m.opBytes, m.syncTime, m.writeSize, m.purgeTime, m.files} {
		if err := reg.Register(c); err != nil {
			m.unregister()
			return nil, fmt.Errorf("register log metrics: %w", err)
		}
		m.all = append(m.all, c)
	}
	return m, nil
}

func (m *metrics) unregister() {
	if m == nil {
		return
	}
	for _, c := range m.all {
		m.reg.Unregister(c)
	}
}

// observe measures an operation that began at start; the result is to be deferred. Failed ones are left out.
func (m *metrics) observe(op string, start time.Time) func(*error) {
	if m == nil {
		return func(*error) {}
	}
	return func(err *error) {
		if *err == nil {
			m.elapsed.WithLabelValues(logstore, op).Observe(time.Since(start).Seconds())
		}
	}
}

func (m *metrics) bytes(op string, n int) {
	if m != nil {
		m.opBytes.WithLabelValues(logstore, op).Add(float64(n))
	}
}

func (m *metrics) written(n int) {
	if m != nil {
		m.writeSize.Observe(float64(n))
	}
}

func (m *metrics) synced(d time.Duration) {
	if m != nil {
		m.syncTime.Observe(d.Seconds())
	}
}

func (m *metrics) purged(d time.Duration) {
	if m != nil {
		m.purgeTime.Observe(d.Seconds())
	}
}

func (m *metrics) segments(n int) {
	if m != nil {
		m.files.Set(float64(n))
	}
}
