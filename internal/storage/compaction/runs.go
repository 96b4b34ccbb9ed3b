package compaction

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// unit is what is merged as one: a compacted file, or the files that one flush cut a sorted run into.
type unit struct {
	files            []manifest.File
	minTime, maxTime int64  // inclusive
	minKey, maxKey   []byte // inclusive; none: any
	keyed            bool   // all files have key ranges
	size             int64
}

// Limits of the search for a merge; beyond them it would cost more than it finds.
const (
	// keyedFiles is the number of files of a window from which on overlaps are judged by time alone.
	keyedFiles = 1024
	// maxProbed is how many runs are paired with one another, and how many neighbours are looked at.
	maxProbed = 100
)

func unitsOf(files []manifest.File) []unit {
	units := make([]unit, 0, len(files))
	flushed := map[manifest.FileID]int{} // run of a flush: position in units
	for _, f := range files {
		if f.Level == 0 && f.Run != "" {
			if i, ok := flushed[f.Run]; ok {
				units[i].add(f)
				continue
			}
			flushed[f.Run] = len(units)
		}
		units = append(units, unit{files: []manifest.File{f}, minTime: f.MinTime, maxTime: f.MaxTime, minKey: f.MinKey, maxKey: f.MaxKey,
			keyed: len(f.MaxKey) > 0, size: f.Size})
	}
	return units
}

func (u *unit) add(f manifest.File) {
	u.files = append(u.files, f)
	u.minTime, u.maxTime = min(u.minTime, f.MinTime), max(u.maxTime, f.MaxTime)
	u.keyed = u.keyed && len(f.MaxKey) > 0
	if compareKeys(f.MinKey, u.minKey) < 0 {
		u.minKey = f.MinKey
	}
	if compareKeys(f.MaxKey, u.maxKey) > 0 {
		u.maxKey = f.MaxKey
	}
	u.size += f.Size
}

func filesOf(units []unit) (files []manifest.File) {
	for _, u := range units {
		files = append(files, u.files...)
	}
	return files
}

func sizeOf(units []unit) (total, largest int64) {
	for _, u := range units {
		total, largest = total+u.size, max(largest, u.size)
	}
	return total, largest
}

func fileCount(units []unit) (n int) {
	for _, u := range units {
		n += len(u.files)
	}
	return n
}

// compareKeys orders sort keys. A file of before a tag was added has keys without it, which means NULL, and NULL is written as zero: so the
// shorter of two keys goes on with zeros. Else the rows of one series in files of before and after would seem to be of two.
func compareKeys(a, b []byte) int {
	n := min(len(a), len(b))
	if c := bytes.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	for _, x := range a[n:] {
		if x != 0 {
			return 1
		}
	}
	for _, x := range b[n:] {
		if x != 0 {
			return -1
		}
	}
	return 0
}

// overlaps tells whether two files may hold rows of one series and overlapping times. Pieces of one sorted run never do, though the
// last series of one may be the first of the next.
func overlaps(a, b *manifest.File) bool {
	if a.MaxTime < b.MinTime || b.MaxTime < a.MinTime || a.Run != "" && a.Run == b.Run {
		return false
	}
	return len(a.MaxKey) == 0 || len(b.MaxKey) == 0 || compareKeys(a.MaxKey, b.MinKey) >= 0 && compareKeys(b.MaxKey, a.MinKey) >= 0
}

func (u *unit) overlaps(v *unit, byKey bool) bool {
	if u.maxTime < v.minTime || v.maxTime < u.minTime {
		return false
	}
	if !byKey {
		return true
	}
	if run := u.files[0].Run; run != "" && run == v.files[0].Run {
		return false
	}
	return u.boxOverlaps(v)
}

// boxOverlaps is overlaps for units whatever their runs are.
func (u *unit) boxOverlaps(v *unit) bool {
	if u.maxTime < v.minTime || v.maxTime < u.minTime {
		return false
	}
	if !u.keyed || !v.keyed {
		return true
	}
	return compareKeys(u.maxKey, v.minKey) >= 0 && compareKeys(v.maxKey, u.minKey) >= 0
}

// sortedRuns divides the units into as few runs as a greedy pass in time order finds; runs are in time order.
func sortedRuns(units []unit, byKey bool) [][]unit {
	sorted := slices.Clone(units)
	slices.SortFunc(sorted, func(a, b unit) int {
		return cmp.Or(cmp.Compare(a.minTime, b.minTime), compareKeys(a.minKey, b.minKey), cmp.Compare(a.files[0].ID, b.files[0].ID))
	})
	var runs [][]unit
	if !byKey {
		var ends []int64 // of each run
	next:
		for _, u := range sorted {
			for i, end := range ends {
				if end < u.minTime {
					runs[i], ends[i] = append(runs[i], u), u.maxTime
					continue next
				}
			}
			runs, ends = append(runs, []unit{u}), append(ends, u.maxTime)
		}
		return runs
	}
nextKeyed:
	for _, u := range sorted {
		for i, run := range runs {
			if !slices.ContainsFunc(run, func(v unit) bool { return u.overlaps(&v, true) }) {
				runs[i] = append(runs[i], u)
				continue nextKeyed
			}
		}
		runs = append(runs, []unit{u})
	}
	return runs
}

// unlike is the largest share, in quarters, of the bytes of a merge that one unit may have: a large unit is not rewritten for the sake of
// a few small ones.
const unlike = 3

// reduceRuns takes, of all groups of units that overlap one another in two of the runs, the one of the least bytes. While there are not
// too many runs, groups of which most is one unit are not worth it; the others of the group may be, among themselves.
func reduceRuns(runs [][]unit, o *Options) []unit {
	tooMany := len(runs) >= o.TriggerFiles
	if len(runs) > maxProbed {
		slices.SortStableFunc(runs, func(a, b []unit) int {
			x, _ := sizeOf(a)
			y, _ := sizeOf(b)
			return cmp.Compare(x, y)
		})
		runs = runs[:maxProbed]
	}
	var best []unit
	var bestSize int64
	byKey := fileCountOf(runs) < keyedFiles
	consider := func(group []unit) (worth bool) {
		if fileCount(group) > o.MaxInputs {
			group = beginning(group, byKey, o.MaxInputs)
		}
		total, largest := sizeOf(group)
		if !tooMany && !o.Force && largest > total/4*unlike {
			return false
		}
		if best == nil || total < bestSize {
			best, bestSize = group, total
		}
		return true
	}
	for i := range runs {
		for j := range i {
			for _, group := range touching(append(slices.Clone(runs[j]), runs[i]...), byKey) {
				if len(group) < 2 {
					continue
				}
				if consider(withSiblings(group, runs)) {
					continue
				}
				for _, rest := range touching(withoutLargest(group), byKey) {
					if len(rest) >= max(2, o.TriggerFiles-1) {
						consider(rest)
					}
				}
			}
		}
	}
	return best
}

// withSiblings adds the pieces of the group's own runs that have a key and time range in common with the group. They share no row with
// the piece that is merged, but would look as if they did to its successor, which is of another run: left behind, they would be merged
// with that, and leave others behind, without end.
func withSiblings(group []unit, runs [][]unit) []unit {
	out := group
	for k := 0; k < len(out); k++ {
		run := out[k].files[0].Run
		if run == "" {
			continue
		}
		for _, r := range runs {
			for i := range r {
				u := &r[i]
				if u.files[0].Run == run && u.boxOverlaps(&out[k]) && !slices.ContainsFunc(out, func(v unit) bool { return v.files[0].ID == u.files[0].ID }) {
					out = append(slices.Clip(out), *u)
				}
			}
		}
	}
	return out
}

func fileCountOf(runs [][]unit) (n int) {
	for _, r := range runs {
		n += fileCount(r)
	}
	return n
}

func withoutLargest(group []unit) []unit {
	at := 0
	for i := range group {
		if group[i].size > group[at].size {
			at = i
		}
	}
	return slices.Delete(slices.Clone(group), at, at+1)
}

// touching divides units into groups: no two units of different groups overlap.
func touching(units []unit, byKey bool) (groups [][]unit) {
	slices.SortStableFunc(units, func(a, b unit) int { return cmp.Compare(a.minTime, b.minTime) })
	seen := make([]bool, len(units))
	for i := range units {
		if seen[i] {
			continue
		}
		seen[i] = true
		group := []int{i}
		for k := 0; k < len(group); k++ {
			u := &units[group[k]]
			for j := i + 1; j < len(units) && units[j].minTime <= u.maxTime; j++ {
				if !seen[j] && u.overlaps(&units[j], byKey) {
					seen[j] = true
					group = append(group, j)
				}
			}
		}
		slices.Sort(group)
		out := make([]unit, len(group))
		for k, j := range group {
			out[k] = units[j]
		}
		groups = append(groups, out)
	}
	return groups
}

// beginning is the part of a group to begin with, where the group has too many files: the oldest unit that overlaps another one, and what
// overlaps these. Two units are the least that makes sense, however many files they have.
func beginning(group []unit, byKey bool, maxFiles int) []unit {
	taken := make([]bool, len(group))
	var out []unit
	n := 0
	take := func(i int) {
		taken[i] = true
		out = append(out, group[i])
		n += len(group[i].files)
	}
	for i := range group {
		if j := slices.IndexFunc(group[i+1:], func(v unit) bool { return group[i].overlaps(&v, byKey) }); j >= 0 {
			take(i)
			take(i + 1 + j)
			break
		}
	}
	for k := 0; k < len(out); k++ {
		for j := range group {
			if !taken[j] && n+len(group[j].files) <= maxFiles && out[k].overlaps(&group[j], byKey) {
				take(j)
			}
		}
	}
	return out
}
