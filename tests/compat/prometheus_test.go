package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/tests/harness"
)

// lines is what a program printed.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// run starts a program and ends it with the test. The channel closes when it has ended.
func run(t *testing.T, path string, args ...string) <-chan struct{} {
	t.Helper()
	cmd := exec.Command(path, args...)
	out := &lines{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			s := out.String()
			t.Logf("log of %s:\n%s", filepath.Base(path), s[max(0, len(s)-3000):])
		}
	})
	return ended
}

// listening runs a program that listens at an address, and gives that once path answers and says word. The address is free when it is
// looked for; when somebody else takes it first the program ends, and another is tried.
func listening(t *testing.T, path, word, bin string, args func(addr string) []string) string {
	t.Helper()
	for range 10 {
		addr := freeAddr(t)
		ended := run(t, bin, args(addr)...)
		gone := false
		err := harness.Until(func() error {
			select {
			case <-ended:
				gone = true
				return nil
			default:
			}
			resp, err := http.Get("http://" + addr + path)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err == nil && (resp.StatusCode != 200 || !bytes.Contains(body, []byte(word))) {
				err = fmt.Errorf("%s: %s: %.300s", path, resp.Status, body)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !gone {
			return addr
		}
	}
	t.Fatalf("%s ended ten times", bin)
	return ""
}

// freeAddr asks the system for a port that nobody has now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func prometheus(t *testing.T, bin, config string) string {
	t.Helper()
	return "http://" + listening(t, "/-/ready", "Prometheus", bin, func(addr string) []string {
		dir := t.TempDir()
		file := filepath.Join(dir, "prometheus.yml")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(config, "SELF", addr)), 0o644); err != nil {
			t.Fatal(err)
		}
		return []string{"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + addr}
	})
}

type answer struct {
	Status, ErrorType, Error string
	Data                     json.RawMessage
}

func get(base, path string, params url.Values) (answer, error) {
	resp, err := http.Get(base + path + "?" + params.Encode())
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("%s: %w in %s", path, err, b)
	}
	if a.Status != "success" {
		return a, fmt.Errorf("%s %s: %s: %s", path, params.Encode(), a.ErrorType, a.Error)
	}
	return a, nil
}

// samples is an answer's series by their labels; each sample is [time, value].
type samples map[string][][2]float64

func read(a answer) (samples, error) {
	var d struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := json.Unmarshal(a.Data, &d); err != nil {
		return nil, err
	}
	point := func(p []any) [2]float64 {
		v, err := strconv.ParseFloat(fmt.Sprint(p[1]), 64)
		if err != nil {
			v = math.Inf(-1)
		}
		return [2]float64{p[0].(float64), v}
	}
	out := samples{}
	if d.ResultType == "scalar" {
		var p []any
		if err := json.Unmarshal(d.Result, &p); err != nil {
			return nil, err
		}
		out["scalar"] = [][2]float64{point(p)}
		return out, nil
	}
	var series []struct {
		Metric map[string]string
		Value  []any
		Values [][]any
	}
	if err := json.Unmarshal(d.Result, &series); err != nil {
		return nil, err
	}
	for _, s := range series {
		key, _ := json.Marshal(s.Metric) // keys are sorted
		if s.Value != nil {
			s.Values = append(s.Values, s.Value)
		}
		for _, v := range s.Values {
			out[string(key)] = append(out[string(key)], point(v))
		}
	}
	return out, nil
}

func compare(want, got samples) error {
	for k, w := range want {
		g, ok := got[k]
		if !ok {
			return fmt.Errorf("%s is missing (%d series there, %d here)", k, len(want), len(got))
		}
		if len(g) != len(w) {
			return fmt.Errorf("%s has %d samples, want %d", k, len(g), len(w))
		}
		for i := range w {
			near := math.Abs(w[i][1]-g[i][1]) <= 1e-9*math.Max(math.Abs(w[i][1]), math.Abs(g[i][1])) || w[i][1] == g[i][1] ||
				math.IsNaN(w[i][1]) && math.IsNaN(g[i][1])
			if w[i][0] != g[i][0] || !near {
				return fmt.Errorf("%s at %v is %v, want %v", k, w[i][0], g[i], w[i])
			}
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			return fmt.Errorf("%s is too much", k)
		}
	}
	return nil
}

// queries whose answers must be Prometheus' own. Counters are such that started long ago: versions of Prometheus differ in how they
// extrapolate one that starts inside the window.
var queries = []string{
	"up", `up{job="node"}`, `up{job=~"n.*"}`, `up{job!="node"}`, `{__name__="up"}`, `{__name__=~"node_load.+"}`, "nothing_of_the_kind",
	"node_memory_MemFree_bytes", "node_memory_MemFree_bytes / 1024", "-node_load1", "node_load1 > bool 0.5", "scalar(node_load1)",
	"rate(node_cpu_seconds_total[10s])", `sum by (mode) (rate(node_cpu_seconds_total[10s]))`, `sum without (cpu) (irate(node_cpu_seconds_total{mode=~"idle|user"}[10s]))`,
	`100 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[10s])) * 100`,
	"count by (job) (up)", "topk(3, node_cpu_seconds_total)", "bottomk(2, node_cpu_seconds_total)", "count_values(\"v\", up)", "quantile(0.5, node_cpu_seconds_total)",
	"histogram_quantile(0.9, sum by (le, handler) (rate(prometheus_http_request_duration_seconds_bucket{handler=\"/metrics\"}[6s])))",
	"histogram_quantile(0.5, prometheus_http_response_size_bytes_bucket)",
	"absent(nothing_of_the_kind)", `absent(up{job="x"})`, "absent(up)", "node_load1 offset 5s", "increase(node_context_switches_total[10s])",
	"avg_over_time(node_load1[8s])", "max_over_time(node_memory_MemFree_bytes[8s])", "count_over_time(up[8s])", "stddev_over_time(node_memory_MemFree_bytes[8s])",
	"delta(node_memory_MemFree_bytes[8s])", "deriv(node_memory_MemFree_bytes[8s])", "changes(node_context_switches_total[8s])", "resets(node_context_switches_total[8s])",
	"max_over_time(rate(node_cpu_seconds_total{mode=\"idle\"}[5s])[8s:2s])", "node_memory_MemTotal_bytes - node_memory_MemFree_bytes",
	"node_memory_MemFree_bytes / on (instance, job) node_memory_MemTotal_bytes", "up * on (instance) group_left (version) node_exporter_build_info",
	"up and on (instance) node_load1", "up unless on (instance) node_load1", "node_load1 or up", `label_replace(up, "j", "$1", "job", "(.).*")`,
	`label_join(up, "x", "-", "job", "instance")`, "time()", "vector(1)", "clamp_max(node_load1, 0.1)", "sort_desc(node_cpu_seconds_total)", "floor(node_load5 * 10)",
	"timestamp(up)", "node_memory_MemFree_bytes @ end()", "predict_linear(node_memory_MemFree_bytes[8s], 60)",
}

func TestPrometheusAgrees(t *testing.T) {
	promBin, nodeBin := harness.Tool(t, "prometheus"), harness.Tool(t, "prometheus-node-exporter")
	s := harness.Start(t, harness.Options{Bin: bin})
	exporter := listening(t, "/metrics", "node_exporter_build_info", nodeBin, func(addr string) []string { return []string{"--web.listen-address=" + addr} })
	prom := prometheus(t, promBin, fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: node, static_configs: [{targets: [%q]}]}
  - {job_name: prometheus, static_configs: [{targets: [SELF]}]}
remote_write:
  - url: %q
    queue_config: {batch_send_deadline: 200ms}
`, exporter, s.URL("/v1/prometheus/write?db=public")))
	ours := s.URL("/v1/prometheus")

	// Wait until Prometheus has 25 s of samples, then until ours has all that it had at that moment.
	count := func(base string, at time.Time) (float64, error) {
		a, err := get(base, "/api/v1/query", url.Values{"query": {`sum(count_over_time(up[1m])) + sum(count_over_time(node_load1[1m]))`}, "time": {stamp(at)}})
		if err != nil {
			return 0, err
		}
		got, err := read(a)
		if err != nil || len(got["{}"]) == 0 {
			return 0, fmt.Errorf("no answer yet: %v", err)
		}
		return got["{}"][0][1], nil
	}
	if err := harness.UntilFor(5*time.Minute, func() error {
		if n, err := count(prom, time.Now()); err != nil || n < 3*25 {
			return fmt.Errorf("prometheus has %v samples of 75: %v", n, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	end := offGrid(t, prom)
	if err := harness.Until(func() error {
		w, err := count(prom, end)
		if err != nil {
			return err
		}
		g, err := count(ours, end)
		if err != nil || g != w {
			return fmt.Errorf("%v samples have arrived of %v: %v", g, w, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}

	patience := time.Minute
	for _, q := range queries {
		instant := url.Values{"query": {q}, "time": {stamp(end)}}
		within := url.Values{"query": {q}, "start": {stamp(end.Add(-12 * time.Second))}, "end": {stamp(end)}, "step": {"1"}}
		for path, params := range map[string]url.Values{"/api/v1/query": instant, "/api/v1/query_range": within} {
			// Scrapes of one moment reach us in several requests: an answer may be behind for a moment, never for long.
			if err := harness.UntilFor(patience, func() error {
				w, err := get(prom, path, params)
				if err != nil {
					return fmt.Errorf("prometheus: %w", err)
				}
				g, err := get(ours, path, params)
				if err != nil {
					return err
				}
				ws, err := read(w)
				if err != nil {
					return err
				}
				gs, err := read(g)
				if err != nil {
					return fmt.Errorf("%w in %s", err, g.Data)
				}
				return compare(ws, gs)
			}); err != nil {
				t.Errorf("%s %s: %v", path, q, err)
				patience = time.Second // the rest is told soon
			}
		}
	}
	window := func(more ...string) url.Values {
		v := url.Values{"start": {stamp(end.Add(-20 * time.Second))}, "end": {stamp(end)}}
		for i := 0; i+1 < len(more); i += 2 {
			v.Add(more[i], more[i+1])
		}
		return v
	}
	for _, c := range []struct {
		path   string
		params url.Values
	}{
		{"/api/v1/labels", window()}, {"/api/v1/labels", window("match[]", "node_cpu_seconds_total")},
		{"/api/v1/label/__name__/values", window()}, {"/api/v1/label/job/values", window()}, {"/api/v1/label/mode/values", window("match[]", "node_cpu_seconds_total")},
		{"/api/v1/series", window("match[]", "up")}, {"/api/v1/series", window("match[]", `node_cpu_seconds_total{cpu="0"}`, "match[]", "node_load1")},
	} {
		w, err := get(prom, c.path, c.params)
		if err != nil {
			t.Fatal(err)
		}
		g, err := get(ours, c.path, c.params)
		if err != nil {
			t.Error(err)
			continue
		}
		if ws, gs := items(w.Data), items(g.Data); ws != gs {
			t.Errorf("%s %s: %s", c.path, c.params.Encode(), difference(ws, gs))
		}
	}
	for _, path := range []string{"/api/v1/status/buildinfo", "/api/v1/metadata", "/api/v1/rules", "/api/v1/query_exemplars"} {
		if _, err := get(ours, path, url.Values{"query": {"up"}}); err != nil {
			t.Error(err)
		}
	}
	if a, err := get(ours, "/api/v1/query", url.Values{"query": {"sum("}}); err == nil || a.ErrorType != "bad_data" {
		t.Errorf("a query that does not parse: %v %+v", err, a)
	}

	// A second Prometheus that has nothing of its own reads everything from us.
	second := prometheus(t, promBin, fmt.Sprintf("remote_read:\n  - {url: %q, read_recent: true}\n", s.URL("/v1/prometheus/read?db=public")))
	for _, q := range []string{"up", "sum by (mode) (rate(node_cpu_seconds_total[10s]))", `node_cpu_seconds_total{mode=~"idle|user",cpu!="7"}`, "nothing_of_the_kind"} {
		params := url.Values{"query": {q}, "start": {stamp(end.Add(-12 * time.Second))}, "end": {stamp(end)}, "step": {"1"}}
		w, err := get(prom, "/api/v1/query_range", params)
		if err != nil {
			t.Fatal(err)
		}
		g, err := get(second, "/api/v1/query_range", params)
		if err != nil {
			t.Error(err)
			continue
		}
		ws, _ := read(w)
		gs, _ := read(g)
		if err := compare(ws, gs); err != nil {
			t.Errorf("through remote read: %s: %v", q, err)
		}
	}
	// The same samples are rows of SQL.
	if got := s.MustSQL("SELECT count(DISTINCT job) FROM up").Text(); got != "2\n" {
		t.Error(got)
	}
}

func stamp(at time.Time) string { return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64) }

// offGrid gives a moment 4 s ago or before that no scrape lies on, at any distance of whole seconds: Prometheus 2 counts a sample at the
// beginning of a range, ours (like Prometheus 3) does not.
func offGrid(t *testing.T, prom string) time.Time {
	t.Helper()
	a, err := get(prom, "/api/v1/query", url.Values{"query": {`{__name__=~"up|node_load1"}[15s]`}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(a)
	if err != nil {
		t.Fatal(err)
	}
	var used []int
	for _, s := range got {
		for _, p := range s {
			used = append(used, int(math.Round(p[0]*1000))%1000)
		}
	}
	sort.Ints(used)
	// The middle of the widest gap.
	best, width := 0, 0
	for i, u := range used {
		next := used[0] + 1000
		if i+1 < len(used) {
			next = used[i+1]
		}
		if next-u > width {
			best, width = u+(next-u)/2, next-u
		}
	}
	if width < 10 {
		t.Fatalf("scrapes leave no gap: %v", used)
	}
	return time.Now().Add(-4 * time.Second).Truncate(time.Second).Add(time.Duration(best%1000) * time.Millisecond)
}

// items prints the members of a JSON list, sorted, one a line. Series and names about our own start differ in nothing: all is from scrapes.
func items(data json.RawMessage) string {
	var list []any
	_ = json.Unmarshal(data, &list)
	var out []string
	for _, v := range list {
		b, _ := json.Marshal(v)
		out = append(out, string(b))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

func difference(want, got string) string {
	in := func(s string) map[string]bool {
		m := map[string]bool{}
		for _, l := range strings.Split(s, "\n") {
			m[l] = true
		}
		return m
	}
	w, g := in(want), in(got)
	var out []string
	for l := range w {
		if !g[l] {
			out = append(out, "missing "+l)
		}
	}
	for l := range g {
		if !w[l] {
			out = append(out, "too much "+l)
		}
	}
	sort.Strings(out)
	return strings.Join(out[:min(8, len(out))], "; ")
}
