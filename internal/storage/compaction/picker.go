// Package compaction decides which files of a region to merge. It only decides: reading, merging and writing are the engine's.
//
// Files are sorted into time windows (TWCS). Within a window, files that overlap neither in time nor in key form a sorted run. Reads
// cost one source per run, so more than one run is merged first; a single run of many small files is then joined into larger ones.
package compaction

import (
	"bytes"
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// Options of the picker.
type Options struct {
	Window         time.Duration // width of a time window; 0: Infer
	Unit           model.TimeUnit
	TriggerFiles   int   // files in a window before it is looked at; 0: 4
	MaxOutputBytes int64 // files of this size are not joined any more; 0: 512 MiB
	MaxInputs      int   // files merged at a time; 0: 32
}

func (o *Options) defaults() {
	if o.TriggerFiles <= 0 {
		o.TriggerFiles = 4
	}
	if o.MaxOutputBytes <= 0 {
		o.MaxOutputBytes = 512 << 20
	}
	if o.MaxInputs <= 0 {
		o.MaxInputs = 32
	}
}

// Pick is files to merge into one sorted run.
type Pick struct {
	Files []manifest.File
	// DropDeletes tells that no file outside of the pick can hold a row that a tombstone inside hides.
	DropDeletes bool
}

// windows are the widths that Infer chooses from.
var windows = []time.Duration{time.Hour, 2 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// Infer gives the smallest usual width that holds the time span of a typical file.
func Infer(files []manifest.File, unit model.TimeUnit) time.Duration {
	var span int64
	for _, f := range files {
		if f.Level == 0 {
			span = max(span, f.MaxTime-f.MinTime)
		}
	}
	for _, w := range windows {
		if span <= int64(w)/unit.Nanos() {
			return w
		}
	}
	return windows[len(windows)-1]
}

// Next picks the most useful merge, or nil. Windows are looked at newest first, because reads are.
func Next(files []manifest.File, o Options) *Pick {
	o.defaults()
	if o.Window <= 0 {
		o.Window = Infer(files, o.Unit)
	}
	width := max(1, int64(o.Window)/o.Unit.Nanos())
	byWindow := map[int64][]manifest.File{}
	for _, f := range files {
		w := model.TimeBucket{Width: width}.Start(f.MaxTime)
		byWindow[w] = append(byWindow[w], f)
	}
	order := make([]int64, 0, len(byWindow))
	for w := range byWindow {
		order = append(order, w)
	}
	slices.Sort(order)
	slices.Reverse(order)
	for _, w := range order {
		if picked := pickWindow(byWindow[w], o); len(picked) > 1 {
			return &Pick{Files: picked, DropDeletes: !overlapsOthers(picked, files)}
		}
	}
	return nil
}

func pickWindow(files []manifest.File, o Options) []manifest.File {
	if len(files) < o.TriggerFiles {
		return nil
	}
	runs := sortedRuns(files)
	if len(runs) > 1 {
		return mergeRuns(runs, o)
	}
	return joinNeighbours(runs[0], o)
}

// overlaps tells whether two files may hold rows of one series and overlapping times.
func overlaps(a, b manifest.File) bool {
	if a.MaxTime < b.MinTime || b.MaxTime < a.MinTime {
		return false
	}
	if len(a.MaxKey) > 0 && len(b.MaxKey) > 0 && (bytes.Compare(a.MaxKey, b.MinKey) < 0 || bytes.Compare(b.MaxKey, a.MinKey) < 0) {
		return false
	}
	return true
}

// sortedRuns divides the files into as few runs as a greedy pass in time order finds.
func sortedRuns(files []manifest.File) [][]manifest.File {
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b manifest.File) int {
		if a.MinTime != b.MinTime {
			return int(min(max(a.MinTime-b.MinTime, -1), 1))
		}
		return bytes.Compare(a.MinKey, b.MinKey)
	})
	var runs [][]manifest.File
next:
	for _, f := range sorted {
		for i, run := range runs {
			if !slices.ContainsFunc(run, func(g manifest.File) bool { return overlaps(f, g) }) {
				runs[i] = append(runs[i], f)
				continue next
			}
		}
		runs = append(runs, []manifest.File{f})
	}
	return runs
}

// mergeRuns takes the two runs whose overlapping files are the least bytes, and of them the files that overlap each other.
func mergeRuns(runs [][]manifest.File, o Options) []manifest.File {
	var best []manifest.File
	var bestSize int64
	for i := range runs {
		for j := range i {
			picked := touching(runs[i], runs[j])
			size := totalSize(picked)
			if len(picked) > 1 && len(picked) <= o.MaxInputs && (best == nil || size < bestSize) {
				best, bestSize = picked, size
			}
		}
	}
	if best == nil { // every pair is too many files: begin with the smallest pair of files that overlap
		for i := range runs {
			for j := range i {
				for _, f := range runs[i] {
					for _, g := range runs[j] {
						if pair := []manifest.File{f, g}; overlaps(f, g) && (best == nil || totalSize(pair) < bestSize) {
							best, bestSize = pair, totalSize(pair)
						}
					}
				}
			}
		}
	}
	return best
}

// touching are the files of a and b that overlap a file of the other run.
func touching(a, b []manifest.File) []manifest.File {
	var out []manifest.File
	pick := func(from, other []manifest.File) {
		for _, f := range from {
			if slices.ContainsFunc(other, func(g manifest.File) bool { return overlaps(f, g) }) {
				out = append(out, f)
			}
		}
	}
	pick(a, b)
	pick(b, a)
	return out
}

// joinNeighbours takes the neighbours in time that together stay below the largest size and gain most: many files, none of which is
// most of the result already.
func joinNeighbours(run []manifest.File, o Options) []manifest.File {
	var best []manifest.File
	var bestScore float64
	for i := range run {
		var total, largest int64
		for j := i; j < len(run) && j-i < o.MaxInputs; j++ {
			total += run[j].Size
			largest = max(largest, run[j].Size)
			if total > o.MaxOutputBytes {
				break
			}
			if n := j - i + 1; n >= o.TriggerFiles {
				score := float64(n-1)/float64(n) + 1.5*(1-float64(largest)/float64(total+1)) + float64(total)/float64(o.MaxOutputBytes)
				if score > bestScore && float64(largest) < 0.7*float64(total) {
					best, bestScore = run[i:j+1], score
				}
			}
		}
	}
	return best
}

func overlapsOthers(picked, all []manifest.File) bool {
	for _, f := range all {
		if slices.ContainsFunc(picked, func(p manifest.File) bool { return p.ID == f.ID }) {
			continue
		}
		if slices.ContainsFunc(picked, func(p manifest.File) bool { return overlaps(p, f) }) {
			return true
		}
	}
	return false
}

func totalSize(files []manifest.File) (n int64) {
	for _, f := range files {
		n += f.Size
	}
	return n
}
