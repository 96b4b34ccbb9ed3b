// Package harness runs the built program as its users do: a process with a data directory and a port of its own, spoken to over HTTP
// and ended by signals.
package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Deadline bounds one wait: for a start, a stop, a condition. A machine that does many other things comes nowhere near it.
const Deadline = 3 * time.Minute

// Main builds the program into a temporary directory, runs the tests and removes it. Call it from TestMain; bin is set before tests run.
func Main(m *testing.M, bin *string) int {
	dir, err := os.MkdirTemp("", "goptime-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	*bin = filepath.Join(dir, "goptime")
	_, here, _, _ := runtime.Caller(0)
	cmd := exec.Command("go", "build", "-o", *bin, "./cmd/goptime")
	cmd.Dir = filepath.Join(filepath.Dir(here), "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// Options of Start.
type Options struct {
	Bin    string   // the program, as Main built it
	Dir    string   // data directory; empty: a new temporary one
	Config string   // TOML; empty: none
	Env    []string // NAME=value, beside the environment of the test
}

// Server is one life after another of the program on one data directory.
type Server struct {
	Dir string

	t      testing.TB
	opts   Options
	config string // path of the configuration file
	client *http.Client

	cmd  *exec.Cmd
	out  *output
	addr string
}

// Start runs the program and waits until it is ready. It is killed when the test ends; its log is printed if the test failed.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := New(t, o)
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	return s
}

// New prepares a server that does not run yet.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{t: t, opts: o, Dir: o.Dir, client: &http.Client{Timeout: Deadline, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	if s.Dir == "" {
		s.Dir = filepath.Join(t.TempDir(), "data")
	}
	if o.Config != "" {
		s.config = filepath.Join(t.TempDir(), "goptime.toml")
		if err := os.WriteFile(s.config, []byte(o.Config), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		s.Kill()
		s.client.CloseIdleConnections()
		if t.Failed() && s.out != nil {
			t.Logf("log of the last run:\n%s", tail(s.out.String(), 6000))
		}
	})
	return s
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + s[len(s)-n:]
}

// Run starts the program on the data directory and waits until it is ready. A program that ends first is an error with all it said.
func (s *Server) Run() error {
	args := []string{"standalone", "start", "--http-addr", "127.0.0.1:0", "--mysql-addr", "127.0.0.1:0", "--postgres-addr", "127.0.0.1:0", "--data-home", s.Dir}
	if s.config != "" {
		args = append(args, "-c", s.config)
	}
	s.out = &output{changed: make(chan struct{}, 1), ended: make(chan struct{})}
	s.cmd = exec.Command(s.opts.Bin, args...)
	s.cmd.Env = append(os.Environ(), s.opts.Env...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	cmd, out := s.cmd, s.out
	go func() {
		out.err = cmd.Wait()
		close(out.ended)
	}()
	limit := time.NewTimer(Deadline)
	defer limit.Stop()
	for {
		if m := readyLine.FindStringSubmatch(out.String()); m != nil {
			s.addr = m[1]
			break
		}
		select {
		case <-out.changed:
		case <-out.ended:
			s.cmd = nil
			return fmt.Errorf("the program ended (%v) before it was ready:\n%s", out.err, out.String())
		case <-limit.C:
			s.Kill()
			return fmt.Errorf("not ready after %s:\n%s", Deadline, out.String())
		}
	}
	return Until(func() error {
		resp, err := s.client.Get(s.URL("/ready"))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != 200 {
			return fmt.Errorf("/ready: %s", resp.Status)
		}
		return nil
	})
}

var readyLine = regexp.MustCompile(`msg=ready http=(\S+)`)

// Kill ends the program as a crash does, and waits until it is gone.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.out.ended
	s.cmd = nil
}

// Stop asks the program to end and gives the error it ended with.
func (s *Server) Stop() error {
	if s.cmd == nil {
		return errors.New("not running")
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.out.ended:
		s.cmd = nil
		return s.out.err
	case <-time.After(Deadline):
		s.Kill()
		return fmt.Errorf("did not stop within %s", Deadline)
	}
}

// Log is what the program printed in its last life.
func (s *Server) Log() string { return s.out.String() }

// Addr is host:port of HTTP in the current life.
func (s *Server) Addr() string { return s.addr }

// URL is the address of a path.
func (s *Server) URL(path string) string { return "http://" + s.addr + path }

// Client speaks to the server; it keeps connections.
func (s *Server) Client() *http.Client { return s.client }

// Request sends one request and gives status and body. headers are name, value pairs.
func (s *Server) Request(method, path string, body []byte, headers ...string) (int, http.Header, []byte, error) {
	req, err := http.NewRequest(method, s.URL(path), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, b, err
}

// Write sends line protocol; a nil error means that it was acknowledged.
func (s *Server) Write(lines string, headers ...string) error {
	status, _, body, err := s.Request("POST", "/v1/influxdb/write?db=public", []byte(lines), headers...)
	if err == nil && status != 204 {
		err = fmt.Errorf("write: status %d: %s", status, body)
	}
	return err
}

// Result of a statement. Numbers are json.Number.
type Result struct {
	Columns      []string
	Types        []string
	Rows         [][]any
	AffectedRows int
}

// SQL runs statements and gives the result of the last.
func (s *Server) SQL(text string) (Result, error) {
	form := url.Values{"sql": {text}}.Encode()
	status, _, body, err := s.Request("POST", "/v1/sql", []byte(form), "Content-Type", "application/x-www-form-urlencoded")
	if err != nil {
		return Result{}, err
	}
	if status != 200 {
		return Result{}, fmt.Errorf("%s: status %d: %s", text, status, body)
	}
	var answer struct {
		Output []struct {
			AffectedRows int `json:"affectedrows"`
			Records      struct {
				Schema struct {
					Columns []struct {
						Name string `json:"name"`
						Type string `json:"data_type"`
					} `json:"column_schemas"`
				} `json:"schema"`
				Rows [][]any `json:"rows"`
			} `json:"records"`
		} `json:"output"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		return Result{}, fmt.Errorf("%s: %w in %s", text, err, body)
	}
	if len(answer.Output) == 0 {
		return Result{}, nil
	}
	last := answer.Output[len(answer.Output)-1]
	r := Result{Rows: last.Records.Rows, AffectedRows: last.AffectedRows}
	for _, c := range last.Records.Schema.Columns {
		r.Columns, r.Types = append(r.Columns, c.Name), append(r.Types, c.Type)
	}
	return r, nil
}

// MustSQL is SQL that fails the test.
func (s *Server) MustSQL(text string) Result {
	s.t.Helper()
	r, err := s.SQL(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// Text prints rows one a line, cells parted by a comma.
func (r Result) Text() string {
	var b strings.Builder
	for _, row := range r.Rows {
		for i, v := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprint(&b, v)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Until polls until f has no error, or Deadline; then it gives the last error.
func Until(f func() error) error { return UntilFor(Deadline, f) }

// UntilFor is Until with a limit of its own.
func UntilFor(limit time.Duration, f func() error) error {
	end := time.Now().Add(limit)
	for {
		err := f()
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("after %s: %w", limit, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Tool is the path of a third-party program, or a skipped test that says how to get it.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("SKIPPED, NOT SHOWN: %s is not installed; `make test-tools` installs it", name)
	}
	return path
}

// output keeps what a process prints.
type output struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{}
	ended   chan struct{} // closed once the process is gone
	err     error         // of the process; read it after ended
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	o.buf.Write(p)
	o.mu.Unlock()
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
