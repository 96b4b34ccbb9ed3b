package suite

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// TestRunAgainstAFakeServer walks through a run: every line arrives, the table is flushed, and a kind that fails is told without ending the
// others.
func TestRunAgainstAFakeServer(t *testing.T) {
	var lines, flushes, queries atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/influxdb/write", func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.FormValue("db") != "public" {
			w.WriteHeader(400)
			return
		}
		lines.Add(int64(bytes.Count(b, []byte("\n"))))
		w.WriteHeader(204)
	})
	mux.HandleFunc("/v1/sql", func(w http.ResponseWriter, r *http.Request) {
		switch s := r.FormValue("sql"); {
		case strings.HasPrefix(s, "ADMIN flush_table"):
			flushes.Add(1)
		case strings.Contains(s, "last_value"):
			w.WriteHeader(400)
			io.WriteString(w, `{"code":1001,"error":"no last_value"}`)
		case strings.HasPrefix(s, "SELECT"):
			queries.Add(1)
			io.WriteString(w, `{"output":[{"records":{"rows":[],"total_rows":5}}]}`)
		}
	})
	mux.HandleFunc("/metrics", func(http.ResponseWriter, *http.Request) {})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	var out bytes.Buffer
	r, err := Run(context.Background(), Options{Data: tsbs.Options{Seed: 1, Scale: 5, Interval: 10 * time.Second, Duration: time.Hour}, Workers: 2,
		Batch: 100, Addr: strings.TrimPrefix(srv.URL, "http://"), Root: t.TempDir(), Queries: 10, RestFor: time.Millisecond,
		Spool: true, Only: []string{"lastpoint", "groupby"}, Out: &out})
	if err != nil {
		t.Fatal(err, out.String())
	}
	if lines.Load() != 5*360 || flushes.Load() != 1 || queries.Load() != 5 {
		t.Errorf("%d lines, %d flushes, %d queries", lines.Load(), flushes.Load(), queries.Load())
	}
	s := r.Systems[0]
	if s.Load == nil || s.Load.Rows != 5*360 || len(s.Queries) != 2 {
		t.Fatalf("%+v", s)
	}
	if q := s.Queries[0]; q.Kind != "lastpoint" || !strings.Contains(q.Error, "no last_value") {
		t.Errorf("%+v", q)
	}
	if q := s.Queries[1]; q.Kind != "groupby-orderby-limit" || q.Error != "" || q.Latency.Count != 5 || q.Rows != 5 {
		t.Errorf("%+v", q)
	}
	var b bytes.Buffer
	if err := r.Print(&b); err != nil || !strings.Contains(b.String(), "groupby-orderby-limit") {
		t.Error(b.String(), err)
	}
}
