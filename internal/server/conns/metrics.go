package conns

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the greptime_servers_* series of a wire protocol, which dashboards know.
type Metrics struct {
	Connections prometheus.Gauge
	Prepared    prometheus.Gauge
	Errors      prometheus.Counter
	AuthFailed  *prometheus.CounterVec // by code
	elapsed     *prometheus.HistogramVec
}

// buckets reach from a tenth of a millisecond (a statement that needs no engine) to half a minute (a large export).
var buckets = []float64{.0001, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30}

// NewMetrics registers the series of a protocol, "mysql", whose name for people is "MySQL".
func NewMetrics(protocol, name string, reg prometheus.Registerer) *Metrics {
	prefix := "greptime_servers_" + protocol
	m := &Metrics{
		Connections: prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "_connection_count", Help: name + " connections."}),
		Prepared:    prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "_prepared_count", Help: "Statements prepared by " + name + " connections."}),
		elapsed: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + "_query_elapsed", Help: "Seconds per " + name + " statement.",
			Buckets: buckets}, []string{"subprotocol", "db"}),
	}
	reg.MustRegister(m.Connections, m.Prepared, m.elapsed)
	// Other protocols count under the same names.
	m.Errors = shared(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_servers_error",
		Help: "Requests answered by an error."}, []string{"protocol"})).WithLabelValues(protocol)
	m.AuthFailed = shared(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_servers_auth_failure_count",
		Help: "Requests refused for their credentials."}, []string{"code"}))
	return m
}

func shared(reg prometheus.Registerer, v *prometheus.CounterVec) *prometheus.CounterVec {
	if err := reg.Register(v); err != nil {
		if have, ok := err.(prometheus.AlreadyRegisteredError); ok {
			return have.ExistingCollector.(*prometheus.CounterVec)
		}
		panic(err) // two rooms use one name for different metrics
	}
	return v
}

// Observe counts a statement that was answered, so that its database is one that exists.
func (m *Metrics) Observe(subprotocol, database string, start time.Time) {
	m.elapsed.WithLabelValues(subprotocol, database).Observe(time.Since(start).Seconds())
}
