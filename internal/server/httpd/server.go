package httpd

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/certs"
)

// Options of a server. Zero members have the meaning that each says.
type Options struct {
	Log     *slog.Logger          // nil: discarded
	Metrics prometheus.Registerer // nil: a registry of its own

	Timeout   time.Duration // of one request; 0: none. A request's own x-greptime-timeout wins.
	BodyLimit int64         // bytes of a body as sent; 0: no limit. Larger: 413.
	// DecompressedLimit is the bytes of a body once decompressed. 0: four times BodyLimit, or 1 GiB without one. Larger: 413.
	DecompressedLimit int64
	// RequestMemory is the bytes that all bodies in hand may hold together; 0: no limit. A request that finds no room waits up to
	// RequestMemoryWait, then gets 429.
	RequestMemory     int64
	RequestMemoryWait time.Duration

	// ReadTimeout and WriteTimeout are the time for every 64 KiB of a body, and of an answer. A client that is slower is cut. 0: 60 s.
	ReadTimeout  time.Duration
	WriteTimeout time.Duration

	CORS        bool
	CORSOrigins []string // empty: any

	Timezone *time.Location // of sessions that name none; nil: UTC

	// Authenticate checks a user on paths below /v1/, and tells what he may do. It may be nil: everybody is let in. Its errors carry
	// 7xxx codes.
	Authenticate func(ctx context.Context, user, password string) (model.Rights, error)
	// NamedTLS refuses users whom the client's certificate is not made out to, and takes its name where Authenticate is nil and none is
	// given. Listeners have to require certificates, and verify them.
	NamedTLS bool
	// ProtectOps makes /status, /metrics, /config and /debug ask for users too.
	ProtectOps bool
}

// Handler answers a request. Before it has written anything it may return an error instead, which becomes a body of the route's
// family; an error after that cuts the connection, so that the client does not take a part for the whole.
type Handler func(w http.ResponseWriter, r *Request) error

// Route is one path of the server.
type Route struct {
	Methods  string // "GET POST"
	Path     string // pattern of http.ServeMux without a method
	Family   Family
	Handler  Handler
	Protocol string // of the session: "http", "influxdb", "prometheus"

	// Reads: the route reads data by itself, and so users who may only write are refused. What handlers let others do (statements,
	// writes) is judged there.
	Reads bool

	// Elapsed, if set, is a histogram of seconds of successful and failed requests, e.g. "greptime_servers_http_sql_elapsed".
	Elapsed string
	// TimeoutStatus answers a request whose time is over. 0: 408.
	TimeoutStatus int
}

// Server is one HTTP server; Handle is called before Serve.
type Server struct {
	opt     Options
	mux     *http.ServeMux
	http    *http.Server
	api     *http.Server        // ServeAPI's
	memory  *semaphore.Weighted // nil: no limit
	buffers sync.Pool           // *[]byte: bodies
	m       *metrics
}

// New makes a server without routes.
func New(opt Options) (*Server, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Metrics == nil {
		opt.Metrics = prometheus.NewRegistry()
	}
	if opt.Timezone == nil {
		opt.Timezone = time.UTC
	}
	if opt.DecompressedLimit == 0 {
		opt.DecompressedLimit = 4 * opt.BodyLimit
	}
	if opt.DecompressedLimit == 0 {
		opt.DecompressedLimit = 1 << 30
	}
	for _, d := range []*time.Duration{&opt.ReadTimeout, &opt.WriteTimeout} {
		if *d == 0 {
			*d = time.Minute
		}
	}
	s := &Server{opt: opt, mux: http.NewServeMux(), m: newMetrics(opt.Metrics)}
	s.buffers.New = func() any { return new([]byte) }
	if opt.RequestMemory > 0 {
		s.memory = semaphore.NewWeighted(opt.RequestMemory)
		s.m.memoryLimit.Set(float64(opt.RequestMemory))
	}
	listener := func(h http.Handler) *http.Server {
		return &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute,
			ErrorLog: slog.NewLogLogger(opt.Log.Handler(), slog.LevelDebug), ConnContext: withConn}
	}
	s.http, s.api = listener(s), listener(http.HandlerFunc(s.serveAPI))
	return s, nil
}

// serveAPI answers what strangers may ask for: everything else is not found, and nobody is asked who he is for that.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	for _, p := range []string{"/v1", "/dashboard"} {
		if r.URL.Path == p || strings.HasPrefix(r.URL.Path, p+"/") {
			s.ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

// Handle adds a route.
func (s *Server) Handle(rt Route) {
	if rt.TimeoutStatus == 0 {
		rt.TimeoutStatus = http.StatusRequestTimeout
	}
	if rt.Protocol == "" {
		rt.Protocol = "http"
	}
	var elapsed *prometheus.HistogramVec
	if rt.Elapsed != "" {
		elapsed = s.m.histogram(rt.Elapsed)
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) { s.serve(w, hr, &rt, elapsed) })
	for _, m := range strings.Fields(rt.Methods) {
		s.mux.Handle(m+" "+rt.Path, h)
	}
}

// HandleHTTP adds a plain handler outside of sessions, families and limits, such as net/http/pprof.
func (s *Server) HandleHTTP(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// ServeHTTP makes the server usable without a listener.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 { // of a body that no handler reads, too: the server discards it before it answers
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.opt.ReadTimeout))
	}
	if s.opt.CORS && s.cors(w, r) {
		return
	}
	if s.opt.ProtectOps && forOperators(r.URL.Path) && !s.letIn(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Serve answers requests of l until Shutdown; then it returns nil.
func (s *Server) Serve(l net.Listener) error { return serve(s.http, l, s.opt.WriteTimeout) }

// ServeAPI is Serve for paths below /v1 and /dashboard alone, so that a listener can be shown to strangers.
func (s *Server) ServeAPI(l net.Listener) error { return serve(s.api, l, s.opt.WriteTimeout) }

func serve(h *http.Server, l net.Listener, timeout time.Duration) error {
	if err := h.Serve(&slowListener{l, timeout}); !errors.Is(err, http.ErrServerClosed) {
		return errs.Wrap(errs.External, err, "serve http on %s", l.Addr())
	}
	return nil
}

// slowListener gives every write a time limit, so that a client that stops reading does not hold a query for ever.
type slowListener struct {
	net.Listener
	timeout time.Duration
}

func (l *slowListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &slowConn{c, l.timeout}, nil
}

type slowConn struct {
	net.Conn
	timeout time.Duration
}

func (c *slowConn) Write(b []byte) (n int, err error) {
	for {
		c.SetWriteDeadline(time.Now().Add(c.timeout))
		k, err := c.Conn.Write(b[n:min(len(b), n+paceBytes)])
		if n += k; err != nil || n == len(b) {
			return n, err
		}
	}
}

type connKey struct{}

// withConn keeps the connection for certificateName: http.Server sees no TLS below slowConn.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// certificateName is whom the certificate of the client is made out to; empty where it showed none.
func certificateName(ctx context.Context) string {
	if c, ok := ctx.Value(connKey{}).(*slowConn); ok {
		if t, ok := c.Conn.(*tls.Conn); ok {
			return certs.Name(t.ConnectionState())
		}
	}
	return ""
}

// Shutdown stops accepting, waits for requests in hand until ctx ends, then cuts those that are left.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, h := range []*http.Server{s.http, s.api} {
		if err := h.Shutdown(ctx); err != nil {
			s.http.Close()
			s.api.Close()
			return errs.Wrap(errs.Cancelled, err, "stop http server")
		}
	}
	return nil
}

func (s *Server) serve(rw http.ResponseWriter, hr *http.Request, rt *Route, elapsed *prometheus.HistogramVec) {
	w := &writer{ResponseWriter: rw}
	r := &Request{Request: hr, Start: time.Now(), server: s, control: http.NewResponseController(rw)}
	defer func() {
		r.release()
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.opt.Log.Error("handler panicked", "path", hr.URL.Path, "panic", p, "stack", string(debug.Stack()))
			s.m.panics.Inc()
			if w.status != 0 {
				panic(http.ErrAbortHandler)
			}
			rt.Family.write(w, r, errs.New(errs.Internal, "panic in handler"))
		}
		s.m.observe(hr, rt, r, w, elapsed)
	}()

	ctx, cancel, err := s.deadline(hr)
	if err == nil {
		defer cancel()
		r.Request = hr.WithContext(ctx)
		if err = s.session(r, rt); err == nil {
			err = rt.Handler(w, r)
		}
	}
	if err == nil {
		return
	}
	switch {
	case w.status != 0:
		s.opt.Log.Warn("answer cut", "path", hr.URL.Path, "err", err)
		panic(http.ErrAbortHandler)
	case hr.Context().Err() != nil && !tooSlow(err):
		w.status = 499 // nobody reads it; for the metrics
		return
	case ctx != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		w.WriteHeader(rt.TimeoutStatus)
		return
	}
	if c := errs.CodeOf(err); c == errs.Internal || c == errs.Unknown || c == errs.Unexpected {
		s.opt.Log.Error("request failed", "path", hr.URL.Path, "code", uint32(c), "err", err) // masked towards the client
	}
	s.m.errors.WithLabelValues(rt.Protocol).Inc()
	rt.Family.write(w, r, err)
}

// tooSlow tells the error of a client that is there and does not send its body: the request's context ends for it as for one that is gone.
func tooSlow(err error) bool {
	se := (*StatusError)(nil)
	return errors.As(err, &se) && se.Status == http.StatusRequestTimeout
}

// Request is an HTTP request with what the server found out about it.
type Request struct {
	*http.Request
	Session *model.Session
	Start   time.Time

	server  *Server
	control *http.ResponseController
	query   url.Values // of the URL, once asked for
	form    url.Values // of the body, once read
	bufs    []*[]byte  // go back to the pool
	held    int64      // of the server's request memory
}

// ElapsedMillis is the time since the request came.
func (r *Request) ElapsedMillis() int64 { return time.Since(r.Start).Milliseconds() }

// writer notes whether an answer has begun.
type writer struct {
	http.ResponseWriter
	status int
}

func (w *writer) WriteHeader(code int) {
	if w.status == 0 {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *writer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
