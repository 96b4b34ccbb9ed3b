package compaction

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// parse reads files as "name min-max [size]", one a line; times in seconds.
func parse(text string) (files []manifest.File) {
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := manifest.File{Size: 100, MinSequence: model.Sequence(i * 10), MaxSequence: model.Sequence(i*10 + 9)}
		if n, _ := fmt.Sscanf(strings.TrimSpace(line), "%s %d-%d %d", &f.ID, &f.MinTime, &f.MaxTime, &f.Size); n < 3 {
			panic(line)
		}
		files = append(files, f)
	}
	return files
}

func TestNext(t *testing.T) {
	f := func(name, text, want string, dropDeletes bool, o Options) {
		t.Helper()
		o.Unit = model.Second
		if o.Window == 0 {
			o.Window = time.Hour
		}
		got := ""
		p := Next(parse(text), o)
		if p != nil {
			var ids []string
			for _, f := range p.Files {
				ids = append(ids, string(f.ID))
			}
			slices.Sort(ids)
			got = strings.Join(ids, " ")
		}
		if got != want || p != nil && p.DropDeletes != dropDeletes {
			t.Errorf("%s: picked %q %+v, want %q %v", name, got, p, want, dropDeletes)
		}
	}
	f("too few files", "a 0-10\nb 5-15\nc 20-30", "", false, Options{})
	f("overlapping ones of the window, the least bytes", "a 0-10 900\nb 5-15 900\nc 20-30\nd 25-35", "c d", true, Options{})
	f("one run is joined", "a 0-10\nb 11-20\nc 21-30\nd 31-40", "a b c d", true, Options{})
	f("large files are not joined again", "a 0-10\nb 11-20\nc 21-30\nd 31-40", "", false, Options{MaxOutputBytes: 120})
	f("newest window first", "a 0-10\nb 5-15\nc 8-30\nd 9-40\ne 7200-7300\nf 7200-7300\ng 7200-7300\nh 7200-7300", "e f", false, Options{})
	f("a version between may not stay behind", "a 0-10 1\nb 0-10 500\nc 0-10 1\nd 50-60 1", "a b c", true, Options{Contiguous: true})
	f("without that need it may", "a 0-10 1\nb 0-10 500\nc 0-10 1\nd 50-60 1", "a c", false, Options{})
}

// TestPicksEnd replays picks on random files until there is none: it must end, with few overlapping files in each window.
func TestPicksEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	for range 100 {
		var files []manifest.File
		for i := range r.IntN(60) {
			start := r.Int64N(20000)
			files = append(files, manifest.File{ID: manifest.FileID(fmt.Sprint(i)), MinTime: start, MaxTime: start + r.Int64N(3000), Size: 1 + r.Int64N(1000),
				MinSequence: model.Sequence(i), MaxSequence: model.Sequence(i + 1)})
		}
		o := Options{Window: time.Hour, Unit: model.Second, MaxOutputBytes: 5000, Contiguous: r.IntN(2) == 0}
		for step := 0; ; step++ {
			p := Next(files, o)
			if p == nil {
				break
			}
			if step > 200 {
				t.Fatal("picks do not end")
			}
			out := manifest.File{ID: manifest.FileID(fmt.Sprint("m", step)), Level: 1, MinTime: 1 << 62, MinSequence: 1 << 62}
			for _, f := range p.Files {
				out.MinTime, out.MaxTime = min(out.MinTime, f.MinTime), max(out.MaxTime, f.MaxTime)
				out.MinSequence, out.MaxSequence = min(out.MinSequence, f.MinSequence), max(out.MaxSequence, f.MaxSequence)
				out.Size += f.Size
				files = slices.DeleteFunc(files, func(g manifest.File) bool { return g.ID == f.ID })
			}
			files = append(files, out)
		}
		byWindow := map[int64][]manifest.File{}
		for _, f := range files {
			byWindow[f.MaxTime/3600] = append(byWindow[f.MaxTime/3600], f)
		}
		for w, fs := range byWindow {
			if n := len(sortedRuns(fs)); n > 3 {
				t.Errorf("window %d ends with %d runs of %d files", w, n, len(fs))
			}
		}
	}
}
