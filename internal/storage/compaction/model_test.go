package compaction

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// row is one stored version.
type row struct {
	key  byte
	time int64
	seq  model.Sequence
	del  bool
}

func byPlace(a, b row) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.time, b.time), cmp.Compare(b.seq, a.seq))
}

// region is files with their rows, as a plain model of what an engine does with picks.
type region struct {
	files []manifest.File
	rows  map[manifest.FileID][]row
	next  int
}

// write adds rows, sorted, cut into files of at most limit rows, none of which ends within one key and time.
func (g *region) write(rows []row, level uint8, limit int) {
	slices.SortFunc(rows, byPlace)
	var run manifest.FileID
	for len(rows) > 0 {
		n := min(limit, len(rows))
		for n < len(rows) && rows[n].key == rows[n-1].key && rows[n].time == rows[n-1].time {
			n++
		}
		g.next++
		f := manifest.File{ID: manifest.FileID(fmt.Sprint(g.next)), Level: level, Rows: int64(n), Size: int64(n), MinTime: 1 << 62, MinSequence: 1 << 62,
			MinKey: []byte{rows[0].key}, MaxKey: []byte{rows[n-1].key}}
		for _, r := range rows[:n] {
			f.MinTime, f.MaxTime = min(f.MinTime, r.time), max(f.MaxTime, r.time)
			f.MinSequence, f.MaxSequence = min(f.MinSequence, r.seq), max(f.MaxSequence, r.seq)
			f.HasDeletes = f.HasDeletes || r.del
		}
		if run == "" {
			run = f.ID
		}
		if f.ID != run || n < len(rows) {
			f.Run = run
		}
		g.rows[f.ID] = rows[:n:n]
		g.files = append(g.files, f)
		rows = rows[n:]
	}
}

// visible is the newest row of each key and time, tombstones left out.
func (g *region) visible() map[[2]int64]model.Sequence {
	newest := map[[2]int64]row{}
	for _, f := range g.files {
		for _, r := range g.rows[f.ID] {
			k := [2]int64{int64(r.key), r.time}
			if old, ok := newest[k]; !ok || r.seq > old.seq {
				newest[k] = r
			}
		}
	}
	out := map[[2]int64]model.Sequence{}
	for k, r := range newest {
		if !r.del {
			out[k] = r.seq
		}
	}
	return out
}

// merge does what a pick asks for.
func (g *region) merge(t *testing.T, p *Pick, limit int) {
	t.Helper()
	newest := map[[2]int64]row{}
	for _, f := range p.Files {
		i := slices.IndexFunc(g.files, func(x manifest.File) bool { return x.ID == f.ID })
		if i < 0 {
			t.Fatalf("file %s is picked, but is not there, or twice", f.ID)
		}
		g.files = slices.Delete(g.files, i, i+1)
		for _, r := range g.rows[f.ID] {
			k := [2]int64{int64(r.key), r.time}
			if old, ok := newest[k]; !ok || r.seq > old.seq {
				newest[k] = r
			}
		}
		delete(g.rows, f.ID)
	}
	var rows []row
	for _, r := range newest {
		if !r.del || !p.DropDeletes {
			rows = append(rows, r)
		}
	}
	g.write(rows, 1, limit)
}

// TestPicksKeepRows does picks on random files until there is none: that must end, no row may vanish or come back, files of one run may not
// share a key and time, and few runs may be left in a window.
func TestPicksKeepRows(t *testing.T) {
	const width, limit = 3600, 60
	total := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		g := &region{rows: map[manifest.FileID][]row{}}
		o := Options{Window: width * time.Second, Unit: model.Second, MaxOutputBytes: limit, Contiguous: r.IntN(2) == 0, Force: r.IntN(3) == 0,
			MaxInputs: 2 + r.IntN(32)}
		seq := model.Sequence(1)
		picks := 0
		for round := range 8 {
			for range r.IntN(6) {
				start, span, keys := r.Int64N(4*width), 1+r.Int64N(width), 1+r.IntN(8)
				n := 1 + r.IntN(100)
				seen := map[[2]int64]bool{}
				var rows []row
				for range n {
					x := row{key: byte(r.IntN(keys)), time: (start + r.Int64N(span)) / 300 * 300, seq: seq, del: r.IntN(4) == 0}
					if k := [2]int64{int64(x.key), x.time}; !seen[k] {
						seen[k] = true
						seq++
						rows = append(rows, x)
					}
				}
				byWindow := map[int64][]row{}
				for _, x := range rows {
					byWindow[x.time/width] = append(byWindow[x.time/width], x)
				}
				for _, w := range slices.Sorted(maps.Keys(byWindow)) {
					g.write(byWindow[w], 0, limit)
				}
			}
			want := g.visible()
			var progress Progress
			for step, more := 0, true; more; step++ {
				p := Next(g.files, o)
				if p == nil {
					break
				}
				picks++
				if step > 300 {
					t.Fatalf("seed %d, round %d: picks do not end, last %s", seed, round, names(p.Files))
				}
				before := len(g.files)
				g.merge(t, p, limit)
				more = progress.Note(len(p.Files), len(g.files)-before+len(p.Files))
				if got := g.visible(); !maps.Equal(got, want) {
					t.Fatalf("seed %d, round %d, step %d: after %s %v: %v, want %v", seed, round, step, names(p.Files), p.DropDeletes, got, want)
				}
			}
			g.checkRuns(t, &o, progress.idle == 0)
		}
		total += picks
	}
	if total < 4000 {
		t.Errorf("only %d picks", total)
	}
}

func (g *region) checkRuns(t *testing.T, o *Options, ended bool) {
	t.Helper()
	for i := range g.files {
		for j := range i {
			a, b := &g.files[i], &g.files[j]
			if overlaps(a, b) {
				continue
			}
			for _, x := range g.rows[a.ID] {
				if slices.ContainsFunc(g.rows[b.ID], func(y row) bool { return x.key == y.key && x.time == y.time }) {
					t.Fatalf("files %s and %s share key %d at %d", a.ID, b.ID, x.key, x.time)
				}
			}
		}
	}
	byWindow := map[int64][]manifest.File{}
	for _, f := range g.files {
		byWindow[f.MaxTime/3600] = append(byWindow[f.MaxTime/3600], f)
	}
	for w, files := range byWindow {
		if n := len(sortedRuns(unitsOf(files), true)); ended && (n > 3 || o.Force && n > 1) {
			t.Fatalf("window %d ends with %d runs of %d files", w, n, len(files))
		}
	}
}

// TestStrictCoversAllRows checks on random files that the windows of a cut hold every row of its files, that no window is in two cuts, and
// that what is not cut is in place.
func TestStrictCoversAllRows(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		var files []manifest.File
		for i := range r.IntN(20) {
			start := r.Int64N(4000) - 2000
			files = append(files, manifest.File{ID: manifest.FileID(fmt.Sprint(i)), MinTime: start, MaxTime: start + r.Int64N(300), MinKey: bytes.Repeat([]byte{1}, i)})
		}
		width := 1 + r.Int64N(300)
		cuts, err := Strict(files, time.Duration(width)*time.Second, model.Second, nil)
		if err != nil {
			t.Fatal(err)
		}
		owner := map[int64]int{}
		in := map[manifest.FileID]bool{}
		for i, c := range cuts {
			for k, w := range c.Windows {
				if _, taken := owner[w.Start]; taken || w.End != w.Start+width || k > 0 && c.Windows[k-1].End > w.Start {
					t.Fatalf("seed %d: window %v", seed, w)
				}
				owner[w.Start] = i
			}
			for _, f := range c.Files {
				if in[f.ID] {
					t.Fatalf("seed %d: file %s twice", seed, f.ID)
				}
				in[f.ID] = true
				for at := f.MinTime; at <= f.MaxTime; at++ {
					if !slices.ContainsFunc(c.Windows, func(w model.TimeRange) bool { return w.Contains(at) }) {
						t.Fatalf("seed %d: time %d of file %s is in no window", seed, at, f.ID)
					}
				}
			}
		}
		bucket := model.TimeBucket{Width: width}
		for _, f := range files {
			if _, cut := owner[bucket.Start(f.MinTime)]; !in[f.ID] && (cut || bucket.Start(f.MinTime) != bucket.Start(f.MaxTime)) {
				t.Fatalf("seed %d: file %s is left out", seed, f.ID)
			}
		}
	}
}
