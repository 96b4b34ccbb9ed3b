package httpd

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the greptime_servers_* series that dashboards know.
type metrics struct {
	reg         prometheus.Registerer
	requests    *prometheus.CounterVec
	elapsed     *prometheus.HistogramVec
	errors      *prometheus.CounterVec
	authFailed  *prometheus.CounterVec
	panics      prometheus.Counter
	memoryInUse prometheus.Gauge
	memoryLimit prometheus.Gauge
	rejected    prometheus.Counter
}

// buckets reach from half a millisecond (a cached dashboard query) to half a minute (a large export).
var buckets = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		reg: reg,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_servers_http_requests_total",
			Help: "HTTP requests by route."}, []string{"method", "path", "code"}),
		elapsed: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "greptime_servers_http_requests_elapsed",
			Help: "Seconds per HTTP request by route.", Buckets: buckets}, []string{"method", "path", "code"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_servers_error", Help: "Requests answered by an error."},
			[]string{"protocol"}),
		authFailed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_servers_auth_failure_count",
			Help: "Requests refused for their credentials."}, []string{"code"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_servers_http_panics_total", Help: "Panics in handlers."}),
		memoryInUse: prometheus.NewGauge(prometheus.GaugeOpts{Name: "greptime_servers_request_memory_in_use_bytes",
			Help: "Bytes of request bodies in hand."}),
		memoryLimit: prometheus.NewGauge(prometheus.GaugeOpts{Name: "greptime_servers_request_memory_limit_bytes",
			Help: "Most bytes of request bodies in hand; 0: no limit."}),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_servers_request_memory_rejected_total",
			Help: "Requests refused because too many bytes were in hand."}),
	}
	reg.MustRegister(m.requests, m.elapsed, m.errors, m.authFailed, m.panics, m.memoryInUse, m.memoryLimit, m.rejected)
	return m
}

// histogram is the elapsed histogram of one family of routes; routes of one family share it.
func (m *metrics) histogram(name string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: "Seconds per request.", Buckets: buckets},
		[]string{"db", "path"})
	if err := m.reg.Register(h); err != nil {
		if have, ok := err.(prometheus.AlreadyRegisteredError); ok {
			return have.ExistingCollector.(*prometheus.HistogramVec)
		}
		panic(err) // two rooms use one name for different metrics
	}
	return h
}

func (m *metrics) observe(hr *http.Request, rt *Route, r *Request, w *writer, elapsed *prometheus.HistogramVec) {
	took := time.Since(r.Start).Seconds()
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	code := strconv.Itoa(status)
	m.requests.WithLabelValues(hr.Method, rt.Path, code).Inc()
	m.elapsed.WithLabelValues(hr.Method, rt.Path, code).Observe(took)
	if elapsed != nil && r.Session != nil {
		db := ""
		if status < 300 { // a database that answered exists; other names are the client's, and without end
			db = r.Session.Database
		}
		elapsed.WithLabelValues(db, rt.Path).Observe(took)
	}
}
