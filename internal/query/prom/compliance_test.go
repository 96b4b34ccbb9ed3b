package prom

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
)

var findLacking = flag.Bool("lacking", false, "run every evaluation and print those that fail, as testdata/lacking.txt has them")

// lacking reads which evaluations, by script and number, cannot pass: those that need samples of native histograms or start
// timestamps of samples, neither of which a table holds.
func lacking(t *testing.T) map[string]string {
	text, err := os.ReadFile("testdata/lacking.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, l := range strings.Split(string(text), "\n") {
		f := strings.Fields(l)
		if len(f) < 3 || f[0] == "#" {
			continue
		}
		for _, span := range f[2:] {
			from, to, ok := strings.Cut(span, "-")
			if !ok {
				to = from
			}
			a, err1 := strconv.Atoi(from)
			b, err2 := strconv.Atoi(to)
			if err1 != nil || err2 != nil {
				t.Fatalf("testdata/lacking.txt: %s", l)
			}
			for i := a; i <= b; i++ {
				out[f[0]+" "+strconv.Itoa(i)] = f[1]
			}
		}
	}
	return out
}

// TestCompliance runs the scripts that Prometheus tests its engine with against this storage, one evaluation at a time.
func TestCompliance(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of evaluations")
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output()
	if err != nil {
		t.Skipf("the scripts are in the source of a module: %v", err)
	}
	scripts, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "promql/promqltest/testdata/*.test"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	n := newNode(t, Options{})
	skip := map[string]string{}
	if !*findLacking {
		skip = lacking(t)
	}
	total, lacks := 0, map[string]int{}
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		script := filepath.Base(path)
		t.Run(script, func(t *testing.T) {
			evals := 0
			st := n.storage()
			for _, c := range commands(string(text)) {
				if c == "clear" {
					st = n.storage()
					continue
				}
				f := func(t *testing.T) {
					promqltest.RunTestWithStorage(t, c+"\n", queryEngine{n.Engine}, func(testing.TB) storage.Storage { return st })
				}
				if !strings.HasPrefix(strings.TrimSpace(c), "eval") {
					f(t)
					continue
				}
				evals++
				reason := skip[script+" "+strconv.Itoa(evals)]
				switch {
				case reason != "":
					lacks[reason]++
				case !*findLacking:
					f(t)
				case !testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "eval", F: f}}):
					fmt.Printf("LACKING %s %d histograms=%d starts=%d: %s\n", script, evals, st.histograms, st.start, c)
				}
			}
			total += evals
		})
	}
	t.Logf("%d evaluations; not run, by what they need: %v", total, lacks)
}

// commands cuts a script: a command ends where a line is empty or a comment.
func commands(script string) (out []string) {
	var cur []string
	end := func() {
		if len(cur) > 0 {
			out = append(out, strings.Join(cur, "\n"))
			cur = nil
		}
	}
	for _, l := range strings.Split(script, "\n") {
		trimmed := strings.TrimSpace(l)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
			end()
		case trimmed == "clear":
			end()
			out = append(out, trimmed)
		default:
			cur = append(cur, l)
		}
	}
	end()
	return out
}
