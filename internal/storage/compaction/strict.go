package compaction

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// Cut is files to rewrite so that no output crosses a bound between windows.
//
//	files     aaaaaaaaa   bbb             Cut 1: a, b, c; windows 0, 1 and 2
//	              ccccccccccc    ddd      Cut 2: d; window 3, already in place: not given
//	windows   |   0   |   1  |2  |  3
type Cut struct {
	Files   []manifest.File
	Windows []model.TimeRange // all windows that a file touches, oldest first; every row of the files is in one of them
}

// maxCuts is how many windows a strict compaction may have: each is a pass over the files that touch it.
const maxCuts = 10_000

// Strict divides the files into cuts at multiples of the window: files that touch one window are in one cut, as the window's rows must
// end up in one sorted run. within, if given, selects the cuts that have a file with rows in it; these are done whole, as half of a file
// cannot be replaced. Cuts that would change nothing are left out. A window so small that there would be too many is refused.
func Strict(files []manifest.File, window time.Duration, unit model.TimeUnit, within *model.TimeRange) ([]Cut, error) {
	width := int64(window) / unit.Nanos()
	if width <= 0 {
		return nil, errs.New(errs.InvalidArguments, "compaction window %s is shorter than the unit of the time index, %s; use a longer one", window, unit)
	}
	bucket := model.TimeBucket{Width: width}
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b manifest.File) int { return cmp.Compare(a.MinTime, b.MinTime) })
	var cuts []Cut
	total := 0
	for i := 0; i < len(sorted); {
		end := sorted[i].MaxTime // of the files so far
		j := i + 1
		for j < len(sorted) && bucket.Start(sorted[j].MinTime) <= bucket.Start(end) {
			end = max(end, sorted[j].MaxTime)
			j++
		}
		some := sorted[i:j]
		i = j
		if within != nil && !slices.ContainsFunc(some, func(f manifest.File) bool { return within.Overlaps(f.MinTime, f.MaxTime) }) {
			continue
		}
		if inPlace(some, bucket) {
			continue
		}
		c := Cut{Files: some}
		for _, f := range some { // sorted by their beginnings, so windows come in order
			for at := bucket.Start(f.MinTime); at <= f.MaxTime; {
				next := int64(math.MaxInt64)
				if at <= math.MaxInt64-width {
					next = at + width
				}
				if n := len(c.Windows); n == 0 || c.Windows[n-1].Start < at {
					c.Windows = append(c.Windows, model.TimeRange{Start: at, End: next})
					if total++; total > maxCuts {
						return nil, errs.New(errs.InvalidArguments, "compaction window %s would cut the region into more than %d windows; use a longer one, or start_time and end_time", window, maxCuts)
					}
				}
				if next == math.MaxInt64 {
					break
				}
				at = next
			}
		}
		cuts = append(cuts, c)
	}
	return cuts, nil
}

// inPlace tells that files are one sorted run in one window already.
func inPlace(files []manifest.File, bucket model.TimeBucket) bool {
	run := files[0].Run
	for _, f := range files {
		if bucket.Start(f.MinTime) != bucket.Start(f.MaxTime) || len(files) > 1 && (run == "" || f.Run != run) {
			return false
		}
	}
	return true
}
