package system

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestGauge(t *testing.T) {
	const page = "# HELP a_b x\n# TYPE a_b gauge\na_b 3\na_b{k=\"v w\"} 4\na_b_c 100\nz 1\n"
	f := func(name string, want float64) {
		t.Helper()
		if got := gauge(page, name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f("a_b", 7)
	f("a_b_c", 100)
	f("none", 0)
}

func TestFlushGoptimeDB(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.FormValue("sql"))
		if r.URL.Path != "/v1/sql" {
			w.WriteHeader(404)
		}
	}))
	defer srv.Close()
	s := RunningGoptimeDB(strings.TrimPrefix(srv.URL, "http://"))
	if s.Ours() || s.PID() != 0 || s.Stop() != nil || s.Remove() != nil {
		t.Error("a server of somebody else is taken for ours")
	}
	if err := s.flush(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(asked, "; "); got != "ADMIN flush_table('cpu'); ADMIN compact_table('cpu')" {
		t.Error(got)
	}
	if _, err := s.busy(context.Background(), s); err == nil {
		t.Error("a missing page is no error")
	}
}
