package tsbs

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

func small(t testing.TB, scale int, d time.Duration) *Dataset {
	t.Helper()
	ds, err := New(Options{Seed: 123, Scale: scale, Interval: 10 * time.Second, Duration: d})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func all(t testing.TB, l *Lines, batch int) []byte {
	t.Helper()
	var out, buf []byte
	for {
		var err error
		if buf, _, err = l.Next(buf, batch); errors.Is(err, io.EOF) {
			return out
		}
		out = append(out, buf...)
	}
}

func TestBytesDoNotDependOnBatches(t *testing.T) {
	d := small(t, 7, 5*time.Minute)
	want := all(t, d.Lines(), 1<<20)
	for _, batch := range []int{1, 3, 7, 100} {
		if !bytes.Equal(all(t, d.Lines(), batch), want) {
			t.Errorf("batches of %d rows give other bytes", batch)
		}
	}
	if longer := all(t, small(t, 7, 10*time.Minute).Lines(), 64); !bytes.HasPrefix(longer, want) {
		t.Error("a longer data set does not begin with the shorter one")
	}
	other, err := New(Options{Seed: 124, Scale: 7, Interval: 10 * time.Second, Duration: 5 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(all(t, other.Lines(), 64), want) {
		t.Error("another seed gives the same bytes")
	}
}

// TestLinesSayWhatWalkSays reads the lines back, field by field.
func TestLinesSayWhatWalkSays(t *testing.T) {
	d := small(t, 20, 10*time.Minute)
	lines := strings.Split(strings.TrimSuffix(string(all(t, d.Lines(), 33)), "\n"), "\n")
	if int64(len(lines)) != d.Rows() || d.Rows() != 20*60 {
		t.Fatalf("%d lines, %d rows", len(lines), d.Rows())
	}
	walks := make([]*Walk, d.Scale())
	for i := range walks {
		walks[i] = d.Walk(i)
	}
	for n, line := range lines {
		tick, host := n/d.Scale(), n%d.Scale()
		parts := strings.Split(line, " ")
		if len(parts) != 3 {
			t.Fatalf("line %d: %q", n, line)
		}
		tags := strings.Split(parts[0], ",")
		if len(tags) != TagCount+1 || tags[0] != Table || tags[1] != "hostname=host_"+strconv.Itoa(host) {
			t.Fatalf("line %d: tags %q", n, parts[0])
		}
		for i, v := range d.TagsOf(host) {
			if tags[i+1] != Tags[i]+"="+v || v == "" {
				t.Fatalf("line %d: tag %q, want %s=%s", n, tags[i+1], Tags[i], v)
			}
		}
		var v Values
		walks[host].Next(&v)
		for f, cell := range strings.Split(parts[1], ",") {
			if want := Fields[f] + "=" + strconv.Itoa(int(v[f])) + "i"; cell != want || v[f] < 0 || v[f] > 100 {
				t.Fatalf("line %d: %q, want %q", n, cell, want)
			}
		}
		if parts[2] != strconv.FormatInt(d.Time(tick), 10) {
			t.Fatalf("line %d: time %s", n, parts[2])
		}
	}
	if size := len(strings.Join(lines, "\n")) / len(lines); size < 300 || size > 390 {
		t.Errorf("%d bytes a line, want about 345", size)
	}
}

func TestWalkWalks(t *testing.T) {
	d := small(t, 1, 24*time.Hour)
	w := d.Walk(0)
	var prev, v Values
	w.Next(&prev)
	var moved, sum float64
	for range 8000 {
		w.Next(&v)
		for f := range v {
			step := float64(v[f]) - float64(prev[f])
			if step > 7 || step < -7 {
				t.Fatalf("a step of %v", step)
			}
			sum += step
			if step != 0 {
				moved++
			}
		}
		prev = v
	}
	if share := moved / 80000; share < 0.4 || share > 0.8 {
		t.Errorf("%.2f of the steps change the integer", share)
	}
}

func TestTicksBetween(t *testing.T) {
	d := small(t, 1, time.Minute) // six ticks
	f := func(from, to int64, first, end int) {
		t.Helper()
		if a, b := d.TicksBetween(Epoch+from*1e9, Epoch+to*1e9); a != first || b != end {
			t.Errorf("[%d, %d): ticks [%d, %d), want [%d, %d)", from, to, a, b, first, end)
		}
	}
	f(0, 60, 0, 6)
	f(-100, 1000, 0, 6)
	f(1, 60, 1, 6)
	f(10, 11, 1, 2)
	f(11, 12, 2, 2)
	f(0, 10, 0, 1)
	f(70, 80, 6, 6)
}

func TestSeriesAreDistinct(t *testing.T) {
	s := NewSeries(1000)
	seen := map[string]bool{}
	var buf []byte
	for {
		var err error
		var n int
		if buf, n, err = s.Next(buf, 64); errors.Is(err, io.EOF) {
			break
		}
		lines := bytes.Split(bytes.TrimSuffix(buf, []byte("\n")), []byte("\n"))
		if len(lines) != n {
			t.Fatalf("%d lines, %d rows", len(lines), n)
		}
		for _, l := range lines {
			tags, _, _ := strings.Cut(string(l), " ")
			seen[tags] = true
		}
	}
	if len(seen) != 1000 {
		t.Errorf("%d series", len(seen))
	}
}

func BenchmarkLines(b *testing.B) {
	d := small(b, 4000, 1000*time.Hour)
	l := d.Lines()
	var buf []byte
	rows := 0
	for b.Loop() {
		var n int
		buf, n, _ = l.Next(buf, 4000)
		rows += n
		b.SetBytes(int64(len(buf)))
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
