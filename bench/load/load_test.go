package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// numbers is a source of n rows `0`, `1`, …
type numbers struct{ next, n int }

func (s *numbers) Next(buf []byte, max int) ([]byte, int, error) {
	buf = buf[:0]
	k := 0
	for ; k < max && s.next < s.n; k++ {
		buf = fmt.Appendf(buf, "%d\n", s.next)
		s.next++
	}
	if k == 0 {
		return buf, 0, io.EOF
	}
	return buf, k, nil
}

// sink takes lines; answer may refuse a request before its lines count.
type sink struct {
	mu     sync.Mutex
	lines  []string
	seen   int
	answer func(request int) int
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(500)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen++
	if code := s.answer(s.seen); code >= 300 {
		http.Error(w, "not now", code)
		return
	}
	s.lines = append(s.lines, strings.Fields(string(body))...)
	w.WriteHeader(204)
}

func TestRunLoadsEveryRowOnce(t *testing.T) {
	for _, workers := range []int{1, 3} {
		s := &sink{answer: func(n int) int {
			if n%5 == 2 {
				return []int{429, 503}[n%2]
			}
			return 204
		}}
		srv := httptest.NewServer(s)
		r, err := Run(context.Background(), &numbers{n: 1003}, Options{URL: srv.URL, Workers: workers, Batch: 100})
		srv.Close()
		if err != nil {
			t.Fatal(err)
		}
		if r.Rows != 1003 || r.Requests != 11 || r.Retries == 0 || r.Latency.Count != 11 || r.RowRate <= 0 {
			t.Errorf("%d workers: %+v", workers, r)
		}
		slices.Sort(s.lines)
		if len(s.lines) != 1003 || len(slices.Compact(s.lines)) != 1003 {
			t.Errorf("%d workers: %d lines arrived", workers, len(s.lines))
		}
	}
}

func TestRunStopsAtAnError(t *testing.T) {
	s := &sink{answer: func(n int) int {
		if n == 3 {
			return 400
		}
		return 204
	}}
	srv := httptest.NewServer(s)
	defer srv.Close()
	_, err := Run(context.Background(), &numbers{n: 100000}, Options{URL: srv.URL, Workers: 2, Batch: 10})
	if err == nil || !strings.Contains(err.Error(), "status 400: not now") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, &numbers{n: 10}, Options{URL: srv.URL, Workers: 2, Batch: 10}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Run(context.Background(), &numbers{n: 10}, Options{URL: srv.URL}); err == nil {
		t.Error("no workers, no error")
	}
}

func TestSpoolGivesWhatItTook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spool")
	sp, err := NewSpool(path, &numbers{n: 1003}, 100)
	if err != nil {
		t.Fatal(err)
	}
	want := &numbers{n: 1003}
	var a, b []byte
	for {
		var na, nb int
		var ea, eb error
		a, na, ea = want.Next(a, 100)
		b, nb, eb = sp.Next(b, 100)
		if na != nb || !errors.Is(ea, eb) && ea != eb {
			t.Fatalf("%d rows, %v; want %d, %v", nb, eb, na, ea)
		}
		if ea != nil {
			break
		}
		if !bytes.Equal(a, b) {
			t.Fatal("other bytes")
		}
	}
	if sp.Rows() != 1003 {
		t.Errorf("%d rows", sp.Rows())
	}
	if err := sp.Close(); err != nil {
		t.Error(err)
	}
}
