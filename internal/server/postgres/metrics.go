package postgres

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the greptime_servers_* series that dashboards know.
type metrics struct {
	connections prometheus.Gauge
	prepared    prometheus.Gauge
	elapsed     *prometheus.HistogramVec
	errors      prometheus.Counter
	authFailed  *prometheus.CounterVec
}

// buckets reach from a tenth of a millisecond (a statement that needs no engine) to half a minute (a large export).
var buckets = []float64{.0001, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Name: "greptime_servers_postgres_connection_count", Help: "PostgreSQL connections."}),
		prepared: prometheus.NewGauge(prometheus.GaugeOpts{Name: "greptime_servers_postgres_prepared_count",
			Help: "Statements prepared by PostgreSQL connections."}),
		elapsed: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "greptime_servers_postgres_query_elapsed",
			Help: "Seconds per PostgreSQL statement.", Buckets: buckets}, []string{"subprotocol", "db"}),
	}
	reg.MustRegister(m.connections, m.prepared, m.elapsed)
	// Other protocols count under the same names.
	m.errors = shared(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_servers_error",
		Help: "Requests answered by an error."}, []string{"protocol"})).WithLabelValues("postgres")
	m.authFailed = shared(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_servers_auth_failure_count",
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

// observe counts a statement that was answered, so that its database is one that exists.
func (m *metrics) observe(extended bool, db string, start time.Time) {
	sub := "simple"
	if extended {
		sub = "extended"
	}
	m.elapsed.WithLabelValues(sub, db).Observe(time.Since(start).Seconds())
}
