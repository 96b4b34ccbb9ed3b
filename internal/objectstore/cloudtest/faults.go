package cloudtest

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Rule says which requests go wrong and how. Zero fields match all; of the ways to go wrong the first that is set counts.
type Rule struct {
	Method string // such as "PUT"
	Path   string // is in the path, such as "/sst/"
	Query  string // is in the query, such as "partNumber=2" or "uploadId"
	Skip   int    // how many matching requests go well first
	Times  int    // how many go wrong; zero: all from then on
	Each   bool   // Skip and Times count for each request by itself: one of the same method, address and range is the same again
	After  bool   // the request is done, and only then goes wrong: its answer is lost

	Status int    // answers this status
	Code   string // with this code of S3 in the body
	Hang   bool   // answers nothing until the client is gone or Clear is called
	Reset  bool   // breaks the connection
	Cut    int    // sends so many bytes of the body and then breaks the connection
	Drop   bool   // answers well, with a body half as long and a length that says so: a proxy that cuts
	Flip   bool   // answers well, with a bit of the body flipped
}

// Faults makes a server misbehave.
type Faults struct {
	mu    sync.Mutex
	rules []*rule
	count map[string]int // requests by method
	free  chan struct{}  // closed by Clear
}

type rule struct {
	Rule
	seen map[string]int // by request if Each, else by ""
}

// Add adds a rule. The first that matches decides.
func (f *Faults) Add(r Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.free == nil {
		f.free = make(chan struct{})
	}
	f.rules = append(f.rules, &rule{Rule: r, seen: map[string]int{}})
}

// Clear removes all rules and lets go of what hangs.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
	if f.free != nil {
		close(f.free)
		f.free = nil
	}
}

// Requests is how many requests of a method came, all with "".
func (f *Faults) Requests(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if method != "" {
		return f.count[method]
	}
	n := 0
	for _, c := range f.count {
		n += c
	}
	return n
}

func (f *Faults) decide(r *http.Request) (*Rule, chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count = map[string]int{}
	}
	f.count[r.Method]++
	for _, a := range f.rules {
		if a.Method != "" && a.Method != r.Method || !strings.Contains(r.URL.Path, a.Path) || !strings.Contains(r.URL.RawQuery, a.Query) {
			continue
		}
		same := ""
		if a.Each {
			same = r.Method + " " + r.URL.String() + " " + r.Header.Get("Content-Range")
		}
		a.seen[same]++
		if n := a.seen[same]; n > a.Skip && (a.Times == 0 || n <= a.Skip+a.Times) {
			c := a.Rule
			return &c, f.free
		}
	}
	return nil, nil
}

// Wrap puts the faults before a server.
func (f *Faults) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rule, free := f.decide(r)
		if rule == nil {
			next.ServeHTTP(w, r)
			return
		}
		if rule.After {
			next.ServeHTTP(&kept{header: http.Header{}}, r)
		}
		switch {
		case rule.Status != 0:
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(rule.Status)
			if rule.Code != "" {
				_, _ = w.Write([]byte("<?xml version=\"1.0\"?><Error><Code>" + rule.Code + "</Code><Message>injected</Message></Error>"))
			}
		case rule.Hang:
			select {
			case <-r.Context().Done():
			case <-free:
			}
			panic(http.ErrAbortHandler)
		case rule.Reset:
			panic(http.ErrAbortHandler)
		default:
			k := &kept{header: http.Header{}, status: http.StatusOK}
			next.ServeHTTP(k, r)
			body := k.body
			switch {
			case rule.Drop:
				body = body[:len(body)/2]
				k.header.Set("Content-Length", strconv.Itoa(len(body)))
			case rule.Flip && len(body) > 0:
				body[len(body)/2] ^= 1
			}
			for name, v := range k.header {
				w.Header()[name] = v
			}
			if rule.Cut > 0 {
				w.Header().Set("Content-Length", strconv.Itoa(len(body)))
				body = body[:min(len(body), rule.Cut)]
			}
			w.WriteHeader(k.status)
			_, _ = w.Write(body)
			if rule.Cut > 0 {
				if fl, ok := w.(http.Flusher); ok {
					fl.Flush()
				}
				panic(http.ErrAbortHandler)
			}
		}
	})
}

// kept is an answer that is not sent as it is.
type kept struct {
	header http.Header
	status int
	body   []byte
}

func (k *kept) Header() http.Header { return k.header }
func (k *kept) WriteHeader(s int)   { k.status = s }
func (k *kept) Write(p []byte) (int, error) {
	k.body = append(k.body, p...)
	return len(p), nil
}
