package measure

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func TestSummarize(t *testing.T) {
	if got := Summarize(nil); got != (Summary{}) {
		t.Errorf("of none: %+v", got)
	}
	one := Summarize([]time.Duration{3 * time.Millisecond})
	if want := (Summary{1, 3, 3, 3, 3, 3, 3}); one != want {
		t.Errorf("of one: %+v", one)
	}
	var ds []time.Duration
	for i := 100; i >= 1; i-- {
		ds = append(ds, time.Duration(i)*time.Millisecond)
	}
	if got, want := Summarize(ds), (Summary{100, 1, 50, 95, 99, 100, 50.5}); got != want {
		t.Errorf("of 1…100: %+v", got)
	}
	if ds[0] != 100*time.Millisecond {
		t.Error("the durations were reordered")
	}
}

func TestPercentile(t *testing.T) {
	sorted := []time.Duration{10, 20, 30, 40, 50}
	f := func(q float64, want time.Duration) {
		t.Helper()
		if got := percentile(sorted, q); got != want {
			t.Errorf("%v: %d, want %d", q, got, want)
		}
	}
	f(0, 10)
	f(0.2, 10)
	f(0.21, 20)
	f(0.5, 30)
	f(0.95, 50)
	f(1, 50)
}

func TestFolderSize(t *testing.T) {
	root := t.TempDir()
	write := func(name string, n int) {
		t.Helper()
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, make([]byte, n), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("data/x", 100)
	write("data/y/z", 10)
	write("wal/1", 1000)
	if n, err := FolderSize(root, "wal"); err != nil || n != 110 {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := FolderSize(root); err != nil || n != 1110 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := FolderSize(filepath.Join(root, "none")); err == nil {
		t.Error("a folder that is not there has a size")
	}
}

func TestOfProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("read from /proc")
	}
	u, err := OfProcess(os.Getpid())
	if err != nil || u.RSS <= 0 || u.PeakRSS < u.RSS/2 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := OfProcess(-1); err == nil {
		t.Error("process -1 has a usage")
	}
	used, release := PinThread()
	defer release()
	if used() < 0 || OwnCPU() <= 0 {
		t.Error("no processor time")
	}
}
