package compaction

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
)

// mayDropDeletes tells that the tombstones of the picked files hide nothing in any other file. A file that begins after the newest row
// of the picked ones holds newer rows only, which no tombstone of theirs can hide; memtables are newer than all files.
func mayDropDeletes(picked, all []manifest.File) bool {
	var newest model.Sequence
	for i := range picked {
		if picked[i].HasDeletes {
			newest = max(newest, picked[i].MaxSequence)
		}
	}
	for i := range all {
		f := &all[i]
		if f.MinSequence > newest || has(picked, *f) {
			continue
		}
		// Other pieces of a picked file's run hold no row of its keys.
		if slices.ContainsFunc(picked, func(p manifest.File) bool { return p.HasDeletes && overlaps(&p, f) }) {
			return false
		}
	}
	return true
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
				slices.ContainsFunc(picked, func(p manifest.File) bool { return overlaps(&p, &f) }) {
				picked, again = append(picked, f), true
			}
		}
	}
	return picked
}
