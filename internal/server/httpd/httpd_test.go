package httpd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

func newServer(t testing.TB, opt Options, rt Route) *Server {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	if rt.Methods == "" {
		rt.Methods = "GET POST"
	}
	if rt.Path == "" {
		rt.Path = "/v1/x"
	}
	s.Handle(rt)
	return s
}

func do(s *Server, method, target, body string, hdr ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(hdr); i += 2 {
		r.Header.Set(hdr[i], hdr[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func echo(w http.ResponseWriter, r *Request) error {
	b, err := r.DecodedBody()
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func TestEncodings(t *testing.T) {
	body := []byte(strings.Repeat("some text ", 50))
	pack := func(mk func(io.Writer) io.WriteCloser) string {
		var b bytes.Buffer
		w := mk(&b)
		w.Write(body)
		w.Close()
		return b.String()
	}
	s := newServer(t, Options{BodyLimit: 1000, DecompressedLimit: 600}, Route{Handler: echo, Family: IngestFamily})
	for _, c := range []struct{ encoding, sent string }{
		{"", string(body)}, {"unheard-of", string(body)},
		{"gzip", pack(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })},
		{"deflate", pack(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })},
		{"deflate", pack(func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 5); return f })},
		{"br", pack(func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) })},
		{"zstd", pack(func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z })},
	} {
		for range 2 { // the second time with a used buffer
			if w := do(s, "POST", "/v1/x", c.sent, "Content-Encoding", c.encoding); w.Code != 200 || w.Body.String() != string(body) {
				t.Fatalf("%s: %d %s", c.encoding, w.Code, w.Body)
			}
		}
		if c.encoding != "" && c.encoding != "unheard-of" {
			if w := do(s, "POST", "/v1/x", c.sent[:len(c.sent)-9], "Content-Encoding", c.encoding); w.Code != 400 {
				t.Fatalf("%s cut short: %d %s", c.encoding, w.Code, w.Body)
			}
			if w := do(s, "POST", "/v1/x", "no such thing at all", "Content-Encoding", c.encoding); w.Code != 400 || w.Header().Get("x-greptime-err-code") != "1004" {
				t.Fatalf("%s garbage: %d %s", c.encoding, w.Code, w.Body)
			}
		}
	}
	body = bytes.Repeat(body, 100)
	bomb := pack(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	if w := do(s, "POST", "/v1/x", bomb, "Content-Encoding", "gzip"); w.Code != 413 {
		t.Fatalf("bomb: %d", w.Code)
	}
	if w := do(s, "POST", "/v1/x", string(body)); w.Code != 413 {
		t.Fatalf("large: %d", w.Code)
	}
	r := httptest.NewRequest("POST", "/v1/x", io.MultiReader(bytes.NewReader(body))) // of unknown length
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != 413 {
		t.Fatalf("large, chunked: %d", w.Code)
	}
}

func TestErrorBodies(t *testing.T) {
	f := func(fam Family, err error, status int, want string) {
		t.Helper()
		s := newServer(t, Options{}, Route{Family: fam, Handler: func(http.ResponseWriter, *Request) error { return err }})
		w := do(s, "GET", "/v1/x", "")
		if w.Code != status || strings.TrimSpace(w.Body.String()) != want || w.Header().Get("x-greptime-err-code") == "" {
			t.Fatalf("%d %s, want %d %s", w.Code, w.Body, status, want)
		}
	}
	bad := errs.New(errs.InvalidArguments, "bad <é>\n")
	f(SQLFamily, bad, 400, `{"code":1004,"error":"bad <é>\n","execution_time_ms":0}`)
	f(IngestFamily, bad, 400, `{"error":"bad <é>\n","code":1004}`)
	f(InfluxFamily, bad, 400, `{"error":"bad <é>\n","code":"invalid","message":"bad <é>\n"}`)
	f(InfluxFamily, errs.New(errs.RegionReadonly, "ro"), 503, `{"error":"ro","code":"unavailable","message":"ro"}`)
	f(PrometheusFamily, bad, 400, `{"status":"error","errorType":"bad_data","error":"bad <é>\n"}`)
	f(PrometheusFamily, errs.New(errs.DeadlineExceeded, "late"), 503, `{"status":"error","errorType":"timeout","error":"late"}`)
	f(IngestFamily, errors.New("disk path"), 500, `{"error":"Internal error: 1003","code":1003}`)
	f(IngestFamily, errs.New(errs.RegionReadonly, "ro"), 503, `{"error":"ro","code":4007}`)
	f(IngestFamily, WithStatus(415, "type"), 415, `{"error":"type","code":1004}`)
}

func TestPanic(t *testing.T) {
	s := newServer(t, Options{}, Route{Handler: func(http.ResponseWriter, *Request) error { panic("oops") }})
	if w := do(s, "GET", "/v1/x", ""); w.Code != 500 || !strings.Contains(w.Body.String(), `"code":1003`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestTimeouts(t *testing.T) {
	wait := func(_ http.ResponseWriter, r *Request) error {
		<-r.Context().Done()
		return errs.Wrap(errs.EngineExecuteQuery, r.Context().Err(), "query")
	}
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{Timeout: time.Second}, Route{Handler: wait})
		if w := do(s, "GET", "/v1/x", ""); w.Code != 408 || w.Body.Len() != 0 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		s = newServer(t, Options{}, Route{Handler: wait, TimeoutStatus: 504})
		if w := do(s, "GET", "/v1/x", "", "x-greptime-timeout", "50ms"); w.Code != 504 || w.Body.Len() != 0 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w := do(s, "GET", "/v1/x", "", "x-greptime-timeout", "soon"); w.Code != 400 {
			t.Fatal(w.Code)
		}
	})
}

func TestRequestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan bool)
		s := newServer(t, Options{RequestMemory: 100, RequestMemoryWait: time.Second}, Route{Handler: func(_ http.ResponseWriter, r *Request) error {
			b, err := r.RawBody()
			if err == nil && b[0] == 'h' {
				<-hold
			}
			return err
		}})
		done := make(chan int)
		go func() { done <- do(s, "POST", "/v1/x", "h"+strings.Repeat("x", 69)).Code }()
		synctest.Wait()
		if w := do(s, "POST", "/v1/x", strings.Repeat("x", 40)); w.Code != 429 || w.Header().Get("x-greptime-err-code") != "6001" {
			t.Fatalf("no room: %d", w.Code)
		}
		go func() { done <- do(s, "POST", "/v1/x", strings.Repeat("x", 40)).Code }()
		synctest.Wait()
		close(hold)
		if a, b := <-done, <-done; a != 200 || b != 200 {
			t.Fatalf("%d %d", a, b)
		}
		if w := do(s, "POST", "/v1/x", strings.Repeat("x", 101)); w.Code != 429 {
			t.Fatalf("more than all: %d", w.Code)
		}
		if w := do(s, "POST", "/v1/x", strings.Repeat("x", 100)); w.Code != 200 {
			t.Fatalf("memory was not given back: %d", w.Code)
		}
	})
}

func TestSession(t *testing.T) {
	var got *Request
	see := func(_ http.ResponseWriter, r *Request) error { got = r; return nil }
	s := newServer(t, Options{}, Route{Path: "/v1/influxdb/api/v2/write", Handler: see})
	f := func(query, db string, hdr ...string) {
		t.Helper()
		do(s, "POST", "/v1/influxdb/api/v2/write"+query, "", hdr...)
		if got.Session.Catalog+"-"+got.Session.Database != db {
			t.Fatalf("%s %v: %s-%s", query, hdr, got.Session.Catalog, got.Session.Database)
		}
	}
	f("", "greptime-public")
	f("?db=a", "greptime-a")
	f("?db=a&bucket=b%20c", "greptime-b c")
	f("?bucket=b", "cat-x-y", "x-greptime-db-name", "cat-x-y")
	zone := func(name, want string) {
		t.Helper()
		do(s, "POST", "/v1/influxdb/api/v2/write", "", "x-greptime-timezone", name)
		if z := got.Session.Timezone.String(); z != want {
			t.Fatalf("%s: %s", name, z)
		}
	}
	zone("", "UTC")
	zone("SYSTEM", "UTC")
	zone("+08:00", "+08:00")
	zone("america/new_york", "America/New_York")
	zone("nowhere/at_all", "UTC")
	zone("Local", "UTC")
	do(s, "POST", "/v1/influxdb/api/v2/write", "", "x-greptime-hints", "ttl=1d,remote_query_id=7", "x-greptime-hint-append_mode", "true")
	if h := got.Session.Hints; len(h) != 1 || h["ttl"] != "1d" {
		t.Fatal(h)
	}
	do(s, "POST", "/v1/influxdb/api/v2/write", "", "x-greptime-hint-append_mode", "true")
	if h := got.Session.Hints; len(h) != 1 || h["append_mode"] != "true" {
		t.Fatal(h)
	}
}

func TestAuth(t *testing.T) {
	auth := func(_ context.Context, user, password string) (model.Rights, error) {
		if user == "w" {
			return model.WriteOnly, nil
		}
		if user != "u" {
			return 0, errs.New(errs.UserNotFound, "no such user")
		}
		if password != "p:w" {
			return 0, errs.New(errs.UserPasswordMismatch, "wrong password")
		}
		return model.ReadWrite, nil
	}
	var user string
	see := func(_ http.ResponseWriter, r *Request) error { user = r.Session.User; return nil }
	s := newServer(t, Options{Authenticate: auth, ProtectOps: true}, Route{Path: "/v1/influxdb/write", Handler: see, Family: IngestFamily})
	s.Handle(Route{Methods: "GET", Path: "/v1/sql", Handler: see})
	s.Handle(Route{Methods: "GET", Path: "/v1/influxdb/ping", Handler: see})
	s.Handle(Route{Methods: "GET", Path: "/health", Handler: see})
	s.Handle(Route{Methods: "GET", Path: "/status", Handler: see})
	s.Handle(Route{Methods: "GET", Path: "/v1/read", Handler: see, Reads: true})
	s.HandleHTTP("GET /metrics", http.NotFoundHandler())
	f := func(target string, status int, code string, hdr ...string) {
		t.Helper()
		user = ""
		w := do(s, "GET", target, "", hdr...)
		if w.Code != status || w.Header().Get("x-greptime-err-code") != code || status == 401 && !strings.HasPrefix(w.Body.String(), `{"code":`+code) {
			t.Fatalf("%s %v: %d %s", target, hdr, w.Code, w.Body)
		}
		if status == 200 && code == "" && strings.HasPrefix(target, "/v1/sql") && user != "u" {
			t.Fatalf("user %q", user)
		}
	}
	const good, unknown = "Basic dTpwOnc=", "Basic eDp5" // u:p:w, x:y
	f("/health", 200, "")
	f("/status", 401, "7003")
	f("/metrics", 401, "7003")
	f("/metrics", 404, "", "Authorization", good)
	f("/v1/read", 200, "", "Authorization", good)
	f("/v1/read", 403, "7006", "Authorization", "Basic dzp3") // may only write
	f("/v1/influxdb/ping", 200, "")
	f("/v1/sql", 401, "7003")
	f("/v1/sql", 200, "", "Authorization", good)
	f("/v1/sql", 200, "", "Authorization", "basic dTpwOnc=")
	f("/v1/sql", 200, "", "Authorization", "Basic !", "x-greptime-auth", good)
	f("/v1/sql", 401, "7000", "Authorization", unknown)
	f("/v1/sql", 401, "7002", "Authorization", "Basic dTp4")
	f("/v1/sql", 401, "7004", "Authorization", "Basic !")
	f("/v1/sql", 401, "7004", "Authorization", "nonsense")
	f("/v1/sql", 401, "7002", "Authorization", "Bearer x")
	f("/v1/sql", 401, "7004", "Authorization", "Token u:p:w")
	f("/v1/influxdb/write", 200, "", "Authorization", "Token u:p:w")
	f("/v1/influxdb/write?u=u&p=p:w", 200, "")
	f("/v1/influxdb/write?u=u&p=x", 401, "7002")
}

func TestCORS(t *testing.T) {
	ok := func(http.ResponseWriter, *Request) error { return nil }
	s := newServer(t, Options{CORS: true}, Route{Handler: ok})
	w := do(s, "OPTIONS", "/v1/x", "", "Origin", "http://a", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-y")
	if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Headers") != "x-y" {
		t.Fatal(w.Code, w.Header())
	}
	s = newServer(t, Options{CORS: true, CORSOrigins: []string{"http://a"}}, Route{Handler: ok})
	if w := do(s, "GET", "/v1/x", "", "Origin", "http://a"); w.Header().Get("Access-Control-Allow-Origin") != "http://a" {
		t.Fatal(w.Header())
	}
	if w := do(s, "GET", "/v1/x", "", "Origin", "http://b"); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Fatal(w.Header())
	}
}

func TestForm(t *testing.T) {
	v := parseForm("sql=SELECT+1;+SELECT '%25a%' %zz&db=a%2Fb&&x&sql=2")
	if v.Get("sql") != "SELECT 1; SELECT '%a%' %zz" || v.Get("db") != "a/b" || !v.Has("x") || len(v["sql"]) != 2 {
		t.Fatalf("%q", v)
	}
}

// The names are what dashboards ask for.
func TestMetricNames(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := newServer(t, Options{Metrics: reg, RequestMemory: 10}, Route{Elapsed: "greptime_servers_http_sql_elapsed",
		Handler: func(http.ResponseWriter, *Request) error { return errs.New(errs.InvalidArguments, "x") }})
	do(s, "GET", "/v1/x?db=guess", "")
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, f := range families {
		have[f.GetName()] = true
		if strings.Contains(f.String(), "guess") {
			t.Fatalf("%s has the name of a database that nobody knows", f.GetName())
		}
	}
	for _, n := range []string{"greptime_servers_http_requests_total", "greptime_servers_http_requests_elapsed", "greptime_servers_error",
		"greptime_servers_http_sql_elapsed", "greptime_servers_request_memory_in_use_bytes", "greptime_servers_request_memory_limit_bytes",
		"greptime_servers_request_memory_rejected_total"} {
		if !have[n] {
			t.Fatalf("%s is missing", n)
		}
	}
}

func TestServeAndShutdown(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	s := newServer(t, Options{}, Route{Handler: func(w http.ResponseWriter, _ *Request) error {
		close(begun)
		<-release
		_, err := io.WriteString(w, "done")
		return err
	}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, answer := make(chan error, 1), make(chan string, 1)
	go func() { served <- s.Serve(l) }()
	go func() {
		resp, err := http.Get("http://" + l.Addr().String() + "/v1/x")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	close(release)
	if got := <-answer; got != "done" {
		t.Fatalf("the request in hand got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}

// TestDrippingClient: a body that comes byte by byte is given up, however regular its bytes are.
func TestDrippingClient(t *testing.T) {
	s := newServer(t, Options{ReadTimeout: 100 * time.Millisecond}, Route{Handler: echo, Family: IngestFamily})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	defer func() {
		s.Shutdown(context.Background())
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	for path, want := range map[string]string{"/v1/x": "HTTP/1.1 408", "/nowhere": "HTTP/1.1 404"} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(2 * time.Minute))
		io.WriteString(c, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n")
		stop := make(chan struct{})
		go func() {
			defer close(stop)
			for range 60_000_000 { // more than can be sent so before it is cut
				if _, err := c.Write([]byte{'x'}); err != nil {
					return
				}
			}
		}()
		line, _ := bufio.NewReader(c).ReadString('\n')
		if !strings.HasPrefix(line, want) {
			t.Errorf("%s: answered %q", path, line)
		}
		c.Close()
		<-stop
	}
}
