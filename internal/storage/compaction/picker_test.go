package compaction

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// parse reads files as "name min-max [size [keys a-b]] [L1] [run=x] [del]", one a line; times in seconds, each line newer than the one before.
func parse(text string) (files []manifest.File) {
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := manifest.File{Size: 100, MinSequence: model.Sequence(i * 10), MaxSequence: model.Sequence(i*10 + 9)}
		for k, word := range strings.Fields(line) {
			var a, b string
			switch {
			case k == 0:
				f.ID = manifest.FileID(word)
			case k == 1:
				if n, _ := fmt.Sscanf(word, "%d-%d", &f.MinTime, &f.MaxTime); n != 2 {
					panic(line)
				}
			case word == "L1":
				f.Level = 1
			case word == "del":
				f.HasDeletes = true
			case strings.HasPrefix(word, "run="):
				f.Run = manifest.FileID(word[4:])
			case strings.Contains(word, "-"):
				a, b, _ = strings.Cut(word, "-")
				f.MinKey, f.MaxKey = []byte(a), []byte(b)
			default:
				if n, _ := fmt.Sscanf(word, "%d", &f.Size); n != 1 {
					panic(line)
				}
			}
		}
		files = append(files, f)
	}
	return files
}

func names(files []manifest.File) string {
	var ids []string
	for _, f := range files {
		ids = append(ids, string(f.ID))
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
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
			got = names(p.Files)
		}
		if got != want || p != nil && p.DropDeletes != dropDeletes {
			t.Errorf("%s: picked %q %+v, want %q %v", name, got, p, want, dropDeletes)
		}
	}
	within := func(a, b int64) *model.TimeRange { return &model.TimeRange{Start: a, End: b} }

	f("too few files", "a 0-10\nb 5-15\nc 20-30", "", false, Options{})
	f("too few files, but somebody asks", "a 0-10\nb 5-15\nc 20-30", "a b", true, Options{Force: true})
	f("overlapping ones of the window, the least bytes", "a 0-10 900\nb 5-15 900\nc 20-30\nd 25-35", "c d", true, Options{})
	f("one run is joined", "a 0-10\nb 11-20\nc 21-30\nd 31-40", "a b c d", true, Options{})
	f("equal times, other keys: one run", "a 0-10 100 a-b\nb 0-10 100 c-d\nc 0-10 100 e-f\nd 0-10 100 g-h", "a b c d", true, Options{})
	f("equal times, keys that meet: two runs", "a 0-10 100 a-c\nb 0-10 100 c-d\nc 0-10 100 e-f\nd 0-10 100 g-h", "a b", true, Options{})
	f("large files are not joined again", "a 0-10\nb 11-20\nc 21-30\nd 31-40", "", false, Options{MaxOutputBytes: 120})
	f("newest window first", "a 0-10\nb 5-15\nc 8-30\nd 9-40\ne 7200-7300\nf 7200-7300\ng 7200-7300\nh 7200-7300", "e f", true, Options{})
	f("an older window needs no trigger", "a 0-10\nb 5-15\ne 7200-7300", "a b", true, Options{})
	f("unless that rewrites much for little", "a 0-10 1000\nb 5-15\ne 7200-7300", "", false, Options{})
	f("too many runs are merged at any price", "a 0-10 1000\nb 1-15 200\nc 2-15 50\nd 3-15 10", "c d", true, Options{})
	f("of a group, most of which is one file, the others", "a 0-10 9000\nb 9-20\nc 19-30\nd 29-40\ne 39-50", "b c d e", true, Options{})
	f("a window that reaches into the range", "a 0-10\nb 5-15\nc 8-30\nd 9-40\ne 7200-7300\nf 7200-7300\ng 7200-7300\nh 7200-7300", "a b", true,
		Options{Within: within(0, 5)})
	f("a version between may not stay behind", "a 0-10 1\nb 0-10 500\nc 0-10 1\nd 50-60 1", "a b c", true, Options{Contiguous: true, Force: true})
	f("without that need it may", "a 0-10 1\nb 0-10 500\nc 0-10 1\nd 50-60 1", "a c", true, Options{Force: true})
	f("pieces of a flush are one unit", "a 0-10 100 run=a\nb 0-10 100 run=a\nc 0-10 100 run=a\nd 0-10 100 run=a", "", false, Options{})
	f("and are merged as one", "a 0-10 100 run=a\nb 0-10 100 run=a\nc 0-10 100\nd 0-10 100", "c d", true, Options{Force: true})
	f("pieces of a compaction are files", "a 0-10 900 L1 run=a a-c\nb 0-10 900 L1 run=a d-f\nc 0-10 500 a-b\nd 20-30\ne 30-40", "d e", true, Options{})
	f("and overlap others alone", "a 0-10 900 L1 run=a a-c\nb 0-10 900 L1 run=a d-f\nc 0-10 500 a-b\nd 20-30", "a c", true, Options{})
	f("unless a series is cut in two", "a 0-10 900 L1 run=a a-c\nb 0-10 900 L1 run=a c-f\nc 0-10 500 a-b\nd 20-30", "a b c", true, Options{})
	f("append: large files stay", "a 0-10 900\nb 0-10 900\nc 0-10 100\nd 0-10 100\ne 0-10\nf 0-10", "c d", false, Options{Append: true, MaxOutputBytes: 900})

	f("tombstones stay for older files", "a 0-10 900\nb 0-10 del\nc 0-10\nd 0-10\ne 0-10", "b c", false, Options{})
	f("but not for newer ones", "b 0-10 del\nc 0-10\na 0-10 900\nd 0-10\ne 0-10", "b c", true, Options{})
	f("nor for other keys", "a 0-10 100 k-z\nb 0-10 100 a-c del\nc 0-10 100 a-c\nd 0-10 200 k-z", "b c", true, Options{})
	f("files of other windows count", "z 0-5000 900\nb 0-10 del\nc 0-10", "b c", false, Options{})
}

func TestLimits(t *testing.T) {
	var files []manifest.File
	for i := range 100 {
		files = append(files, manifest.File{ID: manifest.FileID(fmt.Sprint(i)), MinTime: int64(10 * i), MaxTime: int64(10*i + 15), Size: 1})
	}
	o := Options{Unit: model.Second, Window: time.Hour}
	if p := Next(files, o); len(p.Files) != 32 {
		t.Errorf("a chain of overlapping files: %d inputs", len(p.Files))
	}
	for i := range files {
		files[i].MaxTime -= 10
	}
	if p := Next(files, o); len(p.Files) != 32 || p.Files[0].ID != "0" {
		t.Errorf("a run of small files: %d inputs, from %s", len(p.Files), p.Files[0].ID)
	}
	for i := range 5000 { // judged by time alone
		files = append(files, manifest.File{ID: manifest.FileID(fmt.Sprint("x", i)), MinTime: 2000, MaxTime: 2001 + int64(i%7), Size: 1, MinKey: []byte{byte(i)}, MaxKey: []byte{byte(i)}})
	}
	if p := Next(files, o); p == nil || len(p.Files) > 32 {
		t.Errorf("%+v", p)
	}
}

func TestInfer(t *testing.T) {
	f := func(text string, want time.Duration) {
		t.Helper()
		if got := Infer(parse(text), model.Second); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	f("a 0-10", time.Hour)
	f("a 0-3600", time.Hour)
	f("a 0-3601", 2*time.Hour)
	f("a 0-10\nb 20000-20001", 12*time.Hour)
	f("a 0-10\nb 20000-20001 100 L1", time.Hour) // compacted files tell nothing of how rows come
	f("a 0-50000", 24*time.Hour)
	f("a 0-100000", 7*24*time.Hour)
	f("a 0-100000000", 7*24*time.Hour)
	if got := Infer([]manifest.File{{MinTime: -1 << 63, MaxTime: 1<<63 - 1}}, model.Nanosecond); got != 7*24*time.Hour {
		t.Error(got)
	}
}

func TestStrict(t *testing.T) {
	f := func(name, text, want string, within *model.TimeRange) {
		t.Helper()
		cuts, err := Strict(parse(text), 100*time.Second, model.Second, within)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range cuts {
			s := names(c.Files) + ":"
			for _, w := range c.Windows {
				s += fmt.Sprintf(" %d-%d", w.Start, w.End)
			}
			got = append(got, s)
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%s: %s, want %s", name, s, want)
		}
	}
	f("files of a window are one cut", "a 0-10\nb 50-60\nc 150-160\nd 170-180", "a b: 0-100; c d: 100-200", nil)
	f("one file in place", "a 0-99", "", nil)
	f("one file of two windows", "a 0-100", "a: 0-100 100-200", nil)
	f("a chain", "a 0-120\nb 130-250\nc 260-270\nd 300-310\ne 320-330 run=d", "a b c: 0-100 100-200 200-300; d e: 300-400", nil)
	f("a run in place", "d 300-310 run=d\ne 320-330 run=d", "", nil)
	f("windows without a row are no pass", "a 0-10\nb 20-30\nc -150--140\nd -140--110", "c d: -200--100; a b: 0-100", nil)
	f("a range takes whole cuts", "a 0-120\nb 130-250\nc 500-510\nd 520-540", "a b: 0-100 100-200 200-300", &model.TimeRange{Start: 240, End: 241})
	f("the end of time", "a 9223372036854775700-9223372036854775806", "a: 9223372036854775700-9223372036854775800 9223372036854775800-9223372036854775807", nil)
	if _, err := Strict(parse("a 0-100000000"), time.Second, model.Second, nil); err == nil {
		t.Error("a million windows")
	}
	if _, err := Strict(nil, time.Millisecond, model.Second, nil); err == nil {
		t.Error("a window of no width")
	}
}
