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
	// Contiguous is for regions whose merge mode combines fields of several versions into one row (last_non_null): the combined row
	// has one sequence only, so no version that lies between the ones combined may stay behind in another file.
	Contiguous bool
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
		picked := pickWindow(byWindow[w], o)
		if o.Contiguous {
			picked = closeGaps(picked, files)
		}
		if len(picked) > 1 {
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

// mergeRuns takes, of all groups of files that overlap one another in two of the runs, the one of the least bytes.
func mergeRuns(runs [][]manifest.File, o Options) []manifest.File {
	var best []manifest.File
	var bestSize int64
	for i := range runs {
		for j := range i {
			for _, group := range touching(runs[i], runs[j]) {
				if len(group) > o.MaxInputs { // too many at once: begin with two of them that overlap
					group = firstPair(group)
				}
				if size := totalSize(group); best == nil || size < bestSize {
					best, bestSize = group, size
				}
			}
		}
	}
	return best
}

// touching are the files of a and b that overlap a file of the other run, in groups: files of different groups do not overlap.
func touching(a, b []manifest.File) (groups [][]manifest.File) {
	for _, f := range a {
		group := []manifest.File{f}
		for _, g := range b {
			if overlaps(f, g) {
				group = append(group, g)
			}
		}
		if len(group) == 1 {
			continue
		}
		// Join the groups that already hold one of these files.
		groups = slices.DeleteFunc(groups, func(old []manifest.File) bool {
			shared := slices.ContainsFunc(old, func(g manifest.File) bool { return has(group, g) })
			if shared {
				for _, g := range old {
					if !has(group, g) {
						group = append(group, g)
					}
				}
			}
			return shared
		})
		groups = append(groups, group)
	}
	return groups
}

func firstPair(group []manifest.File) []manifest.File {
	for i, f := range group {
		for _, g := range group[:i] {
			if overlaps(f, g) {
				return []manifest.File{g, f}
			}
		}
	}
	return nil
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

// closeGaps adds the files that overlap the picked ones and hold sequences between theirs.
func closeGaps(picked, all []manifest.File) []manifest.File {
	if len(picked) == 0 {
		return nil
	}
	picked = slices.Clone(picked)
	for again := true; again; {
		again = false
		lo, hi := picked[0].MinSequence, picked[0].MaxSequence
		for _, p := range picked {
			lo, hi = min(lo, p.MinSequence), max(hi, p.MaxSequence)
		}
		for _, f := range all {
			if f.MinSequence < hi && f.MaxSequence > lo && !has(picked, f) &&
				slices.ContainsFunc(picked, func(p manifest.File) bool { return overlaps(p, f) }) {
				picked, again = append(picked, f), true
			}
		}
	}
	return picked
}

func has(files []manifest.File, f manifest.File) bool {
	return slices.ContainsFunc(files, func(g manifest.File) bool { return g.ID == f.ID })
}

func overlapsOthers(picked, all []manifest.File) bool {
	for _, f := range all {
		if has(picked, f) {
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
