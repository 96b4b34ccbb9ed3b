// Package ops is what operators ask a process over HTTP: is it well, what is it, how is it configured, what does it count.
package ops

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

// Status is what a process says of itself.
type Status struct {
	Commit    string `json:"commit"`
	Branch    string `json:"branch"`
	Rustc     string `json:"rustc_version"` // a key that clients know; here the version of Go
	GoVersion string `json:"go_version"`
	Hostname  string `json:"hostname"`
	Version   string `json:"version"`
}

// Options of the routes.
type Options struct {
	Status   Status
	Config   func() (string, error) // effective configuration as TOML; nil: no /config
	Gatherer prometheus.Gatherer    // nil: no /metrics
	// Ready says why the process cannot serve yet, or nil. It may be nil: ready from the start.
	Ready    func() error
	LogLevel *slog.LevelVar // nil: no /debug/log_level
	Pprof    bool           // serve /debug/pprof and /debug/prof
}

// Register adds the routes.
func Register(s *httpd.Server, opt Options) {
	empty := func(w http.ResponseWriter, _ *httpd.Request) error { return httpd.WriteJSON(w, struct{}{}) }
	for _, p := range []string{"/health", "/v1/health"} {
		s.Handle(httpd.Route{Methods: "GET POST", Path: p, Handler: empty})
	}
	s.Handle(httpd.Route{Methods: "GET POST", Path: "/ready", Handler: func(w http.ResponseWriter, r *httpd.Request) error {
		if opt.Ready != nil {
			if err := opt.Ready(); err != nil {
				return errs.Wrap(errs.Suspended, err, "not ready")
			}
		}
		return empty(w, r)
	}})
	s.Handle(httpd.Route{Methods: "GET", Path: "/status", Handler: func(w http.ResponseWriter, _ *httpd.Request) error {
		return httpd.WriteJSON(w, opt.Status)
	}})
	s.Handle(httpd.Route{Methods: "GET", Path: "/{$}", Handler: func(w http.ResponseWriter, _ *httpd.Request) error {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := w.Write([]byte(page))
		return errs.Wrap(errs.External, err, "write page")
	}})
	if opt.Config != nil {
		s.Handle(httpd.Route{Methods: "GET", Path: "/config", Handler: func(w http.ResponseWriter, _ *httpd.Request) error {
			text, err := opt.Config()
			if err != nil {
				return err
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, err = w.Write([]byte(text))
			return errs.Wrap(errs.External, err, "write configuration")
		}})
	}
	if opt.Gatherer != nil {
		s.HandleHTTP("GET /metrics", promhttp.HandlerFor(opt.Gatherer, promhttp.HandlerOpts{}))
	}
	if opt.LogLevel != nil {
		s.Handle(httpd.Route{Methods: "POST", Path: "/debug/log_level", Handler: func(w http.ResponseWriter, r *httpd.Request) error {
			return setLevel(w, r, opt.LogLevel)
		}})
	}
	if opt.Pprof {
		registerProfiles(s)
		s.HandleHTTP("/debug/pprof/", http.HandlerFunc(pprof.Index))
		s.HandleHTTP("/debug/pprof/cmdline", http.HandlerFunc(pprof.Cmdline))
		s.HandleHTTP("/debug/pprof/profile", http.HandlerFunc(pprof.Profile))
		s.HandleHTTP("/debug/pprof/symbol", http.HandlerFunc(pprof.Symbol))
		s.HandleHTTP("/debug/pprof/trace", http.HandlerFunc(pprof.Trace))
	}
}

const page = `<!DOCTYPE html><html><head><meta charset="utf-8"><title>GoptimeDB</title></head><body><h1>GoptimeDB</h1><ul>
<li><a href="/status">status</a></li><li><a href="/config">configuration</a></li><li><a href="/metrics">metrics</a></li>
<li><a href="/v1/sql?sql=SHOW+TABLES">tables</a></li></ul></body></html>
`

// setLevel reads a filter such as "info,storage=debug". The process has one level: parts for single rooms are refused.
func setLevel(w http.ResponseWriter, r *httpd.Request, level *slog.LevelVar) error {
	body, err := r.RawBody()
	if err != nil {
		return err
	}
	text := strings.ToLower(strings.TrimSpace(string(body)))
	if strings.ContainsAny(text, ",=") {
		return errs.New(errs.Unsupported, "log levels of single parts are not supported: send one of debug, info, warn, error")
	}
	if text == "trace" {
		text = "debug"
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(text)); err != nil {
		return errs.New(errs.InvalidArguments, "unknown log level %q", text)
	}
	old := level.Level()
	level.Set(l)
	_, err = w.Write([]byte("Log Level changed from \"" + strings.ToLower(old.String()) + "\" to \"" + strings.ToLower(l.String()) + "\""))
	return errs.Wrap(errs.External, err, "answer log level")
}
