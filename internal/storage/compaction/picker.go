// Package compaction decides which files of a region to merge. It only decides: reading, merging and writing are the engine's.
//
// Files are sorted into time windows (TWCS). Within a window, files that overlap neither in time nor in key form a sorted run. Reads
// cost one source per run, so more than one run is merged first (runs.go); a single run of many small files is then joined into larger
// ones (neighbours.go). A strict compaction cuts files at the bounds of windows instead (strict.go). When tombstones may go is in
// deletes.go. Everything here is a function of the files that the manifest names.
package compaction

import (
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// Options of the picker.
type Options struct {
	Window time.Duration // width of a time window; 0: Infer
	Unit   model.TimeUnit
	// TriggerFiles is how many units (see unit) a window has before its run is joined, and how many runs are too many however unlike
	// their sizes are. More: less is written again and again, reads have more sources. 0: 4.
	TriggerFiles int
	// MaxOutputBytes is where an output ends and the next begins; files of this size are not joined any more. 0: 512 MiB; below 0:
	// files have no largest size, and are joined up to half more than the average (2 GiB at most).
	MaxOutputBytes int64
	MaxInputs      int // files merged at a time; 0: 32
	// Contiguous is for regions whose merge mode combines fields of several versions into one row (last_non_null): the combined row
	// has one sequence only, so no version that lies between the ones combined may stay behind in another file.
	Contiguous bool
	// Append is for regions that keep all rows: files of MaxOutputBytes and more are left alone, and there are no tombstones to drop.
	Append bool
	// Within restricts the picks to windows of files that may have rows in this range; nil: all.
	Within *model.TimeRange
	// Force merges whatever makes fewer runs or files, as somebody asked for it: not only what is worth its cost.
	Force bool
}

// Defaults of Options.
const (
	defaultTrigger        = 4
	defaultMaxOutputBytes = 512 << 20
	defaultMaxInputs      = 32
)

func (o *Options) defaults() {
	if o.TriggerFiles <= 0 {
		o.TriggerFiles = defaultTrigger
	}
	if o.Force {
		o.TriggerFiles = 2
	}
	if o.MaxOutputBytes == 0 {
		o.MaxOutputBytes = defaultMaxOutputBytes
	}
	if o.MaxInputs <= 1 {
		o.MaxInputs = defaultMaxInputs
	}
}

// Pick is files to merge into one sorted run.
type Pick struct {
	Files []manifest.File
	// Window is where the window of the files begins, in the unit of the time index.
	Window int64
	// DropDeletes tells that no file outside of the pick can hold a row that a tombstone inside hides.
	DropDeletes bool
}

// idle is how many merges in a row may leave as many files as they took.
const idle = 3

// Progress ends a series of picks that goes on without getting anywhere: pieces of very long series, which files must cut in two, can
// take turns at overlapping one another's successors. The zero value is ready.
type Progress struct{ idle int }

// Note takes the files that a merge took and made, and tells whether another pick makes sense before new files come.
func (p *Progress) Note(in, out int) bool {
	if out < in {
		p.idle = 0
	} else {
		p.idle++
	}
	return p.idle < idle
}

// Bytes is the size of the files.
func (p *Pick) Bytes() int64 { return totalSize(p.Files) }

// windows are the widths that Infer chooses from.
var windows = []time.Duration{time.Hour, 2 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// Infer gives the smallest usual width that holds the time span of the flushed files, and the largest one where none does.
func Infer(files []manifest.File, unit model.TimeUnit) time.Duration {
	var lo, hi int64
	first := true
	for _, f := range files {
		if f.Level != 0 {
			continue
		}
		if first {
			lo, hi, first = f.MinTime, f.MaxTime, false
		}
		lo, hi = min(lo, f.MinTime), max(hi, f.MaxTime)
	}
	span := uint64(hi) - uint64(lo) // exact also where the difference is no int64
	for _, w := range windows {
		if span <= uint64(int64(w)/unit.Nanos()) {
			return w
		}
	}
	return windows[len(windows)-1]
}

// Next picks the most useful merge, or nil. A file belongs to the window of its newest row; windows are looked at newest first, because
// reads are.
func Next(files []manifest.File, o Options) *Pick {
	o.defaults()
	if o.Window <= 0 {
		o.Window = Infer(files, o.Unit)
	}
	bucket := model.TimeBucket{Width: max(1, int64(o.Window)/o.Unit.Nanos())}
	byWindow := map[int64][]manifest.File{}
	for _, f := range files {
		w := bucket.Start(f.MaxTime)
		byWindow[w] = append(byWindow[w], f)
	}
	order := make([]int64, 0, len(byWindow))
	for w := range byWindow {
		order = append(order, w)
	}
	slices.Sort(order)
	slices.Reverse(order)
	for i, w := range order {
		some := byWindow[w]
		if o.Within != nil && !slices.ContainsFunc(some, func(f manifest.File) bool { return o.Within.Overlaps(f.MinTime, f.MaxTime) }) {
			continue
		}
		if o.Append && o.MaxOutputBytes > 0 {
			some = slices.DeleteFunc(slices.Clone(some), func(f manifest.File) bool { return f.Size >= o.MaxOutputBytes })
		}
		picked := pickWindow(some, i == 0, &o)
		if o.Contiguous {
			picked = closeGaps(picked, files)
		}
		if len(picked) > 1 {
			return &Pick{Files: picked, Window: w, DropDeletes: !o.Append && mayDropDeletes(picked, files)}
		}
	}
	return nil
}

// pickWindow picks from the files of one window. In the newest one, files still come in: it is left alone until there are enough.
func pickWindow(files []manifest.File, newest bool, o *Options) []manifest.File {
	if len(files) < 2 {
		return nil
	}
	units := unitsOf(files)
	if newest && len(units) < o.TriggerFiles {
		return nil
	}
	runs := sortedRuns(units, len(files) < keyedFiles)
	if len(runs) > 1 {
		return filesOf(reduceRuns(runs, o))
	}
	if len(units) < o.TriggerFiles {
		return nil
	}
	return filesOf(joinNeighbours(runs[0], o))
}

func has(files []manifest.File, f manifest.File) bool {
	return slices.ContainsFunc(files, func(g manifest.File) bool { return g.ID == f.ID })
}

func totalSize(files []manifest.File) (n int64) {
	for _, f := range files {
		n += f.Size
	}
	return n
}
