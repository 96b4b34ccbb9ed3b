package report

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/bench/load"
	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/query"
)

func sample(rate, ms float64) *Report {
	return &Report{Machine: measure.Machine{Cores: 2, RAM: 8 << 30, OS: "linux/amd64", Go: "go1", Commit: "abc"}, Options: Options{Scale: 10, Rows: 100},
		Systems: []*System{{Name: "goptimedb", PeakRSS: 3 << 30, Load: &Load{Result: load.Result{Rows: 100, RowRate: rate, Seconds: 1},
			SettledRate: rate, BytesPerPoint: 0.4},
			Queries: []query.Result{{Kind: "lastpoint", Latency: measure.Summary{Count: 3, Median: ms, Max: ms}, Rows: 10, Verified: 2},
				{Kind: "high-cpu-all", Error: "status 500: no"}}}}}
}

func TestWriteRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "a.json")
	want := sample(1000, 2)
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPrint(t *testing.T) {
	r := sample(1000, 2)
	r.Systems = append(r.Systems, sample(500, 8).Systems[0])
	r.Systems[1].Name = "peer"
	var b bytes.Buffer
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1000 rows/s", "0.400 bytes a point", "3.00 GiB", "lastpoint", "! high-cpu-all: status 500: no",
		"peer / goptimedb"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if got := line(b.String(), "lastpoint, ms"); got != "lastpoint, ms 2 8 4.00 +++" {
		t.Error(got)
	}
	if got := line(b.String(), "load, rows/s"); got != "load, rows/s 1000 500 2.00 ++" {
		t.Error(got)
	}
}

func TestCompare(t *testing.T) {
	var b bytes.Buffer
	if err := Compare(&b, sample(1000, 2), sample(500, 1), "x", "y"); err != nil {
		t.Fatal(err)
	}
	if got := line(b.String(), "lastpoint, ms"); got != "lastpoint, ms 2 1 2.00 ++" {
		t.Error(got)
	}
	if got := line(b.String(), "load, rows/s"); got != "load, rows/s 1000 500 0.50 --" {
		t.Error(got)
	}
	if strings.Contains(b.String(), "differ") {
		t.Error(b.String())
	}
	other := sample(1, 1)
	other.Options.Scale = 11
	b.Reset()
	if err := Compare(&b, sample(1, 1), other, "x", "y"); err != nil || !strings.Contains(b.String(), "the runs differ") {
		t.Error(b.String(), err)
	}
}

// line finds the line that begins with name, its columns one space apart.
func line(text, name string) string {
	for l := range strings.Lines(text) {
		if f := strings.Join(strings.Fields(l), " "); strings.HasPrefix(f, name) {
			return f
		}
	}
	return ""
}
