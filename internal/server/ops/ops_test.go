package ops

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

func TestRoutes(t *testing.T) {
	reg := prometheus.NewRegistry()
	s, err := httpd.New(httpd.Options{Metrics: reg})
	if err != nil {
		t.Fatal(err)
	}
	var level slog.LevelVar
	notReady := errors.New("replaying")
	Register(s, Options{Status: Status{Version: "0.1"}, Config: func() (string, error) { return "[http]\n", nil }, Gatherer: reg,
		Ready: func() error { return notReady }, LogLevel: &level, Pprof: true})
	f := func(method, path, body string, status int, want string) {
		t.Helper()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		if w.Code != status || !strings.Contains(w.Body.String(), want) {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	f("GET", "/health", "", 200, "{}")
	f("POST", "/v1/health", "", 200, "{}")
	f("GET", "/ready", "", 503, `"code":1009`)
	notReady = nil
	f("GET", "/ready", "", 200, "{}")
	f("GET", "/status", "", 200, `"version":"0.1"`)
	f("GET", "/config", "", 200, "[http]")
	f("GET", "/metrics", "", 200, `greptime_servers_http_requests_total{code="200",method="GET",path="/health"} 1`)
	f("GET", "/", "", 200, "<html>")
	f("GET", "/nothing", "", 404, "")
	f("GET", "/debug/pprof/cmdline", "", 200, "")
	f("POST", "/debug/log_level", "debug", 200, `Log Level changed from "info" to "debug"`)
	if level.Level() != slog.LevelDebug {
		t.Fatal(level.Level())
	}
	f("POST", "/debug/log_level", "loud", 400, "loud")
	f("POST", "/debug/log_level", "info,x=debug", 400, "not supported")
}
